//! What a query gives: columns with the types and origins that the services report, and batches in one Arrow type a column type.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, TableReference};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::catalog::{ColumnDef, TableName};
use super::error::Text;
use super::types::ColumnType;
use super::{Dialect, OutputColumn, SqlError, SqlType, dialect};
use crate::local::engine::InStream as _;

/// A plan, with the full names of the relations that it reads by the parts of the names as written.
pub struct TracedPlan {
    /// The plan.
    pub plan: LogicalPlan,
    /// Full names by written parts.
    pub origins: BTreeMap<Vec<String>, TableName>,
}

impl TracedPlan {
    /// The table and column that an output column is, when it is a plain column of one.
    pub fn origin(&self, index: usize) -> Option<(&TableName, String)> {
        let (qualifier, field) = self.plan.schema().qualified_field(index);
        let column = Column::new(qualifier.cloned(), field.name());
        let (table, column) = self.trace(&self.plan, &column)?;
        Some((self.origins.get(&parts(&table))?, column))
    }

    /// Follows a column down a plan to the scan or the view that it comes from.
    fn trace(&self, plan: &LogicalPlan, column: &Column) -> Option<(TableReference, String)> {
        match plan {
            LogicalPlan::TableScan(scan) => Some((scan.table_name.clone(), column.name.clone())),
            LogicalPlan::Projection(projection) => {
                let index = projection.schema.maybe_index_of_column(column)?;
                self.trace(&projection.input, plain_column(projection.expr.get(index)?)?)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                // A view shows as itself, not as what it reads.
                if self.origins.contains_key(&parts(&alias.alias)) && !matches!(*alias.input, LogicalPlan::TableScan(_)) {
                    return Some((alias.alias.clone(), column.name.clone()));
                }
                let index = alias.schema.maybe_index_of_column(column)?;
                let (qualifier, field) = alias.input.schema().qualified_field(index);
                self.trace(&alias.input, &Column::new(qualifier.cloned(), field.name()))
            }
            LogicalPlan::Aggregate(aggregate) => {
                let index = aggregate.schema.maybe_index_of_column(column)?;
                self.trace(&aggregate.input, plain_column(aggregate.group_expr.get(index)?)?)
            }
            LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Join(_) => plan
                .inputs()
                .into_iter()
                .find(|input| input.schema().maybe_index_of_column(column).is_some())
                .and_then(|input| self.trace(input, column)),
            _ => None,
        }
    }

    /// The columns as the service reports them. `definition` gives the declared columns of a relation.
    pub fn columns(&self, dialect: Dialect, definition: &dyn Fn(&TableName) -> Option<Vec<ColumnDef>>) -> Vec<OutputColumn> {
        let fields = self.plan.schema().fields();
        fields
            .iter()
            .enumerate()
            .map(|(index, field)| OutputColumn {
                label: dialect::label(field.name()).to_owned(),
                sql_type: match dialect::semistructured::array(field) {
                    Some(name) => SqlType { name: name.to_owned(), precision: 0, scale: 0 },
                    None => self.column_type(index, dialect, definition).sql_type(dialect),
                },
                nullable: field.is_nullable(),
                origin: self.origin(index).map(|(table, _)| (table.schema.clone(), table.table.clone())),
            })
            .collect()
    }

    /// The type of an output column: as declared when it is a plain column of a relation, else as computed.
    pub fn column_type(&self, index: usize, dialect: Dialect, definition: &dyn Fn(&TableName) -> Option<Vec<ColumnDef>>) -> ColumnType {
        if dialect::semistructured::marked(self.plan.schema().field(index)) {
            return ColumnType::Super;
        }
        let arrow = self.plan.schema().field(index).data_type();
        let declared = self
            .origin(index)
            .and_then(|(table, column)| definition(table)?.into_iter().find(|known| known.name == column).map(|known| known.column_type));
        // A declaration that does not hold what was computed is that of a view whose tables have changed since.
        declared.filter(|kind| canonical(arrow) == kind.arrow()).unwrap_or_else(|| ColumnType::of_arrow(dialect, arrow))
    }
}

/// The parts of a reference, as they were written.
fn parts(reference: &TableReference) -> Vec<String> {
    match reference {
        TableReference::Bare { table } => vec![table.to_string()],
        TableReference::Partial { schema, table } => vec![schema.to_string(), table.to_string()],
        TableReference::Full { catalog, schema, table } => vec![catalog.to_string(), schema.to_string(), table.to_string()],
    }
}

fn plain_column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain_column(&alias.expr),
        _ => None,
    }
}

/// The Arrow type in which results of a type leave the engine.
pub fn canonical(kind: &DataType) -> DataType {
    use datafusion::arrow::datatypes::TimeUnit;
    match kind {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Interval(_) => DataType::Interval(datafusion::arrow::datatypes::IntervalUnit::MonthDayNano),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        DataType::Decimal256(precision, scale) => DataType::Decimal128((*precision).min(38), *scale),
        DataType::Dictionary(_, value) => canonical(value),
        DataType::Null => DataType::Utf8,
        other => other.clone(),
    }
}

/// The schema in which results leave the engine.
pub fn canonical_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> =
        schema.fields().iter().map(|field| Field::new(field.name(), canonical(field.data_type()), field.is_nullable())).collect();
    Arc::new(Schema::new(fields))
}

/// A stream whose errors are in the service's words.
pub fn worded(stream: SendableRecordBatchStream, dialect: Dialect, sql: &str) -> SendableRecordBatchStream {
    let (schema, sql) = (stream.schema(), sql.to_owned());
    let stream = stream.map(move |batch| batch.map_err(|error| Text::new(dialect, &sql).datafusion(&error).into_stream()));
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// A stream in the types of [`canonical_schema`].
pub fn canonical_stream(stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = canonical_schema(&stream.schema());
    if stream.schema().fields().iter().zip(schema.fields()).all(|(have, want)| have.data_type() == want.data_type()) {
        return stream;
    }
    let wanted = Arc::clone(&schema);
    let stream = stream.map(move |batch| {
        let batch = batch?;
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let columns: Result<Vec<ArrayRef>, _> = batch
            .columns()
            .iter()
            .zip(wanted.fields())
            .map(|(column, field)| cast_with_options(column, field.data_type(), &options))
            .collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&wanted), columns?, &rows)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// A stream whose moments are shown in a zone.
pub fn in_zone(stream: SendableRecordBatchStream, zone: &str) -> SendableRecordBatchStream {
    let field = |field: &Field| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => field.clone().with_data_type(DataType::Timestamp(*unit, Some(zone.into()))),
        _ => field.clone(),
    };
    let schema: SchemaRef = Arc::new(Schema::new(stream.schema().fields().iter().map(|known| field(known)).collect::<Vec<_>>()));
    if schema == stream.schema() {
        return stream;
    }
    let wanted = Arc::clone(&schema);
    let stream = stream.map(move |batch| {
        let batch = batch?;
        let cast = |(column, field): (&ArrayRef, &Arc<Field>)| cast_with_options(column, field.data_type(), &CastOptions::default());
        let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().zip(wanted.fields()).map(cast).collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&wanted), columns?, &rows)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// A result that is already in memory.
pub fn rows_in_memory(schema: SchemaRef, rows: RecordBatch) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter([Ok(rows)])))
}

/// Reads a stream to its end.
pub async fn collect(mut stream: SendableRecordBatchStream) -> Result<Vec<RecordBatch>, SqlError> {
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.map_err(SqlError::of_stream)?);
    }
    Ok(batches)
}
