//! Stacks and what happens to them (CloudFormation).

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{OnFailure, Parameter, StackStatus, Tag};
use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::{fault, incomplete};

const SERVICE: &str = "CloudFormation";
/// The type that the events of a stack itself carry.
const STACK: &str = "AWS::CloudFormation::Stack";
/// Pages of events that are read at most; a page has up to a hundred.
const PAGES: usize = 100;

/// Where a stack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackState {
    /// It is being made.
    Creating,
    /// It is there, as made or as changed last.
    Complete,
    /// It could not be made, and what was made of it is still there.
    Failed,
    /// It could not be made, and what was made of it is being removed.
    RollingBack,
    /// It could not be made, and nothing of it is left but its record.
    RolledBack,
    /// It is being changed, or put back to what it was before a change.
    Updating,
    /// It is being removed.
    Deleting,
    /// It is gone.
    Deleted,
    /// Some of it could not be removed.
    DeleteFailed,
    /// Anything else: a change that somebody has to decide on.
    Other,
}

impl StackState {
    fn of(status: &StackStatus) -> StackState {
        match status {
            StackStatus::CreateInProgress | StackStatus::ImportInProgress => StackState::Creating,
            StackStatus::CreateComplete
            | StackStatus::ImportComplete
            | StackStatus::ImportRollbackComplete
            | StackStatus::UpdateComplete
            | StackStatus::UpdateFailed
            | StackStatus::UpdateRollbackComplete => StackState::Complete,
            StackStatus::CreateFailed
            | StackStatus::RollbackFailed
            | StackStatus::UpdateRollbackFailed
            | StackStatus::ImportRollbackFailed => StackState::Failed,
            StackStatus::RollbackInProgress => StackState::RollingBack,
            StackStatus::RollbackComplete => StackState::RolledBack,
            StackStatus::UpdateInProgress
            | StackStatus::UpdateCompleteCleanupInProgress
            | StackStatus::UpdateRollbackInProgress
            | StackStatus::UpdateRollbackCompleteCleanupInProgress
            | StackStatus::ImportRollbackInProgress => StackState::Updating,
            StackStatus::DeleteInProgress => StackState::Deleting,
            StackStatus::DeleteComplete => StackState::Deleted,
            StackStatus::DeleteFailed => StackState::DeleteFailed,
            _ => StackState::Other,
        }
    }

    /// Whether it changes by itself.
    pub fn is_moving(self) -> bool {
        matches!(self, StackState::Creating | StackState::RollingBack | StackState::Updating | StackState::Deleting)
    }
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN, by which it can be asked for even when it is gone.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub state: StackState,
    /// The service's word for that: `CREATE_COMPLETE`.
    pub status: String,
    /// Why it stands so.
    pub reason: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// What it gives to others, by name.
    pub outputs: BTreeMap<String, String>,
    /// Tags.
    pub tags: Tags,
}

/// Something that happened to a stack or to a resource of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Id.
    pub id: String,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The resource by its name in the template; of the stack itself its name.
    pub resource: String,
    /// Its type: `AWS::EC2::VPC`.
    pub kind: String,
    /// Its name in the account, once it has one.
    pub physical: Option<String>,
    /// The service's word: `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, or what about it.
    pub reason: Option<String>,
}

impl StackEvent {
    /// Whether it is about the stack itself and not about a resource of it.
    pub fn is_of_stack(&self) -> bool {
        // A nested stack is a resource of this type with another id.
        self.kind == STACK && self.physical.as_deref().is_some_and(|id| id.contains(&format!(":stack/{}/", self.resource)))
    }

    /// Whether something did not go well.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// What a stack is made from.
#[derive(Debug)]
pub struct NewStack<'a> {
    /// Name.
    pub name: &'a str,
    /// Template, JSON.
    pub template: &'a str,
    /// Parameters by name.
    pub parameters: &'a BTreeMap<&'static str, String>,
    /// Tags; the service gives them to the resources, too.
    pub tags: &'a Tags,
    /// What tells a call that is made again from another.
    pub token: &'a str,
}

/// The gateway.
pub struct Stacks {
    client: Lazy<aws_sdk_cloudformation::Client>,
}

impl Stacks {
    pub(super) fn new(source: &Source) -> Self {
        Stacks { client: lazy_client!(source, aws_sdk_cloudformation) }
    }

    /// A stack by its name or its id, if it exists. One that is gone is found by its id only.
    pub async fn find(&self, stack: &str) -> Result<Option<Stack>, AwsError> {
        match self.client.get().describe_stacks().stack_name(stack).send().await.map_err(fault(SERVICE, "DescribeStacks")) {
            Ok(said) => Ok(said.stacks().first().map(described)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins to make a stack; one that cannot be made is rolled back. Gives its id.
    pub async fn create(&self, new: &NewStack<'_>) -> Result<String, AwsError> {
        let parameters =
            new.parameters.iter().map(|(name, value)| Parameter::builder().parameter_key(*name).parameter_value(value).build());
        let request = self
            .client
            .get()
            .create_stack()
            .stack_name(new.name)
            .template_body(new.template)
            .set_parameters(Some(parameters.collect()))
            .set_tags(Some(new.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()))
            .on_failure(OnFailure::Rollback)
            .client_request_token(new.token);
        let said = request.send().await.map_err(fault(SERVICE, "CreateStack"))?;
        said.stack_id().map(str::to_owned).ok_or_else(|| incomplete(SERVICE, "CreateStack"))
    }

    /// Begins to remove a stack, by its name or its id. One that is not there is no error.
    pub async fn delete(&self, stack: &str, token: &str) -> Result<(), AwsError> {
        let request = self.client.get().delete_stack().stack_name(stack).client_request_token(token);
        request.send().await.map_err(fault(SERVICE, "DeleteStack")).map(drop)
    }

    /// What has happened to a stack since the event with the id `seen`, the oldest first; everything without one.
    pub async fn events(&self, stack: &str, seen: Option<&str>) -> Result<Vec<StackEvent>, AwsError> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        // The service gives the newest first.
        'pages: for _ in 0..PAGES {
            let request = self.client.get().describe_stack_events().stack_name(stack).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "DescribeStackEvents"))?;
            for event in said.stack_events() {
                let event = happened(event);
                if seen == Some(event.id.as_str()) {
                    break 'pages;
                }
                found.push(event);
            }
            match said.next_token().filter(|token| !token.is_empty()) {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        found.reverse();
        Ok(found)
    }
}

fn described(said: &aws_sdk_cloudformation::types::Stack) -> Stack {
    let outputs = said.outputs().iter().filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())));
    let tags = said.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Stack {
        id: said.stack_id().unwrap_or_default().to_owned(),
        name: said.stack_name().unwrap_or_default().to_owned(),
        state: said.stack_status().map_or(StackState::Other, StackState::of),
        status: said.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: said.stack_status_reason().map(str::to_owned),
        created: time(said.creation_time()),
        outputs: outputs.collect(),
        tags: tags.collect(),
    }
}

fn happened(said: &aws_sdk_cloudformation::types::StackEvent) -> StackEvent {
    StackEvent {
        id: said.event_id().unwrap_or_default().to_owned(),
        at: time(said.timestamp()),
        resource: said.logical_resource_id().unwrap_or_default().to_owned(),
        kind: said.resource_type().unwrap_or_default().to_owned(),
        physical: said.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        status: said.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: said.resource_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_service_has_a_state() {
        for word in StackStatus::values() {
            let state = StackState::of(&StackStatus::from(*word));
            assert_eq!(state.is_moving(), word.ends_with("_IN_PROGRESS") && *word != "REVIEW_IN_PROGRESS", "{word}");
            assert_eq!(state == StackState::Other, *word == "REVIEW_IN_PROGRESS", "{word}");
        }
    }

    #[test]
    fn events_of_the_stack_are_told_from_those_of_resources() {
        let of = |resource: &str, kind: &str, physical: &str| {
            let event = aws_sdk_cloudformation::types::StackEvent::builder().stack_id("a").event_id("e").stack_name("net");
            happened(&event.logical_resource_id(resource).resource_type(kind).physical_resource_id(physical).build())
        };
        assert!(of("net", STACK, "arn:aws:cloudformation:us-east-1:0:stack/net/1").is_of_stack());
        assert!(!of("Inner", STACK, "arn:aws:cloudformation:us-east-1:0:stack/net-Inner-1/1").is_of_stack());
        assert!(!of("Vpc", "AWS::EC2::VPC", "").is_of_stack());
    }
}
