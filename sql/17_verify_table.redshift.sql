-- Count the rows and add up the economic columns in the warehouse
SELECT
  count(*) AS total_rows,
  sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS yes_rows,
  sum(emp_var_rate) AS sum_emp_var_rate,
  sum(cons_price_idx) AS sum_cons_price_idx,
  sum(cons_conf_idx) AS sum_cons_conf_idx,
  sum(euribor3m) AS sum_euribor3m,
  sum(nr_employed) AS sum_nr_employed
FROM {{schema}}.{{table}}
