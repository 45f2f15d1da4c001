//! The arguments as they are typed, made into what clap takes: `--target replay FILE`, whose file is an argument only after this word, and settings
//! both before and after the command, of which clap would forget the first.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory as _;

use super::Cli;
use crate::demo::step::Step;

/// The word.
const REPLAY: &str = "replay";
/// The flag that takes the file.
const FILE: &str = "--replay-file";
/// The flag that changes a setting.
const SET: &str = "--set";

/// The arguments with the file of `--target replay FILE` and of `--target replay:FILE` behind a flag of its own. The word after `replay` is
/// the file unless it is an option, or the name of a command or a step: a file that is called so is written with its directory (`./run`).
pub fn expanded(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter().peekable();
    let mut expanded = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            expanded = together(expanded);
            expanded.push(argument);
            expanded.extend(arguments);
            return expanded;
        }
        let value = match argument.to_str() {
            Some("--target") => arguments.next(),
            Some(text) => text.strip_prefix("--target=").map(OsString::from),
            None => None,
        };
        let Some(value) = value else {
            expanded.push(argument);
            continue;
        };
        let (target, named) = split(&value);
        expanded.extend([OsString::from("--target"), target]);
        let file = named.or_else(|| if value == REPLAY { arguments.next_if(|next| is_file(next)) } else { None });
        if let Some(file) = file {
            expanded.extend([OsString::from(FILE), file]);
        }
    }
    together(expanded)
}

/// The settings (`--set KEY=VALUE`, `--set=KEY=VALUE`) in one place, that of the last one, in their order: of a flag that is given both before and
/// after the command, clap keeps what is after it.
fn together(arguments: Vec<OsString>) -> Vec<OsString> {
    let whole =
        |argument: &OsString| argument.to_str().is_some_and(|text| text.strip_prefix(SET).is_some_and(|rest| rest.starts_with('=')));
    let mut settings = Vec::new();
    let mut others = Vec::new();
    // Where the last setting was among the others.
    let mut at = 0;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if whole(&argument) {
            settings.push(argument);
            at = others.len();
        } else if argument == SET {
            settings.push(argument);
            settings.extend(arguments.next());
            at = others.len();
        } else {
            others.push(argument);
        }
    }
    others.splice(at..at, settings);
    others
}

/// `replay:FILE` in its parts.
fn split(value: &OsStr) -> (OsString, Option<OsString>) {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    match value.as_bytes().strip_prefix(b"replay:") {
        Some(file) => (OsString::from(REPLAY), Some(OsString::from_vec(file.to_vec()))),
        None => (value.to_owned(), None),
    }
}

fn is_file(argument: &OsStr) -> bool {
    let Some(text) = argument.to_str() else { return true };
    let command = || Cli::command().get_subcommands().any(|command| command.get_name() == text);
    let step = || Step::ALL.iter().any(|step| step.name() == text);
    !text.starts_with('-') && !text.is_empty() && !command() && !step()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use clap::Parser as _;

    use super::*;
    use crate::cli::Command;
    use crate::config::settings::TargetKind;

    fn made(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from);
        expanded(arguments).into_iter().map(|argument| argument.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_file_of_a_replay_is_found_in_every_form() {
        for (typed, expected) in [
            ("shiftdeck --target replay talk.rec", "shiftdeck --target replay --replay-file talk.rec"),
            ("shiftdeck --target replay talk.rec run --all", "shiftdeck --target replay --replay-file talk.rec run --all"),
            ("shiftdeck run --all --target replay talk.rec", "shiftdeck run --all --target replay --replay-file talk.rec"),
            ("shiftdeck --target=replay talk status", "shiftdeck --target replay --replay-file talk status"),
            ("shiftdeck --target replay:a:b status", "shiftdeck --target replay --replay-file a:b status"),
            ("shiftdeck --target=replay:talk.rec", "shiftdeck --target replay --replay-file talk.rec"),
            ("shiftdeck --target replay ./run status", "shiftdeck --target replay --replay-file ./run status"),
        ] {
            assert_eq!(made(typed), expected);
        }
    }

    #[test]
    fn what_is_no_file_stays() {
        for line in [
            "shiftdeck --target replay run --all",
            "shiftdeck run --target replay load",
            "shiftdeck --target replay --set a.b=c status",
            "shiftdeck --target local status",
            "shiftdeck --target",
            "shiftdeck status -- --target replay x",
            "shiftdeck sql -e replay",
        ] {
            assert_eq!(made(line), line);
        }
    }

    #[test]
    fn settings_before_and_after_the_command_count() {
        for (typed, expected) in [
            ("shiftdeck --set a.b=1 run --set c.d=2 --all", "shiftdeck run --set a.b=1 --set c.d=2 --all"),
            ("shiftdeck --set=a.b=1 --set c.d=2 run --set=e.f=3", "shiftdeck run --set=a.b=1 --set c.d=2 --set=e.f=3"),
            ("shiftdeck --set a.b=1 status", "shiftdeck --set a.b=1 status"),
            ("shiftdeck --set a.b=1 sql -- --set c", "shiftdeck --set a.b=1 sql -- --set c"),
            ("shiftdeck run --all --set", "shiftdeck run --all --set"),
        ] {
            assert_eq!(made(typed), expected);
        }
        let arguments = "shiftdeck --set a.b=1 run --all --set a.b=2 --set c.d=3".split(' ').map(OsString::from);
        let cli = Cli::try_parse_from(expanded(arguments)).unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(cli.global.set, [pair("a.b", "1"), pair("a.b", "2"), pair("c.d", "3")]);
    }

    #[test]
    fn clap_takes_what_is_made() {
        let arguments = "shiftdeck run --target replay talk.rec --all --json".split(' ').map(OsString::from);
        let cli = Cli::try_parse_from(expanded(arguments)).unwrap();
        assert_eq!((cli.global.target, cli.global.replay_file.clone()), (Some(TargetKind::Replay), Some("talk.rec".into())));
        assert!(matches!(cli.command, Some(Command::Run(_))));
    }
}
