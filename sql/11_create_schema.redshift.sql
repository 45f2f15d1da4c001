-- Make the schema of the warehouse
CREATE SCHEMA IF NOT EXISTS {{schema}}
