-- Predict inside a query
SELECT
  {{ml_function}}(
      age, job, marital, education, defaulted, housing,
      loan, contact, month, day_of_week, duration, campaign,
      pdays, previous, poutcome, emp_var_rate, cons_price_idx, cons_conf_idx,
      euribor3m, nr_employed
  ) AS predicted,
  y AS actual,
  age, job, contact, month, duration
FROM {{schema}}.{{table}}
LIMIT 20
