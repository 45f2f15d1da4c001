//! `shiftdeck rehearse`: the whole presentation without anybody, and what came of it.

mod held;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::failure::{Failure, exit};
use super::output::{Output, columns};
use super::{aside, confirm, interrupt, walkthrough};
use crate::app::walkthrough::check::Verdict;
use crate::app::walkthrough::script::File;
use crate::config::Settings;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::demo::figures;
use crate::local::pace::Pace;
use crate::tui::rehearsal::{self, Other, Rehearsed, Went};
use held::Held;

/// Present the whole walkthrough without anybody, and say how long each step took and which checks failed
#[derive(Debug, Args)]
#[command(
    after_help = "On the embedded AWS it begins with a fresh account in a directory of its own and leaves nothing behind. On `aws` it \
works in the account, and its last step cleans up."
)]
pub struct Rehearse {
    /// The walkthrough in this directory instead of the built-in one
    #[arg(long, value_name = "DIR")]
    pub walkthrough: Option<PathBuf>,
    /// Columns and rows of the screen
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x36", value_parser = aside::size)]
    pub size: (u16, u16),
    /// Waits as long as a demonstration does, instead of none
    #[arg(long)]
    pub live: bool,
    /// Rehearse so many times, one after the other in this process, and compare the figures and the memory
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub times: u32,
    /// Write a report into this new directory: Markdown and HTML, the screens as SVG, the statements that ran
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// The screens have to be those of this report, times and costs aside: what was recorded then plays as it was seen
    #[arg(long, value_name = "DIR")]
    pub like: Option<PathBuf>,
    /// Do not ask on `aws`
    #[arg(long)]
    pub yes: bool,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// Rehearses, and says how it went.
///
/// # Errors
/// Exit code 1 when a step or a check failed.
pub async fn run(arguments: &Rehearse, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    confirm::destructive(settings, arguments.yes, "a rehearsal, which ends with a cleanup,", confirm::LOOK_AT_CLEANUP)?;
    let files = arguments.walkthrough.as_deref().map(walkthrough::read).transpose()?;
    if let Some(directory) = arguments.report.as_deref().filter(|directory| directory.exists()) {
        return Err(Failure::usage(format!("{} is there already", directory.display()), "Name a new directory for the report."));
    }
    let like = arguments.like.as_deref().map(report::seen).transpose()?;
    let cancel = interrupt::token()?;
    let mut runs: Vec<Run> = Vec::new();
    let mut first: Option<Rehearsed> = None;
    let rehearsed = loop {
        let rehearsed = once(arguments, settings, files.clone(), cancel.clone()).await?;
        let same = first.as_ref().is_none_or(|first| first.comes_to_the_same(&rehearsed));
        let of_first = first.iter().flat_map(|first| rehearsed.other_screens(&first.seen)).map(|other| told(&other, "at first"));
        let of_report = like.iter().flat_map(|seen| rehearsed.other_screens(seen)).map(|other| told(&other, "in the report"));
        let screens: Vec<String> = of_first.chain(of_report).collect();
        let right = rehearsed.steps.iter().all(Went::is_right);
        let run = Run { seconds: rehearsed.seconds, held: Held::now(), same, screens, right };
        if arguments.times > 1 && !arguments.json {
            output.line(&run.line(runs.len() + 1))?;
            output.flush()?;
        }
        runs.push(run);
        if runs.len() >= arguments.times as usize {
            break rehearsed;
        }
        first.get_or_insert(rehearsed);
    };
    if let Some(directory) = &arguments.report {
        report::write(directory, &rehearsed, settings)
            .map_err(|error| Failure::io(format!("{} cannot be written", directory.display()), &error))?;
    }
    let right = runs.iter().all(|run| run.right && run.same && run.screens.is_empty());
    if arguments.json {
        output.json(&document(&rehearsed, right, &runs))?;
    } else {
        lines(&rehearsed).iter().try_for_each(|line| output.line(line))?;
        if let [Run { screens, .. }] = &runs[..] {
            screens.iter().try_for_each(|screen| output.line(&format!("another screen: {screen}")))?;
        }
        if let Some(directory) = &arguments.report {
            output.line(&format!("the report: {}", directory.join("report.html").display()))?;
        }
    }
    output.flush()?;
    if right { Ok(()) } else { Err(Failure::Silent(exit::FAILED)) }
}

/// Where a screen is another one.
fn told(other: &Other, there: &str) -> String {
    let line = |line: &Option<String>| line.as_ref().map_or_else(|| "not seen".to_owned(), |line| format!("“{line}”"));
    format!("{}, {}: {}, and {there} {}", other.step, other.beat.name(), line(&other.here), line(&other.there))
}

/// One rehearsal, on the embedded AWS with a fresh account.
async fn once(
    arguments: &Rehearse,
    settings: &Arc<Settings>,
    files: Option<Vec<File>>,
    cancel: CancellationToken,
) -> Result<Rehearsed, Failure> {
    // The directory is held until the rehearsal has ended, and goes then.
    let (there, _directory) = aside::account(settings, if arguments.live { Pace::Live } else { Pace::Instant })?;
    let clock: SharedClock = Arc::new(SystemClock);
    let rehearsed = rehearsal::run(there, clock, files, arguments.size, cancel).await;
    rehearsed.map_err(|broken| aside::broken_off("the rehearsal broke off", &broken))
}

/// One of several rehearsals.
#[derive(Debug, Serialize)]
struct Run {
    seconds: f64,
    /// What the process has afterwards.
    #[serde(flatten)]
    held: Held,
    /// Whether it came to the same as the first one.
    same: bool,
    /// The screens that were others than those of the first one, or of the report, times aside, each with a line that differs.
    #[serde(rename = "other_screens")]
    screens: Vec<String>,
    /// Whether every step was as it should be.
    right: bool,
}

impl Run {
    fn line(&self, number: usize) -> String {
        let same = match (self.same, self.screens.as_slice()) {
            (false, _) => "other figures than the first".to_owned(),
            (true, []) => "as the first".to_owned(),
            (true, [first, ..]) => format!("{} another one ({first})", figures::counted(self.screens.len() as u64, "screen")),
        };
        let right = if self.right { "" } else { ", not every step as it should be" };
        format!("run {number}: {}, {}, {same}{right}", figures::duration(self.seconds), self.held.line())
    }
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✔",
        Verdict::Fails => "✖",
        Verdict::Open => "?",
    }
}

fn checks(went: &Went) -> String {
    went.checks.iter().map(|(verdict, told)| format!("{} {told}", mark(*verdict))).collect::<Vec<_>>().join(", ")
}

fn lines(rehearsed: &Rehearsed) -> Vec<String> {
    let row = |went: &Went| {
        let mark = if went.is_right() { "✔" } else { "✖" };
        let took = went.seconds.map(figures::duration).unwrap_or_default();
        let what = if went.done { checks(went) } else { went.message.clone() };
        vec![format!("{mark} {}", went.title), took, format!("of {} min", went.minutes), what]
    };
    let mut lines = columns(&rehearsed.steps.iter().map(row).collect::<Vec<_>>());
    let (right, all) = (rehearsed.steps.iter().filter(|went| went.is_right()).count(), rehearsed.steps.len());
    let planned: u32 = rehearsed.steps.iter().map(|went| went.minutes).sum();
    let took = figures::duration(rehearsed.seconds);
    lines.push(format!("{right} of {all} steps are as they should be; {took} without a word said, {planned} min are planned"));
    lines
}

fn document(rehearsed: &Rehearsed, ok: bool, runs: &[Run]) -> serde_json::Value {
    let steps: Vec<_> = rehearsed
        .steps
        .iter()
        .map(|went| {
            let checks: Vec<_> =
                went.checks.iter().map(|(verdict, told)| json!({ "holds": *verdict == Verdict::Holds, "check": told })).collect();
            json!({
                "step": went.step, "title": went.title, "minutes": went.minutes, "seconds": went.seconds, "done": went.done,
                "message": went.message, "checks": checks,
            })
        })
        .collect();
    json!({
        "ok": ok,
        "seconds": rehearsed.seconds,
        "beats": rehearsed.seen.len(),
        "steps": steps,
        "figures": rehearsed.figures,
        "runs": runs,
    })
}
