//! Instance types: their names, `ml.FAMILY.SIZE`, and how many of them the account may run.

use std::collections::BTreeMap;

use super::names::invalid;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// Families with their sizes, for which there are quotas.
const FAMILIES: &[(&str, &[&str])] = &[
    ("c4", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge"]),
    ("c5", &["large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "18xlarge"]),
    ("c6i", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    ("c7i", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    ("g4dn", &["xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"]),
    ("g5", &["xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    ("m4", &["xlarge", "2xlarge", "4xlarge", "10xlarge", "16xlarge"]),
    ("m5", &["large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"]),
    ("m5d", &["large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"]),
    ("m6i", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    ("m7i", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    ("p3", &["2xlarge", "8xlarge", "16xlarge"]),
    ("r5", &["large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"]),
    ("r6i", &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    ("t2", &["medium", "large", "xlarge", "2xlarge"]),
    ("t3", &["medium", "large", "xlarge", "2xlarge"]),
];

/// What instances are used for. Each use of a type has a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Endpoints.
    Endpoint,
    /// Processing jobs.
    Processing,
    /// Training jobs.
    Training,
    /// Transform jobs.
    Transform,
}

impl Usage {
    const ALL: [Usage; 4] = [Usage::Endpoint, Usage::Processing, Usage::Training, Usage::Transform];

    /// The name of the quota of a type: `ml.m5.large for endpoint usage`.
    pub(crate) fn quota(self, instance: &str) -> String {
        let usage = match self {
            Usage::Endpoint => "endpoint",
            Usage::Processing => "processing job",
            Usage::Training => "training job",
            Usage::Transform => "transform job",
        };
        format!("{instance} for {usage} usage")
    }
}

/// The names of the quotas of all types that are known by name.
pub(crate) fn quotas() -> impl Iterator<Item = String> {
    let types = FAMILIES.iter().flat_map(|(family, sizes)| sizes.iter().map(move |size| format!("ml.{family}.{size}")));
    types.flat_map(|name| Usage::ALL.map(|usage| usage.quota(&name)))
}

/// Instances by their type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Instances(BTreeMap<String, i64>);

impl Instances {
    /// Adds instances of a type; without one there are none, as what is serverless has.
    pub(super) fn add(&mut self, instance: &str, count: i64) {
        if !instance.is_empty() && count > 0 {
            *self.0.entry(instance.to_owned()).or_default() += count;
        }
    }

    /// Adds what a request or a job asks for: its `InstanceType`, and its `InstanceCount`, which is 1 when it is not given.
    pub(super) fn add_resources(&mut self, resources: &serde_json::Value) {
        let count = resources["InstanceCount"].as_i64().unwrap_or(1);
        self.add(resources["InstanceType"].as_str().unwrap_or_default(), count);
    }

    /// What these have more than others.
    pub(super) fn beyond(&self, others: &Instances) -> Instances {
        let mut more = Instances::default();
        for (instance, count) in self.each() {
            more.add(instance, count - others.of(instance));
        }
        more
    }

    /// How many there are of a type.
    pub(super) fn of(&self, instance: &str) -> i64 {
        self.0.get(instance).copied().unwrap_or(0)
    }

    /// The types with their instances.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(instance, count)| (instance.as_str(), *count))
    }
}

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
    fn every_type_has_a_well_formed_name_and_a_quota_for_each_use() {
        let names: Vec<String> = quotas().collect();
        for name in &names {
            assert!(is_instance_type(name.split(' ').next().unwrap_or_default()), "{name}");
        }
        for name in ["ml.m5.large for endpoint usage", "ml.m5.xlarge for processing job usage", "ml.m5.xlarge for training job usage"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn instances_are_counted_by_type() {
        let mut instances = Instances::default();
        instances.add("ml.m5.large", 2);
        instances.add("", 1);
        instances.add_resources(&serde_json::json!({ "InstanceType": "ml.m5.large" }));
        instances.add_resources(&serde_json::json!({ "InstanceType": "ml.m5.xlarge", "InstanceCount": 3 }));
        instances.add_resources(&serde_json::Value::Null);
        assert_eq!(instances.each().collect::<Vec<_>>(), [("ml.m5.large", 3), ("ml.m5.xlarge", 3)]);
        assert_eq!((instances.of("ml.m5.xlarge"), instances.of("ml.c5.large")), (3, 0));
        let mut others = Instances::default();
        others.add("ml.m5.large", 5);
        others.add("ml.m5.xlarge", 1);
        assert_eq!(instances.beyond(&others).each().collect::<Vec<_>>(), [("ml.m5.xlarge", 2)]);
    }

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
