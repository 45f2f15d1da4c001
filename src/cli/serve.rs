//! `shiftdeck serve`: the embedded AWS for other programs on this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;

use super::failure::Failure;
use super::interrupt;
use super::output::Output;
use crate::config::Settings;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::local::pace::Pace;
use crate::target;

/// Serve the embedded AWS on a loopback address, for boto3, the AWS CLI and others
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; only loopback addresses are allowed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub addr: SocketAddr,
}

/// Serves until it is stopped.
///
/// # Errors
/// When the address cannot be listened on, or the state is in use.
pub async fn run(arguments: &Serve, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let stop = interrupt::token()?;
    let clock: SharedClock = Arc::new(SystemClock);
    let mut announced = Ok(());
    let region = settings.aws.region.clone();
    let served = target::serve(settings, clock, Pace::Instant, arguments.addr, stop, |address| {
        announced = output
            .line(&format!(
                "serving on http://{address}; for other programs:\n\
                 export AWS_ENDPOINT_URL=http://{address} AWS_REGION={region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
            ))
            .and_then(|()| output.flush());
    })
    .await;
    served?;
    match announced {
        // Nobody reads the announcement; the server served all the same.
        Ok(()) | Err(Failure::ReaderGone) => Ok(()),
        Err(failure) => Err(failure),
    }
}
