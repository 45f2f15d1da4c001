//! Workgroups: where results go, whether the caller may say otherwise, and how much a query may scan.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::query::engine_version;
use super::{Athena, Inner, Input, internal, optional, page};
use crate::local::account::Account;
use crate::local::objects::split_s3_uri;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{epoch, without_nulls};
use crate::local::store::StoreError;

/// The workgroup that always exists.
pub(super) const PRIMARY: &str = "primary";
const DOCUMENT: &str = "services/athena-workgroups";
/// The least limit of bytes that a query may scan: 10 MB.
const LEAST_CUTOFF: i64 = 10_000_000;

/// A workgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WorkGroup {
    pub enabled: bool,
    /// `s3://` location of results.
    pub output: Option<String>,
    /// Whether the caller's own settings are ignored.
    pub enforced: bool,
    /// Bytes that a query may scan.
    pub cutoff: Option<u64>,
    description: String,
    metrics: bool,
    requester_pays: bool,
    created: DateTime<Utc>,
    tags: BTreeMap<String, String>,
}

/// Workgroups by name.
pub(super) type WorkGroups = BTreeMap<String, WorkGroup>;

/// The workgroups of an account, `primary` among them.
pub(super) fn load(account: &Account) -> Result<WorkGroups, StoreError> {
    let mut groups: WorkGroups = account.store.load(DOCUMENT)?.unwrap_or_default();
    // `primary` has no output location until somebody sets one, as in a new account.
    groups.entry(PRIMARY.to_owned()).or_insert_with(|| WorkGroup {
        enabled: true,
        output: None,
        enforced: false,
        cutoff: None,
        description: String::new(),
        metrics: false,
        requester_pays: false,
        created: account.clock.now(),
        tags: BTreeMap::new(),
    });
    Ok(groups)
}

impl Inner {
    /// The workgroup `name`.
    pub(super) fn group(&self, name: &str) -> ServiceResult<WorkGroup> {
        self.groups.lock().get(name).cloned().ok_or_else(|| not_found(name))
    }

    fn change_groups<T>(&self, change: impl FnOnce(&mut WorkGroups) -> ServiceResult<T>) -> ServiceResult<T> {
        let mut groups = self.groups.lock();
        let mut next = groups.clone();
        let result = change(&mut next)?;
        self.account.store.save(DOCUMENT, &next).map_err(|error| internal(error.to_string()))?;
        *groups = next;
        Ok(result)
    }
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::new(super::INVALID, format!("WorkGroup {name} is not found."))
}

impl WorkGroup {
    fn state(&self) -> &'static str {
        if self.enabled { "ENABLED" } else { "DISABLED" }
    }

    fn document(&self, name: &str) -> Value {
        let result = self.output.as_ref().map_or(json!({}), |output| json!({ "OutputLocation": output }));
        json!({
            "Name": name,
            "State": self.state(),
            "Description": self.description,
            "CreationTime": epoch(self.created),
            "Configuration": without_nulls(json!({
                "ResultConfiguration": result,
                "EnforceWorkGroupConfiguration": self.enforced,
                "PublishCloudWatchMetricsEnabled": self.metrics,
                "BytesScannedCutoffPerQuery": optional(self.cutoff),
                "RequesterPaysEnabled": self.requester_pays,
                "EngineVersion": engine_version(),
            })),
        })
    }

    /// Takes what `WorkGroupConfiguration` and `WorkGroupConfigurationUpdates` have in common.
    fn configure(&mut self, input: &Input) -> ServiceResult<()> {
        self.enforced = input.boolean("EnforceWorkGroupConfiguration")?.unwrap_or(self.enforced);
        self.metrics = input.boolean("PublishCloudWatchMetricsEnabled")?.unwrap_or(self.metrics);
        self.requester_pays = input.boolean("RequesterPaysEnabled")?.unwrap_or(self.requester_pays);
        if let Some(cutoff) = input.integer("BytesScannedCutoffPerQuery")? {
            if cutoff < LEAST_CUTOFF {
                return Err(input.invalid(format!("BytesScannedCutoffPerQuery must be at least {LEAST_CUTOFF}.")));
            }
            self.cutoff = u64::try_from(cutoff).ok();
        }
        Ok(())
    }
}

fn read_location(input: &Input) -> ServiceResult<Option<String>> {
    match input.text("OutputLocation")? {
        Some(location) if split_s3_uri(location).is_none() => {
            Err(input.invalid(format!("outputLocation is not a valid S3 path: {location}")))
        }
        location => Ok(location.map(str::to_owned)),
    }
}

impl Athena {
    pub(super) fn create_work_group(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("Name")?;
        if name.len() > 128 || !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) {
            return Err(input.invalid(format!("The name `{name}` must be at most 128 letters, digits, periods, underscores or hyphens.")));
        }
        let mut group = WorkGroup {
            enabled: true,
            output: None,
            enforced: true,
            cutoff: None,
            description: input.text("Description")?.unwrap_or_default().to_owned(),
            metrics: true,
            requester_pays: false,
            created: self.inner.now(),
            tags: input.tags("Tags")?.into_iter().collect(),
        };
        if let Some(configuration) = input.object("Configuration")? {
            group.configure(&configuration)?;
            if let Some(result) = configuration.object("ResultConfiguration")? {
                group.output = read_location(&result)?;
            }
        }
        self.inner.change_groups(|groups| {
            if groups.contains_key(name) {
                return Err(input.invalid("WorkGroup is already created"));
            }
            groups.insert(name.to_owned(), group);
            Ok(json!({}))
        })
    }

    pub(super) fn get_work_group(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("WorkGroup")?;
        Ok(json!({ "WorkGroup": self.inner.group(name)?.document(name) }))
    }

    pub(super) fn list_work_groups(&self, input: &Input) -> ServiceResult {
        let groups = self.inner.groups.lock();
        let (groups, next) = page(input, "ListWorkGroups", groups.iter(), |(name, _)| (*name).clone(), 50)?;
        let groups: Vec<Value> = groups
            .into_iter()
            .map(|(name, group)| {
                json!({
                    "Name": name,
                    "State": group.state(),
                    "Description": group.description,
                    "CreationTime": epoch(group.created),
                    "EngineVersion": engine_version(),
                })
            })
            .collect();
        Ok(without_nulls(json!({ "WorkGroups": groups, "NextToken": next })))
    }

    pub(super) fn update_work_group(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("WorkGroup")?;
        self.inner.change_groups(|groups| {
            let group = groups.get_mut(name).ok_or_else(|| not_found(name))?;
            if let Some(description) = input.text("Description")? {
                group.description = description.to_owned();
            }
            if let Some(state) = input.one_of("State", &["ENABLED", "DISABLED"])? {
                group.enabled = state == "ENABLED";
            }
            if let Some(updates) = input.object("ConfigurationUpdates")? {
                group.configure(&updates)?;
                if updates.boolean("RemoveBytesScannedCutoffPerQuery")? == Some(true) {
                    group.cutoff = None;
                }
                if let Some(result) = updates.object("ResultConfigurationUpdates")? {
                    group.output = read_location(&result)?.or(group.output.take());
                    if result.boolean("RemoveOutputLocation")? == Some(true) {
                        group.output = None;
                    }
                }
            }
            Ok(json!({}))
        })
    }

    pub(super) fn delete_work_group(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("WorkGroup")?;
        if name == PRIMARY {
            return Err(input.invalid("The primary workgroup cannot be deleted."));
        }
        let recursive = input.boolean("RecursiveDeleteOption")?.unwrap_or(false);
        let used = self.inner.runs.newest_first().iter().any(|run| run.with(|query| query.work_group == name));
        if used && !recursive {
            return Err(input.invalid(format!("WorkGroup {name} is not empty.")));
        }
        self.inner.change_groups(|groups| groups.remove(name).map(|_| json!({})).ok_or_else(|| not_found(name)))
    }

    fn tagged<'g>(&self, groups: &'g mut WorkGroups, arn: &str) -> ServiceResult<&'g mut BTreeMap<String, String>> {
        let prefix = format!("arn:aws:athena:{}:{}:workgroup/", self.inner.account.region, self.inner.account.id);
        arn.strip_prefix(&prefix)
            .and_then(|name| groups.get_mut(name))
            .map(|group| &mut group.tags)
            .ok_or_else(|| ServiceError::new("ResourceNotFoundException", format!("Resource {arn} was not found.")))
    }

    pub(super) fn list_tags(&self, input: &Input) -> ServiceResult {
        let mut groups = self.inner.groups.lock();
        let tags = self.tagged(&mut groups, input.required_text("ResourceARN")?)?;
        Ok(json!({ "Tags": tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect::<Vec<_>>() }))
    }

    pub(super) fn tag(&self, input: &Input) -> ServiceResult {
        let new = input.tags("Tags")?;
        self.inner.change_groups(|groups| {
            self.tagged(groups, input.required_text("ResourceARN")?)?.extend(new);
            Ok(json!({}))
        })
    }

    pub(super) fn untag(&self, input: &Input) -> ServiceResult {
        let keys = input.texts("TagKeys")?;
        self.inner.change_groups(|groups| {
            self.tagged(groups, input.required_text("ResourceARN")?)?.retain(|key, _| !keys.contains(key));
            Ok(json!({}))
        })
    }
}
