//! What the prediction form asks for besides answers: customers who fit, what is known of a row, the model beyond it, and saved examples.

use std::future::Future;

use super::{Runner, broken, renew, send};
use crate::app::predict::ask::{Ask, Told};
use crate::app::{Msg, predict};
use crate::ops::examples::Examples;
use crate::ops::{self, Context};

/// Customers of one condition that are drawn.
const MATCHING: usize = 200;

/// Questions of which only the newest of a kind counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Match,
    Recognise,
    Depend,
    Segment,
}

/// Whether it is about files here.
pub(super) fn needs_no_account(ask: &Ask) -> bool {
    matches!(ask, Ask::Examples { .. } | Ask::Save(_) | Ask::Delete(_))
}

fn told(told: Told) -> Msg {
    Msg::Predict(predict::Msg::Told(told))
}

impl Runner {
    pub(super) fn form(&self, mut context: Context, ask: Ask) {
        match ask {
            Ask::Match { ticket, model, condition, seed } => {
                // A statement that nobody waits for any more is cancelled at the service too.
                context.cancel = renew(self.shared.slots.lock().form.entry(Lane::Match).or_default());
                self.job(
                    async move { told(Told::Matched(ticket, ops::customers::matching(&context, &model, &condition, MATCHING, seed).await)) },
                    move || told(Told::Matched(ticket, Err(broken("could not look for customers")))),
                );
            }
            Ask::Recognise { ticket, model, row } => {
                let job = async move {
                    let found = ops::predict::recognise(&context, &model, vec![row]).await;
                    let found = found.and_then(|found| found.into_iter().next().ok_or_else(|| broken("could not look the row up")));
                    told(Told::Recognised(ticket, found))
                };
                self.only_newest(Lane::Recognise, job, move || told(Told::Recognised(ticket, Err(broken("could not look the row up")))));
            }
            Ask::Depend { ticket, evidence, column } => self.only_newest(
                Lane::Depend,
                async move { told(Told::Depends(ticket, ops::explain::dependence(evidence, column).await)) },
                move || told(Told::Depends(ticket, Err(broken("could not compute the dependence")))),
            ),
            Ask::Segment { ticket, evidence, column, threshold } => self.only_newest(
                Lane::Segment,
                async move { told(Told::Segments(ticket, ops::explain::segments(evidence, column, threshold).await)) },
                move || told(Told::Segments(ticket, Err(broken("could not measure the groups")))),
            ),
            Ask::Examples { .. } | Ask::Save(_) | Ask::Delete(_) => self.examples(ask),
        }
    }

    fn only_newest(&self, lane: Lane, job: impl Future<Output = Msg> + Send + 'static, instead: impl FnOnce() -> Msg + Send + 'static) {
        let cancel = renew(self.shared.slots.lock().form.entry(lane).or_default());
        self.latest(cancel, job, instead);
    }

    /// Reads and writes saved examples, away from the tasks that wait for services.
    pub(super) fn examples(&self, ask: Ask) {
        let store = Examples::of(&self.shared.settings);
        let messages = self.shared.messages.clone();
        let work = move || {
            let Some(store) = store else {
                return send(&messages, told(Told::Kept(Err("There is no state directory to keep examples in".to_owned()))));
            };
            match ask {
                Ask::Save(example) => {
                    let answer = store.save(&example);
                    let kept = answer.map(|()| format!("Saved as “{}”; e shows it again", example.name));
                    send(&messages, told(Told::Kept(kept.map_err(|error| format!("The example could not be saved: {error}")))));
                }
                Ask::Delete(name) => {
                    let kept = store.delete(&name).map(|()| format!("“{name}” is deleted"));
                    send(&messages, told(Told::Kept(kept.map_err(|error| format!("The example could not be deleted: {error}")))));
                }
                Ask::Examples { show } => {
                    send(&messages, told(Told::Examples(store.all().map_err(|error| error.to_string()), show)));
                }
                // Asked of the account, by `form`.
                Ask::Match { .. } | Ask::Recognise { .. } | Ask::Depend { .. } | Ask::Segment { .. } => {}
            }
        };
        self.shared.tasks.spawn_blocking_on(work, &self.shared.handle);
    }
}
