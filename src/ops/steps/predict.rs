//! Step 7, second half: customers of the test split, which training never saw, answered by the endpoint.

use serde_json::json;

use super::StepOutcome;
use crate::demo::figures;
use crate::ops::report::Run;
use crate::ops::{OpError, predict};

/// Customers that are asked about.
const CUSTOMERS: usize = 8;

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let model = predict::deployed(context).await?;
    let row = &context.scenario.data.words.row;
    run.say(&model.endpoint, format!("asking about {CUSTOMERS} {row}s whom training never saw"))?;
    let samples = predict::samples(context, &model, CUSTOMERS, context.settings.mlops.seed).await?;
    let rows: Vec<_> = samples.iter().map(|sample| sample.row.clone()).collect();
    let answers = predict::predict(context, &model, &rows).await?;
    let right = samples.iter().zip(&answers).filter(|(sample, answer)| sample.actual.as_ref() == Some(&answer.decision)).count();
    let customers: Vec<_> = samples
        .iter()
        .zip(&answers)
        .map(|(sample, answer)| {
            json!({ "score": answer.score, "decision": answer.decision, "actual": sample.actual, "seen": sample.seen, "row": sample.row })
        })
        .collect();
    let message = format!("{} asked about, {right} of {} decisions right", figures::counted(answers.len() as u64, row), answers.len());
    let detail = json!({
        "endpoint": model.endpoint,
        "version": model.version,
        "threshold": model.threshold,
        "right": right,
        "customers": customers,
    });
    Ok(StepOutcome::new(false, message, detail))
}
