//! Buckets and objects (S3).

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, PublicAccessBlockConfiguration, Tag, Tagging,
};
use bytes::Bytes;

use super::client::{Lazy, Source, Tags};
use super::error::fault;
use super::{AwsError, AwsErrorKind};

const SERVICE: &str = "S3";

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes.
    pub size: u64,
    /// Entity tag.
    pub etag: String,
    /// User metadata, keys in lower case.
    pub metadata: BTreeMap<String, String>,
}

/// The gateway.
pub struct Objects {
    client: Lazy<aws_sdk_s3::Client>,
}

impl Objects {
    pub(super) fn new(source: &Source) -> Self {
        Objects {
            client: Lazy::new(source, |source| {
                // Servers on one address cannot tell buckets apart by host name.
                let one_address = source.config.endpoint_url().is_some();
                let config = aws_sdk_s3::config::Builder::from(&*source.config)
                    .interceptor(source.recorder.clone())
                    .force_path_style(one_address)
                    .build();
                aws_sdk_s3::Client::from_conf(config)
            }),
        }
    }

    /// Whether the bucket exists and may be reached.
    pub async fn bucket_exists(&self, bucket: &str) -> Result<bool, AwsError> {
        match self.client.get().head_bucket().bucket(bucket).send().await.map_err(fault(SERVICE, "HeadBucket")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a bucket.
    pub async fn create_bucket(&self, bucket: &str, region: &str) -> Result<(), AwsError> {
        let mut request = self.client.get().create_bucket().bucket(bucket);
        // us-east-1 is the one region that must not be named.
        if region != "us-east-1" {
            let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build();
            request = request.create_bucket_configuration(place);
        }
        match request.send().await.map_err(fault(SERVICE, "CreateBucket")) {
            Ok(_) => Ok(()),
            Err(error) if error.is_already_there() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a bucket has no objects.
    pub async fn is_empty(&self, bucket: &str) -> Result<bool, AwsError> {
        let request = self.client.get().list_objects_v2().bucket(bucket).max_keys(1);
        let said = request.send().await.map_err(fault(SERVICE, "ListObjectsV2"))?;
        Ok(said.contents().is_empty())
    }

    /// Tags of a bucket.
    pub async fn bucket_tags(&self, bucket: &str) -> Result<Tags, AwsError> {
        match self.client.get().get_bucket_tagging().bucket(bucket).send().await.map_err(fault(SERVICE, "GetBucketTagging")) {
            Ok(said) => Ok(said.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()),
            Err(error) if error.is_not_found() => Ok(Tags::new()),
            Err(error) => Err(error),
        }
    }

    /// Replaces the tags of a bucket.
    pub async fn tag_bucket(&self, bucket: &str, tags: &Tags) -> Result<(), AwsError> {
        let set: Result<Vec<Tag>, _> = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let tagging = set.and_then(|set| Tagging::builder().set_tag_set(Some(set)).build()).map_err(|e| unbuilt("PutBucketTagging", &e))?;
        let request = self.client.get().put_bucket_tagging().bucket(bucket).tagging(tagging);
        request.send().await.map_err(fault(SERVICE, "PutBucketTagging")).map(drop)
    }

    /// Whether every kind of public access is blocked.
    pub async fn is_private(&self, bucket: &str) -> Result<bool, AwsError> {
        match self.client.get().get_public_access_block().bucket(bucket).send().await.map_err(fault(SERVICE, "GetPublicAccessBlock")) {
            Ok(said) => Ok(said.public_access_block_configuration().is_some_and(|block| {
                [block.block_public_acls(), block.ignore_public_acls(), block.block_public_policy(), block.restrict_public_buckets()]
                    .into_iter()
                    .all(|on| on == Some(true))
            })),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Blocks every kind of public access.
    pub async fn block_public_access(&self, bucket: &str) -> Result<(), AwsError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.get().put_public_access_block().bucket(bucket).public_access_block_configuration(block);
        request.send().await.map_err(fault(SERVICE, "PutPublicAccessBlock")).map(drop)
    }

    /// Removes an empty bucket. Gives false when it was not there.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_bucket().bucket(bucket).send().await.map_err(fault(SERVICE, "DeleteBucket")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What is known of an object, if it exists.
    pub async fn info(&self, bucket: &str, key: &str) -> Result<Option<ObjectInfo>, AwsError> {
        match self.client.get().head_object().bucket(bucket).key(key).send().await.map_err(fault(SERVICE, "HeadObject")) {
            Ok(said) => Ok(Some(ObjectInfo {
                size: said.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                etag: said.e_tag().unwrap_or_default().to_owned(),
                metadata: said.metadata().into_iter().flatten().map(|(key, value)| (key.to_ascii_lowercase(), value.clone())).collect(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content of an object, if it exists.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<Bytes>, AwsError> {
        match self.client.get().get_object().bucket(bucket).key(key).send().await.map_err(fault(SERVICE, "GetObject")) {
            Ok(said) => {
                let content = said.body.collect().await.map_err(|error| AwsError {
                    service: SERVICE,
                    operation: "GetObject",
                    code: String::new(),
                    message: format!("s3://{bucket}/{key} broke off ({error})"),
                    kind: AwsErrorKind::Network,
                })?;
                Ok(Some(content.into_bytes()))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first `bytes` of an object, or all of a smaller one; `None` when it does not exist.
    pub async fn head_bytes(&self, bucket: &str, key: &str, bytes: u64) -> Result<Option<Bytes>, AwsError> {
        let request = self.client.get().get_object().bucket(bucket).key(key).range(format!("bytes=0-{}", bytes.max(1) - 1));
        match request.send().await.map_err(fault(SERVICE, "GetObject")) {
            Ok(said) => {
                let content = said.body.collect().await.map_err(|error| AwsError {
                    service: SERVICE,
                    operation: "GetObject",
                    code: String::new(),
                    message: format!("s3://{bucket}/{key} broke off ({error})"),
                    kind: AwsErrorKind::Network,
                })?;
                Ok(Some(content.into_bytes()))
            }
            Err(error) if error.is_not_found() => Ok(None),
            // An object without a byte has no first byte.
            Err(error) if error.code == "InvalidRange" => Ok(Some(Bytes::new())),
            Err(error) => Err(error),
        }
    }

    /// Writes an object.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        content_type: &str,
        metadata: &[(&str, &str)],
    ) -> Result<(), AwsError> {
        let mut request = self.client.get().put_object().bucket(bucket).key(key).content_type(content_type).body(ByteStream::from(content));
        for (name, value) in metadata {
            request = request.metadata(*name, *value);
        }
        request.send().await.map_err(fault(SERVICE, "PutObject")).map(drop)
    }

    /// Every object whose key begins with `prefix`, in key order; none when the bucket does not exist.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectSummary>, AwsError> {
        let mut objects = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_objects_v2().bucket(bucket).prefix(prefix).set_continuation_token(token.take());
            let page = match request.send().await.map_err(fault(SERVICE, "ListObjectsV2")) {
                Ok(page) => page,
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            objects.extend(page.contents().iter().map(|object| ObjectSummary {
                key: object.key().unwrap_or_default().to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            }));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return Ok(objects);
            }
        }
    }

    /// Removes objects, a thousand a call.
    pub async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), AwsError> {
        for keys in keys.chunks(1000) {
            let identifiers: Result<Vec<ObjectIdentifier>, _> =
                keys.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect();
            let delete = identifiers
                .and_then(|identifiers| Delete::builder().set_objects(Some(identifiers)).quiet(true).build())
                .map_err(|error| unbuilt("DeleteObjects", &error))?;
            let request = self.client.get().delete_objects().bucket(bucket).delete(delete);
            let said = request.send().await.map_err(fault(SERVICE, "DeleteObjects"))?;
            if let Some(first) = said.errors().first() {
                return Err(AwsError {
                    service: SERVICE,
                    operation: "DeleteObjects",
                    code: first.code().unwrap_or_default().to_owned(),
                    message: format!("{}: {}", first.key().unwrap_or_default(), first.message().unwrap_or("it was not removed")),
                    kind: if first.code() == Some("AccessDenied") { AwsErrorKind::AccessDenied } else { AwsErrorKind::Other },
                });
            }
        }
        Ok(())
    }
}

fn unbuilt(operation: &'static str, error: &dyn std::error::Error) -> AwsError {
    AwsError { service: SERVICE, operation, code: String::new(), message: error.to_string(), kind: AwsErrorKind::Validation }
}
