//! New rows for a table: cast to its types, checked as Redshift checks them, written to a new file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::tokenizer::Location;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::catalog::{ColumnDef, DataFile, Relation, TableDef, TableName};
use super::error::{self, Text};
use super::table::{FileWriter, schema_of};
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, Engine, SqlError, SqlErrorKind, dialect, outcome, parse};
use crate::local::engine::InStream as _;

/// Where the values of a table's column come from.
#[derive(Debug, Clone)]
enum Value {
    /// A column of the rows.
    Column(usize),
    /// The same for each row: the column's default, or NULL.
    Constant(ScalarValue),
    /// Numbers from a seed on, in steps.
    Identity {
        /// The next number.
        next: i64,
        /// From one number to the next.
        step: i64,
    },
}

/// Sets a flag when it is dropped, so that work on another thread ends.
pub struct CancelOnDrop(pub Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Work<'_> {
    /// Appends rows to a table: `columns` names the table's columns that the rows have, in order; without it they have all of them.
    /// Values are cast to the table's types and checked as Redshift does. Gives the number of rows.
    pub async fn append(&mut self, name: &TableName, columns: Option<&[String]>, rows: SendableRecordBatchStream) -> Result<u64, SqlError> {
        self.transaction.catalog_mut().await?;
        let table = self.table(name)?;
        let values = self.values(&table, columns, &rows.schema()).await?;
        let file = self.write_rows(&table.columns, values, rows).await?;
        let Some(file) = file else { return Ok(0) };
        let count = file.rows;
        let mut table = TableDef::clone(&table);
        table.files.push(file);
        table.numbered += count;
        self.transaction.put(name, Relation::Table(Arc::new(table))).await?;
        Ok(count)
    }

    /// Writes rows to one new file, `None` when there are none.
    async fn write_rows(
        &mut self,
        columns: &[ColumnDef],
        values: Vec<Value>,
        mut rows: SendableRecordBatchStream,
    ) -> Result<Option<DataFile>, SqlError> {
        // Nothing is made for no rows.
        let first = loop {
            match rows.next().await {
                None => return Ok(None),
                Some(batch) => {
                    let batch = batch.map_err(SqlError::of_stream)?;
                    if batch.num_rows() > 0 {
                        break batch;
                    }
                }
            }
        };
        let schema = schema_of(columns);
        let (name, path) = self.engine.files().create();
        self.transaction.wrote(name.clone());
        let writer = FileWriter::create(name, path, Arc::clone(&schema))?;
        let conversion = Conversion { columns: columns.to_vec(), schema, values, dialect: self.dialect(), sql: self.sql.to_owned() };
        let engine = self.engine.clone();
        let (sender, receiver) = mpsc::channel::<RecordBatch>(3);
        let cancelled = Arc::new(AtomicBool::new(false));
        let guard = CancelOnDrop(Arc::clone(&cancelled));
        let written = tokio::task::spawn_blocking(move || write(&engine, conversion, writer, receiver, &cancelled));
        let mut failed = None;
        let mut next = Some(first);
        while let Some(batch) = next {
            // A writer that is gone has failed, and says how when it is joined.
            if batch.num_rows() > 0 && sender.send(batch).await.is_err() {
                break;
            }
            next = match rows.next().await {
                None => None,
                Some(Ok(batch)) => Some(batch),
                Some(Err(error)) => {
                    failed = Some(SqlError::of_stream(error));
                    guard.0.store(true, Ordering::Relaxed);
                    None
                }
            };
        }
        drop(sender);
        let file = written.await.map_err(error::internal)?;
        match failed {
            Some(error) => Err(error),
            None => file.map(Some),
        }
    }

    /// Where the values of each column of a table come from.
    async fn values(&mut self, table: &TableDef, columns: Option<&[String]>, rows: &SchemaRef) -> Result<Vec<Value>, SqlError> {
        let given = rows.fields().len();
        let wanted = columns.map_or(table.columns.len(), <[String]>::len);
        if given > wanted {
            return Err(self.plain("INSERT has more expressions than target columns"));
        }
        if given < wanted && columns.is_some() {
            return Err(self.plain("INSERT has more target columns than expressions"));
        }
        if let Some(columns) = columns {
            for (index, column) in columns.iter().enumerate() {
                if table.position(column).is_none() {
                    return Err(error::no_column(self.text(), column, Location::empty()));
                }
                if columns[..index].iter().any(|other| other.eq_ignore_ascii_case(column)) {
                    return Err(self.plain(&format!("column \"{column}\" specified more than once")));
                }
            }
        }
        let mut values = Vec::with_capacity(table.columns.len());
        for (index, column) in table.columns.iter().enumerate() {
            let source = match columns {
                Some(columns) => columns.iter().position(|name| name.eq_ignore_ascii_case(&column.name)),
                None => (index < given).then_some(index),
            };
            values.push(match source {
                Some(source) => Value::Column(source),
                None => self.default(table, column).await?,
            });
        }
        Ok(values)
    }

    /// What a column has where no value is given.
    async fn default(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Value, SqlError> {
        let attributes = table.attributes.columns.iter().find(|(name, _)| *name == column.name);
        if let Some((seed, step)) = attributes.and_then(|(_, attributes)| attributes.identity) {
            let before = i64::try_from(table.numbered).unwrap_or(i64::MAX);
            return Ok(Value::Identity { next: seed.saturating_add(step.saturating_mul(before)), step });
        }
        let Some(default) = &column.default else { return Ok(Value::Constant(ScalarValue::Null)) };
        let parse::Statement::Sql(statement) = parse::parse(self.dialect(), &format!("SELECT {default}"), &[])? else {
            return Err(error::internal(format!("the default of {} is not an expression", column.name)));
        };
        let ast::Statement::Query(query) = *statement else {
            return Err(error::internal(format!("the default of {} is not an expression", column.name)));
        };
        let batches = outcome::collect(self.query(*query).await?).await?;
        let array = batches.iter().find(|batch| batch.num_rows() > 0).map(|batch| Arc::clone(batch.column(0)));
        let array = array.ok_or_else(|| error::internal(format!("the default of {} gives no value", column.name)))?;
        Ok(Value::Constant(self.text().check(ScalarValue::try_from_array(&array, 0))?))
    }

    /// An error about the statement that reads the same in both services.
    pub(super) fn plain(&self, message: &str) -> SqlError {
        self.text().error(SqlErrorKind::Semantic, Location::empty(), message, &format!("SYNTAX_ERROR: {message}"))
    }
}

/// Converts and writes what comes through the channel.
fn write(
    engine: &Engine,
    mut conversion: Conversion,
    mut writer: FileWriter,
    mut rows: mpsc::Receiver<RecordBatch>,
    cancelled: &AtomicBool,
) -> Result<DataFile, SqlError> {
    while let Some(batch) = rows.blocking_recv() {
        writer.write(&conversion.convert(&batch)?)?;
    }
    if cancelled.load(Ordering::Relaxed) {
        return Err(SqlError::new(SqlErrorKind::Cancelled, "ERROR: the statement was cancelled"));
    }
    writer.finish(engine.cache())
}

/// Makes rows those of a table.
struct Conversion {
    columns: Vec<ColumnDef>,
    schema: SchemaRef,
    values: Vec<Value>,
    dialect: Dialect,
    sql: String,
}

impl Conversion {
    fn convert(&mut self, batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
        let rows = batch.num_rows();
        let text = Text::new(self.dialect, &self.sql);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (column, value) in self.columns.iter().zip(&mut self.values) {
            let array = match value {
                Value::Column(index) => Arc::clone(batch.column(*index)),
                Value::Constant(constant) => text.check(constant.to_array_of_size(rows))?,
                Value::Identity { next, step } => {
                    let start = *next;
                    *next = start.saturating_add(step.saturating_mul(rows as i64));
                    let step = *step;
                    Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| start.saturating_add(step.saturating_mul(row)))))
                }
            };
            arrays.push(stored(&array, column, text)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(error::internal)
    }
}

/// An array as a column stores it.
fn stored(array: &ArrayRef, column: &ColumnDef, text: Text<'_>) -> Result<ArrayRef, SqlError> {
    let array = assigned(array, &column.column_type.arrow(), text)?;
    if !column.nullable && array.null_count() > 0 {
        let redshift = format!("Cannot insert a NULL value into column {}", column.name);
        let athena = format!("CONSTRAINT_VIOLATION: NULL value not allowed for NOT NULL column: {}", column.name);
        return Err(text.error(SqlErrorKind::Execution, Location::empty(), &redshift, &athena));
    }
    match column.column_type {
        ColumnType::Varchar(Some(length)) => fitted(&array, length, "character varying", false, text),
        ColumnType::Char(length) => fitted(&array, length, "character", true, text),
        _ => Ok(array),
    }
}

/// Casts as an assignment does: text to any type, numbers rounded.
fn assigned(array: &ArrayRef, kind: &DataType, text: Text<'_>) -> Result<ArrayRef, SqlError> {
    if array.data_type() == kind {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |array: &ArrayRef, kind: &DataType| {
        text.check(
            cast_with_options(array, kind, &options)
                .map_err(|error| datafusion::common::DataFusionError::ArrowError(Box::new(error), None)),
        )
    };
    let whole = kind.is_integer();
    let array = match array.data_type() {
        // Arrow cuts off what is behind the point; SQL rounds.
        DataType::Decimal128(_, scale) if whole && *scale > 0 => cast(array, &DataType::Decimal128(38, 0))?,
        DataType::Float32 | DataType::Float64 if whole => {
            let doubles = cast(array, &DataType::Float64)?;
            Arc::new(doubles.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round_ties_even))
        }
        // Redshift takes days and times in more forms than Arrow.
        DataType::Utf8 if text.dialect == Dialect::Redshift && matches!(kind, DataType::Date32 | DataType::Timestamp(..)) => {
            let texts = array.as_string::<i32>().iter();
            Arc::new(texts.map(|text| text.map(dialect::moment)).collect::<StringArray>())
        }
        _ => Arc::clone(array),
    };
    cast(&array, kind)
}

/// Checks texts against a length in bytes, as Redshift counts. Blanks at the end that do not fit are cut off.
fn fitted(array: &ArrayRef, length: u32, kind: &str, padded: bool, text: Text<'_>) -> Result<ArrayRef, SqlError> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let texts: &StringArray = array.as_string();
    let longest = texts.value_offsets().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if !padded && usize::try_from(longest).unwrap_or(usize::MAX) <= length {
        return Ok(Arc::clone(array));
    }
    let mut fitted = Vec::with_capacity(texts.len());
    for value in texts {
        // A char keeps no blanks at its end: they do not count in comparisons.
        let value = value.map(|value| if padded { value.trim_end_matches(' ') } else { value });
        match value {
            Some(value) if value.len() > length => {
                let trimmed = value.trim_end_matches(' ');
                if trimmed.len() > length {
                    let redshift = format!("Value too long for character type\n  Detail: Value too long for type {kind}({length})");
                    let athena = format!("INVALID_CAST_ARGUMENT: Value '{trimmed}' is too long for varchar({length})");
                    return Err(text.error(SqlErrorKind::Execution, Location::empty(), &redshift, &athena));
                }
                // What is left out is blanks, which are one byte each.
                fitted.push(value.get(..length));
            }
            value => fitted.push(value),
        }
    }
    Ok(Arc::new(StringArray::from(fitted)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use datafusion::arrow::array::{Decimal128Array, Float64Array, Int32Array};

    const TEXT: Text<'_> = Text { dialect: Dialect::Redshift, sql: "" };

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn numbers_are_rounded_when_they_are_assigned_to_integers() {
        let doubles: ArrayRef = Arc::new(Float64Array::from(vec![2.5, 3.5, -1.6]));
        assert_eq!(assigned(&doubles, &DataType::Int32, TEXT).unwrap().as_ref(), &Int32Array::from(vec![2, 4, -2]));
        let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![1499, 1500]).with_precision_and_scale(6, 3).unwrap());
        assert_eq!(assigned(&decimals, &DataType::Int32, TEXT).unwrap().as_ref(), &Int32Array::from(vec![1, 2]));
    }

    #[test]
    fn texts_are_measured_in_bytes() {
        let column = ColumnDef::new("job", ColumnType::Varchar(Some(4)));
        assert!(stored(&texts(&[Some("abcd"), None, Some("abc     ")]), &column, TEXT).is_ok());
        let error = stored(&texts(&[Some("àéî")]), &column, TEXT).unwrap_err();
        assert!(error.message.starts_with("ERROR: Value too long for character type\n"), "{error}");
        let cut = stored(&texts(&[Some("abc     ")]), &column, TEXT).unwrap();
        assert_eq!(cut.as_string::<i32>().value(0), "abc ");
    }

    #[test]
    fn null_is_refused_where_it_may_not_be() {
        let column = ColumnDef { nullable: false, ..ColumnDef::new("job", ColumnType::Varchar(Some(4))) };
        let error = stored(&texts(&[None]), &column, TEXT).unwrap_err();
        assert_eq!(error.message, "ERROR: Cannot insert a NULL value into column job");
    }

    #[test]
    fn a_text_that_is_no_number_says_so() {
        let column = ColumnDef::new("age", ColumnType::Int4);
        let error = stored(&texts(&[Some("x")]), &column, TEXT).unwrap_err();
        assert_eq!(error.message, "ERROR: invalid input syntax for integer: \"x\"");
    }
}
