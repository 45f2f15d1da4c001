//! Examines what a demonstration needs.

use std::sync::Arc;

use super::account::Account;
use super::{Runner, renew, send};
use crate::app::Msg;
use crate::app::doctor;
use crate::app::latest::Ticket;
use crate::ops::doctor::{Part, Surroundings, account, examine_each, surroundings};
use crate::tui::terminal_of;

impl Runner {
    /// Tells what can be told at once, then each part of what the account tells, where it is open. The next examination, or leaving it,
    /// ends this one.
    pub(super) fn examine(&self, ticket: Ticket, theme: String) {
        let cancel = renew(&mut self.shared.slots.lock().doctor);
        let shared = Arc::clone(&self.shared);
        let open = shared.connection.lock().clone();
        let settings = open.as_ref().map_or_else(|| Arc::clone(&shared.settings), |open| Arc::clone(&open.settings));
        let ending = cancel.clone();
        let work = async move {
            let messages = &shared.messages;
            let meant = Arc::clone(&settings);
            // Reads a file of data and tries the disk.
            let around = tokio::task::spawn_blocking(move || {
                let variable = |name: &str| std::env::var(name).ok();
                surroundings(&meant, &variable, &terminal_of(&meant, &theme, variable))
            });
            let of_account = async {
                let Some(Account { connection, settings }) = &open else { return };
                let told = |part: Part, checks| send(messages, Msg::Doctor(doctor::Msg::Part(ticket, part, checks)));
                told(Part::Account, vec![account(&connection.account, connection.is_held_elsewhere())]);
                let (mut context, _events) = connection.context(Arc::clone(settings), Arc::clone(&shared.clock));
                context.cancel = ending;
                examine_each(&context, connection.calls.subscribe(), &told).await;
            };
            let at_once = async {
                let around = around.await.unwrap_or_else(|error| {
                    tracing::error!(%error, "the surroundings could not be examined");
                    send(messages, Msg::Broken("The surroundings could not be examined; run with -v to keep a log".to_owned()));
                    Surroundings::default()
                });
                send(messages, Msg::Doctor(doctor::Msg::Around(ticket, Box::new(around))));
            };
            tokio::join!(at_once, of_account);
            Msg::Doctor(doctor::Msg::Ended(ticket))
        };
        self.latest(cancel, work, move || Msg::Doctor(doctor::Msg::Ended(ticket)));
    }
}
