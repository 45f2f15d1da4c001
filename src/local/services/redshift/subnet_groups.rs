//! Cluster subnet groups.

use serde::{Deserialize, Serialize};

use super::{Form, Redshift, Tags, Xml, page, tags_fit};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::cloudformation::usage;
use crate::local::services::protocol::aws_query::write_tags;

/// A subnet group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SubnetGroup {
    pub name: String,
    pub description: String,
    pub subnets: Vec<String>,
    pub tags: Tags,
}

impl Redshift {
    fn write_subnet_group(&self, xml: &mut Xml, it: &SubnetGroup) {
        xml.text("ClusterSubnetGroupName", &it.name).text("Description", &it.description).text("SubnetGroupStatus", "Complete").list(
            "Subnets",
            "Subnet",
            &it.subnets,
            |xml, subnet| {
                xml.text("SubnetIdentifier", subnet)
                    .element("SubnetAvailabilityZone", |xml| {
                        xml.text("Name", format!("{}a", self.account.region));
                    })
                    .text("SubnetStatus", "Active");
            },
        );
        write_tags(xml, &it.tags);
    }

    pub(super) async fn create_subnet_group(&self, form: &Form) -> ServiceResult<Xml> {
        let name = form.required("ClusterSubnetGroupName")?.to_ascii_lowercase();
        if name.len() > 255 || name == "default" || !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_. ".contains(&c)) {
            return Err(form.invalid(format!(
                "The parameter ClusterSubnetGroupName `{name}` must be at most 255 letters, digits, hyphens, underscores, periods or spaces, and not `default`."
            )));
        }
        let group = SubnetGroup {
            name: name.clone(),
            description: form.required("Description")?.to_owned(),
            subnets: form.texts("SubnetIds", "SubnetIdentifier"),
            tags: form.tags().into_iter().collect(),
        };
        if group.subnets.is_empty() {
            return Err(ServiceError::new("InvalidSubnet", "A subnet group needs at least one subnet."));
        }
        if let Some(bad) = group.subnets.iter().find(|subnet| !subnet.starts_with("subnet-")) {
            return Err(ServiceError::new("InvalidSubnet", format!("The subnet {bad} does not exist.")));
        }
        if let Some(why) = usage::refusal(&self.account, &group.subnets, &[]).await? {
            return Err(ServiceError::new("InvalidSubnet", why));
        }
        self.change(|state| {
            if state.subnet_groups.contains_key(&name) {
                let message = format!("The Cluster subnet group '{name}' already exists.");
                return Err(ServiceError::new("ClusterSubnetGroupAlreadyExists", message));
            }
            let mut xml = Xml::default();
            xml.element("ClusterSubnetGroup", |xml| self.write_subnet_group(xml, &group));
            state.subnet_groups.insert(name, group);
            Ok(xml)
        })
    }

    pub(super) fn describe_subnet_groups(&self, form: &Form) -> ServiceResult<Xml> {
        let state = self.state();
        let wanted = form.text("ClusterSubnetGroupName").map(str::to_ascii_lowercase);
        if let Some(name) = wanted.as_ref().filter(|name| !state.subnet_groups.contains_key(*name)) {
            return Err(not_found(name));
        }
        let listed =
            state.subnet_groups.values().filter(|it| wanted.as_ref().is_none_or(|name| *name == it.name) && tags_fit(form, &it.tags));
        let (groups, marker) = page(form, "DescribeClusterSubnetGroups", listed, |it| it.name.clone())?;
        let mut xml = Xml::default();
        xml.optional("Marker", marker)
            .list("ClusterSubnetGroups", "ClusterSubnetGroup", groups, |xml, it| self.write_subnet_group(xml, it));
        Ok(xml)
    }

    pub(super) fn delete_subnet_group(&self, form: &Form) -> ServiceResult<Xml> {
        let name = form.required("ClusterSubnetGroupName")?.to_ascii_lowercase();
        self.change(|state| {
            if let Some(cluster) = state.clusters.values().find(|it| it.subnet_group.as_deref() == Some(&name)) {
                let message = format!("The Cluster subnet group '{name}' is used by the cluster {}.", cluster.name);
                return Err(ServiceError::new("InvalidClusterSubnetGroupStateFault", message));
            }
            state.subnet_groups.remove(&name).map(|_| Xml::default()).ok_or_else(|| not_found(&name))
        })
    }
}

/// The error for a group that does not exist.
pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ClusterSubnetGroupNotFoundFault", format!("Cluster subnet group {name} not found."))
}
