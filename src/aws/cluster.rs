//! A provisioned warehouse (Redshift): a subnet group and a cluster.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;

const SERVICE: &str = "Redshift";

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// `creating`, `available`, `deleting`, …
    pub status: String,
    /// Roles: ARN and apply status (`in-sync`, `adding`, `removing`).
    pub roles: Vec<(String, String)>,
    /// Host and port, once known.
    pub endpoint: Option<(String, u16)>,
    /// Node type and number of nodes.
    pub nodes: (String, u32),
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// Tags.
    pub tags: Tags,
}

/// A subnet group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetGroup {
    /// `Complete` and the like.
    pub status: String,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// What a cluster is made from.
#[derive(Debug)]
pub struct NewCluster<'a> {
    /// Identifier.
    pub name: &'a str,
    /// Database.
    pub database: &'a str,
    /// Administrator.
    pub admin: &'a str,
    /// Password of the administrator.
    pub password: &'a SecretString,
    /// Node type.
    pub node_type: &'a str,
    /// Number of nodes.
    pub nodes: u32,
    /// Role to attach.
    pub role: &'a str,
    /// Subnet group, when there is one.
    pub subnet_group: Option<&'a str>,
    /// Security groups; none for the network's own.
    pub security_groups: &'a [String],
    /// Tags.
    pub tags: &'a Tags,
}

/// The gateway.
pub struct Clusters {
    client: Lazy<aws_sdk_redshift::Client>,
}

impl Clusters {
    pub(super) fn new(source: &Source) -> Self {
        Clusters { client: lazy_client!(source, aws_sdk_redshift) }
    }

    /// The cluster, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Cluster>, AwsError> {
        match self.client.get().describe_clusters().cluster_identifier(name).send().await.map_err(fault(SERVICE, "DescribeClusters")) {
            Ok(said) => Ok(said.clusters().first().map(cluster)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a cluster, encrypted and not reachable from outside.
    pub async fn create(&self, new: &NewCluster<'_>) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_cluster()
            .cluster_identifier(new.name)
            .db_name(new.database)
            .master_username(new.admin)
            .master_user_password(new.password.expose_secret())
            .node_type(new.node_type)
            .port(5439)
            .publicly_accessible(false)
            .encrypted(true)
            .iam_roles(new.role)
            .set_cluster_subnet_group_name(new.subnet_group.map(str::to_owned))
            .set_vpc_security_group_ids((!new.security_groups.is_empty()).then(|| new.security_groups.to_vec()))
            .set_tags(Some(tags(new.tags)));
        let request = if new.nodes > 1 {
            request.cluster_type("multi-node").number_of_nodes(i32::try_from(new.nodes).unwrap_or(i32::MAX))
        } else {
            request.cluster_type("single-node")
        };
        request.send().await.map_err(fault(SERVICE, "CreateCluster")).map(drop)
    }

    /// Attaches a role.
    pub async fn attach_role(&self, name: &str, role: &str) -> Result<(), AwsError> {
        let request = self.client.get().modify_cluster_iam_roles().cluster_identifier(name).add_iam_roles(role);
        request.send().await.map_err(fault(SERVICE, "ModifyClusterIamRoles")).map(drop)
    }

    /// Gives the administrator another password.
    pub async fn set_password(&self, name: &str, password: &SecretString) -> Result<(), AwsError> {
        let request = self.client.get().modify_cluster().cluster_identifier(name).master_user_password(password.expose_secret());
        request.send().await.map_err(fault(SERVICE, "ModifyCluster")).map(drop)
    }

    /// Starts the removal of a cluster, without a final snapshot. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_cluster().cluster_identifier(name).skip_final_cluster_snapshot(true);
        match request.send().await.map_err(fault(SERVICE, "DeleteCluster")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The subnet group, if it exists.
    pub async fn subnet_group(&self, name: &str) -> Result<Option<SubnetGroup>, AwsError> {
        let request = self.client.get().describe_cluster_subnet_groups().cluster_subnet_group_name(name);
        match request.send().await.map_err(fault(SERVICE, "DescribeClusterSubnetGroups")) {
            Ok(said) => Ok(said.cluster_subnet_groups().first().map(|group| SubnetGroup {
                status: group.subnet_group_status().unwrap_or_default().to_owned(),
                subnets: group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned)).collect(),
                tags: from_tags(group.tags()),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a subnet group.
    pub async fn create_subnet_group(&self, name: &str, description: &str, subnets: &[String], with: &Tags) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_cluster_subnet_group()
            .cluster_subnet_group_name(name)
            .description(description)
            .set_subnet_ids(Some(subnets.to_vec()))
            .set_tags(Some(tags(with)));
        request.send().await.map_err(fault(SERVICE, "CreateClusterSubnetGroup")).map(drop)
    }

    /// Removes a subnet group. Gives false when it was not there.
    pub async fn delete_subnet_group(&self, name: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_cluster_subnet_group().cluster_subnet_group_name(name);
        match request.send().await.map_err(fault(SERVICE, "DeleteClusterSubnetGroup")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn tags(tags: &Tags) -> Vec<aws_sdk_redshift::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_redshift::types::Tag::builder().key(key).value(value).build()).collect()
}

fn from_tags(tags: &[aws_sdk_redshift::types::Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned())).collect()
}

fn cluster(said: &aws_sdk_redshift::types::Cluster) -> Cluster {
    Cluster {
        status: said.cluster_status().unwrap_or_default().to_owned(),
        roles: said
            .iam_roles()
            .iter()
            .map(|role| (role.iam_role_arn().unwrap_or_default().to_owned(), role.apply_status().unwrap_or_default().to_owned()))
            .collect(),
        endpoint: said.endpoint().and_then(|endpoint| {
            let port = endpoint.port().and_then(|port| u16::try_from(port).ok())?;
            endpoint.address().map(|address| (address.to_owned(), port))
        }),
        nodes: (
            said.node_type().unwrap_or_default().to_owned(),
            said.number_of_nodes().and_then(|nodes| u32::try_from(nodes).ok()).unwrap_or_default(),
        ),
        created: said.cluster_create_time().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
        tags: from_tags(said.tags()),
    }
}
