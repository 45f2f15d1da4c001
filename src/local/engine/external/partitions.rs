//! Partitions of external tables: those that are in the catalog, or projected from the table's properties; and which of them a query needs.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDateTime, TimeDelta, Utc};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, Operator};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::property;
use crate::local::engine::catalog::ExternalTable;
use crate::local::engine::dialect::within_comparison;
use crate::local::engine::error::Text;
use crate::local::engine::table::schema_of;
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// Hive's name of NULL in the place of a partition.
pub(super) const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// Projected partitions of a query at most; Athena fails with more as well.
const MOST: usize = 1_000_000;

/// A partition that may be read.
pub(super) struct Candidate<V = Vec<ScalarValue>> {
    /// `s3://bucket/prefix/`.
    pub location: String,
    /// Values of the partition columns.
    pub values: V,
}

/// The place of a partition below the location of its table: `day=2024-05-06/n=3/`.
pub fn folder(table: &ExternalTable, values: &[String]) -> String {
    let slash = if table.location.ends_with('/') { "" } else { "/" };
    format!("{}{slash}{}/", table.location, label(table, values))
}

/// What a partition is called: `day=2024-05-06/n=3`.
pub(super) fn label(table: &ExternalTable, values: &[String]) -> String {
    let parts: Vec<String> = table.partition_columns.iter().zip(values).map(|(column, value)| format!("{}={value}", column.name)).collect();
    parts.join("/")
}

/// The partitions of a table as texts, those that `filters` ask for where they are injected.
pub(super) fn candidates(
    dialect: Dialect,
    table: &ExternalTable,
    filters: &[Expr],
    now: DateTime<Utc>,
) -> std::result::Result<Vec<Candidate<Vec<String>>>, SqlError> {
    if !property(&table.properties, "projection.enabled").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let known = |partition: &crate::local::engine::catalog::Partition| Candidate {
            location: partition.location.clone(),
            values: partition.values.clone(),
        };
        return Ok(table.partitions.iter().map(known).collect());
    }
    let failed = |code: &str, message: String| {
        let redshift = format!("Invalid partition projection of table: {message}");
        Text::new(dialect, "").error(SqlErrorKind::Semantic, Location::empty(), &redshift, &format!("{code}: {message}"))
    };
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for column in &table.partition_columns {
        let setting = |what: &str| property(&table.properties, &format!("projection.{}.{what}", column.name));
        let invalid =
            |what: &str| failed("INVALID_TABLE_PROPERTY", format!("partition projection of column {} has no valid '{what}'", column.name));
        let values = match setting("type").map(str::to_lowercase).as_deref() {
            Some("enum") => setting("values").ok_or_else(|| invalid("values"))?.split(',').map(|value| value.trim().to_owned()).collect(),
            Some("integer") => integers(setting("range"), setting("interval"), setting("digits")).ok_or_else(|| invalid("range"))?,
            Some("date") => {
                let format = setting("format").ok_or_else(|| invalid("format"))?;
                dates(setting("range"), format, setting("interval"), setting("interval.unit"), now).ok_or_else(|| invalid("range"))?
            }
            Some("injected") => {
                let values = equal_to(&column.name, filters);
                if values.is_empty() {
                    let message = format!(
                        "For the injected projected partition column {}, the WHERE clause must contain only static equality conditions, \
                         and at least one such condition must be present.",
                        column.name
                    );
                    return Err(failed("CONSTRAINT_VIOLATION", message));
                }
                values
            }
            _ => return Err(invalid("type")),
        };
        if combinations.len().saturating_mul(values.len()) > MOST {
            return Err(failed("CONSTRAINT_VIOLATION", format!("more than {MOST} partitions are projected")));
        }
        combinations = combinations
            .into_iter()
            .flat_map(|before| {
                values.iter().map(move |value| {
                    let mut combination = before.clone();
                    combination.push(value.clone());
                    combination
                })
            })
            .collect();
    }
    let template = property(&table.properties, "storage.location.template");
    Ok(combinations
        .into_iter()
        .map(|values| {
            let location = match template {
                None => folder(table, &values),
                Some(template) => table
                    .partition_columns
                    .iter()
                    .zip(&values)
                    .fold(template.to_owned(), |text, (column, value)| text.replace(&format!("${{{}}}", column.name), value)),
            };
            Candidate { location, values }
        })
        .collect())
}

/// The candidates that rows which fulfil `filters` can be in.
pub(super) fn wanted(
    table: &ExternalTable,
    candidates: Vec<Candidate<Vec<String>>>,
    filters: &[Expr],
    session: &dyn Session,
) -> Result<Vec<Candidate>> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let schema = schema_of(&table.partition_columns);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let texts: StringArray =
            candidates.iter().map(|candidate| candidate.values.get(index).filter(|value| *value != NULL).cloned()).collect();
        let options = CastOptions { safe: true, ..CastOptions::default() };
        arrays.push(cast_with_options(&(Arc::new(texts) as ArrayRef), field.data_type(), &options)?);
    }
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    let mut keep = BooleanArray::from(vec![true; candidates.len()]);
    let qualified = DFSchema::try_from(schema.as_ref().clone())?;
    for filter in filters {
        let filter = session.create_physical_expr(unqualified(filter.clone())?, &qualified)?;
        let value = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        if let Some(fulfilled) = value.as_boolean_opt() {
            keep = (0..candidates.len()).map(|row| Some(keep.value(row) && fulfilled.is_valid(row) && fulfilled.value(row))).collect();
        }
    }
    candidates
        .into_iter()
        .enumerate()
        .filter(|(row, _)| keep.value(*row))
        .map(|(row, candidate)| {
            let values = batch.columns().iter().map(|array| ScalarValue::try_from_array(array, row)).collect::<Result<Vec<_>>>()?;
            Ok(Candidate { location: candidate.location, values })
        })
        .collect()
}

/// An expression with the bare names of its columns.
fn unqualified(expr: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
    expr.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(datafusion::common::Column::from_name(column.name))),
            other => Transformed::no(other),
        })
    })
    .data()
}

/// The literals that a column has to be equal to.
fn equal_to(column: &str, filters: &[Expr]) -> Vec<String> {
    let is_column = |expr: &Expr| match within_comparison(expr) {
        Expr::Column(known) => known.name.eq_ignore_ascii_case(column),
        Expr::Cast(cast) => matches!(cast.expr.as_ref(), Expr::Column(known) if known.name.eq_ignore_ascii_case(column)),
        _ => false,
    };
    let literal = |expr: &Expr| match expr {
        Expr::Literal(value, _) if !value.is_null() => Some(value.to_string()),
        _ => None,
    };
    let mut found = Vec::new();
    for filter in filters {
        match filter {
            Expr::BinaryExpr(binary) if binary.op == Operator::Eq && is_column(&binary.left) => found.extend(literal(&binary.right)),
            Expr::BinaryExpr(binary) if binary.op == Operator::Eq && is_column(&binary.right) => found.extend(literal(&binary.left)),
            Expr::BinaryExpr(binary) if binary.op == Operator::Or => {
                found.extend(equal_to(column, &[(*binary.left).clone(), (*binary.right).clone()]));
            }
            Expr::InList(list) if !list.negated && is_column(&list.expr) => found.extend(list.list.iter().filter_map(literal)),
            _ => {}
        }
    }
    found
}

fn integers(range: Option<&str>, interval: Option<&str>, digits: Option<&str>) -> Option<Vec<String>> {
    let (low, high) = range?.split_once(',')?;
    let (low, high) = (low.trim().parse::<i64>().ok()?, high.trim().parse::<i64>().ok()?);
    let step = interval.map_or(Some(1), |step| step.trim().parse::<usize>().ok()).filter(|step| *step > 0)?;
    let width = digits.map_or(Some(0), |digits| digits.trim().parse::<usize>().ok())?;
    if usize::try_from(high.checked_sub(low)?).ok()? / step > MOST {
        return None;
    }
    Some((low..=high).step_by(step).map(|value| format!("{value:0width$}")).collect())
}

/// Units of intervals between projected dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Years,
    Months,
    Weeks,
    Days,
    Hours,
    Minutes,
    Seconds,
}

impl Unit {
    fn named(text: &str) -> Option<Unit> {
        Some(match text.trim().to_uppercase().trim_end_matches('S') {
            "YEAR" => Unit::Years,
            "MONTH" => Unit::Months,
            "WEEK" => Unit::Weeks,
            "DAY" => Unit::Days,
            "HOUR" => Unit::Hours,
            "MINUTE" => Unit::Minutes,
            "SECOND" => Unit::Seconds,
            _ => return None,
        })
    }

    fn add(self, time: NaiveDateTime, count: i64) -> Option<NaiveDateTime> {
        let months = |count: i64| {
            let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
            if count < 0 { time.checked_sub_months(months) } else { time.checked_add_months(months) }
        };
        match self {
            Unit::Years => months(count.checked_mul(12)?),
            Unit::Months => months(count),
            Unit::Weeks => time.checked_add_signed(TimeDelta::try_weeks(count)?),
            Unit::Days => time.checked_add_signed(TimeDelta::try_days(count)?),
            Unit::Hours => time.checked_add_signed(TimeDelta::try_hours(count)?),
            Unit::Minutes => time.checked_add_signed(TimeDelta::try_minutes(count)?),
            Unit::Seconds => time.checked_add_signed(TimeDelta::try_seconds(count)?),
        }
    }
}

fn dates(range: Option<&str>, format: &str, interval: Option<&str>, unit: Option<&str>, now: DateTime<Utc>) -> Option<Vec<String>> {
    let pattern = chrono_pattern(format)?;
    let (low, high) = range?.split_once(',')?;
    let (mut at, end) = (bound(low, &pattern, now)?, bound(high, &pattern, now)?);
    let step = interval.map_or(Some(1), |step| step.trim().parse::<i64>().ok()).filter(|step| *step > 0)?;
    let unit = match unit {
        Some(unit) => Unit::named(unit)?,
        None if pattern.contains("%S") => Unit::Seconds,
        None if pattern.contains("%M") => Unit::Minutes,
        None if pattern.contains("%H") => Unit::Hours,
        None if pattern.contains("%d") => Unit::Days,
        None if pattern.contains("%m") => Unit::Months,
        None => Unit::Years,
    };
    let mut found: Vec<String> = Vec::new();
    while at <= end {
        let text = at.format(&pattern).to_string();
        if found.last() != Some(&text) {
            found.push(text);
        }
        if found.len() > MOST {
            return None;
        }
        at = unit.add(at, step)?;
    }
    Some(found)
}

/// One end of a range: a date in the format of the column, or `NOW`, also with something added to it (`NOW-3DAYS`).
fn bound(text: &str, pattern: &str, now: DateTime<Utc>) -> Option<NaiveDateTime> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix("NOW") else {
        return NaiveDateTime::parse_from_str(text, pattern).ok().or_else(|| partial(text, pattern));
    };
    let now = now.naive_utc();
    let rest: String = rest.chars().filter(|c| !c.is_whitespace()).collect();
    if rest.is_empty() {
        return Some(now);
    }
    let digits = rest.get(1..)?.find(|c: char| !c.is_ascii_digit())? + 1;
    let count = rest.get(..digits)?.trim_start_matches('+').parse::<i64>().ok()?;
    Unit::named(rest.get(digits..)?)?.add(now, count)
}

/// A date of which the pattern has no day, or no month, or no minute.
fn partial(text: &str, pattern: &str) -> Option<NaiveDateTime> {
    let (mut text, mut pattern) = (text.to_owned(), pattern.to_owned());
    for (part, value) in [("%m", " 01"), ("%d", " 01"), ("%H", " 00"), ("%M", " 00")] {
        if !pattern.contains(part) {
            text.push_str(value);
            pattern.push(' ');
            pattern.push_str(part);
        }
    }
    NaiveDateTime::parse_from_str(&text, &pattern).ok().filter(|time| time.year() > 0)
}

/// Java's pattern of a date as chrono writes it.
fn chrono_pattern(format: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let run = rest.chars().take_while(|next| *next == c).count();
        match (c, run) {
            ('y' | 'Y', 4) => pattern.push_str("%Y"),
            ('y' | 'Y', 2) => pattern.push_str("%y"),
            ('M', 2) => pattern.push_str("%m"),
            ('d', 2) => pattern.push_str("%d"),
            ('H', 2) => pattern.push_str("%H"),
            ('m', 2) => pattern.push_str("%M"),
            ('s', 2) => pattern.push_str("%S"),
            ('\'', _) => {}
            (c, _) if c.is_ascii_alphabetic() && c != 'T' => return None,
            ('%', run) => pattern.push_str(&"%%".repeat(run)),
            (c, run) => pattern.extend(std::iter::repeat_n(c, run)),
        }
        rest = rest.get(run * c.len_utf8()..)?;
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use chrono::TimeZone;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2024, 5, 6, 7, 8, 9).unwrap()
    }

    #[test]
    fn ranges_of_numbers_and_dates() {
        assert_eq!(integers(Some("8,12"), Some("2"), Some("3")).unwrap(), ["008", "010", "012"]);
        assert_eq!(integers(Some("3,1"), None, None), None);
        let days = dates(Some("NOW-2DAYS,NOW"), "yyyy-MM-dd", None, None, now()).unwrap();
        assert_eq!(days, ["2024-05-04", "2024-05-05", "2024-05-06"]);
        let months = dates(Some("2023-11,2024-02"), "yyyy-MM", None, None, now()).unwrap();
        assert_eq!(months, ["2023-11", "2023-12", "2024-01", "2024-02"]);
        let hours = dates(Some("2024/05/06/06,NOW"), "yyyy/MM/dd/HH", None, None, now()).unwrap();
        assert_eq!(hours, ["2024/05/06/06", "2024/05/06/07"]);
        assert_eq!(dates(Some("2024,2025"), "QQQ", None, None, now()), None);
    }
}
