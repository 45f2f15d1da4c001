-- Remove the model and its function
DROP MODEL IF EXISTS {{ml_model}}
