//! COPY and UNLOAD: formats, compressions, options, refused rows, partitions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};

use crate::common::sql::Sql;

const ROLE: &str = "IAM_ROLE 'arn:aws:iam::000000000000:role/x'";

async fn table(columns: &str) -> Sql {
    let sql = Sql::new().await;
    sql.all(&[&format!("CREATE TABLE t ({columns})")]).await;
    sql
}

async fn copy(sql: &Sql, rest: &str) {
    sql.all(&[&format!("COPY t FROM 's3://lake/in/' {ROLE} {rest}")]).await;
}

#[tokio::test]
async fn text_has_escapes_nulls_and_blanks() {
    let sql = table("id int, name varchar(10), note varchar(10)").await;
    sql.put("in/a", "1|a\\|b|\n2|\\N|x\n3|  |'q'\n");
    copy(&sql, "ESCAPE EMPTYASNULL BLANKSASNULL").await;
    assert_eq!(sql.redshift("SELECT * FROM t ORDER BY id").await, ["1|a|b|∅", "2|∅|x", "3|∅|'q'"]);
    sql.all(&["TRUNCATE t"]).await;
    sql.put("in/a", "1;\"a;b\";none\n2;c\n");
    copy(&sql, "DELIMITER ';' REMOVEQUOTES NULL AS 'none' FILLRECORD").await;
    assert_eq!(sql.redshift("SELECT * FROM t ORDER BY id").await, ["1|a;b|∅", "2|c|∅"]);
}

#[tokio::test]
async fn dates_and_times_are_read_as_the_statement_says() {
    let sql = table("d date, t timestamp, z timestamptz").await;
    sql.put("in/a.csv", "06.05.2024,05/06/2024 03:04:05 PM,2024-05-06 17:00:00+02\n");
    copy(&sql, "CSV DATEFORMAT 'DD.MM.YYYY' TIMEFORMAT 'auto'").await;
    assert_eq!(sql.redshift("SELECT * FROM t").await, ["2024-05-06|2024-05-06T15:04:05|2024-05-06T15:00:00Z"]);
    sql.put("in/a.csv", "nonsense,1714000000,1714000000\n");
    assert!(sql.refused(&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV TIMEFORMAT 'epochsecs'")).await.contains("Invalid Date Format"));
    copy(&sql, "CSV TIMEFORMAT 'epochsecs' ACCEPTANYDATE").await;
    assert_eq!(sql.redshift("SELECT t FROM t WHERE d IS NULL").await, ["2024-04-24T23:06:40"]);
    assert_eq!(
        sql.refused(&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV DATEFORMAT 'QQQ'")).await,
        "ERROR: COPY with DATEFORMAT 'QQQ' is not supported"
    );
}

#[tokio::test]
async fn json_by_names_by_paths_and_whole() {
    let sql = table("id int, name varchar(20), flag boolean").await;
    sql.put("in/a.json", "{\"id\": 1, \"name\": \"x\", \"flag\": true, \"other\": []}\n{\"ID\": 2, \"name\": null}");
    copy(&sql, "FORMAT AS JSON 'auto'").await;
    assert_eq!(sql.redshift("SELECT * FROM t ORDER BY name").await, ["1|x|true", "∅|∅|∅"]);
    sql.all(&["TRUNCATE t"]).await;
    copy(&sql, "JSON 'auto ignorecase'").await;
    assert_eq!(sql.redshift("SELECT id FROM t ORDER BY id").await, ["1", "2"]);
    sql.all(&["TRUNCATE t"]).await;
    sql.put("in/a.json", "{\"a\": {\"b\": [7, 8]}, \"n\": \"y\"}");
    sql.put("paths.json", "{\"jsonpaths\": [\"$.a.b[1]\", \"$['n']\", \"$.none\"]}");
    copy(&sql, "JSON 's3://lake/paths.json'").await;
    assert_eq!(sql.redshift("SELECT * FROM t").await, ["8|y|∅"]);
    sql.put("paths.json", "{\"jsonpaths\": [\"$.a\"]}");
    let error = sql.refused(&format!("COPY t FROM 's3://lake/in/' {ROLE} JSON 's3://lake/paths.json'")).await;
    assert!(error.starts_with("ERROR: Number of jsonpaths and the number of columns should match."), "{error}");
    sql.all(&["CREATE TABLE s (doc super)", &format!("COPY s FROM 's3://lake/in/' {ROLE} JSON 'noshred'")]).await;
    assert_eq!(sql.redshift("SELECT doc FROM s").await, ["{\"a\":{\"b\":[7,8]},\"n\":\"y\"}"]);
}

#[tokio::test]
async fn refused_rows_are_told_and_kept_for_the_system_views() {
    let sql = table("id int NOT NULL, name varchar(3)").await;
    sql.put("in/a.csv", "id,name\n1,abc\nx,abc\n3,abcd\n,y\n5\n6,ok,more\n");
    let error = sql.refused(&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV IGNOREHEADER 1 MAXERROR 4")).await;
    assert!(error.starts_with("ERROR: Load into table 't' failed."), "{error}");
    assert!(error.contains("s3://lake/in/a.csv, line 7, column , value '': Extra column(s) found"), "{error}");
    assert_eq!(sql.redshift("SELECT count(*) FROM t").await, ["0"]);
    let copied = sql.try_redshift(&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV IGNOREHEADER 1 MAXERROR 5")).await.unwrap();
    assert_eq!(copied.affected, Some(1));
    let sql = sql.reopened().await;
    let errors = "SELECT line_number, trim(colname), trim(raw_field_value), err_code, trim(err_reason) FROM stl_load_errors
        WHERE query = (SELECT max(query) FROM stl_load_errors) ORDER BY line_number";
    assert_eq!(
        sql.redshift(errors).await,
        [
            "3|id|x|1207|Invalid digit, Value 'x', Pos 0, Type: Integer",
            "4|name|abcd|1204|String length exceeds DDL length",
            "5|id||1213|Missing data for not-null field",
            "6|name||1214|Delimiter not found",
            "7|||1202|Extra column(s) found"
        ]
    );
    assert_eq!(sql.redshift("SELECT count(*) FROM sys_load_error_detail").await, ["10"]);
    assert_eq!(
        sql.redshift("SELECT status, loaded_rows, error_count FROM sys_load_history ORDER BY query_id").await,
        ["aborted|0|5", "completed|1|5"]
    );
    sql.all(&[&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV IGNOREHEADER 1 TRUNCATECOLUMNS IGNOREALLERRORS")]).await;
    assert_eq!(sql.redshift("SELECT name FROM t WHERE id = 3").await, ["abc"]);
}

#[tokio::test]
async fn every_compression_is_read_and_written() {
    let sql = table("id int, name varchar(10)").await;
    sql.all(&["INSERT INTO t VALUES (1, 'a'), (2, 'b,c'), (3, NULL)"]).await;
    for (option, suffix) in [("", ""), ("GZIP", ".gz"), ("BZIP2", ".bz2"), ("ZSTD", ".zst")] {
        let to = format!("out{}/", option.to_lowercase());
        sql.all(&[
            &format!("UNLOAD ('SELECT * FROM t') TO 's3://lake/{to}' {ROLE} CSV HEADER PARALLEL OFF {option}"),
            "CREATE TABLE again (LIKE t)",
            &format!("COPY again FROM 's3://lake/{to}' {ROLE} CSV IGNOREHEADER 1 EMPTYASNULL {option}"),
        ])
        .await;
        assert_eq!(sql.keys(&to), [format!("{to}000{suffix}")]);
        assert_eq!(sql.redshift("SELECT count(*), count(name) FROM again").await, ["3|2"], "{option}");
        assert_eq!(sql.redshift("SELECT * FROM t MINUS SELECT * FROM again").await, Vec::<String>::new());
        sql.all(&["DROP TABLE again"]).await;
    }
    let mut text = String::new();
    let (body, _) = sql.objects.get("lake", "outzstd/000.zst").unwrap();
    zstd::stream::read::Decoder::new(body.as_ref()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "id,name\n1,a\n2,\"b,c\"\n3,\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"x").unwrap();
    sql.put("in/bad.zst", packed.finish().unwrap());
    let error = sql.refused(&format!("COPY t FROM 's3://lake/in/' {ROLE} CSV ZSTD")).await;
    assert!(error.starts_with("ERROR: s3://lake/in/bad.zst cannot be unpacked as ZSTD"), "{error}");
    let error = sql.refused(&format!("UNLOAD ('SELECT 1') TO 's3://lake/p/' {ROLE} PARQUET GZIP")).await;
    assert!(error.starts_with("ERROR: GZIP, BZIP2 and ZSTD cannot be used with PARQUET"), "{error}");
}

#[tokio::test]
async fn unloads_are_partitioned_and_named_by_a_manifest() {
    let sql = table("id int, day date, kind varchar(5)").await;
    sql.all(&["INSERT INTO t VALUES (1, '2024-05-06', 'a/b'), (2, '2024-05-06', NULL), (3, '2024-05-07', 'a/b')"]).await;
    sql.all(&[&format!(
        "UNLOAD ('SELECT * FROM t ORDER BY id') TO 's3://lake/out/' {ROLE} PARQUET PARTITION BY (day, kind) MANIFEST VERBOSE PARALLEL OFF"
    )])
    .await;
    assert_eq!(
        sql.keys("out/"),
        [
            "out/day=2024-05-06/kind=__HIVE_DEFAULT_PARTITION__/000.parquet",
            "out/day=2024-05-06/kind=a%2Fb/000.parquet",
            "out/day=2024-05-07/kind=a%2Fb/000.parquet",
            "out/manifest"
        ]
    );
    let manifest: serde_json::Value = serde_json::from_str(&sql.text("out/manifest")).unwrap();
    assert_eq!(manifest["meta"]["record_count"], 3);
    sql.all(&["CREATE TABLE ids (id int)", &format!("COPY ids FROM 's3://lake/out/manifest' {ROLE} PARQUET MANIFEST")]).await;
    assert_eq!(sql.redshift("SELECT sum(id), count(*) FROM ids").await, ["6|3"]);
    sql.all(&[&format!("UNLOAD ('SELECT * FROM t') TO 's3://lake/all/' {ROLE} CSV PARTITION BY (kind) INCLUDE PARALLEL OFF")]).await;
    assert!(sql.text("all/kind=a%2Fb/000").contains("1,2024-05-06,a/b\n"));
    let error = sql.refused(&format!("UNLOAD ('SELECT id FROM t') TO 's3://lake/x/' {ROLE} PARQUET PARTITION BY (nothing)")).await;
    assert_eq!(error, "ERROR: Partition column \"nothing\" is not in the columns of the query");
    sql.put("m", "{\"entries\": [{\"url\": \"s3://lake/none\", \"mandatory\": true}]}");
    assert!(sql.refused(&format!("COPY ids FROM 's3://lake/m' {ROLE} MANIFEST")).await.contains("NoSuchKey"));
}

#[tokio::test]
async fn fixed_widths_other_encodings_and_identities() {
    let sql = table("id bigint IDENTITY(5, 1), name varchar(10), n decimal(5,1)").await;
    sql.put("in/a", "Ann   12.67\nBob   3\n");
    copy(&sql, "FIXEDWIDTH 'name:6,n:5'").await;
    assert_eq!(sql.redshift("SELECT * FROM t ORDER BY id").await, ["5|Ann|12.6", "6|Bob|3.0"]);
    let utf16: Vec<u8> = "70|é|1.25\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    sql.put("in/a", utf16);
    copy(&sql, "EXPLICIT_IDS ENCODING 'UTF16LE' ROUNDEC").await;
    assert_eq!(sql.redshift("SELECT * FROM t WHERE id = 70").await, ["70|é|1.3"]);
    let error = sql.refused(&format!("COPY t (id, name) FROM 's3://lake/in/' {ROLE}")).await;
    assert!(error.starts_with("ERROR: cannot set an identity column to a value"), "{error}");
    sql.all(&[&format!("UNLOAD ('SELECT name, n FROM t ORDER BY id') TO 's3://lake/out/' {ROLE} FIXEDWIDTH 'name:4,n:6' PARALLEL OFF")])
        .await;
    assert_eq!(sql.text("out/000"), "Ann 12.6  \nBob 3.0   \né   1.3   \n");
}

#[tokio::test]
async fn a_load_is_rolled_back_with_its_transaction() {
    let sql = table("id int").await;
    sql.put("in/a.csv", "1\n2\n");
    let mut session = sql.session();
    sql.all_within(&mut session, &["BEGIN", &format!("COPY t FROM 's3://lake/in/' {ROLE} CSV")]).await;
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM t").await.unwrap().rows, ["2"]);
    sql.all_within(&mut session, &["ROLLBACK"]).await;
    assert_eq!((sql.redshift("SELECT count(*) FROM t").await, sql.files()), (vec!["0".to_owned()], 0));
}
