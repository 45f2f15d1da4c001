//! SUPER values: JSON in text, marked in the metadata of their field, so that a comparison or a cast knows that it is not plain text.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};

/// The key of the mark.
const KEY: &str = "shiftdeck.type";
/// What the mark says.
const SUPER: &str = "super";

/// Marks a field of text as SUPER.
pub fn mark(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(KEY.to_owned(), SUPER.to_owned());
    field.with_metadata(metadata)
}

/// Whether a field is marked.
pub fn marked(field: &Field) -> bool {
    field.metadata().get(KEY).is_some_and(|kind| kind == SUPER)
}

/// A list of SUPER.
pub(super) fn list() -> DataType {
    DataType::List(item())
}

fn item() -> FieldRef {
    Arc::new(mark(Field::new("item", DataType::Utf8, true)))
}
