//! What the demonstration made in a warehouse that is not its own, and whose removal therefore takes nothing with it.

use super::{Removal, What, removal};
use crate::demo::scoring_sql::TableName;
use crate::demo::sql::{Quotes, identifier};
use crate::ops::error::op;
use crate::ops::notes::{self, SQL_MODEL, SqlModel};
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
