//! What the pane asks the outside for, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::image::{Image, Order};
use crate::app::latest::Ticket;
use crate::ops::OpError;
use crate::ops::exploration::{Found, Previews, Subject, Table};
use crate::ops::query::QueryEngine;

/// Something to be done outside of the state.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Reads which columns the table has.
    Open {
        /// Whose answer it is.
        ticket: Ticket,
        /// Who has the table.
        engine: QueryEngine,
    },
    /// Looks at every column.
    Preview {
        /// Whose answer it is.
        ticket: Ticket,
        /// The table.
        table: Arc<Table>,
    },
    /// Answers a question, after a moment without another one.
    Find {
        /// Whose answer it is.
        ticket: Ticket,
        /// The table.
        table: Arc<Table>,
        /// The question.
        subject: Subject,
        /// How long to wait for a newer question first.
        after: Duration,
    },
    /// Makes an image of a picture.
    Draw {
        /// Whose answer it is.
        ticket: Ticket,
        /// What it shows.
        found: Arc<Found>,
        /// What is wanted.
        order: Order,
    },
    /// Writes a picture into files.
    Save {
        /// Whose answer it is.
        ticket: Ticket,
        /// What it shows.
        found: Arc<Found>,
    },
    /// Cancels what is asked of the table, at the service too.
    Cancel,
}

/// What happens to the exploration.
#[derive(Debug, Clone)]
pub enum Msg {
    /// The table was read.
    Opened(Ticket, Result<Arc<Table>, OpError>),
    /// Every column was looked at.
    Previewed(Ticket, Result<Arc<Previews>, OpError>),
    /// A question was answered.
    Found(Ticket, Subject, Result<Arc<Found>, OpError>),
    /// An image was made, or why not.
    Drawn(Ticket, Order, Result<Arc<Image>, String>),
    /// A picture was written, or why not.
    Saved(Ticket, Result<[PathBuf; 2], String>),
}
