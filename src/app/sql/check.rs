//! Mistakes that the parser finds in a text while it is being typed. What the parser of the embedded engine cannot read is marked, never
//! refused: the service has the last word.

use super::editor::text::Place;
use super::lexer::{self, TokenKind};
use super::{State, TabId, dialect, failure};
use crate::app::effect::Effect;
use crate::app::latest::Ticket;
use crate::syntax::{self, Dialect, Parameter, SqlErrorKind};

/// Bytes of a statement beyond which it is data rather than something that is being typed.
const LONGEST: usize = 64 << 10;

/// A mistake, `start..end` in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What the parser says.
    pub message: String,
    /// Whether the statement only ends too soon.
    pub unfinished: bool,
}

/// A mistake in the text of a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it begins.
    pub from: Place,
    /// The place behind it.
    pub to: Place,
    /// What the parser says.
    pub message: String,
    /// Whether the statement only ends too soon: no mistake while the cursor is at its end.
    pub unfinished: bool,
}

/// The mistakes of a text, at most one a statement. Takes as long as reading the text; not for the thread of the screen.
pub fn mistakes(dialect: Dialect, text: &str) -> Vec<Mistake> {
    let Ok(statements) = syntax::split_statements(dialect, text) else { return Vec::new() };
    statements.into_iter().filter(|range| range.len() <= LONGEST).filter_map(|range| mistake(dialect, text, range)).collect()
}

fn mistake(dialect: Dialect, text: &str, range: std::ops::Range<usize>) -> Option<Mistake> {
    let sql = text.get(range.clone())?;
    let mut parameters: Vec<Parameter> = Vec::new();
    for token in lexer::tokens(dialect, sql).iter().filter(|token| token.kind == TokenKind::Parameter) {
        let name = &sql[token.start + 1..token.end];
        if !parameters.iter().any(|known| known.name.eq_ignore_ascii_case(name)) {
            // Any value: a number is read wherever a value may stand.
            parameters.push(Parameter { name: name.to_owned(), value: Some("1".to_owned()) });
        }
    }
    let error = syntax::parse(dialect, sql, &parameters).err().filter(|error| error.kind == SqlErrorKind::Syntax)?;
    let at = failure::position(&error.message, sql)?;
    let (start, end) = lexer::token_at(dialect, sql, at)?;
    let message = error.message.lines().next().unwrap_or_default().trim_start_matches("ERROR: ").to_owned();
    Some(Mistake { start: range.start + start, end: range.start + end, message, unfinished: end >= sql.len() })
}

impl State {
    /// Has the text of the tab on the screen read, unless it was since it changed.
    pub fn check(&mut self) -> Vec<Effect> {
        let id = self.tab().id;
        let tab = self.tab_mut();
        let revision = tab.editor.revision();
        if tab.checked == Some(revision) {
            return Vec::new();
        }
        tab.checked = Some(revision);
        // What was wrong above the cursor is still wrong; below it everything may have moved.
        let line = tab.editor.cursor().line;
        tab.problems.retain(|problem| problem.to.line < line);
        let (dialect, text) = (dialect(tab.engine), tab.text());
        vec![Effect::CheckSql { ticket: self.checks.issue(), tab: id, revision, dialect, text }]
    }

    pub(super) fn on_checked(&mut self, ticket: Ticket, id: TabId, revision: u64, found: Vec<Mistake>) {
        if !self.checks.settle(ticket) {
            return;
        }
        let Some(tab) = self.tabs.iter_mut().find(|tab| tab.id == id).filter(|tab| tab.editor.revision() == revision) else { return };
        let text = tab.editor.text();
        tab.problems = found
            .into_iter()
            .map(|mistake| Problem {
                from: text.place(mistake.start),
                to: text.place(mistake.end),
                message: mistake.message,
                unfinished: mistake.unfinished,
            })
            .collect();
    }
}

impl super::Tab {
    /// The mistakes to show: a statement that is being typed need not be finished.
    pub fn mistakes(&self) -> impl Iterator<Item = &Problem> {
        let cursor = self.editor.cursor();
        self.problems
            .iter()
            .filter(move |problem| !problem.unfinished || cursor.line > problem.to.line + 1 || cursor.line < problem.from.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(dialect: Dialect, text: &str) -> Vec<(&str, String, bool)> {
        mistakes(dialect, text)
            .into_iter()
            .map(|mistake| (&text[mistake.start..mistake.end], mistake.message, mistake.unfinished))
            .collect()
    }

    #[test]
    fn a_mistake_is_found_in_each_statement() {
        let text = "select 1;\nselect a form t;\nselect 'é', b from (select 1;\nselect :p limit :n";
        let redshift = found(Dialect::Redshift, text);
        assert_eq!(redshift.len(), 2, "{redshift:?}");
        assert_eq!((redshift[0].0, redshift[0].2), ("t", true), "{redshift:?}");
        assert_eq!((redshift[1].0, redshift[1].2), ("1", true), "{redshift:?}");
        let athena = found(Dialect::Athena, "select (1 2) from t");
        assert_eq!(athena.len(), 1, "{athena:?}");
        assert!(!athena[0].2);
    }

    #[test]
    fn what_is_read_has_no_mistake() {
        for sql in [
            "",
            "-- nothing",
            "select :a, ':b' from t where x = :c limit :n",
            "create table t (a int) diststyle key distkey (a)",
            "unload ('select 1') to 's3://b/p' iam_role default",
        ] {
            assert_eq!(found(Dialect::Redshift, sql), [], "{sql}");
        }
    }
}
