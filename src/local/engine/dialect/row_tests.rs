//! `(a, b) IN (SELECT x, y …)`: DataFusion compares one column with a query, the services compare rows.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Query, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins};
use datafusion::sql::sqlparser::ast::{Ident, Statement};
use datafusion::sql::sqlparser::parser::Parser;

use super::call;

/// The table that the query of the test becomes. No written name is like it, so that what stands outside cannot mean its columns.
const ROWS: &str = "\u{1}rows";

/// Rewrites a test of several columns as an EXISTS of the same meaning in a condition: where a comparison with NULL is left open, `NOT IN`
/// does not hold.
pub(super) fn rewrite(expr: &mut Expr) {
    let Expr::InSubquery { expr: subject, subquery, negated } = expr else { return };
    let values = match subject.as_ref() {
        Expr::Tuple(values) if values.len() > 1 => values.clone(),
        _ => return,
    };
    let names: Vec<Ident> = (0..values.len()).map(|index| Ident::with_quote('"', format!("\u{1}{index}"))).collect();
    let conditions = values.into_iter().zip(&names).map(|(value, name)| {
        let column = Expr::CompoundIdentifier(vec![Ident::with_quote('"', ROWS), name.clone()]);
        let equal = call::binary(value, BinaryOperator::Eq, column);
        if *negated { Expr::IsNotFalse(Box::new(equal)) } else { equal }
    });
    let Some(condition) = conditions.reduce(|all, next| call::binary(all, BinaryOperator::And, next)) else { return };
    let Some(query) = over((**subquery).clone(), names, condition) else { return };
    *expr = Expr::Exists { subquery: Box::new(query), negated: *negated };
}

/// `SELECT 1 FROM (query) AS rows (names) WHERE condition`.
fn over(query: Query, names: Vec<Ident>, condition: Expr) -> Option<Query> {
    // All of it is ours: nothing written goes into the text.
    let parsed = Parser::parse_sql(&datafusion::sql::sqlparser::dialect::GenericDialect {}, "SELECT 1 FROM rows");
    let Statement::Query(mut outer) = parsed.ok()?.pop()? else { return None };
    let SetExpr::Select(select) = outer.body.as_mut() else { return None };
    let columns = names.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    let alias = TableAlias { explicit: true, name: Ident::with_quote('"', ROWS), columns, at: None };
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None };
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    select.selection = Some(condition);
    Some(*outer)
}
