//! Expressions in the words of a dialect. What the engine made of an operator or a function is turned back into what the service has.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{self, GroupingSet};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator, SortExpr};

use super::super::types::ColumnType;
use super::super::{Dialect, dialect};
use super::build::ITEM;
use super::{Key, Symbol};

/// Columns that an expression may name, with what is written for them.
pub(super) struct Scope<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// The schema of the input.
    pub schema: &'a DFSchema,
    /// Its columns.
    pub symbols: &'a [Symbol],
    /// The queries for one value that expressions have in them, in the order of their numbers.
    pub scalars: &'a RefCell<Vec<Arc<LogicalPlan>>>,
}

/// A call that is written as something else: the name in the engine, Redshift's name, Trino's.
const RENAMED: [(&str, &str, &str); 22] = [
    ("character_length", "len", "length"),
    ("string_agg", "listagg", "listagg"),
    ("approx_distinct", "approximate count", "approx_distinct"),
    ("approx_percentile_cont", "approximate percentile_disc", "approx_percentile"),
    ("percentile_cont_of", "percentile_cont", "percentile_cont"),
    ("percentile_disc_of", "percentile_disc", "percentile_disc"),
    ("max_by_of", "max_by", "max_by"),
    ("min_by_of", "min_by", "min_by"),
    ("max_by_n", "max_by", "max_by"),
    ("min_by_n", "min_by", "min_by"),
    ("max_n", "max", "max"),
    ("min_n", "min", "min"),
    ("array_has", "array_contains", "contains"),
    ("array_to_string", "array_to_string", "array_join"),
    ("make_array", "array", "ARRAY"),
    ("trunc_any", "trunc", "truncate"),
    ("round_any", "round", "round"),
    ("round_places", "round", "round"),
    ("trunc_places", "trunc", "truncate"),
    ("array_slice_of", "subarray", "slice"),
    ("var", "var_samp", "var_samp"),
    ("stddev", "stddev_samp", "stddev_samp"),
];

impl Scope<'_> {
    /// Several expressions.
    pub fn texts<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<String> {
        exprs.into_iter().map(|expr| self.text(expr)).collect()
    }

    /// What rows are sorted by.
    pub fn keys<'e>(&self, keys: impl IntoIterator<Item = &'e SortExpr>) -> Vec<Key> {
        keys.into_iter().map(|key| Key { text: self.text(&key.expr), ascending: key.asc, nulls_first: key.nulls_first }).collect()
    }

    /// The column of the input that an expression is.
    pub fn symbol(&self, expr: &Expr) -> Option<&Symbol> {
        match expr {
            Expr::Column(column) => self.symbols.get(self.schema.maybe_index_of_column(column)?),
            Expr::Alias(alias) => self.symbol(&alias.expr),
            _ => None,
        }
    }

    /// The type of an expression, as declared when it is a column.
    pub fn kind(&self, expr: &Expr) -> ColumnType {
        use datafusion::logical_expr::ExprSchemable;
        if let Some(symbol) = self.symbol(expr) {
            return symbol.kind.clone();
        }
        expr.get_type(self.schema).map_or(ColumnType::Unknown, |kind| ColumnType::of_arrow(self.dialect, &kind))
    }

    fn redshift(&self) -> bool {
        self.dialect == Dialect::Redshift
    }

    fn column(&self, column: &Column) -> String {
        match self.schema.maybe_index_of_column(column).and_then(|index| self.symbols.get(index)) {
            Some(symbol) => symbol.text.clone(),
            None => dialect::label(&column.name).to_owned(),
        }
    }

    /// An expression.
    pub fn text(&self, expr: &Expr) -> String {
        match expr {
            Expr::Alias(alias) => self.text(&alias.expr),
            Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => self.column(column),
            Expr::Literal(value, _) => self.literal(value),
            Expr::BinaryExpr(binary) => self.binary(&binary.left, binary.op, &binary.right),
            Expr::Like(like) | Expr::SimilarTo(like) => {
                let (value, pattern) = (self.operand(&like.expr), self.text(&like.pattern));
                match (self.dialect, like.negated) {
                    (Dialect::Redshift, negated) => {
                        let (no, any) = (if negated { "!" } else { "" }, if like.case_insensitive { "*" } else { "" });
                        format!("({value} {no}~~{any} {pattern})")
                    }
                    (Dialect::Athena, false) => format!("({value} LIKE {pattern})"),
                    (Dialect::Athena, true) => format!("(NOT ({value} LIKE {pattern}))"),
                }
            }
            Expr::Not(inner) => format!("(NOT {})", self.text(inner)),
            Expr::IsNotNull(inner) => format!("({} IS NOT NULL)", self.text(inner)),
            Expr::IsNull(inner) => format!("({} IS NULL)", self.text(inner)),
            Expr::IsTrue(inner) => format!("({} IS TRUE)", self.text(inner)),
            Expr::IsFalse(inner) => format!("({} IS FALSE)", self.text(inner)),
            Expr::IsUnknown(inner) => format!("({} IS UNKNOWN)", self.text(inner)),
            Expr::IsNotTrue(inner) => format!("({} IS NOT TRUE)", self.text(inner)),
            Expr::IsNotFalse(inner) => format!("({} IS NOT FALSE)", self.text(inner)),
            Expr::IsNotUnknown(inner) => format!("({} IS NOT UNKNOWN)", self.text(inner)),
            Expr::Negative(inner) => format!("(- {})", self.text(inner)),
            Expr::Between(between) => {
                let (value, low, high) = (self.text(&between.expr), self.text(&between.low), self.text(&between.high));
                match (self.dialect, between.negated) {
                    (Dialect::Redshift, true) => format!("(({value} < {low}) OR ({value} > {high}))"),
                    (Dialect::Redshift, false) => format!("(({value} >= {low}) AND ({value} <= {high}))"),
                    (Dialect::Athena, true) => format!("(NOT ({value} BETWEEN {low} AND {high}))"),
                    (Dialect::Athena, false) => format!("({value} BETWEEN {low} AND {high})"),
                }
            }
            Expr::InList(list) => self.in_list(list),
            Expr::Case(case) => self.case(case),
            Expr::Cast(cast) => self.cast(&cast.expr, &ColumnType::of_arrow(self.dialect, cast.field.data_type()), "CAST"),
            Expr::TryCast(cast) => self.cast(&cast.expr, &ColumnType::of_arrow(self.dialect, cast.field.data_type()), "TRY_CAST"),
            // That blanks do not count is what a comparison of the service means.
            Expr::ScalarFunction(_) if !std::ptr::eq(dialect::within_comparison(expr), expr) => self.text(dialect::within_comparison(expr)),
            Expr::ScalarFunction(call) => self.call(call.name(), &call.args),
            Expr::HigherOrderFunction(call) => self.call(call.name(), &call.args),
            Expr::Lambda(lambda) => format!("({}) -> {}", lambda.params.join(", "), self.text(&lambda.body)),
            Expr::LambdaVariable(variable) => variable.name.clone(),
            Expr::AggregateFunction(call) => {
                let params = &call.params;
                self.aggregate(call.func.name(), &params.args, params.distinct, params.filter.as_deref(), &params.order_by)
            }
            Expr::WindowFunction(call) => {
                self.aggregate(call.fun.name(), &call.params.args, call.params.distinct, call.params.filter.as_deref(), &[])
            }
            Expr::GroupingSet(sets) => match sets {
                GroupingSet::Rollup(exprs) => format!("ROLLUP({})", self.texts(exprs).join(", ")),
                GroupingSet::Cube(exprs) => format!("CUBE({})", self.texts(exprs).join(", ")),
                GroupingSet::GroupingSets(sets) => {
                    let sets: Vec<String> = sets.iter().map(|set| format!("({})", self.texts(set).join(", "))).collect();
                    format!("GROUPING SETS ({})", sets.join(", "))
                }
            },
            Expr::Unnest(nested) => format!("unnest({})", self.text(&nested.expr)),
            // A query for one value runs before the step; the value has a number.
            Expr::ScalarSubquery(query) => {
                let number = self.number_of(&query.subquery);
                if self.redshift() { format!("${number}") } else { format!("subquery_{number}") }
            }
            Expr::Exists(exists) => format!("({}EXISTS (subquery))", if exists.negated { "NOT " } else { "" }),
            Expr::InSubquery(inner) => {
                format!("({} {}IN (subquery))", self.text(&inner.expr), if inner.negated { "NOT " } else { "" })
            }
            Expr::SetComparison(inner) => format!("({} {} (subquery))", self.text(&inner.expr), inner.op),
            Expr::ScalarVariable(_, parts) => parts.join("."),
            Expr::Placeholder(placeholder) => placeholder.id.clone(),
            #[expect(deprecated, reason = "the variant exists as long as the library has it")]
            Expr::Wildcard { .. } => "*".to_owned(),
        }
    }

    /// The number of a query for one value.
    fn number_of(&self, query: &Arc<LogicalPlan>) -> usize {
        let mut known = self.scalars.borrow_mut();
        known.iter().position(|other| Arc::ptr_eq(other, query) || other == query).unwrap_or_else(|| {
            known.push(Arc::clone(query));
            known.len() - 1
        })
    }

    /// A side of a comparison: texts are compared as `text` in Redshift.
    fn operand(&self, expr: &Expr) -> String {
        let expr = dialect::within_comparison(expr);
        let text = self.text(expr);
        let column = matches!(expr, Expr::Column(_) | Expr::Alias(_));
        match self.kind(expr) {
            ColumnType::Varchar(_) | ColumnType::Char(_) if self.redshift() && column => format!("({text})::text"),
            _ => text,
        }
    }

    fn binary(&self, left: &Expr, op: Operator, right: &Expr) -> String {
        let compares = matches!(op, Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
        let (left, right) = if compares { (self.operand(left), self.operand(right)) } else { (self.text(left), self.text(right)) };
        let op = match op {
            Operator::NotEq => "<>".to_owned(),
            other => other.to_string(),
        };
        format!("({left} {op} {right})")
    }

    fn in_list(&self, list: &expr::InList) -> String {
        let value = self.operand(&list.expr);
        let items = self.texts(&list.list);
        match self.dialect {
            // Redshift writes the comparisons out.
            Dialect::Redshift => {
                let (op, word) = if list.negated { ("<>", " AND ") } else { ("=", " OR ") };
                let each: Vec<String> = items.iter().map(|item| format!("({value} {op} {item})")).collect();
                if each.len() == 1 { each.concat() } else { format!("({})", each.join(word)) }
            }
            Dialect::Athena if list.negated => format!("(NOT ({value} IN ({})))", items.join(", ")),
            Dialect::Athena => format!("({value} IN ({}))", items.join(", ")),
        }
    }

    fn case(&self, case: &expr::Case) -> String {
        let mut text = "CASE".to_owned();
        if let Some(subject) = &case.expr {
            text.push_str(&format!(" {}", self.text(subject)));
        }
        for (condition, result) in &case.when_then_expr {
            text.push_str(&format!(" WHEN {} THEN {}", self.text(condition), self.text(result)));
        }
        if let Some(otherwise) = &case.else_expr {
            text.push_str(&format!(" ELSE {}", self.text(otherwise)));
        }
        text.push_str(" END");
        text
    }

    fn cast(&self, inner: &Expr, to: &ColumnType, word: &str) -> String {
        let text = self.text(inner);
        match self.dialect {
            Dialect::Redshift => format!("({text})::{}", bare(&to.redshift_text())),
            Dialect::Athena => format!("{word}({text} AS {})", to.trino_text()),
        }
    }

    fn call(&self, name: &str, args: &[Expr]) -> String {
        let cast = |to: ColumnType| args.first().map(|arg| self.cast(arg, &to, "CAST")).unwrap_or_default();
        match (name, args) {
            ("+" | "-" | "*" | "/" | "%", [left, right]) => format!("({} {name} {})", self.text(left), self.text(right)),
            ("to_int1", [_]) => cast(ColumnType::Tinyint),
            ("to_int2", [_]) => cast(ColumnType::Int2),
            ("to_int4", [_]) => match &args[0] {
                // A whole number that is written is an integer.
                Expr::Literal(value @ ScalarValue::Int64(_), _) => self.number(value, "INTEGER"),
                _ => cast(ColumnType::Int4),
            },
            ("to_int8", [_]) => cast(ColumnType::Int8),
            ("to_day", [_]) => cast(ColumnType::Date),
            ("to_bool", [_]) => cast(ColumnType::Boolean),
            ("to_text", [_]) => cast(ColumnType::Varchar(None)),
            ("to_char_type", [inner]) => format!("({})::character", self.text(inner)),
            (
                "super_scalar" | "super_text" | "super_number" | "super_bool" | "super_items" | "unnest_rows" | "unnest_counted",
                [inner, ..],
            ) => self.text(inner),
            ("super_get", [value, steps @ ..]) => {
                let mut text = self.text(value);
                for step in steps {
                    match step {
                        Expr::Literal(ScalarValue::Utf8(Some(key)), _) => text.push_str(&format!(".{key}")),
                        other => text.push_str(&format!("[{}]", self.text(other))),
                    }
                }
                text
            }
            ("get_field", [value, Expr::Literal(ScalarValue::Utf8(Some(field)), _)]) => {
                let text = self.text(value);
                // An item that is a column of its own is a row of one field for the engine.
                if text == ITEM { text } else { format!("{text}.{field}") }
            }
            ("subscript", [value, key]) => format!("{}[{}]", self.text(value), self.text(key)),
            _ => format!("{}({})", self.function(name), self.texts(args).join(", ")),
        }
    }

    fn function<'n>(&self, name: &'n str) -> &'n str {
        match RENAMED.iter().find(|(known, ..)| *known == name) {
            Some((_, redshift, _)) if self.redshift() => redshift,
            Some((.., trino)) => trino,
            None => name,
        }
    }

    fn aggregate(&self, name: &str, args: &[Expr], distinct: bool, filter: Option<&Expr>, order: &[SortExpr]) -> String {
        let all = name == "count" && matches!(args, [Expr::Literal(value, _)] if !value.is_null());
        let mut inner = if all || (name == "count" && args.is_empty()) { "*".to_owned() } else { self.texts(args).join(", ") };
        if distinct {
            inner = format!("DISTINCT {inner}");
        }
        if !order.is_empty() {
            let keys: Vec<String> = order.iter().map(|key| self.text(&key.expr)).collect();
            inner = format!("{inner} ORDER BY {}", keys.join(", "));
        }
        let call = format!("{}({})", self.function(name), inner.trim());
        match filter {
            Some(filter) => format!("{call} FILTER (WHERE {})", self.text(filter)),
            None => call,
        }
    }

    /// A value that is written in the query or was computed from such.
    fn literal(&self, value: &ScalarValue) -> String {
        if value.is_null() {
            return "NULL".to_owned();
        }
        let kind = ColumnType::of_arrow(self.dialect, &value.data_type());
        let plain = || value.to_array().ok().and_then(|array| array_value_to_string(&array, 0).ok()).unwrap_or_else(|| value.to_string());
        match &kind {
            ColumnType::Boolean => plain(),
            ColumnType::Tinyint => self.number(value, "TINYINT"),
            ColumnType::Int2 => self.number(value, "SMALLINT"),
            ColumnType::Int4 => self.number(value, "INTEGER"),
            ColumnType::Int8 => self.number(value, "BIGINT"),
            ColumnType::Float4 => self.number(value, "REAL"),
            ColumnType::Float8 => self.number(value, "DOUBLE"),
            ColumnType::Decimal { .. } => self.number(value, "DECIMAL"),
            ColumnType::Varchar(_) | ColumnType::Char(_) => {
                let text = plain().replace('\'', "''");
                if self.redshift() { format!("'{text}'::text") } else { format!("VARCHAR '{text}'") }
            }
            other => {
                let zoned = matches!(other, ColumnType::Timestamp | ColumnType::TimestampTz);
                let text = if zoned { plain().replace('T', " ") } else { plain() };
                match self.dialect {
                    Dialect::Redshift => format!("'{text}'::{}", bare(&other.redshift_text())),
                    Dialect::Athena => format!("{} '{text}'", bare(&other.trino_text()).to_uppercase()),
                }
            }
        }
    }

    fn number(&self, value: &ScalarValue, trino: &str) -> String {
        let text = value.to_array().ok().and_then(|array| array_value_to_string(&array, 0).ok()).unwrap_or_else(|| value.to_string());
        if self.redshift() { text } else { format!("{trino} '{text}'") }
    }
}

/// A type without its sizes.
fn bare(text: &str) -> &str {
    text.split('(').next().unwrap_or(text)
}

/// Conditions that hold together, as one.
pub(super) fn all(conditions: &[String]) -> String {
    match conditions {
        [one] => one.clone(),
        several => format!("({})", several.join(" AND ")),
    }
}
