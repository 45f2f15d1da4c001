//! Traffic between versions: a split by weight, or a shadow that listens.

use futures::future::try_join_all;
use sha2::{Digest, Sha256};

use super::intent::{Approach, Intent, ModelIntent};
use super::rollout::{candidate, missing, unapproved};
use super::{EndpointView, Report, Rollout, Stage, TrafficSplit, view};
use crate::aws::endpoints::VariantPlan;
use crate::demo::feature_schema::{FeatureSchema, digest_text};
use crate::demo::pipeline_definition::metadata;
use crate::ops::error::op;
use crate::ops::{Context, OpError, Outlook, durations, evaluation, models};

impl TrafficSplit {
    /// Checks what can be checked without the account.
    pub fn check(&self) -> Result<(), OpError> {
        let refused = |why: String| {
            Err(OpError::usage(
                "the traffic cannot be split so",
                why,
                "give versions with weights, `1=90 2=10`, or one version and a shadow",
            ))
        };
        let mut seen = std::collections::HashSet::new();
        for (version, weight) in &self.shares {
            if !weight.is_finite() || *weight < 0.0 {
                return refused(format!("the weight of version {version} is {weight}"));
            }
            if !seen.insert(version) {
                return refused(format!("version {version} is given twice"));
            }
        }
        if self.shares.iter().map(|(_, weight)| weight).sum::<f64>() <= 0.0 {
            return refused("nobody would answer".to_owned());
        }
        match self.shadow {
            Some(_) if self.shares.len() != 1 => refused("SageMaker lets a shadow listen beside one version only".to_owned()),
            Some(shadow) if self.shares[0].0 == shadow => refused(format!("version {shadow} cannot be its own shadow")),
            _ => Ok(()),
        }
    }
}

/// Splits the traffic of the endpoint of a stage. Weights change at once when the versions are those that are there; other versions come
/// by a new configuration, and what is there answers until they are in service.
pub async fn traffic(context: &Context, stage: Stage, split: &TrafficSplit, report: Report<'_>) -> Result<EndpointView, OpError> {
    let endpoint = stage.required(&context.scenario)?;
    let began = context.clock.now();
    let rollout = Rollout { context, endpoint, stage };
    let intent = to_share(&rollout, split).await?.clear()?;
    rollout.provide(&intent, report).await?;
    if intent.approach == Approach::Reweigh {
        rollout.in_service(None).await?;
        report("changing the weights of the variants");
        let weights: Vec<(String, f64)> = intent.variants.iter().map(|plan| (plan.name.clone(), plan.weight)).collect();
        let gateway = &context.gateways.endpoints;
        gateway.reweigh(endpoint, &weights).await.map_err(op(endpoint, "could not change the weights"))?;
        rollout.in_service(None).await?;
    } else {
        if let Some(left) = rollout.bring(&intent.config, report).await?.left() {
            rollout.remember(left).await?;
        }
        durations::remember_operation(context, stage.operation(), began).await;
    }
    view::view(context, endpoint).await?.ok_or_else(|| missing(endpoint))
}

/// What a split takes.
pub(super) async fn to_share(rollout: &Rollout<'_>, split: &TrafficSplit) -> Result<Outlook<Intent>, OpError> {
    split.check()?;
    let (context, endpoint) = (rollout.context, rollout.endpoint);
    let found = rollout.found().await?.ok_or_else(|| missing(endpoint))?;
    let versions = split.shares.iter().map(|(version, _)| *version).chain(split.shadow);
    let packages = try_join_all(versions.map(|version| candidate(context, Some(version)))).await?;
    let mut obstacles: Vec<OpError> = packages.iter().filter_map(|package| unapproved(context, package)).collect();
    let arns = packages.iter().map(|package| (package.version, package.arn.as_str())).collect::<Vec<_>>();
    obstacles.extend(same_features(context, &arns).await.err());

    let models = try_join_all(packages.iter().map(|package| ModelIntent::of(context, package))).await?;
    let instance = &context.settings.mlops.endpoint_instance;
    let plan = |(at, model): (usize, &ModelIntent)| {
        let weight = split.shares.get(at).map(|(_, weight)| *weight);
        VariantPlan {
            name: match weight {
                Some(_) => format!("v{}", model.package.version),
                None => format!("shadow-v{}", model.package.version),
            },
            model: model.name.clone(),
            instance: instance.clone(),
            // A shadow as heavy as the version that answers hears every request. Weights go as they were given: the service keeps them as
            // floats, in which whole numbers are exact and their quotients are not.
            weight: weight.or_else(|| split.shares.first().map(|(_, weight)| *weight)).unwrap_or(1.0),
            shadow: weight.is_none(),
        }
    };
    let plans: Vec<VariantPlan> = models.iter().enumerate().map(plan).collect();
    let config = config_name(endpoint, &plans, split);
    let outlook = rollout.to_split(found, models, plans, config).await?;
    obstacles.extend(outlook.obstacles);
    Ok(Outlook { plan: outlook.plan, obstacles })
}

/// A name that tells the versions, and a digest that tells the weights: `BankDM-staging-v1-v2-0a1b2c3d`.
fn config_name(endpoint: &str, plans: &[VariantPlan], split: &TrafficSplit) -> String {
    let versions: String = split.shares.iter().map(|(version, _)| format!("-v{version}")).collect();
    let shadow = split.shadow.map(|version| format!("-s{version}")).unwrap_or_default();
    let mut digest = Sha256::new();
    for plan in plans {
        digest.update(format!("{} {} {} {}\n", plan.name, plan.model, plan.instance, plan.weight));
    }
    let digest = digest_text(&digest.finalize());
    format!("{endpoint}{versions}{shadow}-{}", digest.get(..8).unwrap_or(&digest))
}

/// Whoever asks encodes a row once: versions that take parts of the traffic have to read it alike.
async fn same_features(context: &Context, packages: &[(u32, &str)]) -> Result<(), OpError> {
    let schemas: Vec<FeatureSchema> = try_join_all(packages.iter().map(|(_, arn)| async move {
        let package = models::package(context, arn).await?;
        let address = package
            .properties
            .get(metadata::FEATURE_SCHEMA)
            .ok_or_else(|| OpError::failed(arn, "could not read the model", "its package does not say where its feature schema is"))?;
        evaluation::schema(context, address).await
    }))
    .await?;
    let Some(first) = schemas.first() else { return Ok(()) };
    for (schema, (version, _)) in schemas.iter().zip(packages).skip(1) {
        if schema.features != first.features {
            let other = schema.features.iter().find(|feature| !first.features.contains(feature));
            let other = other.or_else(|| first.features.iter().find(|feature| !schema.features.contains(feature)));
            let why = match other {
                Some(feature) => format!("versions {} and {version} have other features: one of them has no `{feature}`", packages[0].0),
                None => format!("versions {} and {version} have their features in another order", packages[0].0),
            };
            return Err(OpError::precondition(
                &format!("version {version}"),
                "the versions cannot share the traffic",
                why,
                "deploy the newer one with all traffic instead",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn split(shares: &[(u32, f64)], shadow: Option<u32>) -> TrafficSplit {
        TrafficSplit { shares: shares.to_vec(), shadow }
    }

    #[test]
    fn what_cannot_be_split_is_refused_with_the_reason() {
        for (split, why) in [
            (split(&[], None), "nobody would answer"),
            (split(&[(1, 0.0), (2, 0.0)], None), "nobody would answer"),
            (split(&[(1, -1.0), (2, 2.0)], None), "version 1 is -1"),
            (split(&[(1, f64::NAN)], None), "version 1 is NaN"),
            (split(&[(1, 1.0), (1, 2.0)], None), "given twice"),
            (split(&[(1, 1.0), (2, 1.0)], Some(3)), "one version only"),
            (split(&[(1, 1.0)], Some(1)), "its own shadow"),
        ] {
            let error = split.check().unwrap_err();
            assert!(error.why.contains(why), "{}", error.why);
        }
        split(&[(1, 90.0), (2, 10.0)], None).check().unwrap();
        split(&[(1, 1.0)], Some(2)).check().unwrap();
    }

    #[test]
    fn a_configuration_is_named_by_its_versions_and_told_apart_by_its_weights() {
        let plan = |name: &str, weight| VariantPlan { name: name.into(), model: "m".into(), instance: "i".into(), weight, shadow: false };
        let wanted = split(&[(1, 0.5), (2, 0.5)], None);
        let one = config_name("E", &[plan("v1", 0.5), plan("v2", 0.5)], &wanted);
        let other = config_name("E", &[plan("v1", 0.6), plan("v2", 0.4)], &wanted);
        assert!(one.starts_with("E-v1-v2-") && one.len() == "E-v1-v2-".len() + 8, "{one}");
        assert_ne!(one, other);
    }
}
