//! Named parameters (`:name`): which a statement has, what they were given before, and the form that asks for them. Values are sent as
//! parameters; what is typed here never becomes part of the text of a statement.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::editor::bar::Field;
use super::lexer::{self, TokenKind};
use crate::syntax::Dialect;

/// Values by name, in lower case; `None` is NULL.
pub type Values = BTreeMap<String, Option<String>>;

/// The parameters of a statement in the order of their first place, each once.
pub fn names(dialect: Dialect, sql: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for token in lexer::tokens(dialect, sql).iter().filter(|token| token.kind == TokenKind::Parameter) {
        let name = &sql[token.start + 1..token.end];
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A statement with the literal `NULL` where a parameter is NULL, and the values of the others: the services have no parameter without a
/// value. Nothing that was typed goes into the text.
pub fn bind(dialect: Dialect, sql: &str, values: &Values) -> (String, Vec<(String, String)>) {
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    for token in lexer::tokens(dialect, sql).iter().filter(|token| token.kind == TokenKind::Parameter) {
        let name = &sql[token.start + 1..token.end];
        if values.get(&name.to_lowercase()).is_some_and(Option::is_none) {
            text.push_str(&sql[at..token.start]);
            // As long as the name where it can be, so that a position in the text stays what it was.
            text.push_str(&format!("{:width$}", "NULL", width = token.end - token.start));
            at = token.end;
        }
    }
    text.push_str(&sql[at..]);
    let given = names(dialect, sql).into_iter().filter_map(|name| {
        let value = values.get(&name.to_lowercase())?.clone()?;
        Some((name, value))
    });
    (text, given.collect())
}

/// A parameter in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Name without its colon.
    pub name: String,
    /// What was typed.
    pub field: Field,
    /// Whether it is NULL, whatever was typed.
    pub null: bool,
}

/// The form that asks for the parameters of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// One for each parameter; never empty.
    pub inputs: Vec<Input>,
    /// The one that is typed into.
    pub at: usize,
}

/// What a form makes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The form goes on.
    More,
    /// Put away.
    Cancelled,
    /// The values.
    Given(Values),
}

impl Form {
    /// A form for parameters, filled with what they were given before; `None` when there are none.
    pub fn new(names: Vec<String>, before: &Values) -> Option<Form> {
        let inputs: Vec<Input> = names
            .into_iter()
            .map(|name| {
                let value = before.get(&name.to_lowercase());
                let text = value.cloned().flatten().unwrap_or_default();
                Input { field: Field::new(&text), null: value.is_some_and(Option::is_none), name }
            })
            .collect();
        (!inputs.is_empty()).then_some(Form { inputs, at: 0 })
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        let last = self.inputs.len() - 1;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Answer::Cancelled,
            KeyCode::Char('c') if control => return Answer::Cancelled,
            KeyCode::Char('n') if control => self.inputs[self.at].null = !self.inputs[self.at].null,
            KeyCode::Enter if self.at < last && !control => self.at += 1,
            KeyCode::Enter => return Answer::Given(self.values()),
            KeyCode::F(5) => return Answer::Given(self.values()),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1) % (last + 1),
            KeyCode::Up | KeyCode::BackTab => self.at = (self.at + last) % (last + 1),
            _ => {
                let input = &mut self.inputs[self.at];
                let before = input.field.text.clone();
                input.field.key(key);
                // Who types a value does not mean NULL.
                input.null &= input.field.text == before;
            }
        }
        Answer::More
    }

    /// Pasted text goes to the value: its first line.
    pub fn paste(&mut self, text: &str) {
        let input = &mut self.inputs[self.at];
        input.null = false;
        input.field.insert(text.lines().next().unwrap_or_default());
    }

    fn values(&self) -> Values {
        self.inputs.iter().map(|input| (input.name.to_lowercase(), (!input.null).then(|| input.field.text.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn press(form: &mut Form, code: KeyCode, modifiers: KeyModifiers) -> Answer {
        form.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn names_come_once_and_not_from_text() {
        let sql = "select :a, ':b', x::int from t -- :c\nwhere y = :A and z = :d";
        assert_eq!(names(Dialect::Redshift, sql), ["a", "d"]);
    }

    #[test]
    fn values_stay_out_of_the_text_and_null_is_a_literal() {
        let values =
            Values::from([("job".into(), Some("'; drop table t; --".into())), ("age".into(), None), ("unused".into(), Some("1".into()))]);
        let (text, given) = bind(Dialect::Redshift, "select * from t where job = :Job or age = :age or ':age' = :job", &values);
        assert_eq!(text, "select * from t where job = :Job or age = NULL or ':age' = :job");
        assert_eq!(given, [("Job".to_owned(), "'; drop table t; --".to_owned())]);
    }

    #[test]
    fn what_was_given_before_is_there_again() {
        let mut form =
            Form::new(vec!["a".into(), "b".into()], &Values::from([("a".into(), Some("1".into())), ("b".into(), None)])).unwrap();
        assert!(form.inputs[1].null);
        press(&mut form, KeyCode::Char('2'), KeyModifiers::NONE);
        assert_eq!(press(&mut form, KeyCode::Enter, KeyModifiers::NONE), Answer::More);
        press(&mut form, KeyCode::Char('x'), KeyModifiers::NONE);
        let given = Values::from([("a".into(), Some("12".into())), ("b".into(), Some("x".into()))]);
        assert_eq!(press(&mut form, KeyCode::Enter, KeyModifiers::NONE), Answer::Given(given));
        press(&mut form, KeyCode::Char('n'), KeyModifiers::CONTROL);
        assert!(matches!(press(&mut form, KeyCode::F(5), KeyModifiers::NONE), Answer::Given(values) if values["b"].is_none()));
        assert_eq!(press(&mut form, KeyCode::Esc, KeyModifiers::NONE), Answer::Cancelled);
        assert!(Form::new(Vec::new(), &Values::new()).is_none());
    }
}
