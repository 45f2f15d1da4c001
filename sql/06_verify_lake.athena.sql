-- Count the rows and add up the decimals in the lake
SELECT
  count(*) AS total_rows,
  {{@count_positive}} AS yes_rows{{@sums}}
FROM {{glue_database}}.{{glue_table}}
