//! What the endpoints are and do.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures::future::{join_all, try_join_all};

use super::{EndpointMetrics, EndpointView, PreviousVersion, Stage, TAG_PREVIOUS, VariantMetrics, VariantView};
use crate::aws::endpoints::{Endpoint, VariantPlan};
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// The window of the figures, in minutes.
const WINDOW_MINUTES: u32 = 60;

/// The endpoints of the demonstration: staging, production, then others that carry its tag. Each is looked at at the same time.
pub async fn list(context: &Context) -> Result<Vec<EndpointView>, OpError> {
    let scenario = &context.scenario;
    let named = context.gateways.endpoints.endpoints(&scenario.demo).await;
    let others = named.map_err(op(&scenario.demo, "could not list the endpoints"))?;
    let mut names: Vec<String> = vec![scenario.staging_endpoint.clone(), scenario.production_endpoint.clone()];
    names.extend(others.into_iter().map(|endpoint| endpoint.name));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let views = try_join_all(names.iter().map(|name| view(context, name))).await?;
    Ok(views.into_iter().flatten().collect())
}

/// One endpoint, if it exists and is the demonstration's.
pub(super) async fn view(context: &Context, name: &str) -> Result<Option<EndpointView>, OpError> {
    let gateway = &context.gateways.endpoints;
    let Some(found) = gateway.find(name).await.map_err(op(name, "could not look for the endpoint"))? else { return Ok(None) };
    let tags = match context.gateways.pipelines.tags(&found.arn).await {
        Ok(tags) => tags,
        // It went between the two calls.
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(op(name, "could not read the endpoint's tags")(error)),
    };
    let stage = Stage::of(&context.scenario, name);
    if stage == Stage::Other && !context.is_ours(&tags) {
        return Ok(None);
    }
    let previous = async {
        match tags.get(TAG_PREVIOUS) {
            Some(config) => previous(context, config).await,
            None => Ok(None),
        }
    };
    let (variants, previous) = tokio::try_join!(variants(context, &found), previous)?;
    let metrics = metrics(context, name, &variants).await;
    Ok(Some(EndpointView {
        name: name.to_owned(),
        stage,
        status: found.status,
        failure: found.failure,
        created: found.created,
        updated: found.updated,
        config: found.config,
        variants,
        previous,
        metrics,
    }))
}

/// The version of a model, when it was made from the registry.
pub(super) async fn version_of(context: &Context, model: &str) -> Result<Option<(u32, String)>, OpError> {
    let found = context.gateways.endpoints.model(model).await.map_err(op(model, "could not read the model"))?;
    Ok(found.and_then(|model| model.package).and_then(|package| Some((package.rsplit('/').next()?.parse().ok()?, package))))
}

/// The variants of an endpoint: how they run, with what their configuration says of them.
pub(super) async fn variants(context: &Context, endpoint: &Endpoint) -> Result<Vec<VariantView>, OpError> {
    let config = &endpoint.config;
    let planned = context.gateways.endpoints.variants(config).await.map_err(op(config, "could not read the endpoint's configuration"))?;
    // An endpoint serves on when its configuration is removed; then less is known of it.
    let planned = planned.unwrap_or_default();
    let models: BTreeMap<&str, Option<u32>> = try_join_all(
        planned
            .iter()
            .map(|plan| async { Ok::<_, OpError>((plan.model.as_str(), version_of(context, &plan.model).await?.map(|found| found.0))) }),
    )
    .await?
    .into_iter()
    .collect();
    let plan_of = |name: &str| planned.iter().find(|plan| plan.name == name);
    let total = |weight: &dyn Fn(&crate::aws::endpoints::RunningVariant) -> f64| -> f64 {
        endpoint.variants.iter().filter(|variant| !variant.shadow).map(weight).sum()
    };
    let (now, wanted) = (total(&|variant| variant.weight), total(&|variant| variant.wanted_weight));
    let share = |weight: f64, total: f64| if total > 0.0 { (weight / total).min(1.0) } else { 0.0 };
    if endpoint.variants.is_empty() {
        // Not in service yet: what it will be is in its configuration.
        let total: f64 = planned.iter().filter(|plan| !plan.shadow).map(|plan| plan.weight).sum();
        let view = |plan: &VariantPlan| VariantView {
            name: plan.name.clone(),
            version: models.get(plan.model.as_str()).copied().flatten(),
            share: 0.0,
            wanted_share: share(plan.weight, total),
            shadow: plan.shadow,
            instance: plan.instance.clone(),
            instances: 0,
        };
        return Ok(planned.iter().map(view).collect());
    }
    let running = endpoint.variants.iter().map(|variant| {
        let plan = plan_of(&variant.name);
        VariantView {
            name: variant.name.clone(),
            version: plan.and_then(|plan| models.get(plan.model.as_str()).copied().flatten()),
            share: share(variant.weight, now),
            wanted_share: share(variant.wanted_weight, wanted),
            shadow: variant.shadow,
            instance: plan.map(|plan| plan.instance.clone()).unwrap_or_default(),
            instances: variant.instances,
        }
    });
    Ok(running.collect())
}

/// What an endpoint served before its last change, while that is still there to go back to.
pub(super) async fn previous_of(context: &Context, found: &Endpoint) -> Result<Option<PreviousVersion>, OpError> {
    let tags = context.gateways.pipelines.tags(&found.arn).await.map_err(op(&found.arn, "could not read the endpoint's tags"))?;
    match tags.get(TAG_PREVIOUS) {
        Some(config) => previous(context, config).await,
        None => Ok(None),
    }
}

/// What a configuration served, while it is still there to go back to.
pub(super) async fn previous(context: &Context, config: &str) -> Result<Option<PreviousVersion>, OpError> {
    let planned = context.gateways.endpoints.variants(config).await.map_err(op(config, "could not read the earlier configuration"))?;
    let Some(largest) =
        planned.and_then(|plans| plans.into_iter().filter(|plan| !plan.shadow).max_by(|a, b| a.weight.total_cmp(&b.weight)))
    else {
        return Ok(None);
    };
    let version = version_of(context, &largest.model).await?;
    Ok(version.map(|(version, _)| PreviousVersion { version, config: config.to_owned() }))
}

/// The figures of an endpoint. An account where CloudWatch may not be asked is no reason not to show the rest.
async fn metrics(context: &Context, endpoint: &str, variants: &[VariantView]) -> Option<EndpointMetrics> {
    if variants.is_empty() {
        return None;
    }
    let names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
    let window = Duration::from_secs(u64::from(WINDOW_MINUTES) * 60);
    let now = SystemTime::from(context.clock.now());
    let figures = match context.gateways.metrics.of_endpoint(endpoint, &names, now, window).await {
        Ok(figures) => figures,
        Err(error) => {
            tracing::warn!(endpoint, error = %error.message, "the figures of the endpoint cannot be read");
            return None;
        }
    };
    // Counts come as floats and are whole and not negative.
    let whole = |count: f64| count.round().max(0.0) as u64;
    let milliseconds = |micros: Option<f64>| micros.map(|micros| micros / 1000.0);
    let per_variant: Vec<VariantMetrics> = names
        .into_iter()
        .zip(figures)
        .map(|(variant, figures)| VariantMetrics {
            variant,
            invocations: whole(figures.invocations),
            errors: whole(figures.client_errors + figures.server_errors),
            p50_ms: milliseconds(figures.latency[0]),
            p90_ms: milliseconds(figures.latency[1]),
            p99_ms: milliseconds(figures.latency[2]),
        })
        .collect();
    let answering = || variants.iter().zip(&per_variant).filter(|(view, _)| !view.shadow).map(|(_, figures)| figures);
    Some(EndpointMetrics {
        window_minutes: WINDOW_MINUTES,
        invocations: answering().map(|figures| figures.invocations).sum(),
        errors: answering().map(|figures| figures.errors).sum(),
        per_variant,
    })
}

/// Which packages the endpoints of the stages serve: endpoint and the packages' ARNs, shadows included.
pub(crate) async fn serving(context: &Context) -> Result<Vec<(String, Vec<String>)>, OpError> {
    let scenario = &context.scenario;
    let stages = [&scenario.staging_endpoint, &scenario.production_endpoint];
    let served = join_all(stages.map(|name| async move {
        let gateway = &context.gateways.endpoints;
        let Some(found) = gateway.find(name).await.map_err(op(name, "could not look for the endpoint"))? else { return Ok(None) };
        let config = gateway.variants(&found.config).await.map_err(op(&found.config, "could not read the endpoint's configuration"))?;
        let mut packages = Vec::new();
        for plan in config.unwrap_or_default() {
            packages.extend(version_of(context, &plan.model).await?.map(|(_, package)| package));
        }
        Ok::<_, OpError>(Some((name.clone(), packages)))
    }))
    .await;
    served.into_iter().filter_map(Result::transpose).collect()
}
