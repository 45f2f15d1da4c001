//! `shiftdeck status`: the resource checklist.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::demo::resource::ResourceState;
use crate::ops::checklist;
use crate::ops::steps::{self, StepState};

/// Show every resource of the demonstration and its state
#[derive(Debug, Args)]
pub struct Status {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// Shows the checklist.
///
/// # Errors
/// When the account cannot be read.
pub async fn run(arguments: &Status, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    let context = session.quiet();
    let resources = checklist::read(&context).await?;
    let states = steps::from_checklist(&resources);
    if arguments.json {
        let steps: Vec<_> = states
            .iter()
            .map(|(step, state)| {
                let (state, message) = match state {
                    StepState::Pending => ("pending", ""),
                    StepState::Done(message) => ("done", message.as_str()),
                    StepState::Unknown(message) => ("unknown", message.as_str()),
                };
                json!({"step": step, "state": state, "message": message})
            })
            .collect();
        output.json(&json!({
            "target": settings.aws.target,
            "account": session.connection.account,
            "region": settings.aws.region,
            "demo": settings.demo.name,
            "steps": steps,
            "resources": resources,
        }))?;
    } else {
        let ready = resources.iter().filter(|resource| resource.state == ResourceState::Ready).count();
        output.line(&format!(
            "{} on {} (account {}, {}): {ready} of {} resources ready",
            settings.demo.name,
            settings.aws.target.name(),
            session.connection.account,
            settings.aws.region,
            resources.len()
        ))?;
        output.line("")?;
        let rows: Vec<Vec<String>> = resources
            .iter()
            .map(|resource| {
                let (glyph, _) = appearance(resource.state);
                vec![
                    format!("{glyph} {}", state_name(resource.state)),
                    resource.kind.to_owned(),
                    resource.name.clone(),
                    resource.detail.clone(),
                ]
            })
            .collect();
        for (line, resource) in columns(&rows).iter().zip(&resources) {
            // Colour after alignment: it has no width.
            let (glyph, sgr) = appearance(resource.state);
            output.line(&line.replacen(glyph, &output.paint(sgr, glyph), 1))?;
        }
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// Glyph and colour of a state.
const fn appearance(state: ResourceState) -> (&'static str, &'static str) {
    match state {
        ResourceState::Missing => ("◌", "90"),
        ResourceState::Creating | ResourceState::Changing | ResourceState::Deleting => ("●", "33"),
        ResourceState::Ready => ("✔", "32"),
        ResourceState::Failed => ("✖", "31"),
        ResourceState::Unknown => ("?", "35"),
    }
}

const fn state_name(state: ResourceState) -> &'static str {
    match state {
        ResourceState::Missing => "missing",
        ResourceState::Creating => "creating",
        ResourceState::Ready => "ready",
        ResourceState::Changing => "changing",
        ResourceState::Deleting => "deleting",
        ResourceState::Failed => "failed",
        ResourceState::Unknown => "unknown",
    }
}
