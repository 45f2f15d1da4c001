//! How DataFusion reads our tables: one provider and one plan node over anything that can stream projected batches in a fixed order.
//!
//! A scan is one partition. The same data then gives the same rows in the same order, and sums of floating-point columns the same last
//! digit, whatever else the machine does.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, DataFusionError, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, ReplaceChildrenOptions};
use futures::StreamExt;

use super::catalog::{ColumnDef, TableName};
use super::parse::DistStyle;

/// Rows of a batch, DataFusion's own default.
pub const BATCH_ROWS: usize = 8192;

/// What a source is, as a plan tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Its full name.
    pub name: TableName,
    /// Its columns as they are declared, in the order of [`Source::schema`].
    pub columns: Vec<ColumnDef>,
    /// Where its rows are.
    pub place: Place,
}

/// Where the rows of a source are.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// On the slices of the warehouse.
    Warehouse {
        /// `DISTSTYLE`, when it is written.
        style: Option<DistStyle>,
        /// `DISTKEY`.
        key: Option<String>,
        /// `SORTKEY`.
        sort_key: Vec<String>,
    },
    /// In objects of S3.
    Lake {
        /// `s3://…/`.
        location: String,
        /// `TEXT`, `JSON`, `PARQUET`.
        format: &'static str,
        /// Names of the partition columns.
        partitions: Vec<String>,
    },
}

/// Something that can be read from the start to the end, in the same order each time.
pub trait Source: Debug + Send + Sync + 'static {
    /// What it is.
    fn about(&self) -> About;

    /// All columns.
    fn schema(&self) -> SchemaRef;

    /// Number of rows and size in bytes, where they are known.
    fn size(&self) -> (Precision<usize>, Precision<usize>);

    /// The columns by which a part of it can be passed over.
    fn prunable(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is left of it for rows that fulfil all of `filters`, which are about the columns of [`Source::prunable`] only; `None` when
    /// it is all of it.
    fn pruned(&self, filters: &[Expr], session: &dyn Session) -> Result<Option<Arc<dyn Source>>> {
        let _ = (filters, session);
        Ok(None)
    }

    /// Reads the columns of `projection` (positions in [`Source::schema`]), at least the first `limit` rows.
    fn open(&self, projection: &[usize], limit: Option<usize>) -> Result<SendableRecordBatchStream>;
}

/// A table over a [`Source`].
#[derive(Debug)]
pub struct ScanTable {
    source: Arc<dyn Source>,
    schema: SchemaRef,
}

impl ScanTable {
    /// What it reads.
    pub fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// A table that reads `source`.
    pub fn over(source: impl Source) -> Arc<dyn TableProvider> {
        let schema = source.schema();
        Arc::new(ScanTable { source: Arc::new(source), schema })
    }
}

#[async_trait]
impl TableProvider for ScanTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let (num_rows, total_byte_size) = self.source.size();
        let column_statistics = vec![ColumnStatistics::new_unknown(); self.schema.fields().len()];
        Some(Statistics { num_rows, total_byte_size, column_statistics })
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let source = self.source.pruned(filters, state)?.unwrap_or_else(|| Arc::clone(&self.source));
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&projection)?);
        Ok(Arc::new(ScanExec::new(source, projection, schema, limit)))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let prunable = self.source.prunable();
        let about_them = |filter: &&Expr| {
            let columns = filter.column_refs();
            !columns.is_empty() && columns.iter().all(|column| prunable.contains(&column.name)) && !filter.is_volatile()
        };
        // The filter stays where it is; it is told to the scan so that it reads less.
        let answer = |filter: &&Expr| {
            if about_them(filter) { TableProviderFilterPushDown::Inexact } else { TableProviderFilterPushDown::Unsupported }
        };
        Ok(filters.iter().map(answer).collect())
    }
}

/// Reads a [`Source`].
pub struct ScanExec {
    source: Arc<dyn Source>,
    projection: Vec<usize>,
    schema: Arc<Schema>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    /// What it reads.
    pub fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    fn new(source: Arc<dyn Source>, projection: Vec<usize>, schema: SchemaRef, limit: Option<usize>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        ScanExec { source, projection, schema, limit, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl Debug for ScanExec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanExec").field("source", &self.source).field("projection", &self.projection).finish_non_exhaustive()
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "Scan: {}, columns=[{}]", self.source.about().name, columns.join(", "))?;
        self.limit.map_or(Ok(()), |limit| write!(f, ", limit={limit}"))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "Scan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { Err(DataFusionError::Internal("a scan has no children".into())) }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { Err(DataFusionError::Internal("a scan has no children".into())) }
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.source.open(&self.projection, self.limit)?;
        let (schema, measured) = (rows.schema(), BaselineMetrics::new(&self.metrics, partition));
        let rows = rows.inspect(move |batch| {
            if let Ok(batch) = batch {
                measured.record_output(batch.num_rows());
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn partition_statistics(&self, _partition: Option<usize>) -> Result<Arc<Statistics>> {
        let (num_rows, total_byte_size) = self.source.size();
        let num_rows = match self.limit {
            Some(limit) => num_rows.min(&Precision::Exact(limit)).to_inexact(),
            None => num_rows,
        };
        let column_statistics = vec![ColumnStatistics::new_unknown(); self.schema.fields().len()];
        Ok(Arc::new(Statistics { num_rows, total_byte_size, column_statistics }))
    }
}
