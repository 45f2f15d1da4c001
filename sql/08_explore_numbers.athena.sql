-- Numbers at a glance, the two classes apart
SELECT
  {{@target}},
  count(*) AS customers,
{{@story_counts}}  {{@numbers}}
FROM {{glue_database}}.{{glue_table}}
GROUP BY {{@target}}
ORDER BY {{@target}}
