//! Endpoints: what serves which version to how much of the traffic, and what is done with them.
//!
//! `view` looks, `intent` decides what a change takes, `rollout` brings a version to an endpoint and back, [`smoke`] finds out whether it
//! answers as its model should, [`traffic`] splits, [`invoke`] asks, [`ask_customers`] asks often enough to see a split. `plan` tells what
//! was decided without doing it.

mod customers;
mod intent;
mod invoke;
mod plan;
mod rollout;
mod smoke;
mod traffic;
mod view;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::OpError;
use crate::demo::scenario::Scenario;

pub use super::batch::{BatchDestination, BatchInput, BatchResult, score as batch};
pub use customers::{Answered, ask_customers};
pub use intent::Approach;
pub(super) use intent::ModelIntent;
pub use invoke::invoke;
pub(super) use plan::plan_delivery;
pub use plan::{EndpointPlan, Served, SmokePlan, plan_deploy, plan_promote, plan_rollback, plan_traffic};
pub(super) use rollout::{Rollout, candidate, make_model, model_name, unapproved};
pub use rollout::{deploy, promote, rollback};
pub use smoke::smoke;
pub use traffic::traffic;
pub use view::list;
pub(super) use view::serving;

/// Tag of an endpoint with the name of the configuration that it served before.
pub(super) const TAG_PREVIOUS: &str = "shiftdeck:previous";

/// Who hears what is being done, sentence by sentence.
pub type Report<'a> = &'a mut (dyn FnMut(&str) + Send);

/// What an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A newly approved model is tried here.
    Staging,
    /// What everyone asks.
    Production,
    /// An endpoint of the demonstration that is neither.
    #[value(skip)]
    Other,
}

impl Stage {
    /// The name of the stage's endpoint; `None` for one that has no stage.
    fn endpoint(self, scenario: &Scenario) -> Option<&str> {
        match self {
            Stage::Staging => Some(&scenario.staging_endpoint),
            Stage::Production => Some(&scenario.production_endpoint),
            Stage::Other => None,
        }
    }

    /// The stage that an endpoint is of.
    fn of(scenario: &Scenario, endpoint: &str) -> Stage {
        if endpoint == scenario.staging_endpoint {
            Stage::Staging
        } else if endpoint == scenario.production_endpoint {
            Stage::Production
        } else {
            Stage::Other
        }
    }

    /// The endpoint of a stage that has to have one.
    fn required(self, scenario: &Scenario) -> Result<&str, OpError> {
        self.endpoint(scenario)
            .ok_or_else(|| OpError::usage("no stage was chosen", "only staging and production have an endpoint", "choose one of the two"))
    }

    /// The name under which it is kept how long a change of its endpoint took.
    const fn operation(self) -> &'static str {
        match self {
            Stage::Staging => "endpoint staging",
            Stage::Production => "endpoint production",
            Stage::Other => "endpoint other",
        }
    }

    /// The name that people read.
    pub const fn title(self) -> &'static str {
        match self {
            Stage::Staging => "staging",
            Stage::Production => "production",
            Stage::Other => "other",
        }
    }
}

/// An endpoint with what it serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointView {
    /// Name.
    pub name: String,
    /// What it is for.
    pub stage: Stage,
    /// SageMaker's word: `Creating`, `InService`, `Updating`, `RollingBack`, `Failed`, …
    pub status: String,
    /// Why the last change failed.
    pub failure: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// Last change.
    pub updated: Option<DateTime<Utc>>,
    /// Endpoint configuration.
    pub config: String,
    /// Variants, those that answer before those that only listen.
    pub variants: Vec<VariantView>,
    /// What it served before, and goes back to when it is rolled back.
    pub previous: Option<PreviousVersion>,
    /// Its figures of the last minutes; `None` when CloudWatch cannot be asked.
    pub metrics: Option<EndpointMetrics>,
}

/// A variant of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantView {
    /// Name.
    pub name: String,
    /// Version of the model package behind it; `None` when its model was not made from the registry.
    pub version: Option<u32>,
    /// Share of the traffic now, 0 to 1. A shadow has the share of the requests that it is sent copies of.
    pub share: f64,
    /// Share that was asked for, 0 to 1.
    pub wanted_share: f64,
    /// Whether it only listens: it is asked, and its answers are thrown away.
    pub shadow: bool,
    /// Instance type.
    pub instance: String,
    /// Instances now.
    pub instances: u32,
}

/// What an endpoint served before its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviousVersion {
    /// Version of the model package; the one with the largest share when there were several.
    pub version: u32,
    /// Endpoint configuration.
    pub config: String,
}

/// Figures of an endpoint over a window of time that ends now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointMetrics {
    /// Length of the window, in minutes.
    pub window_minutes: u32,
    /// Invocations that its variants answered, shadows excluded.
    pub invocations: u64,
    /// Invocations that failed, by the caller's fault or the model's, shadows excluded.
    pub errors: u64,
    /// Each variant's, in the order of the variants.
    pub per_variant: Vec<VariantMetrics>,
}

/// Figures of a variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantMetrics {
    /// Variant.
    pub variant: String,
    /// Invocations.
    pub invocations: u64,
    /// Invocations that failed.
    pub errors: u64,
    /// Median time that the model took, in milliseconds; `None` without invocations.
    pub p50_ms: Option<f64>,
    /// The time that 90 % stayed below, in milliseconds.
    pub p90_ms: Option<f64>,
    /// The time that 99 % stayed below, in milliseconds.
    pub p99_ms: Option<f64>,
}

/// How traffic is to be split.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TrafficSplit {
    /// Versions with their weights; the weights need not add up to anything.
    pub shares: Vec<(u32, f64)>,
    /// A version that is sent a copy of every request, and whose answers are thrown away.
    pub shadow: Option<u32>,
}

/// What the smoke test of an endpoint found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmokeTest {
    /// Rows of the test split that were asked.
    pub rows: usize,
    /// Rows whose decision was the actual answer.
    pub agreeing: usize,
    /// Whether the endpoint answers as its model did when it was evaluated.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// Why it is not good.
    pub reason: Option<String>,
}

/// What a deployment did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// Endpoint.
    pub endpoint: String,
    /// What it is for.
    pub stage: Stage,
    /// The version that it serves now.
    pub version: u32,
    /// Endpoint configuration.
    pub config: String,
    /// What it served before, if anything.
    pub previous: Option<PreviousVersion>,
    /// Whether anything was changed.
    pub changed: bool,
    /// The smoke test that let it pass.
    pub smoke: SmokeTest,
}

/// Answers of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Invocation {
    /// Endpoint.
    pub endpoint: String,
    /// The variant that answered, where the service says.
    pub variant: Option<String>,
    /// The version behind that variant.
    pub version: Option<u32>,
    /// A score a row.
    pub scores: Vec<f64>,
    /// The decision a row, by the model's threshold (`yes`, `no`).
    pub decisions: Vec<String>,
    /// Round trip, in milliseconds.
    pub milliseconds: f64,
}
