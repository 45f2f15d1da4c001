//! Follows the login of an account to its end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::Msg;
use crate::app::login;
use crate::demo::clock::SharedClock;
use crate::target::Connection;

/// Between two looks at a login at most: one that is renewed elsewhere is seen within this time.
const MOST: Duration = Duration::from_secs(60);
/// Between two looks at least.
const LEAST: Duration = Duration::from_secs(5);

/// Tells when the login ends, whenever that changes, and when it has ended. Ends with the screen, and at once where a login has no end.
pub(super) async fn follow(connection: Connection, clock: SharedClock, messages: UnboundedSender<Msg>) {
    let mut told = None;
    loop {
        let found = connection.login_ends().await;
        let wait = match &found {
            // Keys without an end stay so for as long as the process has them.
            Ok(None) => return,
            Ok(Some(ends)) => until_next_look(*ends, clock.now()),
            Err(_) => MOST,
        };
        if told.as_ref() != Some(&found) {
            let message = match found.clone() {
                Ok(ends) => login::Msg::Ends(ends),
                Err(why) => login::Msg::Ended(why),
            };
            // The receiver is gone only when the screen has been left.
            if messages.send(Msg::Login(message)).is_err() {
                return;
            }
            told = Some(found);
        }
        tokio::select! {
            () = messages.closed() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Half of what is left, within limits: looked at more often towards the end.
fn until_next_look(ends: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (ends - now).to_std().unwrap_or_default().div_f64(2.0).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_login_is_looked_at_more_often_towards_its_end() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let after = |seconds| until_next_look(now + chrono::Duration::seconds(seconds), now);
        assert_eq!((after(3600), after(60), after(1), after(-9)), (MOST, Duration::from_secs(30), LEAST, LEAST));
    }
}
