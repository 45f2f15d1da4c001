//! Effects of the SQL console: statements on the services, and what is kept on disk.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use super::{Runner, broken, send};
use crate::app::sql::kept::Found;
use crate::app::sql::{self, RunId, Start, run};
use crate::app::{Effect, Msg};
use crate::ops::catalog::Catalog;
use crate::ops::console::workspace::Workspace;
use crate::ops::console::{Store, WriteLock};
use crate::ops::query::{QueryEngine, QueryEvent, QueryRequest, SessionUse};
use crate::ops::{self, Context, OpError};

/// Rows of the first page of a statement that is followed.
const PAGE: usize = 1000;
/// How long the tabs may be ahead of what is on disk.
const KEEP_AFTER: Duration = Duration::from_secs(1);

/// What is on disk, and the right to write it.
#[derive(Default)]
pub(super) struct Disk {
    store: Option<Store>,
    lock: Mutex<Option<WriteLock>>,
    /// The number of the newest tabs that were written, so that an older write never takes their place.
    written: Mutex<u64>,
    asked: std::sync::atomic::AtomicU64,
}

impl Disk {
    pub(super) fn new(store: Option<Store>) -> Disk {
        Disk { store, ..Disk::default() }
    }

    /// Reads everything; takes the right to write the tabs.
    fn find(&self) -> Found {
        let mut found = Found::default();
        let Some(store) = &self.store else { return found };
        let mut problems = Vec::new();
        let mut told = |what: &str, error: io::Error| problems.push(format!("{what} cannot be read: {error}"));
        match store.lock() {
            Ok(lock) => {
                found.writes = lock.is_some();
                if let Some(lock) = lock {
                    match store.workspace() {
                        Ok(workspace) => found.workspace = workspace,
                        Err(error) => {
                            // What cannot be read is not written over either.
                            found.writes = false;
                            told("The tabs of the console", error);
                        }
                    }
                    if let Err(error) = store.trim_history(&lock) {
                        told("The history", error);
                    }
                    *self.lock.lock() = Some(lock);
                }
            }
            Err(error) => told("The directory of the console", error),
        }
        match store.history() {
            Ok(history) => found.history = history,
            Err(error) => told("The history", error),
        }
        match store.saved() {
            Ok(saved) => found.saved = saved,
            Err(error) => told("The saved queries", error),
        }
        found.problems = problems;
        found
    }

    fn keep(&self, number: u64, workspace: &Workspace) -> io::Result<()> {
        let (Some(store), Some(lock)) = (&self.store, &*self.lock.lock()) else { return Ok(()) };
        let mut written = self.written.lock();
        if *written < number {
            store.keep_workspace(lock, workspace)?;
            *written = number;
        }
        Ok(())
    }
}

fn trouble(what: &str, error: &io::Error) -> Msg {
    Msg::Sql(sql::Msg::Trouble(format!("{what}: {error}")))
}

impl Runner {
    /// Effects that need no account. Gives back what is none of them.
    pub(super) fn on_disk(&self, effect: Effect) -> Option<Effect> {
        let disk = Arc::clone(&self.shared.disk);
        let store = disk.store.clone();
        match effect {
            Effect::FindConsole => self.blocking(move || Some(Msg::Sql(sql::Msg::Found(Box::new(disk.find()))))),
            Effect::KeepSoon => {
                let cancel = self.shared.slots.lock().keep.clone();
                self.latest(
                    cancel,
                    async {
                        sleep(KEEP_AFTER).await;
                        Msg::Sql(sql::Msg::Keep)
                    },
                    || Msg::Sql(sql::Msg::Keep),
                );
            }
            Effect::KeepWorkspace(workspace) => {
                let number = disk.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                self.blocking(move || {
                    disk.keep(number, &workspace).err().map(|error| trouble("The tabs of the console could not be kept", &error))
                });
            }
            Effect::Remember(ran) => self.blocking(move || {
                let error = store?.remember(&ran).err()?;
                Some(trouble("The history could not be kept", &error))
            }),
            Effect::KeepCatalog { engine, catalog, account } => self.blocking(move || {
                let error = store?.keep_catalog(&account, engine, &catalog).err()?;
                Some(trouble("The catalog could not be kept", &error))
            }),
            Effect::OldCatalogs(account) => {
                for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
                    let (store, account) = (store.clone(), account.clone());
                    self.blocking(move || match store?.catalog(&account, engine) {
                        Ok(catalog) => Some(Msg::Sql(sql::Msg::OldCatalog(engine, Box::new(catalog?)))),
                        // It is read anew anyway.
                        Err(error) => {
                            tracing::info!("an old catalog is left aside: {error}");
                            None
                        }
                    });
                }
            }
            Effect::SaveQuery(query) => self.saved(move |store| store.save_query(&query)),
            Effect::RenameQuery { from, to } => self.saved(move |store| store.rename_query(&from, &to)),
            Effect::DeleteQuery(name) => self.saved(move |store| store.delete_query(&name)),
            Effect::LeaveQueries => {
                let mut slots = self.shared.slots.lock();
                slots.runs.clear();
                slots.follow_queries.cancel();
            }
            other => return Some(other),
        }
        None
    }

    /// Changes the saved queries and tells what there is afterwards.
    fn saved(&self, change: impl FnOnce(&Store) -> io::Result<()> + Send + 'static) {
        let store = self.shared.disk.store.clone();
        self.blocking(move || {
            let Some(store) = store else { return Some(Msg::Sql(sql::Msg::Saved(Err("There is no directory for queries".to_owned())))) };
            let answer = change(&store).and_then(|()| store.saved());
            Some(Msg::Sql(sql::Msg::Saved(answer.map_err(|error| format!("The saved queries could not be changed: {error}")))))
        });
    }

    /// Does something that waits for the disk, on a thread for that.
    fn blocking(&self, work: impl FnOnce() -> Option<Msg> + Send + 'static) {
        let messages = self.shared.messages.clone();
        self.shared.tasks.spawn_blocking_on(
            move || {
                if let Some(message) = work() {
                    send(&messages, message);
                }
            },
            &self.shared.handle,
        );
    }

    /// Runs a statement until `context.cancel` ends it.
    pub(super) fn query(&self, context: Context, id: RunId, request: QueryRequest, session: SessionUse) {
        self.follow_query(id, move |mut hear| async move { ops::query::run_in(&context, request, &session, &mut hear).await });
    }

    /// Follows a statement that was sent before, until `context.cancel` ends it.
    pub(super) fn attach(&self, context: Context, id: RunId, engine: QueryEngine, remote: String) {
        self.follow_query(id, move |mut hear| async move { ops::query::attach(&context, engine, &remote, PAGE, &mut hear).await });
    }

    fn follow_query<F, R>(&self, id: RunId, work: F)
    where
        F: FnOnce(Box<dyn FnMut(QueryEvent) + Send>) -> R,
        R: Future<Output = Result<ops::query::QueryResult, OpError>> + Send + 'static,
    {
        let messages = self.shared.messages.clone();
        let hear = Box::new(move |event| send(&messages, Msg::Sql(sql::Msg::Run(id, run::Msg::Progress(event)))));
        let job = work(hear);
        let shared = Arc::clone(&self.shared);
        let ended = move |answer| Msg::Sql(sql::Msg::Run(id, run::Msg::Finished(Box::new(answer))));
        // Cancelled by its own token it is cancelled at the service; by this one it is only followed no more.
        let leave = self.shared.slots.lock().follow_queries.clone();
        self.latest(
            leave,
            async move {
                let answer = job.await;
                shared.slots.lock().runs.remove(&id);
                ended(answer)
            },
            move || ended(Err(broken("could not run the statement"))),
        );
    }

    /// Asks what statements may read at most.
    pub(super) fn estimate(&self, context: Context, start: Box<Start>) {
        let again = start.clone();
        self.job(
            async move {
                let mut all = ops::query::cost::Estimate { bytes: Some(0), usd: None, tables: Vec::new() };
                for piece in &start.pieces {
                    match ops::query::cost::estimate(&context, &piece.sql, &piece.parameters).await {
                        Ok(one) => all = all.and(one),
                        Err(error) => return Msg::Sql(sql::Msg::Estimated(start, Err(error))),
                    }
                }
                Msg::Sql(sql::Msg::Estimated(start, Ok(all)))
            },
            move || Msg::Sql(sql::Msg::Estimated(again, Err(broken("could not estimate the query")))),
        );
    }

    /// Lists the statements of the account.
    pub(super) fn list_statements(&self, context: Context) {
        self.job(async move { Msg::Sql(sql::Msg::Account(ops::query::remote::recent(&context).await)) }, || {
            Msg::Sql(sql::Msg::Account(Err(broken("could not list the statements of the account"))))
        });
    }

    /// Cancels a statement that nobody here follows.
    pub(super) fn cancel_remote(&self, context: Context, engine: QueryEngine, id: String) {
        let said = |answer: Result<(), OpError>| {
            Msg::Sql(match answer {
                Ok(()) => sql::Msg::Told("The statement is being cancelled".to_owned()),
                Err(error) => sql::Msg::Trouble(error.to_string()),
            })
        };
        self.job(async move { said(ops::query::remote::cancel(&context, engine, &id).await) }, move || {
            said(Err(broken("could not cancel the statement")))
        });
    }

    /// Reads what an engine can name.
    pub(super) fn read_catalog(&self, context: Context, engine: QueryEngine, version: u64) {
        let came = move |answer: Result<Catalog, OpError>| Msg::Sql(sql::Msg::Catalog(engine, Box::new(answer)));
        self.job(async move { came(ops::catalog::read(&context, engine, version).await) }, move || {
            came(Err(broken("could not read the catalog")))
        });
    }
}
