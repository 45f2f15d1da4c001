//! `shiftdeck serve`: the embedded AWS for other programs on this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use secrecy::ExposeSecret as _;

use super::failure::Failure;
use super::interrupt;
use super::output::Output;
use crate::config::Settings;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::local::pace::Pace;
use crate::target::{self, AccessKey, Addresses};

/// Serve the embedded AWS on loopback addresses, for boto3, the AWS CLI, psql and others
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; only loopback addresses are allowed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub addr: SocketAddr,

    /// Address for clients of PostgreSQL (psql, psycopg, JDBC), who reach the warehouse there with a user and password of it
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:5439")]
    pub pg: Option<SocketAddr>,

    /// TLS for those clients of PostgreSQL that ask for it, with a certificate for localhost that is kept in the state directory
    #[arg(long, requires = "pg")]
    pub pg_tls: bool,
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
    let addresses = Addresses { http: arguments.addr, postgres: arguments.pg, tls: arguments.pg_tls };
    let served = target::serve(settings, clock, Pace::Instant, addresses, given_key(), stop, |served| {
        let (address, id, secret) = (served.addresses.http, served.key.id, served.key.secret);
        let warehouse = served.addresses.postgres.map(|address| format!("\nthe warehouse, for clients of PostgreSQL: {address}"));
        let certificate = served.certificate.map(|certificate| {
            let path = certificate.path.display();
            format!(
                "\nwith TLS for those who ask for it (sslmode=verify-full sslrootcert='{path}')\nits certificate has the SHA-256 {}",
                certificate.fingerprint
            )
        });
        announced = output
            .line(&format!(
                "serving on http://{address}; for other programs:\n\
                 export AWS_ENDPOINT_URL=http://{address} AWS_REGION={region} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={}{}{}",
                secret.expose_secret(),
                warehouse.unwrap_or_default(),
                certificate.unwrap_or_default()
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

/// The key of this process's own environment, which whoever started it wants to sign with. One with a session token is of an account on
/// AWS and has no business here.
fn given_key() -> Option<AccessKey> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if variable("AWS_SESSION_TOKEN").is_some() {
        return None;
    }
    Some(AccessKey::new(variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?))
}
