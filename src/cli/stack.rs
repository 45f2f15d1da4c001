//! `shiftdeck stack`: the stacks of the demonstration, and what happened to them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::ops::Context;
use crate::ops::stacks::{self, EventView, StackView};

/// Show the demonstration's stacks of CloudFormation, and what happened to them
#[derive(Debug, Args)]
pub struct Stack {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the stacks, where they stand, and what they give to others
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show what happened to a stack, the oldest first
    Events {
        /// `network`, `studio`, or the name or id of any stack
        name: String,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Does what was asked.
///
/// # Errors
/// What the service says.
pub async fn run(arguments: &Stack, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    act(&arguments.action, &session.quiet(), &mut output).await?;
    output.flush()?;
    session.close().await;
    Ok(())
}

async fn act(action: &Action, context: &Context, output: &mut Output) -> Result<(), Failure> {
    match action {
        Action::List { json } => {
            let listed = stacks::list(context).await?;
            if *json {
                return output.json(&json!({ "stacks": listed }));
            }
            for line in columns(&listed.iter().map(row).collect::<Vec<_>>()) {
                output.line(&line)?;
            }
            Ok(())
        }
        Action::Events { name, json } => {
            let events = stacks::events(context, name).await?;
            if *json {
                return output.json(&json!({ "events": events }));
            }
            let heading = ["time", "resource", "type", "state", "reason"].map(str::to_owned).to_vec();
            let rows: Vec<Vec<String>> = std::iter::once(heading).chain(events.iter().map(event_row)).collect();
            columns(&rows).iter().try_for_each(|line| output.line(line))
        }
    }
}

fn row(view: &StackView) -> Vec<String> {
    let status = match (&view.status, view.wanted) {
        (Some(status), _) => status.clone(),
        (None, true) => "not made yet".to_owned(),
        (None, false) => "not asked for".to_owned(),
    };
    let outputs: Vec<String> = view.outputs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let more = view.reason.clone().filter(|_| outputs.is_empty()).unwrap_or_else(|| outputs.join("  "));
    vec![view.stack.word().to_owned(), view.name.clone(), status, time(view.created), one_line(&more)]
}

fn event_row(event: &EventView) -> Vec<String> {
    let reason = event.reason.as_deref().map(one_line).unwrap_or_default();
    vec![time(event.at), event.resource.clone(), event.kind.clone(), event.state.clone(), reason]
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
}

/// CloudFormation lists what is wrong with properties on several lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::stack::DemoStack;

    #[test]
    fn a_stack_is_one_line() {
        let mut view = StackView {
            stack: DemoStack::Network,
            name: "BankDM-network".into(),
            wanted: true,
            status: None,
            reason: None,
            created: None,
            outputs: [("VpcId".to_owned(), "vpc-1".to_owned())].into(),
        };
        assert_eq!(row(&view), ["network", "BankDM-network", "not made yet", "", "VpcId=vpc-1"]);
        view.wanted = false;
        assert_eq!(row(&view)[2], "not asked for");
        view.outputs.clear();
        view.status = Some("ROLLBACK_COMPLETE".into());
        view.reason = Some("because\nof it".into());
        assert_eq!((row(&view)[2].as_str(), row(&view)[4].as_str()), ("ROLLBACK_COMPLETE", "because of it"));
    }
}
