//! What other programs ask of the embedded AWS, told to the screens that show this account.
//!
//! A screen listens at a datagram socket of its own beside the state directory's; whoever serves sends it one document per request that has
//! ended. Nobody waits for anybody: a screen that is slow misses some, and without a screen nothing is sent. A document names the operation
//! and never what was in it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::local::socket;

/// How a screen's socket is named, before the process id.
const SCREEN: &str = "screen-";

/// How long the list of screens is used before it is read again.
const LISTED: Duration = Duration::from_secs(1);

/// Bytes of a document at most.
const LONGEST: usize = 4096;

/// One request of another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideCall {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The program, as it names itself (`Boto3`, `aws-cli`, `psql`).
    pub from: String,
    /// The service, as the SDKs name it (`Redshift Data`).
    pub service: String,
    /// The operation (`ExecuteStatement`), or the kind of the statement (`SELECT`).
    pub operation: String,
    /// How long it took.
    pub duration: Duration,
    /// The error's code, when it failed.
    pub error: Option<String>,
}

/// Tells the screens of a state directory.
#[derive(Debug)]
pub struct Teller {
    state_dir: PathBuf,
    socket: UnixDatagram,
    screens: Mutex<(Option<Instant>, Vec<PathBuf>)>,
}

impl Teller {
    /// A teller for the screens that show the account of `state_dir`, now or later.
    ///
    /// # Errors
    /// When the directory is not there, or the system gives no socket.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Teller { state_dir: state_dir.canonicalize()?, socket, screens: Mutex::default() })
    }

    /// Tells every screen that can hear it at once.
    pub fn tell(&self, call: &OutsideCall) {
        let mut screens = self.screens.lock();
        if screens.0.is_none_or(|listed| listed.elapsed() >= LISTED) {
            match listed(&self.state_dir) {
                Ok(found) => *screens = (Some(Instant::now()), found),
                Err(error) => tracing::debug!(%error, "the screens cannot be listed"),
            }
        }
        if screens.1.is_empty() {
            return;
        }
        let document = match serde_json::to_vec(call) {
            Ok(document) if document.len() <= LONGEST => document,
            Ok(_) => return,
            Err(error) => return tracing::debug!(%error, "a request cannot be told"),
        };
        screens.1.retain(|screen| match self.socket.send_to(&document, screen) {
            // It has much to do: it shows the later ones.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                tracing::debug!(%error, screen = %screen.display(), "a screen is gone");
                // One that was killed leaves its socket.
                if error.kind() == io::ErrorKind::ConnectionRefused {
                    let _ = std::fs::remove_file(screen);
                }
                false
            }
            _ => true,
        });
    }
}

/// The sockets of the screens.
fn listed(state_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let any = socket::place(state_dir, SCREEN)?;
    let (Some(directory), Some(prefix)) = (any.parent(), any.file_name().and_then(|name| name.to_str())) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A screen's ear.
#[derive(Debug)]
pub struct Listener {
    socket: tokio::net::UnixDatagram,
    path: PathBuf,
}

impl Listener {
    /// Listens for what other programs ask of the account of `state_dir`. To be called inside of the runtime.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let path = socket::place(&state_dir.canonicalize()?, &format!("{SCREEN}{}", std::process::id()))?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Only this user can enter the directory.
        let socket = tokio::net::UnixDatagram::bind(&path)?;
        Ok(Listener { socket, path })
    }

    /// The next request that has ended.
    ///
    /// # Errors
    /// When the socket cannot be read.
    pub async fn next(&self) -> io::Result<OutsideCall> {
        let mut bytes = vec![0; LONGEST];
        loop {
            let length = self.socket.recv(&mut bytes).await?;
            match serde_json::from_slice(bytes.get(..length).unwrap_or_default()) {
                Ok(call) => return Ok(call),
                Err(error) => tracing::debug!(%error, "a document of another version"),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn call(operation: &str) -> OutsideCall {
        OutsideCall {
            at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            from: "Boto3".into(),
            service: "S3".into(),
            operation: operation.into(),
            duration: Duration::from_millis(3),
            error: None,
        }
    }

    #[tokio::test]
    async fn a_screen_hears_what_is_asked_and_its_socket_goes_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::open(directory.path()).unwrap();
        let teller = Teller::open(directory.path()).unwrap();
        teller.tell(&call("PutObject"));
        assert_eq!(listener.next().await.unwrap(), call("PutObject"));
        drop(listener);
        assert!(listed(&directory.path().canonicalize().unwrap()).unwrap().is_empty());
        teller.tell(&call("GetObject"));
    }

    #[tokio::test]
    async fn the_socket_of_a_killed_screen_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let stale = socket::place(directory.path(), "screen-1").unwrap();
        drop(UnixDatagram::bind(&stale).unwrap());
        assert!(stale.exists(), "as a killed process leaves it");
        Teller::open(directory.path()).unwrap().tell(&call("PutObject"));
        assert!(!stale.exists());
    }

    #[tokio::test]
    async fn a_screen_that_does_not_read_keeps_nobody_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::open(directory.path()).unwrap();
        let teller = Teller::open(directory.path()).unwrap();
        for _ in 0..5000 {
            teller.tell(&call("PutObject"));
        }
        assert_eq!(listener.next().await.unwrap(), call("PutObject"), "the first ones are there, the rest are missed");
    }
}
