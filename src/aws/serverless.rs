//! A serverless warehouse (Redshift Serverless): a namespace (database, users, roles) and a workgroup (compute).

use secrecy::{ExposeSecret, SecretString};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::{empty, fault};

const SERVICE: &str = "Redshift Serverless";

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// ARN.
    pub arn: String,
    /// `AVAILABLE`, `MODIFYING`, `DELETING`.
    pub status: String,
    /// Roles attached, as the service writes them (each contains the ARN).
    pub roles: Vec<String>,
    /// Database that it was made with.
    pub database: String,
}

/// A workgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workgroup {
    /// ARN.
    pub arn: String,
    /// `CREATING`, `AVAILABLE`, `MODIFYING`, `DELETING`.
    pub status: String,
    /// The namespace whose data it computes on.
    pub namespace: String,
    /// Base capacity, in RPU.
    pub capacity: u32,
    /// Subnets that it lies in.
    pub subnets: Vec<String>,
    /// Host and port, once available.
    pub endpoint: Option<(String, u16)>,
}

/// What a namespace is made from.
#[derive(Debug)]
pub struct NewNamespace<'a> {
    /// Name.
    pub name: &'a str,
    /// Database.
    pub database: &'a str,
    /// Administrator.
    pub admin: &'a str,
    /// Password of the administrator.
    pub password: &'a SecretString,
    /// Role to attach, also the default role.
    pub role: &'a str,
    /// Tags.
    pub tags: &'a Tags,
}

/// What a workgroup is made from.
#[derive(Debug)]
pub struct NewWorkgroup<'a> {
    /// Name.
    pub name: &'a str,
    /// Namespace.
    pub namespace: &'a str,
    /// Base capacity, in RPU.
    pub capacity: u32,
    /// Subnets; none for the default network.
    pub subnets: &'a [String],
    /// Security groups; none for the network's own.
    pub security_groups: &'a [String],
    /// Tags.
    pub tags: &'a Tags,
}

/// The gateway.
pub struct Serverless {
    client: Lazy<aws_sdk_redshiftserverless::Client>,
}

impl Serverless {
    pub(super) fn new(source: &Source) -> Self {
        Serverless { client: lazy_client!(source, aws_sdk_redshiftserverless) }
    }

    /// The namespace, if it exists.
    pub async fn namespace(&self, name: &str) -> Result<Option<Namespace>, AwsError> {
        match self.client.get().get_namespace().namespace_name(name).send().await.map_err(fault(SERVICE, "GetNamespace")) {
            Ok(said) => said.namespace().map(namespace).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a namespace.
    pub async fn create_namespace(&self, new: &NewNamespace<'_>) -> Result<(), AwsError> {
        let mut request = self
            .client
            .get()
            .create_namespace()
            .namespace_name(new.name)
            .db_name(new.database)
            .admin_username(new.admin)
            .admin_user_password(new.password.expose_secret())
            .iam_roles(new.role)
            .default_iam_role_arn(new.role);
        for (key, value) in new.tags {
            request = request.tags(tag("CreateNamespace", key, value)?);
        }
        request.send().await.map_err(fault(SERVICE, "CreateNamespace")).map(drop)
    }

    /// Attaches the role and makes it the default one.
    pub async fn attach_role(&self, name: &str, role: &str) -> Result<(), AwsError> {
        let request = self.client.get().update_namespace().namespace_name(name).iam_roles(role).default_iam_role_arn(role);
        request.send().await.map_err(fault(SERVICE, "UpdateNamespace")).map(drop)
    }

    /// Gives the administrator another password.
    pub async fn set_password(&self, name: &str, admin: &str, password: &SecretString) -> Result<(), AwsError> {
        let request =
            self.client.get().update_namespace().namespace_name(name).admin_username(admin).admin_user_password(password.expose_secret());
        request.send().await.map_err(fault(SERVICE, "UpdateNamespace")).map(drop)
    }

    /// Starts the removal of a namespace. Gives false when it was not there.
    pub async fn delete_namespace(&self, name: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_namespace().namespace_name(name).send().await.map_err(fault(SERVICE, "DeleteNamespace")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The workgroup, if it exists.
    pub async fn workgroup(&self, name: &str) -> Result<Option<Workgroup>, AwsError> {
        match self.client.get().get_workgroup().workgroup_name(name).send().await.map_err(fault(SERVICE, "GetWorkgroup")) {
            Ok(said) => said.workgroup().map(workgroup).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a workgroup, not reachable from outside.
    pub async fn create_workgroup(&self, new: &NewWorkgroup<'_>) -> Result<(), AwsError> {
        let mut request = self
            .client
            .get()
            .create_workgroup()
            .workgroup_name(new.name)
            .namespace_name(new.namespace)
            .base_capacity(i32::try_from(new.capacity).unwrap_or(i32::MAX))
            .publicly_accessible(false);
        if !new.subnets.is_empty() {
            request = request.set_subnet_ids(Some(new.subnets.to_vec()));
        }
        if !new.security_groups.is_empty() {
            request = request.set_security_group_ids(Some(new.security_groups.to_vec()));
        }
        for (key, value) in new.tags {
            request = request.tags(tag("CreateWorkgroup", key, value)?);
        }
        request.send().await.map_err(fault(SERVICE, "CreateWorkgroup")).map(drop)
    }

    /// Starts the removal of a workgroup. Gives false when it was not there.
    pub async fn delete_workgroup(&self, name: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_workgroup().workgroup_name(name).send().await.map_err(fault(SERVICE, "DeleteWorkgroup")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tags of a namespace or workgroup.
    pub async fn tags(&self, arn: &str) -> Result<Tags, AwsError> {
        let said =
            self.client.get().list_tags_for_resource().resource_arn(arn).send().await.map_err(fault(SERVICE, "ListTagsForResource"))?;
        Ok(said.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }
}

fn tag(operation: &'static str, key: &str, value: &str) -> Result<aws_sdk_redshiftserverless::types::Tag, AwsError> {
    aws_sdk_redshiftserverless::types::Tag::builder().key(key).value(value).build().map_err(|error| AwsError {
        service: SERVICE,
        operation,
        code: String::new(),
        message: error.to_string(),
        kind: super::AwsErrorKind::Validation,
    })
}

fn namespace(said: &aws_sdk_redshiftserverless::types::Namespace) -> Result<Namespace, AwsError> {
    // The SDK makes a namespace of nothing when the answer has none.
    let status = said.status().ok_or_else(|| empty(SERVICE, "GetNamespace"))?;
    Ok(Namespace {
        arn: said.namespace_arn().unwrap_or_default().to_owned(),
        status: status.as_str().to_owned(),
        roles: said.iam_roles().to_vec(),
        database: said.db_name().unwrap_or_default().to_owned(),
    })
}

fn workgroup(said: &aws_sdk_redshiftserverless::types::Workgroup) -> Result<Workgroup, AwsError> {
    let status = said.status().ok_or_else(|| empty(SERVICE, "GetWorkgroup"))?;
    Ok(Workgroup {
        arn: said.workgroup_arn().unwrap_or_default().to_owned(),
        status: status.as_str().to_owned(),
        namespace: said.namespace_name().unwrap_or_default().to_owned(),
        capacity: said.base_capacity().and_then(|capacity| u32::try_from(capacity).ok()).unwrap_or_default(),
        subnets: said.subnet_ids().to_vec(),
        endpoint: said.endpoint().and_then(|endpoint| {
            let port = endpoint.port().and_then(|port| u16::try_from(port).ok())?;
            endpoint.address().map(|address| (address.to_owned(), port))
        }),
    })
}
