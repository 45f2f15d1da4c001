-- The confusion matrix of the model with settings chosen by hand
SELECT predicted, actual, count(*) AS customers
FROM (
  SELECT
    CASE WHEN {{ml_function}}(
      {{@ml_arguments}}
    ) >= 0.5 THEN {{@positive}} ELSE {{@negative}} END AS predicted,
    {{@target}} AS actual
  FROM {{schema}}.{{table}}
) AS answers
GROUP BY predicted, actual
ORDER BY predicted, actual
