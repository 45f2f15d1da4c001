//! INSERT, UPDATE and DELETE.
//!
//! UPDATE and DELETE find their rows with an ordinary query over the table and its row numbers, so that every condition that a SELECT
//! takes works the same, and then write the files anew that have such rows. DataFusion's own UPDATE and DELETE are not used: they lose
//! conditions, and change rows while they only explain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{
    self, Assignment, AssignmentTarget, Delete, Expr, FromTable, Ident, Insert, ObjectName, Query, Select, SelectItem, SetExpr, TableAlias,
    TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};
use datafusion::sql::sqlparser::tokenizer::Location;
use futures::StreamExt;
use parking_lot::Mutex;

use super::append::CancelOnDrop;
use super::catalog::{DataFile, Relation, TableDef, TableName};
use super::parse::{self, Name, Statement};
use super::scan::Source;
use super::table::{FileWriter, ROW_ID, WarehouseTable, schema_of};
use super::types::ColumnType;
use super::work::{TARGET, Work};
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind, error};
use crate::local::engine::InStream as _;

/// `INSERT INTO table [(columns)] VALUES … | SELECT …`.
pub async fn insert(work: &mut Work<'_>, insert: Insert) -> Result<Outcome, SqlError> {
    // Writes wait for each other before they read, so that no two read the same state and both change it.
    work.catalog_mut().await?;
    let (table_name, columns, source) = insert_query(work, insert)?;
    let rows = work.query(source).await?;
    let columns = (!columns.is_empty()).then_some(columns);
    let count = work.append(&table_name, columns.as_deref(), rows).await?;
    Ok(Outcome::done(StatementKind::Dml, Some(count)))
}

/// The rows of an INSERT: its table, the columns that they are for (empty for all), and the query that gives them.
fn insert_query(work: &Work<'_>, insert: Insert) -> Result<(TableName, Vec<String>, Query), SqlError> {
    let TableObject::TableName(name) = &insert.table else { return Err(work.text().unsupported("INSERT INTO something but a table")) };
    if insert.on.is_some() || insert.returning.is_some() || insert.overwrite {
        return Err(work.text().unsupported("this form of INSERT"));
    }
    let (table_name, table) = changeable(work, &parse::object_name(name))?;
    let mut columns: Vec<String> = insert.columns.iter().map(|column| parse::object_name(column).last().to_owned()).collect();
    let mut source = match insert.source {
        Some(source) => source,
        // DEFAULT VALUES: one row, with the default of each column.
        None => {
            columns = table.columns.iter().filter(|column| !numbered(&table, &column.name)).map(|column| column.name.clone()).collect();
            let defaults = vec!["DEFAULT"; columns.len()].join(", ");
            if columns.is_empty() {
                return Err(work.text().unsupported("INSERT DEFAULT VALUES into a table of IDENTITY columns only"));
            }
            let written = parse::parse(work.dialect(), &format!("INSERT INTO t VALUES ({defaults})"), &[])?;
            let Statement::Sql(statement) = written else { return Err(error::internal("a row of defaults is not an INSERT")) };
            match *statement {
                ast::Statement::Insert(Insert { source: Some(source), .. }) => source,
                _ => return Err(error::internal("a row of defaults has no rows")),
            }
        }
    };
    if let SetExpr::Values(values) = source.body.as_mut() {
        if columns.is_empty() {
            let width = values.rows.iter().map(|row| row.content.len()).max().unwrap_or(0);
            columns = table.columns.iter().take(width).map(|column| column.name.clone()).collect();
            if width > table.columns.len() {
                return Err(work.plain("INSERT has more expressions than target columns"));
            }
        }
        // A column whose next number is asked for in every row is not given.
        let given = |index: usize| values.rows.iter().any(|row| row.content.get(index).is_none_or(|value| !is_default(value)));
        let left: Vec<bool> = columns.iter().enumerate().map(|(index, column)| !numbered(&table, column) || given(index)).collect();
        if left.contains(&false) && left.contains(&true) {
            let mut keep = left.iter();
            columns.retain(|_| *keep.next().unwrap_or(&true));
            for row in &mut values.rows {
                let mut keep = left.iter();
                row.content.retain(|_| *keep.next().unwrap_or(&true));
            }
        }
        for row in &mut values.rows {
            for (value, column) in row.content.iter_mut().zip(&columns) {
                fill_default(value, column, &table, work.dialect())?;
                let kind = table.position(column).map(|index| &table.columns[index].column_type);
                if let Some(data_type) = kind.and_then(typed_in_rows) {
                    let expr = Box::new(std::mem::replace(value, Expr::value(ast::Value::Null)));
                    *value = Expr::Cast { kind: ast::CastKind::Cast, expr, data_type, array: false, format: None };
                }
            }
        }
    }
    let all: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let given: Vec<&str> = if columns.is_empty() { all } else { columns.iter().map(String::as_str).collect() };
    let set = given.iter().find(|column| {
        let attributes = table.attributes.columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(column));
        attributes.is_some_and(|(_, attributes)| attributes.identity.is_some() && !attributes.by_default)
    });
    if let Some(column) = set {
        let message = format!("cannot set an identity column to a value\n  Detail: column \"{column}\" is an IDENTITY column.");
        return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
    }
    Ok((table_name, columns, *source))
}

/// The type that the values of a column are given before they become rows. Rows of VALUES have one type in a column, and a text in one of them
/// (`'t'`, a date) or no SUPER (NULL, a number) would have another than the rest.
fn typed_in_rows(column: &ColumnType) -> Option<ast::DataType> {
    Some(match column {
        ColumnType::Boolean => ast::DataType::Boolean,
        ColumnType::Super => ast::DataType::Custom(ObjectName::from(vec![Ident::new("super")]), Vec::new()),
        ColumnType::Date => ast::DataType::Date,
        ColumnType::Timestamp => ast::DataType::Timestamp(None, ast::TimezoneInfo::None),
        ColumnType::TimestampTz => ast::DataType::Timestamp(None, ast::TimezoneInfo::WithTimeZone),
        _ => return None,
    })
}

/// Whether a column numbers its rows.
fn numbered(table: &TableDef, column: &str) -> bool {
    table.attributes.columns.iter().any(|(known, attributes)| known.eq_ignore_ascii_case(column) && attributes.identity.is_some())
}

/// Whether `DEFAULT` is written for a value.
fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

/// The rows of an INSERT, to explain them.
pub fn insert_source(work: &Work<'_>, insert: Insert) -> Result<(TableName, Query), SqlError> {
    let (name, _, query) = insert_query(work, insert)?;
    Ok((name, query))
}

/// Puts the default of a column where `DEFAULT` is written.
pub fn fill_default(value: &mut Expr, column: &str, table: &TableDef, dialect: Dialect) -> Result<(), SqlError> {
    if is_default(value) {
        let default = table.position(column).and_then(|index| table.columns[index].default.clone());
        *value = expression(dialect, default.as_deref().unwrap_or("NULL"))?;
    }
    Ok(())
}

/// `DELETE FROM table [USING …] [WHERE …]`.
pub async fn delete(work: &mut Work<'_>, delete: Delete) -> Result<Outcome, SqlError> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let [target] = from.as_slice() else { return Err(work.text().unsupported("DELETE from several tables")) };
    if delete.selection.is_none() && delete.using.is_none() && target.joins.is_empty() {
        work.catalog_mut().await?;
        let (name, table, _) = target_table(work, &target.relation)?;
        let count = table.rows();
        let emptied = TableDef { files: Vec::new(), ..TableDef::clone(&table) };
        work.transaction.put(&name, Relation::Table(Arc::new(emptied))).await?;
        return Ok(Outcome::done(StatementKind::Dml, Some(count)));
    }
    work.catalog_mut().await?;
    let (name, table, query) = delete_query(work, delete)?;
    let (state, traced) = work.planned(query, Some((&name, &table))).await?;
    let mut rows = work.run(&state, &traced.plan).await?;
    let mut matched = RowSet::new(table.rows());
    while let Some(batch) = rows.next().await {
        matched.take(&batch.map_err(SqlError::of_stream)?)?;
    }
    let files = without(work, &name, &table, &matched).await?;
    let remaining = TableDef { files, ..TableDef::clone(&table) };
    work.transaction.put(&name, Relation::Table(Arc::new(remaining))).await?;
    Ok(Outcome::done(StatementKind::Dml, Some(matched.count)))
}

/// The query for the numbers of the rows that a DELETE takes away.
pub fn delete_query(work: &Work<'_>, delete: Delete) -> Result<(TableName, Arc<TableDef>, Query), SqlError> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let [target] = from.as_slice() else { return Err(work.text().unsupported("DELETE from several tables")) };
    if delete.returning.is_some() || delete.limit.is_some() || !delete.order_by.is_empty() || !target.joins.is_empty() {
        return Err(work.text().unsupported("this form of DELETE"));
    }
    let (name, table, factor) = target_table(work, &target.relation)?;
    let query = matching(work.dialect(), vec![plain_item(ROW_ID)], factor, delete.using.unwrap_or_default(), delete.selection)?;
    Ok((name, table, query))
}

/// `UPDATE table SET … [FROM …] [WHERE …]`. A row that several rows of `FROM` match takes its values from the first.
pub async fn update(work: &mut Work<'_>, update: Update) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (name, table, query) = update_query(work, update)?;
    let (state, traced) = work.planned(query, Some((&name, &table))).await?;
    let rows = work.run(&state, &traced.plan).await?;
    let matched = Arc::new(Mutex::new(RowSet::new(table.rows())));
    work.append(&name, None, first_matches(rows, Arc::clone(&matched))).await?;
    let matched = std::mem::take(&mut *matched.lock());
    // The new rows are in the last file; the old ones leave the files before it.
    let grown = work.table(&name)?;
    let mut files = without(work, &name, &table, &matched).await?;
    files.extend(grown.files.iter().skip(table.files.len()).cloned());
    let updated = TableDef { files, ..TableDef::clone(&table) };
    work.transaction.put(&name, Relation::Table(Arc::new(updated))).await?;
    Ok(Outcome::done(StatementKind::Dml, Some(matched.count)))
}

/// The query for the numbers and the new values of the rows that an UPDATE changes.
pub fn update_query(work: &Work<'_>, update: Update) -> Result<(TableName, Arc<TableDef>, Query), SqlError> {
    if update.returning.is_some() || update.limit.is_some() || !update.order_by.is_empty() || !update.table.joins.is_empty() {
        return Err(work.text().unsupported("this form of UPDATE"));
    }
    let (name, table, factor) = target_table(work, &update.table.relation)?;
    let mut items = vec![plain_item(ROW_ID)];
    items.extend(new_values(work, &table, &factor, update.assignments)?);
    let from = match update.from {
        Some(UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables)) => tables,
        None => Vec::new(),
    };
    let query = matching(work.dialect(), items, factor, from, update.selection)?;
    Ok((name, table, query))
}

/// The values of each column of a table after some were assigned, as items of a query over `target`.
pub fn new_values(work: &Work<'_>, table: &TableDef, target: &TableFactor, written: Vec<Assignment>) -> Result<Vec<SelectItem>, SqlError> {
    let assignments = assignments(work, table, written)?;
    let TableFactor::Table { alias: Some(alias), .. } = target else { return Err(error::internal("the target of a change has no name")) };
    let items = table.columns.iter().zip(assignments).enumerate().map(|(index, (column, assigned))| {
        let expr = assigned.unwrap_or_else(|| Expr::CompoundIdentifier(vec![alias.name.clone(), Ident::with_quote('"', &column.name)]));
        SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', format!("__new{index}")) }
    });
    Ok(items.collect())
}

/// The table that a statement changes; only the warehouse's own can be changed.
fn changeable(work: &Work<'_>, name: &Name) -> Result<(TableName, Arc<TableDef>), SqlError> {
    if work.dialect() == Dialect::Athena {
        let message = "Modifying Hive table rows is only supported for transactional tables";
        return Err(work.text().error(SqlErrorKind::Unsupported, name.span.start, message, &format!("NOT_SUPPORTED: {message}")));
    }
    work.writable_table(name)
}

/// The target of UPDATE or DELETE, and the table factor that stands for it with its row numbers.
pub fn target_table(work: &Work<'_>, relation: &TableFactor) -> Result<(TableName, Arc<TableDef>, TableFactor), SqlError> {
    let mut factor = relation.clone();
    let TableFactor::Table { name, alias, .. } = &mut factor else {
        return Err(work.text().unsupported("changing something but a table"));
    };
    let written = parse::object_name(name);
    let (full, table) = changeable(work, &written)?;
    if alias.is_none() {
        let label = Ident::with_quote('"', written.last());
        *alias = Some(TableAlias { explicit: true, name: label, columns: Vec::new(), at: None });
    }
    *name = ObjectName::from(Ident::with_quote('"', TARGET));
    Ok((full, table, factor))
}

/// The query for the rows that a statement changes.
pub fn matching(
    dialect: Dialect,
    projection: Vec<SelectItem>,
    target: TableFactor,
    others: Vec<TableWithJoins>,
    selection: Option<Expr>,
) -> Result<Query, SqlError> {
    let mut query = query(dialect, "SELECT 1")?;
    let SetExpr::Select(select) = query.body.as_mut() else { return Err(error::internal("SELECT 1 is not a SELECT")) };
    let select: &mut Select = select;
    select.projection = projection;
    select.from = std::iter::once(TableWithJoins { relation: target, joins: Vec::new() }).chain(others).collect();
    select.selection = selection;
    Ok(query)
}

/// Reads a query that this module has written.
pub fn query(dialect: Dialect, sql: &str) -> Result<Query, SqlError> {
    match parse::parse(dialect, sql, &[])? {
        Statement::Sql(statement) => match *statement {
            ast::Statement::Query(query) => Ok(*query),
            other => Err(error::internal(format!("{other} is not a query"))),
        },
        _ => Err(error::internal(format!("{sql} is not a query"))),
    }
}

/// Reads an expression.
fn expression(dialect: Dialect, sql: &str) -> Result<Expr, SqlError> {
    if let SetExpr::Select(select) = *query(dialect, &format!("SELECT {sql}"))?.body
        && let Some(SelectItem::UnnamedExpr(expr)) = select.projection.into_iter().next()
    {
        return Ok(expr);
    }
    Err(error::internal(format!("{sql} is not an expression")))
}

/// A column as an item of a query.
pub fn plain_item(column: &str) -> SelectItem {
    SelectItem::UnnamedExpr(Expr::Identifier(Ident::with_quote('"', column)))
}

/// The new value of each column of a table, `None` for one that stays.
fn assignments(work: &Work<'_>, table: &TableDef, written: Vec<Assignment>) -> Result<Vec<Option<Expr>>, SqlError> {
    let mut values: Vec<Option<Expr>> = vec![None; table.columns.len()];
    for Assignment { target, mut value } in written {
        let AssignmentTarget::ColumnName(column) = target else {
            return Err(work.text().unsupported("assigning to several columns at once"));
        };
        let column = parse::object_name(&column);
        let Some(index) = table.position(column.last()) else {
            return Err(error::no_column(work.text(), column.last(), column.span.start));
        };
        if values[index].is_some() {
            let redshift = format!("multiple assignments to same column \"{}\"", column.last());
            return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &redshift, &redshift));
        }
        fill_default(&mut value, column.last(), table, work.dialect())?;
        values[index] = Some(value);
    }
    Ok(values)
}

/// The rows of a table that a statement matched, by number.
#[derive(Default)]
pub struct RowSet {
    rows: Vec<bool>,
    /// How many rows there are.
    pub count: u64,
}

impl RowSet {
    /// None of so many rows.
    pub fn new(rows: u64) -> Self {
        RowSet { rows: vec![false; usize::try_from(rows).unwrap_or(usize::MAX)], count: 0 }
    }

    /// Adds the rows whose numbers are in the first column; says which of them are new.
    pub fn take(&mut self, batch: &RecordBatch) -> Result<BooleanArray, SqlError> {
        let numbers = batch.column(0).as_primitive_opt::<Int64Type>();
        let numbers = numbers.ok_or_else(|| error::internal("row numbers are not numbers"))?;
        let mut new = Vec::with_capacity(numbers.len());
        for number in numbers.values() {
            let row = usize::try_from(*number).ok().and_then(|row| self.rows.get_mut(row));
            let row = row.ok_or_else(|| error::internal("a row number is outside its table"))?;
            new.push(!*row);
            self.count += u64::from(!*row);
            *row = true;
        }
        Ok(BooleanArray::from(new))
    }
}

/// The rows of a stream without their numbers, each number only once.
fn first_matches(rows: SendableRecordBatchStream, matched: Arc<Mutex<RowSet>>) -> SendableRecordBatchStream {
    let wanted: Vec<usize> = (1..rows.schema().fields().len()).collect();
    let columns: Vec<_> = rows.schema().fields().iter().skip(1).cloned().collect();
    let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(columns));
    let stream = rows.map(move |batch| {
        let batch = batch?;
        let new = matched.lock().take(&batch).map_err(SqlError::into_stream)?;
        let values = batch.project(&wanted).map_err(DataFusionError::from)?;
        filter_record_batch(&values, &new).map_err(DataFusionError::from)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// The files of a table without some of its rows: those without such a row stay, the others are written anew.
pub async fn without(work: &mut Work<'_>, name: &TableName, table: &TableDef, gone: &RowSet) -> Result<Vec<DataFile>, SqlError> {
    let mut kept = Vec::with_capacity(table.files.len());
    let mut start = 0_usize;
    for file in &table.files {
        let end = start + usize::try_from(file.rows).unwrap_or(usize::MAX);
        let rows = gone.rows.get(start..end).unwrap_or_default();
        start = end;
        if !rows.contains(&true) {
            kept.push(file.clone());
        } else if rows.contains(&false) {
            kept.push(rewrite(work, name, table, file, rows.to_vec()).await?);
        }
    }
    Ok(kept)
}

/// Writes a file anew without the rows that are `gone`.
async fn rewrite(work: &mut Work<'_>, name: &TableName, table: &TableDef, file: &DataFile, gone: Vec<bool>) -> Result<DataFile, SqlError> {
    let one = TableDef { columns: table.columns.clone(), files: vec![file.clone()], ..TableDef::default() };
    let source = WarehouseTable::new(work.engine, name, &one, false);
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let mut rows = work.text().check(source.open(&all, None))?;
    let (new_name, path) = work.engine.files().create();
    work.transaction.wrote(new_name.clone());
    let mut writer = FileWriter::create(new_name, path, schema_of(&table.columns))?;
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<RecordBatch>(3);
    let engine = work.engine.clone();
    let cancelled = Arc::new(AtomicBool::new(false));
    let _guard = CancelOnDrop(Arc::clone(&cancelled));
    let written = tokio::task::spawn_blocking(move || {
        while let Some(batch) = receiver.blocking_recv() {
            writer.write(&batch)?;
        }
        if cancelled.load(Ordering::Relaxed) {
            return Err(SqlError::new(SqlErrorKind::Cancelled, "ERROR: the statement was cancelled"));
        }
        writer.finish(engine.cache())
    });
    let mut start = 0;
    while let Some(batch) = rows.next().await {
        let batch = work.text().check(batch)?;
        let end = start + batch.num_rows();
        let stays: BooleanArray = gone.get(start..end).unwrap_or_default().iter().map(|gone| Some(!gone)).collect();
        start = end;
        let batch = filter_record_batch(&batch, &stays).map_err(error::internal)?;
        if sender.send(batch).await.is_err() {
            break;
        }
    }
    drop(sender);
    written.await.map_err(error::internal)?
}
