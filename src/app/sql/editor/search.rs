//! Search and replace. The pattern is searched line by line; what was found is kept until text or pattern change.

use regex::{Regex, RegexBuilder};

use super::bar::{Bar, Field};
use super::history::Kind;
use super::text::Place;
use super::{Editor, Reply};

/// Matches that are remembered; more are not counted either.
const MOST: usize = 100_000;

/// What a pattern that grows without bounds may take in memory, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// A match: line, and bytes in it.
pub type Match = (usize, usize, usize);

/// What is searched for and where it is.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// What was typed.
    pub pattern: String,
    /// Whether upper and lower case differ.
    pub case: bool,
    /// Whether the pattern is a regular expression.
    pub regex: bool,
    /// Whether matches are shown.
    pub shown: bool,
    /// Why the pattern cannot be read.
    pub error: Option<String>,
    /// Where it is, in order.
    pub matches: Vec<Match>,
    compiled: Option<Regex>,
    /// Revision of the text that `matches` is about.
    revision: Option<u64>,
    /// Where the cursor was when the search began.
    origin: Place,
}

impl Found {
    fn compile(&mut self) {
        self.revision = None;
        self.error = None;
        self.compiled = None;
        if self.pattern.is_empty() {
            return;
        }
        let source = if self.regex { self.pattern.clone() } else { regex::escape(&self.pattern) };
        match RegexBuilder::new(&source).case_insensitive(!self.case).size_limit(PATTERN_SIZE).build() {
            Ok(regex) => self.compiled = Some(regex),
            Err(error) => {
                // The last line says what is wrong; those before draw the pattern.
                let text = error.to_string();
                self.error = Some(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned());
            }
        }
    }

    /// The matches in a line.
    pub fn in_line(&self, line: usize) -> &[Match] {
        let from = self.matches.partition_point(|found| found.0 < line);
        let to = self.matches.partition_point(|found| found.0 <= line);
        &self.matches[from..to]
    }

    /// The number of the match that begins at a place, from 1.
    pub fn number(&self, at: Place) -> Option<usize> {
        self.matches.binary_search_by(|found| (found.0, found.1).cmp(&(at.line, at.byte))).ok().map(|index| index + 1)
    }
}

impl Editor {
    /// Opens the search, with or without a replacement. What is selected in one line is searched for.
    pub(super) fn open_search(&mut self, replace: bool) {
        let selected = self.selected().filter(|text| !text.is_empty() && !text.contains('\n'));
        let had = match self.bar.take() {
            Some(Bar::Search { find, replace, .. }) => (Some(find), replace),
            _ => (None, None),
        };
        let find = match (selected, had.0) {
            (_, Some(find)) => find,
            (Some(selected), None) => Field::new(&selected),
            (None, None) => Field::new(&self.found.pattern),
        };
        self.found.origin = self.selection().map_or(self.cursor, |(from, _)| from);
        let in_replace = replace && !find.text.is_empty();
        let replace = replace.then(|| had.1.unwrap_or_default());
        self.bar = Some(Bar::Search { find, replace, in_replace });
        self.bar_changed();
    }

    /// Looks again after the field has changed, and shows the first match from where the search began.
    pub(super) fn bar_changed(&mut self) {
        let pattern = match &self.bar {
            Some(Bar::Search { find, .. }) => find.text.clone(),
            Some(Bar::VimSearch { field, .. }) => field.text.clone(),
            _ => return,
        };
        let changed = pattern != self.found.pattern || self.found.compiled.is_none();
        self.found.pattern = pattern;
        self.found.shown = true;
        if changed {
            self.found.compile();
        }
        self.refresh_found();
        let origin = self.found.origin;
        match &self.bar {
            Some(Bar::Search { in_replace: false, .. }) if changed => {
                if let Some((line, from, to)) = self.match_from(origin) {
                    self.select(Place::new(line, to), Place::new(line, from));
                }
            }
            _ => {}
        }
    }

    /// Brings the matches up to date with the text.
    pub(super) fn refresh_found(&mut self) {
        if !self.found.shown || self.found.revision == Some(self.revision) {
            return;
        }
        self.found.matches.clear();
        if let Some(regex) = &self.found.compiled {
            for (index, line) in self.text.lines().iter().enumerate() {
                for found in regex.find_iter(line).filter(|found| !found.is_empty()) {
                    self.found.matches.push((index, found.start(), found.end()));
                }
                if self.found.matches.len() > MOST {
                    break;
                }
            }
        }
        self.found.revision = Some(self.revision);
    }

    fn match_from(&self, at: Place) -> Option<Match> {
        let matches = &self.found.matches;
        let index = matches.partition_point(|found| (found.0, found.1) < (at.line, at.byte));
        matches.get(index).or_else(|| matches.first()).copied()
    }

    /// Selects the next match, or the one before; goes on at the other end of the text.
    pub(super) fn find_next(&mut self, forward: bool) -> Reply {
        if self.found.compiled.is_none() {
            if self.found.pattern.is_empty() {
                self.open_search(false);
                return Reply::Done;
            }
            self.found.compile();
        }
        self.found.shown = true;
        self.refresh_found();
        let at = self.selection().map_or(self.cursor, |(from, _)| from);
        let here = (at.line, at.byte);
        let selecting = self.selection().is_some();
        let matches = &self.found.matches;
        let found = if forward {
            let index = matches.partition_point(|found| if selecting { (found.0, found.1) <= here } else { (found.0, found.1) < here });
            matches.get(index).or_else(|| matches.first())
        } else {
            let index = matches.partition_point(|found| (found.0, found.1) < here);
            index.checked_sub(1).and_then(|index| matches.get(index)).or_else(|| matches.last())
        };
        match found.copied() {
            Some((line, from, to)) => {
                // The cursor stands at the start, so that the search goes on from there in both directions.
                self.select(Place::new(line, to), Place::new(line, from));
                self.found.origin = Place::new(line, from);
                Reply::Done
            }
            None => Reply::Say(self.found.error.clone().unwrap_or_else(|| format!("“{}” is not in the text", self.found.pattern)), true),
        }
    }

    /// The place of the next match behind the cursor, for vim.
    pub(super) fn vim_match(&mut self, forward: bool) -> Option<Place> {
        if self.found.compiled.is_none() {
            self.found.compile();
        }
        self.found.shown = true;
        self.refresh_found();
        let here = (self.cursor.line, self.cursor.byte);
        let matches = &self.found.matches;
        let found = if forward {
            let index = matches.partition_point(|found| (found.0, found.1) <= here);
            matches.get(index).or_else(|| matches.first())
        } else {
            let index = matches.partition_point(|found| (found.0, found.1) < here);
            index.checked_sub(1).and_then(|index| matches.get(index)).or_else(|| matches.last())
        };
        found.map(|found| self.text.floor(Place::new(found.0, found.1)))
    }

    /// Searches for a text from now on.
    pub(super) fn search_for(&mut self, pattern: &str, regex: bool, case: bool) {
        pattern.clone_into(&mut self.found.pattern);
        self.found.regex = regex;
        self.found.case = case;
        self.found.compile();
        self.found.shown = true;
        self.found.origin = self.cursor;
        self.refresh_found();
    }

    /// Starts a search of vim.
    pub(super) fn open_vim_search(&mut self, forward: bool) {
        self.found.origin = self.cursor;
        self.found.regex = true;
        self.found.pattern.clear();
        self.found.compile();
        self.bar = Some(Bar::VimSearch { field: Field::default(), forward });
    }

    /// Upper and lower case differ from now on, or no longer.
    pub(super) fn toggle_case(&mut self) {
        self.found.case = !self.found.case;
        self.found.compile();
        self.bar_changed_always();
    }

    /// The pattern is a regular expression from now on, or no longer.
    pub(super) fn toggle_regex(&mut self) {
        self.found.regex = !self.found.regex;
        self.found.compile();
        self.bar_changed_always();
    }

    fn bar_changed_always(&mut self) {
        self.refresh_found();
        let origin = self.found.origin;
        if let Some((line, from, to)) = self.match_from(origin) {
            self.select(Place::new(line, to), Place::new(line, from));
        }
    }

    /// Shows no matches any more.
    pub(super) fn hide_found(&mut self) {
        self.found.shown = false;
        self.found.matches.clear();
        self.found.revision = None;
    }

    pub(in crate::app::sql::editor) fn replacement(&self, line: usize, from: usize, to: usize, with: &str) -> String {
        match &self.found.compiled {
            Some(regex) if self.found.regex => {
                let text = self.text.line(line);
                // Found in its line, so that what stands around it counts.
                let captures =
                    regex.captures_iter(text).find(|captures| captures.get(0).is_some_and(|all| all.start() == from && all.end() == to));
                let mut expanded = String::new();
                if let Some(captures) = captures {
                    captures.expand(with, &mut expanded);
                }
                expanded
            }
            _ => with.to_owned(),
        }
    }

    /// Replaces the match that is selected, and goes to the next.
    pub(super) fn replace_one(&mut self, with: &str) -> Reply {
        self.refresh_found();
        let selected = self.selection().filter(|(from, to)| self.found.matches.contains(&(from.line, from.byte, to.byte)));
        let Some((from, to)) = selected else { return self.find_next(true) };
        let with = self.replacement(from.line, from.byte, to.byte, with);
        self.edit(Kind::Whole, |editor| editor.cursor = editor.change(from, to, &with));
        if self.found.matches.is_empty() { Reply::Done } else { self.find_next(true) }
    }

    /// Replaces every match, to be taken back as one.
    pub(super) fn replace_every(&mut self, with: &str) -> Reply {
        self.refresh_found();
        let matches = self.found.matches.clone();
        let cursor = self.cursor;
        self.edit(Kind::Whole, |editor| {
            // From the end, so that places before stay what they are.
            for (line, from, to) in matches.iter().rev() {
                let with = editor.replacement(*line, *from, *to, with);
                editor.change(Place::new(*line, *from), Place::new(*line, *to), &with);
            }
            editor.cursor = editor.text.floor(cursor);
        });
        match matches.len() {
            0 => Reply::Say("Nothing to replace".into(), false),
            1 => Reply::Say("Replaced 1 match; undo brings it back".into(), false),
            count => Reply::Say(format!("Replaced {count} matches; undo brings them back"), false),
        }
    }
}
