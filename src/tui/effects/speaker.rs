//! What the speaker of a presentation is told: a document beside the embedded account, and a socket on which the speaker's view may press
//! the remote. Without a state directory there is neither, and the presentation goes on all the same.

use std::io;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::UnixDatagram;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Runner, send};
use crate::app::Msg;
use crate::app::action::Command;
use crate::ops::stage::{Store, Told};

/// Between two writes at least: as often as a person looks.
const GAP: Duration = Duration::from_millis(100);

/// A press of the speaker: one beat on.
pub const ON: &[u8] = b"on";
/// A press of the speaker: one beat back.
pub const BACK: &[u8] = b"back";

/// Where the speaker is told.
pub(super) struct Speaker {
    store: Option<Store>,
    told: Mutex<Pending>,
    /// Whether the program is ending; held while the document is written, so that nothing is written after its end.
    ending: Mutex<bool>,
    /// Ends listening for presses.
    remote: Mutex<Option<CancellationToken>>,
}

#[derive(Default)]
struct Pending {
    /// What is to be written next: the document, or its end.
    next: Option<Option<Box<Told>>>,
    /// Whether somebody writes.
    writing: bool,
}

impl Speaker {
    pub(super) fn new(store: Option<Store>) -> Speaker {
        Speaker { store, told: Mutex::default(), ending: Mutex::default(), remote: Mutex::default() }
    }

    fn write(&self, told: Option<Box<Told>>) -> io::Result<()> {
        let Some(store) = &self.store else { return Ok(()) };
        let process = std::process::id();
        let ending = self.ending.lock();
        match told {
            Some(_) if *ending => Ok(()),
            Some(told) => store.tell(&Told { process, ..*told }),
            None => store.over(process),
        }
    }

    /// The program ends: nobody presents any more.
    pub(super) fn close(&self) {
        self.listen_no_more();
        self.told.lock().next = None;
        *self.ending.lock() = true;
        if let Err(error) = self.write(None) {
            tracing::warn!(%error, "the speaker cannot be told that the presentation is over");
        }
    }

    fn listen_no_more(&self) {
        if let Some(token) = self.remote.lock().take() {
            token.cancel();
            if let Some(store) = &self.store {
                // It may be gone already, or be another process's by now: then that one makes its own again.
                let _ = std::fs::remove_file(store.socket());
            }
        }
    }
}

impl Runner {
    /// Tells the speaker; of what comes in quick succession only the last.
    pub(super) fn tell_speaker(&self, told: Option<Box<Told>>) {
        let speaker = &self.shared.speaker;
        if speaker.store.is_none() {
            return;
        }
        if told.is_some() {
            self.listen();
        } else {
            speaker.listen_no_more();
        }
        let mut pending = speaker.told.lock();
        pending.next = Some(told);
        if std::mem::replace(&mut pending.writing, true) {
            return;
        }
        drop(pending);
        let shared = std::sync::Arc::clone(&self.shared);
        self.shared.handle.spawn(async move {
            loop {
                let next = {
                    let mut pending = shared.speaker.told.lock();
                    let next = pending.next.take();
                    pending.writing = next.is_some();
                    next
                };
                let Some(told) = next else { return };
                let writer = std::sync::Arc::clone(&shared);
                match tokio::task::spawn_blocking(move || writer.speaker.write(told)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "the speaker cannot be told"),
                    Err(error) => tracing::error!(%error, "telling the speaker ended badly"),
                }
                sleep(GAP).await;
            }
        });
    }

    /// Listens for presses of the speaker's view, once.
    fn listen(&self) {
        let speaker = &self.shared.speaker;
        let mut remote = speaker.remote.lock();
        let Some(store) = speaker.store.clone().filter(|_| remote.is_none()) else { return };
        let token = CancellationToken::new();
        *remote = Some(token.clone());
        drop(remote);
        let messages = self.shared.messages.clone();
        self.shared.handle.spawn(token.run_until_cancelled_owned(async move {
            let opened = store.prepare().and_then(|()| {
                // One that a killed process has left behind.
                let _ = std::fs::remove_file(store.socket());
                UnixDatagram::bind(store.socket())
            });
            let socket = match opened {
                Ok(socket) => socket,
                // The path of a socket may be too long. The speaker's view says then that it only follows.
                Err(error) => return tracing::warn!(%error, "the speaker's view cannot press the remote"),
            };
            let mut bytes = [0_u8; 16];
            while let Ok(length) = socket.recv(&mut bytes).await {
                match &bytes[..length] {
                    ON => send(&messages, Msg::Do(Command::BeatOn)),
                    BACK => send(&messages, Msg::Do(Command::BeatBack)),
                    _ => {}
                }
            }
        }));
    }
}
