//! The reading of a CSV that has the columns of a data set into one canonical form.
//!
//! Files are in circulation with commas and semicolons, with and without quotes, with dots and underscores in the names. [`prepare`]
//! accepts all of them and refuses a bad one before anything is created, naming line and column.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::problem::{DataError, DataProblem, RefusedFile};
use super::{ColumnType, DataColumn, DataSet, DecimalSum, decimal};
use crate::demo::csv_reader::{Field, Separator, SyntaxError, SyntaxProblem, lines, split};

/// The longest text that a column of type `text` holds on Redshift, in bytes.
const MAX_TEXT: usize = 256;

/// A file that has been read, checked and rewritten canonically.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedCsv {
    /// Header and rows: the names of the table in its order, commas, no quotes, LF.
    pub bytes: Vec<u8>,
    /// Rows, header not counted.
    pub rows: u64,
    /// SHA-256 of `bytes`, hex. The same data give the same digest however the file was written.
    pub sha256: String,
    /// Exact sums of the columns that are [`summed`](DataSet::summed), in table order.
    pub sums: Vec<DecimalSum>,
    /// Rows of the positive class.
    pub yes: u64,
    /// Rows of the negative class.
    pub no: u64,
}

/// A column's name as the warehouse has it: small letters, an underscore for whatever is neither letter nor digit (one for several, none
/// at the ends), and `defaulted` for the reserved word `default`.
pub fn normalise(name: &str) -> String {
    let mut made = String::with_capacity(name.len());
    for character in name.trim().chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() || character == '_' {
            made.push(character);
        } else if !made.ends_with('_') {
            made.push('_');
        }
    }
    if !name.trim().ends_with('_') && made.ends_with('_') {
        made.pop();
    }
    if made == "default" { "defaulted".to_owned() } else { made }
}

/// Reads a CSV with the columns of a data set, checks every cell, and writes it canonically. `name` is what errors call the file.
///
/// # Errors
/// The first thing that is wrong, with its line and column.
pub fn prepare(bytes: &[u8], name: &str, data: &DataSet) -> Result<PreparedCsv, DataError> {
    let fail = |line: Option<u64>, column: Option<usize>, problem| DataError {
        file: Box::new(RefusedFile {
            name: name.to_owned(),
            columns: data.columns.iter().map(|column| column.header.clone()).collect(),
            has_sample: data.built_in,
        }),
        line,
        column,
        problem,
    };
    let width = data.columns.len();
    let text = decode(bytes).map_err(|(line, column, problem)| fail(line, column, problem))?;
    let mut rest = lines(text);
    let Some((header_line, header)) = rest.next() else {
        return Err(fail(None, None, DataProblem::Empty(width)));
    };
    let separator =
        Separator::of_header(header).ok_or_else(|| fail(Some(header_line), Some(1), DataProblem::NoSeparator(shortened(header))))?;
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(width);
    split(header, separator, &mut fields).map_err(|error| fail(Some(header_line), Some(error.column), syntax(error)))?;
    let order = column_order(data, &fields).map_err(|(column, problem)| fail(Some(header_line), column, problem))?;

    let mut writer = Writer::new(data, text.len());
    for (number, line) in rest {
        split(line, separator, &mut fields).map_err(|error| fail(Some(number), Some(error.column), syntax(error)))?;
        if fields.len() != width {
            let column = fields.len().min(width) + usize::from(fields.len() > width);
            let problem = DataProblem::FieldCount { expected: width, found: fields.len() };
            return Err(fail(Some(number), Some(column), problem));
        }
        for (index, position) in order.iter().enumerate() {
            writer.cell(index, fields[*position]).map_err(|mut problem| {
                if let DataProblem::UnknownTarget { classes: found, .. } = &mut problem {
                    *found = classes(text, separator, *position);
                }
                fail(Some(number), Some(position + 1), problem)
            })?;
        }
        writer.end_of_row();
    }
    if writer.rows == 0 {
        return Err(fail(Some(header_line), None, DataProblem::HeaderOnly));
    }
    if let Some((index, problem)) = writer.refused() {
        return Err(fail(None, order.get(index).map(|position| position + 1), problem));
    }
    Ok(writer.finish())
}

/// The values of a target that has more than two, with their rows, the most frequent first; none of one that has not.
fn classes(text: &str, separator: Separator, position: usize) -> Vec<(String, u64)> {
    /// A target with more values than this is no class at all; as many are counted.
    const MOST: usize = 1000;
    let mut found: HashMap<String, u64> = HashMap::new();
    let mut fields = Vec::new();
    for (_, line) in lines(text).skip(1) {
        if split(line, separator, &mut fields).is_ok()
            && let Some(class) = fields.get(position)
            && (found.len() < MOST || found.contains_key(&shortened(class)))
        {
            *found.entry(shortened(class)).or_default() += 1;
        }
    }
    if found.len() <= 2 {
        return Vec::new();
    }
    let mut found: Vec<(String, u64)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    found
}

type Located = (Option<u64>, Option<usize>, DataProblem);

/// The text without its byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, Located> {
    let not_text = |what| Err((None, None, DataProblem::NotText(what)));
    match bytes {
        [0x1f, 0x8b, ..] => return not_text("a gzip archive"),
        [b'P', b'K', 3, 4, ..] => return not_text("a zip archive"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return not_text("UTF-16"),
        [b'P', b'A', b'R', b'1', ..] => return not_text("a Parquet file"),
        _ => {}
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let before = &bytes[..at];
            let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
            // Which of the two separators the file uses is not known yet: the one that this line has more of.
            let count = |separator: u8| before[start..].iter().filter(|byte| **byte == separator).count();
            let column = count(b',').max(count(b';')) + 1;
            Err((Some(line), Some(column), DataProblem::NotUtf8(bytes[at])))
        }
    }
}

/// For each column of the data set, which field of a line it is.
fn column_order(data: &DataSet, header: &[Field<'_>]) -> Result<Vec<usize>, (Option<usize>, DataProblem)> {
    let mut order = vec![usize::MAX; data.columns.len()];
    for (position, given) in header.iter().enumerate() {
        let name = normalise(given);
        let Some(index) = data.columns.iter().position(|column| column.name == name || normalise(&column.header) == name) else {
            let nearest = data
                .columns
                .iter()
                .map(|column| (strsim::damerau_levenshtein(&column.name, &name), column.header.as_str()))
                .min()
                .filter(|(distance, _)| *distance <= 2)
                .map(|(_, header)| header.to_owned());
            return Err((Some(position + 1), DataProblem::ExtraColumn { given: shortened(given), nearest }));
        };
        if order[index] != usize::MAX {
            return Err((Some(position + 1), DataProblem::DuplicateColumn(shortened(given))));
        }
        order[index] = position;
    }
    let missing: Vec<String> =
        data.columns.iter().zip(&order).filter(|(_, position)| **position == usize::MAX).map(|(column, _)| column.header.clone()).collect();
    if missing.is_empty() { Ok(order) } else { Err((None, DataProblem::MissingColumns(missing))) }
}

fn syntax(error: SyntaxError) -> DataProblem {
    match error.problem {
        SyntaxProblem::OpenQuote => DataProblem::OpenQuote,
        SyntaxProblem::StrayQuote => DataProblem::StrayQuote,
    }
}

/// A cell as a message shows it.
fn shortened(given: &str) -> String {
    let shown: String = given.chars().filter(|character| !character.is_control()).take(40).collect();
    if given.chars().count() > 40 { format!("{shown}…") } else { shown }
}

/// Checks cells in table order and writes them.
struct Writer<'a> {
    data: &'a DataSet,
    bytes: Vec<u8>,
    rows: u64,
    /// One a column, in units of its last decimal.
    sums: Vec<i128>,
    /// Of each column, whether a value was no number.
    words: Vec<bool>,
    yes: u64,
}

impl<'a> Writer<'a> {
    fn new(data: &'a DataSet, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + 64);
        for (index, column) in data.columns.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_slice(column.name.as_bytes());
        }
        bytes.push(b'\n');
        let width = data.columns.len();
        Writer { data, bytes, rows: 0, sums: vec![0; width], words: vec![false; width], yes: 0 }
    }

    fn cell(&mut self, index: usize, given: &str) -> Result<(), DataProblem> {
        let column = &self.data.columns[index];
        if given.is_empty() {
            return Err(DataProblem::EmptyCell { column: column.name.clone(), unknown: self.data.unknown.clone() });
        }
        match column.kind {
            ColumnType::Integer | ColumnType::Decimal { .. } => {
                let number = number(column, given)?;
                self.sums[index] += i128::from(number);
                decimal::push(number, column.kind.scale(), &mut self.bytes);
            }
            ColumnType::Text => {
                let target = &self.data.target;
                if index + 1 == self.data.columns.len() {
                    if given == target.positive {
                        self.yes += 1;
                    } else if given != target.negative {
                        return Err(DataProblem::UnknownTarget {
                            target: Box::new(target.clone()),
                            given: shortened(given),
                            classes: Vec::new(),
                        });
                    }
                }
                if let Some(reason) = unfit(given) {
                    return Err(DataProblem::BadText { column: column.name.clone(), given: shortened(given), reason });
                }
                self.words[index] = self.words[index] || given.parse::<f64>().map_or(true, |number| !number.is_finite());
                self.bytes.extend_from_slice(given.as_bytes());
            }
        }
        self.bytes.push(b',');
        Ok(())
    }

    fn end_of_row(&mut self) {
        // Every cell was followed by a comma; the last of a row becomes the line end.
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
        self.rows += 1;
    }

    /// What is wrong with a column as a whole.
    fn refused(&self) -> Option<(usize, DataProblem)> {
        let target = &self.data.target;
        if self.yes == 0 || self.yes == self.rows {
            let class = if self.yes == 0 { &target.negative } else { &target.positive };
            let problem = DataProblem::OneClass { column: target.name.clone(), class: class.clone() };
            return Some((self.data.inputs().len(), problem));
        }
        let numbers = |(index, column): &(usize, &DataColumn)| !column.kind.is_number() && column.kept_out.is_none() && !self.words[*index];
        let (index, column) = self.data.inputs().iter().enumerate().find(numbers)?;
        Some((index, DataProblem::NumbersAsText { column: column.name.clone() }))
    }

    fn finish(self) -> PreparedCsv {
        let digest = Sha256::digest(&self.bytes);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let summed = self.data.columns.iter().zip(&self.sums).filter(|(column, _)| column.summed);
        let sums = summed.map(|(column, units)| DecimalSum { column: column.name.clone(), units: *units, scale: column.kind.scale() });
        let sums = sums.collect();
        PreparedCsv { bytes: self.bytes, rows: self.rows, sha256, sums, yes: self.yes, no: self.rows - self.yes }
    }
}

/// A cell of a column of numbers, in units of its last decimal.
fn number(column: &DataColumn, given: &str) -> Result<i64, DataProblem> {
    let name = || column.name.clone();
    let out_of_range = || DataProblem::OutOfRange { column: name(), given: shortened(given), kind: column.kind.sql() };
    match column.kind {
        ColumnType::Decimal { precision, scale } => {
            let number = decimal::parse(given, scale).ok_or_else(|| match given.parse::<f64>() {
                Ok(value) if value.is_finite() => out_of_range(),
                _ => DataProblem::NotDecimal { column: name(), given: shortened(given) },
            })?;
            // A precision is at most 18, and 10^18 fits.
            if number.unsigned_abs() >= 10_u64.pow(precision) { Err(out_of_range()) } else { Ok(number) }
        }
        ColumnType::Integer | ColumnType::Text => {
            let number = decimal::parse(given, 0).ok_or_else(|| DataProblem::NotInteger { column: name(), given: shortened(given) })?;
            if i32::try_from(number).is_err() { Err(out_of_range()) } else { Ok(number) }
        }
    }
}

/// Why a text cannot be kept.
fn unfit(given: &str) -> Option<&'static str> {
    let mut reason = (given.len() > MAX_TEXT).then_some("is longer than 256 bytes");
    for byte in given.bytes() {
        if byte == b',' {
            reason = Some("has a comma in it");
        } else if byte < b' ' || byte == 0x7f {
            reason = Some("has a control character in it");
        }
    }
    reason
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const HEADER: &str = "age,job,marital,education,default,housing,loan,contact,month,day_of_week,duration,campaign,pdays,previous,poutcome,emp.var.rate,cons.price.idx,cons.conf.idx,euribor3m,nr.employed,y";
    const ROW: &str = "44,nurse,single,basic.4y,no,yes,no,cellular,may,fri,120,2,999,0,nonexistent,-1.8,93.2,-42,0.634,5008.70,yes";

    fn error(text: &str) -> DataError {
        prepare(text.as_bytes(), "f.csv", &DataSet::bank()).unwrap_err()
    }

    fn read(text: &str) -> PreparedCsv {
        prepare(text.as_bytes(), "f", &DataSet::bank()).unwrap()
    }

    #[test]
    fn every_way_of_writing_the_same_rows_gives_the_same_bytes() {
        let second = ROW.replace(",yes", ",no").replace("no,no,cell", "no,yes,cell");
        let plain = read(&format!("{HEADER}\n{ROW}\n{second}\n"));
        let semicolons = format!("{HEADER}\n{ROW}\n{second}\n").replace(',', ";").replace('.', "_").replace("basic_4y", "basic.4y");
        // Only the names have underscores; the numbers keep their dots.
        let (header, _) = semicolons.split_once('\n').unwrap();
        let quoted = |line: &str, by: char| line.split(by).map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(";");
        let header = quoted(&header.replace("default", "defaulted"), ';');
        let other = format!("\u{feff}{header}\r\n\r\n{}\r\n{}\r\n", quoted(ROW, ','), quoted(&second, ','));
        assert_eq!(read(&other), plain);
        let mut names: Vec<&str> = HEADER.split(',').collect();
        names.reverse();
        let backwards = |row: &str| row.split(',').rev().collect::<Vec<_>>().join(",");
        assert_eq!(read(&format!("{}\n{}\n{}", names.join(","), backwards(ROW), backwards(&second))), plain);
        let text = String::from_utf8(plain.bytes).unwrap();
        assert!(text.starts_with("age,job,marital,education,defaulted,"), "{text}");
        assert!(text.ends_with(",-1.8,93.2,-42,0.634,5008.7,no\n"), "{text}");
        assert_eq!((plain.rows, plain.yes, plain.no), (2, 1, 1));
    }

    #[test]
    fn sums_are_exact() {
        let other = ROW.replace("0.634", "4.001").replace(",yes", ",no");
        let prepared = read(&format!("{HEADER}\n{ROW}\n{other}\n"));
        let sums = prepared.sums.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(sums, ["-3.600", "186.400", "-84.000", "4.635", "10017.400"]);
        assert_eq!(prepared.sums[4].column, "nr_employed");
    }

    #[test]
    fn a_bad_file_is_refused_with_its_place() {
        let at = |error: &DataError| (error.line, error.column);
        let bad = error("");
        assert_eq!((at(&bad), &bad.problem), ((None, None), &DataProblem::Empty(21)));
        let bad = error(&format!("{HEADER}\n"));
        assert_eq!((at(&bad), &bad.problem), ((Some(1), None), &DataProblem::HeaderOnly));
        let bad = error(&format!("{}\n{ROW}", HEADER.replace("campaign,", "")));
        assert_eq!((at(&bad), bad.problem), ((Some(1), None), DataProblem::MissingColumns(vec!["campaign".into()])));
        let bad = error(&format!("{HEADER},Campain\n{ROW},1"));
        assert_eq!(bad.to_string(), "f.csv, line 1, column 22: `Campain` is not a column of the data set; did you mean `campaign`?");
        let bad = error(&format!("{HEADER},age\n{ROW},1"));
        assert_eq!((at(&bad), bad.problem), ((Some(1), Some(22)), DataProblem::DuplicateColumn("age".into())));
        let bad = error(&format!("{HEADER}\n{ROW}\n{}", ROW.replace("120", "two")));
        assert_eq!(bad.to_string(), "f.csv, line 3, column 11: `duration` is `two`, which is not a whole number");
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("93.2", "ninety")));
        assert_eq!(bad.to_string(), "f.csv, line 2, column 17: `cons_price_idx` is `ninety`, which is not a number");
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("93.2", "93.20001")));
        assert_eq!(bad.to_string(), "f.csv, line 2, column 17: `cons_price_idx` is `93.20001`, which does not fit decimal(6,3)");
        let bad = error(&format!("{HEADER}\n{}", ROW.replace(",yes", ",maybe").replace("yes,no,cell", "no,no,cell")));
        assert_eq!(bad.to_string(), "f.csv, line 2, column 21: the target `y` is `maybe`; it has to be `yes` or `no`");
        let bad = error(&format!("{HEADER}\n{ROW},1"));
        assert_eq!((at(&bad), bad.problem), ((Some(2), Some(22)), DataProblem::FieldCount { expected: 21, found: 22 }));
        let bad = error(&format!("{HEADER}\n44,nurse"));
        assert_eq!((at(&bad), bad.problem), ((Some(2), Some(2)), DataProblem::FieldCount { expected: 21, found: 2 }));
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("nurse", "\"nurse")));
        assert_eq!((at(&bad), bad.problem), ((Some(2), Some(2)), DataProblem::OpenQuote));
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("nurse", "")));
        assert_eq!(
            (at(&bad), bad.problem),
            ((Some(2), Some(2)), DataProblem::EmptyCell { column: "job".into(), unknown: Some("unknown".into()) })
        );
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("nurse", "\"nurse, head\"")));
        assert_eq!(bad.to_string(), "f.csv, line 2, column 2: `job` is `nurse, head`, which has a comma in it");
        let bad = error("just words\n");
        assert_eq!((at(&bad), bad.problem), ((Some(1), Some(1)), DataProblem::NoSeparator("just words".into())));
    }

    #[test]
    fn bytes_that_are_not_text_are_named() {
        let mut bytes = format!("{HEADER}\n{ROW}\n44,n").into_bytes();
        bytes.extend_from_slice(b"\xffrse");
        let bad = prepare(&bytes, "f.csv", &DataSet::bank()).unwrap_err();
        assert_eq!((bad.line, bad.column, bad.problem), (Some(3), Some(2), DataProblem::NotUtf8(0xff)));
        assert_eq!(prepare(b"\x1f\x8b\x08rest", "f", &DataSet::bank()).unwrap_err().problem, DataProblem::NotText("a gzip archive"));
    }

    #[test]
    fn a_target_has_two_classes() {
        let no = ROW.replace(",yes", ",no");
        let third = ROW.replace(
            "cellular,may,fri,120,2,999,0,nonexistent,-1.8,93.2,-42,0.634,5008.70,yes",
            "cellular,may,fri,120,2,999,0,nonexistent,-1.8,93.2,-42,0.634,5008.70,later",
        );
        let bad = error(&format!("{HEADER}\n{ROW}\n{no}\n{no}\n{third}"));
        assert_eq!(
            bad.to_string(),
            "f.csv, line 5, column 21: the target `y` is `later`; it has to be `yes` or `no`. The file has 3 classes: `no` in 2 rows, `later` in 1 row, `yes` in 1 row"
        );
        assert!(bad.fix().starts_with("Two classes are predicted"), "{}", bad.fix());
        let bad = error(&format!("{HEADER}\n{no}\n{no}"));
        assert_eq!(bad.to_string(), "f.csv, column 21: the target `y` is `no` in every row, and a model learns only from two classes");
    }

    #[test]
    fn a_category_of_numbers_is_refused() {
        let numbered = |row: &str| row.replace("nurse", "1");
        let bad = error(&format!("{HEADER}\n{}\n{}", numbered(ROW), numbered(&ROW.replace(",yes", ",no"))));
        assert_eq!(bad.to_string(), "f.csv, column 2: `job` is described as text, and each of its values is a number");
    }

    #[test]
    fn names_are_those_of_the_table() {
        let names = ["emp.var.rate", " Default ", "day_of_week", "Air temperature [K]", "_a", "a__b", "nr.employed"];
        let made = ["emp_var_rate", "defaulted", "day_of_week", "air_temperature_k", "_a", "a__b", "nr_employed"];
        assert_eq!(names.map(normalise), made.map(str::to_owned));
    }
}
