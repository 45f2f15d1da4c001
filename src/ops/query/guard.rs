//! What a statement would destroy: read by the parser, never guessed from the text.

use sqlparser::ast::{self, Expr, FromTable, Value};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::syntax::{self, AlterAction, AlterTable, Dialect, Parameter, Statement};

/// Something that cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Danger {
    /// Every row of a table goes.
    EveryRow {
        /// `DELETE` or `TRUNCATE`.
        verb: &'static str,
        /// The table.
        table: String,
    },
    /// Every row of a table is changed.
    Change {
        /// The table.
        table: String,
    },
    /// Something goes for good.
    Drop {
        /// What it is: `table dm.data`.
        what: String,
    },
    /// It begins like one of these, and the parser cannot read it.
    Unread {
        /// The word that it begins with.
        verb: String,
    },
}

impl Danger {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Danger::EveryRow { verb, table } => format!("{verb} without WHERE removes every row of {table}."),
            Danger::Change { table } => format!("UPDATE without WHERE changes every row of {table}."),
            Danger::Drop { what } => format!("DROP removes the {what} for good."),
            Danger::Unread { verb } => format!("The statement begins with {verb}, and could not be read any further."),
        }
    }
}

/// What a statement would destroy, if anything. `parameters` are the names of `:name` in it.
pub fn danger(dialect: Dialect, sql: &str, parameters: &[String]) -> Option<Danger> {
    // Most statements begin with a word that never destroys anything; they are not read twice.
    let verb = first_word(dialect, sql)?;
    if !matches!(verb.as_str(), "DELETE" | "UPDATE" | "TRUNCATE" | "DROP" | "ALTER" | "WITH") {
        return None;
    }
    let values: Vec<Parameter> = parameters.iter().map(|name| Parameter { name: name.clone(), value: Some("0".to_owned()) }).collect();
    match syntax::parse(dialect, sql, &values) {
        Ok(statement) => of(&statement),
        Err(_) if matches!(verb.as_str(), "ALTER" | "WITH") => None,
        Err(_) => Some(Danger::Unread { verb }),
    }
}

fn of(statement: &Statement) -> Option<Danger> {
    let drop = |what: String| Some(Danger::Drop { what });
    match statement {
        Statement::Sql(statement) => of_sql(statement),
        Statement::DropDatabase { name, .. } => drop(format!("database {name}")),
        Statement::DropExternalSchema { name, .. } => drop(format!("schema {name} and the database behind it")),
        Statement::DropModel { name, .. } => drop(format!("model {name}")),
        Statement::DropMaterializedView { name, .. } => drop(format!("materialized view {name}")),
        Statement::AlterTable(AlterTable { table, action: AlterAction::DropColumn { column, .. } }) => {
            drop(format!("column {} of {table}", column.name))
        }
        _ => None,
    }
}

fn of_sql(statement: &ast::Statement) -> Option<Danger> {
    match statement {
        ast::Statement::Delete(delete) if always(delete.selection.as_ref()) && delete.using.is_none() => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            let table = from.first().map(|table| table.relation.to_string()).unwrap_or_default();
            Some(Danger::EveryRow { verb: "DELETE", table })
        }
        ast::Statement::Update(update) if always(update.selection.as_ref()) && update.from.is_none() => {
            Some(Danger::Change { table: update.table.relation.to_string() })
        }
        ast::Statement::Truncate(truncate) => {
            let tables: Vec<String> = truncate.table_names.iter().map(|target| target.name.to_string()).collect();
            Some(Danger::EveryRow { verb: "TRUNCATE", table: tables.join(", ") })
        }
        ast::Statement::Drop { object_type, names, .. } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            Some(Danger::Drop { what: format!("{} {}", object_type.to_string().to_lowercase(), names.join(", ")) })
        }
        ast::Statement::AlterTable(alter) => alter.operations.iter().find_map(|operation| match operation {
            ast::AlterTableOperation::DropColumn { column_names, .. } => {
                let columns: Vec<String> = column_names.iter().map(ToString::to_string).collect();
                Some(Danger::Drop { what: format!("column {} of {}", columns.join(", "), alter.name) })
            }
            _ => None,
        }),
        _ => None,
    }
}

/// Whether a condition holds for every row: there is none, or it is a constant truth.
fn always(selection: Option<&Expr>) -> bool {
    match selection {
        None => true,
        Some(Expr::Nested(inner)) => always(Some(inner)),
        Some(Expr::Value(value)) => matches!(value.value, Value::Boolean(true)),
        Some(Expr::BinaryOp { left, op: ast::BinaryOperator::Eq, right }) => {
            matches!((&**left, &**right), (Expr::Value(a), Expr::Value(b)) if a.value == b.value)
        }
        Some(_) => false,
    }
}

/// The first word of a statement, in upper case.
pub fn first_word(dialect: Dialect, sql: &str) -> Option<String> {
    // Comments may be long, what follows the first word may be longer: only as much is read as is needed.
    let rest = skip_comments(dialect, sql);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_ascii_uppercase())
}

fn skip_comments(dialect: Dialect, sql: &str) -> &str {
    let at = syntax::split_statements(dialect, sql).ok().and_then(|ranges| ranges.first().map(|range| range.start));
    &sql[at.unwrap_or(sql.len())..]
}

/// What a statement does to the transaction of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// It opens one.
    Begins,
    /// It ends one.
    Ends,
}

/// What a statement of the warehouse does to the transaction of its session, if anything.
pub fn transaction(sql: &str) -> Option<Transaction> {
    let verb = first_word(Dialect::Redshift, sql)?;
    match verb.as_str() {
        "BEGIN" => Some(Transaction::Begins),
        "START" => second_is(sql, Keyword::TRANSACTION).then_some(Transaction::Begins),
        "COMMIT" | "END" | "ROLLBACK" | "ABORT" => Some(Transaction::Ends),
        _ => None,
    }
}

fn second_is(sql: &str, keyword: Keyword) -> bool {
    let dialect = sqlparser::dialect::RedshiftSqlDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize() else { return false };
    let mut words = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    matches!(words.nth(1), Some(Token::Word(word)) if word.keyword == keyword)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn sentence(sql: &str) -> Option<String> {
        danger(Dialect::Redshift, sql, &[]).map(|danger| danger.sentence())
    }

    #[test]
    fn what_destroys_everything_is_named() {
        for (sql, said) in [
            ("delete from dm.data", "DELETE without WHERE removes every row of dm.data."),
            ("-- clean\nDELETE FROM dm.data WHERE true", "DELETE without WHERE removes every row of dm.data."),
            ("delete from dm.data where (1 = 1)", "DELETE without WHERE removes every row of dm.data."),
            ("update dm.data set age = 1", "UPDATE without WHERE changes every row of dm.data."),
            ("truncate dm.data", "TRUNCATE without WHERE removes every row of dm.data."),
            ("drop table if exists dm.a, dm.b", "DROP removes the table dm.a, dm.b for good."),
            ("drop schema dm cascade", "DROP removes the schema dm for good."),
            ("alter table dm.data drop column age", "DROP removes the column age of dm.data for good."),
            ("drop model dm01", "DROP removes the model dm01 for good."),
        ] {
            assert_eq!(sentence(sql).as_deref(), Some(said), "{sql}");
        }
    }

    #[test]
    fn what_says_which_rows_it_means_is_let_through() {
        for sql in [
            "delete from dm.data where age < 18",
            "update dm.data set age = 1 where age = 2",
            "select 'drop table dm.data'",
            "explain delete from dm.data",
            "/* drop table x */ select 1",
            "insert into dm.data select * from dm.data",
            "alter table dm.data add column x int",
        ] {
            assert_eq!(sentence(sql), None, "{sql}");
        }
    }

    #[test]
    fn parameters_do_not_hide_anything() {
        let names = ["n".to_owned()];
        assert_eq!(danger(Dialect::Redshift, "delete from t where age > :n", &names), None);
        assert!(danger(Dialect::Redshift, "drop something strange", &[]).is_some(), "what cannot be read is asked about");
    }

    #[test]
    fn transactions_are_told_from_what_only_looks_like_one() {
        assert_eq!(transaction("-- x\nbegin read write"), Some(Transaction::Begins));
        assert_eq!(transaction("start transaction"), Some(Transaction::Begins));
        assert_eq!(transaction("commit"), Some(Transaction::Ends));
        assert_eq!(transaction("rollback"), Some(Transaction::Ends));
        assert_eq!(transaction("select 'begin'"), None);
    }
}
