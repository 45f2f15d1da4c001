-- The confusion matrix of the model with settings chosen by hand
SELECT predicted, actual, count(*) AS customers
FROM (
  SELECT
    CASE WHEN {{ml_function}}(
      age, duration, campaign, pdays, previous,
      emp_var_rate, cons_price_idx, cons_conf_idx, euribor3m, nr_employed,
      CASE WHEN contact = 'cellular' THEN 1 ELSE 0 END,
      CASE WHEN month = 'may' THEN 1 ELSE 0 END,
      CASE WHEN defaulted = 'unknown' THEN 1 ELSE 0 END,
      CASE WHEN poutcome = 'success' THEN 1 ELSE 0 END,
      CASE WHEN job IN ('student', 'retired', 'unemployed') THEN 1 ELSE 0 END,
      CASE WHEN job = 'blue-collar' THEN 1 ELSE 0 END,
      CASE WHEN marital = 'married' THEN 1 ELSE 0 END
    ) >= 0.5 THEN 'yes' ELSE 'no' END AS predicted,
    y AS actual
  FROM {{schema}}.{{table}}
) AS answers
GROUP BY predicted, actual
ORDER BY predicted, actual
