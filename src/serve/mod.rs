//! The embedded AWS for other programs on this machine: one loopback port for all services, with AWS's signatures checked, and one for
//! clients of the warehouse.
//!
//! [`keys`] are what callers sign with, [`signature`] checks a request, [`refusal`] says no in the words of the service that was asked, and
//! [`gate`] puts this between the port and the services. [`postgres`] is the other port. [`outside`] tells the screens what is asked. Inside the process, and on the owner's Unix
//! socket, nothing is checked: whoever gets that far is this user.

use shiftdeck_demo as demo;
use shiftdeck_local as local;

pub mod gate;
pub mod keys;
mod naming;
pub mod outside;
pub mod postgres;
pub mod refusal;
pub mod signature;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use demo::clock::SharedClock;
use gate::Gate;
use keys::Keys;
use local::server::Server;
use local::{LocalError, Opened};
use outside::Teller;
use postgres::{Certificate, Postgres};

/// Ports that are listened on.
pub struct Ports {
    http: Server,
    postgres: Option<Postgres>,
    gate: Arc<Gate>,
}

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// For the services.
    pub http: SocketAddr,
    /// For clients of the warehouse.
    pub postgres: Option<SocketAddr>,
    /// Whether clients of the warehouse may have TLS.
    pub tls: bool,
}

impl Ports {
    /// Listens on loopback addresses.
    ///
    /// # Errors
    /// When an address is not a loopback address or cannot be listened on, or when the warehouse is asked for and another process has it.
    pub async fn open(opened: &Opened, keys: Keys, clock: SharedClock, addresses: Addresses) -> Result<Self, LocalError> {
        let http = Server::bind(addresses.http).await?;
        let teller =
            Teller::open(keys.state_dir()).map(Arc::new).map_err(|source| LocalError::Io { path: keys.state_dir().to_owned(), source })?;
        let postgres = match (addresses.postgres, opened.account()) {
            (None, _) => None,
            (Some(address), Some(account)) => {
                let tls = addresses.tls.then(|| keys.state_dir());
                Some(Postgres::bind(address, account, Arc::clone(&teller), clock.clone(), tls).await?)
            }
            // Sessions are in the engine, which only its owner has.
            (Some(_), None) => return Err(LocalError::InUse { state_dir: keys.state_dir().to_owned(), pid: None }),
        };
        Ok(Ports { http, postgres, gate: Arc::new(Gate::new(opened.transport(), keys, clock, teller)) })
    }

    /// The addresses, with the ports that were chosen for port 0.
    pub fn addresses(&self) -> Addresses {
        let postgres = self.postgres.as_ref();
        Addresses { http: self.http.address(), postgres: postgres.map(Postgres::address), tls: self.certificate().is_some() }
    }

    /// The certificate that clients of the warehouse can check, when they may have TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.postgres.as_ref().and_then(Postgres::certificate)
    }

    /// Answers until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let warehouse = async {
            if let Some(postgres) = self.postgres {
                postgres.run(stop.clone()).await;
            }
        };
        tokio::join!(self.http.run(self.gate, stop.clone()), warehouse);
    }
}
