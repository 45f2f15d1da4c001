//! An execution is started: what it is started with is decided first, from the deployed definition, the models of the registry and what was
//! asked for.

use serde_json::Value;

use super::parameters::{self, ParameterSpec};
use super::references::{self, Document};
use super::run::token;
use crate::aws::PollError;
use crate::aws::pipelines::Start;
use crate::demo::pipeline_definition::parameter;
use crate::ops::error::op;
use crate::ops::{Context, OpError, Outlook};

/// What fails when an execution cannot be started.
const WHAT: &str = "could not start the pipeline";

/// How an execution is started.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StartOptions {
    /// Parameters of the definition that shall differ from their defaults.
    pub parameters: Vec<(String, String)>,
    /// Whether steps whose inputs have not changed may take over what an earlier execution found.
    pub cache: bool,
    /// Display name; the service makes one when it is absent.
    pub name: Option<String>,
}

impl Default for StartOptions {
    fn default() -> Self {
        StartOptions { parameters: Vec::new(), cache: true, name: None }
    }
}

/// What an execution is started with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StartIntent {
    /// The deployed definition.
    pub definition: Value,
    /// What it declares.
    pub declared: Vec<ParameterSpec>,
    /// Parameters that differ from its defaults: those that were asked for, then those that the program sets.
    pub parameters: Vec<(String, String)>,
    /// Documents that have to be in S3 before.
    pub documents: Vec<Document>,
    /// Whether the cache is left aside, by a value that no execution had before.
    pub fresh: bool,
}

/// Starts an execution of the deployed pipeline, with what it is compared with (the approved model and its data) as that is now. Gives its
/// ARN.
///
/// # Errors
/// There is no pipeline, a parameter is not one of its own or has a wrong value, or the service refuses.
pub async fn start(context: &Context, options: &StartOptions) -> Result<String, OpError> {
    start_described(context, options, "started by hand").await
}

pub(crate) async fn start_described(context: &Context, options: &StartOptions, description: &str) -> Result<String, OpError> {
    let name = &context.scenario.pipeline;
    let gateway = &context.gateways.pipelines;
    let intent = intend(context, options).await?.clear()?;
    futures::future::try_join_all(intent.documents.into_iter().map(|document| references::write(context, document))).await?;
    let mut parameters = intent.parameters;
    if intent.fresh {
        // The service has no switch for one execution. A value that no execution had before makes every cached step another one.
        parameters.push((parameter::CACHE_KEY.to_owned(), uuid::Uuid::new_v4().simple().to_string()));
    }
    let token = token();
    let start = Start { name: options.name.as_deref(), description, parameters: &parameters, token: &token };
    let started = context
        .gateways
        .poll
        .while_role_settles(&context.cancel, "the execution, once IAM's new role is known", || gateway.start(name, &start))
        .await;
    started.map_err(|error| match error {
        PollError::Failed(error) if error.is_not_found() => missing(context),
        error => op(name, WHAT)(error),
    })
}

/// Decides what an execution is started with.
pub(super) async fn intend(context: &Context, options: &StartOptions) -> Result<Outlook<StartIntent>, OpError> {
    let name = &context.scenario.pipeline;
    let found = context.gateways.pipelines.find(name).await.map_err(op(name, WHAT))?.ok_or_else(|| missing(context))?;
    let definition: Value = serde_json::from_str(&found.definition).map_err(|error| OpError::failed(name, WHAT, error.to_string()))?;
    let declared = parameters::declared(&definition);
    let given = |name: &str| options.parameters.iter().any(|(given, _)| given == name);
    // A definition that somebody else deployed may not know what the program sets; what was asked for by hand stays.
    let offered = |name: &str| declared.iter().any(|known| known.name == name) && !given(name);
    let mut obstacles: Vec<OpError> =
        options.parameters.iter().filter_map(|(name, value)| parameters::refused(&declared, name, value, WHAT)).collect();
    let (baseline, champion) = (offered(parameter::BASELINE), offered(parameter::CHAMPION));
    let mut documents = Vec::new();
    let mut parameters = options.parameters.clone();
    if baseline || champion {
        let references = references::now(context).await?;
        for (name, document) in [(parameter::BASELINE, references.baseline, baseline), (parameter::CHAMPION, references.champion, champion)]
            .into_iter()
            .filter_map(|(name, document, wanted)| wanted.then_some((name, document)))
        {
            parameters.push((name.to_owned(), document.address(context)));
            documents.push(document);
        }
    }
    let fresh = !options.cache && offered(parameter::CACHE_KEY);
    let valued = |name: &str| parameters.iter().any(|(given, _)| given == name);
    let open =
        declared.iter().filter(|known| known.default.is_none() && !valued(&known.name) && !(fresh && known.name == parameter::CACHE_KEY));
    obstacles.extend(open.map(|known| {
        OpError::usage(WHAT, format!("the parameter `{}` has no default", known.name), format!("give it with --param {}=VALUE", known.name))
    }));
    Ok(Outlook { plan: StartIntent { definition, declared, parameters, documents, fresh }, obstacles })
}

fn missing(context: &Context) -> OpError {
    let name = &context.scenario.pipeline;
    OpError::precondition(name, "there is no pipeline", format!("the pipeline `{name}` does not exist"), "run the step `pipeline` first")
}
