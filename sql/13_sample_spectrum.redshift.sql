-- Read S3 from inside the warehouse
SELECT {{@look_at}}, {{@target}}
FROM {{external_schema}}.{{glue_table}}
LIMIT 10
