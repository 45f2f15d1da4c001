//! Values as they are written in a layer, and the check of one against its setting.

use std::fmt;

use toml::de::DeValue;

use super::schema::{Key, Kind};

/// A value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A list of texts.
    List(Vec<String>),
}

impl fmt::Display for Value {
    /// As TOML writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match self {
            Value::Text(text) => toml::Value::from(text.as_str()),
            Value::Integer(number) => toml::Value::from(*number),
            Value::Number(number) => toml::Value::from(*number),
            Value::Boolean(truth) => toml::Value::from(*truth),
            Value::List(texts) => toml::Value::from(texts.clone()),
        };
        write!(f, "{value}")
    }
}

impl Value {
    /// The value in JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Text(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Number(number) => (*number).into(),
            Value::Boolean(truth) => (*truth).into(),
            Value::List(texts) => texts.clone().into(),
        }
    }
}

/// Reads a value of a TOML file for `key`.
///
/// # Errors
/// A sentence that says what is there and what is expected.
pub fn from_toml(key: &Key, value: &DeValue<'_>) -> Result<Value, String> {
    let wrong_type = || Err(format!("`{}` is {}; {} is expected", key.name, type_in_words(value), key.kind.expected()));
    let read = match (key.kind, value) {
        (Kind::Choice(_) | Kind::Text(_), DeValue::String(text)) => Value::Text(text.to_string()),
        (Kind::Integer(..), DeValue::Integer(number)) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => return wrong_type(),
        },
        (Kind::Number { .. }, DeValue::Integer(number)) => match i64::from_str_radix(number.as_str(), number.radix()) {
            // Whole numbers beyond 2^53 are outside of every range of the schema, so that nothing is lost that matters.
            Ok(number) => Value::Number(number as f64),
            Err(_) => return wrong_type(),
        },
        (Kind::Number { .. }, DeValue::Float(number)) => match number.as_str().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => return wrong_type(),
        },
        (Kind::Boolean, DeValue::Boolean(truth)) => Value::Boolean(*truth),
        (Kind::List(_), DeValue::Array(items)) => {
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                match item.get_ref() {
                    DeValue::String(text) => texts.push(text.to_string()),
                    other => return Err(format!("`{}` holds {}; {} is expected", key.name, type_in_words(other), key.kind.expected())),
                }
            }
            Value::List(texts)
        }
        _ => return wrong_type(),
    };
    check(key, read)
}

/// Reads a value of a variable or a flag for `key`: the bare text, a list with commas between its texts.
///
/// # Errors
/// A sentence that says what is there and what is expected.
pub fn from_text(key: &Key, text: &str) -> Result<Value, String> {
    let wrong = || format!("`{}` is `{text}`; {} is expected", key.name, key.kind.expected());
    let read = match key.kind {
        Kind::Choice(_) | Kind::Text(_) => Value::Text(text.to_owned()),
        Kind::Integer(..) => Value::Integer(text.trim().replace('_', "").parse().map_err(|_| wrong())?),
        Kind::Number { .. } => Value::Number(text.trim().parse().map_err(|_| wrong())?),
        Kind::Boolean => Value::Boolean(text.trim().parse().map_err(|_| wrong())?),
        Kind::List(_) => {
            let inside = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
            let texts = inside.split(',').map(|item| item.trim().trim_matches('"').to_owned());
            Value::List(texts.filter(|item| !item.is_empty()).collect())
        }
    };
    check(key, read)
}

/// Checks a value of the right type against what the setting allows.
fn check(key: &Key, value: Value) -> Result<Value, String> {
    let allowed = match (&key.kind, &value) {
        (Kind::Choice(choices), Value::Text(text)) => choices.contains(&text.as_str()),
        (Kind::Integer(min, max), Value::Integer(number)) => (min..=max).contains(&number),
        (Kind::Number { min, max, min_allowed, max_allowed }, Value::Number(number)) => {
            let above = number > min || (*min_allowed && number == min);
            let below = number < max || (*max_allowed && number == max);
            above && below
        }
        (Kind::Text(rule), Value::Text(text)) => rule.allows(text),
        (Kind::List(rule), Value::List(texts)) => texts.iter().all(|text| rule.allows(text)),
        (Kind::Boolean, Value::Boolean(_)) => true,
        _ => false,
    };
    if allowed {
        return Ok(value);
    }
    let nearest = match (&key.kind, &value) {
        (Kind::Choice(choices), Value::Text(text)) => choices
            .iter()
            .map(|choice| (strsim::jaro_winkler(choice, text), choice))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.8)
            .map(|(_, choice)| format!("; did you mean `{choice}`?"))
            .unwrap_or_default(),
        _ => String::new(),
    };
    Err(format!("`{}` is {value}; {} is expected{nearest}", key.name, key.kind.expected()))
}

/// What a TOML value is, in words.
pub fn type_in_words(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the whole number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(truth) => format!("the truth value {truth}"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::schema::find;
    use super::*;

    fn read(name: &str, text: &str) -> Result<Value, String> {
        from_text(find(name).unwrap(), text)
    }

    #[test]
    fn values_are_read_by_the_type_of_their_setting() {
        assert_eq!(read("mlops.num_round", "1_000"), Ok(Value::Integer(1000)));
        assert_eq!(read("mlops.eta", "1"), Ok(Value::Number(1.0)));
        assert_eq!(read("screen.mouse", "false"), Ok(Value::Boolean(false)));
        assert_eq!(read("warehouse.subnet_ids", "subnet-0a1b2c3d, subnet-0a1b2c3e").unwrap().to_json().as_array().unwrap().len(), 2);
        assert_eq!(read("warehouse.subnet_ids", "[]"), Ok(Value::List(vec![])));
        assert_eq!(read("names.table", ""), Ok(Value::Text(String::new())));
    }

    #[test]
    fn impossible_values_say_what_is_expected() {
        assert_eq!(
            read("mlops.objective", "binary:logstic").unwrap_err(),
            "`mlops.objective` is \"binary:logstic\"; one of `binary:logistic`, `reg:squarederror` is expected; did you mean `binary:logistic`?"
        );
        assert_eq!(read("mlops.threshold", "1").unwrap_err(), "`mlops.threshold` is 1.0; a number above 0 and below 1 is expected");
        assert_eq!(read("mlops.num_round", "0").unwrap_err(), "`mlops.num_round` is 0; a whole number from 1 to 10000 is expected");
        assert_eq!(read("mlops.num_round", "ten").unwrap_err(), "`mlops.num_round` is `ten`; a whole number from 1 to 10000 is expected");
        assert!(read("mlops.eta", "NaN").is_err());
        assert!(read("warehouse.subnet_ids", "subnet-1;drop").is_err());
    }
}
