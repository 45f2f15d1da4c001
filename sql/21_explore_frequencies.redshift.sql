-- How often each category occurs, and how often it is of the positive class, in the warehouse
-- One pass over the data: each row of the answer belongs to the one column that is not empty.
SELECT
  {{@categories}},
  count(*) AS customers,
  {{@count_positive}} AS subscribed
FROM {{schema}}.{{table}}
GROUP BY GROUPING SETS (
  {{@category_sets}}
)
