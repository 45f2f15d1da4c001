//! Why the deployed model answers what it answers: computed from its own file, with the schema and the rows that travelled with it.

mod roads;

use serde::Serialize;

use super::predict::{self, DeployedModel, Sample};
use super::{Context, OpError, model_file};
use crate::demo::explanation::{self, ColumnImportance, Dependence, Explainer, Explanation, Flip, Occurrences};
use crate::demo::fairness::SegmentReport;
use crate::demo::feature_schema::{Column, Row};
use crate::demo::metrics::BinaryReport;
use crate::demo::quoted::quoted;
use crate::demo::ranking::{self, Calibrated, Economics, Outcome, Ranking};

pub use roads::{Agreement, Disagreement, Roads, agreement, roads};

/// Rows that importance and dependence are measured on: enough for two figures, few enough for a blink.
const ROWS: usize = 400;
/// Test rows with the nearest scores that say what a score has meant.
const NEIGHBOURS: usize = 200;
/// Flips that are told.
const FLIPS: usize = 3;

/// A deployed model that can be explained.
#[derive(Debug, Clone)]
pub struct ExplainedModel {
    /// The model behind the endpoint.
    pub model: DeployedModel,
    /// Its trees.
    pub explainer: std::sync::Arc<Explainer>,
    /// What occurs together in the data, so that nothing else is proposed; empty until rows are read.
    pub known: std::sync::Arc<Occurrences>,
}

/// Everything to be said about one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reasons {
    /// What each column contributes.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// The smallest changes that would flip the decision.
    pub flips: Vec<Flip>,
}

/// The test split, scored by the model file.
#[derive(Debug, Clone, PartialEq)]
pub struct TestSet {
    /// The rows with their truths.
    pub samples: Vec<Sample>,
    /// The score of each row.
    pub scores: Vec<f64>,
    /// Whether each row is of the positive class.
    pub truths: Vec<bool>,
}

/// All that explanations are made from.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The model file.
    pub explained: ExplainedModel,
    /// The test split, scored.
    pub test: TestSet,
    /// The test split by score; `None` when one class is missing.
    pub ranking: Option<Ranking>,
    /// How much each column matters, largest first.
    pub importance: Vec<ColumnImportance>,
}

/// Reads all that explanations are made from.
///
/// # Errors
/// The model file or the test split cannot be read, or they do not belong together.
pub async fn evidence(context: &Context, model: &DeployedModel) -> Result<Evidence, OpError> {
    let explained = open(context, model).await?;
    let samples = predict::test_split(context, model).await?;
    computed("the test split", move || {
        let test = explained.scored(samples)?;
        let explained = explained.knowing(&test);
        let importance = explained.importance(&test)?;
        let ranking = test.ranking();
        Ok(Evidence { explained, test, ranking, importance })
    })
    .await
}

/// Why a row is answered as it is, computed away from the tasks that wait for services.
///
/// # Errors
/// See [`ExplainedModel::reasons`].
pub async fn reasons(evidence: std::sync::Arc<Evidence>, row: Row) -> Result<Reasons, OpError> {
    computed("the explanation", move || evidence.explained.reasons(&row, &[])).await
}

/// How the answer depends on a column, computed away from the tasks that wait for services.
///
/// # Errors
/// See [`ExplainedModel::dependence`].
pub async fn dependence(evidence: std::sync::Arc<Evidence>, column: String) -> Result<Dependence, OpError> {
    computed("the dependence", move || evidence.explained.dependence(&evidence.test, &column)).await
}

/// Rates and quality by the values of a column, computed away from the tasks that wait for services.
///
/// # Errors
/// See [`ExplainedModel::segments`].
pub async fn segments(evidence: std::sync::Arc<Evidence>, column: String, threshold: f64) -> Result<SegmentReport, OpError> {
    computed("the segments", move || evidence.explained.segments(&evidence.test, &column, threshold)).await
}

/// Runs what only computes on a thread of its own.
async fn computed<T: Send + 'static>(what: &str, work: impl FnOnce() -> Result<T, OpError> + Send + 'static) -> Result<T, OpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| OpError::failed("", format!("could not compute {what}"), error.to_string()))?
}

/// Reads the model file behind an endpoint.
///
/// # Errors
/// When there is no artifact, or it is not a model of one output with the schema it came with.
pub async fn open(context: &Context, model: &DeployedModel) -> Result<ExplainedModel, OpError> {
    let trees = model_file::trees(context, &model.artifact).await?;
    let explainer = Explainer::new(trees, (*model.schema).clone())
        .map_err(|mismatch| OpError::failed(&model.artifact, "the model cannot be explained", mismatch.to_string()))?;
    Ok(ExplainedModel { model: model.clone(), explainer: std::sync::Arc::new(explainer), known: std::sync::Arc::default() })
}

impl ExplainedModel {
    /// The same, proposing only what occurs together in the test split.
    #[must_use]
    pub fn knowing(mut self, test: &TestSet) -> ExplainedModel {
        let rows = test.samples.iter().map(|sample| &sample.row);
        self.known = std::sync::Arc::new(Occurrences::of(&self.explainer.schema, rows));
        self
    }

    /// Why a row is answered as it is, and what would flip the decision.
    ///
    /// # Errors
    /// The row lacks a column or has a value that the model does not know.
    pub fn reasons(&self, row: &Row, fixed: &[String]) -> Result<Reasons, OpError> {
        let refused = |error: crate::demo::feature_schema::EncodeError| {
            OpError::usage("the row cannot be explained", error.to_string(), "correct the row")
        };
        let explanation = self.explainer.explain(row).map_err(refused)?;
        let flips = explanation::flip(&self.explainer, &self.known, row, self.model.threshold, fixed, FLIPS).map_err(refused)?;
        Ok(Reasons { explanation, flips })
    }

    /// The test split with the scores of the model file.
    ///
    /// # Errors
    /// The rows cannot be read, or do not fit the model.
    pub async fn test_set(&self, context: &Context) -> Result<TestSet, OpError> {
        self.scored(predict::test_split(context, &self.model).await?)
    }

    fn scored(&self, samples: Vec<Sample>) -> Result<TestSet, OpError> {
        let mut scores = Vec::with_capacity(samples.len());
        let mut truths = Vec::with_capacity(samples.len());
        for sample in &samples {
            let score = self.explainer.score(&sample.row);
            scores.push(
                score.map_err(|error| {
                    OpError::failed(&self.model.endpoint, "a row of the test split cannot be scored", error.to_string())
                })?,
            );
            truths.push(sample.actual.as_deref().and_then(|actual| self.model.schema.truth(actual)).unwrap_or(false));
        }
        Ok(TestSet { samples, scores, truths })
    }

    /// How much each column matters, largest first.
    ///
    /// # Errors
    /// A row does not fit the model.
    pub fn importance(&self, test: &TestSet) -> Result<Vec<ColumnImportance>, OpError> {
        self.explainer.importance(&test.rows(ROWS)).map_err(|error| OpError::failed("", "the columns cannot be weighed", error.to_string()))
    }

    /// How the answer depends on a column.
    ///
    /// # Errors
    /// The vector does not have the column, or a row does not fit the model.
    pub fn dependence(&self, test: &TestSet, column: &str) -> Result<Dependence, OpError> {
        let found = explanation::dependence(&self.explainer, column, &test.rows(ROWS));
        let found = found.map_err(|error| OpError::failed(column, "the dependence cannot be computed", error.to_string()))?;
        found.ok_or_else(|| {
            OpError::usage(
                format!("the model does not use `{}`", quoted(column)),
                "its answers cannot depend on it",
                format!("its columns are {}", self.columns(|column| !column.dropped)),
            )
        })
    }

    /// Rates and quality on the test split by the values of a column, whether the model uses it or not.
    ///
    /// # Errors
    /// There is no such column.
    pub fn segments(&self, test: &TestSet, column: &str, threshold: f64) -> Result<SegmentReport, OpError> {
        let found = self.model.schema.column(column).ok_or_else(|| {
            let why = "the test rows cannot be parted by it";
            OpError::usage(format!("there is no column `{}`", quoted(column)), why, format!("the columns are {}", self.columns(|_| true)))
        })?;
        let values = test.samples.iter().map(|sample| sample.row.get(column));
        Ok(SegmentReport::measure(found, values, &test.scores, &test.truths, threshold))
    }

    /// Names of columns, for a message.
    fn columns(&self, wanted: impl Fn(&Column) -> bool) -> String {
        let names: Vec<&str> =
            self.model.schema.columns.iter().filter(|column| wanted(column)).map(|column| column.name.as_str()).collect();
        names.join(", ")
    }
}

impl TestSet {
    /// Rows that importance and dependence are measured on.
    pub fn measured(&self) -> usize {
        self.samples.len().min(ROWS)
    }

    /// The first rows, the same each time.
    fn rows(&self, count: usize) -> Vec<Row> {
        self.samples.iter().take(count).map(|sample| sample.row.clone()).collect()
    }

    /// All figures at a threshold.
    pub fn report(&self, threshold: f64) -> Option<BinaryReport> {
        BinaryReport::measure(&self.scores, &self.truths, threshold).ok()
    }

    /// The rows by score, for every threshold; `None` when one class is missing.
    pub fn ranking(&self) -> Option<Ranking> {
        Ranking::new(&self.scores, &self.truths)
    }

    /// What scores like this one have meant.
    pub fn calibrated(&self, score: f64) -> Option<Calibrated> {
        ranking::calibrated(&self.scores, &self.truths, score, NEIGHBOURS)
    }

    /// What a threshold means, and the one that pays most.
    pub fn outcomes(&self, threshold: f64, economics: Economics) -> Option<(Outcome, Outcome)> {
        let ranking = self.ranking()?;
        Some((ranking.at(threshold, economics), ranking.best(economics)))
    }
}
