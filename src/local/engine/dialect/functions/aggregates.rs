//! Aggregates that are another aggregate of DataFusion.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType as SqlType, DuplicateTreatment, Expr, FunctionArgumentClause, FunctionArguments, OrderByExpr, OrderByOptions,
    WindowFrame, WindowFrameBound, WindowFrameUnits, WindowType,
};

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let given = call.args.len();
    let expr = match call.name.as_str() {
        "listagg" => listagg(call)?,
        "percentile_disc" if redshift && given == 1 && call.function.within_group.len() == 1 => percentile(call, "percentile_disc_of")?,
        // APPROXIMATE PERCENTILE_DISC, as the parser is told to read it.
        "approx_percentile_cont" if redshift && given == 1 && call.function.within_group.len() == 1 => {
            percentile(call, "percentile_disc_of")?
        }
        "percentile_cont" if redshift && given == 1 && call.function.within_group.len() == 1 => percentile(call, "percentile_cont_of")?,
        "grouping_id" if redshift => call.renamed("grouping"),
        "approx_percentile" if !redshift && given == 2 && matches!(call.args[1], Expr::Array(_)) => call.renamed("approx_percentiles"),
        "approx_percentile"
            if !redshift
                && given == 2
                && matches!(&call.args[1], Expr::Function(function) if function.name.to_string() == "make_array") =>
        {
            call.renamed("approx_percentiles")
        }
        "bitwise_and_agg" if !redshift => call.renamed("bit_and"),
        "bitwise_or_agg" if !redshift => call.renamed("bit_or"),
        "bitwise_xor_agg" if !redshift => call.renamed("bit_xor"),
        "max_by" | "min_by" if !redshift && given == 3 => {
            let name = if call.name == "max_by" { "max_by_n" } else { "min_by_n" };
            call.renamed(name)
        }
        "max" | "min" if !redshift && given == 2 => {
            let name = if call.name == "max" { "max_n" } else { "min_n" };
            call.renamed(name)
        }
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
    let mut order = std::mem::take(&mut call.function.within_group);
    let mut distinct = false;
    if let FunctionArguments::List(list) = &call.function.args {
        distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    }
    if distinct {
        // What is distinct is sorted as the text that it is joined as.
        for ordered in &mut order {
            ordered.expr = args[0].clone();
        }
    }
    if let Some(over) = &mut call.function.over
        && !order.is_empty()
    {
        // DataFusion takes no order inside a window: the window's own order does it, over the whole of the partition.
        let WindowType::WindowSpec(spec) = over else { return Err(call.unsupported("listagg over a named window")) };
        spec.order_by = std::mem::take(&mut order);
        spec.window_frame = Some(WindowFrame {
            units: WindowFrameUnits::Rows,
            start_bound: WindowFrameBound::Preceding(None),
            end_bound: Some(WindowFrameBound::Following(None)),
        });
    }
    if let FunctionArguments::List(list) = &mut call.function.args {
        list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::OnOverflow(_)));
        if !order.is_empty() {
            list.clauses.push(FunctionArgumentClause::OrderBy(order));
        }
    }
    Ok(call.with("string_agg", args))
}

/// `percentile_disc(fraction) WITHIN GROUP (ORDER BY x)`, and `percentile_cont`: DataFusion's own takes no order inside a window, and
/// interpolates in steps of a millionth.
fn percentile(mut call: Call, name: &str) -> Result<Expr, SqlError> {
    let [fraction] = call.exactly()?;
    let Some(order) = call.function.within_group.pop() else { return Err(call.error("a percentile needs WITHIN GROUP")) };
    let fraction = if order.options.asc == Some(false) {
        call::binary(call::number(1), BinaryOperator::Minus, call::cast(fraction, SqlType::DoublePrecision))
    } else {
        fraction
    };
    Ok(call.with(name, vec![order.expr, fraction]))
}

/// `max_by(x, y)`: the x of the row with the largest y that is not NULL.
fn by(mut call: Call) -> Result<Expr, SqlError> {
    let ascending = call.name == "min_by";
    let [value, key] = call.exactly()?;
    if call.function.over.is_some() {
        let name = if ascending { "min_by_of" } else { "max_by_of" };
        return Ok(call.with(name, vec![value, key]));
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
