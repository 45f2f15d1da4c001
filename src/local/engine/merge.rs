//! `MERGE`: the rows of a source change, delete or extend those of a table, in one statement.
//!
//! Two ordinary queries over the table as it was find what to do: the rows that match, with their numbers and new values, and the rows of
//! the source that match nothing.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{
    self, Expr, Ident, Join, JoinConstraint, JoinOperator, Merge, MergeAction, MergeClauseKind, MergeInsertKind, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::tokenizer::Location;
use futures::StreamExt;
use parking_lot::Mutex;

use super::catalog::{Relation, TableDef, TableName};
use super::dml::{self, RowSet};
use super::parse;
use super::table::ROW_ID;
use super::work::Work;
use super::{Outcome, SqlError, SqlErrorKind, StatementKind, error};
use crate::local::engine::InStream as _;

/// What happens to rows that match.
enum Matched {
    Update(Vec<ast::Assignment>),
    Delete,
}

/// What becomes of rows of the source that match nothing: columns and their values.
struct NotMatched {
    columns: Vec<String>,
    values: Vec<Expr>,
}

/// `MERGE INTO table USING source ON condition …`. Gives the rows that were changed, deleted and inserted.
pub async fn merge(work: &mut Work<'_>, merge: Merge, remove_duplicates: bool) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    if merge.output.is_some() {
        return Err(work.text().unsupported("MERGE with OUTPUT"));
    }
    let (name, table, target) = dml::target_table(work, &merge.table)?;
    refuse_itself(work, &name, &merge.source)?;
    let (matched, not_matched) = if remove_duplicates { (Matched::Delete, None) } else { clauses(work, &table, merge.clauses)? };

    // Rows that match: an inner join of the table, with its row numbers, and the source.
    let mut items = vec![dml::plain_item(ROW_ID)];
    if let Matched::Update(assignments) = &matched {
        items.extend(dml::new_values(work, &table, &target, assignments.clone())?);
    }
    let source = TableWithJoins { relation: merge.source.clone(), joins: Vec::new() };
    let query = dml::matching(work.dialect(), items, target.clone(), vec![source], Some((*merge.on).clone()))?;
    let (state, traced) = work.planned(query, Some((&name, &table))).await?;
    let rows = work.run(&state, &traced.plan).await?;
    let found = Arc::new(Mutex::new(RowSet::new(table.rows())));
    if matches!(matched, Matched::Update(_)) {
        work.append(&name, None, only_once(rows, Arc::clone(&found))).await?;
    } else {
        let mut rows = only_once(rows, Arc::clone(&found));
        while let Some(batch) = rows.next().await {
            batch.map_err(SqlError::of_stream)?;
        }
    }

    // Rows of the source that match nothing, or all of them where they take the place of what they match.
    let inserted = if remove_duplicates {
        let query = source_rows(work, merge.source, None)?;
        Some((None, query))
    } else {
        match not_matched {
            None => None,
            Some(NotMatched { columns, values }) => {
                let mut query = source_rows(work, merge.source, Some((target, *merge.on)))?;
                if let SetExpr::Select(select) = query.body.as_mut() {
                    let alias = |index: usize| Ident::with_quote('"', format!("__new{index}"));
                    let named = |(index, expr)| SelectItem::ExprWithAlias { expr, alias: alias(index) };
                    select.projection = values.into_iter().enumerate().map(named).collect();
                }
                Some((Some(columns), query))
            }
        }
    };
    let mut count = found.lock().count;
    if let Some((columns, query)) = inserted {
        let (state, traced) = work.planned(query, Some((&name, &table))).await?;
        if columns.is_none() && traced.plan.schema().fields().len() != table.columns.len() {
            let message = "MERGE with REMOVE DUPLICATES needs a source with as many columns as the target";
            return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), message, message));
        }
        let rows = work.run(&state, &traced.plan).await?;
        count += work.append(&name, columns.as_deref(), rows).await?;
    }

    // New rows are in the files behind those that the table had; the old ones leave theirs.
    let grown = work.table(&name)?;
    let gone = std::mem::take(&mut *found.lock());
    let mut files = dml::without(work, &name, &table, &gone).await?;
    files.extend(grown.files.iter().skip(table.files.len()).cloned());
    let merged = TableDef { files, numbered: grown.numbered, ..TableDef::clone(&table) };
    work.transaction.put(&name, Relation::Table(Arc::new(merged))).await?;
    Ok(Outcome::done(StatementKind::Dml, Some(count)))
}

/// A table is not merged into itself.
fn refuse_itself(work: &Work<'_>, target: &TableName, source: &TableFactor) -> Result<(), SqlError> {
    let TableFactor::Table { name, .. } = source else { return Ok(()) };
    let written = parse::object_name(name);
    let found = super::names::existing(work.session, work.transaction, &written);
    if found != *target {
        return Ok(());
    }
    let message = "Source table and target table of MERGE cannot be the same";
    Err(work.text().error(SqlErrorKind::Semantic, written.span.start, message, message))
}

/// Takes the WHEN clauses apart: one for rows that match, one for those that do not, each at most once.
fn clauses(work: &Work<'_>, table: &TableDef, written: Vec<ast::MergeClause>) -> Result<(Matched, Option<NotMatched>), SqlError> {
    let (mut matched, mut not_matched) = (None, None);
    for clause in written {
        let location = clause.when_token.0.span.start;
        let refused = |message: &str| work.text().error(SqlErrorKind::Semantic, location, message, message);
        if clause.predicate.is_some() {
            return Err(work.text().unsupported("MERGE with WHEN … AND"));
        }
        match (clause.clause_kind, clause.action) {
            (MergeClauseKind::Matched, _) if matched.is_some() => return Err(refused("MERGE has more than one WHEN MATCHED clause")),
            (MergeClauseKind::Matched, MergeAction::Update(update)) => {
                if update.update_predicate.is_some() || update.delete_predicate.is_some() {
                    return Err(work.text().unsupported("WHERE in a WHEN MATCHED clause"));
                }
                matched = Some(Matched::Update(update.assignments));
            }
            (MergeClauseKind::Matched, MergeAction::Delete { .. }) => matched = Some(Matched::Delete),
            (MergeClauseKind::NotMatched, _) if not_matched.is_some() => {
                return Err(refused("MERGE has more than one WHEN NOT MATCHED clause"));
            }
            (MergeClauseKind::NotMatched, MergeAction::Insert(insert)) => {
                let MergeInsertKind::Values(values) = insert.kind else { return Err(work.text().unsupported("INSERT ROW in MERGE")) };
                let [row] = values.rows.as_slice() else { return Err(work.text().unsupported("several rows in an INSERT of MERGE")) };
                let mut values = row.content.clone();
                let mut columns: Vec<String> = insert.columns.iter().map(|name| parse::object_name(name).last().to_owned()).collect();
                if columns.is_empty() {
                    columns = table.columns.iter().take(values.len()).map(|column| column.name.clone()).collect();
                }
                if columns.len() != values.len() {
                    return Err(refused("INSERT has more expressions than target columns"));
                }
                for (value, column) in values.iter_mut().zip(&columns) {
                    dml::fill_default(value, column, table, work.dialect())?;
                }
                not_matched = Some(NotMatched { columns, values });
            }
            _ => return Err(work.text().unsupported("this WHEN clause of MERGE")),
        }
    }
    match (matched, not_matched) {
        (Some(matched), Some(not_matched)) => Ok((matched, Some(not_matched))),
        _ => {
            let message = "MERGE needs a WHEN MATCHED and a WHEN NOT MATCHED clause";
            Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), message, message))
        }
    }
}

/// `SELECT source.* FROM source`, or with `without` the rows of it that match nothing in the target.
fn source_rows(work: &Work<'_>, source: TableFactor, without: Option<(TableFactor, Expr)>) -> Result<ast::Query, SqlError> {
    let label = label(&source).ok_or_else(|| work.text().unsupported("a source of MERGE without a name"))?;
    let everything = SelectItem::QualifiedWildcard(
        SelectItemQualifiedWildcardKind::ObjectName(ast::ObjectName::from(label)),
        WildcardAdditionalOptions::default(),
    );
    let mut query = dml::matching(work.dialect(), vec![everything], source, Vec::new(), None)?;
    if let Some((target, condition)) = without
        && let SetExpr::Select(select) = query.body.as_mut()
        && let Some(from) = select.from.first_mut()
    {
        let TableFactor::Table { alias: Some(alias), .. } = &target else {
            return Err(error::internal("the target of a MERGE has no name"));
        };
        let number = Expr::CompoundIdentifier(vec![alias.name.clone(), Ident::with_quote('"', ROW_ID)]);
        let operator = JoinOperator::LeftOuter(JoinConstraint::On(condition));
        from.joins.push(Join { relation: target, global: false, join_operator: operator });
        select.selection = Some(Expr::IsNull(Box::new(number)));
    }
    Ok(query)
}

/// What a source is called in expressions.
fn label(source: &TableFactor) -> Option<Ident> {
    match source {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => Some(alias.name.clone()),
        TableFactor::Table { name, .. } => Some(Ident::with_quote('"', parse::object_name(name).last())),
        _ => None,
    }
}

/// The rows of a stream without their numbers; a number that comes twice is an error.
fn only_once(rows: SendableRecordBatchStream, found: Arc<Mutex<RowSet>>) -> SendableRecordBatchStream {
    let wanted: Vec<usize> = (1..rows.schema().fields().len()).collect();
    let columns: Vec<_> = rows.schema().fields().iter().skip(1).cloned().collect();
    let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(columns));
    let stream = rows.map(move |batch| {
        let batch: RecordBatch = batch?;
        let new = found.lock().take(&batch).map_err(SqlError::into_stream)?;
        if new.true_count() < batch.num_rows() {
            let message = "ERROR: Found multiple matches to update the same tuple.";
            return Err(SqlError::new(SqlErrorKind::Execution, message).into_stream());
        }
        batch.project(&wanted).map_err(DataFusionError::from)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}
