//! Runs of steps, the waits of the embedded account, and what an earlier run has left.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::{Runner, broken, send};
use crate::app::Msg;
use crate::app::walkthrough::{Msg as W, RunId};
use crate::demo::event::Event;
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::earlier::{self, Earlier};
use crate::ops::{self, Context, OpError};

impl Runner {
    /// Runs steps. When the screen leaves the account it follows them no more and says nothing: `update` has ended them.
    pub(super) fn steps(
        &self,
        context: Context,
        mut events: UnboundedReceiver<Event>,
        run: RunId,
        steps: Vec<Step>,
        left: CancellationToken,
    ) {
        let messages = self.shared.messages.clone();
        let broken_messages = messages.clone();
        let shared = Arc::clone(&self.shared);
        self.job(
            async move {
                let settings = Arc::clone(&context.settings);
                // Where that cannot be known, nothing is said of it.
                if let Ok(known) = tokio::task::spawn_blocking(move || ops::durations::known(&settings)).await {
                    send(&messages, Msg::Walkthrough(W::Expected(known)));
                }
                for step in steps {
                    if context.cancel.is_cancelled() || left.is_cancelled() {
                        break;
                    }
                    send(&messages, Msg::Walkthrough(W::Begun(step)));
                    let outcome = {
                        let work = ops::steps::run(&context, step);
                        tokio::pin!(work);
                        loop {
                            // What a step reports is told before its end.
                            tokio::select! {
                                biased;
                                () = left.cancelled() => {
                                    shared.slots.lock().steps.remove(&run);
                                    return Msg::Tick;
                                }
                                Some(event) = events.recv() => send(&messages, Msg::Walkthrough(W::Event(event))),
                                outcome = &mut work => break outcome,
                            }
                        }
                    };
                    while let Ok(event) = events.try_recv() {
                        send(&messages, Msg::Walkthrough(W::Event(event)));
                    }
                    let failed = outcome.is_err();
                    send(&messages, Msg::Walkthrough(W::Ended(step, Box::new(outcome))));
                    if failed {
                        break;
                    }
                }
                shared.slots.lock().steps.remove(&run);
                Msg::Walkthrough(W::RunOver(run))
            },
            move || {
                send(&broken_messages, Msg::Broken("The step ended because of a mistake in the program; run with -v to keep a log".into()));
                Msg::Walkthrough(W::RunOver(run))
            },
        );
    }

    /// Looks for what an earlier run of a step has left.
    pub(super) fn find_earlier(&self, context: Context, step: Step) {
        self.job(async move { found(step, earlier::find(&context, step).await) }, move || {
            found(step, Err(broken("could not look for an earlier run")))
        });
    }

    /// Lets the waits of the embedded account end at once, or last as long as they do again.
    pub(super) fn hurry(&self, hurry: bool) {
        let Some(account) = self.shared.connection.lock().clone() else { return };
        let pace = if hurry { Pace::Instant } else { account.settings.local.pace.unwrap_or(Pace::Live) };
        if !account.connection.set_pace(pace) && hurry {
            send(
                &self.shared.messages,
                Msg::Written(Err("The waits cannot be cut short: another process holds the embedded AWS".to_owned())),
            );
        }
    }
}

fn found(step: Step, found: Result<Option<Earlier>, OpError>) -> Msg {
    Msg::Walkthrough(W::Earlier(step, Box::new(found)))
}
