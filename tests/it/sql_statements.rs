//! Statements end to end through the engine: COPY, UNLOAD, models, and the functions of both dialects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Read;

use shiftdeck::local::engine::{Dialect, Parameter, SqlError};

use crate::common::sql::{Sql, read};

/// Rows of the made-up customers: enough for Autopilot.
const ROWS: usize = 2000;

/// The engine with tables for models.
struct Fixture {
    sql: Sql,
}

impl Fixture {
    async fn new() -> Self {
        Fixture { sql: Sql::new().await }
    }

    async fn reopened(self) -> Self {
        Fixture { sql: self.sql.reopened().await }
    }

    /// A table `data` of customers: those who are older than 60 and were called for long say yes.
    async fn customers(&self) {
        let mut csv = String::from("age;job;rate;y\n");
        for row in 0..ROWS {
            let age = 18 + row * 7 % 70;
            let job = ["admin.", "re\"tired", "student;x"][row % 3];
            let yes = age > 60 && row % 3 == 1;
            let quoted = format!("\"{}\"", job.replace('"', "\"\""));
            writeln!(csv, "{age};{quoted};{:.3};{}", row as f64 / 8.0 - 50.0, if yes { "yes" } else { "no" }).unwrap();
        }
        self.sql.objects.put("lake", "in/customers.csv", csv, None).unwrap();
        self.run("CREATE TABLE data (age int NOT NULL, job varchar(12) ENCODE lzo, rate decimal(7,3), y varchar(3)) DISTSTYLE EVEN").await;
        self.run("COPY data FROM 's3://lake/in/' IAM_ROLE default CSV DELIMITER ';' IGNOREHEADER 1").await;
    }

    async fn try_run(&self, dialect: Dialect, sql: &str, parameters: &[Parameter]) -> Result<(Vec<String>, Vec<String>), SqlError> {
        let mut session = self.sql.engine.session(dialect, "bankdm");
        let done = read(self.sql.engine.execute(&mut session, sql, parameters).await?).await?;
        Ok((done.labels, done.rows))
    }

    async fn run(&self, sql: &str) -> Vec<String> {
        self.try_run(Dialect::Redshift, sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).1
    }

    async fn error(&self, sql: &str) -> String {
        match self.try_run(Dialect::Redshift, sql, &[]).await {
            Ok((_, rows)) => panic!("{sql} gave {rows:?}"),
            Err(error) => error.message,
        }
    }

    /// One row of a query in a dialect.
    async fn row(&self, dialect: Dialect, sql: &str) -> String {
        let (_, rows) = self.try_run(dialect, sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.join("\n")
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        self.sql.keys(prefix)
    }

    fn unzipped(&self, key: &str) -> String {
        let (body, _) = self.sql.objects.get("lake", key).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(body.as_ref()).read_to_string(&mut text).unwrap();
        text
    }

    /// `SHOW MODEL` when the training has ended.
    async fn trained(&self, name: &str) -> Vec<String> {
        loop {
            let rows = self.run(&format!("SHOW MODEL {name}")).await;
            if !rows.contains(&"Model State|TRAINING".to_owned()) {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_is_copied_can_be_unloaded_and_copied_again() {
    let fixture = Fixture::new().await;
    fixture.customers().await;
    let figures = "SELECT count(*), sum(rate), count(DISTINCT job) FROM data";
    let before = fixture.run(figures).await;
    assert_eq!(before, ["2000|149875.000|3"]);
    fixture.run("UNLOAD ('SELECT * FROM data') TO 's3://lake/out/data_' IAM_ROLE default FORMAT AS CSV HEADER GZIP PARALLEL OFF").await;
    assert_eq!(fixture.keys("out/"), ["out/data_000.gz"]);
    let text = fixture.unzipped("out/data_000.gz");
    assert!(text.starts_with("age,job,rate,y\n18,admin.,-50.000,no\n25,\"re\"\"tired\",-49.875,no\n"), "{}", &text[..80]);
    fixture.run("CREATE TABLE again (LIKE data)").await;
    fixture.run("COPY again FROM 's3://lake/out/data_' IAM_ROLE default FORMAT AS CSV GZIP IGNOREHEADER 1").await;
    assert_eq!(fixture.run("SELECT count(*), sum(rate), count(DISTINCT job) FROM again").await, before);
    assert_eq!(fixture.run("SELECT * FROM data MINUS SELECT * FROM again").await, Vec::<String>::new());
}

#[tokio::test]
async fn an_unload_does_not_overwrite_unless_it_may_and_gives_the_same_bytes() {
    let fixture = Fixture::new().await;
    fixture.customers().await;
    let unload = "UNLOAD ('SELECT job, avg(rate), count(*) FROM data GROUP BY job') TO 's3://lake/out/' IAM_ROLE default CSV HEADER GZIP";
    fixture.run(unload).await;
    assert_eq!(fixture.keys("out/"), ["out/0000_part_00.gz"]);
    let first = fixture.sql.objects.get("lake", "out/0000_part_00.gz").unwrap().0;
    assert!(fixture.unzipped("out/0000_part_00.gz").starts_with("job,avg,count\n"));
    assert!(fixture.error(unload).await.starts_with("ERROR: Specified unload destination on S3 is not empty."));
    fixture.run(&format!("{unload} ALLOWOVERWRITE")).await;
    assert_eq!(fixture.sql.objects.get("lake", "out/0000_part_00.gz").unwrap().0, first);
    let failing = "UNLOAD ('SELECT age / (age - 18) FROM data') TO 's3://lake/bad/' IAM_ROLE default CSV";
    assert!(fixture.error(failing).await.contains("ivi"), "division by zero");
    assert!(fixture.keys("bad/").is_empty());
    let nowhere = fixture.error("UNLOAD ('select 1') TO 's3://nowhere/x' IAM_ROLE default").await;
    assert!(nowhere.contains("NoSuchBucket"), "{nowhere}");
}

#[tokio::test]
async fn a_bad_row_of_a_copy_is_named_and_nothing_is_loaded() {
    let fixture = Fixture::new().await;
    fixture.run("CREATE TABLE data (age int, job varchar(5))").await;
    fixture.sql.objects.put("lake", "in/a.csv", "41,admin\nx1,maid\n", None).unwrap();
    let error = fixture.error("COPY data FROM 's3://lake/in/' IAM_ROLE default CSV").await;
    assert!(error.starts_with("ERROR: Load into table 'data' failed."), "{error}");
    assert!(
        error.contains("s3://lake/in/a.csv, line 2, column age, value 'x1': Invalid digit, Value 'x', Pos 0, Type: Integer"),
        "{error}"
    );
    assert_eq!(fixture.run("SELECT count(*) FROM data").await, ["0"]);
    fixture.run("COPY data FROM 's3://lake/in/' IAM_ROLE default CSV MAXERROR 1").await;
    assert_eq!(fixture.run("SELECT * FROM data").await, ["41|admin"]);
    let missing = fixture.error("COPY data FROM 's3://lake/none/' IAM_ROLE default CSV").await;
    assert_eq!(missing, "ERROR: The specified S3 prefix 'none/' does not exist");
}

#[tokio::test]
async fn a_model_is_trained_shown_called_kept_and_dropped() {
    let fixture = Fixture::new().await;
    fixture.customers().await;
    fixture.run("CREATE MODEL dm01 FROM data TARGET y FUNCTION predict_dm01 IAM_ROLE default SETTINGS (S3_BUCKET 'lake')").await;
    let shown = fixture.trained("dm01").await;
    assert!(shown.contains(&"Model State|READY".to_owned()), "{shown:?}");
    assert!(shown.contains(&"Function Parameter Types|int4 varchar numeric".to_owned()), "{shown:?}");
    assert!(shown.iter().any(|row| row.starts_with("validation:F1|0.9") || row.starts_with("validation:F1|1.0")), "{shown:?}");
    let matrix = "SELECT predict_dm01(age, job, rate), y, count(*) FROM data GROUP BY 1, 2 ORDER BY 1, 2";
    let found = fixture.run(matrix).await;
    let right: usize = found
        .iter()
        .filter(|row| row.starts_with("no|no") || row.starts_with("yes|yes"))
        .map(|row| row.rsplit('|').next().unwrap().parse::<usize>().unwrap())
        .sum();
    assert!(right > ROWS * 95 / 100, "{found:?}");
    let taken = fixture.error("CREATE MODEL dm01 FROM data TARGET y FUNCTION f IAM_ROLE default SETTINGS (S3_BUCKET 'lake')").await;
    assert_eq!(taken, "ERROR: model \"dm01\" already exists");

    let fixture = fixture.reopened().await;
    assert_eq!(fixture.run(matrix).await, found);
    fixture.run("DROP MODEL dm01").await;
    assert!(fixture.error(matrix).await.contains("predict_dm01"));
    assert_eq!(fixture.error("SHOW MODEL dm01").await, "ERROR: model \"dm01\" does not exist");
}

#[tokio::test]
async fn auto_off_takes_numbers_only_and_gives_probabilities() {
    let fixture = Fixture::new().await;
    fixture.customers().await;
    let tail = "FUNCTION p IAM_ROLE default AUTO OFF MODEL_TYPE XGBOOST OBJECTIVE 'binary:logistic' PREPROCESSORS 'none'
        HYPERPARAMETERS DEFAULT EXCEPT (NUM_ROUND '20') SETTINGS (S3_BUCKET 'lake', S3_GARBAGE_COLLECT OFF)";
    let error = fixture.error(&format!("CREATE MODEL m FROM data TARGET y {tail}")).await;
    assert!(error.starts_with("ERROR: column \"job\" of type character varying(12) cannot be used with AUTO OFF"), "{error}");
    let source = "(SELECT age, rate, CASE WHEN age > 60 THEN 1 ELSE 0 END AS old FROM data)";
    fixture.run(&format!("CREATE MODEL m FROM {source} TARGET old {tail}")).await;
    let shown = fixture.trained("m").await;
    assert!(shown.contains(&"Model State|READY".to_owned()), "{shown:?}");
    assert_eq!(fixture.run("SELECT p(30, 0.5) < 0.1, p(80, 0.5) > 0.9").await, ["true|true"]);
    assert_eq!(fixture.keys("redshift-ml/").len(), 1);
}

#[tokio::test]
async fn functions_of_redshift() {
    let fixture = Fixture::new().await;
    for (sql, expected) in [
        ("SELECT nvl(NULL, 2), decode(NULL, NULL, 'none', 'some'), len('abc'), charindex('b', 'abc')", "2|none|3|2"),
        ("SELECT 7 / 2, 2.5::int, 'abcdef'::varchar(3), '12'::int + 1, 't'::bool", "3|3|abc|13|true"),
        ("SELECT dateadd(month, 1, '2024-01-31'::date), datediff(day, '2024-01-01'::date, '2024-03-01'::date)", "2024-02-29T00:00:00|60"),
        (
            "SELECT to_char('2024-05-06 15:04:09'::timestamp, 'YYYY-MM-DD HH24:MI'), to_date('06.05.2024', 'DD.MM.YYYY')",
            "2024-05-06 15:04|2024-05-06",
        ),
        (
            "SELECT date_trunc('quarter', '2024-05-06'::timestamp), extract(year from '2024-05-06'::date), last_day('2024-02-03'::date)",
            "2024-04-01T00:00:00|2024|2024-02-29",
        ),
        (
            "SELECT avg(a), sum(a), median(a), listagg(a, ',') WITHIN GROUP (ORDER BY a DESC) FROM (SELECT 1 AS a UNION ALL SELECT 2) t",
            "1|3|1.5|2,1",
        ),
        (
            "SELECT json_extract_path_text('{\"a\":{\"b\":\"x\"}}', 'a', 'b'), regexp_replace('a1b2', '[0-9]', '#'), regexp_substr('ab12', '[0-9]+')",
            "x|a#b#|12",
        ),
        ("SELECT 'admin.' SIMILAR TO '(ad|st)%', 'Admin' ILIKE 'ad%', strtol('ff', 16), mod(7, 3)", "true|true|255|1"),
        ("SELECT APPROXIMATE COUNT(DISTINCT a) FROM (SELECT 1 AS a UNION ALL SELECT 2) t", "2"),
        ("SELECT TOP 1 a FROM (SELECT 1 AS a UNION ALL SELECT NULL) t ORDER BY a DESC", "∅"),
        ("SELECT concat('a', NULL), convert(int, '5'), isnull(NULL, 'x')", "∅|5|x"),
    ] {
        assert_eq!(fixture.row(Dialect::Redshift, sql).await, expected, "{sql}");
    }
    let (labels, _) = fixture.try_run(Dialect::Redshift, "SELECT 1, 2, '3'::int, upper('x')", &[]).await.unwrap();
    assert_eq!(labels, ["?column?", "?column?", "int4", "upper"]);
}

#[tokio::test]
async fn functions_of_trino() {
    let fixture = Fixture::new().await;
    for (sql, expected) in [
        ("SELECT if(1 > 2, 'a', 'b'), try_cast('x' AS integer), try(1 / 0), 7 / 2, coalesce(NULL, 3)", "b|∅|∅|3|3"),
        ("SELECT date_diff('month', DATE '2024-01-31', DATE '2024-02-29'), date_add('day', 1, DATE '2024-02-28')", "1|2024-02-29"),
        (
            "SELECT date_format(TIMESTAMP '2024-05-06 15:04:09', '%Y-%m-%d %H:%i'), year(DATE '2024-05-06'), day_of_week(DATE '2024-05-05')",
            "2024-05-06 15:04|2024|7",
        ),
        ("SELECT count_if(a > 1), max_by(a, -a), approx_distinct(a), avg(a) FROM (VALUES (1), (2), (3)) t (a)", "2|1|3|2.0"),
        (
            "SELECT regexp_like('abc', 'b.'), regexp_extract('ab12', '([a-z]+)([0-9]+)', 2), width_bucket(3.5, 0, 10, 5), strpos('abc', 'c')",
            "true|12|2|3",
        ),
        ("SELECT json_extract_scalar('{\"a\":[1,2]}', '$.a[1]'), cardinality(ARRAY[1, 2, 3]), element_at(ARRAY[4, 5], 2)", "2|3|5"),
        ("SELECT a FROM (VALUES (1), (NULL)) t (a) ORDER BY a DESC FETCH FIRST 1 ROWS ONLY", "1"),
    ] {
        assert_eq!(fixture.row(Dialect::Athena, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn parameters_are_values_and_take_the_type_of_what_they_meet() {
    let fixture = Fixture::new().await;
    fixture.customers().await;
    let parameter = |name: &str, value: &str| Parameter { name: name.to_owned(), value: Some(value.to_owned()) };
    let sql = "SELECT count(*) FROM data WHERE age > :age AND job = :job AND rate < :rate";
    let given = [parameter("age", "60"), parameter("job", "re\"tired"), parameter("rate", "100.5")];
    let (_, rows) = fixture.try_run(Dialect::Redshift, sql, &given).await.unwrap();
    assert_eq!(rows, fixture.run("SELECT count(*) FROM data WHERE age > 60 AND job = 're\"tired' AND rate < 100.5").await);
    let nasty = [parameter("age", "60"), parameter("job", "' OR 1 = 1 --"), parameter("rate", "1")];
    assert_eq!(fixture.try_run(Dialect::Redshift, sql, &nasty).await.unwrap().1, ["0"]);
}
