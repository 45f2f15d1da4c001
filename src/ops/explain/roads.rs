//! The same customers asked on three roads: the SageMaker endpoint, the SQL function of Redshift ML, and the model file.

use serde::Serialize;

use super::{ExplainedModel, TestSet};
use crate::config::settings::MlMode;
use crate::demo::feature_schema::{ColumnKind, FeatureSchema, Row};
use crate::demo::sql::{Quotes, identifier, literal};
use crate::ops::predict;
use crate::ops::query::{self, QueryEngine};
use crate::ops::steps::sql_model_state;
use crate::ops::{Context, OpError};

/// Rows of one SQL statement: with twenty columns it stays far below the 100 KB that the Data API takes.
const ROWS_PER_STATEMENT: usize = 100;

/// The answers for one customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roads {
    /// What the endpoint answers.
    pub endpoint: f64,
    /// What the model file answers here.
    pub file: f64,
    /// The decision of endpoint and threshold.
    pub decision: String,
    /// The decision of the SQL function; `None` when there is none, or it is not ready.
    pub sql: Option<String>,
}

/// How far the roads agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Rows asked.
    pub rows: u64,
    /// Largest difference between endpoint and model file.
    pub largest_difference: f64,
    /// Rows on which the decisions of endpoint and SQL function agree; `None` without a SQL function.
    pub sql_agrees: Option<u64>,
    /// Right decisions of the endpoint among the rows with a known answer.
    pub endpoint_right: u64,
    /// Right decisions of the SQL function among them.
    pub sql_right: Option<u64>,
    /// The rows on which endpoint and SQL function disagree.
    pub disagreements: Vec<Disagreement>,
}

/// A customer on whom the roads disagree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// The customer.
    pub row: Row,
    /// The true answer, where known.
    pub actual: Option<String>,
    /// The answers.
    pub roads: Roads,
}

/// Asks every row on every road.
///
/// # Errors
/// A road fails; a SQL function that does not exist is no failure.
pub async fn roads(context: &Context, model: &ExplainedModel, rows: &[Row]) -> Result<Vec<Roads>, OpError> {
    let (answers, sql) = tokio::try_join!(predict::predict(context, &model.model, rows), by_sql(context, &model.model.schema, rows))?;
    let mut found = Vec::with_capacity(rows.len());
    for (at, (row, answer)) in rows.iter().zip(answers).enumerate() {
        let file = model.explainer.score(row);
        let file = file.map_err(|error| OpError::usage("the row cannot be scored", error.to_string(), "correct the row"))?;
        let sql = sql.as_ref().and_then(|answers| answers.get(at).cloned());
        found.push(Roads { endpoint: answer.score, file, decision: answer.decision, sql });
    }
    Ok(found)
}

/// Asks the first `limit` rows of the test split on every road.
///
/// # Errors
/// See [`roads`].
pub async fn agreement(context: &Context, model: &ExplainedModel, test: &TestSet, limit: usize) -> Result<Agreement, OpError> {
    let samples = &test.samples[..limit.min(test.samples.len())];
    let rows: Vec<Row> = samples.iter().map(|sample| sample.row.clone()).collect();
    let answers = roads(context, model, &rows).await?;
    let has_sql = answers.iter().any(|answer| answer.sql.is_some());
    let count = |holds: &dyn Fn(usize) -> bool| (0..answers.len()).filter(|at| holds(*at)).count() as u64;
    let sql_agrees = has_sql.then(|| count(&|at| answers[at].sql.as_ref() == Some(&answers[at].decision)));
    let endpoint_right = count(&|at| samples[at].actual.as_ref() == Some(&answers[at].decision));
    let sql_right = has_sql.then(|| count(&|at| samples[at].actual.is_some() && samples[at].actual == answers[at].sql));
    let largest_difference = answers.iter().map(|answer| (answer.endpoint - answer.file).abs()).fold(0.0, f64::max);
    let disagreements = samples
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.sql.as_ref().is_some_and(|sql| *sql != answer.decision))
        .map(|(sample, roads)| Disagreement { row: sample.row.clone(), actual: sample.actual.clone(), roads: roads.clone() })
        .collect();
    Ok(Agreement { rows: rows.len() as u64, largest_difference, sql_agrees, endpoint_right, sql_right, disagreements })
}

/// The decisions of the SQL function; `None` when it is not there.
async fn by_sql(context: &Context, schema: &FeatureSchema, rows: &[Row]) -> Result<Option<Vec<String>>, OpError> {
    if context.settings.redshift_ml.mode != MlMode::Auto {
        // A model with settings chosen by hand takes features that its own query makes, not the columns.
        return Ok(None);
    }
    match sql_model_state(context).await {
        Ok(Some(state)) if state == "READY" => {}
        Ok(_) => return Ok(None),
        // A warehouse that is not there has no function either.
        Err(error) if error.kind == crate::ops::OpErrorKind::Precondition => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut decisions = Vec::with_capacity(rows.len());
    for part in rows.chunks(ROWS_PER_STATEMENT) {
        context.proceed("asking the SQL function")?;
        let result = query::rows(context, QueryEngine::Redshift, statement(context, schema, part)).await?;
        decisions.extend(result.page.rows.iter().filter_map(|row| Some(decision(schema, &row.get(1)?.text()))));
    }
    if decisions.len() != rows.len() {
        let why = format!("{} rows were asked, {} answered", rows.len(), decisions.len());
        return Err(OpError::failed(&context.scenario.ml_function, "could not read the answer of the SQL function", why));
    }
    Ok(Some(decisions))
}

/// A model made with AUTO OFF answers 1 and 0 where one with Autopilot answers the target's own values, which may be numbers too.
fn decision(schema: &FeatureSchema, answer: &str) -> String {
    if [&schema.target.positive, &schema.target.negative].into_iter().any(|own| own == answer) {
        return answer.to_owned();
    }
    match answer.parse::<f64>() {
        Ok(score) if score >= 0.5 => schema.target.positive.clone(),
        Ok(_) => schema.target.negative.clone(),
        Err(_) => answer.to_owned(),
    }
}

/// The rows as a query, each with its number, and the function over them.
fn statement(context: &Context, schema: &FeatureSchema, rows: &[Row]) -> String {
    let names: Vec<String> = schema.columns.iter().map(|column| identifier(Quotes::Double, &column.name)).collect();
    let asked: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(number, row)| {
            let cells: Vec<String> = schema
                .columns
                .iter()
                .zip(&names)
                .map(|(column, name)| {
                    let value = row.get(&column.name);
                    let text = match &column.kind {
                        ColumnKind::Number { .. } => value.filter(|value| value.is_number()).map(ToString::to_string),
                        ColumnKind::Category { .. } => value.and_then(serde_json::Value::as_str).map(literal),
                    };
                    // As the table has it; a column that the table has no more is one of the model's kind.
                    let type_name = match (context.scenario.data.column(&column.name), &column.kind) {
                        (Some(known), _) => known.kind.sql(),
                        (None, ColumnKind::Number { .. }) => "double precision".to_owned(),
                        (None, ColumnKind::Category { .. }) => "varchar".to_owned(),
                    };
                    format!("CAST({} AS {type_name}) AS {name}", text.unwrap_or_else(|| "NULL".to_owned()))
                })
                .collect();
            format!("SELECT {number} AS row_number, {}", cells.join(", "))
        })
        .collect();
    let function = identifier(Quotes::Double, &context.scenario.ml_function);
    format!(
        "SELECT row_number, {function}({}) AS decision FROM ({}) AS asked ORDER BY row_number",
        names.join(", "),
        asked.join(" UNION ALL ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::feature_schema::Target;

    #[test]
    fn an_answer_is_one_of_the_target_or_a_score() {
        let decided = |positive: &str, negative: &str, answer: &str| {
            let target = Target { name: "t".into(), positive: positive.into(), negative: negative.into() };
            decision(&FeatureSchema { version: 1, target, columns: vec![], derived: vec![], features: vec![] }, answer)
        };
        assert_eq!(decided("yes", "no", "0.7"), "yes");
        assert_eq!(decided("yes", "no", "0"), "no");
        assert_eq!(decided("yes", "no", "no"), "no");
        // What counts as 1 may be written as 0.
        assert_eq!(decided("0", "1", "0"), "0");
        assert_eq!(decided("0", "1", "1"), "1");
    }
}
