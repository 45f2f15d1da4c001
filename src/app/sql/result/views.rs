//! What of a result is on the screen.

use std::sync::Arc;

use crate::ops::results::{Aggregate, ChartData, ChartSpec, Comparison, Profile, Shape, Store};

/// The views of a result.
#[derive(Debug, Clone, Default)]
pub enum View {
    /// Rows and columns.
    #[default]
    Grid,
    /// One row, its fields below each other.
    Record,
    /// One cell in full.
    Inspect {
        /// The first line on the screen.
        scroll: usize,
    },
    /// What is in a column.
    Profile(Box<Profile>),
    /// A picture.
    Chart(Box<ChartView>),
    /// Differences to another result.
    Compare(Box<CompareView>),
}

/// A picture and what it is made of.
#[derive(Debug, Clone)]
pub struct ChartView {
    /// What is drawn.
    pub spec: ChartSpec,
    /// The figures, once they are computed, and what they were computed for.
    pub data: Option<(ChartSpec, ChartData)>,
    /// Which of the choices is under the cursor: shape, column across, column measured, aggregate.
    pub field: usize,
    /// Why nothing can be drawn.
    pub refused: Option<String>,
}

/// Choices of a picture.
pub const CHART_FIELDS: usize = 4;

impl ChartView {
    /// Takes the next value of the choice under the cursor, or the one before; `columns` are the columns to choose from.
    pub fn turn(&mut self, forward: bool, columns: &[usize]) {
        fn turned<T: PartialEq + Copy>(all: &[T], now: T, forward: bool) -> T {
            let count = all.len();
            let at = all.iter().position(|other| *other == now);
            match at {
                Some(at) => all[(at + if forward { 1 } else { count - 1 }) % count],
                None => all.first().copied().unwrap_or(now),
            }
        }
        match self.field {
            0 => self.spec.shape = turned(&Shape::ALL, self.spec.shape, forward),
            1 => self.spec.x = turned(columns, self.spec.x, forward),
            2 => self.spec.y = turned(columns, self.spec.y, forward),
            _ => self.spec.aggregate = turned(&Aggregate::ALL, self.spec.aggregate, forward),
        }
    }
}

/// A comparison and where one looks at it.
#[derive(Debug, Clone)]
pub struct CompareView {
    /// What was found.
    pub found: Comparison,
    /// The rows of the other result.
    pub other: Arc<Store>,
    /// The difference under the cursor.
    pub row: usize,
    /// The first of the shared columns on the screen.
    pub first: usize,
}
