//! Keys of the normal mode and of the visual modes.

use crossterm::event::{KeyCode, KeyEvent};

use super::super::bar::{Bar, Field};
use super::super::history::Kind;
use super::super::text::Place;
use super::super::{Editor, Reply};
use super::motion::Span;
use super::operate::toggled;
use super::{FindKind, Half, MOST, Mode, Operator, Pending, Step, Vim};

impl Editor {
    fn pending(&self) -> Pending {
        self.vim.as_ref().map(|vim| vim.pending).unwrap_or_default()
    }

    fn set_pending(&mut self, pending: Pending) {
        if let Some(vim) = &mut self.vim {
            vim.pending = pending;
        }
    }

    fn in_visual(&self) -> bool {
        self.vim.as_ref().is_some_and(Vim::visual)
    }

    /// One key.
    pub(super) fn vim_step(&mut self, key: KeyEvent, control: bool) -> Step {
        let pending = self.pending();
        let page = isize::try_from(self.page).unwrap_or(20);
        if control {
            return match key.code {
                KeyCode::Char('r') => {
                    for _ in 0..pending.times() {
                        if !self.redo() {
                            return Step::Done(Reply::Say("Nothing to redo".into(), false));
                        }
                    }
                    Step::Done(Reply::Done)
                }
                KeyCode::Char('d') => self.scroll(page / 2),
                KeyCode::Char('u') => self.scroll(-page / 2),
                KeyCode::Char('f') => self.scroll(page),
                KeyCode::Char('b') => self.scroll(-page),
                KeyCode::Char('[' | 'c') if !pending.empty() || self.in_visual() => self.escape(),
                KeyCode::Home => self.moved(Place::default(), Span::Lines),
                KeyCode::End => {
                    let end = self.text.end();
                    self.moved(end, Span::Lines)
                }
                _ => Step::Done(Reply::Ignored),
            };
        }
        let c = match key.code {
            KeyCode::Char(c) => c,
            KeyCode::Esc => return self.escape(),
            KeyCode::Left | KeyCode::Backspace => 'h',
            KeyCode::Right => 'l',
            KeyCode::Up => 'k',
            KeyCode::Down => 'j',
            KeyCode::Home => '0',
            KeyCode::End => '$',
            KeyCode::Enter => '\n',
            KeyCode::Delete => 'x',
            KeyCode::PageDown => return self.scroll(page),
            KeyCode::PageUp => return self.scroll(-page),
            _ => return Step::Done(Reply::Ignored),
        };
        if let Some(half) = pending.half {
            return self.second_half(half, c, pending);
        }
        if c.is_ascii_digit() && (c != '0' || pending.count.is_some()) {
            let digit = c as usize - '0' as usize;
            let count = pending.count.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(MOST);
            self.set_pending(Pending { count: Some(count), ..pending });
            return Step::More;
        }
        let first = match c {
            'g' => Some(Half::G),
            'z' => Some(Half::Z),
            'f' => Some(Half::Find(FindKind { forward: true, till: false })),
            'F' => Some(Half::Find(FindKind { forward: false, till: false })),
            't' => Some(Half::Find(FindKind { forward: true, till: true })),
            'T' => Some(Half::Find(FindKind { forward: false, till: true })),
            'r' if pending.operator.is_none() => Some(Half::Replace),
            'i' | 'a' if pending.operator.is_some() || self.in_visual() => Some(Half::Object(c == 'a')),
            _ => None,
        };
        if let Some(half) = first {
            self.set_pending(Pending { half: Some(half), ..pending });
            return Step::More;
        }
        let operator = match c {
            'd' => Some(Operator::Delete),
            'c' => Some(Operator::Change),
            'y' => Some(Operator::Yank),
            '>' => Some(Operator::Indent),
            '<' => Some(Operator::Outdent),
            _ => None,
        };
        if let Some(operator) = operator {
            return self.operator_key(operator, pending);
        }
        // The second letter of `guu`, `gUU` and `g~~`.
        if matches!((pending.operator, c), (Some(Operator::Lower), 'u') | (Some(Operator::Upper), 'U') | (Some(Operator::Toggle), '~')) {
            return self.whole_lines(pending);
        }
        if let Some((to, span)) = self.motion(c, pending.given(), pending.operator) {
            return match pending.operator {
                Some(operator) => {
                    let reply = self.operate_motion(operator, to, span);
                    self.after_operator(operator, reply)
                }
                None if matches!(c, 'j' | 'k') => {
                    let times = isize::try_from(pending.times()).unwrap_or(1);
                    let last = self.text.len() - 1;
                    let room = if c == 'j' { last - self.cursor.line } else { self.cursor.line };
                    let times = times.min(isize::try_from(room).unwrap_or(isize::MAX));
                    self.vertical(if c == 'j' { times } else { -times }, self.in_visual());
                    Step::Done(Reply::Done)
                }
                None if matches!(c, '\n' | '+' | '-') => {
                    let place = self.line_place(to.line);
                    self.moved(place, span)
                }
                None => {
                    let step = self.moved(to, span);
                    if c == '$' {
                        self.goal = Some(usize::MAX);
                    }
                    step
                }
            };
        }
        if pending.operator.is_some() {
            // An operator without a motion is nothing.
            return Step::Done(Reply::Done);
        }
        if self.in_visual() { self.visual_command(c, pending) } else { self.normal_command(c, pending) }
    }

    fn escape(&mut self) -> Step {
        if self.in_visual() {
            self.deselect();
        }
        Step::Done(Reply::Done)
    }

    fn scroll(&mut self, lines: isize) -> Step {
        let last = isize::try_from(self.text.len() - 1).unwrap_or(isize::MAX);
        let line = isize::try_from(self.cursor.line).unwrap_or(0);
        let select = self.in_visual();
        self.vertical(lines.clamp(-line, last - line), select);
        Step::Done(Reply::Done)
    }

    fn moved(&mut self, to: Place, _span: Span) -> Step {
        let select = self.in_visual();
        self.go_to(to, select);
        Step::Done(Reply::Done)
    }

    fn after_operator(&mut self, operator: Operator, reply: Reply) -> Step {
        if operator == Operator::Yank { Step::Done(reply) } else { Step::Changed(reply) }
    }

    fn operator_key(&mut self, operator: Operator, pending: Pending) -> Step {
        if self.in_visual() {
            return self.operate_selection(operator);
        }
        match pending.operator {
            None => {
                self.set_pending(Pending { operator: Some(operator), outer: pending.count, count: None, half: None });
                Step::More
            }
            Some(same) if same == operator => self.whole_lines(pending),
            Some(_) => Step::Done(Reply::Done),
        }
    }

    /// `dd`, `guu`: so many lines from the cursor on.
    fn whole_lines(&mut self, pending: Pending) -> Step {
        let Some(operator) = pending.operator else { return Step::Done(Reply::Done) };
        let last = (self.cursor.line + pending.times() - 1).min(self.text.len() - 1);
        let to = Place::new(last, 0);
        let from = Place::new(self.cursor.line, 0);
        let reply = self.operate(operator, from, to, true);
        self.after_operator(operator, reply)
    }

    fn operate_selection(&mut self, operator: Operator) -> Step {
        let lines = self.vim.as_ref().is_some_and(|vim| vim.mode == Mode::VisualLine);
        let Some((from, to)) = self.selection() else {
            self.deselect();
            return Step::Done(Reply::Done);
        };
        let reply = self.operate(operator, from, to, lines);
        self.after_operator(operator, reply)
    }

    fn second_half(&mut self, half: Half, c: char, pending: Pending) -> Step {
        match half {
            Half::Z => Step::Done(Reply::Done),
            Half::G => {
                let operator = match c {
                    'u' => Some(Operator::Lower),
                    'U' => Some(Operator::Upper),
                    '~' => Some(Operator::Toggle),
                    _ => None,
                };
                if let Some(operator) = operator {
                    let pending = Pending { half: None, ..pending };
                    self.set_pending(pending);
                    return self.operator_key(operator, pending);
                }
                match (self.g_motion(c, pending.given()), pending.operator) {
                    (Some((to, span)), Some(operator)) => {
                        let reply = self.operate_motion(operator, to, span);
                        self.after_operator(operator, reply)
                    }
                    (Some((to, span)), None) => self.moved(to, span),
                    (None, _) => Step::Done(Reply::Done),
                }
            }
            Half::Find(kind) => {
                if let Some(vim) = &mut self.vim {
                    vim.found = Some((kind, c));
                }
                match (self.find_in_line(kind, c, pending.times()), pending.operator) {
                    (Some((to, span)), Some(operator)) => {
                        let reply = self.operate_motion(operator, to, span);
                        self.after_operator(operator, reply)
                    }
                    (Some((to, span)), None) => self.moved(to, span),
                    (None, _) => Step::Done(Reply::Done),
                }
            }
            Half::Object(around) => {
                let Some((from, to, span)) = self.object(c, around, pending.times()) else { return Step::Done(Reply::Done) };
                match pending.operator {
                    Some(operator) => {
                        let reply = self.operate(operator, from, to, span == Span::Lines);
                        self.after_operator(operator, reply)
                    }
                    None => {
                        if from < to {
                            self.anchor = Some(from);
                            self.cursor = self.text.before(to);
                            if span == Span::Lines {
                                self.set_mode(Mode::VisualLine);
                            }
                        }
                        Step::Done(Reply::Done)
                    }
                }
            }
            Half::Replace => self.replace_characters(c, pending.times()),
        }
    }

    fn replace_characters(&mut self, c: char, times: usize) -> Step {
        let c = if c == '\r' { '\n' } else { c };
        if c.is_control() && c != '\n' {
            return Step::Done(Reply::Done);
        }
        if let Some((from, to)) = self.selection().filter(|_| self.in_visual()) {
            use unicode_segmentation::UnicodeSegmentation as _;
            let text: String = self.text.slice(from, to).graphemes(true).map(|old| if old == "\n" { '\n' } else { c }).collect();
            self.deselect();
            self.edit(Kind::Whole, |editor| {
                editor.change(from, to, &text);
                editor.cursor = editor.text.floor(from);
            });
            return Step::Changed(Reply::Done);
        }
        let mut to = self.cursor;
        for _ in 0..times {
            if to.byte >= self.text.line(to.line).len() {
                return Step::Done(Reply::Done);
            }
            to = self.text.after(to);
        }
        let from = self.cursor;
        let text = if c == '\n' { "\n".to_owned() } else { c.to_string().repeat(times) };
        self.edit(Kind::Whole, |editor| {
            let end = editor.change(from, to, &text);
            editor.cursor = if c == '\n' { end } else { editor.text.before(end) };
        });
        Step::Changed(Reply::Done)
    }

    fn visual_command(&mut self, c: char, pending: Pending) -> Step {
        match c {
            'v' => self.toggle_visual(Mode::Visual),
            'V' => self.toggle_visual(Mode::VisualLine),
            'o' => {
                if let Some(anchor) = self.anchor {
                    self.anchor = Some(self.cursor);
                    self.cursor = anchor;
                }
            }
            'x' => return self.operate_selection(Operator::Delete),
            's' => return self.operate_selection(Operator::Change),
            'u' => return self.operate_selection(Operator::Lower),
            'U' => return self.operate_selection(Operator::Upper),
            '~' => return self.operate_selection(Operator::Toggle),
            'X' | 'D' => {
                self.set_mode(Mode::VisualLine);
                return self.operate_selection(Operator::Delete);
            }
            'C' | 'S' => {
                self.set_mode(Mode::VisualLine);
                return self.operate_selection(Operator::Change);
            }
            'Y' => {
                self.set_mode(Mode::VisualLine);
                return self.operate_selection(Operator::Yank);
            }
            'J' => {
                let Some((from, to)) = self.selection() else { return Step::Done(Reply::Done) };
                self.deselect();
                self.join(from.line, to.line.max(from.line + 1));
                return Step::Changed(Reply::Done);
            }
            'p' | 'P' => {
                self.put_register(true, pending.times());
                self.deselect();
                return Step::Changed(Reply::Done);
            }
            'I' | 'A' => {
                let Some((from, to)) = self.selection() else { return Step::Done(Reply::Done) };
                self.deselect();
                self.cursor = if c == 'I' { from } else { to };
                self.begin_insert(1);
                return Step::Changed(Reply::Done);
            }
            ':' => self.bar = Some(Bar::Ex(Field::default())),
            '/' | '?' => self.open_vim_search(c == '/'),
            _ => {}
        }
        Step::Done(Reply::Done)
    }

    fn normal_command(&mut self, c: char, pending: Pending) -> Step {
        let times = pending.times();
        let end = self.text.line_end(self.cursor.line);
        match c {
            'i' => self.begin_insert(times),
            'a' => {
                self.begin_insert(times);
                if self.cursor < end {
                    self.cursor = self.text.after(self.cursor);
                }
            }
            'I' => {
                self.begin_insert(times);
                self.cursor = self.first_in_line(self.cursor.line);
            }
            'A' => {
                self.begin_insert(times);
                self.cursor = end;
            }
            'o' | 'O' => {
                self.begin_insert(times);
                let line = self.cursor.line;
                let lead: String = self.text.line(line).chars().take_while(|c| *c == ' ' || *c == '\t').collect();
                self.edit(Kind::Whole, |editor| {
                    if c == 'o' {
                        editor.cursor = editor.change(end, end, &format!("\n{lead}"));
                    } else {
                        editor.change(Place::new(line, 0), Place::new(line, 0), &format!("{lead}\n"));
                        editor.cursor = Place::new(line, lead.len());
                    }
                });
            }
            'x' | 'X' | 's' => {
                let from = self.cursor;
                let to = (0..times).fold(from, |at, _| match c {
                    'X' if at.byte > 0 => self.text.before(at),
                    'X' => at,
                    _ if at.byte < end.byte => self.text.after(at),
                    _ => at,
                });
                if from == to && c != 's' {
                    return Step::Done(Reply::Done);
                }
                let operator = if c == 's' { Operator::Change } else { Operator::Delete };
                let reply = self.operate(operator, from.min(to), from.max(to), false);
                return Step::Changed(reply);
            }
            'S' => {
                let last = (self.cursor.line + times - 1).min(self.text.len() - 1);
                let reply = self.operate(Operator::Change, self.cursor, Place::new(last, 0), true);
                return Step::Changed(reply);
            }
            'D' | 'C' => {
                let last = (self.cursor.line + times - 1).min(self.text.len() - 1);
                let to = self.text.line_end(last);
                let operator = if c == 'D' { Operator::Delete } else { Operator::Change };
                let reply = self.operate(operator, self.cursor, to, false);
                return Step::Changed(reply);
            }
            'Y' => {
                let last = (self.cursor.line + times - 1).min(self.text.len() - 1);
                return Step::Done(self.operate(Operator::Yank, self.cursor, Place::new(last, 0), true));
            }
            'p' => self.put_register(true, times),
            'P' => self.put_register(false, times),
            'J' => {
                let line = self.cursor.line;
                self.join(line, line + times.max(2) - 1);
            }
            '~' => {
                let from = self.cursor;
                let to = (0..times).fold(from, |at, _| if at.byte < end.byte { self.text.after(at) } else { at });
                let text: String = self.text.slice(from, to).chars().flat_map(toggled).collect();
                self.edit(Kind::Whole, |editor| {
                    let end = editor.change(from, to, &text);
                    editor.cursor = end;
                });
            }
            '.' => {
                self.repeat_last(times);
                return Step::Done(Reply::Done);
            }
            'u' => {
                for _ in 0..times {
                    if !self.undo() {
                        return Step::Done(Reply::Say("Nothing to undo".into(), false));
                    }
                }
                return Step::Done(Reply::Done);
            }
            'v' => {
                self.toggle_visual(Mode::Visual);
                return Step::Done(Reply::Done);
            }
            'V' => {
                self.toggle_visual(Mode::VisualLine);
                return Step::Done(Reply::Done);
            }
            ':' => {
                self.bar = Some(Bar::Ex(Field::default()));
                return Step::Done(Reply::Done);
            }
            '/' | '?' => {
                self.open_vim_search(c == '/');
                return Step::Done(Reply::Done);
            }
            _ => return Step::Done(Reply::Done),
        }
        Step::Changed(Reply::Done)
    }
}
