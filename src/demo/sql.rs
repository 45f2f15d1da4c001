//! Every SQL statement that the demonstration runs.
//!
//! The statements are the files of `sql/`, embedded. A placeholder says what it becomes: `{{name}}` an identifier, `{{'name'}}` a text
//! in quotes, `{{#name}}` a whole number, `{{@name}}` a part that follows from the data set. Nothing else gets into a statement.

mod parameters;
mod quoting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::dataset::DataSet;
use super::scenario::Scenario;
use super::sql_columns::part;
pub use parameters::positional;
pub use quoting::{Quotes, identifier, literal};

/// Who runs a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlEngine {
    /// The warehouse.
    Redshift,
    /// The lake.
    Athena,
}

impl fmt::Display for SqlEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SqlEngine::Redshift => "Redshift",
            SqlEngine::Athena => "Athena",
        })
    }
}

/// A statement of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlStatement {
    /// File name in `sql/`, also its identifier (`07_explore_frequencies.athena.sql`).
    pub file: &'static str,
    /// Position in the demonstration.
    pub number: u8,
    /// The name in the file name (`explore_frequencies`).
    pub name: &'static str,
    /// What it does, for people.
    pub title: &'static str,
    /// Who runs it.
    pub engine: SqlEngine,
    /// The file's text: comments, placeholders.
    pub text: &'static str,
}

/// A statement cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlFillError {
    /// No statement of that name.
    #[error("there is no statement `{0}` in the library")]
    UnknownStatement(String),
    /// A placeholder that nothing is known for.
    #[error("`{file}` asks for `{placeholder}`, which is not known here")]
    UnknownPlaceholder {
        /// The statement's file.
        file: &'static str,
        /// The placeholder's name.
        placeholder: String,
    },
    /// A number was expected.
    #[error("`{file}` asks for the number `{placeholder}`, and it is `{given}`")]
    NotANumber {
        /// The statement's file.
        file: &'static str,
        /// The placeholder's name.
        placeholder: String,
        /// What was given.
        given: String,
    },
    /// The statement needs columns that the data set does not have, or tells of another one.
    #[error("`{file}` is not for the {title} data: {why}")]
    OtherData {
        /// The statement's file.
        file: &'static str,
        /// The data set.
        title: String,
        /// Why not.
        why: String,
    },
    /// A placeholder without an end.
    #[error("a placeholder of `{0}` has no end")]
    Unclosed(&'static str),
}

/// Version of the external table's definition, kept as a property of the table: a table of another version is made anew.
pub const TABLE_VERSION: &str = "1";

macro_rules! library {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../sql/", $file)))),*]
    };
}

const FILES: &[(&str, &str)] = library![
    "01_create_database.athena.sql",
    "02_create_external_table.athena.sql",
    "03_show_databases.athena.sql",
    "04_show_tables.athena.sql",
    "05_sample_lake.athena.sql",
    "06_verify_lake.athena.sql",
    "07_explore_frequencies.athena.sql",
    "08_explore_numbers.athena.sql",
    "09_explore_correlations.athena.sql",
    "10_explore_ages.athena.sql",
    "11_create_schema.redshift.sql",
    "12_create_external_schema.redshift.sql",
    "13_sample_spectrum.redshift.sql",
    "14_create_table.redshift.sql",
    "15_empty_table.redshift.sql",
    "16_load_table.redshift.sql",
    "17_verify_table.redshift.sql",
    "18_sample_table.redshift.sql",
    "19_copy_table.redshift.sql",
    "20_unload_table.redshift.sql",
    "21_explore_frequencies.redshift.sql",
    "22_explore_numbers.redshift.sql",
    "23_explore_correlations.redshift.sql",
    "24_explore_months.redshift.sql",
    "25_explore_ages.redshift.sql",
    "30_create_model.redshift.sql",
    "31_create_model_xgboost.redshift.sql",
    "32_show_model.redshift.sql",
    "33_predict.redshift.sql",
    "34_confusion_matrix.redshift.sql",
    "35_confusion_matrix_xgboost.redshift.sql",
    "36_drop_model.redshift.sql",
    "40_drop_table.athena.sql",
    "41_drop_database.athena.sql",
];

/// Statements that tell of the built-in data set and of no other, by their names.
const STORIES: [&str; 2] = ["explore_ages", "explore_months"];

/// Every statement, in the order of the demonstration.
pub fn statements() -> impl Iterator<Item = SqlStatement> {
    FILES.iter().map(|(file, text)| statement(file, text))
}

/// The statement of a name and engine (`verify_table` on Redshift).
pub fn find(engine: SqlEngine, name: &str) -> Result<SqlStatement, SqlFillError> {
    statements()
        .find(|statement| statement.engine == engine && statement.name == name)
        .ok_or_else(|| SqlFillError::UnknownStatement(name.to_owned()))
}

/// Takes a file apart: `07_explore_frequencies.athena.sql`, and the first comment as the title.
fn statement(file: &'static str, text: &'static str) -> SqlStatement {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let (stem, engine) = match stem.rsplit_once('.') {
        Some((stem, "athena")) => (stem, SqlEngine::Athena),
        Some((stem, _)) => (stem, SqlEngine::Redshift),
        None => (stem, SqlEngine::Redshift),
    };
    let (number, name) = stem.split_once('_').unwrap_or(("0", stem));
    let title = text.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or(name);
    SqlStatement { file, number: number.parse().unwrap_or_default(), name, title, engine, text }
}

impl SqlStatement {
    /// How its identifiers are quoted.
    pub fn quotes(&self) -> Quotes {
        let first = self.body().split_whitespace().next().unwrap_or_default();
        match (self.engine, first) {
            (SqlEngine::Redshift, _) | (SqlEngine::Athena, "SELECT" | "WITH") => Quotes::Double,
            (SqlEngine::Athena, _) => Quotes::Backtick,
        }
    }

    /// The text without the comments at its head.
    pub fn body(&self) -> &'static str {
        let mut rest = self.text;
        while rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        rest.trim_end()
    }

    /// The statement with its placeholders filled, without the comments at its head.
    pub fn fill(&self, values: &SqlValues) -> Result<String, SqlFillError> {
        self.fill_text(self.body(), values)
    }

    /// The statement with its placeholders filled and with its comments, for an editor.
    pub fn fill_with_comments(&self, values: &SqlValues) -> Result<String, SqlFillError> {
        self.fill_text(self.text.trim_end(), values)
    }

    fn fill_text(&self, text: &str, values: &SqlValues) -> Result<String, SqlFillError> {
        let data = &values.data;
        let other = |why: String| SqlFillError::OtherData { file: self.file, title: data.title.clone(), why };
        if STORIES.contains(&self.name) {
            data.story("what it asks").map_err(other)?;
        }
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (placeholder, after) = after.split_once("}}").ok_or(SqlFillError::Unclosed(self.file))?;
            out.push_str(before);
            rest = after;
            if let Some(name) = placeholder.strip_prefix('@') {
                let unknown = || SqlFillError::UnknownPlaceholder { file: self.file, placeholder: placeholder.to_owned() };
                let written = part(data, self.engine, self.quotes(), name).ok_or_else(unknown)?;
                out.push_str(&written.ok_or_else(|| other(format!("it has no {}", name.replace('_', " "))))?);
                continue;
            }
            let quoted = placeholder.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
            let number = placeholder.strip_prefix('#');
            let name = quoted.or(number).unwrap_or(placeholder);
            let value =
                values.named.get(name).ok_or_else(|| SqlFillError::UnknownPlaceholder { file: self.file, placeholder: name.to_owned() })?;
            if quoted.is_some() {
                out.push_str(&literal(value));
            } else if number.is_some() {
                if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(SqlFillError::NotANumber { file: self.file, placeholder: name.to_owned(), given: value.clone() });
                }
                out.push_str(value);
            } else {
                out.push_str(&identifier(self.quotes(), value));
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// What placeholders stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlValues {
    named: BTreeMap<&'static str, String>,
    data: Arc<DataSet>,
}

impl SqlValues {
    /// The names and locations of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let s = scenario;
        let at = |prefix: &str| format!("s3://{}/{prefix}", s.bucket);
        let unload_query = format!("SELECT * FROM {}.{}", identifier(Quotes::Double, &s.schema), identifier(Quotes::Double, &s.table));
        let named = BTreeMap::from([
            ("region", s.region.clone()),
            ("bucket", s.bucket.clone()),
            ("database", s.database.clone()),
            ("schema", s.schema.clone()),
            ("table", s.table.clone()),
            ("external_schema", s.external_schema.clone()),
            ("glue_database", s.glue_database.clone()),
            ("glue_table", s.glue_table.clone()),
            ("ml_model", s.ml_model.clone()),
            ("ml_function", s.ml_function.clone()),
            ("data_location", at(&s.data_prefix)),
            ("unload_location", at(&format!("{}console/data_", s.unload_prefix))),
            ("unload_query", unload_query),
            ("table_version", s.data.table_version()),
        ]);
        SqlValues { named, data: Arc::clone(&s.data) }
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.named.insert(name, value.into());
        self
    }
}
