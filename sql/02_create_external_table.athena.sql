-- Lay a table over the CSV in S3
-- Nothing is copied: the table says how to read the file. The five economic columns keep their decimals.
CREATE EXTERNAL TABLE IF NOT EXISTS {{glue_database}}.{{glue_table}} (
  age            int,
  job            string,
  marital        string,
  education      string,
  defaulted      string,
  housing        string,
  loan           string,
  contact        string,
  month          string,
  day_of_week    string,
  duration       int,
  campaign       int,
  pdays          int,
  previous       int,
  poutcome       string,
  emp_var_rate   decimal(6,3),
  cons_price_idx decimal(6,3),
  cons_conf_idx  decimal(6,3),
  euribor3m      decimal(6,3),
  nr_employed    decimal(7,3),
  y              string
)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION {{'data_location'}}
TBLPROPERTIES ('skip.header.line.count' = '1', 'shiftdeck_table' = {{'table_version'}})
