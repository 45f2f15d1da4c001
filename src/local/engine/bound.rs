//! Statements with positional parameters (`$1`), as the PostgreSQL protocol has them: what one takes and gives without running it, and
//! running it with values.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::sql::sqlparser::ast::{self, CastKind, DataType, Expr, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::dialect::RedshiftSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::parse::{self, Statement};
use super::session::{Open, Session};
use super::transaction::Transaction;
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, Engine, Outcome, OutputColumn, SqlError, SqlType, execute, prepared};

/// A value for a place of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoundValue {
    /// As text; `None` is NULL.
    pub text: Option<String>,
    /// Its type in Redshift's words, where the caller has said it.
    pub sql_type: Option<&'static str>,
}

/// What a statement takes and gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Types of its parameters, where they are known.
    pub parameters: Vec<Option<SqlType>>,
    /// Result columns, empty when there is no result set.
    pub columns: Vec<OutputColumn>,
}

impl Engine {
    /// Runs one statement with values in the places of `$1`, `$2`, …; otherwise as [`Engine::execute`].
    pub async fn execute_bound(&self, session: &mut Session, sql: &str, values: &[BoundValue]) -> Result<Outcome, SqlError> {
        if values.is_empty() {
            return self.execute(session, sql, &[]).await;
        }
        let mut statement = parse::parse_prepared(session.dialect, sql)?;
        fill(&mut statement, values.iter().map(|value| literal(value).map(Some)).collect::<Result<_, _>>()?);
        self.execute_read(session, sql, statement).await
    }

    /// What a statement takes and gives, without running it. `types` are those of its parameters that the caller knows, in Redshift's words.
    ///
    /// What is shown (`SHOW`, `EXPLAIN`) is run, because it changes nothing and only then its columns are known.
    pub async fn describe(&self, session: &mut Session, sql: &str, types: &[Option<&'static str>]) -> Result<Description, SqlError> {
        if session.transaction_failed() {
            // Its end has no columns, and everything else is refused when it is run.
            return Ok(Description::default());
        }
        let described = self.describe_read(session, sql, types).await;
        if described.is_err() && session.in_transaction() {
            session.transaction = Open::Failed;
        }
        described
    }

    async fn describe_read(&self, session: &mut Session, sql: &str, types: &[Option<&'static str>]) -> Result<Description, SqlError> {
        let mut statement = parse::parse_prepared(session.dialect, sql)?;
        let count = fill(&mut statement, Vec::new()).max(types.len());
        let mut parameters: Vec<Option<SqlType>> = (0..count).map(|index| types.get(index).copied().flatten().map(named)).collect();
        if let Statement::Execute(execute) = statement {
            statement = prepared::resolve(self, session, sql, execute)?.0;
        }
        let query = match statement {
            Statement::Sql(statement) => match *statement {
                ast::Statement::Query(query) => *query,
                _ => return Ok(Description { parameters, columns: Vec::new() }),
            },
            Statement::Show(_) | Statement::ShowModel { .. } | Statement::ShowModels { .. } | Statement::Explain { analyze: false, .. } => {
                let columns = self.execute(session, sql, &[]).await?.columns;
                return Ok(Description { parameters, columns });
            }
            _ => return Ok(Description { parameters, columns: Vec::new() }),
        };
        let typed = |keep: bool| -> Result<Vec<Option<Expr>>, SqlError> {
            let null = |sql_type| literal(&BoundValue { text: None, sql_type });
            (0..count)
                .map(|index| match types.get(index).copied().flatten() {
                    None if keep => Ok(None),
                    sql_type => null(sql_type).map(Some),
                })
                .collect()
        };
        // First with the places that have no type, so that they get theirs from what is around them.
        let mut first = Statement::Sql(Box::new(ast::Statement::Query(Box::new(query.clone()))));
        fill(&mut first, typed(true)?);
        if parameters.iter().any(Option::is_none)
            && let Ok((columns, found)) = self.plan_read(session, sql, first).await
        {
            for (index, known) in found {
                if let Some(parameter) = parameters.get_mut(index) {
                    parameter.get_or_insert(known);
                }
            }
            return Ok(Description { parameters, columns });
        }
        let mut again = Statement::Sql(Box::new(ast::Statement::Query(Box::new(query))));
        fill(&mut again, typed(false)?);
        let (columns, _) = self.plan_read(session, sql, again).await?;
        Ok(Description { parameters, columns })
    }

    /// The columns of a query, and the types of the places that are still in it by their index.
    async fn plan_read(
        &self,
        session: &mut Session,
        sql: &str,
        statement: Statement,
    ) -> Result<(Vec<OutputColumn>, Vec<(usize, SqlType)>), SqlError> {
        let Statement::Sql(statement) = statement else { return Ok(Default::default()) };
        let ast::Statement::Query(query) = *statement else { return Ok(Default::default()) };
        let mut open = std::mem::replace(&mut session.transaction, Open::No);
        let mut own = Transaction::begin(self, &session.temporary);
        let transaction = match &mut open {
            Open::Yes(transaction) => transaction.as_mut(),
            _ => &mut own,
        };
        let mut work = Work { engine: self, session, transaction, sql, scanned: Arc::new(AtomicU64::new(0)), query: 0 };
        let planned = work.planned(*query, None).await.map(|(_, traced)| {
            let places = traced.plan.get_parameter_types().unwrap_or_default();
            let place = |(name, kind): (String, Option<datafusion::arrow::datatypes::DataType>)| {
                let number = name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)?;
                Some((number, ColumnType::of_arrow(Dialect::Redshift, &kind?).sql_type(Dialect::Redshift)))
            };
            (execute::columns(&work, &traced), places.into_iter().filter_map(place).collect())
        });
        session.transaction = open;
        planned
    }
}

/// A type by its name alone.
fn named(name: &'static str) -> SqlType {
    SqlType { name: name.to_owned(), precision: 0, scale: 0 }
}

/// Puts expressions into the places of a statement, and gives the highest number of a place. A place without an expression stays.
fn fill(statement: &mut Statement, values: Vec<Option<Expr>>) -> usize {
    let mut places = Places { values, most: 0 };
    // The visitor never breaks off.
    let _ = match statement {
        Statement::Sql(statement) => statement.visit(&mut places),
        Statement::CreateTable { create, .. } => create.visit(&mut places),
        Statement::Explain { statement, .. } => {
            let values = std::mem::take(&mut places.values);
            places.most = fill(statement, values);
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    };
    places.most
}

struct Places {
    values: Vec<Option<Expr>>,
    most: usize,
}

impl VisitorMut for Places {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr else { return ControlFlow::Continue(()) };
        if let Some(number) = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()) {
            self.most = self.most.max(number);
            if let Some(Some(value)) = number.checked_sub(1).and_then(|index| self.values.get(index)) {
                *expr = value.clone();
            }
        }
        ControlFlow::Continue(())
    }
}

/// A value as an expression: a text in a cast to its type, so that a value can never be read as SQL; a whole number as itself, because some
/// places take nothing else.
fn literal(value: &BoundValue) -> Result<Expr, SqlError> {
    let plain = |value: Value| Expr::Value(value.into());
    let Some(text) = &value.text else {
        return match value.sql_type {
            None => Ok(plain(Value::Null)),
            Some(kind) => cast(plain(Value::Null), kind),
        };
    };
    let whole = matches!(value.sql_type, Some("int2" | "int4" | "int8"));
    match text.strip_prefix('-') {
        Some(digits) if whole && is_number(digits) => {
            let number = plain(Value::Number(digits.to_owned(), false));
            Ok(Expr::Nested(Box::new(Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(number) })))
        }
        None if whole && is_number(text) => Ok(plain(Value::Number(text.clone(), false))),
        _ => {
            let written = plain(Value::SingleQuotedString(text.clone()));
            match value.sql_type {
                // A text without a type takes that of its surroundings, and one with a type is a text anyway.
                None | Some("varchar") => Ok(written),
                Some(kind) => cast(written, kind),
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn cast(expr: Expr, kind: &'static str) -> Result<Expr, SqlError> {
    // A number without places would lose its fraction.
    let written = if kind == "numeric" { "numeric(38, 10)" } else { kind };
    let parsed = Parser::new(&RedshiftSqlDialect {}).try_with_sql(written).and_then(|mut parser| parser.parse_data_type());
    let data_type: DataType = parsed.map_err(super::error::internal)?;
    Ok(Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None })
}
