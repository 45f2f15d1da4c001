//! MERGE in the warehouse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::sql::Sql;

async fn tables() -> Sql {
    let sql = Sql::new().await;
    sql.all(&[
        "CREATE TABLE target (id int, name varchar(10), n int DEFAULT 5)",
        "CREATE TABLE source (id int, name varchar(10), n int)",
        "INSERT INTO target VALUES (10, 'Bob', 1), (11, 'Alice', 2), (23, 'Bill', 3)",
        "INSERT INTO source VALUES (23, 'David', 30), (22, 'Clarence', 40)",
    ])
    .await;
    sql
}

const ROWS: &str = "SELECT id, name, n FROM target ORDER BY id, name";

#[tokio::test]
async fn rows_that_match_are_updated_and_others_inserted() {
    let sql = tables().await;
    let merge = "MERGE INTO target USING source s ON target.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.name, n = target.n + s.n
        WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, upper(s.name))";
    assert_eq!(sql.try_redshift(merge).await.unwrap().affected, Some(2));
    assert_eq!(sql.redshift(ROWS).await, ["10|Bob|1", "11|Alice|2", "22|CLARENCE|5", "23|David|33"]);
    let sql = sql.reopened().await;
    assert_eq!(sql.redshift(ROWS).await.len(), 4);
}

#[tokio::test]
async fn rows_that_match_are_deleted() {
    let sql = tables().await;
    sql.all(&["MERGE INTO target USING (SELECT id + 0 AS id FROM source WHERE n > 0) AS s ON target.id = s.id
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new', DEFAULT)"])
        .await;
    assert_eq!(sql.redshift(ROWS).await, ["10|Bob|1", "11|Alice|2", "22|new|5"]);
}

#[tokio::test]
async fn duplicates_are_removed() {
    let sql = tables().await;
    sql.all(&[
        "INSERT INTO target VALUES (23, 'Bill again', 3)",
        "MERGE INTO target USING source ON target.id = source.id REMOVE DUPLICATES",
    ])
    .await;
    assert_eq!(sql.redshift(ROWS).await, ["10|Bob|1", "11|Alice|2", "22|Clarence|40", "23|David|30"]);
}

#[tokio::test]
async fn a_row_that_matches_twice_is_an_error_and_nothing_is_changed() {
    let sql = tables().await;
    sql.all(&["INSERT INTO source VALUES (23, 'Twice', 1)"]).await;
    let before = (sql.redshift(ROWS).await, sql.files());
    for then in ["UPDATE SET name = source.name", "DELETE"] {
        let merge = format!(
            "MERGE INTO target USING source ON target.id = source.id WHEN MATCHED THEN {then}
             WHEN NOT MATCHED THEN INSERT VALUES (source.id, source.name, source.n)"
        );
        assert_eq!(sql.refused(&merge).await, "ERROR: Found multiple matches to update the same tuple.");
    }
    assert_eq!((sql.redshift(ROWS).await, sql.files()), before);
}

#[tokio::test]
async fn what_merge_does_not_take_is_said() {
    let sql = tables().await;
    for (merge, message) in [
        (
            "MERGE INTO target USING target ON target.id = target.id REMOVE DUPLICATES",
            "ERROR: Source table and target table of MERGE cannot be the same\n  Position: 25;",
        ),
        (
            "MERGE INTO target USING source ON target.id = source.id WHEN MATCHED THEN DELETE",
            "ERROR: MERGE needs a WHEN MATCHED and a WHEN NOT MATCHED clause",
        ),
        ("MERGE INTO target USING source ON target.id = source.id", "ERROR: syntax error at end of input\n  Position: 56;"),
        (
            "MERGE INTO nothing USING source ON nothing.id = source.id REMOVE DUPLICATES",
            "ERROR: relation \"nothing\" does not exist\n  Position: 12;",
        ),
        (
            "MERGE INTO target USING source ON target.id = source.key WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 'a', 2)",
            "ERROR: column \"source.key\" does not exist\n  Position: 47;",
        ),
        (
            "MERGE INTO target USING source ON target.id = source.id AND 1 = 1 WHEN MATCHED AND source.n > 1 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1, 'a', 2)",
            "ERROR: MERGE with WHEN … AND is not supported",
        ),
    ] {
        assert_eq!(sql.refused(merge).await, message, "{merge}");
    }
}
