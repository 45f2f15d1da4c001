//! A version comes to an endpoint, is tried, and goes back when it is not good.

use super::{Deployment, PreviousVersion, Report, SmokeTest, Stage, TAG_PREVIOUS, smoke, view};
use crate::aws::endpoints::VariantPlan;
use crate::aws::registry::{ApprovalState, PackageSummary};
use crate::aws::{OrThere, Tags};
use crate::demo::policies::DemoRole;
use crate::ops::error::op;
use crate::ops::{Context, OpError, models};

/// The one variant of an endpoint whose traffic is not split.
const WHOLE: &str = "AllTraffic";

/// Puts a version behind the endpoint of a stage: the one named, or the newest approved one. It has to be approved. The endpoint is called
/// good after its smoke test; one that fails it goes back to what it served before.
pub async fn deploy(context: &Context, stage: Stage, version: Option<u32>, report: Report<'_>) -> Result<Deployment, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let package = approved(context, version).await?;
    Rollout { context, endpoint, stage }.to_version(&package, report).await
}

/// Puts the version that staging serves, or the one named, behind the production endpoint. It is the caller who has asked a person.
pub async fn promote(context: &Context, version: Option<u32>, report: Report<'_>) -> Result<Deployment, OpError> {
    let staging = &context.scenario.staging_endpoint;
    let version = match version {
        Some(version) => version,
        None => {
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
            })?
        }
    };
    deploy(context, Stage::Production, Some(version), report).await
}

/// Brings the endpoint of a stage back to what it served before its last change. Doing it twice brings it forth again.
pub async fn rollback(context: &Context, stage: Stage, report: Report<'_>) -> Result<Deployment, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let view = view::view(context, endpoint).await?.ok_or_else(|| missing(endpoint))?;
    let previous = view.previous.ok_or_else(|| {
        OpError::precondition(
            endpoint,
            "there is nothing to go back to",
            "the endpoint has served one version only, or the configuration of the earlier one was removed",
            "deploy the version that you want (`shiftdeck endpoint deploy --version N`)",
        )
    })?;
    let rollout = Rollout { context, endpoint, stage };
    report(&format!("going back to version {}", previous.version));
    let left = rollout.bring(&previous.config, report).await?;
    let smoke = smoke::smoke(context, endpoint).await?;
    let previous_now = match left {
        Some(config) => {
            rollout.remember(&config).await?;
            view::view(context, endpoint).await?.and_then(|view| view.previous)
        }
        None => None,
    };
    Ok(Deployment {
        endpoint: endpoint.to_owned(),
        stage,
        version: previous.version,
        config: previous.config,
        previous: previous_now,
        changed: true,
        smoke,
    })
}

/// A package that may be deployed: the one of a version, or the newest approved one.
pub(crate) async fn approved(context: &Context, version: Option<u32>) -> Result<PackageSummary, OpError> {
    let group = &context.scenario.model_group;
    let Some(version) = version else {
        let packages = models::summaries(context).await?;
        let all = packages.len();
        let newest = packages.into_iter().find(|package| package.approval == ApprovalState::Approved && package.status == "Completed");
        return newest.ok_or_else(|| {
            let (why, fix) = match all {
                0 => ("no model is registered".to_owned(), "run the step `pipeline` first"),
                _ => (format!("none of the {all} registered models is approved"), "approve one first (`shiftdeck model approve`)"),
            };
            OpError::precondition(group, "there is no model to deploy", why, fix)
        });
    };
    let package = models::find(context, version).await?;
    match package.approval {
        ApprovalState::Approved => Ok(package),
        ApprovalState::Rejected => Err(OpError::precondition(
            group,
            format!("version {version} cannot be deployed"),
            "it was rejected",
            "deploy another version, or approve this one first (`shiftdeck model approve`)",
        )),
        ApprovalState::PendingManualApproval => Err(OpError::precondition(
            group,
            format!("version {version} cannot be deployed"),
            "nobody has approved it",
            "approve it first (`shiftdeck model approve`)",
        )),
    }
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

impl Rollout<'_> {
    /// Serves a version with all traffic, once the smoke test has passed.
    pub(crate) async fn to_version(&self, package: &PackageSummary, report: Report<'_>) -> Result<Deployment, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        let version = package.version;
        // Names carry the version, so that a new version is a new model and configuration, and the endpoint is switched over to it.
        let config = format!("{endpoint}-v{version}");
        let (model, made) = self.model(package, report).await?;
        let instance = &context.settings.mlops.endpoint_instance;
        let variant = VariantPlan { name: WHOLE.into(), model, instance: instance.clone(), weight: 1.0, shadow: false };
        let configured = self.config(&config, &[variant], report).await?;
        let before = self.current().await?;
        let left = self.bring(&config, report).await?;
        let switched = left.is_some() || before.is_none();
        report("asking it the rows of the test split, to be sure that it answers as its model should");
        let smoke = smoke::smoke(context, endpoint).await?;
        if !smoke.ok {
            return Err(self.take_back(version, switched, left.as_deref(), &smoke, report).await);
        }
        if let Some(left) = &left {
            self.remember(left).await?;
        }
        let previous = view::view(context, endpoint).await?.and_then(|view| view.previous);
        Ok(Deployment {
            endpoint: endpoint.to_owned(),
            stage: self.stage,
            version,
            config,
            previous: previous.filter(|previous| previous.version != version),
            changed: made || configured || switched,
            smoke,
        })
    }

    /// What a failed smoke test leads to: what was served before is served again, and a new endpoint goes.
    async fn take_back(&self, version: u32, switched: bool, left: Option<&str>, smoke: &SmokeTest, report: Report<'_>) -> OpError {
        let endpoint = self.endpoint;
        let reason = smoke.reason.clone().unwrap_or_else(|| "it does not answer as its model should".to_owned());
        let what = format!("version {version} has not passed the smoke test");
        let done = match (switched, left) {
            (false, _) => return OpError::failed(endpoint, what, reason).with_fix("roll the endpoint back, or deploy another version"),
            (true, Some(config)) => {
                report(&format!("the smoke test failed ({reason}): going back to `{config}`"));
                self.bring(config, report).await.map(|_| format!("the endpoint serves `{config}` again"))
            }
            (true, None) => {
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

    /// The configuration that the endpoint serves, if it is there and serves.
    async fn current(&self) -> Result<Option<String>, OpError> {
        let found = self.context.gateways.endpoints.find(self.endpoint).await;
        let found = found.map_err(op(self.endpoint, "could not look for the endpoint"))?;
        Ok(found.filter(|found| !matches!(found.status.as_str(), "Failed" | "Deleting")).map(|found| found.config))
    }

    /// Makes the model of a package when it is not there. Gives its name and whether it was made.
    pub(crate) async fn model(&self, package: &PackageSummary, report: Report<'_>) -> Result<(String, bool), OpError> {
        let context = self.context;
        let gateway = &context.gateways.endpoints;
        let model = model_name(context, package.version);
        let found = gateway.model(&model).await.map_err(op(&model, "could not look for the model"))?;
        // A model of that name that was made from another registry (removed and made anew since) must not be served.
        let foreign = found.as_ref().is_some_and(|found| found.package.as_deref().is_some_and(|arn| arn != package.arn));
        if let Some(found) = found.as_ref().filter(|_| foreign) {
            let tags = context.gateways.pipelines.tags(&found.arn).await.map_err(op(&model, "could not find out whose the model is"))?;
            if !context.is_ours(&tags) {
                let why = "a model of this name is there already, and this demonstration did not make it";
                return Err(OpError::failed(&model, "will not touch the model", why).with_fix("choose another `demo.name`"));
            }
            gateway.delete_model(&model).await.map_err(op(&model, "could not replace the model"))?;
        }
        if found.is_some() && !foreign {
            return Ok((model, false));
        }
        context.proceed("deploying a model")?;
        report(&format!("making a model from version {}", package.version));
        let role = context.role_arn(DemoRole::SageMaker.name(&context.scenario)).await?;
        let tags = context.tags(&context.caller().await?);
        let what = "the model, once IAM's new role is known";
        let make = || async { gateway.create_model(&model, &package.arn, &role, &tags).await.or_there() };
        let made = context.gateways.poll.while_role_settles(&context.cancel, what, make).await;
        made.map_err(op(&model, "could not make the model"))?;
        Ok((model, true))
    }

    /// Makes an endpoint configuration when it is not there; gives whether it was made.
    pub(super) async fn config(&self, name: &str, variants: &[VariantPlan], report: Report<'_>) -> Result<bool, OpError> {
        let context = self.context;
        let gateway = &context.gateways.endpoints;
        if gateway.variants(name).await.map_err(op(name, "could not look for the endpoint's configuration"))?.is_some() {
            return Ok(false);
        }
        context.proceed("deploying a model")?;
        if let Some(first) = variants.first() {
            report(&format!(
                "configuring {}",
                if variants.len() == 1 { format!("one {}", first.instance) } else { format!("{} variants", variants.len()) }
            ));
        }
        let tags = context.tags(&context.caller().await?);
        gateway.create_config(name, variants, &tags).await.or_there().map_err(op(name, "could not configure the endpoint"))?;
        Ok(true)
    }

    /// Makes the endpoint serve a configuration and waits until it does. Gives the configuration that it has left, when it served another.
    pub(super) async fn bring(&self, config: &str, report: Report<'_>) -> Result<Option<String>, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        context.proceed("deploying a model")?;
        let gateway = &context.gateways.endpoints;
        let mut found = gateway.find(endpoint).await.map_err(op(endpoint, "could not look for the endpoint"))?;
        if let Some(broken) = found.take_if(|found| matches!(found.status.as_str(), "Failed" | "Deleting")) {
            if broken.status == "Failed" {
                report("the endpoint had failed: making it anew");
                gateway.delete(endpoint).await.map_err(op(endpoint, "could not remove the failed endpoint"))?;
            }
            self.gone().await?;
        }
        let left = match found {
            None => {
                report("making the endpoint");
                let tags = context.tags(&context.caller().await?);
                gateway.create(endpoint, config, &tags).await.or_there().map_err(op(endpoint, "could not make the endpoint"))?;
                None
            }
            Some(_) => {
                // A change that is under way may lead to another configuration than the one told of now.
                let now = self.in_service(None).await?;
                if now == config {
                    return Ok(None);
                }
                report(&format!("switching the endpoint over to `{config}`; `{now}` answers until then"));
                gateway.update(endpoint, config).await.map_err(op(endpoint, "could not switch the endpoint over"))?;
                Some(now)
            }
        };
        self.in_service(Some(config)).await?;
        Ok(left)
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
                    Some(found) if matches!(found.status.as_str(), "Creating" | "Updating" | "SystemUpdating" | "RollingBack") => None,
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
            Some(found) => {
                let why = found.failure.unwrap_or_else(|| format!("SageMaker reports it as {}", found.status));
                Err(OpError::failed(endpoint, "the endpoint did not come into service", why)
                    .or_fix("run this again: a failed endpoint is made anew"))
            }
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

impl PreviousVersion {
    /// The sentence that tells of it.
    pub fn sentence(&self) -> String {
        format!("before it served version {} (`{}`)", self.version, self.config)
    }
}
