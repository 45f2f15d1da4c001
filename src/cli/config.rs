//! `shiftdeck config`: what is in force, where each value comes from, and whether it is sound.

use std::path::Path;

use clap::Args;

use super::failure::Failure;
use super::output::Output;
use crate::config::load::DEFAULT;
use crate::config::{Sources, layers, load};

/// Show the configuration in force, with where each value comes from
#[derive(Debug, Args)]
pub struct Config {
    /// Print the documented default, to begin a file of your own with
    #[arg(long, conflicts_with_all = ["path", "check"])]
    pub default: bool,
    /// Print where your own file is looked for
    #[arg(long, conflicts_with = "check")]
    pub path: bool,
    /// Only say whether the configuration is sound
    #[arg(long)]
    pub check: bool,
}

/// Shows the configuration.
///
/// # Errors
/// When it is not sound.
pub fn run(arguments: &Config, sources: &Sources, output: &mut Output) -> Result<(), Failure> {
    if arguments.default {
        output.line(DEFAULT.trim_end())?;
    } else if arguments.path {
        let path = layers::user_file(&sources.environment).ok_or_else(|| {
            Failure::precondition(
                "there is no place for a configuration file: neither XDG_CONFIG_HOME nor HOME is set",
                "Use --config FILE.",
            )
        })?;
        output.line(&path.display().to_string())?;
    } else {
        let effective = load(sources)?;
        if arguments.check {
            let read: Vec<String> = effective.files.iter().map(|path| path.display().to_string()).collect();
            let read = if read.is_empty() { "no file, only the default".to_owned() } else { read.join(", ") };
            output.line(&format!("the configuration is sound (read: {read})"))?;
        } else {
            show(&effective, output)?;
        }
    }
    output.flush()
}

/// The settings as TOML that can be read back; each value that is not the default says where it is from.
fn show(effective: &crate::config::Effective, output: &mut Output) -> Result<(), Failure> {
    let mut section = "";
    for assignment in &effective.assignments {
        let (table, name) = assignment.key.split_once('.').unwrap_or(("", assignment.key));
        if table != section {
            if !section.is_empty() {
                output.line("")?;
            }
            output.line(&format!("[{table}]"))?;
            section = table;
        }
        let line = format!("{name} = {}", assignment.value);
        let origin = match &assignment.place.origin {
            crate::config::error::Origin::Default => "default".to_owned(),
            _ => assignment.place.to_string(),
        };
        let origin = output.paint("90", &format!("# {origin}"));
        output.line(&format!("{line:<44} {origin}"))?;
    }
    if let Some(state_dir) = effective.settings.local.state_dir.as_deref().map(Path::display) {
        output.line("")?;
        output.line(&output.paint("90", &format!("# the embedded AWS is kept in {state_dir}")))?;
    }
    Ok(())
}
