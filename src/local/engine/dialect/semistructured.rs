//! Texts that are not plain text, marked in the metadata of their field: SUPER values, which are JSON, so that a comparison or a cast knows
//! it, CHAR, whose trailing blanks mean nothing, and the arrays of PostgreSQL's catalog, so that clients read them as arrays.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};

/// The key of the mark.
const KEY: &str = "shiftdeck.type";
/// What the mark says.
const SUPER: &str = "super";
/// What the mark of a CHAR says.
const CHAR: &str = "char";
/// What the mark of an array begins with; the name of its type follows.
const ARRAY: &str = "array ";

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

/// Marks a field of text as an array as PostgreSQL writes it (`{1,2}`; `1 2` in a vector), by the name of its type (`_int2`).
pub fn mark_array(field: Field, kind: &str) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(KEY.to_owned(), format!("{ARRAY}{kind}"));
    field.with_metadata(metadata)
}

/// The name of the type of an array of PostgreSQL's, where a field is one.
pub fn array(field: &Field) -> Option<&str> {
    field.metadata().get(KEY)?.strip_prefix(ARRAY)
}

/// A list of SUPER.
pub(super) fn list() -> DataType {
    DataType::List(item())
}

fn item() -> FieldRef {
    Arc::new(mark(Field::new("item", DataType::Utf8, true)))
}
