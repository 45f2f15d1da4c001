//! Workgroups.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Input, RedshiftServerless, Tags, Wait, checked_name, conflict, not_found, page};
use crate::local::service::ServiceResult;
use crate::local::services::cloudformation::usage;
use crate::local::services::protocol::aws_json::without_nulls;

/// RPUs of a workgroup when none are asked for, as AWS gives them.
const DEFAULT_CAPACITY: i64 = 128;
const DEFAULT_PORT: i64 = 5439;

/// A workgroup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Workgroup {
    pub id: String,
    pub name: String,
    pub namespace: String,
    pub base_capacity: i64,
    pub max_capacity: Option<i64>,
    pub port: i64,
    pub publicly_accessible: bool,
    pub enhanced_vpc_routing: bool,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub parameters: Vec<(String, String)>,
    pub created: DateTime<Utc>,
    /// When it was changed last; MODIFYING for a while after.
    pub changed: Option<DateTime<Utc>>,
    pub deleting: Option<DateTime<Utc>>,
    pub tags: Tags,
}

impl RedshiftServerless {
    pub(super) fn workgroup_status(&self, it: &Workgroup) -> &'static str {
        if it.deleting.is_some() {
            "DELETING"
        } else if !self.passed(it.created, Wait::Warehouse) {
            "CREATING"
        } else if it.changed.is_some_and(|since| !self.passed(since, Wait::RoleSync)) {
            "MODIFYING"
        } else {
            "AVAILABLE"
        }
    }

    fn workgroup_document(&self, it: &Workgroup) -> Value {
        let status = self.workgroup_status(it);
        let address = format!("{}.{}.{}.redshift-serverless.amazonaws.com", it.name, self.account.id, self.account.region);
        let parameters: Vec<Value> =
            it.parameters.iter().map(|(key, value)| json!({ "parameterKey": key, "parameterValue": value })).collect();
        without_nulls(json!({
            "workgroupId": it.id,
            "workgroupArn": self.arn("workgroup", &it.id),
            "workgroupName": it.name,
            "namespaceName": it.namespace,
            "baseCapacity": it.base_capacity,
            "maxCapacity": it.max_capacity,
            "enhancedVpcRouting": it.enhanced_vpc_routing,
            "configParameters": parameters,
            "securityGroupIds": it.security_groups,
            "subnetIds": it.subnets,
            "status": status,
            // The endpoint has no address before it is there.
            "endpoint": if status == "CREATING" { json!({ "port": it.port }) } else { json!({ "address": address, "port": it.port }) },
            "port": it.port,
            "publiclyAccessible": it.publicly_accessible,
            "creationDate": it.created.to_rfc3339_opts(SecondsFormat::Millis, true),
            "ipAddressType": "ipv4",
            "trackName": "current",
            "workgroupVersion": "1.0",
        }))
    }

    /// What the workgroups lie in.
    pub(super) fn network_in_use(&self) -> Value {
        let state = self.state();
        usage::in_use(state.workgroups.values().flat_map(|it| &it.subnets), state.workgroups.values().flat_map(|it| &it.security_groups))
    }

    /// Refuses subnets and security groups that are not there.
    async fn check_network(&self, input: &Input) -> ServiceResult<()> {
        let (subnets, groups) = (input.texts("subnetIds")?, input.texts("securityGroupIds")?);
        match usage::refusal(&self.account, &subnets, &groups).await? {
            Some(why) => Err(input.invalid(why)),
            None => Ok(()),
        }
    }

    pub(super) async fn create_workgroup(&self, input: &Input) -> ServiceResult {
        self.check_network(input).await?;
        let name = checked_name(input, "workgroupName")?;
        let namespace = input.required_text("namespaceName")?;
        let workgroup = Workgroup {
            id: Uuid::new_v4().to_string(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            base_capacity: read_capacity(input, "baseCapacity")?.unwrap_or(DEFAULT_CAPACITY),
            max_capacity: read_capacity(input, "maxCapacity")?,
            port: read_port(input)?.unwrap_or(DEFAULT_PORT),
            publicly_accessible: input.boolean("publiclyAccessible")?.unwrap_or(false),
            enhanced_vpc_routing: input.boolean("enhancedVpcRouting")?.unwrap_or(false),
            subnets: input.texts("subnetIds")?,
            security_groups: input.texts("securityGroupIds")?,
            parameters: read_parameters(input)?,
            created: self.now(),
            changed: None,
            deleting: None,
            tags: input.tags("tags")?.into_iter().collect(),
        };
        check_capacities(input, &workgroup)?;
        self.change(|state| {
            if state.workgroups.contains_key(name) {
                return Err(conflict(format!("Workgroup {name} already exists.")));
            }
            let owner = state.namespaces.get(namespace).ok_or_else(|| not_found("Namespace", namespace))?;
            if self.namespace_status(owner) != "AVAILABLE" {
                return Err(conflict(format!("Namespace {namespace} is {}.", self.namespace_status(owner))));
            }
            if let Some(other) = state.workgroups.values().find(|it| it.namespace == namespace) {
                return Err(conflict(format!("Namespace {namespace} is already associated with the workgroup {}.", other.name)));
            }
            let document = json!({ "workgroup": self.workgroup_document(&workgroup) });
            state.workgroups.insert(name.to_owned(), workgroup);
            Ok(document)
        })
    }

    pub(super) fn get_workgroup(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("workgroupName")?;
        let state = self.state();
        let workgroup = state.workgroups.get(name).ok_or_else(|| not_found("Workgroup", name))?;
        Ok(json!({ "workgroup": self.workgroup_document(workgroup) }))
    }

    pub(super) fn list_workgroups(&self, input: &Input) -> ServiceResult {
        let state = self.state();
        let (workgroups, next) = page(input, "ListWorkgroups", state.workgroups.values(), |it| it.name.clone())?;
        let documents: Vec<Value> = workgroups.into_iter().map(|it| self.workgroup_document(it)).collect();
        Ok(without_nulls(json!({ "workgroups": documents, "nextToken": next })))
    }

    pub(super) async fn update_workgroup(&self, input: &Input) -> ServiceResult {
        self.check_network(input).await?;
        let name = input.required_text("workgroupName")?;
        let base_capacity = read_capacity(input, "baseCapacity")?;
        let max_capacity = read_capacity(input, "maxCapacity")?;
        let port = read_port(input)?;
        self.change(|state| {
            let workgroup = state.workgroups.get_mut(name).ok_or_else(|| not_found("Workgroup", name))?;
            if self.workgroup_status(workgroup) != "AVAILABLE" {
                return Err(conflict(format!("Workgroup {name} is {} and cannot be changed now.", self.workgroup_status(workgroup))));
            }
            workgroup.base_capacity = base_capacity.unwrap_or(workgroup.base_capacity);
            workgroup.max_capacity = max_capacity.or(workgroup.max_capacity);
            check_capacities(input, workgroup)?;
            workgroup.port = port.unwrap_or(workgroup.port);
            workgroup.publicly_accessible = input.boolean("publiclyAccessible")?.unwrap_or(workgroup.publicly_accessible);
            workgroup.enhanced_vpc_routing = input.boolean("enhancedVpcRouting")?.unwrap_or(workgroup.enhanced_vpc_routing);
            if input.has("subnetIds") {
                workgroup.subnets = input.texts("subnetIds")?;
            }
            if input.has("securityGroupIds") {
                workgroup.security_groups = input.texts("securityGroupIds")?;
            }
            if input.has("configParameters") {
                workgroup.parameters = read_parameters(input)?;
            }
            workgroup.changed = Some(self.now());
            Ok(json!({ "workgroup": self.workgroup_document(workgroup) }))
        })
    }

    pub(super) fn delete_workgroup(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("workgroupName")?;
        self.change(|state| {
            let workgroup = state.workgroups.get_mut(name).ok_or_else(|| not_found("Workgroup", name))?;
            if matches!(self.workgroup_status(workgroup), "CREATING" | "DELETING") {
                return Err(conflict(format!("Workgroup {name} is {} and cannot be deleted now.", self.workgroup_status(workgroup))));
            }
            workgroup.deleting = Some(self.now());
            Ok(json!({ "workgroup": self.workgroup_document(workgroup) }))
        })
    }
}

/// Capacities in RPUs: 4, then 8 to 512 in steps of 8, then to 1024 in steps of 32.
fn read_capacity(input: &Input, member: &str) -> ServiceResult<Option<i64>> {
    match input.integer(member)? {
        Some(rpus) if rpus == 4 || (8..=512).contains(&rpus) && rpus % 8 == 0 || (512..=1024).contains(&rpus) && rpus % 32 == 0 => {
            Ok(Some(rpus))
        }
        Some(rpus) => Err(input.invalid(format!(
            "The {member} {rpus} is not valid. Use 4, a multiple of 8 from 8 to 512, or a multiple of 32 from 512 to 1024 RPUs."
        ))),
        None => Ok(None),
    }
}

fn check_capacities(input: &Input, workgroup: &Workgroup) -> ServiceResult<()> {
    match workgroup.max_capacity {
        Some(most) if most < workgroup.base_capacity => Err(input.invalid("The maxCapacity must not be below the baseCapacity.")),
        _ => Ok(()),
    }
}

fn read_port(input: &Input) -> ServiceResult<Option<i64>> {
    match input.integer("port")? {
        Some(port) if !(5431..=5455).contains(&port) && !(8191..=8215).contains(&port) => {
            Err(input.invalid(format!("The port {port} must be within 5431-5455 or 8191-8215.")))
        }
        port => Ok(port),
    }
}

fn read_parameters(input: &Input) -> ServiceResult<Vec<(String, String)>> {
    input
        .objects("configParameters")?
        .iter()
        .map(|it| Ok((it.required_text("parameterKey")?.to_owned(), it.text("parameterValue")?.unwrap_or_default().to_owned())))
        .collect()
}
