//! Ending a statement from another connection: each connection has a number and a secret, and who knows both may cancel what it does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use parking_lot::Mutex;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::SecretKey;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use tokio_util::sync::CancellationToken;

/// The connections that are open, each with its secret and what it is doing.
#[derive(Debug, Default)]
pub(super) struct Cancellers {
    last: AtomicI32,
    open: Mutex<HashMap<i32, (i32, CancellationToken)>>,
}

/// A connection that can be cancelled, as long as this lives.
pub(super) struct Registered {
    all: Arc<Cancellers>,
    /// Number of the connection.
    pub number: i32,
    secret: i32,
}

impl Cancellers {
    /// Gives a connection its number and secret. `None` when the system has no randomness.
    pub fn register(self: &Arc<Self>) -> Option<Registered> {
        let mut secret = [0; 4];
        OsRng.try_fill_bytes(&mut secret).ok()?;
        let (number, secret) = (self.last.fetch_add(1, Ordering::Relaxed) + 1, i32::from_be_bytes(secret));
        self.open.lock().insert(number, (secret, CancellationToken::new()));
        Some(Registered { all: Arc::clone(self), number, secret })
    }

    /// Cancels what a connection does, when the secret is its.
    pub fn cancel(&self, request: &CancelRequest) {
        if let Some((secret, token)) = self.open.lock().get(&request.pid)
            && SecretKey::I32(*secret) == request.secret_key
        {
            token.cancel();
        }
    }
}

impl Registered {
    /// A token for the next statement.
    pub fn next(&self) -> CancellationToken {
        let token = CancellationToken::new();
        self.all.open.lock().insert(self.number, (self.secret, token.clone()));
        token
    }

    /// The secret, for the client alone.
    pub fn secret(&self) -> SecretKey {
        SecretKey::I32(self.secret)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.all.open.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_who_knows_the_secret_cancels() {
        let all = Arc::new(Cancellers::default());
        let connection = all.register().unwrap();
        let token = connection.next();
        let SecretKey::I32(secret) = connection.secret() else { panic!("another kind of secret") };
        all.cancel(&CancelRequest::new(connection.number, SecretKey::I32(secret.wrapping_add(1))));
        assert!(!token.is_cancelled());
        all.cancel(&CancelRequest::new(connection.number, connection.secret()));
        assert!(token.is_cancelled());
        assert!(!connection.next().is_cancelled(), "the next statement is another one");
        let number = connection.number;
        drop(connection);
        assert!(!all.open.lock().contains_key(&number));
    }
}
