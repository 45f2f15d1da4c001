//! `UNLOAD` and `COPY`: rows to and from objects of S3.

mod cells;
mod copy;
mod lines;
mod packing;
mod records;
mod times;
mod unload;

pub use copy::copy;
pub use packing::suffix;
pub use unload::{Style, unload, write_rows};

use super::outside::s3_words;
use super::{SqlError, SqlErrorKind};
use crate::local::iam::AccessError;
use crate::local::objects::split_s3_uri;

/// Bucket and key of an `s3://` address.
fn address(uri: &str) -> Result<(&str, &str), SqlError> {
    split_s3_uri(uri).ok_or_else(|| {
        let message = format!("ERROR: \"{uri}\" is not an S3 address\n  Hint: Write it as 's3://bucket/prefix'.");
        SqlError::new(SqlErrorKind::Semantic, message)
    })
}

/// A failure of S3 as Redshift words it. `doing` says what was being done: `S3 key being read : s3://…`.
fn s3_failure(error: &AccessError, doing: &str) -> SqlError {
    SqlError::new(SqlErrorKind::Execution, format!("ERROR: {}", s3_words(error, doing)))
}

/// What was being done when a bucket could not be listed.
fn listing(bucket: &str, prefix: &str) -> String {
    format!("Listing bucket={bucket} prefix={prefix}")
}

/// What was being done when an object could not be read.
fn reading(bucket: &str, key: &str) -> String {
    format!("S3 key being read : s3://{bucket}/{key}")
}
