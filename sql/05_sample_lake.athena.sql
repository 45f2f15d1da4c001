-- Look at the first rows in the lake
SELECT * FROM {{glue_database}}.{{glue_table}} LIMIT 10
