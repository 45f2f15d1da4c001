-- Which Canadian suppliers have more of a forest part than half of what was shipped of it in 1994?
SELECT s_name, s_address
FROM supplier, nation
WHERE s_suppkey IN (
        SELECT ps_suppkey
        FROM partsupp
        WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE left(p_name, 6) = 'forest')
          AND ps_availqty > (
              SELECT 0.5 * sum(l_quantity)
              FROM lineitem
              WHERE l_partkey = ps_partkey
                AND l_suppkey = ps_suppkey
                AND l_shipdate >= '1994-01-01'
                AND l_shipdate < dateadd(month, 12, '1994-01-01'::date)
          )
      )
  AND s_nationkey = n_nationkey
  AND n_name = 'CANADA'
ORDER BY s_name
