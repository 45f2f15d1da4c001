-- Which share of the American market for a type of steel did Brazil have?
SELECT o_year, sum(decode(nation, 'BRAZIL', volume, 0)) / sum(volume) AS mkt_share
FROM (
    SELECT date_part('year', o_orderdate) AS o_year,
           l_extendedprice * (1 - l_discount) AS volume,
           seller.n_name AS nation
    FROM part, supplier, lineitem, orders, customer, nation buyer, nation seller, region
    WHERE p_partkey = l_partkey
      AND s_suppkey = l_suppkey
      AND l_orderkey = o_orderkey
      AND o_custkey = c_custkey
      AND c_nationkey = buyer.n_nationkey
      AND buyer.n_regionkey = r_regionkey
      AND r_name = 'AMERICA'
      AND s_nationkey = seller.n_nationkey
      AND o_orderdate BETWEEN '1995-01-01'::date AND '1996-12-31'::date
      AND p_type = 'ECONOMY ANODIZED STEEL'
) all_nations
GROUP BY o_year
ORDER BY o_year
