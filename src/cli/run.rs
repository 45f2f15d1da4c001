//! `shiftdeck run`: steps without the screen.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::confirm;
use super::failure::Failure;
use super::output::Output;
use super::report::Reporter;
use super::session::Session;
use crate::config::Settings;
use crate::demo::step::Step;
use crate::ops::steps::{self, StepOutcome};
use crate::ops::{Context, OpError, data};

/// Run steps of the walkthrough, with progress
#[derive(Debug, Args)]
#[command(after_help = "Steps: foundation, explore, lake, load, pipeline, deploy, predict, redshift-ml, cleanup.\n\
A step that was done before is verified and changes nothing.")]
pub struct Run {
    /// Steps to run; they run in the order of the walkthrough
    #[arg(value_name = "STEP")]
    pub steps: Vec<Step>,
    /// Every step but cleanup
    #[arg(long, conflicts_with_all = ["steps", "from"])]
    pub all: bool,
    /// This step and every later one but cleanup
    #[arg(long, value_name = "STEP", conflicts_with = "steps")]
    pub from: Option<Step>,
    /// The data: a CSV, an s3:// or an https:// address (the setting data.source)
    #[arg(long, value_name = "CSV")]
    pub data: Option<String>,
    /// Do not ask before cleaning up on `aws`
    #[arg(long)]
    pub yes: bool,
    /// Only say what would be made, kept and removed, how long it took the last time, and what it costs
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object per event, and a summary at the end; with --dry-run one document
    #[arg(long)]
    pub json: bool,
}

impl Run {
    /// The steps that are asked for, in order.
    fn selected(&self) -> Vec<Step> {
        let mut selected: Vec<Step> = match self.from {
            Some(Step::Cleanup) => vec![Step::Cleanup],
            Some(from) => Step::ALL.into_iter().filter(|step| *step >= from && *step != Step::Cleanup).collect(),
            None if self.all => Step::ALL.into_iter().filter(|step| *step != Step::Cleanup).collect(),
            None => self.steps.clone(),
        };
        selected.sort_unstable();
        selected.dedup();
        selected
    }
}

/// Runs the steps one after the other until one fails.
///
/// # Errors
/// What the first failing step says.
pub async fn run(arguments: &Run, settings: &Arc<Settings>, output: Output) -> Result<(), Failure> {
    let selected = arguments.selected();
    if selected.is_empty() {
        let names = Step::ALL.map(Step::name).join(", ");
        return Err(Failure::usage("no step is named", format!("Name steps ({names}), or use --all, or --from STEP.")));
    }
    if arguments.dry_run {
        return super::plan::run(&selected, settings, output, arguments.json).await;
    }
    if selected.contains(&Step::Cleanup) {
        confirm::destructive(settings, arguments.yes, "cleaning up", confirm::LOOK_AT_CLEANUP)?;
    }
    run_steps(&selected, settings, output, arguments.json).await
}

/// Runs `selected` and reports.
///
/// # Errors
/// What the first failing step says.
pub async fn run_steps(selected: &[Step], settings: &Arc<Settings>, output: Output, json: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let session = Session::open(settings).await?;
    if selected.iter().any(|step| *step <= Step::Load) {
        // A bad file is refused before anything is made.
        let context = session.quiet();
        Session::run(async move { data::check(&context).await }).await?;
    }
    let mut reporter = Reporter::new(output, json, selected.len());
    let mut failure = None;
    for step in selected.iter().copied() {
        let result = shown(&session, &mut reporter, step, |context| async move { steps::run(&context, step).await }).await?;
        if let Err(error) = result {
            failure = Some(error);
            break;
        }
    }
    reporter.summary(failure.is_none(), began.elapsed().as_secs_f64())?;
    session.close().await;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Does the work of a step and shows its events as they come. The work itself may fail; that is told to the reporter and given back.
///
/// # Errors
/// When standard output cannot be written.
pub(super) async fn shown<W>(
    session: &Session,
    reporter: &mut Reporter,
    step: Step,
    work: impl FnOnce(Context) -> W,
) -> Result<Result<StepOutcome, OpError>, Failure>
where
    W: Future<Output = Result<StepOutcome, OpError>> + Send + 'static,
{
    let began = Instant::now();
    let (context, mut events) = session.context();
    let work = Session::run(work(context));
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => reporter.event(&event)?,
            result = &mut work => break result,
        }
    };
    while let Ok(event) = events.try_recv() {
        reporter.event(&event)?;
    }
    reporter.ended(step, began.elapsed().as_secs_f64(), &result);
    Ok(result)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn selected(steps: &[Step], all: bool, from: Option<Step>) -> Vec<&'static str> {
        let run = Run { steps: steps.to_vec(), all, from, data: None, yes: false, dry_run: false, json: false };
        run.selected().into_iter().map(Step::name).collect()
    }

    #[test]
    fn steps_run_in_the_order_of_the_walkthrough() {
        assert_eq!(selected(&[Step::Load, Step::Lake, Step::Load], false, None), ["lake", "load"]);
        assert_eq!(selected(&[], true, None).len(), 8);
        assert_eq!(selected(&[], false, Some(Step::Deploy)), ["deploy", "predict", "redshift-ml"]);
        assert_eq!(selected(&[], false, Some(Step::Cleanup)), ["cleanup"]);
    }
}
