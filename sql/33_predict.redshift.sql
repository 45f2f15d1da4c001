-- Predict inside a query
SELECT
  {{ml_function}}(
      {{@inputs}}
  ) AS predicted,
  {{@target}} AS actual,
  {{@beside}}
FROM {{schema}}.{{table}}
LIMIT 20
