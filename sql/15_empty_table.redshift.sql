-- Empty the table, in the same transaction as the load
DELETE FROM {{schema}}.{{table}}
