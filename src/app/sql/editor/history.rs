//! Changes that can be taken back, in groups that belong together, each with the cursor and selection before and after it.

use super::text::Place;

/// Text that undo keeps, in bytes; what is older goes.
const MOST: usize = 32 << 20;

/// Cursor, and where the selection began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caret {
    /// The cursor.
    pub cursor: Place,
    /// The other end of the selection.
    pub anchor: Option<Place>,
}

/// What belongs together when it comes one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Characters typed into a word, or spaces after it.
    Typing,
    /// Characters erased.
    Erasing,
    /// Anything else stands for itself.
    Whole,
}

/// At `at`, `removed` was there before and `inserted` is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub at: Place,
    /// What was there.
    pub removed: String,
    /// What is there.
    pub inserted: String,
}

/// Changes that are taken back together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The caret before.
    pub before: Caret,
    /// The caret after.
    pub after: Caret,
    kind: Kind,
}

impl Group {
    fn bytes(&self) -> usize {
        self.changes.iter().map(|change| change.removed.len() + change.inserted.len()).sum()
    }
}

/// What was done and what was undone.
#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Group>,
    undone: Vec<Group>,
    bytes: usize,
    sealed: bool,
    /// While a session is open everything belongs to the group that it began.
    session: Option<bool>,
}

impl History {
    /// Remembers a group.
    pub fn push(&mut self, changes: Vec<Change>, kind: Kind, before: Caret, after: Caret) {
        if changes.is_empty() {
            return;
        }
        self.undone.clear();
        let joins = match self.session {
            Some(begun) => begun,
            None => {
                !self.sealed
                    && kind != Kind::Whole
                    && self.done.last().is_some_and(|last| last.kind == kind && last.after == before && same_run(last, &changes, kind))
            }
        };
        self.session = self.session.map(|_| true);
        self.sealed = false;
        match self.done.last_mut() {
            Some(last) if joins => {
                self.bytes += changes.iter().map(|change| change.removed.len() + change.inserted.len()).sum::<usize>();
                last.changes.extend(changes);
                last.after = after;
            }
            _ => {
                let group = Group { changes, before, after, kind };
                self.bytes += group.bytes();
                self.done.push(group);
            }
        }
        while self.bytes > MOST && self.done.len() > 1 {
            self.bytes -= self.done.remove(0).bytes();
        }
    }

    /// The next change begins a group of its own.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// From now on everything is one group, until [`History::close`].
    pub fn open(&mut self) {
        self.session = self.session.or(Some(false));
    }

    /// Ends what [`History::open`] began.
    pub fn close(&mut self) {
        self.session = None;
        self.sealed = true;
    }

    /// The group to take back, which moves to those that can be redone.
    pub fn undo(&mut self) -> Option<Group> {
        let group = self.done.pop()?;
        self.bytes -= group.bytes();
        self.undone.push(group.clone());
        self.sealed = true;
        Some(group)
    }

    /// The group to do again.
    pub fn redo(&mut self) -> Option<Group> {
        let group = self.undone.pop()?;
        self.bytes += group.bytes();
        self.done.push(group.clone());
        self.sealed = true;
        Some(group)
    }
}

/// A new word or a new line begins a new group.
fn same_run(last: &Group, changes: &[Change], kind: Kind) -> bool {
    let text = |changes: &[Change], newest: bool| {
        let change = if newest { changes.last() } else { changes.first() };
        change.map(|change| if kind == Kind::Typing { &change.inserted } else { &change.removed }).and_then(|text| text.chars().last())
    };
    match (text(&last.changes, true), text(changes, false)) {
        (Some(before), Some(now)) => now != '\n' && before != '\n' && (now.is_whitespace() || !before.is_whitespace()),
        _ => true,
    }
}
