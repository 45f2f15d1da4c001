-- How strongly the five economic columns move together
-- Redshift has no CORR: Pearson's coefficient from means and deviations.
SELECT
  (avg(CAST(emp_var_rate AS double precision) * CAST(cons_price_idx AS double precision)) - avg(CAST(emp_var_rate AS double precision)) * avg(CAST(cons_price_idx AS double precision)))
    / (stddev_pop(CAST(emp_var_rate AS double precision)) * stddev_pop(CAST(cons_price_idx AS double precision))) AS emp_var_rate__cons_price_idx,
  (avg(CAST(emp_var_rate AS double precision) * CAST(cons_conf_idx AS double precision)) - avg(CAST(emp_var_rate AS double precision)) * avg(CAST(cons_conf_idx AS double precision)))
    / (stddev_pop(CAST(emp_var_rate AS double precision)) * stddev_pop(CAST(cons_conf_idx AS double precision))) AS emp_var_rate__cons_conf_idx,
  (avg(CAST(emp_var_rate AS double precision) * CAST(euribor3m AS double precision)) - avg(CAST(emp_var_rate AS double precision)) * avg(CAST(euribor3m AS double precision)))
    / (stddev_pop(CAST(emp_var_rate AS double precision)) * stddev_pop(CAST(euribor3m AS double precision))) AS emp_var_rate__euribor3m,
  (avg(CAST(emp_var_rate AS double precision) * CAST(nr_employed AS double precision)) - avg(CAST(emp_var_rate AS double precision)) * avg(CAST(nr_employed AS double precision)))
    / (stddev_pop(CAST(emp_var_rate AS double precision)) * stddev_pop(CAST(nr_employed AS double precision))) AS emp_var_rate__nr_employed,
  (avg(CAST(cons_price_idx AS double precision) * CAST(cons_conf_idx AS double precision)) - avg(CAST(cons_price_idx AS double precision)) * avg(CAST(cons_conf_idx AS double precision)))
    / (stddev_pop(CAST(cons_price_idx AS double precision)) * stddev_pop(CAST(cons_conf_idx AS double precision))) AS cons_price_idx__cons_conf_idx,
  (avg(CAST(cons_price_idx AS double precision) * CAST(euribor3m AS double precision)) - avg(CAST(cons_price_idx AS double precision)) * avg(CAST(euribor3m AS double precision)))
    / (stddev_pop(CAST(cons_price_idx AS double precision)) * stddev_pop(CAST(euribor3m AS double precision))) AS cons_price_idx__euribor3m,
  (avg(CAST(cons_price_idx AS double precision) * CAST(nr_employed AS double precision)) - avg(CAST(cons_price_idx AS double precision)) * avg(CAST(nr_employed AS double precision)))
    / (stddev_pop(CAST(cons_price_idx AS double precision)) * stddev_pop(CAST(nr_employed AS double precision))) AS cons_price_idx__nr_employed,
  (avg(CAST(cons_conf_idx AS double precision) * CAST(euribor3m AS double precision)) - avg(CAST(cons_conf_idx AS double precision)) * avg(CAST(euribor3m AS double precision)))
    / (stddev_pop(CAST(cons_conf_idx AS double precision)) * stddev_pop(CAST(euribor3m AS double precision))) AS cons_conf_idx__euribor3m,
  (avg(CAST(cons_conf_idx AS double precision) * CAST(nr_employed AS double precision)) - avg(CAST(cons_conf_idx AS double precision)) * avg(CAST(nr_employed AS double precision)))
    / (stddev_pop(CAST(cons_conf_idx AS double precision)) * stddev_pop(CAST(nr_employed AS double precision))) AS cons_conf_idx__nr_employed,
  (avg(CAST(euribor3m AS double precision) * CAST(nr_employed AS double precision)) - avg(CAST(euribor3m AS double precision)) * avg(CAST(nr_employed AS double precision)))
    / (stddev_pop(CAST(euribor3m AS double precision)) * stddev_pop(CAST(nr_employed AS double precision))) AS euribor3m__nr_employed
FROM {{schema}}.{{table}}
