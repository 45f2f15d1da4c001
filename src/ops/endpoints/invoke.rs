//! An endpoint is asked by name: rows in, scores out, and which variant answered.

use super::{Invocation, view};
use crate::demo::feature_schema::Row;
use crate::ops::error::op;
use crate::ops::{Context, OpError, predict};

/// Asks an endpoint with rows of the table, in one call. `variant` names the one that has to answer; without it the weights decide.
pub async fn invoke(context: &Context, endpoint: &str, variant: Option<&str>, rows: &[Row]) -> Result<Invocation, OpError> {
    let model = predict::at(context, endpoint).await?;
    let mut lines = Vec::with_capacity(rows.len() * 160);
    for (at, row) in rows.iter().enumerate() {
        model
            .schema
            .encode_csv_line(row, &mut lines)
            .map_err(|error| OpError::usage(format!("row {} cannot be encoded", at + 1), error.to_string(), "correct the row"))?;
        lines.push(b'\n');
    }
    let lines = String::from_utf8(lines).map_err(|error| OpError::failed(endpoint, "could not encode the rows", error.to_string()))?;
    let answer = context.gateways.inference.invoke_variant(endpoint, variant, lines).await;
    let answer = answer.map_err(op(endpoint, "could not ask the endpoint"))?;
    let scores = predict::scores(&answer.body)
        .filter(|scores| scores.len() == rows.len())
        .ok_or_else(|| OpError::failed(endpoint, "could not read the endpoint's answer", format!("{} rows were asked", rows.len())))?;
    let version = match &answer.variant {
        Some(variant) => version_behind(context, endpoint, variant).await?,
        None => model.version,
    };
    Ok(Invocation {
        endpoint: endpoint.to_owned(),
        decisions: scores.iter().map(|score| model.schema.decision(*score, model.threshold).to_owned()).collect(),
        scores,
        variant: answer.variant,
        version,
        milliseconds: answer.latency.as_secs_f64() * 1000.0,
    })
}

async fn version_behind(context: &Context, endpoint: &str, variant: &str) -> Result<Option<u32>, OpError> {
    let gateway = &context.gateways.endpoints;
    let Some(found) = gateway.find(endpoint).await.map_err(op(endpoint, "could not look for the endpoint"))? else { return Ok(None) };
    let plans = gateway.variants(&found.config).await.map_err(op(&found.config, "could not read the endpoint's configuration"))?;
    match plans.unwrap_or_default().into_iter().find(|plan| plan.name == variant) {
        Some(plan) => Ok(view::version_of(context, &plan.model).await?.map(|(version, _)| version)),
        None => Ok(None),
    }
}
