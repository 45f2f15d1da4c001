//! The named parameters of a statement: `:name`.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

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
    fn a_statement_gets_the_values_that_it_names() {
        let values = [("age".to_owned(), "40".to_owned()), ("job".to_owned(), "admin.".to_owned())];
        assert_eq!(used("select 1 where :AGE > 1", &values), [("age".to_owned(), "40".to_owned())]);
    }
}
