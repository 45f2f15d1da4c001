//! What an account has of the demonstration, in numbers: what is lost when it goes. Only lists are read, and no statement is run.

use serde::Serialize;

use super::error::op;
use super::{Context, OpError, endpoints, models};
use crate::aws::AwsError;
use crate::config::settings::WarehouseKind;
use crate::demo::figures;

/// Executions that are counted at most.
const MOST: usize = 1000;

/// What an account has, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// Tables and views of the warehouse's schema.
    pub tables: u64,
    /// Executions of the pipeline.
    pub executions: u64,
    /// Versions in the registry.
    pub models: u64,
    /// Endpoints.
    pub endpoints: Vec<String>,
    /// Objects in the bucket.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Inventory {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Inventory::default()
    }

    /// In words: `2 tables, 3 executions, 1 model version, 1 endpoint (BankDM-staging), 57 objects of 4.1 MB`.
    pub fn in_words(&self) -> String {
        let endpoints = self.endpoints.len() as u64;
        let mut parts: Vec<String> = [(self.tables, "table"), (self.executions, "execution"), (self.models, "model version")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| figures::counted(count, noun))
            .collect();
        if endpoints > 0 {
            parts.push(format!("{} ({})", figures::counted(endpoints, "endpoint"), self.endpoints.join(", ")));
        }
        if self.objects > 0 {
            parts.push(format!("{} of {}", figures::counted(self.objects, "object"), figures::bytes(self.bytes)));
        }
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

/// Counts what there is.
///
/// # Errors
/// When the account cannot be read.
pub async fn read(context: &Context) -> Result<Inventory, OpError> {
    let s = &context.scenario;
    let g = &context.gateways;
    let executions = async { g.pipelines.executions(&s.pipeline, MOST).await.map_err(op(&s.pipeline, "could not list the executions")) };
    let (tables, executions, packages, serving, objects) =
        tokio::try_join!(tables(context), executions, models::summaries(context), endpoints::serving(context), objects(context))?;
    Ok(Inventory {
        tables,
        executions: executions.len() as u64,
        models: packages.len() as u64,
        endpoints: serving.into_iter().map(|(name, _)| name).collect(),
        objects: objects.0,
        bytes: objects.1,
    })
}

async fn tables(context: &Context) -> Result<u64, OpError> {
    let (g, name) = (&context.gateways, &context.scenario.warehouse);
    let there: Result<bool, AwsError> = match context.settings.warehouse.kind {
        WarehouseKind::Serverless => g.serverless.workgroup(name).await.map(|found| found.is_some()),
        WarehouseKind::Provisioned => g.cluster.find(name).await.map(|found| found.is_some()),
    };
    if !there.map_err(op(name, "could not look for the warehouse"))? {
        return Ok(0);
    }
    let tables = g.statements.tables(&context.warehouse(), &context.scenario.schema).await;
    tables.map(|tables| tables.len() as u64).map_err(op(name, "could not list the tables"))
}

/// How many objects the bucket has, and their bytes.
async fn objects(context: &Context) -> Result<(u64, u64), OpError> {
    let (objects, bucket) = (&context.gateways.objects, &context.scenario.bucket);
    let what = "could not list the objects";
    if !objects.bucket_exists(bucket).await.map_err(op(bucket, what))? {
        return Ok((0, 0));
    }
    let listed = objects.list(bucket, "").await.map_err(op(bucket, what))?;
    Ok((listed.len() as u64, listed.iter().map(|object| object.size).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_told() {
        assert!(Inventory::default().is_empty());
        assert_eq!(Inventory::default().in_words(), "nothing");
        let some = Inventory { models: 1, endpoints: vec!["E".into()], objects: 57, bytes: 4_100_000, ..Inventory::default() };
        assert_eq!(some.in_words(), "1 model version, 1 endpoint (E), 57 objects of 4.1 MB");
        assert_eq!(Inventory { tables: 2, executions: 3, ..Inventory::default() }.in_words(), "2 tables, 3 executions");
    }
}
