//! Redshift Serverless: namespaces (databases and login) and workgroups (compute and endpoint).
//!
//! A status follows from the time of the last change and the pace, so no timer runs and a restart changes nothing.

mod namespaces;
mod workgroups;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::namespaces::Namespace;
use self::workgroups::Workgroup;
use super::cloudformation::usage;
use super::protocol::aws_json::{self, Call, Input};
use super::protocol::pages;
use super::warehouse;
use crate::local::account::Account;
use crate::local::engine::AttachedRoles;
use crate::local::pace::Wait;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::store::StoreError;

const NAME: &str = "redshift-serverless";
const DOCUMENT: &str = "services/redshift-serverless";
const INVALID: &str = "ValidationException";

/// The service.
pub struct RedshiftServerless {
    account: Account,
    state: Mutex<State>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    namespaces: BTreeMap<String, Namespace>,
    workgroups: BTreeMap<String, Workgroup>,
}

/// Tags by key.
type Tags = BTreeMap<String, String>;

impl RedshiftServerless {
    /// Opens the service of an account.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let state = account.store.load(DOCUMENT)?.unwrap_or_default();
        attach_roles(&account, &state);
        Ok(RedshiftServerless { account, state: Mutex::new(state) })
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
        state.workgroups.retain(|_, it| it.deleting.is_none_or(|since| !self.passed(since, Wait::Deletion)));
        state.namespaces.retain(|_, it| it.deleting.is_none_or(|since| !self.passed(since, Wait::Deletion)));
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

    fn arn(&self, kind: &str, id: &str) -> String {
        format!("arn:aws:redshift-serverless:{}:{}:{kind}/{id}", self.account.region, self.account.id)
    }

    async fn dispatch(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, INVALID)?;
        let input = &call.input;
        match call.operation {
            "CreateNamespace" => self.create_namespace(input),
            "GetNamespace" => self.get_namespace(input),
            "ListNamespaces" => self.list_namespaces(input),
            "UpdateNamespace" => self.update_namespace(input),
            "DeleteNamespace" => self.delete_namespace(input).await,
            "CreateWorkgroup" => self.create_workgroup(input).await,
            "GetWorkgroup" => self.get_workgroup(input),
            "ListWorkgroups" => self.list_workgroups(input),
            "UpdateWorkgroup" => self.update_workgroup(input).await,
            "DeleteWorkgroup" => self.delete_workgroup(input),
            "GetCredentials" => self.get_credentials(input),
            "ListTagsForResource" => self.list_tags(input),
            "TagResource" => self.tag(input),
            "UntagResource" => self.untag(input),
            warehouse::DESCRIBE_WAREHOUSE => self.describe_warehouse(input),
            usage::NETWORK_IN_USE => Ok(self.network_in_use()),
            _ => Err(call.unknown()),
        }
    }

    fn describe_warehouse(&self, input: &Input) -> ServiceResult {
        let state = self.state();
        let Some(name) = input.text("Name")? else {
            let there = state.namespaces.values().filter(|it| it.deleting.is_none());
            return warehouse::answer_any(input, there.map(|it| it.login.as_ref()));
        };
        // A workgroup may be given by name or by ARN.
        let workgroup = state.workgroups.values().find(|it| it.name == name || self.arn("workgroup", &it.id) == name);
        let namespace = workgroup.and_then(|it| state.namespaces.get(&it.namespace));
        let found = workgroup.zip(namespace).map(|(workgroup, namespace)| {
            let status = self.workgroup_status(workgroup).to_ascii_lowercase();
            (status, namespace.login.clone())
        });
        warehouse::answer(input, found.as_ref().map(|(status, login)| (status.as_str(), login.as_ref())))
    }

    fn get_credentials(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("workgroupName")?;
        let seconds = input.integer_within("durationSeconds", 900, 3600)?.unwrap_or(900);
        if !self.state().workgroups.contains_key(name) {
            return Err(not_found("Workgroup", name));
        }
        let expiration = self.now() + TimeDelta::seconds(seconds);
        // A password of its own that opens nothing: the embedded warehouse is reached through the Data API, which signs requests instead.
        Ok(json!({
            "dbUser": format!("IAM:{}", self.account.id),
            "dbPassword": warehouse::random_text(32)?,
            "expiration": aws_json::epoch(expiration),
            "nextRefreshTime": aws_json::epoch(expiration),
        }))
    }

    fn tags_of<'s>(&self, state: &'s mut State, arn: &str) -> ServiceResult<&'s mut Tags> {
        let namespace = state.namespaces.values().find(|it| self.arn("namespace", &it.id) == arn).map(|it| it.name.clone());
        let workgroup = state.workgroups.values().find(|it| self.arn("workgroup", &it.id) == arn).map(|it| it.name.clone());
        let tags = match (namespace, workgroup) {
            (Some(name), _) => state.namespaces.get_mut(&name).map(|it| &mut it.tags),
            (None, Some(name)) => state.workgroups.get_mut(&name).map(|it| &mut it.tags),
            (None, None) => None,
        };
        tags.ok_or_else(|| resource_not_found(arn, format!("Resource {arn} could not be found.")))
    }

    fn list_tags(&self, input: &Input) -> ServiceResult {
        let mut state = self.state();
        let tags = self.tags_of(&mut state, input.required_text("resourceArn")?)?;
        Ok(json!({ "tags": tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>() }))
    }

    fn tag(&self, input: &Input) -> ServiceResult {
        let new = input.tags("tags")?;
        self.change(|state| {
            let tags = self.tags_of(state, input.required_text("resourceArn")?)?;
            tags.extend(new);
            if tags.len() > 200 {
                return Err(ServiceError::new("TooManyTagsException", "a resource has at most 200 tags"));
            }
            Ok(json!({}))
        })
    }

    fn untag(&self, input: &Input) -> ServiceResult {
        let keys = input.texts("tagKeys")?;
        self.change(|state| {
            let tags = self.tags_of(state, input.required_text("resourceArn")?)?;
            tags.retain(|key, _| !keys.contains(key));
            Ok(json!({}))
        })
    }
}

/// Tells the engine which roles the namespaces have.
fn attach_roles(account: &Account, state: &State) {
    let there = || state.namespaces.values().filter(|namespace| namespace.deleting.is_none());
    let roles = there().flat_map(|namespace| namespace.roles.iter().map(|role| role.arn.clone())).collect();
    let default = there().find_map(|namespace| namespace.default_role.clone());
    account.engine.attach_roles(NAME, AttachedRoles { roles, default });
}

#[async_trait]
impl Service for RedshiftServerless {
    fn signing_name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, request: Request) -> Response {
        aws_json::respond(self.dispatch(&request).await)
    }
}

/// A name of a namespace or workgroup: 3 to 64 lower-case letters, digits and hyphens.
fn checked_name<'a>(input: &'a Input, member: &str) -> ServiceResult<&'a str> {
    let name = input.required_text(member)?;
    if !(3..=64).contains(&name.len()) || !name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-') {
        return Err(input.invalid(format!("The {member} `{name}` must be 3 to 64 lowercase letters, digits and hyphens.")));
    }
    Ok(name)
}

fn page<T>(
    input: &Input,
    operation: &str,
    items: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> String,
) -> ServiceResult<(Vec<T>, Option<String>)> {
    let size = input.integer_within("maxResults", 1, 100)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    pages::page(operation, items, name, input.text("nextToken")?, size).map_err(|_| input.invalid("The nextToken is not valid."))
}

fn not_found(kind: &str, name: &str) -> ServiceError {
    resource_not_found(name, format!("{kind} {name} could not be found."))
}

fn resource_not_found(name: &str, message: String) -> ServiceError {
    let mut error = ServiceError::new("ResourceNotFoundException", message);
    error.members = Box::new(json!({ "resourceName": name }));
    error
}

fn conflict(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ConflictException", message)
}

fn internal(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InternalServerException", message).with_status(500)
}

fn optional(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Value::from)
}
