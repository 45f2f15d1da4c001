//! A version comes to an endpoint, is tried, and goes back when it is not good.

use super::intent::{Approach, Intent, ModelIntent, ModelNeed, changing, out_of_service};
use super::{Deployment, PreviousVersion, Report, SmokeTest, Stage, TAG_PREVIOUS, smoke, view};
use crate::aws::registry::{ApprovalState, PackageSummary};
use crate::aws::{OrThere, Tags};
use crate::demo::policies::DemoRole;
use crate::ops::error::op;
use crate::ops::{Context, OpError, durations, models};

/// Puts a version behind the endpoint of a stage: the one named, or the newest approved one. It has to be approved. The endpoint is called
/// good after its smoke test; one that fails it goes back to what it served before.
pub async fn deploy(context: &Context, stage: Stage, version: Option<u32>, report: Report<'_>) -> Result<Deployment, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let package = approved(context, version).await?;
    Rollout { context, endpoint, stage }.to_version(&package, report).await
}

/// Puts the version that staging serves, or the one named, behind the production endpoint. It is the caller who has asked a person.
pub async fn promote(context: &Context, version: Option<u32>, report: Report<'_>) -> Result<Deployment, OpError> {
    let version = match version {
        Some(version) => version,
        None => on_staging(context).await?,
    };
    deploy(context, Stage::Production, Some(version), report).await
}

/// The version that staging serves.
pub(super) async fn on_staging(context: &Context) -> Result<u32, OpError> {
    let staging = &context.scenario.staging_endpoint;
    let view = view::view(context, staging).await?;
    let serving = view.filter(|view| view.status == "InService").and_then(|view| {
        let answering = view.variants.into_iter().filter(|variant| !variant.shadow);
        answering.max_by(|a, b| a.share.total_cmp(&b.share)).and_then(|variant| variant.version)
    });
    serving.ok_or_else(|| {
        OpError::precondition(
            staging,
            "there is nothing to promote",
            "the staging endpoint serves no version of the registry",
            "deploy a version to staging first (`shiftdeck endpoint deploy`)",
        )
    })
}

/// Brings the endpoint of a stage back to what it served before its last change. Doing it twice brings it forth again.
pub async fn rollback(context: &Context, stage: Stage, report: Report<'_>) -> Result<Deployment, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let began = context.clock.now();
    let rollout = Rollout { context, endpoint, stage };
    let (previous, outlook) = rollout.to_go_back().await?;
    let intent = outlook.clear()?;
    report(&format!("going back to version {}", previous.version));
    let brought = rollout.bring(&intent.config, report).await?;
    let smoke = smoke::smoke(context, endpoint).await?;
    let previous_now = match brought.left() {
        Some(config) => {
            rollout.remember(config).await?;
            view::view(context, endpoint).await?.and_then(|view| view.previous)
        }
        None => None,
    };
    durations::remember_operation(context, stage.operation(), began).await;
    Ok(Deployment {
        endpoint: endpoint.to_owned(),
        stage,
        version: previous.version,
        config: previous.config,
        previous: previous_now,
        changed: brought != Brought::Kept,
        smoke,
    })
}

/// A package that may be deployed: the one of a version, or the newest approved one.
pub(crate) async fn approved(context: &Context, version: Option<u32>) -> Result<PackageSummary, OpError> {
    let package = candidate(context, version).await?;
    match unapproved(context, &package) {
        Some(obstacle) => Err(obstacle),
        None => Ok(package),
    }
}

/// The package of a version, or the newest approved one.
pub(crate) async fn candidate(context: &Context, version: Option<u32>) -> Result<PackageSummary, OpError> {
    if let Some(version) = version {
        return models::find(context, version).await;
    }
    let packages = models::summaries(context).await?;
    let newest = models::deployable(&packages).cloned();
    newest.ok_or_else(|| {
        let (why, fix) = match packages.len() {
            0 => ("no model is registered".to_owned(), "run the step `pipeline` first"),
            all => (format!("none of the {all} registered models is approved"), "approve one first (`shiftdeck model approve`)"),
        };
        OpError::precondition(&context.scenario.model_group, "there is no model to deploy", why, fix)
    })
}

/// Why a package may not be deployed, if it may not.
pub(crate) fn unapproved(context: &Context, package: &PackageSummary) -> Option<OpError> {
    let (why, fix) = match package.approval {
        ApprovalState::Approved => return None,
        ApprovalState::Rejected => ("it was rejected", "deploy another version, or approve this one first (`shiftdeck model approve`)"),
        ApprovalState::PendingManualApproval => ("nobody has approved it", "approve it first (`shiftdeck model approve`)"),
    };
    let what = format!("version {} cannot be deployed", package.version);
    Some(OpError::precondition(&context.scenario.model_group, what, why, fix))
}

pub(super) fn missing(endpoint: &str) -> OpError {
    OpError::precondition(
        endpoint,
        "there is no such endpoint",
        format!("`{endpoint}` does not exist"),
        "deploy a version first (`shiftdeck endpoint deploy`)",
    )
}

/// The name of the model that is made from a version.
pub(crate) fn model_name(context: &Context, version: u32) -> String {
    format!("{}-v{version}", context.scenario.demo)
}

/// An endpoint that is to serve something else.
pub(crate) struct Rollout<'a> {
    pub context: &'a Context,
    pub endpoint: &'a str,
    pub stage: Stage,
}

/// How an endpoint came to serve a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Brought {
    /// It served it already.
    Kept,
    /// It was made.
    Made,
    /// It was switched over.
    Over {
        /// The configuration that it has left.
        left: String,
    },
}

impl Brought {
    /// The configuration that it has left, when it served another.
    pub(super) fn left(&self) -> Option<&str> {
        match self {
            Brought::Over { left } => Some(left),
            Brought::Kept | Brought::Made => None,
        }
    }
}

impl Rollout<'_> {
    /// Serves a version with all traffic, once the smoke test has passed.
    pub(crate) async fn to_version(&self, package: &PackageSummary, report: Report<'_>) -> Result<Deployment, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        let (version, began) = (package.version, context.clock.now());
        let intent = self.to_serve(package).await?.clear()?;
        let mut changed = self.provide(&intent, report).await?;
        let brought = self.bring(&intent.config, report).await?;
        changed |= brought != Brought::Kept;
        report("asking it the rows of the test split, to be sure that it answers as its model should");
        let smoke = smoke::smoke(context, endpoint).await?;
        if !smoke.ok {
            return Err(self.take_back(version, &brought, &smoke, report).await);
        }
        if let Some(left) = brought.left() {
            self.remember(left).await?;
        }
        let previous = view::view(context, endpoint).await?.and_then(|view| view.previous);
        if changed {
            durations::remember_operation(context, self.stage.operation(), began).await;
        }
        Ok(Deployment {
            endpoint: endpoint.to_owned(),
            stage: self.stage,
            version,
            config: intent.config,
            previous: previous.filter(|previous| previous.version != version),
            changed,
            smoke,
        })
    }

    /// Makes the models and the configuration that are not there. Gives whether anything was made.
    pub(super) async fn provide(&self, intent: &Intent, report: Report<'_>) -> Result<bool, OpError> {
        let mut made = false;
        for model in &intent.models {
            made |= make_model(self.context, model, report).await?;
        }
        if !intent.configured {
            self.configure(intent, report).await?;
        }
        Ok(made || !intent.configured)
    }

    /// What a failed smoke test leads to: what was served before is served again, and a new endpoint goes.
    async fn take_back(&self, version: u32, brought: &Brought, smoke: &SmokeTest, report: Report<'_>) -> OpError {
        let endpoint = self.endpoint;
        let reason = smoke.reason.clone().unwrap_or_else(|| "it does not answer as its model should".to_owned());
        let what = format!("version {version} has not passed the smoke test");
        let done = match brought {
            Brought::Kept => return OpError::failed(endpoint, what, reason).with_fix("roll the endpoint back, or deploy another version"),
            Brought::Over { left: config } => {
                report(&format!("the smoke test failed ({reason}): going back to `{config}`"));
                self.bring(config, report).await.map(|_| format!("the endpoint serves `{config}` again"))
            }
            Brought::Made => {
                report(&format!("the smoke test failed ({reason}): removing the endpoint"));
                let removed = self.context.gateways.endpoints.delete(endpoint).await;
                removed.map_err(op(endpoint, "could not remove the endpoint")).map(|_| "the new endpoint was removed".to_owned())
            }
        };
        match done {
            Ok(done) => OpError::failed(endpoint, what, format!("{reason}; {done}")).or_fix("deploy another version"),
            Err(error) => OpError::failed(endpoint, what, format!("{reason}; and going back failed: {error}"))
                .with_fix("look at the endpoint (`shiftdeck endpoint list`), then roll it back"),
        }
    }

    /// Makes an endpoint configuration.
    async fn configure(&self, intent: &Intent, report: Report<'_>) -> Result<(), OpError> {
        let context = self.context;
        context.proceed("deploying a model")?;
        match intent.variants.as_slice() {
            [one] => report(&format!("configuring one {}", one.instance)),
            several => report(&format!("configuring {} variants", several.len())),
        }
        let tags = context.tags(&context.caller().await?);
        let made = context.gateways.endpoints.create_config(&intent.config, &intent.variants, &tags).await.or_there();
        made.map_err(op(&intent.config, "could not configure the endpoint"))
    }

    /// Makes the endpoint serve a configuration and waits until it does.
    pub(super) async fn bring(&self, config: &str, report: Report<'_>) -> Result<Brought, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        context.proceed("deploying a model")?;
        let gateway = &context.gateways.endpoints;
        let found = self.found().await?;
        let serving = match (Approach::of(found.as_ref(), config), found) {
            (Approach::Create, _) | (_, None) => None,
            (Approach::Recreate, _) => {
                report("the endpoint had failed: making it anew");
                gateway.delete(endpoint).await.map_err(op(endpoint, "could not remove the failed endpoint"))?;
                self.gone().await?;
                None
            }
            (Approach::Follow, _) => {
                self.gone().await?;
                None
            }
            (Approach::Blocked, Some(found)) => return Err(out_of_service(endpoint, &found)),
            // A change that is under way may lead to another configuration than the one told of now.
            (Approach::Keep | Approach::Switch | Approach::Wait | Approach::Reweigh, Some(_)) => Some(self.in_service(None).await?),
        };
        let brought = match serving {
            None => {
                report("making the endpoint");
                let tags = context.tags(&context.caller().await?);
                gateway.create(endpoint, config, &tags).await.or_there().map_err(op(endpoint, "could not make the endpoint"))?;
                Brought::Made
            }
            Some(now) if now == config => return Ok(Brought::Kept),
            Some(now) => {
                report(&format!("switching the endpoint over to `{config}`; `{now}` answers until then"));
                gateway.update(endpoint, config).await.map_err(op(endpoint, "could not switch the endpoint over"))?;
                Brought::Over { left: now }
            }
        };
        self.in_service(Some(config)).await?;
        Ok(brought)
    }

    /// Waits until the endpoint is in service; gives its configuration, which has to be `expected`.
    pub(super) async fn in_service(&self, expected: Option<&str>) -> Result<String, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        let gateway = &context.gateways.endpoints;
        let found = context
            .gateways
            .poll
            .until(&context.cancel, "the endpoint to be in service", None, || async {
                Ok(match gateway.find(endpoint).await? {
                    Some(found) if changing(&found.status) => None,
                    other => Some(other),
                })
            })
            .await
            .map_err(op(endpoint, "the endpoint did not come into service"))?;
        match found {
            Some(found) if found.status == "InService" => match expected.filter(|expected| *expected != found.config) {
                None => Ok(found.config),
                Some(expected) => {
                    let why = found.failure.unwrap_or_else(|| "SageMaker gives no reason".to_owned());
                    Err(OpError::failed(
                        endpoint,
                        format!("the endpoint did not go over to `{expected}`"),
                        format!("{why}; SageMaker has rolled it back, and `{}` serves on", found.config),
                    )
                    .with_fix("deploy another version"))
                }
            },
            Some(found) => Err(out_of_service(endpoint, &found)),
            None => Err(OpError::failed(endpoint, "the endpoint did not come into service", "it does not exist any more")
                .with_fix("run this again")),
        }
    }

    async fn gone(&self) -> Result<(), OpError> {
        let Rollout { context, endpoint, .. } = *self;
        let gateway = &context.gateways.endpoints;
        context
            .gateways
            .poll
            .until(&context.cancel, "the old endpoint to go", None, || async { Ok(gateway.find(endpoint).await?.is_none().then_some(())) })
            .await
            .map_err(op(endpoint, "the old endpoint did not go"))
    }

    /// Notes the configuration that the endpoint has left, to go back to.
    pub(super) async fn remember(&self, config: &str) -> Result<(), OpError> {
        let gateway = &self.context.gateways.endpoints;
        let what = "could not note what the endpoint served before";
        let found = gateway.find(self.endpoint).await.map_err(op(self.endpoint, what))?.ok_or_else(|| missing(self.endpoint))?;
        gateway.tag(&found.arn, &Tags::from([(TAG_PREVIOUS.to_owned(), config.to_owned())])).await.map_err(op(self.endpoint, what))
    }
}

/// Makes the model of a version when it is not there. Gives whether it was made.
pub(crate) async fn make_model(context: &Context, intent: &ModelIntent, report: Report<'_>) -> Result<bool, OpError> {
    if let Some(obstacle) = intent.obstacle() {
        return Err(obstacle);
    }
    let gateway = &context.gateways.endpoints;
    let (model, package) = (&intent.name, &intent.package);
    match intent.need {
        ModelNeed::There => return Ok(false),
        ModelNeed::Outdated => {
            gateway.delete_model(model).await.map_err(op(model, "could not replace the model"))?;
        }
        ModelNeed::Missing | ModelNeed::Taken => {}
    }
    context.proceed("deploying a model")?;
    report(&format!("making a model from version {}", package.version));
    let role = context.role_arn(DemoRole::SageMaker.name(&context.scenario)).await?;
    let tags = context.tags(&context.caller().await?);
    let what = "the model, once IAM's new role is known";
    let make = || async { gateway.create_model(model, &package.arn, &role, &tags).await.or_there() };
    let made = context.gateways.poll.while_role_settles(&context.cancel, what, make).await;
    made.map_err(op(model, "could not make the model"))?;
    Ok(true)
}

impl PreviousVersion {
    /// The sentence that tells of it.
    pub fn sentence(&self) -> String {
        format!("before it served version {} (`{}`)", self.version, self.config)
    }
}
