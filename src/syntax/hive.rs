//! Athena's DDL, which is Hive's: databases and external tables. Redshift's `CREATE EXTERNAL TABLE` has the same clauses.

use sqlparser::tokenizer::Token;

use super::Name;
use super::cursor::Cursor;
use crate::syntax::SqlError;

/// `CREATE DATABASE | SCHEMA [IF NOT EXISTS] name [COMMENT …] [LOCATION …] [WITH DBPROPERTIES (…)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDatabase {
    /// Database.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `COMMENT`.
    pub comment: Option<String>,
    /// `LOCATION`.
    pub location: Option<String>,
    /// `WITH DBPROPERTIES`.
    pub properties: Vec<(String, String)>,
}

/// A column as declared in Hive DDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalColumn {
    /// Name in lower case.
    pub name: String,
    /// Type as written, in lower case without spaces (`decimal(6,3)`, `array<string>`, `varchar(20)`).
    pub data_type: String,
    /// `COMMENT`.
    pub comment: Option<String>,
}

/// `ROW FORMAT …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFormat {
    /// `SERDE 'class' [WITH SERDEPROPERTIES (…)]`.
    Serde {
        /// Java class of the serializer, such as `org.apache.hadoop.hive.serde2.OpenCSVSerde`.
        class: String,
        /// `WITH SERDEPROPERTIES`, unescaped.
        properties: Vec<(String, String)>,
    },
    /// `DELIMITED [FIELDS TERMINATED BY … [ESCAPED BY …]] [COLLECTION ITEMS …] [MAP KEYS …] [LINES …] [NULL DEFINED AS …]`.
    Delimited {
        /// `FIELDS TERMINATED BY`.
        fields: Option<String>,
        /// `ESCAPED BY`.
        escaped: Option<String>,
        /// `LINES TERMINATED BY`.
        lines: Option<String>,
        /// `NULL DEFINED AS`.
        null: Option<String>,
    },
}

/// `CREATE EXTERNAL TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateExternalTable {
    /// Table, with its database or external schema when written.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Columns in order.
    pub columns: Vec<ExternalColumn>,
    /// `COMMENT`.
    pub comment: Option<String>,
    /// `PARTITIONED BY` columns.
    pub partitions: Vec<ExternalColumn>,
    /// `ROW FORMAT`.
    pub row_format: Option<RowFormat>,
    /// `STORED AS` in upper case (`TEXTFILE`, `PARQUET`, `INPUTFORMAT …` gives the input class).
    pub stored_as: Option<String>,
    /// `LOCATION`.
    pub location: String,
    /// `TBLPROPERTIES`, in Redshift `TABLE PROPERTIES`.
    pub properties: Vec<(String, String)>,
}

/// Reads from after `CREATE DATABASE | SCHEMA`.
pub(super) fn create_database(cursor: &mut Cursor) -> Result<CreateDatabase, SqlError> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.name("database name")?;
    let mut database = CreateDatabase { name, if_not_exists, comment: None, location: None, properties: Vec::new() };
    if cursor.accept_word("COMMENT") {
        database.comment = Some(cursor.string("comment")?);
    }
    if cursor.accept_word("LOCATION") {
        database.location = Some(cursor.string("location")?);
    }
    if cursor.accept_words(&["WITH", "DBPROPERTIES"]) {
        database.properties = properties(cursor)?;
    }
    cursor.expect_end()?;
    Ok(database)
}

/// Reads from after `CREATE EXTERNAL TABLE`.
pub(super) fn create_external_table(cursor: &mut Cursor) -> Result<CreateExternalTable, SqlError> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.name("table name")?;
    let columns = columns(cursor)?;
    let mut table = CreateExternalTable {
        name,
        if_not_exists,
        columns,
        comment: None,
        partitions: Vec::new(),
        row_format: None,
        stored_as: None,
        location: String::new(),
        properties: Vec::new(),
    };
    loop {
        if cursor.accept_word("COMMENT") {
            table.comment = Some(cursor.string("comment")?);
        } else if cursor.accept_words(&["PARTITIONED", "BY"]) {
            table.partitions = self::columns(cursor)?;
        } else if cursor.peek_word().as_deref() == Some("CLUSTERED") {
            return Err(cursor.unsupported("CLUSTERED BY"));
        } else if cursor.accept_words(&["ROW", "FORMAT"]) {
            table.row_format = Some(row_format(cursor)?);
        } else if cursor.accept_words(&["WITH", "SERDEPROPERTIES"]) {
            let more = properties(cursor)?;
            match &mut table.row_format {
                Some(RowFormat::Serde { properties, .. }) => properties.extend(more),
                _ => return Err(cursor.unsupported("WITH SERDEPROPERTIES without ROW FORMAT SERDE")),
            }
        } else if cursor.accept_words(&["STORED", "AS"]) {
            table.stored_as = Some(stored_as(cursor)?);
        } else if cursor.accept_word("LOCATION") {
            table.location = cursor.string("location")?;
        } else if cursor.accept_word("TBLPROPERTIES") || cursor.accept_words(&["TABLE", "PROPERTIES"]) {
            table.properties = properties(cursor)?;
        } else {
            break;
        }
    }
    if !cursor.at_end() || table.location.is_empty() {
        return Err(cursor.unexpected(&["COMMENT", "LOCATION", "PARTITIONED BY", "ROW FORMAT", "STORED AS", "TBLPROPERTIES"]));
    }
    Ok(table)
}

/// `(name type [COMMENT '…'], …)`.
pub(super) fn columns(cursor: &mut Cursor) -> Result<Vec<ExternalColumn>, SqlError> {
    cursor.expect_symbol('(')?;
    let mut columns = Vec::new();
    loop {
        let (name, _) = cursor.identifier("column name")?;
        cursor.accept_symbol(':');
        let data_type = data_type(cursor)?;
        let comment = if cursor.accept_word("COMMENT") { Some(cursor.string("comment")?) } else { None };
        columns.push(ExternalColumn { name, data_type, comment });
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    Ok(columns)
}

/// Reads a type: all tokens up to a comma, a closing parenthesis or `COMMENT` on the outer level.
fn data_type(cursor: &mut Cursor) -> Result<String, SqlError> {
    let first = cursor.position();
    let mut depth = 0_i32;
    let mut text = String::new();
    while let Some(token) = cursor.peek() {
        match &token.token {
            Token::LParen | Token::Lt => depth += 1,
            Token::RParen | Token::Comma if depth == 0 => break,
            Token::RParen | Token::Gt => depth -= 1,
            Token::ShiftRight => depth -= 2,
            Token::Word(word) if depth == 0 && word.value.eq_ignore_ascii_case("comment") => break,
            _ => {}
        }
        let piece = cursor.slice(cursor.position(), cursor.position() + 1).to_lowercase();
        // Two words in a row (`double precision`, `character varying`) keep a space.
        if text.ends_with(char::is_alphanumeric) && piece.starts_with(char::is_alphabetic) {
            text.push(' ');
        }
        text.push_str(&piece);
        cursor.advance();
    }
    if cursor.position() == first { Err(cursor.unexpected(&["type"])) } else { Ok(text) }
}

fn row_format(cursor: &mut Cursor) -> Result<RowFormat, SqlError> {
    if cursor.accept_word("SERDE") {
        let class = cursor.string("class name")?;
        let properties = if cursor.accept_words(&["WITH", "SERDEPROPERTIES"]) { properties(cursor)? } else { Vec::new() };
        return Ok(RowFormat::Serde { class, properties });
    }
    if !cursor.accept_word("DELIMITED") {
        return Err(cursor.unexpected(&["DELIMITED", "SERDE"]));
    }
    let (mut fields, mut escaped, mut lines, mut null) = (None, None, None, None);
    loop {
        if cursor.accept_words(&["FIELDS", "TERMINATED", "BY"]) {
            fields = Some(cursor.string("delimiter")?);
        } else if cursor.accept_words(&["ESCAPED", "BY"]) {
            escaped = Some(cursor.string("escape character")?);
        } else if cursor.accept_words(&["LINES", "TERMINATED", "BY"]) {
            lines = Some(cursor.string("delimiter")?);
        } else if cursor.accept_words(&["NULL", "DEFINED", "AS"]) {
            null = Some(cursor.string("text of NULL")?);
        } else if cursor.accept_words(&["COLLECTION", "ITEMS", "TERMINATED", "BY"])
            || cursor.accept_words(&["MAP", "KEYS", "TERMINATED", "BY"])
        {
            cursor.string("delimiter")?;
        } else {
            break;
        }
    }
    Ok(RowFormat::Delimited { fields, escaped, lines, null })
}

fn stored_as(cursor: &mut Cursor) -> Result<String, SqlError> {
    if cursor.accept_word("INPUTFORMAT") {
        let input = cursor.string("class name")?;
        cursor.expect_word("OUTPUTFORMAT")?;
        cursor.string("class name")?;
        return Ok(format!("INPUTFORMAT {input}"));
    }
    cursor.word("file format")
}

/// `('name' = 'value', …)`.
pub(super) fn properties(cursor: &mut Cursor) -> Result<Vec<(String, String)>, SqlError> {
    cursor.expect_symbol('(')?;
    let mut properties = Vec::new();
    loop {
        let name = cursor.string("property name")?;
        cursor.expect_symbol('=')?;
        properties.push((name, cursor.string("property value")?));
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    Ok(properties)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::Dialect;
    use crate::syntax::{Statement, parse};

    fn table(sql: &str) -> CreateExternalTable {
        match parse(Dialect::Athena, sql, &[]).unwrap() {
            Statement::CreateExternalTable(table) => table,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_open_csv_table() {
        let table = table(
            "CREATE EXTERNAL TABLE IF NOT EXISTS bankdm.bankdm_glue (
               `age` int COMMENT 'in years', job string, emp_var_rate decimal(6, 3), x double precision, a array<struct<b:int,c:map<string,int>>>)
             PARTITIONED BY (`day` date)
             ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
             WITH SERDEPROPERTIES ('separatorChar' = \",\", 'quoteChar' = '\"', 'escapeChar' = '\\\\')
             STORED AS TEXTFILE
             LOCATION 's3://bucket/bankdm/data/'
             TBLPROPERTIES ('skip.header.line.count'='1');",
        );
        assert_eq!(table.name.parts, ["bankdm", "bankdm_glue"]);
        assert!(table.if_not_exists);
        let types: Vec<&str> = table.columns.iter().map(|column| column.data_type.as_str()).collect();
        assert_eq!(types, ["int", "string", "decimal(6,3)", "double precision", "array<struct<b:int,c:map<string,int>>>"]);
        assert_eq!(table.columns[0].comment.as_deref(), Some("in years"));
        assert_eq!(table.partitions[0].name, "day");
        let RowFormat::Serde { class, properties } = table.row_format.unwrap() else { panic!("not a serde") };
        assert!(class.ends_with("OpenCSVSerde"));
        let expected = [("separatorChar", ","), ("quoteChar", "\""), ("escapeChar", "\\")];
        assert_eq!(properties, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(table.properties, [("skip.header.line.count".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_delimited_table() {
        let table = table(
            "create external table t (a int) row format delimited fields terminated by '\\t' lines terminated by '\\n' location 's3://b/p/'",
        );
        let expected = RowFormat::Delimited { fields: Some("\t".into()), escaped: None, lines: Some("\n".into()), null: None };
        assert_eq!(table.row_format, Some(expected));
    }

    #[test]
    fn a_table_without_location_is_refused() {
        let error = parse(Dialect::Athena, "CREATE EXTERNAL TABLE t (a int)", &[]).unwrap_err();
        assert!(error.message.starts_with("line 1:32: mismatched input '<EOF>'. Expecting: 'COMMENT', 'LOCATION'"), "{}", error.message);
    }

    #[test]
    fn a_database_with_properties() {
        let statement = parse(Dialect::Athena, "CREATE SCHEMA IF NOT EXISTS BankDM COMMENT 'x' WITH DBPROPERTIES ('creator'='me')", &[]);
        let Statement::CreateDatabase(database) = statement.unwrap() else { panic!("not a database") };
        assert_eq!(database.name.parts, ["bankdm"]);
        assert_eq!(database.properties, [("creator".to_owned(), "me".to_owned())]);
    }
}
