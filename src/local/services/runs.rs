//! Asynchronous work with an identifier: statements and queries.
//!
//! A run is a record (kept as one document in the store) and a task that does the work. Records are read when the service is used first;
//! those that were in flight when the process died are then settled. Work ends when it is cancelled or when the service goes away.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::local::store::{Store, StoreError};

/// What a record has to say about itself.
pub trait Record: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Whether the work has ended, well or badly.
    fn ended(&self) -> bool;
    /// Settles a record whose work died with its process.
    fn interrupted(&mut self);
}

/// A run: its record, its position in time, and the way to stop it.
#[derive(Debug)]
pub struct Run<T> {
    /// Identifier.
    pub id: String,
    /// Position among all runs of the service, counted from 1.
    pub sequence: u64,
    /// Ends the work when cancelled.
    pub cancel: CancellationToken,
    record: watch::Sender<T>,
    /// The record as it was last saved comes from under this lock, so that two writers cannot overtake each other on disk.
    saving: Mutex<()>,
}

impl<T: Record> Run<T> {
    /// The record now.
    pub fn record(&self) -> T {
        self.record.borrow().clone()
    }

    /// Looks at the record without copying it.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.record.borrow())
    }

    /// Whether the work has ended.
    pub fn ended(&self) -> bool {
        self.record.borrow().ended()
    }

    /// Waits until the work has ended, `longest` at most.
    pub async fn wait(&self, longest: Duration) {
        if longest.is_zero() || self.ended() {
            return;
        }
        let mut receiver = self.record.subscribe();
        // Neither the time running out nor the sender going away is an error here: the caller looks at the record.
        let _ = tokio::time::timeout(longest, receiver.wait_for(Record::ended)).await;
    }
}

#[derive(Serialize, Deserialize)]
struct Document<T> {
    sequence: u64,
    record: T,
}

/// The runs of one service.
pub struct Runs<T> {
    store: Store,
    name: &'static str,
    loaded: OnceLock<()>,
    loading: Mutex<()>,
    table: RwLock<Table<T>>,
    stop: CancellationToken,
}

struct Table<T> {
    /// By position, so that the newest can be listed first and the oldest removed first.
    order: std::collections::BTreeMap<u64, Arc<Run<T>>>,
    by_id: HashMap<String, u64>,
    last: u64,
}

impl<T: Record> Runs<T> {
    /// The runs that are documents in the directory `services/<name>`. Nothing is read yet.
    pub fn new(store: Store, name: &'static str) -> Self {
        Runs {
            store,
            name,
            loaded: OnceLock::new(),
            loading: Mutex::new(()),
            table: RwLock::new(Table { order: std::collections::BTreeMap::new(), by_id: HashMap::new(), last: 0 }),
            stop: CancellationToken::new(),
        }
    }

    fn document(&self, id: &str) -> String {
        format!("services/{}/{id}", self.name)
    }

    /// Reads the records when that has not happened yet. `true` when it happened now. Everything else may be called only after this.
    pub fn load(&self) -> Result<bool, StoreError> {
        if self.loaded.get().is_some() {
            return Ok(false);
        }
        let _loading = self.loading.lock();
        if self.loaded.get().is_some() {
            return Ok(false);
        }
        let directory = self.store.directory(&format!("services/{}", self.name))?;
        let failed = |source| StoreError::Io { path: directory.clone(), source };
        for entry in std::fs::read_dir(&directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let id = match (path.extension().and_then(|it| it.to_str()), path.file_stem().and_then(|it| it.to_str())) {
                (Some("json"), Some(id)) if !id.starts_with('.') => id.to_owned(),
                _ => continue,
            };
            let Some(mut document) = self.store.load::<Document<T>>(&self.document(&id))? else { continue };
            if !document.record.ended() {
                document.record.interrupted();
                self.store.save(&self.document(&id), &document)?;
            }
            self.add(Arc::new(self.run(id, document.sequence, document.record)));
        }
        self.loaded.get_or_init(|| ());
        Ok(true)
    }

    fn run(&self, id: String, sequence: u64, record: T) -> Run<T> {
        Run { id, sequence, cancel: self.stop.child_token(), record: watch::Sender::new(record), saving: Mutex::new(()) }
    }

    fn add(&self, run: Arc<Run<T>>) {
        let mut table = self.table.write();
        table.last = table.last.max(run.sequence);
        table.by_id.insert(run.id.clone(), run.sequence);
        table.order.insert(run.sequence, run);
    }

    /// Adds a run and saves its record.
    pub fn insert(&self, id: String, record: T) -> Result<Arc<Run<T>>, StoreError> {
        let sequence = {
            let mut table = self.table.write();
            table.last += 1;
            table.last
        };
        let run = Arc::new(self.run(id, sequence, record));
        self.save(&run)?;
        self.add(run.clone());
        Ok(run)
    }

    /// The run `id`.
    pub fn get(&self, id: &str) -> Option<Arc<Run<T>>> {
        let table = self.table.read();
        table.by_id.get(id).and_then(|sequence| table.order.get(sequence)).cloned()
    }

    /// Every run, the newest first.
    pub fn newest_first(&self) -> Vec<Arc<Run<T>>> {
        self.table.read().order.values().rev().cloned().collect()
    }

    /// How many runs have not ended.
    pub fn active(&self) -> usize {
        self.table.read().order.values().filter(|run| !run.ended()).count()
    }

    /// Changes a record in memory only: what is not worth keeping, as that it was started.
    pub fn note(&self, run: &Run<T>, change: impl FnOnce(&mut T)) {
        run.record.send_modify(change);
    }

    /// Changes a record on disk and then in memory, so that nobody sees an end that a kill could undo.
    pub fn change(&self, run: &Run<T>, change: impl FnOnce(&mut T)) -> Result<(), StoreError> {
        let _saving = run.saving.lock();
        let mut record = run.record();
        change(&mut record);
        self.store.save(&self.document(&run.id), &Document { sequence: run.sequence, record: record.clone() })?;
        run.record.send_replace(record);
        Ok(())
    }

    fn save(&self, run: &Run<T>) -> Result<(), StoreError> {
        let _saving = run.saving.lock();
        self.store.save(&self.document(&run.id), &Document { sequence: run.sequence, record: run.record() })
    }

    /// Removes the oldest runs as long as `expired` says so of the oldest, and gives the removed ones.
    pub fn expire(&self, expired: impl Fn(&T) -> bool) -> Result<Vec<Arc<Run<T>>>, StoreError> {
        let mut removed = Vec::new();
        loop {
            let oldest = self.table.read().order.values().next().cloned();
            let Some(run) = oldest.filter(|run| run.with(&expired)) else { return Ok(removed) };
            let path = self.store.root().join(format!("{}.json", self.document(&run.id)));
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::Io { path, source }),
                _ => {}
            }
            let mut table = self.table.write();
            table.order.remove(&run.sequence);
            table.by_id.remove(&run.id);
            drop(table);
            run.cancel.cancel();
            removed.push(run);
        }
    }

    /// Ends all work.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends all work and waits until it has noted so, `longest` at most for each.
    pub async fn drain(&self, longest: Duration) {
        self.stop();
        for run in self.newest_first() {
            run.wait(longest).await;
        }
    }

    /// Whether all work was told to end.
    pub fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Job {
        state: String,
    }

    impl Record for Job {
        fn ended(&self) -> bool {
            self.state != "running"
        }
        fn interrupted(&mut self) {
            self.state = "interrupted".to_owned();
        }
    }

    fn job(state: &str) -> Job {
        Job { state: state.to_owned() }
    }

    #[test]
    fn records_survive_and_work_in_flight_is_settled() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let runs = Runs::<Job>::new(store.clone(), "test");
        assert!(runs.load().unwrap());
        assert!(!runs.load().unwrap());
        let first = runs.insert("a".into(), job("running")).unwrap();
        runs.insert("b".into(), job("running")).unwrap();
        runs.note(&first, |job| job.state = "running".into());
        runs.change(&first, |job| job.state = "done".into()).unwrap();
        assert_eq!(runs.active(), 1);

        let runs = Runs::<Job>::new(store.clone(), "test");
        runs.load().unwrap();
        assert_eq!(runs.get("a").unwrap().record(), job("done"));
        assert_eq!(runs.get("b").unwrap().record(), job("interrupted"));
        assert_eq!(runs.insert("c".into(), job("done")).unwrap().sequence, 3);
        let order: Vec<String> = runs.newest_first().iter().map(|run| run.id.clone()).collect();
        assert_eq!(order, ["c", "b", "a"]);

        // The settling is on disk too, and expiry stops at the first that stays.
        let runs = Runs::<Job>::new(store.clone(), "test");
        runs.load().unwrap();
        let removed = runs.expire(|job| job.state == "done").unwrap();
        assert_eq!(removed.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(runs.get("a").is_none());
        let runs = Runs::<Job>::new(store, "test");
        runs.load().unwrap();
        assert_eq!(runs.newest_first().len(), 2);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_work_and_stopping_cancels_it() {
        let directory = tempfile::tempdir().unwrap();
        let runs = Arc::new(Runs::<Job>::new(Store::open(directory.path()).unwrap(), "test"));
        runs.load().unwrap();
        let run = runs.insert("a".into(), job("running")).unwrap();
        let (worker, waiter) = (runs.clone(), run.clone());
        let task = tokio::spawn(async move {
            waiter.cancel.cancelled().await;
            worker.change(&waiter, |job| job.state = "stopped".into()).unwrap();
        });
        runs.stop();
        run.wait(Duration::from_secs(20)).await;
        assert_eq!(run.record(), job("stopped"));
        task.await.unwrap();
    }
}
