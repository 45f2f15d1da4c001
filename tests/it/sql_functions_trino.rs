//! Trino's functions and clauses, family by family, with the answers that its documentation gives or implies.

use shiftdeck::local::engine::Dialect::Athena;

use crate::common::sql::Sql;

#[tokio::test]
async fn numbers() {
    let warehouse = Sql::new().await;
    let cases = [
        (
            "abs(-7.5), ceil(2.1), ceiling(2.1), floor(-2.1), round(2.567, 2), round(-2.5), truncate(3.789), truncate(3.789, 1)",
            "7.5|3|3|-3|2.570|-3|3|3.700",
        ),
        (
            "sign(-3), mod(-10, 3), power(2, 3), pow(2, 2), cbrt(27), ln(1), log2(8), log10(100), log(2, 8)",
            "-1|-1|8.0|4.0|3.0|0.0|3.0|2.0|3.0",
        ),
        ("7 / 2, -7 / 2, 7 % 2, 7 / 2.0, 1 / 3.0, 2.5 * 2.5, 10.0 / 4, 1.1 + 1.11, 5.0 / 3", "3|-3|1|3.5|0.3|6.25|2.5|2.21|1.7"),
        ("1e0 / 0, infinity(), is_finite(1e0), is_infinite(infinity()), is_nan(nan())", "inf|inf|true|true|true"),
        (
            "cast(2.5 as integer), cast('12' as integer), try_cast('abc' as integer), try(cast('x' as bigint)), try(1 / 0), try(json_parse('{'))",
            "3|12|∅|∅|∅|∅",
        ),
        ("greatest(1, 3), least(1, NULL), coalesce(NULL, 2), nullif(1, 1), if(true, 1, 2), if(false, 1)", "3|∅|2|∅|1|∅"),
        (
            "bitwise_and(5, 3), bitwise_or(5, 3), bitwise_xor(5, 3), bitwise_not(5), bitwise_left_shift(1, 3), bit_count(9, 64)",
            "1|7|6|-6|8|2",
        ),
        ("width_bucket(3.5, 0, 10, 5), from_base('ff', 16), to_base(255, 16), random(10) < 10, degrees(pi())", "2|255|ff|true|180.0"),
        (
            "cast(1.5 as varchar), cast(true as varchar), cast(1e0 as varchar), typeof(DATE '2020-01-01'), typeof(1.5)",
            "1.5|true|1.0E0|date|decimal(2,1)",
        ),
    ];
    warehouse.gives(Athena, &cases).await;
    let types = [
        ("1, 1 + 1, 5000000000, 1.5, 1.5 * 1.25, 1.50 / 2, 1e0", "integer,integer,bigint,decimal(2,1),decimal(5,3),decimal(3,2),double"),
        ("sum(1), avg(1), avg(1.5), count(*), approx_distinct(1)", "bigint,double,decimal(38,1),bigint,bigint"),
    ];
    warehouse.types(Athena, &types).await;
    warehouse
        .fails(
            Athena,
            &[
                ("1 / 0", "DIVISION_BY_ZERO"),
                ("2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow"),
                ("cast('abc' as integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to INT"),
            ],
        )
        .await;
}

#[tokio::test]
async fn strings() {
    let cases = [
        ("length('abc'), reverse('abc'), concat('a', 'b', 'c'), concat_ws(',', 'a', NULL, 'b'), lpad('x', 3, 'ab')", "3|cba|abc|a,b|abx"),
        (
            "replace('abcabc', 'b'), strpos('high', 'ig'), strpos('aXbXc', 'X', 2), split('a,b,c', ','), split('a,b,c', ',', 2)",
            "acac|2|4|[a, b, c]|[a, b,c]",
        ),
        (
            "split_part('a:b:c', ':', 2), split_part('a', ':', 3), starts_with('abc', 'ab'), substr('hello', -2), substring('hello' FROM 2 FOR 2)",
            "b|∅|true|lo|el",
        ),
        (
            "hamming_distance('abc', 'abd'), levenshtein_distance('kitten', 'sitting'), soundex('Robert'), luhn_check('79927398713')",
            "1|3|R163|true",
        ),
        ("split_to_map('a=1;b=2', ';', '=')['b'], element_at(split_to_map('a=1', ',', '='), 'z')", "2|∅"),
        (
            "from_utf8(to_utf8('abc')), to_hex(to_utf8('abc')), to_base64(to_utf8('abc')), from_base64('YWJj') = to_utf8('abc')",
            "abc|616263|YWJj|true",
        ),
        ("to_hex(md5(to_utf8('abc'))), crc32(to_utf8('abc'))", "900150983CD24FB0D6963F7D28E17F72|891568578"),
        (
            "regexp_like('1a 2b 14m', '\\d+b'), regexp_extract('1a 2b 14m', '\\d+'), regexp_extract('1a 2b', '(\\d+)([a-z]+)', 2)",
            "true|1|a",
        ),
        (
            "regexp_extract_all('1a 2b 14m', '\\d+'), regexp_replace('1a 2b', '(\\d+)([ab])', '3c$2'), regexp_split('1a 2b 14m', '\\s*[a-z]+\\s*')",
            "[1, 2, 14]|3ca 3cb|[1, 2, 14, ]",
        ),
        ("regexp_count('1a 2b 14m', '\\s*[a-z]+\\s*'), regexp_position('9102, say good bye', '\\s*[a-z]+\\b')", "3|6"),
        ("'a_c' LIKE 'a#_c' ESCAPE '#', 'abc' LIKE 'a#_c' ESCAPE '#'", "true|false"),
        (
            "url_extract_host('http://user@example.com:8080/p/a?q=1'), url_extract_path('http://example.com/p/a?q=1'), url_extract_port('http://example.com:8080/')",
            "example.com|/p/a|8080",
        ),
        ("url_extract_parameter('http://x/?q=1&r=a%20b', 'r'), url_encode('a b&c'), url_decode('a+b%26c')", "a b|a+b%26c|a b&c"),
    ];
    Sql::new().await.gives(Athena, &cases).await;
}

#[tokio::test]
async fn dates_and_times() {
    let cases = [
        (
            "date_diff('day', DATE '2020-03-01', DATE '2020-04-01'), date_add('month', 1, DATE '2020-01-31'), date_trunc('month', DATE '2020-03-15')",
            "31|2020-02-29|2020-03-01",
        ),
        (
            "date '2020-03-01' + interval '1' month, date '2020-03-31' + interval '1' day, timestamp '2020-01-01 00:00:00' + interval '2' hour",
            "2020-04-01|2020-04-01|2020-01-01T02:00:00",
        ),
        (
            "date_parse('2020-05-06 07:08', '%Y-%m-%d %H:%i'), date_format(TIMESTAMP '2020-05-06 15:04:09', '%W %M %e %Y %h:%i:%s %p %j %y')",
            "2020-05-06T07:08:00|Wednesday May 6 2020 03:04:09 PM 127 20",
        ),
        (
            "format_datetime(TIMESTAMP '2020-05-06 15:04:09', 'yyyy-MM-dd''T''HH:mm:ss EEE'), parse_datetime('2020-05-06 15:04', 'yyyy-MM-dd HH:mm')",
            "2020-05-06T15:04:09 Wed|2020-05-06T15:04:00Z",
        ),
        (
            "from_unixtime(0), to_unixtime(TIMESTAMP '1970-01-02 00:00:00'), from_iso8601_date('2020-05-11'), from_iso8601_timestamp('2020-05-11T11:15:05')",
            "1970-01-01T00:00:00Z|86400.0|2020-05-11|2020-05-11T11:15:05Z",
        ),
        (
            "TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles', with_timezone(TIMESTAMP '2020-01-01 00:00:00', 'America/New_York')",
            "2012-10-31T01:00:00Z|2020-01-01T05:00:00Z",
        ),
        (
            "year(DATE '2020-05-06'), week(DATE '2020-05-06'), day_of_week(DATE '2020-05-06'), day_of_year(DATE '2020-05-06'), year_of_week(DATE '2020-12-31')",
            "2020|19|3|127|2020",
        ),
        (
            "extract(dow from DATE '2020-05-06'), extract(day_of_week from DATE '2020-05-06'), millisecond(TIMESTAMP '2020-05-06 15:04:09.123')",
            "3|3|123",
        ),
        (
            "last_day_of_month(DATE '2020-02-03'), to_iso8601(DATE '2020-05-11'), human_readable_seconds(96)",
            "2020-02-29|2020-05-11|1 minute, 36 seconds",
        ),
        (
            "localtimestamp is not null, current_timezone(), date('2020-01-01'), cast(TIMESTAMP '2020-01-01 10:00:00' as varchar)",
            "true|UTC|2020-01-01|2020-01-01 10:00:00.000",
        ),
    ];
    Sql::new().await.gives(Athena, &cases).await;
}

#[tokio::test]
async fn arrays_maps_and_rows() {
    let warehouse = Sql::new().await;
    let cases = [
        (
            "ARRAY[1,2] || ARRAY[3], ARRAY[1,2,3][2], cardinality(ARRAY[1,2]), contains(ARRAY[1,2], 2), element_at(ARRAY[1,2], -1), element_at(ARRAY[1], 5)",
            "[1, 2, 3]|2|2|true|2|∅",
        ),
        (
            "array_join(ARRAY[1,NULL,3], ','), array_join(ARRAY[1,NULL,3], ',', 'x'), array_max(ARRAY[1,3]), array_distinct(ARRAY[1,1,2]), array_sort(ARRAY[3,1,NULL,2])",
            "1,3|1,x,3|3|[1, 2]|[1, 2, 3, ∅]",
        ),
        (
            "array_position(ARRAY[5,6], 6), array_position(ARRAY[5,6], 7), array_remove(ARRAY[1,2,1], 1), array_except(ARRAY[1,2], ARRAY[2])",
            "2|0|[2]|[1]",
        ),
        (
            "repeat('a', 2), reverse(ARRAY[1,2]), flatten(ARRAY[ARRAY[1],ARRAY[2]]), sequence(1, 5, 2), slice(ARRAY[1,2,3,4], -2, 2), trim_array(ARRAY[1,2,3], 1)",
            "[a, a]|[2, 1]|[1, 2]|[1, 3, 5]|[3, 4]|[1, 2]",
        ),
        ("sequence(date '2020-01-01', date '2020-01-03', interval '1' day)", "[2020-01-01, 2020-01-02, 2020-01-03]"),
        ("ngrams(ARRAY['a','b','c'], 2), combinations(ARRAY['a','b','c'], 2)", "[[a, b], [b, c]]|[[a, b], [a, c], [b, c]]"),
        (
            "MAP(ARRAY['a','b'], ARRAY[1,2])['b'], element_at(MAP(ARRAY['a'], ARRAY[1]), 'z'), map_keys(MAP(ARRAY['a','b'], ARRAY[1,2]))",
            "2|∅|[a, b]",
        ),
        (
            "map_from_entries(ARRAY[('a', 1), ('b', 2)]), map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['b'], ARRAY[2]))",
            "{a: 1, b: 2}|{a: 1, b: 2}",
        ),
        ("SELECT r.x, t.r.y FROM (SELECT CAST(ROW(1, 'a') AS ROW(x integer, y varchar)) AS r) t", "1|a"),
        ("SELECT r[1] FROM (SELECT ROW(5, 'a') r)", "5"),
    ];
    warehouse.gives(Athena, &cases).await;
    warehouse
        .fails(
            Athena,
            &[
                ("ARRAY[1,2][5]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 5 > 2"),
                ("MAP(ARRAY['a'], ARRAY[1])['z']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: z"),
            ],
        )
        .await;
}

#[tokio::test]
async fn lambdas() {
    let warehouse = Sql::new().await;
    let cases = [
        ("filter(ARRAY[5, -6, NULL, 7], x -> x > 0), transform(ARRAY[1,2], x -> x * 2)", "[5, 7]|[2, 4]"),
        (
            "reduce(ARRAY[5,20,50], 0, (s, x) -> s + x, s -> s), reduce(ARRAY[5,20,NULL], 0, (s, x) -> s + coalesce(x, 0), s -> s * 2)",
            "75|50",
        ),
        (
            "any_match(ARRAY[1,2], x -> x > 1), all_match(ARRAY[1,2], x -> x > 0), all_match(ARRAY[1,2], x -> x > 1), none_match(ARRAY[1,2], x -> x > 5)",
            "true|true|false|true",
        ),
        ("zip_with(ARRAY[1,2], ARRAY[10,20], (x, y) -> x + y), transform(filter(ARRAY[1,2,3], x -> x > 1), y -> y * y)", "[11, 22]|[4, 9]"),
        (
            "map_filter(MAP(ARRAY['a','b'], ARRAY[1,2]), (k, v) -> v > 1), transform_values(MAP(ARRAY['a'], ARRAY[1]), (k, v) -> v + 1)",
            "{b: 2}|{a: 2}",
        ),
        ("transform_keys(MAP(ARRAY['a'], ARRAY[1]), (k, v) -> k || 'x')", "{ax: 1}"),
        ("SELECT transform(a, x -> x + b) FROM (VALUES (ARRAY[1,2], 10), (ARRAY[3], 20)) t (a, b)", "[11, 12];[23]"),
        ("SELECT reduce(a, b, (s, x) -> s + x, s -> s) FROM (VALUES (ARRAY[1,2], 10), (ARRAY[3], 20), (NULL, 5)) t (a, b)", "13;23;∅"),
    ];
    warehouse.gives(Athena, &cases).await;
    warehouse.gives(Athena, &[("array_sort(ARRAY[3,1,2], (x, y) -> x - y)", "[1, 2, 3]")]).await;
}

#[tokio::test]
async fn unnesting() {
    let cases = [
        ("SELECT x FROM UNNEST(ARRAY[1,2]) AS t(x)", "1;2"),
        ("SELECT id, x FROM (VALUES (7, ARRAY[1,2])) t (id, a) CROSS JOIN UNNEST(a) AS u(x)", "7|1;7|2"),
        ("SELECT id, x, n FROM (VALUES (7, ARRAY['p','q'])) t (id, a) CROSS JOIN UNNEST(a) WITH ORDINALITY AS u(x, n)", "7|p|1;7|q|2"),
        ("SELECT id, x FROM (VALUES (7, ARRAY[1,2]), (8, ARRAY[])) t (id, a) LEFT JOIN UNNEST(a) AS u(x) ON true", "7|1;7|2;8|∅"),
        ("SELECT k, v FROM UNNEST(MAP(ARRAY['a','b'], ARRAY[1,2])) AS t(k, v)", "a|1;b|2"),
        ("SELECT x, y FROM UNNEST(ARRAY[1,2], ARRAY['a','b','c']) AS t(x, y)", "1|a;2|b;∅|c"),
        ("SELECT id, k, v FROM (VALUES (7, MAP(ARRAY['a'], ARRAY[1]))) t (id, m), UNNEST(m) AS u(k, v)", "7|a|1"),
        ("SELECT a, b FROM UNNEST(ARRAY[ROW(1,'x'), ROW(2,'y')]) AS t(a, b)", "1|x;2|y"),
        (
            "SELECT t.id, count(*) FROM (VALUES (7, ARRAY[1,2]), (8, ARRAY[3])) t (id, a) CROSS JOIN UNNEST(t.a) AS u(x) WHERE x > 1 GROUP BY 1 ORDER BY 1",
            "7|1;8|1",
        ),
        ("SELECT x.a, y.b FROM (VALUES (1), (2)) x (a) CROSS JOIN LATERAL (SELECT x.a + 1 AS b) y", "1|2;2|3"),
    ];
    Sql::new().await.gives(Athena, &cases).await;
}

#[tokio::test]
async fn json() {
    let cases = [
        (
            "json_extract_scalar('{\"a\":{\"b\":[1,\"x\"]}}', '$.a.b[1]'), json_extract('{\"a\":{\"b\":[1,\"x\"]}}', '$.a.b'), json_array_length('[1,2]')",
            "x|[1,\"x\"]|2",
        ),
        (
            "json_array_contains('[1,2]', 2), json_array_get('[\"a\"]', 0), json_size('{\"a\":[1,2]}', '$.a'), json_format(JSON '[1, 2]'), is_json_scalar('1')",
            "true|a|2|[1,2]|true",
        ),
        (
            "CAST(JSON '[1,2]' AS ARRAY(INTEGER)), CAST(ARRAY[1,2] AS JSON), CAST(MAP(ARRAY['a'],ARRAY[1]) AS JSON), CAST(JSON '{\"a\":1}' AS MAP(VARCHAR, INTEGER))",
            "[1, 2]|[1,2]|{\"a\":1}|{a: 1}",
        ),
    ];
    Sql::new().await.gives(Athena, &cases).await;
}

#[tokio::test]
async fn aggregates_and_windows() {
    let cases = [
        (
            "SELECT approx_distinct(a), count_if(a > 1), max_by(b, a), min_by(b, a), max_by(b, a, 2), max(a, 2), bool_or(a > 2), geometric_mean(a) FROM (VALUES (1, 'x'), (2, 'y'), (4, 'z')) t (a, b)",
            "3|2|z|x|[z, y]|[4, 2]|true|2.0",
        ),
        (
            "SELECT array_agg(DISTINCT a ORDER BY a DESC), array_agg(DISTINCT a ORDER BY a), array_agg(a ORDER BY a) FROM (VALUES 1, 2, 1) t (a)",
            "[2, 1]|[1, 2]|[1, 1, 2]",
        ),
        (
            "SELECT array_agg(a ORDER BY a DESC), array_join(array_agg(b ORDER BY a), ','), listagg(b, ',') WITHIN GROUP (ORDER BY a) FROM (VALUES (1, 'x'), (2, 'y')) t (a, b)",
            "[2, 1]|x,y|x,y",
        ),
        (
            "SELECT map_agg(k, v), histogram(k), multimap_agg(k, v) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) t (k, v)",
            "{a: 1, b: 2}|{a: 2, b: 1}|{a: [1, 3], b: [2]}",
        ),
        (
            "SELECT corr(a, b), covar_samp(a, b), regr_slope(a, b), bitwise_or_agg(a) FROM (VALUES (1, 2), (2, 4), (4, 8)) t (a, b)",
            "1.0|4.666666666666666|0.5|7",
        ),
        ("SELECT sum(a) FILTER (WHERE a > 1), count(DISTINCT a), avg(DISTINCT a) FROM (VALUES (1), (2), (2)) t (a)", "4|2|1.5"),
        ("SELECT avg(a), sum(a), avg(CAST(a AS double)) FROM (VALUES (1.10), (2.25)) t (a)", "1.68|3.35|1.675"),
        (
            "SELECT a, b, count(*), grouping(a, b) FROM (VALUES ('x', 1), ('y', 2)) t (a, b) GROUP BY ROLLUP (a, b) ORDER BY 1, 2",
            "x|1|1|0;x|∅|1|1;y|2|1|0;y|∅|1|1;∅|∅|2|3",
        ),
        ("SELECT a, sum(a) OVER w, lag(a, 1, 0) OVER (ORDER BY a) FROM (VALUES (1), (2)) t (a) WINDOW w AS (ORDER BY a)", "1|1|0;2|3|1"),
        ("SELECT max_by(b, a) OVER (), array_agg(a) OVER (ORDER BY a) FROM (VALUES (1, 'x'), (2, 'y')) t (a, b)", "y|[1];y|[1, 2]"),
    ];
    Sql::new().await.gives(Athena, &cases).await;
}

#[tokio::test]
async fn clauses() {
    let warehouse = Sql::new().await;
    let cases = [
        ("SELECT a FROM (VALUES (3), (1), (2)) t (a) ORDER BY a OFFSET 1 LIMIT 1", "2"),
        ("SELECT a FROM (VALUES 3, 1, 2) t (a) ORDER BY a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", "2;3"),
        ("VALUES (1, 'a'), (2, 'b')", "1|a;2|b"),
        ("SELECT count(*) <= 3 FROM (VALUES (1), (1), (2)) t (a) TABLESAMPLE BERNOULLI (50)", "true"),
        ("SELECT count(*) FROM (VALUES (1), (1), (2)) t (a) TABLESAMPLE BERNOULLI (100)", "3"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t", "15"),
        ("SELECT a FROM (VALUES (1), (NULL)) t (a) ORDER BY a DESC", "1;∅"),
        ("1 IS DISTINCT FROM NULL, (1, 'a') = (1, 'a')", "true|true"),
    ];
    warehouse.gives(Athena, &cases).await;
    warehouse
        .fails(
            Athena,
            &[
                (
                    "SELECT a FROM (VALUES (1)) t (a) ORDER BY a FETCH FIRST 1 ROW WITH TIES",
                    "FETCH with PERCENT or WITH TIES is not supported",
                ),
                ("numeric_histogram(2, 1)", "line 1:8: function numeric_histogram is not supported"),
                ("SELECT * FROM (VALUES (1)) t (a) PIVOT (count(*) FOR a IN (1))", "PIVOT is not supported"),
            ],
        )
        .await;
}
