//! Reads a walkthrough as strictly as a compiler: whatever the screen could not use is a finding with its place.

use std::fmt;

use serde::Serialize;

use super::check::{Check, known_at};
use super::notes::Notes;
use super::script::{File, rank, step_of};
use super::{covers, figure, needs};
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
    if let Some((early, message)) = notes.early.and_then(|early| Some((early, not_early(step, early)?))) {
        let (line, column) = place(text, "early", early.name());
        findings.push(Finding { line, column, rule: Rule::Step, message });
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// Why a step cannot begin as soon as another one is done, whatever the order in which they are presented.
fn not_early(step: Step, early: Step) -> Option<String> {
    if step == Step::Cleanup {
        return Some("a cleanup removes what is still to be shown: it begins in its turn only".to_owned());
    }
    let missing = needs(step).iter().find(|_| !covers(early, step))?;
    Some(format!("the step needs `{missing}`, which may not be done when `{early}` is"))
}

/// What is wrong with the steps that begin early, as the steps are presented in this order: their number, and what is said of it.
pub fn too_early(steps: &[(Step, Option<Step>)]) -> Vec<(usize, String)> {
    let late = steps.iter().enumerate().filter_map(|(at, (_, early))| {
        let early = (*early)?;
        let before = steps[..at].iter().any(|(step, _)| *step == early);
        (!before).then(|| (at, format!("the step `{early}` is not presented before this one, which begins as soon as it is done")))
    });
    late.collect()
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
    findings.extend(order(files));
    findings
}

/// What begins too early in the order of the files.
fn order(files: &[File]) -> Vec<(String, Finding)> {
    let text = |file: &File| file.text.as_deref().unwrap_or_default().to_owned();
    let mut presented: Vec<&File> = files.iter().filter(|file| step_of(&file.name).is_some()).collect();
    presented.sort_by_key(|file| rank(&file.name));
    let steps: Vec<_> = presented.iter().filter_map(|file| Some((step_of(&file.name)?, Notes::read(&text(file)).0.early))).collect();
    let finding = |(at, message): (usize, String)| {
        let (file, (_, early)) = (presented[at], steps[at]);
        let (line, column) = place(&text(file), "early", early.map(Step::name).unwrap_or_default());
        (file.name.clone(), Finding { line, column, rule: Rule::Step, message })
    };
    too_early(&steps).into_iter().map(finding).collect()
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
    fn a_step_begins_early_after_one_that_has_what_it_needs_and_comes_before() {
        let with = |at: usize, early: &str| {
            let (name, text) = built_in_files().nth(at).unwrap();
            let text: String = text.lines().filter(|line| !line.starts_with("early:")).map(|line| format!("{line}\n")).collect();
            File { name: name.into(), text: Ok(text.replacen("action:", &format!("early: {early}\naction:"), 1)) }
        };
        let told = |files: &[File]| -> Vec<_> {
            walkthrough(files).into_iter().map(|(name, finding)| (name, finding.column, finding.rule, finding.message)).collect()
        };
        let plain = |at: usize| {
            let (name, text) = built_in_files().nth(at).unwrap();
            File { name: name.into(), text: Ok(text.into()) }
        };
        assert_eq!(told(&[plain(3), with(7, "load")]), []);
        let missing = told(&[plain(2), with(7, "lake")]);
        assert_eq!(missing.len(), 1);
        assert!(missing[0].1 == 8 && missing[0].3.contains("needs `load`"), "{missing:?}");
        let cleanup = told(&[plain(3), with(8, "load")]);
        assert!(cleanup.len() == 1 && cleanup[0].3.contains("a cleanup"), "{cleanup:?}");
        for files in [&[with(7, "load")][..], &[with(7, "load"), File { name: "9-load.md".into(), ..plain(3) }], &[with(7, "redshift-ml")]]
        {
            let late = told(files);
            assert!(late.len() == 1 && late[0].2 == Rule::Step && late[0].3.contains("not presented before"), "{late:?}");
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
