-- Make the table of the warehouse
CREATE TABLE IF NOT EXISTS {{schema}}.{{table}} (
  age            integer,
  job            varchar(256),
  marital        varchar(256),
  education      varchar(256),
  defaulted      varchar(256),
  housing        varchar(256),
  loan           varchar(256),
  contact        varchar(256),
  month          varchar(256),
  day_of_week    varchar(256),
  duration       integer,
  campaign       integer,
  pdays          integer,
  previous       integer,
  poutcome       varchar(256),
  emp_var_rate   decimal(6,3),
  cons_price_idx decimal(6,3),
  cons_conf_idx  decimal(6,3),
  euribor3m      decimal(6,3),
  nr_employed    decimal(7,3),
  y              varchar(256)
)
