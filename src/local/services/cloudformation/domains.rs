//! Domains of SageMaker Studio as SageMaker tells of them, and removes them with what people keep in them.
//!
//! The embedded SageMaker passes these operations on: the domains that there are were made by stacks. CloudFormation leaves the files of a
//! domain when it removes one, and the network with them; `DeleteDomain` does not, which is why it is asked first.

use serde_json::{Value, json};

use super::resources::{DOMAIN, USER_PROFILE};
use super::stack::{Happened, Member, Stack};
use super::{CloudFormation, State};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch};

/// The operations of SageMaker that are answered here.
pub const OPERATIONS: [&str; 10] = [
    "DescribeDomain",
    "ListDomains",
    "DeleteDomain",
    "DescribeUserProfile",
    "ListUserProfiles",
    "DeleteUserProfile",
    "ListApps",
    "DeleteApp",
    "ListSpaces",
    "DeleteSpace",
];

/// A resource that is there, with its newest event.
struct Found<'s> {
    member: &'s Member,
    newest: Happened<'s>,
}

impl Found<'_> {
    fn status(&self) -> &'static str {
        match self.newest.event.status.as_str() {
            "CREATE_IN_PROGRESS" => "Pending",
            "DELETE_IN_PROGRESS" => "Deleting",
            "DELETE_FAILED" => "Delete_Failed",
            _ => "InService",
        }
    }

    fn text(&self, property: &str) -> String {
        self.member.made.text(property).unwrap_or_default()
    }
}

fn missing(what: &str) -> ServiceError {
    ServiceError::new("ResourceNotFound", format!("{what} does not exist"))
}

impl CloudFormation {
    /// An operation of SageMaker on domains; nothing when it is none.
    pub(super) fn domain_operation(&self, operation: &str, input: &Input) -> Option<ServiceResult> {
        Some(match operation {
            "DescribeDomain" => self.describe_domain(input),
            "ListDomains" => Ok(self.list_domains()),
            "DeleteDomain" => self.delete_domain(input),
            "DescribeUserProfile" => self.describe_user_profile(input),
            "ListUserProfiles" => self.list_user_profiles(input),
            "DeleteUserProfile" => self.delete_user_profile(input),
            // Nobody can open a studio here, so that nothing runs in one.
            "ListApps" => Ok(json!({ "Apps": [] })),
            "ListSpaces" => Ok(json!({ "Spaces": [] })),
            "DeleteApp" => Err(missing("App")),
            "DeleteSpace" => Err(missing("Space")),
            _ => return None,
        })
    }

    fn find<'s>(&self, state: &'s State, kind: &str) -> Vec<Found<'s>> {
        let of_stack = |stack: &'s Stack| {
            let newest = stack.resources_now(&self.account);
            let present = stack.present(&self.account).into_iter().filter(|member| member.made.kind == kind);
            let found = present.filter_map(|member| {
                let newest = newest.iter().find(|happened| happened.event.name == member.name).copied()?;
                Some(Found { member, newest })
            });
            found.collect::<Vec<_>>()
        };
        state.stacks.iter().flat_map(of_stack).collect()
    }

    fn domain<'s>(&self, state: &'s State, input: &Input) -> ServiceResult<Found<'s>> {
        let id = input.required_text("DomainId")?;
        let found = self.find(state, DOMAIN).into_iter().find(|found| found.member.made.physical == id);
        found.ok_or_else(|| missing(&format!("Domain [{id}]")))
    }

    fn user<'s>(&self, state: &'s State, input: &Input) -> ServiceResult<Found<'s>> {
        let (domain, name) = (input.required_text("DomainId")?, input.required_text("UserProfileName")?);
        let mut users = self.find(state, USER_PROFILE).into_iter();
        let found = users.find(|found| found.member.made.physical == name && found.text("DomainId") == domain);
        found.ok_or_else(|| missing(&format!("UserProfile [{name}] of the domain [{domain}]")))
    }

    fn describe_domain(&self, input: &Input) -> ServiceResult {
        self.state.read(|state| {
            let found = self.domain(state, input)?;
            let made = &found.member.made;
            let attribute = |name: &str| made.attributes.get(name).cloned().unwrap_or_default();
            Ok(json!({
                "DomainId": made.physical,
                "DomainArn": attribute("DomainArn"),
                "DomainName": found.text("DomainName"),
                "HomeEfsFileSystemId": attribute("HomeEfsFileSystemId"),
                "Url": attribute("Url"),
                "Status": found.status(),
                "CreationTime": epoch(found.newest.at),
                "LastModifiedTime": epoch(found.newest.at),
                "AuthMode": found.text("AuthMode"),
                "AppNetworkAccessType": made.text("AppNetworkAccessType").unwrap_or_else(|| "PublicInternetOnly".to_owned()),
                "DefaultUserSettings": made.properties.get("DefaultUserSettings"),
                "VpcId": found.text("VpcId"),
                "SubnetIds": made.texts("SubnetIds"),
            }))
        })
    }

    fn list_domains(&self) -> Value {
        self.state.read(|state| {
            let listed = self.find(state, DOMAIN).into_iter().map(|found| {
                json!({
                    "DomainId": found.member.made.physical,
                    "DomainArn": found.member.made.attributes.get("DomainArn"),
                    "DomainName": found.text("DomainName"),
                    "Status": found.status(),
                    "Url": found.member.made.attributes.get("Url"),
                    "CreationTime": epoch(found.newest.at),
                    "LastModifiedTime": epoch(found.newest.at),
                })
            });
            json!({ "Domains": listed.collect::<Vec<_>>() })
        })
    }

    fn describe_user_profile(&self, input: &Input) -> ServiceResult {
        self.state.read(|state| {
            let found = self.user(state, input)?;
            Ok(json!({
                "DomainId": found.text("DomainId"),
                "UserProfileName": found.member.made.physical,
                "UserProfileArn": found.member.made.attributes.get("UserProfileArn"),
                "Status": found.status(),
                "CreationTime": epoch(found.newest.at),
                "LastModifiedTime": epoch(found.newest.at),
                "UserSettings": found.member.made.properties.get("UserSettings").cloned().unwrap_or_else(|| json!({})),
            }))
        })
    }

    fn list_user_profiles(&self, input: &Input) -> ServiceResult {
        let domain = input.text("DomainIdEquals")?;
        self.state.read(|state| {
            let users = self.find(state, USER_PROFILE).into_iter();
            let listed = users.filter(|found| domain.is_none_or(|domain| found.text("DomainId") == domain)).map(|found| {
                json!({
                    "DomainId": found.text("DomainId"),
                    "UserProfileName": found.member.made.physical,
                    "Status": found.status(),
                    "CreationTime": epoch(found.newest.at),
                    "LastModifiedTime": epoch(found.newest.at),
                })
            });
            Ok(json!({ "UserProfiles": listed.collect::<Vec<_>>() }))
        })
    }

    fn delete_domain(&self, input: &Input) -> ServiceResult {
        self.state.change(|state| {
            let id = self.domain(state, input)?.member.made.physical.clone();
            if self.find(state, USER_PROFILE).iter().any(|found| found.text("DomainId") == id) {
                let message = format!("Unable to delete Domain [{id}] because UserProfile(s) are associated with it.");
                return Err(ServiceError::new("ResourceInUse", message));
            }
            gone(state, DOMAIN, &id, |_| true);
            Ok(json!({}))
        })
    }

    fn delete_user_profile(&self, input: &Input) -> ServiceResult {
        self.state.change(|state| {
            let found = self.user(state, input)?;
            let (domain, name) = (found.text("DomainId"), found.member.made.physical.clone());
            gone(state, USER_PROFILE, &name, |member| member.made.text("DomainId").as_deref() == Some(&domain));
            Ok(json!({}))
        })
    }
}

/// Notes that a resource of a stack is there no more.
fn gone(state: &mut State, kind: &str, physical: &str, fits: impl Fn(&Member) -> bool) {
    for member in state.stacks.iter_mut().flat_map(|stack| &mut stack.resources) {
        if member.made.kind == kind && member.made.physical == physical && fits(member) {
            member.gone = true;
        }
    }
}
