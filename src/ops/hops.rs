//! The same figures at every hop of the data: rows, rows of the positive class, exact sums of columns of numbers.

use super::data::LakeFile;
use super::query::{self, Cell, QueryEngine};
use super::{Context, OpError};
use crate::demo::dataset::{DataSet, DecimalSum, scaled};
use crate::demo::figures;
use crate::demo::sql::SqlEngine;

/// What was counted and added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    /// Rows.
    pub rows: u64,
    /// Rows of the positive class.
    pub yes: u64,
    /// Sums of the columns of the data set that are added up.
    pub sums: Vec<DecimalSum>,
}

impl Figures {
    /// The figures of the file.
    pub fn of_file(data: &DataSet, file: &LakeFile) -> Option<Figures> {
        Some(Figures { rows: file.rows, yes: file.yes, sums: sums(data, file.sums.iter().cloned())? })
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
        let figures = count(row.first())
            .zip(count(row.get(1)))
            .and_then(|(rows, yes)| Some(Figures { rows, yes, sums: sums(&context.scenario.data, row.iter().skip(2).map(Cell::text))? }));
        figures.ok_or_else(|| OpError::failed("", "could not count the rows", format!("{} answered in an unexpected form", engine.title())))
    }

    /// An error that says which figure differs, when one does.
    pub fn must_equal(&self, expected: &Figures, data: &DataSet, here: &str, there: &str) -> Result<(), OpError> {
        let differs = |what: String| {
            Err(OpError::failed(here, format!("the data in {here} are not those of {there}"), what)
                .with_fix("look for other files beside the CSV and for other writers of the table, then run this step again"))
        };
        if self.rows != expected.rows {
            return differs(format!("{} here, {} there", figures::counted(self.rows, "row"), figures::count(expected.rows)));
        }
        if self.yes != expected.yes {
            return differs(format!("{} {} here, {} there", figures::count(self.yes), data.words.positive, figures::count(expected.yes)));
        }
        for (here, there) in self.sums.iter().zip(&expected.sums) {
            if here != there {
                return differs(format!("`{}` adds up to {here} here and to {there} there", here.column));
            }
        }
        Ok(())
    }
}

/// The sums of a row or of a file, by the columns that they are of.
fn sums(data: &DataSet, texts: impl ExactSizeIterator<Item = String>) -> Option<Vec<DecimalSum>> {
    if texts.len() != data.summed().count() {
        return None;
    }
    let summed = data.summed().zip(texts).map(|(column, text)| {
        let scale = column.kind.scale();
        Some(DecimalSum { column: column.name.clone(), units: scaled(&text, scale)?, scale })
    });
    summed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let data = DataSet::bank();
        let sums = |last: &str| sums(&data, ["1", "2", "3", "4", last].map(str::to_owned).into_iter()).unwrap_or_default();
        let one = Figures { rows: 10, yes: 2, sums: sums("0.005") };
        assert_eq!(one.must_equal(&one, &data, "the warehouse", "the lake"), Ok(()));
        let rounded = Figures { sums: sums("5"), ..one.clone() };
        let why = |other: Figures| other.must_equal(&one, &data, "the warehouse", "the lake").map_err(|error| error.why);
        assert_eq!(why(rounded), Err("`nr_employed` adds up to 5.000 here and to 0.005 there".to_owned()));
        assert_eq!(why(Figures { yes: 3, ..one.clone() }), Err("3 said yes here, 2 there".to_owned()));
    }
}
