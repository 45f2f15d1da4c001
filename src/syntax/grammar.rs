//! Which parser reads a statement: by its first words.

use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::cursor::Cursor;
use super::{ExplainFormat, ExplainKind, Statement, alter, attributes, ctas, hive, lake, model, session, show, spectrum, transfer, upkeep};
use crate::syntax::{Dialect, SqlError};

/// Statements that both services know and that the embedded engine does not do, by their first words. What a later word decides
/// (`CREATE FUNCTION`) is in [`CREATES`].
const REFUSED: [&str; 14] = [
    "ATTACH",
    "CALL",
    "CANCEL",
    "CLOSE",
    "DECLARE",
    "DENY",
    "DETACH",
    "FETCH",
    "GRANT",
    "OPTIMIZE",
    "RELEASE",
    "REVOKE",
    "SAVEPOINT",
    "USE",
];

/// `CREATE …` and `ALTER …` of what the engine does not have.
const CREATES: [&str; 13] = [
    "DATASHARE",
    "FUNCTION",
    "GROUP",
    "IDENTITY",
    "INDEX",
    "LIBRARY",
    "MASKING",
    "PROCEDURE",
    "RLS",
    "ROLE",
    "SEQUENCE",
    "USER",
    "TEMPLATE",
];

/// What a statement starts with that sqlparser reads, by dialect.
const REDSHIFT_STARTS: [&str; 20] = [
    "(", "ABORT", "ALTER", "ANALYZE", "BEGIN", "COMMIT", "CREATE", "DELETE", "DROP", "END", "INSERT", "RESET", "ROLLBACK", "SELECT", "SET",
    "START", "TRUNCATE", "UPDATE", "USE", "WITH",
];
const ATHENA_STARTS: [&str; 12] =
    ["(", "ALTER", "CREATE", "DELETE", "DESCRIBE", "DROP", "EXPLAIN", "INSERT", "SELECT", "UPDATE", "VALUES", "WITH"];

/// Reads the one statement of the cursor.
pub(super) fn statement(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let first = cursor.peek_word().unwrap_or_default();
    match first.as_str() {
        "EXPLAIN" => {
            cursor.advance();
            return explain(cursor);
        }
        "SHOW" => {
            cursor.advance();
            return show::show(cursor);
        }
        "DESCRIBE" | "DESC" => {
            cursor.advance();
            return show::describe(cursor);
        }
        "CREATE" => {
            if let Some(statement) = create(cursor)? {
                return Ok(statement);
            }
        }
        "DROP" => {
            if let Some(statement) = drop(cursor)? {
                return Ok(statement);
            }
        }
        "ALTER" => {
            cursor.advance();
            return alter::alter(cursor);
        }
        "MERGE" => return merge(cursor),
        "PREPARE" => {
            cursor.advance();
            return session::prepare(cursor);
        }
        "EXECUTE" => {
            cursor.advance();
            return session::execute(cursor);
        }
        "DEALLOCATE" => {
            cursor.advance();
            return session::deallocate(cursor);
        }
        word if REFUSED.contains(&word) => return Err(cursor.unsupported(word)),
        _ => {}
    }
    match cursor.dialect() {
        Dialect::Redshift => redshift(cursor, &first),
        Dialect::Athena => athena(cursor, &first),
    }
}

fn redshift(cursor: &mut Cursor, first: &str) -> Result<Statement, SqlError> {
    match first {
        "UNLOAD" => {
            cursor.advance();
            return transfer::unload(cursor);
        }
        "COPY" => {
            cursor.advance();
            return transfer::copy(cursor);
        }
        "VACUUM" => {
            cursor.advance();
            return upkeep::vacuum(cursor);
        }
        "ANALYZE" => {
            cursor.advance();
            return upkeep::analyze(cursor);
        }
        "LOCK" => {
            cursor.advance();
            return upkeep::lock(cursor);
        }
        "COMMENT" => {
            cursor.advance();
            return upkeep::comment(cursor);
        }
        "REFRESH" => {
            cursor.advance();
            return upkeep::refresh(cursor);
        }
        "RESET" => {
            cursor.advance();
            return session::reset(cursor);
        }
        "ABORT" => {
            cursor.advance();
            let _ = cursor.accept_word("WORK") || cursor.accept_word("TRANSACTION");
            cursor.expect_end()?;
            return Ok(Statement::Sql(Box::new(ast::Statement::Rollback { chain: false, savepoint: None })));
        }
        // The FROM of a DELETE may be left out.
        "DELETE" if cursor.peek_word_at(1).is_some_and(|word| word != "FROM") => {
            let span = cursor.peek().map_or_else(sqlparser::tokenizer::Span::empty, |token| token.span);
            let from = Token::Word(Word { value: "FROM".to_owned(), quote_style: None, keyword: Keyword::FROM });
            cursor.tokens_mut().insert(1, TokenWithSpan::new(from, span));
        }
        _ => {}
    }
    sql(cursor, first, &REDSHIFT_STARTS)
}

fn athena(cursor: &mut Cursor, first: &str) -> Result<Statement, SqlError> {
    if first == "UNLOAD" {
        cursor.advance();
        return ctas::unload(cursor).map(Statement::UnloadQuery);
    }
    if first == "MSCK" {
        cursor.advance();
        return lake::repair(cursor);
    }
    sql(cursor, first, &ATHENA_STARTS)
}

fn sql(cursor: &mut Cursor, first: &str, starts: &[&str]) -> Result<Statement, SqlError> {
    if !starts.contains(&first) && !cursor.peek_symbol('(') {
        return Err(cursor.unexpected(starts));
    }
    Ok(Statement::Sql(Box::new(cursor.sql_statement()?)))
}

/// `MERGE …`, in Redshift also with `REMOVE DUPLICATES` at its end.
fn merge(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let last = cursor.tokens_mut().len();
    let word = |token: Option<&TokenWithSpan>, text: &str| matches!(token.map(|token| &token.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text));
    let tokens = cursor.tokens_mut();
    let remove_duplicates = last > 2 && word(tokens.get(last - 2), "REMOVE") && word(tokens.get(last - 1), "DUPLICATES");
    if remove_duplicates {
        tokens.truncate(last - 2);
    }
    match cursor.sql_statement()? {
        ast::Statement::Merge(merge) => {
            if !remove_duplicates && merge.clauses.is_empty() {
                return Err(cursor.unexpected(&["WHEN", "REMOVE DUPLICATES"]));
            }
            Ok(Statement::Merge { merge: Box::new(merge), remove_duplicates })
        }
        other => Ok(Statement::Sql(Box::new(other))),
    }
}

fn explain(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let redshift = cursor.dialect() == Dialect::Redshift;
    let verbose = cursor.accept_word("VERBOSE");
    let analyze = !redshift && cursor.accept_word("ANALYZE");
    let verbose = verbose || cursor.accept_word("VERBOSE");
    let (mut kind, mut format) = (ExplainKind::default(), ExplainFormat::default());
    if !redshift && cursor.peek_symbol('(') && matches!(cursor.peek_word_at(1).as_deref(), Some("TYPE" | "FORMAT")) {
        cursor.advance();
        loop {
            let types = cursor.accept_word("TYPE");
            if !types {
                cursor.expect_word("FORMAT")?;
            }
            let value = cursor.peek_word().unwrap_or_default();
            match (types, value.as_str()) {
                (true, "DISTRIBUTED") => kind = ExplainKind::Distributed,
                (true, "LOGICAL") => kind = ExplainKind::Logical,
                (true, "IO") => kind = ExplainKind::Io,
                (true, "VALIDATE") => kind = ExplainKind::Validate,
                (true, _) => return Err(cursor.unexpected(&["DISTRIBUTED", "LOGICAL", "IO", "VALIDATE"])),
                (false, "TEXT") => format = ExplainFormat::Text,
                (false, "JSON") => format = ExplainFormat::Json,
                (false, "GRAPHVIZ") => format = ExplainFormat::Graphviz,
                (false, _) => return Err(cursor.unexpected(&["TEXT", "JSON", "GRAPHVIZ"])),
            }
            cursor.advance();
            if !cursor.accept_symbol(',') {
                break;
            }
        }
        cursor.expect_symbol(')')?;
    }
    let start = cursor.position();
    cursor.remove_prefix(start);
    let statement = Box::new(self::statement(cursor)?);
    if let Statement::Explain { .. } = *statement {
        return Err(cursor.unsupported("EXPLAIN of EXPLAIN"));
    }
    Ok(Statement::Explain { analyze, verbose, kind, format, statement })
}

/// Reads the forms of CREATE that are ours; `None` leaves the statement to sqlparser.
fn create(cursor: &mut Cursor) -> Result<Option<Statement>, SqlError> {
    let redshift = cursor.dialect() == Dialect::Redshift;
    let start = cursor.position();
    cursor.advance();
    let or_replace = cursor.accept_words(&["OR", "REPLACE"]);
    let external = cursor.accept_word("EXTERNAL");
    let object = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    if external {
        return match object.as_str() {
            "TABLE" => hive::create_external_table(cursor).map(Statement::CreateExternalTable).map(Some),
            "SCHEMA" if redshift => spectrum::create_external_schema(cursor).map(Statement::CreateExternalSchema).map(Some),
            "FUNCTION" | "MODEL" => Err(cursor.unsupported(&format!("CREATE EXTERNAL {object}"))),
            _ => {
                cursor.back();
                Err(cursor.unexpected(if redshift { &["SCHEMA", "TABLE"] } else { &["TABLE"] }))
            }
        };
    }
    match object.as_str() {
        "MODEL" if redshift => return model::create_model(cursor).map(Statement::CreateModel).map(Some),
        "MATERIALIZED" if redshift && !or_replace => return upkeep::create_materialized_view(cursor).map(Some),
        "MATERIALIZED" => return Err(cursor.unsupported("CREATE MATERIALIZED VIEW")),
        "DATABASE" | "SCHEMA" if !redshift && !or_replace => {
            return hive::create_database(cursor).map(Statement::CreateDatabase).map(Some);
        }
        "TABLE" if !redshift && !or_replace => {
            if let Some(create) = ctas::create_table_as(cursor)? {
                return Ok(Some(Statement::CreateTableAs(create)));
            }
        }
        "TABLE" | "TEMP" | "TEMPORARY" | "LOCAL" if redshift && !or_replace => {
            cursor.rewind(start);
            return create_table(cursor).map(Some);
        }
        word if CREATES.contains(&word) => {
            return Err(cursor.unsupported(&format!("CREATE {word}")));
        }
        _ => {}
    }
    cursor.rewind(start);
    Ok(None)
}

fn create_table(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let start = cursor.position();
    cursor.advance();
    let local = cursor.position();
    if cursor.accept_word("LOCAL") {
        cursor.remove_from(local);
    }
    while !cursor.at_end() && !cursor.accept_word("TABLE") {
        cursor.advance();
    }
    let attributes = attributes::take(cursor)?;
    cursor.rewind(start);
    match cursor.sql_statement()? {
        ast::Statement::CreateTable(create) => Ok(Statement::CreateTable { create: Box::new(create), attributes }),
        other => Ok(Statement::Sql(Box::new(other))),
    }
}

/// Reads the forms of DROP that are ours; `None` leaves the statement to sqlparser.
fn drop(cursor: &mut Cursor) -> Result<Option<Statement>, SqlError> {
    let redshift = cursor.dialect() == Dialect::Redshift;
    let start = cursor.position();
    cursor.advance();
    let object = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    if object == "MATERIALIZED" && redshift {
        cursor.expect_word("VIEW")?;
        let if_exists = cursor.accept_words(&["IF", "EXISTS"]);
        let name = cursor.name("view name")?;
        let cascade = cursor.accept_word("CASCADE");
        if !cascade {
            cursor.accept_word("RESTRICT");
        }
        cursor.expect_end()?;
        return Ok(Some(Statement::DropMaterializedView { name, if_exists, cascade }));
    }
    let if_exists = cursor.accept_words(&["IF", "EXISTS"]);
    match object.as_str() {
        "MODEL" if redshift => {
            let name = cursor.name("model name")?;
            cursor.expect_end()?;
            return Ok(Some(Statement::DropModel { name, if_exists }));
        }
        "DATABASE" | "SCHEMA" if !redshift => {
            let name = cursor.name("database name")?;
            let cascade = cursor.accept_word("CASCADE");
            if !cascade {
                cursor.accept_word("RESTRICT");
            }
            cursor.expect_end()?;
            return Ok(Some(Statement::DropDatabase { name, if_exists, cascade }));
        }
        "SCHEMA" => {
            let name = cursor.name("schema name")?;
            if cursor.accept_words(&["DROP", "EXTERNAL", "DATABASE"]) {
                let cascade = cursor.accept_word("CASCADE");
                if !cascade {
                    cursor.accept_word("RESTRICT");
                }
                cursor.expect_end()?;
                return Ok(Some(Statement::DropExternalSchema { name, if_exists, cascade }));
            }
        }
        word if CREATES.contains(&word) => {
            return Err(cursor.unsupported(&format!("DROP {word}")));
        }
        _ => {}
    }
    cursor.rewind(start);
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::{DistStyle, Show, parse};

    fn redshift(sql: &str) -> Result<Statement, SqlError> {
        parse(Dialect::Redshift, sql, &[])
    }

    fn athena(sql: &str) -> Result<Statement, SqlError> {
        parse(Dialect::Athena, sql, &[])
    }

    #[test]
    fn syntax_errors_are_worded_as_the_services_do() {
        assert_eq!(redshift("SELECT * FORM t").unwrap_err().message, "ERROR: syntax error at or near \"FORM\"\n  Position: 10;");
        assert_eq!(redshift("SELEC 1").unwrap_err().message, "ERROR: syntax error at or near \"SELEC\"\n  Position: 1;");
        assert_eq!(redshift("SELECT a FROM").unwrap_err().message, "ERROR: syntax error at end of input\n  Position: 14;");
        let error = athena("SELEC 1").unwrap_err();
        assert!(error.message.starts_with("line 1:1: mismatched input 'SELEC'. Expecting: '(', 'ALTER', 'CREATE'"), "{error}");
        assert_eq!(error.position, Some((1, 1)));
        let error = athena("SELECT 1\nFROM t WHERE").unwrap_err();
        assert!(error.message.starts_with("line 2:13: mismatched input '<EOF>'. Expecting: "), "{error}");
        assert!(athena("BEGIN").unwrap_err().message.starts_with("line 1:1: mismatched input 'BEGIN'"));
        let error = redshift("select 'abc").unwrap_err();
        assert_eq!(error.message, "ERROR: unterminated quoted string at or near \"'abc\"\n  Position: 8;");
    }

    #[test]
    fn refused_statements_are_named() {
        assert_eq!(redshift("CREATE FUNCTION f() RETURNS int AS $$ 1 $$").unwrap_err().message, "ERROR: CREATE FUNCTION is not supported");
        assert_eq!(redshift("grant select on t to x").unwrap_err().message, "ERROR: GRANT is not supported");
        assert_eq!(athena("OPTIMIZE t REWRITE DATA").unwrap_err().message, "line 1:1: OPTIMIZE is not supported");
    }

    #[test]
    fn redshift_table_attributes_are_kept_apart() {
        let sql = "CREATE TABLE IF NOT EXISTS dm.data (age int4 NOT NULL ENCODE az64 SORTKEY, job varchar(20) ENCODE lzo DISTKEY,
            id bigint IDENTITY(1,1), d decimal(6,3) DEFAULT 0, PRIMARY KEY (age)) DISTSTYLE KEY COMPOUND SORTKEY (age, job) BACKUP NO";
        let Statement::CreateTable { create, attributes } = redshift(sql).unwrap() else { panic!("not a table") };
        assert_eq!(create.columns.len(), 4);
        assert!(create.if_not_exists);
        assert_eq!(attributes.dist_style, Some(DistStyle::Key));
        assert_eq!((attributes.dist_key.as_deref(), attributes.sort_key), (Some("job"), vec!["age".to_owned(), "job".to_owned()]));
        assert_eq!(attributes.columns[2].1.identity, Some((1, 1)));
        assert!(attributes.no_backup);
    }

    #[test]
    fn create_table_as_and_like() {
        let sql = "CREATE TEMP TABLE t DISTKEY(a) SORTKEY(a) AS SELECT a FROM x ORDER BY a";
        let Statement::CreateTable { create, attributes } = redshift(sql).unwrap() else { panic!("not a table") };
        assert!(create.query.is_some() && create.temporary);
        assert_eq!(attributes.dist_key.as_deref(), Some("a"));
        let Statement::CreateTable { create, .. } = redshift("create table t (like x including defaults)").unwrap() else {
            panic!("not a table")
        };
        assert!(create.like.is_some());
    }

    #[test]
    fn external_schema() {
        let sql = "CREATE EXTERNAL SCHEMA IF NOT EXISTS athena FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE 'arn:x' REGION 'us-east-1'
            CREATE EXTERNAL DATABASE IF NOT EXISTS;";
        let Statement::CreateExternalSchema(schema) = redshift(sql).unwrap() else { panic!("not a schema") };
        assert_eq!((schema.name.as_str(), schema.database.as_str(), schema.create_database), ("athena", "bankdm", true));
        let error = redshift("CREATE EXTERNAL SCHEMA a FROM POSTGRES DATABASE 'x'").unwrap_err();
        assert_eq!(error.message, "ERROR: CREATE EXTERNAL SCHEMA FROM POSTGRES is not supported");
    }

    #[test]
    fn explain_wraps_and_show_reads() {
        let Statement::Explain { statement, .. } = redshift("EXPLAIN DELETE t WHERE a = 1").unwrap() else { panic!("not explained") };
        assert!(matches!(*statement, Statement::Sql(sql) if sql.to_string() == "DELETE FROM t WHERE a = 1"));
        let Statement::Explain { analyze, .. } = athena("EXPLAIN ANALYZE VERBOSE SELECT 1").unwrap() else { panic!("not explained") };
        assert!(analyze);
        assert!(matches!(athena("SHOW TABLES IN bankdm 'b*|c'").unwrap(),
            Statement::Show(Show::Tables { within: Some(name), like: Some(like) }) if name.last() == "bankdm" && like == "b*|c"));
        assert!(matches!(athena("show columns from t in `bankdm`").unwrap(),
            Statement::Show(Show::Columns { table, .. }) if table.parts == ["bankdm", "t"]));
        assert!(matches!(redshift("SHOW MODEL dm01").unwrap(), Statement::ShowModel { name } if name.last() == "dm01"));
        assert!(matches!(redshift("SHOW MODEL ALL").unwrap(), Statement::ShowModels { like: None }));
        assert!(matches!(redshift("DROP MODEL IF EXISTS dm01").unwrap(), Statement::DropModel { if_exists: true, .. }));
    }

    #[test]
    fn quoted_identifiers_fold_as_the_services_fold_them() {
        let Statement::Sql(sql) = redshift("SELECT \"AGE\" AS \"Years\" FROM DM.\"Data\"").unwrap() else { panic!("not sql") };
        assert_eq!(sql.to_string(), "SELECT \"age\" AS \"years\" FROM DM.\"data\"");
    }

    #[test]
    fn transactions() {
        for sql in ["BEGIN", "begin transaction", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT", "end transaction;"] {
            assert!(matches!(redshift(sql), Ok(Statement::Sql(_))), "{sql}");
        }
    }
}
