//! Effects of the results in the SQL console: fetching rows, and work over all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{Runner, broken, send};
use crate::app::Msg;
use crate::app::latest::Ticket;
use crate::app::sql::result::{self, Answer, Job, Task};
use crate::app::sql::{self, RunId};
use crate::ops::results::{self, Export, ExportError, Spill, Work, kept};
use crate::ops::{Context, OpError};

/// Time between two reports of how far work is.
const REPORT: Duration = Duration::from_millis(50);

impl Runner {
    /// Does work over the rows of a result.
    pub(super) fn result(&self, context: Context, cancel: CancellationToken, run: RunId, ticket: Ticket, task: Task) {
        let to = move |msg| Msg::Sql(sql::Msg::Grid(run, msg));
        let messages = self.shared.messages.clone();
        let told = Mutex::new(Instant::now());
        let fetches = task.job.fetches();
        let (watched, stop) = (Arc::downgrade(&task.store), cancel.clone());
        let hear = Arc::new(move |done, of| {
            // A result that nobody has open any more: only this work still holds its rows.
            if watched.strong_count() <= 1 {
                stop.cancel();
            }
            let mut told = told.lock();
            if told.elapsed() >= REPORT {
                *told = Instant::now();
                let msg = if fetches { result::Msg::Fetching(ticket, done, of) } else { result::Msg::Progress(ticket, done, of) };
                send(&messages, to(msg));
            }
        });
        let work = Work::new(cancel, hear);
        let spill = self.shared.spill.clone();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        if let Job::Fetch(rows) = task.job {
            return self.job(
                async move {
                    let fetched = results::fetch(&context, &task.meta, &task.store, rows, &spill, &work).await;
                    to(result::Msg::Fetched(ticket, fetched))
                },
                move || to(result::Msg::Fetched(ticket, Err(broken("could not fetch more rows")))),
            );
        }
        self.job(
            async move {
                let answer = answered(&context, task, spill, work, home.as_deref()).await;
                to(result::Msg::Ended(ticket, Box::new(answer)))
            },
            move || to(result::Msg::Ended(ticket, Box::new(Err(broken("could not work on the result"))))),
        );
    }
}

async fn answered(context: &Context, task: Task, spill: Spill, work: Work, home: Option<&Path>) -> Result<Answer, OpError> {
    if task.job.needs_all() {
        results::fetch(context, &task.meta, &task.store, u64::MAX, &spill, &work).await?;
    }
    let store = task.store;
    match task.job {
        // Fetched already.
        Job::Fetch(_) => Err(broken("could not fetch more rows")),
        Job::Compare(other, meta, pairing) => {
            results::fetch(context, &meta, &other, u64::MAX, &spill, &work).await?;
            let seen = Arc::clone(&other);
            let found = aside(move || results::compare(&store, &seen, &pairing, &work)).await?.map_err(kept)?;
            Ok(Answer::Compared(Box::new(found), other))
        }
        Job::Arrange(wanted) => aside(move || {
            let order = results::arrange(&store, &wanted, &work)?;
            Ok(Answer::Arranged(wanted, order))
        })
        .await?
        .map_err(kept),
        Job::Find(text, columns, order) => aside(move || {
            let places = results::find(&store, &text, &columns, order.as_ref().map(|order| order.as_slice()), &work)?;
            Ok(Answer::Found(text, places))
        })
        .await?
        .map_err(kept),
        Job::Profile(column, order) => {
            aside(move || results::profile(&store, column, order.as_ref().map(|order| order.as_slice()), &work).map(Answer::Profiled))
                .await?
                .map_err(kept)
        }
        Job::Chart(spec, order) => aside(move || {
            let data = results::chart(&store, &spec, order.as_ref().map(|order| order.as_slice()), &work)?;
            Ok(Answer::Charted(spec, data))
        })
        .await?
        .map_err(kept),
        Job::Export(export, order) => {
            let typed = export.path.to_string_lossy().into_owned();
            let export = Export { path: results::expanded(&typed, home), ..export };
            aside(move || match results::save(&store, &export, order.as_ref().map(|order| order.as_slice()), &work) {
                Ok(rows) => Ok(Answer::Exported(export.path, rows)),
                Err(ExportError::Exists(_)) => Ok(Answer::Exists(export)),
                Err(ExportError::Store(error)) => Err(kept(error)),
                Err(error) => Err(OpError::failed("", "could not export", error.to_string())),
            })
            .await?
        }
        Job::Complete(typed) => {
            let home = home.map(Path::to_owned);
            let found = typed.clone();
            let found = aside(move || completions(&found, home.as_deref())).await?;
            Ok(Answer::Completed(typed, found))
        }
    }
}

/// Work that computes or reads files: on a thread where it delays nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| broken("could not work on the result"))
}

/// What a path that is being typed can become, directories with a slash at the end. A directory that cannot be read has nothing.
fn completions(typed: &str, home: Option<&Path>) -> Vec<String> {
    let (before, begun) = typed.rsplit_once('/').map_or(("", typed), |(before, begun)| (&typed[..=before.len()], begun));
    let directory = match before {
        "" => PathBuf::from("."),
        before => results::expanded(before, home),
    };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !begun.starts_with('.');
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (name.starts_with(begun) && !hidden).then(|| format!("{before}{name}{slash}"))
        })
        .collect();
    found.sort_unstable();
    found.truncate(40);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn paths_are_completed() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("reports")).unwrap();
        for name in ["rows.csv", ".rows", "other"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let root = directory.path().to_str().unwrap();
        assert_eq!(completions(&format!("{root}/r"), None), [format!("{root}/reports/"), format!("{root}/rows.csv")]);
        assert_eq!(completions("~/o", Some(directory.path())), ["~/other"]);
        assert!(completions("/no/such/", None).is_empty());
    }
}
