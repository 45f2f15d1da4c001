//! `shiftdeck project`: the pipeline's source in its repository, and its way to production.

mod plan;

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::{Failure, exit};
use super::output::{Output, columns};
use super::session::Session;
use super::{confirm, dry_run};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::ops::Context;
use crate::ops::project::{self, Decision, ProjectView};

/// Show the project's repository and stages, commit the pipeline's source, approve
#[derive(Debug, Args)]
pub struct Project {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the newest commit and where the stages stand
    Show {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Commit the pipeline's source as this program has it; a commit starts the stages
    Commit {
        /// What the commit says
        #[arg(long, short, value_name = "TEXT", default_value = "The pipeline's source")]
        message: String,
        /// Stay until the stages end or somebody has to decide
        #[arg(long)]
        follow: bool,
        /// Only say what would be made, committed and started
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Follow the stages until they end or somebody has to decide
    Follow {
        /// One JSON document for each change
        #[arg(long)]
        json: bool,
    },
    /// Decide where the stages ask
    Approve {
        /// No, instead of yes
        #[arg(long)]
        reject: bool,
        /// Why, kept with the decision
        #[arg(long, value_name = "TEXT", default_value = "Decided at the command line")]
        reason: String,
        /// Decide without being asked
        #[arg(long)]
        yes: bool,
        /// Only say what is asked, and what would follow from the decision
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Run the failed actions of a stage again
    Retry {
        /// Stage
        stage: String,
        /// Only say which actions would run again
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does what was asked.
///
/// # Errors
/// What the service says, or what has to be there first.
pub async fn run(arguments: &Project, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let dry_run = arguments.action.is_dry_run();
    let session = Session::open_for(settings, dry_run).await?;
    let context = session.quiet();
    match dry_run {
        true => tell(&arguments.action, &context, session.asks(), &mut output).await?,
        false => act(&arguments.action, &context, &mut output).await?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

impl Action {
    /// Whether nothing is to be changed, so that nobody has to be asked.
    const fn is_dry_run(&self) -> bool {
        matches!(self, Action::Commit { dry_run: true, .. } | Action::Approve { dry_run: true, .. } | Action::Retry { dry_run: true, .. })
    }
}

/// Says what would be committed, decided or tried again.
async fn tell(action: &Action, context: &Context, mut asks: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    match action {
        Action::Commit { message, json, .. } => {
            dry_run::tell(project::plan_commit(context, message).await, &asks, *json, output, plan::commit)
        }
        Action::Approve { reject, yes, json, .. } => {
            let outlook = project::plan_approve(context, !reject).await;
            if let (false, Ok(outlook)) = (*reject, &outlook) {
                let name = &context.scenario.production_endpoint;
                asks.push(confirm::approval_told(*yes, &lets_through(&outlook.plan.stage, name), name));
            }
            let free = context.settings.aws.target == TargetKind::Local;
            dry_run::tell(outlook, &asks, *json, output, |told| plan::approval(told, free))
        }
        Action::Retry { stage, .. } => dry_run::tell(project::plan_retry(context, stage).await, &asks, false, output, plan::retry),
        // What only looks is done.
        Action::Show { .. } | Action::Follow { .. } => act(action, context, output).await,
    }
}

fn lets_through(stage: &str, endpoint: &str) -> String {
    format!("{stage} lets a version go to the production endpoint {endpoint}")
}

async fn act(action: &Action, context: &Context, output: &mut Output) -> Result<(), Failure> {
    match action {
        Action::Show { json } => {
            let view = project::project(context).await?;
            if *json {
                return output.json(&json!({ "project": view }));
            }
            match view {
                Some(view) => show(&view, output),
                None => output.line("no project yet; `shiftdeck project commit --set project.enabled=true` makes one"),
            }
        }
        Action::Commit { message, follow: stay, json, .. } => {
            let committed = project::commit(context, message).await?;
            if !stay && *json {
                return output.json(&committed);
            }
            if !json {
                let id = committed.commit.id.get(..10).unwrap_or(&committed.commit.id);
                match committed.changed {
                    true => output.line(&format!("committed {id}: {}", committed.commit.message))?,
                    false => output.line(&format!("the source is as it was committed in {id}: {}", committed.commit.message))?,
                }
                output.flush()?;
            }
            match (&committed.execution, stay) {
                (Some(execution), true) => follow(context, Some(execution), *json, output).await,
                _ => Ok(()),
            }
        }
        Action::Follow { json } => follow(context, None, *json, output).await,
        Action::Approve { reject, reason, yes, json, .. } => {
            let asked = project::asked(context).await?;
            let (stage, action) = (asked.stage.as_str(), asked.action.as_str());
            if !reject {
                let name = &context.scenario.production_endpoint;
                confirm::approval(*yes, &lets_through(stage, name), name)?;
            }
            project::approve(context, Decision { stage, action, token: &asked.token, yes: !reject, reason }).await?;
            let ended = if *reject { None } else { Some(project::follow(context, None, &mut |_| {}).await?) };
            if *json {
                output.json(&json!({ "stage": stage, "action": action, "approved": !reject, "reason": reason, "project": ended }))?;
            } else {
                output.line(&format!("{stage}/{action}: {}", if *reject { "rejected" } else { "approved" }))?;
                if let Some(view) = &ended {
                    show(view, output)?;
                }
            }
            ended.as_ref().map_or(Ok(()), failed)
        }
        Action::Retry { stage, .. } => {
            project::retry(context, stage).await?;
            follow(context, None, false, output).await
        }
    }
}

async fn follow(context: &Context, execution: Option<&str>, json: bool, output: &mut Output) -> Result<(), Failure> {
    let mut known: Vec<(String, String)> = Vec::new();
    let mut written = Ok(());
    let view = {
        let mut on_change = |view: &ProjectView| {
            if written.is_ok() {
                written = if json { output.json(view) } else { changes(view, &mut known, output) }.and_then(|()| output.flush());
            }
        };
        project::follow(context, execution, &mut on_change).await?
    };
    written?;
    failed(&view)
}

/// A line for every action whose status is another than before.
fn changes(view: &ProjectView, known: &mut Vec<(String, String)>, output: &mut Output) -> Result<(), Failure> {
    for stage in &view.stages {
        for action in stage.actions.iter().filter(|action| action.status != "Waiting") {
            let name = format!("{}/{}", stage.name, action.name);
            let status = if action.approval.is_some() { "asks for a decision".to_owned() } else { action.status.clone() };
            if known.iter().any(|(known, before)| *known == name && *before == status) {
                continue;
            }
            known.retain(|(known, _)| *known != name);
            let summary = if action.summary.is_empty() { String::new() } else { format!("  {}", action.summary) };
            output.line(&format!("{name}  {status}{summary}"))?;
            known.push((name, status));
        }
    }
    Ok(())
}

/// A stage that has failed is the command's failure.
fn failed(view: &ProjectView) -> Result<(), Failure> {
    let stage = view.stages.iter().find(|stage| stage.status == "Failed" && stage.execution == view.execution);
    let Some(stage) = stage else { return Ok(()) };
    let why = stage.actions.iter().find(|action| action.status == "Failed").map(|action| action.summary.clone());
    Err(Failure::Told {
        code: exit::FAILED,
        what: format!("the stage {} has failed", stage.name),
        why: why.filter(|why| !why.is_empty()),
        next: Some(format!("Mend what the message names, then `shiftdeck project retry {}`.", stage.name)),
    })
}

fn show(view: &ProjectView, output: &mut Output) -> Result<(), Failure> {
    match &view.head {
        Some(head) => {
            let at = head.at.map(|at| at.format(", %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
            let id = head.id.get(..10).unwrap_or(&head.id);
            output.line(&format!("{}/{}  {id}  {}  ({}{at})", view.repository, view.branch, head.message, head.author))?;
        }
        None => output.line(&format!("{}/{}  no commit yet", view.repository, view.branch))?,
    }
    let mut rows = Vec::new();
    for stage in &view.stages {
        for action in &stage.actions {
            let status = if action.approval.is_some() { "asks for a decision" } else { action.status.as_str() };
            rows.push(vec![stage.name.clone(), action.name.clone(), status.to_owned(), action.summary.clone()]);
        }
    }
    columns(&rows).iter().try_for_each(|line| output.line(line))
}
