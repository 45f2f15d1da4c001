//! The rows of a batch: read from CSV, encoded for the model, written again with their answers.

use serde_json::Value;

use crate::demo::dataset::normalise;
use crate::demo::feature_schema::{FeatureSchema, Row};
use crate::demo::scoring_sql::{DECISION, SCORE};

/// The rows of one file.
#[derive(Debug)]
pub(super) struct Rows {
    /// Cells of the schema's columns in its order, the target after them where the file has it.
    cells: Vec<Vec<String>>,
    /// Whether the file has the target.
    pub with_target: bool,
}

impl Rows {
    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Reads a CSV with a header. Columns may be in any order and between commas or semicolons; those that the schema does not know are
    /// left out, and one that it knows and the file lacks is named.
    pub(super) fn read(content: &[u8], schema: &FeatureSchema) -> Result<Self, String> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let header = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
        let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(content);
        let names: Vec<String> = reader.headers().map_err(|error| error.to_string())?.iter().map(normalise).collect();
        let mut places = places(&names, schema)?;
        let target = names.iter().position(|name| *name == schema.target.name);
        places.extend(target.map(Some));
        let mut cells = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            cells.push(places.iter().map(|at| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned()).collect());
        }
        Ok(Rows { cells, with_target: target.is_some() })
    }

    /// The lines that a transform job reads.
    pub(super) fn encoded(&self, schema: &FeatureSchema) -> Result<Vec<u8>, String> {
        let mut lines = Vec::with_capacity(self.cells.len() * 160);
        for (at, cells) in self.cells.iter().enumerate() {
            let row: Row = schema
                .columns
                .iter()
                .zip(cells)
                .map(|(column, text)| (column.name.clone(), if text.is_empty() { Value::Null } else { Value::from(text.as_str()) }))
                .collect();
            schema.encode_csv_line(&row, &mut lines).map_err(|error| format!("row {}: {error}", at + 1))?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// The rows with their scores and decisions, as CSV with a header.
    pub(super) fn with_scores(
        &self,
        schema: &FeatureSchema,
        scores: &[f64],
        threshold: f64,
        with_target: bool,
    ) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::with_capacity(self.cells.len() * 140));
        let columns = schema.columns.iter().map(|column| column.name.as_str());
        let target = with_target.then_some(schema.target.name.as_str());
        writer.write_record(columns.clone().chain(target).chain([SCORE, DECISION]))?;
        let width = schema.columns.len() + usize::from(with_target);
        for (cells, score) in self.cells.iter().zip(scores) {
            let text = score.to_string();
            let padding = std::iter::repeat_n("", width.saturating_sub(cells.len()));
            let answer = [text.as_str(), schema.decision(*score, threshold)];
            writer.write_record(cells.iter().map(String::as_str).chain(padding).chain(answer))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// Where the columns of the schema are among the names of a header; the error names one that the model needs and that is not there.
pub(super) fn places(names: &[String], schema: &FeatureSchema) -> Result<Vec<Option<usize>>, String> {
    schema
        .columns
        .iter()
        .map(|column| match names.iter().position(|name| *name == column.name) {
            // What the model does not look at need not be there.
            None if !column.dropped => Err(format!("it has no column `{}`; the model needs it", column.name)),
            place => Ok(place),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::feature_schema::{CategoryValue, Column, ColumnKind, Target};

    fn schema() -> FeatureSchema {
        let number = ColumnKind::Number { integer: true, min: 0.0, max: 1.0, mean: 0.5, quantiles: vec![] };
        let values = ["a", "b"].map(|value| CategoryValue { value: value.into(), count: 1 }).to_vec();
        let column = |name: &str, dropped, kind| Column { name: name.into(), dropped, kind };
        let mut schema = FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                column("age", false, number.clone()),
                column("job", false, ColumnKind::Category { values }),
                column("duration", true, number),
            ],
            derived: vec![],
            features: vec![],
        };
        schema.features = schema.feature_names();
        schema
    }

    #[test]
    fn rows_are_read_encoded_and_written_with_their_answers() {
        let schema = schema();
        let rows = Rows::read(b"\xef\xbb\xbfjob;y;age;other\nb;no;41;x\n;yes;;z\n", &schema).unwrap();
        assert_eq!((rows.len(), rows.with_target), (2, true));
        assert_eq!(String::from_utf8(rows.encoded(&schema).unwrap()).unwrap(), "41,0,1\n,0,0\n");
        let written = rows.with_scores(&schema, &[0.25, 0.75], 0.5, true).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "age,job,duration,y,score,decision\n41,b,,no,0.25,no\n,,,yes,0.75,yes\n");
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let schema = schema();
        assert!(Rows::read(b"age,y\n1,no\n", &schema).unwrap_err().contains("no column `job`"));
        let rows = Rows::read(b"age,job\n1,a\n2,c\n", &schema).unwrap();
        assert!(!rows.with_target);
        let error = rows.encoded(&schema).unwrap_err();
        assert!(error.contains("row 2") && error.contains("`job` is `c`"), "{error}");
    }

    /// Whatever stands in a column, either the row is encoded or a short harmless sentence names row and column.
    #[test]
    fn bad_input_in_any_column_is_named() {
        let schema = schema();
        let (huge, long) = ("9".repeat(10 << 20), "x".repeat(10 << 20));
        let given = ["", "NaN", "inf", "1e999", "old", "a b", "\u{0}", "\u{1b}[2J", "\u{7}", "'", "=1+1", &huge, &long];
        for at in 0..3 {
            for text in given {
                let mut cells = ["41", "a", "95"];
                cells[at] = text;
                let file = format!("age,job,duration\n1,b,2\n{}\n", cells.join(","));
                let rows = Rows::read(file.as_bytes(), &schema).unwrap();
                match rows.encoded(&schema) {
                    Ok(lines) => assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2),
                    Err(why) => {
                        let column = schema.columns[at].name.as_str();
                        assert!(
                            why.len() < 250 && why.contains("row 2") && why.contains(column) && !why.contains(['\u{0}', '\u{1b}', '\u{7}'])
                        );
                    }
                }
            }
        }
        for file in [&b""[..], b"\n", b"\xff\xfe", b"age,job\n1\n", b"age,job\n\"1,b\n", b"age;job\n\xff;b\n"] {
            if let Err(why) = Rows::read(file, &schema) {
                assert!(!why.is_empty() && why.len() < 250, "{why}");
            }
        }
    }
}
