//! What an earlier run of a step has left in the account: what a presenter shows instead of waiting for the new one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::endpoints::{self, Stage};
use super::{Context, OpError, steps};
use crate::demo::step::Step;

/// What an earlier run has left.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// When that run came to its end.
    pub at: DateTime<Utc>,
    /// One sentence for people: what is there, with its figures.
    pub message: String,
    /// Its figures, by the names that the step gives them.
    pub figures: Map<String, Value>,
    /// ARN of the pipeline's execution that it is.
    pub execution: Option<String>,
}

/// The newest result of a step that is there while the step runs anew; nothing where there is none, as for every step that leaves only one
/// thing: a model in SQL that is trained again has taken the place of the one before.
///
/// # Errors
/// The service refuses.
pub async fn find(context: &Context, step: Step) -> Result<Option<Earlier>, OpError> {
    match step {
        Step::Pipeline => steps::earlier_execution(context).await,
        Step::Deploy => endpoint(context).await,
        _ => Ok(None),
    }
}

/// The staging endpoint as it answers: while it is updated, the version before does.
async fn endpoint(context: &Context) -> Result<Option<Earlier>, OpError> {
    let endpoints = endpoints::list(context).await?;
    let staging = endpoints.into_iter().find(|endpoint| endpoint.stage == Stage::Staging);
    let Some(endpoint) = staging.filter(|endpoint| matches!(endpoint.status.as_str(), "InService" | "Updating")) else { return Ok(None) };
    // One that is being updated was changed a moment ago, and says of what answers only that it is there since it was made.
    let at = if endpoint.status == "Updating" { endpoint.created } else { endpoint.updated.or(endpoint.created) };
    let version = endpoint.variants.iter().find(|variant| !variant.shadow).and_then(|variant| variant.version);
    let (Some(at), Some(version)) = (at, version) else { return Ok(None) };
    let mut figures = Map::new();
    figures.insert("endpoint".to_owned(), json!(endpoint.name));
    figures.insert("version".to_owned(), json!(version));
    Ok(Some(Earlier { at, message: format!("Version {version} answers at `{}`", endpoint.name), figures, execution: None }))
}
