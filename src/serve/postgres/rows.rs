//! Rows of the engine as PostgreSQL's, each column as text or in binary, as the client asks.

use std::io;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use bytes::{BufMut as _, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{DataRow, FieldDescription, RowDescription};
use tokio_util::sync::CancellationToken;

use super::bind::format_of;
use super::failure::{Failure, Outcome};
use super::types::Oid;
use super::wire::Wire;
use super::{arrays, numeric, types};
use crate::local::engine::{self, InStream as _, OutputColumn, SqlError};
use crate::local::services::cells::{self, Cells, Style};

/// Days, and microseconds, from 1970 to 2000, where PostgreSQL's time begins.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH: i64 = 946_684_800_000_000;

/// Result columns in the formats that a client asks for.
pub(super) fn fields(columns: &[OutputColumn], formats: &[i16]) -> Outcome<Vec<FieldDescription>> {
    if formats.len() > 1 && formats.len() != columns.len() {
        let message = format!("bind message has {} result formats but query has {} columns", formats.len(), columns.len());
        return Err(Failure::new("08P01", message));
    }
    Ok(columns.iter().enumerate().map(|(index, column)| types::field(column, format_of(formats, index))).collect())
}

/// The message that tells of result columns.
pub(super) fn description(fields: Vec<FieldDescription>) -> PgWireBackendMessage {
    PgWireBackendMessage::RowDescription(RowDescription::new(fields))
}

/// The rows of a statement, read as far as the client has taken them.
pub(super) struct Rows {
    batches: BoxStream<'static, Outcome<RecordBatch>>,
    normal: SchemaRef,
    formats: Vec<i16>,
    /// Types of the items of those columns that are arrays.
    items: Vec<Option<Oid>>,
    /// What is encoded and not sent yet.
    waiting: std::vec::IntoIter<DataRow>,
    cancel: CancellationToken,
}

impl Rows {
    /// The rows of an outcome; `None` when it has none.
    pub fn of(outcome: engine::Outcome, formats: &[i16], cancel: CancellationToken) -> Outcome<Option<Self>> {
        let Some(rows) = outcome.rows else { return Ok(None) };
        let formats: Vec<i16> = fields(&outcome.columns, formats)?.into_iter().map(|field| field.format_code).collect();
        let items = outcome.columns.iter().map(|column| types::item_of(&column.sql_type.name)).collect();
        let normal = cells::normal_schema(&outcome.schema);
        let batches = rows.map_err(|error| Failure::from(SqlError::of_stream(error))).boxed();
        Ok(Some(Rows { batches, normal, formats, items, waiting: Vec::new().into_iter(), cancel }))
    }

    /// The next row; `None` at the end.
    pub async fn next(&mut self) -> Outcome<Option<DataRow>> {
        loop {
            if let Some(row) = self.waiting.next() {
                return Ok(Some(row));
            }
            let batch = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Failure::cancelled()),
                batch = self.batches.next() => batch,
            };
            let Some(batch) = batch else { return Ok(None) };
            let batch = batch?;
            let plain = cells::normalise(&batch, &self.normal, Style::Redshift).map_err(broken)?;
            self.waiting = encode(&batch, &plain, &self.formats, &self.items)?.into_iter();
        }
    }

    /// Sends rows, `most` of them or all; gives how many, and whether that was the end.
    pub async fn send(&mut self, wire: &mut Wire, most: Option<usize>) -> io::Result<Outcome<(usize, bool)>> {
        let mut sent = 0;
        while most.is_none_or(|most| sent < most) {
            match self.next().await {
                Ok(Some(row)) => wire.send(PgWireBackendMessage::DataRow(row)).await?,
                Ok(None) => return Ok(Ok((sent, true))),
                Err(failure) => return Ok(Err(failure)),
            }
            sent += 1;
        }
        Ok(Ok((sent, false)))
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new("XX000", error.to_string())
}

/// The rows of a batch; `plain` is the same batch in the types that cells are written from.
fn encode(batch: &RecordBatch, plain: &RecordBatch, formats: &[i16], items: &[Option<Oid>]) -> Outcome<Vec<DataRow>> {
    let cells = Cells::new(plain, Style::Redshift).map_err(broken)?;
    let count = i16::try_from(formats.len()).map_err(broken)?;
    let mut rows = Vec::with_capacity(batch.num_rows());
    let (mut text, mut bytes) = (String::new(), Vec::new());
    for row in 0..batch.num_rows() {
        let mut data = BytesMut::with_capacity(16 * formats.len());
        for (column, &format) in formats.iter().enumerate() {
            text.clear();
            bytes.clear();
            let array = batch.column(column).as_ref();
            if array.is_null(row) {
                data.put_i32(-1);
                continue;
            }
            let value = if let (1, Some(item), DataType::Utf8) = (format, items.get(column).copied().flatten(), array.data_type()) {
                arrays::encode(array.as_string::<i32>().value(row), item, &mut bytes);
                Some(bytes.as_slice())
            } else if format == 1 && binary(array, row, &mut bytes) {
                Some(bytes.as_slice())
            } else if cells.write(column, row, &mut text) {
                // PostgreSQL's truth is one letter.
                Some(if matches!(array.data_type(), DataType::Boolean) { &text.as_bytes()[..1] } else { text.as_bytes() })
            } else {
                None
            };
            match value {
                None => data.put_i32(-1),
                Some(value) => {
                    data.put_i32(i32::try_from(value.len()).map_err(broken)?);
                    data.put_slice(value);
                }
            }
        }
        rows.push(DataRow::new(data, count));
    }
    Ok(rows)
}

/// Writes a cell in binary; `false` when its type is the same in both formats, as texts are.
fn binary(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> bool {
    match array.data_type() {
        DataType::Boolean => out.push(u8::from(array.as_boolean().value(row))),
        DataType::Int8 => out.extend(i16::from(array.as_primitive::<Int8Type>().value(row)).to_be_bytes()),
        DataType::Int16 => out.extend(array.as_primitive::<Int16Type>().value(row).to_be_bytes()),
        DataType::Int32 => out.extend(array.as_primitive::<Int32Type>().value(row).to_be_bytes()),
        DataType::Int64 => out.extend(array.as_primitive::<Int64Type>().value(row).to_be_bytes()),
        DataType::Float32 => out.extend(array.as_primitive::<Float32Type>().value(row).to_be_bytes()),
        DataType::Float64 => out.extend(array.as_primitive::<Float64Type>().value(row).to_be_bytes()),
        DataType::Decimal128(_, scale) => {
            numeric::encode(array.as_primitive::<Decimal128Type>().value(row), scale.unsigned_abs(), out);
        }
        DataType::Date32 => out.extend((array.as_primitive::<Date32Type>().value(row) - EPOCH_DAYS).to_be_bytes()),
        DataType::Time64(_) => out.extend(array.as_primitive::<Time64MicrosecondType>().value(row).to_be_bytes()),
        DataType::Timestamp(..) => {
            out.extend((array.as_primitive::<TimestampMicrosecondType>().value(row) - EPOCH).to_be_bytes());
        }
        DataType::Interval(_) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            out.extend((interval.nanoseconds / 1000).to_be_bytes());
            out.extend(interval.days.to_be_bytes());
            out.extend(interval.months.to_be_bytes());
        }
        DataType::Binary => out.extend(array.as_binary::<i32>().value(row)),
        _ => return false,
    }
    true
}
