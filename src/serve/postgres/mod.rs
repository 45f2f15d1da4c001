//! The embedded warehouse for clients of PostgreSQL: psql, psycopg, JDBC, `redshift_connector`.
//!
//! `wire` carries messages, whose bytes the crate `pgwire` knows; `connection` is one client from its login to its end, `login` lets users of
//! the warehouses in, `simple` and `extended` run what clients send in one session of the engine, `rows`, `types`, `bind` and `numeric` turn
//! values into PostgreSQL's and back, `failure` its errors, `cancel` ends a statement from another connection.
//!
//! Not here: TLS (the port is this machine's alone), and `COPY` from the client, which Redshift does not have either.

mod bind;
mod cancel;
mod command;
mod connection;
mod extended;
mod failure;
mod login;
mod numeric;
mod rows;
mod simple;
mod types;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::demo::clock::SharedClock;
use crate::local::LocalError;
use crate::local::account::Account;
use crate::outside::Teller;
use cancel::Cancellers;
use connection::Told;

/// The port of the warehouse.
pub struct Postgres {
    listener: TcpListener,
    address: SocketAddr,
    account: Account,
    clock: SharedClock,
    screens: Arc<Teller>,
}

impl Postgres {
    /// Listens on `address`, which must be a loopback address, for the warehouse of an account that this process owns. `screens` are told of
    /// every statement.
    ///
    /// # Errors
    /// When the address is not a loopback address or cannot be listened on.
    pub async fn bind(address: SocketAddr, account: Account, screens: Arc<Teller>, clock: SharedClock) -> Result<Self, LocalError> {
        if !address.ip().is_loopback() {
            return Err(LocalError::NotLoopback(address));
        }
        let failed = |source| LocalError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Postgres { listener, address, account, clock, screens })
    }

    /// The address with the port that was chosen for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
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
            let told = Told { screens: Arc::clone(&self.screens), clock: self.clock.clone() };
            // Statements run where those of the Data API run, so that one that does not end keeps nobody waiting.
            drop(self.account.statements.spawn(async move {
                let ended = tokio::select! {
                    () = stop.cancelled() => Ok(()),
                    ended = connection::converse(socket, account, told, &cancellers) => ended,
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to the warehouse ended early");
                }
            }));
        }
    }
}
