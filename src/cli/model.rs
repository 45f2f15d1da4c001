//! `shiftdeck model`: the model registry.

mod plan;
mod retrain;
mod score;

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::dry_run;
use super::failure::Failure;
use super::output::{Output, columns, thousands};
use super::session::Session;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::ops::Context;
use crate::ops::models::{self, ApprovalState, Lineage, LineageKind, ModelVersion};

/// List, show, compare, approve and reject the models that the pipeline registered; score with them, and train them anew
#[derive(Debug, Args)]
pub struct Model {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the versions, newest first
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show a version: its figures on the test split, where it comes from and where it serves
    Show {
        /// Version; the newest without it
        version: Option<u32>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Compare two versions: figures, settings, data, what they go by
    Compare {
        /// Version
        a: u32,
        /// Version
        b: u32,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Allow a version to be deployed
    Approve {
        /// Version; the newest without it
        version: Option<u32>,
        /// Why, kept with the version
        #[arg(long, alias = "note", default_value = "")]
        reason: String,
        /// Only say what it would change, and what would follow from it
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Keep a version from being deployed
    Reject {
        /// Version; the newest without it
        version: Option<u32>,
        /// Why, kept with the version
        #[arg(long, alias = "note", default_value = "")]
        reason: String,
        /// Only say what it would change, and what would follow from it
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Score a table of the warehouse or a CSV file in one job, into S3 and a table
    Score(score::Score),
    /// Let rows of another season arrive, measure the drift, train on all rows, compare, and promote if wanted
    Retrain(retrain::Retrain),
}

impl Action {
    /// Whether nothing is to be changed, so that nobody has to be asked.
    const fn is_dry_run(&self) -> bool {
        match self {
            Action::Approve { dry_run, .. } | Action::Reject { dry_run, .. } => *dry_run,
            Action::Score(arguments) => arguments.dry_run,
            Action::Retrain(arguments) => arguments.dry_run,
            Action::List { .. } | Action::Show { .. } | Action::Compare { .. } => false,
        }
    }
}

/// Does what was asked.
///
/// # Errors
/// What the service says, or that there is no such version.
pub async fn run(arguments: &Model, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_for(settings, arguments.action.is_dry_run()).await?;
    let context = session.quiet();
    match &arguments.action {
        Action::List { json } => {
            let versions = models::list(&context).await?;
            list(&versions, *json, &mut output)?;
        }
        Action::Show { version, json } => {
            let version = match version {
                Some(version) => *version,
                None => models::newest(&context).await?,
            };
            let (model, lineage) = tokio::try_join!(models::show(&context, version), models::lineage(&context, version))?;
            if *json {
                let mut document = json!(model);
                document["lineage"] = json!(lineage.nodes);
                output.json(&document)?;
            } else {
                show(&model, &mut output)?;
                show_lineage(&lineage, &mut output)?;
            }
        }
        Action::Compare { a, b, json } => {
            let comparison = models::compare(&context, *a, *b).await?;
            if *json {
                output.json(&comparison)?;
            } else {
                super::pipeline::compared(&format!("version {a}"), &format!("version {b}"), &comparison, &mut output)?;
            }
        }
        Action::Approve { version, dry_run: true, json, .. } => {
            tell(&context, *version, ApprovalState::Approved, *json, &session.asks(), &mut output).await?;
        }
        Action::Reject { version, dry_run: true, json, .. } => {
            tell(&context, *version, ApprovalState::Rejected, *json, &session.asks(), &mut output).await?;
        }
        Action::Approve { version, reason, json, .. } => {
            decide(&context, *version, ApprovalState::Approved, reason, *json, &mut output).await?;
        }
        Action::Reject { version, reason, json, .. } => {
            decide(&context, *version, ApprovalState::Rejected, reason, *json, &mut output).await?;
        }
        Action::Score(arguments) => score::run(arguments, &context, session.asks(), &mut output).await?,
        Action::Retrain(arguments) => retrain::run(arguments, &context, session.asks(), &mut output).await?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// Says what deciding would do.
async fn tell(
    context: &Context,
    version: Option<u32>,
    approval: ApprovalState,
    json: bool,
    asks: &[String],
    output: &mut Output,
) -> Result<(), Failure> {
    let version = match version {
        Some(version) => Ok(version),
        None => models::newest(context).await,
    };
    let outlook = match version {
        Ok(version) => models::plan_decision(context, version, approval).await,
        Err(error) => Err(error),
    };
    let local = context.settings.aws.target == TargetKind::Local;
    dry_run::tell(outlook, asks, json, output, |told| plan::decision(told, local))
}

async fn decide(
    context: &Context,
    version: Option<u32>,
    approval: ApprovalState,
    reason: &str,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let version = match version {
        Some(version) => version,
        None => models::newest(context).await?,
    };
    let changed = models::decide(context, version, approval, reason).await?;
    if json {
        return output.json(&json!({ "version": version, "approval": approval, "changed": changed, "reason": reason }));
    }
    let already = if changed { "is" } else { "was already" };
    output.line(&format!("version {version} {already} {}", approval_name(approval)))
}

fn list(versions: &[ModelVersion], json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        return output.json(&json!({ "models": versions }));
    }
    if versions.is_empty() {
        return output.line("no model is registered yet; `shiftdeck run pipeline` makes one");
    }
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            let figures =
                version.evaluation.as_ref().map(|figures| format!("AUC {:.3}, MSE {:.4}", figures.auc, figures.mse)).unwrap_or_default();
            let created = version.created.map(|created| created.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
            let deployed = if version.deployed.is_empty() { String::new() } else { format!("serves at {}", version.deployed.join(", ")) };
            let reason = version.reason.as_ref().map(|reason| format!("“{reason}”")).unwrap_or_default();
            vec![format!("version {}", version.version), approval_name(version.approval).to_owned(), created, figures, deployed, reason]
        })
        .collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))
}

fn show(version: &ModelVersion, output: &mut Output) -> Result<(), Failure> {
    let mut rows = vec![
        vec!["version".to_owned(), version.version.to_string()],
        vec!["approval".to_owned(), approval_name(version.approval).to_owned()],
        vec!["status".to_owned(), version.status.clone()],
        vec!["objective".to_owned(), version.objective.clone()],
        vec!["artifact".to_owned(), version.artifact.clone()],
        vec!["ARN".to_owned(), version.arn.clone()],
    ];
    if let Some(reason) = &version.reason {
        rows.insert(2, vec!["reason".to_owned(), reason.clone()]);
    }
    if !version.deployed.is_empty() {
        rows.push(vec!["serves at".to_owned(), version.deployed.join(", ")]);
    }
    if let Some(created) = version.created {
        rows.insert(3, vec!["registered".to_owned(), created.format("%Y-%m-%d %H:%M:%S UTC").to_string()]);
    }
    if let Some(figures) = &version.evaluation {
        let [no_no, no_yes, yes_no, yes_yes] = figures.confusion;
        rows.extend([
            vec!["test rows".to_owned(), thousands(figures.test_rows)],
            vec!["AUC".to_owned(), format!("{:.4}", figures.auc)],
            vec!["MSE".to_owned(), format!("{:.4} (answering the base rate for everyone: {:.4})", figures.mse, figures.base_rate_mse)],
            vec!["accuracy".to_owned(), format!("{:.4}", figures.accuracy)],
            vec!["precision".to_owned(), format!("{:.4}", figures.precision)],
            vec!["recall".to_owned(), format!("{:.4}", figures.recall)],
            vec![
                "confusion".to_owned(),
                format!(
                    "no: {} right, {} wrong; yes: {} right, {} wrong",
                    thousands(no_no),
                    thousands(no_yes),
                    thousands(yes_yes),
                    thousands(yes_no)
                ),
            ],
        ]);
    }
    columns(&rows).iter().try_for_each(|line| output.line(line))
}

/// The way from the data to the endpoints, a node after the other.
fn show_lineage(lineage: &Lineage, output: &mut Output) -> Result<(), Failure> {
    output.line("")?;
    for (at, node) in lineage.nodes.iter().enumerate() {
        let when = node.at.map(|at| at.format("  %Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default();
        output.line(&format!("{} {:<10}  {}{when}", if at == 0 { "●" } else { "↓" }, kind_name(node.kind), node.name))?;
        let details: Vec<Vec<String>> = node.detail.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        for line in columns(&details) {
            output.line(&format!("│   {line}"))?;
        }
    }
    Ok(())
}

const fn kind_name(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::Data => "data",
        LineageKind::Unload => "unload",
        LineageKind::Processing => "processing",
        LineageKind::Training => "training",
        LineageKind::Model => "model",
        LineageKind::Package => "package",
        LineageKind::Endpoint => "endpoint",
    }
}

const fn approval_name(approval: ApprovalState) -> &'static str {
    match approval {
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::PendingManualApproval => "waiting for approval",
    }
}
