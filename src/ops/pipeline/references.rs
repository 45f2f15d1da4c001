//! What an execution is compared with: the data and the figures of the approved model. Both are documents in S3 that are there before an
//! execution starts, named by their content, so that an execution keeps its own and an unchanged one is recognised.

use bytes::Bytes;
use serde_json::Value;

use super::quality;
use crate::aws::registry::Package;
use crate::demo::data_quality::{Baseline, profile_of_schema};
use crate::demo::pipeline_definition::{Champion, metadata, reference_object};
use crate::ops::error::op;
use crate::ops::evaluation;
use crate::ops::models;
use crate::ops::{Context, OpError};

/// A document that is named by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Key in the bucket.
    pub key: String,
    content: String,
}

impl Document {
    /// Its `s3://` address.
    pub(super) fn address(&self, context: &Context) -> String {
        format!("s3://{}/{}", context.scenario.bucket, self.key)
    }
}

/// The two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct References {
    /// What the data are compared with.
    pub baseline: Document,
    /// What the model is compared with.
    pub champion: Document,
}

/// Both documents for the model that is approved now; without one they say so. Nothing is written.
pub(super) async fn now(context: &Context) -> Result<References, OpError> {
    let approved = approved(context).await?;
    let (baseline, champion) = match &approved {
        Some(package) => tokio::try_join!(baseline(context, package), champion(context, package))?,
        None => (Baseline::expected(&context.scenario.data), Champion::default()),
    };
    Ok(References { baseline: document(context, "baseline.json", &baseline)?, champion: document(context, "champion.json", &champion)? })
}

/// The newest approved package of the group.
async fn approved(context: &Context) -> Result<Option<Package>, OpError> {
    let packages = models::summaries(context).await?;
    match models::champion(&packages) {
        Some(newest) => models::package(context, &newest.arn).await.map(Some),
        None => Ok(None),
    }
}

/// The distribution of the data that the model was trained on: from the report of the run that made it; from its feature schema when
/// somebody else registered it; none when neither is there any more.
async fn baseline(context: &Context, package: &Package) -> Result<Baseline, OpError> {
    let source = format!("model version {}", package.summary.version);
    let expected = Baseline::expected(&context.scenario.data);
    if let Some(address) = package.properties.get(metadata::QUALITY)
        && let Some(profile) = there(quality::profile(context, address).await)?
    {
        return Ok(expected.with_profile(source, profile));
    }
    if let Some(address) = package.properties.get(metadata::FEATURE_SCHEMA)
        && let Some(schema) = there(evaluation::schema(context, address).await)?
    {
        return Ok(expected.with_profile(source, profile_of_schema(&schema)));
    }
    Ok(expected)
}

async fn champion(context: &Context, package: &Package) -> Result<Champion, OpError> {
    let version = Some(package.summary.version);
    let figures = match package.properties.get(metadata::EVALUATION).or(package.statistics.as_ref()) {
        Some(address) => there(evaluation::evaluation(context, address).await)?,
        None => None,
    };
    Ok(Champion { version, auc: figures.as_ref().map(|figures| figures.auc), mse: figures.map(|figures| figures.mse) })
}

/// What belongs to a model may have been removed by hand: then there is nothing to compare with. Any other failure is one.
fn there<T>(read: Result<T, OpError>) -> Result<Option<T>, OpError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.why == evaluation::GONE => Ok(None),
        Err(error) => Err(error),
    }
}

fn document<T: serde::Serialize>(context: &Context, file: &str, document: &T) -> Result<Document, OpError> {
    let document: Value = serde_json::to_value(document)
        .map_err(|error| OpError::failed(file, "could not write what the run is compared with", error.to_string()))?;
    let (key, content) = reference_object(&context.scenario, file, &document);
    Ok(Document { key, content })
}

/// Writes a document, if it is not there yet.
pub(super) async fn write(context: &Context, document: Document) -> Result<bool, OpError> {
    put(context, &document.key, document.content).await
}

/// Writes a document that is named by its content, if it is not there yet. Gives whether it was not.
pub(crate) async fn put(context: &Context, key: &str, content: String) -> Result<bool, OpError> {
    if is_there(context, key).await? {
        return Ok(false);
    }
    let bucket = &context.scenario.bucket;
    let gateway = &context.gateways.objects;
    gateway
        .put(bucket, key, Bytes::from(content), "application/json", &[])
        .await
        .map_err(op(key, "could not write what the run is compared with"))?;
    Ok(true)
}

/// Whether a document is in the bucket.
pub(crate) async fn is_there(context: &Context, key: &str) -> Result<bool, OpError> {
    let found = context.gateways.objects.info(&context.scenario.bucket, key).await;
    found.map(|found| found.is_some()).map_err(op(key, "could not look for the object"))
}
