//! Why a file is refused, and where.

use std::fmt;

use super::TargetClasses;
use crate::demo::figures::counted;

/// Why a file is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The file, and what it should have been.
    pub file: Box<RefusedFile>,
    /// Line, counted from 1; `None` when the file as a whole is meant.
    pub line: Option<u64>,
    /// Column (which field of the line), counted from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub problem: DataProblem,
}

/// A file that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// As the caller calls it.
    pub name: String,
    /// The columns that it has to have, as files name them.
    pub columns: Vec<String>,
    /// Whether the sample is a way out.
    pub has_sample: bool,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataProblem {
    /// Nothing in it; how many columns there should be.
    #[error("the file is empty; a header line with the {0} columns of the data set is expected")]
    Empty(usize),
    /// No row.
    #[error("there is a header line and no row below it")]
    HeaderOnly,
    /// Compressed, or in another encoding.
    #[error("this is {0}, not plain text in UTF-8")]
    NotText(&'static str),
    /// A byte that is not UTF-8.
    #[error("the byte 0x{0:02x} is not UTF-8")]
    NotUtf8(u8),
    /// No separator in the header.
    #[error("the header line `{0}` has neither commas nor semicolons")]
    NoSeparator(String),
    /// Columns that are not there, by their published names.
    #[error("{} missing: {}", if .0.len() == 1 { "a column is" } else { "columns are" }, quoted(.0))]
    MissingColumns(Vec<String>),
    /// A column that the data set does not have.
    #[error("`{given}` is not a column of the data set{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    ExtraColumn {
        /// As the header has it.
        given: String,
        /// The published name that looks most like it.
        nearest: Option<String>,
    },
    /// A column that is there twice.
    #[error("the column `{0}` is there twice")]
    DuplicateColumn(String),
    /// Not as many fields as columns.
    #[error("{found} fields where the header has {expected} columns")]
    FieldCount {
        /// Columns of the header.
        expected: usize,
        /// Fields of the line.
        found: usize,
    },
    /// A quote that is not closed.
    #[error("a quote is opened and not closed on this line")]
    OpenQuote,
    /// A quote inside a value.
    #[error("a quote stands inside a value")]
    StrayQuote,
    /// A cell without content.
    #[error("`{column}` is empty; {}", match .unknown {
        Some(unknown) => format!("the data set writes `{unknown}` for what is not known"),
        None => "every cell needs a value".to_owned(),
    })]
    EmptyCell {
        /// Column.
        column: String,
        /// What the data set writes for what is not known.
        unknown: Option<String>,
    },
    /// A whole number was expected.
    #[error("`{column}` is `{given}`, which is not a whole number")]
    NotInteger {
        /// Column.
        column: String,
        /// The cell, shortened.
        given: String,
    },
    /// A decimal number was expected.
    #[error("`{column}` is `{given}`, which is not a number")]
    NotDecimal {
        /// Column.
        column: String,
        /// The cell, shortened.
        given: String,
    },
    /// A number that the column's type cannot hold.
    #[error("`{column}` is `{given}`, which does not fit {kind}")]
    OutOfRange {
        /// Column.
        column: String,
        /// The cell, shortened.
        given: String,
        /// The type.
        kind: String,
    },
    /// The target is neither of its two classes.
    #[error("the target `{}` is `{given}`; it has to be `{}` or `{}`{}", .target.name, .target.positive, .target.negative, listed(.classes))]
    UnknownTarget {
        /// The target and its two classes.
        target: Box<TargetClasses>,
        /// The cell, shortened.
        given: String,
        /// The classes of the file with their rows, the most frequent first, when there are more than two.
        classes: Vec<(String, u64)>,
    },
    /// Every row is of one class.
    #[error("the target `{column}` is `{class}` in every row, and a model learns only from two classes")]
    OneClass {
        /// The target.
        column: String,
        /// The class.
        class: String,
    },
    /// A category whose texts are numbers: whatever reads it after this takes it for numbers.
    #[error("`{column}` is described as text, and each of its values is a number")]
    NumbersAsText {
        /// Column.
        column: String,
    },
    /// A text that cannot be kept in an unquoted CSV or in the column.
    #[error("`{column}` is `{given}`, which {reason}")]
    BadText {
        /// Column.
        column: String,
        /// The cell, shortened.
        given: String,
        /// Why not.
        reason: &'static str,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file.name)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for DataError {}

impl DataError {
    /// What to do about it, a sentence.
    pub fn fix(&self) -> String {
        match &self.problem {
            DataProblem::Empty(_) | DataProblem::HeaderOnly if self.file.has_sample => {
                "Give a CSV with rows, or `--set data.source=sample` for the generated data.".to_owned()
            }
            DataProblem::Empty(_) | DataProblem::HeaderOnly => "Give a CSV with rows.".to_owned(),
            DataProblem::NotText(_) => "Unpack or convert the file to a plain CSV in UTF-8.".to_owned(),
            DataProblem::NotUtf8(_) => "Save the file as UTF-8.".to_owned(),
            DataProblem::NoSeparator(_)
            | DataProblem::MissingColumns(_)
            | DataProblem::ExtraColumn { .. }
            | DataProblem::DuplicateColumn(_) => {
                format!("The columns are, in any order: {}.", self.file.columns.join(", "))
            }
            DataProblem::UnknownTarget { classes, target, .. } if !classes.is_empty() => format!(
                "Two classes are predicted: leave out the rows of the others, or write `{}` or `{}` for them; nothing was created.",
                target.positive, target.negative
            ),
            DataProblem::OneClass { .. } => "Give rows of both classes; nothing was created.".to_owned(),
            DataProblem::NumbersAsText { .. } => {
                "Describe it as `integer` or `decimal`, or write its values as words (`zone 1`); nothing was created.".to_owned()
            }
            _ => "Correct that line and run again; nothing was created.".to_owned(),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The classes of a file that has too many, as the end of a sentence.
fn listed(classes: &[(String, u64)]) -> String {
    /// Classes that a sentence names.
    const MOST: usize = 6;
    if classes.is_empty() {
        return String::new();
    }
    let named: Vec<String> = classes.iter().take(MOST).map(|(class, rows)| format!("`{class}` in {}", counted(*rows, "row"))).collect();
    let more = if classes.len() > MOST { ", …" } else { "" };
    format!(". The file has {} classes: {}{more}", classes.len(), named.join(", "))
}
