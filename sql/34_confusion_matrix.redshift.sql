-- How often the model is right: the confusion matrix
SELECT predicted, actual, count(*) AS customers
FROM (
  SELECT
    {{ml_function}}(
      age, job, marital, education, defaulted, housing,
      loan, contact, month, day_of_week, duration, campaign,
      pdays, previous, poutcome, emp_var_rate, cons_price_idx, cons_conf_idx,
      euribor3m, nr_employed
    ) AS predicted,
    y AS actual
  FROM {{schema}}.{{table}}
) AS answers
GROUP BY predicted, actual
ORDER BY predicted, actual
