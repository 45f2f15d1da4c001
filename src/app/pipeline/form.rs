//! The form in front of what changes the account: values with their defaults, checked before anything is begun.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::ask::Work;
use crate::app::sql::editor::bar::Field;
use crate::ops::batch::BatchInput;
use crate::ops::endpoints::{Stage, TrafficSplit};
use crate::ops::pipeline::{ParameterKind, ParameterSpec, StartOptions};
use crate::ops::retrain::Arrivals;

/// What the form is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// Starts an execution; the entries are the parameters, then the name, then the cache.
    Start(Vec<ParameterSpec>),
    /// Approves or rejects a version.
    Decide {
        /// The version.
        version: u32,
        /// Whether it may be used.
        approve: bool,
    },
    /// Deploys a version.
    Deploy,
    /// Splits the requests of a stage.
    Traffic(Stage),
    /// Scores a table or a file with a version.
    Score(u32),
    /// Trains again on new rows.
    NewData,
    /// Commits the pipeline.
    Commit,
    /// Answers the approval of the project.
    Answer {
        /// The stage.
        stage: String,
        /// The action.
        action: String,
        /// The token of this waiting.
        token: String,
        /// Yes or no.
        yes: bool,
    },
}

/// What is given in one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A line of text.
    Text(Field),
    /// One of several.
    Choice {
        /// What can be chosen.
        options: Vec<String>,
        /// What is.
        at: usize,
    },
    /// On or off.
    Switch(bool),
}

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub label: String,
    /// More about it: its kind, its default.
    pub note: String,
    /// What is given.
    pub input: Input,
    /// Why that does not do.
    pub problem: Option<String>,
}

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Title.
    pub title: String,
    /// What will happen, in a sentence or two.
    pub intro: String,
    /// The lines; never empty.
    pub entries: Vec<Entry>,
    /// The line with the cursor.
    pub at: usize,
    /// The word for going on.
    pub yes: &'static str,
}

/// What the form makes of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It goes on.
    More,
    /// Put away.
    Cancelled,
    /// Filled in.
    Done(Box<Work>),
}

impl Entry {
    /// A line of text.
    pub fn text(label: impl Into<String>, note: impl Into<String>, text: &str) -> Entry {
        Entry { label: label.into(), note: note.into(), input: Input::Text(Field::new(text)), problem: None }
    }

    /// A choice.
    pub fn choice(label: impl Into<String>, note: impl Into<String>, options: Vec<String>, at: usize) -> Entry {
        Entry { label: label.into(), note: note.into(), input: Input::Choice { options, at }, problem: None }
    }

    /// A switch.
    pub fn switch(label: impl Into<String>, note: impl Into<String>, on: bool) -> Entry {
        Entry { label: label.into(), note: note.into(), input: Input::Switch(on), problem: None }
    }

    /// What is given, as text.
    pub fn value(&self) -> String {
        match &self.input {
            Input::Text(field) => field.text.trim().to_owned(),
            Input::Choice { options, at } => options.get(*at).cloned().unwrap_or_default(),
            Input::Switch(on) => on.to_string(),
        }
    }
}

impl Form {
    /// The form that starts an execution. `before` are values to begin with instead of the defaults: those of an earlier execution.
    pub fn start(pipeline: &str, specs: Vec<ParameterSpec>, before: &[(String, String)], cache: bool) -> Form {
        let mut entries: Vec<Entry> = specs
            .iter()
            .map(|spec| {
                let default = spec.default.clone().unwrap_or_default();
                let given = before.iter().find(|(name, _)| *name == spec.name).map_or(default.clone(), |(_, value)| value.clone());
                if spec.allowed.is_empty() {
                    let kind = kind_word(spec.kind);
                    let note = if default.is_empty() { format!("{kind}, has to be given") } else { format!("{kind}, default {default}") };
                    Entry::text(&spec.name, note, &given)
                } else {
                    let at = spec.allowed.iter().position(|value| *value == given).unwrap_or(0);
                    Entry::choice(&spec.name, format!("default {default}"), spec.allowed.clone(), at)
                }
            })
            .collect();
        entries.push(Entry::text("Name", "of the execution; empty for one made by the time", ""));
        entries.push(Entry::switch("Use the cache", "steps whose input has not changed are not computed again", cache));
        Form {
            purpose: Purpose::Start(specs),
            title: format!("Start {pipeline}"),
            intro: "What is left as it is starts the execution as it is defined.".into(),
            entries,
            at: 0,
            yes: "Start",
        }
    }

    /// The form that approves or rejects a version.
    pub fn decide(version: u32, approve: bool) -> Form {
        let (title, intro, note, yes) = match approve {
            true => (
                format!("Approve version {version}?"),
                "An approved version can be deployed. The reason is kept with it.",
                "may be empty",
                "Approve",
            ),
            false => (
                format!("Reject version {version}?"),
                "A rejected version is not deployed any more. What it answers now goes on answering until another version is deployed.",
                "has to be given",
                "Reject",
            ),
        };
        Form {
            purpose: Purpose::Decide { version, approve },
            title,
            intro: intro.into(),
            entries: vec![Entry::text("Reason", note, "")],
            at: 0,
            yes,
        }
    }

    /// The form that deploys. `versions` can be chosen, the newest approved one first.
    pub fn deploy(versions: &[u32], at: usize, production: bool) -> Form {
        let mut options = vec!["newest approved".to_owned()];
        options.extend(versions.iter().map(u32::to_string));
        let stages = vec!["staging".to_owned(), "production".to_owned()];
        Form {
            purpose: Purpose::Deploy,
            title: "Deploy a version".into(),
            intro: "The endpoint answers with the version before until the new one is ready; then a smoke test asks it.".into(),
            entries: vec![
                Entry::choice("Version", "approved ones only", options, at),
                Entry::choice("Endpoint", "", stages, usize::from(production)),
            ],
            at: 0,
            yes: "Deploy",
        }
    }

    /// The form that splits the requests of a stage between two versions. `versions` can be chosen; `now` answers already.
    pub fn traffic(stage: Stage, name: &str, versions: &[u32], now: Option<u32>) -> Form {
        let options: Vec<String> = versions.iter().map(u32::to_string).collect();
        let first = now.and_then(|now| versions.iter().position(|version| *version == now)).unwrap_or(0);
        let second = (0..versions.len()).find(|at| *at != first).unwrap_or(first);
        Form {
            purpose: Purpose::Traffic(stage),
            title: format!("Split the requests of {name}"),
            intro:
                "Two versions answer, each its share of the requests. In the shadow the second one is asked too, and its answer only kept."
                    .into(),
            entries: vec![
                Entry::choice("First version", "", options.clone(), first),
                Entry::choice("Second version", "", options, second),
                Entry::text("Share of the second", "percent, 0 to 100", "10"),
                Entry::switch("In the shadow", "the first answers every request, the second is only watched", false),
            ],
            at: 1,
            yes: "Split",
        }
    }

    /// The form that scores a table or a file with a version.
    pub fn score(version: u32, table: &str, into: &str) -> Form {
        Form {
            purpose: Purpose::Score(version),
            title: format!("Score with version {version}"),
            intro: "Every row goes through the model in one transform job. The rows come back with score and decision: to S3, and into a table \
                    that is made anew."
                .into(),
            entries: vec![
                Entry::text("Table or file", "schema.table, or the path of a CSV file", table),
                Entry::text("Into the table", "schema.table; empty leaves the answers in S3", into),
            ],
            at: 0,
            yes: "Score",
        }
    }

    /// The form that lets new rows arrive and trains again.
    pub fn new_data() -> Form {
        let usual = Arrivals::default();
        Form {
            purpose: Purpose::NewData,
            title: "Train again on new data".into(),
            intro: "Rows of an autumn campaign arrive and go into the table. It is measured how much they differ from what the model was \
                    trained on; then the pipeline trains on all of them, and both versions are compared on the new rows."
                .into(),
            entries: vec![
                Entry::text("New rows", "100 to 1,000,000", &usual.rows.to_string()),
                Entry::text("Seed", "the same rows for the same seed", &usual.seed.to_string()),
            ],
            at: 0,
            yes: "Begin",
        }
    }

    /// The form that commits the pipeline.
    pub fn commit(repository: &str) -> Form {
        Form {
            purpose: Purpose::Commit,
            title: format!("Commit the pipeline to {repository}"),
            intro: "The project's CodePipeline hears of the commit, builds, and starts the pipeline.".into(),
            entries: vec![Entry::text("Message", "what the history of the repository says", "The pipeline of the demonstration")],
            at: 0,
            yes: "Commit",
        }
    }

    /// The form that answers the approval of the project.
    pub fn answer(stage: &str, action: &str, token: &str, yes: bool) -> Form {
        Form {
            purpose: Purpose::Answer { stage: stage.into(), action: action.into(), token: token.into(), yes },
            title: if yes { format!("Approve “{action}”?") } else { format!("Refuse “{action}”?") },
            intro: if yes { "The project goes on with what comes after it." } else { "The project stops here." }.into(),
            entries: vec![Entry::text("Reason", "may be empty", "")],
            at: 0,
            yes: if yes { "Approve" } else { "Refuse" },
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        let last = self.entries.len() - 1;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Answer::Cancelled,
            KeyCode::Char('c') if control => return Answer::Cancelled,
            KeyCode::F(5) => return self.finish(),
            KeyCode::Enter if self.at < last => self.at += 1,
            KeyCode::Enter => return self.finish(),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1) % (last + 1),
            KeyCode::Up | KeyCode::BackTab => self.at = (self.at + last) % (last + 1),
            code => {
                let entry = &mut self.entries[self.at];
                entry.problem = None;
                match (&mut entry.input, code) {
                    (Input::Text(field), _) => drop(field.key(key)),
                    (Input::Switch(on), KeyCode::Left | KeyCode::Right | KeyCode::Char(' ')) => *on = !*on,
                    (Input::Choice { options, at }, KeyCode::Right | KeyCode::Char(' ')) => *at = (*at + 1) % options.len().max(1),
                    (Input::Choice { options, at }, KeyCode::Left) => *at = (*at + options.len().max(1) - 1) % options.len().max(1),
                    _ => {}
                }
            }
        }
        Answer::More
    }

    /// Pasted text goes to the entry: its first line.
    pub fn paste(&mut self, text: &str) {
        if let Some(Entry { input: Input::Text(field), problem, .. }) = self.entries.get_mut(self.at) {
            field.insert(text.lines().next().unwrap_or_default());
            *problem = None;
        }
    }

    fn finish(&mut self) -> Answer {
        match self.work() {
            Ok(work) => Answer::Done(Box::new(work)),
            Err(problems) => {
                if let Some((at, _)) = problems.first() {
                    self.at = *at;
                }
                for (at, problem) in problems {
                    if let Some(entry) = self.entries.get_mut(at) {
                        entry.problem = Some(problem);
                    }
                }
                Answer::More
            }
        }
    }

    fn value(&self, at: usize) -> String {
        self.entries.get(at).map(Entry::value).unwrap_or_default()
    }

    fn on(&self, at: usize) -> bool {
        matches!(self.entries.get(at), Some(Entry { input: Input::Switch(true), .. }))
    }

    /// What is to be done, or what does not do in which entry.
    fn work(&self) -> Result<Work, Vec<(usize, String)>> {
        let given = |at: usize, what: &str| match self.value(at) {
            text if text.is_empty() => Err(vec![(at, format!("{what} has to be given"))]),
            text => Ok(text),
        };
        match &self.purpose {
            Purpose::Start(specs) => self.start_options(specs).map(Work::Start),
            Purpose::Decide { version, approve } => {
                let reason = if *approve { self.value(0) } else { given(0, "a reason")? };
                Ok(Work::Decide { version: *version, approve: *approve, reason })
            }
            Purpose::Deploy => {
                let stage = if self.value(1) == "production" { Stage::Production } else { Stage::Staging };
                Ok(Work::Deploy { stage, version: self.value(0).parse().ok() })
            }
            Purpose::Traffic(stage) => self.split().map(|split| Work::Traffic { stage: *stage, split }),
            Purpose::Score(version) => {
                let input = given(0, "a table or a file")?;
                let into = Some(self.value(1)).filter(|into| !into.is_empty());
                Ok(Work::Score { input: BatchInput::named(&input), into, version: Some(*version) })
            }
            Purpose::NewData => self.arrivals().map(Work::Retrain),
            Purpose::Commit => given(0, "a message").map(Work::Commit),
            Purpose::Answer { stage, action, token, yes } => {
                Ok(Work::Answer { stage: stage.clone(), action: action.clone(), token: token.clone(), yes: *yes, reason: self.value(0) })
            }
        }
    }

    /// The parameters that differ from their defaults, checked by their kind.
    fn start_options(&self, specs: &[ParameterSpec]) -> Result<StartOptions, Vec<(usize, String)>> {
        let problems: Vec<(usize, String)> =
            specs.iter().enumerate().filter_map(|(at, spec)| Some((at, problem(spec, &self.value(at))?))).collect();
        let name = self.value(specs.len());
        let named = name.is_empty() || (name.len() <= 82 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let mut problems = problems;
        if !named {
            problems.push((specs.len(), "letters, digits and hyphens only, at most 82".into()));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let changed = specs
            .iter()
            .enumerate()
            .map(|(at, spec)| (spec, self.value(at)))
            .filter(|(spec, value)| spec.default.as_ref() != Some(value))
            .map(|(spec, value)| (spec.name.clone(), value))
            .collect();
        Ok(StartOptions { parameters: changed, cache: self.on(specs.len() + 1), name: Some(name).filter(|name| !name.is_empty()) })
    }

    fn arrivals(&self) -> Result<Arrivals, Vec<(usize, String)>> {
        let rows = self.value(0).replace([',', ' '], "").parse::<u32>().ok().filter(|rows| Arrivals::ROWS.contains(rows));
        let rows = rows.ok_or_else(|| vec![(0, "a whole number from 100 to 1,000,000".to_owned())])?;
        let seed = self.value(1).parse::<u64>().map_err(|_| vec![(1, "a whole number".to_owned())])?;
        Ok(Arrivals { rows, seed })
    }

    fn split(&self) -> Result<TrafficSplit, Vec<(usize, String)>> {
        let version = |at: usize| self.value(at).parse::<u32>().map_err(|_| vec![(at, "there is no version to choose".to_owned())]);
        let (first, second) = (version(0)?, version(1)?);
        if first == second {
            return Err(vec![(1, "it has to be another version".into())]);
        }
        let share = match self.value(2).trim_end_matches('%').trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => percent / 100.0,
            _ => return Err(vec![(2, "a number from 0 to 100".into())]),
        };
        Ok(if self.on(3) {
            TrafficSplit { shares: vec![(first, 1.0)], shadow: Some(second) }
        } else {
            let shares = vec![(first, 1.0 - share), (second, share)];
            TrafficSplit { shares: shares.into_iter().filter(|(_, share)| *share > 0.0).collect(), shadow: None }
        })
    }
}

fn kind_word(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text => "text",
        ParameterKind::Integer => "whole number",
        ParameterKind::Float => "number",
        ParameterKind::Boolean => "true or false",
    }
}

/// Why a value does not do for a parameter.
fn problem(spec: &ParameterSpec, value: &str) -> Option<String> {
    if value.is_empty() {
        return Some("it has to be given".into());
    }
    let fits = match spec.kind {
        ParameterKind::Text => true,
        ParameterKind::Integer => value.parse::<i64>().is_ok(),
        ParameterKind::Float => value.parse::<f64>().is_ok_and(f64::is_finite),
        ParameterKind::Boolean => matches!(value, "true" | "false"),
    };
    (!fits).then(|| format!("`{value}` is not a {}", kind_word(spec.kind)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn spec(name: &str, kind: ParameterKind, default: &str, allowed: &[&str]) -> ParameterSpec {
        ParameterSpec {
            name: name.into(),
            kind,
            default: Some(default.into()),
            allowed: allowed.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn form() -> Form {
        let specs = vec![
            spec("Instance", ParameterKind::Text, "ml.m5.xlarge", &[]),
            spec("Count", ParameterKind::Integer, "1", &[]),
            spec("Status", ParameterKind::Text, "Approved", &["Approved", "Rejected"]),
        ];
        Form::start("BankDM-Pipeline", specs, &[("Count".into(), "3".into())], true)
    }

    fn press(form: &mut Form, code: KeyCode) -> Answer {
        form.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn only_what_differs_from_the_defaults_is_sent() {
        let mut form = form();
        press(&mut form, KeyCode::Down);
        press(&mut form, KeyCode::Down);
        press(&mut form, KeyCode::Right);
        let Answer::Done(work) = press(&mut form, KeyCode::F(5)) else { panic!("{form:?}") };
        let Work::Start(options) = *work else { panic!("{work:?}") };
        assert_eq!(options.parameters, [("Count".to_owned(), "3".to_owned()), ("Status".to_owned(), "Rejected".to_owned())]);
        assert!(options.cache && options.name.is_none());
    }

    #[test]
    fn what_does_not_fit_is_told_beside_it_and_nothing_starts() {
        let mut form = form();
        form.at = 1;
        press(&mut form, KeyCode::Char('x'));
        form.at = 3;
        form.paste("two words");
        form.at = 4;
        press(&mut form, KeyCode::Char(' '));
        assert_eq!(press(&mut form, KeyCode::Enter), Answer::More);
        assert_eq!(form.at, 1, "the cursor goes to the first mistake");
        assert!(form.entries[1].problem.as_ref().unwrap().contains("`3x` is not a whole number"));
        assert!(form.entries[3].problem.is_some());
        press(&mut form, KeyCode::Backspace);
        assert!(form.entries[1].problem.is_none());
        form.at = 3;
        for _ in 0..9 {
            press(&mut form, KeyCode::Backspace);
        }
        assert!(matches!(press(&mut form, KeyCode::F(5)), Answer::Done(work) if matches!(&*work, Work::Start(options) if !options.cache)));
    }

    #[test]
    fn a_rejection_has_a_reason() {
        let mut form = Form::decide(3, false);
        assert_eq!(press(&mut form, KeyCode::Enter), Answer::More);
        form.paste("drifted");
        assert_eq!(
            press(&mut form, KeyCode::Enter),
            Answer::Done(Box::new(Work::Decide { version: 3, approve: false, reason: "drifted".into() }))
        );
        assert_eq!(press(&mut form, KeyCode::Esc), Answer::Cancelled);
    }

    #[test]
    fn a_path_is_a_file_and_anything_else_a_table() {
        let scored = |given: &str| {
            let mut form = Form::score(3, given, "dm.scores");
            match press(&mut form, KeyCode::F(5)) {
                Answer::Done(work) => *work,
                other => panic!("{other:?}"),
            }
        };
        let work = |input| Work::Score { input, into: Some("dm.scores".into()), version: Some(3) };
        assert_eq!(scored("dm.data"), work(BatchInput::Table("dm.data".into())));
        for path in ["/tmp/new", "new.CSV", "~/rows/new.csv"] {
            assert_eq!(scored(path), work(BatchInput::File(path.into())));
        }
    }

    #[test]
    fn new_rows_are_as_many_as_can_arrive() {
        let mut form = Form::new_data();
        form.paste("000000");
        assert_eq!(press(&mut form, KeyCode::F(5)), Answer::More);
        assert!(form.entries[0].problem.is_some());
        let mut form = Form::new_data();
        assert_eq!(press(&mut form, KeyCode::F(5)), Answer::Done(Box::new(Work::Retrain(Arrivals::default()))));
    }

    #[test]
    fn shares_are_of_two_versions_and_of_a_hundred() {
        let mut form = Form::traffic(Stage::Production, "BankDM-prod", &[3, 2], Some(2));
        assert_eq!(form.value(0), "2");
        form.at = 2;
        press(&mut form, KeyCode::Char('x'));
        assert_eq!(press(&mut form, KeyCode::F(5)), Answer::More);
        press(&mut form, KeyCode::Backspace);
        let Answer::Done(work) = press(&mut form, KeyCode::F(5)) else { panic!("{form:?}") };
        let Work::Traffic { split, .. } = *work else { panic!("{work:?}") };
        assert_eq!(split, TrafficSplit { shares: vec![(2, 0.9), (3, 0.1)], shadow: None });
        form.entries[1].input = form.entries[0].input.clone();
        assert_eq!(press(&mut form, KeyCode::F(5)), Answer::More);
        assert!(form.entries[1].problem.is_some());
    }
}
