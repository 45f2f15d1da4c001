//! The nine steps of the demonstration, in their order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A step of the demonstration. The order of the variants is the order of the walkthrough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Roles, policies, bucket, warehouse, secret and function.
    Foundation,
    /// Frequencies, distributions and correlations of the data.
    Explore,
    /// The CSV in S3 and an external table over it.
    Lake,
    /// The table in the warehouse, filled through Spectrum.
    Load,
    /// Unload, preprocess, train, evaluate, gate and register.
    Pipeline,
    /// An approved model package behind an endpoint.
    Deploy,
    /// Rows of the test split answered by the endpoint.
    Predict,
    /// The second model, made and used in SQL.
    RedshiftMl,
    /// Everything that the demonstration made is removed.
    Cleanup,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 9] = [
        Step::Foundation,
        Step::Explore,
        Step::Lake,
        Step::Load,
        Step::Pipeline,
        Step::Deploy,
        Step::Predict,
        Step::RedshiftMl,
        Step::Cleanup,
    ];

    /// The name used on the command line, in JSON events and in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Foundation => "foundation",
            Step::Explore => "explore",
            Step::Lake => "lake",
            Step::Load => "load",
            Step::Pipeline => "pipeline",
            Step::Deploy => "deploy",
            Step::Predict => "predict",
            Step::RedshiftMl => "redshift-ml",
            Step::Cleanup => "cleanup",
        }
    }

    /// The title an audience reads.
    pub const fn title(self) -> &'static str {
        match self {
            Step::Foundation => "Lay the foundation",
            Step::Explore => "Explore the data",
            Step::Lake => "Put data in the lake",
            Step::Load => "Load the warehouse",
            Step::Pipeline => "Train with a pipeline",
            Step::Deploy => "Deploy the model",
            Step::Predict => "Predict",
            Step::RedshiftMl => "Train again in SQL",
            Step::Cleanup => "Clean up",
        }
    }

    /// Position in the walkthrough, counted from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A step name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no step `{given}`; the steps are {}", Step::ALL.map(Step::name).join(", "))]
pub struct UnknownStep {
    /// What was given.
    pub given: String,
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Step::ALL.into_iter().find(|step| step.name() == s).ok_or_else(|| UnknownStep { given: s.to_owned() })
    }
}
