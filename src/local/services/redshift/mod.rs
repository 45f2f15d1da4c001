//! Provisioned Redshift: clusters, subnet groups, tags. The query protocol, XML out.
//!
//! As with Serverless, a status follows from the time of the last change and the pace.

mod clusters;
mod subnet_groups;
mod tags;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::clusters::Cluster;
use self::subnet_groups::SubnetGroup;
use super::cloudformation::usage;
use super::protocol::aws_json::{self, Call};
use super::protocol::aws_query::{self, Form, Xml};
use super::protocol::pages;
use super::warehouse;
use crate::local::account::Account;
use crate::local::engine::AttachedRoles;
use crate::local::pace::Wait;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::store::StoreError;

const NAME: &str = "redshift";
const DOCUMENT: &str = "services/redshift";
const NAMESPACE: &str = "http://redshift.amazonaws.com/doc/2012-12-01/";
const INVALID: &str = "InvalidParameterValue";

/// The service.
pub struct Redshift {
    account: Account,
    state: Mutex<State>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    clusters: BTreeMap<String, Cluster>,
    subnet_groups: BTreeMap<String, SubnetGroup>,
}

/// Tags by key.
type Tags = BTreeMap<String, String>;

impl Redshift {
    /// Opens the service of an account.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let state = account.store.load(DOCUMENT)?.unwrap_or_default();
        attach_roles(&account, &state);
        Ok(Redshift { account, state: Mutex::new(state) })
    }

    fn now(&self) -> DateTime<Utc> {
        self.account.clock.now()
    }

    /// Whether `wait` has passed since `start`.
    fn passed(&self, start: DateTime<Utc>, wait: Wait) -> bool {
        self.account.left(start, wait).is_zero()
    }

    /// The state without what has finished deleting.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.clusters.retain(|_, it| it.deleting.is_none_or(|since| !self.passed(since, Wait::Deletion)));
        state
    }

    /// Changes the state on disk and then in memory; an error changes nothing.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> ServiceResult<T>) -> ServiceResult<T> {
        let mut state = self.state();
        let mut next = state.clone();
        let result = change(&mut next)?;
        self.account.store.save(DOCUMENT, &next).map_err(|error| internal(error.to_string()))?;
        attach_roles(&self.account, &next);
        *state = next;
        Ok(result)
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:redshift:{}:{}:{kind}:{name}", self.account.region, self.account.id)
    }

    async fn dispatch(&self, form: &Form) -> ServiceResult<Xml> {
        match form.action.as_str() {
            "CreateCluster" => self.create_cluster(form).await,
            "DescribeClusters" => self.describe_clusters(form),
            "DeleteCluster" => self.delete_cluster(form).await,
            "ModifyCluster" => self.modify_cluster(form),
            "ModifyClusterIamRoles" => self.modify_cluster_iam_roles(form),
            "PauseCluster" => self.pause_cluster(form),
            "ResumeCluster" => self.resume_cluster(form),
            "CreateClusterSubnetGroup" => self.create_subnet_group(form).await,
            "DescribeClusterSubnetGroups" => self.describe_subnet_groups(form),
            "DeleteClusterSubnetGroup" => self.delete_subnet_group(form),
            "CreateTags" => self.create_tags(form),
            "DeleteTags" => self.delete_tags(form),
            "DescribeTags" => self.describe_tags(form),
            _ => Err(form.unknown()),
        }
    }

    /// What clusters lie in: the subnets of their groups. A group that no cluster uses has nothing in its subnets.
    fn network_in_use(&self) -> serde_json::Value {
        let state = self.state();
        let groups = || state.clusters.values().filter_map(|it| state.subnet_groups.get(it.subnet_group.as_ref()?));
        usage::in_use(groups().flat_map(|it| &it.subnets), state.clusters.values().flat_map(|it| &it.security_groups))
    }

    /// The questions of other services, which come as JSON.
    fn describe_warehouse(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, INVALID)?;
        if call.operation == usage::NETWORK_IN_USE {
            return Ok(self.network_in_use());
        }
        if call.operation != warehouse::DESCRIBE_WAREHOUSE {
            return Err(call.unknown());
        }
        let state = self.state();
        let Some(name) = call.input.text("Name")? else {
            let there = state.clusters.values().filter(|it| it.deleting.is_none());
            return warehouse::answer_any(&call.input, there.map(|it| it.login.as_ref()));
        };
        let found = state.clusters.get(name).map(|it| (self.status(it), it.login.as_ref()));
        warehouse::answer(&call.input, found)
    }
}

/// Tells the engine which roles the clusters have.
fn attach_roles(account: &Account, state: &State) {
    let there = || state.clusters.values().filter(|cluster| cluster.deleting.is_none());
    let roles = there().flat_map(|cluster| cluster.roles.iter().filter(|role| !role.removing).map(|role| role.arn.clone())).collect();
    let default = there().find_map(|cluster| cluster.default_role.clone());
    account.engine.attach_roles(NAME, AttachedRoles { roles, default });
}

#[async_trait]
impl Service for Redshift {
    fn signing_name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, request: Request) -> Response {
        if request.json_operation().is_some() {
            return aws_json::respond(self.describe_warehouse(&request));
        }
        let id = Uuid::new_v4().to_string();
        match Form::parse(&request, INVALID) {
            Ok(form) => aws_query::respond(NAMESPACE, &form.action, &id, self.dispatch(&form).await),
            Err(error) => aws_query::respond(NAMESPACE, "", &id, Err(error)),
        }
    }
}

/// A page of a Describe operation and its marker.
fn page<T>(
    form: &Form,
    scope: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
) -> ServiceResult<(Vec<T>, Option<String>)> {
    let size = match form.integer("MaxRecords")? {
        None => 100,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (20..=100).contains(size))
            .ok_or_else(|| form.invalid(format!("The parameter MaxRecords must be between 20 and 100, not {size}.")))?,
    };
    let marker = form.text("Marker").filter(|marker| !marker.is_empty());
    pages::page(scope, items, key, marker, size).map_err(|_| form.invalid("The Marker is not valid for this request."))
}

/// Whether tags fit the filters `TagKeys` and `TagValues`.
fn tags_fit(form: &Form, tags: &Tags) -> bool {
    let keys = form.texts("TagKeys", "TagKey");
    let values = form.texts("TagValues", "TagValue");
    (keys.is_empty() || tags.keys().any(|key| keys.contains(key)))
        && (values.is_empty() || tags.values().any(|value| values.contains(value)))
}

fn internal(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InternalFailure", message).with_status(500)
}
