//! What operators do.

use super::super::history::Kind;
use super::super::text::Place;
use super::super::{Editor, Register, Reply};
use super::motion::Span;
use super::{Mode, Operator};

impl Editor {
    /// Applies an operator from the cursor to where a motion has led.
    pub(super) fn operate_motion(&mut self, operator: Operator, to: Place, span: Span) -> Reply {
        let (from, mut to) = (self.cursor.min(to), self.cursor.max(to));
        let mut span = span;
        if span == Span::Inclusive {
            to = if to.byte < self.text.line(to.line).len() { self.text.after(to) } else { to };
        } else if span == Span::Exclusive && to.byte == 0 && to.line > from.line {
            // Up to the start of a line is up to the end of the line before; from the start of a line it is whole lines.
            to = self.text.line_end(to.line - 1);
            if from <= self.first_in_line(from.line) {
                span = Span::Lines;
            }
        }
        self.operate(operator, from, to, span == Span::Lines)
    }

    /// Applies an operator to what is between two places, or to their lines.
    pub(super) fn operate(&mut self, operator: Operator, from: Place, to: Place, lines: bool) -> Reply {
        let cursor = self.cursor;
        if let Some(vim) = &mut self.vim {
            vim.leave_visual();
        }
        self.anchor = None;
        let (from, to) = if lines { (Place::new(from.line, 0), self.text.line_end(to.line)) } else { (from, to) };
        let text = self.text.slice(from, to);
        let reply = match operator {
            Operator::Yank => Reply::Copied(if lines { format!("{text}\n") } else { text.clone() }),
            _ => Reply::Done,
        };
        if matches!(operator, Operator::Delete | Operator::Change | Operator::Yank) {
            self.register = Register { text: text.clone(), lines };
        }
        match operator {
            Operator::Yank => self.cursor = if lines { self.text.floor(Place::new(from.line, cursor.byte)) } else { from },
            Operator::Delete if lines => {
                self.edit(Kind::Whole, |editor| {
                    editor.delete_lines(from.line, to.line + 1);
                    editor.cursor = editor.line_place(from.line);
                });
            }
            Operator::Delete => self.edit(Kind::Whole, |editor| {
                editor.remove(from, to);
            }),
            Operator::Change => {
                self.begin_insert(1);
                let from = if lines { self.first_in_line(from.line).min(to) } else { from };
                self.edit(Kind::Whole, |editor| {
                    editor.remove(from, to);
                });
            }
            Operator::Indent | Operator::Outdent => {
                self.indent(from.line..to.line + 1, operator == Operator::Outdent);
                self.cursor = self.line_place(from.line);
            }
            Operator::Lower | Operator::Upper | Operator::Toggle => {
                let changed = match operator {
                    Operator::Lower => text.to_lowercase(),
                    Operator::Upper => text.to_uppercase(),
                    _ => text.chars().flat_map(toggled).collect(),
                };
                self.edit(Kind::Whole, |editor| {
                    editor.change(from, to, &changed);
                    editor.cursor = editor.text.floor(if lines { cursor } else { from });
                });
            }
        }
        reply
    }

    /// `p` and `P`.
    pub(super) fn put_register(&mut self, after: bool, times: usize) {
        let register = self.register.clone();
        let longest = (1 << 20) / register.text.len().max(1);
        let times = times.min(longest.max(1));
        if let Some((from, to)) = self.selection() {
            // In the place of what is selected, which goes into the register.
            let whole_lines = self.vim.as_ref().is_some_and(|vim| vim.mode == Mode::VisualLine);
            let replaced = self.text.slice(from, to);
            let text = if register.lines && !whole_lines {
                format!("\n{}\n", register.text)
            } else {
                vec![register.text.clone(); times].join(if whole_lines { "\n" } else { "" })
            };
            self.edit(Kind::Whole, |editor| {
                editor.put(&text);
                if !whole_lines && editor.cursor.byte > 0 {
                    editor.cursor = editor.text.before(editor.cursor);
                }
            });
            self.register = Register { text: replaced, lines: whole_lines };
            return;
        }
        if register.lines {
            let text = vec![register.text.as_str(); times].join("\n");
            let line = self.cursor.line;
            self.edit(Kind::Whole, |editor| {
                if after {
                    let end = editor.text.line_end(line);
                    editor.change(end, end, &format!("\n{text}"));
                    editor.cursor = editor.line_place(line + 1);
                } else {
                    editor.change(Place::new(line, 0), Place::new(line, 0), &format!("{text}\n"));
                    editor.cursor = editor.line_place(line);
                }
            });
        } else {
            let text = register.text.repeat(times);
            let end = self.text.line(self.cursor.line).len();
            let at = if after && self.cursor.byte < end { self.text.after(self.cursor) } else { self.cursor };
            self.edit(Kind::Whole, |editor| {
                let end = editor.change(at, at, &text);
                editor.cursor = if text.is_empty() || text.contains('\n') { at } else { editor.text.before(end) };
            });
        }
    }
}

pub(super) fn toggled(c: char) -> Vec<char> {
    if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
}
