//! The named parameters of a statement: `:name`.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::demo::sql::literal;

/// The names of `:name` in a statement, each once, in the order in which they stand. Casts (`::`), texts, quoted names and comments hold
/// none.
pub fn names(sql: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // What cannot be read to its end has no parameters that could be asked for; the service says what is wrong with it.
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize() else { return names };
    for pair in tokens.windows(2) {
        if let [Token::Colon, Token::Word(word)] = pair
            && word.quote_style.is_none()
            && !names.contains(&word.value)
        {
            names.push(word.value.clone());
        }
    }
    names
}

/// A statement with values in the place of its parameters, for reading it here. What is sent to a service keeps its parameters.
pub fn inlined(sql: &str, values: &[(String, String)]) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).with_unescape(false).tokenize() else { return sql.to_owned() };
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let value = match (token, tokens.get(at + 1)) {
            (Token::Colon, Some(Token::Word(word))) if word.quote_style.is_none() => {
                values.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word.value)).map(|(_, value)| value)
            }
            _ => None,
        };
        match value {
            Some(value) if value.parse::<f64>().is_ok_and(f64::is_finite) => text.push_str(value),
            Some(value) => text.push_str(&literal(value)),
            None => text.push_str(&token.to_string()),
        }
        at += if value.is_some() { 2 } else { 1 };
    }
    text
}

/// Those of `values` that a statement names: a service refuses a value without a place.
pub fn used(sql: &str, values: &[(String, String)]) -> Vec<(String, String)> {
    let names = names(sql);
    values.iter().filter(|(name, _)| names.iter().any(|used| used.eq_ignore_ascii_case(name))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_parameter_is_one() {
        assert_eq!(names("select :a, b::int, ':c', \":d\" from t -- :e\n where x > :a and y = :f_1"), ["a", "f_1"]);
        assert!(names("select 'open").is_empty());
    }

    #[test]
    fn values_stand_in_the_text_that_is_only_read() {
        let values = [("a".to_owned(), "it's".to_owned()), ("n".to_owned(), "7".to_owned())];
        let sql = "select 'it''s :a', \"x\", b::int -- :a\nfrom t where x = :A and y > :n and z = :other";
        assert_eq!(inlined(sql, &values), sql.replace("= :A", "= 'it''s'").replace(":n", "7"));
    }

    #[test]
    fn a_statement_gets_the_values_that_it_names() {
        let values = [("age".to_owned(), "40".to_owned()), ("job".to_owned(), "admin.".to_owned())];
        assert_eq!(used("select 1 where :AGE > 1", &values), [("age".to_owned(), "40".to_owned())]);
    }
}
