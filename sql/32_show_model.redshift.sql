-- How the training is going
SHOW MODEL {{ml_model}}
