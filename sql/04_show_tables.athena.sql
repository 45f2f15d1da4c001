-- Tables of the database
SHOW TABLES IN {{glue_database}}
