//! Arguments, logging, dispatch; nothing else.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use color_eyre::config::{HookBuilder, Theme};
use shiftdeck::cli::failure::Failure;
use shiftdeck::cli::{self, Cli};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// Stack of a worker: the planner of the SQL engine recurses deeply in this profile.
const STACK: usize = 8 << 20;

/// How far work stands back behind the screen when there are fewer cores than things to do: Linux keeps this for each thread, and a thread
/// has what the one that started it had, so that all threads of the embedded AWS and of training have it too.
#[cfg(target_os = "linux")]
const WORK_NICENESS: i32 = 5;

/// The variable that chooses what is logged, in the syntax of `tracing_subscriber::EnvFilter`.
const LOG_VARIABLE: &str = "SHIFTDECK_LOG";

/// How much the SDK and the HTTP client write at most.
const SDK_AT_MOST: &str = "aws_smithy_runtime=debug,aws_smithy_runtime_api=debug,aws_runtime=debug,aws_sigv4=debug,hyper=debug,h2=debug";

fn main() -> ExitCode {
    // First, so that it sees a panic in anything below.
    let theme = if colourful() { Theme::dark() } else { Theme::new() };
    if let Err(error) = HookBuilder::default().theme(theme).display_env_section(false).install() {
        eprintln!("error reports will be plain: {error}");
    }
    let cli = Cli::read(std::env::args_os());
    let no_color = cli.global.no_color;
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.tell(no_color);
            ExitCode::from(failure.code())
        }
    }
}

/// Whether reports of panics may have colours. The flag `--no-color` is not known yet.
fn colourful() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal()
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let environment: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))).collect();
    cli::check_walkthrough(&cli)?;
    if !cli.needs_settings() {
        return cli::run_without_settings(&cli, environment).map(|()| ExitCode::SUCCESS);
    }
    let settings = cli.settings(environment.clone())?;
    start_log(&environment, cli.global.verbose, settings.local.state_dir.as_deref())?;
    if cli.command.is_none() {
        cli::check_terminal()?;
    }
    let runtime = runtime(cli.command.is_none())?;
    let ended = match cli.command {
        Some(command) => {
            runtime.block_on(cli::run_command(command, settings, environment, cli.global.no_color)).map(|()| ExitCode::SUCCESS)
        }
        None => runtime.block_on(cli::show_screen(settings, cli.walkthrough, cli.cast.as_deref())),
    };
    // Whatever still runs has been told to stop; nobody waits for it.
    runtime.shutdown_background();
    cli::end_recordings();
    ended
}

/// The threads that do the work; behind a screen they let its thread, which is started by this one, go first.
fn runtime(behind_a_screen: bool) -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("shiftdeck").thread_stack_size(STACK);
    #[cfg(target_os = "linux")]
    if behind_a_screen {
        builder.on_thread_start(|| {
            // A thread may always become nicer; where a sandbox forbids it, it is as fast as the screen.
            if let Err(error) = rustix::process::nice(WORK_NICENESS) {
                tracing::debug!(%error, "work goes on at the priority of the screen");
            }
        });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = behind_a_screen;
    builder.build().map_err(|error| Failure::io("could not start the runtime", &error))
}

/// Logs to a file in the state directory when asked to; never to the screen.
fn start_log(environment: &BTreeMap<String, String>, verbose: u8, state_dir: Option<&Path>) -> Result<(), Failure> {
    let chosen = environment.get(LOG_VARIABLE).filter(|text| !text.is_empty());
    let filter = match (chosen, verbose) {
        (Some(text), _) => text.as_str(),
        (None, 0) => return Ok(()),
        (None, 1) => "warn,shiftdeck=debug",
        (None, _) => "debug,shiftdeck=trace",
    };
    let Some(directory) = state_dir else { return Ok(()) };
    // On its finest level the SDK writes out what it sends and gets, statements and logins among it.
    let capped = if filter.to_ascii_lowercase().contains("trace") { format!("{filter},{SDK_AT_MOST}") } else { filter.to_owned() };
    let filter = EnvFilter::try_new(&capped)
        .map_err(|error| Failure::usage(format!("{LOG_VARIABLE} is `{filter}`: {error}"), "For example: SHIFTDECK_LOG=shiftdeck=debug"))?;
    let path = directory.join("shiftdeck.log");
    let failed = |error: std::io::Error| Failure::io(format!("{} cannot be written", path.display()), &error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
    // Only one subscriber is ever set in a process, so that setting it cannot fail.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
    Ok(())
}
