-- How often the model is right: the confusion matrix
SELECT predicted, actual, count(*) AS customers
FROM (
  SELECT
    {{ml_function}}(
      {{@inputs}}
    ) AS predicted,
    {{@target}} AS actual
  FROM {{schema}}.{{table}}
) AS answers
GROUP BY predicted, actual
ORDER BY predicted, actual
