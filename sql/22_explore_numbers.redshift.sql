-- Numbers at a glance in the warehouse, the two classes apart
SELECT
  {{@target}},
  count(*) AS customers,
{{@story_counts}}  {{@numbers}}
FROM {{schema}}.{{table}}
GROUP BY {{@target}}
ORDER BY {{@target}}
