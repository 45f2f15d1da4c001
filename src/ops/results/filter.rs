//! Which rows are shown: conditions on columns, and a text looked for in all of them.

use super::encoding::RowRef;
use super::needle::Needle;
use crate::ops::query::{CellRef, QueryColumn};

/// What a cell has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// NULL.
    Null,
    /// Anything but NULL.
    NotNull,
    /// It has the text in it, in capitals or not.
    Contains(String),
    /// It does not.
    Lacks(String),
    /// It is this.
    Is(String),
    /// It is something else, or NULL.
    IsNot(String),
    /// It lies between the two, as a number where both are numbers, else as text.
    Between {
        /// The least, and whether it is one itself.
        from: Option<(String, bool)>,
        /// The greatest, and whether it is one itself.
        to: Option<(String, bool)>,
    },
}

impl Test {
    /// Reads what people type: `text`, `!text`, `=text`, `!=text`, `>5`, `<=5`, `5..9`, `null`, `!null`. `None` for nothing.
    pub fn parse(text: &str) -> Option<Test> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let bound = |rest: &str, inclusive| Some((rest.trim().to_owned(), inclusive));
        Some(match text.to_ascii_lowercase().as_str() {
            "null" | "=null" | "is null" => Test::Null,
            "!null" | "!=null" | "not null" | "is not null" => Test::NotNull,
            _ => {
                if let Some(rest) = text.strip_prefix("!=").or_else(|| text.strip_prefix("<>")) {
                    Test::IsNot(rest.trim().to_owned())
                } else if let Some(rest) = text.strip_prefix('!') {
                    Test::Lacks(rest.trim().to_owned())
                } else if let Some(rest) = text.strip_prefix('=') {
                    Test::Is(rest.trim().to_owned())
                } else if let Some(rest) = text.strip_prefix(">=") {
                    Test::Between { from: bound(rest, true), to: None }
                } else if let Some(rest) = text.strip_prefix('>') {
                    Test::Between { from: bound(rest, false), to: None }
                } else if let Some(rest) = text.strip_prefix("<=") {
                    Test::Between { from: None, to: bound(rest, true) }
                } else if let Some(rest) = text.strip_prefix('<') {
                    Test::Between { from: None, to: bound(rest, false) }
                } else if let Some((from, to)) = text.split_once("..").filter(|(from, to)| !from.is_empty() && !to.is_empty()) {
                    Test::Between { from: bound(from, true), to: bound(to, true) }
                } else {
                    Test::Contains(text.to_owned())
                }
            }
        })
    }

    /// How it is written for people, after the name of the column.
    pub fn words(&self) -> String {
        match self {
            Test::Null => "is NULL".to_owned(),
            Test::NotNull => "is not NULL".to_owned(),
            Test::Contains(text) => format!("has “{text}”"),
            Test::Lacks(text) => format!("lacks “{text}”"),
            Test::Is(text) => format!("= {text}"),
            Test::IsNot(text) => format!("≠ {text}"),
            Test::Between { from, to } => match (from, to) {
                (Some((from, true)), Some((to, true))) => format!("{from}..{to}"),
                (Some((from, inclusive)), None) => format!("{} {from}", if *inclusive { "≥" } else { ">" }),
                (None, Some((to, inclusive))) => format!("{} {to}", if *inclusive { "≤" } else { "<" }),
                (from, to) => format!("{from:?}..{to:?}"),
            },
        }
    }

    /// How it is typed, so that it can be changed.
    pub fn typed(&self) -> String {
        match self {
            Test::Null => "null".to_owned(),
            Test::NotNull => "!null".to_owned(),
            Test::Contains(text) => text.clone(),
            Test::Lacks(text) => format!("!{text}"),
            Test::Is(text) => format!("={text}"),
            Test::IsNot(text) => format!("!={text}"),
            Test::Between { from: Some((from, true)), to: Some((to, true)) } => format!("{from}..{to}"),
            Test::Between { from: Some((from, inclusive)), .. } => format!("{}{from}", if *inclusive { ">=" } else { ">" }),
            Test::Between { to: Some((to, inclusive)), .. } => format!("{}{to}", if *inclusive { "<=" } else { "<" }),
            Test::Between { from: None, to: None } => String::new(),
        }
    }
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Which column.
    pub column: usize,
    /// What its cells have to be.
    pub test: Test,
}

/// Everything that a row has to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Conditions, all of which hold.
    pub conditions: Vec<Condition>,
    /// A text that any cell has.
    pub anywhere: Option<String>,
}

/// A filter made ready for many rows.
pub struct Sieve {
    conditions: Vec<(usize, Ready)>,
    anywhere: Option<Needle>,
}

enum Ready {
    Null,
    NotNull,
    Has(Needle, bool),
    Is(String, Option<f64>, bool),
    Between(Option<Bound>, Option<Bound>),
}

struct Bound {
    text: String,
    number: Option<f64>,
    inclusive: bool,
}

impl Filter {
    /// Whether every row is shown.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.anywhere.is_none()
    }

    /// Makes it ready.
    pub fn sieve(&self, columns: &[QueryColumn]) -> Sieve {
        let bound = |bound: &Option<(String, bool)>| {
            bound.as_ref().map(|(text, inclusive)| Bound { text: text.clone(), number: plain_number(text), inclusive: *inclusive })
        };
        let conditions = self
            .conditions
            .iter()
            .map(|condition| {
                // Where a column has numbers, `=5.0` finds 5; in a column of text only the same text is equal.
                let numeric = columns.get(condition.column).is_some_and(|column| column.numeric);
                let number = |text: &str| if numeric { plain_number(text) } else { None };
                let ready = match &condition.test {
                    Test::Null => Ready::Null,
                    Test::NotNull => Ready::NotNull,
                    Test::Contains(text) => Ready::Has(Needle::new(text), true),
                    Test::Lacks(text) => Ready::Has(Needle::new(text), false),
                    Test::Is(text) => Ready::Is(text.clone(), number(text), true),
                    Test::IsNot(text) => Ready::Is(text.clone(), number(text), false),
                    Test::Between { from, to } => Ready::Between(bound(from), bound(to)),
                };
                (condition.column, ready)
            })
            .collect();
        Sieve { conditions, anywhere: self.anywhere.as_deref().map(Needle::new) }
    }
}

impl Sieve {
    /// The text that any cell has, when nothing else is asked for.
    pub(super) fn only_anywhere(&self) -> Option<&Needle> {
        self.anywhere.as_ref().filter(|_| self.conditions.is_empty())
    }

    /// Whether the row is shown.
    pub fn lets_through(&self, row: RowRef<'_>) -> bool {
        self.conditions.iter().all(|(column, ready)| ready.holds(row.cell(*column)))
            && self.anywhere.as_ref().is_none_or(|needle| row.cells().any(|cell| needle.is_in(cell)))
    }
}

impl Ready {
    fn holds(&self, cell: CellRef<'_>) -> bool {
        match self {
            Ready::Null => cell == CellRef::Null,
            Ready::NotNull => cell != CellRef::Null,
            Ready::Has(needle, wanted) => cell != CellRef::Null && needle.is_in(cell) == *wanted,
            Ready::Is(text, number, wanted) => {
                let same = match (number, cell.number()) {
                    (Some(number), Some(value)) => *number == value,
                    _ => cell.text().is_some_and(|value| value == text.as_str()),
                };
                same == *wanted
            }
            Ready::Between(from, to) => {
                cell != CellRef::Null
                    && from.as_ref().is_none_or(|bound| bound.allows(cell, std::cmp::Ordering::Greater))
                    && to.as_ref().is_none_or(|bound| bound.allows(cell, std::cmp::Ordering::Less))
            }
        }
    }
}

impl Bound {
    fn allows(&self, cell: CellRef<'_>, side: std::cmp::Ordering) -> bool {
        let order = match (self.number, cell.number()) {
            (Some(bound), Some(value)) => value.partial_cmp(&bound),
            // A number bounds no texts.
            (Some(_), None) => None,
            (None, _) => cell.text().map(|text| text.as_ref().cmp(self.text.as_str())),
        };
        order.is_some_and(|order| order == side || (self.inclusive && order == std::cmp::Ordering::Equal))
    }
}

/// A number as people write it, and not `inf` or `nan`, which are words.
fn plain_number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::Cell;
    use crate::ops::results::encoding::push;

    fn keeps(typed: &str, numeric: bool, cell: &Cell) -> bool {
        let columns = [QueryColumn { name: "c".into(), type_name: String::new(), numeric }];
        let filter = Filter { conditions: vec![Condition { column: 0, test: Test::parse(typed).unwrap() }], anywhere: None };
        let mut bytes = Vec::new();
        push(cell, &mut bytes);
        filter.sieve(&columns).lets_through(RowRef(&bytes))
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn conditions_are_what_was_typed() {
        assert!(keeps("ADM", false, &text("admin.")));
        assert!(!keeps("!adm", false, &text("admin.")));
        assert!(!keeps("!adm", false, &Cell::Null), "NULL has no text that could lack something");
        assert!(keeps("=5.0", true, &Cell::Integer(5)));
        assert!(keeps("=2.50", true, &text("2.5")));
        assert!(!keeps("=05", false, &text("5")), "text is compared as text");
        assert!(keeps("!=5", true, &Cell::Null));
        assert!(keeps(">9", true, &Cell::Integer(10)));
        assert!(!keeps(">9", true, &Cell::Integer(9)));
        assert!(keeps(">=9", true, &Cell::Float(9.0)));
        assert!(keeps("5..9", true, &text("7.25")));
        assert!(!keeps("5..9", true, &Cell::Null));
        assert!(keeps("2024-01-01..2024-12-31", false, &text("2024-05-06")));
        assert!(!keeps(">2024-05", false, &text("2023-12-31")));
        assert!(keeps("null", false, &Cell::Null));
        assert!(keeps("!null", false, &text("")));
        assert!(keeps("É", false, &text("Caf\u{e9}")));
        assert!(keeps("tru", false, &Cell::Boolean(true)));
        assert!(keeps("88", true, &Cell::Integer(41_188)));
    }

    #[test]
    fn what_is_shown_can_be_typed_again() {
        for typed in ["null", "!null", "abc", "!abc", "=abc", "!=abc", ">5", ">=5", "<5", "<=5", "5..9"] {
            let test = Test::parse(typed).unwrap();
            assert_eq!(test.typed(), typed);
            assert_eq!(Test::parse(&test.typed()), Some(test.clone()));
            assert!(!test.words().is_empty());
        }
        assert_eq!(Test::parse("  "), None);
    }
}
