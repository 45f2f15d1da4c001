//! Pseudo parameters: what every template knows of where it is.

use serde_json::Value;

/// Stands for nothing: the property or item that it is given to is left out.
pub(super) const NO_VALUE: &str = "AWS::NoValue";

const NAMES: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NotificationARNs",
    NO_VALUE,
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Whether a name is that of a pseudo parameter.
pub(super) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Where a stack is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub account: String,
    pub region: String,
    pub stack_id: String,
    pub stack_name: String,
}

impl Place {
    /// The value of a pseudo parameter, but for [`NO_VALUE`].
    pub fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => Value::from(self.account.as_str()),
            "AWS::Region" => Value::from(self.region.as_str()),
            "AWS::StackId" => Value::from(self.stack_id.as_str()),
            "AWS::StackName" => Value::from(self.stack_name.as_str()),
            // Every ARN of the embedded AWS is in this partition.
            "AWS::Partition" => Value::from("aws"),
            "AWS::URLSuffix" => Value::from("amazonaws.com"),
            "AWS::NotificationARNs" => Value::Array(Vec::new()),
            _ => return None,
        })
    }

    /// The availability zones of a region, by their names: three, as in most regions. Northern California shows new accounts two.
    pub fn zones(region: &str) -> Vec<String> {
        let letters: &[char] = if region == "us-west-1" { &['a', 'c'] } else { &['a', 'b', 'c'] };
        letters.iter().map(|letter| format!("{region}{letter}")).collect()
    }
}
