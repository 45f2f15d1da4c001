//! Model packages (SageMaker's model registry).

use aws_sdk_sagemaker::types::{ModelApprovalStatus, ModelPackageSortBy, SortOrder};
use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::fault;
use super::pipelines::to_tags;

const SERVICE: &str = "SageMaker";

/// Whether a package may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum ApprovalState {
    /// May be used.
    Approved,
    /// May not.
    Rejected,
    /// Nobody has decided.
    PendingManualApproval,
}

impl ApprovalState {
    fn to_sdk(self) -> ModelApprovalStatus {
        match self {
            ApprovalState::Approved => ModelApprovalStatus::Approved,
            ApprovalState::Rejected => ModelApprovalStatus::Rejected,
            ApprovalState::PendingManualApproval => ModelApprovalStatus::PendingManualApproval,
        }
    }

    fn from_sdk(status: Option<&ModelApprovalStatus>) -> Self {
        match status {
            Some(ModelApprovalStatus::Approved) => ApprovalState::Approved,
            Some(ModelApprovalStatus::Rejected) => ApprovalState::Rejected,
            _ => ApprovalState::PendingManualApproval,
        }
    }
}

/// A group of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// ARN.
    pub arn: String,
    /// `Pending`, `InProgress`, `Completed`, `Failed`, `Deleting`.
    pub status: String,
}

/// A package in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSummary {
    /// ARN.
    pub arn: String,
    /// Version in its group.
    pub version: u32,
    /// Whether it may be used.
    pub approval: ApprovalState,
    /// `Completed`, `Failed`, …
    pub status: String,
    /// When it was registered.
    pub created: Option<DateTime<Utc>>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// As in a listing.
    pub summary: PackageSummary,
    /// `s3://` location of its `model.tar.gz`.
    pub artifact: String,
    /// Image.
    pub image: String,
    /// `s3://` location of its quality statistics.
    pub statistics: Option<String>,
    /// Properties that whoever registered it added.
    pub properties: Tags,
    /// What was said when it was approved or rejected.
    pub approval_note: String,
}

/// The gateway.
pub struct Registry {
    client: Lazy<aws_sdk_sagemaker::Client>,
}

impl Registry {
    pub(super) fn new(source: &Source) -> Self {
        Registry { client: lazy_client!(source, aws_sdk_sagemaker) }
    }

    /// The group, if it exists.
    pub async fn group(&self, name: &str) -> Result<Option<Group>, AwsError> {
        let request = self.client.get().describe_model_package_group().model_package_group_name(name);
        match request.send().await.map_err(fault(SERVICE, "DescribeModelPackageGroup")) {
            Ok(said) => Ok(Some(Group {
                arn: said.model_package_group_arn().unwrap_or_default().to_owned(),
                status: said.model_package_group_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a group.
    pub async fn create_group(&self, name: &str, description: &str, tags: &Tags) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_model_package_group()
            .model_package_group_name(name)
            .model_package_group_description(description)
            .set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "CreateModelPackageGroup")).map(drop)
    }

    /// Removes an empty group. Gives false when it was not there.
    pub async fn delete_group(&self, name: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_model_package_group().model_package_group_name(name);
        match request.send().await.map_err(fault(SERVICE, "DeleteModelPackageGroup")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Packages of a group, newest first; none when the group does not exist.
    pub async fn packages(&self, group: &str) -> Result<Vec<PackageSummary>, AwsError> {
        let mut packages = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .client
                .get()
                .list_model_packages()
                .model_package_group_name(group)
                .sort_by(ModelPackageSortBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .set_next_token(token.take());
            let said = match request.send().await.map_err(fault(SERVICE, "ListModelPackages")) {
                Ok(said) => said,
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            packages.extend(said.model_package_summary_list().iter().map(|package| PackageSummary {
                arn: package.model_package_arn().unwrap_or_default().to_owned(),
                version: package.model_package_version().and_then(|version| u32::try_from(version).ok()).unwrap_or_default(),
                approval: ApprovalState::from_sdk(package.model_approval_status()),
                status: package.model_package_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                created: time(package.creation_time()),
            }));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                // Two packages of the same second are told apart by their version.
                packages.sort_by_key(|package: &PackageSummary| std::cmp::Reverse(package.version));
                return Ok(packages);
            }
        }
    }

    /// A package by ARN, if it exists.
    pub async fn package(&self, arn: &str) -> Result<Option<Package>, AwsError> {
        let request = self.client.get().describe_model_package().model_package_name(arn);
        match request.send().await.map_err(fault(SERVICE, "DescribeModelPackage")) {
            Ok(said) => {
                let container = said.inference_specification().and_then(|specification| specification.containers().first());
                Ok(Some(Package {
                    summary: PackageSummary {
                        arn: said.model_package_arn().unwrap_or(arn).to_owned(),
                        version: said.model_package_version().and_then(|version| u32::try_from(version).ok()).unwrap_or_default(),
                        approval: ApprovalState::from_sdk(said.model_approval_status()),
                        status: said.model_package_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                        created: time(said.creation_time()),
                    },
                    artifact: container.and_then(|container| container.model_data_url()).unwrap_or_default().to_owned(),
                    image: container.and_then(|container| container.image()).unwrap_or_default().to_owned(),
                    statistics: said
                        .model_metrics()
                        .and_then(|metrics| metrics.model_quality())
                        .and_then(|quality| quality.statistics())
                        .and_then(|statistics| statistics.s3_uri())
                        .map(str::to_owned),
                    properties: said
                        .customer_metadata_properties()
                        .into_iter()
                        .flatten()
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect(),
                    approval_note: said.approval_description().unwrap_or_default().to_owned(),
                }))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Approves or rejects a package.
    pub async fn decide(&self, arn: &str, approval: ApprovalState, note: &str) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .update_model_package()
            .model_package_arn(arn)
            .model_approval_status(approval.to_sdk())
            .approval_description(note);
        request.send().await.map_err(fault(SERVICE, "UpdateModelPackage")).map(drop)
    }

    /// Removes a package. Gives false when it was not there.
    pub async fn delete_package(&self, arn: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_model_package().model_package_name(arn).send().await.map_err(fault(SERVICE, "DeleteModelPackage")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
