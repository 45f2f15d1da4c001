//! The embedded warehouse for clients of PostgreSQL: psql, psycopg, JDBC, `redshift_connector`.
//!
//! `wire` carries messages, whose bytes the crate `pgwire` knows; `connection` is one client from its login to its end, `login` lets users of
//! the warehouses in, `simple` and `extended` run what clients send in one session of the engine, `rows`, `types`, `bind`, `numeric` and
//! `arrays` turn values into PostgreSQL's and back, `failure` its errors, `cancel` ends a statement from another connection, `copy` sends rows
//! as lines, `tls` is the certificate.
//!
//! Not here: `COPY` from the client, which Redshift does not have either.

mod arrays;
mod bind;
mod cancel;
mod command;
mod connection;
mod copy;
mod extended;
mod failure;
mod login;
mod numeric;
mod rows;
mod simple;
mod tls;
mod types;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::demo::clock::SharedClock;
use crate::local::LocalError;
use crate::local::account::Account;
use crate::outside::Teller;
use cancel::Cancellers;
use connection::Told;
pub use tls::Certificate;
use tls::Tls;

/// The port of the warehouse.
pub struct Postgres {
    listener: TcpListener,
    address: SocketAddr,
    account: Account,
    clock: SharedClock,
    screens: Arc<Teller>,
    tls: Option<Tls>,
}

impl Postgres {
    /// Listens on `address`, which must be a loopback address, for the warehouse of an account that this process owns. `screens` are told of
    /// every statement. With `tls` clients that ask for it are answered in TLS, by the certificate of that state directory.
    ///
    /// # Errors
    /// When the address is not a loopback address or cannot be listened on, or when there can be no certificate.
    pub async fn bind(
        address: SocketAddr,
        account: Account,
        screens: Arc<Teller>,
        clock: SharedClock,
        tls: Option<&Path>,
    ) -> Result<Self, LocalError> {
        if !address.ip().is_loopback() {
            return Err(LocalError::NotLoopback(address));
        }
        let tls = tls.map(|state_dir| Tls::open(state_dir, clock.now())).transpose()?;
        let failed = |source| LocalError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Postgres { listener, address, account, clock, screens, tls })
    }

    /// The address with the port that was chosen for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate that clients can check, when there is TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.tls.as_ref().map(|tls| &tls.certificate)
    }

    /// Answers until `stop`, which ends the connections too.
    pub async fn run(self, stop: CancellationToken) {
        let cancellers = Arc::new(Cancellers::default());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let socket = match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors and the like: trying again at once would only spin.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (account, cancellers, stop) = (self.account.clone(), Arc::clone(&cancellers), stop.clone());
            let acceptor = self.tls.as_ref().map(|tls| tls.acceptor.clone());
            let told = Told { screens: Arc::clone(&self.screens), clock: self.clock.clone() };
            // Statements run where those of the Data API run, so that one that does not end keeps nobody waiting.
            drop(self.account.statements.spawn(async move {
                let ended = tokio::select! {
                    () = stop.cancelled() => Ok(()),
                    ended = connection::converse(socket, acceptor.as_ref(), account, told, &cancellers) => ended,
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to the warehouse ended early");
                }
            }));
        }
    }
}
