-- How much more would have been earned in 1994 without discounts of 5 to 7 per cent on small quantities?
SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE l_shipdate >= '1994-01-01'::date
  AND l_shipdate < '1994-01-01'::date + interval '1 year'
  AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
  AND l_quantity < 24
