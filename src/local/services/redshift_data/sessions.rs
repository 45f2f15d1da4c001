//! Sessions that outlive a statement, with their temporary tables and settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::record::Target;
use super::{Input, RedshiftData, page};
use crate::local::engine::Session;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{epoch, without_nulls};

/// Sessions that may exist at a time, as on AWS.
const MOST_SESSIONS: usize = 500;

/// A session that is kept. Sessions live in memory: with the process go its temporary tables.
#[derive(Clone)]
struct Kept {
    session: Arc<tokio::sync::Mutex<Session>>,
    target: Target,
    keep_alive: TimeDelta,
    created: DateTime<Utc>,
    used: DateTime<Utc>,
    statement: Option<String>,
}

impl Kept {
    fn expired(&self, now: DateTime<Utc>) -> bool {
        // Kept for no time at all, it ends with its statement, however coarse the clock is.
        self.statement.is_none() && (self.keep_alive.is_zero() || now - self.used > self.keep_alive)
    }
}

/// The sessions of the service.
#[derive(Default)]
pub(super) struct Sessions {
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Sessions {
    /// Keeps a new session.
    pub fn open(&self, session: Session, target: Target, keep_alive: i64, now: DateTime<Utc>) -> ServiceResult<String> {
        let mut kept = self.kept.lock();
        kept.retain(|_, it| !it.expired(now));
        if kept.len() >= MOST_SESSIONS {
            let message = format!("there are {MOST_SESSIONS} sessions already; close one or wait until one expires");
            return Err(ServiceError::new("ActiveSessionsExceededException", message));
        }
        let id = Uuid::new_v4().to_string();
        let session = Arc::new(tokio::sync::Mutex::new(session));
        let keep_alive = TimeDelta::seconds(keep_alive);
        kept.insert(id.clone(), Kept { session, target, keep_alive, created: now, used: now, statement: None });
        Ok(id)
    }

    /// Takes a session for a statement; a session does one thing at a time.
    pub fn take(&self, id: &str, keep_alive: Option<i64>, now: DateTime<Utc>) -> ServiceResult<(OwnedMutexGuard<Session>, Target)> {
        let mut kept = self.kept.lock();
        kept.retain(|_, it| !it.expired(now));
        let Some(it) = kept.get_mut(id) else {
            return Err(invalid(format!("Session {id} is not available: it does not exist or has expired.")));
        };
        let Ok(guard) = it.session.clone().try_lock_owned() else {
            return Err(invalid(format!("Session {id} is busy: wait until its statement has ended.")));
        };
        if let Some(seconds) = keep_alive {
            it.keep_alive = TimeDelta::seconds(seconds);
        }
        it.used = now;
        Ok((guard, it.target.clone()))
    }

    /// Says which statement a session works on, or that it has ended.
    pub fn working(&self, id: &str, statement: Option<&str>, now: DateTime<Utc>) {
        if let Some(it) = self.kept.lock().get_mut(id) {
            it.statement = statement.map(str::to_owned);
            it.used = now;
        }
    }
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(super::INVALID, message)
}

impl RedshiftData {
    pub(super) fn list_sessions(&self, input: &Input) -> ServiceResult {
        let now = self.inner.now();
        let status = input.one_of("Status", &["AVAILABLE", "BUSY", "CLOSED"])?;
        let (only, workgroup) = (input.text("SessionId")?, input.text("WorkgroupName")?);
        let (cluster, database) = (input.text("ClusterIdentifier")?, input.text("Database")?);
        let mut kept = self.inner.sessions.kept.lock();
        kept.retain(|_, it| !it.expired(now));
        let given = |filter: Option<&str>, value: Option<&str>| filter.is_none_or(|filter| value == Some(filter));
        let listed = kept.iter().filter(|(id, it)| {
            given(only, Some(id))
                && given(status, Some(state(it)))
                && given(workgroup, it.target.workgroup.as_deref())
                && given(cluster, it.target.cluster.as_deref())
                && given(database, Some(&it.target.database))
        });
        let scope = format!("ListSessions {status:?} {only:?} {workgroup:?} {cluster:?} {database:?}");
        let (sessions, next) = page(input, &scope, listed, |(id, _)| (*id).clone(), 100)?;
        let sessions: Vec<Value> = sessions
            .into_iter()
            .map(|(id, it)| {
                without_nulls(json!({
                    "SessionId": id,
                    "Status": state(it),
                    "CreatedAt": epoch(it.created),
                    "UpdatedAt": epoch(it.used),
                    "Database": it.target.database,
                    "DbUser": it.target.user,
                    "ClusterIdentifier": it.target.cluster,
                    "WorkgroupName": it.target.workgroup,
                    "SessionAliveSeconds": it.keep_alive.num_seconds(),
                    "SessionTtl": epoch(it.used + it.keep_alive),
                    "CurrentStatementId": it.statement,
                }))
            })
            .collect();
        Ok(without_nulls(json!({ "Sessions": sessions, "NextToken": next })))
    }
}

fn state(kept: &Kept) -> &'static str {
    if kept.statement.is_some() { "BUSY" } else { "AVAILABLE" }
}
