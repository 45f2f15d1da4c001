//! The time zone of a session (`SET timezone`): where a moment becomes a time without zone or the other way, it is the time of that zone.
//!
//! Moments are kept and compared in UTC, and the engine's own casts are those of UTC. In a session with another zone the casts between the
//! two kinds, and the functions that take a moment apart, go by that zone.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF, lit};

use super::functions;
use crate::local::engine::Dialect;

/// Functions that take a moment apart or write it.
const APART: [&str; 4] = ["date_part", "extract", "to_char", "last_day"];

/// A plan whose casts and functions go by a zone.
pub fn apply(plan: LogicalPlan, zone: &str) -> Result<LogicalPlan> {
    let Some(shift) = functions::scalar(Dialect::Redshift).iter().find(|function| function.name() == "at_zone") else { return Ok(plan) };
    let zones = Zones { zone, shift };
    let done = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        node.inputs().iter().for_each(|input| schema.merge(input.schema()));
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let done = expr.transform_up(|expr| zones.expr(expr, &schema))?;
            Ok(if done.transformed { done.update_data(|expr| name.restore(expr)) } else { done })
        })
    })?;
    Ok(done.data)
}

struct Zones<'a> {
    zone: &'a str,
    shift: &'a Arc<ScalarUDF>,
}

impl Zones<'_> {
    /// A moment as the time of the zone, or such a time as the moment.
    fn shifted(&self, expr: Expr) -> Expr {
        self.shift.call(vec![lit(self.zone), expr])
    }

    fn expr(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
        let local = DataType::Timestamp(TimeUnit::Microsecond, None);
        match expr {
            Expr::Cast(cast) => {
                let (from, to) = (kind(&cast.expr), cast.field.data_type().clone());
                match (&from, &to) {
                    (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, None) | DataType::Date32 | DataType::Time64(_)) => {
                        let inner = self.shifted(*cast.expr);
                        Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(inner), field: cast.field })))
                    }
                    (DataType::Timestamp(_, None) | DataType::Date32, DataType::Timestamp(_, Some(_))) => {
                        let inner = Expr::Cast(Cast::new(cast.expr, local));
                        Ok(Transformed::yes(self.shifted(inner)))
                    }
                    (DataType::Utf8, DataType::Timestamp(_, Some(_))) if without_zone(&cast.expr) => {
                        let inner = Expr::Cast(Cast::new(cast.expr, local));
                        Ok(Transformed::yes(self.shifted(inner)))
                    }
                    _ => Ok(Transformed::no(Expr::Cast(cast))),
                }
            }
            Expr::ScalarFunction(call) => {
                let apart = APART.contains(&call.name());
                let (truncates, day) = (call.name() == "date_trunc", call.name() == "to_day");
                let moment = |arg: &Expr| matches!(kind(arg), DataType::Timestamp(_, Some(_)));
                if !(apart || truncates || day) || !call.args.iter().any(moment) {
                    return Ok(Transformed::no(Expr::ScalarFunction(call)));
                }
                let ScalarFunction { func, args } = call;
                let args = args.into_iter().map(|arg| if moment(&arg) { self.shifted(arg) } else { arg }).collect();
                let done = Expr::ScalarFunction(ScalarFunction { func, args });
                // The start of a day of the zone is a moment again.
                Ok(Transformed::yes(if truncates { self.shifted(Expr::Cast(Cast::new(Box::new(done), local))) } else { done }))
            }
            other => Ok(Transformed::no(other)),
        }
    }
}

/// Whether a written text names no zone of its own behind its time.
fn without_zone(expr: &Expr) -> bool {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = expr else { return false };
    let text = text.trim();
    let time = text.split_once([' ', 'T']).map_or("", |(_, time)| time);
    !time.contains(['+', '-', 'Z']) && !time.contains(' ')
}
