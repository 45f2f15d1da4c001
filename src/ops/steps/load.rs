//! Step 5: the table in the warehouse, filled from the lake in one transaction, and verified.

use serde_json::json;

use super::StepOutcome;
use super::existing::Inside;
use super::lake::figures_of;
use crate::demo::figures;
use crate::demo::scoring_sql::TableName;
use crate::demo::sql::SqlEngine;
use crate::ops::data::{self, LakeFile};
use crate::ops::error::op;
use crate::ops::hops::Figures;
use crate::ops::notes::{self, LOADED, Loaded};
use crate::ops::query::{self, QueryEngine};
use crate::ops::report::Run;
use crate::ops::{Context, OpError};

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    // Asked at the same time, judged in order: without a warehouse it does not help to hear that the lake is empty.
    let (schemas, file, note) = tokio::join!(
        schemas(context),
        async {
            data::in_lake(context).await?.ok_or_else(|| {
                OpError::precondition(
                    &scenario.glue_table,
                    "there is nothing to load",
                    "the CSV is not in the lake",
                    "run the step `lake` first",
                )
            })
        },
        notes::read::<Loaded>(context, LOADED),
    );
    let (schemas, file, note) = (schemas?, file?, note?);
    let expected = figures_of(context, &file)?;
    let table_name = format!("{}.{}", scenario.schema, scenario.table);

    if is_loaded(context, &schemas, note.as_ref(), &file, &expected).await? {
        return Ok(outcome(false, &expected, &table_name, "are already in"));
    }

    if context.settings.warehouse.existing {
        claim(context, &schemas).await?;
    }
    if !schemas.iter().any(|schema| *schema == scenario.external_schema) {
        run.say(&scenario.external_schema, "letting the warehouse see the lake")?;
        let role = context.role_arn(&scenario.redshift_role).await?;
        let sql = context.sql_with(SqlEngine::Redshift, "create_external_schema", |values| values.with("redshift_role_arn", role))?;
        query::rows(context, QueryEngine::Redshift, sql).await?;
    }
    run.say(&table_name, format!("loading {} from the lake in one transaction", figures::counted(expected.rows, "row")))?;
    let mut statements = ["create_schema", "create_table", "empty_table", "load_table"]
        .into_iter()
        .map(|name| context.sql(SqlEngine::Redshift, name))
        .collect::<Result<Vec<_>, _>>()?;
    if schemas.iter().any(|schema| *schema == scenario.schema) && has_other_columns(context).await? {
        run.say(&table_name, "the table has the columns of other data: making it anew")?;
        let table = TableName { schema: scenario.schema.clone(), table: scenario.table.clone() };
        statements.insert(1, format!("DROP TABLE {}", table.quoted()));
    }
    query::transaction(context, &statements, "load the table").await?;

    run.say(&table_name, format!("counting the rows and adding up {}", scenario.data.words.sums))?;
    let loaded = Figures::of_table(context, QueryEngine::Redshift).await?;
    loaded.must_equal(&expected, &scenario.data, "the warehouse", "the lake")?;
    notes::write(context, LOADED, &Loaded { sha256: file.sha256 }).await?;
    Ok(outcome(true, &expected, &table_name, "went into"))
}

/// Whether the warehouse has what the step would load, to the last row: what a checklist cannot tell. Nothing is changed.
///
/// # Errors
/// When the lake or the warehouse cannot be read.
pub(crate) async fn is_current(context: &Context) -> Result<bool, OpError> {
    let (schemas, file, note) = tokio::try_join!(schemas(context), data::in_lake(context), notes::read::<Loaded>(context, LOADED))?;
    let Some(file) = file else { return Ok(false) };
    let expected = figures_of(context, &file)?;
    is_loaded(context, &schemas, note.as_ref(), &file, &expected).await
}

async fn is_loaded(
    context: &Context,
    schemas: &[String],
    note: Option<&Loaded>,
    file: &LakeFile,
    expected: &Figures,
) -> Result<bool, OpError> {
    let scenario = &context.scenario;
    let there = |name: &String| schemas.contains(name);
    if !there(&scenario.schema) || !there(&scenario.external_schema) || note.is_none_or(|note| note.sha256 != file.sha256) {
        return Ok(false);
    }
    let tables = context.gateways.statements.tables(&context.warehouse(), &scenario.schema).await;
    let tables = tables.map_err(op(&scenario.table, "could not look for the table"))?;
    Ok(tables.iter().any(|table| table.name == scenario.table) && Figures::of_table(context, QueryEngine::Redshift).await? == *expected)
}

/// Notes what is about to be made in a warehouse that is not the demonstration's own.
///
/// # Errors
/// A table or an external schema of the name is there that this demonstration did not make.
async fn claim(context: &Context, schemas: &[String]) -> Result<(), OpError> {
    let scenario = &context.scenario;
    let mut inside = Inside::read(context).await?;
    let known = inside.clone();
    let refused = |kind: &str, name: &str, setting: &str| {
        let why = format!("a {kind} of this name is there already, and this demonstration did not make it");
        OpError::failed(name, format!("will not touch the {kind}"), why).with_fix(format!("choose another name with {setting}"))
    };
    if !schemas.contains(&scenario.external_schema) {
        inside.external_schema = Some(scenario.external_schema.clone());
    } else if inside.external_schema.as_ref() != Some(&scenario.external_schema) {
        return Err(refused("schema", &scenario.external_schema, "names.external_schema"));
    }
    let table = (scenario.schema.clone(), scenario.table.clone());
    if !schemas.contains(&scenario.schema) {
        inside.schema = Some(scenario.schema.clone());
    } else if inside.table.as_ref() != Some(&table) {
        let there = context.gateways.statements.tables(&context.warehouse(), &scenario.schema).await;
        let there = there.map_err(op(&scenario.table, "could not look for the table"))?;
        if there.iter().any(|known| known.name == scenario.table) {
            return Err(refused("table", &format!("{}.{}", scenario.schema, scenario.table), "names.schema or names.table"));
        }
    }
    inside.table = Some(table);
    if inside == known { Ok(()) } else { inside.write(context).await }
}

/// Whether there is a table in the warehouse that was made for another data set.
async fn has_other_columns(context: &Context) -> Result<bool, OpError> {
    let scenario = &context.scenario;
    let there = context.gateways.statements.tables(&context.warehouse(), &scenario.schema).await;
    let there = there.map_err(op(&scenario.table, "could not look for the table"))?;
    if !there.iter().any(|table| table.name == scenario.table) {
        return Ok(false);
    }
    let table = TableName { schema: scenario.schema.clone(), table: scenario.table.clone() };
    let described = query::rows(context, QueryEngine::Redshift, format!("SELECT * FROM {} LIMIT 0", table.quoted())).await?;
    let columns = described.columns.iter().map(|column| (column.name.as_str(), column.numeric));
    Ok(!columns.eq(scenario.data.columns.iter().map(|column| (column.name.as_str(), column.kind.is_number()))))
}

fn outcome(changed: bool, figures: &Figures, table: &str, verb: &str) -> StepOutcome {
    let message =
        format!("{} {verb} `{table}`; rows and sums are those of the lake, to the last decimal", figures::counted(figures.rows, "row"));
    let sums: Vec<f64> = figures.sums.iter().map(|sum| sum.units as f64 / 10_f64.powi(sum.scale as i32)).collect();
    StepOutcome::new(changed, message, json!({ "rows": figures.rows, "yes": figures.yes, "table": table, "sums": sums }))
}

/// Schemas of the warehouse; a warehouse that is not there is a missing precondition.
async fn schemas(context: &Context) -> Result<Vec<String>, OpError> {
    let warehouse = &context.scenario.warehouse;
    context.gateways.statements.schemas(&context.warehouse()).await.map_err(|error| {
        let told = op(warehouse, "could not look into the warehouse");
        if error.is_not_found() || error.kind == crate::aws::AwsErrorKind::Validation {
            let why = error.message.clone();
            return OpError::precondition(warehouse, "there is no warehouse to load", why, "run the step `foundation` first");
        }
        told(error)
    })
}
