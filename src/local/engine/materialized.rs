//! Materialized views: tables whose rows are the result of a query, made again by `REFRESH`.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, Query};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{Materialized, Relation, TEMPORARY, TableDef, TableName};
use super::parse::{self, CreateMaterializedView, Name, Statement};
use super::work::{Work, as_declared};
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind, ddl, drop, error, execute, names};

/// `CREATE MATERIALIZED VIEW`.
pub async fn create(work: &mut Work<'_>, create: CreateMaterializedView) -> Result<Outcome, SqlError> {
    let name = work.target(&create.name);
    work.free(&name, false).await?;
    let mut query = create.query;
    let (state, traced) = work.planned(Query::clone(&query), None).await?;
    if traced.origins.values().any(|origin| origin.schema == TEMPORARY) {
        return Err(refused(work, create.name.span.start, "a materialized view cannot read a temporary table"));
    }
    let mut columns = execute::column_defs(work, &traced);
    if create.labels.len() > columns.len() {
        return Err(refused(work, create.name.span.start, "CREATE MATERIALIZED VIEW specifies too many column names"));
    }
    for (column, label) in columns.iter_mut().zip(&create.labels) {
        column.name.clone_from(label);
    }
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|other| other.name == column.name) {
            return Err(refused(work, create.name.span.start, &format!("column \"{}\" specified more than once", column.name)));
        }
    }
    ddl::qualify(&mut query, &traced.origins);
    let materialized = Materialized {
        sql: query.to_string(),
        uses: traced.origins.into_values().collect(),
        auto_refresh: create.auto_refresh,
        refreshed: work.engine.clock().now(),
    };
    let table = TableDef { columns, attributes: create.attributes, materialized: Some(materialized), ..TableDef::default() };
    let rows = work.run(&state, &traced.plan).await?;
    work.transaction.put(&name, Relation::Table(Arc::new(table))).await?;
    work.append(&name, None, rows).await?;
    Ok(Outcome::done(StatementKind::Ddl, None))
}

/// `REFRESH MATERIALIZED VIEW`: its rows are those that its query gives now.
pub async fn refresh(work: &mut Work<'_>, name: &Name, cascade: bool) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (full, view) = find(work, name)?;
    let mut order = vec![full.clone()];
    if cascade {
        // The views that this one reads come before it.
        let mut look_at = view.materialized.as_ref().map(|view| view.uses.clone()).unwrap_or_default();
        while let Some(used) = look_at.pop() {
            if let Some(materialized) = work.transaction.table(&used).and_then(|table| table.materialized.as_ref()) {
                look_at.extend(materialized.uses.iter().cloned());
                order.retain(|known| *known != used);
                order.push(used);
            }
        }
    }
    for full in order.into_iter().rev() {
        refresh_one(work, &full).await?;
    }
    Ok(Outcome::done(StatementKind::Ddl, None))
}

async fn refresh_one(work: &mut Work<'_>, name: &TableName) -> Result<(), SqlError> {
    let table = work.table(name)?;
    let Some(materialized) = table.materialized.clone() else { return Ok(()) };
    let Statement::Sql(statement) = parse::parse(Dialect::Redshift, &materialized.sql, &[])? else {
        return Err(error::internal(format!("the materialized view {name} is not a query")));
    };
    let ast::Statement::Query(query) = *statement else {
        return Err(error::internal(format!("the materialized view {name} is not a query")));
    };
    let (state, traced) = work.planned(*query, None).await?;
    let plan = work.text().check(as_declared(traced.plan, &table.columns))?;
    let rows = work.run(&state, &plan).await?;
    if rows.schema().fields().len() != table.columns.len() {
        let message = format!("Materialized view {} could not be refreshed as a base table changed physically", name.table);
        return Err(refused(work, Location::empty(), &message));
    }
    let materialized = Materialized { refreshed: work.engine.clock().now(), ..materialized };
    let emptied = TableDef { files: Vec::new(), numbered: 0, materialized: Some(materialized), ..TableDef::clone(&table) };
    work.transaction.put(name, Relation::Table(Arc::new(emptied))).await?;
    work.append(name, None, rows).await?;
    Ok(())
}

/// `DROP MATERIALIZED VIEW`.
pub async fn remove(work: &mut Work<'_>, name: &Name, if_exists: bool, cascade: bool) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let full = names::existing(work.session, work.transaction, name);
    if if_exists && work.transaction.relation(&full).is_none() {
        return Ok(Outcome::done(StatementKind::Ddl, None));
    }
    find(work, name)?;
    let dependents = drop::dependents(work, &full);
    if !dependents.is_empty() && !cascade {
        let message = format!(
            "cannot drop materialized view {name} because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the dependent \
             objects too."
        );
        return Err(refused(work, name.span.start, &message));
    }
    for dependent in dependents {
        work.transaction.remove(&dependent).await?;
    }
    work.transaction.remove(&full).await?;
    Ok(Outcome::done(StatementKind::Ddl, None))
}

fn find(work: &Work<'_>, name: &Name) -> Result<(TableName, Arc<TableDef>), SqlError> {
    let full = names::existing(work.session, work.transaction, name);
    match work.transaction.relation(&full) {
        Some(Relation::Table(table)) if table.materialized.is_some() => Ok((full, Arc::clone(table))),
        Some(_) => Err(refused(work, name.span.start, &format!("\"{}\" is not a materialized view", name.last()))),
        None => Err(refused(work, name.span.start, &format!("materialized view \"{name}\" does not exist"))),
    }
}

fn refused(work: &Work<'_>, location: Location, message: &str) -> SqlError {
    work.text().error(SqlErrorKind::Semantic, location, message, message)
}
