-- Which supplier brought most revenue in the first quarter of 1996?
WITH revenue (supplier_no, total_revenue) AS (
    SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount))
    FROM lineitem
    WHERE l_shipdate >= '1996-01-01'::date AND l_shipdate < '1996-01-01'::date + interval '3 months'
    GROUP BY l_suppkey
)
SELECT s_suppkey, s_name, s_address, s_phone, total_revenue
FROM supplier
JOIN revenue ON s_suppkey = supplier_no
QUALIFY rank() OVER (ORDER BY total_revenue DESC) = 1
ORDER BY s_suppkey
