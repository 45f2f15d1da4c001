-- Read S3 from inside the warehouse
SELECT age, job, marital, contact, month, y
FROM {{external_schema}}.{{glue_table}}
LIMIT 10
