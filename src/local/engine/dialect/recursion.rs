//! What the term of a recursive query that refers to the query itself may not have. Without the checks such a query would go on for ever.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Cte, Expr, GroupByExpr, ObjectName, Query, Select, SetExpr, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::call;
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// Aggregates that both services have; one of them over the rows of the step before gives a row for ever.
const AGGREGATES: [&str; 8] = ["avg", "count", "listagg", "max", "min", "stddev", "sum", "variance"];

/// Checks the recursive expressions of a WITH.
pub(super) fn check(dialect: Dialect, query: &Query) -> Result<(), SqlError> {
    let Some(with) = query.with.as_ref().filter(|with| with.recursive) else { return Ok(()) };
    with.cte_tables.iter().try_for_each(|table| one(dialect, table))
}

fn one(dialect: Dialect, table: &Cte) -> Result<(), SqlError> {
    let SetExpr::SetOperation { right, .. } = table.query.body.as_ref() else { return Ok(()) };
    let own = &table.alias.name.value;
    if !right.visit(&mut Mentions(own)).is_break() {
        return Ok(());
    }
    let aggregated = |select: &Select| {
        let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        grouped || select.having.is_some() || select.projection.iter().any(|item| item.visit(&mut Aggregates).is_break())
    };
    let what = if table.query.order_by.is_some() {
        "ORDER BY in a recursive query"
    } else if table.query.limit_clause.is_some() || table.query.fetch.is_some() {
        "LIMIT or OFFSET in a recursive query"
    } else if matches!(right.as_ref(), SetExpr::Select(select) if aggregated(select)) {
        "an aggregate in the recursive term of a recursive query"
    } else {
        return Ok(());
    };
    let (span, message) = (table.alias.name.span, format!("{what} is not supported"));
    Err(call::error(dialect, if span.start.line > 0 { span } else { Span::empty() }, SqlErrorKind::Semantic, &message))
}

/// Breaks at a relation of this name.
struct Mentions<'a>(&'a str);

impl Visitor for Mentions<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        match relation.0.as_slice() {
            [part] if part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(self.0)) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Breaks at an aggregate that is not over a window; what is in a query of its own is that one's.
struct Aggregates;

impl Visitor for Aggregates {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function)
                if function.over.is_none() && AGGREGATES.iter().any(|name| function.name.to_string().eq_ignore_ascii_case(name)) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
