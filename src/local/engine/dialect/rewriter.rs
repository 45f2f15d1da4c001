//! The walk over the syntax tree. What belongs to a function is in [`functions`](super::functions), what belongs to types in
//! [`casts`](super::casts); clauses and operators are here.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArguments, LimitClause, Query, Select, SetExpr, SetOperator, TableFactor, TopQuantity, Value,
    VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::call::{self, Call};
use super::{casts, functions, labels};
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// Rewrites what it visits; breaks with the first error.
pub(super) struct Rewriter {
    dialect: Dialect,
}

impl Rewriter {
    /// For a dialect.
    pub fn new(dialect: Dialect) -> Self {
        Rewriter { dialect }
    }

    fn query(&self, query: &mut Query) -> Result<(), SqlError> {
        limits(self.dialect, query)?;
        set_operations(&mut query.body);
        labels::name_columns(self.dialect, query);
        Ok(())
    }

    fn select(&self, select: &mut Select) -> Result<(), SqlError> {
        if !select.connect_by.is_empty() {
            return Err(call::unsupported(self.dialect, select.select_token.0.span, "CONNECT BY"));
        }
        Ok(())
    }

    fn expr(&self, expr: &mut Expr) -> Result<(), SqlError> {
        match expr {
            Expr::Function(function) => {
                if let Some(rewritten) = self.function(function)? {
                    *expr = rewritten;
                }
            }
            Expr::Cast { .. } | Expr::Convert { .. } | Expr::TypedString(_) => casts::rewrite(self.dialect, expr)?,
            Expr::Identifier(ident) if self.dialect == Dialect::Redshift && ident.quote_style.is_none() => {
                if let Some(rewritten) = functions::keyword(&ident.value) {
                    *expr = rewritten;
                }
            }
            Expr::SimilarTo { negated, expr: subject, pattern, escape_char } => {
                let Some(pattern) = call::literal_text(pattern) else {
                    return Err(call::unsupported(self.dialect, Span::empty(), "SIMILAR TO with a pattern that is not a literal"));
                };
                let escape = match escape_char.as_ref().map(|escape| &escape.value) {
                    Some(Value::SingleQuotedString(text)) => text.chars().next(),
                    _ => Some('\\'),
                };
                let regex = call::text(&functions::similar_to_regex(pattern, escape));
                let matched = call::function("regexp_like", vec![(**subject).clone(), regex]);
                *expr = if *negated { not(matched) } else { matched };
            }
            // NULL || x is NULL, and numbers are turned into text, in Redshift; in Trino both sides are text already.
            Expr::BinaryOp { left, op, right } if is_arithmetic(op) && self.dialect == Dialect::Redshift => {
                number_literal(left);
                number_literal(right);
            }
            _ => {}
        }
        Ok(())
    }

    fn function(&self, function: &Function) -> Result<Option<Expr>, SqlError> {
        if let Some(query) = subquery_argument(function) {
            let message = format!("a query as the argument of {query}");
            return Err(call::unsupported(self.dialect, Span::empty(), &message));
        }
        match Call::take(self.dialect, function) {
            Some(call) => functions::rewrite(call),
            None => Ok(None),
        }
    }
}

fn subquery_argument(function: &Function) -> Option<String> {
    matches!(function.args, FunctionArguments::Subquery(_)).then(|| function.name.to_string())
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: datafusion::sql::sqlparser::ast::UnaryOperator::Not, expr: Box::new(expr) }
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Modulo)
}

/// A quoted number in arithmetic is a number: literals have no type of their own in Redshift, bound parameters neither.
fn number_literal(expr: &mut Expr) {
    let Some(text) = call::literal_text(expr) else { return };
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix('-').unwrap_or(trimmed);
    if digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok() {
        *expr = call::number(trimmed);
    }
}

/// `TOP n`, `LIMIT ALL` and `FETCH FIRST n ROWS ONLY` are all `LIMIT`.
fn limits(dialect: Dialect, query: &mut Query) -> Result<(), SqlError> {
    let mut limit = None;
    if let SetExpr::Select(select) = &mut *query.body
        && let Some(top) = select.top.take()
    {
        if top.percent || top.with_ties {
            return Err(call::unsupported(dialect, select.select_token.0.span, "TOP with PERCENT or WITH TIES"));
        }
        limit = Some(match top.quantity {
            Some(TopQuantity::Constant(rows)) => call::number(rows),
            Some(TopQuantity::Expr(rows)) => rows,
            None => return Err(call::error(dialect, select.select_token.0.span, SqlErrorKind::Syntax, "TOP needs a number of rows")),
        });
    }
    if let Some(fetch) = query.fetch.take() {
        if fetch.percent || fetch.with_ties {
            return Err(call::unsupported(dialect, Span::empty(), "FETCH with PERCENT or WITH TIES"));
        }
        limit = Some(fetch.quantity.unwrap_or_else(|| call::number(1)));
    }
    if let Some(limit) = limit {
        let offset = match query.limit_clause.take() {
            Some(LimitClause::LimitOffset { offset, .. }) => offset,
            _ => None,
        };
        query.limit_clause = Some(LimitClause::LimitOffset { limit: Some(limit), offset, limit_by: Vec::new() });
    }
    Ok(())
}

/// `MINUS` is `EXCEPT`.
fn set_operations(body: &mut SetExpr) {
    if let SetExpr::SetOperation { left, op, right, .. } = body {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        set_operations(left);
        set_operations(right);
    }
}

fn flow(result: Result<(), SqlError>) -> ControlFlow<SqlError> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

impl VisitorMut for Rewriter {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        flow(self.query(query))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        flow(self.select(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let what = match factor {
            TableFactor::Pivot { .. } => "PIVOT",
            TableFactor::Unpivot { .. } => "UNPIVOT",
            TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => "TABLESAMPLE",
            _ => return ControlFlow::Continue(()),
        };
        flow(Err(call::unsupported(self.dialect, Span::empty(), what)))
    }

    /// Before the arguments are visited: date parts and types are written as bare words, which are no columns.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if let Expr::Function(function) = expr {
            functions::date_part_arguments(function);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        flow(self.expr(expr))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::local::engine::dialect::rewrite;
    use crate::syntax::{Statement, parse};

    fn rewritten(dialect: Dialect, sql: &str) -> Result<String, SqlError> {
        let Statement::Sql(mut statement) = parse(dialect, sql, &[]).unwrap() else { panic!("not sql") };
        rewrite(dialect, statement.as_mut())?;
        Ok(statement.to_string())
    }

    #[test]
    fn redshift_clauses() {
        assert_eq!(rewritten(Dialect::Redshift, "select top 5 age from t").unwrap(), "SELECT age FROM t LIMIT 5");
        assert_eq!(
            rewritten(Dialect::Redshift, "select a from t minus select a from u").unwrap(),
            "SELECT a FROM t EXCEPT SELECT a FROM u"
        );
        assert_eq!(rewritten(Dialect::Athena, "select a from t fetch first 3 rows only").unwrap(), "SELECT a FROM t LIMIT 3");
    }

    #[test]
    fn redshift_functions() {
        let sql =
            "select nvl(a, b, 0) x, decode(a, 1, 'one', 'more') y, dateadd(month, 1, d) z, len(s) l, a::varchar(3) v, a || b w from t";
        assert_eq!(
            rewritten(Dialect::Redshift, sql).unwrap(),
            "SELECT coalesce(a, b, 0) AS x, CASE WHEN a IS NOT DISTINCT FROM 1 THEN 'one' ELSE 'more' END AS y, dateadd('month', 1, d) AS z, \
             character_length(s) AS l, left(CAST(a AS VARCHAR), 3) AS v, a || b AS w FROM t"
        );
        let error = rewritten(Dialect::Redshift, "select dateadd(fortnight, 1, d) from t").unwrap_err();
        assert_eq!(error.message, "ERROR: timestamp units \"fortnight\" not recognized");
    }

    #[test]
    fn unnamed_columns_are_labelled_as_the_services_do() {
        assert_eq!(
            rewritten(Dialect::Redshift, "select count(*), age::float8, 1, 2, case when a then 1 end from t order by count(*)").unwrap(),
            "SELECT count(*) AS \"count\", CAST(age AS DOUBLE PRECISION) AS \"age\", 1 AS \"?column?\", 2 AS \"?column?\u{0}1\", \
             CASE WHEN a THEN 1 END AS \"case\" FROM t ORDER BY 1"
        );
        assert_eq!(rewritten(Dialect::Athena, "select a, count(*) from t").unwrap(), "SELECT a, count(*) AS \"_col1\" FROM t");
        assert_eq!(crate::local::engine::dialect::label("?column?\u{0}1"), "?column?");
    }

    #[test]
    fn trino_functions() {
        let sql = "select if(a > 1, 'x') p, count_if(a > 1) q, max_by(a, b) r, approx_percentile(a, 0.5) s, try(a / b) t from x";
        assert_eq!(
            rewritten(Dialect::Athena, sql).unwrap(),
            "SELECT CASE WHEN a > 1 THEN 'x' END AS p, count(CASE WHEN a > 1 THEN 1 END) AS q, \
             first_value(a ORDER BY b DESC NULLS LAST) FILTER (WHERE b IS NOT NULL) AS r, \
             approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY a ASC NULLS LAST) AS s, a / nullif(b, 0) AS t FROM x"
        );
        let error = rewritten(Dialect::Athena, "select histogram(a) from x").unwrap_err();
        assert_eq!(error.message, "line 1:8: function histogram is not supported");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let error = rewritten(Dialect::Redshift, "select a from t pivot (count(*) for a in ('x'))").unwrap_err();
        assert_eq!((error.message.as_str(), error.kind), ("ERROR: PIVOT is not supported", SqlErrorKind::Unsupported));
    }
}
