-- Count the rows and add up the decimals in the warehouse
SELECT
  count(*) AS total_rows,
  {{@count_positive}} AS yes_rows{{@sums}}
FROM {{schema}}.{{table}}
