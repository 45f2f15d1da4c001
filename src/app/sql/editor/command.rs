//! What the editor can be asked for by name. The table of actions gives these their keys; arrows and the like are in [`super::keys`].

use super::bar::{Bar, Field};
use super::history::Kind;
use super::text::Place;
use super::{Editor, Register, Reply};

/// Something that the editor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Undo,
    Redo,
    Cut,
    Copy,
    Paste,
    SelectAll,
    Expand,
    SelectWord,
    SelectLine,
    SelectStatement,
    Find,
    FindNext,
    FindPrevious,
    Replace,
    GoToLine,
    Bracket,
    Comment,
    Indent,
    Outdent,
    MoveUp,
    MoveDown,
    Duplicate,
    Join,
    DeleteLine,
    DeleteToEnd,
    DeleteWordBefore,
    DeleteWordAfter,
    UpperKeywords,
    LowerKeywords,
    Format,
    FormatScript,
    VimMode,
    /// The console answers this one: it knows what can be named.
    Complete,
    /// The screen answers this one: it can be given away.
    Elsewhere,
}

impl Editor {
    /// Does what is asked for.
    pub fn run(&mut self, command: Command) -> Reply {
        use Command as C;
        let silent = |worked: bool, otherwise: &str| if worked { Reply::Done } else { Reply::Say(otherwise.to_owned(), false) };
        match command {
            C::Undo => silent(self.undo(), "Nothing to undo"),
            C::Redo => silent(self.redo(), "Nothing to redo"),
            C::Cut => self.copy(true),
            C::Copy => self.copy(false),
            C::Paste => {
                let register = self.register.clone();
                if let Some(bar) = &mut self.bar {
                    bar.paste(&register.text);
                    self.bar_changed();
                } else if register.lines && self.selection().is_none() {
                    let line = self.cursor.line;
                    let cursor = self.cursor;
                    self.edit(Kind::Whole, |editor| {
                        editor.change(Place::new(line, 0), Place::new(line, 0), &format!("{}\n", register.text));
                        editor.cursor = Place::new(line + register.text.split('\n').count(), cursor.byte);
                    });
                } else {
                    self.edit(Kind::Whole, |editor| editor.put(&register.text));
                }
                Reply::Done
            }
            C::SelectAll => {
                let end = self.text.end();
                self.leave_vim_for_selection();
                self.select(Place::default(), end);
                Reply::Done
            }
            C::SelectWord => {
                let (from, to) = self.word_around(self.cursor);
                self.leave_vim_for_selection();
                self.select(from, to);
                Reply::Done
            }
            C::SelectLine => {
                let touched = self.touched();
                let to = if touched.end < self.text.len() { Place::new(touched.end, 0) } else { self.text.end() };
                self.leave_vim_for_selection();
                self.select(Place::new(touched.start, 0), to);
                Reply::Done
            }
            C::SelectStatement => match self.statement() {
                Some(extent) => {
                    self.leave_vim_for_selection();
                    self.select(extent.start, extent.end);
                    Reply::Done
                }
                None => Reply::Say("There is no statement under the cursor".into(), false),
            },
            C::Expand => {
                self.leave_vim_for_selection();
                self.expand();
                Reply::Done
            }
            C::Find => {
                self.open_search(false);
                Reply::Done
            }
            C::Replace => {
                self.open_search(true);
                Reply::Done
            }
            C::FindNext => self.find_next(true),
            C::FindPrevious => self.find_next(false),
            C::GoToLine => {
                self.bar = Some(Bar::Line(Field::default()));
                Reply::Done
            }
            C::Bracket => match self.bracket_pair(self.cursor) {
                Some((_, other)) => {
                    self.go_to(other, false);
                    Reply::Done
                }
                None => Reply::Say("There is no bracket at the cursor".into(), false),
            },
            C::Comment => self.changing(Editor::toggle_comment),
            C::Indent => self.changing(|editor| {
                let touched = editor.touched();
                editor.indent(touched, false);
            }),
            C::Outdent => self.changing(|editor| {
                let touched = editor.touched();
                editor.indent(touched, true);
            }),
            C::MoveUp => silent(self.move_lines(false), "This is the first line"),
            C::MoveDown => silent(self.move_lines(true), "This is the last line"),
            C::Duplicate => self.changing(Editor::duplicate),
            C::Join => self.changing(|editor| {
                let touched = editor.touched();
                editor.join(touched.start, (touched.end - 1).max(touched.start + 1));
            }),
            C::DeleteLine => self.changing(|editor| {
                let touched = editor.touched();
                let cursor = editor.cursor;
                editor.edit(Kind::Whole, |editor| {
                    editor.delete_lines(touched.start, touched.end);
                    let column = cursor.byte;
                    let line = touched.start.min(editor.text.len() - 1);
                    editor.cursor = editor.text.floor(Place::new(line, column.min(editor.text.line(line).len())));
                });
            }),
            C::DeleteToEnd => self.changing(|editor| {
                let end = editor.text.line_end(editor.cursor.line);
                let to = if editor.cursor == end { editor.text.after(end) } else { end };
                let from = editor.cursor;
                editor.edit(Kind::Whole, |editor| {
                    let text = editor.remove(from, to);
                    editor.register = Register { text, lines: false };
                });
            }),
            C::DeleteWordBefore => self.changing(|editor| editor.erase(|editor, at| editor.word_start_before(at, false))),
            C::DeleteWordAfter => self.changing(|editor| editor.erase(|editor, at| editor.word_end_after(at, false))),
            C::UpperKeywords => silent(self.keyword_case(true), "There is no keyword to change here"),
            C::LowerKeywords => silent(self.keyword_case(false), "There is no keyword to change here"),
            C::Format => silent(self.format(false), "The statement is laid out already"),
            C::FormatScript => silent(self.format(true), "The script is laid out already"),
            C::Complete | C::Elsewhere => Reply::Ignored,
            C::VimMode => {
                let on = self.vim.is_none();
                self.set_vim(on);
                Reply::Say(if on { "Vim keys: i types, Esc ends it, :q closes the tab" } else { "Standard keys" }.into(), false)
            }
        }
    }

    fn changing(&mut self, change: impl FnOnce(&mut Editor)) -> Reply {
        change(self);
        Reply::Done
    }

    /// A selection made by a command is one of the standard keys; vim's own are made in its visual mode.
    fn leave_vim_for_selection(&mut self) {
        if let Some(vim) = &mut self.vim {
            vim.select();
        }
    }

    /// Removes the selection, or what is between the cursor and where a move leads.
    pub(super) fn erase(&mut self, to: impl FnOnce(&Editor, Place) -> Place) {
        let selected = self.selection();
        let (from, to) = selected.unwrap_or_else(|| {
            let to = to(self, self.cursor);
            (self.cursor.min(to), self.cursor.max(to))
        });
        let single = selected.is_none() && from.line == to.line && self.text.after(from) == to;
        self.edit(if single { Kind::Erasing } else { Kind::Whole }, |editor| {
            editor.remove(from, to);
        });
    }

    fn copy(&mut self, cut: bool) -> Reply {
        let (text, lines) = match self.selected() {
            Some(text) => {
                let lines = self.vim.as_ref().is_some_and(|vim| vim.mode == super::vim::Mode::VisualLine);
                (text, lines)
            }
            None => (self.text.line(self.cursor.line).to_owned(), true),
        };
        if cut {
            if self.selection().is_some() {
                self.edit(Kind::Whole, |editor| editor.put(""));
            } else {
                let line = self.cursor.line;
                self.delete_lines(line, line + 1);
            }
        }
        self.register = Register { text: text.clone(), lines };
        Reply::Copied(if lines { format!("{text}\n") } else { text })
    }

    /// Selects the next larger thing around the selection: word, line, statement, everything.
    fn expand(&mut self) {
        let now = self.selection().unwrap_or((self.cursor, self.cursor));
        let word = self.word_around(now.0);
        let brackets = self.around_brackets(now.0, '(').map(|(open, close)| (self.text.after(open), close));
        let line = (self.first_in_line(now.0.line), self.text.line_end(now.1.line));
        let statement = self.lexed.statement_at(&self.text, now.0).map(|extent| (extent.start, extent.end));
        let all = (Place::default(), self.text.end());
        let mut steps: Vec<(Place, Place)> =
            [Some(word), brackets, Some(line), statement, Some(all)].into_iter().flatten().filter(|(from, to)| from < to).collect();
        // From the smallest: what is inside of another comes before it.
        steps.sort_by_key(|(from, to)| self.text.offset(*to) - self.text.offset(*from));
        let next = steps.into_iter().find(|(from, to)| *from <= now.0 && now.1 <= *to && (*from, *to) != now);
        if let Some((from, to)) = next {
            self.select(from, to);
        }
    }
}
