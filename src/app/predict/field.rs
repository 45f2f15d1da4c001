//! A field of the form: what is written in it, and what is to be said about that.

use serde_json::{Number, Value};

use crate::demo::feature_schema::{Column, ColumnKind};
use crate::demo::figures;

/// A field of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The column.
    pub column: Column,
    /// What is written in it.
    pub text: String,
    /// What the customer has.
    pub original: String,
}

/// What is to be said about the value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Nothing.
    Fine,
    /// It can be asked, but training hardly saw anything like it.
    Unusual(String),
    /// It cannot be asked.
    Wrong(String),
}

impl Field {
    /// A field with a customer's value.
    pub fn new(column: Column, value: &Value) -> Field {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Field { column, original: text.clone(), text }
    }

    /// Whether somebody has changed it.
    pub fn changed(&self) -> bool {
        self.text != self.original
    }

    /// What is to be said about the value.
    pub fn remark(&self) -> Remark {
        let unused = self.column.dropped;
        match &self.column.kind {
            ColumnKind::Number { integer, min, max, .. } => match self.text.trim().parse::<f64>() {
                Ok(number) if number.is_nan() => Remark::Wrong("not a number".into()),
                // The model works with single precision; what does not fit in it is infinite there.
                Ok(number) if (number as f32).is_infinite() => Remark::Wrong("too large a number".into()),
                Ok(number) if *integer && number.fract() != 0.0 => Remark::Unusual("the data have whole numbers only".into()),
                Ok(number) if number < *min || number > *max => {
                    Remark::Unusual(format!("outside of {} to {}: never seen", figures::float(*min), figures::float(*max)))
                }
                Ok(_) => Remark::Fine,
                Err(_) if self.text.trim().is_empty() => empty(unused),
                Err(_) => Remark::Wrong("not a number".into()),
            },
            ColumnKind::Category { values } => {
                if unused || values.iter().any(|value| value.value == self.text) {
                    Remark::Fine
                } else if self.text.is_empty() {
                    empty(unused)
                } else {
                    Remark::Wrong("not one of the values that training saw".into())
                }
            }
        }
    }

    /// The value for the row; an empty field is NULL.
    pub(super) fn value(&self) -> Value {
        match &self.column.kind {
            ColumnKind::Category { values } => {
                if self.text.is_empty() && !values.iter().any(|value| value.value.is_empty()) {
                    Value::Null
                } else {
                    Value::String(self.text.clone())
                }
            }
            ColumnKind::Number { .. } => {
                let text = self.text.trim();
                let number = match text.parse::<i64>() {
                    Ok(whole) => Some(Number::from(whole)),
                    Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
                };
                number.map_or(Value::Null, Value::Number)
            }
        }
    }

    /// A larger or smaller number, or the next or previous value.
    pub fn step(&mut self, delta: i64) {
        match &self.column.kind {
            ColumnKind::Category { values } => {
                if values.is_empty() {
                    return;
                }
                let at = values.iter().position(|value| value.value == self.text).unwrap_or(0) as i64;
                let next = (at + delta).rem_euclid(values.len() as i64);
                self.text.clone_from(&values[next as usize].value);
            }
            ColumnKind::Number { integer, min, max, .. } => {
                let now = self.text.trim().parse::<f64>().ok().filter(|now| !now.is_nan()).unwrap_or(*min);
                let step = if *integer { 1.0 } else { 0.1 };
                let next = (now + step * delta as f64).max(*min).min(*max);
                self.text = figures::rounded(next, if *integer { 0 } else { 3 });
            }
        }
    }
}

/// What is to be said of a field in which nothing stands.
fn empty(unused: bool) -> Remark {
    if unused { Remark::Fine } else { Remark::Unusual("left empty: the model goes without it".into()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::feature_schema::{CategoryValue, FeatureSchema, Target};

    fn number() -> Column {
        let kind = ColumnKind::Number { integer: true, min: 17.0, max: 98.0, mean: 40.0, quantiles: vec![] };
        Column { name: "age".into(), dropped: false, kind }
    }

    fn category() -> Column {
        let values = ["admin.", "student"].map(|value| CategoryValue { value: value.into(), count: 1 }).to_vec();
        Column { name: "job".into(), dropped: false, kind: ColumnKind::Category { values } }
    }

    /// Whatever is written into a field, there is a remark, and what is let through can be encoded.
    #[test]
    fn whatever_is_given_is_either_encoded_or_said_to_be_wrong() {
        let huge = "9".repeat(10 << 20);
        let long = "x".repeat(10 << 20);
        let given = [
            "",
            " ",
            "NaN",
            "inf",
            "-inf",
            "1e308",
            "-1e308",
            "1e999",
            "3.5",
            "0x10",
            "1,000",
            "١٢",
            "\u{0}",
            "\u{1b}[2J",
            "\r\n",
            "null",
            "true",
            "-",
            "+",
            "e",
            ".",
            "--5",
            "5 5",
            "admin.",
            "ADMIN.",
            "admin.\u{0}",
            "99999999999999999999",
            &huge,
            &long,
        ];
        let schema = |column: Column| {
            let mut schema = FeatureSchema {
                version: 1,
                target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
                columns: vec![column],
                derived: vec![],
                features: vec![],
            };
            schema.features = schema.feature_names();
            schema
        };
        for column in [number(), category()] {
            for dropped in [false, true] {
                let column = Column { dropped, ..column.clone() };
                let schema = schema(column.clone());
                for text in given {
                    let mut field = Field::new(column.clone(), &Value::from("17"));
                    field.text = text.to_owned();
                    let row = [(column.name.clone(), field.value())].into_iter().collect();
                    let (mut vector, mut line) = (Vec::new(), Vec::new());
                    let told = text.chars().take(20).collect::<String>();
                    match field.remark() {
                        Remark::Wrong(why) => assert!(!why.is_empty() && why.len() < 60, "{told:?}: {why}"),
                        Remark::Fine | Remark::Unusual(_) => {
                            schema.encode_row(&row, &mut vector).unwrap_or_else(|error| panic!("{told:?}: {error}"));
                            schema.encode_csv_line(&row, &mut line).unwrap();
                            assert!(vector.iter().all(|value| !value.is_infinite()), "{told:?}");
                        }
                    }
                    assert_eq!(field.text, text, "what was given stays");
                    field.step(1);
                    field.step(-1);
                    assert!(!matches!(field.remark(), Remark::Wrong(_)), "{told:?}: a step leads back to what can be asked");
                }
            }
        }
    }

    #[test]
    fn a_refusal_repeats_a_short_harmless_part_of_what_was_given() {
        let column = category();
        let schema = FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![column, number()],
            derived: vec![],
            features: vec![],
        };
        let long = format!("\u{1b}]0;{}", "x".repeat(10 << 20));
        for (name, value) in [("job", Value::from(long.clone())), ("age", Value::from(long))] {
            let mut row: crate::demo::feature_schema::Row =
                [("job".to_owned(), Value::from("student")), ("age".to_owned(), Value::from(40))].into_iter().collect();
            row.insert(name.to_owned(), value);
            let message = schema.encode_row(&row, &mut Vec::new()).unwrap_err().to_string();
            assert!(message.len() < 250 && !message.contains('\u{1b}') && message.contains(name), "{}", message.len());
        }
    }
}
