//! What a statement is by its first words: the tag that its end is told with, and whether it begins or ends a transaction.

use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// What a statement does to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `ROLLBACK` and their other names.
    End,
}

/// The words that a statement begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    words: Vec<String>,
    /// `COPY … FROM STDIN`: rows from the client.
    pub copies_from_client: bool,
    /// `COPY … TO STDOUT`: rows to the client.
    pub copies_to_client: bool,
}

impl Command {
    /// Reads the words. A text that is no SQL has none; the engine says what is wrong with it.
    pub fn of(sql: &str) -> Self {
        let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().unwrap_or_default();
        let words: Vec<String> = tokens
            .into_iter()
            .filter(|token| !matches!(token, Token::Whitespace(_)))
            .skip_while(|token| matches!(token, Token::LParen | Token::SemiColon))
            .map(|token| match token {
                Token::Word(word) => word.value.to_uppercase(),
                _ => String::new(),
            })
            .collect();
        let copies = |to: &str, place: &str| {
            let pair = words.windows(2).any(|pair| pair[0] == to && pair[1] == place);
            words.first().is_some_and(|word| word == "COPY") && pair
        };
        let (copies_from_client, copies_to_client) = (copies("FROM", "STDIN"), copies("TO", "STDOUT"));
        Command { words: words.into_iter().take(4).collect(), copies_from_client, copies_to_client }
    }

    fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// What it does to the transaction.
    pub fn control(&self) -> Option<Control> {
        match self.word(0) {
            "BEGIN" => Some(Control::Begin),
            "START" if self.word(1) == "TRANSACTION" => Some(Control::Begin),
            "COMMIT" | "END" | "ROLLBACK" | "ABORT" => Some(Control::End),
            _ => None,
        }
    }

    /// What it is called without what is in it: `SELECT`, `CREATE TABLE`.
    pub fn kind(&self) -> String {
        match self.word(0) {
            "" => "statement".to_owned(),
            word @ ("INSERT" | "UPDATE" | "DELETE" | "COPY" | "MERGE" | "UNLOAD" | "SELECT" | "WITH" | "VALUES") => word.to_owned(),
            _ => self.tag(None),
        }
    }

    /// The tag of its end, with the rows that it changed where tags of that kind have them.
    pub fn tag(&self, affected: Option<u64>) -> String {
        let rows = affected.unwrap_or_default();
        match self.word(0) {
            "INSERT" => format!("INSERT 0 {rows}"),
            word @ ("UPDATE" | "DELETE" | "COPY" | "MERGE" | "UNLOAD") => format!("{word} {rows}"),
            "START" => "START TRANSACTION".to_owned(),
            "END" => "COMMIT".to_owned(),
            "ABORT" => "ROLLBACK".to_owned(),
            "TRUNCATE" => "TRUNCATE TABLE".to_owned(),
            "SELECT" | "WITH" | "VALUES" => format!("SELECT {rows}"),
            word @ ("CREATE" | "DROP" | "ALTER" | "REFRESH") => match (self.word(1), self.word(2)) {
                ("EXTERNAL" | "MATERIALIZED" | "TEMPORARY" | "TEMP" | "LOCAL", object) => format!("{word} {object}"),
                ("OR", _) => format!("{word} VIEW"),
                (object, _) => format!("{word} {object}"),
            },
            word => word.to_owned(),
        }
    }

    /// The tag of a statement that gave rows.
    pub fn row_tag(&self, rows: usize) -> String {
        match self.word(0) {
            word @ ("SHOW" | "EXPLAIN") => word.to_owned(),
            _ => format!("SELECT {rows}"),
        }
    }

    /// The statement that is run in the place of one that clients of PostgreSQL send and Redshift's grammar does not have.
    pub fn stands_for(&self) -> Option<&'static str> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        (words == ["SHOW", "TRANSACTION", "ISOLATION", "LEVEL"]).then_some("SELECT 'serializable' AS transaction_isolation")
    }

    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_postgresql() {
        for (sql, affected, tag) in [
            ("insert into t values (1)", Some(1), "INSERT 0 1"),
            ("/* why */ delete from t", Some(3), "DELETE 3"),
            ("create temp table t (a int)", None, "CREATE TABLE"),
            ("CREATE SCHEMA IF NOT EXISTS dm", None, "CREATE SCHEMA"),
            ("drop external schema x", None, "DROP SCHEMA"),
            ("set search_path to dm", None, "SET"),
            ("begin transaction", None, "BEGIN"),
            ("end", None, "COMMIT"),
        ] {
            assert_eq!(Command::of(sql).tag(affected), tag, "{sql}");
        }
    }

    #[test]
    fn transactions_and_copies_are_told_apart() {
        assert_eq!(Command::of("-- first\nBEGIN;").control(), Some(Control::Begin));
        assert_eq!(Command::of("rollback").control(), Some(Control::End));
        assert_eq!(Command::of("select 'begin'").control(), None);
        assert!(Command::of("show transaction isolation level").stands_for().is_some());
        assert!(Command::of("show timezone").stands_for().is_none());
        assert!(Command::of("copy t from stdin csv").copies_from_client);
        assert!(Command::of("copy (select 1) to stdout csv").copies_to_client);
        let from_s3 = Command::of("copy t from 's3://stdin/' iam_role default");
        assert!(!from_s3.copies_from_client && !from_s3.copies_to_client);
    }
}
