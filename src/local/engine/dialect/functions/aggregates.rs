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
        "array_agg" if !redshift && call.args.len() == 1 && is_distinct(&call) => match own_order(&mut call) {
            Some(order) => sorted(call.renamed("array_agg"), order),
            None => return Ok(Rewritten::Other(call)),
        },
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
        "hll" if redshift && given == 1 => call.renamed("approx_distinct"),
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
    if let (true, [first, ..]) = (is_distinct(&call), order.as_slice()) {
        // What is distinct is sorted as the text that it is joined as.
        let (order, delimiter) = (first.options, args.split_off(1));
        let given = Expr::IsNotNull(Box::new(args[0].clone()));
        call.function.filter = Some(Box::new(match call.function.filter.take() {
            Some(filter) => call::binary(*filter, BinaryOperator::And, given),
            None => given,
        }));
        drop_overflow(&mut call);
        let joined = std::iter::once(sorted(call.with("array_agg", args), order)).chain(delimiter).collect();
        return Ok(call::function("array_to_string", joined));
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
    drop_overflow(&mut call);
    if let FunctionArguments::List(list) = &mut call.function.args
        && !order.is_empty()
    {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    Ok(call.with("string_agg", args))
}

/// Takes `ON OVERFLOW …` from a call: texts of the engine have no longest length.
fn drop_overflow(call: &mut Call) {
    if let FunctionArguments::List(list) = &mut call.function.args {
        list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::OnOverflow(_)));
    }
}

fn is_distinct(call: &Call) -> bool {
    matches!(&call.function.args, FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

/// Takes the order from `array_agg(DISTINCT x ORDER BY x)`.
fn own_order(call: &mut Call) -> Option<OrderByOptions> {
    let FunctionArguments::List(list) = &mut call.function.args else { return None };
    let at = list.clauses.iter().position(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_)))?;
    let FunctionArgumentClause::OrderBy(order) = &list.clauses[at] else { return None };
    let [only] = order.as_slice() else { return None };
    if only.expr != call.args[0] {
        return None;
    }
    let options = only.options;
    list.clauses.remove(at);
    Some(options)
}

/// An array of what is distinct, in order. DataFusion's own order of distinct values is lost where another aggregate of the query has the
/// opposite one.
fn sorted(array: Expr, order: OrderByOptions) -> Expr {
    let direction = if order.asc.unwrap_or(true) { "ASC" } else { "DESC" };
    let nulls = if order.nulls_first.unwrap_or(false) { "NULLS FIRST" } else { "NULLS LAST" };
    // By its other name: `array_sort` of Redshift sorts SUPER arrays.
    call::function("list_sort", vec![array, call::text(direction), call::text(nulls)])
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
