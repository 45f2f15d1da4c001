//! An endpoint is asked.

use serde_json::json;

use super::super::failure::{Failure, exit};
use super::super::output::{Output, columns};
use super::super::predict::{Given, read_csv};
use crate::demo::feature_schema::Row;
use crate::ops::endpoints::{self, Invocation};
use crate::ops::{Context, predict};

/// The rows that an endpoint is asked with.
pub(super) async fn rows(context: &Context, endpoint: &str, given: Given) -> Result<Vec<Row>, Failure> {
    let model = predict::at(context, endpoint).await?;
    let mut rows = match given {
        Given::Sample(count) => {
            let samples = predict::samples(context, &model, count as usize, 1).await?;
            samples.into_iter().map(|sample| sample.row).collect()
        }
        Given::Row(row) => vec![row],
        Given::File { name, text } => read_csv(&text, &name, &model.schema)?,
    };
    for row in &mut rows {
        row.shift_remove(&model.schema.target.name);
    }
    if rows.len() > 1000 {
        return Err(Failure::Told {
            code: exit::USAGE,
            what: format!("{} rows are too many for one invocation", rows.len()),
            why: None,
            next: Some("Use `shiftdeck model score`, which scores any number in one job.".to_owned()),
        });
    }
    Ok(rows)
}

/// Asks, and says who answered what.
pub(super) async fn invoke(
    context: &Context,
    endpoint: &str,
    variant: Option<&str>,
    rows: &[Row],
    repeat: u32,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let first = endpoints::invoke(context, endpoint, variant, rows).await?;
    let mut answered = std::collections::BTreeMap::from([(who(&first), 1_u32)]);
    for _ in 1..repeat {
        let next = endpoints::invoke(context, endpoint, variant, rows).await?;
        *answered.entry(who(&next)).or_default() += 1;
    }
    if json {
        let mut document = json!(first);
        if repeat > 1 {
            document["answered"] = json!(answered);
        }
        return output.json(&document);
    }
    let lines: Vec<Vec<String>> =
        first.scores.iter().zip(&first.decisions).map(|(score, decision)| vec![format!("{score:.6}"), decision.clone()]).collect();
    columns(&lines).iter().try_for_each(|line| output.line(line))?;
    output.line("")?;
    for (who, count) in &answered {
        let times = if repeat == 1 { String::new() } else { format!(" {count} of {repeat} times") };
        output.line(&format!("{who} of {endpoint} answered{times}"))?;
    }
    output.line(&format!("{:.1} ms there and back", first.milliseconds))
}

fn who(answer: &Invocation) -> String {
    let variant = answer.variant.as_deref().unwrap_or("one variant");
    match answer.version {
        Some(version) => format!("{variant} (version {version})"),
        None => variant.to_owned(),
    }
}
