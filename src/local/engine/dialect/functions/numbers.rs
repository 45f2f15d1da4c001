//! `to_number` of Redshift: a text of digits, read by a template.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{DataType as SqlType, ExactNumberInfo};

use super::Rewritten;
use super::cells::Value;
use super::kernel::Kernel;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![Kernel::cells("digits_of", &[DataType::Utf8, DataType::Utf8], 2, DataType::Utf8, |cells| {
        match digits(cells[0].text(), cells[1].text()) {
            Some(number) => Ok(Value::Text(number)),
            None => exec_err!("invalid input syntax for type numeric: \"{}\"", cells[0].text()),
        }
    })]
}

/// `to_number(text, template)`: a decimal with the digits behind the point that the template has.
pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    if call.dialect != Dialect::Redshift || call.name != "to_number" || call.args.len() != 2 {
        return Ok(Rewritten::Other(call));
    }
    let Some(template) = call.args.get(1).and_then(call::literal_text) else {
        return Err(call.unsupported("TO_NUMBER with a template that is not a literal"));
    };
    let (whole, fraction) = places(template);
    let kind = SqlType::Decimal(ExactNumberInfo::PrecisionAndScale((whole + fraction).clamp(1, 38), i64::try_from(fraction).unwrap_or(0)));
    let args = std::mem::take(&mut call.args);
    Ok(Rewritten::Done(call::cast(call::function("digits_of", args), kind)))
}

/// Digits before and behind the point of a template.
fn places(template: &str) -> (u64, u64) {
    let upper = template.to_uppercase();
    let (whole, fraction) = upper.split_once(['D', '.']).unwrap_or((&upper, ""));
    let count = |text: &str| text.chars().filter(|c| matches!(c, '9' | '0')).count() as u64;
    (count(whole), count(fraction))
}

/// The number that a text is: its digits, its point, and its sign, which may stand at either end or be brackets.
fn digits(text: &str, template: &str) -> Option<String> {
    let trimmed = text.trim();
    let brackets = template.to_uppercase().contains("PR") && trimmed.starts_with('<') && trimmed.ends_with('>');
    let negative = brackets || trimmed.starts_with('-') || trimmed.ends_with('-');
    let number: String = trimmed.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    if !number.contains(|c: char| c.is_ascii_digit()) || number.matches('.').count() > 1 {
        return None;
    }
    Some(if negative { format!("-{number}") } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_places() {
        assert_eq!([places("99G999D9S"), places("9,999.99"), places("999")], [(5, 1), (4, 2), (3, 0)]);
    }

    #[test]
    fn signs_stand_anywhere() {
        let read = |text: &str, template: &str| digits(text, template);
        assert_eq!(read("12,454.8-", "99G999D9S").as_deref(), Some("-12454.8"));
        assert_eq!(read("$ 2,012,454.88", "L9,999,999.99").as_deref(), Some("2012454.88"));
        assert_eq!(read("<25>", "99PR").as_deref(), Some("-25"));
        assert_eq!(read("abc", "999"), None);
    }
}
