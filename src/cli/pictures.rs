//! `shiftdeck pictures`: the screen as files, made by the screen.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::output::Output;
use super::{aside, interrupt};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::local::pace::Pace;
use crate::tui::gallery;

/// Run the demonstration on the side and draw its panes into files, as this project's own README has them
#[derive(Debug, Args)]
#[command(
    after_help = "The embedded AWS begins with a fresh account in a directory of its own, and nothing is left behind but the pictures. \
They have the theme of the settings: `--set screen.theme=light`."
)]
pub struct Pictures {
    /// Write the pictures into this directory; earlier ones are replaced
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Columns and rows of the screen
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "150x42", value_parser = aside::size)]
    pub size: (u16, u16),
    /// What kind of pictures
    #[arg(long, value_enum, default_value = "svg")]
    pub format: Format,
}

/// A kind of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Pixels
    Png,
    /// Text that scales, in the fonts of whoever looks
    Svg,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Svg => "svg",
        }
    }
}

/// Takes the pictures and says where they are.
///
/// # Errors
/// On a target other than the embedded AWS; when a step fails; when a picture cannot be taken or written.
pub async fn run(arguments: &Pictures, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    if settings.aws.target != TargetKind::Local {
        return Err(Failure::usage(
            format!("pictures are drawn of the embedded AWS, and the target is `{}`", settings.aws.target.name()),
            "Leave `--target` out; Alt-I on the screen writes what it shows, on every target.",
        ));
    }
    let unwritable = |path: &PathBuf, error: &std::io::Error| Failure::io(format!("{} cannot be written", path.display()), error);
    std::fs::create_dir_all(&arguments.directory).map_err(|error| unwritable(&arguments.directory, &error))?;
    let cancel = interrupt::token()?;
    // The directory is held until the pictures are taken, and goes then.
    let (there, _directory) = aside::account(settings, Pace::Instant)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let taken = gallery::take(there, clock, arguments.size, cancel).await;
    for picture in taken.map_err(|broken| aside::broken_off("the pictures were not taken", &broken))? {
        let path = arguments.directory.join(picture.name).with_extension(arguments.format.ending());
        let content = match arguments.format {
            Format::Svg => picture.svg().into_bytes(),
            Format::Png => picture.png().map_err(|error| unwritable(&path, &std::io::Error::other(error)))?,
        };
        std::fs::write(&path, content).map_err(|error| unwritable(&path, &error))?;
        output.line(&path.display().to_string())?;
    }
    output.flush()
}
