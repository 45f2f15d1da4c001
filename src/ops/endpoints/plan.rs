//! What a change of an endpoint would do: the plan that follows from what was decided (`intent`), without doing it.

use serde::Serialize;

use super::intent::{Approach, Intent};
use super::rollout::{candidate, on_staging, unapproved};
use super::smoke::Questions;
use super::traffic::to_share;
use super::{PreviousVersion, Rollout, Stage, TrafficSplit, view};
use crate::aws::endpoints::{Endpoint, VariantPlan};
use crate::aws::registry::PackageSummary;
use crate::ops::plan::Planned;
use crate::ops::{Context, OpError, Outlook, durations, prices};

/// What a change of an endpoint would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointPlan {
    /// Endpoint.
    pub endpoint: String,
    /// What it is for.
    pub stage: Stage,
    /// The version that it is to serve; absent when several share the traffic.
    pub version: Option<u32>,
    /// Why that one, when nobody named it.
    pub chosen: Option<&'static str>,
    /// SageMaker's word for the endpoint now; absent when there is none.
    pub status: Option<String>,
    /// How it comes to serve what it is to serve.
    pub approach: Approach,
    /// The endpoint configuration that it will serve.
    pub config: String,
    /// Models, configuration and endpoint, and what is done with each.
    pub resources: Vec<Planned>,
    /// What it serves now.
    pub now: Vec<Served>,
    /// What it will serve.
    pub after: Vec<Served>,
    /// US dollars an hour that it costs now, as far as known.
    pub usd_per_hour_now: Option<f64>,
    /// US dollars an hour that it will cost, as far as known.
    pub usd_per_hour: Option<f64>,
    /// Seconds that the last change of this endpoint took, as far as known.
    pub seconds: Option<f64>,
    /// The smoke test that follows; absent when none does.
    pub smoke: Option<SmokePlan>,
    /// What it goes back to afterwards when it is rolled back.
    pub previous: Option<PreviousVersion>,
    /// Whether anything is changed.
    pub changed: bool,
}

/// A variant of an endpoint, as far as a plan tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Served {
    /// Variant.
    pub variant: String,
    /// Version of the model package behind it; absent when its model was not made from the registry.
    pub version: Option<u32>,
    /// Share of the traffic, 0 to 1; of a shadow, the share of the requests that it is sent copies of.
    pub share: f64,
    /// Whether it only listens.
    pub shadow: bool,
    /// Instance type.
    pub instance: String,
    /// Instances.
    pub instances: u32,
}

/// The smoke test that follows a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmokePlan {
    /// Rows of the test split that are asked, those of all variants.
    pub rows: usize,
    /// Share of right decisions that the model's evaluation had, where one variant answers.
    pub accuracy: Option<f64>,
}

/// What [`deploy`](super::deploy) would do.
///
/// # Errors
/// There is no such version, or the account cannot be read.
pub async fn plan_deploy(context: &Context, stage: Stage, version: Option<u32>) -> Result<Outlook<EndpointPlan>, OpError> {
    let chosen = version.is_none().then_some("the newest approved one");
    deployment(context, stage, version, chosen).await
}

/// What [`promote`](super::promote) would do.
///
/// # Errors
/// Staging serves no version, there is no such version, or the account cannot be read.
pub async fn plan_promote(context: &Context, version: Option<u32>) -> Result<Outlook<EndpointPlan>, OpError> {
    match version {
        Some(_) => deployment(context, Stage::Production, version, None).await,
        None => deployment(context, Stage::Production, Some(on_staging(context).await?), Some("what staging serves")).await,
    }
}

/// What [`rollback`](super::rollback) would do.
///
/// # Errors
/// There is no endpoint, nothing that it served before, or the account cannot be read.
pub async fn plan_rollback(context: &Context, stage: Stage) -> Result<Outlook<EndpointPlan>, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let rollout = Rollout { context, endpoint, stage };
    let (previous, outlook) = rollout.to_go_back().await?;
    told(&rollout, outlook, Some(previous.version), Some("what it served before"), true).await
}

/// What [`traffic`](super::traffic) would do.
///
/// # Errors
/// The split cannot be, there is no endpoint or no such version, or the account cannot be read.
pub async fn plan_traffic(context: &Context, stage: Stage, split: &TrafficSplit) -> Result<Outlook<EndpointPlan>, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let rollout = Rollout { context, endpoint, stage };
    let outlook = to_share(&rollout, split).await?;
    told(&rollout, outlook, None, None, false).await
}

/// What the stages of the project would do with the production endpoint once a version is approved: what [`deploy`](super::deploy) does, but
/// that nothing is tested and an endpoint that is not in service is not waited for.
pub(crate) async fn plan_delivery(context: &Context, package: &PackageSummary) -> Result<Outlook<EndpointPlan>, OpError> {
    let stage = Stage::Production;
    let endpoint = stage.required(&context.scenario)?;
    let rollout = Rollout { context, endpoint, stage };
    let intent = rollout.to_serve(package).await?.plan;
    let unready = intent.found.as_ref().filter(|found| found.status != "InService" && found.config != intent.config);
    let obstacles = unready.map(|found| {
        let why = format!("it is {}, and SageMaker switches over only what is in service", found.status);
        OpError::failed(endpoint, "the stages cannot switch the endpoint over", why).with_fix("wait until it is in service, or remove it")
    });
    let obstacles = obstacles.into_iter().collect();
    told(&rollout, Outlook { plan: intent, obstacles }, Some(package.version), None, false).await
}

async fn deployment(
    context: &Context,
    stage: Stage,
    version: Option<u32>,
    chosen: Option<&'static str>,
) -> Result<Outlook<EndpointPlan>, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let package = candidate(context, version).await?;
    let rollout = Rollout { context, endpoint, stage };
    let outlook = rollout.to_serve(&package).await?;
    let obstacles = unapproved(context, &package).into_iter().chain(outlook.obstacles).collect();
    let told = told(&rollout, Outlook { plan: outlook.plan, obstacles }, Some(package.version), chosen, true).await?;
    Ok(told.map(|plan| EndpointPlan { previous: plan.previous.filter(|previous| previous.version != package.version), ..plan }))
}

/// What an intent comes to. `version` is what it is about, `tested` whether a smoke test follows.
async fn told(
    rollout: &Rollout<'_>,
    outlook: Outlook<Intent>,
    version: Option<u32>,
    chosen: Option<&'static str>,
    tested: bool,
) -> Result<Outlook<EndpointPlan>, OpError> {
    let Rollout { context, endpoint, stage } = *rollout;
    let Outlook { plan: intent, mut obstacles } = outlook;
    let mut after = Vec::with_capacity(intent.variants.len());
    let total: f64 = intent.variants.iter().filter(|plan| !plan.shadow).map(|plan| plan.weight).sum();
    let (mut asked, mut accuracies) = (0, Vec::new());
    for plan in &intent.variants {
        let behind = behind(context, &intent, plan).await?;
        after.push(Served {
            variant: plan.name.clone(),
            version: behind.as_ref().map(|(version, _)| *version),
            share: if total > 0.0 { (plan.weight / total).min(1.0) } else { 0.0 },
            shadow: plan.shadow,
            instance: plan.instance.clone(),
            instances: 1,
        });
        if let Some((_, package)) = behind.filter(|_| tested && !plan.shadow) {
            match Questions::of(context, &package).await {
                Ok(questions) => {
                    asked += questions.rows.len();
                    accuracies.push(questions.expected.map(|expected| expected.accuracy));
                }
                Err(error) => obstacles.push(error),
            }
        }
    }
    let now = match &intent.found {
        Some(found) => served_by(context, found).await?,
        None => Vec::new(),
    };
    let previous = match &intent.found {
        Some(found) if intent.switches() => view::previous(context, &found.config).await?,
        Some(found) if matches!(intent.approach, Approach::Keep | Approach::Reweigh | Approach::Wait) => {
            view::previous_of(context, found).await?
        }
        _ => None,
    };
    let usd_per_hour = hourly(&after);
    let accuracy = match accuracies.as_slice() {
        [one] => *one,
        _ => None,
    };
    let plan = EndpointPlan {
        endpoint: endpoint.to_owned(),
        stage,
        version,
        chosen,
        status: intent.found.as_ref().map(|found| found.status.clone()),
        approach: intent.approach,
        config: intent.config.clone(),
        resources: intent.planned(endpoint, usd_per_hour),
        usd_per_hour_now: hourly(&now).filter(|_| !now.is_empty()),
        now,
        after,
        usd_per_hour,
        seconds: durations::of_operation(&context.settings, stage.operation()),
        smoke: tested.then_some(SmokePlan { rows: asked, accuracy }),
        previous,
        changed: intent.changes(),
    };
    Ok(Outlook { plan, obstacles })
}

/// The version and the ARN of the package behind a variant; known of models that are not there yet.
async fn behind(context: &Context, intent: &Intent, plan: &VariantPlan) -> Result<Option<(u32, String)>, OpError> {
    match intent.models.iter().find(|model| model.name == plan.model) {
        Some(model) => Ok(Some((model.package.version, model.package.arn.clone()))),
        None => view::version_of(context, &plan.model).await,
    }
}

/// What an endpoint serves.
async fn served_by(context: &Context, found: &Endpoint) -> Result<Vec<Served>, OpError> {
    let variants = view::variants(context, found).await?;
    let served = variants.into_iter().map(|variant| Served {
        variant: variant.name,
        version: variant.version,
        // One that is not in service yet answers nothing; what it is on its way to is what is told.
        share: if variant.instances == 0 { variant.wanted_share } else { variant.share },
        shadow: variant.shadow,
        instance: variant.instance,
        instances: variant.instances,
    });
    Ok(served.collect())
}

/// US dollars an hour; nothing when the price of an instance is not known.
fn hourly(served: &[Served]) -> Option<f64> {
    served.iter().map(|variant| prices::hosting(&variant.instance, variant.instances)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_without_a_price_leaves_the_cost_unknown() {
        let served = |instance: &str, instances| Served {
            variant: "v".into(),
            version: None,
            share: 1.0,
            shadow: false,
            instance: instance.into(),
            instances,
        };
        let (one, two) = (hourly(&[served("ml.m5.large", 1)]), hourly(&[served("ml.m5.large", 1), served("ml.m5.large", 1)]));
        assert!(one.is_some_and(|one| one > 0.0) && two == one.map(|one| one * 2.0), "{one:?} {two:?}");
        assert_eq!(hourly(&[served("ml.m5.large", 1), served("ml.nowhere", 1)]), None);
    }
}
