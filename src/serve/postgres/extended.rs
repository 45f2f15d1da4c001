//! The extended protocol: statements with parameters, described before they are run, their rows taken in portions.

use std::io;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use super::bind;
use super::command::Command;
use super::connection::Connection;
use super::failure::{Failure, Outcome};
use super::rows::{self, Rows};
use super::simple::check;
use super::types::{self, Oid};
use crate::local::engine::{BoundValue, Description, OutputColumn};

/// A statement that has been read.
pub(super) struct Prepared {
    sql: String,
    command: Command,
    parameters: Vec<Oid>,
    columns: Vec<OutputColumn>,
}

/// A statement with its values.
pub(super) struct Portal {
    prepared: Arc<Prepared>,
    values: Vec<BoundValue>,
    formats: Vec<i16>,
    state: State,
}

/// How far a portal is.
enum State {
    Ready,
    Open(Box<Rows>),
    Done,
}

/// What `Describe` and `Close` are about.
const STATEMENT: u8 = b'S';

impl Connection {
    pub async fn parse(&mut self, parse: Parse) -> io::Result<Outcome<()>> {
        let name = parse.name.unwrap_or_default();
        if !name.is_empty() && self.prepared.contains_key(&name) {
            return Ok(Err(Failure::new("42P05", format!("prepared statement \"{name}\" already exists"))));
        }
        let command = Command::of(&parse.query);
        let sql = command.stands_for().map_or(parse.query, str::to_owned);
        let described = match check(&command) {
            Ok(()) => self.description(&sql, &command, &parse.type_oids).await,
            Err(failure) => Err(failure),
        };
        let described = match described {
            Ok(described) => described,
            Err(failure) => return Ok(Err(failure)),
        };
        let given = |index: usize| parse.type_oids.get(index).copied().filter(|&oid| oid != 0);
        // A place that nothing tells of is a text.
        let kind =
            |known: &Option<crate::local::engine::SqlType>| known.as_ref().map_or(types::VARCHAR, |known| types::of_name(&known.name));
        let parameters =
            described.parameters.iter().enumerate().map(|(index, known)| given(index).unwrap_or_else(|| kind(known))).collect();
        let prepared = Prepared { sql, command, parameters, columns: described.columns };
        self.prepared.insert(name, Arc::new(prepared));
        self.wire.send(PgWireBackendMessage::ParseComplete(ParseComplete::new())).await?;
        Ok(Ok(()))
    }

    async fn description(&mut self, sql: &str, command: &Command, given: &[Oid]) -> Outcome<Description> {
        if command.is_empty() || command.control().is_some() {
            return Ok(Description::default());
        }
        let given: Vec<Option<&'static str>> = given.iter().map(|&oid| types::name_of(oid)).collect();
        self.account.engine.describe(&mut self.session, sql, &given).await.map_err(Failure::from)
    }

    pub async fn bind(&mut self, bind: Bind) -> io::Result<Outcome<()>> {
        let name = bind.statement_name.unwrap_or_default();
        let Some(prepared) = self.prepared.get(&name).cloned() else { return Ok(Err(no_statement(&name))) };
        let values = match bind::values(&bind.parameters, &bind.parameter_format_codes, &prepared.parameters) {
            Ok(values) => values,
            Err(failure) => return Ok(Err(failure)),
        };
        let portal = Portal { prepared, values, formats: bind.result_column_format_codes, state: State::Ready };
        self.portals.insert(bind.portal_name.unwrap_or_default(), portal);
        self.wire.send(PgWireBackendMessage::BindComplete(BindComplete::new())).await?;
        Ok(Ok(()))
    }

    pub async fn describe(&mut self, describe: &Describe) -> io::Result<Outcome<()>> {
        let name = describe.name.as_deref().unwrap_or_default();
        let (prepared, formats) = if describe.target_type == STATEMENT {
            let Some(prepared) = self.prepared.get(name).cloned() else { return Ok(Err(no_statement(name))) };
            let parameters = ParameterDescription::new(prepared.parameters.clone());
            self.wire.send(PgWireBackendMessage::ParameterDescription(parameters)).await?;
            (prepared, Vec::new())
        } else {
            let Some(portal) = self.portals.get(name) else { return Ok(Err(no_portal(name))) };
            (Arc::clone(&portal.prepared), portal.formats.clone())
        };
        if prepared.columns.is_empty() {
            self.wire.send(PgWireBackendMessage::NoData(NoData::new())).await?;
            return Ok(Ok(()));
        }
        match rows::fields(&prepared.columns, &formats) {
            Ok(fields) => self.wire.send(rows::description(fields)).await?,
            Err(failure) => return Ok(Err(failure)),
        }
        Ok(Ok(()))
    }

    pub async fn execute(&mut self, execute: &Execute) -> io::Result<Outcome<()>> {
        let name = execute.name.clone().unwrap_or_default();
        // Taken out while it is run: what fails is not there any more.
        let Some(mut portal) = self.portals.remove(&name) else { return Ok(Err(no_portal(&name))) };
        let most = usize::try_from(execute.max_rows).ok().filter(|&most| most > 0);
        let end = match self.advance(&mut portal, most).await? {
            Ok(end) => end,
            Err(failure) => return Ok(Err(failure)),
        };
        self.wire.send(end).await?;
        self.portals.insert(name, portal);
        Ok(Ok(()))
    }

    /// Runs a portal as far as `most` rows, and gives the message that ends them.
    async fn advance(&mut self, portal: &mut Portal, most: Option<usize>) -> io::Result<Outcome<PgWireBackendMessage>> {
        let prepared = Arc::clone(&portal.prepared);
        let complete = |tag: String| PgWireBackendMessage::CommandComplete(CommandComplete::new(tag));
        if prepared.command.is_empty() {
            return Ok(Ok(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new())));
        }
        let mut rows = match std::mem::replace(&mut portal.state, State::Done) {
            State::Done => return Ok(Ok(complete(prepared.command.row_tag(0)))),
            State::Open(rows) => rows,
            State::Ready => {
                let cancel = self.registered.next();
                let outcome = match self.run(&prepared.sql, &portal.values, &cancel).await {
                    Ok(outcome) => outcome,
                    Err(failure) => return Ok(Err(failure)),
                };
                let affected = outcome.affected;
                match Rows::of(outcome, &portal.formats, cancel) {
                    Ok(Some(rows)) => Box::new(rows),
                    Ok(None) => return Ok(Ok(complete(prepared.command.tag(affected)))),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
        };
        match rows.send(&mut self.wire, most).await? {
            Ok((sent, true)) => Ok(Ok(complete(prepared.command.row_tag(sent)))),
            Ok((_, false)) => {
                portal.state = State::Open(rows);
                Ok(Ok(PgWireBackendMessage::PortalSuspended(PortalSuspended::new())))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    pub async fn close(&mut self, close: &Close) -> io::Result<Outcome<()>> {
        let name = close.name.as_deref().unwrap_or_default();
        if close.target_type == STATEMENT {
            self.prepared.remove(name);
        } else {
            self.portals.remove(name);
        }
        self.wire.send(PgWireBackendMessage::CloseComplete(CloseComplete::new())).await?;
        Ok(Ok(()))
    }
}

fn no_statement(name: &str) -> Failure {
    Failure::new("26000", format!("prepared statement \"{name}\" does not exist"))
}

fn no_portal(name: &str) -> Failure {
    Failure::new("34000", format!("portal \"{name}\" does not exist"))
}
