//! What DataFusion says of a statement, in words that the services' users know: the reasons that it gives for what it cannot plan, and its
//! names of types.

use datafusion::sql::sqlparser::tokenizer::Location;

use super::error::Text;
use super::{Dialect, SqlError, SqlErrorKind};

/// What DataFusion puts before a message when one of its functions passes it on.
const LAYERS: [&str; 4] = ["Error during planning: ", "Execution error: ", "Internal error: ", "This feature is not implemented: "];

/// Beginnings of messages, and what each is for the services. The first that fits is taken.
struct Known {
    /// What the message has in it.
    marks: &'static [&'static str],
    kind: SqlErrorKind,
    redshift: &'static str,
    athena: &'static str,
}

const fn unsupported(marks: &'static [&'static str], what: &'static str, athena: &'static str) -> Known {
    Known { marks, kind: SqlErrorKind::Unsupported, redshift: what, athena }
}

const fn wrong(marks: &'static [&'static str], redshift: &'static str, athena: &'static str) -> Known {
    Known { marks, kind: SqlErrorKind::Semantic, redshift, athena }
}

const KNOWN: [Known; 19] = [
    wrong(
        &["does not support logical expression WindowFunction"],
        "window functions are not allowed here",
        "EXPRESSION_NOT_SCALAR: this clause cannot contain window functions",
    ),
    unsupported(
        &[
            "OuterReferenceColumn",
            "undecorrelated Subquery",
            "Correlated scalar subquery",
            "Correlated column is not allowed",
            "outer_ref(",
            "does not support logical expression ScalarSubquery",
        ],
        "this type of correlated subquery pattern is not supported",
        "NOT_SUPPORTED: Given correlated subquery is not supported",
    ),
    unsupported(
        &[
            "In/Exist/SetComparison subquery can only be used",
            "ScalarSubqueryExpr evaluated before",
            "does not support logical expression InSubquery",
            "does not support logical expression Exists",
            "does not support logical expression SetComparison",
        ],
        "a subquery in this place is not supported",
        "NOT_SUPPORTED: a subquery in this place is not supported",
    ),
    wrong(
        &["Aggregate functions are not allowed in the WHERE clause"],
        "aggregates not allowed in WHERE clause",
        "EXPRESSION_NOT_SCALAR: WHERE clause cannot contain aggregations, window functions or grouping operations",
    ),
    wrong(
        &["Too many columns! The subquery should only return one column"],
        "subquery must return only one column",
        "SYNTAX_ERROR: Multiple columns returned by subquery are not yet supported",
    ),
    wrong(
        &["Aggregate function calls cannot be nested"],
        "aggregate function calls may not be nested",
        "NESTED_AGGREGATION: Cannot nest aggregations inside aggregations",
    ),
    unsupported(
        &["only support Literal types for field at idx", "Expected a signed integer literal for the second argument"],
        "an offset or position of a window function that is not a literal is not supported",
        "NOT_SUPPORTED: an offset or position of a window function that is not a literal is not supported",
    ),
    unsupported(
        &["frame offsets for RANGE must be", "Cannot run range queries on datatype"],
        "a RANGE frame over values of this type is not supported",
        "NOT_SUPPORTED: a RANGE frame over values of this type is not supported",
    ),
    wrong(
        &["frame offsets for ROWS / GROUPS must be"],
        "the offset of a window frame must be a whole number that is not negative",
        "INVALID_WINDOW_FRAME: Window frame offset must be a whole number that is not negative",
    ),
    unsupported(
        &["`retract_batch` is not implemented"],
        "this aggregate over a frame that begins behind the first row is not supported",
        "NOT_SUPPORTED: this aggregate over a frame that begins behind the first row is not supported",
    ),
    unsupported(
        &["Arguments must be literals", "must be an INTEGER or NULL"],
        "a table function of arguments that are not literals is not supported",
        "NOT_SUPPORTED: a table function of arguments that are not literals is not supported",
    ),
    unsupported(
        &["Unsupported LIMIT expression", "Unsupported OFFSET expression"],
        "a LIMIT or OFFSET that is not a constant is not supported",
        "NOT_SUPPORTED: a LIMIT or OFFSET that is not a constant is not supported",
    ),
    unsupported(
        &["Unsupported Interval Expression", "Unsupported interval argument"],
        "an interval of this form is not supported",
        "NOT_SUPPORTED: an interval of this form is not supported",
    ),
    wrong(
        &["exceeds the maximum supported precision"],
        "Numeric data overflow (result precision)",
        "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow",
    ),
    wrong(
        &["Cannot get result type for temporal operation", "Cannot automatically convert"],
        "operator does not exist for these types",
        "TYPE_MISMATCH: Cannot apply operator to these types",
    ),
    wrong(
        &["more than one row"],
        "more than one row returned by a subquery used as an expression",
        "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    ),
    unsupported(
        &["Projections require unique expression names"],
        "columns of one name in this place are not supported",
        "NOT_SUPPORTED: columns of one name in this place are not supported",
    ),
    // Whatever else shows how the parts within write their own structures.
    unsupported(
        &["Ident {", "Column {", "Field {", "Expr {"],
        "an expression of this form in this place is not supported",
        "NOT_SUPPORTED: an expression of this form in this place is not supported",
    ),
    unsupported(&["ANY in LIKE expression"], "LIKE with ANY is not supported", "NOT_SUPPORTED: LIKE with ANY is not supported"),
];

/// The error for a message whose meaning is known.
pub(super) fn known(text: Text<'_>, message: &str, location: Location) -> Option<SqlError> {
    let found = KNOWN.iter().find(|known| known.marks.iter().any(|mark| message.contains(mark)));
    if let Some(Known { kind, redshift, athena, .. }) = found {
        return Some(text.error(*kind, location, redshift, athena));
    }
    if let Some(rest) = message.strip_prefix("Order by column out of bounds, specified: ") {
        let position = rest.split(',').next().unwrap_or_default();
        let redshift = format!("ORDER BY position {position} is not in select list");
        return Some(text.error(SqlErrorKind::Semantic, location, &redshift, &format!("INVALID_COLUMN_REFERENCE: {redshift}")));
    }
    if message.contains("queries have different number of columns") {
        let operation = message.split(' ').next().unwrap_or_default();
        let redshift = format!("each {operation} query must have the same number of columns");
        let athena = format!("TYPE_MISMATCH: {operation} query has different number of fields");
        return Some(text.error(SqlErrorKind::Semantic, location, &redshift, &athena));
    }
    None
}

/// A message without the layers that it came through, and its types by the names that the service gives them.
pub(super) fn sentence(dialect: Dialect, message: &str) -> String {
    types(dialect, bare(message))
}

/// A message without the layers that it came through.
pub(super) fn bare(message: &str) -> &str {
    let mut rest = message;
    loop {
        let before = rest;
        for layer in LAYERS {
            rest = rest.strip_prefix(layer).unwrap_or(rest);
        }
        if let Some((_, inner)) = rest.split_once(" user-defined coercion failed with: ") {
            rest = inner.split_once(". No function matches").map_or(inner, |(inner, _)| inner);
        }
        if rest == before {
            return rest;
        }
    }
}

/// Puts the service's names of types in the place of Arrow's.
fn types(dialect: Dialect, message: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(message.len()), message);
    while let Some(start) = rest.find(|c: char| c.is_ascii_uppercase()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        let apart = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''));
        match name(dialect, word).filter(|_| apart) {
            Some((name, own)) => {
                // What Arrow says of units and zones in parentheses says nothing to a user; digits of a decimal do.
                let behind = match behind.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
                    Some((_, behind)) if !own => behind,
                    _ => behind,
                };
                out.push_str(name);
                rest = behind;
            }
            None => {
                out.push_str(word);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The service's name of a type by Arrow's, and whether what stands in parentheses behind it is the service's too.
fn name(dialect: Dialect, arrow: &str) -> Option<(&'static str, bool)> {
    let redshift = dialect == Dialect::Redshift;
    let either = |one: &'static str, other: &'static str| if redshift { one } else { other };
    Some(match arrow {
        "Int8" => (either("smallint", "tinyint"), false),
        "Int16" => ("smallint", false),
        "Int32" => ("integer", false),
        "Int64" | "UInt64" => ("bigint", false),
        "Float32" => ("real", false),
        "Float64" => (either("double precision", "double"), false),
        "Utf8" | "LargeUtf8" | "Utf8View" => (either("character varying", "varchar"), false),
        "Binary" | "LargeBinary" | "BinaryView" => (either("varbyte", "varbinary"), false),
        "Decimal128" | "Decimal256" => (either("numeric", "decimal"), true),
        "Date32" | "Date64" => ("date", false),
        "Time32" | "Time64" => ("time", false),
        "Timestamp" => ("timestamp", false),
        "Interval" => ("interval", false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_of_the_service() {
        let message = "Execution error: Function 'avg' user-defined coercion failed with: Error during planning: a number is needed, not Date32. No function matches the given name";
        assert_eq!(sentence(Dialect::Redshift, message), "a number is needed, not date");
        assert_eq!(
            sentence(Dialect::Athena, "Utf8 + Decimal128(38, 0) and \"Int64\", Timestamp(µs), Interval(MonthDayNano)"),
            "varchar + decimal(38, 0) and \"Int64\", timestamp, interval"
        );
    }

    #[test]
    fn what_is_known_is_worded_as_the_service_does() {
        let error = |dialect, message| known(Text::new(dialect, ""), message, Location::empty()).map(|error| error.message);
        let outer = "Physical plan does not support logical expression OuterReferenceColumn(Field { name: \"a\" })";
        assert_eq!(error(Dialect::Redshift, outer).as_deref(), Some("ERROR: this type of correlated subquery pattern is not supported"));
        assert_eq!(error(Dialect::Athena, outer).as_deref(), Some("NOT_SUPPORTED: Given correlated subquery is not supported"));
        assert_eq!(
            error(Dialect::Redshift, "Order by column out of bounds, specified: 3, max: 1").as_deref(),
            Some("ERROR: ORDER BY position 3 is not in select list")
        );
        assert_eq!(error(Dialect::Redshift, "nothing that is known"), None);
    }
}
