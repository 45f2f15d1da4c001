//! The notes of a step: one markdown file with a front matter, taken apart with the place of everything that is wrong in it.

use super::check::Check;
use super::figure;
use super::lint::{Finding, Rule};
use crate::app::action::{Action, actions};
use crate::app::pane::Pane;
use crate::demo::sql::statements;
use crate::demo::step::Step;

/// The action that runs the step itself.
pub const RUN: &str = "step.run";

/// The keys of a front matter.
pub const KEYS: [&str; 9] = ["title", "minutes", "pane", "open", "statement", "action", "early", "checks", "figure"];

/// The notes of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Notes {
    /// Title.
    pub title: String,
    /// How long presenting it takes, in minutes.
    pub minutes: u32,
    /// The pane where it can be seen.
    pub pane: Pane,
    /// The action that opens the right view of the pane, by its name; nothing when the pane is shown as it is.
    pub open: Option<String>,
    /// The statement of the library that the console shows, and runs once the step is done.
    pub statement: Option<u8>,
    /// The action that it asks for, by its name in the table of actions.
    pub action: String,
    /// The step whose end lets this one begin in the background, while a presentation is on; nothing when it begins in its turn.
    pub early: Option<Step>,
    /// What has to be true afterwards.
    pub checks: Vec<Check>,
    /// The figure that the last beat shows large, by its name.
    pub figure: Option<String>,
    /// The markdown below the front matter, without what is for the speaker alone.
    pub body: String,
    /// What is said.
    pub say: String,
    /// What is shown.
    pub show: String,
    /// What the action does.
    pub happens: String,
    /// What is to be noticed in the result.
    pub notice: String,
    /// What only the speaker sees; may be empty.
    pub aside: String,
}

/// A section of the notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What is said.
    Say,
    /// What is shown.
    Show,
    /// What the action does.
    Happens,
    /// What is to be noticed.
    Notice,
    /// What only the speaker sees.
    Aside,
}

impl Section {
    /// Every section, in order; all but the last have to be there.
    pub const ALL: [Section; 5] = [Section::Say, Section::Show, Section::Happens, Section::Notice, Section::Aside];

    /// The heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Section::Say => "Say",
            Section::Show => "Show",
            Section::Happens => "What happens",
            Section::Notice => "Notice",
            Section::Aside => "Aside",
        }
    }
}

impl Notes {
    /// Notes without a text.
    pub fn empty(title: &str) -> Notes {
        Notes {
            title: title.to_owned(),
            minutes: 1,
            pane: Pane::Walkthrough,
            open: None,
            statement: None,
            action: RUN.to_owned(),
            early: None,
            checks: Vec::new(),
            figure: None,
            body: String::new(),
            say: String::new(),
            show: String::new(),
            happens: String::new(),
            notice: String::new(),
            aside: String::new(),
        }
    }

    /// Reads notes: what can be understood of them, and everything that is wrong.
    pub fn read(text: &str) -> (Notes, Vec<Finding>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader { notes: Notes::empty(""), findings: Vec::new() };
        let lines: Vec<&str> = text.lines().collect();
        let end = lines.iter().skip(1).position(|line| line.trim_end() == "---").map(|at| at + 1);
        let body = match end {
            Some(end) if lines.first().is_some_and(|line| line.trim_end() == "---") => {
                reader.front_matter(&lines[1..end]);
                end + 1
            }
            _ => {
                reader.find(1, 1, Rule::FrontMatter, "the notes do not begin with a front matter between two lines `---`".to_owned());
                0
            }
        };
        reader.sections(&lines[body..], body);
        (reader.notes, reader.findings)
    }

    /// The action that the notes ask for; `None` when it is the step itself.
    pub fn other_action(&self) -> Option<&'static Action> {
        actions().find(|action| action.name == self.action && action.name != RUN)
    }

    /// The text of a section.
    pub fn section(&self, section: Section) -> &str {
        match section {
            Section::Say => &self.say,
            Section::Show => &self.show,
            Section::Happens => &self.happens,
            Section::Notice => &self.notice,
            Section::Aside => &self.aside,
        }
    }
}

/// Notes being read.
struct Reader {
    notes: Notes,
    findings: Vec<Finding>,
}

/// The column of a piece of a line, in characters from 1.
fn column(line: &str, piece: &str) -> usize {
    let at = (piece.as_ptr() as usize).saturating_sub(line.as_ptr() as usize).min(line.len());
    line.get(..at).map_or(1, |before| before.chars().count() + 1)
}

impl Reader {
    fn find(&mut self, line: usize, column: usize, rule: Rule, message: String) {
        self.findings.push(Finding { line, column, rule, message });
    }

    /// The lines between the two `---`, the first of which is line 2 of the file.
    fn front_matter(&mut self, lines: &[&str]) {
        let mut seen: Vec<&str> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let number = index + 2;
            if line.trim().is_empty() {
                continue;
            }
            let Some((key, value)) = line.split_once(':') else {
                self.find(number, 1, Rule::Key, format!("`{}` is not `key: value`", line.trim()));
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            let at = column(line, key);
            if seen.contains(&key) {
                self.find(number, at, Rule::Key, format!("`{key}` is there twice"));
                continue;
            }
            seen.push(key);
            self.entry(number, line, key, value);
        }
        let unknown = self.findings.iter().any(|finding| finding.rule == Rule::Pane);
        if self.notes.statement.is_some() && self.notes.pane != Pane::Sql && !unknown {
            let at = lines.iter().position(|line| line.trim_start().starts_with("statement")).map_or(1, |index| index + 2);
            self.find(at, 1, Rule::Statement, "a `statement` is shown in SQL, and `pane` is another one".to_owned());
        }
        if self.notes.early.is_some() && self.notes.action != RUN {
            let at = lines.iter().position(|line| line.trim_start().starts_with("early")).map_or(1, |index| index + 2);
            self.find(at, 1, Rule::Action, format!("only `{RUN}` begins `early`, and `action` is another one"));
        }
        if self.notes.title.is_empty() && !seen.contains(&"title") {
            self.find(1, 1, Rule::Key, "there is no `title`".to_owned());
        }
    }

    fn entry(&mut self, number: usize, line: &str, key: &str, value: &str) {
        let at = column(line, value);
        match key {
            "title" if value.is_empty() => self.find(number, at, Rule::Value, "the title is empty".to_owned()),
            "title" => value.clone_into(&mut self.notes.title),
            "minutes" => match value.parse() {
                Ok(minutes) if minutes > 0 => self.notes.minutes = minutes,
                _ => self.find(number, at, Rule::Value, format!("`{value}` is not a whole number of minutes")),
            },
            "pane" => match Pane::by_title(value) {
                Some(pane) => self.notes.pane = pane,
                None => {
                    let panes = Pane::ALL.map(Pane::title).join(", ");
                    self.find(number, at, Rule::Pane, format!("there is no pane `{value}`; the panes are {panes}"));
                }
            },
            "statement" => match value.parse().ok().filter(|number| statements().any(|statement| statement.number == *number)) {
                Some(number) => self.notes.statement = Some(number),
                None => {
                    let last = statements().map(|statement| statement.number).max().unwrap_or_default();
                    self.find(
                        number,
                        at,
                        Rule::Statement,
                        format!("there is no statement `{value}` in the library; they go from 1 to {last}"),
                    );
                }
            },
            "action" | "open" => match actions().any(|action| action.name == value) {
                true if key == "open" => self.notes.open = Some(value.to_owned()),
                true => value.clone_into(&mut self.notes.action),
                false => {
                    let near = nearest(value);
                    self.find(number, at, Rule::Action, format!("there is no action `{value}`{near}"));
                }
            },
            "early" => match value.parse() {
                Ok(step) => self.notes.early = Some(step),
                Err(_) => {
                    let steps = Step::ALL.map(Step::name).join(", ");
                    self.find(number, at, Rule::Step, format!("there is no step `{value}`; the steps are {steps}"));
                }
            },
            "checks" => {
                for part in value.split(',').filter(|part| !part.trim().is_empty()) {
                    match Check::parse(part.trim()) {
                        Ok(check) => self.notes.checks.push(check),
                        Err(error) => self.find(number, column(line, part.trim()), error.rule(), error.to_string()),
                    }
                }
            }
            "figure" if figure::known(value) => self.notes.figure = Some(value.to_owned()),
            "figure" => {
                let names = figure::names().join(", ");
                self.find(number, at, Rule::Figure, format!("no step gives a figure `{value}`; the figures are {names}"));
            }
            _ => self.find(number, column(line, key), Rule::Key, format!("`{key}` is none of {}", KEYS.join(", "))),
        }
    }

    /// The lines below the front matter; `before` lines come before them.
    fn sections(&mut self, lines: &[&str], before: usize) {
        let mut current: Option<Section> = None;
        let mut seen: Vec<Section> = Vec::new();
        let mut stray = false;
        for (index, line) in lines.iter().enumerate() {
            let number = before + index + 1;
            if let Some(heading) = line.strip_prefix("## ").map(str::trim) {
                current = Section::ALL.into_iter().find(|section| section.heading().eq_ignore_ascii_case(heading));
                match current {
                    Some(section) if seen.contains(&section) => {
                        self.find(number, 4, Rule::Section, format!("the section `{}` is there twice", section.heading()));
                    }
                    Some(section) => seen.push(section),
                    None => {
                        let names = Section::ALL.map(Section::heading).join(", ");
                        self.find(number, 4, Rule::Section, format!("`{heading}` is none of the sections {names}"));
                        stray = true;
                    }
                }
                if current != Some(Section::Aside) {
                    self.notes.body.push_str(line);
                    self.notes.body.push('\n');
                }
                continue;
            }
            match current {
                Some(section) => {
                    let text = self.text(section);
                    text.push_str(line);
                    text.push('\n');
                }
                None if !stray && !line.trim().is_empty() => {
                    stray = true;
                    self.find(number, 1, Rule::Section, "this text stands before the first section and is shown by no beat".to_owned());
                }
                None => {}
            }
            if current != Some(Section::Aside) {
                self.notes.body.push_str(line);
                self.notes.body.push('\n');
            }
        }
        let last = (before + lines.len()).max(1);
        for section in Section::ALL {
            let text = self.text(section);
            *text = text.trim().to_owned();
            let empty = text.is_empty();
            if section != Section::Aside && !seen.contains(&section) {
                self.find(last, 1, Rule::Section, format!("the section `## {}` is missing", section.heading()));
            } else if empty && seen.contains(&section) {
                self.find(last, 1, Rule::Section, format!("the section `## {}` is empty", section.heading()));
            }
        }
        self.notes.body = self.notes.body.trim().to_owned();
    }

    fn text(&mut self, section: Section) -> &mut String {
        match section {
            Section::Say => &mut self.notes.say,
            Section::Show => &mut self.notes.show,
            Section::Happens => &mut self.notes.happens,
            Section::Notice => &mut self.notes.notice,
            Section::Aside => &mut self.notes.aside,
        }
    }
}

/// What an action that does not exist may have been meant for.
fn nearest(name: &str) -> String {
    let family = name.split('.').next().unwrap_or_default();
    // A whole list of them would be no help; the palette has it.
    let near: Vec<&str> = actions().map(|action| action.name).filter(|other| other.split('.').next() == Some(family)).take(6).collect();
    if near.is_empty() { format!("; `{RUN}` runs the step") } else { format!("; there are {}", near.join(", ")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const WHOLE: &str = "---\ntitle: A\nminutes: 3\npane: SQL\naction: step.run\nchecks: load, rows > 0\n---\n## Say\nOne.\n\n## Show\nTwo.\n\n## What happens\nThree.\n\n## Notice\nFour.\n\n## Aside\nFive.\n";

    #[test]
    fn sections_are_taken_apart_and_the_aside_is_not_in_the_body() {
        let (notes, findings) = Notes::read(WHOLE);
        assert_eq!(findings, []);
        assert_eq!((notes.say.as_str(), notes.happens.as_str(), notes.aside.as_str()), ("One.", "Three.", "Five."));
        assert!(!notes.body.contains("Five") && !notes.body.contains("Aside") && notes.body.ends_with("Four."));
        assert_eq!((notes.minutes, notes.pane, notes.checks.len()), (3, Pane::Sql, 2));
        let windows = WHOLE.replace('\n', "\r\n");
        assert_eq!(Notes::read(&windows), (notes, vec![]));
    }

    fn places(text: &str) -> Vec<(usize, usize, Rule)> {
        Notes::read(text).1.into_iter().map(|finding| (finding.line, finding.column, finding.rule)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_found_with_its_place() {
        let broken = WHOLE
            .replace("minutes: 3", "minutes: soon")
            .replace("pane: SQL", "pane:  Kitchen")
            .replace("step.run", "step.fly")
            .replace("load, rows > 0", "lunch, rows > many, beauty > 1, rows ~ 2")
            .replace("title: A", "title: A\ncolour: red")
            .replace("## Notice", "## Remember");
        assert_eq!(
            places(&broken),
            [
                (3, 1, Rule::Key),
                (4, 10, Rule::Value),
                (5, 8, Rule::Pane),
                (6, 9, Rule::Action),
                (7, 9, Rule::Step),
                (7, 16, Rule::Check),
                (7, 29, Rule::Figure),
                (7, 41, Rule::Check),
                (18, 4, Rule::Section),
                (22, 1, Rule::Section),
            ]
        );
    }

    #[test]
    fn a_statement_is_of_the_library_and_in_the_console() {
        let with = |statement: &str| WHOLE.replace("pane: SQL", &format!("pane: SQL\nstatement: {statement}"));
        assert_eq!(Notes::read(&with("05")).0.statement, Some(5));
        assert_eq!(places(&with("05")), []);
        assert_eq!(places(&with("99")), [(5, 12, Rule::Statement)]);
        assert_eq!(places(&with("5").replace("pane: SQL", "pane: Explore")), [(5, 1, Rule::Statement)]);
    }

    #[test]
    fn a_step_begins_early_with_its_own_action_only() {
        let with = |early: &str| WHOLE.replace("checks:", &format!("early: {early}\nchecks:"));
        assert_eq!(Notes::read(&with("lake")), (Notes { early: Some(Step::Lake), ..Notes::read(WHOLE).0 }, vec![]));
        assert_eq!((Notes::read(&with("lunch")).0.early, places(&with("lunch"))), (None, vec![(6, 8, Rule::Step)]));
        assert_eq!(places(&with("lake").replace("step.run", "help")), [(6, 1, Rule::Action)]);
    }

    #[test]
    fn a_figure_is_one_that_a_step_gives() {
        let with = |figure: &str| WHOLE.replace("checks:", &format!("figure: {figure}\nchecks:"));
        for name in figure::names() {
            assert_eq!(Notes::read(&with(name)), (Notes { figure: Some(name.into()), ..Notes::read(WHOLE).0 }, vec![]));
        }
        let (notes, found) = Notes::read(&with("beauty"));
        assert_eq!((notes.figure, places(&with("beauty"))), (None, vec![(6, 9, Rule::Figure)]));
        assert!(found[0].message.contains("rows, ") && found[0].message.contains("decision"), "{}", found[0].message);
    }

    #[test]
    fn notes_without_a_front_matter_or_a_title_are_told() {
        assert_eq!(places("# x")[0], (1, 1, Rule::FrontMatter));
        assert!(places(&WHOLE.replace("title: A\n", "")).contains(&(1, 1, Rule::Key)));
        assert!(places(&WHOLE.replace("One.", "")).contains(&(21, 1, Rule::Section)));
        assert!(places("").len() > 1);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(places(&WHOLE.replace("checks: load", "checks: größe > 1, load"))[0], (6, 9, Rule::Figure));
        assert_eq!(
            places(&WHOLE.replace("checks: load, rows > 0", "checks: load, rows > ö, lunch")),
            [(6, 15, Rule::Check), (6, 25, Rule::Step)]
        );
    }
}
