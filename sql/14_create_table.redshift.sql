-- Make the table of the warehouse
CREATE TABLE IF NOT EXISTS {{schema}}.{{table}} (
  {{@warehouse_columns}}
)
