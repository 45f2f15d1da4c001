//! What the form asks the outside for besides answers, and what comes back.

use std::sync::Arc;

use crate::app::latest::Ticket;
use crate::demo::customer_filter::Condition;
use crate::demo::explanation::Dependence;
use crate::demo::fairness::SegmentReport;
use crate::demo::feature_schema::Row;
use crate::ops::OpError;
use crate::ops::customers::Matching;
use crate::ops::examples::{Example, Saved};
use crate::ops::explain::Evidence;
use crate::ops::predict::{DeployedModel, Sample};

/// Something to be done outside of the state.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Looks for customers who fit a condition.
    Match {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model that says which rows training saw.
        model: Arc<DeployedModel>,
        /// The condition.
        condition: Condition,
        /// Which of them are drawn.
        seed: u64,
    },
    /// Looks up whether a row is one of the data, and what its answer is.
    Recognise {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model that says which rows training saw.
        model: Arc<DeployedModel>,
        /// The row.
        row: Row,
    },
    /// Computes how the answer depends on a column.
    Depend {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model file and the test split.
        evidence: Arc<Evidence>,
        /// The column.
        column: String,
    },
    /// Measures the segments of a column.
    Segment {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model file and the test split.
        evidence: Arc<Evidence>,
        /// The column.
        column: String,
        /// A score from here on is a yes.
        threshold: f64,
    },
    /// Reads the saved examples.
    Examples {
        /// Whether the list of them is to be shown.
        show: bool,
    },
    /// Saves an example.
    Save(Example),
    /// Removes an example.
    Delete(String),
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Told {
    /// Customers who fit the condition.
    Matched(Ticket, Result<Matching, OpError>),
    /// The row, with what is known of it.
    Recognised(Ticket, Result<Sample, OpError>),
    /// How the answer depends on a column.
    Depends(Ticket, Result<Dependence, OpError>),
    /// The segments of a column.
    Segments(Ticket, Result<SegmentReport, OpError>),
    /// The saved examples, or why there are none; whether the list of them is to be shown.
    Examples(Result<Saved, String>, bool),
    /// An example was saved or removed, which a sentence says; or why not.
    Kept(Result<String, String>),
}
