//! Roles and their policies (IAM).

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;
use super::{AwsError, AwsErrorKind};

const SERVICE: &str = "IAM";

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Value,
    /// Tags.
    pub tags: Tags,
}

/// The gateway.
pub struct Roles {
    client: Lazy<aws_sdk_iam::Client>,
}

impl Roles {
    pub(super) fn new(source: &Source) -> Self {
        Roles { client: lazy_client!(source, aws_sdk_iam) }
    }

    /// The alias of the account; `None` when it has none.
    pub async fn account_alias(&self) -> Result<Option<String>, AwsError> {
        let answer = self.client.get().list_account_aliases().send().await.map_err(fault(SERVICE, "ListAccountAliases"))?;
        Ok(answer.account_aliases().first().cloned())
    }

    /// The role, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Role>, AwsError> {
        match self.client.get().get_role().role_name(name).send().await.map_err(fault(SERVICE, "GetRole")) {
            Ok(answer) => Ok(answer.role().map(role)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a role.
    pub async fn create(&self, name: &str, description: &str, trust: &Value, tags: &Tags) -> Result<Role, AwsError> {
        let mut request =
            self.client.get().create_role().role_name(name).description(description).assume_role_policy_document(trust.to_string());
        for (key, value) in tags {
            request = request.tags(tag(key, value)?);
        }
        let answer = request.send().await.map_err(fault(SERVICE, "CreateRole"))?;
        answer.role().map(role).ok_or_else(|| incomplete("CreateRole"))
    }

    /// Replaces who may assume the role.
    pub async fn set_trust(&self, name: &str, trust: &Value) -> Result<(), AwsError> {
        let request = self.client.get().update_assume_role_policy().role_name(name).policy_document(trust.to_string());
        request.send().await.map_err(fault(SERVICE, "UpdateAssumeRolePolicy")).map(drop)
    }

    /// An inline policy of a role, if it exists.
    pub async fn policy(&self, role: &str, policy: &str) -> Result<Option<Value>, AwsError> {
        match self.client.get().get_role_policy().role_name(role).policy_name(policy).send().await.map_err(fault(SERVICE, "GetRolePolicy"))
        {
            Ok(answer) => Ok(Some(document(answer.policy_document()))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an inline policy of a role.
    pub async fn put_policy(&self, role: &str, policy: &str, document: &Value) -> Result<(), AwsError> {
        let request = self.client.get().put_role_policy().role_name(role).policy_name(policy).policy_document(document.to_string());
        request.send().await.map_err(fault(SERVICE, "PutRolePolicy")).map(drop)
    }

    /// Removes a role with everything attached to it. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        let client = self.client.get();
        let inline = client.list_role_policies().role_name(name).send().await.map_err(fault(SERVICE, "ListRolePolicies"));
        let inline = match inline {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error),
        };
        for policy in inline.policy_names() {
            let gone = client.delete_role_policy().role_name(name).policy_name(policy).send().await;
            tolerate_missing(gone.map_err(fault(SERVICE, "DeleteRolePolicy")))?;
        }
        let attached =
            client.list_attached_role_policies().role_name(name).send().await.map_err(fault(SERVICE, "ListAttachedRolePolicies"))?;
        for policy in attached.attached_policies().iter().filter_map(|policy| policy.policy_arn()) {
            let gone = client.detach_role_policy().role_name(name).policy_arn(policy).send().await;
            tolerate_missing(gone.map_err(fault(SERVICE, "DetachRolePolicy")))?;
        }
        match client.delete_role().role_name(name).send().await.map_err(fault(SERVICE, "DeleteRole")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn tolerate_missing<T>(result: Result<T, AwsError>) -> Result<(), AwsError> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}

fn incomplete(operation: &'static str) -> AwsError {
    AwsError { service: SERVICE, operation, code: String::new(), message: "the answer names no role".into(), kind: AwsErrorKind::Other }
}

fn tag(key: &str, value: &str) -> Result<aws_sdk_iam::types::Tag, AwsError> {
    aws_sdk_iam::types::Tag::builder().key(key).value(value).build().map_err(|error| AwsError {
        service: SERVICE,
        operation: "CreateRole",
        code: String::new(),
        message: error.to_string(),
        kind: AwsErrorKind::Validation,
    })
}

fn role(role: &aws_sdk_iam::types::Role) -> Role {
    Role {
        arn: role.arn().to_owned(),
        trust: role.assume_role_policy_document().map(document).unwrap_or(Value::Null),
        tags: role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
    }
}

/// A policy document as IAM returns it: percent-encoded JSON.
fn document(text: &str) -> Value {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&percent_decode_str(text).decode_utf8_lossy())).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_whether_it_is_encoded_or_not() {
        let plain = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Action": "s3:*", "Resource": "arn:aws:s3:::a+b/ü" }] });
        assert_eq!(document(&plain.to_string()), plain);
        assert_eq!(document("%7B%22Version%22%3A%222012-10-17%22%7D"), serde_json::json!({ "Version": "2012-10-17" }));
        assert_eq!(document("not a document"), Value::Null);
    }
}
