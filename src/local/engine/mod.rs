//! The SQL engine of the embedded warehouse (Redshift dialect) and lake (Athena: Trino queries, Hive DDL).
//!
//! One DataFusion engine over two catalogs. Warehouse tables are sets of immutable Parquet files named by one catalog file; a
//! transaction writes new files and commits by renaming the new catalog into place. Lake tables are external: definitions over `s3://`
//! locations. The warehouse sees the lake through `CREATE EXTERNAL SCHEMA … FROM DATA CATALOG`.

mod alter;
mod append;
mod bound;
mod cache;
mod catalog;
mod ddl;
mod decimal;
mod describe;
pub mod dialect;
mod dml;
mod drop;
mod error;
mod execute;
mod external;
mod files;
mod journal;
mod keys;
mod lake;
mod lake_write;
mod listing;
mod materialized;
mod memory;
mod merge;
mod merge_catalogs;
mod metadata;
mod models;
mod names;
mod operators;
mod outcome;
mod outside;
mod plan;
mod prepared;
mod rows;
mod scan;
mod session;
mod settings;
mod sqlstate;
mod system;
mod table;
mod transaction;
mod transfer;
mod types;
mod upkeep;
mod wording;
mod work;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, Weak};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use parking_lot::{Mutex, RwLock};
use tokio::sync::OwnedMutexGuard;

pub use self::bound::{BoundValue, Description};
use self::cache::Cache;
use self::catalog::{Catalog, Database};
use self::files::{Files, Lease};
use self::journal::Journal;
pub use self::metadata::TableInfo;
pub use self::outside::AttachedRoles;
pub use self::session::Session;
pub use self::system::type_number;
use crate::syntax as parse;
pub use crate::syntax::{Dialect, Parameter, SqlError, SqlErrorKind, split_statements};
pub use error::InStream;
pub use sqlstate::sqlstate;

use super::iam::Authority;
use super::objects::Objects;
use super::pace::{Pace, Tempo};
use super::store::Store;
use crate::demo::clock::SharedClock;

/// A type as the service names it in result metadata (`int4`, `varchar`, `numeric`; `integer`, `varchar`, `decimal`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlType {
    /// The service's name of the type.
    pub name: String,
    /// Digits of a decimal, or length of a text.
    pub precision: i32,
    /// Scale of a decimal.
    pub scale: i32,
}

/// A result column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Label.
    pub label: String,
    /// Type in the dialect of the statement.
    pub sql_type: SqlType,
    /// Whether NULL may occur.
    pub nullable: bool,
    /// Schema and table it comes from, when it is a plain column of one.
    pub origin: Option<(String, String)>,
}

/// What a statement is, as far as a service reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// Returns rows.
    Query,
    /// Changes rows.
    Dml,
    /// Changes definitions.
    Ddl,
    /// SHOW, DESCRIBE, EXPLAIN and the like: returns rows, scans nothing.
    Utility,
}

/// What running a statement gave.
pub struct Outcome {
    /// What the statement is.
    pub kind: StatementKind,
    /// Result columns, empty when there is no result set.
    pub columns: Vec<OutputColumn>,
    /// The Arrow schema of `rows`.
    pub schema: SchemaRef,
    /// The rows, streamed; `None` when there is no result set. An error in the stream is the statement's error.
    pub rows: Option<SendableRecordBatchStream>,
    /// Rows inserted, updated, deleted, copied or unloaded.
    pub affected: Option<u64>,
    /// Bytes of S3 that were read so far (final when the stream has ended).
    pub scanned: Arc<std::sync::atomic::AtomicU64>,
}

/// The engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// An engine that does not keep itself alive, for background work.
#[derive(Clone)]
pub struct WeakEngine {
    inner: Weak<Inner>,
}

impl WeakEngine {
    /// The engine, unless it is gone.
    pub fn upgrade(&self) -> Option<Engine> {
        self.inner.upgrade().map(|inner| Engine { inner })
    }
}

struct Inner {
    store: Store,
    objects: Objects,
    /// The account around it, if there is one.
    outside: Option<outside::Outside>,
    clock: SharedClock,
    files: Files,
    cache: Cache,
    journal: Journal,
    models: models::Functions,
    /// How long trainings wait before they work.
    pace: RwLock<Tempo>,
    runtime: Arc<RuntimeEnv>,
    /// What is committed.
    catalog: RwLock<Arc<Catalog>>,
    /// Held by the transaction that writes.
    writer: Arc<tokio::sync::Mutex<()>>,
    /// Functions and rules of each dialect, made when first used.
    redshift: OnceLock<SessionState>,
    athena: OnceLock<SessionState>,
    /// Background work, which ends with the engine.
    tasks: Mutex<tokio::task::JoinSet<()>>,
}

impl Engine {
    /// Opens warehouse and lake of a state directory, removing files that no catalog names. Nothing that statements do is refused.
    pub async fn open(store: &Store, objects: Objects, clock: SharedClock) -> Result<Self, SqlError> {
        Self::opened(store, objects, clock, None).await
    }

    /// Opens warehouse and lake in an account: what statements do outside the warehouse is allowed or refused as their roles are.
    pub async fn open_in(store: &Store, objects: Objects, clock: SharedClock, authority: Authority) -> Result<Self, SqlError> {
        Self::opened(store, objects, clock, Some(outside::Outside::new(authority))).await
    }

    async fn opened(store: &Store, objects: Objects, clock: SharedClock, outside: Option<outside::Outside>) -> Result<Self, SqlError> {
        let catalog: Catalog = store.load(catalog::DOCUMENT).map_err(error::internal)?.unwrap_or_default();
        let directory = store.directory("warehouse/files").map_err(error::internal)?;
        // What a killed process has spilled is nobody's.
        let spill = store.directory("warehouse/spill").map_err(error::internal)?;
        std::fs::remove_dir_all(&spill).and_then(|()| std::fs::create_dir(&spill)).map_err(|source| error::disk(&spill, &source))?;
        let known: HashSet<&str> = catalog.files().map(|file| file.name.as_str()).collect();
        let files = Files::open(directory, &known)?;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(memory::Memory::new()))
            .with_temp_file_path(spill)
            .build_arc()
            .map_err(error::internal)?;
        let journal = Journal::open(store, clock.clone())?;
        let pace = Tempo::new(Pace::Instant, clock.now());
        let inner = Inner {
            store: store.clone(),
            objects,
            outside,
            clock,
            files,
            cache: Cache::default(),
            journal,
            models: models::Functions::default(),
            pace: RwLock::new(pace),
            runtime,
            catalog: RwLock::new(Arc::new(catalog)),
            writer: Arc::default(),
            redshift: OnceLock::new(),
            athena: OnceLock::new(),
            tasks: Mutex::default(),
        };
        let engine = Engine { inner: Arc::new(inner) };
        models::recover(&engine).await?;
        Ok(engine)
    }

    /// A new session. `database` is the warehouse's database or the Glue database.
    pub fn session(&self, dialect: Dialect, database: &str) -> Session {
        Session::new(self, dialect, database)
    }

    /// Makes the warehouse's database when it does not exist (a namespace or cluster was created).
    pub fn create_warehouse(&self, database: &str) -> Result<(), SqlError> {
        self.change(|catalog| {
            catalog.warehouse.entry(database.to_lowercase()).or_insert_with(Database::default);
        })
    }

    /// Removes the warehouse with everything in it (its namespace or cluster was deleted). The lake stays.
    pub fn drop_warehouse(&self) -> Result<(), SqlError> {
        self.change(|catalog| catalog.warehouse.clear())
    }

    /// Removes one database of the warehouse (its namespace was deleted, and there are others).
    pub fn drop_database(&self, database: &str) -> Result<(), SqlError> {
        self.change(|catalog| {
            catalog.warehouse.remove(&database.to_lowercase());
        })
    }

    /// Changes what is committed, at once. A transaction that is writing then fails at its commit if it has changed the same.
    fn change(&self, change: impl FnOnce(&mut Catalog)) -> Result<(), SqlError> {
        let mut current = self.inner.catalog.write();
        let mut new = Catalog::clone(&current);
        change(&mut new);
        if new == **current {
            return Ok(());
        }
        self.inner.store.save(catalog::DOCUMENT, &new).map_err(error::internal)?;
        let kept: HashSet<&str> = new.files().map(|file| file.name.as_str()).collect();
        self.discard(current.files().map(|file| file.name.as_str()).filter(|name| !kept.contains(name)));
        *current = Arc::new(new);
        Ok(())
    }

    /// What is committed now.
    fn committed(&self) -> Arc<Catalog> {
        Arc::clone(&self.inner.catalog.read())
    }

    /// What is committed now, with its files kept on disk as long as the leases are held.
    fn snapshot(&self) -> (Arc<Catalog>, Vec<Arc<Lease>>) {
        // The leases are taken before another catalog can take the place of this one and discard its files.
        let catalog = self.inner.catalog.read();
        let leases = catalog.files().map(|file| self.inner.files.lease(file)).collect();
        (Arc::clone(&catalog), leases)
    }

    /// Puts `new` in the place of `base`. What has taken that place in the meantime stays, where the two have changed different things; the
    /// replacement fails where they have not.
    fn replace_catalog(&self, base: &Arc<Catalog>, new: &Arc<Catalog>) -> Result<(), SqlError> {
        let mut current = self.inner.catalog.write();
        let new = if Arc::ptr_eq(&current, base) {
            Arc::clone(new)
        } else {
            Arc::new(merge_catalogs::merged(base, new, &current).ok_or_else(error::serialization)?)
        };
        self.inner.store.save(catalog::DOCUMENT, new.as_ref()).map_err(error::internal)?;
        *current = new;
        Ok(())
    }

    /// Waits for the right to write.
    async fn writer(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.inner.writer).lock_owned().await
    }

    /// Forgets and removes files that are in no catalog any more.
    fn discard<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let names: Vec<&str> = names.into_iter().collect();
        for name in &names {
            self.inner.cache.forget(name);
        }
        self.inner.files.discard(names);
    }

    /// The files of tables.
    fn files(&self) -> &Files {
        &self.inner.files
    }

    /// Decoded columns.
    fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// What statements ran.
    fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Sets how long trainings wait before they work. Nothing else in the engine waits.
    pub fn set_pace(&self, pace: Tempo) {
        *self.inner.pace.write() = pace;
    }

    /// How long trainings wait.
    fn pace(&self) -> Tempo {
        self.inner.pace.read().clone()
    }

    /// The functions of trained models.
    fn models(&self) -> &models::Functions {
        &self.inner.models
    }

    /// The objects of S3.
    fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    /// Time.
    fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// The state directory.
    fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The same engine, not kept alive.
    fn downgrade(&self) -> WeakEngine {
        WeakEngine { inner: Arc::downgrade(&self.inner) }
    }

    /// Runs `work` in the background until it ends or the engine does. It must not hold an [`Engine`] while it waits for others.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.inner.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// A state to plan and run one statement in: functions and rules of the dialect, no tables.
    fn state(&self, dialect: Dialect) -> SessionState {
        let slot = match dialect {
            Dialect::Redshift => &self.inner.redshift,
            Dialect::Athena => &self.inner.athena,
        };
        let mut state = slot.get_or_init(|| new_state(dialect, &self.inner.runtime)).clone();
        state.execution_props_mut().query_execution_start_time = Some(self.inner.clock.now());
        state
    }
}

/// What all statements of a dialect have in common.
fn new_state(dialect: Dialect, runtime: &Arc<RuntimeEnv>) -> SessionState {
    // One partition: rows keep their order and sums their last digit, whatever else the machine does.
    let config = SessionConfig::new().with_target_partitions(1).with_batch_size(scan::BATCH_ROWS);
    let mut config = dialect::configure(dialect, config);
    let options = config.options_mut();
    options.catalog.create_default_catalog_and_schema = false;
    options.catalog.information_schema = false;
    options.execution.planning_concurrency = 1;
    options.sql_parser.collect_spans = true;
    let builder = SessionStateBuilder::new().with_config(config).with_runtime_env(Arc::clone(runtime)).with_default_features();
    let state = dialect::planners(builder.with_physical_optimizer_rules(operators::rules(dialect)), dialect).build();
    let mut context = SessionContext::new_with_state(state);
    dialect::register(&mut context, dialect);
    context.state()
}
