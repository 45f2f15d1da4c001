//! Names of instance types: `ml.FAMILY.SIZE`.

use super::names::invalid;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// Checks the `InstanceType` of `input`, which is at `place` in the request. The service has a list of all types, which grows every month;
/// here a name of the right form is one.
pub(super) fn check(input: &Input, place: &str) -> ServiceResult<()> {
    match input.text("InstanceType")? {
        Some(name) if !is_instance_type(name) => Err(invalid(format!(
            "1 validation error detected: Value '{name}' at '{place}.instanceType' failed to satisfy constraint: Member must satisfy enum value \
             set: an instance type such as ml.m5.xlarge is expected"
        ))),
        _ => Ok(()),
    }
}

fn is_instance_type(name: &str) -> bool {
    let mut parts = name.split('.');
    let (Some("ml"), Some(family), Some(size), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return false };
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let number = size.strip_suffix("xlarge").map(|number| number.is_empty() || number.bytes().all(|byte| byte.is_ascii_digit()));
    family.starts_with(|first: char| first.is_ascii_lowercase()) && letters(family) && number.unwrap_or(matches!(size, "medium" | "large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_family_and_a_size() {
        for name in ["ml.m5.large", "ml.m5.xlarge", "ml.g4dn.12xlarge", "ml.t3.medium", "ml.p4de.24xlarge"] {
            assert!(is_instance_type(name), "{name}");
        }
        for name in ["", "m5.xlarge", "ml.m5", "ml.m5.huge", "ml.m5.xlargeml.m5.2xlarge", "ml..xlarge", "ml.m5.-2xlarge", "ml.M5.xlarge"] {
            assert!(!is_instance_type(name), "{name}");
        }
    }
}
