//! One client, from its login to its end.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use pgwire::messages::response::{ErrorResponse, TransactionStatus};
use pgwire::messages::startup::{Authentication, BackendKeyData, ParameterStatus};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::cancel::{Cancellers, Registered};
use super::command::Command;
use super::extended::{Portal, Prepared};
use super::failure::{Failure, Outcome};
use super::login::Login;
use super::wire::Wire;
use crate::demo::clock::SharedClock;
use crate::local::account::Account;
use crate::local::engine::{self, BoundValue, Session};
use crate::outside::{OutsideCall, Teller};

/// Who is told of a client's statements, and when that is.
pub(super) struct Told {
    pub screens: Arc<Teller>,
    pub clock: SharedClock,
}

/// A client that has logged in.
pub(super) struct Connection {
    pub wire: Wire,
    pub account: Account,
    pub told: Told,
    pub session: Session,
    pub registered: Registered,
    /// What was prepared, by name.
    pub prepared: HashMap<String, Arc<Prepared>>,
    /// What is bound and may be under way, by name.
    pub portals: HashMap<String, Portal>,
}

/// Answers a client until it goes.
pub(super) async fn converse(
    socket: TcpStream,
    tls: Option<&TlsAcceptor>,
    account: Account,
    told: Told,
    cancellers: &Arc<Cancellers>,
) -> io::Result<()> {
    let mut wire = Wire::open(socket, tls).await?;
    let startup = match wire.first().await? {
        Some(PgWireFrontendMessage::Startup(startup)) => startup,
        Some(PgWireFrontendMessage::CancelRequest(request)) => {
            cancellers.cancel(&request);
            return Ok(());
        }
        _ => return Ok(()),
    };
    match log_in(&mut wire, &account, cancellers, &startup.parameters).await? {
        Ok((session, registered)) => {
            let (prepared, portals) = (HashMap::new(), HashMap::new());
            Connection { wire, account, told, session, registered, prepared, portals }.serve().await
        }
        Err(failure) => {
            wire.refuse(failure).await?;
            wire.flush().await
        }
    }
}

async fn log_in(
    wire: &mut Wire,
    account: &Account,
    cancellers: &Arc<Cancellers>,
    parameters: &std::collections::BTreeMap<String, String>,
) -> io::Result<Outcome<(Session, Registered)>> {
    let login = match Login::of(parameters) {
        Ok(login) => login,
        Err(failure) => return Ok(Err(failure)),
    };
    // Of a password only a slow hash is kept, so it has to come as it is; the port is this machine's alone.
    wire.send(PgWireBackendMessage::Authentication(Authentication::CleartextPassword)).await?;
    wire.flush().await?;
    let Some(PgWireFrontendMessage::PasswordMessageFamily(message)) = wire.next().await? else {
        return Ok(Err(Failure::fatal("08P01", "expected the password")));
    };
    let session = match login.open(account, message.into_password()?.password).await {
        Ok(session) => session,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(registered) = cancellers.register() else {
        return Ok(Err(Failure::fatal("XX000", "no randomness from the system")));
    };
    wire.send(PgWireBackendMessage::Authentication(Authentication::Ok)).await?;
    for (name, value) in login.server() {
        wire.send(PgWireBackendMessage::ParameterStatus(ParameterStatus::new(name.to_owned(), value.to_owned()))).await?;
    }
    wire.send(PgWireBackendMessage::BackendKeyData(BackendKeyData::new(registered.number, registered.secret()))).await?;
    wire.ready(TransactionStatus::Idle).await?;
    Ok(Ok((session, registered)))
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        // After a failure everything up to the next `Sync` is part of what has failed.
        let mut skipping = false;
        while let Some(message) = self.wire.next().await? {
            let done = match message {
                PgWireFrontendMessage::Terminate(_) => return Ok(()),
                PgWireFrontendMessage::Sync(_) => {
                    skipping = false;
                    if !self.session.in_transaction() {
                        self.portals.clear();
                    }
                    self.ready().await?;
                    continue;
                }
                PgWireFrontendMessage::Flush(_) => {
                    self.wire.flush().await?;
                    continue;
                }
                PgWireFrontendMessage::Query(query) => {
                    skipping = false;
                    if let Err(failure) = self.query(&query.query).await? {
                        self.wire.refuse(failure).await?;
                    }
                    self.ready().await?;
                    continue;
                }
                _ if skipping => continue,
                PgWireFrontendMessage::Parse(parse) => self.parse(parse).await?,
                PgWireFrontendMessage::Bind(bind) => self.bind(bind).await?,
                PgWireFrontendMessage::Describe(describe) => self.describe(&describe).await?,
                PgWireFrontendMessage::Execute(execute) => self.execute(&execute).await?,
                PgWireFrontendMessage::Close(close) => self.close(&close).await?,
                // What is left of a COPY that was refused.
                PgWireFrontendMessage::CopyData(_) | PgWireFrontendMessage::CopyDone(_) | PgWireFrontendMessage::CopyFail(_) => continue,
                _ => {
                    let failure = Failure::fatal("08P01", "a message of another part of the protocol");
                    self.wire.send(PgWireBackendMessage::ErrorResponse(ErrorResponse::new(failure.fields()))).await?;
                    return self.wire.flush().await;
                }
            };
            if let Err(failure) = done {
                self.wire.refuse(failure).await?;
                self.wire.flush().await?;
                skipping = true;
            }
        }
        Ok(())
    }

    async fn ready(&mut self) -> io::Result<()> {
        let status = match (self.session.transaction_failed(), self.session.in_transaction()) {
            (true, _) => TransactionStatus::Error,
            (false, true) => TransactionStatus::Transaction,
            (false, false) => TransactionStatus::Idle,
        };
        self.wire.ready(status).await
    }

    /// Runs a statement until it is cancelled.
    pub async fn run(&mut self, sql: &str, values: &[BoundValue], cancel: &CancellationToken) -> Outcome<engine::Outcome> {
        let (at, began) = (self.told.clock.now(), Instant::now());
        let work = self.account.engine.execute_bound(&mut self.session, sql, values);
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Failure::cancelled()),
            outcome = work => outcome.map_err(Failure::from),
        };
        self.told.screens.tell(&OutsideCall {
            at,
            from: self
                .session
                .variables
                .get("application_name")
                .filter(|name| !name.is_empty())
                .cloned()
                .unwrap_or_else(|| "PostgreSQL".to_owned()),
            service: "Redshift".to_owned(),
            operation: Command::of(sql).kind(),
            duration: began.elapsed(),
            error: outcome.as_ref().err().map(|failure| failure.code.to_owned()),
        });
        outcome
    }
}
