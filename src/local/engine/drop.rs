//! `DROP`, and what depends on what is dropped.

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectType};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{Catalog, LakeRelation, Relation, Schema, TableName};
use super::names;
use super::outside;
use super::parse::{self, Name};
use super::work::Work;
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind};

/// `DROP TABLE | VIEW | SCHEMA`.
pub async fn drop(
    work: &mut Work<'_>,
    kind: ObjectType,
    if_exists: bool,
    names: &[ObjectName],
    cascade: bool,
) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    for name in names {
        let name = parse::object_name(name);
        match kind {
            ObjectType::Schema => drop_schema(work, &name, if_exists, cascade).await?,
            ObjectType::Table | ObjectType::View if work.dialect() == Dialect::Athena => drop_lake(work, kind, &name, if_exists).await?,
            ObjectType::Table | ObjectType::View => drop_relation(work, kind, &name, if_exists, cascade).await?,
            other => return Err(work.text().unsupported(&format!("DROP {other}"))),
        }
    }
    Ok(Outcome::done(StatementKind::Ddl, None))
}

async fn drop_relation(work: &mut Work<'_>, kind: ObjectType, name: &Name, if_exists: bool, cascade: bool) -> Result<(), SqlError> {
    let full = names::existing(work.session, work.transaction, name);
    let word = if kind == ObjectType::Table { "table" } else { "view" };
    match (work.transaction.relation(&full), kind) {
        (Some(Relation::Table(table)), _) if table.materialized.is_some() => {
            let message = format!("\"{}\" is not a {word}\n  Hint: Use DROP MATERIALIZED VIEW.", name.last());
            return Err(work.semantic(name.span.start, &message, &message));
        }
        (Some(Relation::Table(_)), ObjectType::Table) | (Some(Relation::View(_)), ObjectType::View) => {}
        (Some(_), _) => {
            let message = format!("\"{}\" is not a {word}", name.last());
            return Err(work.semantic(name.span.start, &message, &message));
        }
        (None, _) => {
            let external = work.catalog().schema(&full.database, &full.schema).and_then(|schema| schema.external.clone());
            if let Some(external) = &external {
                outside::catalog(&work.engine().identity(&external.iam_role)?, "glue:DeleteTable", &external.database, Some(&full.table))?;
            }
            if let Some(external) = external
                && let Some(database) = work.catalog_mut().await?.lake.get_mut(&external.database)
                && database.tables.remove(&full.table).is_some()
            {
                return Ok(());
            }
            if if_exists {
                return Ok(());
            }
            let shown = if kind == ObjectType::Table { "Table" } else { "View" };
            let message = format!("{shown} \"{name}\" does not exist");
            return Err(work.semantic(Location::empty(), &message, &message));
        }
    }
    let dependents = dependents(work, &full);
    if !dependents.is_empty() && !cascade {
        let message = format!(
            "cannot drop {word} {name} because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the dependent objects too."
        );
        return Err(work.semantic(Location::empty(), &message, &message));
    }
    for dependent in dependents {
        work.transaction.remove(&dependent).await?;
    }
    work.transaction.remove(&full).await?;
    Ok(())
}

/// What a view or a materialized view reads.
fn uses(relation: &Relation) -> &[TableName] {
    match relation {
        Relation::View(view) => &view.uses,
        Relation::Table(table) => table.materialized.as_ref().map_or(&[], |view| view.uses.as_slice()),
    }
}

/// The full names of the relations of a warehouse's database.
pub fn relations(catalog: &Catalog, database: &str) -> Vec<TableName> {
    let schemas = catalog.database(database).into_iter().flat_map(|database| &database.schemas);
    schemas
        .flat_map(|(schema, known)| known.relations.keys().map(move |table| (schema, table)))
        .map(|(schema, table)| TableName { database: database.to_owned(), schema: schema.clone(), table: table.clone() })
        .collect()
}

/// Views that read a relation, directly or through others.
pub fn dependents(work: &Work<'_>, name: &TableName) -> Vec<TableName> {
    let mut found: Vec<TableName> = Vec::new();
    let mut look_for = vec![name.clone()];
    while let Some(used) = look_for.pop() {
        let Some(database) = work.catalog().database(&used.database) else { continue };
        for (schema_name, schema) in &database.schemas {
            for (relation_name, relation) in &schema.relations {
                let full = TableName { database: used.database.clone(), schema: schema_name.clone(), table: relation_name.clone() };
                if uses(relation).contains(&used) && !found.contains(&full) {
                    found.push(full.clone());
                    look_for.push(full);
                }
            }
        }
    }
    found
}

async fn drop_lake(work: &mut Work<'_>, kind: ObjectType, name: &Name, if_exists: bool) -> Result<(), SqlError> {
    let full = work.target(name);
    let tables = work.catalog_mut().await?.lake.get_mut(&full.schema).map(|database| &mut database.tables);
    match (tables.as_ref().and_then(|tables| tables.get(&full.table)), kind) {
        (Some(LakeRelation::External(_)), ObjectType::Table) | (Some(LakeRelation::View(_)), ObjectType::View) => {
            if let Some(tables) = tables {
                tables.remove(&full.table);
            }
            Ok(())
        }
        (Some(_), ObjectType::Table) => {
            Err(SqlError::new(SqlErrorKind::Semantic, "FAILED: SemanticException Cannot drop a view with DROP TABLE"))
        }
        (Some(_), _) => {
            let athena = format!("NOT_SUPPORTED: '{}.{}.{}' is not a view", full.database, full.schema, full.table);
            Err(work.semantic(name.span.start, &athena, &athena))
        }
        (None, _) if if_exists => Ok(()),
        (None, ObjectType::Table) => {
            Err(SqlError::new(SqlErrorKind::Semantic, format!("FAILED: SemanticException [Error 10001]: Table not found {name}")))
        }
        (None, _) => Err(names::missing(work.text(), work.session, work.transaction, name)),
    }
}

/// Drops a schema of the warehouse, with what is in it when `cascade`.
pub async fn drop_schema(work: &mut Work<'_>, name: &Name, if_exists: bool, cascade: bool) -> Result<(), SqlError> {
    let database = work.session.database.clone();
    let schema_name = name.last().to_owned();
    let Some(schema) = work.catalog().schema(&database, &schema_name) else {
        if if_exists {
            return Ok(());
        }
        let message = format!("Schema \"{schema_name}\" does not exist");
        return Err(work.semantic(Location::empty(), &message, &message));
    };
    let prefix = format!("{schema_name}.");
    let models = work.catalog().database(&database).is_some_and(|database| database.models.keys().any(|key| key.starts_with(&prefix)));
    if !cascade && (models || !schema.relations.is_empty()) {
        let message = format!(
            "cannot drop schema {schema_name} because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the dependent objects too."
        );
        return Err(work.semantic(Location::empty(), &message, &message));
    }
    let relations: Vec<TableName> = schema
        .relations
        .keys()
        .map(|table| TableName { database: database.clone(), schema: schema_name.clone(), table: table.clone() })
        .collect();
    for relation in &relations {
        for dependent in dependents(work, relation) {
            work.transaction.remove(&dependent).await?;
        }
    }
    if let Some(database) = work.catalog_mut().await?.warehouse.get_mut(&database) {
        if schema_name == super::catalog::PUBLIC {
            database.schemas.insert(schema_name, Schema::default());
        } else {
            database.schemas.remove(&schema_name);
        }
        database.models.retain(|key, _| !key.starts_with(&prefix));
    }
    Ok(())
}
