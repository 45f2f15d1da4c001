//! What is written in the services' dialects and read otherwise by the parts that the engine is made of: forms of literals, operators, names
//! of columns, and the errors of what is wrong or not done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::local::engine::Dialect::{Athena, Redshift};

use crate::common::sql::Sql;

/// A table that most cases are about.
const TABLE: &str = "CREATE TABLE t (a int, b int, d date, s varchar(10))";
const ROWS: &str = "INSERT INTO t VALUES (1, 2, '2020-01-01', 'x'), (3, 4, '2021-01-01', 'y'), (5, NULL, '2022-01-01', 'z')";

#[tokio::test]
async fn redshift_reads_days_in_many_forms() {
    let cases = [
        ("date 'January 8, 1999', date '1999-Jan-08', date 'Jan-08-1999', date '08-Jan-99'", "1999-01-08|1999-01-08|1999-01-08|1999-01-08"),
        ("'1/8/1999'::date, '01/08/99'::date, '990108'::date, '1999.008'::date", "1999-01-08|1999-01-08|1999-01-08|1999-01-08"),
        ("timestamp 'January 8, 1999 04:05:06', '8 Jan 1999 04:05'::timestamp", "1999-01-08T04:05:06|1999-01-08T04:05:00"),
        ("date 'today' = current_date, date 'tomorrow' = current_date + 1, 'yesterday'::date = current_date - 1", "true|true|true"),
        ("'now'::timestamp <= getdate(), timestamp 'today' = trunc(getdate())", "true|true"),
        ("date_part('minute', time '2020-05-26 13:30:25'), '2020-05-26 13:30'::time", "30|13:30:00"),
        ("cast(x as date) FROM (SELECT 'Feb 3, 2004' x)", "2004-02-03"),
    ];
    let warehouse = Sql::new().await;
    warehouse.gives(Redshift, &cases).await;
    warehouse.fails(Redshift, &[("date 'January 32, 1999'", "invalid input syntax for type date: \"January 32, 1999\"")]).await;
}

#[tokio::test]
async fn intervals_have_fields_and_times_of_day() {
    let warehouse = Sql::new().await;
    let redshift = [
        ("timestamp '2020-01-01' + interval '1-2' year to month", "2021-03-01T00:00:00"),
        ("timestamp '2020-01-01' + interval '1 2:03:04' day to second", "2020-01-02T02:03:04"),
        (
            "timestamp '2020-01-01' + interval '01:30', timestamp '2020-01-01' + interval '1 day 01:30'",
            "2020-01-01T01:30:00|2020-01-02T01:30:00",
        ),
        (
            "timestamp '2020-01-01' + interval '1 day' * 2, timestamp '2020-01-01' + 1.5 * interval '1 day'",
            "2020-01-03T00:00:00|2020-01-02T12:00:00",
        ),
        ("timestamp '2020-01-01' + interval '1 month' / 2", "2020-01-16T00:00:00"),
    ];
    warehouse.gives(Redshift, &redshift).await;
    warehouse.fails(Redshift, &[("interval '1 day' / 0", "Divide by zero")]).await;
    let athena = [
        ("date '2020-01-31' + interval '1-1' year to month", "2021-02-28"),
        ("timestamp '2020-01-01 00:00:00' + interval '1 2:03:04' day to second", "2020-01-02T02:03:04"),
        ("timestamp '2020-01-01 00:00:00' + interval '2' hour * 3", "2020-01-01T06:00:00"),
    ];
    warehouse.gives(Athena, &athena).await;
}

#[tokio::test]
async fn operators_and_texts_are_read_as_written() {
    let warehouse = Sql::new().await;
    let redshift = [
        ("-2 ^ 2, 2 ^ 3 ^ 2, 2 - -3, -5::int, 3 * -2", "4.0|64.0|5|-5|-6"),
        ("2 * 3 ^ 2, |/ 25.0, ||/ 27.0, @ -5, 'four: ' || 2 + 2", "18.0|5.0|3.0|5|four: 4"),
        (r"E'a\\b', regexp_replace('aaa bbb', E'\\s+', E'-')", r"a\b|aaa-bbb"),
        ("trim(leading from '  x '), trim(trailing from ' x '), trim(both 'y' from 'yxy')", "x | x|x"),
        ("SELECT generate_series(1, 3) AS n", "1;2;3"),
        ("12345678901234567890 - 1, -12345678901234567890", "12345678901234567889|-12345678901234567890"),
    ];
    warehouse.gives(Redshift, &redshift).await;
    let athena = [
        ("SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN CAST(1 AS bigint) PRECEDING AND CURRENT ROW) FROM (VALUES 1, 2, 4) v (a)", "1;3;4"),
        (r"U&'d\0061ta', trim(LEADING FROM '  x')", "data|x"),
        ("SELECT a FROM (VALUES 1, 2, 3) t (a) WHERE a = ANY (VALUES 1, 2) ORDER BY 1", "1;2"),
        ("SELECT a FROM (VALUES 1, 2, 3) t (a) WHERE a <> ALL (VALUES 1, 2)", "3"),
        ("SELECT a FROM (VALUES 1, 2, 3) t (a) WHERE a = SOME (VALUES (1))", "1"),
        ("SELECT a FROM (VALUES 1, 2, 3) t (a) WHERE a >= ALL (VALUES 1, 2) ORDER BY 1", "2;3"),
        ("array_sort(ARRAY[3, 2, 5, 1], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))", "[5, 3, 2, 1]"),
        (
            "array_sort(a, (x, y) -> IF(length(x) < length(y), -1, IF(length(x) = length(y), 0, 1))) FROM (VALUES ARRAY['ccc', 'a', 'bb'], NULL) v (a)",
            "[a, bb, ccc];∅",
        ),
        (
            "format('%s%%', 123), format('%.3f', pi()), format('%08d', 8), format('%,d', 1234567), format('%2$s %1$s', 'a', 'b')",
            "123%|3.142|00000008|1,234,567|b a",
        ),
        ("format('%-4s|%5.1f|%x|%S', 'ab', 2.25, 255, 'up')", "ab  |  2.2|ff|UP"),
    ];
    warehouse.gives(Athena, &athena).await;
}

#[tokio::test]
async fn columns_may_have_one_name() {
    let warehouse = Sql::new().await;
    warehouse.all(&[TABLE, ROWS]).await;
    let done = warehouse.try_redshift("SELECT a, a, t.a, b AS n, a AS n FROM t WHERE a = 1 ORDER BY 1").await.unwrap();
    assert_eq!((done.labels.join(","), done.rows), ("a,a,a,n,n".to_owned(), vec!["1|1|1|2|1".to_owned()]));
    let done = warehouse.try_redshift("SELECT *, a FROM t WHERE a = 1").await.unwrap();
    assert_eq!((done.labels.join(","), done.rows), ("a,b,d,s,a".to_owned(), vec!["1|2|2020-01-01|x|1".to_owned()]));
    let cases = [
        ("SELECT x.a, y.a FROM t x JOIN t y ON x.a = y.a ORDER BY y.a DESC LIMIT 1", "5|5"),
        ("SELECT count(*) FROM (SELECT a, a FROM t) q", "3"),
        ("SELECT a, a FROM t GROUP BY a ORDER BY a", "1|1;3|3;5|5"),
    ];
    warehouse.gives(Redshift, &cases).await;
    let done = warehouse.try_athena("SELECT a, a, a + 1 AS n, a AS n FROM (VALUES 1) v (a)").await.unwrap();
    assert_eq!((done.labels.join(","), done.rows), ("a,a,n,n".to_owned(), vec!["1|1|2|1".to_owned()]));
    assert_eq!(warehouse.refused("CREATE TABLE u AS SELECT a AS n, b AS n FROM t").await, "ERROR: column \"n\" specified more than once");
}

#[tokio::test]
async fn rows_are_looked_for_in_a_query() {
    let warehouse = Sql::new().await;
    warehouse.all(&[TABLE, ROWS, "CREATE TABLE u (a int, b int)", "INSERT INTO u VALUES (1, 2), (3, 9)"]).await;
    let cases = [
        ("SELECT a FROM t WHERE (a, b) IN (SELECT a, b FROM u) ORDER BY a", "1"),
        ("SELECT a FROM t WHERE (t.a, t.b) NOT IN (SELECT a, b FROM u) ORDER BY a", "3;5"),
        ("SELECT a FROM t WHERE (a, s) IN (SELECT max(a), 'z' FROM t)", "5"),
        // What is not known to differ may be the same.
        ("SELECT a FROM t WHERE (a, b) NOT IN (SELECT 5, 4) ORDER BY a", "1;3"),
    ];
    warehouse.gives(Redshift, &cases).await;
    let listed = [
        ("SELECT a, b IN (SELECT b FROM u) FROM t ORDER BY a", "1|true;3|false;5|∅"),
        ("SELECT a, a NOT IN (SELECT CASE WHEN a = 1 THEN 1 END FROM u) FROM t ORDER BY a", "1|false;3|∅;5|∅"),
        ("SELECT CASE WHEN a IN (SELECT a FROM u) THEN 'in' ELSE 'out' END AS place FROM t ORDER BY a", "in;in;out"),
        (
            "SELECT a, EXISTS (SELECT 1 FROM u WHERE u.a = t.a), NOT EXISTS (SELECT * FROM u) FROM t ORDER BY a",
            "1|true|false;3|true|false;5|false|false",
        ),
    ];
    warehouse.gives(Redshift, &listed).await;
    warehouse.gives(Athena, &[("SELECT 1 IN (SELECT 1), 2 NOT IN (VALUES 1, 3), EXISTS (SELECT 1)", "true|true|true")]).await;
    warehouse.gives(Athena, &[("SELECT a FROM (VALUES (1, 2), (3, 4)) t (a, b) WHERE (a, b) IN (VALUES (3, 4))", "3")]).await;
}

#[tokio::test]
async fn shared_columns_have_the_value_that_is_there() {
    let warehouse = Sql::new().await;
    warehouse
        .all(&[
            "CREATE TABLE l (i int, j int)",
            "INSERT INTO l VALUES (1, 10), (2, 20)",
            "CREATE TABLE r (i int, k int)",
            "INSERT INTO r VALUES (1, 100), (3, 300)",
        ])
        .await;
    let cases = [
        ("SELECT i, j, k FROM l JOIN r USING (i) WHERE i > 0 AND j IS NOT NULL", "1|10|100"),
        ("SELECT * FROM l LEFT JOIN r USING (i) WHERE i IN (1, 2) ORDER BY i", "1|10|100;2|20|∅"),
        ("SELECT i, k FROM l RIGHT JOIN r USING (i) ORDER BY i", "1|100;3|300"),
        ("SELECT * FROM l FULL JOIN r USING (i) ORDER BY i", "1|10|100;2|20|∅;3|∅|300"),
        ("SELECT i FROM l FULL JOIN r USING (i) WHERE l.i IS NULL", "3"),
        ("SELECT i + 1, count(*) FROM l FULL JOIN r USING (i) GROUP BY i HAVING i > 1 ORDER BY 1", "3|1;4|1"),
        ("SELECT i, j, x.k, y.k FROM l FULL JOIN r x USING (i) JOIN r y USING (i) ORDER BY i", "1|10|100|100;3|∅|300|300"),
        ("SELECT max(i) FROM l FULL JOIN r USING (i) WHERE i IN (SELECT i FROM r)", "3"),
    ];
    warehouse.gives(Redshift, &cases).await;
}

#[tokio::test]
async fn recursion_has_an_end() {
    let warehouse = Sql::new().await;
    let redshift = [
        ("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT count(*) FROM x) SELECT n FROM x", "an aggregate in the recursive term"),
        ("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x ORDER BY 1) SELECT n FROM x", "ORDER BY in a recursive query"),
        ("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x LIMIT 9) SELECT n FROM x", "LIMIT or OFFSET in a recursive query"),
    ];
    warehouse.fails(Redshift, &redshift).await;
    let deep = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 50) SELECT max(n) FROM x";
    warehouse.gives(Redshift, &[(deep, "50")]).await;
    warehouse
        .gives(Athena, &[("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 11) SELECT max(n) FROM x", "11")])
        .await;
    warehouse.fails(Athena, &[(deep, "NOT_SUPPORTED: Recursion depth limit exceeded (10)")]).await;
    warehouse
        .fails(Athena, &[("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x) SELECT n FROM x", "Recursion depth limit")])
        .await;
}

#[tokio::test]
async fn errors_are_in_the_services_words() {
    let warehouse = Sql::new().await;
    warehouse.all(&[TABLE, ROWS]).await;
    let cases = [
        ("SELECT (SELECT b FROM t y WHERE y.a = x.a) FROM t x", "this type of correlated subquery pattern is not supported"),
        ("SELECT sum(a) OVER () FROM t WHERE sum(a) OVER () > 1", "window functions are not allowed here"),
        ("SELECT a FROM t WHERE sum(a) > 1", "aggregates not allowed in WHERE clause"),
        ("SELECT (SELECT a, b FROM t)", "subquery must return only one column"),
        ("SELECT (SELECT a FROM t)", "more than one row returned by a subquery used as an expression"),
        ("SELECT a FROM t ORDER BY 3", "ORDER BY position 3 is not in select list"),
        ("SELECT a FROM t UNION SELECT a, b FROM t", "each UNION query must have the same number of columns"),
        ("SELECT sum(sum(a)) FROM t", "aggregate function calls may not be nested"),
        ("SELECT lag(a, b) OVER (ORDER BY a) FROM t", "that is not a literal is not supported"),
        ("SELECT avg(d) FROM t", "ERROR: a number is needed, not date"),
        ("SELECT d + s FROM t", "Cannot coerce arithmetic expression date + character varying to valid types"),
        ("SELECT substring('abc' FROM 'b')", "function substring() does not exist for these argument types"),
        ("SELECT regexp_instr('a', 'b', 1, 1, 0, 'i', 0)", "function regexp_instr takes 2 to 6 arguments, 7 given"),
        ("SELECT a FROM t WHERE s LIKE ANY ('a')", "LIKE with ANY is not supported"),
        ("SELECT (SELECT ARRAY[1, 2, 3])[1]", "because it is not a SUPER"),
        ("SELECT FROM t", "syntax error at or near \"FROM\""),
    ];
    warehouse.fails(Redshift, &cases).await;
    assert_eq!(warehouse.refused("CREATE TABLE v (c int) INHERITS (t)").await, "ERROR: INHERITS is not supported");
    let cases = [
        ("SELECT 1 ORDER BY 2", "ORDER BY position 2 is not in select list"),
        ("SELECT a FROM (VALUES 1) t (a) UNION SELECT 1, 2", "UNION query has different number of fields"),
    ];
    warehouse.fails(Athena, &cases).await;
}

#[tokio::test]
async fn the_lake_lists_its_functions() {
    let warehouse = Sql::new().await;
    let done = warehouse.try_athena("SHOW FUNCTIONS").await.unwrap();
    assert_eq!(done.labels, ["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"]);
    assert!(done.rows.len() > 200);
    assert_eq!(warehouse.athena("SHOW FUNCTIONS LIKE 'array_jo%'").await.len(), 2);
    let nothing = [
        ("array_position(NULL, 1), slice(NULL, 1, 2), ngrams(NULL, 2), combinations(NULL, 2), reverse(NULL)", "∅|∅|∅|∅|∅"),
        ("array_position(ARRAY[1, 2], 2), slice(ARRAY[1, 2, 3], 2, 2)", "2|[2, 3]"),
    ];
    warehouse.gives(Athena, &nothing).await;
    warehouse
        .fails(Athena, &[("array_position(5, 1)", "takes an array, not bigint"), ("ngrams(ARRAY[1])", "takes 2 arguments, 1 given")])
        .await;
    for row in &done.rows {
        let columns: Vec<&str> = row.split('|').collect();
        let (name, arguments, kind) = (columns[0], columns[2], columns[3]);
        // What takes a function has its cases elsewhere.
        if arguments.contains("function(") {
            continue;
        }
        let commas = arguments.replace("(p, s)", "").replace("row(T, U)", "").replace("map(K, V)", "").replace("row(K, V)", "");
        let given = if arguments.is_empty() { 0 } else { commas.matches(',').count() + 1 };
        let over = if kind == "window" { " OVER ()" } else { "" };
        let call = format!("SELECT {name}({}){over}", vec!["NULL"; given].join(", "));
        let message = warehouse.try_athena(&call).await.err().map(|error| error.message).unwrap_or_default();
        assert!(
            !message.contains("not registered") && !message.contains(&format!("function {name} is not supported")),
            "{call}: {message}"
        );
    }
}
