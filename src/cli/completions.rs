//! `shiftdeck completions` and `shiftdeck man`: made from the arguments themselves.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::failure::Failure;
use super::output::Output;

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// Shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
pub struct Man {}

/// Prints completions.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(arguments: &Completions, output: &mut Output) -> Result<(), Failure> {
    // The generator writes to memory, because it panics on a stream that refuses.
    let mut text = vec![];
    clap_complete::generate(arguments.shell, &mut Cli::command(), "shiftdeck", &mut text);
    output.line(String::from_utf8_lossy(&text).trim_end())?;
    output.flush()
}

/// Prints the manual page, with one section for each command.
///
/// # Errors
/// When standard output cannot be written.
pub fn man(output: &mut Output) -> Result<(), Failure> {
    let mut text = vec![];
    let failed = |error: std::io::Error| Failure::io("could not make the manual page", &error);
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut text).map_err(failed)?;
    for subcommand in command.get_subcommands() {
        text.extend_from_slice(format!(".SH \"COMMAND {}\"\n", subcommand.get_name().to_uppercase()).as_bytes());
        let manual = clap_mangen::Man::new(subcommand.clone());
        manual.render_synopsis_section(&mut text).map_err(failed)?;
        manual.render_options_section(&mut text).map_err(failed)?;
    }
    output.line(String::from_utf8_lossy(&text).trim_end())?;
    output.flush()
}
