//! What a job reads from S3 and writes to it.

use bytes::Bytes;

use super::JobError;
use crate::local::iam::ObjectsOf;
use crate::local::objects::split_s3_uri;

/// The objects below an `s3://` address, in key order; an address that is itself an object is that object. None is a failure, as it is
/// on `SageMaker`.
pub(super) fn read(objects: &ObjectsOf, uri: &str) -> Result<Vec<(String, Bytes)>, JobError> {
    let missing = |why: String| JobError::Failed(format!("ClientError: Failed to download data. {why}"));
    let (bucket, prefix) = split_s3_uri(uri).ok_or_else(|| missing(format!("{uri} is no s3:// address")))?;
    let listed = objects.list(bucket, prefix).map_err(|error| missing(error.told()))?;
    // Below `data/train` lies `data/train/x`, and not `data/training/x`.
    let below = |key: &str| {
        key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || prefix.is_empty() || rest.starts_with('/'))
    };
    let mut files = Vec::new();
    for (key, _) in listed.iter().filter(|(key, meta)| below(key) && !(meta.size == 0 && key.ends_with('/'))) {
        let (content, _) = objects.get(bucket, key).map_err(|error| missing(error.told()))?;
        files.push((key.clone(), content));
    }
    if files.is_empty() {
        return Err(missing(format!(
            "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket exists in the selected region, that objects exist under that S3 prefix, and that the role has s3:ListBucket permissions on it."
        )));
    }
    Ok(files)
}

/// The one object at an address.
pub(super) fn read_one(objects: &ObjectsOf, uri: &str) -> Result<Bytes, JobError> {
    let mut files = read(objects, uri)?;
    match files.len() {
        // `read` gives at least one.
        1 => Ok(files.remove(0).1),
        count => Err(JobError::Failed(format!("ClientError: {uri} has {count} objects where one was expected"))),
    }
}

/// Writes all of a job's files at once, those of one bucket in one step.
pub(super) fn write(objects: &ObjectsOf, files: Vec<(String, Vec<u8>)>) -> Result<(), JobError> {
    let failed = |why: String| JobError::Failed(format!("ClientError: Failed to upload data. {why}"));
    let mut by_bucket: std::collections::BTreeMap<&str, Vec<(String, &[u8])>> = std::collections::BTreeMap::new();
    for (uri, content) in &files {
        let (bucket, key) = split_s3_uri(uri).ok_or_else(|| failed(format!("{uri} is no s3:// address")))?;
        by_bucket.entry(bucket).or_default().push((key.to_owned(), content));
    }
    for (bucket, contents) in by_bucket {
        objects.put_many(bucket, contents).map_err(|error| failed(error.told()))?;
    }
    Ok(())
}

/// An address below another.
pub(super) fn below(uri: &str, name: &str) -> String {
    format!("{}/{name}", uri.trim_end_matches('/'))
}
