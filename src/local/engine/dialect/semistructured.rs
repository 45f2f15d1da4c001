//! Texts that are not plain text, marked in the metadata of their field: SUPER values, which are JSON, so that a comparison or a cast knows
//! it, and CHAR, whose trailing blanks mean nothing.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};

/// The key of the mark.
const KEY: &str = "shiftdeck.type";
/// What the mark says.
const SUPER: &str = "super";
/// What the mark of a CHAR says.
const CHAR: &str = "char";

/// Marks a field of text as SUPER.
pub fn mark(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(KEY.to_owned(), SUPER.to_owned());
    field.with_metadata(metadata)
}

/// Whether a field is marked as SUPER.
pub fn marked(field: &Field) -> bool {
    field.metadata().get(KEY).is_some_and(|kind| kind == SUPER)
}

/// Marks a field of text as CHAR.
pub fn mark_padded(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(KEY.to_owned(), CHAR.to_owned());
    field.with_metadata(metadata)
}

/// Whether a field is a CHAR, whose trailing blanks mean nothing.
pub fn padded(field: &Field) -> bool {
    field.metadata().get(KEY).is_some_and(|kind| kind == CHAR)
}

/// A list of SUPER.
pub(super) fn list() -> DataType {
    DataType::List(item())
}

fn item() -> FieldRef {
    Arc::new(mark(Field::new("item", DataType::Utf8, true)))
}
