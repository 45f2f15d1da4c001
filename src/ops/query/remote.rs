//! Statements that the account knows of, whoever sent them.

use chrono::{DateTime, Utc};

use super::QueryEngine;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Statements asked for at most.
const MOST: usize = 50;

/// A statement on a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// Its id there.
    pub id: String,
    /// Which service.
    pub engine: QueryEngine,
    /// Its text.
    pub sql: String,
    /// When it was sent.
    pub at: Option<DateTime<Utc>>,
    /// Where it is.
    pub state: RemoteState,
}

/// Where a statement of the account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteState {
    /// Not ended.
    Running,
    /// Done; its result can be read.
    Finished,
    /// Failed.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl RemoteState {
    /// The word for people.
    pub const fn title(self) -> &'static str {
        match self {
            RemoteState::Running => "running",
            RemoteState::Finished => "finished",
            RemoteState::Failed => "failed",
            RemoteState::Cancelled => "cancelled",
        }
    }
}

/// The newest statements of both services, those that run first, then by time. The Data API keeps them a day, Athena 45 days.
///
/// # Errors
/// When neither service answers; what only one says is enough.
pub async fn recent(context: &Context) -> Result<Vec<Remote>, OpError> {
    let what = "could not list the statements of the account";
    let (warehouse, lake) =
        tokio::join!(context.gateways.statements.recent(MOST), context.gateways.lake.recent(&context.settings.lake.workgroup, MOST));
    let mut all = Vec::new();
    let mut failed = None;
    match warehouse {
        Ok(found) => all.extend(found.into_iter().map(|it| Remote {
            id: it.id,
            engine: QueryEngine::Redshift,
            sql: it.sql,
            at: it.at,
            state: match it.state {
                crate::aws::statements::StatementState::Finished => RemoteState::Finished,
                crate::aws::statements::StatementState::Failed => RemoteState::Failed,
                crate::aws::statements::StatementState::Aborted => RemoteState::Cancelled,
                _ => RemoteState::Running,
            },
        })),
        Err(error) => failed = Some(op("", what)(error)),
    }
    match lake {
        Ok(found) => all.extend(found.into_iter().map(|it| Remote {
            id: it.id,
            engine: QueryEngine::Athena,
            sql: it.sql,
            at: it.at,
            state: match it.state {
                crate::aws::lake::LakeState::Succeeded => RemoteState::Finished,
                crate::aws::lake::LakeState::Failed => RemoteState::Failed,
                crate::aws::lake::LakeState::Cancelled => RemoteState::Cancelled,
                _ => RemoteState::Running,
            },
        })),
        Err(error) if failed.is_none() => failed = Some(op("", what)(error)),
        Err(_) => {}
    }
    match failed {
        Some(error) if all.is_empty() => Err(error),
        _ => {
            all.sort_by_key(|it| (it.state != RemoteState::Running, std::cmp::Reverse(it.at)));
            Ok(all)
        }
    }
}

/// Cancels a statement that this process does not follow.
///
/// # Errors
/// When the service refuses.
pub async fn cancel(context: &Context, engine: QueryEngine, id: &str) -> Result<(), OpError> {
    let what = "could not cancel the statement";
    match engine {
        QueryEngine::Redshift => context.gateways.statements.cancel(id).await.map_err(op("", what)),
        QueryEngine::Athena => context.gateways.lake.stop(id).await.map_err(op("", what)),
    }
}
