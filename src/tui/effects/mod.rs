//! Does what `update` asks for, on the program's runtime, and sends the answers back as messages.

mod account;
mod console;
mod doctor;
mod explore;
mod login;
mod picture;
mod pipeline;
mod predict_form;
mod results;
pub mod speaker;
mod standby;
mod steps;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use account::Account;

use crate::app::latest::Ticket;
use crate::app::predict::beside::Msg as Beside;
use crate::app::sql::{self, RunId};
use crate::app::{Effect, Msg, predict, resources, walkthrough};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::ops::results::Spill;
use crate::ops::{self, OpError, OpErrorKind};
use crate::syntax::Dialect;

/// Customers drawn at once.
const SAMPLES: usize = 24;
/// Bytes of rows that stay in memory, of all open results together.
const ROOM: usize = 48 << 20;
/// The directory of what does not, in the state directory.
const SPILL: &str = "rows";
/// How long typing has to pause before a text is read for mistakes.
const PAUSE: Duration = Duration::from_millis(250);
/// How long leaving waits for what is being cancelled.
const FAREWELL: Duration = Duration::from_secs(3);

/// Does effects. Clones share everything.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
}

struct Shared {
    handle: Handle,
    settings: Arc<Settings>,
    clock: SharedClock,
    messages: UnboundedSender<Msg>,
    /// The account that the screen is on.
    connection: Mutex<Option<Account>>,
    /// The one behind it.
    standby: standby::Standby,
    /// Whether the reader has said that a production account is meant.
    confirmed: AtomicBool,
    slots: Mutex<Slots>,
    tasks: TaskTracker,
    /// Where the rows of large results go.
    spill: Spill,
    disk: Arc<console::Disk>,
    speaker: speaker::Speaker,
}

/// One token for each kind of work of which only the newest counts: giving out a new one cancels the old work.
#[derive(Default)]
struct Slots {
    /// Ends following what an account does that the screen has left, whether it answers or not.
    account: CancellationToken,
    /// Hearing of the calls to the account that the screen is on.
    calls: CancellationToken,
    /// The runs of steps.
    steps: HashMap<walkthrough::RunId, CancellationToken>,
    /// Following the login.
    login: CancellationToken,
    runs: HashMap<RunId, CancellationToken>,
    /// Fetching, and other work over the rows of a result.
    pages: HashMap<RunId, CancellationToken>,
    results: HashMap<RunId, CancellationToken>,
    /// Ends following statements, without cancelling them.
    follow_queries: CancellationToken,
    /// Ends the wait before the tabs are kept.
    keep: CancellationToken,
    resources: CancellationToken,
    /// What the Pipeline pane shows and follows.
    pipeline: HashMap<pipeline::Lane, CancellationToken>,
    predict: CancellationToken,
    explain: CancellationToken,
    roads: CancellationToken,
    /// What the prediction form asks for besides.
    form: HashMap<predict_form::Lane, CancellationToken>,
    /// What the Explore pane asks of the table.
    explore: HashMap<explore::Lane, CancellationToken>,
    check: CancellationToken,
    /// What a demonstration needs.
    doctor: CancellationToken,
}

impl Slots {
    /// Cancels everything that uses the account.
    fn cancel_work(&self) {
        let single = [&self.resources, &self.predict, &self.explain, &self.roads, &self.doctor];
        for slot in single
            .into_iter()
            .chain(self.steps.values())
            .chain(self.pipeline.values())
            .chain(self.explore.values())
            .chain(self.form.values())
            .chain(self.runs.values())
            .chain(self.pages.values())
            .chain(self.results.values())
        {
            slot.cancel();
        }
    }
}

fn renew(slot: &mut CancellationToken) -> CancellationToken {
    slot.cancel();
    *slot = CancellationToken::new();
    slot.clone()
}

fn beside(msg: Beside) -> Msg {
    Msg::Predict(predict::Msg::Beside(msg))
}

fn broken(what: &str) -> OpError {
    OpError {
        kind: OpErrorKind::Failed,
        resource: None,
        what: what.to_owned(),
        why: "the program made a mistake; the log says where".to_owned(),
        fix: Some("Try again; run with -v to keep a log.".to_owned()),
    }
}

impl Runner {
    /// A runner that works on `handle`.
    pub fn new(handle: Handle, settings: Arc<Settings>, clock: SharedClock, messages: UnboundedSender<Msg>) -> Runner {
        let directory = settings.local.state_dir.clone().map_or_else(std::env::temp_dir, |directory| directory.join(SPILL));
        let spill = Spill::new(directory, ROOM);
        let disk = Arc::new(console::Disk::new(ops::console::Store::of(&settings)));
        let speaker = speaker::Speaker::new(ops::stage::Store::of(&settings));
        let shared = Shared {
            handle,
            settings,
            clock,
            messages,
            connection: Mutex::new(None),
            standby: standby::Standby::default(),
            confirmed: AtomicBool::new(false),
            slots: Mutex::new(Slots::default()),
            tasks: TaskTracker::new(),
            spill,
            disk,
            speaker,
        };
        Runner { shared: Arc::new(shared) }
    }

    /// Starts an effect. Never waits.
    pub fn run(&self, effect: Effect) {
        let effect = match effect {
            Effect::Connect { confirmed } => return self.connect(confirmed),
            Effect::BeginAt(step) => return self.begin_at(step),
            // Reading text needs no account.
            Effect::CheckSql { ticket, tab, revision, dialect, text } => return self.check(ticket, tab, revision, dialect, text),
            Effect::TellSpeaker(told) => return self.tell_speaker(told),
            // Much of it needs no account either.
            Effect::Examine { ticket, theme } => return self.examine(ticket, theme),
            Effect::CancelExamination => return self.shared.slots.lock().doctor.cancel(),
            Effect::Standby(ask) => return self.standby(ask),
            Effect::Hurry(hurry) => return self.hurry(hurry),
            Effect::Form(ask) if predict_form::needs_no_account(&ask) => return self.examples(ask),
            effect => effect,
        };
        let Some(effect) = self.on_disk(effect) else { return };
        let Some(account) = self.shared.connection.lock().clone() else {
            // Nothing is asked of an account that is not open; `update` sees to that.
            return tracing::warn!("no account is open for {effect:?}");
        };
        let (mut context, events) = account.connection.context(account.settings, Arc::clone(&self.shared.clock));
        let mut slots = self.shared.slots.lock();
        match effect {
            Effect::RunSteps(run, steps) => {
                slots.steps.insert(run, context.cancel.clone());
                self.steps(context, events, run, steps, slots.account.clone());
            }
            Effect::CancelSteps(run) => {
                if let Some(token) = slots.steps.get(&run) {
                    token.cancel();
                }
            }
            Effect::FindEarlier(step) => self.find_earlier(context, step),
            Effect::ReadResources { ticket, after } => {
                let cancel = renew(&mut slots.resources);
                self.latest(
                    cancel,
                    async move {
                        sleep(after).await;
                        Msg::Resources(resources::Msg::Read(ticket, ops::checklist::read(&context).await))
                    },
                    move || Msg::Resources(resources::Msg::Read(ticket, Err(broken("could not read the checklist")))),
                );
            }
            Effect::ReadCosts { ticket } => {
                drop(slots);
                self.job(async move { Msg::Resources(resources::Msg::Costs(ticket, ops::costs::read(&context).await)) }, move || {
                    Msg::Resources(resources::Msg::Costs(ticket, Err(broken("could not read the costs"))))
                });
            }
            Effect::Query { run, request, session } => {
                context.cancel = slots.runs.entry(run).or_default().clone();
                drop(slots);
                self.query(context, run, request, session);
            }
            Effect::Attach { run, engine, id } => {
                context.cancel = slots.runs.entry(run).or_default().clone();
                drop(slots);
                self.attach(context, run, engine, id);
            }
            Effect::EstimateQuery(start) => self.estimate(context, start),
            Effect::ListStatements => self.list_statements(context),
            Effect::CancelRemote(engine, id) => self.cancel_remote(context, engine, id),
            Effect::ReadCatalog { engine, version } => self.read_catalog(context, engine, version),
            Effect::CancelQuery(run) => {
                if let Some(token) = slots.runs.get(&run) {
                    token.cancel();
                }
            }
            Effect::Result { run, ticket, task } => {
                let lane = if task.job.fetches() { &mut slots.pages } else { &mut slots.results };
                let cancel = renew(lane.entry(run).or_default());
                self.result(context, cancel, run, ticket, task);
            }
            Effect::CancelResult(run) => {
                for token in [slots.pages.remove(&run), slots.results.remove(&run)].into_iter().flatten() {
                    token.cancel();
                }
            }
            Effect::Pipeline(ask) => {
                drop(slots);
                self.pipeline(context, ask);
            }
            Effect::FindModel { ticket } => self.job(
                async move { Msg::Predict(predict::Msg::Found(ticket, Box::new(ops::predict::deployed(&context).await))) },
                move || Msg::Predict(predict::Msg::Found(ticket, Box::new(Err(broken("could not look for the model"))))),
            ),
            Effect::DrawSamples { ticket, model, seed } => self.job(
                async move { Msg::Predict(predict::Msg::Drawn(ticket, ops::predict::samples(&context, &model, SAMPLES, seed).await)) },
                move || Msg::Predict(predict::Msg::Drawn(ticket, Err(broken("could not draw customers")))),
            ),
            Effect::Predict { ticket, model, row, after } => {
                let cancel = renew(&mut slots.predict);
                self.latest(
                    cancel,
                    async move {
                        sleep(after).await;
                        let answer = ops::predict::predict(&context, &model, &[row]).await;
                        let answer = answer.and_then(|answers| answers.into_iter().next().ok_or_else(|| no_answer(&model.endpoint)));
                        Msg::Predict(predict::Msg::Answered(ticket, answer))
                    },
                    move || Msg::Predict(predict::Msg::Answered(ticket, Err(broken("could not ask the endpoint")))),
                );
            }
            Effect::GatherEvidence { ticket, model } => self.job(
                async move { beside(Beside::Gathered(ticket, ops::explain::evidence(&context, &model).await.map(Arc::new))) },
                move || beside(Beside::Gathered(ticket, Err(broken("could not read the model file")))),
            ),
            Effect::Explain { ticket, evidence, row, after } => {
                let cancel = renew(&mut slots.explain);
                self.latest(
                    cancel,
                    async move {
                        sleep(after).await;
                        beside(Beside::Explained(ticket, Box::new(ops::explain::reasons(evidence, row).await)))
                    },
                    move || beside(Beside::Explained(ticket, Box::new(Err(broken("could not explain the answer"))))),
                );
            }
            Effect::AskRoads { ticket, evidence, row, after } => {
                let cancel = renew(&mut slots.roads);
                self.latest(
                    cancel,
                    async move {
                        sleep(after).await;
                        let asked = ops::explain::roads(&context, &evidence.explained, &[row]).await;
                        let asked =
                            asked.and_then(|roads| roads.into_iter().next().ok_or_else(|| no_answer(&evidence.explained.model.endpoint)));
                        beside(Beside::Asked(ticket, Box::new(asked)))
                    },
                    move || beside(Beside::Asked(ticket, Box::new(Err(broken("could not ask on every road"))))),
                );
            }
            Effect::Form(ask) => {
                drop(slots);
                self.form(context, ask);
            }
            Effect::Explore(ask) => {
                drop(slots);
                self.explore(context, ask);
            }
            // Done before, or by the loop of the screen.
            Effect::FindConsole
            | Effect::KeepSoon
            | Effect::KeepWorkspace(_)
            | Effect::Remember(_)
            | Effect::KeepCatalog { .. }
            | Effect::OldCatalogs(_)
            | Effect::SaveQuery(_)
            | Effect::RenameQuery { .. }
            | Effect::DeleteQuery(_)
            | Effect::LeaveQueries => {}
            Effect::Connect { .. }
            | Effect::BeginAt(_)
            | Effect::Standby(_)
            | Effect::Hurry(_)
            | Effect::Picture
            | Effect::LogIn
            | Effect::CheckSql { .. }
            | Effect::Examine { .. }
            | Effect::CancelExamination
            | Effect::TellSpeaker(_)
            | Effect::EditElsewhere { .. }
            | Effect::Copy(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    /// Cancels everything and waits for it, though not for ever.
    pub async fn close(&self) {
        {
            let slots = self.shared.slots.lock();
            slots.keep.cancel();
            slots.cancel_work();
        }
        self.shared.speaker.close();
        self.shared.tasks.close();
        if tokio::time::timeout(FAREWELL, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("left while {} jobs were still ending", self.shared.tasks.len());
        }
        let account = self.shared.connection.lock().take();
        for account in account.into_iter().chain(self.shared.standby.take()) {
            account.connection.close().await;
        }
    }

    /// Runs a job that answers with a message; a job that panics answers with `instead`.
    fn job(&self, job: impl Future<Output = Msg> + Send + 'static, instead: impl FnOnce() -> Msg + Send + 'static) {
        let messages = self.shared.messages.clone();
        let task = self.shared.tasks.spawn_on(job, &self.shared.handle);
        self.shared.handle.spawn(async move {
            send(&messages, task.await.unwrap_or_else(|_| instead()));
        });
    }

    /// Runs a job that is dropped when it is cancelled.
    fn latest(
        &self,
        cancel: CancellationToken,
        job: impl Future<Output = Msg> + Send + 'static,
        instead: impl FnOnce() -> Msg + Send + 'static,
    ) {
        let messages = self.shared.messages.clone();
        let task = self.shared.tasks.spawn_on(async move { cancel.run_until_cancelled(job).await }, &self.shared.handle);
        self.shared.handle.spawn(async move {
            match task.await {
                Ok(Some(message)) => send(&messages, message),
                Ok(None) => {}
                Err(_) => send(&messages, instead()),
            }
        });
    }

    /// Reads a text for mistakes, on a thread of its own: a long script takes longer than a frame.
    fn check(&self, ticket: Ticket, tab: sql::TabId, revision: u64, dialect: Dialect, text: String) {
        let cancel = renew(&mut self.shared.slots.lock().check);
        self.latest(
            cancel,
            async move {
                sleep(PAUSE).await;
                let found = tokio::task::spawn_blocking(move || sql::check::mistakes(dialect, &text)).await.unwrap_or_default();
                Msg::Sql(sql::Msg::Checked(ticket, tab, revision, found))
            },
            move || Msg::Sql(sql::Msg::Checked(ticket, tab, revision, Vec::new())),
        );
    }
}

/// The receiver is gone only when the screen has been left.
fn send(messages: &UnboundedSender<Msg>, message: Msg) {
    let _ = messages.send(message);
}

fn no_answer(endpoint: &str) -> OpError {
    OpError {
        kind: OpErrorKind::Failed,
        resource: Some(endpoint.to_owned()),
        what: "could not read the prediction".to_owned(),
        why: "the endpoint answered without a score".to_owned(),
        fix: None,
    }
}

#[cfg(test)]
mod standby_tests;
