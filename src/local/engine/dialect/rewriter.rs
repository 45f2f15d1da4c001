//! The walk over the syntax tree. What belongs to a function is in [`functions`](super::functions), what belongs to types in
//! [`casts`](super::casts); clauses and operators are here.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Distinct, ExactNumberInfo, Expr, Function, FunctionArguments, JsonPathElem, LimitClause, Query, Select,
    SelectItem, SetExpr, SetOperator, TableFactor, TopQuantity, UnaryOperator, Value, VisitorMut, WindowFrameBound, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::call::{self, Call};
use super::{casts, catalog_forms, functions, intervals, labels, paths, recursion, row_tests, using};
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
        if let SetExpr::Values(values) = query.body.as_mut() {
            values.rows.iter_mut().flat_map(|row| row.content.iter_mut()).for_each(whole_number);
        }
        recursion::check(self.dialect, query)?;
        limits(self.dialect, query)?;
        set_operations(&mut query.body);
        labels::name_columns(self.dialect, query);
        Ok(())
    }

    fn select(&self, select: &mut Select) -> Result<(), SqlError> {
        if self.dialect == Dialect::Redshift && matches!(select.distinct, Some(Distinct::On(_))) {
            return Err(call::unsupported(self.dialect, select.select_token.0.span, "DISTINCT ON"));
        }
        using::rewrite(self.dialect, select)?;
        row_tests::count(select);
        if self.dialect == Dialect::Redshift {
            paths::unnest(&mut select.from);
        }
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                whole_number(expr);
                if self.dialect == Dialect::Redshift {
                    paths::rows_of_series(expr);
                }
            }
        }
        if !select.connect_by.is_empty() {
            return Err(call::unsupported(self.dialect, select.select_token.0.span, "CONNECT BY"));
        }
        Ok(())
    }

    fn expr(&self, expr: &mut Expr) -> Result<(), SqlError> {
        if self.dialect == Dialect::Redshift
            && let Some(rewritten) = catalog_forms::rewrite(expr)?
        {
            *expr = rewritten;
            return Ok(());
        }
        match expr {
            Expr::Function(function) => {
                if let Some(call) = Call::take(self.dialect, function)
                    && let Some(rewritten) = functions::catalog(call)?
                {
                    *expr = rewritten;
                    return Ok(());
                }
                functions::foreign(self.dialect, function)?;
                if let Some(rewritten) = self.function(function)? {
                    *expr = rewritten;
                }
            }
            Expr::Cast { .. } | Expr::Convert { .. } | Expr::TypedString(_) => casts::rewrite(self.dialect, expr)?,
            Expr::Identifier(ident) if ident.quote_style.is_none() => {
                if let Some(rewritten) = functions::keyword(self.dialect, &ident.value) {
                    *expr = rewritten;
                }
            }
            // 1e0 is a floating-point number; without the exponent it is a decimal.
            Expr::Value(value) => {
                if let Value::Number(digits, _) = &value.value {
                    if digits.contains(['e', 'E']) {
                        *expr = call::cast(call::text(digits), DataType::DoublePrecision);
                    } else if let Some(kind) = beyond_bigint(self.dialect, digits) {
                        *expr = call::cast(call::text(digits), kind);
                    }
                }
            }
            Expr::Array(array) => array.elem.iter_mut().for_each(whole_number),
            Expr::Interval(interval) => intervals::rewrite(interval),
            Expr::InSubquery { .. } => row_tests::rewrite(expr),
            Expr::SimilarTo { negated, expr: subject, pattern, escape_char } => {
                let subject = super_text(self.dialect, subject);
                let Some(pattern) = call::literal_text(pattern) else {
                    return Err(call::unsupported(self.dialect, Span::empty(), "SIMILAR TO with a pattern that is not a literal"));
                };
                let escape = match escape_char.as_ref().map(|escape| &escape.value) {
                    Some(Value::SingleQuotedString(text)) => text.chars().next(),
                    _ => Some('\\'),
                };
                let regex = call::text(&functions::similar_to_regex(pattern, escape));
                let matched = call::function("regexp_like", vec![subject, regex]);
                *expr = if *negated { not(matched) } else { matched };
            }
            Expr::Like { expr: subject, pattern, escape_char, .. } | Expr::ILike { expr: subject, pattern, escape_char, .. } => {
                **subject = super_text(self.dialect, subject);
                let escape = match escape_char.as_ref().map(|escape| &escape.value) {
                    Some(Value::SingleQuotedString(text)) => text.chars().next(),
                    _ => None,
                };
                if let Some(escape) = escape.filter(|escape| *escape != '\\') {
                    let Some(text) = call::literal_text(pattern) else {
                        return Err(call::unsupported(self.dialect, Span::empty(), "LIKE with ESCAPE and a pattern that is not a literal"));
                    };
                    **pattern = call::text(&functions::like_with_backslash(text, escape));
                    *escape_char = None;
                }
            }
            Expr::InList { expr: subject, .. } | Expr::Between { expr: subject, .. } => **subject = super_text(self.dialect, subject),
            Expr::Extract { field, expr: from, .. } => {
                if let Some(Expr::Function(function)) = functions::extract(self.dialect, &field.to_string(), (**from).clone()) {
                    *expr = match self.function(&function)? {
                        Some(rewritten) => rewritten,
                        None => Expr::Function(function),
                    };
                }
            }
            Expr::Ceil { expr: value, .. } => *expr = call::function("ceil", vec![(**value).clone()]),
            Expr::Floor { expr: value, .. } => *expr = call::function("floor", vec![(**value).clone()]),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let (time, zone) = ((**timestamp).clone(), (**time_zone).clone());
                *expr = match self.dialect {
                    Dialect::Redshift => call::function("at_zone", vec![zone, time]),
                    Dialect::Athena => call::function("at_timezone", vec![time, zone]),
                };
            }
            Expr::Substring { expr: text, substring_from, substring_for, .. } if self.dialect == Dialect::Athena => {
                let start = substring_from.as_deref().cloned().unwrap_or_else(|| call::number(1));
                let args = [Some((**text).clone()), Some(start), substring_for.as_deref().cloned()];
                *expr = call::function("trino_substr", args.into_iter().flatten().collect());
            }
            // A path into a SUPER: `a.b[0].c`.
            Expr::JsonAccess { value, path } if self.dialect == Dialect::Redshift => {
                let mut args = vec![(**value).clone()];
                for step in &path.path {
                    args.push(match step {
                        JsonPathElem::Dot { key, .. } => call::text(key),
                        JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => key.clone(),
                    });
                }
                *expr = call::function("super_get", args);
            }
            Expr::Collate { .. } => return Err(call::unsupported(self.dialect, Span::empty(), "COLLATE")),
            Expr::OuterJoin(_) => return Err(call::unsupported(self.dialect, Span::empty(), "the outer join operator (+)")),
            Expr::UnaryOp { op: UnaryOperator::PGAbs, expr: value } => *expr = call::function("abs", vec![(**value).clone()]),
            Expr::UnaryOp { op: UnaryOperator::PGSquareRoot, expr: value } => *expr = call::function("sqrt", vec![(**value).clone()]),
            Expr::UnaryOp { op: UnaryOperator::PGCubeRoot, expr: value } => *expr = call::function("cbrt", vec![(**value).clone()]),
            // Powers; exclusive or is `#`.
            Expr::BinaryOp { left, op: BinaryOperator::PGExp | BinaryOperator::BitwiseXor, right } if self.dialect == Dialect::Redshift => {
                let double = |value: &Expr| call::cast(value.clone(), DataType::DoublePrecision);
                *expr = call::function("power", vec![double(left), double(right)]);
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

/// The type of a whole number that is no `bigint`: exact, with as many digits as it has.
fn beyond_bigint(dialect: Dialect, digits: &str) -> Option<DataType> {
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= 38 && digits.parse::<i64>().is_err();
    let precision = u64::try_from(digits.len()).ok()?;
    (dialect == Dialect::Redshift && whole).then_some(DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, 0)))
}

/// The offset of a window frame as the number that it is: DataFusion takes literals only.
fn plain_offsets(function: &mut Function) {
    let Some(WindowType::WindowSpec(spec)) = &mut function.over else { return };
    let Some(frame) = &mut spec.window_frame else { return };
    let bounds = [Some(&mut frame.start_bound), frame.end_bound.as_mut()];
    for bound in bounds.into_iter().flatten() {
        if let WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset)) = bound
            && let Expr::Cast { expr: inner, .. } = offset.as_ref()
            && matches!(inner.as_ref(), Expr::Value(value) if matches!(value.value, Value::Number(..)))
        {
            *offset = inner.clone();
        }
    }
}

/// `value [NOT] IN (query)`.
fn looked_for(value: &Expr, query: &Expr, negated: bool) -> Option<Expr> {
    let Expr::Subquery(query) = query else { return None };
    Some(Expr::InSubquery { expr: Box::new(value.clone()), subquery: query.clone(), negated })
}

/// A whole number by itself is an `integer` when it fits one; DataFusion takes it for a `bigint`.
fn whole_number(expr: &mut Expr) {
    let digits = match &*expr {
        Expr::Value(value) => &value.value,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => &value.value,
            _ => return,
        },
        _ => return,
    };
    if matches!(digits, Value::Number(digits, _) if digits.parse::<i32>().is_ok()) {
        let number = std::mem::replace(expr, call::null());
        *expr = Expr::Cast {
            kind: datafusion::sql::sqlparser::ast::CastKind::Cast,
            expr: Box::new(number),
            data_type: DataType::Int(None),
            array: false,
            format: None,
        };
    }
}

/// A path, which may lead to a SUPER, as the scalar there.
fn super_text(dialect: Dialect, expr: &Expr) -> Expr {
    let path = match expr {
        Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => true,
        Expr::Function(function) => function.name.to_string() == "super_get",
        _ => false,
    };
    if dialect == Dialect::Redshift && path { call::function("super_scalar", vec![expr.clone()]) } else { expr.clone() }
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
        match self.dialect {
            Dialect::Athena => paths::sample(factor),
            Dialect::Redshift => flow(catalog_forms::relation(factor))?,
        }
        paths::series(factor);
        let what = match factor {
            TableFactor::Pivot { .. } if self.dialect == Dialect::Athena => "PIVOT",
            TableFactor::Unpivot { .. } if self.dialect == Dialect::Athena => "UNPIVOT",
            TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => "TABLESAMPLE",
            _ => return ControlFlow::Continue(()),
        };
        flow(Err(call::unsupported(self.dialect, Span::empty(), what)))
    }

    /// Before the arguments are visited: date parts and types are written as bare words, which are no columns.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        // Looking for a value in a query has one form that DataFusion knows everywhere.
        let test = match &*expr {
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => looked_for(left, right, false),
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => looked_for(left, right, true),
            _ => None,
        };
        if let Some(test) = test {
            *expr = test;
        }
        if let Expr::Function(function) = expr {
            if self.dialect == Dialect::Redshift {
                functions::unqualify(function);
            }
            functions::date_part_arguments(function);
            plain_offsets(function);
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
             character_length(s) AS l, left(to_text(super_scalar(a)), 3) AS v, a || b AS w FROM t"
        );
        let error = rewritten(Dialect::Redshift, "select dateadd(fortnight, 1, d) from t").unwrap_err();
        assert_eq!(error.message, "ERROR: timestamp units \"fortnight\" not recognized");
    }

    #[test]
    fn unnamed_columns_are_labelled_as_the_services_do() {
        assert_eq!(
            rewritten(Dialect::Redshift, "select count(*), age::float8, 1, 2, case when a then 1 end from t order by count(*)").unwrap(),
            "SELECT count(*) AS \"count\", CAST(super_scalar(age) AS DOUBLE PRECISION) AS \"age\", to_int4(1) AS \"?column?\", to_int4(2) AS \"?column?\u{0}1\", \
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
        let error = rewritten(Dialect::Athena, "select numeric_histogram(2, a) from x").unwrap_err();
        assert_eq!(error.message, "line 1:8: function numeric_histogram is not supported");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let error = rewritten(Dialect::Athena, "select a from t pivot (count(*) for a in ('x'))").unwrap_err();
        assert_eq!((error.message.as_str(), error.kind), ("PIVOT is not supported", SqlErrorKind::Unsupported));
    }
}
