//! The session of a tab: what lives in it beyond a statement (temporary tables, `SET`, a transaction), and when it ends.

use chrono::{DateTime, Utc};

use super::run::{Purpose, Run, RunId};
use crate::app::effect::Effect;
use crate::ops::OpError;
use crate::ops::query::guard::{self, Transaction};
use crate::ops::query::{QueryEngine, QueryRequest, SessionUse};
use crate::syntax::Dialect;

/// A transaction of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InTransaction {
    /// None.
    #[default]
    No,
    /// One is open.
    Open,
    /// A statement of it failed: nothing but its end is possible.
    Aborted,
}

/// The session of a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whether the statements of the tab share one.
    pub keep: bool,
    /// Seconds that it is kept after a statement.
    pub seconds: i32,
    /// The one that is open, and since when.
    pub open: Option<(String, DateTime<Utc>)>,
    /// When a statement of it last ended.
    pub used: Option<DateTime<Utc>>,
    /// Whether it is in a transaction.
    pub transaction: InTransaction,
}

impl Session {
    /// A tab whose statements share a session that is kept so long.
    pub fn new(seconds: i32) -> Session {
        Session { keep: true, seconds, open: None, used: None, transaction: InTransaction::No }
    }

    /// What a statement is sent with.
    pub(super) fn for_run(&self, purpose: Purpose) -> SessionUse {
        match (&self.open, purpose) {
            (Some((id, _)), Purpose::CloseSession) => SessionUse::In { id: id.clone(), keep: 0 },
            (Some((id, _)), _) => SessionUse::In { id: id.clone(), keep: self.seconds },
            (None, Purpose::CloseSession) => SessionUse::None,
            (None, _) if self.keep => SessionUse::Open { keep: self.seconds },
            (None, _) => SessionUse::None,
        }
    }

    pub(super) fn opened(&mut self, id: String, now: DateTime<Utc>) {
        if self.open.as_ref().is_none_or(|(open, _)| *open != id) {
            self.open = Some((id, now));
            self.transaction = InTransaction::No;
        }
    }

    /// A statement of the session has ended.
    pub(super) fn ended(&mut self, run: &Run, error: Option<&OpError>, now: DateTime<Utc>) {
        self.used = Some(now);
        if run.purpose == Purpose::CloseSession || error.is_some_and(is_gone) {
            self.open = None;
            self.transaction = InTransaction::No;
            return;
        }
        if self.open.is_none() {
            return;
        }
        self.transaction = match (guard::transaction(&run.sql), error, self.transaction) {
            (Some(Transaction::Ends), ..) => InTransaction::No,
            (Some(Transaction::Begins), None, _) => InTransaction::Open,
            (_, Some(_), InTransaction::Open) => InTransaction::Aborted,
            (.., now) => now,
        };
    }

    /// Forgets the session that is open; it ends by itself.
    pub(super) fn leave(&mut self) {
        (self.open, self.transaction) = (None, InTransaction::No);
    }

    /// Ends the session for good; nobody waits for the answer.
    pub(super) fn close(&self, run: RunId) -> Option<Effect> {
        let (id, _) = self.open.clone()?;
        let request =
            QueryRequest { engine: QueryEngine::Redshift, sql: self.last_words().to_owned(), parameters: Vec::new(), page_size: 1 };
        Some(Effect::Query { run, request, session: SessionUse::In { id, keep: 0 } })
    }

    /// Whether the service has closed it by now.
    pub fn expired(&self, now: DateTime<Utc>) -> bool {
        self.open.is_some() && self.used.is_some_and(|used| (now - used).num_seconds() > i64::from(self.seconds))
    }

    /// A few words for the reader.
    pub fn words(&self) -> Option<&'static str> {
        self.open.as_ref()?;
        Some(match self.transaction {
            InTransaction::No => "session open",
            InTransaction::Open => "in transaction",
            InTransaction::Aborted => "transaction aborted",
        })
    }

    /// The statement that ends it cleanly.
    pub fn last_words(&self) -> &'static str {
        if self.transaction == InTransaction::No { "SELECT 1" } else { "ROLLBACK" }
    }
}

/// Whether the service says that the session is no more.
fn is_gone(error: &OpError) -> bool {
    let why = error.why.to_ascii_lowercase();
    why.contains("session") && (why.contains("not available") || why.contains("expired") || why.contains("does not exist"))
}

/// Whether a statement may have changed what can be named.
pub(super) fn changes_names(sql: &str, engine: QueryEngine) -> bool {
    let dialect = match engine {
        QueryEngine::Redshift => Dialect::Redshift,
        QueryEngine::Athena => Dialect::Athena,
    };
    guard::first_word(dialect, sql).is_some_and(|word| {
        matches!(word.as_str(), "CREATE" | "DROP" | "ALTER" | "COMMIT" | "END" | "ROLLBACK" | "SELECT" | "REFRESH" | "MSCK")
    })
}
