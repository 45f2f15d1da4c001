-- Make the database of the lake
CREATE DATABASE IF NOT EXISTS {{glue_database}}
