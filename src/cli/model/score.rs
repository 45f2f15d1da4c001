//! `shiftdeck model score`: many rows in one job.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::dry_run;
use super::super::failure::Failure;
use super::super::output::{Output, seconds, thousands};
use super::plan;
use crate::config::settings::TargetKind;
use crate::ops::Context;
use crate::ops::batch::{BatchDestination, BatchInput, plan_score, score};

/// Score a table of the warehouse or a CSV file in one job, into S3 and a table
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("input").required(true).args(["table", "file"])))]
pub struct Score {
    /// A table of the warehouse with the columns that the model was trained on
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: Option<String>,
    /// A CSV with a header line
    #[arg(long, value_name = "CSV")]
    file: Option<PathBuf>,
    /// The table of the warehouse that the rows go to with their scores; one of an earlier job is replaced
    #[arg(long, value_name = "SCHEMA.TABLE")]
    into: Option<String>,
    /// Version; the newest approved one without it
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// Only say how many rows would be scored, with what, for how much, and which table would be replaced
    #[arg(long)]
    pub(super) dry_run: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Scores and tells where the answers are.
///
/// # Errors
/// What the service says, or a row that the model cannot read.
pub(super) async fn run(arguments: &Score, context: &Context, asks: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    let input = match (&arguments.table, &arguments.file) {
        (Some(table), _) => BatchInput::Table(table.clone()),
        (None, Some(file)) => BatchInput::File(file.clone()),
        (None, None) => return Err(Failure::usage("nothing to score was given", "Give --table or --file.")),
    };
    let destination = BatchDestination { table: arguments.into.clone() };
    if arguments.dry_run {
        let free = context.settings.aws.target == TargetKind::Local;
        let outlook = plan_score(context, &input, &destination, arguments.version).await;
        return dry_run::tell(outlook, &asks, arguments.json, output, |told| plan::score(told, free));
    }
    let mut written = Ok(());
    let mut report = |sentence: &str| {
        if !arguments.json && written.is_ok() {
            written = output.line(sentence).and_then(|()| output.flush());
        }
    };
    let result = score(context, &input, &destination, arguments.version, &mut report).await;
    written?;
    let result = result?;
    if arguments.json {
        return output.json(&result);
    }
    let share = if result.rows == 0 { 0.0 } else { result.positives as f64 / result.rows as f64 * 100.0 };
    output.line(&format!(
        "{} rows scored with version {} in {}: {} decided yes ({share:.1} %), mean score {:.4}",
        thousands(result.rows),
        result.version,
        seconds(result.seconds),
        thousands(result.positives),
        result.mean_score
    ))?;
    output.line(&result.uri)?;
    match &result.table {
        Some(table) => output.line(&format!("in the warehouse as {table}")),
        None => Ok(()),
    }
}
