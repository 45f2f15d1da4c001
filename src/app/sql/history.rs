//! What ran.

use chrono::{DateTime, Utc};

use crate::ops::query::QueryEngine;

/// Statements remembered.
const KEPT: usize = 200;

/// A statement that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// When.
    pub at: DateTime<Utc>,
    /// Who answered.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Rows, or `None` after a failure.
    pub rows: Option<u64>,
}

/// Adds a statement, unless it is the one before again.
pub fn remember(history: &mut Vec<Ran>, ran: Ran) {
    if history.last().is_some_and(|last| last.sql == ran.sql && last.engine == ran.engine) {
        return;
    }
    if history.len() == KEPT {
        history.remove(0);
    }
    history.push(ran);
}
