//! `shiftdeck cleanup`: removes what the demonstration made.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, columns};
use super::run::run_steps;
use super::session::Session;
use super::{confirm, dry_run};
use crate::config::Settings;
use crate::demo::step::Step;
use crate::ops::steps;

/// Remove everything that the demonstration made
#[derive(Debug, Args)]
pub struct Cleanup {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask on `aws`
    #[arg(long)]
    pub yes: bool,
    /// One JSON object per event, and a summary at the end; with --dry-run one document
    #[arg(long)]
    pub json: bool,
}

/// Removes, or says what would be removed.
///
/// # Errors
/// What could not be removed.
pub async fn run(arguments: &Cleanup, settings: &Arc<Settings>, output: Output) -> Result<(), Failure> {
    if arguments.dry_run {
        return plan(arguments.json, settings, output).await;
    }
    confirm::destructive(settings, arguments.yes, "cleaning up", confirm::LOOK_AT_CLEANUP)?;
    run_steps(&[Step::Cleanup], settings, output, arguments.json).await
}

async fn plan(json: bool, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    let removals = steps::cleanup_plan(&session.quiet()).await?;
    if json {
        let listed: Vec<_> = removals.iter().map(|removal| json!({"kind": removal.kind, "name": removal.name})).collect();
        output.json(&json!({ "removals": listed }))?;
    } else if removals.is_empty() {
        output.line("there is nothing to remove")?;
        output.line(dry_run::NOTHING)?;
    } else {
        output.line(&format!("cleaning up would remove, in this order ({} things):", removals.len()))?;
        let rows: Vec<Vec<String>> = removals.iter().map(|removal| vec![format!("  {}", removal.kind), removal.name.clone()]).collect();
        columns(&rows).iter().try_for_each(|line| output.line(line))?;
        output.line(dry_run::NOTHING)?;
    }
    output.flush()?;
    session.close().await;
    Ok(())
}
