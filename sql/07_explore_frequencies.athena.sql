-- How often each category occurs, and how often it says yes
-- One pass over the data: each row of the answer belongs to the one column that is not empty.
SELECT
  job,
  marital,
  education,
  defaulted,
  housing,
  loan,
  contact,
  month,
  day_of_week,
  poutcome,
  count(*) AS customers,
  sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS subscribed
FROM {{glue_database}}.{{glue_table}}
GROUP BY GROUPING SETS (
  (job),
  (marital),
  (education),
  (defaulted),
  (housing),
  (loan),
  (contact),
  (month),
  (day_of_week),
  (poutcome)
)
