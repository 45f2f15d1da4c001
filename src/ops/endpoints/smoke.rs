//! The smoke test: an endpoint is asked the rows of the test split, and has to answer as its model did when it was evaluated.
//!
//! The rows, their actual answers and the figures of the evaluation travel with the package. With every row asked, the endpoint's figures
//! have to be those of the evaluation; with a part of a large split, as near as so many rows allow.

use std::time::Instant;

use super::{SmokeTest, view};
use crate::demo::feature_schema::{FeatureSchema, Row};
use crate::demo::metrics::{Confusion, mean_squared_error};
use crate::demo::pipeline_definition::metadata;
use crate::ops::error::op;
use crate::ops::evaluation::{self, Evaluation};
use crate::ops::{Context, OpError, models, predict};

/// Rows that are asked at most.
const MOST_ROWS: usize = 5000;
/// Rows of a call.
const ROWS_PER_CALL: usize = 1000;
/// How far squared error and accuracy may be off when every row was asked: scores travel as text.
const EXACT: f64 = 1e-4;
/// How many standard deviations they may be off when a part was asked.
const DEVIATIONS: f64 = 4.0;

/// Asks every variant that answers; all of them have to be good.
pub async fn smoke(context: &Context, endpoint: &str) -> Result<SmokeTest, OpError> {
    let began = Instant::now();
    let gateway = &context.gateways.endpoints;
    let found = gateway.find(endpoint).await.map_err(op(endpoint, "could not look for the endpoint"))?;
    let found = found.ok_or_else(|| super::rollout::missing(endpoint))?;
    let plans = gateway.variants(&found.config).await.map_err(op(&found.config, "could not read the endpoint's configuration"))?;
    let mut test = SmokeTest { rows: 0, agreeing: 0, ok: true, seconds: 0.0, reason: None };
    for plan in plans.unwrap_or_default().into_iter().filter(|plan| !plan.shadow) {
        context.proceed("trying the endpoint")?;
        let outcome = match view::version_of(context, &plan.model).await? {
            Some((_, package)) => ask(context, endpoint, &plan.name, &package).await?,
            None => Outcome { rows: 0, agreeing: 0, wrong: Some(format!("the model `{}` was not made from the registry", plan.model)) },
        };
        test.rows += outcome.rows;
        test.agreeing += outcome.agreeing;
        if let Some(wrong) = outcome.wrong {
            test.ok = false;
            test.reason.get_or_insert(wrong);
        }
    }
    if test.rows == 0 && test.ok {
        test.ok = false;
        test.reason = Some("there was nothing to ask it".to_owned());
    }
    test.seconds = began.elapsed().as_secs_f64();
    Ok(test)
}

struct Outcome {
    rows: usize,
    agreeing: usize,
    wrong: Option<String>,
}

/// What a variant is asked, and what its answers are compared with.
pub(super) struct Questions {
    schema: FeatureSchema,
    threshold: f64,
    /// Rows of the test split.
    pub rows: Vec<Row>,
    truths: Vec<bool>,
    /// Whether they are all rows of the split.
    all: bool,
    /// The figures of the model's evaluation.
    pub expected: Option<Evaluation>,
}

impl Questions {
    /// The questions that travel with a package, by its ARN.
    pub(super) async fn of(context: &Context, package: &str) -> Result<Self, OpError> {
        let package = models::package(context, package).await?;
        let property = |name: &str| {
            package.properties.get(name).ok_or_else(|| {
                OpError::failed(&package.summary.arn, "could not read the model", format!("its package does not say where `{name}` is"))
            })
        };
        let schema = evaluation::schema(context, property(metadata::FEATURE_SCHEMA)?).await?;
        let threshold =
            package.properties.get(metadata::THRESHOLD).and_then(|text| text.parse().ok()).unwrap_or(context.settings.mlops.threshold);
        let samples = predict::test_rows(context, &schema, &package.summary.arn).await?;
        let all = samples.len() <= MOST_ROWS;
        let mut truths = Vec::with_capacity(samples.len().min(MOST_ROWS));
        let mut rows = Vec::with_capacity(truths.capacity());
        for (at, sample) in samples.into_iter().take(MOST_ROWS).enumerate() {
            let truth = sample.actual.as_deref().and_then(|actual| schema.truth(actual));
            truths.push(truth.ok_or_else(|| {
                OpError::failed(&package.summary.arn, "could not read the rows of the test split", format!("row {} has no answer", at + 1))
            })?);
            rows.push(sample.row);
        }
        let expected = match package.properties.get(metadata::EVALUATION).or(package.statistics.as_ref()) {
            Some(report) => Some(evaluation::evaluation(context, report).await?),
            None => None,
        };
        Ok(Questions { schema, threshold, rows, truths, all, expected })
    }
}

async fn ask(context: &Context, endpoint: &str, variant: &str, package: &str) -> Result<Outcome, OpError> {
    let Questions { schema, threshold, rows, truths, all, expected } = Questions::of(context, package).await?;
    let mut scores = Vec::with_capacity(rows.len());
    for part in rows.chunks(ROWS_PER_CALL) {
        context.proceed("trying the endpoint")?;
        match answers(context, endpoint, variant, &schema, part).await? {
            Ok(part) => scores.extend(part),
            Err(wrong) => return Ok(Outcome { rows: rows.len(), agreeing: 0, wrong: Some(format!("variant {variant}: {wrong}")) }),
        }
    }
    let agreeing = scores.iter().zip(&truths).filter(|(score, truth)| (**score >= threshold) == **truth).count();
    let wrong = wrong(&scores, &truths, threshold, expected.as_ref(), all).map(|wrong| format!("variant {variant}: {wrong}"));
    Ok(Outcome { rows: rows.len(), agreeing, wrong })
}

/// The answers to some rows; the inner error is one of the endpoint.
async fn answers(
    context: &Context,
    endpoint: &str,
    variant: &str,
    schema: &FeatureSchema,
    rows: &[Row],
) -> Result<Result<Vec<f64>, String>, OpError> {
    let mut lines = Vec::with_capacity(rows.len() * 160);
    for row in rows {
        if let Err(error) = schema.encode_csv_line(row, &mut lines) {
            return Ok(Err(format!("a row of the test split cannot be encoded: {error}")));
        }
        lines.push(b'\n');
    }
    // The encoding writes digits, signs, points and commas.
    let Ok(lines) = String::from_utf8(lines) else { return Ok(Err("a row cannot be encoded as text".to_owned())) };
    let answer = match context.gateways.inference.invoke_variant(endpoint, Some(variant), lines).await {
        Ok(answer) => answer,
        Err(error) if error.kind == crate::aws::AwsErrorKind::Validation => return Ok(Err(error.message)),
        Err(error) => return Err(op(endpoint, "could not ask the endpoint")(error)),
    };
    let scores = predict::scores(&answer.body).filter(|scores| scores.len() == rows.len());
    Ok(scores.ok_or_else(|| format!("{} rows were asked, and the answer has another number of scores", rows.len())))
}

/// What is wrong with the scores, if anything.
fn wrong(scores: &[f64], truths: &[bool], threshold: f64, expected: Option<&Evaluation>, all: bool) -> Option<String> {
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Some(format!("the score of row {} is not a number", row + 1));
    }
    if scores.len() > 1 && scores.iter().all(|score| score == &scores[0]) {
        return Some(format!("it answers {} to every row", scores[0]));
    }
    let expected = expected?;
    if all && expected.test_rows != scores.len() as u64 {
        return Some(format!("the test split has {} rows, and the evaluation was of {}", scores.len(), expected.test_rows));
    }
    let rows = scores.len() as f64;
    let mse = mean_squared_error(scores, truths);
    // The squared error of one row is at most 1 and mostly near its mean: its deviation is below the mean's root.
    let allowed = if all { EXACT } else { DEVIATIONS * (expected.mse / rows).sqrt() };
    if (mse - expected.mse).abs() > allowed {
        return Some(format!("its squared error on the test split is {mse:.4}, and the model's was {:.4}", expected.mse));
    }
    let accuracy = Confusion::at(threshold, scores, truths).accuracy();
    let allowed = if all { EXACT } else { DEVIATIONS * (expected.accuracy * (1.0 - expected.accuracy) / rows).sqrt() };
    if (accuracy - expected.accuracy).abs() > allowed {
        return Some(format!(
            "{:.2} % of its decisions on the test split are right, and {:.2} % of the model's were",
            accuracy * 100.0,
            expected.accuracy * 100.0
        ));
    }
    None
}
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    const TRUTHS: [bool; 4] = [true, false, false, true];
    const SCORES: [f64; 4] = [0.9, 0.2, 0.4, 0.3];

    /// What the evaluation of these scores says.
    fn expected(rows: u64) -> Evaluation {
        let value = |value: f64| json!({ "value": value });
        let mse = mean_squared_error(&SCORES, &TRUTHS);
        let report = json!({
            "rows": rows,
            "regression_metrics": { "mse": { "value": mse, "standard_deviation": 0.3 }, "base_rate_mse": value(0.25) },
            "binary_classification_metrics": {
                "auc": value(0.75), "accuracy": value(0.75), "precision": value(1.0), "recall": value(0.5),
                "log_loss": value(0.5), "f1": value(0.67), "lift_top_decile": value(2.0),
                "confusion_matrix": { "0": { "0": 2, "1": 0 }, "1": { "0": 1, "1": 1 } },
            },
        });
        Evaluation::read(&report).unwrap()
    }

    #[test]
    fn the_model_s_own_answers_pass() {
        assert_eq!(wrong(&SCORES, &TRUTHS, 0.5, Some(&expected(4)), true), None);
        assert_eq!(wrong(&SCORES, &TRUTHS, 0.5, None, true), None);
    }

    #[test]
    fn other_answers_fail_with_what_is_wrong() {
        let failing = |scores: &[f64], threshold, rows| wrong(scores, &TRUTHS, threshold, Some(&expected(rows)), true).unwrap();
        assert!(failing(&[0.9, f64::NAN, 0.4, 0.3], 0.5, 4).contains("row 2 is not a number"));
        assert!(failing(&[0.5; 4], 0.5, 4).contains("0.5 to every row"));
        assert!(failing(&[0.1, 0.2, 0.4, 0.3], 0.5, 4).contains("squared error"));
        assert!(failing(&SCORES, 0.95, 4).contains("decisions"));
        assert!(failing(&SCORES, 0.5, 5).contains("the evaluation was of 5"));
    }
}
