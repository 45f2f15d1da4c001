//! The SQL engine: transactions, types, changes of rows, external tables, errors with positions, cancellation, kills.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::local::engine::{Dialect, SqlErrorKind};

use crate::common::sql::{Sql, execute, open, read};

const CUSTOMERS: [&str; 3] = [
    "CREATE SCHEMA dm",
    "CREATE TABLE dm.data (id int NOT NULL, job varchar(12), rate decimal(7,3), y varchar(3) DEFAULT 'no')",
    "INSERT INTO dm.data VALUES (1, 'admin.', 1.1, 'yes'), (2, 'retired', -0.125, DEFAULT), (3, NULL, 5228.1, 'no'), (4, 'admin.', 4.857, 'no')",
];

#[tokio::test]
async fn a_table_keeps_its_types_and_rows() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let done = execute(&fixture.engine, &mut fixture.session(), "SELECT * FROM dm.data ORDER BY id").await.unwrap();
    assert_eq!(done.labels, ["id", "job", "rate", "y"]);
    assert_eq!(done.sized(), ["int4(10,0)", "varchar(12,0)", "numeric(7,3)", "varchar(3,0)"]);
    assert_eq!(done.rows, ["1|admin.|1.100|yes", "2|retired|-0.125|no", "3|∅|5228.100|no", "4|admin.|4.857|no"]);
    assert_eq!(fixture.redshift("SELECT sum(rate), count(*), max(job) FROM dm.data").await, ["5233.932|4|retired"]);
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.redshift("SELECT id FROM bankdm.dm.data d WHERE d.job = 'admin.' ORDER BY 1").await, ["1", "4"]);
}

#[tokio::test]
async fn nulls_sort_last_ascending_and_first_descending() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    assert_eq!(fixture.redshift("SELECT job FROM dm.data ORDER BY job, id").await, ["admin.", "admin.", "retired", "∅"]);
    assert_eq!(fixture.redshift("SELECT job FROM dm.data ORDER BY job DESC, id").await, ["∅", "retired", "admin.", "admin."]);
}

#[tokio::test]
async fn values_are_checked_when_they_are_stored() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let error = fixture.failed("INSERT INTO dm.data (id, job) VALUES (5, 'a job that is too long')").await;
    assert!(error.message.starts_with("ERROR: Value too long for character type"), "{error}");
    let error = fixture.failed("INSERT INTO dm.data (job) VALUES ('x')").await;
    assert_eq!(error.message, "ERROR: Cannot insert a NULL value into column id");
    let error = fixture.failed("INSERT INTO dm.data (id) SELECT job FROM dm.data").await;
    assert_eq!(error.message, "ERROR: invalid input syntax for integer: \"admin.\"");
    let error = fixture.failed("INSERT INTO dm.data VALUES (1, 'a', 1, 'no', 5)").await;
    assert_eq!(error.message, "ERROR: INSERT has more expressions than target columns");
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    assert_eq!(fixture.files(), 1);
}

#[tokio::test]
async fn deletes_with_every_form_of_condition() {
    let conditions = [
        ("id = 2", "134"),
        ("id IN (1, 3)", "24"),
        ("id NOT IN (1, 3)", "13"),
        ("id = 1 OR job IS NULL", "24"),
        ("NOT (id = 1 OR job = 'retired')", "123"),
        ("job = 'admin.' AND rate > 2", "123"),
        ("rate BETWEEN 1 AND 5", "23"),
        ("job LIKE 'a%'", "23"),
        ("id > (SELECT avg(id) FROM dm.data)", "12"),
        ("id IN (SELECT id FROM dm.other)", "14"),
        ("id NOT IN (SELECT id FROM dm.other)", "23"),
        ("EXISTS (SELECT 1 FROM dm.other o WHERE o.id = data.id AND o.note = 'gone')", "134"),
        ("NOT EXISTS (SELECT 1 FROM dm.other o WHERE o.id = dm.data.id)", "23"),
        ("job IN (SELECT job FROM dm.data WHERE id = 1) OR id = 3", "2"),
        ("CASE WHEN job IS NULL THEN true ELSE id > 3 END", "12"),
        ("job = NULL", "1234"),
        ("1 = 1", ""),
    ];
    for (condition, remaining) in conditions {
        let fixture = Sql::new().await;
        fixture.all(&CUSTOMERS).await;
        fixture.all(&["CREATE TABLE dm.other (id int, note varchar(10))", "INSERT INTO dm.other VALUES (2, 'gone'), (3, 'kept')"]).await;
        let sql = format!("DELETE FROM dm.data WHERE {condition}");
        let done = execute(&fixture.engine, &mut fixture.session(), &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let left = fixture.redshift("SELECT id FROM dm.data ORDER BY id").await;
        assert_eq!(left.concat(), remaining, "{sql}");
        assert_eq!(done.affected, Some(4 - left.len() as u64), "{sql}");
    }
}

#[tokio::test]
async fn deletes_and_updates_join_other_tables() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    fixture
        .all(&[
            "CREATE TABLE dm.other (id int, note varchar(10))",
            // Two rows match the second customer: it is changed once.
            "INSERT INTO dm.other VALUES (2, 'first'), (2, 'second'), (4, 'fourth')",
            "UPDATE dm.data SET job = o.note, rate = rate + 1 FROM dm.other o WHERE dm.data.id = o.id",
        ])
        .await;
    assert_eq!(
        fixture.redshift("SELECT * FROM dm.data ORDER BY id").await,
        ["1|admin.|1.100|yes", "2|first|0.875|no", "3|∅|5228.100|no", "4|fourth|5.857|no"]
    );
    let done = execute(&fixture.engine, &mut fixture.session(), "DELETE FROM dm.data d USING dm.other o WHERE d.id = o.id").await.unwrap();
    assert_eq!(done.affected, Some(2));
    assert_eq!(fixture.redshift("SELECT id FROM dm.data ORDER BY id").await, ["1", "3"]);
}

#[tokio::test]
async fn updates_change_what_their_condition_says_and_nothing_else() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let mut session = fixture.session();
    let sql = "UPDATE dm.data SET y = 'yes', job = upper(job) WHERE id IN (SELECT id FROM dm.data WHERE rate < 2) OR id = 4";
    assert_eq!(execute(&fixture.engine, &mut session, sql).await.unwrap().affected, Some(3));
    assert_eq!(
        fixture.redshift("SELECT id, job, y FROM dm.data ORDER BY id").await,
        ["1|ADMIN.|yes", "2|RETIRED|yes", "3|∅|no", "4|ADMIN.|yes"]
    );
    assert_eq!(execute(&fixture.engine, &mut session, "UPDATE dm.data SET y = DEFAULT").await.unwrap().affected, Some(4));
    assert_eq!(fixture.redshift("SELECT DISTINCT y FROM dm.data").await, ["no"]);
    let error = fixture.failed("UPDATE dm.data SET nothing = 1").await;
    assert_eq!(error.position, Some((1, 20)), "{error}");
    let error = fixture.failed("UPDATE dm.data SET id = NULL WHERE id = 2").await;
    assert_eq!(error.message, "ERROR: Cannot insert a NULL value into column id");
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
}

#[tokio::test]
async fn explaining_a_change_changes_nothing() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    for sql in [
        "EXPLAIN DELETE FROM dm.data",
        "EXPLAIN DELETE FROM dm.data WHERE id = 1",
        "EXPLAIN UPDATE dm.data SET id = 7",
        "EXPLAIN INSERT INTO dm.data SELECT * FROM dm.data",
        "EXPLAIN CREATE TABLE dm.copy AS SELECT * FROM dm.data",
    ] {
        let done = execute(&fixture.engine, &mut fixture.session(), sql).await.unwrap();
        assert_eq!(done.labels, ["QUERY PLAN"]);
        assert!(done.rows.iter().any(|line| line.starts_with("XN Seq Scan on data  (cost=0.00..0.0")), "{sql}: {:?}", done.rows);
    }
    assert_eq!(fixture.redshift("SELECT sum(id), count(*) FROM dm.data").await, ["10|4"]);
    assert_eq!((fixture.files(), fixture.engine.tables(Dialect::Redshift, "bankdm").len()), (1, 1));
}

#[tokio::test]
async fn a_transaction_is_seen_by_others_when_it_is_committed() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let (engine, mut session) = (&fixture.engine, fixture.session());
    for sql in
        ["BEGIN", "DELETE FROM dm.data WHERE id > 1", "INSERT INTO dm.data (id) VALUES (9)", "CREATE TABLE dm.extra AS SELECT 1 AS a"]
    {
        execute(engine, &mut session, sql).await.unwrap();
    }
    assert_eq!(execute(engine, &mut session, "SELECT id FROM dm.data ORDER BY id").await.unwrap().rows, ["1", "9"]);
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    execute(engine, &mut session, "COMMIT").await.unwrap();
    assert_eq!(fixture.redshift("SELECT id FROM dm.data ORDER BY id").await, ["1", "9"]);
    assert_eq!(fixture.redshift("SELECT a FROM dm.extra").await, ["1"]);
    // The files that nobody names any more are gone.
    assert_eq!(fixture.files(), 3);
}

#[tokio::test]
async fn a_rollback_leaves_nothing() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let mut session = fixture.session();
    for sql in ["BEGIN", "TRUNCATE dm.data", "DROP TABLE dm.data", "CREATE TABLE dm.data (z int)", "ROLLBACK"] {
        execute(&fixture.engine, &mut session, sql).await.unwrap();
    }
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    // After a failure the transaction takes nothing but its end.
    execute(&fixture.engine, &mut session, "BEGIN").await.unwrap();
    execute(&fixture.engine, &mut session, "DELETE FROM dm.data").await.unwrap();
    assert!(execute(&fixture.engine, &mut session, "SELECT 1 FROM nothing").await.is_err());
    let error = execute(&fixture.engine, &mut session, "SELECT 1").await.unwrap_err();
    assert!(error.message.contains("current transaction is aborted"), "{error}");
    execute(&fixture.engine, &mut session, "COMMIT").await.unwrap();
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    assert_eq!(fixture.files(), 1);
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let statements = |list: &[&str]| list.iter().map(|sql| (*sql).to_owned()).collect::<Vec<_>>();
    let failing = statements(&["DELETE FROM dm.data", "INSERT INTO dm.data (id) VALUES (1)", "SELECT 1 / (id - 1) FROM dm.data"]);
    let (index, error) = fixture.engine.execute_batch(&mut fixture.session(), &failing).await.err().unwrap();
    assert_eq!((index, error.message.as_str()), (2, "ERROR: Divide by zero"));
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    let good = statements(&["TRUNCATE dm.data", "INSERT INTO dm.data (id) VALUES (1)", "SELECT id FROM dm.data", "DELETE FROM dm.data"]);
    let outcomes = fixture.engine.execute_batch(&mut fixture.session(), &good).await.map_err(|(_, error)| error).unwrap();
    let mut rows = Vec::new();
    for outcome in outcomes {
        rows.push(read(outcome).await.unwrap().rows);
    }
    assert_eq!(rows[2], ["1"]);
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["0"]);
    assert_eq!(fixture.files(), 0);
}

#[tokio::test]
async fn a_reader_keeps_the_rows_that_it_started_on() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let outcome = fixture.engine.execute(&mut fixture.session(), "SELECT id FROM dm.data ORDER BY id", &[]).await.unwrap();
    fixture.all(&["DROP TABLE dm.data"]).await;
    assert_eq!(read(outcome).await.unwrap().rows, ["1", "2", "3", "4"]);
    assert_eq!(fixture.files(), 0);
}

#[tokio::test]
async fn a_cancelled_statement_changes_nothing() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let mut session = fixture.session();
    let sql = "INSERT INTO dm.data (id) SELECT a.id FROM dm.data a, dm.data b, dm.data c, dm.data d, dm.data e, dm.data f, dm.data g, dm.data h, dm.data i, dm.data j";
    {
        let mut statement = std::pin::pin!(fixture.engine.execute(&mut session, sql, &[]));
        // A million rows take more than the first hundred polls.
        for _ in 0..100 {
            tokio::select! {
                biased;
                done = &mut statement => panic!("it is done: {:?}", done.map(|outcome| outcome.affected)),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    assert_eq!(execute(&fixture.engine, &mut session, "SELECT count(*) FROM dm.data").await.unwrap().rows, ["4"]);
    // The lock of the writer is free again.
    execute(&fixture.engine, &mut session, "DELETE FROM dm.data WHERE id = 1").await.unwrap();
    assert_eq!(fixture.redshift("SELECT count(*) FROM dm.data").await, ["3"]);
}

#[tokio::test]
async fn a_kill_before_the_commit_leaves_the_old_state_and_no_files() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let mut session = fixture.session();
    execute(&fixture.engine, &mut session, "BEGIN").await.unwrap();
    execute(&fixture.engine, &mut session, "INSERT INTO dm.data (id) VALUES (5)").await.unwrap();
    execute(&fixture.engine, &mut session, "CREATE TABLE dm.extra AS SELECT * FROM dm.data").await.unwrap();
    assert_eq!(fixture.files(), 3);
    // What is on disk now is what a kill would leave: it is copied, and opened as the next process would.
    let copy = tempfile::tempdir().unwrap();
    for part in ["warehouse", "warehouse/files"] {
        std::fs::create_dir_all(copy.path().join(part)).unwrap();
        for entry in std::fs::read_dir(fixture.directory.path().join(part)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(part).join(entry.file_name())).unwrap();
            }
        }
    }
    let (engine, objects) = open(copy.path()).await;
    let killed = Sql { directory: copy, engine, objects };
    assert_eq!(killed.redshift("SELECT count(*) FROM dm.data").await, ["4"]);
    assert_eq!(killed.failed("SELECT 1 FROM dm.extra").await.kind, SqlErrorKind::Semantic);
    assert_eq!(killed.files(), 1);
}

#[tokio::test]
async fn writers_wait_for_each_other_and_none_is_lost() {
    let fixture = Sql::new().await;
    fixture.all(&["CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)"]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let engine = fixture.engine.clone();
        tasks.spawn(async move {
            let mut session = engine.session(Dialect::Redshift, "bankdm");
            engine.execute(&mut session, "UPDATE counter SET n = n + 1", &[]).await.map(|outcome| outcome.affected)
        });
    }
    while let Some(done) = tasks.join_next().await {
        assert_eq!(done.unwrap().unwrap(), Some(1));
    }
    assert_eq!(fixture.redshift("SELECT n FROM counter").await, ["8"]);
}

#[tokio::test]
async fn what_has_changed_under_a_transaction_makes_it_fail() {
    let fixture = Sql::new().await;
    fixture.all(&["CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)"]).await;
    let mut session = fixture.session();
    execute(&fixture.engine, &mut session, "BEGIN").await.unwrap();
    execute(&fixture.engine, &mut session, "SELECT n FROM counter").await.unwrap();
    fixture.all(&["UPDATE counter SET n = 5"]).await;
    assert_eq!(execute(&fixture.engine, &mut session, "SELECT n FROM counter").await.unwrap().rows, ["0"]);
    let error = execute(&fixture.engine, &mut session, "UPDATE counter SET n = n + 1").await.unwrap_err();
    assert!(error.message.starts_with("ERROR: 1023"), "{error}");
}

#[tokio::test]
async fn what_others_change_elsewhere_disturbs_no_transaction() {
    let fixture = Sql::new().await;
    fixture.all(&["CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)", "CREATE TABLE orders (n int)"]).await;
    let mut session = fixture.session();
    execute(&fixture.engine, &mut session, "BEGIN").await.unwrap();
    execute(&fixture.engine, &mut session, "SELECT n FROM counter").await.unwrap();
    execute(&fixture.engine, &mut session, "SELECT count(*) FROM pg_tables").await.unwrap();
    fixture.all(&["INSERT INTO orders VALUES (1)", "CREATE TABLE others (n int)"]).await;
    fixture.athena("CREATE DATABASE somewhere_else").await;
    execute(&fixture.engine, &mut session, "UPDATE counter SET n = n + 1").await.unwrap();
    // Another namespace is made, and with it a database, while this one is writing.
    fixture.engine.create_warehouse("second").unwrap();
    execute(&fixture.engine, &mut session, "COMMIT").await.unwrap();
    assert_eq!(fixture.redshift("SELECT n FROM counter").await, ["1"]);
    assert_eq!(fixture.redshift("SELECT n FROM orders").await, ["1"]);
}

#[tokio::test]
async fn errors_are_worded_and_placed_as_redshift_does() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let cases = [
        ("SELECT * FROM dm.nothing", "ERROR: relation \"dm.nothing\" does not exist\n  Position: 15;", SqlErrorKind::Semantic),
        ("SELECT * FORM t", "ERROR: syntax error at or near \"FORM\"\n  Position: 10;", SqlErrorKind::Syntax),
        ("SELECT id,\n  x FROM dm.data", "ERROR: column \"x\" does not exist\n  Position: 14;", SqlErrorKind::Semantic),
        ("SELECT 1 / 0", "ERROR: Divide by zero", SqlErrorKind::Execution),
        ("CREATE TABLE dm.data (a int)", "ERROR: Relation \"data\" already exists", SqlErrorKind::Semantic),
        ("CREATE TABLE no.t (a int)", "ERROR: schema \"no\" does not exist", SqlErrorKind::Semantic),
        ("CREATE SCHEMA dm", "ERROR: Schema \"dm\" already exists", SqlErrorKind::Semantic),
        ("DROP TABLE dm.t", "ERROR: Table \"dm.t\" does not exist", SqlErrorKind::Semantic),
        ("SELECT cast(job AS int) FROM dm.data", "ERROR: invalid input syntax for integer: \"admin.\"", SqlErrorKind::Execution),
    ];
    for (sql, message, kind) in cases {
        let error = fixture.failed(sql).await;
        assert_eq!((error.message.as_str(), error.kind), (message, kind), "{sql}");
    }
    let error = fixture.failed("SELECT no_such_function(id) FROM dm.data").await;
    assert!(error.message.starts_with("ERROR: function no_such_function"), "{error}");
    let error = fixture.failed("SELECT job, count(*) FROM dm.data").await;
    assert!(error.message.starts_with("ERROR: column \"job\" must appear in the GROUP BY clause"), "{error}");
}

#[tokio::test]
async fn errors_are_worded_and_placed_as_athena_does() {
    let fixture = lake().await;
    let cases = [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.bankdm.nothing' does not exist"),
        ("SELECT 1 FROM other.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"),
        ("SELECT nothing FROM bankdm_glue", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("DROP TABLE nothing", "FAILED: SemanticException [Error 10001]: Table not found nothing"),
    ];
    for (sql, message) in cases {
        let error = execute(&fixture.engine, &mut fixture.lake(), sql).await.unwrap_err();
        assert_eq!(error.message, message, "{sql}");
    }
    let error = execute(&fixture.engine, &mut fixture.lake(), "SELECT * FORM t").await.unwrap_err();
    assert!(error.message.starts_with("line 1:10: mismatched input 'FORM'"), "{error}");
}

const TABLE: &str = "CREATE EXTERNAL TABLE bankdm.bankdm_glue (age int, job string, emp_var_rate decimal(6,3), defaulted string)
    ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
    WITH SERDEPROPERTIES ('separatorChar' = ';', 'quoteChar' = '\"')
    LOCATION 's3://lake/bankdm/data/' TBLPROPERTIES ('skip.header.line.count' = '1')";

/// A lake with a table over two objects, one of them compressed.
async fn lake() -> Sql {
    use std::io::Write;
    let fixture = Sql::new().await;
    let first = "\"age\";\"job\";\"emp.var.rate\";\"default\"\n56;\"house;maid\";1.1;\"no\"\n37;\"services\";-0.125;\"unknown\"\n";
    let second = "age;job;emp.var.rate;default\r\n41;blue-collar;1.4;no\r\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(second.as_bytes()).unwrap();
    fixture.objects.put("lake", "bankdm/data/1.csv", first, None).unwrap();
    fixture.objects.put("lake", "bankdm/data/2.csv.gz", gzip.finish().unwrap(), None).unwrap();
    fixture.objects.put("lake", "bankdm/data/_SUCCESS", "x", None).unwrap();
    fixture.objects.put("lake", "bankdm/database/3.csv", first, None).unwrap();
    for sql in ["CREATE DATABASE IF NOT EXISTS bankdm COMMENT 'the lake'", TABLE] {
        execute(&fixture.engine, &mut fixture.lake(), sql).await.unwrap();
    }
    fixture
}

#[tokio::test]
async fn an_external_table_reads_the_objects_of_its_location() {
    let fixture = lake().await;
    let done = execute(&fixture.engine, &mut fixture.lake(), "SELECT * FROM bankdm_glue ORDER BY age").await.unwrap();
    assert_eq!(done.rows, ["37|services|-0.125|unknown", "41|blue-collar|1.400|no", "56|house;maid|1.100|no"]);
    assert_eq!(done.sized(), ["integer(10,0)", "varchar(2147483647,0)", "decimal(6,3)", "varchar(2147483647,0)"]);
    let size: u64 = ["bankdm/data/1.csv", "bankdm/data/2.csv.gz"].iter().map(|key| fixture.objects.head("lake", key).unwrap().size).sum();
    assert_eq!(done.scanned, size);
    let sql = "SELECT count(*), sum(emp_var_rate) FROM awsdatacatalog.bankdm.bankdm_glue";
    assert_eq!(execute(&fixture.engine, &mut fixture.lake(), sql).await.unwrap().rows, ["3|2.375"]);
    fixture.objects.put("lake", "bankdm/data/3.csv", "age;job;e;d\nmany;x;1;no\n", None).unwrap();
    let error = execute(&fixture.engine, &mut fixture.lake(), "SELECT sum(age) FROM bankdm_glue").await.unwrap_err();
    assert!(error.message.starts_with("HIVE_BAD_DATA: Error parsing field value 'many' for field 0 (age)"), "{error}");
}

#[tokio::test]
async fn the_warehouse_reads_the_lake_through_an_external_schema() {
    let fixture = lake().await;
    fixture.all(&CUSTOMERS[..1]).await;
    fixture
        .all(&[
            "CREATE EXTERNAL SCHEMA athena FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE 'arn:aws:iam::000000000000:role/x' REGION 'us-east-1'
             CREATE EXTERNAL DATABASE IF NOT EXISTS",
            "CREATE TABLE dm.data (age int, job varchar(20), emp_var_rate decimal(6,3), defaulted varchar(10))",
            "INSERT INTO dm.data SELECT * FROM athena.bankdm_glue",
        ])
        .await;
    assert_eq!(fixture.redshift("SELECT count(*), sum(age), sum(emp_var_rate) FROM dm.data").await, ["3|134|2.375"]);
    assert_eq!(fixture.redshift("SELECT schemaname, databasename FROM svv_external_schemas").await, ["athena|bankdm"]);
    assert_eq!(fixture.redshift("SELECT tablename, location FROM svv_external_tables").await, ["bankdm_glue|s3://lake/bankdm/data/"]);
    let infos = fixture.engine.tables(Dialect::Redshift, "bankdm");
    let kinds: Vec<(&str, &str, &str)> = infos.iter().map(|info| (info.schema.as_str(), info.name.as_str(), info.kind)).collect();
    assert_eq!(kinds, [("athena", "bankdm_glue", "EXTERNAL TABLE"), ("dm", "data", "TABLE")]);
    let error = fixture.failed("DELETE FROM athena.bankdm_glue").await;
    assert!(error.message.contains("is not a table of the warehouse"), "{error}");
    // Dropping the warehouse leaves the lake.
    fixture.engine.drop_warehouse().unwrap();
    assert_eq!(fixture.files(), 0);
    assert_eq!(execute(&fixture.engine, &mut fixture.lake(), "SHOW TABLES").await.unwrap().rows, ["bankdm_glue"]);
}

#[tokio::test]
async fn hive_statements_show_what_there_is() {
    let fixture = lake().await;
    let athena = async |sql: &str| execute(&fixture.engine, &mut fixture.lake(), sql).await.unwrap().rows;
    assert_eq!(athena("SHOW DATABASES").await, ["bankdm"]);
    assert_eq!(athena("SHOW TABLES IN bankdm 'bank*|x'").await, ["bankdm_glue"]);
    assert_eq!(athena("SHOW TABLES IN bankdm 'x*'").await, Vec::<String>::new());
    assert_eq!(athena("DESCRIBE bankdm_glue").await, ["age|int|", "job|string|", "emp_var_rate|decimal(6,3)|", "defaulted|string|"]);
    let text = athena("SHOW CREATE TABLE bankdm_glue").await.join("\n");
    execute(&fixture.engine, &mut fixture.lake(), "DROP TABLE bankdm_glue").await.unwrap();
    execute(&fixture.engine, &mut fixture.lake(), &text).await.unwrap();
    assert_eq!(athena("SELECT count(*) FROM bankdm_glue").await, ["3"]);
    assert_eq!(athena("SELECT column_name FROM information_schema.columns WHERE table_name = 'bankdm_glue'").await.len(), 4);
    let error = execute(&fixture.engine, &mut fixture.lake(), "DROP DATABASE bankdm").await.unwrap_err();
    assert!(error.message.contains("Database bankdm is not empty"), "{error}");
    execute(&fixture.engine, &mut fixture.lake(), "DROP DATABASE bankdm CASCADE").await.unwrap();
    assert_eq!(athena("SHOW DATABASES").await, Vec::<String>::new());
}

#[tokio::test]
async fn views_are_what_they_say_until_they_are_dropped() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    fixture
        .all(&[
            "CREATE VIEW dm.admins (number, y) AS SELECT id, y FROM dm.data WHERE job = 'admin.'",
            "CREATE VIEW dm.yes AS SELECT * FROM dm.admins WHERE y = 'yes'",
        ])
        .await;
    let done = execute(&fixture.engine, &mut fixture.session(), "SELECT * FROM dm.admins ORDER BY 1").await.unwrap();
    assert_eq!(done.sized(), ["int4(10,0)", "varchar(3,0)"]);
    assert_eq!((done.labels, done.rows), (vec!["number".into(), "y".into()], vec!["1|yes".into(), "4|no".to_owned()]));
    assert_eq!(fixture.redshift("SELECT number FROM dm.yes").await, ["1"]);
    // A view keeps the meaning that its names had when it was made.
    let mut session = fixture.session();
    for sql in ["SET search_path TO dm", "CREATE VIEW short AS SELECT data.id FROM data WHERE data.y = 'yes'"] {
        execute(&fixture.engine, &mut session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert_eq!(fixture.redshift("SELECT * FROM dm.short").await, ["1"]);
    let error = fixture.failed("DROP TABLE dm.data").await;
    assert!(error.message.contains("because other objects depend on it"), "{error}");
    fixture.all(&["DROP TABLE dm.data CASCADE"]).await;
    assert!(fixture.engine.tables(Dialect::Redshift, "bankdm").is_empty());
}

#[tokio::test]
async fn temporary_tables_are_the_session_s_and_go_with_it() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let mut session = fixture.session();
    for sql in
        ["CREATE TEMP TABLE t (a int)", "INSERT INTO t SELECT id FROM dm.data", "DELETE FROM t WHERE a = 1", "SELECT a INTO TEMP u FROM t"]
    {
        execute(&fixture.engine, &mut session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert_eq!(execute(&fixture.engine, &mut session, "SELECT sum(a) FROM u").await.unwrap().rows, ["9"]);
    assert!(fixture.failed("SELECT a FROM t").await.message.contains("relation \"t\" does not exist"));
    assert_eq!(fixture.files(), 3);
    drop(session);
    assert_eq!(fixture.files(), 1);
}

#[tokio::test]
async fn create_table_takes_redshift_s_clauses() {
    let fixture = Sql::new().await;
    fixture
        .all(&[
            "CREATE TABLE IF NOT EXISTS t (id bigint IDENTITY(10, 5), k char(3) NOT NULL ENCODE lzo DISTKEY, d decimal, s text,
             at timestamp DEFAULT '2024-01-02 03:04:05', PRIMARY KEY (k)) DISTSTYLE KEY COMPOUND SORTKEY (k)",
            "CREATE TABLE IF NOT EXISTS t (nothing int)",
            "INSERT INTO t (k, d) VALUES ('a', 1.5), ('b', 2)",
            "INSERT INTO t (k) VALUES ('c')",
            "CREATE TABLE u (LIKE t)",
        ])
        .await;
    let done = execute(&fixture.engine, &mut fixture.session(), "SELECT * FROM t ORDER BY id").await.unwrap();
    assert_eq!(done.sized(), ["int8(19,0)", "bpchar(3,0)", "numeric(18,0)", "varchar(256,0)", "timestamp(29,6)"]);
    assert_eq!(done.rows, ["10|a|2|∅|2024-01-02T03:04:05", "15|b|2|∅|2024-01-02T03:04:05", "20|c|∅|∅|2024-01-02T03:04:05"]);
    let shown = fixture.redshift("SHOW TABLE t").await.join("\n");
    assert!(
        shown.contains("k character(3) NOT NULL ENCODE lzo") && shown.contains("DISTKEY (k)") && shown.contains("SORTKEY (k)"),
        "{shown}"
    );
    assert_eq!(
        fixture.redshift("SELECT \"column\", type, distkey FROM pg_table_def WHERE tablename = 't' AND distkey").await,
        ["k|character(3)|true"]
    );
    assert_eq!(fixture.redshift("SELECT table_name FROM information_schema.tables ORDER BY 1").await, ["t", "u"]);
}

#[tokio::test]
async fn queries_use_the_whole_of_sql() {
    let fixture = Sql::new().await;
    fixture.all(&CUSTOMERS).await;
    let cases = [
        ("WITH data AS (SELECT * FROM dm.data WHERE y = 'no') SELECT count(*) FROM data", "3"),
        ("SELECT sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM dm.data ORDER BY id", "1,3,6,10"),
        ("SELECT y, count(*) FROM dm.data GROUP BY ROLLUP (y) ORDER BY y", "no|3,yes|1,∅|4"),
        ("SELECT a.id FROM dm.data a JOIN dm.data b ON a.id = b.id + 1 ORDER BY 1", "2,3,4"),
        ("SELECT (SELECT max(rate) FROM dm.data d WHERE d.y = o.y) FROM dm.data o ORDER BY id", "1.100,5228.100,5228.100,5228.100"),
        ("SELECT 7 / 2, -7 / 2, 7 % 3", "3|-3|1"),
        ("SELECT id FROM dm.data UNION ALL SELECT 5 ORDER BY 1 LIMIT 2 OFFSET 3", "4,5"),
        ("SELECT count(DISTINCT job) FROM dm.data", "2"),
    ];
    for (sql, expected) in cases {
        assert_eq!(fixture.redshift(sql).await.join(","), expected, "{sql}");
    }
}

/// The side of a join that is held cannot spill; what sorts may use before they do must not be its limit.
#[tokio::test]
async fn a_join_holds_more_than_a_sort_may() {
    let fixture = Sql::new().await;
    let digits = "SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
    fixture
        .all(&[
            "CREATE SCHEMA dm",
            &format!("CREATE TABLE dm.digits AS {digits}"),
            "CREATE TABLE dm.wide AS SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS id, repeat('x', 20000) AS filling \
             FROM dm.digits a, dm.digits b, dm.digits c, dm.digits d",
        ])
        .await;
    // Two hundred megabytes, whichever side is held.
    let joined = "SELECT count(*), sum(len(a.filling || b.filling)) FROM dm.wide a JOIN dm.wide b ON a.id = b.id";
    assert_eq!(fixture.redshift(joined).await, ["10000|400000000"]);
}
