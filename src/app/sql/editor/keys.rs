//! Keys that are no actions of the table: typing, arrows, erasing, and the line of input under the text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::bar::{Bar, Field};
use super::history::Kind;
use super::text::Place;
use super::{Command, Editor, Reply};
use crate::app::TAB;

impl Editor {
    /// Offers a key before the table of actions is asked: to the line of input, to vim, and to what Esc takes away.
    pub fn first(&mut self, key: KeyEvent) -> Reply {
        if self.bar.is_some() {
            return self.bar_key(key);
        }
        if self.vim.is_some() {
            let reply = self.vim_key(key);
            if reply != Reply::Ignored {
                return reply;
            }
        }
        match key.code {
            KeyCode::Esc if self.selection().is_some() => {
                self.deselect();
                Reply::Done
            }
            KeyCode::Esc if self.found.shown => {
                self.hide_found();
                Reply::Done
            }
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) && self.selection().is_some() => {
                let reply = self.run(Command::Copy);
                self.deselect();
                reply
            }
            _ => Reply::Ignored,
        }
    }

    /// A key that is no action: it types, moves or erases.
    pub fn key(&mut self, key: KeyEvent) -> Reply {
        if let Some(vim) = &mut self.vim {
            if !vim.inserting() {
                return Reply::Ignored;
            }
            vim.record(key);
        }
        self.typed_key(key)
    }

    /// The standard meaning of a key.
    pub(super) fn typed_key(&mut self, key: KeyEvent) -> Reply {
        let select = key.modifiers.contains(KeyModifiers::SHIFT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let words = control || alt;
        let page = isize::try_from(self.page.saturating_sub(1)).unwrap_or(1);
        // Without shift an arrow leaves a selection at the end that it points to.
        let leaving = self.selection().filter(|_| !select);
        match key.code {
            KeyCode::Char('h') if control => self.erase(|editor, at| editor.text.before(at)),
            KeyCode::Enter | KeyCode::Char('\r' | '\n') => self.new_line(),
            KeyCode::Char(c) if !words => self.type_text(c.encode_utf8(&mut [0; 4])),
            KeyCode::Tab if self.selection().is_some_and(|(from, to)| from.line < to.line) => {
                let touched = self.touched();
                self.indent(touched, false);
            }
            KeyCode::Tab => {
                let from = self.selection().map_or(self.cursor, |(from, _)| from);
                let spaces = TAB - self.text.column(from) % TAB;
                self.type_text(&" ".repeat(spaces));
            }
            KeyCode::BackTab => {
                let touched = self.touched();
                self.indent(touched, true);
            }
            KeyCode::Backspace if words => self.erase(|editor, at| editor.word_start_before(at, false)),
            KeyCode::Backspace => self.erase(|editor, at| editor.back_over(at)),
            KeyCode::Delete if words => self.erase(|editor, at| editor.word_end_after(at, false)),
            KeyCode::Delete => self.erase(|editor, at| editor.text.after(at)),
            KeyCode::Left if words => self.go_to(self.word_start_before(self.cursor, false), select),
            KeyCode::Right if words => self.go_to(self.word_end_after(self.cursor, false), select),
            KeyCode::Left => self.go_to(leaving.map_or_else(|| self.text.before(self.cursor), |(from, _)| from), select),
            KeyCode::Right => self.go_to(leaving.map_or_else(|| self.text.after(self.cursor), |(_, to)| to), select),
            KeyCode::Up if !words || select => self.vertical(-1, select),
            KeyCode::Down if !words || select => self.vertical(1, select),
            KeyCode::PageUp if !words => self.vertical(-page, select),
            KeyCode::PageDown if !words => self.vertical(page, select),
            KeyCode::Home if control => self.go_to(Place::default(), select),
            KeyCode::End if control => self.go_to(self.text.end(), select),
            KeyCode::Home => self.go_to(self.smart_home(), select),
            KeyCode::End => self.go_to(self.text.line_end(self.cursor.line), select),
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    /// Types text at the cursor.
    pub(super) fn type_text(&mut self, text: &str) {
        let kind = if self.selection().is_some() { Kind::Whole } else { Kind::Typing };
        self.edit(kind, |editor| {
            editor.put(text);
            // A closing bracket alone in its line goes back to where its statement is.
            if text == ")" {
                editor.align_closing();
            }
        });
    }

    fn align_closing(&mut self) {
        let bracket = self.text.before(self.cursor);
        let line = self.text.line(bracket.line);
        if line[..bracket.byte].trim().is_empty()
            && let Some(open) = self.other_bracket(bracket)
            && open.line < bracket.line
        {
            let opening = self.text.line(open.line);
            let lead = opening[..opening.len() - opening.trim_start().len()].to_owned();
            self.change(Place::new(bracket.line, 0), bracket, &lead);
            self.cursor = Place::new(bracket.line, lead.len() + 1);
        }
    }

    /// Back by a character; in the spaces at the start of a line, back by a step of indentation.
    fn back_over(&self, at: Place) -> Place {
        let head = &self.text.line(at.line)[..at.byte];
        if !head.is_empty() && head.bytes().all(|b| b == b' ') {
            let back = (at.byte - 1) % TAB + 1;
            return Place::new(at.line, at.byte - back);
        }
        self.text.before(at)
    }

    /// A key while the line of input is open.
    fn bar_key(&mut self, key: KeyEvent) -> Reply {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let Some(mut bar) = self.bar.take() else { return Reply::Ignored };
        if key.code == KeyCode::Esc || (control && key.code == KeyCode::Char('c')) {
            if let Bar::VimSearch { .. } = bar {
                self.hide_found();
            }
            return Reply::Done;
        }
        match &mut bar {
            Bar::Search { replace, in_replace, .. } => {
                let with = replace.as_ref().map(|field| field.text.clone());
                let opened = replace.is_some();
                let reply = match key.code {
                    KeyCode::Char('c') if alt => {
                        self.bar = Some(bar);
                        self.toggle_case();
                        return Reply::Done;
                    }
                    KeyCode::Char('x') if alt => {
                        self.bar = Some(bar);
                        self.toggle_regex();
                        return Reply::Done;
                    }
                    KeyCode::Enter if alt => with.map(|with| self.replace_every(&with)),
                    KeyCode::Char('a') if alt => with.map(|with| self.replace_every(&with)),
                    KeyCode::Enter if *in_replace => with.map(|with| self.replace_one(&with)),
                    KeyCode::Enter if key.modifiers.contains(KeyModifiers::SHIFT) => Some(self.find_next(false)),
                    KeyCode::Enter | KeyCode::Down => Some(self.find_next(true)),
                    KeyCode::Up => Some(self.find_next(false)),
                    KeyCode::Char('g' | 'n') if control => Some(self.find_next(true)),
                    KeyCode::Tab | KeyCode::BackTab if opened => {
                        *in_replace = !*in_replace;
                        Some(Reply::Done)
                    }
                    KeyCode::Tab => {
                        *replace = Some(Field::default());
                        *in_replace = true;
                        Some(Reply::Done)
                    }
                    _ => None,
                };
                if let Some(reply) = reply {
                    self.bar = Some(bar);
                    return reply;
                }
            }
            Bar::Line(field) => match key.code {
                KeyCode::Enter => {
                    let line = field.text.trim().parse::<usize>();
                    return match line {
                        Ok(line) => {
                            self.go_to(Place::new(line.saturating_sub(1).min(self.text.len() - 1), 0), false);
                            Reply::Done
                        }
                        Err(_) => Reply::Say("A line is a number".into(), true),
                    };
                }
                KeyCode::Char(c) if !control && !alt && !c.is_ascii_digit() => {
                    self.bar = Some(bar);
                    return Reply::Done;
                }
                _ => {}
            },
            Bar::Ex(field) => match key.code {
                KeyCode::Enter => {
                    let command = field.text.clone();
                    return self.ex(command.trim());
                }
                KeyCode::Backspace if field.text.is_empty() => return Reply::Done,
                _ => {}
            },
            Bar::VimSearch { field, forward } => match key.code {
                KeyCode::Enter => {
                    let (pattern, forward) = (field.text.clone(), *forward);
                    return self.vim_search(&pattern, forward);
                }
                KeyCode::Backspace if field.text.is_empty() => {
                    self.hide_found();
                    return Reply::Done;
                }
                _ => {}
            },
        }
        let taken = bar.field().key(key);
        self.bar = Some(bar);
        if taken {
            self.bar_changed();
            return Reply::Done;
        }
        // What the line of input has no use for may still be an action of everywhere, but never typed into the text.
        if matches!(key.code, KeyCode::F(_)) || (alt && matches!(key.code, KeyCode::Char('1'..='9'))) || control {
            Reply::Ignored
        } else {
            Reply::Done
        }
    }
}
