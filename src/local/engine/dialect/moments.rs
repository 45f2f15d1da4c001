//! Texts that become timestamps without being asked to: `ts > '2024-01-02 05:00'`, `datediff(hour, '2024-01-01', …)`, a column of texts in a
//! cast. Redshift takes them in all the forms that it takes in a literal; Arrow wants year, month, day, and seconds.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;

use super::functions;

/// Reads texts as Redshift does where a plan casts them to timestamps. It comes after the rule that puts in the casts that nobody wrote.
#[derive(Debug)]
pub(super) struct TextAsMoments {
    reading: Arc<ScalarUDF>,
}

impl TextAsMoments {
    pub(super) fn new() -> Self {
        TextAsMoments { reading: functions::moment_text() }
    }

    fn read(&self, expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
        let Expr::Cast(Cast { expr: inner, field }) = expr else { return Transformed::no(expr) };
        if !matches!(field.data_type(), DataType::Timestamp(..)) {
            return Transformed::no(Expr::Cast(Cast { expr: inner, field }));
        }
        let texts = match *inner {
            Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) => {
                Expr::Literal(ScalarValue::Utf8(Some(functions::moment(&text))), metadata)
            }
            // What was read already is not read again.
            Expr::ScalarFunction(call) if call.func.name() == self.reading.name() => Expr::ScalarFunction(call),
            other if !matches!(other, Expr::Literal(..)) && other.get_type(schema).is_ok_and(|kind| kind.is_string()) => {
                self.reading.call(vec![other])
            }
            other => other,
        };
        Transformed::yes(Expr::Cast(Cast { expr: Box::new(texts), field }))
    }
}

impl AnalyzerRule for TextAsMoments {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(expr.transform_up(|expr| Ok(self.read(expr, &schema)))?.update_data(|expr| name.restore(expr)))
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "text_as_moments"
    }
}
