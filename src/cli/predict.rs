//! `shiftdeck predict`: answers of the deployed model, with the actual answer where it is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::{ColumnKind, FeatureSchema, Row};
use crate::ops::Context;
use crate::ops::predict::{self, DeployedModel, Prediction, Sample};

/// Rows sent to the endpoint and shown at a time.
const CHUNK: usize = 5000;

/// Ask the deployed model
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("rows").required(true).args(["sample", "row", "file"])))]
pub struct Predict {
    /// So many customers that training has not seen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub sample: Option<u32>,
    /// One customer, {"age": 41, "job": "admin.", …}
    #[arg(long, value_name = "JSON")]
    pub row: Option<String>,
    /// Customers in a CSV with a header line; a column `y` is the actual answer
    #[arg(long, value_name = "CSV")]
    pub file: Option<PathBuf>,
    /// Which customers --sample draws; the same for the same seed
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "sample")]
    pub seed: u64,
    /// One JSON object a row
    #[arg(long)]
    pub json: bool,
}

/// Asks and shows the answers.
///
/// # Errors
/// When nothing is deployed, or a row is not what the model expects.
pub async fn run(arguments: &Predict, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    // What can be read without the account is read first.
    let given = Given::read(arguments.sample, arguments.row.as_deref(), arguments.file.as_deref())?;
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let model = predict::deployed(&context).await?;
    let samples = match given {
        Given::Sample(count) => predict::samples(&context, &model, count as usize, arguments.seed).await?,
        Given::Row(row) => recognised(&context, &model, vec![row]).await?,
        Given::File { name, text } => {
            let rows = read_csv(&text, &name, &model.schema)?;
            recognised(&context, &model, rows).await?
        }
    };
    let mut tally = Tally::default();
    let mut lines = vec![];
    for chunk in samples.chunks(CHUNK) {
        let rows: Vec<Row> = chunk.iter().map(|sample| sample.row.clone()).collect();
        let answers = predict::predict(&context, &model, &rows).await?;
        for (sample, answer) in chunk.iter().zip(&answers) {
            tally.count(sample, answer);
            if arguments.json {
                output.json(&json!({
                    "score": answer.score,
                    "decision": answer.decision,
                    "actual": sample.actual,
                    "seen": sample.seen,
                    "row": sample.row,
                }))?;
            } else {
                lines.push(cells(sample, answer));
            }
        }
    }
    if !arguments.json {
        let version = model.version.map(|version| format!(", version {version}")).unwrap_or_default();
        output
            .line(&format!("{}{version}: a score of {} or more is a {}", model.endpoint, model.threshold, model.schema.target.positive))?;
        output.line("")?;
        columns(&lines).iter().try_for_each(|line| output.line(line))?;
        if tally.known > 1 {
            output.line("")?;
            output.line(&format!("{} of {} decisions are right", tally.right, tally.known))?;
        }
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// How many decisions could be compared, and were right.
#[derive(Default)]
struct Tally {
    known: usize,
    right: usize,
}

impl Tally {
    fn count(&mut self, sample: &Sample, answer: &Prediction) {
        if let Some(actual) = &sample.actual {
            self.known += 1;
            self.right += usize::from(*actual == answer.decision);
        }
    }
}

fn cells(sample: &Sample, answer: &Prediction) -> Vec<String> {
    let actual = match &sample.actual {
        Some(actual) if *actual == answer.decision => format!("actually {actual} ✔"),
        Some(actual) => format!("actually {actual} ✖"),
        None => "not known".to_owned(),
    };
    let seen = match sample.seen {
        Some(true) => "seen in training",
        Some(false) => "not seen in training",
        None => "not in the data",
    };
    let value = |name: &str| match sample.row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let customer = ["age", "job", "marital", "education", "month", "poutcome"].map(value);
    let customer = customer.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(", ");
    vec![format!("{:.3}", answer.score), answer.decision.clone(), actual, seen.to_owned(), customer]
}

/// What the person gave.
pub(super) enum Given {
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
    pub(super) fn read(sample: Option<u32>, row: Option<&str>, file: Option<&Path>) -> Result<Self, Failure> {
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
            return Err(bad(format!("`{name}` is neither a number nor a text")));
        }
        row.insert(normalise(&name), value);
    }
    Ok(row)
}

/// Looks the rows up in the data; a target that a row carries is its actual answer where the data have none.
async fn recognised(context: &Context, model: &DeployedModel, mut rows: Vec<Row>) -> Result<Vec<Sample>, Failure> {
    let target = &model.schema.target.name;
    let given: Vec<Option<String>> = rows
        .iter_mut()
        .map(|row| match row.shift_remove(target) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        })
        .collect();
    let mut samples = predict::recognise(context, model, rows).await?;
    for (sample, given) in samples.iter_mut().zip(given) {
        sample.actual = sample.actual.take().or(given);
    }
    Ok(samples)
}

/// Reads rows of a CSV; numbers where the model's columns are numbers.
pub(super) fn read_csv(text: &str, name: &str, schema: &FeatureSchema) -> Result<Vec<Row>, Failure> {
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
                    _ => return Err(bad(line, format!(", column {}: `{name}` is `{cell}`, which is not a number", at + 1))),
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
        assert_eq!(read_row("[1]").unwrap_err().code(), 2);
        assert_eq!(read_row("{\"age\": [1]}").unwrap_err().code(), 2);
    }
}
