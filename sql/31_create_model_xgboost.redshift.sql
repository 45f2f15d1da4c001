-- Train XGBoost with one statement, its settings chosen by hand
-- With AUTO OFF the inputs have to be numbers, so the query makes some of the categories.
CREATE MODEL {{ml_model}}
FROM (
  SELECT
    {{@ml_columns}},
    {{@is_positive}} AS subscribed
  FROM {{schema}}.{{table}}
)
TARGET subscribed
FUNCTION {{ml_function}}
IAM_ROLE {{'redshift_role_arn'}}
AUTO OFF
MODEL_TYPE XGBOOST
OBJECTIVE 'binary:logistic'
PREPROCESSORS 'none'
HYPERPARAMETERS DEFAULT EXCEPT (NUM_ROUND {{'num_round'}}, MAX_DEPTH {{'max_depth'}}, ETA {{'eta'}})
SETTINGS (S3_BUCKET {{'bucket'}})
