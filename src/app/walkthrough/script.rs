//! A script: the notes of the steps that are presented, in their order. The built-in one is part of the program; another one is read from
//! files, and a file that is broken leaves the text that was good before.

use std::sync::Arc;

use super::notes::Notes;
use crate::demo::step::Step;

/// The built-in files, in order.
const BUILT_IN: [(&str, &str); 9] = [
    ("1-foundation.md", include_str!("../../../assets/walkthrough/1-foundation.md")),
    ("2-explore.md", include_str!("../../../assets/walkthrough/2-explore.md")),
    ("3-lake.md", include_str!("../../../assets/walkthrough/3-lake.md")),
    ("4-load.md", include_str!("../../../assets/walkthrough/4-load.md")),
    ("5-pipeline.md", include_str!("../../../assets/walkthrough/5-pipeline.md")),
    ("6-deploy.md", include_str!("../../../assets/walkthrough/6-deploy.md")),
    ("7-predict.md", include_str!("../../../assets/walkthrough/7-predict.md")),
    ("8-redshift-ml.md", include_str!("../../../assets/walkthrough/8-redshift-ml.md")),
    ("9-cleanup.md", include_str!("../../../assets/walkthrough/9-cleanup.md")),
];

/// The names and texts of the built-in script.
pub fn built_in_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.into_iter()
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without the directory.
    pub name: String,
    /// Its text, or why it cannot be read.
    pub text: Result<String, String>,
}

/// The step that a file tells of, by its name: `3-lake.md`.
pub fn step_of(name: &str) -> Option<Step> {
    let stem = name.strip_suffix(".md")?;
    stem.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['-', '_', '.', ' ']).parse().ok()
}

/// What a file is sorted by: the number that its name begins with, then the name.
pub fn rank(name: &str) -> (u64, &str) {
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (name[..digits].parse().unwrap_or(u64::MAX), name)
}

/// The notes of a step in a script.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The step.
    pub step: Step,
    /// Its notes.
    pub notes: Notes,
}

/// A script.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The steps that are presented, in order. There is always one.
    pages: Vec<Page>,
    /// What is wrong in its files, one sentence for each file.
    pub trouble: Vec<String>,
}

impl Script {
    /// The built-in one.
    pub fn built_in() -> Script {
        let pages = BUILT_IN.iter().zip(Step::ALL).map(|((_, text), step)| Page { step, notes: Notes::read(text).0 }).collect();
        Script { pages, trouble: Vec::new() }
    }

    /// The script of these files. Where one is broken, the notes stay as they are in `before`, and the reason is told.
    pub fn of(files: &[File], before: &Script) -> Script {
        let mut sorted: Vec<&File> = files.iter().collect();
        sorted.sort_by_key(|file| rank(&file.name));
        let mut script = Script { pages: Vec::new(), trouble: Vec::new() };
        for file in &sorted {
            let Some(step) = step_of(&file.name) else {
                script.trouble.push(format!("{}: the name says no step", file.name));
                continue;
            };
            if script.pages.iter().any(|page| page.step == step) {
                script.trouble.push(format!("{}: the step `{step}` is told already", file.name));
                continue;
            }
            let read = match &file.text {
                Ok(text) => {
                    let found = super::lint::file(step, text);
                    if found.is_empty() { Ok(Notes::read(text).0) } else { Err(said(&found)) }
                }
                Err(why) => Err(why.clone()),
            };
            let notes = read.unwrap_or_else(|why| {
                script.trouble.push(format!("{}:{why}; the text before is kept", file.name));
                before.notes(step).clone()
            });
            script.pages.push(Page { step, notes });
        }
        script.mend_order(&sorted);
        if script.pages.is_empty() {
            script.trouble.push("no file tells of a step; the text before is kept".to_owned());
            script.pages.clone_from(&before.pages);
        }
        script
    }

    /// A step that would begin before the presentation has come to what it waits for begins in its turn.
    fn mend_order(&mut self, files: &[&File]) {
        let steps: Vec<_> = self.pages.iter().map(|page| (page.step, page.notes.early)).collect();
        for (at, why) in super::lint::too_early(&steps) {
            let page = &mut self.pages[at];
            page.notes.early = None;
            let file = files.iter().find(|file| step_of(&file.name) == Some(page.step)).map_or("", |file| &file.name);
            self.trouble.push(format!("{file}: {why}; it begins in its turn"));
        }
    }

    /// The steps that are presented, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.pages.iter().map(|page| page.step)
    }

    /// How many steps are presented.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether nothing is presented; never so.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The notes of a step; of one that the script leaves out, the built-in ones.
    pub fn notes(&self, step: Step) -> &Notes {
        let of = |script: &'static Script| script.pages.iter().find(|page| page.step == step).map(|page| &page.notes);
        match self.pages.iter().find(|page| page.step == step) {
            Some(page) => &page.notes,
            None => of(shared()).unwrap_or(&shared().pages[0].notes),
        }
    }

    /// Where a step is in the script, from 0.
    pub fn position(&self, step: Step) -> Option<usize> {
        self.pages.iter().position(|page| page.step == step)
    }

    /// The step after one; of a step that the script leaves out, the next one that it does not.
    pub fn after(&self, step: Step) -> Option<Step> {
        match self.position(step) {
            Some(at) => self.pages.get(at + 1).map(|page| page.step),
            None => self.steps().find(|other| *other > step),
        }
    }

    /// The step before one.
    pub fn before(&self, step: Step) -> Option<Step> {
        match self.position(step) {
            Some(at) => at.checked_sub(1).and_then(|at| self.pages.get(at)).map(|page| page.step),
            None => self.pages.iter().rev().map(|page| page.step).find(|other| *other < step),
        }
    }
}

fn said(findings: &[super::lint::Finding]) -> String {
    match findings {
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

/// The built-in script, read once.
pub fn shared() -> &'static Arc<Script> {
    static SCRIPT: std::sync::OnceLock<Arc<Script>> = std::sync::OnceLock::new();
    SCRIPT.get_or_init(|| Arc::new(Script::built_in()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), text: Ok(text.into()) }
    }

    #[test]
    fn names_say_which_step_and_numbers_in_which_order() {
        assert_eq!(step_of("3-lake.md"), Some(Step::Lake));
        assert_eq!(step_of("10-redshift-ml.md"), Some(Step::RedshiftMl));
        assert_eq!(step_of("load.md"), Some(Step::Load));
        assert_eq!((step_of("3-lunch.md"), step_of("3-lake.txt")), (None, None));
        let files: Vec<File> = [(10, 1), (2, 3), (1, 2)]
            .into_iter()
            .map(|(number, at)| {
                let (name, text) = BUILT_IN[at];
                file(&format!("{number}-{}", name.split_once('-').unwrap().1), text)
            })
            .collect();
        let script = Script::of(&files, shared());
        assert_eq!(script.steps().collect::<Vec<_>>(), [Step::Lake, Step::Load, Step::Explore]);
        assert_eq!((script.after(Step::Load), script.before(Step::Lake), script.after(Step::Explore)), (Some(Step::Explore), None, None));
        assert_eq!(script.after(Step::Foundation), Some(Step::Lake), "a step that is left out leads back into the script");
        assert_eq!(script.notes(Step::Deploy), shared().notes(Step::Deploy));
        assert!(script.trouble.is_empty());
    }

    #[test]
    fn a_step_that_would_begin_too_early_begins_in_its_turn() {
        let (load, ml) = (BUILT_IN[3], BUILT_IN[7]);
        let script = Script::of(&[file(load.0, load.1), file(ml.0, ml.1)], shared());
        assert_eq!((script.notes(Step::RedshiftMl).early, script.trouble.len()), (Some(Step::Load), 0));
        let script = Script::of(&[file("9-load.md", load.1), file(ml.0, ml.1)], shared());
        assert_eq!(script.notes(Step::RedshiftMl).early, None);
        assert!(script.trouble[0].starts_with("8-redshift-ml.md: the step `load`"), "{:?}", script.trouble);
    }

    #[test]
    fn a_broken_file_leaves_the_text_before_and_says_why() {
        let good = BUILT_IN[2].1.replace("Put data in the lake", "Into the lake");
        let first = Script::of(&[file("3-lake.md", &good)], shared());
        assert_eq!(first.notes(Step::Lake).title, "Into the lake");
        let broken = Script::of(&[file("3-lake.md", &good.replace("minutes: 3", "minutes: many"))], &first);
        assert_eq!(broken.notes(Step::Lake).title, "Into the lake");
        assert_eq!(broken.trouble, ["3-lake.md:3:10: `many` is not a whole number of minutes; the text before is kept"]);
        let nothing = Script::of(&[], &first);
        assert_eq!(nothing.len(), 1);
        assert_eq!(nothing.trouble.len(), 1);
    }
}
