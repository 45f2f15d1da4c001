-- How often each category occurs, and how often it is of the positive class
-- One pass over the data: each row of the answer belongs to the one column that is not empty.
SELECT
  {{@categories}},
  count(*) AS customers,
  {{@count_positive}} AS subscribed
FROM {{glue_database}}.{{glue_table}}
GROUP BY GROUPING SETS (
  {{@category_sets}}
)
