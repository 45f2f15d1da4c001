//! What types mean beyond their values: SUPER columns, blanks of CHAR, days in many forms, the zone and the user of a session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::local::engine::Dialect;

use crate::common::account;
use crate::common::sql::Sql;
use crate::common::warehouse::{NAME, serverless, text};

#[tokio::test]
async fn a_super_column_is_navigated_and_unnested_as_it_is() {
    let sql = Sql::new().await;
    sql.all(&[
        "CREATE TABLE orders (id int, doc super)",
        "INSERT INTO orders SELECT 1, json_parse('{\"who\":{\"name\":\"Ann\",\"age\":41},\"items\":[{\"sku\":\"a\",\"n\":2},{\"sku\":\"b\",\"n\":3}]}')",
        "INSERT INTO orders SELECT 2, json_parse('{\"who\":{\"name\":\"Bob\"},\"items\":[]}')",
        "INSERT INTO orders VALUES (3, NULL)",
    ])
    .await;
    for (query, expected) in [
        ("SELECT o.doc.who.name FROM orders o WHERE o.id = 1", "\"Ann\""),
        ("SELECT doc.who.name::varchar FROM orders WHERE id = 2", "Bob"),
        ("SELECT o.doc.items[1].sku::varchar FROM orders o WHERE o.id = 1", "b"),
        ("SELECT doc.items[0].n::int + 1 FROM orders WHERE id = 1", "3"),
        ("SELECT id FROM orders o WHERE o.doc.who.name = 'Bob'", "2"),
        ("SELECT id FROM orders o WHERE o.doc.who.age > 40", "1"),
        ("SELECT o.id, i.sku::varchar, i.n::int FROM orders o, o.doc.items AS i ORDER BY 2", "1|a|2;1|b|3"),
        ("SELECT sum(i.n::int) FROM orders o, o.doc.items i", "5"),
        ("SELECT id, get_array_length(doc.items) FROM orders ORDER BY id", "1|2;2|0;3|∅"),
        ("SELECT json_typeof(doc), is_object(doc) FROM orders WHERE id = 1", "object|true"),
        ("SELECT json_serialize(doc.who) FROM orders WHERE id = 2", "{\"name\":\"Bob\"}"),
        ("SELECT count(doc), count(*) FROM orders", "2|3"),
    ] {
        assert_eq!(sql.redshift(query).await.join(";"), expected, "{query}");
    }
    let done = sql.try_redshift("SELECT doc, doc.who FROM orders").await.unwrap();
    assert_eq!(done.named(), ["super", "super"]);
    sql.all(&[
        "CREATE TABLE copied AS SELECT id, doc.items AS items FROM orders",
        "UPDATE orders SET doc = json_parse('[7,8]') WHERE id = 3",
    ])
    .await;
    assert_eq!(sql.redshift("SELECT c.items[1].n FROM copied c WHERE c.id = 1").await, ["3"]);
    assert_eq!(sql.redshift("SELECT doc[1]::int FROM orders WHERE id = 3").await, ["8"]);
    // A view over it and a copy of it are SUPER as well.
    sql.all(&["CREATE VIEW docs AS SELECT id, doc FROM orders"]).await;
    assert_eq!(sql.redshift("SELECT d.doc.who.name::varchar FROM docs d WHERE d.id = 1").await, ["Ann"]);
}

#[tokio::test]
async fn blanks_at_the_end_mean_nothing_where_texts_are_compared() {
    let sql = Sql::new().await;
    sql.all(&["CREATE TABLE t (c char(5), v varchar(5))", "INSERT INTO t VALUES ('ab', 'ab'), ('cd ', 'cd ')"]).await;
    for (query, expected) in [
        ("SELECT c FROM t WHERE c = 'ab   '", "ab"),
        ("SELECT v FROM t WHERE v = 'ab   '", "ab"),
        ("SELECT length(v) FROM t WHERE v = 'cd'", "3"),
        ("SELECT count(*) FROM t WHERE v LIKE 'cd'", "0"),
        ("SELECT count(*) FROM t WHERE v IN ('ab ', 'cd')", "2"),
        ("SELECT count(*) FROM t WHERE v BETWEEN 'ab  ' AND 'cd'", "2"),
        ("SELECT CASE v WHEN 'cd' THEN 1 ELSE 0 END FROM t ORDER BY v", "0;1"),
        ("SELECT count(*) FROM t WHERE v IN (SELECT c FROM t)", "2"),
        ("SELECT count(*) FROM t WHERE v NOT IN (SELECT 'cd' UNION ALL SELECT 'x')", "1"),
        ("SELECT count(*) FROM t a JOIN t b ON a.v = b.c", "2"),
        ("SELECT count(*) FROM t a JOIN (SELECT 'cd' v) b USING (v)", "1"),
        ("SELECT v || '.' FROM t GROUP BY v HAVING v = 'cd'", "cd ."),
        ("SELECT c FROM t WHERE 'cd ' = c", "cd"),
        ("SELECT c FROM t WHERE c IN ('ab ', 'x')", "ab"),
        ("SELECT count(*) FROM t WHERE c BETWEEN 'ab  ' AND 'cd   '", "2"),
        ("SELECT count(*) FROM t a JOIN t b ON a.c = b.c", "2"),
        ("SELECT count(*) FROM t WHERE c <> 'ab  '", "1"),
    ] {
        assert_eq!(sql.redshift(query).await.join(";"), expected, "{query}");
    }
}

#[tokio::test]
async fn blanks_at_the_end_count_in_the_lake() {
    let lake = Sql::new().await;
    lake.gives(Dialect::Athena, &[("'a' = 'a ', 'a ' in ('a')", "false|false")]).await;
}

#[tokio::test]
async fn intervals_are_written_as_each_service_does() {
    let sql = Sql::new().await;
    let redshift = [
        ("(timestamp '2008-01-03 06:00' - timestamp '2008-01-01')::varchar", "2 days 6 hours 0 mins 0.0 secs"),
        ("(interval '2-11' year to month)::varchar", "2 years 11 mons"),
    ];
    sql.gives(Dialect::Redshift, &redshift).await;
    let athena = [
        ("cast(interval '1' day + interval '2' hour as varchar), cast(interval '3' month as varchar)", "1 02:00:00.000|0-3"),
        ("cast(date '2024-03-01' - date '2024-02-28' as varchar)", "2 00:00:00.000"),
    ];
    sql.gives(Dialect::Athena, &athena).await;
}

#[tokio::test]
async fn functions_that_only_the_service_has_are_refused_by_name() {
    let sql = Sql::new().await;
    sql.fails(Dialect::Redshift, &[("st_point(1, 2)", "function st_point is not supported"), ("nosuch(1)", "does not exist")]).await;
    let athena = [
        ("xxhash64(to_utf8('a'))", "function xxhash64 is not supported"),
        ("nosuch(1)", "not registered"),
        ("'a' || 1", "Unexpected parameters (varchar, "),
    ];
    sql.fails(Dialect::Athena, &athena).await;
}

#[tokio::test]
async fn days_are_read_in_the_forms_that_redshift_takes() {
    let sql = Sql::new().await;
    sql.all(&["CREATE TABLE t (d varchar(20))", "INSERT INTO t VALUES ('2002-3-01'), ('2002-12-5 10:00:00'), ('3/4/2002')"]).await;
    for (query, expected) in [
        ("SELECT CAST('2002-3-01' AS DATE), '2002-3-1'::date, DATE '2002-3-1'", "2002-03-01|2002-03-01|2002-03-01"),
        ("SELECT d::date FROM t ORDER BY 1", "2002-03-01;2002-03-04;2002-12-05"),
        ("SELECT count(*) FROM t WHERE d::date BETWEEN '2002-3-01' AND '2002-3-9'", "2"),
        ("SELECT count(*) FROM t WHERE d::date IN ('2002-12-5', '3/4/2002')", "2"),
        ("SELECT '2001-01-01' + interval '1 day'", "2001-01-02T00:00:00"),
        ("SELECT '2001-1-31 10:00:00' - interval '1 month'", "2000-12-31T10:00:00"),
        ("SELECT '2002-3-1 10:20'::timestamp", "2002-03-01T10:20:00"),
        ("SELECT '2002-03-01 10:20:30'::timestamp::date", "2002-03-01"),
    ] {
        assert_eq!(sql.redshift(query).await.join(";"), expected, "{query}");
    }
    assert!(sql.refused("SELECT d::date FROM (SELECT 'x' || d AS d FROM t)").await.contains("invalid input syntax for type date"));
}

#[tokio::test]
async fn the_user_is_the_one_who_logged_in() {
    let sql = Sql::new().await;
    let mut session = sql.session();
    session.user = "analyst".to_owned();
    let done = sql.within(&mut session, "SELECT current_user, user, session_user, current_user_id").await.unwrap();
    assert_eq!(done.rows, ["analyst|analyst|analyst|100"]);
    for (query, expected) in [
        ("SELECT current_setting('timezone')", "UTC"),
        ("SELECT to_number('12,454.8-', '99G999D9S')", "-12454.8"),
        ("SELECT to_number('$ 2,012,454.88', 'L9,999,999.99') + 1", "2012455.88"),
    ] {
        assert_eq!(sql.redshift(query).await, [expected], "{query}");
    }
    let detail = "SELECT step_name, output_rows, is_active FROM sys_query_detail ORDER BY query_id LIMIT 1";
    assert_eq!(sql.within(&mut session, detail).await.unwrap().rows, ["return|1|false"]);
}

#[tokio::test]
async fn a_product_of_three_is_read_through() {
    let sql = Sql::new().await;
    sql.all(&[
        "CREATE TABLE t AS SELECT n, 'a text of some length that takes memory ' || n::varchar AS s FROM generate_series(1, 2000) AS n",
    ])
    .await;
    // Two thousand by two thousand rows of texts would not fit in the memory of a statement.
    let query = "WITH c AS (SELECT * FROM t) SELECT count(*), max(len(x.s || y.s)) FROM c x, c y, (SELECT * FROM c WHERE n < 3) z";
    assert_eq!(sql.redshift(query).await, ["8000000|88"]);
    let query = "WITH c AS (SELECT * FROM t WHERE n <= 300) SELECT count(*) FROM c x, c y, c z";
    assert_eq!(sql.redshift(query).await, ["27000000"]);
}

#[tokio::test]
async fn a_session_shows_moments_in_its_zone() {
    let account = account().await;
    let data = serverless(&account).await;
    let sqls = [
        "SET timezone TO 'Europe/Berlin'",
        "SELECT '2024-07-01 12:00:00+00'::timestamptz, '2024-07-01 12:00:00'::timestamptz, '2024-01-01 23:30:00+00'::timestamptz::date, \
         extract(hour FROM '2024-07-01 12:00:00+00'::timestamptz), date_trunc('day', '2024-07-01 23:30:00+00'::timestamptz), \
         '2024-07-01 12:00:00+00'::timestamptz::timestamp",
    ];
    let first =
        data.execute_statement().workgroup_name(NAME).database(NAME).session_keep_alive_seconds(60).sql(sqls[0]).send().await.unwrap();
    data.describe_statement().id(first.id().unwrap()).wait_time_seconds(30).send().await.unwrap();
    let second = data.execute_statement().session_id(first.session_id().unwrap()).sql(sqls[1]).send().await.unwrap();
    let ended = data.describe_statement().id(second.id().unwrap()).wait_time_seconds(30).send().await.unwrap();
    assert_eq!(ended.error(), None);
    let page = data.get_statement_result().id(second.id().unwrap()).send().await.unwrap();
    let row: Vec<String> = page.records()[0].iter().map(text).collect();
    assert_eq!(
        row,
        ["2024-07-01 14:00:00+02", "2024-07-01 12:00:00+02", "2024-01-02", "14", "2024-07-02 00:00:00+02", "2024-07-01 14:00:00"]
    );
    account.close().await;
    let sql = Sql::new().await;
    assert!(sql.refused("SET timezone TO 'Nowhere/City'").await.contains("invalid value for parameter \"TimeZone\""));
}

/// Found by trying what people write: each of these failed.
#[tokio::test]
async fn times_without_seconds_and_rows_of_mixed_kinds_are_taken() {
    let fixture = Sql::new().await;
    fixture
        .all(&[
            "CREATE SCHEMA dm",
            "CREATE TABLE dm.e (id int, b boolean, s super, d date, ts timestamp, tz timestamptz)",
            "INSERT INTO dm.e VALUES (1, true, json_parse('{\"k\":[1,2]}'), '2024-02-29', '2024-01-02 05:00', '2024-02-29 10:00:00+02'), \
             (2, 'f', NULL, current_date, getdate(), NULL), (3, NULL, 7, NULL, '1/2/2024 05:00', '2024-01-01')",
            "CREATE TABLE dm.texts AS SELECT '2024-01-02 05:00'::varchar(20) AS t UNION ALL SELECT 'Jan 2, 2024 06:30'",
        ])
        .await;
    assert_eq!(fixture.redshift("SELECT id, b, s FROM dm.e ORDER BY id").await, ["1|true|{\"k\":[1,2]}", "2|false|∅", "3|∅|7"]);
    assert_eq!(fixture.redshift("SELECT id FROM dm.e WHERE ts = '2024-01-02 05:00' ORDER BY id").await, ["1", "3"]);
    assert_eq!(
        fixture.redshift("SELECT timestamp '2024-07-01 12:00', datediff(hour, '2024-01-01', '2024-01-02 05:00')").await,
        ["2024-07-01T12:00:00|29"]
    );
    assert_eq!(fixture.redshift("SELECT t::timestamp FROM dm.texts ORDER BY 1").await, ["2024-01-02T05:00:00", "2024-01-02T06:30:00"]);
    let later = "SELECT count(*) FROM dm.texts x JOIN dm.e y ON y.ts >= x.t WHERE y.id = 1";
    assert_eq!(fixture.redshift(later).await, ["1"]);
    let error = fixture.failed("SELECT '2024-01-02 25:00'::timestamp").await;
    assert!(error.message.contains("invalid input syntax for type timestamp"), "{error}");
}
