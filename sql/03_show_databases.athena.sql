-- Databases of the lake
SHOW DATABASES
