//! What can be done with the result of a statement.

use super::Scope::Results;
use super::{Action, Command, action};
use crate::app::sql::Command as S;
use crate::app::sql::result::Command as G;

const fn on(command: G) -> Command {
    Command::Grid(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(Results, Command::Console(S::Editor), "sql.edit", "edit", "Go back to the editor", &["i", "ctrl-up"]),
    action(Results, on(G::Inspect), "sql.inspect", "cell", "Show the cell in full, JSON set out", &["enter"]),
    action(Results, on(G::Sort), "sql.sort", "sort", "Sort by the column: up, down, not at all", &["s"]),
    action(Results, on(G::Filter), "sql.filter", "filter", "Filter by the column: text, =, <, ranges, NULL", &["f"]),
    action(Results, on(G::Search), "sql.search", "search", "Search the shown columns", &["/"]),
    action(Results, on(G::Profile), "sql.profile", "profile", "What is in the column: counts, quantiles, histogram", &["p"]),
    action(Results, on(G::Chart), "sql.chart", "chart", "Draw the result: bars, line, histogram, scatter", &["c"]),
    action(Results, on(G::Export), "sql.export", "export", "Write every row to a file: CSV, Parquet, JSON, Markdown", &["o"]),
    action(Results, on(G::CopyCell), "sql.copy-cell", "copy", "Copy the cell, or the selection, to the clipboard", &["y"]),
    action(Results, on(G::CopyRow), "sql.copy-row", "", "Copy the row, with tabs between the cells", &["Y"]),
    action(Results, on(G::CopyAs), "sql.copy-as", "", "Copy as TSV, CSV, JSON, Markdown or INSERT", &["C"]),
    action(Results, on(G::Record), "sql.record", "", "Show one row, its fields below each other", &["v"]),
    action(Results, on(G::SortMore), "sql.sort-more", "", "Sort by this column too, after the others", &["S"]),
    action(Results, on(G::SortNulls), "sql.sort-nulls", "", "Sort NULL first, or last", &["u"]),
    action(Results, on(G::FilterAnywhere), "sql.filter-all", "", "Filter by a text in any column", &["F"]),
    action(Results, on(G::FilterValue), "sql.filter-value", "", "Show only rows with this value", &["="]),
    action(Results, on(G::SearchNext), "sql.search-next", "", "Next place of the text that was searched", &["n"]),
    action(Results, on(G::SearchPrevious), "sql.search-previous", "", "Place before of the text that was searched", &["N"]),
    action(Results, on(G::GoToRow), "sql.go-to-row", "", "Go to a row by its number", &["#"]),
    action(Results, on(G::Mark), "sql.mark", "", "Begin or end a selection of cells", &["m"]),
    action(Results, on(G::MarkRows), "sql.mark-rows", "", "Begin or end a selection of rows", &["M"]),
    action(Results, on(G::Narrower), "sql.column-narrower", "", "Make the column narrower", &["<"]),
    action(Results, on(G::Wider), "sql.column-wider", "", "Make the column wider", &[">"]),
    action(Results, on(G::Fit), "sql.column-fit", "", "Make the column as wide as its cells on the screen", &["w"]),
    action(Results, on(G::FitAll), "sql.columns-fit", "", "Make every column as wide as its cells on the screen", &["W"]),
    action(Results, on(G::Hide), "sql.column-hide", "", "Hide the column", &["-"]),
    action(Results, on(G::Unhide), "sql.columns-show", "", "Show hidden columns again", &["+"]),
    action(Results, on(G::MoveLeft), "sql.column-move-left", "", "Move the column to the left", &["["]),
    action(Results, on(G::MoveRight), "sql.column-move-right", "", "Move the column to the right", &["]"]),
    action(Results, on(G::Freeze), "sql.columns-freeze", "", "Keep the columns up to this one while scrolling, or not", &["|"]),
    action(Results, on(G::Separators), "sql.separators", "", "Separate thousands, or not", &[","]),
    action(Results, on(G::Pin), "sql.pin", "", "Keep this result when the next one comes, or not", &["P"]),
    action(Results, on(G::NextResult), "sql.next-result", "", "Go to the next open result", &[")"]),
    action(Results, on(G::PreviousResult), "sql.previous-result", "", "Go to the open result before", &["("]),
    action(Results, on(G::CloseResult), "sql.close-result", "", "Close this result", &["X"]),
    action(Results, on(G::Compare), "sql.compare", "compare", "Compare with another open result", &["d"]),
    action(Results, on(G::Down), "sql.row-down", "", "Next row", &["down", "j"]),
    action(Results, on(G::Up), "sql.row-up", "", "Row before", &["up", "k"]),
    action(Results, on(G::Left), "sql.column-left", "", "Column to the left", &["left", "h"]),
    action(Results, on(G::Right), "sql.column-right", "", "Column to the right", &["right"]),
    action(Results, on(G::FirstColumn), "sql.column-first", "", "First column", &["^"]),
    action(Results, on(G::LastColumn), "sql.column-last", "", "Last column", &["$"]),
    action(Results, on(G::PageDown), "sql.page-down", "", "One page down", &["pgdn", "space"]),
    action(Results, on(G::PageUp), "sql.page-up", "", "One page up", &["pgup"]),
    action(Results, on(G::First), "sql.first", "", "First row", &["home", "g", "ctrl-home"]),
    action(Results, on(G::Last), "sql.last", "", "Last row; the rest is fetched first", &["end", "G", "ctrl-end"]),
];
