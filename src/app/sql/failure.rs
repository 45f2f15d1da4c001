//! A statement that gave nothing: why, and where in the text the service says that the error is.

use super::editor::text::Place;
use crate::ops::OpError;
use crate::ops::query::QueryEngine;
pub use crate::ops::query::position::position;

/// Why a statement gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error.
    pub error: OpError,
    /// From where to where in the editor, where the service points.
    pub place: Option<(Place, Place)>,
    /// After how long, in seconds.
    pub seconds: f64,
    /// Who answered.
    pub engine: QueryEngine,
}
