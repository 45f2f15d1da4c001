//! Definitions that change: ALTER TABLE, materialized views, comments, identity columns, and what a session keeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::sql::Sql;

const CUSTOMERS: [&str; 3] = [
    "CREATE SCHEMA dm",
    "CREATE TABLE dm.data (id int NOT NULL, job varchar(12), rate decimal(7,3)) DISTKEY(id) SORTKEY(rate)",
    "INSERT INTO dm.data VALUES (1, 'admin.', 1.1), (2, 'retired', -0.125), (3, NULL, 5228.1)",
];

async fn customers() -> Sql {
    let sql = Sql::new().await;
    sql.all(&CUSTOMERS).await;
    sql
}

#[tokio::test]
async fn columns_come_and_go_with_their_rows() {
    let sql = customers().await;
    sql.all(&[
        "ALTER TABLE dm.data ADD COLUMN y varchar(3) DEFAULT 'no' NOT NULL",
        "ALTER TABLE dm.data ADD note varchar(20)",
        "INSERT INTO dm.data (id, note) VALUES (4, 'new')",
    ])
    .await;
    assert_eq!(
        sql.redshift("SELECT * FROM dm.data ORDER BY id").await,
        ["1|admin.|1.100|no|∅", "2|retired|-0.125|no|∅", "3|∅|5228.100|no|∅", "4|∅|∅|no|new"]
    );
    sql.all(&["ALTER TABLE dm.data DROP COLUMN job", "ALTER TABLE dm.data RENAME COLUMN y TO answer"]).await;
    assert_eq!(sql.redshift("SELECT * FROM dm.data WHERE answer = 'no' AND id > 2 ORDER BY 1").await, ["3|5228.100|no|∅", "4|∅|no|new"]);
    // What is not used any more is gone from the disk, and all of it is there after a restart.
    let sql = sql.reopened().await;
    assert_eq!(sql.redshift("SELECT count(*), count(note) FROM dm.data").await, ["4|1"]);
    assert_eq!(sql.files(), 1);
}

#[tokio::test]
async fn what_cannot_be_altered_says_why_and_changes_nothing() {
    let sql = customers().await;
    for (statement, message) in [
        ("ALTER TABLE dm.data ADD COLUMN job int", "ERROR: column \"job\" of relation \"data\" already exists\n  Position: 32;"),
        (
            "ALTER TABLE dm.data ADD COLUMN n int NOT NULL",
            "ERROR: ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression\n  Position: 32;",
        ),
        ("ALTER TABLE dm.data DROP COLUMN nothing", "ERROR: column \"nothing\" of relation \"data\" does not exist\n  Position: 33;"),
        ("ALTER TABLE dm.data DROP COLUMN id", "ERROR: cannot drop distkey column \"id\"\n  Position: 33;"),
        ("ALTER TABLE dm.data DROP COLUMN rate", "ERROR: cannot drop sortkey column \"rate\"\n  Position: 33;"),
        ("ALTER TABLE dm.data RENAME COLUMN id TO job", "ERROR: column \"job\" of relation \"data\" already exists\n  Position: 41;"),
        (
            "ALTER TABLE dm.data ALTER COLUMN id TYPE bigint",
            "ERROR: cannot alter column \"id\" of relation \"data\", only the length of a character varying column can be changed\n  Position: 34;",
        ),
        (
            "ALTER TABLE dm.data ALTER COLUMN job TYPE varchar(5)",
            "ERROR: cannot alter column \"job\" of relation \"data\", it holds values that are longer than 5 bytes\n  Position: 34;",
        ),
        ("ALTER TABLE dm.data OWNER TO nobody", "ERROR: user \"nobody\" does not exist"),
        ("ALTER TABLE dm.nothing RENAME TO x", "ERROR: relation \"dm.nothing\" does not exist\n  Position: 13;"),
        ("ALTER TABLE dm.data APPEND FROM x", "ERROR: ALTER TABLE APPEND is not supported"),
    ] {
        assert_eq!(sql.refused(statement).await, message, "{statement}");
    }
    assert_eq!(sql.redshift("SELECT id, job, rate FROM dm.data WHERE id = 1").await, ["1|admin.|1.100"]);
    assert_eq!(sql.files(), 1);
}

#[tokio::test]
async fn a_longer_varchar_takes_longer_texts() {
    let sql = customers().await;
    assert!(sql.refused("INSERT INTO dm.data VALUES (4, 'self-employed', 0)").await.starts_with("ERROR: Value too long"));
    sql.all(&["ALTER TABLE dm.data ALTER COLUMN job TYPE varchar(40)", "INSERT INTO dm.data VALUES (4, 'self-employed', 0)"]).await;
    assert_eq!(sql.redshift("SELECT job FROM dm.data WHERE id = 4").await, ["self-employed"]);
    let mut session = sql.session();
    sql.all_within(&mut session, &["BEGIN"]).await;
    let error = sql.within(&mut session, "ALTER TABLE dm.data ALTER COLUMN job TYPE varchar(50)").await.unwrap_err();
    assert_eq!(error.message, "ERROR: ALTER TABLE ALTER COLUMN cannot run inside a transaction block");
}

#[tokio::test]
async fn views_follow_a_table_that_is_renamed_and_keep_their_columns() {
    let sql = customers().await;
    sql.all(&[
        "CREATE VIEW dm.jobs AS SELECT data.job, count(*) AS n FROM dm.data GROUP BY data.job",
        "CREATE VIEW dm.everything AS SELECT * FROM dm.data",
        "ALTER TABLE dm.data RENAME TO customers",
        "ALTER TABLE dm.customers ADD COLUMN more int DEFAULT 7",
    ])
    .await;
    assert_eq!(sql.redshift("SELECT n FROM dm.jobs WHERE job = 'admin.'").await, ["1"]);
    assert_eq!(sql.redshift("SELECT * FROM dm.everything WHERE id = 1").await, ["1|admin.|1.100"]);
    assert!(sql.refused("SELECT * FROM dm.data").await.starts_with("ERROR: relation \"dm.data\" does not exist"));
    let error = sql.refused("ALTER TABLE dm.customers DROP COLUMN job").await;
    assert!(error.starts_with("ERROR: cannot drop table customers column job because other objects depend on it"), "{error}");
    assert!(sql.refused("ALTER TABLE dm.customers RENAME COLUMN job TO work").await.contains("depends on it"));
    sql.all(&["ALTER SCHEMA dm RENAME TO mining"]).await;
    assert_eq!(sql.redshift("SELECT n FROM mining.jobs WHERE job = 'admin.'").await, ["1"]);
    sql.all(&["ALTER TABLE mining.customers DROP COLUMN job CASCADE"]).await;
    assert!(sql.refused("SELECT * FROM mining.jobs").await.contains("does not exist"));
    assert_eq!(sql.redshift("SELECT * FROM mining.customers WHERE id = 1").await, ["1|1.100|7"]);
}

#[tokio::test]
async fn an_alteration_is_rolled_back_with_its_transaction() {
    let sql = customers().await;
    let mut session = sql.session();
    sql.all_within(
        &mut session,
        &["BEGIN", "ALTER TABLE dm.data ADD COLUMN n int DEFAULT 1", "UPDATE dm.data SET n = id", "ALTER TABLE dm.data RENAME TO other"],
    )
    .await;
    assert_eq!(sql.within(&mut session, "SELECT sum(n) FROM dm.other").await.unwrap().rows, ["6"]);
    assert_eq!(sql.redshift("SELECT count(*) FROM dm.data").await, ["3"]);
    sql.all_within(&mut session, &["ROLLBACK"]).await;
    assert_eq!(sql.redshift("SELECT * FROM dm.data WHERE id = 1").await, ["1|admin.|1.100"]);
    assert_eq!(sql.files(), 1);
}

#[tokio::test]
async fn a_failed_statement_aborts_its_transaction() {
    let sql = customers().await;
    let mut session = sql.session();
    sql.all_within(&mut session, &["START TRANSACTION", "DELETE FROM dm.data"]).await;
    assert!(sql.within(&mut session, "SELECT * FROM nothing").await.is_err());
    for statement in ["SELECT 1", "INSERT INTO dm.data VALUES (1, 'x', 0)", "SHOW search_path"] {
        let error = sql.within(&mut session, statement).await.unwrap_err();
        assert_eq!(error.message, "ERROR: current transaction is aborted, commands ignored until end of transaction block");
    }
    sql.all_within(&mut session, &["END"]).await;
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM dm.data").await.unwrap().rows, ["3"]);
    let error = sql.refused("SAVEPOINT a").await;
    assert_eq!(error, "ERROR: SAVEPOINT is not supported");
}

#[tokio::test]
async fn materialized_views_are_what_they_were_until_they_are_refreshed() {
    let sql = customers().await;
    sql.all(&["CREATE MATERIALIZED VIEW dm.sums AUTO REFRESH NO AS SELECT count(*) AS n, sum(rate) AS total FROM dm.data"]).await;
    sql.all(&["INSERT INTO dm.data VALUES (9, 'x', 1)"]).await;
    assert_eq!(sql.redshift("SELECT * FROM dm.sums").await, ["3|5229.075"]);
    sql.all(&["CREATE MATERIALIZED VIEW dm.above AS SELECT n + 1 AS m FROM dm.sums", "REFRESH MATERIALIZED VIEW dm.above CASCADE"]).await;
    assert_eq!(sql.redshift("SELECT n, m FROM dm.sums, dm.above").await, ["4|5"]);
    // A table that grows does not make its views grow.
    sql.all(&[
        "CREATE MATERIALIZED VIEW dm.copy AS SELECT * FROM dm.data",
        "ALTER TABLE dm.data ADD COLUMN more int DEFAULT 1",
        "REFRESH MATERIALIZED VIEW dm.copy",
    ])
    .await;
    assert_eq!(sql.redshift("SELECT * FROM dm.copy WHERE id = 9").await, ["9|x|1.000"]);
    let error = sql.refused("INSERT INTO dm.sums VALUES (1, 2)").await;
    assert!(error.starts_with("ERROR: \"sums\" is a materialized view and cannot be changed"), "{error}");
    assert!(sql.refused("DROP TABLE dm.sums").await.contains("Use DROP MATERIALIZED VIEW."));
    assert!(sql.refused("DROP MATERIALIZED VIEW dm.sums").await.contains("other objects depend on it"));
    assert!(sql.refused("DROP TABLE dm.data").await.contains("other objects depend on it"));
    sql.all(&["DROP MATERIALIZED VIEW dm.sums CASCADE"]).await;
    assert_eq!(
        sql.refused("REFRESH MATERIALIZED VIEW dm.sums").await,
        "ERROR: materialized view \"dm.sums\" does not exist\n  Position: 27;"
    );
}

#[tokio::test]
async fn identity_columns_number_their_rows() {
    let sql = Sql::new().await;
    sql.all(&[
        "CREATE TABLE t (id bigint IDENTITY(10, 5), free int GENERATED BY DEFAULT AS IDENTITY(1, 1), name varchar(5) DEFAULT 'x')",
        "INSERT INTO t (name) VALUES ('a'), (DEFAULT)",
        "INSERT INTO t VALUES (DEFAULT, 70, 'c')",
        "INSERT INTO t DEFAULT VALUES",
    ])
    .await;
    assert_eq!(sql.redshift("SELECT * FROM t ORDER BY id").await, ["10|1|a", "15|2|x", "20|70|c", "25|4|x"]);
    assert!(sql.refused("INSERT INTO t (id, name) VALUES (1, 'x')").await.starts_with("ERROR: cannot set an identity column to a value"));
    assert!(sql.refused("INSERT INTO t SELECT 1, 2, 'x'").await.starts_with("ERROR: cannot set an identity column to a value"));
    sql.all(&["UPDATE t SET name = 'z' WHERE id = 10"]).await;
    assert_eq!(sql.redshift("SELECT count(*) FROM t WHERE name = 'z'").await, ["1"]);
}

#[tokio::test]
async fn statements_are_prepared_in_a_session_and_take_values() {
    let sql = customers().await;
    let mut session = sql.session();
    sql.all_within(
        &mut session,
        &[
            "PREPARE find (int) AS SELECT job FROM dm.data WHERE id = $1",
            "PREPARE put AS INSERT INTO dm.data VALUES ($1, $2, $3)",
            "EXECUTE put (4, 'it''s', 1 + 1)",
        ],
    )
    .await;
    assert_eq!(sql.within(&mut session, "EXECUTE find (4)").await.unwrap().rows, ["it's"]);
    let error = sql.within(&mut session, "EXECUTE find").await.unwrap_err().message;
    assert!(error.starts_with("ERROR: wrong number of parameters for prepared statement \"find\""), "{error}");
    sql.all_within(&mut session, &["DEALLOCATE find"]).await;
    let error = sql.within(&mut session, "EXECUTE find (4)").await.unwrap_err().message;
    assert_eq!(error, "ERROR: prepared statement \"find\" does not exist");
    assert_eq!(sql.refused("EXECUTE put (1, 'a', 2)").await, "ERROR: prepared statement \"put\" does not exist");
}

#[tokio::test]
async fn athena_keeps_prepared_statements_in_the_workgroup() {
    let sql = Sql::new().await;
    sql.athena("PREPARE twice FROM SELECT ? * 2 AS a, ? AS b").await;
    let sql = sql.reopened().await;
    assert_eq!(sql.athena("EXECUTE twice USING 21, 'x'").await, ["42|x"]);
    assert_eq!(
        sql.athena_refused("EXECUTE twice USING 21").await,
        "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 2 but found 1"
    );
    sql.athena("DEALLOCATE PREPARE twice").await;
    assert_eq!(sql.athena_refused("EXECUTE twice USING 21, 2").await, "NOT_FOUND: Prepared statement not found: twice");
}

#[tokio::test]
async fn parameters_of_a_session_are_set_shown_and_reset() {
    let sql = customers().await;
    let mut session = sql.session();
    sql.all_within(&mut session, &["SET query_group TO 'night'", "SET search_path TO dm, public", "SET statement_timeout = 60000"]).await;
    assert_eq!(sql.within(&mut session, "SHOW query_group").await.unwrap().rows, ["night"]);
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM data").await.unwrap().rows, ["3"]);
    assert!(sql.within(&mut session, "SHOW ALL").await.unwrap().rows.contains(&"statement_timeout|60000".to_owned()));
    sql.all_within(&mut session, &["RESET search_path", "RESET ALL"]).await;
    assert!(sql.within(&mut session, "SELECT count(*) FROM data").await.is_err());
    assert_eq!(sql.within(&mut session, "SHOW query_group").await.unwrap().rows, ["unset"]);
    assert_eq!(sql.refused("SET nothing TO 1").await, "ERROR: unrecognized configuration parameter \"nothing\"");
    assert_eq!(sql.refused("SET timezone TO 'Nowhere'").await, "ERROR: invalid value for parameter \"TimeZone\": \"Nowhere\"");
}

#[tokio::test]
async fn upkeep_checks_its_names() {
    let sql = customers().await;
    sql.all(&["VACUUM", "VACUUM FULL dm.data TO 90 PERCENT", "ANALYZE dm.data (id, job)", "ANALYZE VERBOSE"]).await;
    assert_eq!(sql.refused("VACUUM dm.nothing").await, "ERROR: relation \"dm.nothing\" does not exist\n  Position: 8;");
    assert!(sql.refused("ANALYZE dm.data (nothing)").await.starts_with("ERROR: column \"nothing\" does not exist"));
    let mut session = sql.session();
    sql.all_within(&mut session, &["BEGIN", "LOCK dm.data"]).await;
    let error = sql.within(&mut session, "VACUUM dm.data").await.unwrap_err().message;
    assert_eq!(error, "ERROR: VACUUM cannot run inside a transaction block");
    for (statement, name) in
        [("GRANT SELECT ON dm.data TO x", "GRANT"), ("CALL p()", "CALL"), ("CREATE USER u PASSWORD 'x'", "CREATE USER")]
    {
        assert_eq!(sql.refused(statement).await, format!("ERROR: {name} is not supported"));
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_cancelled_and_changes_nothing() {
    let sql = Sql::new().await;
    let numbers: Vec<String> = (0..3000).map(|number| format!("({number})")).collect();
    sql.all(&["CREATE TABLE n (a int)", &format!("INSERT INTO n VALUES {}", numbers.join(", "))]).await;
    let mut session = sql.session();
    sql.all_within(&mut session, &["SET statement_timeout TO 20"]).await;
    for statement in ["SELECT count(*) FROM n x, n y, n z WHERE x.a + y.a > z.a", "DELETE FROM n USING n y, n z WHERE n.a + y.a + z.a < 0"]
    {
        let error = sql.within(&mut session, statement).await.unwrap_err().message;
        assert!(error.contains("cancelled on user's request"), "{error}");
    }
    sql.all_within(&mut session, &["RESET statement_timeout"]).await;
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM n").await.unwrap().rows, ["3000"]);
}

#[tokio::test]
async fn a_kill_before_the_commit_leaves_no_trace() {
    let sql = customers().await;
    sql.all(&["CREATE TABLE source AS SELECT * FROM dm.data"]).await;
    sql.put("in/a.csv", "9,x,1\n");
    let mut session = sql.session();
    sql.all_within(
        &mut session,
        &[
            "BEGIN",
            "MERGE INTO dm.data USING source ON data.id = source.id REMOVE DUPLICATES",
            "COPY dm.data FROM 's3://lake/in/' IAM_ROLE default CSV",
            "CREATE MATERIALIZED VIEW dm.m AS SELECT * FROM dm.data",
            "REFRESH MATERIALIZED VIEW dm.m",
            "ALTER TABLE dm.data ADD COLUMN n int DEFAULT 1",
            "ALTER TABLE source DROP COLUMN job",
        ],
    )
    .await;
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM dm.m").await.unwrap().rows, ["4"]);
    assert!(sql.files() > 2);
    // Nothing of the session gets to say goodbye, as in a kill.
    std::mem::forget(session);
    let sql = sql.reopened().await;
    assert_eq!(sql.redshift("SELECT * FROM dm.data ORDER BY id").await, ["1|admin.|1.100", "2|retired|-0.125", "3|∅|5228.100"]);
    assert_eq!(sql.redshift("SELECT count(job) FROM source").await, ["2"]);
    assert!(sql.refused("SELECT * FROM dm.m").await.contains("does not exist"));
    assert_eq!(sql.files(), 2);
}

#[tokio::test]
async fn temporary_tables_have_a_number_sign_and_are_the_session_s() {
    let sql = customers().await;
    let mut session = sql.session();
    sql.all_within(
        &mut session,
        &[
            "SELECT id, job INTO #mine FROM dm.data WHERE id < 3",
            "ALTER TABLE #mine ADD COLUMN n int DEFAULT 4",
            "ALTER TABLE #mine RENAME TO #ours",
            "CREATE TEMP TABLE again (LIKE dm.data INCLUDING DEFAULTS)",
            "INSERT INTO again SELECT id, job, 1 FROM #ours",
        ],
    )
    .await;
    assert_eq!(sql.within(&mut session, "SELECT * FROM #ours ORDER BY id").await.unwrap().rows, ["1|admin.|4", "2|retired|4"]);
    assert_eq!(sql.within(&mut session, "SELECT count(*) FROM again").await.unwrap().rows, ["2"]);
    assert!(sql.refused("SELECT * FROM again").await.starts_with("ERROR: relation \"again\" does not exist"));
    drop(session);
    assert_eq!(sql.files(), 1);
}
