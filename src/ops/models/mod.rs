//! The model registry: versions, their figures, who may be used.

mod decision;
mod lineage;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::error::op;
use super::evaluation::{self, Evaluation};
use super::pipeline::{self, RunComparison};
use super::{Context, OpError, endpoints};
pub use crate::aws::registry::ApprovalState;
use crate::aws::registry::{Package, PackageSummary};
use crate::demo::pipeline_definition::metadata;

/// A version in the registry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelVersion {
    /// ARN.
    pub arn: String,
    /// Version, counted from 1.
    pub version: u32,
    /// Whether it may be used.
    pub approval: ApprovalState,
    /// What was said when it was approved or rejected.
    pub reason: Option<String>,
    /// `Completed` and the like.
    pub status: String,
    /// When it was registered.
    pub created: Option<DateTime<Utc>>,
    /// Its figures on the test split, where they can be read.
    pub evaluation: Option<Evaluation>,
    /// `s3://` location of the artifact; empty in listings.
    pub artifact: String,
    /// XGBoost's name of the objective; empty in listings.
    pub objective: String,
    /// Id of the execution of the pipeline that made it, where the package says so.
    pub execution: Option<String>,
    /// The demonstration's endpoints that serve it now, shadows included.
    pub deployed: Vec<String>,
}

pub use decision::{DecisionPlan, Turn, decide, newest, plan_decision};
pub use lineage::{Lineage, LineageKind, LineageNode, lineage};

/// The endpoints that serve each package, by the package's ARN.
type Deployed = BTreeMap<String, Vec<String>>;

/// Versions of the group, newest first, with their figures.
pub async fn list(context: &Context) -> Result<Vec<ModelVersion>, OpError> {
    let (packages, deployed) = tokio::try_join!(summaries(context), deployed(context))?;
    futures::future::try_join_all(packages.iter().map(|package| version(context, package.arn.as_str(), &deployed))).await
}

async fn deployed(context: &Context) -> Result<Deployed, OpError> {
    let mut deployed = Deployed::new();
    for (endpoint, packages) in endpoints::serving(context).await? {
        for package in packages {
            deployed.entry(package).or_default().push(endpoint.clone());
        }
    }
    Ok(deployed)
}

pub(super) async fn summaries(context: &Context) -> Result<Vec<PackageSummary>, OpError> {
    let group = &context.scenario.model_group;
    context.gateways.registry.packages(group).await.map_err(op(group, "could not list the models"))
}

/// The package that is deployed when nobody names a version: the newest approved one. `packages` are listed newest first.
pub(super) fn deployable(packages: &[PackageSummary]) -> Option<&PackageSummary> {
    packages.iter().find(|package| package.approval == ApprovalState::Approved && package.status == "Completed")
}

/// The package that a new model is compared with: the approved one with the highest version.
pub(super) fn champion(packages: &[PackageSummary]) -> Option<&PackageSummary> {
    packages.iter().filter(|package| package.approval == ApprovalState::Approved).max_by_key(|package| package.version)
}

/// One version.
pub async fn show(context: &Context, version_number: u32) -> Result<ModelVersion, OpError> {
    let (package, deployed) = tokio::try_join!(find(context, version_number), deployed(context))?;
    version(context, &package.arn, &deployed).await
}

/// Allows a version to be deployed; gives whether that changed anything.
pub async fn approve(context: &Context, version_number: u32, reason: &str) -> Result<bool, OpError> {
    decide(context, version_number, ApprovalState::Approved, reason).await
}

/// Two versions side by side, by the executions that made them.
///
/// # Errors
/// A version does not exist, does not say which execution made it, or that execution is not known any more.
pub async fn compare(context: &Context, a: u32, b: u32) -> Result<RunComparison, OpError> {
    let (run_a, run_b) = tokio::try_join!(made_by(context, a), made_by(context, b))?;
    pipeline::compare(context, &run_a, &run_b).await
}

/// The ARN of the execution that made a version.
async fn made_by(context: &Context, version_number: u32) -> Result<String, OpError> {
    let summary = find(context, version_number).await?;
    let package = package(context, &summary.arn).await?;
    let execution = package.properties.get(metadata::EXECUTION).ok_or_else(|| {
        OpError::failed(
            &summary.arn,
            "could not compare the versions",
            format!("version {version_number} does not say which execution made it"),
        )
    })?;
    pipeline::find(context, Some(execution)).await
}

/// Keeps a version from being deployed; gives whether that changed anything. Endpoints that serve it already serve on.
pub async fn reject(context: &Context, version_number: u32, reason: &str) -> Result<bool, OpError> {
    decide(context, version_number, ApprovalState::Rejected, reason).await
}

pub(super) async fn find(context: &Context, version_number: u32) -> Result<PackageSummary, OpError> {
    let packages = summaries(context).await?;
    let known: Vec<String> = packages.iter().map(|package| package.version.to_string()).collect();
    packages.into_iter().find(|package| package.version == version_number).ok_or_else(|| {
        let group = &context.scenario.model_group;
        let fix =
            if known.is_empty() { "run the step `pipeline` first".to_owned() } else { format!("the versions are {}", known.join(", ")) };
        OpError::precondition(group, format!("there is no version {version_number}"), format!("`{group}` does not have it"), fix)
    })
}

async fn version(context: &Context, arn: &str, deployed: &Deployed) -> Result<ModelVersion, OpError> {
    let package = package(context, arn).await?;
    let evaluation = match package.properties.get(metadata::EVALUATION).or(package.statistics.as_ref()) {
        // A report that somebody removed does not make the version unreadable.
        Some(address) => evaluation::evaluation(context, address).await.ok(),
        None => None,
    };
    Ok(ModelVersion {
        deployed: deployed.get(arn).cloned().unwrap_or_default(),
        version: package.summary.version,
        approval: package.summary.approval,
        reason: Some(package.approval_note).filter(|note| !note.is_empty()),
        execution: package.properties.get(metadata::EXECUTION).cloned(),
        status: package.summary.status,
        created: package.summary.created,
        evaluation,
        artifact: package.artifact,
        objective: package.properties.get(metadata::OBJECTIVE).cloned().unwrap_or_default(),
        arn: package.summary.arn,
    })
}

pub(super) async fn package(context: &Context, arn: &str) -> Result<Package, OpError> {
    let found = context.gateways.registry.package(arn).await.map_err(op(arn, "could not read the model"))?;
    found.ok_or_else(|| OpError::failed(arn, "could not read the model", "it does not exist any more"))
}
