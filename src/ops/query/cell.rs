//! A cell of a result, by itself or where it lies.

use std::borrow::Cow;
use std::fmt;

/// A cell of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Text, and every type that the service sends as text (decimals, dates).
    Text(String),
}

/// A cell that lies somewhere else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellRef<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Text.
    Text(&'a str),
}

/// A floating point number as both services print it: what is infinite is a word.
#[derive(Debug, Clone, Copy)]
pub struct FloatText(pub f64);

impl fmt::Display for FloatText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("Infinity"),
            f64::NEG_INFINITY => f.write_str("-Infinity"),
            number => write!(f, "{number}"),
        }
    }
}

impl Cell {
    /// The cell as text, empty for NULL.
    pub fn text(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Integer(value) => value.to_string(),
            Cell::Float(value) => FloatText(*value).to_string(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Text(value) => value.clone(),
        }
    }

    /// The cell as a number, when it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Integer(value) => Some(*value as f64),
            Cell::Float(value) => Some(*value),
            Cell::Text(value) => value.trim().parse().ok(),
            Cell::Null | Cell::Boolean(_) => None,
        }
    }
}

impl<'a> CellRef<'a> {
    /// A copy that lives by itself.
    pub fn to_cell(self) -> Cell {
        match self {
            CellRef::Null => Cell::Null,
            CellRef::Integer(value) => Cell::Integer(value),
            CellRef::Float(value) => Cell::Float(value),
            CellRef::Boolean(value) => Cell::Boolean(value),
            CellRef::Text(value) => Cell::Text(value.to_owned()),
        }
    }

    /// The cell as the service would print it; `None` for NULL.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            CellRef::Null => None,
            CellRef::Integer(value) => Some(value.to_string().into()),
            CellRef::Float(value) => Some(FloatText(value).to_string().into()),
            CellRef::Boolean(value) => Some(if value { "true" } else { "false" }.into()),
            CellRef::Text(value) => Some(value.into()),
        }
    }

    /// The cell as a number, when it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            CellRef::Integer(value) => Some(value as f64),
            CellRef::Float(value) => Some(value),
            CellRef::Text(value) => value.trim().parse().ok(),
            CellRef::Null | CellRef::Boolean(_) => None,
        }
    }
}

impl<'a> From<&'a Cell> for CellRef<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => CellRef::Null,
            Cell::Integer(value) => CellRef::Integer(*value),
            Cell::Float(value) => CellRef::Float(*value),
            Cell::Boolean(value) => CellRef::Boolean(*value),
            Cell::Text(value) => CellRef::Text(value),
        }
    }
}
