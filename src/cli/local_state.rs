//! `shiftdeck reset` and `shiftdeck checkpoint`: the state of the embedded AWS as a whole.

mod plan;

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::{Failure, exit};
use super::interrupt;
use super::moment::At;
use super::output::{Output, columns, thousands};
use super::report::Reporter;
use super::session::cancelled;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::prepared::{self, Choice, Moment};
use crate::target;

/// Put the embedded AWS back to a fresh account; checkpoints stay
#[derive(Debug, Args)]
pub struct Reset {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Only say what would be lost
    #[arg(long)]
    pub dry_run: bool,
}

/// Save and restore named states of the embedded AWS; bring any account to a moment of the walkthrough
#[derive(Debug, Args)]
pub struct Checkpoint {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Save the state under a name
    Save {
        /// Name: letters, digits and ._-
        name: String,
        /// Replace a checkpoint of that name without asking
        #[arg(long)]
        yes: bool,
        /// Only say what would be saved and replaced
        #[arg(long)]
        dry_run: bool,
    },
    /// Go back to a saved state, or to a moment of the walkthrough: `before-pipeline`, `after-load`, `before-5`
    Restore {
        /// Name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Only say what would be restored, from when, and what would be lost
        #[arg(long)]
        dry_run: bool,
    },
    /// Make the moments of the walkthrough ready, so that each is restored at once; with --at, bring the account itself to one
    Prepare(Prepare),
    /// List the saved states, oldest first
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Make the moments of the walkthrough ready, so that each is restored at once; with --at, bring the account itself to one
///
/// On the embedded AWS the account is replaced by the one of that moment. On `aws` what later steps have made is removed, the steps that are missing
/// are run, and the account is read again.
#[derive(Debug, Args)]
struct Prepare {
    /// Bring the account to this moment: `before-pipeline`, `after-load`, `before-5`
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Do not ask
    #[arg(long, requires = "at")]
    yes: bool,
    /// Only say what would be made, run and removed, how long it takes and what it costs
    #[arg(long)]
    dry_run: bool,
    /// With --at, one JSON object per event, and a summary at the end; with --dry-run one document
    #[arg(long, requires = "at")]
    json: bool,
}

impl Checkpoint {
    /// Whether it asks anything of an account, rather than working on the files of the embedded one.
    pub fn opens_account(&self, target: TargetKind) -> bool {
        target == TargetKind::Aws && matches!(&self.action, Action::Prepare(Prepare { at: Some(_), .. }))
    }
}

/// Resets the embedded AWS.
///
/// # Errors
/// On another target, or while another process uses the state.
pub async fn reset(arguments: &Reset, settings: &Arc<Settings>, output: &mut Output) -> Result<(), Failure> {
    if arguments.dry_run {
        return plan::reset(settings, arguments.yes, output).await;
    }
    ask(arguments.yes, RESETS)?;
    target::reset(settings)?;
    output.line("the embedded AWS is a fresh account again")?;
    output.flush()
}

/// What a reset does, for whoever is asked.
const RESETS: &str = "everything in the embedded AWS will be removed";

/// What saving under a name that is taken does.
fn replaces(name: &str) -> String {
    format!("the checkpoint `{name}` will be replaced")
}

/// What restoring does.
fn restores(name: &str, choice: &Choice) -> String {
    match choice {
        Choice::Saved(_) => format!("the embedded AWS will be as it was when `{name}` was saved"),
        Choice::Moment { .. } => format!("the embedded AWS will be as it is {}", name.replacen('-', " ", 1)),
    }
}

/// Saves, restores or lists.
///
/// # Errors
/// On another target, while another process uses the state, or when there is no such checkpoint.
pub async fn checkpoint(arguments: &Checkpoint, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let clock: SharedClock = Arc::new(SystemClock);
    match &arguments.action {
        Action::Save { name, yes, dry_run: true } => return plan::save(settings, name, *yes, &mut output).await,
        Action::Restore { name, yes, dry_run: true } => {
            let choice = prepared::choose(settings, name);
            return plan::restore(settings, name, choice, *yes, false, &mut output).await;
        }
        Action::Prepare(Prepare { at: Some(name), yes, dry_run, json }) => {
            let asked = At { name, yes: *yes, dry_run: *dry_run, json: *json };
            return match settings.aws.target {
                TargetKind::Aws => super::moment::run(&asked, settings, output).await,
                TargetKind::Local | TargetKind::Replay => at_once(&asked, settings, &clock, output).await,
            };
        }
        Action::Prepare(Prepare { dry_run: true, .. }) => return plan::prepare(settings, &mut output),
        Action::Save { name, yes, .. } => {
            if prepared::saved(settings)?.iter().any(|known| known.name == *name) {
                ask(*yes, &replaces(name))?;
            }
            let saved = target::checkpoint_save(settings, name, &clock)?;
            output.line(&format!("saved `{name}`: {} files, {} bytes", thousands(saved.files), thousands(saved.bytes)))?;
        }
        Action::Restore { name, yes, .. } => {
            let choice = prepared::choose(settings, name)?;
            ask(*yes, &restores(name, &choice))?;
            match choice {
                Choice::Moment { moment, ready } => {
                    put_to(settings, &clock, moment, ready.is_some()).await?;
                    output.line(&next_step(moment))?;
                }
                Choice::Saved(_) => {
                    let restored = target::checkpoint_restore(settings, name)?;
                    output.line(&format!("restored `{}` of {}", restored.name, restored.created.format("%Y-%m-%d %H:%M UTC")))?;
                }
            }
        }
        Action::Prepare(_) => {
            prepare(settings, &clock).await?;
            output.line("every moment of the walkthrough is ready: `shiftdeck checkpoint restore before-pipeline`")?;
        }
        Action::List { json: true } => output.json(&json!({ "checkpoints": target::checkpoint_list(settings)? }))?,
        Action::List { json: false } => {
            let rows: Vec<Vec<String>> = target::checkpoint_list(settings)?
                .iter()
                .map(|known| {
                    vec![
                        known.name.clone(),
                        known.created.format("%Y-%m-%d %H:%M UTC").to_string(),
                        format!("{} files", thousands(known.files)),
                        format!("{} bytes", thousands(known.bytes)),
                    ]
                })
                .collect();
            columns(&rows).iter().try_for_each(|line| output.line(line))?;
        }
    }
    output.flush()
}

/// Puts the embedded account to a moment, which is prepared first when it has to be.
async fn put_to(settings: &Settings, clock: &SharedClock, moment: Moment, ready: bool) -> Result<(), Failure> {
    if !ready {
        prepare(settings, clock).await?;
    }
    Ok(prepared::restore(settings, moment)?)
}

fn next_step(moment: Moment) -> String {
    format!("the next step is {} {}", moment.next().number(), moment.next().name())
}

/// Brings the embedded account to a moment: what restoring it does.
async fn at_once(asked: &At<'_>, settings: &Arc<Settings>, clock: &SharedClock, mut output: Output) -> Result<(), Failure> {
    let moment = prepared::moment(asked.name)?;
    let choice = prepared::choose_moment(settings, moment);
    if asked.dry_run {
        return plan::restore(settings, asked.name, choice, asked.yes, asked.json, &mut output).await;
    }
    let (began, choice) = (Instant::now(), choice?);
    ask(asked.yes, &restores(asked.name, &choice))?;
    put_to(settings, clock, moment, matches!(choice, Choice::Moment { ready: Some(_), .. })).await?;
    if asked.json {
        return Reporter::new(output, true, 0).summary(true, began.elapsed().as_secs_f64());
    }
    output.line(&next_step(moment))?;
    output.flush()
}

/// Runs the steps on the side, and says so to whoever waits.
async fn prepare(settings: &Settings, clock: &SharedClock) -> Result<(), Failure> {
    let told = io::stderr().is_terminal();
    let cancel = interrupt::token()?;
    let work = prepared::prepare(settings, clock, |step| {
        if told {
            eprintln!("preparing: {} {}", step.number(), step.title());
        }
    });
    tokio::select! {
        () = cancel.cancelled() => Err(cancelled()),
        done = work => Ok(done?),
    }
}

/// Asks where there is somebody to ask. A script has said what it wants by calling the command.
fn ask(yes: bool, consequence: &str) -> Result<(), Failure> {
    if yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    eprint!("{consequence}. Go on? [y/N] ");
    let asked = |error: io::Error| Failure::io("could not ask", &error);
    io::stderr().flush().map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Told { code: exit::CANCELLED, what: "nothing was changed".to_owned(), why: None, next: None })
    }
}
