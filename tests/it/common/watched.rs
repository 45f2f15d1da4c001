//! An account whose calls are heard, so that a test can tell whether something only reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use shiftdeck::aws::activity::ApiCall;
use shiftdeck::aws::{Gateways, Polling};
use shiftdeck::config::Settings;
use shiftdeck::demo::event::Event;
use shiftdeck::ops::Context;
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedReceiver;

use super::TestAccount;

/// An account whose calls are heard.
pub struct Watched {
    /// What operations need on it.
    pub context: Context,
    calls: broadcast::Receiver<ApiCall>,
    _events: UnboundedReceiver<Event>,
}

impl Watched {
    /// Watches an account.
    pub fn of(account: &TestAccount, settings: &Settings) -> Self {
        let (mut context, events) = account.context(settings);
        let (calls, heard) = broadcast::channel(1 << 14);
        context.gateways = Arc::new(Gateways::new(&account.sdk_config(), calls, Polling::LOCAL));
        Watched { context, calls: heard, _events: events }
    }

    /// What a dry run tells, after it is made sure that it has only read.
    pub async fn dry<T>(&mut self, told: impl AsyncFnOnce(&Context) -> T) -> T {
        let known: BTreeSet<String> = self.statements().await.into_iter().map(|(id, _)| id).collect();
        while self.calls.try_recv().is_ok() {}
        let told = told(&self.context).await;
        let (mut heard, mut ran) = (0, false);
        loop {
            match self.calls.try_recv() {
                Ok(call) => {
                    heard += 1;
                    ran |= call.operation == "ExecuteStatement";
                    assert!(reads(&call), "a dry run calls {} {}", call.service, call.operation);
                }
                Err(broadcast::error::TryRecvError::Empty) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(heard > 0, "a dry run that asks nothing knows nothing");
        // Where it has run none, those that are new are of an execution that is at work.
        let new = self.statements().await.into_iter().filter(|(id, _)| ran && !known.contains(id));
        for (_, sql) in new {
            assert!(matches!(sql.split_whitespace().next(), Some("SELECT" | "SHOW")), "a dry run runs {sql}");
        }
        told
    }

    /// The same of what may be refused before the account is asked anything.
    pub async fn dry_or_refused<T>(&mut self, told: impl AsyncFnOnce(&Context) -> T) -> T {
        self.dry(async |context| {
            context.gateways.identity.time().await.unwrap();
            told(context).await
        })
        .await
    }

    /// The statements that the warehouse has had, with their texts; none before there is one.
    pub async fn statements(&self) -> Vec<(String, String)> {
        let recent = self.context.gateways.statements.recent(500).await.unwrap_or_default();
        recent.into_iter().map(|statement| (statement.id, statement.sql)).collect()
    }
}

/// Whether a call only reads. What a statement does is told by its text.
fn reads(call: &ApiCall) -> bool {
    let reading = ["Get", "List", "Head", "Describe"].iter().any(|verb| call.operation.starts_with(verb));
    reading || (call.service == "Redshift Data" && call.operation == "ExecuteStatement")
}
