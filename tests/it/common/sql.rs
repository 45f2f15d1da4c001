//! An engine of its own with a warehouse `bankdm`, a lake `bankdm` and a bucket `lake`, for tests that speak SQL.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use shiftdeck::demo::clock::SystemClock;
use shiftdeck::local::engine::{Dialect, Engine, InStream as _, Outcome, Session, SqlError, SqlType};
use shiftdeck::local::objects::Objects;
use shiftdeck::local::store::Store;

/// The engine with what it works on.
pub struct Sql {
    /// The state directory.
    pub directory: tempfile::TempDir,
    /// The engine.
    pub engine: Engine,
    /// S3.
    pub objects: Objects,
}

/// What a statement gave, read to its end. A row is its values with `|` between them, NULL as `∅`.
#[derive(Debug)]
pub struct Done {
    /// Labels of the columns.
    pub labels: Vec<String>,
    /// Types of the columns.
    pub types: Vec<SqlType>,
    /// Rows.
    pub rows: Vec<String>,
    /// Rows that were changed.
    pub affected: Option<u64>,
    /// Bytes of S3 that were read.
    pub scanned: u64,
}

/// The engine and the objects of a state directory.
pub async fn open(directory: &Path) -> (Engine, Objects) {
    let store = Store::open(directory).unwrap();
    let clock: Arc<SystemClock> = Arc::new(SystemClock);
    let objects = Objects::open(&store, clock.clone()).unwrap();
    (Engine::open(&store, objects.clone(), clock).await.unwrap(), objects)
}

impl Sql {
    /// A new one.
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (engine, objects) = open(directory.path()).await;
        engine.create_warehouse("bankdm").unwrap();
        objects.create_bucket("lake").unwrap();
        let sql = Sql { directory, engine, objects };
        sql.athena("CREATE DATABASE bankdm").await;
        sql
    }

    /// What the next process would find.
    pub async fn reopened(self) -> Self {
        let Sql { directory, engine, objects } = self;
        drop((engine, objects));
        let (engine, objects) = open(directory.path()).await;
        Sql { directory, engine, objects }
    }

    /// A session of the warehouse.
    pub fn session(&self) -> Session {
        self.engine.session(Dialect::Redshift, "bankdm")
    }

    /// Runs a statement in a session.
    pub async fn within(&self, session: &mut Session, sql: &str) -> Result<Done, SqlError> {
        execute(&self.engine, session, sql).await
    }

    /// Runs statements in a session; none may fail.
    pub async fn all_within(&self, session: &mut Session, statements: &[&str]) {
        for sql in statements {
            self.within(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    /// Runs a statement in the warehouse, in a session of its own.
    pub async fn try_redshift(&self, sql: &str) -> Result<Done, SqlError> {
        self.within(&mut self.session(), sql).await
    }

    /// The rows of a statement in the warehouse.
    pub async fn redshift(&self, sql: &str) -> Vec<String> {
        self.try_redshift(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows
    }

    /// Runs statements in the warehouse.
    pub async fn all(&self, statements: &[&str]) {
        self.all_within(&mut self.session(), statements).await;
    }

    /// The message of a statement that fails in the warehouse.
    pub async fn refused(&self, sql: &str) -> String {
        self.failed(sql).await.message
    }

    /// The error of a statement that fails in the warehouse.
    pub async fn failed(&self, sql: &str) -> SqlError {
        match self.try_redshift(sql).await {
            Ok(done) => panic!("{sql} gave {:?}", done.rows),
            Err(error) => error,
        }
    }

    /// A session of the lake.
    pub fn lake(&self) -> Session {
        self.engine.session(Dialect::Athena, "bankdm")
    }

    /// Runs a statement in the lake.
    pub async fn try_athena(&self, sql: &str) -> Result<Done, SqlError> {
        self.within(&mut self.lake(), sql).await
    }

    /// The rows of a statement in the lake.
    pub async fn athena(&self, sql: &str) -> Vec<String> {
        self.try_athena(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows
    }

    /// The message of a statement that fails in the lake.
    pub async fn athena_refused(&self, sql: &str) -> String {
        match self.try_athena(sql).await {
            Ok(done) => panic!("{sql} gave {:?}", done.rows),
            Err(error) => error.message,
        }
    }

    /// Puts an object.
    pub fn put(&self, key: &str, body: impl AsRef<[u8]>) {
        self.objects.put("lake", key, body, None).unwrap();
    }

    /// The text of an object.
    pub fn text(&self, key: &str) -> String {
        String::from_utf8(self.objects.get("lake", key).unwrap().0.to_vec()).unwrap()
    }

    /// The keys below a prefix.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.objects.list("lake", prefix).unwrap().into_iter().map(|(key, _)| key).collect()
    }

    /// How many files the tables have on disk.
    pub fn files(&self) -> usize {
        std::fs::read_dir(self.directory.path().join("warehouse/files")).unwrap().count()
    }
}

impl Done {
    /// The types with both sizes, `varchar(12,0)`.
    pub fn sized(&self) -> Vec<String> {
        self.types.iter().map(|kind| format!("{}({},{})", kind.name, kind.precision, kind.scale)).collect()
    }

    /// The types, `numeric(7,3)` or `int4`.
    pub fn named(&self) -> Vec<String> {
        let one = |kind: &SqlType| match kind.name.as_str() {
            "numeric" | "decimal" => format!("{}({},{})", kind.name, kind.precision, kind.scale),
            name => name.to_owned(),
        };
        self.types.iter().map(one).collect()
    }
}

/// Runs a statement and reads it to its end.
pub async fn execute(engine: &Engine, session: &mut Session, sql: &str) -> Result<Done, SqlError> {
    read(engine.execute(session, sql, &[]).await?).await
}

/// Reads what a statement gave to its end.
pub async fn read(outcome: Outcome) -> Result<Done, SqlError> {
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
    Ok(Done {
        labels: outcome.columns.iter().map(|column| column.label.clone()).collect(),
        types: outcome.columns.iter().map(|column| column.sql_type.clone()).collect(),
        rows,
        affected: outcome.affected,
        scanned: outcome.scanned.load(std::sync::atomic::Ordering::Relaxed),
    })
}
