//! The lake: external tables in every format, partitions, CTAS, INSERT and UNLOAD of Athena, and what Hive's statements show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use crate::common::sql::Sql;

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// A table of clicks by day, two days of which are known.
async fn clicks() -> Sql {
    let sql = Sql::new().await;
    for (day, rows) in [("2024-05-06", "1,a\n2,b\n"), ("2024-05-07", "3,c\n4,d\n5,e\n"), ("2024-05-08", "6,f\n")] {
        sql.put(&format!("clicks/day={day}/part.csv"), rows);
    }
    sql.athena(
        "CREATE EXTERNAL TABLE clicks (id int, what string COMMENT 'what it was') PARTITIONED BY (day date)
         ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/clicks/'",
    )
    .await;
    sql
}

#[tokio::test]
async fn partitions_are_found_added_and_dropped() {
    let sql = clicks().await;
    assert_eq!(sql.athena("SELECT count(*) FROM clicks").await, ["0"]);
    sql.athena("ALTER TABLE clicks ADD PARTITION (day = '2024-05-06')").await;
    assert_eq!(sql.athena("SELECT * FROM clicks ORDER BY id").await, ["1|a|2024-05-06", "2|b|2024-05-06"]);
    assert!(sql.athena_refused("ALTER TABLE clicks ADD PARTITION (day = '2024-05-06')").await.contains("AlreadyExistsException"));
    assert_eq!(
        sql.athena("MSCK REPAIR TABLE clicks").await,
        [
            "Partitions not in metastore:\tclicks:day=2024-05-07\tclicks:day=2024-05-08",
            "Repair: Added partition to metastore clicks:day=2024-05-07",
            "Repair: Added partition to metastore clicks:day=2024-05-08"
        ]
    );
    assert_eq!(sql.athena("SHOW PARTITIONS clicks").await, ["day=2024-05-06", "day=2024-05-07", "day=2024-05-08"]);
    sql.athena("ALTER TABLE clicks DROP PARTITION (day = '2024-05-07'), PARTITION (day = '2024-05-08')").await;
    assert!(sql.athena_refused("ALTER TABLE clicks DROP PARTITION (day = '2024-05-07')").await.contains("Partition not found"));
    sql.athena("ALTER TABLE clicks DROP IF EXISTS PARTITION (day = '2024-05-07')").await;
    let sql = sql.reopened().await;
    assert_eq!(sql.athena("SELECT count(*) FROM clicks").await, ["2"]);
    sql.put("elsewhere/x.csv", "9,z\n");
    sql.athena("ALTER TABLE clicks PARTITION (day = '2024-05-06') SET LOCATION 's3://lake/elsewhere/'").await;
    assert_eq!(sql.athena("SELECT * FROM clicks").await, ["9|z|2024-05-06"]);
    assert!(sql.athena_refused("ALTER TABLE clicks ADD PARTITION (id = 1)").await.contains("Non-Partition column"));
}

#[tokio::test]
async fn only_the_partitions_that_are_needed_are_read() {
    let sql = clicks().await;
    sql.athena("MSCK REPAIR TABLE clicks").await;
    for (condition, rows, bytes) in [
        ("true", "6", 24),
        ("day = DATE '2024-05-06'", "2", 8),
        ("day > DATE '2024-05-06' AND id < 6", "3", 16),
        ("day IN (DATE '2024-05-06', DATE '2024-05-08')", "3", 12),
        ("day = DATE '2020-01-01'", "0", 0),
        ("CAST(day AS varchar) LIKE '2024-05-0%' AND month(day) = 5 AND day <> DATE '2024-05-07'", "3", 12),
    ] {
        let done = sql.try_athena(&format!("SELECT count(*) FROM clicks WHERE {condition}")).await.unwrap();
        assert_eq!((done.rows.as_slice(), done.scanned), ([rows.to_owned()].as_slice(), bytes), "{condition}");
    }
    sql.all(&["CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE default"]).await;
    let done = sql.try_redshift("SELECT sum(id) FROM lake.clicks WHERE day = '2024-05-08'").await.unwrap();
    assert_eq!((done.rows, done.scanned), (vec!["6".to_owned()], 4));
    sql.all(&["ALTER TABLE lake.clicks DROP PARTITION (day = '2024-05-08')"]).await;
    assert_eq!(sql.redshift("SELECT count(*) FROM lake.clicks").await, ["5"]);
}

#[tokio::test]
async fn partitions_are_projected_from_properties() {
    let sql = Sql::new().await;
    for (place, rows) in [("eu/07/2024-05-06", "1\n"), ("us/08/2024-05-07", "2\n"), ("xx/08/2024-05-07", "3\n")] {
        sql.put(&format!("projected/{place}/a.csv"), rows);
    }
    sql.athena(
        "CREATE EXTERNAL TABLE projected (id int) PARTITIONED BY (region string, n int, day string, tenant string)
         ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/projected/'
         TBLPROPERTIES ('projection.enabled'='true', 'projection.region.type'='enum', 'projection.region.values'='eu,us',
           'projection.n.type'='integer', 'projection.n.range'='1,20', 'projection.n.digits'='2',
           'projection.day.type'='date', 'projection.day.range'='2024-05-01,2024-05-10', 'projection.day.format'='yyyy-MM-dd',
           'projection.tenant.type'='injected', 'storage.location.template'='s3://lake/projected/${region}/${n}/${day}')",
    )
    .await;
    let done = sql.try_athena("SELECT id, region, n, day, tenant FROM projected WHERE tenant = 't1' ORDER BY id").await.unwrap();
    assert_eq!(done.rows, ["1|eu|7|2024-05-06|t1", "2|us|8|2024-05-07|t1"]);
    let done = sql.try_athena("SELECT id FROM projected WHERE tenant = 't1' AND n = 8 AND region = 'us'").await.unwrap();
    assert_eq!((done.rows, done.scanned), (vec!["2".to_owned()], 2));
    let error = sql.athena_refused("SELECT id FROM projected").await;
    assert!(error.starts_with("CONSTRAINT_VIOLATION: For the injected projected partition column tenant"), "{error}");
}

#[tokio::test]
async fn json_is_read_with_its_nested_values() {
    let sql = Sql::new().await;
    sql.put(
        "json/a.json.gz",
        gzip("{\"Id\":1,\"tags\":[\"x\",\"y\"],\"place\":{\"city\":\"Bern\",\"zip\":3000}}\n\n{\"id\":\"2\",\"m\":{\"k\":5}}\n"),
    );
    sql.athena(
        "CREATE EXTERNAL TABLE docs (id int, tags array<string>, place struct<city:string,zip:int>, m map<string,int>)
         ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/json/'",
    )
    .await;
    assert_eq!(sql.athena("SELECT id, tags[2], place.city, m['k'] FROM docs WHERE id = 1").await, ["1|y|Bern|∅"]);
    assert_eq!(sql.athena("SELECT id, m['k'] FROM docs WHERE place IS NULL").await, ["2|5"]);
    sql.put("json/b.json", "not json\n");
    let error = sql.athena_refused("SELECT count(id) FROM docs").await;
    assert!(error.starts_with("HIVE_BAD_DATA: s3://lake/json/b.json, line 1: Row is not a valid JSON Object"), "{error}");
    sql.athena(
        "CREATE EXTERNAL TABLE lenient (number int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
         WITH SERDEPROPERTIES ('ignore.malformed.json'='true', 'mapping.number'='id') LOCATION 's3://lake/json/'",
    )
    .await;
    assert_eq!(sql.athena("SELECT number FROM lenient ORDER BY number").await, ["1", "2", "∅"]);
}

#[tokio::test]
async fn rows_tell_which_object_they_are_from_where_that_is_asked() {
    let sql = clicks().await;
    sql.athena("MSCK REPAIR TABLE clicks").await;
    let paths = sql.athena("SELECT DISTINCT \"$path\", \"$partition\" FROM clicks WHERE day = DATE '2024-05-06' ORDER BY 1").await;
    assert!(!paths.is_empty());
    for row in paths {
        assert!(row.starts_with("s3://lake/clicks/day=2024-05-06/") && row.ends_with("|day=2024-05-06"), "{row}");
    }
    let plain = sql.try_athena("SELECT * FROM clicks").await.unwrap().labels;
    let beside = sql.try_athena("SELECT *, \"$path\" AS path FROM clicks").await.unwrap().labels;
    assert_eq!(beside[..plain.len()], plain);
    assert_eq!(beside[plain.len()..], ["path"]);
    let qualified = sql.try_athena("SELECT c.*, c.\"$file_size\" > 0 FROM clicks c JOIN (VALUES 1) t (n) ON n = c.id").await.unwrap();
    assert_eq!(qualified.labels.len(), plain.len() + 1);
    assert!(qualified.rows.iter().all(|row| row.ends_with("|true")), "{:?}", qualified.rows);
    let error = sql.athena_refused("SELECT \"$path\" FROM (VALUES 1) t (n)").await;
    assert!(error.contains("'$path' cannot be resolved"), "{error}");
}

#[tokio::test]
async fn tables_are_made_of_queries_and_grow() {
    let sql = clicks().await;
    sql.athena("MSCK REPAIR TABLE clicks").await;
    let ctas = "CREATE TABLE summary WITH (format = 'PARQUET', external_location = 's3://lake/summary/', partitioned_by = ARRAY['day'],
        write_compression = 'SNAPPY') AS SELECT id, upper(what) AS what, day FROM clicks WHERE id < 4";
    assert_eq!(sql.try_athena(ctas).await.unwrap().affected, Some(3));
    assert_eq!(sql.athena("SHOW PARTITIONS summary").await, ["day=2024-05-06", "day=2024-05-07"]);
    assert_eq!(sql.athena("SELECT * FROM summary ORDER BY id").await, ["1|A|2024-05-06", "2|B|2024-05-06", "3|C|2024-05-07"]);
    let inserted = sql.try_athena("INSERT INTO summary SELECT id, what, day FROM clicks WHERE id > 4").await.unwrap();
    assert_eq!(inserted.affected, Some(2));
    sql.athena("INSERT INTO summary (day, id) VALUES (DATE '2024-05-08', 7)").await;
    assert_eq!(sql.athena("SELECT what FROM summary WHERE day = DATE '2024-05-08' ORDER BY id").await, ["f", "∅"]);
    let sql = sql.reopened().await;
    assert_eq!(sql.athena("SELECT count(*) FROM summary").await, ["6"]);
    for (statement, message) in [
        (ctas, "TABLE_ALREADY_EXISTS: line 1:14: Table 'awsdatacatalog.bankdm.summary' already exists"),
        (
            "CREATE TABLE other WITH (external_location = 's3://lake/summary/') AS SELECT 1 AS a",
            "HIVE_PATH_ALREADY_EXISTS: Target directory for table 'awsdatacatalog.bankdm.other' already exists: s3://lake/summary/",
        ),
        (
            "CREATE TABLE other WITH (external_location = 's3://lake/o/') AS SELECT 1",
            "MISSING_COLUMN_NAME: Column name not specified at position 1",
        ),
        (
            "CREATE TABLE other WITH (external_location = 's3://lake/o/', partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b",
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [a]",
        ),
        ("CREATE TABLE other WITH (format = 'ORC') AS SELECT 1 AS a", "NOT_SUPPORTED: format = 'ORC' is not supported"),
        (
            "INSERT INTO summary VALUES (1, 'x')",
            "TYPE_MISMATCH: line 1:13: Insert query has mismatched column types: Table has 3 columns, Query has 2",
        ),
        (
            "DELETE FROM summary WHERE id = 1",
            "NOT_SUPPORTED: line 1:13: Modifying Hive table rows is only supported for transactional tables",
        ),
        ("UPDATE summary SET id = 1", "NOT_SUPPORTED: line 1:8: Modifying Hive table rows is only supported for transactional tables"),
        (
            "MERGE INTO summary t USING clicks s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "NOT_SUPPORTED: line 1:12: Modifying Hive table rows is only supported for transactional tables",
        ),
    ] {
        assert_eq!(sql.athena_refused(statement).await, message, "{statement}");
    }
    assert!(sql.keys("o/").is_empty());
}

#[tokio::test]
async fn texts_and_json_are_written_and_read_back() {
    let sql = Sql::new().await;
    for (name, with) in [("texts", "format = 'TEXTFILE', field_delimiter = '|', write_compression = 'NONE'"), ("jsons", "format = 'JSON'")]
    {
        sql.athena(&format!(
            "CREATE TABLE {name} WITH ({with}, external_location = 's3://lake/{name}/') AS
             SELECT * FROM (VALUES (1, 'a', true, DATE '2024-05-06'), (2, NULL, false, NULL)) AS v (id, word, flag, day)"
        ))
        .await;
        sql.athena(&format!("INSERT INTO {name} VALUES (3, 'c', NULL, DATE '2024-01-02')")).await;
        assert_eq!(
            sql.athena(&format!("SELECT * FROM {name} ORDER BY id")).await,
            ["1|a|true|2024-05-06", "2|∅|false|∅", "3|c|∅|2024-01-02"],
            "{name}"
        );
    }
    let texts: Vec<String> = sql.keys("texts/").iter().map(|key| sql.text(key)).collect();
    assert!(texts.contains(&"1|a|true|2024-05-06\n2|\\N|false|\\N\n".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn results_are_unloaded() {
    let sql = clicks().await;
    sql.athena("MSCK REPAIR TABLE clicks").await;
    let unload = "UNLOAD (SELECT id, what, day FROM clicks) TO 's3://lake/out/' WITH (format = 'JSON', compression = 'none', partitioned_by = ARRAY['day'])";
    assert_eq!(sql.try_athena(unload).await.unwrap().affected, Some(6));
    let keys = sql.keys("out/day=2024-05-06/");
    assert_eq!(sql.text(&keys[0]), "{\"id\":1,\"what\":\"a\"}\n{\"id\":2,\"what\":\"b\"}\n");
    assert!(sql.athena_refused(unload).await.starts_with("HIVE_PATH_ALREADY_EXISTS: Target directory for UNLOAD already exists"));
}

#[tokio::test]
async fn definitions_change_and_are_shown() {
    let sql = clicks().await;
    sql.athena("ALTER TABLE clicks ADD COLUMNS (more double)").await;
    sql.athena("ALTER TABLE clicks SET TBLPROPERTIES ('owner'='me')").await;
    assert_eq!(sql.athena("SHOW TBLPROPERTIES clicks").await, ["owner|me"]);
    assert_eq!(
        sql.athena("DESCRIBE clicks").await,
        [
            "id|int|",
            "what|string|what it was",
            "more|double|",
            "day|date|",
            "||",
            "# Partition Information||",
            "# col_name|data_type|comment",
            "day|date|"
        ]
    );
    let shown = sql.athena("SHOW CREATE TABLE clicks").await.join("\n");
    assert!(shown.contains("  `more` double)\nPARTITIONED BY (\n  `day` date)\nROW FORMAT SERDE\n"), "{shown}");
    // What is shown makes the same table again.
    sql.athena("DROP TABLE clicks").await;
    sql.athena(&shown).await;
    assert_eq!(sql.athena("SHOW CREATE TABLE clicks").await.join("\n"), shown);
    let formatted = sql.athena("DESCRIBE FORMATTED clicks").await;
    assert!(formatted.contains(&"Location:|s3://lake/clicks/|".to_owned()), "{formatted:?}");
    sql.athena("ALTER TABLE clicks REPLACE COLUMNS (id bigint)").await;
    sql.athena("MSCK REPAIR TABLE clicks").await;
    assert_eq!(sql.athena("SELECT * FROM clicks WHERE id = 6").await, ["6|2024-05-08"]);
    sql.athena("ALTER TABLE clicks SET LOCATION 's3://lake/none/'").await;
    assert!(sql.athena("SHOW CREATE TABLE clicks").await.join("\n").contains("'s3://lake/none/'"));
}
