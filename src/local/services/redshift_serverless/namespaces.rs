//! Namespaces.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Input, RedshiftServerless, Tags, Wait, checked_name, conflict, internal, not_found, optional, page, warehouse};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::without_nulls;
use crate::local::services::warehouse::Login;

/// The database that a namespace has when none is named.
const DEFAULT_DATABASE: &str = "dev";

/// A namespace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Namespace {
    pub id: String,
    pub name: String,
    pub database: String,
    /// Absent when no administrator was given: then only IAM opens the database.
    pub login: Option<Login>,
    pub roles: Vec<Role>,
    pub default_role: Option<String>,
    pub created: DateTime<Utc>,
    /// When it was changed last; MODIFYING for a while after.
    pub changed: Option<DateTime<Utc>>,
    pub deleting: Option<DateTime<Utc>>,
    pub log_exports: Vec<String>,
    pub tags: Tags,
}

/// A role of a namespace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Role {
    pub arn: String,
    since: DateTime<Utc>,
}

impl RedshiftServerless {
    pub(super) fn namespace_status(&self, it: &Namespace) -> &'static str {
        if it.deleting.is_some() {
            "DELETING"
        } else if it.changed.is_some_and(|since| !self.passed(since, Wait::RoleSync)) {
            "MODIFYING"
        } else {
            "AVAILABLE"
        }
    }

    fn namespace_document(&self, it: &Namespace) -> Value {
        // Roles are sent as texts that hold their apply status, not as structures.
        let roles: Vec<String> = it
            .roles
            .iter()
            .map(|role| {
                let status = if self.passed(role.since, Wait::RoleSync) { "in-sync" } else { "adding" };
                format!("IamRole(applyStatus={status}, iamRoleArn={})", role.arn)
            })
            .collect();
        without_nulls(json!({
            "namespaceArn": self.arn("namespace", &it.id),
            "namespaceId": it.id,
            "namespaceName": it.name,
            "adminUsername": optional(it.login.as_ref().map(|login| login.user.as_str())),
            "dbName": it.database,
            "kmsKeyId": "AWS_OWNED_KMS_KEY",
            "defaultIamRoleArn": optional(it.default_role.as_deref()),
            "iamRoles": roles,
            "logExports": it.log_exports,
            "status": self.namespace_status(it),
            "creationDate": it.created.to_rfc3339_opts(SecondsFormat::Millis, true),
        }))
    }

    pub(super) fn create_namespace(&self, input: &Input) -> ServiceResult {
        let name = checked_name(input, "namespaceName")?;
        let database = input.text("dbName")?.unwrap_or(DEFAULT_DATABASE);
        warehouse::check_database(database).map_err(|rule| input.invalid(format!("The dbName `{database}` {rule}.")))?;
        let login = read_login(input)?;
        let roles = read_roles(input, self.now())?;
        let default_role = input.text("defaultIamRoleArn")?.map(str::to_owned);
        check_default_role(input, default_role.as_deref(), &roles)?;
        let namespace = Namespace {
            id: Uuid::new_v4().to_string(),
            name: name.to_owned(),
            database: database.to_owned(),
            login,
            roles,
            default_role,
            created: self.now(),
            changed: None,
            deleting: None,
            log_exports: input.texts("logExports")?,
            tags: input.tags("tags")?.into_iter().collect(),
        };
        self.change(|state| {
            if state.namespaces.contains_key(name) {
                return Err(conflict(format!("Namespace {name} already exists.")));
            }
            self.account.engine.create_warehouse(database).map_err(|error| internal(error.message))?;
            let document = json!({ "namespace": self.namespace_document(&namespace) });
            state.namespaces.insert(name.to_owned(), namespace);
            Ok(document)
        })
    }

    pub(super) fn get_namespace(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("namespaceName")?;
        let state = self.state();
        let namespace = state.namespaces.get(name).ok_or_else(|| not_found("Namespace", name))?;
        Ok(json!({ "namespace": self.namespace_document(namespace) }))
    }

    pub(super) fn list_namespaces(&self, input: &Input) -> ServiceResult {
        let state = self.state();
        let (namespaces, next) = page(input, "ListNamespaces", state.namespaces.values(), |it| it.name.clone())?;
        let documents: Vec<Value> = namespaces.into_iter().map(|it| self.namespace_document(it)).collect();
        Ok(without_nulls(json!({ "namespaces": documents, "nextToken": next })))
    }

    pub(super) fn update_namespace(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("namespaceName")?;
        let now = self.now();
        let new_roles = input.has("iamRoles").then(|| read_roles(input, now)).transpose()?;
        self.change(|state| {
            let namespace = state.namespaces.get_mut(name).ok_or_else(|| not_found("Namespace", name))?;
            if self.namespace_status(namespace) != "AVAILABLE" {
                return Err(conflict(format!("Namespace {name} is {} and cannot be changed now.", self.namespace_status(namespace))));
            }
            if input.has("adminUsername") || input.has("adminUserPassword") {
                let user = input.text("adminUsername")?.map(str::to_owned);
                let user = user.or_else(|| namespace.login.as_ref().map(|login| login.user.clone()));
                let user = user.ok_or_else(|| input.invalid("adminUsername must be given with adminUserPassword."))?;
                namespace.login = Some(new_login(input, &user)?);
            }
            if let Some(mut roles) = new_roles {
                for role in &mut roles {
                    // A role that stays is in sync already.
                    if let Some(old) = namespace.roles.iter().find(|old| old.arn == role.arn) {
                        role.since = old.since;
                    }
                }
                namespace.roles = roles;
            }
            if let Some(role) = input.text("defaultIamRoleArn")? {
                namespace.default_role = (!role.is_empty()).then(|| role.to_owned());
            }
            check_default_role(input, namespace.default_role.as_deref(), &namespace.roles)?;
            if input.has("logExports") {
                namespace.log_exports = input.texts("logExports")?;
            }
            namespace.changed = Some(now);
            Ok(json!({ "namespace": self.namespace_document(namespace) }))
        })
    }

    pub(super) async fn delete_namespace(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("namespaceName")?;
        if input.has("finalSnapshotName") {
            return Err(input.invalid("The embedded AWS does not keep snapshots: delete without finalSnapshotName."));
        }
        let clusters = warehouse::any_in(&self.account, "redshift").await?;
        self.change(|state| {
            let namespace = state.namespaces.get(name).ok_or_else(|| not_found("Namespace", name))?;
            if let Some(workgroup) = state.workgroups.values().find(|it| it.namespace == name) {
                let workgroup = &workgroup.name;
                return Err(conflict(format!("Namespace {name} has the workgroup {workgroup}. Delete the workgroup first.")));
            }
            if namespace.deleting.is_some() {
                return Err(conflict(format!("Namespace {name} is being deleted.")));
            }
            let mut others = state.namespaces.values().filter(|it| it.deleting.is_none() && it.name != name).peekable();
            // Of a cluster that is there the database is not known here; it may be the same.
            if !clusters {
                let engine = &self.account.engine;
                let dropped = if others.peek().is_none() {
                    engine.drop_warehouse()
                } else if others.any(|it| it.database == namespace.database) {
                    Ok(())
                } else {
                    engine.drop_database(&namespace.database)
                };
                dropped.map_err(|error| internal(error.message))?;
            }
            let now = self.now();
            let namespace = state.namespaces.get_mut(name).ok_or_else(|| not_found("Namespace", name))?;
            namespace.deleting = Some(now);
            // The password is of no use from here on.
            namespace.login = None;
            Ok(json!({ "namespace": self.namespace_document(namespace) }))
        })
    }
}

fn read_login(input: &Input) -> ServiceResult<Option<Login>> {
    if input.boolean("manageAdminPassword")? == Some(true) {
        return Err(input.invalid("The embedded AWS does not manage admin passwords: give adminUserPassword."));
    }
    match (input.text("adminUsername")?, input.has("adminUserPassword")) {
        (Some(user), true) => new_login(input, user).map(Some),
        (None, false) => Ok(None),
        _ => Err(input.invalid("adminUsername and adminUserPassword must be given together.")),
    }
}

fn new_login(input: &Input, user: &str) -> ServiceResult<Login> {
    warehouse::check_user(user).map_err(|rule| input.invalid(format!("The adminUsername `{user}` {rule}.")))?;
    let password = input.required_text("adminUserPassword")?;
    warehouse::check_password(password).map_err(|rule| input.invalid(format!("The adminUserPassword {rule}.")))?;
    Login::new(user, password)
}

fn read_roles(input: &Input, now: DateTime<Utc>) -> ServiceResult<Vec<Role>> {
    input
        .texts("iamRoles")?
        .into_iter()
        .map(|arn| {
            if arn.starts_with("arn:aws:iam::") {
                Ok(Role { arn, since: now })
            } else {
                Err(input.invalid(format!("`{arn}` in iamRoles is not the ARN of a role.")))
            }
        })
        .collect()
}

fn check_default_role(input: &Input, default: Option<&str>, roles: &[Role]) -> ServiceResult<()> {
    match default {
        Some(arn) if !roles.iter().any(|role| role.arn == arn) => {
            Err(input.invalid(format!("The default role {arn} must be one of the namespace's iamRoles.")))
        }
        _ => Ok(()),
    }
}
