-- Customers by age, and how many of them said yes
SELECT
  age / 5 * 5 AS from_age,
  count(*) AS customers,
  sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS subscribed
FROM {{glue_database}}.{{glue_table}}
GROUP BY age / 5 * 5
ORDER BY from_age
