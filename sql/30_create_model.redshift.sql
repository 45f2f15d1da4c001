-- Train a model with one statement
-- Redshift hands the rows to SageMaker Autopilot, which searches for a model and gives it back as a SQL function.
CREATE MODEL {{ml_model}}
FROM {{schema}}.{{table}}
TARGET {{@target}}
FUNCTION {{ml_function}}
IAM_ROLE {{'redshift_role_arn'}}
PROBLEM_TYPE BINARY_CLASSIFICATION
OBJECTIVE 'F1'
SETTINGS (
  S3_BUCKET {{'bucket'}},
  MAX_RUNTIME {{#max_runtime}}
)
