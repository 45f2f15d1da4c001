//! NULL and conditions: `nvl`, `decode`, `if`, `try`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, CastKind, Expr, VisitMut, VisitorMut};

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let expr = match (call.dialect, call.name.as_str()) {
        (Dialect::Redshift, "nvl") => call.renamed("coalesce"),
        (Dialect::Redshift, "isnull") if call.args.len() == 2 => call.renamed("coalesce"),
        (_, "nvl2") if call.args.len() == 3 => {
            let [subject, then, otherwise] = call.exactly()?;
            call::case(vec![(Expr::IsNotNull(Box::new(subject)), then)], Some(otherwise))
        }
        (Dialect::Redshift, "decode") => decode(call)?,
        (Dialect::Athena, "if") => {
            if !(2..=3).contains(&call.args.len()) {
                return Err(call.error("function if takes 2 or 3 arguments"));
            }
            let mut args = std::mem::take(&mut call.args).into_iter();
            let (Some(condition), Some(then)) = (args.next(), args.next()) else {
                return Err(call.error("function if takes 2 or 3 arguments"));
            };
            call::case(vec![(condition, then)], args.next())
        }
        (Dialect::Athena, "try") => {
            let [mut expr] = call.exactly::<1>()?;
            // The visitor never breaks.
            let _: ControlFlow<()> = expr.visit(&mut Forgive);
            expr
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

/// `decode(x, search, result, …, default)`: NULL equals NULL.
fn decode(mut call: Call) -> Result<Expr, SqlError> {
    if call.args.len() < 3 {
        return Err(call.error("function decode takes at least 3 arguments"));
    }
    let mut args = std::mem::take(&mut call.args);
    let otherwise = if args.len().is_multiple_of(2) { args.pop() } else { None };
    let mut args = args.into_iter();
    let Some(subject) = args.next() else { return Err(call.error("function decode takes at least 3 arguments")) };
    let mut branches = Vec::new();
    while let (Some(search), Some(result)) = (args.next(), args.next()) {
        branches.push((Expr::IsNotDistinctFrom(Box::new(subject.clone()), Box::new(search)), result));
    }
    Ok(call::case(branches, otherwise))
}

/// `try(expr)`: what fails in an expression are divisions by zero and casts; each gives NULL instead.
struct Forgive;

impl VisitorMut for Forgive {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { kind, .. } => *kind = CastKind::TryCast,
            Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, right, .. } => {
                let divisor = std::mem::replace(right.as_mut(), call::null());
                **right = call::function("nullif", vec![divisor, call::number(0)]);
            }
            // Casts to whole numbers are calls by now.
            Expr::Function(function) => {
                let name = function.name.to_string();
                if name == "json_parse" {
                    function.name = vec![datafusion::sql::sqlparser::ast::Ident::new("try_json_parse")].into();
                }
                if let Some(width) = name.strip_prefix("to_int") {
                    function.name = vec![datafusion::sql::sqlparser::ast::Ident::new(format!("try_to_int{width}"))].into();
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
