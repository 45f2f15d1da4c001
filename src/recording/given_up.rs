//! Queries that nobody waited for when they were recorded: who asks again does wait, and is not given one that never comes to an end.

use std::collections::HashMap;

use serde_json::Value;

use super::call::{Exchange, Outcome};
use super::matching::{Effect, Question, Tokens};

/// States of a query that has ended by itself, at the Redshift Data API and at Athena.
const ENDED: [&str; 3] = ["FINISHED", "FAILED", "SUCCEEDED"];

/// Whether an operation only gives up what was asked.
pub fn gives_up(operation: &str) -> bool {
    matches!(operation, "CancelStatement" | "StopQueryExecution")
}

/// The queries of a recording, and whether their ends are in it.
#[derive(Debug, Default)]
pub struct GivenUp {
    /// The call that a query was made by, and whether it was followed to an end of its own.
    queries: HashMap<usize, bool>,
}

impl GivenUp {
    /// Learns a call, once the tokens know its answer.
    pub fn learn(&mut self, at: usize, exchange: &Exchange, asked: &Question, tokens: &Tokens) {
        if !asked.statements.is_empty() {
            // One that was refused has its end already, and what changes something is made again in any case.
            let waits = asked.effect == Effect::Read && matches!(&exchange.outcome, Outcome::Answer(answer) if answer.status < 300);
            if waits {
                self.queries.insert(at, false);
            }
            return;
        }
        if let Some(ended) = tokens.birth(&asked.names).and_then(|query| self.queries.get_mut(&query)) {
            *ended |= has_ended(exchange);
        }
    }

    /// Whether a call made a query that was given up.
    pub fn contains(&self, call: usize) -> bool {
        self.queries.get(&call) == Some(&false)
    }
}

/// Whether an answer says that a query has ended by itself.
fn has_ended(exchange: &Exchange) -> bool {
    let Outcome::Answer(answer) = &exchange.outcome else { return false };
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let state = match exchange.request.operation.as_str() {
        "DescribeStatement" => &document["Status"],
        "GetQueryExecution" => &document["QueryExecution"]["Status"]["State"],
        _ => return false,
    };
    state.as_str().is_some_and(|state| ENDED.contains(&state))
}
