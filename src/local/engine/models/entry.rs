//! What the catalog keeps of a model.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::encode::Encoder;
use crate::local::engine::types::ColumnType;
use crate::local::engine::{SqlError, error};

/// How far a model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// The training goes on.
    Training,
    /// The function can be called.
    Ready(Box<Trained>),
    /// The training failed, with the reason.
    Failed(String),
}

/// What training gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trained {
    /// How rows become features.
    pub encoder: Encoder,
    /// What a score means.
    pub answer: Answer,
    /// Name and value of the metric on the held-out rows (`F1`, 0.58).
    pub metric: (String, f64),
    /// The kind of problem that was found or given, in upper case.
    pub problem_type: String,
    /// The objective that candidates were compared by.
    pub objective: String,
}

/// What a score of the booster means to the caller of the function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// The score itself.
    Value,
    /// The second of two classes from a threshold on, else the first; classes as text of the target's type.
    Class {
        /// The class below the threshold, and the class from it on.
        classes: [String; 2],
        /// Between 0 and 1.
        threshold: f32,
    },
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Tells this model from others that had its name; also the name of its training job and of its file.
    pub job: String,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// User who made it.
    pub owner: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// The schema of the function.
    pub function_schema: String,
    /// The function.
    pub function: String,
    /// Arguments of the function: the columns of the training data without the target.
    pub arguments: Vec<(String, ColumnType)>,
    /// Target column.
    pub target: (String, ColumnType),
    /// What the function returns.
    pub returns: ColumnType,
    /// Training data: `schema.table`, or a query.
    pub source: Source,
    /// `AUTO OFF`: the algorithm and its hyperparameters are given.
    pub given: Option<Given>,
    /// `PROBLEM_TYPE`, as given.
    pub problem_type: Option<String>,
    /// `OBJECTIVE`, as given.
    pub objective: Option<String>,
    /// `IAM_ROLE`.
    pub iam_role: String,
    /// `S3_BUCKET`.
    pub bucket: String,
    /// `S3_GARBAGE_COLLECT`: the artifact does not stay in the bucket.
    pub garbage_collect: bool,
    /// `MAX_RUNTIME` in seconds.
    pub max_runtime: u64,
    /// How far it is.
    pub state: State,
}

/// Where the training data come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// A table, as written.
    Table(String),
    /// A query.
    Query(String),
}

/// What `AUTO OFF` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Given {
    /// XGBoost's objective.
    pub objective: String,
    /// Hyperparameters, `num_round` among them.
    pub hyperparameters: Vec<(String, String)>,
}

impl Entry {
    /// Reads what the catalog holds.
    pub fn read(value: &serde_json::Value) -> Result<Self, SqlError> {
        Self::deserialize(value).map_err(error::internal)
    }

    /// What the catalog holds.
    pub fn document(&self) -> Result<serde_json::Value, SqlError> {
        serde_json::to_value(self).map_err(error::internal)
    }

    /// The key in the catalog.
    pub fn key(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The file of the trained model, below the state directory.
    pub fn file(&self) -> String {
        format!("{}/{}.json", super::DIRECTORY, self.job)
    }
}
