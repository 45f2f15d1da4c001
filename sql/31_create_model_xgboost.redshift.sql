-- Train XGBoost with one statement, its settings chosen by hand
-- With AUTO OFF the inputs have to be numbers, so the query makes some of the categories.
CREATE MODEL {{ml_model}}
FROM (
  SELECT
    age,
    duration,
    campaign,
    pdays,
    previous,
    emp_var_rate,
    cons_price_idx,
    cons_conf_idx,
    euribor3m,
    nr_employed,
    CASE WHEN contact = 'cellular' THEN 1 ELSE 0 END AS mobile,
    CASE WHEN month = 'may' THEN 1 ELSE 0 END AS in_may,
    CASE WHEN defaulted = 'unknown' THEN 1 ELSE 0 END AS defaulted_unknown,
    CASE WHEN poutcome = 'success' THEN 1 ELSE 0 END AS earlier_success,
    CASE WHEN job IN ('student', 'retired', 'unemployed') THEN 1 ELSE 0 END AS not_working,
    CASE WHEN job = 'blue-collar' THEN 1 ELSE 0 END AS blue_collar,
    CASE WHEN marital = 'married' THEN 1 ELSE 0 END AS married,
    CASE WHEN y = 'yes' THEN 1 ELSE 0 END AS subscribed
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
