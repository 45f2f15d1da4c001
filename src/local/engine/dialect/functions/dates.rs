//! Functions of dates and times as calls that the engine knows.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, TimezoneInfo,
};

use super::Rewritten;
use super::date_parts::Part;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// Functions whose first argument is a date part, written as a bare word or in quotes.
const TAKES_PART: [&str; 8] = ["dateadd", "date_add", "datediff", "date_diff", "date_part", "datepart", "date_trunc", "pgdate_part"];

/// Turns a date part that is written as a bare word into a literal, before it is taken for a column.
pub(in crate::engine::dialect) fn date_part_arguments(function: &mut Function) {
    let name = function.name.to_string().to_lowercase();
    if !TAKES_PART.contains(&name.as_str()) {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args
        && list.args.len() > 1
        && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
        && let Expr::Identifier(ident) = first
    {
        *first = call::text(&ident.value.to_lowercase());
    }
}

/// What stands for a value without being a function call.
pub(in crate::engine::dialect) fn keyword(dialect: Dialect, word: &str) -> Option<Expr> {
    match word.to_lowercase().as_str() {
        "sysdate" if dialect == Dialect::Redshift => Some(now()),
        "localtimestamp" => Some(now()),
        "localtime" if dialect == Dialect::Athena => Some(call::function("current_time", Vec::new())),
        _ => None,
    }
}

fn now() -> Expr {
    call::cast(call::function("now", Vec::new()), SqlType::Timestamp(Some(6), TimezoneInfo::None))
}

pub(super) fn rewrite(call: Call) -> std::result::Result<Rewritten, SqlError> {
    if TAKES_PART.contains(&call.name.as_str()) {
        return with_part(call);
    }
    match call.dialect {
        Dialect::Redshift => redshift(call),
        Dialect::Athena => athena(call),
    }
}

/// Checks a literal date part, and gives it the name that DataFusion knows.
fn with_part(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let name = match (call.dialect, call.name.as_str()) {
        (Dialect::Redshift, "dateadd" | "date_add") => "dateadd",
        (Dialect::Redshift, "datediff" | "date_diff") => "datediff",
        (_, "date_part" | "datepart" | "pgdate_part") => "date_part",
        (_, "date_trunc") => "date_trunc",
        (Dialect::Athena, "date_add") => "date_add",
        (Dialect::Athena, "date_diff") => "date_diff",
        _ => return Ok(Rewritten::Other(call)),
    };
    let mut args = std::mem::take(&mut call.args);
    if let Some(part) = args.first().and_then(call::literal_text) {
        let special = matches!(
            part.to_lowercase().as_str(),
            "epoch" | "dow" | "dayofweek" | "dw" | "weekday" | "doy" | "dayofyear" | "dy" | "yearday" | "isodow"
        );
        let canonical = match (name, Part::parse(part)) {
            ("date_part", None) if special => Some(match part.to_lowercase().as_str() {
                "dayofweek" | "dw" | "weekday" => "dow".to_owned(),
                "dayofyear" | "dy" | "yearday" => "doy".to_owned(),
                other => other.to_owned(),
            }),
            ("date_part", Some(part)) if part.name().is_none() => {
                let years = part.months().unwrap_or(12) / 12;
                let Some(date) = args.pop() else { return Err(call.error("date_part takes 2 arguments")) };
                return Ok(Rewritten::Done(long_part(years, date)));
            }
            // Of the second only, without the seconds.
            ("date_part", Some(Part::Millisecond)) if call.dialect == Dialect::Redshift => {
                args[0] = call::text("millisecond");
                let all = call::cast(call.with(name, args), SqlType::BigInt(None));
                return Ok(Rewritten::Done(call::binary(all, BinaryOperator::Modulo, call::number(1000))));
            }
            ("date_part", Some(part)) => part.name().map(str::to_owned),
            (_, Some(_)) => Some(part.to_lowercase()),
            _ => None,
        };
        let Some(canonical) = canonical else {
            return Err(match call.dialect {
                Dialect::Redshift => call.error(&format!("timestamp units \"{part}\" not recognized")),
                Dialect::Athena => call.error(&format!("'{part}' is not a valid Timestamp field")),
            });
        };
        args[0] = call::text(&canonical);
    }
    Ok(Rewritten::Done(call.with(name, args)))
}

/// The decade, century or millennium of a date: decades count from the year 0, the others from the year 1.
fn long_part(years: i64, date: Expr) -> Expr {
    let year = call::cast(call::function("date_part", vec![call::text("year"), date]), SqlType::Int(None));
    let year = if years == 10 { year } else { call::binary(year, BinaryOperator::Plus, call::number(years - 1)) };
    call::binary(year, BinaryOperator::Divide, call::number(years))
}

/// The name of a part in EXTRACT as a function's argument has it.
pub(in crate::engine::dialect) fn extract(dialect: Dialect, part: &str, from: Expr) -> Option<Expr> {
    let (part, trino) = (part.to_lowercase(), dialect == Dialect::Athena);
    let name = match part.as_str() {
        "dow" | "day_of_week" if trino => "day_of_week",
        "doy" | "day_of_year" if trino => "day_of_year",
        "day_of_month" if trino => "day",
        "yow" | "year_of_week" if trino => "year_of_week",
        "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second" if trino => part.as_str(),
        "timezone_hour" | "timezone_minute" if trino => part.as_str(),
        _ => return Some(call::function("date_part", vec![call::text(&part), from])),
    };
    Some(call::function(name, vec![from]))
}

fn redshift(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let expr = match (call.name.as_str(), call.args.len()) {
        ("getdate" | "sysdate" | "localtimestamp", 0) => now(),
        ("date_part_year", 1) => {
            let [date] = call.exactly()?;
            call::function("date_part", vec![call::text("year"), date])
        }
        ("convert_timezone", 2) => {
            let [target, timestamp] = call.exactly()?;
            call::function("in_zone", vec![call::text("UTC"), target, timestamp])
        }
        ("convert_timezone", 3) => call.renamed("in_zone"),
        ("timezone", 2) => call.renamed("at_zone"),
        ("trunc", 1) => call.renamed("trunc_any"),
        ("timeofday", 0) => call::function("to_char", vec![now(), call::text("Dy Mon DD HH24:MI:SS.US YYYY \"UTC\"")]),
        ("to_date", 3) => {
            let [text, format, _strict] = call.exactly()?;
            call::function("to_date", vec![text, format])
        }
        ("interval_cmp", 2) => {
            let [left, right] = call.exactly()?;
            let interval = |expr| call::cast(expr, SqlType::Interval { fields: None, precision: None });
            let (left, right) = (interval(left), interval(right));
            call::case(
                vec![
                    (call::binary(left.clone(), BinaryOperator::Lt, right.clone()), call::number(-1)),
                    (call::binary(left, BinaryOperator::Gt, right), call::number(1)),
                ],
                Some(call::number(0)),
            )
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

fn athena(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let part = |name: &str, expr: Expr| call::cast(call::function("date_part", vec![call::text(name), expr]), SqlType::BigInt(None));
    let expr = match (call.name.as_str(), call.args.len()) {
        ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second", 1) => {
            let name = call.name.clone();
            let [date] = call.exactly()?;
            part(&name, date)
        }
        ("day_of_month", 1) => {
            let [date] = call.exactly()?;
            part("day", date)
        }
        ("week_of_year", 1) => {
            let [date] = call.exactly()?;
            part("week", date)
        }
        ("day_of_year" | "doy", 1) => {
            let [date] = call.exactly()?;
            part("doy", date)
        }
        // Monday is 1 and Sunday 7; `dow` counts from Sunday, 0.
        ("day_of_week" | "dow", 1) => {
            let [date] = call.exactly()?;
            let shifted = call::binary(part("dow", date), BinaryOperator::Plus, call::number(6));
            let from_monday = call::binary(shifted, BinaryOperator::Modulo, call::number(7));
            call::binary(from_monday, BinaryOperator::Plus, call::number(1))
        }
        ("date", 1) => {
            let [date] = call.exactly()?;
            call::cast(date, SqlType::Date)
        }
        ("localtimestamp", 0 | 1) => now(),
        ("current_timestamp", 1) => call::function("now", Vec::new()),
        ("last_day_of_month", 1) => call.renamed("last_day"),
        ("yow" | "year_of_week", 1) => call.renamed("year_of_week"),
        ("timezone_hour" | "timezone_minute", 1) => {
            let hours = call.name == "timezone_hour";
            let [time] = call.exactly()?;
            // Only a zone that stands in the expression is known: moments are held in UTC.
            let zone = match &time {
                Expr::Function(function) => match &function.args {
                    FunctionArguments::List(list) if function.name.to_string() == "at_timezone" => list.args.get(1).cloned(),
                    _ => None,
                },
                _ => None,
            };
            let zone = match zone {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(zone))) => zone,
                _ => call::text("UTC"),
            };
            let minutes = call::function("zone_offset_minutes", vec![time, zone]);
            let operator = if hours { BinaryOperator::Divide } else { BinaryOperator::Modulo };
            call::binary(minutes, operator, call::number(60))
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}
