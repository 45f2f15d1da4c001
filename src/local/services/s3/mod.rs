//! S3 (restXml), the HTTP face of [`Objects`]: buckets, objects, listings and multipart uploads, in path style
//! (`/bucket/key`) and virtual-host style (`bucket.s3.region.amazonaws.com/key`).
//!
//! Not here: versions, access control lists, policies' effects. What is not supported is refused by name (`NotImplemented`).

mod answer;
mod body;
mod buckets;
mod listing;
mod multipart;
mod objects;

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;

use super::protocol::rest::{self, Location};
use crate::demo::clock::SharedClock;
use crate::local::account::Account;
use crate::local::objects::Objects;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};

/// The service.
pub struct S3 {
    objects: Objects,
    account: Arc<str>,
    region: Arc<str>,
    clock: SharedClock,
    uploads: multipart::Uploads,
}

impl S3 {
    /// S3 of an account.
    pub fn open(account: &Account) -> Self {
        S3 {
            objects: account.objects.clone(),
            account: account.id.clone(),
            region: account.region.clone(),
            clock: account.clock.clone(),
            uploads: multipart::Uploads::default(),
        }
    }

    async fn dispatch(&self, request: &Request, to: &Address) -> ServiceResult<Response> {
        let expected = request.headers.get("x-amz-expected-bucket-owner").and_then(|value| value.to_str().ok());
        if expected.is_some_and(|owner| owner != &*self.account) {
            return Err(ServiceError::new("AccessDenied", "Access Denied").with_status(403));
        }
        let part = to.subresource();
        let (bucket, key) = (to.bucket.as_str(), to.key.as_str());
        match (request.method.as_str(), to.level(), part) {
            ("GET", Level::Service, None) => Ok(self.list_buckets()),

            ("PUT", Level::Bucket, None) => self.create_bucket(request, bucket),
            ("HEAD", Level::Bucket, None) => self.head_bucket(bucket),
            ("DELETE", Level::Bucket, None) => self.delete_bucket(bucket),
            ("GET", Level::Bucket, None) => self.list_objects(to),
            ("GET", Level::Bucket, Some("location")) => self.bucket_location(bucket),
            ("GET", Level::Bucket, Some("versioning")) => self.bucket_versioning(bucket),
            ("GET", Level::Bucket, Some("uploads")) => self.list_uploads(bucket),
            ("POST", Level::Bucket, Some("delete")) => self.delete_objects(request, bucket),
            ("PUT", Level::Bucket, Some(part)) => self.put_setting(request, bucket, part),
            ("GET", Level::Bucket, Some(part)) => self.get_setting(bucket, part),
            ("DELETE", Level::Bucket, Some(part)) => self.delete_setting(bucket, part),

            ("PUT", Level::Object, Some("uploadId")) => self.upload_part(request, to).await,
            ("PUT", Level::Object, None) if request.headers.contains_key("x-amz-copy-source") => self.copy_object(request, bucket, key),
            ("PUT", Level::Object, None) => self.put_object(request, bucket, key).await,
            ("GET", Level::Object, None) => self.get_object(request, bucket, key).await,
            ("GET", Level::Object, Some("uploadId")) => self.list_parts(to),
            ("HEAD", Level::Object, None) => self.head_object(request, bucket, key),
            ("DELETE", Level::Object, None) => self.delete_object(bucket, key),
            ("DELETE", Level::Object, Some("uploadId")) => self.abort_upload(to),
            ("POST", Level::Object, Some("uploads")) => self.create_upload(request, bucket, key),
            ("POST", Level::Object, Some("uploadId")) => self.complete_upload(request, to).await,

            (method, _, part) => {
                let part = part.map(|part| format!(" ?{part}")).unwrap_or_default();
                Err(ServiceError::new("NotImplemented", format!("the embedded S3 does not support {method}{part} here")).with_status(501))
            }
        }
    }
}

#[async_trait]
impl Service for S3 {
    fn signing_name(&self) -> &'static str {
        "s3"
    }

    async fn handle(&self, request: Request) -> Response {
        let to = Address::of(&request);
        let mut response = match self.dispatch(&request, &to).await {
            Ok(response) => response,
            Err(error) => answer::error(&error, &to),
        };
        let id = http::HeaderValue::from_str(&uuid::Uuid::new_v4().simple().to_string().to_uppercase());
        if let Ok(id) = id {
            response.headers.insert("x-amz-request-id", id);
        }
        if request.method == Method::HEAD {
            response.body = bytes::Bytes::new();
        }
        response
    }
}

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    bucket: String,
    key: String,
    query: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

impl Address {
    fn of(request: &Request) -> Self {
        let path = request.path().strip_prefix('/').unwrap_or_default();
        let (bucket, key) = match request.host().and_then(bucket_of_host) {
            Some(bucket) => (bucket.to_owned(), rest::decode(path)),
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (rest::decode(bucket), rest::decode(key))
            }
        };
        Address { bucket, key, query: Location::of(request).query }
    }

    fn level(&self) -> Level {
        match (self.bucket.is_empty(), self.key.is_empty()) {
            (true, _) => Level::Service,
            (false, true) => Level::Bucket,
            (false, false) => Level::Object,
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The query parameter that makes the request another operation than the plain one.
    fn subresource(&self) -> Option<&str> {
        let names = || self.query.iter().map(|(name, _)| name.as_str());
        names().find(|name| *name == "uploadId").or_else(|| names().find(|name| SUBRESOURCES.contains(name)))
    }
}

/// Query parameters that name another operation, supported or not.
const SUBRESOURCES: &[&str] = &[
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "annotation",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// The bucket in a host of virtual-host style.
pub fn bucket_of_host(host: &str) -> Option<&str> {
    let amazon = || host.find(".s3.").or_else(|| host.find(".s3-")).map(|at| &host[..at]);
    let loopback = || host.strip_suffix(".localhost").filter(|bucket| *bucket != "s3");
    amazon().or_else(loopback)
}

#[cfg(test)]
mod tests;
