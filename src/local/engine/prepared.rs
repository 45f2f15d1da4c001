//! Prepared statements: `PREPARE`, `EXECUTE`, `DEALLOCATE`.
//!
//! In Redshift they are the session's. In Athena they are the workgroup's, so that they are in the catalog.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use datafusion::sql::sqlparser::ast::{self, CastKind, DataType, Expr, Value, ValueWithSpan, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::error::Text;
use super::parse::{self, Execute, Prepare, Statement};
use super::session::Session;
use super::transaction::{Temporary, Transaction};
use super::work::Work;
use super::{Dialect, Engine, Outcome, SqlError, SqlErrorKind, StatementKind};

/// A statement of a session, waiting for its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// As written.
    pub text: String,
    /// Types of the parameters, where they were written.
    pub types: Vec<DataType>,
}

/// `PREPARE`.
pub async fn prepare(work: &mut Work<'_>, prepare: Prepare) -> Result<Outcome, SqlError> {
    check(work.text(), &prepare.text)?;
    if work.dialect() == Dialect::Athena {
        let (group, now) = (work.session.work_group.clone(), work.engine.clock().now());
        work.catalog_mut().await?.prepared.entry(group).or_default().insert(prepare.name, (prepare.text, now));
    } else {
        if work.session.prepared.contains_key(&prepare.name) {
            let message = format!("prepared statement \"{}\" already exists", prepare.name);
            return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
        }
        let prepared = Prepared { text: prepare.text, types: prepare.types };
        work.session.prepared.insert(prepare.name, prepared);
    }
    Ok(Outcome::done(StatementKind::Utility, None))
}

/// Refuses a text that cannot be prepared.
fn check(text: Text<'_>, sql: &str) -> Result<(), SqlError> {
    let statement = parse::parse_prepared(text.dialect, sql)?;
    let plain = matches!(&statement, Statement::Sql(sql) if matches!(sql.as_ref(),
        ast::Statement::Query(_) | ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_)));
    let written = text.dialect == Dialect::Athena && matches!(statement, Statement::CreateTableAs(_) | Statement::UnloadQuery(_));
    if plain || written { Ok(()) } else { Err(text.unsupported("PREPARE of something but SELECT, INSERT, UPDATE or DELETE")) }
}

impl Engine {
    /// The prepared statements of a workgroup: text and time by name.
    pub fn prepared_statements(&self, work_group: &str) -> BTreeMap<String, (String, DateTime<Utc>)> {
        self.committed().prepared.get(work_group).cloned().unwrap_or_default()
    }

    /// Keeps a prepared statement of a workgroup; `None` for its text takes it away.
    pub async fn keep_prepared(&self, work_group: &str, name: &str, text: Option<&str>) -> Result<(), SqlError> {
        if let Some(sql) = text {
            check(Text::new(Dialect::Athena, sql), sql)?;
        }
        let mut transaction = Transaction::begin(self, &Temporary::new());
        let now = self.clock().now();
        let known = transaction.catalog_mut().await?.prepared.entry(work_group.to_owned()).or_default();
        match text {
            Some(sql) => known.insert(name.to_owned(), (sql.to_owned(), now)),
            None => known.remove(name),
        };
        transaction.commit().map(drop)
    }
}

/// `DEALLOCATE`.
pub async fn deallocate(work: &mut Work<'_>, name: Option<String>) -> Result<Outcome, SqlError> {
    let Some(name) = name else {
        work.session.prepared.clear();
        return Ok(Outcome::done(StatementKind::Utility, None));
    };
    let known = if work.dialect() == Dialect::Athena {
        let group = work.session.work_group.clone();
        work.catalog_mut().await?.prepared.get_mut(&group).is_some_and(|known| known.remove(&name).is_some())
    } else {
        work.session.prepared.remove(&name).is_some()
    };
    if known { Ok(Outcome::done(StatementKind::Utility, None)) } else { Err(missing(work.text(), &name)) }
}

/// The statement that an `EXECUTE` stands for, with its values in their places, and its text.
pub fn resolve(engine: &Engine, session: &Session, sql: &str, execute: Execute) -> Result<(Statement, String), SqlError> {
    let text = Text::new(session.dialect, sql);
    let prepared = match session.dialect {
        Dialect::Redshift => session.prepared.get(&execute.name).cloned(),
        Dialect::Athena => {
            let catalog = engine.committed();
            let known = catalog.prepared.get(&session.work_group).and_then(|known| known.get(&execute.name)).cloned();
            known.map(|(text, _)| Prepared { text, types: Vec::new() })
        }
    };
    let prepared = prepared.ok_or_else(|| missing(text, &execute.name))?;
    let mut statement = parse::parse_prepared(session.dialect, &prepared.text)?;
    let mut places = Places { values: execute.values, types: prepared.types, most: 0 };
    let _ = match &mut statement {
        Statement::Sql(statement) => statement.visit(&mut places),
        Statement::CreateTableAs(create) => create.query.visit(&mut places),
        Statement::UnloadQuery(unload) => unload.query.visit(&mut places),
        _ => ControlFlow::Continue(()),
    };
    let (expected, given) = (places.most.max(places.types.len()), places.values.len());
    if expected != given {
        let redshift = format!(
            "wrong number of parameters for prepared statement \"{}\"\n  Detail: Expected {expected} parameters but got {given}.",
            execute.name
        );
        let athena = format!("INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected {expected} but found {given}");
        return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &redshift, &athena));
    }
    Ok((statement, prepared.text))
}

fn missing(text: Text<'_>, name: &str) -> SqlError {
    let redshift = format!("prepared statement \"{name}\" does not exist");
    let athena = format!("NOT_FOUND: Prepared statement not found: {name}");
    text.error(SqlErrorKind::Semantic, Location::empty(), &redshift, &athena)
}

/// Puts values in the places of `$1`, `$2`, ….
struct Places {
    values: Vec<Expr>,
    types: Vec<DataType>,
    most: usize,
}

impl VisitorMut for Places {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr else { return ControlFlow::Continue(()) };
        let Some(number) = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()) else {
            return ControlFlow::Continue(());
        };
        self.most = self.most.max(number);
        let Some(index) = number.checked_sub(1) else { return ControlFlow::Continue(()) };
        if let Some(value) = self.values.get(index) {
            let value = match value {
                Expr::Value(_) => value.clone(),
                other => Expr::Nested(Box::new(other.clone())),
            };
            *expr = match self.types.get(index) {
                Some(kind) => {
                    Expr::Cast { kind: CastKind::Cast, expr: Box::new(value), data_type: kind.clone(), array: false, format: None }
                }
                None => value,
            };
        }
        ControlFlow::Continue(())
    }
}
