//! `COPY … TO STDOUT`, which psql's `\copy … to` sends. Redshift has it not; the rows go to the client, and nothing else does.

use std::io;

use bytes::Bytes;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::copy::{CopyData, CopyDone, CopyOutResponse};
use pgwire::messages::data::DataRow;
use pgwire::messages::response::CommandComplete;
use sqlparser::ast::{CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, CopyTarget, Ident, Statement};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, Tokenizer};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::failure::{Failure, Outcome};
use super::rows::Rows;

/// What is copied to the client, and how rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Copy {
    /// The query of the rows.
    query: String,
    format: Format,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Format {
    csv: bool,
    delimiter: char,
    null: String,
    header: bool,
    quote: char,
    escape: char,
    /// Columns whose values are quoted whatever they are.
    quoted: Vec<String>,
}

impl Connection {
    /// Sends the rows of a `COPY … TO STDOUT`.
    pub async fn copy_out(&mut self, sql: &str, cancel: &CancellationToken) -> io::Result<Outcome<()>> {
        let copy = match Copy::of(sql) {
            Ok(copy) => copy,
            Err(failure) => return Ok(Err(failure)),
        };
        let outcome = match self.run(&copy.query, &[], cancel).await {
            Ok(outcome) => outcome,
            Err(failure) => return Ok(Err(failure)),
        };
        let labels: Vec<String> = outcome.columns.iter().map(|column| column.label.clone()).collect();
        let mut rows = match Rows::of(outcome, &[], cancel.clone()) {
            Ok(Some(rows)) => rows,
            Ok(None) => return Ok(Err(Failure::new("0A000", "COPY TO STDOUT takes a table or a query"))),
            Err(failure) => return Ok(Err(failure)),
        };
        let count = i16::try_from(labels.len()).unwrap_or(i16::MAX);
        let begin = CopyOutResponse::new(0, count, vec![0; labels.len()]);
        self.wire.send(PgWireBackendMessage::CopyOutResponse(begin)).await?;
        if copy.format.header {
            let names: Vec<Option<&str>> = labels.iter().map(|label| Some(label.as_str())).collect();
            self.line(copy.format.line(&names, &[])).await?;
        }
        let forced: Vec<bool> = labels.iter().map(|label| copy.format.quoted.iter().any(|name| name == label)).collect();
        let mut sent = 0_usize;
        loop {
            match rows.next().await {
                Ok(Some(row)) => self.line(copy.format.line(&cells(&row), &forced)).await?,
                Ok(None) => break,
                Err(failure) => return Ok(Err(failure)),
            }
            sent += 1;
        }
        self.wire.send(PgWireBackendMessage::CopyDone(CopyDone::new())).await?;
        self.wire.send(PgWireBackendMessage::CommandComplete(CommandComplete::new(format!("COPY {sent}")))).await?;
        Ok(Ok(()))
    }

    async fn line(&mut self, line: String) -> io::Result<()> {
        self.wire.send(PgWireBackendMessage::CopyData(CopyData::new(Bytes::from(line)))).await
    }
}

/// The texts of a row; `None` for NULL.
fn cells(row: &DataRow) -> Vec<Option<&str>> {
    let data: &[u8] = &row.data;
    let mut at = 0_usize;
    let mut cells = Vec::new();
    while let Some(length) = data.get(at..at + 4).and_then(|bytes| Some(i32::from_be_bytes(bytes.try_into().ok()?))) {
        at += 4;
        let end = at + usize::try_from(length).unwrap_or(0);
        cells.push(if length < 0 { None } else { data.get(at..end).and_then(|bytes| std::str::from_utf8(bytes).ok()) });
        at = end;
    }
    cells
}

impl Copy {
    /// Reads the statement.
    fn of(sql: &str) -> Outcome<Self> {
        let (source, rest) = parts(sql).ok_or_else(|| syntax("COPY … TO STDOUT"))?;
        // The query is the engine's to read: here a table stands for it.
        let query = source.strip_prefix('(').map(|inside| inside.strip_suffix(')').unwrap_or(inside).trim().to_owned());
        let table = if query.is_some() { "t" } else { source };
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &format!("COPY {table} {rest}")).map_err(syntax)?;
        let [
            Statement::Copy {
                source: CopySource::Table { table_name, columns },
                to: true,
                target: CopyTarget::Stdout,
                options,
                legacy_options,
                ..
            },
        ] = parsed.as_slice()
        else {
            return Err(syntax("COPY … TO STDOUT"));
        };
        let query = query.unwrap_or_else(|| {
            let names: Vec<String> = columns.iter().map(Ident::to_string).collect();
            format!("SELECT {} FROM {table_name}", if names.is_empty() { "*".to_owned() } else { names.join(", ") })
        });
        Ok(Copy { query, format: Format::of(options, legacy_options)? })
    }
}

fn syntax(what: impl std::fmt::Display) -> Failure {
    Failure::new("42601", format!("syntax error in COPY: {what}"))
}

/// What is copied, as written, and what stands behind it.
fn parts(sql: &str) -> Option<(&str, &str)> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let mut tokens = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::SemiColon));
    let from = offset(sql, tokens.next()?.span.end)?;
    let mut depth = 0_usize;
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.checked_sub(1)?,
            Token::Word(word) if depth == 0 && word.quote_style.is_none() && word.value.eq_ignore_ascii_case("to") => {
                let to = offset(sql, token.span.start)?;
                return Some((sql.get(from..to)?.trim(), sql.get(to..)?));
            }
            _ => {}
        }
    }
    None
}

/// The bytes before a place.
fn offset(sql: &str, place: Location) -> Option<usize> {
    let (line, column) = (usize::try_from(place.line).ok()?.checked_sub(1)?, usize::try_from(place.column).ok()?.checked_sub(1)?);
    let before: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
    let within: usize = sql.get(before..)?.chars().take(column).map(char::len_utf8).sum();
    Some(before + within)
}

impl Format {
    fn of(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Outcome<Self> {
        let refused = |what: &str| Failure::new("0A000", format!("COPY TO STDOUT with {what} is not supported"));
        let (mut csv, mut header, mut quoted) = (false, false, Vec::new());
        let (mut delimiter, mut null, mut quote, mut escape) = (None, None, None, None);
        let names = |columns: &[Ident]| -> Vec<String> {
            let name = |ident: &Ident| if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() };
            columns.iter().map(name).collect()
        };
        for option in options {
            match option {
                CopyOption::Format(name) => match name.value.to_lowercase().as_str() {
                    "csv" => csv = true,
                    "text" => csv = false,
                    other => return Err(refused(&format!("FORMAT {other}"))),
                },
                CopyOption::Header(on) => header = *on,
                CopyOption::Delimiter(given) => delimiter = Some(*given),
                CopyOption::Null(given) => null = Some(given.clone()),
                CopyOption::Quote(given) => quote = Some(*given),
                CopyOption::Escape(given) => escape = Some(*given),
                CopyOption::ForceQuote(columns) => quoted = names(columns),
                CopyOption::Encoding(name) if matches!(name.to_lowercase().as_str(), "utf8" | "utf-8") => {}
                other => return Err(refused(&other.to_string())),
            }
        }
        for option in legacy {
            match option {
                CopyLegacyOption::Delimiter(given) => delimiter = Some(*given),
                CopyLegacyOption::Null(given) => null = Some(given.clone()),
                CopyLegacyOption::Header => header = true,
                CopyLegacyOption::Csv(more) => {
                    csv = true;
                    for option in more {
                        match option {
                            CopyLegacyCsvOption::Header => header = true,
                            CopyLegacyCsvOption::Quote(given) => quote = Some(*given),
                            CopyLegacyCsvOption::Escape(given) => escape = Some(*given),
                            CopyLegacyCsvOption::ForceQuote(columns) => quoted = names(columns),
                            other => return Err(refused(&other.to_string())),
                        }
                    }
                }
                other => return Err(refused(&other.to_string())),
            }
        }
        let quote = quote.unwrap_or('"');
        Ok(Format {
            csv,
            delimiter: delimiter.unwrap_or(if csv { ',' } else { '\t' }),
            null: null.unwrap_or_else(|| if csv { String::new() } else { "\\N".to_owned() }),
            header,
            quote,
            escape: escape.unwrap_or(quote),
            quoted,
        })
    }

    /// A row as a line.
    fn line(&self, cells: &[Option<&str>], forced: &[bool]) -> String {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                line.push(self.delimiter);
            }
            match cell {
                None => line.push_str(&self.null),
                Some(text) if self.csv => self.quoted(text, cells.len() == 1, forced.get(index) == Some(&true), &mut line),
                Some(text) => self.escaped(text, &mut line),
            }
        }
        line.push('\n');
        line
    }

    /// A value of CSV: in quotes where it would be read otherwise without.
    fn quoted(&self, text: &str, alone: bool, forced: bool, line: &mut String) {
        let special = |c: char| c == self.delimiter || c == self.quote || c == '\n' || c == '\r';
        let ends_the_copy = alone && text == "\\.";
        if !forced && text != self.null && !text.contains(special) && !ends_the_copy {
            line.push_str(text);
            return;
        }
        line.push(self.quote);
        for character in text.chars() {
            if character == self.quote || character == self.escape {
                line.push(self.escape);
            }
            line.push(character);
        }
        line.push(self.quote);
    }

    /// A value of PostgreSQL's own text.
    fn escaped(&self, text: &str, line: &mut String) {
        for character in text.chars() {
            let written = match character {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\u{8}' => "\\b",
                '\u{b}' => "\\v",
                '\u{c}' => "\\f",
                other => {
                    if other == self.delimiter {
                        line.push('\\');
                    }
                    line.push(other);
                    continue;
                }
            };
            line.push_str(written);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::BytesMut;

    use super::*;

    fn line(sql: &str, cells: &[Option<&str>]) -> String {
        Copy::of(sql).unwrap().format.line(cells, &[])
    }

    #[test]
    fn what_is_copied_is_read() {
        for (sql, query) in [
            ("COPY  dm.data TO STDOUT csv", "SELECT * FROM dm.data"),
            ("copy dm.\"Data\" (a, \"B\") to stdout", "SELECT a, \"B\" FROM dm.\"Data\""),
            ("COPY ( select 1 as \"to\", (2)\nfrom x ) TO STDOUT WITH (FORMAT csv, HEADER true)", "select 1 as \"to\", (2)\nfrom x"),
            ("COPY (select 'ü (') TO STDOUT;", "select 'ü ('"),
        ] {
            assert_eq!(Copy::of(sql).unwrap().query, query, "{sql}");
        }
        assert!(Copy::of("COPY (select 1) TO STDOUT WITH (FORMAT csv, HEADER true)").unwrap().format.header);
        assert_eq!(Copy::of("COPY t TO STDOUT BINARY").unwrap_err().code, "0A000");
        assert_eq!(Copy::of("COPY t TO 'file'").unwrap_err().code, "42601");
    }

    #[test]
    fn rows_are_written_as_postgresql_writes_them() {
        let cells = [Some("a,b"), None, Some(""), Some("say \"x\""), Some("t\tn\nb\\")];
        assert_eq!(line("COPY t TO STDOUT csv", &cells), "\"a,b\",,\"\",\"say \"\"x\"\"\",\"t\tn\nb\\\"\n");
        assert_eq!(line("COPY t TO STDOUT", &cells), "a,b\t\\N\t\tsay \"x\"\tt\\tn\\nb\\\\\n");
        assert_eq!(line("COPY t TO STDOUT (DELIMITER '|', NULL 'none')", &[None, Some("a|b")]), "none|a\\|b\n");
        assert_eq!(line("COPY t TO STDOUT csv", &[Some("\\.")]), "\"\\.\"\n");
    }

    #[test]
    fn the_texts_of_a_row_are_read() {
        let mut data = BytesMut::new();
        for part in [&[0, 0, 0, 2][..], b"ab", &[255, 255, 255, 255], &[0, 0, 0, 0]] {
            data.extend_from_slice(part);
        }
        assert_eq!(cells(&DataRow::new(data, 3)), [Some("ab"), None, Some("")]);
    }
}
