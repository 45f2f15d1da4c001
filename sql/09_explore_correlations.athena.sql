-- How strongly the numbers move together
SELECT
  {{@correlations}}
FROM {{glue_database}}.{{glue_table}}
