-- How strongly numbers move together in the warehouse
-- Redshift has no CORR: Pearson's coefficient from means and deviations.
SELECT
  {{@correlations}}
FROM {{schema}}.{{table}}
