//! Texts that are days, in the ways that Redshift takes: `2002-3-01`, `3/1/2002`, `20020301`, with or without a time behind them.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use datafusion::arrow::array::{Array, ArrayRef, Date32Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Kernel, at};

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![Kernel::coerced("to_day", as_given, |_| Ok(DataType::Date32), |args| days(&args[0]))]
}

fn as_given(types: &[DataType]) -> Result<Vec<DataType>> {
    let [given] = types else { return exec_err!("a cast takes one value") };
    Ok(vec![if given.is_string() { DataType::Utf8 } else { given.clone() }])
}

/// The day that a text is: year, month and day apart by `-` (or month, day and year by `/`), with one digit or two, or eight digits.
pub(in crate::engine::dialect) fn day_of(text: &str) -> Option<NaiveDate> {
    let numbers = |separator: char| -> Option<[u32; 3]> {
        let parts: Vec<&str> = text.split(separator).collect();
        let [one, two, three] = parts.as_slice() else { return None };
        let number = |part: &str| if part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None };
        Some([number(one)?, number(two)?, number(three)?])
    };
    let (year, month, day) = match (numbers('-'), numbers('/')) {
        (Some([year, month, day]), _) if text.find('-')? == 4 => (year, month, day),
        (_, Some([year, month, day])) if text.find('/')? == 4 => (year, month, day),
        (Some([month, day, year]), _) | (_, Some([month, day, year])) if year > 99 => (year, month, day),
        _ if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            (text.get(..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?, text.get(6..)?.parse().ok()?)
        }
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn days(values: &ArrayRef) -> Result<ArrayRef> {
    if values.data_type() != &DataType::Utf8 {
        return Ok(cast_with_options(values, &DataType::Date32, &CastOptions { safe: false, ..CastOptions::default() })?);
    }
    const EPOCH: i32 = 719_163;
    let texts = as_string_array(values)?;
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let Some(text) = at(texts, row) else {
            out.push(None);
            continue;
        };
        match day_of(text.trim().split([' ', 'T']).next().unwrap_or_default()) {
            Some(day) => out.push(Some(day.num_days_from_ce() - EPOCH)),
            None => return exec_err!("invalid input syntax for type date: \"{text}\""),
        }
    }
    Ok(Arc::new(Date32Array::from(out)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_have_several_forms() {
        let day = NaiveDate::from_ymd_opt(2002, 3, 1);
        for text in ["2002-3-01", "2002-03-1", "3/1/2002", "03-01-2002", "2002/3/1", "20020301"] {
            assert_eq!(day_of(text), day, "{text}");
        }
        for text in ["2002-13-01", "2002-3", "x", "", "1-2-3", "2002-02-30"] {
            assert_eq!(day_of(text), None, "{text}");
        }
    }
}
