//! What an operator or a path means once the types of its sides are known: arithmetic of exact numbers, SUPER values beside plain ones,
//! steps into SUPER values and rows.

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, TableReference, plan_err};
use datafusion::logical_expr::expr_fn::cast;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, expr, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::{arithmetic, functions, semistructured};
use crate::local::engine::Dialect;
use crate::local::engine::types::ColumnType;

/// Plans the operators of a dialect.
#[derive(Debug)]
pub(super) struct Operators {
    /// The dialect.
    pub dialect: Dialect,
}

impl Operators {
    fn call(&self, name: &str, args: Vec<Expr>) -> Option<Expr> {
        functions::scalar(self.dialect).iter().find(|function| function.name() == name).map(|function| function.call(args))
    }

    /// A SUPER beside a plain value is taken for a value of that one's kind.
    fn plain(&self, value: Expr, beside: &DataType) -> Expr {
        let name = match beside {
            kind if kind.is_numeric() => "super_number",
            DataType::Boolean => "super_bool",
            _ => "super_text",
        };
        self.call(name, vec![value.clone()]).unwrap_or(value)
    }

    fn sides(&self, raw: &mut RawBinaryExpr, schema: &DFSchema) -> Option<(DataType, DataType)> {
        let (left, right) = (raw.left.to_field(schema).ok()?.1, raw.right.to_field(schema).ok()?.1);
        match (semistructured::marked(&left), semistructured::marked(&right)) {
            (true, false) => raw.left = self.plain(raw.left.clone(), right.data_type()),
            (false, true) => raw.right = self.plain(raw.right.clone(), left.data_type()),
            _ => return Some((left.data_type().clone(), right.data_type().clone())),
        }
        Some((raw.left.get_type(schema).ok()?, raw.right.get_type(schema).ok()?))
    }
}

/// A written text that begins with a day, with the day as Arrow reads it.
fn moment(expr: &Expr) -> Option<Expr> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = expr else { return None };
    let (day, rest) = functions::day_and_rest(text)?;
    Some(lit(if rest.is_empty() { day.to_string() } else { format!("{day} {rest}") }))
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let mut raw = raw;
        let Some((mut left, mut right)) = self.sides(&mut raw, schema) else { return Ok(PlannerResult::Original(raw)) };
        if self.dialect == Dialect::Athena {
            match (&raw.op, &left, &right) {
                // The difference of days is an interval, as that of timestamps.
                (BinaryOperator::Minus, DataType::Date32, DataType::Date32) => {
                    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
                    (raw.left, raw.right) = (cast(raw.left, timestamp.clone()), cast(raw.right, timestamp.clone()));
                    (left, right) = (timestamp.clone(), timestamp);
                }
                (BinaryOperator::StringConcat, text, other) | (BinaryOperator::StringConcat, other, text)
                    if text.is_string() && other.is_primitive() =>
                {
                    let [left, right] = [&left, &right].map(|kind| ColumnType::of_arrow(Dialect::Athena, kind).trino_text());
                    return plan_err!("Unexpected parameters ({left}, {right}) for function concat");
                }
                _ => {}
            }
        }
        if let Some(planned) = arithmetic::plan(self.dialect, &raw.op, &raw.left, &raw.right, (&left, &right)) {
            return Ok(PlannerResult::Planned(planned));
        }
        let scaled = match (&raw.op, &left, &right) {
            (BinaryOperator::Multiply, DataType::Interval(_), number) if number.is_numeric() => {
                Some((functions::spans::TIMES, &raw.left, &raw.right))
            }
            (BinaryOperator::Multiply, number, DataType::Interval(_)) if number.is_numeric() => {
                Some((functions::spans::TIMES, &raw.right, &raw.left))
            }
            (BinaryOperator::Divide, DataType::Interval(_), number) if number.is_numeric() => {
                Some((functions::spans::DIVIDED, &raw.left, &raw.right))
            }
            _ => None,
        };
        if let Some((name, interval, number)) = scaled
            && let Some(planned) = self.call(name, vec![interval.clone(), number.clone()])
        {
            return Ok(PlannerResult::Planned(planned));
        }
        // A date and an interval make a timestamp in Redshift.
        let moves = matches!(raw.op, BinaryOperator::Plus | BinaryOperator::Minus);
        if self.dialect == Dialect::Redshift && moves {
            let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
            match (&left, &right) {
                (DataType::Date32, DataType::Interval(_)) => raw.left = cast(raw.left, timestamp),
                (DataType::Interval(IntervalUnit::MonthDayNano), DataType::Date32) => raw.right = cast(raw.right, timestamp),
                // A text beside an interval is a moment when it reads as a day.
                (kind, DataType::Interval(_)) if kind.is_string() => {
                    if let Some(moment) = moment(&raw.left) {
                        raw.left = cast(moment, timestamp);
                    }
                }
                (DataType::Interval(_), kind) if kind.is_string() && raw.op == BinaryOperator::Plus => {
                    if let Some(moment) = moment(&raw.right) {
                        raw.right = cast(moment, timestamp);
                    }
                }
                _ => {}
            }
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_field_access(&self, raw: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let Ok((_, field)) = raw.expr.to_field(schema) else { return Ok(PlannerResult::Original(raw)) };
        let step = match (&raw.field_access, field.data_type()) {
            (GetFieldAccess::NamedStructField { name }, _) if semistructured::marked(&field) => {
                Some(("super_get", Expr::Literal(name.clone(), None)))
            }
            (GetFieldAccess::ListIndex { key }, _) if semistructured::marked(&field) => Some(("super_get", key.as_ref().clone())),
            // The subscript of a row is the position of its field, that of an array or a map has to exist.
            (GetFieldAccess::ListIndex { key }, DataType::Struct(fields)) => {
                let position = match key.as_ref() {
                    Expr::Literal(ScalarValue::Int64(Some(position)), _) => usize::try_from(*position - 1).ok(),
                    _ => None,
                };
                match position.and_then(|position| fields.get(position)) {
                    Some(field) => {
                        let inner = RawFieldAccessExpr {
                            field_access: GetFieldAccess::NamedStructField { name: ScalarValue::from(field.name().clone()) },
                            expr: raw.expr,
                        };
                        return Ok(PlannerResult::Original(inner));
                    }
                    None => None,
                }
            }
            (GetFieldAccess::ListIndex { key }, DataType::List(_) | DataType::Map(..)) if self.dialect == Dialect::Athena => {
                Some(("subscript", key.as_ref().clone()))
            }
            (GetFieldAccess::NamedStructField { name }, DataType::Map(..)) if self.dialect == Dialect::Athena => {
                Some(("subscript", Expr::Literal(name.clone(), None)))
            }
            _ => None,
        };
        match step.and_then(|(name, key)| self.call(name, vec![raw.expr.clone(), key])) {
            Some(planned) => Ok(PlannerResult::Planned(planned)),
            None => Ok(PlannerResult::Original(raw)),
        }
    }

    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        if !semistructured::marked(field) {
            return Ok(PlannerResult::Original(Vec::new()));
        }
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let args = std::iter::once(column).chain(nested_names.iter().map(|name| lit(name.clone()))).collect();
        Ok(match self.call("super_get", args) {
            Some(planned) => PlannerResult::Planned(planned),
            None => PlannerResult::Original(Vec::new()),
        })
    }

    /// DataFusion leaves a cast out of an expression's name, so that two aggregates which differ in it alone would have the same name.
    fn plan_aggregate(&self, raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        let mut raw = raw;
        for arg in &mut raw.args {
            if let Expr::Cast(expr::Cast { field, .. }) = &*arg {
                let name = format!("{} :: {}", arg.schema_name(), field.data_type());
                *arg = arg.clone().alias(name);
            }
        }
        Ok(PlannerResult::Original(raw))
    }
}
