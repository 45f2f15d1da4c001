//! The presenter's notes: one markdown file per step with a front matter, embedded.

use std::sync::OnceLock;

use crate::app::pane::Pane;
use crate::demo::step::Step;

/// The notes of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    /// Title.
    pub title: String,
    /// How long presenting it takes, in minutes.
    pub minutes: u32,
    /// The pane where it can be seen.
    pub pane: Pane,
    /// The action that it asks for, by its name in the table of actions.
    pub action: String,
    /// What has to be true afterwards, as `metric operator value` or the name of a step that is done.
    pub checks: Vec<String>,
    /// The markdown below the front matter.
    pub body: String,
}

/// Why notes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotesError {
    /// No front matter.
    #[error("the notes do not begin with `---`")]
    NoFrontMatter,
    /// A line of the front matter is not `key: value`, or the key is not known.
    #[error("line {line}: `{text}` is none of title, minutes, pane, action, checks")]
    Unknown {
        /// Line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A value does not fit.
    #[error("line {line}: `{value}` is not {expected}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// What is there.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
}

impl Notes {
    /// Reads notes.
    pub fn parse(text: &str) -> Result<Notes, NotesError> {
        let rest = text.strip_prefix("---\n").ok_or(NotesError::NoFrontMatter)?;
        let (head, body) = rest.split_once("\n---\n").ok_or(NotesError::NoFrontMatter)?;
        let mut notes = Notes {
            title: String::new(),
            minutes: 1,
            pane: Pane::Walkthrough,
            action: "step.run".into(),
            checks: Vec::new(),
            body: body.trim().to_owned(),
        };
        for (index, line) in head.lines().enumerate() {
            let line_number = index + 2;
            let unknown = || NotesError::Unknown { line: line_number, text: line.to_owned() };
            let value_error = |value: &str, expected| NotesError::Value { line: line_number, value: value.to_owned(), expected };
            let (key, value) = line.split_once(':').ok_or_else(unknown)?;
            let value = value.trim();
            match key.trim() {
                "title" => notes.title = value.to_owned(),
                "minutes" => notes.minutes = value.parse().map_err(|_| value_error(value, "a whole number of minutes"))?,
                "pane" => notes.pane = Pane::by_title(value).ok_or_else(|| value_error(value, "the title of a pane"))?,
                "action" => notes.action = value.to_owned(),
                "checks" => {
                    notes.checks = value.split(',').map(|check| check.trim().to_owned()).filter(|check| !check.is_empty()).collect()
                }
                _ => return Err(unknown()),
            }
        }
        Ok(notes)
    }
}

const TEXTS: [&str; 9] = [
    include_str!("../../../assets/walkthrough/1-foundation.md"),
    include_str!("../../../assets/walkthrough/2-explore.md"),
    include_str!("../../../assets/walkthrough/3-lake.md"),
    include_str!("../../../assets/walkthrough/4-load.md"),
    include_str!("../../../assets/walkthrough/5-pipeline.md"),
    include_str!("../../../assets/walkthrough/6-deploy.md"),
    include_str!("../../../assets/walkthrough/7-predict.md"),
    include_str!("../../../assets/walkthrough/8-redshift-ml.md"),
    include_str!("../../../assets/walkthrough/9-cleanup.md"),
];

/// The notes of a step.
pub fn notes(step: Step) -> &'static Notes {
    static NOTES: OnceLock<Vec<Notes>> = OnceLock::new();
    let all = NOTES.get_or_init(|| {
        TEXTS
            .iter()
            .zip(Step::ALL)
            .map(|(text, step)| {
                // The files are part of the program and a test reads each of them; were one broken, its text is shown as it is.
                Notes::parse(text).unwrap_or_else(|error| Notes {
                    title: step.title().to_owned(),
                    minutes: 1,
                    pane: Pane::Walkthrough,
                    action: "step.run".into(),
                    checks: Vec::new(),
                    body: format!("{error}\n\n{text}"),
                })
            })
            .collect()
    });
    &all[step as usize]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::action::actions;

    #[test]
    fn the_notes_of_every_step_are_complete() {
        for (text, step) in TEXTS.iter().zip(Step::ALL) {
            let notes = Notes::parse(text).unwrap_or_else(|error| panic!("{step}: {error}"));
            assert_eq!(notes.title, step.title(), "{step}");
            assert!(notes.minutes >= 1);
            assert!(actions().any(|action| action.name == notes.action), "{step}: {}", notes.action);
            assert!(!notes.checks.is_empty(), "{step}");
            for heading in ["## Say", "## Show", "## What happens", "## Notice"] {
                assert!(notes.body.contains(heading), "{step}: {heading}");
            }
        }
    }

    #[test]
    fn broken_front_matter_is_refused_with_its_line() {
        assert_eq!(Notes::parse("# x"), Err(NotesError::NoFrontMatter));
        assert!(matches!(Notes::parse("---\ntitle: a\nminutes: soon\n---\nx"), Err(NotesError::Value { line: 3, .. })));
        assert!(matches!(Notes::parse("---\ntitle: a\ncolour: red\n---\nx"), Err(NotesError::Unknown { line: 3, .. })));
        assert!(matches!(Notes::parse("---\npane: Kitchen\n---\nx"), Err(NotesError::Value { line: 2, .. })));
    }
}
