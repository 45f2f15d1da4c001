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

/// The least terminal that the screen is usable in.
const LEAST: (u16, u16) = (80, 24);

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
    let mut checks = vec![Check::ok("target", settings.aws.target.name()), Check::ok("region", settings.aws.region.clone())];
    if settings.aws.target == TargetKind::Local {
        checks.push(state_directory(settings));
    }
    if settings.aws.target == TargetKind::Replay {
        checks.push(recording(settings));
    } else {
        checks.extend(account(settings).await);
    }
    checks.push(data(settings));
    checks.push(terminal(environment));
    checks.push(colour(environment));
    checks.push(characters(environment));

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
        Err(error) => Check { name: NAME, verdict: Verdict::Failed, message: error.to_string(), fix: error.fix },
    }
}

/// Whether the state directory can be written.
fn state_directory(settings: &Settings) -> Check {
    const NAME: &str = "state";
    let failed = |message: String| Check::failed(NAME, message, "Choose another directory with --state-dir.");
    let directory = match target::state_dir(settings) {
        Ok(directory) => directory,
        Err(error) => return failed(error.to_string()),
    };
    let probe = std::fs::create_dir_all(&directory).and_then(|()| tempfile::Builder::new().prefix(".probe-").tempfile_in(&directory));
    match probe {
        Ok(_) => Check::ok(NAME, format!("{} can be written", directory.display())),
        Err(error) => failed(format!("{} cannot be written: {error}", directory.display())),
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
            let shared = settings.aws.target == TargetKind::Local && !session.connection.owns_account();
            let suffix = if shared { ", held by another shiftdeck, which answers" } else { "" };
            let mut checks = vec![Check::ok("account", format!("{}{suffix}", session.connection.account))];
            checks.extend(doctor::examine(&session.quiet(), session.connection.calls.subscribe()).await);
            session.close().await;
            checks
        }
        Err(failure) => {
            let (message, fix) = match failure {
                Failure::Told { what, why, next, .. } => (why.map_or(what.clone(), |why| format!("{what}: {why}")), next),
                Failure::Silent(_) | Failure::ReaderGone => ("it could not be opened".to_owned(), None),
            };
            vec![Check { name: "account", verdict: Verdict::Failed, message, fix }]
        }
    }
}

/// Whether a file of data can be used.
fn data(settings: &Settings) -> Check {
    const NAME: &str = "data";
    let source = settings.data.source.as_str();
    if source == "sample" {
        return Check::ok(NAME, format!("sample of {} rows", super::output::thousands(settings.data.sample_rows.into())));
    }
    if source.contains("://") {
        return Check::ok(NAME, format!("{source} (read when it is needed)"));
    }
    let read = std::fs::read(source).map_err(|error| (error.to_string(), "Correct data.source, or --data.".to_owned())).and_then(|bytes| {
        crate::demo::dataset::prepare(&bytes, source, &settings.data_set).map_err(|error| (error.to_string(), error.fix()))
    });
    match read {
        Ok(prepared) => Check::ok(NAME, format!("{source}, {} rows", super::output::thousands(prepared.rows))),
        Err((message, fix)) => Check::failed(NAME, message, fix),
    }
}

fn terminal(environment: &BTreeMap<String, String>) -> Check {
    const NAME: &str = "terminal";
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return Check::warning(NAME, "standard output is not a terminal", "The screen needs one; the commands do not.");
    }
    if environment.get("TERM").is_some_and(|name| name == "dumb") {
        return Check::warning(NAME, "TERM is `dumb`", "Use a terminal that can place the cursor.");
    }
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns >= LEAST.0 && rows >= LEAST.1 => Check::ok(NAME, format!("{columns}x{rows}")),
        Ok((columns, rows)) => {
            Check::warning(NAME, format!("{columns}x{rows}"), format!("Make it at least {}x{}; 160x45 is comfortable.", LEAST.0, LEAST.1))
        }
        Err(error) => Check::warning(NAME, format!("its size is not known: {error}"), "Try another terminal."),
    }
}

fn colour(environment: &BTreeMap<String, String>) -> Check {
    let get = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
    let message = if !get("NO_COLOR").is_empty() {
        "none (NO_COLOR)"
    } else if matches!(get("COLORTERM"), "truecolor" | "24bit") {
        "true colour"
    } else if get("TERM").contains("256color") {
        "256 colours"
    } else {
        "16 colours"
    };
    Check::ok("colour", message)
}

fn characters(environment: &BTreeMap<String, String>) -> Check {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.get(*name).filter(|value| !value.is_empty()));
    match locale {
        Some(locale) if locale.to_lowercase().replace('-', "").contains("utf8") => Check::ok("characters", locale.clone()),
        other => Check::warning(
            "characters",
            format!("the locale is {}, not UTF-8", other.map_or("not set", String::as_str)),
            "Set LANG to a UTF-8 locale, such as C.UTF-8, if the lines of the screen are not drawn right.",
        ),
    }
}
