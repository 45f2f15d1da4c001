//! Changes of whole lines, and of what stands at their ends.

use super::history::Kind;
use super::text::Place;
use super::{Caret, Editor};
use crate::app::TAB;

impl Editor {
    /// Moves the touched lines by one line.
    pub(super) fn move_lines(&mut self, down: bool) -> bool {
        let touched = self.touched();
        if (down && touched.end >= self.text.len()) || (!down && touched.start == 0) {
            return false;
        }
        let caret = self.caret();
        self.edit(Kind::Whole, |editor| {
            let (first, last) = if down { (touched.start, touched.end) } else { (touched.start - 1, touched.end - 1) };
            let mut lines = editor.text.lines()[first..=last].to_vec();
            if down {
                lines.rotate_right(1);
            } else {
                lines.rotate_left(1);
            }
            let end = editor.text.line_end(last);
            editor.change(Place::new(first, 0), end, &lines.join("\n"));
            let shift = |place: Place| Place::new(if down { place.line + 1 } else { place.line - 1 }, place.byte);
            editor.put_caret(Caret { cursor: shift(caret.cursor), anchor: caret.anchor.map(shift) });
        });
        true
    }

    /// Repeats the touched lines below themselves.
    pub(super) fn duplicate(&mut self) {
        let touched = self.touched();
        let caret = self.caret();
        self.edit(Kind::Whole, |editor| {
            let lines = editor.text.lines()[touched.clone()].join("\n");
            let end = editor.text.line_end(touched.end - 1);
            editor.change(end, end, &format!("\n{lines}"));
            let shift = |place: Place| Place::new(place.line + touched.len(), place.byte);
            editor.put_caret(Caret { cursor: shift(caret.cursor), anchor: caret.anchor.map(shift) });
        });
    }

    /// Deletes the touched lines with their ends; gives them.
    pub(super) fn delete_lines(&mut self, first: usize, behind: usize) -> String {
        let lines = self.text.lines()[first..behind].join("\n");
        self.edit(Kind::Whole, |editor| {
            if behind < editor.text.len() {
                editor.remove(Place::new(first, 0), Place::new(behind, 0));
            } else if first > 0 {
                let from = editor.text.line_end(first - 1);
                editor.remove(from, editor.text.end());
                editor.cursor = editor.first_in_line(first - 1);
            } else {
                editor.remove(Place::default(), editor.text.end());
            }
        });
        lines
    }

    /// Joins lines `first..=last` into one, with one space between them.
    pub(super) fn join(&mut self, first: usize, last: usize) {
        let last = last.min(self.text.len() - 1);
        self.edit(Kind::Whole, |editor| {
            for _ in first..last {
                let end = editor.text.line_end(first);
                let head = editor.text.line(first);
                let kept = head.trim_end().len();
                let next = editor.text.line(first + 1);
                let lead = next.len() - next.trim_start().len();
                let empty = next.len() == lead || kept == 0;
                let glue = if empty || next[lead..].starts_with(')') || head[..kept].ends_with('(') { "" } else { " " };
                let from = if kept == 0 { end } else { Place::new(first, kept) };
                editor.change(from, Place::new(first + 1, lead), glue);
                editor.cursor = editor.text.floor(from);
            }
        });
    }

    /// Indents the touched lines by one step, or back.
    pub(super) fn indent(&mut self, lines: std::ops::Range<usize>, back: bool) {
        let caret = self.caret();
        self.edit(Kind::Whole, |editor| {
            let mut moved = Vec::new();
            for line in lines.clone() {
                let text = editor.text.line(line);
                let delta = if back {
                    let spaces = text.bytes().take(TAB).take_while(|b| *b == b' ').count();
                    let remove = if text.starts_with('\t') { 1 } else { spaces };
                    editor.change(Place::new(line, 0), Place::new(line, remove), "");
                    -(remove as isize)
                } else if text.is_empty() {
                    0
                } else {
                    editor.change(Place::new(line, 0), Place::new(line, 0), &" ".repeat(TAB));
                    TAB as isize
                };
                moved.push(delta);
            }
            let shift = |place: Place| {
                let delta = if lines.contains(&place.line) { moved[place.line - lines.start] } else { 0 };
                Place::new(place.line, place.byte.saturating_add_signed(delta))
            };
            editor.put_caret(Caret { cursor: shift(caret.cursor), anchor: caret.anchor.map(shift) });
        });
    }

    /// Makes comments of the touched lines, or code again when all of them are comments.
    pub(super) fn toggle_comment(&mut self) {
        const MARK: &str = "--";
        let touched = self.touched();
        let filled: Vec<usize> = touched.filter(|line| !self.text.line(*line).trim().is_empty()).collect();
        let Some(column) = filled.iter().map(|line| self.first_in_line(*line).byte).min() else { return };
        let undo = filled.iter().all(|line| self.text.line(*line).trim_start().starts_with(MARK));
        let caret = self.caret();
        self.edit(Kind::Whole, |editor| {
            let mut moved = Vec::new();
            for line in &filled {
                if undo {
                    let from = editor.first_in_line(*line);
                    let rest = &editor.text.line(*line)[from.byte + MARK.len()..];
                    let length = MARK.len() + usize::from(rest.starts_with(' '));
                    editor.change(from, Place::new(*line, from.byte + length), "");
                    moved.push((*line, from.byte, -(length as isize)));
                } else {
                    let at = Place::new(*line, column);
                    editor.change(at, at, "-- ");
                    moved.push((*line, column, 3));
                }
            }
            let shift = |place: Place| match moved.iter().find(|(line, _, _)| *line == place.line) {
                Some((line, from, delta)) if place.byte >= *from => Place::new(*line, place.byte.saturating_add_signed(*delta).max(*from)),
                _ => place,
            };
            editor.put_caret(Caret { cursor: shift(caret.cursor), anchor: caret.anchor.map(shift) });
        });
    }

    /// A new line that begins as deep as this one, and one step deeper behind an opening bracket.
    pub(super) fn new_line(&mut self) {
        let from = self.selection().map_or(self.cursor, |(from, _)| from);
        let before = self.text.line(from.line)[..from.byte].to_owned();
        let after = self.text.line(from.line)[from.byte..].to_owned();
        let lead: String = before.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
        let opens = before.trim_end().ends_with('(') && !self.in_text(from);
        let kind = if self.selection().is_some() { Kind::Whole } else { Kind::Typing };
        self.edit(kind, |editor| {
            if opens && after.trim_start().starts_with(')') {
                editor.put(&format!("\n{lead}{}\n{lead}", " ".repeat(TAB)));
                editor.cursor = editor.text.line_end(editor.cursor.line - 1);
            } else if opens {
                editor.put(&format!("\n{lead}{}", " ".repeat(TAB)));
            } else {
                editor.put(&format!("\n{lead}"));
            }
        });
    }

    pub(super) fn put_caret(&mut self, caret: Caret) {
        self.cursor = self.text.floor(caret.cursor);
        self.anchor = caret.anchor.map(|anchor| self.text.floor(anchor));
    }
}
