//! `shiftdeck walkthrough`: a script of one's own to start from, and its linter.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::dry_run;
use super::failure::{Failure, exit};
use super::output::Output;
use crate::app::walkthrough::lint::{self, Finding};
use crate::app::walkthrough::script::{File, built_in_files, rank};
use crate::demo::figures;
use crate::ops::stage::files::{self, WriteError};
use crate::tui;

/// Make a walkthrough of one's own, and check it
#[derive(Debug, Args)]
pub struct Walkthrough {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with a walkthrough.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Copy the built-in script into a directory, to start from
    New {
        /// The directory; it is made if need be
        directory: PathBuf,
        /// Only say which files would be written
        #[arg(long)]
        dry_run: bool,
    },
    /// Find what the screen could not use: unknown panes, actions, steps, keys, figures, checks, and missing sections
    Lint {
        /// The directory; the built-in script without one
        directory: Option<PathBuf>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Makes or checks a walkthrough.
///
/// # Errors
/// When files cannot be written or read, and exit code 1 when something was found.
pub fn run(arguments: &Walkthrough, output: &mut Output) -> Result<(), Failure> {
    match &arguments.action {
        Action::New { directory, dry_run: true } => {
            let planned = files::planned(directory, built_in_files());
            if !directory.exists() {
                output.line(&format!("{} would be made", directory.display()))?;
            }
            match &planned {
                Ok(files) => files.iter().try_for_each(|(path, text)| {
                    output.line(&format!("  create  {}  {}", path.display(), figures::bytes(text.len() as u64)))
                })?,
                Err(error) => output.line(&format!("it would fail: {error}"))?,
            }
            output.line(dry_run::NOTHING)?;
            output.flush()?;
            return planned.map(drop).map_err(|error| Failure::Silent(refused(error).code()));
        }
        Action::New { directory, .. } => {
            files::write(directory, built_in_files()).map_err(refused)?;
            let shown = directory.display();
            output
                .line(&format!("{} files in {shown}, one for each step; the number in front is their order.", built_in_files().count()))?;
            output.line(&format!(
                "Check them with `shiftdeck walkthrough lint {shown}`, present them with `shiftdeck --walkthrough {shown}`."
            ))?;
        }
        Action::Lint { directory, json } => {
            let (files, place) = match directory {
                Some(directory) => (read(directory)?, Some(directory)),
                None => (built_in_files().map(|(name, text)| File { name: name.to_owned(), text: Ok(text.to_owned()) }).collect(), None),
            };
            let findings = lint::walkthrough(&files);
            let path = |name: &str| place.map_or_else(|| name.to_owned(), |directory| directory.join(name).display().to_string());
            tell(&files, &findings, path, *json, output)?;
            output.flush()?;
            if !findings.is_empty() {
                return Err(Failure::Silent(exit::FAILED));
            }
        }
    }
    output.flush()
}

fn tell(
    files: &[File],
    findings: &[(String, Finding)],
    path: impl Fn(&str) -> String,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if json {
        let findings: Vec<_> = findings
            .iter()
            .map(|(name, finding)| {
                json!({ "file": path(name), "line": finding.line, "column": finding.column, "rule": finding.rule, "message": finding.message })
            })
            .collect();
        return output.json(&json!({ "ok": findings.is_empty(), "files": files.len(), "findings": findings }));
    }
    for (name, finding) in findings {
        output.line(&format!("{}:{finding}", path(name)))?;
    }
    let count = |count: usize, noun: &str| figures::counted(count as u64, noun);
    output.line(&match findings.len() {
        0 => format!("{} checked, nothing found", count(files.len(), "file")),
        found => format!("{} checked, {}", count(files.len(), "file"), count(found, "finding")),
    })
}

/// Reads the files of a walkthrough, in the order in which they are presented.
///
/// # Errors
/// Exit code 2 when the directory cannot be read or has none.
pub fn read(directory: &std::path::Path) -> Result<Vec<File>, Failure> {
    let shown = directory.display();
    let next = "`shiftdeck walkthrough new DIR` makes one to start from.";
    let mut files =
        tui::script::read(directory).map_err(|error| Failure::usage(format!("the walkthrough {shown} cannot be read: {error}"), next))?;
    if files.is_empty() {
        return Err(Failure::usage(format!("{shown} has no files of a walkthrough, such as `3-lake.md`"), next));
    }
    files.sort_by(|one, other| rank(&one.name).cmp(&rank(&other.name)));
    Ok(files)
}

fn refused(error: WriteError) -> Failure {
    match error {
        WriteError::Exists(_) => {
            Failure::usage(format!("the walkthrough was not written: {error}"), "Choose another directory, or a new one.")
        }
        WriteError::Io { ref source, .. } => Failure::io(format!("the walkthrough was not written: {error}"), source),
    }
}
