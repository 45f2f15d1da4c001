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

use super::{SqlError, SqlErrorKind};
use crate::local::objects::{ObjectError, split_s3_uri};

/// Bucket and key of an `s3://` address.
fn address(uri: &str) -> Result<(&str, &str), SqlError> {
    split_s3_uri(uri).ok_or_else(|| {
        let message = format!("ERROR: \"{uri}\" is not an S3 address\n  Hint: Write it as 's3://bucket/prefix'.");
        SqlError::new(SqlErrorKind::Semantic, message)
    })
}

/// A failure of S3 as Redshift words it.
fn s3_failure(error: &ObjectError) -> SqlError {
    let message = match error {
        ObjectError::NoBucket(bucket) => {
            format!("ERROR: S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket ({bucket})")
        }
        ObjectError::NoKey { bucket, key } => {
            format!("ERROR: S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey (s3://{bucket}/{key})")
        }
        other => format!("ERROR: S3ServiceException:{other}"),
    };
    SqlError::new(SqlErrorKind::Execution, message)
}
