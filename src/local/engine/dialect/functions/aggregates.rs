//! Aggregates that are another aggregate of DataFusion.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType as SqlType, DuplicateTreatment, Expr, FunctionArgumentClause, FunctionArguments, OrderByExpr, OrderByOptions,
};

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let given = call.args.len();
    let expr = match call.name.as_str() {
        "listagg" if redshift => listagg(call)?,
        "variance" => call.renamed("var_samp"),
        "every" => call.renamed("bool_and"),
        "ratio_to_report" if redshift && call.function.over.is_some() => {
            let [expr] = call.exactly()?;
            let double = |expr| call::cast(expr, SqlType::DoublePrecision);
            let total = call.with("sum", vec![expr.clone()]);
            call::binary(double(expr), BinaryOperator::Divide, double(total))
        }
        "approx_percentile" if !redshift && given == 2 => {
            let [value, percentile] = call.exactly()?;
            call.function.within_group = vec![ordered(value, true)];
            call.with("approx_percentile_cont", vec![percentile])
        }
        "count_if" if !redshift => {
            let [condition] = call.exactly()?;
            call.with("count", vec![call::case(vec![(condition, call::number(1))], None)])
        }
        "arbitrary" if !redshift => call.renamed("any_value"),
        "max_by" | "min_by" if !redshift && given == 2 => by(call)?,
        "geometric_mean" if !redshift => {
            let [value] = call.exactly()?;
            let logarithm = call::function("ln", vec![call::cast(value, SqlType::DoublePrecision)]);
            call::function("exp", vec![call.with("avg", vec![logarithm])])
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

fn ordered(expr: Expr, ascending: bool) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: Some(ascending), nulls_first: Some(false) }, with_fill: None }
}

/// `listagg(x [, delimiter]) WITHIN GROUP (ORDER BY …)` is `string_agg` with its order inside.
fn listagg(mut call: Call) -> Result<Expr, SqlError> {
    let mut args = std::mem::take(&mut call.args);
    if args.is_empty() || args.len() > 2 {
        return Err(call.error("function listagg takes 1 or 2 arguments"));
    }
    if args.len() == 1 {
        args.push(call::text(""));
    }
    args[0] = call::cast(args[0].clone(), SqlType::Varchar(None));
    let order = std::mem::take(&mut call.function.within_group);
    if let FunctionArguments::List(list) = &mut call.function.args {
        list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::OnOverflow(_)));
        if !order.is_empty() {
            list.clauses.push(FunctionArgumentClause::OrderBy(order));
        }
    }
    Ok(call.with("string_agg", args))
}

/// `max_by(x, y)`: the x of the row with the largest y that is not NULL.
fn by(mut call: Call) -> Result<Expr, SqlError> {
    let ascending = call.name == "min_by";
    let [value, key] = call.exactly()?;
    if call.function.over.is_some() {
        return Err(call.unsupported(&format!("{} as a window function", call.name)));
    }
    if let FunctionArguments::List(list) = &mut call.function.args {
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            list.duplicate_treatment = None;
        }
        list.clauses.push(FunctionArgumentClause::OrderBy(vec![ordered(key.clone(), ascending)]));
    }
    let known = Expr::IsNotNull(Box::new(key));
    call.function.filter = Some(Box::new(match call.function.filter.take() {
        Some(filter) => call::binary(*filter, BinaryOperator::And, known),
        None => known,
    }));
    Ok(call.with("first_value", vec![value]))
}
