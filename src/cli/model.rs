//! `shiftdeck model`: the model registry.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, columns, thousands};
use super::session::Session;
use crate::config::Settings;
use crate::ops::models::{self, ApprovalState, ModelVersion};

/// List, show, approve and reject the models that the pipeline registered
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
    /// Show a version and its figures on the test split
    Show {
        /// Version; the newest without it
        version: Option<u32>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Allow a version to be deployed
    Approve {
        /// Version; the newest without it
        version: Option<u32>,
        /// Why, kept with the version
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Keep a version from being deployed
    Reject {
        /// Version; the newest without it
        version: Option<u32>,
        /// Why, kept with the version
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// Does what was asked.
///
/// # Errors
/// What the service says, or that there is no such version.
pub async fn run(arguments: &Model, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open(settings).await?;
    let context = session.quiet();
    match &arguments.action {
        Action::List { json } => {
            let versions = models::list(&context).await?;
            list(&versions, *json, &mut output)?;
        }
        Action::Show { version, json } => {
            let version = match version {
                Some(version) => models::show(&context, *version).await?,
                None => models::show(&context, newest(&context).await?).await?,
            };
            if *json { output.json(&version)? } else { show(&version, &mut output)? }
        }
        Action::Approve { version, note } => decide(&context, *version, ApprovalState::Approved, note, &mut output).await?,
        Action::Reject { version, note } => decide(&context, *version, ApprovalState::Rejected, note, &mut output).await?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

async fn newest(context: &crate::ops::Context) -> Result<u32, Failure> {
    match models::list(context).await?.first() {
        Some(version) => Ok(version.version),
        None => Err(Failure::precondition("no model is registered", "Run `shiftdeck run pipeline` first.")),
    }
}

async fn decide(
    context: &crate::ops::Context,
    version: Option<u32>,
    approval: ApprovalState,
    note: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let version = match version {
        Some(version) => version,
        None => newest(context).await?,
    };
    let changed = models::decide(context, version, approval, note).await?;
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
            vec![format!("version {}", version.version), approval_name(version.approval).to_owned(), created, figures]
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

const fn approval_name(approval: ApprovalState) -> &'static str {
    match approval {
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::PendingManualApproval => "waiting for approval",
    }
}
