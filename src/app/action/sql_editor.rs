//! What can be done in the SQL editor. Keys are those that terminals deliver: `ctrl-/` comes as `ctrl-7` from many, `ctrl-]` as `ctrl-5`.

use super::Scope::Editor;
use super::{Action, Command, action};
use crate::app::sql::Command as S;
use crate::app::sql::editor::Command as E;

const fn on(command: E) -> Command {
    Command::Edit(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(Editor, Command::Console(S::Results), "sql.results", "result", "Go to the rows of the result", &["ctrl-down", "f7"]),
    action(Editor, on(E::Complete), "sql.complete", "", "Suggest what could be typed here", &["ctrl-space"]),
    action(Editor, on(E::Undo), "sql.undo", "", "Undo the last change", &["ctrl-u"]),
    action(Editor, on(E::Redo), "sql.redo", "", "Redo what was undone", &["ctrl-y", "alt-u"]),
    action(Editor, on(E::Cut), "sql.cut", "", "Cut the selection, or the line", &["ctrl-x"]),
    action(Editor, on(E::Copy), "sql.copy", "", "Copy the selection, or the line", &["alt-c"]),
    action(Editor, on(E::Paste), "sql.paste", "", "Paste what was cut or copied here", &["ctrl-v"]),
    action(Editor, on(E::SelectAll), "sql.select-all", "", "Select the whole text", &["ctrl-a", "alt-a"]),
    action(Editor, on(E::Expand), "sql.expand", "", "Select more: word, brackets, line, statement, everything", &["alt-e"]),
    action(Editor, on(E::SelectWord), "sql.select-word", "", "Select the word under the cursor", &["ctrl-d"]),
    action(Editor, on(E::SelectLine), "sql.select-line", "", "Select the line", &["alt-l"]),
    action(Editor, on(E::SelectStatement), "sql.select-statement", "", "Select the statement under the cursor", &["alt-s"]),
    action(Editor, on(E::Find), "sql.find", "", "Search in the text", &["ctrl-f"]),
    action(Editor, on(E::FindNext), "sql.find-next", "", "Go to the next match", &["ctrl-g", "alt-n"]),
    action(Editor, on(E::FindPrevious), "sql.find-previous", "", "Go to the match before", &["alt-N"]),
    action(Editor, on(E::Replace), "sql.replace", "", "Search and replace in the text", &["alt-r"]),
    action(Editor, on(E::GoToLine), "sql.go-to-line", "", "Go to a line by its number", &["alt-g"]),
    action(Editor, on(E::Bracket), "sql.bracket", "", "Go to the matching bracket", &["ctrl-]", "ctrl-5", "alt-m"]),
    action(Editor, on(E::Comment), "sql.comment", "", "Make a comment of the lines, or code again", &["ctrl-/", "ctrl-7", "alt-/"]),
    action(Editor, on(E::Indent), "sql.indent", "", "Indent the lines", &["alt->"]),
    action(Editor, on(E::Outdent), "sql.outdent", "", "Indent the lines less", &["alt-<"]),
    action(Editor, on(E::MoveUp), "sql.line-up", "", "Move the lines up", &["alt-up"]),
    action(Editor, on(E::MoveDown), "sql.line-down", "", "Move the lines down", &["alt-down"]),
    action(Editor, on(E::Duplicate), "sql.duplicate", "", "Repeat the lines below", &["alt-d"]),
    action(Editor, on(E::Join), "sql.join", "", "Join the line with the next", &["alt-j"]),
    action(Editor, on(E::DeleteLine), "sql.delete-line", "", "Delete the lines", &["alt-k"]),
    action(Editor, on(E::DeleteToEnd), "sql.delete-to-end", "", "Delete to the end of the line", &["ctrl-k"]),
    action(
        Editor,
        on(E::DeleteWordBefore),
        "sql.delete-word",
        "",
        "Delete the word before the cursor",
        &["alt-backspace", "ctrl-backspace"],
    ),
    action(Editor, on(E::DeleteWordAfter), "sql.delete-next-word", "", "Delete the word after the cursor", &["alt-delete", "ctrl-delete"]),
    action(Editor, on(E::UpperKeywords), "sql.upper-keywords", "", "Write the keywords of the statement in upper case", &[]),
    action(Editor, on(E::LowerKeywords), "sql.lower-keywords", "", "Write the keywords of the statement in lower case", &[]),
    action(Editor, on(E::Format), "sql.format", "", "Lay out the statement under the cursor", &["alt-f"]),
    action(Editor, on(E::FormatScript), "sql.format-script", "", "Lay out every statement of the script", &["alt-F"]),
    action(Editor, on(E::Elsewhere), "sql.elsewhere", "", "Edit the text in $EDITOR", &["ctrl-e"]),
    action(Editor, on(E::VimMode), "sql.vim", "", "Type with the keys of vim, or with standard keys", &["alt-v"]),
];
