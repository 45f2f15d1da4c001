//! The account that the screen is on: opened, listened to, and put to where a step begins.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedSender;

use super::{Runner, Shared, broken, login, renew, send};
use crate::app::msg::Identity;
use crate::app::sql::LibraryEntry;
use crate::app::{Msg, activity};
use crate::aws::activity::ApiCall;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::sql::{SqlEngine, SqlValues, statements};
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::query::QueryEngine;
use crate::prepared::{self, Moment};
use crate::target::{self, Connection};

/// An open account, and the settings that it is used with.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) connection: Connection,
    pub(super) settings: Arc<Settings>,
}

impl Runner {
    /// Puts the embedded account to where a step begins: prepared on the side when it has to be, then in the place of the account, which is
    /// opened again whatever came of it.
    pub(super) fn begin_at(&self, step: Step) {
        let runner = self.clone();
        let work = async move {
            let shared = &runner.shared;
            let moment = Moment::Before(step);
            // The embedded account behind the screen has a place of its own.
            let here =
                shared.connection.lock().as_ref().map_or_else(|| Arc::clone(&shared.settings), |account| Arc::clone(&account.settings));
            let done = async {
                if !prepared::is_ready(&here, moment)? {
                    send(&shared.messages, Msg::Written(Ok("The steps are run on the side once; a few seconds".to_owned())));
                    prepared::prepare(&here, &shared.clock, |_| {}).await?;
                }
                {
                    let mut slots = shared.slots.lock();
                    slots.cancel_work();
                    // What still ends is no news of the account that is opened.
                    renew(&mut slots.account);
                }
                let account = shared.connection.lock().take();
                if let Some(account) = account {
                    account.connection.close().await;
                }
                let settings = Arc::clone(&here);
                let restored = tokio::task::spawn_blocking(move || prepared::restore(&settings, moment)).await;
                restored.unwrap_or_else(|_| Err(broken("could not restore the account")))
            };
            if let Err(error) = done.await {
                send(&shared.messages, Msg::Written(Err(format!("The account is as it was: {error}"))));
            }
            runner.connect_with(here, false);
        };
        drop(self.shared.tasks.spawn_on(work, &self.shared.handle));
    }

    pub(super) fn connect(&self, confirmed: bool) {
        self.connect_with(Arc::clone(&self.shared.settings), confirmed);
    }

    fn connect_with(&self, settings: Arc<Settings>, confirmed: bool) {
        let shared = Arc::clone(&self.shared);
        let over = shared.standby.is_over();
        // Once is enough: a new login does not ask again.
        let confirmed = shared.confirmed.fetch_or(confirmed, Ordering::Relaxed) || confirmed;
        self.job(
            async move {
                match target::open(&settings, Arc::clone(&shared.clock), Pace::Live).await {
                    Ok(Connection { account, production: Some(phrase), .. }) if !confirmed => Msg::Production { account, phrase },
                    Ok(connection) => {
                        let cancel = renew(&mut shared.slots.lock().login);
                        let follow = login::follow(connection.clone(), Arc::clone(&shared.clock), shared.messages.clone());
                        shared.handle.spawn(async move { cancel.run_until_cancelled(follow).await });
                        let identity = identity(&connection);
                        if let Some(warning) = connection.played().and_then(|played| played.warning) {
                            send(&shared.messages, Msg::Written(Err(format!("The recording is not whole: {warning}"))));
                        }
                        if let Some(outside) = target::Outside::open(&settings) {
                            shared.handle.spawn(calls_of_others(outside, connection.calls.clone(), shared.messages.clone()));
                        }
                        let account = Account { connection, settings };
                        if over != shared.standby.is_over() {
                            // The screen has gone over while this one was being opened.
                            shared.standby.keep_first(account);
                            return Msg::Tick;
                        }
                        listen(&shared, &account.connection);
                        *shared.connection.lock() = Some(account);
                        Msg::Connected(Box::new(identity))
                    }
                    Err(error) => Msg::NotConnected(error),
                }
            },
            || Msg::NotConnected(broken("could not open the account")),
        );
    }
}

/// What the screen has to know of an account.
pub(super) fn identity(connection: &Connection) -> Identity {
    let scenario = (*connection.scenario).clone();
    let values = SqlValues::of(&scenario);
    // A statement that needs a value which only a step knows is no use in the console.
    let library = statements()
        .filter_map(|statement| {
            let text = statement.fill_with_comments(&values).ok()?;
            let engine = match statement.engine {
                SqlEngine::Redshift => QueryEngine::Redshift,
                SqlEngine::Athena => QueryEngine::Athena,
            };
            Some(LibraryEntry { title: format!("{:02} {}", statement.number, statement.title), engine, text: format!("{text};") })
        })
        .collect();
    // What the embedded account of this very process does ends with it.
    let outlives = !connection.owns_account();
    let (account, alias) = (connection.account.clone(), connection.alias.clone());
    let private = connection.private();
    let played = connection.played();
    let somebodys = played.as_ref().map_or(connection.kind.name(), |played| &played.target) == TargetKind::Aws.name();
    let recording = played.as_ref().map(target::Played::title);
    Identity { kind: connection.kind, account, alias, private, outlives, scenario, recording, somebodys, library }
}

/// Puts the calls of other programs among those of this one, until the screen is left.
async fn calls_of_others(outside: target::Outside, calls: broadcast::Sender<ApiCall>, messages: UnboundedSender<Msg>) {
    loop {
        let call = tokio::select! {
            () = messages.closed() => return,
            call = outside.next() => call,
        };
        let Some(call) = call else { return };
        // Whoever else listens to the calls is told too; nobody listening is no error.
        let _ = calls.send(call);
    }
}

/// Hands on the calls to an account from now on, and those to the one before no more: while the screen is on another one, that is only
/// asked whether it answers.
pub(super) fn listen(shared: &Shared, connection: &Connection) {
    let heard = renew(&mut shared.slots.lock().calls);
    let told = calls(connection.calls.subscribe(), shared.messages.clone());
    shared.handle.spawn(async move { heard.run_until_cancelled(told).await });
}

/// Hands on API calls, those that come close together in one message.
async fn calls(mut calls: broadcast::Receiver<ApiCall>, messages: UnboundedSender<Msg>) {
    loop {
        match calls.recv().await {
            Ok(call) => {
                let mut batch = vec![call];
                while let Ok(call) = calls.try_recv() {
                    batch.push(call);
                }
                send(&messages, Msg::Activity(activity::Msg::Calls(batch)));
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
        if messages.is_closed() {
            return;
        }
    }
}
