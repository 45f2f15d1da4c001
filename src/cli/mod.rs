//! The commands without the screen, one file each, and what they share: how a command ends badly, how it stops, what it prints.

mod arguments;
mod aside;
mod cleanup;
mod completions;
mod config;
mod confirm;
mod costs;
mod doctor;
mod dry_run;
mod endpoint;
mod explore;
pub mod failure;
mod interrupt;
mod local_state;
mod model;
mod moment;
mod notes;
mod output;
mod pictures;
mod pipeline;
mod plan;
mod predict;
mod project;
mod rehearse;
mod report;
mod run;
mod serve;
mod session;
mod sql;
mod stack;
mod status;
mod walkthrough;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::config::settings::TargetKind;
use crate::config::{Settings, Sources, load};
use crate::demo::clock::SystemClock;
use crate::target;
use crate::tui::cast::Cast;
use failure::Failure;
use output::Output;

/// Present and operate a Redshift to SageMaker demonstration.
///
/// Without a command the full-screen program opens. By default everything runs on an AWS that is embedded in this program: no account
/// and no network are needed, and nothing costs anything.
#[derive(Debug, Parser)]
#[command(
    name = "shiftdeck",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 a precondition is missing, 130 cancelled.\n\
                  Begin with `shiftdeck`, or with `shiftdeck run --all`."
)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// Record the screen into a new file, as an asciicast (for asciinema and its players)
    #[arg(long, value_name = "FILE")]
    pub cast: Option<PathBuf>,
    /// Present the walkthrough in this directory instead of the built-in one
    #[arg(long, value_name = "DIR", help_heading = "The screen")]
    pub walkthrough: Option<PathBuf>,
    /// Have this recording ready behind the screen: Alt-0 goes over to it when the account fails
    #[arg(long, value_name = "FILE", help_heading = "The screen")]
    pub fallback: Option<PathBuf>,
    /// Stretch the plan of the presentation to this time: the speaker's view tells how much of it is left
    #[arg(long, value_name = "N", help_heading = "The screen")]
    pub minutes: Option<u32>,
    /// The command; the screen without one.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Which AWS answers; `--target replay FILE` plays a recording
    #[arg(long, global = true, value_enum, value_name = "TARGET")]
    pub target: Option<TargetKind>,
    /// The file of `--target replay FILE`.
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub replay_file: Option<PathBuf>,
    /// Record what crosses the SDK into a new file, to play it again; secrets and the account's number are not in it
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Read settings from this file, over your own ones
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Change a setting, `mlops.max_depth=4`; may be given several times
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = pipeline::name_and_value)]
    pub set: Vec<(String, String)>,
    /// Profile of ~/.aws/config
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Where the embedded AWS is kept
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Write a log to the state directory; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run steps of the walkthrough, with progress
    Run(run::Run),
    /// Show every resource of the demonstration and its state
    Status(status::Status),
    /// Show what the demonstration costs, by the hour and so far
    Costs(costs::CostsOf),
    /// Query the warehouse or the lake
    Sql(sql::Sql),
    /// Start, watch, list, show and stop executions of the pipeline
    Pipeline(pipeline::Pipeline),
    /// List, show, compare, approve and reject the models that the pipeline registered; score with them, and train them anew
    Model(model::Model),
    /// List, deploy, promote, roll back, split and ask the endpoints
    Endpoint(endpoint::Endpoint),
    /// Show the project's repository and stages, commit the pipeline's source, approve
    Project(project::Project),
    /// Show the demonstration's stacks of CloudFormation, and what happened to them
    Stack(stack::Stack),
    /// Ask the deployed model
    Predict(predict::Predict),
    /// Look at columns of the data against the answer
    Explore(explore::Explore),
    /// Remove everything that the demonstration made
    Cleanup(cleanup::Cleanup),
    /// Present the whole walkthrough without anybody, and say how long each step took and which checks failed
    Rehearse(rehearse::Rehearse),
    /// Run the demonstration on the side and draw its panes into files, as this project's own README has them
    Pictures(pictures::Pictures),
    /// Put the embedded AWS back to a fresh account; checkpoints stay
    Reset(local_state::Reset),
    /// Save and restore named states of the embedded AWS; bring any account to a moment of the walkthrough
    Checkpoint(local_state::Checkpoint),
    /// Serve the embedded AWS on a loopback address, for boto3, the AWS CLI and others
    Serve(serve::Serve),
    /// Check what a demonstration needs, before the audience is there
    Doctor(doctor::Doctor),
    /// Show the configuration in force, with where each value comes from
    Config(config::Config),
    /// Show the speaker's view of a presentation: notes, what comes next, time, and warnings
    Notes(notes::Notes),
    /// Make a walkthrough of one's own, and check it
    Walkthrough(walkthrough::Walkthrough),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(completions::Man),
}

impl Cli {
    /// Reads the arguments of the process; ends it when they are wrong, or ask for help.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Cli {
        Cli::parse_from(arguments::expanded(arguments))
    }

    /// What the configuration is made from.
    pub fn sources(&self, environment: BTreeMap<String, String>) -> Sources {
        let global = &self.global;
        let mut flags: Vec<(String, String, String)> = vec![];
        let mut flag = |name: &str, key: &str, text: String| flags.push((format!("{name} {text}"), key.to_owned(), text));
        if let Some(target) = global.target {
            flag("--target", "aws.target", target.name().to_owned());
        }
        if let Some(file) = &global.replay_file {
            flag("--target replay", "replay.file", file.to_string_lossy().into_owned());
        }
        if let Some(file) = &self.fallback {
            flag("--fallback", "stage.fallback", file.to_string_lossy().into_owned());
        }
        if let Some(minutes) = self.minutes {
            flag("--minutes", "stage.minutes", minutes.to_string());
        }
        if let Some(file) = &global.record {
            flag("--record", "recording.file", file.to_string_lossy().into_owned());
        }
        if let Some(region) = &global.region {
            flag("--region", "aws.region", region.clone());
        }
        if let Some(profile) = &global.profile {
            flag("--profile", "aws.profile", profile.clone());
        }
        if let Some(directory) = &global.state_dir {
            flag("--state-dir", "local.state_dir", directory.to_string_lossy().into_owned());
        }
        if let Some(Command::Run(run::Run { data: Some(data), .. })) = &self.command {
            flag("--data", "data.source", data.clone());
        }
        for (key, text) in &global.set {
            flags.push((format!("--set {key}={text}"), key.clone(), text.clone()));
        }
        Sources { environment, file: global.config.clone(), recorded: None, flags }
    }

    /// The settings in force; those of a recording that is played are among them.
    ///
    /// # Errors
    /// Everything that is wrong in the configuration, and a recording that cannot be played or made.
    pub fn settings(&self, environment: BTreeMap<String, String>) -> Result<Settings, Failure> {
        let mut sources = self.sources(environment);
        let mut settings = load(&sources)?.settings;
        if settings.aws.target == TargetKind::Replay {
            sources.recorded = Some(target::settings_of(&settings)?);
            settings = load(&sources)?.settings;
            if settings.replay.from == "auto" && self.plays_from_the_start() {
                "start".clone_into(&mut settings.replay.from);
            }
        }
        self.check_record(&settings)?;
        self.check_stage(&settings)?;
        Ok(settings)
    }

    /// Whether a recording is played from its beginning: the screen and what runs steps do what was recorded; the other commands look at
    /// what came of it.
    fn plays_from_the_start(&self) -> bool {
        matches!(self.command, None | Some(Command::Run(_) | Command::Rehearse(_) | Command::Cleanup(_)))
    }

    /// What is for the screen is refused beside a command, and a fallback that could not be gone over to before it is needed.
    fn check_stage(&self, settings: &Settings) -> Result<(), Failure> {
        if self.minutes.is_some() && self.command.is_some() {
            return Err(Failure::usage("`--minutes` is for the screen, and a command was given", "Leave one of them out."));
        }
        match (&self.command, settings.stage.fallback.as_str()) {
            (Some(_), _) if self.fallback.is_some() => {
                Err(Failure::usage("`--fallback` is for the screen, and a command was given", "Leave one of them out."))
            }
            (Some(_), _) | (None, "") => Ok(()),
            (None, file) => Ok(target::as_fallback(settings, file).map(drop)?),
        }
    }

    /// A recording that cannot be made is refused before anything is done.
    fn check_record(&self, settings: &Settings) -> Result<(), Failure> {
        let opens_no_account = match &self.command {
            Some(Command::Checkpoint(arguments)) => !arguments.opens_account(settings.aws.target),
            command => matches!(command, Some(Command::Reset(_) | Command::Serve(_) | Command::Notes(_))),
        };
        let file = settings.recording.file.as_str();
        if self.global.record.is_some() && opens_no_account {
            return Err(Failure::usage(
                "`--record` records what commands ask of an account, and this one asks nothing",
                "Leave it out, or record the screen, `run` or another command.",
            ));
        }
        if !file.is_empty() && !opens_no_account && std::fs::symlink_metadata(file).is_ok() {
            return Err(Failure::usage(
                format!("could not record into {file}: there is such a file already"),
                "Name a file that is not there yet.",
            ));
        }
        Ok(())
    }

    /// Whether the command works on settings; the others have to work when the configuration is broken.
    pub fn needs_settings(&self) -> bool {
        !matches!(self.command, Some(Command::Config(_) | Command::Completions(_) | Command::Man(_) | Command::Walkthrough(_)))
    }
}

/// Runs a command that needs no settings.
///
/// # Errors
/// What the command says.
pub fn run_without_settings(cli: &Cli, environment: BTreeMap<String, String>) -> Result<(), Failure> {
    let mut output = Output::new(cli.global.no_color);
    match &cli.command {
        Some(Command::Config(arguments)) => config::run(arguments, &cli.sources(environment), &mut output),
        Some(Command::Completions(arguments)) => completions::run(arguments, &mut output),
        Some(Command::Man(_)) => completions::man(&mut output),
        Some(Command::Walkthrough(arguments)) => walkthrough::run(arguments, &mut output),
        _ => Ok(()),
    }
}

/// Runs a command on a multi-threaded runtime.
///
/// # Errors
/// What the command says.
pub async fn run_command(
    command: Command,
    settings: Settings,
    environment: BTreeMap<String, String>,
    no_color: bool,
) -> Result<(), Failure> {
    let settings = Arc::new(settings);
    let mut output = Output::new(no_color);
    match command {
        Command::Run(arguments) => run::run(&arguments, &settings, output).await,
        Command::Status(arguments) => status::run(&arguments, &settings, output).await,
        Command::Rehearse(arguments) => rehearse::run(&arguments, &settings, output).await,
        Command::Pictures(arguments) => pictures::run(&arguments, &settings, output).await,
        Command::Costs(arguments) => costs::run(&arguments, &settings, output).await,
        Command::Sql(arguments) => sql::run(&arguments, &settings, output).await,
        Command::Pipeline(arguments) => pipeline::run(&arguments, &settings, output).await,
        Command::Model(arguments) => model::run(&arguments, &settings, output).await,
        Command::Endpoint(arguments) => endpoint::run(&arguments, &settings, output).await,
        Command::Project(arguments) => project::run(&arguments, &settings, output).await,
        Command::Stack(arguments) => stack::run(&arguments, &settings, output).await,
        Command::Predict(arguments) => predict::run(&arguments, &settings, output).await,
        Command::Explore(arguments) => explore::run(&arguments, &settings, output).await,
        Command::Cleanup(arguments) => cleanup::run(&arguments, &settings, output).await,
        Command::Reset(arguments) => local_state::reset(&arguments, &settings, &mut output).await,
        Command::Checkpoint(arguments) => local_state::checkpoint(&arguments, &settings, output).await,
        Command::Serve(arguments) => serve::run(&arguments, &settings, output).await,
        Command::Doctor(arguments) => doctor::run(&arguments, &settings, &environment, output).await,
        Command::Notes(arguments) => notes::run(&arguments, &settings, output).await,
        Command::Config(_) | Command::Completions(_) | Command::Man(_) | Command::Walkthrough(_) => Ok(()),
    }
}

/// Ends what was recorded, and says so on standard error. Blocks until it is on disk.
pub fn end_recordings() {
    for (sentence, sound) in target::end_recordings() {
        eprintln!("{}{sentence}", if sound { "" } else { "warning: " });
    }
}

/// Shows the screen until the person leaves it, with the walkthrough in a directory or the built-in one.
///
/// # Errors
/// When it ended by itself.
pub async fn show_screen(settings: Settings, walkthrough: Option<PathBuf>, cast: Option<&Path>) -> Result<ExitCode, Failure> {
    let cast = match cast {
        Some(path) => Some(Cast::create(path).map_err(|error| Failure::Told {
            code: failure::exit::USAGE,
            what: format!("could not record to {}", path.display()),
            why: Some(error.to_string()),
            next: Some("Name a file that is not there yet, in a directory that can be written.".to_owned()),
        })?),
        None => None,
    };
    crate::tui::run(settings, walkthrough, Arc::new(SystemClock), cast).await.map_err(|error| Failure::Told {
        code: failure::exit::FAILED,
        what: "the screen ended unexpectedly".to_owned(),
        why: Some(format!("{error:#}")),
        next: Some("Run `shiftdeck doctor`, or start again with -v and look into the log.".to_owned()),
    })
}

/// Whether the walkthrough of the arguments can be presented.
///
/// # Errors
/// Exit code 2 when a command is given, which presents none, or when there are no files.
pub fn check_walkthrough(cli: &Cli) -> Result<(), Failure> {
    match (&cli.walkthrough, &cli.command) {
        (None, _) => Ok(()),
        (Some(directory), None) => walkthrough::read(directory).map(drop),
        (Some(_), Some(_)) => Err(Failure::usage(
            "`--walkthrough` is for the screen, and a command was given",
            "Leave the command out: `shiftdeck --walkthrough DIR`.",
        )),
    }
}

/// Whether the screen can be shown.
///
/// # Errors
/// Exit code 3 without a terminal.
pub fn check_terminal() -> Result<(), Failure> {
    for (is_terminal, stream) in [(std::io::stdin().is_terminal(), "input"), (std::io::stdout().is_terminal(), "output")] {
        if !is_terminal {
            return Err(Failure::precondition(
                format!("the screen needs a terminal, and standard {stream} is none"),
                "Open it in a terminal, or use a command: `shiftdeck run --all`, `shiftdeck sql -e …`; `shiftdeck --help` lists them.",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_reach_the_settings() {
        let cli = Cli::parse_from([
            "shiftdeck",
            "--target",
            "aws",
            "run",
            "--data",
            "x.csv",
            "--set",
            "mlops.eta=0.1",
            "--set",
            "screen.mouse=false",
            "--region",
            "eu-west-1",
            "load",
        ]);
        let settings = cli.settings(BTreeMap::new()).unwrap();
        assert_eq!((settings.aws.target, settings.aws.region.as_str()), (TargetKind::Aws, "eu-west-1"));
        assert_eq!((settings.mlops.eta, settings.screen.mouse, settings.data.source.as_str()), (0.1, false, "x.csv"));
    }

    #[test]
    fn a_bad_flag_is_named_as_it_was_typed() {
        let cli = Cli::parse_from(["shiftdeck", "status", "--region", "nowhere"]);
        let failure = cli.settings(BTreeMap::new()).unwrap_err();
        assert_eq!(failure.code(), 2);
        assert!(failure.text(false).contains("--region nowhere: `aws.region` is \"nowhere\""), "{}", failure.text(false));
    }
}
