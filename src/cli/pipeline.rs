//! `shiftdeck pipeline`: executions of the pipeline.

use std::sync::Arc;

use chrono::{DateTime, Local, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::{Failure, exit};
use super::output::{Output, columns, seconds};
use super::session::Session;
use crate::config::Settings;
use crate::ops::pipeline::{self, PipelineRun, PipelineStep, RunState};

/// Start, watch, list, show and stop executions of the pipeline
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
        #[arg(long = "parameter", short = 'p', value_name = "NAME=VALUE", value_parser = name_and_value)]
        parameters: Vec<(String, String)>,
        /// Stay until it ends
        #[arg(long)]
        watch: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Follow an execution to its end
    Watch {
        /// ARN; the newest execution without it
        arn: Option<String>,
        /// One JSON object for each change
        #[arg(long)]
        json: bool,
    },
    /// List the executions, newest first
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show an execution and its steps
    Show {
        /// ARN; the newest execution without it
        arn: Option<String>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Stop an execution
    Stop {
        /// ARN; the newest execution without it
        arn: Option<String>,
    },
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
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let result = match &arguments.action {
        Action::Start { parameters, watch, json } => {
            let arn = pipeline::start(&context, parameters).await?;
            match (json, watch) {
                (true, _) => output.json(&json!({"event": "started", "arn": arn}))?,
                (false, _) => output.line(&arn)?,
            }
            output.flush()?;
            if *watch { follow(&context, &arn, *json, &mut output).await } else { Ok(()) }
        }
        Action::Watch { arn, json } => {
            let arn = named_or_newest(&context, arn.as_deref()).await?;
            follow(&context, &arn, *json, &mut output).await
        }
        Action::List { json } => {
            let runs = pipeline::list(&context).await?;
            list(&runs, *json, &mut output)
        }
        Action::Show { arn, json } => {
            let arn = named_or_newest(&context, arn.as_deref()).await?;
            let run = pipeline::describe(&context, &arn).await?;
            show(&run, *json, &mut output)
        }
        Action::Stop { arn } => {
            let arn = named_or_newest(&context, arn.as_deref()).await?;
            pipeline::stop(&context, &arn).await?;
            output.line(&format!("stopped {arn}"))
        }
    };
    result?;
    output.flush()?;
    session.close().await;
    Ok(())
}

async fn named_or_newest(context: &crate::ops::Context, arn: Option<&str>) -> Result<String, Failure> {
    if let Some(arn) = arn {
        return Ok(arn.to_owned());
    }
    match pipeline::latest(context).await? {
        Some(run) => Ok(run.arn),
        None => Err(Failure::precondition("the pipeline has no execution", "Run `shiftdeck run pipeline` first.")),
    }
}

async fn follow(context: &crate::ops::Context, arn: &str, json: bool, output: &mut Output) -> Result<(), Failure> {
    let mut known: Vec<(String, RunState)> = vec![];
    let mut written = Ok(());
    let ended = {
        let mut on_change = |run: &PipelineRun| {
            if written.is_err() {
                return;
            }
            written = if json { output.json(run) } else { changes(run, &mut known, output) }.and_then(|()| output.flush());
        };
        pipeline::watch(context, arn, &mut on_change).await?
    };
    written?;
    match ended.state {
        RunState::Succeeded => Ok(()),
        state => Err(Failure::Told {
            code: exit::FAILED,
            what: format!("the execution {} {}", ended.name, if state == RunState::Failed { "failed" } else { "was stopped" }),
            why: ended.failure,
            next: Some(format!("`shiftdeck pipeline show {arn}` shows its steps; `shiftdeck run pipeline` starts a new one.")),
        }),
    }
}

/// A line for every step whose state is another than before.
fn changes(run: &PipelineRun, known: &mut Vec<(String, RunState)>, output: &mut Output) -> Result<(), Failure> {
    for step in &run.steps {
        let before = known.iter().position(|(name, _)| *name == step.name);
        let same = before.is_some_and(|at| known[at].1 == step.state);
        match before {
            Some(at) => known[at].1 = step.state,
            None => known.push((step.name.clone(), step.state)),
        }
        if !same && step.state != RunState::Waiting {
            output.line(&step_cells(step).join("  "))?;
        }
    }
    Ok(())
}

fn list(runs: &[PipelineRun], json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        return output.json(&json!({ "executions": runs }));
    }
    if runs.is_empty() {
        return output.line("no execution yet; `shiftdeck run pipeline` starts one");
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            // A listing may leave out when an execution ended.
            let took = (run.updated - run.started).num_milliseconds() as f64 / 1000.0;
            let took = if took > 0.0 { seconds(took) } else { String::new() };
            vec![state_name(run.state).to_owned(), local(run.started), took, run.name.clone(), run.arn.clone()]
        })
        .collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))
}

fn show(run: &PipelineRun, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        return output.json(run);
    }
    output.line(&format!("{}  {}  started {}", run.name, state_name(run.state), local(run.started)))?;
    output.line(&run.arn)?;
    if let Some(failure) = &run.failure {
        output.line(failure)?;
    }
    output.line("")?;
    let rows: Vec<Vec<String>> = run.steps.iter().map(step_cells).collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))
}

fn step_cells(step: &PipelineStep) -> Vec<String> {
    let took = match (step.started, step.ended) {
        (Some(started), Some(ended)) => seconds((ended - started).num_milliseconds() as f64 / 1000.0),
        _ => String::new(),
    };
    vec![format!("{} {:<9}", glyph(step.state), state_name(step.state)), step.name.clone(), step.kind.clone(), took, step.message.clone()]
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
