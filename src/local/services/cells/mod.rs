//! Cells of results as the services write them.
//!
//! [`normalise`] brings a batch to the few Arrow types that [`Cells`] reads; [`Cells`] gives each cell as text in the manner of a service.

mod nested;
mod text;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;

pub use text::{Cells, quote, quote_if_needed};

use crate::local::engine::{Dialect, dialect};

/// In whose manner cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Redshift: `2024-01-02 03:04:05.5`, floating point as PostgreSQL writes it.
    Redshift,
    /// Athena: `2024-01-02 03:04:05.500`, floating point as Java writes it.
    Athena,
}

/// The schema of normalised batches.
pub fn normal_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|field| Field::new(field.name(), normal_type(field.data_type()), true)).collect();
    Arc::new(Schema::new(fields))
}

fn normal_type(from: &DataType) -> DataType {
    match from {
        DataType::Boolean => DataType::Boolean,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            DataType::Int64
        }
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 | DataType::Float32 => DataType::Float32,
        DataType::Float64 => DataType::Float64,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Null => DataType::Null,
        DataType::Dictionary(_, values) => normal_type(values),
        DataType::RunEndEncoded(_, values) => normal_type(values.data_type()),
        // Texts of every layout, and what has no type of its own in a result: nested values, intervals, decimals of 256 bits.
        _ => DataType::Utf8,
    }
}

/// Brings a batch to the types of `schema`, which [`normal_schema`] gave. Nested values become texts in the manner of `style`.
pub fn normalise(batch: &RecordBatch, schema: &SchemaRef, style: Style) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| normal_column(column, field.data_type(), style))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &rows)
}

fn normal_column(column: &ArrayRef, to: &DataType, style: Style) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    if *to == DataType::Utf8 && nested::is_nested(column.data_type()) {
        return nested::as_text(column, style);
    }
    if matches!(column.data_type(), DataType::Interval(_)) {
        let dialect = match style {
            Style::Redshift => Dialect::Redshift,
            Style::Athena => Dialect::Athena,
        };
        return Ok(Arc::new(dialect::spans(dialect, column)?));
    }
    cast_with_options(column, to, &CastOptions { safe: false, ..CastOptions::default() })
}
