//! What the demonstration made in a warehouse that stays: one that is not its own, or its own when only later steps are undone.

use super::{Removal, What, removal};
use crate::demo::scoring_sql::TableName;
use crate::demo::sql::{Quotes, identifier};
use crate::ops::error::op;
use crate::ops::notes::{self, SQL_MODEL, SqlModel};
use crate::ops::retrain;
use crate::ops::steps::existing::Inside;
use crate::ops::steps::redshift_ml;
use crate::ops::{Context, OpError};

/// By the notes, and only what is still there. A schema in which others have put something stays.
pub(super) async fn of_existing(context: &Context) -> Result<Vec<Removal>, OpError> {
    if !context.settings.warehouse.existing {
        return Ok(Vec::new());
    }
    let (inside, model) = tokio::try_join!(Inside::read(context), notes::read::<SqlModel>(context, SQL_MODEL))?;
    let mut removals = Vec::new();
    if model.is_some() && redshift_ml::state(context).await?.is_some() {
        removals.push(removal(2, "SQL model", &context.scenario.ml_model, What::SqlModel));
    }
    if inside.schema.is_none() && inside.external_schema.is_none() && inside.table.is_none() {
        return Ok(removals);
    }
    let (place, gateway) = (context.warehouse(), &context.gateways.statements);
    let schemas = gateway.schemas(&place).await.map_err(op(&context.scenario.warehouse, "could not list what is in the warehouse"))?;
    if let Some(schema) = inside.external_schema.filter(|schema| schemas.contains(schema)) {
        let sql = format!("DROP SCHEMA {}", identifier(Quotes::Double, &schema));
        removals.push(removal(3, "External schema", schema, What::WarehouseSchema(sql)));
    }
    let Some((schema, table)) = inside.table.filter(|(schema, _)| schemas.contains(schema)) else { return Ok(removals) };
    let tables = gateway.tables(&place, &schema).await.map_err(op(&schema, "could not list the schema's tables"))?;
    let ours = |name: &str| name == table;
    if tables.iter().any(|known| ours(&known.name)) {
        let name = TableName { schema: schema.clone(), table: table.clone() };
        removals.push(removal(3, "Table", format!("{schema}.{table}"), What::WarehouseTable(format!("DROP TABLE {}", name.quoted()))));
    }
    if inside.schema.as_ref() == Some(&schema) && tables.iter().all(|known| ours(&known.name)) {
        let sql = format!("DROP SCHEMA {}", identifier(Quotes::Double, &schema));
        removals.push(removal(4, "Schema", schema, What::WarehouseSchema(sql)));
    }
    Ok(removals)
}

/// What is in the demonstration's own warehouse. The schema stays while others have something in it.
pub(super) async fn of_own(context: &Context) -> Result<Vec<Removal>, OpError> {
    let scenario = &context.scenario;
    let (place, gateway) = (context.warehouse(), &context.gateways.statements);
    let what = "could not list what is in the warehouse";
    let schemas = gateway.schemas(&place).await.map_err(op(&scenario.warehouse, what))?;
    let mut removals = Vec::new();
    let drop_schema = |name: &str| What::WarehouseSchema(format!("DROP SCHEMA {}", identifier(Quotes::Double, name)));
    if schemas.contains(&scenario.external_schema) {
        removals.push(removal(3, "External schema", &scenario.external_schema, drop_schema(&scenario.external_schema)));
    }
    if !schemas.contains(&scenario.schema) {
        return Ok(removals);
    }
    let tables = gateway.tables(&place, &scenario.schema).await.map_err(op(&scenario.schema, what))?;
    let (ours, others): (Vec<_>, Vec<_>) = tables.into_iter().map(|table| table.name).partition(|name| is_ours(context, name));
    for table in ours {
        let name = TableName { schema: scenario.schema.clone(), table };
        removals.push(removal(3, "Table", name.to_string(), What::WarehouseTable(format!("DROP TABLE {}", name.quoted()))));
    }
    if others.is_empty() {
        removals.push(removal(4, "Schema", &scenario.schema, drop_schema(&scenario.schema)));
    }
    Ok(removals)
}

/// Tables and views in the schema of the demonstration's own warehouse that it did not make, by name.
///
/// # Errors
/// When they cannot be listed.
pub(crate) async fn of_others(context: &Context) -> Result<Vec<String>, OpError> {
    let schema = &context.scenario.schema;
    let tables = context.gateways.statements.tables(&context.warehouse(), schema).await;
    let tables = tables.map_err(op(schema, "could not list the schema's tables"))?;
    Ok(tables.into_iter().map(|table| table.name).filter(|name| !is_ours(context, name)).collect())
}

/// Whether a table of the schema is one that the demonstration makes: the table itself, and the one that new rows arrive in.
fn is_ours(context: &Context, table: &str) -> bool {
    table == context.scenario.table || table == retrain::arriving(context).table
}
