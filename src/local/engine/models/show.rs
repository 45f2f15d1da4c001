//! `SHOW MODEL`: a model as Redshift describes it, in keys and values.

use super::entry::{Answer, Entry, Source, State};
use crate::local::engine::rows::Rows;
use crate::local::engine::types::ColumnType;
use crate::local::engine::{Dialect, Outcome, SqlError};

/// The rows of `SHOW MODEL name`.
pub(super) fn rows(entry: &Entry) -> Rows {
    let mut rows = Rows::texts(["Key", "Value"]);
    rows.add(["Model Name", &entry.name]);
    rows.add(["Schema Name", &entry.schema]);
    rows.add(["Owner", &entry.owner]);
    rows.add(["Creation Time", &entry.created.format("%a, %d.%m.%Y %H:%M:%S").to_string()]);
    rows.add(["Model State", state(entry)]);
    match &entry.state {
        State::Training => rows.add(["Training Job Status", "InProgress"]),
        State::Ready(trained) => {
            rows.add(["Training Job Status", "Completed"]);
            rows.add([&format!("validation:{}", trained.metric.0), &format!("{:.6}", trained.metric.1)]);
        }
        State::Failed(reason) => {
            rows.add(["Training Job Status", "Failed"]);
            rows.add(["Failure Reason", reason]);
        }
    }
    // The embedded AWS charges nothing.
    rows.add(["Estimated Cost", "0.000000"]);
    rows.add(["", ""]);
    rows.add(["TRAINING DATA:", ""]);
    match &entry.source {
        Source::Table(table) => rows.add(["Table", table]),
        Source::Query(query) => {
            for (index, line) in query.lines().enumerate() {
                rows.add([if index == 0 { "Query" } else { "" }, line]);
            }
        }
    }
    rows.add(["Target Column", &entry.target.0.to_uppercase()]);
    rows.add(["", ""]);
    rows.add(["PARAMETERS:", ""]);
    rows.add(["Model Type", if entry.given.is_some() { "xgboost" } else { "auto" }]);
    let (problem_type, objective) = match &entry.state {
        State::Ready(trained) => (trained.problem_type.clone(), trained.objective.clone()),
        _ => (entry.problem_type.clone().unwrap_or_default(), entry.objective.clone().unwrap_or_default()),
    };
    rows.add(["Problem Type", &problem_type.to_lowercase()]);
    rows.add(["Objective", &objective]);
    if let State::Ready(trained) = &entry.state
        && let Answer::Class { threshold, .. } = trained.answer
    {
        rows.add(["Decision Threshold", &threshold.to_string()]);
    }
    rows.add([if entry.given.is_some() { "Training Job Name" } else { "AutoML Job Name" }, &entry.job]);
    rows.add(["Function Name", &entry.function]);
    let names: Vec<&str> = entry.arguments.iter().map(|(name, _)| name.as_str()).collect();
    rows.add(["Function Parameters", &names.join(" ")]);
    let types: Vec<String> = entry.arguments.iter().map(|(_, kind)| type_name(kind)).collect();
    rows.add(["Function Parameter Types", &types.join(" ")]);
    rows.add(["IAM Role", &entry.iam_role]);
    rows.add(["S3 Bucket", &entry.bucket]);
    rows.add(["Max Runtime", &entry.max_runtime.to_string()]);
    if let Some(given) = &entry.given {
        rows.add(["", ""]);
        rows.add(["HYPERPARAMETERS:", ""]);
        for (name, value) in &given.hyperparameters {
            rows.add([name, value]);
        }
    }
    rows
}

/// The rows of `SHOW MODEL ALL`.
pub(super) fn all<'a>(entries: impl Iterator<Item = &'a Entry>) -> Result<Outcome, SqlError> {
    let mut rows = Rows::texts(["Schema Name", "Model Name"]);
    for entry in entries {
        rows.add([&entry.schema, &entry.name]);
    }
    rows.outcome(Dialect::Redshift)
}

fn state(entry: &Entry) -> &'static str {
    match entry.state {
        State::Training => "TRAINING",
        State::Ready(_) => "READY",
        State::Failed(_) => "FAILED",
    }
}

/// The internal name of a type, without its length.
fn type_name(kind: &ColumnType) -> String {
    kind.sql_type(Dialect::Redshift).name
}
