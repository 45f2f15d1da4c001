//! What is asked of the background for a result, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::latest::Ticket;
use crate::ops::OpError;
use crate::ops::query::QueryResult;
use crate::ops::results::{Arrangement, ChartData, ChartSpec, Comparison, Export, Pairing, Profile, Store};

/// Which rows are shown, in their order; without it all are, as they came.
pub type Order = Option<Arc<Vec<u32>>>;

/// Work over the rows of a result.
#[derive(Debug, Clone)]
pub enum Job {
    /// Fetches until this many rows are there.
    Fetch(u64),
    /// Sorts and filters.
    Arrange(Arrangement),
    /// Looks for a text in some columns of the shown rows.
    Find(String, Vec<usize>, Order),
    /// Looks at a column of the shown rows.
    Profile(usize, Order),
    /// Makes a picture of the shown rows.
    Chart(ChartSpec, Order),
    /// Compares with another result.
    Compare(Arc<Store>, Arc<QueryResult>, Pairing),
    /// Writes a file of the shown rows.
    Export(Export, Order),
    /// Completes the path that is being typed.
    Complete(String),
}

impl Job {
    /// What it does, for people who wait for it.
    pub fn words(&self) -> &'static str {
        match self {
            Job::Fetch(_) => "Fetching rows",
            Job::Arrange(arrangement) if arrangement.sort.is_empty() => "Filtering",
            Job::Arrange(_) => "Sorting",
            Job::Find(..) => "Searching",
            Job::Profile(..) => "Profiling",
            Job::Chart(..) => "Drawing",
            Job::Compare(..) => "Comparing",
            Job::Export(..) => "Exporting",
            Job::Complete(_) => "Reading the directory",
        }
    }

    /// Whether it only fetches rows.
    pub fn fetches(&self) -> bool {
        matches!(self, Job::Fetch(_))
    }

    /// Whether it needs every row.
    pub fn needs_all(&self) -> bool {
        !matches!(self, Job::Fetch(_) | Job::Complete(_))
    }
}

/// A job and the rows it is for.
#[derive(Debug, Clone)]
pub struct Task {
    /// The rows.
    pub store: Arc<Store>,
    /// The result.
    pub meta: Arc<QueryResult>,
    /// The work.
    pub job: Job,
}

/// What a job has found.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Which rows are shown, in their order.
    Arranged(Arrangement, Vec<u32>),
    /// Where the text is among the shown rows.
    Found(String, Vec<u32>),
    /// What is in the column.
    Profiled(Profile),
    /// The figures of the picture.
    Charted(ChartSpec, ChartData),
    /// What differs.
    Compared(Box<Comparison>, Arc<Store>),
    /// The file is there, with so many rows.
    Exported(PathBuf, u64),
    /// There is a file of that name; may it be replaced?
    Exists(Export),
    /// What the path can be completed to.
    Completed(String, Vec<String>),
}

/// What happens to a result.
#[derive(Debug, Clone)]
pub enum Msg {
    /// How far fetching is: rows, of how many.
    Fetching(Ticket, u64, u64),
    /// Fetching has ended.
    Fetched(Ticket, Result<(), OpError>),
    /// How far other work is: done, of how much.
    Progress(Ticket, u64, u64),
    /// Other work has ended.
    Ended(Ticket, Box<Result<Answer, OpError>>),
}
