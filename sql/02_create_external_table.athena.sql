-- Lay a table over the CSV in S3
-- Nothing is copied: the table says how to read the file. Decimals are typed with their places, so that nothing is rounded.
CREATE EXTERNAL TABLE IF NOT EXISTS {{glue_database}}.{{glue_table}} (
  {{@lake_columns}}
)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION {{'data_location'}}
TBLPROPERTIES ('skip.header.line.count' = '1', 'shiftdeck_table' = {{'table_version'}})
