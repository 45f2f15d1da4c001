//! Reads a walkthrough as strictly as a compiler: whatever the screen could not use is a finding with its place.

use std::fmt;

use serde::Serialize;

use super::check::{Check, known_at};
use super::figure;
use super::notes::Notes;
use super::script::{File, step_of};
use crate::demo::step::Step;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The file as a whole.
    File,
    /// There is no front matter.
    FrontMatter,
    /// A key of the front matter.
    Key,
    /// The value of a key.
    Value,
    /// A pane that does not exist.
    Pane,
    /// A statement that is not in the library, or is not shown in the console.
    Statement,
    /// An action that does not exist.
    Action,
    /// A step that does not exist, or is told twice.
    Step,
    /// A check that cannot be understood.
    Check,
    /// A figure that nothing gives, or not by then.
    Figure,
    /// A section that is missing, empty or unknown.
    Section,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What it is about.
    pub rule: Rule,
    /// A sentence.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Everything that is wrong in one file of a step.
pub fn file(step: Step, text: &str) -> Vec<Finding> {
    let (notes, mut findings) = Notes::read(text);
    for check in &notes.checks {
        let late = match check {
            Check::Done(other) if *other > step => {
                Some((other.name(), Rule::Step, format!("the step `{}` comes after this one", other.name())))
            }
            Check::Figure { name, .. } if !known_at(step, name) => {
                Some((name.as_str(), Rule::Figure, format!("the figure `{name}` is given by a later step only")))
            }
            _ => None,
        };
        if let Some((needle, rule, message)) = late {
            let (line, column) = place(text, "checks", needle);
            findings.push(Finding { line, column, rule, message });
        }
    }
    if let Some(name) = notes.figure.as_deref().filter(|name| !figure::known_at(step, name)) {
        let (line, column) = place(text, "figure", name);
        findings.push(Finding { line, column, rule: Rule::Figure, message: format!("the figure `{name}` is given by a later step only") });
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// Where a word stands in the line of a key.
fn place(text: &str, key: &str, needle: &str) -> (usize, usize) {
    text.lines()
        .enumerate()
        .find(|(_, line)| line.trim_start().starts_with(key))
        .and_then(|(index, line)| {
            let values = line.find(':')? + 1;
            let at = values + line[values..].find(needle)?;
            Some((index + 1, line[..at].chars().count() + 1))
        })
        .unwrap_or((1, 1))
}

/// Everything that is wrong in the files of a walkthrough, by file.
pub fn walkthrough(files: &[File]) -> Vec<(String, Finding)> {
    let mut findings = Vec::new();
    let mut told: Vec<(Step, &str)> = Vec::new();
    for found in files {
        let whole = |rule, message: String| (found.name.clone(), Finding { line: 1, column: 1, rule, message });
        let Some(step) = step_of(&found.name) else {
            findings.push(whole(
                Rule::Step,
                format!(
                    "the name says no step; it is a number and a step, `3-lake.md`, and the steps are {}",
                    Step::ALL.map(Step::name).join(", ")
                ),
            ));
            continue;
        };
        if let Some((_, other)) = told.iter().find(|(other, _)| *other == step) {
            findings.push(whole(Rule::Step, format!("the step `{step}` is told in {other} already")));
        }
        told.push((step, &found.name));
        match &found.text {
            Ok(text) => findings.extend(file(step, text).into_iter().map(|finding| (found.name.clone(), finding))),
            Err(why) => findings.push(whole(Rule::File, format!("the file cannot be read: {why}"))),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::walkthrough::script::built_in_files;

    #[test]
    fn the_built_in_script_passes() {
        let files: Vec<File> = built_in_files().map(|(name, text)| File { name: name.into(), text: Ok(text.into()) }).collect();
        assert_eq!(walkthrough(&files), []);
        for (file, step) in files.iter().zip(Step::ALL) {
            let notes = Notes::read(file.text.as_ref().unwrap()).0;
            assert_eq!(notes.title, step.title());
            assert!(!notes.checks.is_empty(), "{step}");
            let telling = matches!(step, Step::Load | Step::Pipeline | Step::Predict | Step::RedshiftMl | Step::Cleanup);
            assert!(!telling || notes.figure.is_some(), "{step} has one figure to remember");
        }
    }

    #[test]
    fn names_and_what_comes_too_early_are_found() {
        let text = built_in_files().nth(3).unwrap().1;
        let text = text.replace("checks: load,", "checks: deploy, auc > 0.5,").replace("figure: rows", "figure: decision");
        let file = |name: &str, text: &str| File { name: name.into(), text: Ok(text.to_owned()) };
        let files = [
            file("1-lunch.md", ""),
            file("4-load.md", &text),
            file("5-load.md", built_in_files().nth(3).unwrap().1),
            File { name: "6-lake.md".into(), text: Err("denied".into()) },
        ];
        let found: Vec<_> =
            walkthrough(&files).into_iter().map(|(name, finding)| (name, finding.line, finding.column, finding.rule)).collect();
        assert_eq!(
            found,
            [
                ("1-lunch.md".to_owned(), 1, 1, Rule::Step),
                ("4-load.md".to_owned(), 7, 9, Rule::Step),
                ("4-load.md".to_owned(), 7, 17, Rule::Figure),
                ("4-load.md".to_owned(), 8, 9, Rule::Figure),
                ("5-load.md".to_owned(), 1, 1, Rule::Step),
                ("6-lake.md".to_owned(), 1, 1, Rule::File),
            ]
        );
    }
}
