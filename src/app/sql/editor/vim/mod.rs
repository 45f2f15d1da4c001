//! Vim's way of typing: modes, counts, operators with motions and text objects, and repeating. One register, as the console has one.
//!
//! Keys are read one at a time into `Pending` until they are a command. Motions (`motion`) and text objects (`object`) are questions
//! to the text; `operate` changes it. What a command was made of is remembered, so that `.` can do it again.

mod ex;
mod motion;
mod normal;
mod object;
mod operate;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::text::Place;
use super::{Editor, Reply};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Keys are commands.
    #[default]
    Normal,
    /// Keys are text.
    Insert,
    /// Motions draw a selection of characters.
    Visual,
    /// Motions draw a selection of lines.
    VisualLine,
}

impl Mode {
    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Normal => "NORMAL",
            Mode::Insert => "INSERT",
            Mode::Visual => "VISUAL",
            Mode::VisualLine => "V-LINE",
        }
    }
}

/// What an operator does to the text that a motion gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Delete,
    Change,
    Yank,
    Indent,
    Outdent,
    Lower,
    Upper,
    Toggle,
}

/// A key of which the next one is the second half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// `g`.
    G,
    /// `z`: where the line stands on the screen; the screen keeps the cursor in view by itself.
    Z,
    /// `r`.
    Replace,
    /// `f`, `F`, `t`, `T`.
    Find(FindKind),
    /// `i` or `a` of a text object.
    Object(bool),
}

/// `f F t T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FindKind {
    forward: bool,
    till: bool,
}

/// A command of which not all keys have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pending {
    count: Option<usize>,
    operator: Option<Operator>,
    /// The count in front of the operator.
    outer: Option<usize>,
    half: Option<Half>,
}

impl Pending {
    fn empty(&self) -> bool {
        *self == Pending::default()
    }

    /// The count, if one was given.
    fn given(&self) -> Option<usize> {
        match (self.outer, self.count) {
            (None, None) => None,
            (outer, count) => Some(outer.unwrap_or(1).saturating_mul(count.unwrap_or(1)).clamp(1, MOST)),
        }
    }

    fn times(&self) -> usize {
        self.given().unwrap_or(1)
    }
}

/// The greatest count.
const MOST: usize = 9999;

/// A piece of a command that can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    Key(KeyEvent),
    /// Text that came without keys: a paste, or what was completed; so many characters before the cursor went for it.
    Text(usize, String),
    /// As much of the text as was selected.
    Selection(Shape),
}

/// How much was selected: done again, the same command takes as much from the cursor on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Whether it was whole lines.
    lines: bool,
    /// Line ends in it.
    down: usize,
    /// Characters of its last line.
    characters: usize,
}

/// The state of vim's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vim {
    /// What a key means.
    pub mode: Mode,
    pending: Pending,
    /// Keys of the command that is being given.
    recording: Vec<Recorded>,
    /// Keys of the newest command that changed something.
    last: Vec<Recorded>,
    replaying: bool,
    /// The newest `f F t T` and its character.
    found: Option<(FindKind, char)>,
    /// Whether the newest search went up.
    upwards: bool,
    /// How often an insertion is to be repeated when it ends.
    repeat: usize,
    /// Characters of the command so far, to show.
    shown: String,
}

/// What a key of the normal mode came to.
enum Step {
    /// More keys are needed.
    More,
    /// Nothing has changed.
    Done(Reply),
    /// Something has changed, or text is being typed: `.` repeats it.
    Changed(Reply),
}

impl Vim {
    /// Whether a selection is being drawn.
    pub fn visual(&self) -> bool {
        matches!(self.mode, Mode::Visual | Mode::VisualLine)
    }

    /// Whether keys are text.
    pub fn inserting(&self) -> bool {
        self.mode == Mode::Insert
    }

    /// The keys of a command that is not complete.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Draws no selection any more.
    pub fn leave_visual(&mut self) {
        if self.visual() {
            self.mode = Mode::Normal;
        }
    }

    /// A selection is made by somebody else.
    pub fn select(&mut self) {
        self.leave_visual();
        self.pending = Pending::default();
    }

    /// Remembers a key of an insertion.
    pub fn record(&mut self, key: KeyEvent) {
        if !self.replaying {
            self.recording.push(Recorded::Key(key));
        }
    }

    /// Remembers text that came without keys.
    pub fn typed(&mut self, text: &str) {
        if self.inserting() && !self.replaying {
            self.recording.push(Recorded::Text(0, text.to_owned()));
        }
    }

    /// Remembers that `removed` before the cursor became `text`.
    pub fn completed(&mut self, removed: &str, text: &str) {
        if self.inserting() && !self.replaying {
            use unicode_segmentation::UnicodeSegmentation as _;
            self.recording.push(Recorded::Text(removed.graphemes(true).count(), text.to_owned()));
        }
    }
}

impl Editor {
    /// Offers a key to vim.
    pub(super) fn vim_key(&mut self, key: KeyEvent) -> Reply {
        let Some(mode) = self.vim.as_ref().map(|vim| vim.mode) else { return Reply::Ignored };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if mode == Mode::Insert {
            if key.code == KeyCode::Esc || (control && matches!(key.code, KeyCode::Char('c' | '['))) {
                self.leave_insert();
                return Reply::Done;
            }
            return Reply::Ignored;
        }
        if mode == Mode::Normal
            && let Some((from, to)) = self.selection()
        {
            // Somebody else has selected something: it is as if it had been drawn here.
            self.anchor = Some(from);
            self.cursor = self.text.before(to);
            self.set_mode(Mode::Visual);
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Reply::Ignored;
        }
        let fresh = self.vim.as_ref().is_some_and(|vim| vim.pending.empty());
        let shape = self.shape();
        if let Some(vim) = &mut self.vim
            && !vim.replaying
        {
            if fresh {
                vim.recording.clear();
                vim.shown.clear();
            }
            vim.recording.push(Recorded::Key(key));
        }
        let step = self.vim_step(key, control);
        let Some(vim) = &mut self.vim else { return Reply::Done };
        match step {
            Step::More => {
                if let KeyCode::Char(c) = key.code {
                    vim.shown.push(c);
                }
                Reply::Done
            }
            Step::Done(reply) => {
                vim.pending = Pending::default();
                vim.shown.clear();
                self.settle();
                reply
            }
            Step::Changed(reply) => {
                vim.pending = Pending::default();
                vim.shown.clear();
                // What was done to a selection is done again to as much of the text.
                if let Some(shape) = shape
                    && !vim.replaying
                {
                    vim.recording.insert(0, Recorded::Selection(shape));
                }
                if !vim.replaying && !vim.inserting() {
                    vim.last = std::mem::take(&mut vim.recording);
                }
                self.settle();
                reply
            }
        }
    }

    fn set_mode(&mut self, mode: Mode) {
        if let Some(vim) = &mut self.vim {
            vim.mode = mode;
        }
    }

    /// Types from here on; everything until the end of it is taken back as one.
    fn begin_insert(&mut self, times: usize) {
        self.history.open();
        self.set_mode(Mode::Insert);
        if let Some(vim) = &mut self.vim {
            vim.repeat = times;
        }
    }

    fn leave_insert(&mut self) {
        let Some(vim) = &mut self.vim else { return };
        let recording = std::mem::take(&mut vim.recording);
        let times = std::mem::replace(&mut vim.repeat, 1);
        // The keys of the insertion itself come after those of the command that began it.
        let typed: Vec<Recorded> = recording.iter().skip_while(|piece| !starts_insert(piece)).skip(1).cloned().collect();
        if !vim.replaying && !recording.is_empty() {
            vim.last = recording;
            vim.last.push(Recorded::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
        }
        if times > 1 && !vim.replaying {
            vim.replaying = true;
            for _ in 1..times {
                for piece in &typed {
                    self.play(piece);
                }
            }
            if let Some(vim) = &mut self.vim {
                vim.replaying = false;
            }
        }
        self.history.close();
        if self.cursor.byte > 0 {
            self.cursor = self.text.before(self.cursor);
        }
        self.anchor = None;
        self.set_mode(Mode::Normal);
        self.settle();
    }

    fn play(&mut self, piece: &Recorded) {
        match piece {
            Recorded::Key(key) => {
                if self.vim_key(*key) == Reply::Ignored && self.vim.as_ref().is_some_and(Vim::inserting) {
                    self.typed_key(*key);
                }
            }
            Recorded::Text(before, text) => {
                let to = self.cursor;
                let from = (0..*before).fold(to, |at, _| self.text.before(at));
                let text = text.clone();
                self.edit(super::history::Kind::Whole, |editor| editor.cursor = editor.change(from, to, &text));
            }
            Recorded::Selection(shape) => self.select_shape(*shape),
        }
    }

    /// How much is selected in a visual mode.
    fn shape(&self) -> Option<Shape> {
        use unicode_segmentation::UnicodeSegmentation as _;
        let vim = self.vim.as_ref().filter(|vim| vim.visual())?;
        let (from, to) = self.selection()?;
        let lines = vim.mode == Mode::VisualLine;
        let start = if from.line == to.line { from } else { Place::new(to.line, 0) };
        let characters = self.text.slice(start, to).graphemes(true).count();
        Some(Shape { lines, down: to.line - from.line, characters })
    }

    /// Selects as much as a shape says, from the cursor on.
    fn select_shape(&mut self, shape: Shape) {
        let from = self.cursor;
        let last = (from.line + shape.down).min(self.text.len() - 1);
        let start = if shape.down == 0 { from } else { Place::new(last, 0) };
        // The cursor stands on the last character, and does not leave its line.
        let mut to = start;
        for _ in 1..shape.characters.max(1) {
            let next = self.text.after(to);
            if next.line > last || next.byte >= self.text.line(last).len() {
                break;
            }
            to = next;
        }
        if shape.characters == 0 && last > from.line {
            // Up to a line end, which belongs to the line before.
            to = self.text.line_end(last - 1);
        }
        self.anchor = Some(from);
        self.cursor = if shape.lines { Place::new(last, 0) } else { to };
        self.set_mode(if shape.lines { Mode::VisualLine } else { Mode::Visual });
    }

    /// `.`
    fn repeat_last(&mut self, times: usize) {
        let Some(vim) = &mut self.vim else { return };
        if vim.replaying {
            return;
        }
        let last = vim.last.clone();
        vim.replaying = true;
        vim.pending = Pending::default();
        // A count that is great and a command that is long must not keep the screen waiting.
        let times = times.min((MOST / last.len().max(1)).max(1));
        for _ in 0..times {
            for piece in &last {
                self.play(piece);
            }
        }
        if let Some(vim) = &mut self.vim {
            vim.replaying = false;
            vim.pending = Pending::default();
        }
    }

    /// Where a selection of whole lines or characters begins.
    fn toggle_visual(&mut self, mode: Mode) {
        let now = self.vim.as_ref().map(|vim| vim.mode);
        if now == Some(mode) {
            self.deselect();
        } else {
            if !self.vim.as_ref().is_some_and(Vim::visual) {
                self.anchor = Some(self.cursor);
            }
            self.set_mode(mode);
        }
    }

    /// The first place of a line that can hold the cursor.
    fn line_place(&self, line: usize) -> Place {
        self.first_in_line(line.min(self.text.len() - 1))
    }
}

/// Whether a key of the normal mode begins to type.
fn starts_insert(piece: &Recorded) -> bool {
    matches!(piece, Recorded::Key(KeyEvent { code: KeyCode::Char('i' | 'a' | 'I' | 'A' | 'o' | 'O'), .. }))
}
