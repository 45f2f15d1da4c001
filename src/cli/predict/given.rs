//! The customers that a person gives: a JSON object, or a CSV.

use std::path::Path;

use serde_json::Value;

use crate::cli::failure::{Failure, exit};
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::{ColumnKind, FeatureSchema, Row};
use crate::demo::quoted::quoted;

/// What the person gave.
pub(in crate::cli) enum Given {
    /// So many rows of the test split.
    Sample(u32),
    /// One row.
    Row(Row),
    /// The rows of a CSV.
    File {
        /// What errors call it.
        name: String,
        /// Its text.
        text: String,
    },
}

impl Given {
    /// Reads what can be read without the account.
    pub(in crate::cli) fn read(sample: Option<u32>, row: Option<&str>, file: Option<&Path>) -> Result<Self, Failure> {
        if let Some(text) = row {
            return read_row(text).map(Given::Row);
        }
        if let Some(path) = file {
            let name = path.display().to_string();
            let unreadable = |why: String| Failure::Told {
                code: exit::USAGE,
                what: format!("{name} cannot be read"),
                why: Some(why),
                next: Some("Give a CSV in UTF-8 with a header line.".to_owned()),
            };
            let bytes = if path == Path::new("-") {
                let mut bytes = vec![];
                std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
            } else {
                std::fs::read(path)
            };
            let text = String::from_utf8(bytes.map_err(|error| unreadable(error.to_string()))?)
                .map_err(|error| unreadable(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1)))?;
            return Ok(Given::File { name, text });
        }
        Ok(Given::Sample(sample.unwrap_or(1)))
    }
}

/// Reads `--row`; published names (`emp.var.rate`, `default`) are understood as well.
fn read_row(text: &str) -> Result<Row, Failure> {
    let bad = |why: String| Failure::Told {
        code: exit::USAGE,
        what: "--row is not a customer".to_owned(),
        why: Some(why),
        next: Some(
            "Give a JSON object with a value for each column, as `shiftdeck predict --sample 1 --json` prints it under `row`.".to_owned(),
        ),
    };
    let document: Value = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    let Value::Object(fields) = document else { return Err(bad("it is JSON, but not an object".to_owned())) };
    let mut row = Row::new();
    for (name, value) in fields {
        if value.is_array() || value.is_object() {
            return Err(bad(format!("`{}` is neither a number nor a text", quoted(&name))));
        }
        row.insert(normalise(&name), value);
    }
    Ok(row)
}

/// Reads rows of a CSV; numbers where the model's columns are numbers.
pub(in crate::cli) fn read_csv(text: &str, name: &str, schema: &FeatureSchema) -> Result<Vec<Row>, Failure> {
    let bad = |line: u64, why: String| Failure::Told {
        code: exit::USAGE,
        what: "the customers cannot be used".to_owned(),
        why: Some(format!("{name}, line {line}{why}")),
        next: Some("Correct the file; nothing was sent.".to_owned()),
    };
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|error| bad(1, format!(": {error}")))?.iter().map(normalise).collect();
    let mut rows = vec![];
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    bad(line, format!(": {len} fields where the header has {expected_len} columns"))
                }
                _ => bad(line, format!(": {error}")),
            }
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = Row::new();
        for (at, (name, cell)) in names.iter().zip(record.iter()).enumerate() {
            let is_number = schema.columns.iter().any(|column| column.name == *name && matches!(column.kind, ColumnKind::Number { .. }));
            let value = if cell.is_empty() {
                Value::Null
            } else if is_number {
                let number = cell.parse::<i64>().map(Value::from).or_else(|_| cell.parse::<f64>().map(Value::from));
                match number {
                    Ok(number) if number.is_number() => number,
                    _ => {
                        return Err(bad(
                            line,
                            format!(", column {}: `{}` is `{}`, which is not a number", at + 1, quoted(name), quoted(cell)),
                        ));
                    }
                }
            } else {
                Value::from(cell)
            };
            row.insert(name.clone(), value);
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(bad(1, ": there is no row below the header".to_owned()));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::feature_schema::{Column, Target};

    fn schema() -> FeatureSchema {
        let number = ColumnKind::Number { integer: true, min: 0.0, max: 9.0, mean: 1.0, quantiles: vec![] };
        let column = |name: &str, kind| Column { name: name.into(), dropped: false, kind };
        FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                column("age", number.clone()),
                column("emp_var_rate", number),
                column("job", ColumnKind::Category { values: vec![] }),
            ],
            derived: vec![],
            features: vec![],
        }
    }

    #[test]
    fn customers_are_read_from_json_and_csv_alike() {
        let row = read_row(r#"{"age": 41, "emp.var.rate": -1.8, "job": "admin.", "default": "no"}"#).unwrap();
        assert_eq!(row.keys().collect::<Vec<_>>(), ["age", "emp_var_rate", "job", "defaulted"]);
        let rows = read_csv("\u{feff}age;emp.var.rate;\"job\"\n41;-1.8;\"admin.\"\n;;x\n", "f", &schema()).unwrap();
        assert_eq!(rows[0]["age"], 41);
        assert_eq!(rows[0]["emp_var_rate"], -1.8);
        assert_eq!(rows[0]["job"], "admin.");
        assert_eq!(rows[1]["age"], Value::Null);
    }

    #[test]
    fn what_is_not_a_customer_is_refused_with_its_place() {
        let text = |result: Result<Vec<Row>, Failure>| result.unwrap_err().text(false);
        assert!(text(read_csv("age,job\n41,a\nold,b\n", "f", &schema())).contains("f, line 3, column 1: `age` is `old`"));
        assert!(text(read_csv("age,job\n41\n", "f", &schema())).contains("f, line 2: 1 fields where the header has 2 columns"));
        assert!(text(read_csv("age,job\n", "f", &schema())).contains("no row"));
        // What is repeated is short, and does nothing to the terminal that shows it.
        let odd = format!("age,job\n\u{1b}[2J{},a\n", "9".repeat(10 << 20));
        let told = text(read_csv(&odd, "f", &schema()));
        assert!(told.len() < 400 && !told.contains('\u{1b}') && told.contains("line 2, column 1"), "{told}");
        assert!(text(read_csv("age,job\n1e999,a\n", "f", &schema())).contains("`age` is `1e999`"));
        assert_eq!(read_row("[1]").unwrap_err().code(), 2);
        assert_eq!(read_row("{\"age\": [1]}").unwrap_err().code(), 2);
    }
}
