//! How identifiers fold.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::tokenizer::Span;

use super::Name;

/// The name that an identifier means. Both services compare names without regard to case, quoted ones too (Redshift unless
/// `enable_case_sensitive_identifier` is set; Glue always), and keep them in lower case.
pub fn fold(ident: &Ident) -> String {
    ident.value.to_lowercase()
}

/// An object name of sqlparser's tree as a [`Name`]. A part that is not an identifier is taken as its text.
pub fn object_name(name: &ObjectName) -> Name {
    let mut span: Option<Span> = None;
    let parts = name
        .0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => {
                span = Some(span.map_or(ident.span, |span| span.union(&ident.span)));
                fold(ident)
            }
            other => other.to_string().to_lowercase(),
        })
        .collect();
    Name { parts, span: span.unwrap_or_else(Span::empty) }
}
