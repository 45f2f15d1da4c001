-- Which ten orders of the building segment that had not been shipped on 15 March 1995 were worth most?
SELECT TOP 10 l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
FROM customer, orders, lineitem
WHERE c_mktsegment = 'BUILDING'
  AND c_custkey = o_custkey
  AND l_orderkey = o_orderkey
  AND o_orderdate < to_date('15.03.1995', 'DD.MM.YYYY')
  AND l_shipdate > to_date('15.03.1995', 'DD.MM.YYYY')
GROUP BY l_orderkey, o_orderdate, o_shippriority
ORDER BY revenue DESC, o_orderdate
