//! The account behind the screen: opened in the background, so that going over to it only puts one connection in the place of the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::account::{Account, identity, listen};
use super::{Runner, Shared, renew, send};
use crate::app::Msg;
use crate::app::standby::{self, Ask, Side};
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::OpError;
use crate::prepared::fallback;
use crate::target;

/// Between two looks whether the first account answers again.
const LOOK: Duration = Duration::from_secs(3);
/// How long it may take to answer such a look.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is behind the screen.
#[derive(Default)]
pub(super) struct Standby {
    /// The account to go over to, open.
    ready: Mutex<Option<Ready>>,
    /// The first account, while the screen is on the other one.
    first: Mutex<Option<Account>>,
    /// Whether it is.
    over: AtomicBool,
    /// One account is opened at a time: the embedded one has one place.
    opening: Arc<tokio::sync::Mutex<()>>,
    /// Ends opening one that is not wanted any more.
    wanted: Mutex<CancellationToken>,
    /// Ends looking after the first account.
    looking: Mutex<CancellationToken>,
}

/// An account to go over to.
struct Ready {
    /// The step that it is at.
    step: Step,
    /// What it is, for the speaker.
    name: String,
    account: Account,
}

impl Standby {
    /// Whether the screen is on the account behind it.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The first account is open, though the screen has gone over meanwhile.
    pub(super) fn keep_first(&self, account: Account) {
        *self.first.lock() = Some(account);
    }

    /// Whatever is open besides the account that the screen is on, to be closed.
    pub(super) fn take(&self) -> Vec<Account> {
        self.looking.lock().cancel();
        self.wanted.lock().cancel();
        let ready = self.ready.lock().take().map(|ready| ready.account);
        ready.into_iter().chain(self.first.lock().take()).collect()
    }
}

impl Runner {
    pub(super) fn standby(&self, ask: Ask) {
        let shared = Arc::clone(&self.shared);
        match ask {
            Ask::Prepare(step) => {
                let wanted = renew(&mut self.shared.standby.wanted.lock());
                self.latest(
                    wanted,
                    async move {
                        Msg::Standby(match prepare(&shared, step).await {
                            Ok(name) => standby::Msg::Ready(step, name),
                            Err(error) => standby::Msg::Failed(step, error.to_string()),
                        })
                    },
                    move || Msg::Standby(standby::Msg::Failed(step, "the program made a mistake".to_owned())),
                );
            }
            Ask::GoOver(step) => {
                self.job(go_over(shared, step), || stayed("There is no account to go over to: the program made a mistake"))
            }
            Ask::GoBack => self.job(go_back(shared), || stayed("The screen stays where it is: the program made a mistake")),
        }
    }
}

fn stayed(why: &str) -> Msg {
    Msg::Standby(standby::Msg::Stayed(why.to_owned()))
}

/// Opens the account behind the screen at a step, in the place of one at another step; gives what it is.
async fn prepare(shared: &Shared, step: Step) -> Result<String, OpError> {
    let standby = &shared.standby;
    let _one_at_a_time = standby.opening.lock().await;
    // Whoever waited for one that was being opened may have what is wanted.
    let there = standby.ready.lock().as_ref().filter(|ready| ready.step == step).map(|ready| ready.name.clone());
    if let Some(name) = there {
        return Ok(name);
    }
    let before = standby.ready.lock().take();
    if let Some(ready) = before {
        ready.account.connection.close().await;
    }
    let opened = fallback::open(&shared.settings, step, &shared.clock).await?;
    let account = Account { connection: opened.connection, settings: Arc::new(opened.settings) };
    *standby.ready.lock() = Some(Ready { step, name: opened.name.clone(), account });
    Ok(opened.name)
}

/// The account behind the screen, if it is open at a step.
fn take_ready(shared: &Shared, step: Step) -> Option<Account> {
    shared.standby.ready.lock().take_if(|ready| ready.step == step).map(|ready| ready.account)
}

/// Puts the account behind the screen in the place of the first one. One that is not open at the step is opened now.
async fn go_over(shared: Arc<Shared>, step: Step) -> Msg {
    let standby = &shared.standby;
    let account = match take_ready(&shared, step) {
        Some(account) => account,
        None => {
            if let Err(error) = prepare(&shared, step).await {
                return stayed(&format!("There is no account to go over to: {error}"));
            }
            match take_ready(&shared, step) {
                Some(account) => account,
                None => return stayed("There is no account to go over to: the step has changed; try again"),
            }
        }
    };
    standby.over.store(true, Ordering::Release);
    let left = swap(&shared, account.clone());
    *standby.first.lock() = left;
    let looking = renew(&mut standby.looking.lock());
    let watched = Arc::clone(&shared);
    shared.handle.spawn(async move { looking.run_until_cancelled(watch(watched)).await });
    Msg::Standby(standby::Msg::Switched(Side::Fallback, Box::new(identity(&account.connection))))
}

/// Puts the first account in its place again and closes the other one.
async fn go_back(shared: Arc<Shared>) -> Msg {
    let standby = &shared.standby;
    // The embedded account has one place: it is closed before it is opened there again.
    let closing = Arc::clone(&standby.opening).lock_owned().await;
    let first = standby.first.lock().take();
    let Some(first) = first else { return stayed("The first account is not open") };
    standby.looking.lock().cancel();
    standby.over.store(false, Ordering::Release);
    let message = Msg::Standby(standby::Msg::Switched(Side::First, Box::new(identity(&first.connection))));
    if let Some(left) = swap(&shared, first) {
        shared.handle.spawn(async move {
            left.connection.close().await;
            drop(closing);
        });
    }
    message
}

/// Puts an account in the place of the one that the screen is on, whose work ends for the screen at once; gives that one.
fn swap(shared: &Shared, account: Account) -> Option<Account> {
    {
        let mut slots = shared.slots.lock();
        slots.cancel_work();
        slots.runs.clear();
        // What does not end by itself, because nobody answers, is not followed any more.
        renew(&mut slots.account);
        renew(&mut slots.follow_queries);
    }
    listen(shared, &account.connection);
    shared.connection.lock().replace(account)
}

/// Looks whether the first account answers again, and tells whenever that changes. One that was never opened is tried to be opened.
async fn watch(shared: Arc<Shared>) {
    let mut told = false;
    loop {
        sleep(LOOK).await;
        let first = shared.standby.first.lock().clone();
        let answers = match first {
            Some(account) => matches!(timeout(PATIENCE, account.connection.gateways.identity.time()).await, Ok(Ok(_))),
            None => match target::open(&shared.settings, Arc::clone(&shared.clock), Pace::Live).await {
                // One that has to be confirmed first is not opened behind the reader's back.
                Ok(connection) if connection.production.is_none() => {
                    let settings = Arc::clone(&shared.settings);
                    shared.standby.keep_first(Account { connection, settings });
                    true
                }
                _ => false,
            },
        };
        if answers != told {
            told = answers;
            send(&shared.messages, Msg::Standby(standby::Msg::Answers(answers)));
        }
        if shared.messages.is_closed() {
            return;
        }
    }
}
