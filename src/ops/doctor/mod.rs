//! Is everything there that a demonstration needs? What can be told at once (`surroundings`, `terminal`), and what only the account can tell:
//! who calls, whether the services answer and how fast, whether the clock is right, what the caller is allowed, whether names are taken, and
//! how much the account may have. The command and the screen show the same checks in the same order.

mod clock;
mod names;
mod permissions;
mod quotas;
mod reach;
mod surroundings;
mod terminal;

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value};

pub use names::only_ours;
pub use permissions::{Allowed, allowed, needs, of_caller};
pub use surroundings::{Surroundings, surroundings};
pub use terminal::{Colours, Terminal};

use super::{Context, OpError};
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
    /// What was found, for programs: figures by their names.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Check { name, verdict: Verdict::Ok, message: message.into(), fix: None, detail: Map::new() }
    }

    /// Works, with limits.
    pub fn warning(name: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Check { verdict: Verdict::Warning, fix: Some(fix.into()), ..Check::ok(name, message) }
    }

    /// A demonstration would fail.
    pub fn failed(name: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Check { verdict: Verdict::Failed, ..Check::warning(name, message, fix) }
    }

    /// The same with figures for programs.
    #[must_use]
    fn with(mut self, name: &str, figures: Value) -> Self {
        self.detail.insert(name.to_owned(), figures);
        self
    }
}

/// What is asked of the account, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Whether it answers, and whose it is.
    Account,
    /// Whether the clock is right.
    Clock,
    /// Whether the services answer.
    Services,
    /// Whether names are taken.
    Names,
    /// What the caller is allowed.
    Permissions,
    /// How much the account may have.
    Quotas,
}

impl Part {
    /// All, in order.
    pub const ALL: [Part; 6] = [Part::Account, Part::Clock, Part::Services, Part::Names, Part::Permissions, Part::Quotas];

    /// The name of its checks.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Account => ACCOUNT,
            Part::Clock => clock::NAME,
            Part::Services => reach::NAME,
            Part::Names => names::NAME,
            Part::Permissions => permissions::NAME,
            Part::Quotas => quotas::NAME,
        }
    }
}

const ACCOUNT: &str = "account";

/// That the account answers; `elsewhere` is whether another process holds it.
pub fn account(id: &str, elsewhere: bool) -> Check {
    let suffix = if elsewhere { ", held by another shiftdeck, which answers" } else { "" };
    Check::ok(ACCOUNT, format!("{id}{suffix}"))
}

/// That the account cannot be opened, and why.
pub fn no_account(error: &OpError) -> Check {
    let fix = error.advice().map(str::to_owned);
    Check { verdict: Verdict::Failed, fix, ..Check::ok(ACCOUNT, format!("{}: {}", error.what, error.why)) }
}

/// Checks what only the account can tell, itself aside; `calls` hears of the calls that are made for it.
pub async fn examine(context: &Context, calls: tokio::sync::broadcast::Receiver<ApiCall>) -> Vec<Check> {
    let told: Mutex<BTreeMap<Part, Vec<Check>>> = Mutex::default();
    examine_each(context, calls, &|part, checks| drop(told.lock().insert(part, checks))).await;
    told.into_inner().into_values().flatten().collect()
}

/// The same, telling each part as soon as it is known.
pub async fn examine_each(
    context: &Context,
    calls: tokio::sync::broadcast::Receiver<ApiCall>,
    told: &(dyn Fn(Part, Vec<Check>) + Send + Sync),
) {
    // One after the other: what is measured is not to wait behind the rest.
    let answers = async {
        told(Part::Clock, clock::check(context).await.into_iter().collect());
        told(Part::Services, reach::check(context, calls).await);
        told(Part::Names, vec![names::check(context).await]);
    };
    let permissions = async { told(Part::Permissions, vec![permissions::check(context).await]) };
    let quotas = async { told(Part::Quotas, quotas::check(context).await) };
    tokio::join!(answers, permissions, quotas);
}
