//! Questions one asks of new data, answered by SQL where the data is: no table is pulled.
//!
//! Everything here is computed by the warehouse or the lake in a few statements a picture; what comes back has as many rows as the picture
//! has bars or cells. The statements are plain enough for both engines. [`drawing`] makes files of the pictures.

pub mod drawing;
pub mod findings;
mod matrix;
mod order;
mod pairs;
mod picture;
mod previews;
mod read;
mod save;
mod sql;

use serde::Serialize;

pub use findings::Findings;
pub use matrix::Matrix;
pub use order::{Order, Period};
pub use pairs::{Correlations, Density, DensityCell};
pub use picture::{Bar, ClassFigures, Picture};
pub use previews::{Preview, Previews, previews};
pub use save::{SaveError, file_name, replace, save_beside};

use super::query::{self, QueryEngine};
use super::{Context, OpError};
use crate::demo::sql::{Quotes, identifier};

/// A table that is explored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Who answers.
    pub engine: QueryEngine,
    /// The table, quoted.
    pub name: String,
    /// The column with the answer that is to be predicted.
    pub target: String,
    /// The value that counts as yes.
    pub positive: String,
    /// The other columns, in the order of the table.
    pub columns: Vec<Column>,
}

/// A column that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub numeric: bool,
    /// Whether they are whole ones by its type: no range of theirs is narrower than 1.
    pub whole: bool,
}

/// What can be asked about a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A column against the answer.
    Column(String),
    /// How the numeric columns move together.
    Correlations,
    /// Every numeric column against every other.
    Matrix,
    /// Two numeric columns against each other, across and upwards.
    Density(String, String),
    /// The months of the campaign, one after the other.
    Order,
    /// What an audience is told about the data.
    Findings,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A column against the answer.
    Picture(Picture),
    /// How the numeric columns move together.
    Correlations(Correlations),
    /// Every numeric column against every other.
    Matrix(Matrix),
    /// Two numeric columns against each other.
    Density(Density),
    /// The months of the campaign.
    Order(Order),
    /// What an audience is told.
    Findings(Findings),
}

impl Found {
    /// A name for a file.
    pub fn name(&self) -> String {
        match self {
            Found::Picture(picture) => picture.column.name.clone(),
            Found::Correlations(_) => "correlations".to_owned(),
            Found::Matrix(_) => "pairs".to_owned(),
            Found::Density(density) => format!("{}-{}", density.x, density.y),
            Found::Order(_) => "time-order".to_owned(),
            Found::Findings(_) => "findings".to_owned(),
        }
    }

    /// The statements behind it.
    pub fn statements(&self) -> Vec<&str> {
        match self {
            Found::Picture(picture) => picture.sql.iter().map(String::as_str).collect(),
            Found::Correlations(correlations) => vec![&correlations.sql],
            Found::Matrix(matrix) => vec![&matrix.sql, &matrix.correlations.sql],
            Found::Density(density) => vec![&density.sql],
            Found::Order(order) => vec![&order.sql],
            Found::Findings(findings) => findings.sql.iter().map(String::as_str).collect(),
        }
    }
}

/// The demonstration's table where `engine` has it.
///
/// # Errors
/// There is no such table, or it cannot be read.
pub async fn table(context: &Context, engine: QueryEngine) -> Result<Table, OpError> {
    let scenario = &context.scenario;
    let (schema, table) = match engine {
        QueryEngine::Redshift => (&scenario.schema, &scenario.table),
        QueryEngine::Athena => (&scenario.glue_database, &scenario.glue_table),
    };
    let name = format!("{}.{}", identifier(Quotes::Double, schema), identifier(Quotes::Double, table));
    let described = query::rows(context, engine, format!("SELECT * FROM {name} LIMIT 0")).await?;
    let columns = described.columns.into_iter().filter(|column| column.name != scenario.data.target.name);
    Ok(Table {
        engine,
        name,
        target: scenario.data.target.name.clone(),
        positive: scenario.data.target.positive.clone(),
        columns: columns.map(|column| Column { whole: whole(&column.type_name), name: column.name, numeric: column.numeric }).collect(),
    })
}

/// Whether a type of either service has whole numbers only.
fn whole(type_name: &str) -> bool {
    matches!(type_name.to_ascii_lowercase().as_str(), "int2" | "int4" | "int8" | "tinyint" | "smallint" | "integer" | "int" | "bigint")
}

/// Answers a question.
///
/// # Errors
/// The table does not have what is asked about, or a statement fails.
pub async fn find(context: &Context, table: &Table, subject: &Subject) -> Result<Found, OpError> {
    Ok(match subject {
        Subject::Column(column) => Found::Picture(picture::picture(context, table, column).await?),
        Subject::Correlations => Found::Correlations(pairs::correlations(context, table).await?),
        Subject::Matrix => Found::Matrix(matrix::matrix(context, table).await?),
        Subject::Density(x, y) => Found::Density(pairs::density(context, table, x, y).await?),
        Subject::Order => Found::Order(order::order(context, table).await?),
        Subject::Findings => Found::Findings(findings::findings(context, table.engine).await?),
    })
}

impl Table {
    /// A column by name.
    ///
    /// # Errors
    /// The table does not have it, or it is the target.
    pub fn column(&self, name: &str) -> Result<&Column, OpError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            let why = if name == self.target {
                "it is what the others are compared with".to_owned()
            } else {
                format!("{} does not have it", self.name)
            };
            OpError::usage(format!("there is no column `{name}` to explore"), why, format!("its columns are {}", known.join(", ")))
        })
    }

    /// A round width for about `parts` ranges of a numeric column.
    fn step(&self, column: &str, (least, most): (f64, f64), parts: f64) -> f64 {
        let step = sql::step(least, most, parts);
        let whole = self.columns.iter().any(|known| known.name == column && known.whole);
        if whole { step.max(1.0) } else { step }
    }

    /// The numeric columns, in the order of the table.
    pub fn numeric(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.numeric).map(|column| column.name.as_str())
    }

    /// The same table, compared by another column and its value.
    ///
    /// # Errors
    /// The table does not have the column.
    pub fn by(mut self, column: &str, positive: &str) -> Result<Table, OpError> {
        if column != self.target {
            self.column(column)?;
            let old = std::mem::replace(&mut self.target, column.to_owned());
            self.columns.retain(|known| known.name != column);
            self.columns.push(Column { name: old, numeric: false, whole: false });
        }
        self.positive = positive.to_owned();
        Ok(self)
    }

    /// The rows of which a condition is true, as a statement.
    pub fn rows_where(&self, condition: &str) -> String {
        format!("SELECT *\nFROM {}\nWHERE {condition}", self.name)
    }
}
