//! What resetting, saving, restoring and preparing would do. The account is opened to count what it has, and nothing else.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use serde::Serialize;

use super::super::dry_run;
use super::super::failure::{Failure, exit};
use super::super::output::{Output, thousands};
use super::super::session::Session;
use crate::config::Settings;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::inventory::{self, Inventory};
use crate::ops::{OpError, OpErrorKind, Outlook};
use crate::prepared::{self, Choice, Preparation, Saved};
use crate::target;

/// What becomes of the embedded account as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Lost {
    /// What it has now; absent when it has never been used.
    now: Option<Inventory>,
}

/// What it takes to work on the account alone.
async fn now(settings: &Arc<Settings>, what: &str) -> Result<Outlook<Lost>, OpError> {
    let home = target::state_dir(settings)?;
    if !home.join("account").exists() {
        return Ok(Outlook { plan: Lost { now: None }, obstacles: Vec::new() });
    }
    let session = Session::open_to_look(settings).await.map_err(|failure| unopened(what, failure))?;
    // Replacing the account needs it alone.
    let used = (!session.connection.owns_account())
        .then(|| OpError::precondition("", what, format!("{} is in use by another process", home.display()), "close it, then try again"));
    let counted = inventory::read(&session.quiet()).await;
    session.close().await;
    Ok(Outlook { plan: Lost { now: Some(counted?) }, obstacles: used.into_iter().collect() })
}

/// Why the account could not be opened, as the reason of what was to be done with it.
fn unopened(what: &str, failure: Failure) -> OpError {
    let code = failure.code();
    let Failure::Told { what: cause, why, next, .. } = failure else { return OpError::cancelled(what) };
    let why = why.map_or_else(|| cause.clone(), |why| format!("{cause}: {why}"));
    let kind = match code {
        exit::PRECONDITION => OpErrorKind::Precondition,
        exit::USAGE => OpErrorKind::Usage,
        exit::CANCELLED => OpErrorKind::Cancelled,
        _ => OpErrorKind::Failed,
    };
    OpError { kind, fix: next, ..OpError::failed("", what, why) }
}

impl Lost {
    fn line(&self) -> String {
        match &self.now {
            None => "it has not been used yet: nothing is lost".to_owned(),
            Some(now) if now.is_empty() => "it has nothing of the demonstration: nothing is lost".to_owned(),
            Some(now) => format!("what it has now is lost: {}", now.in_words()),
        }
    }
}

/// What a question of these commands is told as: it is asked where there is somebody to ask.
fn asks(yes: bool, consequence: &str) -> Vec<String> {
    let asked = !yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    if asked { vec![format!("it asks first: {consequence}. Go on? (--yes answers)")] } else { Vec::new() }
}

/// Tells what a reset would do.
///
/// # Errors
/// What the reset would fail by.
pub async fn reset(settings: &Arc<Settings>, yes: bool, output: &mut Output) -> Result<(), Failure> {
    let outlook = async {
        let saved = prepared::saved(settings).map_err(|error| OpError { what: "could not reset".to_owned(), ..error })?;
        Ok((now(settings, "could not reset the embedded AWS").await?, saved))
    };
    let (outlook, saved) = match outlook.await {
        Ok((outlook, saved)) => (Ok(outlook), saved),
        Err(error) => (Err(error), Vec::new()),
    };
    let lines = |lost: &Lost| {
        let mut lines = vec!["the embedded AWS would be a fresh account".to_owned(), lost.line()];
        if !saved.is_empty() {
            let names: Vec<&str> = saved.iter().map(|saved| saved.name.as_str()).collect();
            lines.push(format!("checkpoints stay: {}", names.join(", ")));
        }
        lines
    };
    dry_run::tell(outlook, &asks(yes, super::RESETS), false, output, lines)
}

/// Tells what saving would do.
///
/// # Errors
/// What saving would fail by.
pub async fn save(settings: &Arc<Settings>, name: &str, yes: bool, output: &mut Output) -> Result<(), Failure> {
    let what = "could not save the checkpoint";
    let outlook = async {
        let known = prepared::saved(settings)?.into_iter().find(|known| known.name == name);
        let mut outlook = now(settings, what).await?;
        if outlook.plan.now.is_none() {
            let why = "there is nothing to save: the embedded account has not been used yet";
            outlook.obstacles.push(OpError::usage(what, why, "run a step first, then save"));
        }
        Ok((outlook, known))
    };
    let (outlook, known) = match outlook.await {
        Ok((outlook, known)) => (Ok(outlook), known),
        Err(error) => (Err(error), None),
    };
    let lines = |lost: &Lost| {
        let now = lost.now.as_ref().map_or_else(|| "nothing".to_owned(), Inventory::in_words);
        let mut lines = vec![format!("what the embedded AWS has now would be saved as `{name}`: {now}")];
        lines.extend(known.as_ref().map(|known| format!("it replaces {}", of(known))));
        lines
    };
    let asks = if known.is_some() { asks(yes, &super::replaces(name)) } else { Vec::new() };
    dry_run::tell(outlook, &asks, false, output, lines)
}

/// Tells what restoring what a name stands for would do.
///
/// # Errors
/// What restoring would fail by.
pub async fn restore(
    settings: &Arc<Settings>,
    name: &str,
    choice: Result<Choice, OpError>,
    yes: bool,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let outlook = async {
        let choice = choice?;
        let preparation = match choice {
            Choice::Moment { ready: None, .. } => Some(prepared::plan(settings)?),
            _ => None,
        };
        Ok((now(settings, "could not restore the checkpoint").await?, choice, preparation))
    };
    let (outlook, asks, told) = match outlook.await {
        Ok((outlook, choice, preparation)) => {
            (Ok(outlook), asks(yes, &super::restores(name, &choice)), chosen(&choice, preparation.as_ref()))
        }
        Err(error) => (Err(error), Vec::new(), Vec::new()),
    };
    dry_run::tell(outlook, &asks, json, output, |lost| told.into_iter().chain([lost.line()]).collect())
}

/// What a name stands for, in lines.
fn chosen(choice: &Choice, preparation: Option<&Preparation>) -> Vec<String> {
    match choice {
        Choice::Saved(saved) => vec![format!("the embedded AWS would be as it was in {}", of(saved))],
        Choice::Moment { moment, ready } => {
            let next = moment.next();
            let mut lines = vec![format!("the embedded AWS would be as it is before step {} {}", next.number(), next.name())];
            match (ready, preparation) {
                (Some(saved), _) => lines.push(format!("ready since {}", saved.created.format("%Y-%m-%d %H:%M UTC"))),
                (None, Some(preparation)) => {
                    lines.push("it is not ready: the moments of the walkthrough would be prepared first".to_owned());
                    lines.extend(preparing(preparation));
                }
                (None, None) => {}
            }
            lines
        }
    }
}

/// Tells what preparing would do.
///
/// # Errors
/// What preparing would fail by.
pub fn prepare(settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let outlook = prepared::plan(settings).map(|plan| Outlook { plan: Lines(preparing(&plan)), obstacles: Vec::new() });
    dry_run::tell(outlook, &[], false, output, |lines| lines.0.clone())
}

#[derive(Serialize)]
struct Lines(Vec<String>);

fn preparing(plan: &Preparation) -> Vec<String> {
    let time = match plan.seconds {
        Some(seconds) => format!("they took {} together the last time", figures::duration(seconds)),
        None => "how long they take is not known here yet".to_owned(),
    };
    let mut lines = vec![format!("every step but the cleanup would be run on the side, without touching the account; {time}")];
    let named = |ready: bool| -> Vec<&'static str> {
        plan.moments.iter().filter(|(_, is)| *is == ready).map(|(step, _)| Step::name(*step)).collect()
    };
    let (made, kept) = (named(false), named(true));
    if !made.is_empty() {
        lines.push(format!("made ready: before {}", made.join(", ")));
    }
    if !kept.is_empty() {
        lines.push(format!("ready already: before {}", kept.join(", ")));
    }
    if !plan.removed.is_empty() {
        let bytes = plan.removed.iter().map(|saved| saved.bytes).sum();
        lines.push(format!(
            "{} of other settings would be removed ({})",
            figures::counted(plan.removed.len() as u64, "checkpoint"),
            figures::bytes(bytes)
        ));
    }
    lines
}

/// A saved state, in words.
fn of(saved: &Saved) -> String {
    format!("`{}` of {} ({} files)", saved.name, saved.created.format("%Y-%m-%d %H:%M UTC"), thousands(saved.files))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::prepared::Moment;

    fn saved(name: &str) -> Saved {
        Saved { name: name.into(), created: DateTime::UNIX_EPOCH, files: 1234, bytes: 5_000_000 }
    }

    #[test]
    fn what_is_lost_is_told_in_numbers() {
        let lost = |now| Lost { now }.line();
        assert_eq!(lost(None), "it has not been used yet: nothing is lost");
        assert_eq!(lost(Some(Inventory::default())), "it has nothing of the demonstration: nothing is lost");
        let some = Inventory { models: 2, executions: 3, ..Inventory::default() };
        assert_eq!(lost(Some(some)), "what it has now is lost: 3 executions, 2 model versions");
    }

    #[test]
    fn a_checkpoint_is_told_with_when_it_was_saved() {
        let preparation = Preparation {
            moments: vec![(Step::Foundation, true), (Step::Explore, false), (Step::Lake, false)],
            removed: vec![saved("before-5-pipeline.0")],
            seconds: Some(8.0),
        };
        assert_eq!(
            chosen(&Choice::Saved(saved("monday")), None),
            ["the embedded AWS would be as it was in `monday` of 1970-01-01 00:00 UTC (1,234 files)"]
        );
        let moment = Moment::Before(Step::Pipeline);
        assert_eq!(chosen(&Choice::Moment { moment, ready: Some(saved("x")) }, None)[1], "ready since 1970-01-01 00:00 UTC");
        let told = chosen(&Choice::Moment { moment, ready: None }, Some(&preparation)).join("\n");
        insta::assert_snapshot!(told, @r"
        the embedded AWS would be as it is before step 5 pipeline
        it is not ready: the moments of the walkthrough would be prepared first
        every step but the cleanup would be run on the side, without touching the account; they took 8.0 s together the last time
        made ready: before explore, lake
        ready already: before foundation
        1 checkpoint of other settings would be removed (5.0 MB)
        ");
    }
}
