//! What is wanted: answers for customers, who may be given, saved or found by a condition, or a view of the model as a whole.

use super::{Given, Predict};
use crate::cli::failure::Failure;
use crate::config::Settings;
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::Row;
use crate::demo::quoted::quoted;
use crate::ops::examples::Examples;

/// What is wanted.
pub(super) enum Wanted {
    /// Answers for these customers.
    Given(Given),
    /// Answers for customers of the table who fit a condition.
    Where(String),
    /// A view of the model as a whole.
    View(View),
}

/// A view of the model as a whole.
pub(super) enum View {
    /// Which columns matter.
    Importance,
    /// How the answer depends on a column.
    Dependence(String),
    /// How the groups of a column are treated.
    Segments(String),
}

impl Wanted {
    /// Reads what can be read without the account.
    pub(super) fn read(arguments: &Predict, settings: &Settings) -> Result<Self, Failure> {
        if arguments.importance {
            return Ok(Wanted::View(View::Importance));
        }
        if let Some(column) = &arguments.dependence {
            return Ok(Wanted::View(View::Dependence(normalise(column))));
        }
        if let Some(column) = &arguments.segments {
            return Ok(Wanted::View(View::Segments(normalise(column))));
        }
        if let Some(condition) = &arguments.condition {
            return Ok(Wanted::Where(condition.clone()));
        }
        if let Some(name) = &arguments.example {
            return example(name, settings).map(|row| Wanted::Given(Given::Row(row)));
        }
        Given::read(arguments.sample, arguments.row.as_deref(), arguments.file.as_deref()).map(Wanted::Given)
    }
}

/// A saved customer.
fn example(name: &str, settings: &Settings) -> Result<Row, Failure> {
    let store =
        Examples::of(settings).ok_or_else(|| Failure::usage("there is no state directory with examples", "Give one with --state-dir."))?;
    let saved = store.all().map_err(|error| Failure::io("the examples cannot be read", &error))?;
    let names: Vec<String> = saved.examples.iter().map(|example| format!("“{}”", example.name)).collect();
    saved.examples.into_iter().find(|example| example.name == name).map(|example| example.row).ok_or_else(|| {
        let next = match names.as_slice() {
            [] => "None is saved; save one on the screen, in the pane Predict with s.".to_owned(),
            names => format!("There are {}.", names.join(", ")),
        };
        Failure::usage(format!("there is no example “{}”", quoted(name)), next)
    })
}
