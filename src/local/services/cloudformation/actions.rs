//! Making, changing and removing stacks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::evaluate::Scope;
use super::plan::{self, About, OnFailure, Step};
use super::pseudo::Place;
use super::stack::{Event, Given, Operation, STACK, Stack};
use super::template::{Template, invalid};
use super::{CloudFormation, State, order, parameters, resources, usage};
use crate::local::pace::Wait;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::Input;
use crate::local::services::protocol::aws_query::{Form, Xml};

/// Stacks that are gone and still found by their ids: CloudFormation keeps those of 90 days.
const GONE_KEPT: usize = 50;

impl CloudFormation {
    pub(super) fn create_stack(&self, form: &Form) -> ServiceResult<Xml> {
        let name = stack_name(form)?;
        let template = Template::read(body(form)?)?;
        let given = given(form, None)?;
        let settled = parameters::settle(&template.parameters, &given)?;
        let on_failure = on_failure(form)?;
        let token = form.text("ClientRequestToken").map(str::to_owned);
        let now = self.account.clock.now();
        self.state.change(|state| {
            if let Some(there) = self.there(state, name) {
                // A call whose answer was lost is made again with its token.
                let again = token.is_some() && there.operations.first().is_some_and(|first| first.token == token);
                return if again { Ok(id_of(&there.id)) } else { Err(exists(name)) };
            }
            let id = format!("arn:aws:cloudformation:{}:{}:stack/{name}/{}", self.account.region, self.account.id, Uuid::new_v4());
            let place = self.place(&id, name);
            let mut world = self.world(state, None);
            let mut scope = Scope::new(&place, &template.parameters, &settled, &template.conditions).map_err(invalid)?;
            let about = About { name, id: &id };
            let made = plan::creation(about, &template, &order::of(&template)?, &mut scope, &mut world, on_failure)?;
            let outputs = if made.complete { outputs(&template, &scope)? } else { Vec::new() };
            self.check_exports(state, &id, &outputs)?;
            let stack = Stack {
                id: id.clone(),
                name: name.to_owned(),
                template: body(form)?.to_owned(),
                description: template.description.clone(),
                hidden: template.parameters.iter().filter(|(_, it)| it.no_echo).map(|(name, _)| name.clone()).collect(),
                parameters: settled.clone(),
                tags: tags(form)?,
                outputs,
                created: now,
                disable_rollback: on_failure == OnFailure::DoNothing,
                resources: made.members,
                operations: vec![self.operation(now, token.clone(), made.steps)],
            };
            state.stacks.push(stack);
            self.forget(state);
            Ok(id_of(&id))
        })
    }

    pub(super) async fn delete_stack(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.required("StackName")?;
        let users = usage::users(&self.account).await?;
        let now = self.account.clock.now();
        let token = form.text("ClientRequestToken").map(str::to_owned);
        self.state.change(|state| {
            // One that is not there, or is going already, is no error.
            let Some(at) = self.position(state, wanted) else { return Ok(Xml::default()) };
            let status = state.stacks[at].status(&self.account);
            if matches!(status.as_str(), "DELETE_IN_PROGRESS" | "DELETE_COMPLETE") {
                return Ok(Xml::default());
            }
            state.stacks[at].stop(&self.account);
            let world = self.world(state, None);
            let stack = &mut state.stacks[at];
            let steps = plan::removal(About { name: &stack.name, id: &stack.id }, &stack.present(&self.account), &world, &users);
            let operation = self.operation(now, token, steps);
            stack.operations.push(operation);
            Ok(Xml::default())
        })
    }

    pub(super) fn update_stack(&self, form: &Form) -> ServiceResult<Xml> {
        let wanted = form.required("StackName")?;
        let token = form.text("ClientRequestToken").map(str::to_owned);
        let now = self.account.clock.now();
        self.state.change(|state| {
            let at = self.position(state, wanted).filter(|at| !state.stacks[*at].is_gone(&self.account)).ok_or_else(|| missing(wanted))?;
            let stack = &state.stacks[at];
            let status = stack.status(&self.account);
            if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
                return Err(invalid(format!("Stack:{} is in {status} state and can not be updated.", stack.id)));
            }
            let text = match form.boolean("UsePreviousTemplate")? {
                Some(true) => stack.template.clone(),
                _ => body(form)?.to_owned(),
            };
            let template = Template::read(&text)?;
            let settled = parameters::settle(&template.parameters, &given(form, Some(stack))?)?;
            let new_tags = if form.members("Tags").is_empty() { stack.tags.clone() } else { tags(form)? };
            let place = self.place(&stack.id, &stack.name);
            let mut scope = Scope::new(&place, &template.parameters, &settled, &template.conditions).map_err(invalid)?;
            scope.made = stack.resources.iter().map(|member| (member.name.clone(), member.made.clone())).collect();
            self.check_unchanged(stack, &template, &scope)?;
            let new_outputs = outputs(&template, &scope)?;
            let same_outputs = new_outputs.len() == stack.outputs.len()
                && new_outputs
                    .iter()
                    .zip(&stack.outputs)
                    .all(|(new, old)| new.name == old.name && new.value == old.value && new.export == old.export);
            if same_outputs && new_tags == stack.tags {
                return Err(invalid("No updates are to be performed."));
            }
            self.check_exports(state, &state.stacks[at].id, &new_outputs)?;
            let stack = &mut state.stacks[at];
            let step = |tick: u32, status: &'static str, reason: Option<&str>| Step {
                tick,
                name: stack.name.clone(),
                physical: stack.id.clone(),
                kind: STACK.to_owned(),
                status,
                reason: reason.map(str::to_owned),
                properties: None,
            };
            let steps = vec![step(0, "UPDATE_IN_PROGRESS", Some("User Initiated")), step(2, "UPDATE_COMPLETE", None)];
            stack.template = text;
            stack.description.clone_from(&template.description);
            stack.parameters.clone_from(&settled);
            stack.tags = new_tags;
            stack.outputs = new_outputs;
            let operation = self.operation(now, token, steps);
            stack.operations.push(operation);
            Ok(id_of(&stack.id))
        })
    }

    /// Whether a template makes exactly the resources that a stack has: what has been made is not changed here.
    fn check_unchanged(&self, stack: &Stack, template: &Template, scope: &Scope<'_>) -> ServiceResult<()> {
        let mut changed = BTreeSet::new();
        let wanted: Vec<_> = template.resources.iter().filter(|(_, resource)| scope.holds(resource.condition.as_deref())).collect();
        for (name, resource) in &wanted {
            let there = stack.resources.iter().find(|member| member.name == **name);
            let same = match there {
                Some(member) => {
                    member.made.kind == resource.kind && scope.members(&resource.properties).map_err(invalid)? == member.made.properties
                }
                None => false,
            };
            if !same {
                changed.insert(name.as_str());
            }
        }
        let left = |member: &&super::stack::Member| !wanted.iter().any(|(name, _)| **name == member.name);
        changed.extend(stack.resources.iter().filter(left).map(|member| member.name.as_str()));
        if changed.is_empty() {
            return Ok(());
        }
        let changed: Vec<&str> = changed.into_iter().collect();
        Err(invalid(format!(
            "The embedded AWS does not change the resources of a stack ({}): delete the stack, and make it again.",
            changed.join(", ")
        )))
    }

    /// The answer to [`usage::CHECK_NETWORK`].
    pub(super) fn check_network(&self, input: &Input) -> ServiceResult {
        let (subnets, groups) = (input.texts("Subnets")?, input.texts("SecurityGroups")?);
        let world = self.state.read(|state| self.world(state, None));
        let refusal = resources::refused_network(&subnets, &groups, &world);
        Ok(refusal.map_or_else(|| serde_json::json!({}), |refusal| serde_json::json!({ "Refusal": refusal.message() })))
    }

    fn place(&self, id: &str, name: &str) -> Place {
        Place {
            account: self.account.id.to_string(),
            region: self.account.region.to_string(),
            stack_id: id.to_owned(),
            stack_name: name.to_owned(),
        }
    }

    /// Steps as events at the account's pace.
    fn operation(&self, started: DateTime<Utc>, token: Option<String>, steps: Vec<Step>) -> Operation {
        let unit = self.account.pace.duration(Wait::StackResource);
        let events = steps.into_iter().map(|step| {
            let at = started + unit * step.tick / 10;
            let id = if step.kind == STACK {
                Uuid::new_v4().to_string()
            } else {
                // The same status comes twice while a resource is made, with and without its name in the account.
                let time = at.to_rfc3339_opts(SecondsFormat::Millis, true);
                let part = Uuid::new_v4().simple().to_string();
                format!("{}-{}-{time}-{}", step.name, step.status, &part[..8])
            };
            Event {
                id,
                name: step.name,
                physical: step.physical,
                kind: step.kind,
                status: step.status.to_owned(),
                reason: step.reason,
                properties: step.properties,
                at,
            }
        });
        Operation { started, token, events: events.collect() }
    }

    /// A stack that is there, by its name or its id.
    fn there<'s>(&self, state: &'s State, wanted: &str) -> Option<&'s Stack> {
        state.stacks.iter().rev().find(|stack| (stack.name == wanted || stack.id == wanted) && !stack.is_gone(&self.account))
    }

    /// Where a stack is: one that is there by its name or its id, one that is gone by its id only.
    pub(super) fn position(&self, state: &State, wanted: &str) -> Option<usize> {
        state.stacks.iter().rposition(|stack| stack.id == wanted || stack.name == wanted && !stack.is_gone(&self.account))
    }

    /// Drops the oldest records of stacks that are gone.
    fn forget(&self, state: &mut State) {
        let mut gone = state.stacks.iter().filter(|stack| stack.is_gone(&self.account)).count();
        state.stacks.retain(|stack| {
            let drop = gone > GONE_KEPT && stack.is_gone(&self.account);
            gone -= usize::from(drop);
            !drop
        });
    }

    /// Exports have names that are unique in a region.
    fn check_exports(&self, state: &State, id: &str, outputs: &[Given]) -> ServiceResult<()> {
        for export in outputs.iter().filter_map(|output| output.export.as_ref()) {
            let others = state.stacks.iter().filter(|stack| stack.id != id && !stack.is_gone(&self.account));
            let taken = |stack: &&Stack| stack.outputs.iter().any(|output| output.export.as_ref() == Some(export));
            if let Some(stack) = others.into_iter().find(taken) {
                return Err(invalid(format!("Export with name {export} is already exported by stack {}.", stack.name)));
            }
        }
        Ok(())
    }
}

fn id_of(id: &str) -> Xml {
    let mut xml = Xml::default();
    xml.text("StackId", id);
    xml
}

fn exists(name: &str) -> ServiceError {
    ServiceError::new("AlreadyExistsException", format!("Stack [{name}] already exists"))
}

/// CloudFormation's error for a stack that is not there.
pub(super) fn missing(wanted: &str) -> ServiceError {
    invalid(format!("Stack with id {wanted} does not exist"))
}

fn stack_name(form: &Form) -> ServiceResult<&str> {
    let name = form.required("StackName")?;
    let fine = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fine {
        return Ok(name);
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

/// The template of a request.
pub(super) fn body(form: &Form) -> ServiceResult<&str> {
    match form.text("TemplateBody").filter(|body| !body.is_empty()) {
        Some(body) => Ok(body),
        None if form.text("TemplateURL").is_some() => {
            Err(invalid("The embedded AWS reads a template from TemplateBody only, not from TemplateURL."))
        }
        None => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

/// The parameters of a request; of an update, those that are to stay as they are, too.
fn given(form: &Form, before: Option<&Stack>) -> ServiceResult<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for member in form.members("Parameters") {
        let name = member.get("ParameterKey").copied().unwrap_or_default();
        let previous = member.get("UsePreviousValue") == Some(&"true");
        let value = match (previous, before) {
            (true, Some(stack)) => stack.parameters.get(name).cloned(),
            (true, None) => return Err(invalid(format!("Parameter {name} has no previous value."))),
            (false, _) => member.get("ParameterValue").map(|value| (*value).to_owned()),
        };
        given.insert(name.to_owned(), value.unwrap_or_default());
    }
    Ok(given)
}

fn tags(form: &Form) -> ServiceResult<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for member in form.members("Tags") {
        let (key, value) = (member.get("Key").copied().unwrap_or_default(), member.get("Value").copied().unwrap_or_default());
        if key.is_empty() || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag keys must not be empty or begin with aws:, and one is '{key}'")));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    // "CloudFormation quotas" of tags of a stack.
    if tags.len() > 50 {
        return Err(invalid("A stack has at most 50 tags"));
    }
    Ok(tags)
}

fn on_failure(form: &Form) -> ServiceResult<OnFailure> {
    let disabled = form.boolean("DisableRollback")?;
    match (form.text("OnFailure"), disabled) {
        (Some(_), Some(_)) => Err(invalid("You may not specify both DisableRollback and OnFailure.")),
        (Some("DO_NOTHING"), None) | (None, Some(true)) => Ok(OnFailure::DoNothing),
        (Some("DELETE"), None) => Ok(OnFailure::Delete),
        (Some("ROLLBACK") | None, _) => Ok(OnFailure::Rollback),
        (Some(other), None) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]"
        ))),
    }
}

/// The outputs of a template, evaluated.
fn outputs(template: &Template, scope: &Scope<'_>) -> ServiceResult<Vec<Given>> {
    let declared = template.outputs.iter().filter(|(_, output)| scope.holds(output.condition.as_deref()));
    let evaluated = declared.map(|(name, output)| {
        let value = scope.text(&output.value, &format!("the value of the output {name}"))?;
        let export = output.export.as_ref().map(|export| scope.text(export, &format!("the export of the output {name}"))).transpose()?;
        Ok(Given { name: name.clone(), value, description: output.description.clone(), export })
    });
    evaluated.collect::<Result<_, String>>().map_err(invalid)
}
