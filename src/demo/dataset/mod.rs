//! A data set: which columns it has, what is predicted, and what the demonstration has to know of both.
//!
//! A data set is described, not programmed. The built-in description is that of the Bank Marketing data (`assets/data`); the setting
//! `data.schema` names another one. [`description`] reads descriptions; [`prepare()`] reads a CSV that has the columns of one into the
//! canonical form that the lake keeps.

mod decimal;
pub mod description;
mod prepare;
mod problem;
mod words;

use std::sync::{Arc, LazyLock};

use sha2::{Digest, Sha256};

pub use description::DescriptionError;
pub use prepare::{PreparedCsv, normalise, prepare};
pub use problem::{DataError, DataProblem, RefusedFile};
pub use words::Words;

pub use decimal::{DecimalSum, scaled};

use super::feature_schema::{Derived, digest_text};
use super::sql::TABLE_VERSION;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A whole number of 32 bits.
    Integer,
    /// `decimal(precision, scale)`.
    Decimal {
        /// All digits, decimals included; at most 18.
        precision: u32,
        /// Decimals.
        scale: u32,
    },
    /// Text.
    Text,
}

impl ColumnType {
    /// The type in SQL, as a message names it.
    pub fn sql(self) -> String {
        match self {
            ColumnType::Integer => "int".to_owned(),
            ColumnType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            ColumnType::Text => "varchar".to_owned(),
        }
    }

    /// Decimals that a value of this type has.
    pub fn scale(self) -> u32 {
        match self {
            ColumnType::Decimal { scale, .. } => scale,
            ColumnType::Integer | ColumnType::Text => 0,
        }
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        !matches!(self, ColumnType::Text)
    }
}

/// A column of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct DataColumn {
    /// Name in the warehouse and the lake: small letters, digits and underscores.
    pub name: String,
    /// Name in the file.
    pub header: String,
    /// Type.
    pub kind: ColumnType,
    /// What is plausible for a number, both ends included.
    pub range: Option<(f64, f64)>,
    /// Why it is kept out of the model; `None` for a column that the model sees.
    pub kept_out: Option<String>,
    /// Whether its exact sum is compared at every hop of the data.
    pub summed: bool,
}

/// The target column and its two classes, as the file writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetClasses {
    /// Column.
    pub name: String,
    /// The value that counts as 1.
    pub positive: String,
    /// The value that counts as 0.
    pub negative: String,
}

/// A number that a statement makes of a category, because the algorithm takes only numbers: 1 for one of the values, else 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFlag {
    /// Name of the number.
    pub name: String,
    /// The category.
    pub column: String,
    /// The values that make it 1.
    pub values: Vec<String>,
}

/// A data set.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSet {
    /// Name of its file in the lake, without extension.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Every column in table order; the target is the last.
    pub columns: Vec<DataColumn>,
    /// The target.
    pub target: TargetClasses,
    /// Features made from columns.
    pub derived: Vec<Derived>,
    /// What a statement makes of categories for an algorithm that takes only numbers.
    pub sql_flags: Vec<SqlFlag>,
    /// Columns by whose values the test rows are measured in parts.
    pub segments: Vec<String>,
    /// Numbers of which the demonstration asks how they move together.
    pub together: Vec<String>,
    /// Columns that a first look shows.
    pub look_at: Vec<String>,
    /// Columns that stand beside a prediction made in SQL.
    pub beside: Vec<String>,
    /// What the file writes for what is not known, if it does.
    pub unknown: Option<String>,
    /// How its rows are spoken of.
    pub words: Words,
    /// Whether this is the data set that the program brings along: then there are a sample and a story of it.
    pub built_in: bool,
}

static BANK: LazyLock<Arc<DataSet>> = LazyLock::new(bank);

#[allow(clippy::expect_used)]
fn bank() -> Arc<DataSet> {
    // The description is part of the program, and a test reads it.
    let read = description::read(include_str!("../../../assets/data/bank-marketing.toml")).expect("the built-in description is sound");
    Arc::new(DataSet { built_in: true, ..read })
}

impl DataSet {
    /// The Bank Marketing data.
    pub fn bank() -> Arc<DataSet> {
        Arc::clone(&BANK)
    }

    /// The columns that predict: all but the target.
    pub fn inputs(&self) -> &[DataColumn] {
        // A description without a column is refused, and the target is one.
        &self.columns[..self.columns.len().saturating_sub(1)]
    }

    /// A column by its name in the table.
    pub fn column(&self, name: &str) -> Option<&DataColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &DataColumn> {
        self.inputs().iter().filter(|column| column.kind.is_number())
    }

    /// The columns of texts, the target not among them.
    pub fn categories(&self) -> impl Iterator<Item = &DataColumn> {
        self.inputs().iter().filter(|column| !column.kind.is_number())
    }

    /// The columns whose exact sums are compared at every hop.
    pub fn summed(&self) -> impl Iterator<Item = &DataColumn> {
        self.inputs().iter().filter(|column| column.summed)
    }

    /// What `data.source = "sample"` and the stories told of it are asked of.
    ///
    /// # Errors
    /// A sentence for `what` (`the sample`), when the data set is not the one that the program brings along.
    pub fn story(&self, what: &str) -> Result<(), String> {
        if self.built_in {
            return Ok(());
        }
        Err(format!("{what} is made for the {} data, and `data.schema` describes {}", BANK.title, self.title))
    }

    /// Version of the table's definition: a table of another version is made anew.
    pub fn table_version(&self) -> String {
        if self.built_in {
            return TABLE_VERSION.to_owned();
        }
        let mut digest = Sha256::new();
        for column in &self.columns {
            digest.update(format!("{} {}\n", column.name, column.kind.sql()));
        }
        format!("{TABLE_VERSION}-{}", digest_text(&digest.finalize()))
    }
}
