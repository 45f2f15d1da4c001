//! What is decided before an endpoint is touched: which models and configuration it needs, and how it comes to serve them. What is done
//! follows an [`Intent`], and so does what a dry run tells.

use serde::Serialize;

use super::rollout::{Rollout, missing, model_name};
use super::{PreviousVersion, view};
use crate::aws::endpoints::{Endpoint, VariantPlan};
use crate::aws::registry::PackageSummary;
use crate::ops::error::op;
use crate::ops::plan::{Action, Planned};
use crate::ops::{Context, OpError, Outlook};

/// The one variant of an endpoint whose traffic is not split.
const WHOLE: &str = "AllTraffic";

/// What is done about the model of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelNeed {
    /// Nothing: it is there.
    There,
    /// It is made.
    Missing,
    /// One of that name was made from another registry (removed and made anew since), and must not be served: it is made anew.
    Outdated,
    /// One of that name is somebody else's.
    Taken,
}

/// The model of a version, and what is done about it.
#[derive(Debug, Clone)]
pub(crate) struct ModelIntent {
    /// The version's package.
    pub package: PackageSummary,
    /// Name of the model.
    pub name: String,
    /// What is done about it.
    pub need: ModelNeed,
}

impl ModelIntent {
    /// Looks for the model of a package.
    pub(crate) async fn of(context: &Context, package: &PackageSummary) -> Result<Self, OpError> {
        let name = model_name(context, package.version);
        let found = context.gateways.endpoints.model(&name).await.map_err(op(&name, "could not look for the model"))?;
        let need = match found {
            None => ModelNeed::Missing,
            Some(found) if found.package.as_deref().is_some_and(|arn| arn != package.arn) => {
                let tags = context.gateways.pipelines.tags(&found.arn).await;
                let tags = tags.map_err(op(&name, "could not find out whose the model is"))?;
                if context.is_ours(&tags) { ModelNeed::Outdated } else { ModelNeed::Taken }
            }
            Some(_) => ModelNeed::There,
        };
        Ok(ModelIntent { package: package.clone(), name, need })
    }

    /// Why the model cannot be had, if it cannot.
    pub(crate) fn obstacle(&self) -> Option<OpError> {
        let why = "a model of this name is there already, and this demonstration did not make it";
        (self.need == ModelNeed::Taken)
            .then(|| OpError::failed(&self.name, "will not touch the model", why).with_fix("choose another `demo.name`"))
    }

    /// The line of a plan.
    pub(crate) fn planned(&self) -> Planned {
        let action = match self.need {
            ModelNeed::There => Action::Keep,
            ModelNeed::Missing => Action::Create,
            ModelNeed::Outdated => Action::Replace,
            ModelNeed::Taken => Action::Unknown,
        };
        Planned::free(action, "Model", self.name.clone())
    }
}

/// How an endpoint comes to serve what it is to serve, by what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Approach {
    /// It is not there: it is made.
    Create,
    /// It has failed: it is removed and made anew.
    Recreate,
    /// It is being removed: it is made once it has gone.
    Follow,
    /// It serves it already.
    Keep,
    /// It is switched over; what it serves answers until then.
    Switch,
    /// It is changing; once that has ended it is kept as it is or switched over.
    Wait,
    /// Its variants stay, and their weights change.
    Reweigh,
    /// It is in a state that only a person can bring it out of.
    Blocked,
}

impl Approach {
    /// How an endpoint comes to serve a configuration.
    pub(super) fn of(found: Option<&Endpoint>, config: &str) -> Approach {
        let Some(found) = found else { return Approach::Create };
        match found.status.as_str() {
            "Failed" => Approach::Recreate,
            "Deleting" => Approach::Follow,
            "InService" if found.config == config => Approach::Keep,
            "InService" => Approach::Switch,
            status if changing(status) => Approach::Wait,
            _ => Approach::Blocked,
        }
    }

    /// How an endpoint comes to other weights of the variants that it has.
    fn to_weights(found: &Endpoint) -> Approach {
        if found.status == "InService" || changing(&found.status) { Approach::Reweigh } else { Approach::Blocked }
    }

    const fn action(self) -> Action {
        match self {
            Approach::Create | Approach::Follow => Action::Create,
            Approach::Recreate => Action::Replace,
            Approach::Keep => Action::Keep,
            Approach::Switch | Approach::Reweigh => Action::Change,
            Approach::Wait => Action::Wait,
            Approach::Blocked => Action::Unknown,
        }
    }
}

/// Whether SageMaker is changing an endpoint of this status, so that it is waited for.
pub(super) fn changing(status: &str) -> bool {
    matches!(status, "Creating" | "Updating" | "SystemUpdating" | "RollingBack")
}

/// The error of an endpoint that does not serve and will not by itself.
pub(super) fn out_of_service(endpoint: &str, found: &Endpoint) -> OpError {
    let why = found.failure.clone().unwrap_or_else(|| format!("SageMaker reports it as {}", found.status));
    OpError::failed(endpoint, "the endpoint did not come into service", why).or_fix("run this again: a failed endpoint is made anew")
}

/// What an endpoint is to serve, and what that takes.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    /// The models of the versions that are wanted; none when an earlier configuration is to be served again.
    pub models: Vec<ModelIntent>,
    /// The configuration.
    pub config: String,
    /// Its variants: those that it has, or those that it is made with.
    pub variants: Vec<VariantPlan>,
    /// Whether it is there.
    pub configured: bool,
    /// The endpoint as it is now.
    pub found: Option<Endpoint>,
    /// How it comes to serve the configuration.
    pub approach: Approach,
}

impl Intent {
    /// With what would make it fail.
    pub(super) fn outlook(self, endpoint: &str) -> Outlook<Intent> {
        let mut obstacles: Vec<OpError> = self.models.iter().filter_map(ModelIntent::obstacle).collect();
        if let (Approach::Blocked, Some(found)) = (self.approach, &self.found) {
            obstacles.push(out_of_service(endpoint, found));
        }
        Outlook { plan: self, obstacles }
    }

    /// Whether the endpoint will serve another configuration than now.
    pub(super) fn switches(&self) -> bool {
        match self.approach {
            Approach::Switch => true,
            Approach::Wait => self.found.as_ref().is_some_and(|found| found.config != self.config),
            _ => false,
        }
    }

    /// Whether anything is changed.
    pub(super) fn changes(&self) -> bool {
        let kept = match self.approach {
            Approach::Keep => true,
            Approach::Wait => !self.switches(),
            _ => false,
        };
        !kept || !self.configured || self.models.iter().any(|model| model.need != ModelNeed::There)
    }

    /// The lines of a plan: models, configuration, endpoint. `usd_per_hour` is what the endpoint will cost.
    pub(super) fn planned(&self, endpoint: &str, usd_per_hour: Option<f64>) -> Vec<Planned> {
        let mut lines: Vec<Planned> = self.models.iter().map(ModelIntent::planned).collect();
        let made = if self.configured { Action::Keep } else { Action::Create };
        lines.push(Planned::free(made, "Endpoint config", self.config.clone()));
        let action = self.approach.action();
        let usd_per_hour = usd_per_hour.filter(|_| action != Action::Keep);
        lines.push(Planned { usd_per_hour, ..Planned::free(action, "Endpoint", endpoint) });
        lines
    }
}

impl Rollout<'_> {
    /// The endpoint, if it is there.
    pub(super) async fn found(&self) -> Result<Option<Endpoint>, OpError> {
        self.context.gateways.endpoints.find(self.endpoint).await.map_err(op(self.endpoint, "could not look for the endpoint"))
    }

    /// What serving a version with all traffic takes.
    pub(super) async fn to_serve(&self, package: &PackageSummary) -> Result<Outlook<Intent>, OpError> {
        let Rollout { context, endpoint, .. } = *self;
        // Names carry the version, so that a new version is a new model and configuration, and the endpoint is switched over to it.
        let config = format!("{endpoint}-v{}", package.version);
        let (model, there, found) = tokio::try_join!(ModelIntent::of(context, package), self.variants_of(&config), self.found())?;
        let instance = context.settings.mlops.endpoint_instance.clone();
        let whole = VariantPlan { name: WHOLE.into(), model: model.name.clone(), instance, weight: 1.0, shadow: false };
        let configured = there.is_some();
        let variants = there.unwrap_or_else(|| vec![whole]);
        let approach = Approach::of(found.as_ref(), &config);
        Ok(Intent { models: vec![model], config, variants, configured, found, approach }.outlook(endpoint))
    }

    /// What serving these variants takes. `config` names their configuration where they are not those that are running.
    pub(super) async fn to_split(
        &self,
        found: Endpoint,
        models: Vec<ModelIntent>,
        variants: Vec<VariantPlan>,
        config: String,
    ) -> Result<Outlook<Intent>, OpError> {
        let running = self.variants_of(&found.config).await?;
        let weights_only = running.is_some_and(|running| same_variants(&running, &variants)) && variants.iter().all(|plan| !plan.shadow);
        let intent = if weights_only {
            let (config, approach) = (found.config.clone(), Approach::to_weights(&found));
            Intent { models, config, variants, configured: true, approach, found: Some(found) }
        } else {
            let there = self.variants_of(&config).await?;
            let (configured, approach) = (there.is_some(), Approach::of(Some(&found), &config));
            Intent { models, config, variants: there.unwrap_or(variants), configured, approach, found: Some(found) }
        };
        Ok(intent.outlook(self.endpoint))
    }

    /// What going back to what the endpoint served before takes.
    pub(super) async fn to_go_back(&self) -> Result<(PreviousVersion, Outlook<Intent>), OpError> {
        let found = self.found().await?.ok_or_else(|| missing(self.endpoint))?;
        let previous = view::previous_of(self.context, &found).await?.ok_or_else(|| {
            OpError::precondition(
                self.endpoint,
                "there is nothing to go back to",
                "the endpoint has served one version only, or the configuration of the earlier one was removed",
                "deploy the version that you want (`shiftdeck endpoint deploy --version N`)",
            )
        })?;
        let config = previous.config.clone();
        let there = self.variants_of(&config).await?;
        let (configured, approach) = (there.is_some(), Approach::of(Some(&found), &config));
        let variants = there.unwrap_or_default();
        Ok((previous, Intent { models: Vec::new(), config, variants, configured, approach, found: Some(found) }.outlook(self.endpoint)))
    }

    /// The variants of a configuration, if it is there.
    async fn variants_of(&self, config: &str) -> Result<Option<Vec<VariantPlan>>, OpError> {
        self.context.gateways.endpoints.variants(config).await.map_err(op(config, "could not look for the endpoint's configuration"))
    }
}

/// Whether an endpoint runs these variants already, whatever their weights.
fn same_variants(running: &[VariantPlan], wanted: &[VariantPlan]) -> bool {
    running.len() == wanted.len()
        && wanted.iter().all(|wanted| {
            running.iter().any(|running| (&running.name, &running.model, running.shadow) == (&wanted.name, &wanted.model, wanted.shadow))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::aws::registry::ApprovalState;

    fn endpoint(status: &str) -> Endpoint {
        Endpoint {
            arn: "arn".into(),
            status: status.into(),
            config: "E-v1".into(),
            failure: None,
            created: None,
            updated: None,
            variants: Vec::new(),
        }
    }

    fn plan(name: &str, weight: f64) -> VariantPlan {
        VariantPlan { name: name.into(), model: "m".into(), instance: "i".into(), weight, shadow: false }
    }

    fn intent(need: ModelNeed, configured: bool, status: Option<&str>, config: &str) -> Intent {
        let package =
            PackageSummary { arn: "p".into(), version: 2, approval: ApprovalState::Approved, status: "Completed".into(), created: None };
        let found = status.map(endpoint);
        Intent {
            models: vec![ModelIntent { package, name: "demo-v2".into(), need }],
            config: config.into(),
            variants: vec![plan(WHOLE, 1.0)],
            configured,
            approach: Approach::of(found.as_ref(), config),
            found,
        }
    }

    #[test]
    fn the_state_of_an_endpoint_decides_how_it_comes_to_a_configuration() {
        let of = |status: &str, config: &str| Approach::of(Some(&endpoint(status)), config);
        assert_eq!(Approach::of(None, "E-v1"), Approach::Create);
        assert_eq!((of("InService", "E-v1"), of("InService", "E-v2")), (Approach::Keep, Approach::Switch));
        assert_eq!((of("Failed", "E-v1"), of("Deleting", "E-v1")), (Approach::Recreate, Approach::Follow));
        for status in ["Creating", "Updating", "SystemUpdating", "RollingBack"] {
            assert_eq!(of(status, "E-v2"), Approach::Wait, "{status}");
        }
        assert_eq!(of("OutOfService", "E-v2"), Approach::Blocked);
        assert_eq!(
            (Approach::to_weights(&endpoint("Updating")), Approach::to_weights(&endpoint("Failed"))),
            (Approach::Reweigh, Approach::Blocked)
        );
    }

    #[test]
    fn what_is_changed_and_what_is_in_the_way_follows_from_what_is_there() {
        assert!(!intent(ModelNeed::There, true, Some("InService"), "E-v1").changes());
        assert!(!intent(ModelNeed::There, true, Some("Updating"), "E-v1").changes());
        for changed in [
            intent(ModelNeed::Missing, true, Some("InService"), "E-v1"),
            intent(ModelNeed::There, false, Some("InService"), "E-v1"),
            intent(ModelNeed::There, true, Some("InService"), "E-v2"),
            intent(ModelNeed::There, true, Some("Updating"), "E-v2"),
            intent(ModelNeed::There, true, None, "E-v1"),
        ] {
            assert!(changed.changes(), "{changed:?}");
        }
        let taken = intent(ModelNeed::Taken, true, Some("OutOfService"), "E-v2").outlook("E");
        let told: Vec<(&str, &str)> =
            taken.obstacles.iter().map(|it| (it.resource.as_deref().unwrap_or_default(), it.what.as_str())).collect();
        assert_eq!(told, [("demo-v2", "will not touch the model"), ("E", "the endpoint did not come into service")]);
        assert!(taken.obstacles[1].why.contains("OutOfService"));
    }

    #[test]
    fn only_what_is_not_kept_costs_more() {
        let actions = |intent: &Intent| -> Vec<(Action, Option<f64>)> {
            intent.planned("E", Some(0.5)).into_iter().map(|line| (line.action, line.usd_per_hour)).collect()
        };
        let kept = intent(ModelNeed::There, true, Some("InService"), "E-v1");
        assert_eq!(actions(&kept), [(Action::Keep, None), (Action::Keep, None), (Action::Keep, None)]);
        let switched = intent(ModelNeed::Outdated, false, Some("InService"), "E-v2");
        assert_eq!(actions(&switched), [(Action::Replace, None), (Action::Create, None), (Action::Change, Some(0.5))]);
    }

    #[test]
    fn the_same_variants_need_other_weights_only() {
        assert!(same_variants(&[plan("v2", 0.1), plan("v1", 0.9)], &[plan("v1", 0.5), plan("v2", 0.5)]));
        assert!(!same_variants(&[plan("v1", 1.0)], &[plan("v1", 0.5), plan("v2", 0.5)]));
    }
}
