//! Tables of expressions and statements with their answers.

use shiftdeck::local::engine::{Dialect, SqlError};

use super::sql::{Done, Sql};

impl Sql {
    /// The answer to a statement of a dialect, or why there is none.
    pub async fn ask(&self, dialect: Dialect, sql: &str) -> Result<Done, SqlError> {
        match dialect {
            Dialect::Redshift => self.try_redshift(sql).await,
            Dialect::Athena => self.try_athena(sql).await,
        }
    }

    /// Every expression gives the text beside it; all that do not are told at once.
    pub async fn gives(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            let sql = if is_statement(expression) { (*expression).to_owned() } else { format!("SELECT {expression}") };
            match self.ask(dialect, &sql).await {
                Ok(answer) if answer.rows.join(";") == *expected => {}
                Ok(answer) => wrong.push(format!("{expression}\n     gave {}\n     not  {expected}", answer.rows.join(";"))),
                Err(error) => wrong.push(format!("{expression}\n     failed: {error}\n     not  {expected}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }

    /// Every expression has the type beside it.
    pub async fn types(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            match self.ask(dialect, &format!("SELECT {expression}")).await {
                Ok(answer) if answer.named().join(",") == *expected => {}
                Ok(answer) => wrong.push(format!("{expression} is {}, not {expected}", answer.named().join(","))),
                Err(error) => wrong.push(format!("{expression} failed: {error}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }

    /// Every expression or query fails with a message that holds the text beside it.
    pub async fn fails(&self, dialect: Dialect, cases: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (expression, expected) in cases {
            let sql = if is_statement(expression) { (*expression).to_owned() } else { format!("SELECT {expression}") };
            match self.ask(dialect, &sql).await {
                Ok(answer) => wrong.push(format!("{expression}\n     gave {}\n     not  {expected}", answer.rows.join(";"))),
                Err(error) if error.message.contains(expected) => {}
                Err(error) => wrong.push(format!("{expression}\n     failed with {error}\n     not  {expected}")),
            }
        }
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
}

fn is_statement(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_uppercase();
    matches!(first.as_str(), "SELECT" | "WITH" | "VALUES" | "(SELECT")
}
