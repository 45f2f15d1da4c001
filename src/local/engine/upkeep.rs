//! `ANALYZE`, `VACUUM`, `LOCK` and `COMMENT ON`.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{Relation, TableDef, ViewDef};
use super::names::{self, Found};
use super::parse::{Comment, Commented, Upkeep, UpkeepKind};
use super::work::Work;
use super::{Outcome, SqlError, SqlErrorKind, StatementKind, error};

/// Statistics are exact and files have no gaps, so that `ANALYZE` and `VACUUM` check their names and are done. `LOCK` waits for the
/// transaction that writes, and keeps others from writing to the end of this one.
pub async fn upkeep(work: &mut Work<'_>, upkeep: Upkeep) -> Result<Outcome, SqlError> {
    if upkeep.kind == UpkeepKind::Vacuum && work.session.in_transaction() {
        return Err(refused(work, Location::empty(), "VACUUM cannot run inside a transaction block"));
    }
    if upkeep.kind == UpkeepKind::Lock {
        work.catalog_mut().await?;
    }
    for name in &upkeep.tables {
        let (_, table) = work.resolve_table(name)?;
        if let Some(missing) = upkeep.columns.iter().find(|column| table.position(column).is_none()) {
            return Err(error::no_column(work.text(), missing, Location::empty()));
        }
    }
    Ok(Outcome::done(StatementKind::Utility, None))
}

/// `COMMENT ON`.
pub async fn comment(work: &mut Work<'_>, comment: Comment) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    if comment.on == Commented::Schema {
        let (database, schema) = (work.session.database.clone(), comment.name.last().to_owned());
        let known = work.catalog_mut().await?.schema_mut(&database, &schema);
        known.ok_or_else(|| error::no_schema(&schema))?.comment = comment.text;
        return Ok(Outcome::done(StatementKind::Ddl, None));
    }
    let (name, columns, relation) = match names::find(work.session, work.transaction, &comment.name) {
        Some(Found::Table(name, table)) if comment.on != Commented::View || table.materialized.is_some() => {
            (name, table.columns.clone(), Relation::Table(table))
        }
        Some(Found::View(name, view, super::Dialect::Redshift)) if comment.on != Commented::Table => {
            (name, view.columns.clone(), Relation::View(view))
        }
        Some(_) => {
            let word = if comment.on == Commented::View { "view" } else { "table" };
            return Err(refused(work, comment.name.span.start, &format!("\"{}\" is not a {word}", comment.name.last())));
        }
        None => return Err(names::missing(work.text(), work.session, work.transaction, &comment.name)),
    };
    let key = comment.column.unwrap_or_default();
    if !key.is_empty() && !columns.iter().any(|column| column.name == key) {
        let message = format!("column \"{key}\" of relation \"{}\" does not exist", name.table);
        return Err(refused(work, comment.name.span.start, &message));
    }
    let changed = match relation {
        Relation::Table(table) => {
            let mut table = TableDef::clone(&table);
            note(&mut table.comments, key, comment.text);
            Relation::Table(Arc::new(table))
        }
        Relation::View(view) => {
            let mut view = ViewDef::clone(&view);
            note(&mut view.comments, key, comment.text);
            Relation::View(Arc::new(view))
        }
    };
    work.transaction.put(&name, changed).await?;
    Ok(Outcome::done(StatementKind::Ddl, None))
}

fn note(comments: &mut BTreeMap<String, String>, key: String, text: Option<String>) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            comments.insert(key, text);
        }
        None => {
            comments.remove(&key);
        }
    }
}

fn refused(work: &Work<'_>, location: Location, message: &str) -> SqlError {
    work.text().error(SqlErrorKind::Semantic, location, message, message)
}
