//! Tags of all resources, by ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Inner;
use super::names::invalid;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// Tags by ARN.
pub(super) type Tags = BTreeMap<String, BTreeMap<String, String>>;

impl Inner {
    /// Tags what was just made with the `Tags` of its request.
    pub(super) fn tag(&self, arn: &str, input: &Input) -> ServiceResult<()> {
        let given = input.tags("Tags")?;
        if given.is_empty() {
            return Ok(());
        }
        self.tags.change(|tags| {
            tags.entry(arn.to_owned()).or_default().extend(given);
            Ok(())
        })
    }

    /// Forgets the tags of what was deleted.
    pub(super) fn untag(&self, arn: &str) -> ServiceResult<()> {
        if self.tags.read(|tags| tags.contains_key(arn)) {
            self.tags.change(|tags| {
                tags.remove(arn);
                Ok(())
            })?;
        }
        Ok(())
    }

    pub(super) fn add_tags(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("ResourceArn")?.to_owned();
        if input.tags("Tags")?.len() > 50 {
            return Err(invalid("a resource has at most 50 tags"));
        }
        self.tag(&arn, input)?;
        self.list_tags(input)
    }

    pub(super) fn list_tags(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("ResourceArn")?;
        let tags: Vec<Value> =
            self.tags.read(|tags| tags.get(arn).into_iter().flatten().map(|(key, value)| json!({ "Key": key, "Value": value })).collect());
        Ok(json!({ "Tags": tags }))
    }

    pub(super) fn delete_tags(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("ResourceArn")?;
        let keys = input.texts("TagKeys")?;
        self.tags.change(|tags| {
            if let Some(tags) = tags.get_mut(arn) {
                tags.retain(|key, _| !keys.contains(key));
            }
            Ok(Value::Null)
        })
    }
}
