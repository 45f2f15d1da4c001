//! The two dialects on one engine: how a syntax tree becomes one that DataFusion plans
//! ([`rewrite`]), and the functions that DataFusion lacks or computes otherwise ([`register`]).

mod aliases;
mod arithmetic;
mod blanks;
mod call;
mod casts;
mod catalog_forms;
mod correlated;
mod expressions;
mod functions;
mod intervals;
mod labels;
mod laterals;
mod literals;
mod moments;
mod operators;
mod paths;
mod recursion;
mod relations;
mod rewriter;
mod row_tests;
pub mod semistructured;
mod span_text;
mod using;
mod zones;

pub use aliases::{missing, substitute};
pub use blanks::within as within_comparison;
pub use functions::{SessionFacts, array_items};
pub use labels::label;
pub use laterals::inline;
pub use span_text::written as spans;
pub use zones::apply as in_zone;

/// A text that is a moment, in any of the forms that Redshift takes, as Arrow reads it.
pub fn moment(text: &str) -> String {
    functions::moment(text)
}

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::VisitMut;

use super::{Dialect, SqlError};

/// Settings of DataFusion that make its defaults those of the dialect.
pub fn configure(dialect: Dialect, config: SessionConfig) -> SessionConfig {
    let nulls = match dialect {
        // NULL is larger than every value: last in ascending order, first in descending.
        Dialect::Redshift => "nulls_max",
        Dialect::Athena => "nulls_last",
    };
    config
        .set_str("datafusion.sql_parser.default_null_ordering", nulls)
        // 1.5 is an exact decimal in both dialects.
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.sql_parser.support_varchar_with_length", true)
        .set_str("datafusion.execution.time_zone", "UTC")
}

/// Puts the dialect's operators and relations before those of DataFusion.
pub fn planners(builder: SessionStateBuilder, dialect: Dialect) -> SessionStateBuilder {
    let mut builder = builder;
    if let Some(planners) = builder.expr_planners() {
        planners.insert(0, Arc::new(operators::Operators { dialect }));
    }
    let builder = builder.with_relation_planners(vec![Arc::new(relations::Relations { dialect })]);
    match dialect {
        Dialect::Redshift => builder.with_analyzer_rule(Arc::new(moments::TextAsMoments::new())),
        // Trino takes no text for a timestamp that is not cast.
        Dialect::Athena => builder,
    }
}

/// Makes the dialect's functions known to a context.
pub fn register(context: &mut SessionContext, dialect: Dialect) {
    for function in functions::higher_order() {
        // One that is there already is replaced, which is no failure.
        let _ = context.register_higher_order_function(function);
    }
    for function in functions::scalar(dialect) {
        SessionContext::register_udf(context, (**function).clone());
    }
    for function in functions::aggregate(dialect) {
        SessionContext::register_udaf(context, (**function).clone());
    }
}

/// Rewrites a statement, a query or an expression of the dialect so that DataFusion plans it with the dialect's meaning.
pub fn rewrite(dialect: Dialect, tree: &mut impl VisitMut) -> Result<(), SqlError> {
    match tree.visit(&mut rewriter::Rewriter::new(dialect)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}
