//! Tests of rows against a query that DataFusion does not run: `(a, b) IN (SELECT x, y …)`, because it compares one column, and `IN` and `EXISTS` in a
//! select list, because it knows them as conditions.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableAliasColumnDef, TableFactor,
    TableWithJoins, Value, VisitMut, VisitorMut,
};
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

/// Rewrites the tests in a select list as counts of the rows that pass.
pub(super) fn count(select: &mut Select) {
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if !grouped {
        // The visitor never breaks.
        let _: ControlFlow<()> = select.projection.visit(&mut Counts { depth: 0 });
    }
}

struct Counts {
    depth: usize,
}

impl VisitorMut for Counts {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0
            && let Some(counted) = counted(expr)
        {
            *expr = counted;
        }
        ControlFlow::Continue(())
    }
}

/// A test as a value that is true, false or NULL.
fn counted(expr: &Expr) -> Option<Expr> {
    let number = |query: Query, counted: Expr, condition: Option<Expr>| {
        let mut query = over(query, vec![Ident::with_quote('"', "\u{1}0")], condition?)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.projection = vec![SelectItem::UnnamedExpr(counted)];
        }
        Some(Expr::Subquery(Box::new(query)))
    };
    let truth = |value: bool| call::value(Value::Boolean(value));
    let more = |number: Expr| call::binary(number, BinaryOperator::Gt, call::number(0));
    let all = || call::function("count", vec![call::number(1)]);
    match expr {
        Expr::InSubquery { expr: value, subquery, negated } if !matches!(value.as_ref(), Expr::Tuple(_)) => {
            let column = || Expr::CompoundIdentifier(vec![Ident::with_quote('"', ROWS), Ident::with_quote('"', "\u{1}0")]);
            let query = || (**subquery).clone();
            let equal = call::binary((**value).clone(), BinaryOperator::Eq, column());
            let found = number(query(), all(), Some(equal))?;
            let none = call::binary(number(query(), all(), Some(truth(true)))?, BinaryOperator::Eq, call::number(0));
            let unknown = more(number(query(), all(), Some(Expr::IsNull(Box::new(column()))))?);
            let unknown = call::binary(Expr::IsNull(value.clone()), BinaryOperator::Or, unknown);
            let branches = vec![(more(found), truth(!negated)), (none, truth(*negated)), (unknown, call::null())];
            Some(Expr::Nested(Box::new(call::case(branches, Some(truth(*negated))))))
        }
        Expr::Exists { subquery, negated } => {
            let mut query = (**subquery).clone();
            let SetExpr::Select(select) = query.body.as_mut() else { return None };
            let plain = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) && select.having.is_none();
            if !plain || select.distinct.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
                return None;
            }
            select.projection = vec![SelectItem::UnnamedExpr(all())];
            query.order_by = None;
            let op = if *negated { BinaryOperator::Eq } else { BinaryOperator::Gt };
            Some(call::binary(Expr::Subquery(Box::new(query)), op, call::number(0)))
        }
        _ => None,
    }
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
