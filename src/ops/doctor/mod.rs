//! Is everything there that a demonstration needs? What of it only the account can tell: who calls, whether the services answer and how fast,
//! whether the clock is right, what the caller is allowed, and whether names are taken.

mod clock;
mod names;
mod permissions;
mod reach;

use serde::Serialize;

pub use names::only_ours;
pub use permissions::{Allowed, allowed, needs, of_caller};

use super::Context;
use crate::aws::activity::ApiCall;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, with limits.
    Warning,
    /// A demonstration would fail.
    Failed,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What is checked, in a word.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Check { name, verdict: Verdict::Ok, message: message.into(), fix: None }
    }

    /// Works, with limits.
    pub fn warning(name: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Check { name, verdict: Verdict::Warning, message: message.into(), fix: Some(fix.into()) }
    }

    /// A demonstration would fail.
    pub fn failed(name: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Check { name, verdict: Verdict::Failed, message: message.into(), fix: Some(fix.into()) }
    }
}

/// Checks what only the account can tell; `calls` hears of the calls that are made for it.
pub async fn examine(context: &Context, calls: tokio::sync::broadcast::Receiver<ApiCall>) -> Vec<Check> {
    let (clock, (reach, names), permissions) =
        tokio::join!(clock::check(context), reach::and_names(context, calls), permissions::check(context));
    clock.into_iter().chain(reach).chain([names]).chain([permissions]).collect()
}
