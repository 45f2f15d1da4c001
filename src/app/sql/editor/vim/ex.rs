//! Commands behind `:`, and searches behind `/` and `?`.

use super::super::history::Kind;
use super::super::text::Place;
use super::super::{Editor, Reply};

impl Editor {
    /// A command behind `:`.
    pub(in super::super) fn ex(&mut self, command: &str) -> Reply {
        let visual = self.selection().filter(|_| self.vim.as_ref().is_some_and(super::Vim::visual));
        self.deselect();
        let last = self.text.len() - 1;
        if let Ok(line) = command.parse::<usize>() {
            self.go_to(self.line_place(line.saturating_sub(1)), false);
            return Reply::Done;
        }
        match command {
            "" => Reply::Done,
            "$" => {
                self.go_to(self.line_place(last), false);
                Reply::Done
            }
            "noh" | "nohl" | "nohlsearch" => {
                self.hide_found();
                Reply::Done
            }
            "q" | "q!" | "quit" | "wq" | "x" => Reply::Close,
            "w" | "write" => Reply::Say("Tabs are kept by themselves; nothing has to be written".into(), false),
            _ => {
                let (lines, rest) = match (command.strip_prefix('%'), visual) {
                    (Some(rest), _) => (0..last + 1, rest),
                    (None, Some((from, to))) => (from.line..to.line + 1, command),
                    (None, None) => (self.cursor.line..self.cursor.line + 1, command),
                };
                match rest.strip_prefix('s').and_then(substitution) {
                    Some((pattern, with, every)) => self.substitute(lines, &pattern, &with, every),
                    None => Reply::Say(format!(":{command} is not known here"), true),
                }
            }
        }
    }

    fn substitute(&mut self, lines: std::ops::Range<usize>, pattern: &str, with: &str, every: bool) -> Reply {
        if !pattern.is_empty() {
            self.search_for(pattern, true, true);
        }
        if let Some(error) = self.found().error.clone() {
            return Reply::Say(error, true);
        }
        let mut places = Vec::new();
        for line in lines {
            let found = self.found().in_line(line);
            places.extend_from_slice(if every { found } else { &found[..found.len().min(1)] });
        }
        let Some(newest) = places.last().copied() else { return Reply::Say(format!("“{pattern}” is not there"), true) };
        self.edit(Kind::Whole, |editor| {
            for (line, from, to) in places.iter().rev() {
                let with = editor.replacement(*line, *from, *to, with);
                editor.change(Place::new(*line, *from), Place::new(*line, *to), &with);
            }
            editor.cursor = editor.text.floor(Place::new(newest.0, 0));
        });
        Reply::Say(format!("Replaced {} of them", places.len()), false)
    }

    /// The end of a search: goes to the first match.
    pub(in super::super) fn vim_search(&mut self, pattern: &str, forward: bool) -> Reply {
        if !pattern.is_empty() {
            // Upper case in the pattern means that case counts.
            self.search_for(pattern, true, pattern.chars().any(char::is_uppercase));
        }
        if let Some(error) = self.found().error.clone() {
            return Reply::Say(error, true);
        }
        if let Some(vim) = &mut self.vim {
            vim.upwards = !forward;
        }
        match self.vim_match(forward) {
            Some(place) => {
                let select = self.vim.as_ref().is_some_and(super::Vim::visual);
                self.go_to(place, select);
                Reply::Done
            }
            None => Reply::Say(format!("“{}” is not in the text", self.found().pattern), true),
        }
    }
}

/// Reads `/pattern/replacement/flags`; any sign may stand for the slash.
fn substitution(text: &str) -> Option<(String, String, bool)> {
    let mark = text.chars().next().filter(|c| !c.is_alphanumeric() && !c.is_whitespace() && *c != '\\')?;
    let mut parts = vec![String::new()];
    let mut chars = text.chars().skip(1);
    while let Some(c) = chars.next() {
        if c == mark && parts.len() < 3 {
            parts.push(String::new());
        } else {
            let last = parts.len() - 1;
            if c == '\\' {
                match chars.next() {
                    Some(next) if next == mark => parts[last].push(mark),
                    Some(next) => parts[last].extend(['\\', next]),
                    None => parts[last].push('\\'),
                }
            } else {
                parts[last].push(c);
            }
        }
    }
    let flags = parts.get(2).cloned().unwrap_or_default();
    let with = parts.get(1)?.clone();
    flags.chars().all(|c| c == 'g').then(|| (parts[0].clone(), with, flags.contains('g')))
}
