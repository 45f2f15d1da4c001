//! The same figures at every hop of the data: rows, rows that said yes, exact sums of the economic columns.

use super::data::LakeFile;
use super::query::{self, Cell, QueryEngine};
use super::{Context, OpError};
use crate::demo::dataset::ECONOMIC;
use crate::demo::figures;
use crate::demo::sql::SqlEngine;

/// What was counted and added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    /// Rows.
    pub rows: u64,
    /// Rows that said yes.
    pub yes: u64,
    /// Sums in thousandths, in the order of [`ECONOMIC`].
    pub sums: Vec<i128>,
}

impl Figures {
    /// The figures of the file.
    pub fn of_file(file: &LakeFile) -> Option<Figures> {
        let sums: Option<Vec<i128>> = file.sums.iter().map(|sum| thousandths(sum)).collect();
        Some(Figures { rows: file.rows, yes: file.yes, sums: sums? })
    }

    /// The figures of the table in the lake or in the warehouse.
    pub async fn of_table(context: &Context, engine: QueryEngine) -> Result<Figures, OpError> {
        let sql = match engine {
            QueryEngine::Athena => context.sql(SqlEngine::Athena, "verify_lake")?,
            QueryEngine::Redshift => context.sql(SqlEngine::Redshift, "verify_table")?,
        };
        let result = query::rows(context, engine, sql).await?;
        let row = result.page.rows.first().map(Vec::as_slice).unwrap_or_default();
        let count = |cell: Option<&Cell>| match cell {
            // The sum over no row is NULL.
            Some(Cell::Null) => Some(0),
            Some(cell) => cell.text().parse().ok(),
            None => None,
        };
        let figures = count(row.first()).zip(count(row.get(1))).and_then(|(rows, yes)| {
            let sums: Option<Vec<i128>> = row.iter().skip(2).map(|cell| thousandths(&cell.text())).collect();
            let sums = sums.filter(|sums| sums.len() == ECONOMIC.len())?;
            Some(Figures { rows, yes, sums })
        });
        figures.ok_or_else(|| OpError::failed("", "could not count the rows", format!("{} answered in an unexpected form", engine.title())))
    }

    /// An error that says which figure differs, when one does.
    pub fn must_equal(&self, expected: &Figures, here: &str, there: &str) -> Result<(), OpError> {
        let differs = |what: String| {
            Err(OpError::failed(here, format!("the data in {here} are not those of {there}"), what)
                .with_fix("look for other files beside the CSV and for other writers of the table, then run this step again"))
        };
        if self.rows != expected.rows {
            return differs(format!("{} here, {} there", figures::counted(self.rows, "row"), figures::count(expected.rows)));
        }
        if self.yes != expected.yes {
            return differs(format!("{} said yes here, {} there", figures::count(self.yes), figures::count(expected.yes)));
        }
        for ((name, here), there) in ECONOMIC.iter().zip(&self.sums).zip(&expected.sums) {
            if here != there {
                let decimal =
                    |sum: i128| format!("{}{}.{:03}", if sum < 0 { "-" } else { "" }, sum.unsigned_abs() / 1000, sum.unsigned_abs() % 1000);
                return differs(format!("`{name}` adds up to {} here and to {} there", decimal(*here), decimal(*there)));
            }
        }
        Ok(())
    }
}

/// An exact decimal text in thousandths; more decimals than three have to be zeros. Empty (NULL) is 0.
fn thousandths(text: &str) -> Option<i128> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !fraction.bytes().chain(whole.bytes()).all(|byte| byte.is_ascii_digit()) || whole.is_empty() {
        return None;
    }
    let kept: String = fraction.chars().chain("000".chars()).take(3).collect();
    if fraction.len() > 3 && !fraction[3..].bytes().all(|byte| byte == b'0') {
        return None;
    }
    let value = whole.parse::<i128>().ok()?.checked_mul(1000)?.checked_add(kept.parse().ok()?)?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(thousandths("3402.1"), Some(3_402_100));
        assert_eq!(thousandths("-1668.700"), Some(-1_668_700));
        assert_eq!(thousandths("212746899.600000"), Some(212_746_899_600));
        assert_eq!(thousandths("-0.5"), Some(-500));
        assert_eq!(thousandths("7"), Some(7000));
        assert_eq!(thousandths(""), Some(0));
        assert_eq!(thousandths("1.0005"), None);
        assert_eq!(thousandths("2.1e8"), None);
    }

    #[test]
    fn a_difference_is_named() {
        let one = Figures { rows: 10, yes: 2, sums: vec![1, 2, 3, 4, 5] };
        assert_eq!(one.must_equal(&one, "the warehouse", "the lake"), Ok(()));
        let rounded = Figures { sums: vec![1, 2, 3, 4, 5000], ..one.clone() };
        let why = rounded.must_equal(&one, "the warehouse", "the lake").map_err(|error| error.why);
        assert_eq!(why, Err("`nr_employed` adds up to 5.000 here and to 0.005 there".to_owned()));
    }
}
