-- Load the table from the lake
INSERT INTO {{schema}}.{{table}}
SELECT
  age,
  job,
  marital,
  education,
  defaulted,
  housing,
  loan,
  contact,
  month,
  day_of_week,
  duration,
  campaign,
  pdays,
  previous,
  poutcome,
  emp_var_rate,
  cons_price_idx,
  cons_conf_idx,
  euribor3m,
  nr_employed,
  y
FROM {{external_schema}}.{{glue_table}}
