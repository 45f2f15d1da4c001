//! The simple protocol: a text with one or more statements, rows as text.

use std::io;

use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::connection::Connection;
use super::failure::{Failure, Outcome};
use super::rows::{self, Rows};
use crate::local::engine::{Dialect, split_statements};

impl Connection {
    /// Runs the statements of a text. Those that were sent together are one transaction, unless one of them says otherwise.
    pub async fn query(&mut self, text: &str) -> io::Result<Outcome<()>> {
        let parts = match split_statements(Dialect::Redshift, text) {
            Ok(parts) => parts,
            Err(error) => return Ok(Err(error.into())),
        };
        let statements: Vec<&str> = parts.into_iter().filter_map(|part| text.get(part)).collect();
        let cancel = self.registered.next();
        match statements.as_slice() {
            [] => {
                self.wire.send(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new())).await?;
                Ok(Ok(()))
            }
            // The text as it was sent, so that positions are those of the client's text.
            [_] => self.statement(text, &cancel).await,
            several => self.several(several, &cancel).await,
        }
    }

    async fn several(&mut self, statements: &[&str], cancel: &CancellationToken) -> io::Result<Outcome<()>> {
        let own = !self.session.in_transaction() && !statements.iter().any(|sql| Command::of(sql).control().is_some());
        if own && let Err(failure) = self.run("BEGIN", &[], cancel).await {
            return Ok(Err(failure));
        }
        for sql in statements {
            if let Err(failure) = self.statement(sql, cancel).await? {
                if own && let Err(error) = self.run("ROLLBACK", &[], &CancellationToken::new()).await {
                    tracing::warn!(?error, "statements that were sent together could not be undone");
                }
                return Ok(Err(failure));
            }
        }
        if own { Ok(self.run("COMMIT", &[], cancel).await.map(drop)) } else { Ok(Ok(())) }
    }

    /// Runs one statement and sends what it gives.
    async fn statement(&mut self, sql: &str, cancel: &CancellationToken) -> io::Result<Outcome<()>> {
        let command = Command::of(sql);
        if command.copies_to_client {
            return self.copy_out(sql, cancel).await;
        }
        if let Err(failure) = check(&command) {
            return Ok(Err(failure));
        }
        let outcome = match self.run(command.stands_for().unwrap_or(sql), &[], cancel).await {
            Ok(outcome) => outcome,
            Err(failure) => return Ok(Err(failure)),
        };
        let (affected, columns) = (outcome.affected, rows::fields(&outcome.columns, &[]));
        let tag = match Rows::of(outcome, &[], cancel.clone()) {
            Ok(Some(mut rows)) => {
                self.wire.send(rows::description(columns.unwrap_or_default())).await?;
                match rows.send(&mut self.wire, None).await? {
                    Ok((sent, _)) => command.row_tag(sent),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
            Ok(None) => command.tag(affected),
            Err(failure) => return Ok(Err(failure)),
        };
        self.wire.send(PgWireBackendMessage::CommandComplete(CommandComplete::new(tag))).await?;
        Ok(Ok(()))
    }
}

/// Refuses what cannot be done: rows from the client, and rows to it in the extended protocol, which no client asks for there.
pub(super) fn check(command: &Command) -> Outcome<()> {
    if command.copies_from_client {
        return Err(Failure::new("0A000", "COPY FROM STDIN is not supported: COPY reads from S3"));
    }
    if command.copies_to_client {
        return Err(Failure::new("0A000", "COPY TO STDOUT is not supported in the extended protocol"));
    }
    Ok(())
}
