//! What every command that talks to the account begins with: the settings, the opened target, and a way to stop.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::{confirm, interrupt};
use crate::config::Settings;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::demo::event::Event;
use crate::local::pace::Pace;
use crate::ops::{Context, OpError, OpErrorKind};
use crate::target::{self, Connection};

/// An opened target.
pub struct Session {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The account.
    pub connection: Connection,
    /// Stops the command.
    pub cancel: CancellationToken,
    clock: SharedClock,
}

impl Session {
    /// Opens the target of the settings; waits of the embedded AWS are `instant` unless the settings say otherwise. An account that looks
    /// like production is opened only after its alias has been typed.
    ///
    /// # Errors
    /// What keeps the target from being opened.
    pub async fn open(settings: &Arc<Settings>) -> Result<Self, Failure> {
        let session = Session::open_to_look(settings).await?;
        if let Some(phrase) = &session.connection.production {
            confirm::production(&session.connection.account, phrase)?;
        }
        Ok(session)
    }

    /// [`Session::open`], or [`Session::open_to_look`] for a dry run.
    ///
    /// # Errors
    /// What keeps the target from being opened.
    pub async fn open_for(settings: &Arc<Settings>, dry_run: bool) -> Result<Self, Failure> {
        if dry_run { Session::open_to_look(settings).await } else { Session::open(settings).await }
    }

    /// What opening the account to change something would ask for.
    pub fn asks(&self) -> Vec<String> {
        let phrase = self.connection.production.as_deref();
        phrase.map(|phrase| confirm::production_told(&self.connection.account, phrase)).into_iter().collect()
    }

    /// The same for what only reads.
    ///
    /// # Errors
    /// What keeps the target from being opened.
    pub async fn open_to_look(settings: &Arc<Settings>) -> Result<Self, Failure> {
        let cancel = interrupt::token()?;
        let clock: SharedClock = Arc::new(SystemClock);
        let connection = tokio::select! {
            () = cancel.cancelled() => return Err(cancelled()),
            opened = target::open(settings, clock.clone(), Pace::Instant) => opened?,
        };
        if let Some(played) = connection.played()
            && let Some(warning) = &played.warning
        {
            eprintln!("warning: the recording {} is not whole: {warning}", played.name);
        }
        Ok(Session { settings: settings.clone(), connection, cancel, clock })
    }

    /// A context that the session's signals cancel, with the receiver of its events.
    pub fn context(&self) -> (Context, UnboundedReceiver<Event>) {
        let (mut context, events) = self.connection.context(self.settings.clone(), self.clock.clone());
        context.cancel = self.cancel.clone();
        (context, events)
    }

    /// A context whose events nobody hears.
    pub fn quiet(&self) -> Context {
        self.context().0
    }

    /// Gives the state directory back.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Runs an operation on a task of its own, so that a busy one does not keep its events from being shown.
    ///
    /// # Errors
    /// The operation's error.
    pub async fn run<T: Send + 'static>(operation: impl Future<Output = Result<T, OpError>> + Send + 'static) -> Result<T, OpError> {
        tokio::spawn(operation).await.unwrap_or_else(|error| {
            Err(OpError {
                kind: OpErrorKind::Failed,
                resource: None,
                what: "the operation ended unexpectedly".to_owned(),
                why: error.to_string(),
                fix: Some("Run it again with -v and look into the log.".to_owned()),
            })
        })
    }
}

/// A command that was ended on demand.
pub fn cancelled() -> Failure {
    Failure::Told { code: super::failure::exit::CANCELLED, what: "cancelled".to_owned(), why: None, next: None }
}
