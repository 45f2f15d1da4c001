-- Load the table from the lake
INSERT INTO {{schema}}.{{table}}
SELECT
  {{@columns}}
FROM {{external_schema}}.{{glue_table}}
