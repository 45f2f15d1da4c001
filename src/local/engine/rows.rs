//! Small tables that are made in memory: what SHOW prints, and the system's views.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};

use super::catalog::ColumnDef;
use super::table::schema_of;
use super::types::ColumnType;
use super::{Dialect, Outcome, OutputColumn, SqlError, error};

/// Rows of texts under typed columns.
pub struct Rows {
    columns: Vec<ColumnDef>,
    rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    /// No rows yet, under columns of the given names and types.
    pub fn new<const N: usize>(columns: [(&str, ColumnType); N]) -> Self {
        Rows { columns: columns.into_iter().map(|(name, kind)| ColumnDef::new(name, kind)).collect(), rows: Vec::new() }
    }

    /// No rows yet, under given columns.
    pub fn of(columns: Vec<ColumnDef>) -> Self {
        Rows { columns, rows: Vec::new() }
    }

    /// No rows yet, under columns of text.
    pub fn texts<const N: usize>(columns: [&str; N]) -> Self {
        Rows::new(columns.map(|name| (name, ColumnType::Varchar(None))))
    }

    /// Adds a row: one value a column.
    pub fn push<const N: usize>(&mut self, row: [Option<String>; N]) {
        self.rows.push(row.into_iter().collect());
    }

    /// Adds a row without NULL.
    pub fn add<const N: usize>(&mut self, row: [&str; N]) {
        self.push(row.map(|value| Some(value.to_owned())));
    }

    /// Sorts the rows by their first `columns` columns.
    pub fn sort(&mut self, columns: usize) {
        self.rows.sort_by(|one, other| one[..columns].cmp(&other[..columns]));
    }

    /// The rows as a batch.
    pub fn batch(&self) -> Result<RecordBatch, SqlError> {
        let schema = schema_of(&self.columns);
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let arrays: Result<Vec<ArrayRef>, _> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let texts: StringArray = self.rows.iter().map(|row| row.get(index).cloned().flatten()).collect();
                cast_with_options(&(Arc::new(texts) as ArrayRef), field.data_type(), &options)
            })
            .collect();
        RecordBatch::try_new(schema, arrays.map_err(error::internal)?).map_err(error::internal)
    }

    /// The rows as the result of a statement.
    pub fn outcome(&self, dialect: Dialect) -> Result<Outcome, SqlError> {
        let columns = self
            .columns
            .iter()
            .map(|column| {
                let mut sql_type = column.column_type.sql_type(dialect);
                // What Hive prints is a `string` in Athena, not a `varchar`.
                if dialect == Dialect::Athena && column.column_type == ColumnType::Varchar(None) {
                    sql_type = super::SqlType { name: "string".to_owned(), precision: 0, scale: 0 };
                }
                OutputColumn { label: column.name.clone(), sql_type, nullable: true, origin: None }
            })
            .collect();
        Ok(Outcome::rows(columns, self.batch()?))
    }
}
