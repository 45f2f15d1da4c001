//! Failures of statements in the services' words.

use std::path::Path;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::error::Result as DataFusionResult;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{Dialect, SqlError, SqlErrorKind, wording};

/// How an error of ours travels in a stream of rows, whose errors are DataFusion's.
pub trait InStream: Sized {
    /// The error of a row stream: what `Outcome::rows` yields as `DataFusionError` is always one of ours.
    fn of_stream(error: DataFusionError) -> Self;

    /// The error as a row stream carries it; [`InStream::of_stream`] takes it out again.
    fn into_stream(self) -> DataFusionError;
}

impl InStream for SqlError {
    fn of_stream(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<SqlError>() {
                Ok(error) => *error,
                Err(other) => SqlError::new(SqlErrorKind::Execution, format!("ERROR: {other}")),
            },
            other => SqlError::new(SqlErrorKind::Execution, format!("ERROR: {other}")),
        }
    }

    fn into_stream(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

/// A statement as it was sent, for wording what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Dialect.
    pub dialect: Dialect,
    /// The statement.
    pub sql: &'a str,
}

impl<'a> Text<'a> {
    /// A statement's text.
    pub fn new(dialect: Dialect, sql: &'a str) -> Self {
        Text { dialect, sql }
    }

    /// A message in the dialect's form, with its place where that is known (`Location::empty()` where not).
    pub fn error(self, kind: SqlErrorKind, location: Location, redshift: &str, athena: &str) -> SqlError {
        let known = location.line > 0;
        let message = match self.dialect {
            Dialect::Redshift if known => format!("ERROR: {redshift}\n  Position: {};", offset(self.sql, location)),
            Dialect::Redshift => format!("ERROR: {redshift}"),
            Dialect::Athena => {
                let place = if known { format!("line {}:{}: ", location.line, location.column) } else { String::new() };
                match athena.split_once(": ").filter(|(code, _)| code.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
                    Some((code, text)) => format!("{code}: {place}{text}"),
                    None => format!("{place}{athena}"),
                }
            }
        };
        SqlError { message, position: known.then_some((location.line, location.column)), kind }
    }

    /// Something that parses but is outside what the engine does.
    pub fn unsupported(self, what: &str) -> SqlError {
        let (redshift, athena) = (format!("{what} is not supported"), format!("NOT_SUPPORTED: {what} is not supported"));
        self.error(SqlErrorKind::Unsupported, Location::empty(), &redshift, &athena)
    }

    /// The first line of a message of DataFusion, with what only DataFusion knows left out.
    fn sentence(self, message: &str) -> String {
        wording::sentence(self.dialect, &first_sentence(message))
    }

    /// A failure of DataFusion in the service's words.
    pub fn datafusion(self, error: &DataFusionError) -> SqlError {
        translate(self, error, Location::empty())
    }

    /// Turns the error of a DataFusion call into ours.
    pub fn check<T>(self, result: DataFusionResult<T>) -> Result<T, SqlError> {
        result.map_err(|error| self.datafusion(&error))
    }
}

/// Characters from the start of the text to `location`, counted from 1, as Redshift counts positions.
fn offset(sql: &str, location: Location) -> usize {
    let line = usize::try_from(location.line).unwrap_or(1);
    let column = usize::try_from(location.column).unwrap_or(1);
    sql.split_inclusive('\n').take(line.saturating_sub(1)).map(|line| line.chars().count()).sum::<usize>() + column
}

fn translate(text: Text<'_>, error: &DataFusionError, location: Location) -> SqlError {
    let said = match error {
        DataFusionError::NotImplemented(message)
        | DataFusionError::Plan(message)
        | DataFusionError::Execution(message)
        | DataFusionError::Internal(message) => wording::known(text, message, location),
        _ => None,
    };
    if let Some(known) = said {
        return known;
    }
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let place = diagnostic.span.map_or(location, |span| Location { line: span.start.line, column: span.start.column });
            translate(text, inner, place)
        }
        DataFusionError::Context(_, inner) => translate(text, inner, location),
        DataFusionError::Shared(inner) => translate(text, inner, location),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => translate(text, first, location),
            None => plain(text, SqlErrorKind::Internal, location, "an unnamed failure"),
        },
        DataFusionError::External(inner) => match inner.downcast_ref::<SqlError>() {
            Some(error) => error.clone(),
            None => match inner.downcast_ref::<DataFusionError>() {
                Some(error) => translate(text, error, location),
                None => plain(text, SqlErrorKind::Execution, location, &inner.to_string()),
            },
        },
        DataFusionError::ArrowError(inner, _) => arrow(text, inner, location),
        DataFusionError::SchemaError(inner, _) => schema(text, inner, location),
        DataFusionError::ResourcesExhausted(_) => {
            let (redshift, athena) = (
                "out of memory\n  Detail: the statement needs more memory than the engine has",
                "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit",
            );
            text.error(SqlErrorKind::Internal, location, redshift, athena)
        }
        DataFusionError::NotImplemented(message) => plain(text, SqlErrorKind::Unsupported, location, &text.sentence(message)),
        DataFusionError::Plan(message) => plan(text, message, location),
        DataFusionError::Execution(message) => execution(text, message, location),
        // A call that fits no signature is an internal error for DataFusion where it was rewritten.
        DataFusionError::Internal(message) if message.contains("failed to match any signature") => plan(text, message, location),
        DataFusionError::Internal(message) => plain(text, SqlErrorKind::Internal, location, &text.sentence(message)),
        DataFusionError::IoError(error) => plain(text, SqlErrorKind::Internal, location, &error.to_string()),
        other => plain(text, SqlErrorKind::Execution, location, &text.sentence(&other.strip_backtrace())),
    }
}

/// A message that reads the same in both services.
fn plain(text: Text<'_>, kind: SqlErrorKind, location: Location, message: &str) -> SqlError {
    let athena = match kind {
        SqlErrorKind::Unsupported => format!("NOT_SUPPORTED: {message}"),
        SqlErrorKind::Internal => format!("GENERIC_INTERNAL_ERROR: {message}"),
        SqlErrorKind::Syntax | SqlErrorKind::Semantic | SqlErrorKind::Execution | SqlErrorKind::Cancelled => message.to_owned(),
    };
    text.error(kind, location, message, &athena)
}

fn schema(text: Text<'_>, error: &SchemaError, location: Location) -> SqlError {
    match error {
        SchemaError::FieldNotFound { field, .. } => {
            let place = field.spans().first().map_or(location, |span| Location { line: span.start.line, column: span.start.column });
            let relation = field.relation.as_ref().map(ToString::to_string);
            let shown = relation.map_or_else(|| field.name.clone(), |relation| format!("{relation}.{}", field.name));
            no_column(text, &shown, place)
        }
        SchemaError::AmbiguousReference { field } => {
            let place = field.spans().first().map_or(location, |span| Location { line: span.start.line, column: span.start.column });
            let redshift = format!("column reference \"{}\" is ambiguous", field.name);
            let athena = format!("AMBIGUOUS_NAME: Column '{}' is ambiguous", field.name);
            text.error(SqlErrorKind::Semantic, place, &redshift, &athena)
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            let redshift = format!("column reference \"{name}\" is ambiguous");
            text.error(SqlErrorKind::Semantic, location, &redshift, &format!("AMBIGUOUS_NAME: Column '{name}' is ambiguous"))
        }
    }
}

/// A column that does not exist.
pub fn no_column(text: Text<'_>, name: &str, location: Location) -> SqlError {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let location = if location.line > 0 { location } else { find_word(text.sql, bare) };
    let redshift = format!("column \"{name}\" does not exist");
    text.error(SqlErrorKind::Semantic, location, &redshift, &format!("COLUMN_NOT_FOUND: Column '{name}' cannot be resolved"))
}

fn arrow(text: Text<'_>, error: &ArrowError, location: Location) -> SqlError {
    let message = match error {
        ArrowError::DivideByZero => {
            return text.error(SqlErrorKind::Execution, location, "Divide by zero", "DIVISION_BY_ZERO: Division by zero");
        }
        ArrowError::ExternalError(inner) => {
            return match inner.downcast_ref::<DataFusionError>() {
                Some(error) => translate(text, error, location),
                None => plain(text, SqlErrorKind::Execution, location, &inner.to_string()),
            };
        }
        ArrowError::ArithmeticOverflow(_) => {
            let athena = "NUMERIC_VALUE_OUT_OF_RANGE: numeric overflow";
            return text.error(SqlErrorKind::Execution, location, "Numeric data overflow (result precision)", athena);
        }
        ArrowError::CastError(message) | ArrowError::InvalidArgumentError(message) | ArrowError::ComputeError(message) => message,
        ArrowError::ParseError(message) => message,
        other => return plain(text, SqlErrorKind::Execution, location, &other.to_string()),
    };
    cast(text, message, location).unwrap_or_else(|| plain(text, SqlErrorKind::Execution, location, &text.sentence(message)))
}

/// `Cannot cast string 'x' to value of Int32 type` and its kin.
fn cast(text: Text<'_>, message: &str, location: Location) -> Option<SqlError> {
    let rest = message.strip_prefix("Cannot cast string '").or_else(|| message.strip_prefix("Cannot cast value '"));
    if let Some((value, kind)) = rest.and_then(|rest| rest.rsplit_once("' to value of ")) {
        let kind = kind.trim_end_matches(" type");
        // Redshift's PostgreSQL is 8.0, which leaves out the word `type` for integers.
        let redshift = match redshift_name(kind) {
            "smallint" | "integer" | "bigint" => format!("invalid input syntax for integer: \"{value}\""),
            other => format!("invalid input syntax for type {other}: \"{value}\""),
        };
        let athena = format!("INVALID_CAST_ARGUMENT: Cannot cast '{value}' to {}", trino_name(kind));
        return Some(text.error(SqlErrorKind::Execution, location, &redshift, &athena));
    }
    if let Some(rest) = message.strip_prefix("Error parsing timestamp from '")
        && let Some((value, _)) = rest.split_once("': ")
    {
        let redshift = format!("invalid input syntax for type timestamp: \"{value}\"");
        let athena = format!("INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: {value}");
        return Some(text.error(SqlErrorKind::Execution, location, &redshift, &athena));
    }
    if message.contains("Can't cast value") || message.contains("out of range") || message.contains("too large to store") {
        let athena = format!("INVALID_CAST_ARGUMENT: {}", first_sentence(message));
        return Some(text.error(SqlErrorKind::Execution, location, "Numeric data overflow (result precision)", &athena));
    }
    None
}

/// Redshift's name of an Arrow type in an error.
fn redshift_name(arrow: &str) -> &'static str {
    match arrow {
        "Int8" | "Int16" => "smallint",
        "Int32" => "integer",
        "Int64" | "UInt64" => "bigint",
        "Float32" => "real",
        "Float64" => "double precision",
        "Boolean" => "boolean",
        "Date32" | "Date64" => "date",
        kind if kind.starts_with("Timestamp") => "timestamp",
        kind if kind.starts_with("Time") => "time",
        kind if kind.starts_with("Interval") => "interval",
        kind if kind.starts_with("Decimal") => "numeric",
        _ => "character varying",
    }
}

/// Trino's name of an Arrow type in an error.
fn trino_name(arrow: &str) -> &'static str {
    match arrow {
        "Int8" => "TINYINT",
        "Int16" => "SMALLINT",
        "Int32" => "INT",
        "Int64" | "UInt64" => "BIGINT",
        "Float32" => "REAL",
        "Float64" => "DOUBLE",
        "Boolean" => "BOOLEAN",
        "Date32" | "Date64" => "DATE",
        kind if kind.starts_with("Timestamp") => "TIMESTAMP",
        kind if kind.starts_with("Time") => "TIME",
        kind if kind.starts_with("Decimal") => "DECIMAL",
        _ => "VARCHAR",
    }
}

/// Functions that have another name in the engine than the one that they are called by.
const NAMES: [(&str, &str); 2] = [("substr", "substring"), ("btrim", "trim")];

fn plan(text: Text<'_>, message: &str, location: Location) -> SqlError {
    let quoted = |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split('\'').next());
    if let Some(name) = quoted("Invalid function '") {
        let place = if location.line > 0 { location } else { find_word(text.sql, name) };
        let redshift = format!("function {name}() does not exist\n  Hint: No function matches the given name and argument types.");
        return text.error(SqlErrorKind::Semantic, place, &redshift, &format!("FUNCTION_NOT_FOUND: Function '{name}' not registered"));
    }
    if message.contains("must be part of GROUP BY clause")
        || message.contains("must appear in the GROUP BY")
        || message.contains("in GROUP BY")
    {
        let column = message.split('"').nth(1).or_else(|| message.split('\'').nth(1)).unwrap_or_default();
        let column = column.rsplit('.').next().unwrap_or(column);
        let redshift = format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function");
        let athena = format!("EXPRESSION_NOT_AGGREGATE: '{column}' must be an aggregate expression or appear in GROUP BY clause");
        let place = if location.line > 0 { location } else { find_word(text.sql, column) };
        return text.error(SqlErrorKind::Semantic, place, &redshift, &athena);
    }
    if wording::bare(message) != message {
        return plan(text, wording::bare(message), location);
    }
    if message.starts_with("Failed to coerce arguments")
        || message.contains("does not support zero arguments")
        || message.starts_with("Function '")
    {
        let name = message.split('\'').nth(1).unwrap_or_default();
        let written = NAMES.iter().find(|(own, _)| *own == name && find_word(text.sql, own).line == 0);
        let name = written.map_or(name, |(_, written)| written);
        let why = text.sentence(message);
        let why = why.split_once(". No function matches").map_or(why.as_str(), |(why, _)| why);
        let why = why.split_once(", errors: ").map_or(why, |(why, _)| why);
        let redshift = format!("function {name}() does not exist for these argument types\n  Detail: {why}");
        let athena = format!("FUNCTION_NOT_FOUND: Unexpected parameters for function {name}: {why}");
        let place = if location.line > 0 { location } else { find_word(text.sql, name) };
        return text.error(SqlErrorKind::Semantic, place, &redshift, &athena);
    }
    if message.starts_with("Cannot coerce") || message.contains("Cannot infer common") || message.starts_with("Invalid comparison") {
        let sentence = text.sentence(message);
        let redshift = format!("operator does not exist for these types\n  Detail: {sentence}");
        return text.error(SqlErrorKind::Semantic, location, &redshift, &format!("TYPE_MISMATCH: {sentence}"));
    }
    let sentence = text.sentence(message);
    text.error(SqlErrorKind::Semantic, location, &sentence, &format!("SYNTAX_ERROR: {sentence}"))
}

fn execution(text: Text<'_>, message: &str, location: Location) -> SqlError {
    let lower = message.to_lowercase();
    if lower.contains("divide by zero") || lower.contains("division by zero") {
        return text.error(SqlErrorKind::Execution, location, "Divide by zero", "DIVISION_BY_ZERO: Division by zero");
    }
    if let Some(error) = cast(text, message, location) {
        return error;
    }
    if text.dialect == Dialect::Athena
        && let Some(value) = message.strip_prefix("invalid input syntax for integer: \"").and_then(|rest| rest.strip_suffix('"'))
    {
        let athena = format!("INVALID_CAST_ARGUMENT: Cannot cast '{value}' to INT");
        return text.error(SqlErrorKind::Execution, location, message, &athena);
    }
    plain(text, SqlErrorKind::Execution, location, &text.sentence(message))
}

/// The first line of a message, without the advice on DataFusion's settings and issue tracker that may follow.
fn first_sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or(message);
    let end = line.find(". This issue was likely caused by").or_else(|| line.find(". For more information")).unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}

/// Where `word` stands by itself in the text, outside quotes and comments, as a place for an error; empty when it does not.
fn find_word(sql: &str, word: &str) -> Location {
    let (mut line, mut column) = (1, 1);
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut before = ' ';
    let mut quoted = false;
    for (at, c) in sql.char_indices() {
        if c == '\'' {
            quoted = !quoted;
        }
        let rest = &sql[at..];
        if !quoted
            && !word.is_empty()
            && !is_part(before)
            && rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(is_part)
        {
            return Location { line, column };
        }
        before = c;
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    Location::empty()
}

/// The disk refused.
pub fn disk(path: &Path, error: &std::io::Error) -> SqlError {
    SqlError::new(SqlErrorKind::Internal, format!("ERROR: could not use {}: {error}", path.display()))
}

/// A failure that is the engine's own.
pub fn internal(message: impl std::fmt::Display) -> SqlError {
    SqlError::new(SqlErrorKind::Internal, format!("ERROR: {message}"))
}

/// Another transaction changed what this one has read.
pub fn serialization() -> SqlError {
    let message =
        "ERROR: 1023\n  Detail: Serializable isolation violation: another transaction has changed a table that this one has read.";
    SqlError::new(SqlErrorKind::Execution, message)
}

/// A schema of the warehouse that does not exist.
pub fn no_schema(schema: &str) -> SqlError {
    SqlError::new(SqlErrorKind::Semantic, format!("ERROR: schema \"{schema}\" does not exist"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn messages_have_their_place_in_each_service_s_form() {
        let location = Location { line: 2, column: 3 };
        let (redshift, athena) = ("relation \"x\" does not exist", "TABLE_NOT_FOUND: Table 'x' does not exist");
        let error = Text::new(Dialect::Redshift, "ab\ncdef").error(SqlErrorKind::Semantic, location, redshift, athena);
        assert_eq!(error.message, "ERROR: relation \"x\" does not exist\n  Position: 6;");
        let error = Text::new(Dialect::Athena, "ab\ncdef").error(SqlErrorKind::Semantic, location, redshift, athena);
        assert_eq!(error.message, "TABLE_NOT_FOUND: line 2:3: Table 'x' does not exist");
        assert_eq!(error.position, Some((2, 3)));
    }

    #[test]
    fn a_word_is_found_by_itself_and_outside_quotes() {
        assert_eq!(find_word("select 'x', xx,\n  X from t", "x"), Location { line: 2, column: 3 });
        assert_eq!(find_word("select xy", "x"), Location::empty());
    }

    #[test]
    fn casts_and_divisions_are_worded_as_the_services_do() {
        let error =
            DataFusionError::ArrowError(Box::new(ArrowError::CastError("Cannot cast string 'abc' to value of Int32 type".into())), None);
        let redshift = Text::new(Dialect::Redshift, "").datafusion(&error);
        assert_eq!(redshift.message, "ERROR: invalid input syntax for integer: \"abc\"");
        let athena = Text::new(Dialect::Athena, "").datafusion(&error);
        assert_eq!(athena.message, "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to INT");
        let zero = DataFusionError::ArrowError(Box::new(ArrowError::DivideByZero), None);
        assert_eq!(Text::new(Dialect::Athena, "").datafusion(&zero).message, "DIVISION_BY_ZERO: Division by zero");
    }

    #[test]
    fn an_error_survives_a_stream() {
        let error = SqlError { message: "m".into(), position: Some((1, 2)), kind: SqlErrorKind::Semantic };
        assert_eq!(SqlError::of_stream(error.clone().into_stream()), error);
        let wrapped = DataFusionError::Context("x".into(), Box::new(error.clone().into_stream()));
        assert_eq!(Text::new(Dialect::Redshift, "").datafusion(&wrapped), error);
    }
}
