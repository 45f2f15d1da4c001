//! What is told of stacks, their events and their resources.

use super::stack::{Happened, Stack};
use super::template::{Template, invalid};
use super::{CloudFormation, actions, resources};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_query::{Form, Xml};
use crate::local::services::protocol::pages;

/// Items of a page, as CloudFormation gives them.
const PAGE: usize = 100;
/// What is shown of a parameter with `NoEcho`.
const HIDDEN: &str = "****";

fn page<T>(
    form: &Form,
    scope: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
) -> ServiceResult<(Vec<T>, Option<String>)> {
    let token = form.text("NextToken").filter(|token| !token.is_empty());
    pages::page(scope, items, key, token, PAGE).map_err(|_| invalid("The NextToken is not valid for this request."))
}

/// A key by which the newest comes first.
fn descending(position: usize) -> String {
    format!("{:010}", 9_999_999_999_u64.saturating_sub(position as u64))
}

impl CloudFormation {
    fn write_stack(&self, xml: &mut Xml, stack: &Stack) {
        let Some(newest) = stack.newest(&self.account) else { return };
        xml.text("StackId", &stack.id).text("StackName", &stack.name).optional("Description", stack.description.as_ref());
        xml.list("Parameters", "member", &stack.parameters, |xml, (name, value)| {
            let shown = if stack.hidden.contains(name) { HIDDEN } else { value };
            xml.text("ParameterKey", name).text("ParameterValue", shown);
        });
        xml.time("CreationTime", stack.created);
        self.write_status(xml, stack, newest);
        // What a stack gives is there once it is.
        let ready = matches!(newest.event.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
        xml.list("Outputs", "member", stack.outputs.iter().filter(|_| ready), |xml, output| {
            xml.text("OutputKey", &output.name)
                .text("OutputValue", &output.value)
                .optional("Description", output.description.as_ref())
                .optional("ExportName", output.export.as_ref());
        });
        xml.list("Tags", "member", &stack.tags, |xml, (key, value)| {
            xml.text("Key", key).text("Value", value);
        });
        xml.value("DisableRollback", stack.disable_rollback)
            .element("NotificationARNs", |_| {})
            .element("RollbackConfiguration", |_| {})
            .value("EnableTerminationProtection", false)
            .element("DriftInformation", |xml| {
                xml.text("StackDriftStatus", "NOT_CHECKED");
            });
    }

    fn write_status(&self, xml: &mut Xml, stack: &Stack, newest: Happened<'_>) {
        let operations = stack.happened(&self.account);
        let first_of =
            |status: &str| operations.iter().rev().find(|it| stack.is_own(it.event) && it.event.status == status).map(|it| it.at);
        if let Some(at) = first_of("UPDATE_IN_PROGRESS") {
            xml.time("LastUpdatedTime", at);
        }
        if let Some(at) = first_of("DELETE_IN_PROGRESS") {
            xml.time("DeletionTime", at);
        }
        xml.text("StackStatus", &newest.event.status);
        // Of a stack that is as it should be there is nothing to explain.
        let reason = newest.event.reason.as_ref().filter(|reason| *reason != "User Initiated");
        xml.optional("StackStatusReason", reason);
    }

    pub(super) fn describe_stacks(&self, form: &Form) -> ServiceResult<Xml> {
        self.state.read(|state| {
            let mut xml = Xml::default();
            if let Some(wanted) = form.text("StackName").filter(|name| !name.is_empty()) {
                let at = self.position(state, wanted).ok_or_else(|| actions::missing(wanted))?;
                xml.list("Stacks", "member", [&state.stacks[at]], |xml, stack| self.write_stack(xml, stack));
                return Ok(xml);
            }
            let there = state.stacks.iter().enumerate().rev().filter(|(_, stack)| !stack.is_gone(&self.account));
            let (stacks, next) = page(form, "DescribeStacks", there, |(at, _)| descending(*at))?;
            xml.list("Stacks", "member", stacks, |xml, (_, stack)| self.write_stack(xml, stack)).optional("NextToken", next);
            Ok(xml)
        })
    }

    pub(super) fn list_stacks(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.texts("StackStatusFilter", "member");
        self.state.read(|state| {
            let listed = state
                .stacks
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, stack)| wanted.is_empty() || wanted.contains(&stack.status(&self.account)));
            let (stacks, next) = page(form, &format!("ListStacks {}", wanted.join(" ")), listed, |(at, _)| descending(*at))?;
            let mut xml = Xml::default();
            xml.list("StackSummaries", "member", stacks, |xml, (_, stack)| {
                xml.text("StackId", &stack.id)
                    .text("StackName", &stack.name)
                    .optional("TemplateDescription", stack.description.as_ref())
                    .time("CreationTime", stack.created);
                if let Some(newest) = stack.newest(&self.account) {
                    self.write_status(xml, stack, newest);
                }
                xml.element("DriftInformation", |xml| {
                    xml.text("StackDriftStatus", "NOT_CHECKED");
                });
            })
            .optional("NextToken", next);
            Ok(xml)
        })
    }

    pub(super) fn describe_stack_events(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.required("StackName")?;
        self.state.read(|state| {
            let at = self.position(state, wanted).ok_or_else(|| actions::missing(wanted))?;
            let stack = &state.stacks[at];
            let happened = stack.happened(&self.account);
            let newest_first = happened.iter().enumerate().rev();
            let (events, next) = page(form, &format!("DescribeStackEvents {}", stack.id), newest_first, |(at, _)| descending(*at))?;
            let mut xml = Xml::default();
            xml.list("StackEvents", "member", events, |xml, (_, happened)| {
                xml.text("StackId", &stack.id)
                    .text("EventId", &happened.event.id)
                    .text("StackName", &stack.name)
                    .text("LogicalResourceId", &happened.event.name)
                    .text("PhysicalResourceId", &happened.event.physical)
                    .text("ResourceType", &happened.event.kind)
                    .time("Timestamp", happened.at)
                    .text("ResourceStatus", &happened.event.status)
                    .optional("ResourceStatusReason", happened.event.reason.as_ref())
                    .optional("ResourceProperties", happened.event.properties.as_ref())
                    .optional("ClientRequestToken", happened.token);
            })
            .optional("NextToken", next);
            Ok(xml)
        })
    }

    pub(super) fn describe_stack_resources(&self, form: &Form) -> ServiceResult<Xml> {
        let (stack, physical) = (form.text("StackName"), form.text("PhysicalResourceId"));
        let logical = form.text("LogicalResourceId");
        self.state.read(|state| {
            let at = match (stack, physical) {
                (Some(wanted), None) => self.position(state, wanted).ok_or_else(|| actions::missing(wanted))?,
                (None, Some(wanted)) => {
                    let holds = |stack: &Stack| stack.present(&self.account).iter().any(|member| member.made.physical == wanted);
                    let found = state.stacks.iter().rposition(holds);
                    found.ok_or_else(|| invalid(format!("Stack for {wanted} does not exist")))?
                }
                _ => return Err(invalid("Exactly one of StackName and PhysicalResourceId must be specified.")),
            };
            let stack = &state.stacks[at];
            let resources = stack.resources_now(&self.account);
            let wanted = resources.iter().filter(|it| logical.is_none_or(|logical| logical == it.event.name));
            let mut xml = Xml::default();
            xml.list("StackResources", "member", wanted, |xml, it| {
                xml.text("StackName", &stack.name).text("StackId", &stack.id).time("Timestamp", it.at);
                write_resource(xml, it);
            });
            Ok(xml)
        })
    }

    pub(super) fn list_stack_resources(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.required("StackName")?;
        self.state.read(|state| {
            let at = self.position(state, wanted).ok_or_else(|| actions::missing(wanted))?;
            let stack = &state.stacks[at];
            let resources = stack.resources_now(&self.account);
            let numbered = resources.iter().enumerate();
            let (resources, next) = page(form, &format!("ListStackResources {}", stack.id), numbered, |(at, _)| format!("{at:010}"))?;
            let mut xml = Xml::default();
            xml.list("StackResourceSummaries", "member", resources, |xml, (_, it)| {
                xml.time("LastUpdatedTimestamp", it.at);
                write_resource(xml, it);
            })
            .optional("NextToken", next);
            Ok(xml)
        })
    }

    pub(super) fn get_template(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.required("StackName")?;
        self.state.read(|state| {
            let at = self.position(state, wanted).ok_or_else(|| actions::missing(wanted))?;
            let mut xml = Xml::default();
            xml.text("TemplateBody", &state.stacks[at].template).element("StagesAvailable", |xml| {
                xml.text("member", "Original").text("member", "Processed");
            });
            Ok(xml)
        })
    }

    pub(super) fn validate_template(&self, form: &Form) -> ServiceResult<Xml> {
        let template = Template::read(actions::body(form)?)?;
        for (name, resource) in &template.resources {
            if resources::kind(&resource.kind).is_none() {
                return Err(invalid(format!("The embedded AWS has no resources of the type {} ({name}).", resource.kind)));
            }
        }
        let mut xml = Xml::default();
        xml.list("Parameters", "member", &template.parameters, |xml, (name, declared)| {
            xml.text("ParameterKey", name)
                .optional("DefaultValue", declared.default.as_ref())
                .value("NoEcho", declared.no_echo)
                .optional("Description", declared.description.as_ref());
        })
        .optional("Description", template.description.as_ref());
        Ok(xml)
    }
}

fn write_resource(xml: &mut Xml, it: &Happened<'_>) {
    xml.text("LogicalResourceId", &it.event.name)
        .text("PhysicalResourceId", &it.event.physical)
        .text("ResourceType", &it.event.kind)
        .text("ResourceStatus", &it.event.status)
        .optional("ResourceStatusReason", it.event.reason.as_ref())
        .element("DriftInformation", |xml| {
            xml.text("StackResourceDriftStatus", "NOT_CHECKED");
        });
}
