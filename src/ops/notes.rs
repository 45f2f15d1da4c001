//! Small notes that the demonstration keeps beside its data in S3: what was loaded, what a model was trained on. They save work on a second
//! run; what they say is checked against the resource itself before it is believed.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::op;
use super::{Context, OpError};
use crate::demo::scenario::Scenario;

/// What was loaded into the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(super) struct Loaded {
    /// SHA-256 of the canonical CSV.
    pub sha256: String,
}

/// What the model in SQL was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub(super) struct SqlModel {
    /// SHA-256 of the canonical CSV.
    pub sha256: String,
    /// The statement that made it.
    pub statement: String,
}

/// The prefix of all notes.
pub(super) fn prefix(scenario: &Scenario) -> String {
    format!("{}notes/", scenario.pipeline_prefix)
}

pub(super) const LOADED: &str = "loaded.json";
pub(super) const SQL_MODEL: &str = "sql_model.json";

/// A note; one that is not there or cannot be understood is none.
pub(super) async fn read<T: DeserializeOwned>(context: &Context, name: &str) -> Result<Option<T>, OpError> {
    let key = format!("{}{name}", prefix(&context.scenario));
    let content = context.gateways.objects.get(&context.scenario.bucket, &key).await.map_err(op(&key, "could not read a note"))?;
    Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
}

/// Writes a note.
pub(super) async fn write<T: Serialize>(context: &Context, name: &str, note: &T) -> Result<(), OpError> {
    let key = format!("{}{name}", prefix(&context.scenario));
    let content = serde_json::to_vec(note).map_err(|error| OpError::failed(&key, "could not write a note", error.to_string()))?;
    context
        .gateways
        .objects
        .put(&context.scenario.bucket, &key, Bytes::from(content), "application/json", &[])
        .await
        .map_err(op(&key, "could not write a note"))
}
