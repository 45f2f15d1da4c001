//! Clusters.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Form, Redshift, Tags, Wait, Xml, internal, page, tags_fit, warehouse};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::cloudformation::usage;
use crate::local::services::protocol::aws_query::write_tags;
use crate::local::services::warehouse::Login;

/// Node types that can be ordered. `dc2` and `ds2` are no longer offered.
const NODE_TYPES: [&str; 4] = ["ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"];
const DEFAULT_DATABASE: &str = "dev";
const DEFAULT_PORT: i64 = 5439;

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub id: String,
    pub name: String,
    pub database: String,
    /// Gone once the cluster is being deleted.
    pub login: Option<Login>,
    pub user: String,
    pub node_type: String,
    pub nodes: i64,
    pub port: i64,
    pub subnet_group: Option<String>,
    pub security_groups: Vec<String>,
    pub publicly_accessible: bool,
    pub encrypted: bool,
    pub enhanced_vpc_routing: bool,
    pub roles: Vec<Role>,
    pub default_role: Option<String>,
    pub created: DateTime<Utc>,
    pub power: Power,
    pub deleting: Option<DateTime<Utc>>,
    pub tags: Tags,
}

/// A role of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Role {
    pub arn: String,
    since: DateTime<Utc>,
    pub removing: bool,
}

/// Whether a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Power {
    /// Since it was made.
    On,
    /// Paused, since when.
    Paused(DateTime<Utc>),
    /// Resumed, since when.
    Resumed(DateTime<Utc>),
}

impl Redshift {
    pub(super) fn status(&self, it: &Cluster) -> &'static str {
        if it.deleting.is_some() {
            return "deleting";
        }
        if !self.passed(it.created, Wait::Warehouse) {
            return "creating";
        }
        match it.power {
            Power::Paused(since) if self.passed(since, Wait::Deletion) => "paused",
            Power::Paused(_) => "pausing",
            Power::Resumed(since) if !self.passed(since, Wait::Warehouse) => "resuming",
            Power::On | Power::Resumed(_) => "available",
        }
    }

    fn write_cluster(&self, xml: &mut Xml, it: &Cluster) {
        let status = self.status(it);
        let availability = match status {
            "available" => "Available",
            "paused" | "pausing" => "Paused",
            "deleting" => "Unavailable",
            _ => "Modifying",
        };
        xml.text("ClusterIdentifier", &it.name)
            .text("ClusterNamespaceArn", self.arn("namespace", &it.id))
            .text("NodeType", &it.node_type)
            .text("ClusterStatus", status)
            .text("ClusterAvailabilityStatus", availability)
            .text("MasterUsername", &it.user)
            .text("DBName", &it.database);
        if status != "creating" {
            xml.element("Endpoint", |xml| {
                let (name, region) = (&it.name, &self.account.region);
                let part: String = it.id.chars().take(12).collect();
                xml.text("Address", format!("{name}.{part}.{region}.redshift.amazonaws.com")).value("Port", it.port);
            });
        }
        xml.time("ClusterCreateTime", it.created)
            .value("AutomatedSnapshotRetentionPeriod", 1)
            .value("ManualSnapshotRetentionPeriod", -1)
            .list("VpcSecurityGroups", "VpcSecurityGroup", &it.security_groups, |xml, group| {
                xml.text("VpcSecurityGroupId", group).text("Status", "active");
            })
            .optional("ClusterSubnetGroupName", it.subnet_group.as_ref())
            .text("AvailabilityZone", format!("{}a", self.account.region))
            .text("ClusterVersion", "1.0")
            .value("AllowVersionUpgrade", true)
            .value("NumberOfNodes", it.nodes)
            .value("PubliclyAccessible", it.publicly_accessible)
            .value("Encrypted", it.encrypted)
            .value("EnhancedVpcRouting", it.enhanced_vpc_routing)
            .list("IamRoles", "ClusterIamRole", self.visible_roles(it), |xml, role| {
                let status = match (role.removing, self.passed(role.since, Wait::RoleSync)) {
                    (true, _) => "removing",
                    (false, true) => "in-sync",
                    (false, false) => "adding",
                };
                xml.text("IamRoleArn", &role.arn).text("ApplyStatus", status);
            })
            .optional("DefaultIamRoleArn", it.default_role.as_ref())
            .text("MaintenanceTrackName", "current");
        write_tags(xml, &it.tags);
    }

    /// The roles but those whose removal has ended.
    fn visible_roles<'c>(&self, it: &'c Cluster) -> Vec<&'c Role> {
        it.roles.iter().filter(|role| !role.removing || !self.passed(role.since, Wait::RoleSync)).collect()
    }

    fn one(&self, it: &Cluster) -> Xml {
        let mut xml = Xml::default();
        xml.element("Cluster", |xml| self.write_cluster(xml, it));
        xml
    }

    pub(super) async fn create_cluster(&self, form: &Form) -> ServiceResult<Xml> {
        let name = checked_name(form, "ClusterIdentifier")?.to_owned();
        let (node_type, nodes) = read_nodes(form)?;
        let database = form.text("DBName").unwrap_or(DEFAULT_DATABASE).to_owned();
        warehouse::check_database(&database).map_err(|rule| form.invalid(format!("The parameter DBName {rule}.")))?;
        let user = form.required("MasterUsername")?.to_owned();
        warehouse::check_user(&user).map_err(|rule| form.invalid(format!("The parameter MasterUsername {rule}.")))?;
        let password = form.required("MasterUserPassword")?;
        warehouse::check_password(password).map_err(|rule| form.invalid(format!("The parameter MasterUserPassword {rule}.")))?;
        let port = form.integer("Port")?.unwrap_or(DEFAULT_PORT);
        if !(5431..=5455).contains(&port) && !(8191..=8215).contains(&port) {
            return Err(form.invalid(format!("The parameter Port must be within 5431-5455 or 8191-8215, not {port}.")));
        }
        let now = self.now();
        let cluster = Cluster {
            id: Uuid::new_v4().simple().to_string(),
            login: Some(Login::new(&user, password)?),
            user,
            node_type,
            nodes,
            port,
            subnet_group: form.text("ClusterSubnetGroupName").map(str::to_owned),
            security_groups: form.texts("VpcSecurityGroupIds", "VpcSecurityGroupId"),
            publicly_accessible: form.boolean("PubliclyAccessible")?.unwrap_or(false),
            encrypted: form.boolean("Encrypted")?.unwrap_or(true),
            enhanced_vpc_routing: form.boolean("EnhancedVpcRouting")?.unwrap_or(false),
            roles: read_roles(form, "IamRoles", now)?,
            default_role: form.text("DefaultIamRoleArn").map(str::to_owned),
            created: now,
            power: Power::On,
            deleting: None,
            tags: form.tags().into_iter().collect(),
            name: name.clone(),
            database,
        };
        if let Some(why) = usage::refusal(&self.account, &[], &cluster.security_groups).await? {
            return Err(form.invalid(why));
        }
        self.change(|state| {
            if state.clusters.contains_key(&name) {
                return Err(ServiceError::new("ClusterAlreadyExists", format!("Cluster already exists: {name}")));
            }
            if let Some(group) = cluster.subnet_group.as_ref().filter(|group| !state.subnet_groups.contains_key(*group)) {
                return Err(super::subnet_groups::not_found(group));
            }
            self.account.engine.create_warehouse(&cluster.database).map_err(|error| internal(error.message))?;
            let answer = self.one(&cluster);
            state.clusters.insert(name, cluster);
            Ok(answer)
        })
    }

    pub(super) fn describe_clusters(&self, form: &Form) -> ServiceResult<Xml> {
        let state = self.state();
        let wanted = form.text("ClusterIdentifier").map(str::to_ascii_lowercase);
        if let Some(name) = wanted.as_ref().filter(|name| !state.clusters.contains_key(*name)) {
            return Err(not_found(name));
        }
        let listed = state.clusters.values().filter(|it| wanted.as_ref().is_none_or(|name| *name == it.name) && tags_fit(form, &it.tags));
        let (clusters, marker) = page(form, "DescribeClusters", listed, |it| it.name.clone())?;
        let mut xml = Xml::default();
        xml.optional("Marker", marker).list("Clusters", "Cluster", clusters, |xml, it| self.write_cluster(xml, it));
        Ok(xml)
    }

    /// Changes a cluster that is in one of the states `fit`.
    fn change_cluster(&self, form: &Form, fit: &[&str], change: impl FnOnce(&mut Cluster) -> ServiceResult<()>) -> ServiceResult<Xml> {
        let name = form.required("ClusterIdentifier")?.to_ascii_lowercase();
        self.change(|state| {
            let cluster = state.clusters.get_mut(&name).ok_or_else(|| not_found(&name))?;
            let status = self.status(cluster);
            if !fit.contains(&status) {
                let message = format!("The cluster {name} is {status}; this needs it to be {}.", fit.join(" or "));
                return Err(ServiceError::new("InvalidClusterState", message));
            }
            change(cluster)?;
            Ok(self.one(cluster))
        })
    }

    pub(super) async fn delete_cluster(&self, form: &Form) -> ServiceResult<Xml> {
        let skip = form.boolean("SkipFinalClusterSnapshot")?.unwrap_or(false);
        if !skip && form.text("FinalClusterSnapshotIdentifier").is_none() {
            let message = "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.";
            return Err(ServiceError::new("InvalidParameterCombination", message));
        }
        if !skip {
            return Err(form.invalid("The embedded AWS does not keep snapshots: delete with SkipFinalClusterSnapshot."));
        }
        let namespaces = warehouse::any_in(&self.account, "redshift-serverless").await?;
        let others = self.state().clusters.values().filter(|it| it.deleting.is_none()).count() > 1;
        self.change_cluster(form, &["available", "paused"], |cluster| {
            if !namespaces && !others {
                self.account.engine.drop_warehouse().map_err(|error| internal(error.message))?;
            }
            cluster.deleting = Some(self.now());
            // The password is of no use from here on.
            cluster.login = None;
            Ok(())
        })
    }

    pub(super) fn modify_cluster(&self, form: &Form) -> ServiceResult<Xml> {
        self.change_cluster(form, &["available"], |cluster| {
            if let Some(password) = form.text("MasterUserPassword") {
                warehouse::check_password(password).map_err(|rule| form.invalid(format!("The parameter MasterUserPassword {rule}.")))?;
                cluster.login = Some(Login::new(&cluster.user, password)?);
            }
            if form.text("NodeType").is_some() || form.text("NumberOfNodes").is_some() {
                (cluster.node_type, cluster.nodes) = read_nodes(form)?;
            }
            cluster.publicly_accessible = form.boolean("PubliclyAccessible")?.unwrap_or(cluster.publicly_accessible);
            Ok(())
        })
    }

    pub(super) fn modify_cluster_iam_roles(&self, form: &Form) -> ServiceResult<Xml> {
        let now = self.now();
        let add = read_roles(form, "AddIamRoles", now)?;
        let remove = form.texts("RemoveIamRoles", "IamRoleArn");
        self.change_cluster(form, &["available"], |cluster| {
            cluster.roles.retain(|role| !role.removing || !self.passed(role.since, Wait::RoleSync));
            for role in &mut cluster.roles {
                if remove.contains(&role.arn) && !role.removing {
                    (role.removing, role.since) = (true, now);
                }
            }
            for role in add {
                match cluster.roles.iter_mut().find(|it| it.arn == role.arn) {
                    // Attached already: nothing to apply.
                    Some(it) if !it.removing => {}
                    Some(it) => *it = role,
                    None => cluster.roles.push(role),
                }
            }
            if let Some(role) = form.text("DefaultIamRoleArn") {
                cluster.default_role = (!role.is_empty()).then(|| role.to_owned());
            }
            Ok(())
        })
    }

    pub(super) fn pause_cluster(&self, form: &Form) -> ServiceResult<Xml> {
        self.change_cluster(form, &["available"], |cluster| {
            cluster.power = Power::Paused(self.now());
            Ok(())
        })
    }

    pub(super) fn resume_cluster(&self, form: &Form) -> ServiceResult<Xml> {
        self.change_cluster(form, &["paused"], |cluster| {
            cluster.power = Power::Resumed(self.now());
            Ok(())
        })
    }
}

/// A cluster identifier: 1 to 63 letters, digits and hyphens, a letter first, no hyphen at the end, no two in a row.
fn checked_name<'f>(form: &'f Form, parameter: &str) -> ServiceResult<&'f str> {
    let name = form.required(parameter)?;
    let fine = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !name.ends_with('-')
        && !name.contains("--");
    if fine {
        Ok(name)
    } else {
        Err(form.invalid(format!(
            "The parameter {parameter} is not a valid identifier: `{name}`. Identifiers must begin with a letter; must contain only lowercase ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )))
    }
}

fn read_nodes(form: &Form) -> ServiceResult<(String, i64)> {
    let node_type = form.required("NodeType")?;
    if !NODE_TYPES.contains(&node_type) {
        let offered = NODE_TYPES.join(", ");
        return Err(form.invalid(format!("Invalid node type: {node_type}. It is not offered; use one of {offered}.")));
    }
    let nodes = form.integer("NumberOfNodes")?;
    match (form.text("ClusterType"), nodes) {
        (Some("single-node"), Some(nodes)) if nodes != 1 => {
            Err(ServiceError::new("InvalidParameterCombination", "Number of nodes for cluster type single-node must be 1."))
        }
        (Some("multi-node"), None) => {
            Err(ServiceError::new("InvalidParameterCombination", "NumberOfNodes is required for cluster type multi-node."))
        }
        (_, Some(nodes)) if !(1..=128).contains(&nodes) => {
            Err(form.invalid(format!("The parameter NumberOfNodes must be between 1 and 128, not {nodes}.")))
        }
        (_, nodes) => Ok((node_type.to_owned(), nodes.unwrap_or(1))),
    }
}

fn read_roles(form: &Form, list: &str, now: DateTime<Utc>) -> ServiceResult<Vec<Role>> {
    form.texts(list, "IamRoleArn")
        .into_iter()
        .map(|arn| {
            if arn.starts_with("arn:aws:iam::") {
                Ok(Role { arn, since: now, removing: false })
            } else {
                Err(form.invalid(format!("`{arn}` is not the ARN of a role.")))
            }
        })
        .collect()
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ClusterNotFound", format!("Cluster {name} not found.")).with_status(404)
}
