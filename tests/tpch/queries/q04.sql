-- How many orders of the third quarter of 1993 had a line that came late, by priority?
SELECT o_orderpriority, count(*) AS order_count
FROM orders
WHERE date_trunc('quarter', o_orderdate) = '1993-07-01'
  AND EXISTS (SELECT 1 FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate)
GROUP BY o_orderpriority
ORDER BY o_orderpriority
