//! The SQL engine by itself, and tables of statements with their answers.

use std::sync::Arc;

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use shiftdeck::demo::clock::SystemClock;
use shiftdeck::local::engine::{Dialect, Engine, Session, SqlError};
use shiftdeck::local::objects::Objects;
use shiftdeck::local::store::Store;

/// An engine in a directory of its own, with a warehouse `bankdm` and a bucket `lake`.
pub struct Warehouse {
    /// The engine.
    pub engine: Engine,
    /// The objects of S3.
    pub objects: Objects,
    directory: tempfile::TempDir,
}

/// What a statement gave: rows are cells with `|` between them, NULL as `∅`.
#[derive(Debug)]
pub struct Answer {
    /// Labels of the columns.
    pub labels: Vec<String>,
    /// Types of the columns, as `numeric(7,3)` or `int4`.
    pub types: Vec<String>,
    /// The rows.
    pub rows: Vec<String>,
}

impl Warehouse {
    /// A fresh one.
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let clock: Arc<SystemClock> = Arc::new(SystemClock);
        let objects = Objects::open(&store, clock.clone()).unwrap();
        let engine = Engine::open(&store, objects.clone(), clock).await.unwrap();
        engine.create_warehouse("bankdm").unwrap();
        objects.create_bucket("lake").unwrap();
        Warehouse { engine, objects, directory }
    }

    /// A session of a dialect.
    pub fn session(&self, dialect: Dialect) -> Session {
        self.engine.session(dialect, "bankdm")
    }

    /// The answer to a statement, or why there is none.
    pub async fn ask(&self, dialect: Dialect, sql: &str) -> Result<Answer, SqlError> {
        self.ask_in(&mut self.session(dialect), sql).await
    }

    /// The answer to a statement in a session.
    pub async fn ask_in(&self, session: &mut Session, sql: &str) -> Result<Answer, SqlError> {
        let outcome = self.engine.execute(session, sql, &[]).await?;
        let mut rows = Vec::new();
        if let Some(mut stream) = outcome.rows {
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(SqlError::of_stream)?;
                let options = FormatOptions::default().with_null("∅");
                let columns: Vec<ArrayFormatter<'_>> =
                    batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
                for row in 0..batch.num_rows() {
                    rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"));
                }
            }
        }
        let types = outcome.columns.iter().map(|column| match column.sql_type.name.as_str() {
            "numeric" | "decimal" => format!("{}({},{})", column.sql_type.name, column.sql_type.precision, column.sql_type.scale),
            name => name.to_owned(),
        });
        Ok(Answer { labels: outcome.columns.iter().map(|column| column.label.clone()).collect(), types: types.collect(), rows })
    }

    /// Runs a statement of the warehouse that has to succeed.
    pub async fn run(&self, sql: &str) -> Vec<String> {
        self.ask(Dialect::Redshift, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows
    }

    /// Every expression gives the text beside it; all that do not are told at once.
    pub async fn gives(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            let sql = if is_statement(expression) { (*expression).to_owned() } else { format!("SELECT {expression}") };
            match self.ask(dialect, &sql).await {
                Ok(answer) if answer.rows.join(";") == *expected => {}
                Ok(answer) => wrong.push(format!("{expression}\n     gave {}\n     not  {expected}", answer.rows.join(";"))),
                Err(error) => wrong.push(format!("{expression}\n     failed: {error}\n     not  {expected}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }

    /// Every expression has the type beside it.
    pub async fn types(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            match self.ask(dialect, &format!("SELECT {expression}")).await {
                Ok(answer) if answer.types.join(",") == *expected => {}
                Ok(answer) => wrong.push(format!("{expression} is {}, not {expected}", answer.types.join(","))),
                Err(error) => wrong.push(format!("{expression} failed: {error}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }

    /// Every expression or query fails with a message that holds the text beside it.
    pub async fn fails(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            let sql = if is_statement(expression) { (*expression).to_owned() } else { format!("SELECT {expression}") };
            match self.ask(dialect, &sql).await {
                Ok(answer) => wrong.push(format!("{expression}\n     gave {}\n     not  {expected}", answer.rows.join(";"))),
                Err(error) if error.message.contains(expected) => {}
                Err(error) => wrong.push(format!("{expression}\n     failed with {error}\n     not  {expected}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
}

fn is_statement(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_uppercase();
    matches!(first.as_str(), "SELECT" | "WITH" | "VALUES" | "(SELECT")
}
