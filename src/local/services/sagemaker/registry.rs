//! The model registry: package groups, and packages as their versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Inner;
use super::names::{Doc, arn, doc, invalid, list, name_of, now, required_name, user};
use crate::local::objects::split_s3_uri;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::Input;

/// Groups by name, packages by ARN, and the last version that each group gave.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Registry {
    groups: BTreeMap<String, Doc>,
    packages: BTreeMap<String, Doc>,
    /// Versions are never given twice, even after a package was deleted.
    versions: BTreeMap<String, u64>,
}

const APPROVALS: &[&str] = &["Approved", "Rejected", "PendingManualApproval"];

impl Inner {
    pub(super) fn create_model_package_group(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "ModelPackageGroupName", 63)?.to_owned();
        let arn = arn(&self.account, "model-package-group", &name);
        let (_, created) = now(&self.account);
        self.registry.change(|registry| {
            if registry.groups.contains_key(&name) {
                return Err(invalid(format!("Model Package Group already exists: {arn}")));
            }
            let group = doc(json!({
                "ModelPackageGroupName": name,
                "ModelPackageGroupArn": arn,
                "ModelPackageGroupDescription": input.text("ModelPackageGroupDescription")?,
                "CreationTime": created,
                "CreatedBy": user(),
                "ModelPackageGroupStatus": "Completed",
            }));
            registry.groups.insert(name.clone(), group);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "ModelPackageGroupArn": arn }))
    }

    pub(super) fn describe_model_package_group(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelPackageGroupName")?);
        self.registry.read(|registry| registry.groups.get(name).cloned()).map(Value::Object).ok_or_else(|| self.no_group(name))
    }

    fn no_group(&self, name: &str) -> ServiceError {
        invalid(format!("ModelPackageGroup {} does not exist.", arn(&self.account, "model-package-group", name)))
    }

    pub(super) fn list_model_package_groups(&self, input: &Input) -> ServiceResult {
        let groups = self.registry.read(|registry| {
            registry
                .groups
                .iter()
                .map(|(name, group)| {
                    let mut summary = group.clone();
                    summary.remove("CreatedBy");
                    (name.clone(), group["CreationTime"].clone(), Value::Object(summary))
                })
                .collect()
        });
        list(input, "ListModelPackageGroups", "ModelPackageGroupSummaryList", false, groups)
    }

    pub(super) fn delete_model_package_group(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelPackageGroupName")?).to_owned();
        let arn = arn(&self.account, "model-package-group", &name);
        self.registry.change(|registry| {
            if !registry.groups.contains_key(&name) {
                return Err(self.no_group(&name));
            }
            if registry.packages.values().any(|package| package["ModelPackageGroupName"] == name.as_str()) {
                return Err(invalid(format!("Cannot delete model package group {arn} because it still contains model packages.")));
            }
            registry.groups.remove(&name);
            registry.versions.remove(&name);
            Ok(())
        })?;
        self.untag(&arn)?;
        Ok(Value::Null)
    }

    pub(super) fn create_model_package(&self, input: &Input) -> ServiceResult {
        let Some(group) = input.text("ModelPackageGroupName")? else {
            return Err(invalid("Packages without a group are not supported: give a ModelPackageGroupName."));
        };
        let group = name_of(group).to_owned();
        let approval = input.one_of("ModelApprovalStatus", APPROVALS)?.unwrap_or("PendingManualApproval").to_owned();
        let specification = input.required_object("InferenceSpecification")?;
        let containers = specification.objects("Containers")?;
        if containers.is_empty() {
            return Err(invalid("InferenceSpecification.Containers must have at least one container"));
        }
        for container in &containers {
            container.required_text("Image")?;
            if let Some(url) = container.text("ModelDataUrl")? {
                self.check_model_data(url)?;
            }
        }
        let (_, created) = now(&self.account);
        let arn = self.registry.change(|registry| {
            if !registry.groups.contains_key(&group) {
                return Err(self.no_group(&group));
            }
            let version = registry.versions.get(&group).copied().unwrap_or(0) + 1;
            let arn = arn(&self.account, "model-package", &format!("{group}/{version}"));
            let mut package = doc(json!({
                "ModelPackageName": group,
                "ModelPackageGroupName": group,
                "ModelPackageVersion": version,
                "ModelPackageArn": arn,
                "CreationTime": created,
                "CreatedBy": user(),
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": { "ValidationStatuses": [], "ImageScanStatuses": [] },
                "CertifyForMarketplace": false,
                "ModelApprovalStatus": approval,
            }));
            for member in [
                "ModelPackageDescription",
                "InferenceSpecification",
                "ModelMetrics",
                "MetadataProperties",
                "CustomerMetadataProperties",
                "Domain",
                "Task",
                "SamplePayloadUrl",
                "SourceUri",
                "DriftCheckBaselines",
            ] {
                if let Some(value) = input.value(member) {
                    package.insert(member.to_owned(), value.clone());
                }
            }
            registry.packages.insert(arn.clone(), package);
            registry.versions.insert(group.clone(), version);
            Ok(arn)
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "ModelPackageArn": arn }))
    }

    /// ARN of the next version of a group.
    pub(super) fn next_package_arn(&self, group: &str) -> String {
        let version = self.registry.read(|registry| registry.versions.get(group).copied()).unwrap_or(0) + 1;
        arn(&self.account, "model-package", &format!("{group}/{version}"))
    }

    /// The model data of a package has to exist when it is registered.
    fn check_model_data(&self, url: &str) -> ServiceResult<()> {
        let (bucket, key) = split_s3_uri(url).ok_or_else(|| invalid(format!("ModelDataUrl {url} is no s3:// address")))?;
        self.account.objects.head(bucket, key).map(drop).map_err(|error| invalid(format!("Could not access model data at {url}: {error}")))
    }

    /// The package that a name means: an ARN, or a group's name for nothing (packages have versions here).
    pub(super) fn package(&self, name: &str) -> ServiceResult<Doc> {
        self.registry
            .read(|registry| registry.packages.get(name).cloned())
            .ok_or_else(|| invalid(format!("ModelPackage {name} does not exist.")))
    }

    pub(super) fn describe_model_package(&self, input: &Input) -> ServiceResult {
        self.package(input.required_text("ModelPackageName")?).map(Value::Object)
    }

    pub(super) fn update_model_package(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("ModelPackageArn")?.to_owned();
        let approval = input.one_of("ModelApprovalStatus", APPROVALS)?;
        let description = input.text("ApprovalDescription")?;
        let properties = input.object("CustomerMetadataProperties")?;
        let removed = input.texts("CustomerMetadataPropertiesToRemove")?;
        let (_, changed) = now(&self.account);
        self.registry.change(|registry| {
            let package = registry.packages.get_mut(&arn).ok_or_else(|| invalid(format!("ModelPackage {arn} does not exist.")))?;
            if let Some(approval) = approval {
                package.insert("ModelApprovalStatus".into(), approval.into());
            }
            if let Some(description) = description {
                package.insert("ApprovalDescription".into(), description.into());
            }
            if properties.is_some() || !removed.is_empty() {
                let kept = package.entry("CustomerMetadataProperties").or_insert_with(|| json!({}));
                if let Some(kept) = kept.as_object_mut() {
                    kept.extend(properties.iter().flat_map(|given| given.fields().clone()));
                    kept.retain(|key, _| !removed.contains(key));
                }
            }
            package.insert("LastModifiedTime".into(), changed);
            package.insert("LastModifiedBy".into(), user());
            Ok(json!({ "ModelPackageArn": arn }))
        })
    }

    pub(super) fn delete_model_package(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("ModelPackageName")?.to_owned();
        self.registry.change(|registry| match registry.packages.remove(&arn) {
            Some(_) => Ok(()),
            None => Err(invalid(format!("ModelPackage {arn} does not exist."))),
        })?;
        self.untag(&arn)?;
        Ok(Value::Null)
    }

    pub(super) fn list_model_packages(&self, input: &Input) -> ServiceResult {
        let group = input.text("ModelPackageGroupName")?.map(|name| name_of(name).to_owned());
        let approval = input.one_of("ModelApprovalStatus", APPROVALS)?;
        if let Some(group) = &group
            && !self.registry.read(|registry| registry.groups.contains_key(group))
        {
            return Err(self.no_group(group));
        }
        let packages = self.registry.read(|registry| {
            registry
                .packages
                .iter()
                .filter(|(_, package)| group.as_ref().is_none_or(|group| package["ModelPackageGroupName"] == group.as_str()))
                .filter(|(_, package)| approval.is_none_or(|approval| package["ModelApprovalStatus"] == approval))
                .map(|(arn, package)| {
                    let member = |name: &str| package.get(name).cloned().unwrap_or(Value::Null);
                    let summary = doc(json!({
                        "ModelPackageName": member("ModelPackageName"),
                        "ModelPackageGroupName": member("ModelPackageGroupName"),
                        "ModelPackageVersion": member("ModelPackageVersion"),
                        "ModelPackageArn": arn,
                        "ModelPackageDescription": member("ModelPackageDescription"),
                        "CreationTime": member("CreationTime"),
                        "ModelPackageStatus": member("ModelPackageStatus"),
                        "ModelApprovalStatus": member("ModelApprovalStatus"),
                    }));
                    (arn.clone(), member("CreationTime"), Value::Object(summary))
                })
                .collect()
        });
        list(input, "ListModelPackages", "ModelPackageSummaryList", true, packages)
    }
}
