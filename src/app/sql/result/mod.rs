//! The results of statements, and how they are looked at.
//!
//! [`ResultSet`] is one result: its rows are in a [store](crate::ops::results::Store), which jobs fill and read in the background; the set
//! knows where one looks, what is sorted, filtered and searched, and which [`View`] of it is on the screen. [`Columns`] is how columns
//! stand in the grid, [`Prompt`] what is typed, [`copy`] what goes to the clipboard, [`job`] what is asked of the background.

mod columns;
pub mod copy;
pub mod job;
mod prompt;
mod set;
mod sets;
pub mod shown;
mod views;

pub use columns::{Columns, GAP};
pub use copy::{CopyFormat, Span};
pub use job::{Answer, Job, Msg, Task};
pub use prompt::{Prompt, PromptKind, Typed};
pub use set::{ResultSet, Said, Search, Waiting};
pub use sets::Results;
pub use views::{CHART_FIELDS, ChartView, CompareView, View};

/// What can be asked of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    FirstColumn,
    LastColumn,
    GoToRow,
    Inspect,
    Record,
    Profile,
    Chart,
    Compare,
    /// With the n-th of the other results, by position or by the selected columns.
    CompareWith(usize, bool),
    Export,
    CopyCell,
    CopyRow,
    CopyAs,
    Copy(Span, CopyFormat),
    Mark,
    MarkRows,
    Sort,
    SortMore,
    SortNulls,
    Filter,
    FilterAnywhere,
    FilterValue,
    Search,
    SearchNext,
    SearchPrevious,
    Narrower,
    Wider,
    Fit,
    FitAll,
    Hide,
    Unhide,
    MoveLeft,
    MoveRight,
    Freeze,
    Separators,
    Pin,
    NextResult,
    PreviousResult,
    CloseResult,
}

impl Command {
    /// Whether it only moves the cursor.
    pub fn moves(self) -> bool {
        use Command as C;
        matches!(self, C::Up | C::Down | C::Left | C::Right | C::PageUp | C::PageDown | C::First | C::Last | C::FirstColumn | C::LastColumn)
    }
}

#[cfg(test)]
pub(crate) mod tests;
