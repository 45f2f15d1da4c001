-- Remove the database of the lake
DROP DATABASE IF EXISTS {{glue_database}} CASCADE
