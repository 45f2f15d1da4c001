//! The feature schema: how one row of the table becomes the vector that the model was trained on.
//!
//! Preprocessing makes it, it travels inside the model artifact, the prediction form is built from it, and one row is encoded by it.

use std::borrow::Cow;
use std::io::Write as _;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::quoted::quoted;

/// A row of the source table by column name. Numbers are JSON numbers, categories are JSON strings, NULL is `null`.
pub type Row = IndexMap<String, Value>;

/// The feature schema of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureSchema {
    /// Version of this format: 1.
    pub version: u32,
    /// The target column.
    pub target: Target,
    /// Every source column but the target, in table order.
    pub columns: Vec<Column>,
    /// Columns made from others, in vector order.
    pub derived: Vec<Derived>,
    /// The features in vector order, target excluded. A category appears once per value, named `column_value`.
    pub features: Vec<String>,
}

/// The target column and its two classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Column name.
    pub name: String,
    /// The value that counts as 1.
    pub positive: String,
    /// The value that counts as 0.
    pub negative: String,
}

/// A source column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Column name in the warehouse.
    pub name: String,
    /// Kept out of the vector (`duration` and the economic columns).
    #[serde(default)]
    pub dropped: bool,
    /// Type and domain.
    #[serde(flatten)]
    pub kind: ColumnKind,
}

/// Type and domain of a source column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ColumnKind {
    /// A number; the figures are those of all rows.
    Number {
        /// Whether only whole numbers occur.
        integer: bool,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Mean.
        mean: f64,
        /// The 0, 1, 5, 10, 25, 50, 75, 90, 95, 99 and 100 % quantiles.
        quantiles: Vec<f64>,
    },
    /// A category.
    Category {
        /// The values in vector order (sorted by bytes), with their row counts.
        values: Vec<CategoryValue>,
    },
}

/// One value of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryValue {
    /// The value.
    pub value: String,
    /// How many rows have it.
    pub count: u64,
}

/// A feature that is 1 when the rule holds, else 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    /// Feature name.
    pub name: String,
    /// The rule.
    #[serde(flatten)]
    pub rule: DerivedRule,
}

/// The rule of a derived feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum DerivedRule {
    /// The number in `column` equals `value`.
    Equals {
        /// Source column.
        column: String,
        /// The number.
        value: f64,
    },
    /// The category in `column` is one of `values`.
    OneOf {
        /// Source column.
        column: String,
        /// The values.
        values: Vec<String>,
    },
}

/// Why a row cannot be encoded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// A column of the vector is absent.
    #[error("the row has no `{column}`; the model needs it")]
    Missing {
        /// The column.
        column: String,
    },
    /// A number was expected.
    #[error("`{column}` is `{given}`, which is not a number")]
    NotANumber {
        /// The column.
        column: String,
        /// What was given.
        given: String,
    },
    /// A number beyond single precision, in which a model keeps its features: there it would be infinite.
    #[error("`{column}` is `{given}`, which is larger than the model can take")]
    TooLarge {
        /// The column.
        column: String,
        /// What was given.
        given: String,
    },
    /// A text was expected.
    #[error("`{column}` is `{given}`, which is not one of its values: {}", .known.join(", "))]
    UnknownCategory {
        /// The column.
        column: String,
        /// What was given.
        given: String,
        /// The values seen in training.
        known: Vec<String>,
    },
}

/// A schema that contradicts itself, or is of another version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the feature schema cannot be used: {0}")]
pub struct SchemaError(String);

impl FeatureSchema {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// Reads a schema from JSON and checks it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SchemaError> {
        let schema: FeatureSchema = serde_json::from_slice(bytes).map_err(|error| SchemaError(error.to_string()))?;
        schema.check()?;
        Ok(schema)
    }

    /// Checks version, features and rules: what passes encodes every complete row to as many values as there are features.
    pub fn check(&self) -> Result<(), SchemaError> {
        if self.version != Self::VERSION {
            return Err(SchemaError(format!("it is of version {}, this program reads version {}", self.version, Self::VERSION)));
        }
        for derived in &self.derived {
            let (column, number) = match &derived.rule {
                DerivedRule::Equals { column, .. } => (column, true),
                DerivedRule::OneOf { column, .. } => (column, false),
            };
            match self.column(column).map(|column| &column.kind) {
                None => return Err(SchemaError(format!("`{}` is derived from `{column}`, which is no column", derived.name))),
                Some(ColumnKind::Number { .. }) if !number => {
                    return Err(SchemaError(format!("`{}` needs a category, and `{column}` is a number", derived.name)));
                }
                Some(ColumnKind::Category { .. }) if number => {
                    return Err(SchemaError(format!("`{}` needs a number, and `{column}` is a category", derived.name)));
                }
                Some(_) => {}
            }
        }
        if self.features != self.feature_names() {
            return Err(SchemaError("its features are not those that its columns make".into()));
        }
        Ok(())
    }

    /// The features that columns and derived rules make, in vector order: numbers in table order, derived features, then every category
    /// in table order with its values in theirs. It is the order of pandas' `get_dummies` on the table with the derived columns added.
    pub fn feature_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.numbers().map(|column| column.name.clone()).collect();
        names.extend(self.derived.iter().map(|derived| derived.name.clone()));
        for (column, values) in self.categories() {
            names.extend(values.iter().map(|value| format!("{}_{}", column.name, value.value)));
        }
        names
    }

    /// Values in a vector.
    pub fn width(&self) -> usize {
        self.features.len()
    }

    /// A source column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What the target's text means: `Some(true)` for the positive value, `Some(false)` for the negative, `None` for anything else.
    pub fn truth(&self, target: &str) -> Option<bool> {
        if target == self.target.positive {
            Some(true)
        } else if target == self.target.negative {
            Some(false)
        } else {
            None
        }
    }

    /// The target value that a score means: positive from `threshold` on.
    pub fn decision(&self, score: f64, threshold: f64) -> &str {
        if score >= threshold { &self.target.positive } else { &self.target.negative }
    }

    /// Appends the vector of a row. A NULL number is NaN, which the trees treat as missing; a NULL category is in none of its columns.
    /// On an error `vector` is as it was.
    pub fn encode_row(&self, row: &Row, vector: &mut Vec<f32>) -> Result<(), EncodeError> {
        let start = vector.len();
        // Text becomes a double and the double a float, here and where the trainer and the endpoint read text: all see the same value.
        let encoded = self.for_each_value(row, &mut |value| vector.push(value.map_or(f32::NAN, |value| value as f32)));
        if encoded.is_err() {
            vector.truncate(start);
        }
        encoded
    }

    /// Appends the vector of a row as the `text/csv` line that preprocessing writes (without target and line end): what an endpoint takes.
    /// On an error `line` is as it was.
    pub fn encode_csv_line(&self, row: &Row, line: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = line.len();
        let mut first = true;
        let encoded = self.for_each_value(row, &mut |value| {
            if !first {
                line.push(b',');
            }
            first = false;
            if let Some(value) = value {
                write_number(value, line);
            }
        });
        if encoded.is_err() {
            line.truncate(start);
        }
        encoded
    }

    /// Identifies a row by its content, target excluded: 16 hex digits of the SHA-256 of every column's canonical text, each followed by
    /// the byte 0x1F. Preprocessing writes it beside the split of every row, so that a row can be recognised later.
    pub fn row_digest(&self, row: &Row) -> Result<String, EncodeError> {
        let mut digest = Sha256::new();
        let mut text = Vec::new();
        for column in &self.columns {
            text.clear();
            let value = row.get(&column.name).ok_or_else(|| EncodeError::Missing { column: column.name.clone() })?;
            match &column.kind {
                ColumnKind::Number { .. } => {
                    if let Some(number) = number(&column.name, value)? {
                        write_number(number, &mut text);
                    }
                }
                ColumnKind::Category { .. } => {
                    if let Some(category) = category(value) {
                        text.extend_from_slice(category.as_bytes());
                    }
                }
            }
            digest.update(&text);
            digest.update([DIGEST_SEPARATOR]);
        }
        Ok(digest_text(&digest.finalize()))
    }

    fn numbers(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.dropped && matches!(column.kind, ColumnKind::Number { .. }))
    }

    fn categories(&self) -> impl Iterator<Item = (&Column, &Vec<CategoryValue>)> {
        self.columns.iter().filter(|column| !column.dropped).filter_map(|column| match &column.kind {
            ColumnKind::Category { values } => Some((column, values)),
            ColumnKind::Number { .. } => None,
        })
    }

    fn for_each_value(&self, row: &Row, push: &mut dyn FnMut(Option<f64>)) -> Result<(), EncodeError> {
        let given = |column: &str| row.get(column).ok_or_else(|| EncodeError::Missing { column: column.to_owned() });
        for column in self.numbers() {
            let given = given(&column.name)?;
            let value = number(&column.name, given)?;
            if value.is_some_and(|value| (value as f32).is_infinite()) {
                return Err(EncodeError::TooLarge { column: column.name.clone(), given: quoted(&text(given)).into_owned() });
            }
            push(value);
        }
        for derived in &self.derived {
            let holds = match &derived.rule {
                DerivedRule::Equals { column, value } => number(column, given(column)?)? == Some(*value),
                DerivedRule::OneOf { column, values } => {
                    category(given(column)?).is_some_and(|given| values.iter().any(|value| *value == given))
                }
            };
            push(Some(f64::from(u8::from(holds))));
        }
        for (column, values) in self.categories() {
            let given = category(given(&column.name)?);
            let mut known = given.is_none();
            for value in values {
                let same = given.as_deref() == Some(value.value.as_str());
                known |= same;
                push(Some(f64::from(u8::from(same))));
            }
            if let (false, Some(given)) = (known, given) {
                return Err(EncodeError::UnknownCategory {
                    column: column.name.clone(),
                    given: quoted(&given).into_owned(),
                    known: values.iter().map(|value| value.value.clone()).collect(),
                });
            }
        }
        Ok(())
    }
}

/// Follows every column's text in the content that [`FeatureSchema::row_digest`] hashes.
pub const DIGEST_SEPARATOR: u8 = 0x1F;

/// The text of a row's digest: the first 8 bytes in hex.
pub fn digest_text(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a number as vectors have it: the shortest decimal text that reads back as the same double, without an exponent, and whole
/// numbers without a point.
pub fn write_number(value: f64, out: &mut Vec<u8>) {
    // Below 2^53 every whole double is exactly that integer. Writing to a Vec cannot fail.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        let _ = write!(out, "{}", value as i64);
    } else {
        let _ = write!(out, "{value}");
    }
}

fn number(column: &str, value: &Value) -> Result<Option<f64>, EncodeError> {
    let refused = || EncodeError::NotANumber { column: column.to_owned(), given: quoted(&text(value)).into_owned() };
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_f64().filter(|number| number.is_finite()).map(Some).ok_or_else(refused),
        // Decimals travel as text through the Data API and CSV files.
        Value::String(given) => given.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(Some).ok_or_else(refused),
        _ => Err(refused()),
    }
}

fn category(value: &Value) -> Option<Cow<'_, str>> {
    if value.is_null() { None } else { Some(text(value)) }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn schema() -> FeatureSchema {
        let number = |name: &str, dropped| Column {
            name: name.into(),
            dropped,
            kind: ColumnKind::Number { integer: true, min: 0.0, max: 999.0, mean: 5.0, quantiles: vec![0.0; 11] },
        };
        let category = |name: &str, values: &[&str]| Column {
            name: name.into(),
            dropped: false,
            kind: ColumnKind::Category { values: values.iter().map(|value| CategoryValue { value: (*value).into(), count: 1 }).collect() },
        };
        let mut schema = FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                number("age", false),
                category("job", &["admin.", "student"]),
                number("duration", true),
                number("pdays", false),
                category("loan", &["no", "yes"]),
            ],
            derived: vec![
                Derived { name: "no_previous_contact".into(), rule: DerivedRule::Equals { column: "pdays".into(), value: 999.0 } },
                Derived {
                    name: "not_working".into(),
                    rule: DerivedRule::OneOf { column: "job".into(), values: vec!["student".into(), "retired".into()] },
                },
            ],
            features: vec![],
        };
        schema.features = schema.feature_names();
        schema
    }

    fn row(value: Value) -> Row {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn features_are_named_and_ordered_as_get_dummies_does() {
        assert_eq!(
            schema().features,
            ["age", "pdays", "no_previous_contact", "not_working", "job_admin.", "job_student", "loan_no", "loan_yes"]
        );
    }

    #[test]
    fn vector_and_line_agree() {
        let schema = schema();
        let row = row(json!({"age": 41.5, "job": "student", "duration": 10, "pdays": "999", "loan": "no"}));
        let (mut vector, mut line) = (vec![], vec![]);
        schema.encode_row(&row, &mut vector).unwrap();
        schema.encode_csv_line(&row, &mut line).unwrap();
        assert_eq!(vector, [41.5, 999.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(String::from_utf8(line).unwrap(), "41.5,999,1,1,0,1,1,0");
    }

    #[test]
    fn null_is_missing_and_absent_is_refused() {
        let schema = schema();
        let mut line = b"before".to_vec();
        schema.encode_csv_line(&row(json!({"age": null, "job": null, "pdays": 3, "loan": "yes"})), &mut line).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), "before,3,0,0,0,0,0,1");
        let mut line = b"before".to_vec();
        let error = schema.encode_csv_line(&row(json!({"age": 1, "job": "admin."})), &mut line).unwrap_err();
        assert_eq!(error, EncodeError::Missing { column: "pdays".into() });
        assert_eq!(line, b"before");
    }

    #[test]
    fn wrong_values_are_named() {
        let schema = schema();
        let complete = json!({"age": 30, "job": "admin.", "pdays": 3, "loan": "yes"});
        let with = |name: &str, value: Value| {
            let mut row = row(complete.clone());
            row.insert(name.into(), value);
            schema.encode_row(&row, &mut vec![]).unwrap_err().to_string()
        };
        assert_eq!(with("age", json!("old")), "`age` is `old`, which is not a number");
        assert_eq!(with("age", json!(true)), "`age` is `true`, which is not a number");
        assert_eq!(with("age", json!("1e300")), "`age` is `1e300`, which is larger than the model can take");
        assert_eq!(with("job", json!("pilot")), "`job` is `pilot`, which is not one of its values: admin., student");
    }

    #[test]
    fn digests_see_content_and_not_its_spelling() {
        let schema = schema();
        let base = json!({"age": 30, "job": "admin.", "duration": 1, "pdays": 3, "loan": "yes"});
        let digest = |name: &str, value: Value| {
            let mut row = row(base.clone());
            row.insert(name.into(), value);
            schema.row_digest(&row).unwrap()
        };
        let same = digest("age", json!(30));
        assert_eq!(same.len(), 16);
        assert_eq!(digest("age", json!("30.000")), same);
        assert_ne!(digest("age", json!(31)), same);
        assert_ne!(digest("duration", json!(2)), same);
        // The target is no part of it.
        assert_eq!(digest("y", json!("yes")), same);
    }

    #[test]
    fn a_schema_survives_json_and_a_broken_one_is_refused() {
        let schema = schema();
        let bytes = serde_json::to_vec(&schema).unwrap();
        assert_eq!(FeatureSchema::from_json(&bytes).unwrap(), schema);
        let refused = |change: &dyn Fn(&mut FeatureSchema)| {
            let mut broken = schema.clone();
            change(&mut broken);
            FeatureSchema::from_json(&serde_json::to_vec(&broken).unwrap()).unwrap_err().to_string()
        };
        assert!(refused(&|schema| schema.version = 2).contains("version 2"));
        assert!(refused(&|schema| schema.features.swap(0, 1)).contains("features"));
        assert!(refused(&|schema| schema.derived[1].rule = DerivedRule::Equals { column: "job".into(), value: 1.0 }).contains("number"));
        assert!(
            refused(&|schema| {
                schema.columns.remove(3);
            })
            .contains("pdays")
        );
    }

    #[test]
    fn numbers_are_written_plainly() {
        let text = |value: f64| {
            let mut out = vec![];
            write_number(value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            [text(5228.1), text(-36.4), text(999.0), text(-0.0), text(1e15), text(0.1 + 0.2)].join(" "),
            "5228.1 -36.4 999 0 1000000000000000 0.30000000000000004"
        );
    }
}
