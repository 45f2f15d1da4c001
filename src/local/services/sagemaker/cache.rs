//! Caching of steps: a step whose `CacheConfig` is on takes over the result of an earlier execution of the same pipeline that called it with
//! the same inputs. Which inputs count, and for how long, is [`step_cache`].

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::definition::Kind;
use crate::demo::step_cache;
pub(super) use crate::demo::step_cache::lasting;

/// Identifies what a step was called with.
pub(super) fn key(kind: Kind, arguments: &Value) -> String {
    let step_type = if kind == Kind::Training { "Training" } else { "Processing" };
    let digest = Sha256::digest(step_cache::attributes(step_type, arguments).to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_follows_what_is_read_and_not_where_it_is_written() {
        let job = json!({
            "AppSpecification": {"ImageUri": "i"}, "Environment": {"K": "shared"},
            "ProcessingInputs": [{"InputName": "a", "S3Input": {"S3Uri": "s3://b/a", "LocalPath": "/a"}}],
            "ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": "s3://b/1"}}]},
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}},
        });
        let with = |pointer: &str, value: &str| {
            let mut other = job.clone();
            *other.pointer_mut(pointer).unwrap() = value.into();
            key(Kind::Processing, &other)
        };
        let same = key(Kind::Processing, &job);
        assert_eq!(with("/ProcessingOutputConfig/Outputs/0/S3Output/S3Uri", "s3://b/2"), same);
        assert_eq!(with("/ProcessingResources/ClusterConfig/InstanceType", "ml.m5.xlarge"), same);
        assert_ne!(with("/ProcessingInputs/0/S3Input/S3Uri", "s3://b/c"), same);
        assert_ne!(with("/Environment/K", "other"), same);
    }
}
