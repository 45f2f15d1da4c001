//! A statement that gave nothing: why, and where in the text the service says that the error is.

use crate::ops::OpError;
use crate::ops::query::QueryEngine;
pub use crate::ops::query::position::position;

/// Why a statement gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error.
    pub error: OpError,
    /// Line and characters `from..to` in the editor, where the service points.
    pub place: Option<(usize, usize, usize)>,
    /// After how long, in seconds.
    pub seconds: f64,
    /// Who answered.
    pub engine: QueryEngine,
}
