-- Forget the table of the lake; the file stays
DROP TABLE IF EXISTS {{glue_database}}.{{glue_table}}
