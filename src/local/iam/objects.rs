//! The objects of S3 as an identity may use them.

use bytes::Bytes;

use super::authority::{Denied, Identity};
use super::keys::Keys;
use crate::local::objects::{ObjectError, ObjectMeta, Objects};

/// Why S3 refuses.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The identity may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// S3 cannot.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl AccessError {
    /// What is wrong, with S3's code where the identity may not.
    pub fn told(&self) -> String {
        match self {
            AccessError::Denied(denied) => format!("AccessDenied: {denied}"),
            AccessError::Object(error) => error.to_string(),
        }
    }
}

/// The objects of the account, used on somebody's behalf: each call is allowed or refused as S3 would.
#[derive(Clone)]
pub struct ObjectsOf {
    objects: Objects,
    identity: Identity,
}

fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

impl ObjectsOf {
    /// The objects for an identity.
    pub fn new(objects: &Objects, identity: Identity) -> Self {
        ObjectsOf { objects: objects.clone(), identity }
    }

    /// The objects without a question: for what an identity is not needed for.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Whether the identity may write an object.
    ///
    /// # Errors
    /// It may not.
    pub fn may_put(&self, bucket: &str, key: &str) -> Result<(), Denied> {
        self.identity.may("s3:PutObject", &object_arn(bucket, key))
    }

    /// Whether the identity may read an object.
    ///
    /// # Errors
    /// It may not.
    pub fn may_get(&self, bucket: &str, key: &str) -> Result<(), Denied> {
        self.identity.may("s3:GetObject", &object_arn(bucket, key))
    }

    /// Whether the identity may remove an object.
    ///
    /// # Errors
    /// It may not.
    pub fn may_delete(&self, bucket: &str, key: &str) -> Result<(), Denied> {
        self.identity.may("s3:DeleteObject", &object_arn(bucket, key))
    }

    /// Whether the identity may end an upload in parts that has failed.
    ///
    /// # Errors
    /// It may not.
    pub fn may_abort(&self, bucket: &str, key: &str) -> Result<(), Denied> {
        self.identity.may("s3:AbortMultipartUpload", &object_arn(bucket, key))
    }

    /// `GetBucketLocation`.
    ///
    /// # Errors
    /// The bucket does not exist, or the identity may not.
    pub fn locate(&self, bucket: &str) -> Result<(), AccessError> {
        self.exists(bucket)?;
        Ok(self.identity.may("s3:GetBucketLocation", &bucket_arn(bucket))?)
    }

    /// The objects whose key starts with `prefix`, in key order.
    ///
    /// # Errors
    /// The bucket does not exist, or the identity may not list it.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, AccessError> {
        self.exists(bucket)?;
        self.identity.may_with("s3:ListBucket", &bucket_arn(bucket), Keys::default().with("s3:prefix", prefix))?;
        Ok(self.objects.list(bucket, prefix)?)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// It does not exist, or the identity may not.
    pub fn get(&self, bucket: &str, key: &str) -> Result<(Bytes, ObjectMeta), AccessError> {
        self.exists(bucket)?;
        self.may_get(bucket, key)?;
        Ok(self.objects.get(bucket, key)?)
    }

    /// The meta data of an object.
    ///
    /// # Errors
    /// It does not exist, or the identity may not read it.
    pub fn head(&self, bucket: &str, key: &str) -> Result<ObjectMeta, AccessError> {
        self.exists(bucket)?;
        self.may_get(bucket, key)?;
        Ok(self.objects.head(bucket, key)?)
    }

    /// Writes an object.
    ///
    /// # Errors
    /// The bucket does not exist, or the identity may not.
    pub fn put(&self, bucket: &str, key: &str, body: impl AsRef<[u8]>) -> Result<ObjectMeta, AccessError> {
        self.exists(bucket)?;
        self.may_put(bucket, key)?;
        Ok(self.objects.put(bucket, key, body, None)?)
    }

    /// Writes several objects at once, all of them or none.
    ///
    /// # Errors
    /// The bucket does not exist, or the identity may not write one of them.
    pub fn put_many<B: AsRef<[u8]>>(&self, bucket: &str, objects: Vec<(String, B)>) -> Result<(), AccessError> {
        self.exists(bucket)?;
        for (key, _) in &objects {
            self.may_put(bucket, key)?;
        }
        self.objects.put_many(bucket, objects)?;
        Ok(())
    }

    /// S3 says that a bucket does not exist before it looks at permissions.
    fn exists(&self, bucket: &str) -> Result<(), ObjectError> {
        if self.objects.has_bucket(bucket) { Ok(()) } else { Err(ObjectError::NoBucket(bucket.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::Arc;

    use serde_json::json;

    use super::super::{Authority, Principal, RoleDocuments, service};
    use super::*;
    use crate::demo::clock::SystemClock;
    use crate::local::store::Store;

    #[test]
    fn each_call_needs_its_action() {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::open(&Store::open(directory.path()).unwrap(), Arc::new(SystemClock)).unwrap();
        objects.create_bucket("bucket").unwrap();
        objects.put("bucket", "in/a", b"1", None).unwrap();
        let authority = Authority::new("000000000000", "us-east-1");
        let arn = "arn:aws:iam::000000000000:role/r";
        let document = |statements: serde_json::Value| json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let allow = |statements: serde_json::Value| {
            let trust = json!({ "Effect": "Allow", "Principal": { "Service": service::REDSHIFT }, "Action": "sts:AssumeRole" });
            let policies = vec![("p".to_owned(), document(statements))];
            authority.replace([RoleDocuments { arn: arn.into(), trust: document(trust), policies, ..RoleDocuments::default() }]);
        };
        allow(json!([]));
        let assumed = authority.assume(arn, Principal::Service(service::REDSHIFT), "s").unwrap();
        let mine = ObjectsOf::new(&objects, Identity::Role(assumed));
        let denied = |result: Result<(), AccessError>| match result.unwrap_err() {
            AccessError::Denied(denied) => (denied.action, denied.resource),
            AccessError::Object(error) => panic!("{error}"),
        };
        let action = |name: &str, resource: &str| (name.to_owned(), resource.to_owned());
        assert_eq!(denied(mine.list("bucket", "in/").map(drop)), action("s3:ListBucket", "arn:aws:s3:::bucket"));
        assert_eq!(denied(mine.get("bucket", "in/a").map(drop)), action("s3:GetObject", "arn:aws:s3:::bucket/in/a"));
        assert_eq!(denied(mine.head("bucket", "in/a").map(drop)), action("s3:GetObject", "arn:aws:s3:::bucket/in/a"));
        assert_eq!(denied(mine.put("bucket", "out", b"").map(drop)), action("s3:PutObject", "arn:aws:s3:::bucket/out"));
        assert_eq!(denied(mine.locate("bucket")), action("s3:GetBucketLocation", "arn:aws:s3:::bucket"));
        assert!(matches!(mine.list("none", ""), Err(AccessError::Object(ObjectError::NoBucket(_)))));
        // A condition on the prefix is looked at, and of several objects none is written when one may not be.
        allow(json!([
            { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": { "StringLike": { "s3:prefix": "in/*" } } },
            { "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/out/*" },
        ]));
        assert_eq!(mine.list("bucket", "in/").unwrap().len(), 1);
        assert!(mine.list("bucket", "").is_err());
        let some = vec![("out/a".to_owned(), b"1"), ("elsewhere".to_owned(), b"2")];
        assert_eq!(denied(mine.put_many("bucket", some)), action("s3:PutObject", "arn:aws:s3:::bucket/elsewhere"));
        assert!(objects.head("bucket", "out/a").is_err());
    }
}
