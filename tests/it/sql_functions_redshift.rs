//! Redshift's functions and clauses, family by family, with the answers that its documentation gives or implies.

use shiftdeck::local::engine::Dialect::Redshift;

use crate::common::sql::Sql;

#[tokio::test]
async fn strings() {
    let cases = [
        ("ascii('amazon'), bpcharcmp('a', 'b'), bttext_pattern_cmp('b', 'a'), octet_length('français')", "97|-1|1|9"),
        ("btrim('  abc '), btrim('xxabcx', 'x'), trim(both 'x' from 'xxdogxx'), trim('\"' from '\"dog\"')", "abc|abc|dog|dog"),
        ("char_length('français'), character_length('a'), len('cat '), length('abc'), textlen('ab')", "8|1|4|3|2"),
        ("charindex('dog', 'cat dog'), charindex('z', 'cat'), position('dog' in 'cat dog'), strpos('cat dog', 'dog')", "5|0|5|5"),
        ("chr(65), concat('a', 'b'), 'a' || 1 || NULL, initcap('hello world-of aWS, mike.o')", "A|ab|∅|Hello World-Of Aws, Mike.O"),
        ("difference('AC/DC', 'Acdc'), difference('Amazon', '+****'), soundex('Amazon'), soundex('')", "4|0|A525|"),
        ("left('Chicago', 3), right('Chicago', 3), lower('ABC'), upper('abc'), reverse('Chicago')", "Chi|ago|abc|ABC|ogacihC"),
        (
            "lpad('abc', 6, 'xy'), rpad('abc', 6, 'xy'), lpad('abcdef', 3), ltrim('  abc'), rtrim('abcxy', 'yx')",
            "xyxabc|abcxyx|abc|abc|abc",
        ),
        ("octetindex('q', 'Áéíq'), quote_ident('select'), quote_ident('ab c'), quote_ident('abc')", "7|\"select\"|\"ab c\"|abc"),
        ("quote_literal('it''s'), repeat('ab', 3), replicate('x', 2), replace('abcabc', 'b', 'XX')", "'it''s'|ababab|xx|aXXcaXXc"),
        ("split_part('abc$def$ghi', '$', 2), split_part('abc', '$', 5), translate('mint tea', 'inea', 'osin')", "def||most tin"),
        ("strtol('0xf', 16), strtol('abcd1234', 16), strtol('-1234567890', 10), to_hex(2147447599)", "15|2882343476|-1234567890|7fff732f"),
        (
            "substring('caterpillar', 6, 4), substring('caterpillar', 6, 8), substr('abc', 2), substring('abc' from 2 for 1)",
            "pill|pillar|bc|b",
        ),
        ("from_varbyte(to_varbyte('abc', 'utf8'), 'hex'), to_varbyte('616263', 'hex')::varchar", "616263|abc"),
        ("'abc'::char(5) || 'd', len('abc '::char(5)), 'abc '::char(6) = 'abc', 'abc ' = 'abc'", "abcd|3|true|true"),
    ];
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn hashes() {
    let cases = [
        ("crc32('Amazon Redshift')", "f2726906"),
        ("fnv_hash('')", "-3750763034362895579"),
        ("md5('Amazon Redshift')", "f7415e33f972c03abd4f3fed36748f7a"),
        ("sha1('abc') = func_sha1('abc'), sha1('abc')", "true|a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha2('abc', 256)", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("sha2('abc', 0) = sha2('abc', 256), len(sha2('abc', 512)), checksum('a') = checksum('a')", "true|128|true"),
    ];
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn regular_expressions() {
    let warehouse = Sql::new().await;
    let cases = [
        ("regexp_count('abcdefghijklmnopqrstuvwxyz', '[a-z]{3}'), regexp_count('aXbXc', 'x', 1, 'i')", "8|2"),
        ("regexp_instr('the fox', 'FOX', 1, 1, 0, 'i'), regexp_instr('abcabc', 'c', 1, 2), regexp_instr('abc', 'z')", "5|6|0"),
        ("regexp_replace('the fox', 'FOX', 'quick brown fox', 1, 'i'), regexp_replace('a1b2', '[0-9]')", "the quick brown fox|ab"),
        ("regexp_replace('abc', '(b)', '[$1]'), regexp_substr('the fox', 'FOX', 1, 1, 'i'), regexp_substr('abc', 'z')", "a[b]c|fox|"),
        ("regexp_substr('foobarbaz', '(o)(b)', 1, 1, 'e')", "o"),
        ("'abc' ~ '^a', 'abc' !~ 'b', 'abc' ~* 'B', 'abc' !~* 'B'", "true|false|true|false"),
        (
            "'Café' ilike 'caf_', 'abc' similar to '(a|b)%', 'a_b' like 'a^_b' escape '^', 'axb' like 'a^_b' escape '^'",
            "true|true|true|false",
        ),
    ];
    warehouse.gives(Redshift, &cases).await;
    warehouse
        .fails(Redshift, &[("regexp_count('aab', 'a(?=b)', 1, 'p')", "look-around in the regular expression a(?=b) is not supported")])
        .await;
}

#[tokio::test]
async fn dates_and_times() {
    let cases = [
        ("dateadd(month, 1, '2008-01-31'::date), dateadd(m, 18, '2008-02-28')", "2008-02-29T00:00:00|2008-02-28T00:18:00"),
        ("datediff(week, '2009-01-01', '2009-12-31'), datediff(qtr, '1998-07-01', '2008-06-30')", "52|39"),
        ("datediff(hour, '2023-01-01 00:59:00'::timestamp, '2023-01-01 01:00:00'::timestamp)", "1"),
        (
            "date_trunc('week', '2020-04-29'::date), date_trunc('millennium', '2020-04-29'::timestamp)",
            "2020-04-27T00:00:00|2001-01-01T00:00:00",
        ),
        ("date_part(w, '2008-06-17 10:11:12'), date_part(dow, '2008-06-17'), date_part(doy, '2008-02-01')", "25|2|32"),
        ("date_part(century, '2008-02-01'), date_part(decade, '2008-02-01'), date_part(millennium, '2008-02-01')", "21|200|3"),
        ("extract(dayofweek from '2008-06-17'::date), extract(millisecond from '2009-09-09 12:08:43.123'::timestamp)", "2|123"),
        ("date_cmp('2008-01-01', '2008-01-02'), timestamp_cmp('2008-01-01', '2008-01-01'), interval_cmp('3 days', '1 year')", "-1|0|-1"),
        (
            "date_part_year('2008-03-01'::date), add_months('2008-02-29'::date, 12), last_day('2008-02-03')",
            "2008|2009-02-28T00:00:00|2008-02-29",
        ),
        ("next_day('2014-08-20', 'Tuesday'), months_between('1969-01-18', '1969-03-18')", "2014-08-26|-2.0"),
        ("trunc('2011-07-21 10:32:38'::timestamp), trunc(sysdate) = current_date", "2011-07-21|true"),
        ("convert_timezone('America/New_York', '2008-06-01 12:00:00'::timestamp)", "2008-06-01T08:00:00"),
        ("convert_timezone('EST', 'PST', '2008-06-01 12:00:00'::timestamp)", "2008-06-01T09:00:00"),
        ("'2008-06-01 12:00:00'::timestamp at time zone 'America/New_York'", "2008-06-01T16:00:00Z"),
        ("timezone('UTC', '2008-06-01 12:00:00+02'::timestamptz)", "2008-06-01T10:00:00"),
        ("getdate() <= getdate(), len(timeofday()) > 20, localtimestamp is not null, current_time is not null", "true|true|true|true"),
        ("isfinite('2020-01-01'::date), to_date('02 Oct 2001', 'DD Mon YYYY')", "true|2001-10-02"),
        ("to_timestamp('05 Dec 2022 18:04:25', 'DD Mon YYYY HH24:MI:SS')", "2022-12-05T18:04:25"),
        ("to_char('2009-12-31 23:15:59'::timestamp, 'Month-DY-DD-YYYY HH12:MIPM')", "December -THU-31-2009 11:15PM"),
        (
            "date '2008-01-01' + 30, date '2008-02-01' - date '2008-01-01', date '2008-01-01' + interval '1 month'",
            "2008-01-31|31|2008-02-01T00:00:00",
        ),
        ("timestamp '2008-01-03 06:00:00' - timestamp '2008-01-01 00:00:00'", "2 days 6 hours"),
        ("'2008-01-01'::date < '2008-01-02', '12:30:00'::time, '2008-01-01 10:00'::timestamp", "true|12:30:00|2008-01-01T10:00:00"),
    ];
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn numbers_and_conditions() {
    let cases = [
        ("abs(-7.5), sign(-3), ceil(2.1), ceiling(-2.1), floor(-2.1), round(-2.5), trunc(-3.7)", "7.5|-1|3|-2|-3|-3|-3"),
        ("cbrt(27), log(100), power(2, 3), sqrt(16), dlog1(1), dlog10(10), 2 ^ 3", "3.0|2.0|8.0|4.0|0.0|1.0|8.0"),
        ("mod(10, 3), mod(-10, 3), 10 % 3, 5 & 3, 5 | 3, 5 # 3, 1 << 3, 16 >> 2", "1|-1|1|1|7|6|8|4"),
        ("greatest(1, 3, 2), least(1, NULL, 2), greatest('a', 'b'), random() < 1", "3|1|b|true"),
        (
            "to_char(-125.88, '999D99S'), to_char(-125.88, '$S999.99'), to_char(485, 'FMRN'), to_char(123456789012345678.91, 'FM999999999999999999.99')",
            "125.88-|$-125.88|CDLXXXV|123456789012345678.91",
        ),
        ("to_char(22.7::float, 'FM99.90'), to_char(7::smallint, 'FM9th'), to_char(NULL::int, '9'), to_char(1, NULL)", "22.70|7th|∅|∅"),
        ("nvl(NULL, 1), nvl2(NULL, 'a', 'b'), nullif(1, 1), coalesce(NULL, NULL, 5)", "1|b|∅|5"),
        ("decode(2, 1, 'a', 2, 'b', 'c'), decode(9, 1, 'a'), case 3 when 1 then 'a' when 3 then 'c' end", "b|∅|c"),
        ("1 in (1, 2, null), 3 in (1, null), 3 not in (1, 2), (1, 2) = (1, 2)", "true|∅|true|true"),
    ];
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn json_and_super() {
    let cases = [
        (
            "json_extract_path_text('{\"f4\":{\"f5\":99,\"f6\":\"star\"}}', 'f4', 'f6'), json_extract_array_element_text('[111,112,113]', 2)",
            "star|113",
        ),
        (
            "json_array_length('[11,12,13]'), is_valid_json('{\"id\":0}'), is_valid_json_array('[1,2]'), is_valid_json('[1]')",
            "3|true|true|false",
        ),
        (
            "json_parse('[10001,\"abc\"]'), json_serialize(json_parse('{\"a\": [1, 2]}')), can_json_parse('{')",
            "[10001,\"abc\"]|{\"a\":[1,2]}|false",
        ),
        (
            "array(1, 50, null, 'x'), array_concat(array(1), array(2)), array_flatten(array(array(1, 2), array(3)))",
            "[1,50,null,\"x\"]|[1,2]|[1,2,3]",
        ),
        (
            "get_array_length(array(1, 2, 3)), subarray(array('a', 'b', 'c'), 1, 2), split_to_array('12|345', '|')",
            "3|[\"b\",\"c\"]|[\"12\",\"345\"]",
        ),
        ("object('a', 1, 'b', array(1)), json_typeof(json_parse('{}')), is_array(json_parse('[1]'))", "{\"a\":1,\"b\":[1]}|object|true"),
        ("is_integer(json_parse('1')), is_varchar(json_parse('\"a\"')), is_scalar(json_parse('[]'))", "true|true|false"),
        ("SELECT t.s.a[1].b FROM (SELECT json_parse('{\"a\":[{\"b\":1},{\"b\":\"x\"}]}') s) t", "\"x\""),
        (
            "SELECT s.a.b::int + 1, s.c, s.c::varchar, s.missing FROM (SELECT json_parse('{\"a\":{\"b\":41},\"c\":\"x\"}') s) t",
            "42|\"x\"|x|∅",
        ),
        ("SELECT s[0], s[1]::varchar FROM (SELECT json_parse('[\"p\",\"q\"]') s) t", "\"p\"|q"),
        ("SELECT i, x FROM (SELECT 7 i, json_parse('[1,2]') s) t, t.s x", "7|1;7|2"),
        ("SELECT x, idx FROM (SELECT json_parse('[\"a\",\"b\"]') s) t, t.s AS x AT idx", "\"a\"|0;\"b\"|1"),
        (
            "SELECT x.k, x.v FROM (SELECT json_parse('[{\"k\":1,\"v\":\"one\"},{\"k\":2}]') s) t, t.s AS x WHERE x.k = 1 AND x.v = 'one'",
            "1|\"one\"",
        ),
        ("SELECT y FROM (SELECT json_parse('[{\"k\":[1,2]},{\"k\":[3]}]') s) t, t.s AS x, x.k AS y", "1;2;3"),
    ];
    let warehouse = Sql::new().await;
    warehouse.gives(Redshift, &cases).await;
    warehouse.types(Redshift, &[("json_parse('1'), array(1), json_serialize(array(1))", "super,super,varchar")]).await;
}

#[tokio::test]
async fn aggregates() {
    let abc = "FROM (SELECT 1 a UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 5)";
    let cases = [
        format!("SELECT approximate count(distinct a), approximate percentile_disc(0.5) within group (order by a) {abc} => 4|2"),
        format!("SELECT median(a), percentile_cont(0.6) within group (order by a), percentile_disc(0.6) within group (order by a) {abc} => 2.5|2.8|3"),
        format!("SELECT percentile_cont(0.25) within group (order by a desc) {abc} => 3.5"),
        format!("SELECT stddev(a), stddev_pop(a), var_samp(a), var_pop(a) {abc} => 1.707825127659933|1.479019945774904|2.9166666666666665|2.1875"),
        format!("SELECT bool_and(a > 0), bool_or(a > 4), every(a > 1), bit_and(a), bit_or(a), any_value(1) {abc} => true|true|false|0|7|1"),
        "SELECT listagg(distinct a, '-') within group (order by a), listagg(a) within group (order by a) FROM (SELECT 'x' a UNION ALL SELECT 'y' UNION ALL SELECT 'x') => x-y|xxy".into(),
        "SELECT listagg(a) within group (order by a desc), listagg(distinct a, ',') within group (order by a), listagg(distinct a) within group (order by a desc) FROM (SELECT 'x' a UNION ALL SELECT 'y' UNION ALL SELECT NULL UNION ALL SELECT 'x') => yxx|x,y|yx".into(),
        "SELECT listagg(distinct a, ',') within group (order by a), hll(b) FROM (SELECT NULL::varchar a, 1 b UNION ALL SELECT NULL, 1) => ∅|1".into(),
        "SELECT sum(distinct a), avg(distinct a), count(distinct a), max(b), min(b) FROM (SELECT 1 a, 'x' b UNION ALL SELECT 1, 'y' UNION ALL SELECT 4, 'z') => 5|2|2|z|x".into(),
        "SELECT avg(a::decimal(5,2)), avg(a::float), sum(a::decimal(5,2)) FROM (SELECT 1 a UNION ALL SELECT 2 UNION ALL SELECT 2) => 1.66|1.6666666666666667|5.00".into(),
        "SELECT a x, sum(b) FROM (SELECT 1 a, 2 b) GROUP BY x HAVING sum(b) > 1 ORDER BY x => 1|2".into(),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().filter_map(|case| case.split_once(" => ")).collect();
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn window_functions() {
    let cases = [
        (
            "SELECT a, sum(a) over (order by a rows between unbounded preceding and current row), lag(a) over (order by a), lead(a, 1) over (order by a),
             first_value(a) over (order by a rows unbounded preceding), nth_value(a, 2) over (order by a rows between unbounded preceding and unbounded following)
             FROM (SELECT 1 a UNION ALL SELECT 2 UNION ALL SELECT 4) ORDER BY a",
            "1|1|∅|2|1|2;2|3|1|4|1|2;4|7|2|∅|1|2",
        ),
        (
            "SELECT a, row_number() over (order by a), rank() over (order by a), dense_rank() over (order by a), percent_rank() over (order by a), ntile(2) over (order by a)
             FROM (SELECT 1 a UNION ALL SELECT 1 UNION ALL SELECT 4) ORDER BY 1, 2",
            "1|1|1|1|0.0|1;1|2|1|1|0.0|1;4|3|3|2|1.0|2",
        ),
        (
            "SELECT lag(a ignore nulls) over (order by b), first_value(a ignore nulls) over (order by b rows between unbounded preceding and unbounded following)
             FROM (SELECT 1 a, 1 b UNION ALL SELECT NULL, 2 UNION ALL SELECT 3, 3) ORDER BY b",
            "∅|1;1|1;1|1",
        ),
        ("SELECT a, ratio_to_report(b) over (partition by a) FROM (SELECT 1 a, 2 b UNION ALL SELECT 1, 6) ORDER BY 2", "1|0.25;1|0.75"),
        (
            "SELECT a, listagg(a, ',') within group (order by a) over (partition by b), median(a) over (partition by b), count(*) over ()
             FROM (SELECT 1 a, 1 b UNION ALL SELECT 3, 1) ORDER BY a",
            "1|1,3|2.0|2;3|1,3|2.0|2",
        ),
        ("SELECT a, row_number() over (order by a) rn FROM (SELECT 1 a UNION ALL SELECT 2) QUALIFY rn = 2", "2|2"),
    ];
    Sql::new().await.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn clauses() {
    let warehouse = Sql::new().await;
    let cases = [
        (
            "SELECT * FROM (SELECT 'q1' q, 10 v UNION ALL SELECT 'q2', 20 UNION ALL SELECT 'q1', 5) PIVOT (sum(v) FOR q IN ('q1', 'q2' AS second))",
            "15|20",
        ),
        (
            "SELECT part, a_s, b_n FROM (SELECT 'p' part, 'q1' q, 10 v UNION ALL SELECT 'p', 'q2', 20) PIVOT (sum(v) AS s, count(*) AS n FOR q IN ('q1' AS a, 'q2' AS b))",
            "p|10|1",
        ),
        (
            "SELECT * FROM (SELECT 1 id, 10 red, 20 green, NULL::int blue) UNPIVOT (cnt FOR color IN (red, green, blue)) ORDER BY 2",
            "1|green|20;1|red|10",
        ),
        (
            "SELECT * FROM (SELECT 1 id, 10 red, NULL::int blue) UNPIVOT INCLUDE NULLS (cnt FOR color IN (red AS r, blue)) ORDER BY 2",
            "1|blue|∅;1|r|10",
        ),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t", "15"),
        ("SELECT * FROM generate_series(1, 3)", "1;2;3"),
        ("SELECT n FROM generate_series(1, 10, 4) AS g(n)", "1;5;9"),
        (
            "SELECT a, b, grouping(a), grouping(b), grouping_id(a, b), count(*) FROM (SELECT 'x' a, 1 b UNION ALL SELECT 'y', 2) GROUP BY ROLLUP(a, b) ORDER BY 1, 2",
            "x|1|0|0|0|1;x|∅|0|1|1|1;y|2|0|0|0|1;y|∅|0|1|1|1;∅|∅|1|1|3|2",
        ),
        ("SELECT a, count(*) FROM (SELECT 'x' a, 1 b UNION ALL SELECT 'y', 2) GROUP BY GROUPING SETS ((a), ()) ORDER BY 1", "x|1;y|1;∅|2"),
        ("SELECT a FROM (SELECT 1 a UNION ALL SELECT 2) INTERSECT SELECT 2", "2"),
        ("SELECT 1 MINUS SELECT 1", ""),
        ("SELECT a, (SELECT max(b) FROM (SELECT 1 a, 5 b) y WHERE y.a = x.a) FROM (SELECT 1 a) x", "1|5"),
        ("SELECT x.a, y.b FROM (SELECT 1 a UNION ALL SELECT 2) x CROSS JOIN LATERAL (SELECT x.a + 1 AS b) y", "1|2;2|3"),
        ("SELECT TOP 2 a FROM (SELECT 1 a UNION ALL SELECT 2 UNION ALL SELECT 3) ORDER BY a OFFSET 1", "2;3"),
        ("SELECT * EXCLUDE (b) FROM (SELECT 1 a, 2 b, 3 c)", "1|3"),
        ("SELECT a + 1 AS total, total * 2 AS twice FROM (SELECT 5 a)", "6|12"),
        ("SELECT a + 1 AS a, a * 2 FROM (SELECT 5 a)", "6|10"),
        (
            "SELECT version() like 'PostgreSQL 8.0.2%Redshift%', current_user, current_schema(), current_database(), pg_backend_pid() > 0",
            "true|admin|public|bankdm|true",
        ),
    ];
    warehouse.gives(Redshift, &cases).await;
    warehouse
        .fails(
            Redshift,
            &[
                ("SELECT DISTINCT ON (a) a FROM (SELECT 1 a)", "ERROR: DISTINCT ON is not supported"),
                ("SELECT * FROM (SELECT 1 a) x, (SELECT 1 b) y WHERE x.a = y.b(+)", "(+)"),
                (
                    "SELECT 1 FROM (SELECT 1 id, 2 parent) t START WITH parent IS NULL CONNECT BY PRIOR id = parent",
                    "CONNECT BY is not supported",
                ),
                ("collate('a', 'case_insensitive')", "COLLATE is not supported"),
            ],
        )
        .await;
}

#[tokio::test]
async fn arithmetic_has_the_types_that_redshift_documents() {
    let warehouse = Sql::new().await;
    let types = [
        ("1, 1::smallint + 1::smallint, 1 + 1::bigint, 5000000000", "int4,int2,int8,int8"),
        ("1::decimal(8,2) / 1::decimal(8,2), 1::decimal(8,2) * 1::decimal(8,2)", "numeric(17,9),numeric(17,4)"),
        ("1::decimal(8,2) + 1::decimal(10,4), 1.5 + 1::float8, 1 / 2.0", "numeric(11,4),float8,numeric(15,4)"),
        ("sum(1::int), sum(1::bigint), sum(1.5), avg(1), count(*)", "int8,numeric(38,0),numeric(38,1),int8,int8"),
    ];
    warehouse.types(Redshift, &types).await;
    let values = [
        ("7 / 2, -7 / 2, 7 % 2, 7 / 2.0, 2.5 * 2.5, 1.1 + 1.11", "3|-3|1|3.5000|6.25|2.21"),
        ("3.5::int, -3.5::int, '3.7'::decimal(5,1)::int, 12345.678::decimal(6,1)", "4|-4|4|12345.7"),
        ("1.0::float::varchar, 0.5::float8::varchar, true::varchar, 1.50::decimal(5,2)::varchar", "1|0.5|true|1.50"),
    ];
    warehouse.gives(Redshift, &values).await;
    warehouse
        .fails(
            Redshift,
            &[
                ("1 / 0", "Divide by zero"),
                ("1.0::float8 / 0", "Divide by zero"),
                ("2147483647 + 1", "Numeric data overflow"),
                ("9223372036854775807 + 1", "Numeric data overflow"),
                ("100::smallint * 1000::smallint", "Numeric data overflow"),
                ("99999999999999999999999999999999999999::decimal(38,0) * 10::decimal(38,0)", "Numeric data overflow"),
            ],
        )
        .await;
}
