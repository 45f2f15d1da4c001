//! What each type of step does. Its calls to other services and to `SageMaker` itself are made as the pipeline's role.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::definition::{Kind, Step, list};
use super::execution::{Ended, Variables};
use super::expression::{plain, resolve};
use super::jobs::JobKind;
use super::names::{Doc, arn, name_of};
use super::roles::not_invoked;
use crate::local::iam::{Assumed, Denied, service};
use crate::local::service::Request;
use crate::local::services::protocol::aws_json::Input;

impl Inner {
    /// Performs a step that has just started.
    pub(super) async fn perform(self: &Arc<Self>, id: &str, step: &Step, token: &CancellationToken) -> Ended {
        let arguments = match self.arguments(id, step) {
            Ok(arguments) => arguments,
            Err(reason) => return Ended::Failed(format!("ClientError: {reason}")),
        };
        match step.kind {
            Kind::Condition => self.choose(id, step, &arguments),
            Kind::Fail => {
                let message = plain(&arguments["ErrorMessage"]);
                match self.note(id, &step.name, json!({ "Fail": { "ErrorMessage": message } })) {
                    Ok(()) => Ended::Failed(message),
                    Err(reason) => Ended::Failed(reason),
                }
            }
            Kind::RegisterModel => self.register_step(id, step, arguments),
            // A function that was invoked cannot be stopped: an execution that is being stopped waits for its end.
            Kind::Lambda => tokio::select! {
                ended = self.lambda_step(id, step, &arguments) => ended,
                () = self.root.cancelled() => Ended::Stopped,
            },
            Kind::Processing => self.job_step(id, step, arguments, JobKind::Processing, token).await,
            Kind::Training => self.job_step(id, step, arguments, JobKind::Training, token).await,
        }
    }

    fn arguments(&self, id: &str, step: &Step) -> Result<Value, String> {
        let variables = Variables::of(self, id).ok_or("the execution does not exist any more")?;
        resolve(&step.own_arguments(), &variables)
    }

    /// The role of the pipeline of an execution.
    fn role_of_execution(&self, id: &str) -> Result<Assumed, String> {
        let pipeline = self.executions.look(id, |execution| execution.pipeline.clone()).ok_or("the execution does not exist any more")?;
        self.role_of_pipeline(&pipeline).map_err(|reason| format!("ClientError: {reason}"))
    }

    fn register_step(&self, id: &str, step: &Step, arguments: Value) -> Ended {
        let role = match self.role_of_execution(id) {
            Ok(role) => role,
            Err(reason) => return Ended::Failed(reason),
        };
        let group = name_of(arguments["ModelPackageGroupName"].as_str().unwrap_or_default()).to_owned();
        if let Err(denied) = self.may_register(&role, &group) {
            return Ended::Failed(not_invoked(&denied));
        }
        let input = Input::new(members(arguments), "ValidationException");
        let arn = match self.create_model_package(&input) {
            Ok(made) => made["ModelPackageArn"].clone(),
            Err(error) => return Ended::Failed(format!("ClientError: {}", error.message)),
        };
        // The step waits until the package is complete.
        if let Err(denied) = role.may("sagemaker:DescribeModelPackage", arn.as_str().unwrap_or_default()) {
            return Ended::Failed(not_invoked(&denied));
        }
        let described = arn.as_str().and_then(|arn| self.package(arn).ok()).map_or(Value::Null, Value::Object);
        match self.note(id, &step.name, json!({ "RegisterModel": { "Arn": arn } })) {
            Ok(()) => Ended::Done(described),
            Err(reason) => Ended::Failed(reason),
        }
    }

    /// Whether a role may register a package in a group. The group is looked for first: the service makes one that is not there.
    fn may_register(&self, role: &Assumed, group: &str) -> Result<(), Denied> {
        let group_arn = arn(&self.account, "model-package-group", group);
        role.may("sagemaker:DescribeModelPackageGroup", &group_arn)?;
        role.may("sagemaker:CreateModelPackage", &group_arn)?;
        role.may("sagemaker:CreateModelPackage", &self.next_package_arn(group))
    }

    /// Whether a role may make a job that works as another role, with the tags that every job of a pipeline gets.
    fn may_create_job(role: &Assumed, kind: JobKind, job: &str, job_role: &str) -> Result<(), Denied> {
        role.may(&kind.action("Create"), job)?;
        role.may("sagemaker:AddTags", job)?;
        role.may_pass(job_role, service::SAGEMAKER)
    }

    async fn job_step(self: &Arc<Self>, id: &str, step: &Step, arguments: Value, kind: JobKind, token: &CancellationToken) -> Ended {
        match self.look_in_cache(id, step, &arguments) {
            Ok(Some(properties)) => return Ended::Done(properties),
            Ok(None) => {}
            Err(reason) => return Ended::Failed(format!("ClientError: {reason}")),
        }
        let suffix: String = self.unique(&format!("{id}/{}", step.name)).chars().take(10).collect();
        let shown: String = step.name.chars().take(20).collect();
        let name = format!("pipelines-{id}-{}-{suffix}", shown.trim_matches('-'));
        let role = match self.role_of_execution(id) {
            Ok(role) => role,
            Err(reason) => return Ended::Failed(reason),
        };
        let job = kind.arn(self, &name);
        if let Err(denied) = Self::may_create_job(&role, kind, &job, arguments["RoleArn"].as_str().unwrap_or_default()) {
            return Ended::Failed(not_invoked(&denied));
        }
        let created = match kind.create(self, &name, &Input::new(members(arguments), "ValidationException")) {
            Ok(created) => created,
            Err(error) => return Ended::Failed(format!("ClientError: {}", error.message)),
        };
        if let Err(reason) = self.note(id, &step.name, json!({ kind.step_member(): { "Arn": created } })) {
            return Ended::Failed(reason);
        }
        match self.job_to_its_end(&role, kind, &name, &job, token).await {
            Ended::Done(mut properties) => {
                if let (Some(properties), files) = (properties.as_object_mut(), &step.source["PropertyFiles"]) {
                    properties.insert("PropertyFiles".into(), files.clone());
                }
                Ended::Done(properties)
            }
            other => other,
        }
    }

    /// Runs a job that was made. It is stopped with the execution, by a call that the pipeline's role has to be allowed: a job that may not be
    /// stopped goes on without the step.
    async fn job_to_its_end(self: &Arc<Self>, role: &Assumed, kind: JobKind, name: &str, job: &str, token: &CancellationToken) -> Ended {
        let stop = self.root.child_token();
        let mut at_work = tokio::spawn({
            let (inner, name, stop) = (self.clone(), name.to_owned(), stop.clone());
            async move { kind.run(&inner, &name, &stop).await }
        });
        let ended = tokio::select! {
            ended = &mut at_work => ended,
            () = token.cancelled() => {
                if !self.root.is_cancelled()
                    && let Err(denied) = role.may(&kind.action("Stop"), job)
                {
                    return Ended::Failed(not_invoked(&denied));
                }
                stop.cancel();
                at_work.await
            }
        };
        let ended = ended.unwrap_or_else(|error| Ended::Failed(format!("InternalServerError: {error}")));
        // What became of it is asked for.
        match (&ended, role.may(&kind.action("Describe"), job)) {
            (Ended::Stopped, _) | (_, Ok(())) => ended,
            (_, Err(denied)) => Ended::Failed(not_invoked(&denied)),
        }
    }

    async fn lambda_step(&self, id: &str, step: &Step, arguments: &Value) -> Ended {
        // A Lambda step's own arguments are the function's ARN and what it is invoked with.
        let function = arguments[0].as_str().unwrap_or_default().to_owned();
        let allowed = self.role_of_execution(id).and_then(|role| {
            role.may("lambda:InvokeFunction", &function).map_err(|denied| format!("ClientError: AccessDeniedException: {denied}"))
        });
        if let Err(reason) = allowed {
            return Ended::Failed(reason);
        }
        let answer = match self.invoke_function(&function, &arguments[1]).await {
            Ok(answer) => answer,
            Err(reason) => return Ended::Failed(reason),
        };
        let mut outputs = Doc::new();
        let mut listed = Vec::new();
        for output in list(&step.source["OutputParameters"]) {
            let name = output["OutputName"].as_str().unwrap_or_default();
            let Some(value) = answer.get(name) else {
                return Ended::Failed(format!("ClientError: Lambda function {function} did not return the output parameter {name}."));
            };
            outputs.insert(name.to_owned(), value.clone());
            listed.push(json!({ "Name": name, "Value": plain(value) }));
        }
        match self.note(id, &step.name, json!({ "Lambda": { "Arn": function, "OutputParameters": listed } })) {
            Ok(()) => Ended::Done(json!({ "OutputParameters": outputs })),
            Err(reason) => Ended::Failed(reason),
        }
    }

    async fn invoke_function(&self, function: &str, event: &Value) -> Result<Value, String> {
        let request = Request {
            method: Method::POST,
            uri: format!("https://lambda.internal/2015-03-31/functions/{}/invocations", function.replace(':', "%3A")),
            headers: HeaderMap::new(),
            body: if event.is_null() { "{}".into() } else { event.to_string().into() },
        };
        let response = self.account.services.send("lambda", request).await;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if response.status >= 300 {
            let message = body["message"].as_str().or_else(|| body["Message"].as_str()).unwrap_or("the function could not be invoked");
            return Err(format!("ClientError: {message}"));
        }
        if response.headers.contains_key("x-amz-function-error") {
            let message = body["errorMessage"].as_str().unwrap_or("the function failed");
            return Err(format!("ClientError: Lambda function {function} failed: {message}"));
        }
        Ok(body)
    }
}

fn members(value: Value) -> Doc {
    match value {
        Value::Object(members) => members,
        _ => Doc::new(),
    }
}
