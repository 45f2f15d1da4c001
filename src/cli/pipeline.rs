//! `shiftdeck pipeline`: executions of the pipeline.

pub(super) mod plan;

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Local, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::dry_run;
use super::failure::{Failure, exit};
use super::output::{Output, columns, seconds};
use super::session::Session;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::ops::Context;
use crate::ops::evaluation::Evaluation;
use crate::ops::pipeline::{
    self, Change, DefinitionState, PipelineRun, PipelineStep, RunComparison, RunState, RunSummary, Side, StartOptions,
};

/// Executions that `list` reads the figures of.
const LISTED: usize = 20;

/// Start, watch, list, show, stop, retry and compare executions of the pipeline
#[derive(Debug, Args)]
pub struct Pipeline {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start an execution of the pipeline that the step `pipeline` made
    Start {
        /// A parameter of the pipeline, `TrainingInstanceType=ml.m5.large`
        #[arg(long = "param", visible_alias = "parameter", short = 'p', value_name = "NAME=VALUE", value_parser = name_and_value)]
        parameters: Vec<(String, String)>,
        /// Run every step, also those whose inputs have not changed
        #[arg(long)]
        no_cache: bool,
        /// Display name of the execution
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Stay until it ends
        #[arg(long, visible_alias = "watch")]
        wait: bool,
        /// Only say with which parameters, which steps would run, for how long and for how much
        #[arg(long)]
        dry_run: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Follow an execution to its end
    Watch {
        #[command(flatten)]
        run: Run,
        /// One JSON object for each change
        #[arg(long)]
        json: bool,
    },
    /// List the executions, newest first, with their figures
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show an execution: its steps, its parameters, its figures
    Show {
        #[command(flatten)]
        run: Run,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Stop an execution
    Stop {
        #[command(flatten)]
        run: Run,
        /// Only say which execution, and what of it would be lost
        #[arg(long)]
        dry_run: bool,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run what did not succeed in a failed or stopped execution again
    Retry {
        #[command(flatten)]
        run: Run,
        /// Stay until it ends
        #[arg(long)]
        wait: bool,
        /// Only say which execution, from which step, for how long and for how much
        #[arg(long)]
        dry_run: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Compare two executions; without any, the deployed definition with the one that the settings make
    Diff {
        /// Two executions, each by ARN, id or name
        #[arg(value_name = "RUN", num_args = 2)]
        runs: Vec<String>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    /// Whether nothing is to be changed, so that nobody has to be asked.
    const fn is_dry_run(&self) -> bool {
        matches!(self, Action::Start { dry_run: true, .. } | Action::Stop { dry_run: true, .. } | Action::Retry { dry_run: true, .. })
    }
}

/// Which execution.
#[derive(Debug, Args)]
struct Run {
    /// ARN, id or name; the newest execution without it
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

/// Reads `NAME=VALUE`.
pub fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is expected".to_owned()),
    }
}

/// Does what was asked.
///
/// # Errors
/// What the service says, or that there is no execution.
pub async fn run(arguments: &Pipeline, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_for(settings, arguments.action.is_dry_run()).await?;
    let context = session.quiet();
    if arguments.action.is_dry_run() {
        let told = tell(&arguments.action, &context, &session.asks(), &mut output).await;
        session.close().await;
        return told;
    }
    // An execution of the embedded AWS ends with the process that owns the account.
    let lives_here = session.connection.owns_account();
    let result = act(&arguments.action, &context, lives_here, &mut output).await;
    let flushed = output.flush();
    session.close().await;
    result.and(flushed)
}

/// Says what would be started, stopped or retried.
async fn tell(action: &Action, context: &Context, asks: &[String], output: &mut Output) -> Result<(), Failure> {
    let free = context.settings.aws.target == TargetKind::Local;
    match action {
        Action::Start { parameters, no_cache, name, json, .. } => {
            let options = StartOptions { parameters: parameters.clone(), cache: !no_cache, name: name.clone() };
            let outlook = pipeline::plan_start(context, &options).await;
            dry_run::tell(outlook, asks, *json, output, |told| plan::start(told, free))
        }
        Action::Stop { run, json, .. } => {
            let outlook = match pipeline::find(context, run.run.as_deref()).await {
                Ok(arn) => pipeline::plan_stop(context, &arn).await,
                Err(error) => Err(error),
            };
            dry_run::tell(outlook, asks, *json, output, plan::stop)
        }
        Action::Retry { run, json, .. } => {
            let outlook = match pipeline::find(context, run.run.as_deref()).await {
                Ok(arn) => pipeline::plan_retry(context, &arn).await,
                Err(error) => Err(error),
            };
            dry_run::tell(outlook, asks, *json, output, |told| plan::retry(told, free))
        }
        // What only looks is done.
        Action::Watch { .. } | Action::List { .. } | Action::Show { .. } | Action::Diff { .. } => act(action, context, false, output).await,
    }
}

async fn act(action: &Action, context: &Context, lives_here: bool, output: &mut Output) -> Result<(), Failure> {
    let find = |run: &Run| {
        let named = run.run.clone();
        async move { pipeline::find(context, named.as_deref()).await }
    };
    match action {
        Action::Start { parameters, no_cache, name, wait, json, .. } => {
            let options = StartOptions { parameters: parameters.clone(), cache: !no_cache, name: name.clone() };
            let arn = pipeline::start(context, &options).await?;
            begun(context, "started", &arn, *wait || lives_here, *json, output).await
        }
        Action::Watch { run, json } => follow(context, &find(run).await?, *json, output).await,
        Action::List { json } => list(&pipeline::history(context, LISTED).await?, *json, output),
        Action::Show { run, json } => {
            let arn = find(run).await?;
            show(&pipeline::summary(context, &arn).await?, *json, output)
        }
        Action::Stop { run, json, .. } => {
            let arn = find(run).await?;
            pipeline::stop(context, &arn).await?;
            if *json { output.json(&json!({ "event": "stopped", "arn": arn })) } else { output.line(&format!("stopped {arn}")) }
        }
        Action::Retry { run, wait, json, .. } => {
            let arn = find(run).await?;
            pipeline::retry(context, &arn).await?;
            begun(context, "retried", &arn, *wait || lives_here, *json, output).await
        }
        Action::Diff { runs, json } => match runs.as_slice() {
            [a, b] => {
                let (a, b) = (pipeline::find(context, Some(a)).await?, pipeline::find(context, Some(b)).await?);
                let comparison = pipeline::compare(context, &a, &b).await?;
                if *json { output.json(&comparison) } else { compared(&a, &b, &comparison, output) }
            }
            _ => {
                let state = pipeline::definition_state(context).await?;
                if *json { output.json(&state) } else { definitions(&state, output) }
            }
        },
    }
}

/// Says that an execution goes on, and stays with it when that was asked for.
async fn begun(context: &Context, event: &str, arn: &str, wait: bool, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        output.json(&json!({ "event": event, "arn": arn }))?;
    } else {
        output.line(arn)?;
    }
    output.flush()?;
    if wait { follow(context, arn, json, output).await } else { Ok(()) }
}

async fn follow(context: &Context, arn: &str, json: bool, output: &mut Output) -> Result<(), Failure> {
    let mut known: Vec<(String, RunState)> = vec![];
    let mut written = Ok(());
    let ended = {
        let mut on_change = |run: &PipelineRun| {
            if written.is_ok() {
                written = changes(run, &mut known, json, output).and_then(|()| output.flush());
            }
        };
        pipeline::watch(context, arn, &mut on_change).await?
    };
    written?;
    if json {
        output.json(&json!({ "event": "ended", "arn": arn, "state": ended.state, "reason": ended.failure, "execution": ended }))?;
        output.flush()?;
    }
    match ended.state {
        RunState::Succeeded => Ok(()),
        state => Err(Failure::Told {
            code: exit::FAILED,
            what: format!("the execution {} {}", ended.name, if state == RunState::Failed { "failed" } else { "was stopped" }),
            why: culprit(&ended).or(ended.failure.clone()),
            next: Some(format!(
                "`shiftdeck pipeline show {id}` shows its steps; `shiftdeck pipeline retry {id}` runs again what did not succeed.",
                id = ended.id()
            )),
        }),
    }
}

/// The step that failed, and its reason.
fn culprit(run: &PipelineRun) -> Option<String> {
    let step = run.steps.iter().find(|step| step.state == RunState::Failed)?;
    Some(format!("{}: {}", step.name, step.message))
}

/// A line for every step whose state is another than before.
fn changes(run: &PipelineRun, known: &mut Vec<(String, RunState)>, json: bool, output: &mut Output) -> Result<(), Failure> {
    for step in &run.steps {
        let before = known.iter().position(|(name, _)| *name == step.name);
        let same = before.is_some_and(|at| known[at].1 == step.state);
        match before {
            Some(at) => known[at].1 = step.state,
            None => known.push((step.name.clone(), step.state)),
        }
        if same || step.state == RunState::Waiting {
            continue;
        }
        if json {
            let mut event = serde_json::to_value(step).unwrap_or_default();
            if let Some(members) = event.as_object_mut() {
                members.insert("event".to_owned(), Value::from("step"));
                members.insert("arn".to_owned(), Value::from(run.arn.clone()));
            }
            output.json(&event)?;
        } else {
            output.line(&step_cells(step).join("  "))?;
        }
    }
    Ok(())
}

fn list(runs: &[RunSummary], json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        // The execution's members stay where they always were; what it found joins them.
        let documents: Vec<Value> = runs.iter().map(document).collect();
        return output.json(&json!({ "executions": documents }));
    }
    if runs.is_empty() {
        return output.line("no execution yet; `shiftdeck run pipeline` starts one");
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|summary| {
            let run = &summary.run;
            let figure = |of: fn(&Evaluation) -> f64| summary.evaluation.as_ref().map(of);
            let auc = figure(|evaluation| evaluation.auc).map(|auc| format!("AUC {auc:.4}")).unwrap_or_default();
            let mse = figure(|evaluation| evaluation.mse).map(|mse| format!("MSE {mse:.4}")).unwrap_or_default();
            let version = summary.registered.map(|version| format!("version {version}")).unwrap_or_default();
            let took = summary.seconds.map(seconds).unwrap_or_default();
            vec![state_name(run.state).to_owned(), local(run.started), took, auc, mse, version, run.id().to_owned(), run.name.clone()]
        })
        .collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))
}

/// An execution with what it found, as one document.
fn document(summary: &RunSummary) -> Value {
    let mut document = serde_json::to_value(&summary.run).unwrap_or_default();
    if let Some(members) = document.as_object_mut() {
        members.insert("evaluation".to_owned(), json!(summary.evaluation));
        members.insert("registered".to_owned(), json!(summary.registered));
        members.insert("seconds".to_owned(), json!(summary.seconds));
    }
    document
}

fn show(summary: &RunSummary, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        return output.json(&document(summary));
    }
    let run = &summary.run;
    output.line(&format!("{}  {}  started {}", run.name, state_name(run.state), local(run.started)))?;
    output.line(&run.arn)?;
    if let Some(failure) = &run.failure {
        output.line(failure)?;
    }
    output.line("")?;
    let rows: Vec<Vec<String>> = run.steps.iter().map(step_cells).collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    if !run.parameters.is_empty() {
        output.line("")?;
        let rows: Vec<Vec<String>> = run.parameters.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        columns(&rows).iter().try_for_each(|line| output.line(line))?;
    }
    if let Some(evaluation) = &summary.evaluation {
        output.line("")?;
        figures(evaluation).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(())
}

/// The figures of a model in lines.
fn figures(evaluation: &Evaluation) -> Vec<String> {
    let [rightly_no, wrongly_yes, wrongly_no, rightly_yes] = evaluation.confusion;
    let mut lines = vec![
        format!(
            "AUC {:.4}   MSE {:.4} (base rate {:.4})   log loss {:.4}",
            evaluation.auc, evaluation.mse, evaluation.base_rate_mse, evaluation.log_loss
        ),
        format!(
            "accuracy {:.4}   precision {:.4}   recall {:.4}   F1 {:.4}   lift in the top tenth {:.2}",
            evaluation.accuracy, evaluation.precision, evaluation.recall, evaluation.f1, evaluation.lift_top_decile
        ),
        format!(
            "of {} test rows: {rightly_yes} rightly yes, {wrongly_yes} wrongly yes, {rightly_no} rightly no, {wrongly_no} wrongly no",
            evaluation.test_rows
        ),
    ];
    if let Some(champion) = &evaluation.champion {
        lines.push(format!("against the approved version {} (AUC {:.4}): {:+.4}", champion.version, champion.auc, champion.auc_change));
    }
    lines
}

/// Two executions, or two models, side by side: figures with the better one, and what differs.
pub(super) fn compared(a: &str, b: &str, comparison: &RunComparison, output: &mut Output) -> Result<(), Failure> {
    let id = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let figure = |figure: Option<f64>| match figure {
        None => "-".to_owned(),
        // Rows are counted.
        Some(figure) if figure.fract() == 0.0 && figure.abs() > 1.0 => format!("{figure}"),
        Some(figure) => format!("{figure:.4}"),
    };
    let mut rows = vec![vec![String::new(), id(a), id(b), String::new()]];
    rows.extend(comparison.metrics.iter().map(|metric| {
        let better = match metric.better {
            Some(Side::A) => format!("{} is better", id(a)),
            Some(Side::B) => format!("{} is better", id(b)),
            None => String::new(),
        };
        vec![metric.name.clone(), figure(metric.a), figure(metric.b), better]
    }));
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let differing: Vec<&Change> = comparison.data.iter().chain(&comparison.settings).filter(|change| change.a != change.b).collect();
    if !differing.is_empty() {
        output.line("")?;
    }
    for change in differing {
        output.line(&format!("{}: {} -> {}", change.name, text(&change.a), text(&change.b)))?;
    }
    if !comparison.importance.is_empty() {
        output.line("")?;
        let top = comparison.importance.iter().take(10);
        let rows: Vec<Vec<String>> = top.map(|change| vec![change.feature.clone(), figure(change.a), figure(change.b)]).collect();
        output.line("mean gain of a split")?;
        columns(&rows).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(())
}

fn definitions(state: &DefinitionState, output: &mut Output) -> Result<(), Failure> {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    match &state.deployed_digest {
        None => return output.line(&format!("nothing is deployed; the settings make the definition {}", short(&state.local_digest))),
        Some(deployed) if state.changes.is_empty() => {
            return output.line(&format!("the deployed definition {} is the one that the settings make", short(deployed)));
        }
        Some(deployed) => {
            output.line(&format!("deployed {}, the settings make {}", short(deployed), short(&state.local_digest)))?;
        }
    }
    for change in &state.changes {
        let mut line = change.path.clone();
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(nothing)".to_owned());
        // Writing to a String cannot fail.
        let _ = write!(line, ": {} -> {}", text(&change.deployed), text(&change.local));
        output.line(&line)?;
    }
    output.line("`shiftdeck run pipeline` deploys what the settings make")
}

fn step_cells(step: &PipelineStep) -> Vec<String> {
    let took = match (step.started, step.ended) {
        (Some(started), Some(ended)) => seconds((ended - started).num_milliseconds() as f64 / 1000.0),
        _ => String::new(),
    };
    let message = match (step.cached, step.message.as_str()) {
        (true, "") => "taken from an earlier execution".to_owned(),
        (true, message) => format!("taken from an earlier execution: {message}"),
        (false, "") => step.doing.clone(),
        (false, message) => message.to_owned(),
    };
    vec![format!("{} {:<9}", glyph(step.state), state_name(step.state)), step.name.clone(), step.kind.clone(), took, message]
}

/// The state in a word.
const fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Waiting => "waiting",
        RunState::Running => "running",
        RunState::Stopping => "stopping",
        RunState::Stopped => "stopped",
        RunState::Failed => "failed",
        RunState::Succeeded => "succeeded",
        RunState::Skipped => "skipped",
    }
}

/// The state in a character.
const fn glyph(state: RunState) -> &'static str {
    match state {
        RunState::Waiting | RunState::Skipped => "◌",
        RunState::Running | RunState::Stopping => "●",
        RunState::Stopped | RunState::Failed => "✖",
        RunState::Succeeded => "✔",
    }
}

fn local(instant: DateTime<Utc>) -> String {
    instant.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}
