-- Calls and answers by month
SELECT
  month,
  count(*) AS customers,
  sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS subscribed,
  round(100.0 * sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) / count(*), 1) AS percent_yes
FROM {{schema}}.{{table}}
GROUP BY month
ORDER BY customers DESC
