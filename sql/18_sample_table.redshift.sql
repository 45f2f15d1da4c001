-- Look at the first rows in the warehouse
SELECT * FROM {{schema}}.{{table}} LIMIT 10
