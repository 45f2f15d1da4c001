//! The text of a tab and what is typed.

/// What can be asked of the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Undo,
    Redo,
    SelectAll,
}
