//! How a command ends badly: what is said on standard error, and with which exit code.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use crate::config::ConfigError;
use crate::demo::dataset::DataError;
use crate::ops::{OpError, OpErrorKind};

/// Exit codes, a contract with scripts.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed.
    pub const FAILED: u8 = 1;
    /// Wrong usage, configuration or input.
    pub const USAGE: u8 = 2;
    /// Something has to be there first: credentials, a terminal, an earlier step.
    pub const PRECONDITION: u8 = 3;
    /// Cancelled.
    pub const CANCELLED: u8 = 130;
}

/// A command that did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// To be told on standard error.
    Told {
        /// Exit code.
        code: u8,
        /// What failed.
        what: String,
        /// Why, where that is not part of `what`.
        why: Option<String>,
        /// What to do next.
        next: Option<String>,
    },
    /// Told already; only the exit code is left.
    Silent(u8),
    /// Whoever read standard output has gone. Not an error of this program.
    ReaderGone,
}

impl Failure {
    /// Wrong usage.
    pub fn usage(what: impl Into<String>, next: impl Into<String>) -> Self {
        Failure::Told { code: exit::USAGE, what: what.into(), why: None, next: Some(next.into()) }
    }

    /// Something has to be there first.
    pub fn precondition(what: impl Into<String>, next: impl Into<String>) -> Self {
        Failure::Told { code: exit::PRECONDITION, what: what.into(), why: None, next: Some(next.into()) }
    }

    /// A file or stream that the operating system refused. `what` says what was attempted.
    pub fn io(what: impl Into<String>, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ReaderGone;
        }
        Failure::Told { code: exit::FAILED, what: what.into(), why: Some(error.to_string()), next: None }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Told { code, .. } | Failure::Silent(code) => *code,
            Failure::ReaderGone => exit::DONE,
        }
    }

    /// What is said, lines with a line end each; empty when nothing is.
    pub fn text(&self, colour: bool) -> String {
        let mut text = String::new();
        if let Failure::Told { what, why, next, .. } = self {
            let (red, bold, plain) = if colour { ("\x1b[31;1m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{red}error:{plain} {}", indented(what, 2));
            if let Some(why) = why {
                let _ = writeln!(text, "  {bold}why:{plain}  {}", indented(why, 8));
            }
            if let Some(next) = next {
                let _ = writeln!(text, "  {bold}next:{plain} {}", indented(next, 8));
            }
        }
        text
    }

    /// Says it on standard error.
    pub fn tell(&self, no_color: bool) {
        let colour = !no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal();
        eprint!("{}", self.text(colour));
    }
}

/// The lines after the first moved to the right.
fn indented(text: &str, by: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{}", " ".repeat(by)))
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        let code = match error.kind {
            OpErrorKind::Failed => exit::FAILED,
            OpErrorKind::Usage => exit::USAGE,
            OpErrorKind::Precondition | OpErrorKind::LoginEnded => exit::PRECONDITION,
            OpErrorKind::Cancelled => exit::CANCELLED,
        };
        let what = match &error.resource {
            Some(resource) => format!("{resource}: {}", error.what),
            None => error.what.clone(),
        };
        let next = error.advice().map(str::to_owned);
        let why = (!error.why.is_empty()).then_some(error.why);
        Failure::Told { code, what, why, next }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::Told {
            code: exit::USAGE,
            what: format!("the configuration is not sound\n{error}"),
            why: None,
            next: Some("`shiftdeck config --default` shows every setting with what it may be.".to_owned()),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Failure::Told {
            code: exit::USAGE,
            what: "the data cannot be used".to_owned(),
            why: Some(error.to_string()),
            next: Some(error.fix()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_next() {
        let error = OpError {
            kind: OpErrorKind::Precondition,
            resource: Some("dm.data".into()),
            what: "could not load the table".into(),
            why: "the external table does not exist\nsecond line".into(),
            fix: Some("Run `shiftdeck run lake` first.".into()),
        };
        let failure = Failure::from(error);
        assert_eq!(failure.code(), 3);
        assert_eq!(
            failure.text(false),
            "error: dm.data: could not load the table\n  why:  the external table does not exist\n        second line\n  next: Run `shiftdeck run lake` first.\n"
        );
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let failure = Failure::io("x", &io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.code(), failure.text(false)), (0, String::new()));
    }
}
