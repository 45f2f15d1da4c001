//! Failures as PostgreSQL states them: code, sentence, detail, hint and position as fields of their own.

use crate::local::engine::{SqlError, sqlstate};

/// A failure of a statement, or of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Whether it ends the connection.
    pub fatal: bool,
    pub code: &'static str,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Characters from the start of the statement, counted from 1.
    pub position: Option<String>,
}

/// What can fail with a [`Failure`].
pub(super) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure of the statement.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Failure { fatal: false, code, message: message.into(), detail: None, hint: None, position: None }
    }

    /// A failure that ends the connection.
    pub fn fatal(code: &'static str, message: impl Into<String>) -> Self {
        Failure { fatal: true, ..Failure::new(code, message) }
    }

    /// Another connection has cancelled the statement.
    pub fn cancelled() -> Self {
        Failure::new("57014", "canceling statement due to user request")
    }

    /// The fields of the message.
    pub fn fields(self) -> Vec<(u8, String)> {
        let severity = if self.fatal { "FATAL" } else { "ERROR" };
        let mut fields = vec![(b'S', severity.to_owned()), (b'V', severity.to_owned()), (b'C', self.code.to_owned()), (b'M', self.message)];
        fields.extend(self.detail.map(|detail| (b'D', detail)));
        fields.extend(self.hint.map(|hint| (b'H', hint)));
        fields.extend(self.position.map(|position| (b'P', position)));
        fields
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        let mut lines = error.message.strip_prefix("ERROR: ").unwrap_or(&error.message).lines();
        let mut failure = Failure::new(sqlstate(&error), lines.next().unwrap_or_default());
        for line in lines.map(str::trim) {
            if let Some(hint) = line.strip_prefix("Hint: ") {
                failure.hint = Some(hint.to_owned());
            } else if let Some(detail) = line.strip_prefix("Detail: ") {
                failure.detail = Some(detail.to_owned());
            } else if let Some(position) = line.strip_prefix("Position: ") {
                failure.position = Some(position.trim_end_matches(';').to_owned());
            } else if !line.is_empty() {
                failure.message.push('\n');
                failure.message.push_str(line);
            }
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::engine::SqlErrorKind;

    #[test]
    fn the_parts_of_a_message_become_fields() {
        let message = "ERROR: function f() does not exist\n  Hint: No function matches the given name and argument types.\n  Position: 8;";
        let failure = Failure::from(SqlError::new(SqlErrorKind::Semantic, message));
        assert_eq!((failure.code, failure.message.as_str()), ("42883", "function f() does not exist"));
        assert_eq!(failure.hint.as_deref(), Some("No function matches the given name and argument types."));
        assert_eq!(failure.position.as_deref(), Some("8"));
        assert!(failure.fields().contains(&(b'P', "8".to_owned())));
    }
}
