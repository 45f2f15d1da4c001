-- Which Saudi suppliers alone kept orders of several suppliers waiting?
SELECT TOP 100 s_name, count(*) AS numwait
FROM supplier, lineitem late, orders, nation
WHERE s_suppkey = late.l_suppkey
  AND o_orderkey = late.l_orderkey
  AND o_orderstatus = 'F'
  AND late.l_receiptdate > late.l_commitdate
  AND EXISTS (SELECT * FROM lineitem other WHERE other.l_orderkey = late.l_orderkey AND other.l_suppkey <> late.l_suppkey)
  AND NOT EXISTS (
        SELECT *
        FROM lineitem other
        WHERE other.l_orderkey = late.l_orderkey
          AND other.l_suppkey <> late.l_suppkey
          AND other.l_receiptdate > other.l_commitdate
      )
  AND s_nationkey = n_nationkey
  AND n_name = 'SAUDI ARABIA'
GROUP BY s_name
ORDER BY numwait DESC, s_name
