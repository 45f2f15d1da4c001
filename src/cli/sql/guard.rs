//! The question before statements that destroy, as the console asks it: on a terminal it is asked, elsewhere only `--yes` lets them run.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Sql;
use crate::cli::failure::{Failure, exit};
use crate::config::Settings;
use crate::config::settings::{Guard, TargetKind};
use crate::demo::sql_script::Statement;
use crate::ops::query::guard::danger;
use crate::ops::query::{QueryEngine, parameters};
use crate::syntax::Dialect;

/// Lets statements run that destroy nothing, that are not guarded on this target, or that were agreed to. Nothing has run before.
///
/// # Errors
/// When there is nobody to ask, or the answer is no.
pub fn check(arguments: &Sql, settings: &Settings, found: &[Statement<'_>]) -> Result<(), Failure> {
    let guarded = match settings.sql.guard {
        Guard::Always => true,
        Guard::Aws => settings.aws.target == TargetKind::Aws,
        Guard::Never => false,
    };
    if arguments.yes || !guarded {
        return Ok(());
    }
    let told = sentences(arguments.engine, found);
    if told.is_empty() {
        return Ok(());
    }
    let can_be_asked = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !can_be_asked {
        return Err(Failure::Told {
            code: exit::PRECONDITION,
            what: "nothing was run: what destroys has to be confirmed, and there is no terminal to ask on".to_owned(),
            why: Some(told.join("\n")),
            next: Some("Look at it with --dry-run, then add --yes; or say with WHERE which rows are meant.".to_owned()),
        });
    }
    let asked = |error: io::Error| Failure::io("could not ask for confirmation", &error);
    eprint!("{}\nIt cannot be taken back. Run it? [y/N] ", told.join("\n"));
    io::stderr().flush().map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Told { code: exit::CANCELLED, what: "not confirmed; nothing was run".to_owned(), why: None, next: None })
    }
}

/// What the statements destroy, each with its line in a script of several.
fn sentences(engine: QueryEngine, found: &[Statement<'_>]) -> Vec<String> {
    let dialect = match engine {
        QueryEngine::Redshift => Dialect::Redshift,
        QueryEngine::Athena => Dialect::Athena,
    };
    let told = found.iter().filter_map(|statement| {
        let danger = danger(dialect, statement.text, &parameters::names(statement.text))?;
        let line = if found.len() > 1 { format!("line {}: ", statement.line) } else { String::new() };
        Some(format!("{line}{}", danger.sentence()))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::sql_script::statements;

    #[test]
    fn every_statement_that_destroys_is_told_with_its_line() {
        let script = "select 1;\ndelete from t where a = :a;\ndelete from t;\n\ndrop table t";
        assert_eq!(
            sentences(QueryEngine::Redshift, &statements(script)),
            ["line 3: DELETE without WHERE removes every row of t.", "line 5: DROP removes the table t for good."]
        );
        assert_eq!(sentences(QueryEngine::Athena, &statements("drop table t")), ["DROP removes the table t for good."]);
    }
}
