//! Plans for people: what `EXPLAIN` prints.
//!
//! The optimised plan of a query becomes a small tree of steps ([`build`]), with rows and columns, in the words of the dialect ([`words`]).
//! [`redshift`] adds costs and the steps of a warehouse of several nodes and writes Redshift's form; [`trino`] cuts the tree into fragments
//! and writes Trino's. Both are the form of the service over the work of this engine: the order of joins and the numbers of rows are its own.

mod build;
mod estimate;
mod explain;
mod io;
mod measure;
mod redshift;
mod trino;
mod words;

pub use explain::{Asked, explain};

use super::scan::About;
use super::types::ColumnType;

/// A step of a plan.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// What is done.
    pub step: Step,
    /// The columns of its rows.
    pub columns: Vec<Symbol>,
    /// Rows expected.
    pub rows: f64,
    /// Rows that it looks at, where that is more: those of a table before its conditions.
    pub read: f64,
    /// Where its rows come from.
    pub inputs: Vec<Node>,
    /// Queries for one value, which run before it.
    pub scalars: Vec<Node>,
    /// What was measured, when it ran.
    pub measured: Option<Measured>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Rows that came out of it.
    pub rows: u64,
    /// Time of its own, in nanoseconds.
    pub nanos: u64,
}

/// A column of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Symbol {
    /// Redshift's plans show what a column is computed from, Trino's the name that it has in the plan.
    pub text: String,
    /// Type.
    pub kind: ColumnType,
    /// The relation and column that it is, when it was not computed.
    pub origin: Option<(String, String)>,
}

/// What a step does.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a plan has some dozen steps, and most of them scan")]
pub(super) enum Step {
    /// Reads a table.
    Scan {
        /// The table; `None` for a view of the system, and for the rows that a recursive query has so far.
        about: Option<About>,
        /// Whether it is a view of the system, which the leader has.
        leader: bool,
        /// Its name.
        table: String,
        /// The name that the query gives it, when that is another one.
        alias: Option<String>,
        /// The names of the columns that are read, in the order of the columns.
        read: Vec<String>,
        /// What its rows must fulfil.
        filter: Vec<String>,
        /// What the partitions that are read must fulfil.
        pruning: Vec<String>,
        /// The values of partition columns that the conditions leave.
        domains: Vec<Domain>,
        /// Bytes of the table.
        bytes: f64,
    },
    /// Rows that are written in the query; one without columns where it has no FROM.
    Values,
    /// Keeps some rows.
    Filter(Vec<String>),
    /// Computes columns: a name and an expression each.
    Project(Vec<(String, String)>),
    /// Groups rows.
    Aggregate {
        /// What is grouped by.
        keys: Vec<String>,
        /// A name and a call each.
        calls: Vec<(String, String)>,
        /// Whether parts of a group can be aggregated by themselves.
        splits: bool,
    },
    /// Joins two inputs.
    Join(Join),
    /// Computes window functions.
    Window {
        /// `PARTITION BY`.
        partition: Vec<String>,
        /// `ORDER BY`.
        order: Vec<Key>,
        /// A name and a call each.
        calls: Vec<(String, String)>,
    },
    /// Sorts rows.
    Sort(Vec<Key>),
    /// Keeps the first rows.
    Limit {
        /// Rows passed over before.
        skip: u64,
        /// Rows kept; all when `None`.
        fetch: Option<u64>,
    },
    /// The rows of all inputs.
    Append,
    /// The items of arrays, as rows.
    Unnest(Vec<String>),
    /// A query in FROM under its name.
    Subquery(String),
    /// A query over its own result; the first input starts it.
    Recursive(String),
}

/// The values of a column that conditions leave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain {
    /// The column.
    pub column: String,
    /// Its type.
    pub kind: ColumnType,
    /// Ranges: from and to, each with whether the end belongs to it; without an end where `None`.
    pub ranges: Vec<(End, End)>,
}

/// The end of a range of values, and whether it belongs to it.
pub(super) type End = Option<(String, bool)>;

/// How two inputs are joined. The right one is the one that is kept in memory.
#[derive(Debug, Clone)]
pub(super) struct Join {
    /// Which rows stay.
    pub kind: JoinKind,
    /// Pairs of columns that are equal.
    pub on: Vec<(Symbol, Symbol)>,
    /// What pairs of rows must fulfil besides.
    pub filter: Vec<String>,
}

/// Which rows of a join stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    /// Rows of the left that have a match.
    Semi,
    /// Rows of the left that have none.
    Anti,
}

/// What is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub text: String,
    pub ascending: bool,
    pub nulls_first: bool,
}

impl Node {
    /// Bytes of a row.
    pub fn width(&self) -> f64 {
        self.columns.iter().map(|column| estimate::width(&column.kind)).fold(0.0, |all, one| all + one)
    }
}
