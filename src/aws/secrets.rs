//! Secrets (Secrets Manager). A value enters and leaves as a [`SecretString`], which cannot be printed.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;

const SERVICE: &str = "Secrets Manager";

/// What is known of a secret without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretInfo {
    /// ARN.
    pub arn: String,
    /// Tags.
    pub tags: Tags,
    /// Whether it is scheduled for deletion: it exists but cannot be read.
    pub deleted: bool,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
}

/// The gateway.
pub struct Secrets {
    client: Lazy<aws_sdk_secretsmanager::Client>,
}

impl Secrets {
    pub(super) fn new(source: &Source) -> Self {
        Secrets { client: lazy_client!(source, aws_sdk_secretsmanager) }
    }

    /// The secret, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<SecretInfo>, AwsError> {
        match self.client.get().describe_secret().secret_id(name).send().await.map_err(fault(SERVICE, "DescribeSecret")) {
            Ok(said) => Ok(Some(SecretInfo {
                arn: said.arn().unwrap_or_default().to_owned(),
                tags: said
                    .tags()
                    .iter()
                    .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
                    .collect(),
                deleted: said.deleted_date().is_some(),
                created: said.created_date().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The value.
    pub async fn value(&self, name: &str) -> Result<Option<SecretString>, AwsError> {
        match self.client.get().get_secret_value().secret_id(name).send().await.map_err(fault(SERVICE, "GetSecretValue")) {
            Ok(said) => Ok(said.secret_string().map(SecretString::from)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a secret.
    pub async fn create(&self, name: &str, description: &str, value: &SecretString, tags: &Tags) -> Result<(), AwsError> {
        let mut request = self.client.get().create_secret().name(name).description(description).secret_string(value.expose_secret());
        for (key, value) in tags {
            request = request.tags(aws_sdk_secretsmanager::types::Tag::builder().key(key).value(value).build());
        }
        request.send().await.map_err(fault(SERVICE, "CreateSecret")).map(drop)
    }

    /// Replaces the value.
    pub async fn put(&self, name: &str, value: &SecretString) -> Result<(), AwsError> {
        let request = self.client.get().put_secret_value().secret_id(name).secret_string(value.expose_secret());
        request.send().await.map_err(fault(SERVICE, "PutSecretValue")).map(drop)
    }

    /// Takes back a scheduled deletion.
    pub async fn restore(&self, name: &str) -> Result<(), AwsError> {
        self.client.get().restore_secret().secret_id(name).send().await.map_err(fault(SERVICE, "RestoreSecret")).map(drop)
    }

    /// Removes the secret at once, without a recovery window. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_secret().secret_id(name).force_delete_without_recovery(true);
        match request.send().await.map_err(fault(SERVICE, "DeleteSecret")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
