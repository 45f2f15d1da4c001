//! `shiftdeck doctor`: is everything there that a demonstration needs?

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::failure::{Failure, exit};
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::SystemClock;
use crate::demo::operator::{self, Need};
use crate::ops::Context;
use crate::ops::doctor::{self, Check, Verdict};
use crate::target;
use crate::tui;

/// Check what a demonstration needs, before the audience is there
#[derive(Debug, Args)]
pub struct Doctor {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Instead: the IAM policy that whoever runs the demonstration needs, for an administrator to attach
    #[arg(long, conflicts_with = "json")]
    pub policy: bool,
    /// With --policy: only what the caller is not allowed yet
    #[arg(long, requires = "policy")]
    pub missing: bool,
}

/// Checks and shows.
///
/// # Errors
/// Exit code 3 when something that is needed is missing.
pub async fn run(
    arguments: &Doctor,
    settings: &Arc<Settings>,
    environment: &BTreeMap<String, String>,
    mut output: Output,
) -> Result<(), Failure> {
    if arguments.policy {
        return policy(arguments.missing, settings, output).await;
    }
    let variable = |name: &str| environment.get(name).cloned();
    let around = doctor::surroundings(settings, &variable, &tui::terminal_of(settings, &settings.screen.theme, variable));
    let mut checks = around.before;
    if settings.aws.target == TargetKind::Replay {
        checks.push(recording(settings));
    } else {
        checks.extend(account(settings).await);
    }
    checks.extend(around.after);

    let failed = checks.iter().any(|check| check.verdict == Verdict::Failed);
    if arguments.json {
        output.json(&json!({"ok": !failed, "target": settings.aws.target, "checks": checks}))?;
    } else {
        let rows: Vec<Vec<String>> =
            checks.iter().map(|check| vec![glyph(check.verdict).0.to_owned(), check.name.to_owned(), check.message.clone()]).collect();
        for (line, check) in columns(&rows).iter().zip(&checks) {
            let (glyph, sgr) = glyph(check.verdict);
            output.line(&line.replacen(glyph, &output.paint(sgr, glyph), 1))?;
            if let Some(fix) = &check.fix {
                output.line(&format!("     next: {fix}"))?;
            }
        }
    }
    output.flush()?;
    if failed { Err(Failure::Silent(exit::PRECONDITION)) } else { Ok(()) }
}

const fn glyph(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Ok => ("✔", "32"),
        Verdict::Warning => ("!", "33"),
        Verdict::Failed => ("✖", "31"),
    }
}

/// Whether the recording can be played, and what it is of. There is no account that could be asked for more.
fn recording(settings: &Settings) -> Check {
    const NAME: &str = "recording";
    match target::played(settings, Arc::new(SystemClock)) {
        Ok(played) => {
            let made = played.began.format("%Y-%m-%d %H:%M UTC");
            let calls = super::output::thousands(played.calls as u64);
            let message = format!(
                "{} of {made}: {calls} calls of the target `{}`, data `{}`, program {}",
                played.name, played.target, played.data, played.program
            );
            match played.warning {
                None => Check::ok(NAME, message),
                Some(warning) => Check::warning(NAME, format!("{message}; {warning}"), "What comes after that cannot be played."),
            }
        }
        Err(error) => {
            Check { name: NAME, verdict: Verdict::Failed, message: error.to_string(), fix: error.fix, detail: serde_json::Map::new() }
        }
    }
}

/// The policy of whoever runs the demonstration, or the part of it that is not allowed yet.
async fn policy(missing: bool, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    let needs = needs(missing, &session.quiet()).await;
    session.close().await;
    let needs = needs?;
    if needs.is_empty() {
        output.line("Nothing is missing: every action that the steps call is allowed.")?;
    } else {
        // An administrator reads it before attaching it.
        output.line(&format!("{:#}", operator::policy(&needs)))?;
    }
    output.flush()
}

async fn needs(missing: bool, context: &Context) -> Result<Vec<Need>, Failure> {
    if !missing {
        return Ok(doctor::needs(context).await?);
    }
    match doctor::of_caller(context).await? {
        doctor::Allowed::Lacking(lacking) => Ok(lacking),
        doctor::Allowed::All(_) | doctor::Allowed::Root => Ok(Vec::new()),
        doctor::Allowed::Unknown(why) => Err(Failure::Told {
            code: exit::FAILED,
            what: "could not find out what is missing".to_owned(),
            why: Some(why),
            next: Some("Leave --missing out for the whole policy.".to_owned()),
        }),
    }
}

/// Whether the account answers, whose it is, and what only it can tell.
async fn account(settings: &Arc<Settings>) -> Vec<Check> {
    match Session::open_to_look(settings).await {
        Ok(session) => {
            let connection = &session.connection;
            let mut checks = vec![doctor::account(&connection.account, connection.is_held_elsewhere())];
            checks.extend(doctor::examine(&session.quiet(), connection.calls.subscribe()).await);
            session.close().await;
            checks
        }
        Err(failure) => {
            let (message, fix) = match failure {
                Failure::Told { what, why, next, .. } => (why.map_or(what.clone(), |why| format!("{what}: {why}")), next),
                Failure::Silent(_) | Failure::ReaderGone => ("it could not be opened".to_owned(), None),
            };
            vec![Check { verdict: Verdict::Failed, fix, ..Check::ok(doctor::Part::Account.name(), message) }]
        }
    }
}
