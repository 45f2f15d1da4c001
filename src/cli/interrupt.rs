//! Ctrl-C, SIGTERM and SIGHUP: the first one stops what is running, the second one leaves at once.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{Failure, exit};

/// How long what is running has for stopping; an operation itself takes at most ten seconds for it.
const GRACE: Duration = Duration::from_secs(12);

/// A token that the first signal cancels. To be called inside of the runtime.
///
/// # Errors
/// When the operating system refuses the handlers.
pub fn token() -> Result<CancellationToken, Failure> {
    let token = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind).map_err(|error| Failure::io("could not listen for signals", &error))?;
        let token = token.clone();
        tokio::spawn(async move {
            if signals.recv().await.is_none() {
                return;
            }
            if !token.is_cancelled() {
                token.cancel();
                eprintln!("stopping what is running; once more to leave at once");
                // Something that cannot be stopped does not keep the person here.
                tokio::select! {
                    _ = signals.recv() => {}
                    () = tokio::time::sleep(GRACE) => {}
                }
            }
            // State is replaced by renames, so that leaving here leaves nothing half written.
            std::process::exit(i32::from(exit::CANCELLED));
        });
    }
    Ok(token)
}
