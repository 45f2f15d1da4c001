//! PostgreSQL's codes of errors, for clients that decide by them.

use super::{SqlError, SqlErrorKind};

/// What Redshift's words say by PostgreSQL's code: the first line whose words are all in the message.
const CODES: &[(&[&str], &str)] = &[
    (&["current transaction is aborted"], "25P02"),
    (&["relation ", "does not exist"], "42P01"),
    (&["schema ", "does not exist"], "3F000"),
    (&["database ", "does not exist"], "3D000"),
    (&["column ", "does not exist"], "42703"),
    (&["function ", "does not exist"], "42883"),
    (&["operator does not exist"], "42883"),
    (&["type ", "does not exist"], "42704"),
    (&["prepared statement ", "does not exist"], "26000"),
    (&["prepared statement ", "already exists"], "42P05"),
    (&["schema ", "already exists"], "42P06"),
    (&["column ", "already exists"], "42701"),
    (&["already exists"], "42P07"),
    (&["is ambiguous"], "42702"),
    (&["must appear in the GROUP BY"], "42803"),
    (&["unrecognized configuration parameter"], "42704"),
    (&["invalid value for parameter"], "22023"),
    (&["cannot be changed"], "55P02"),
    (&["null value in column"], "23502"),
    (&["Cannot insert a NULL value"], "23502"),
    (&["ivision by zero"], "22012"),
    (&["ivide by zero"], "22012"),
    (&["value too long"], "22001"),
    (&["out of range"], "22003"),
    (&["overflow"], "22003"),
    (&["invalid input syntax"], "22P02"),
    (&["Invalid digit"], "22P02"),
    (&["more than one row returned"], "21000"),
    (&["erializable isolation violation"], "40001"),
    (&["ermission denied"], "42501"),
];

/// The code of a failure of a statement in Redshift's dialect.
pub fn sqlstate(error: &SqlError) -> &'static str {
    let found = CODES.iter().find(|(words, _)| words.iter().all(|word| error.message.contains(word)));
    match (error.kind, found) {
        (SqlErrorKind::Cancelled, _) => "57014",
        (SqlErrorKind::Unsupported, _) => "0A000",
        (_, Some((_, code))) => code,
        (SqlErrorKind::Syntax, None) => "42601",
        (SqlErrorKind::Semantic, None) => "42000",
        (SqlErrorKind::Execution, None) => "22000",
        (SqlErrorKind::Internal, None) => "XX000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_postgresql() {
        for (kind, message, code) in [
            (SqlErrorKind::Semantic, "ERROR: relation \"dm.nothing\" does not exist", "42P01"),
            (SqlErrorKind::Semantic, "ERROR: column \"colour\" does not exist\n  Position: 8;", "42703"),
            (SqlErrorKind::Syntax, "ERROR: syntax error at or near \"selec\"\n  Position: 1;", "42601"),
            (SqlErrorKind::Unsupported, "ERROR: CREATE USER is not supported", "0A000"),
            (SqlErrorKind::Cancelled, "ERROR: Query (7) cancelled on user's request", "57014"),
            (SqlErrorKind::Execution, "ERROR: Divide by zero", "22012"),
            (SqlErrorKind::Internal, "ERROR: the disk is full", "XX000"),
        ] {
            assert_eq!(sqlstate(&SqlError::new(kind, message)), code, "{message}");
        }
    }
}
