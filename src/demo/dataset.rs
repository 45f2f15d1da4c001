//! The Bank Marketing data set: its columns, and the reading of a CSV that has them into one canonical form.
//!
//! Moro, Cortez and Rita (2014), "A Data-Driven Approach to Predict the Success of Bank Telemarketing", Decision Support Systems 62.
//! Files of it are in circulation with commas and semicolons, with and without quotes, with dots and underscores in the names.
//! [`prepare`] accepts all of them and refuses a bad one before anything is created, naming line and column.

use std::fmt;

use sha2::{Digest, Sha256};

use super::csv_reader::{Field, Separator, SyntaxError, SyntaxProblem, lines, split};

/// Decimals of the economic columns, and of [`DecimalSum`].
pub const SCALE: u32 = 3;

/// The longest text that a column of type `text` holds on Redshift, in bytes.
const MAX_TEXT: usize = 256;

/// Name of the target column.
pub const TARGET: &str = "y";
/// The value of the target that counts as 1.
pub const POSITIVE: &str = "yes";
/// The value of the target that counts as 0.
pub const NEGATIVE: &str = "no";

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A whole number of 32 bits.
    Integer,
    /// `decimal(precision, 3)`.
    Decimal {
        /// All digits, decimals included.
        precision: u32,
    },
    /// Text.
    Text,
}

impl ColumnType {
    /// The type in SQL, the same for Redshift and for Athena's DDL but for the text (`varchar` there, `string` in Hive).
    pub fn sql(self) -> String {
        match self {
            ColumnType::Integer => "int".to_owned(),
            ColumnType::Decimal { precision } => format!("decimal({precision},{SCALE})"),
            ColumnType::Text => "varchar".to_owned(),
        }
    }
}

/// A column of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataColumn {
    /// Name in the warehouse and the lake: no dots, and `defaulted` because `default` is a reserved word.
    pub name: &'static str,
    /// Name in the published file.
    pub published: &'static str,
    /// Type.
    pub kind: ColumnType,
}

const fn text(name: &'static str) -> DataColumn {
    DataColumn { name, published: name, kind: ColumnType::Text }
}
const fn integer(name: &'static str) -> DataColumn {
    DataColumn { name, published: name, kind: ColumnType::Integer }
}
const fn economic(name: &'static str, published: &'static str, precision: u32) -> DataColumn {
    DataColumn { name, published, kind: ColumnType::Decimal { precision } }
}

/// The columns in table order; the target is the last.
pub const COLUMNS: [DataColumn; 21] = [
    integer("age"),
    text("job"),
    text("marital"),
    text("education"),
    DataColumn { name: "defaulted", published: "default", kind: ColumnType::Text },
    text("housing"),
    text("loan"),
    text("contact"),
    text("month"),
    text("day_of_week"),
    integer("duration"),
    integer("campaign"),
    integer("pdays"),
    integer("previous"),
    text("poutcome"),
    economic("emp_var_rate", "emp.var.rate", 6),
    economic("cons_price_idx", "cons.price.idx", 6),
    economic("cons_conf_idx", "cons.conf.idx", 6),
    economic("euribor3m", "euribor3m", 6),
    // Reaches 5228.1: one digit more than the others.
    economic("nr_employed", "nr.employed", 7),
    text(TARGET),
];

/// Names of the five economic columns, in table order.
pub const ECONOMIC: [&str; 5] = ["emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"];

/// The exact sum of a decimal column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalSum {
    /// Column.
    pub column: &'static str,
    /// The sum in thousandths.
    pub thousandths: i128,
}

impl fmt::Display for DecimalSum {
    /// As SQL prints the sum of a `decimal(_, 3)`: always three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.thousandths < 0 { "-" } else { "" };
        let magnitude = self.thousandths.unsigned_abs();
        write!(f, "{sign}{}.{:03}", magnitude / 1000, magnitude % 1000)
    }
}

/// A file that has been read, checked and rewritten canonically.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedCsv {
    /// Header and rows: names as in [`COLUMNS`] and in that order, commas, no quotes, LF.
    pub bytes: Vec<u8>,
    /// Rows, header not counted.
    pub rows: u64,
    /// SHA-256 of `bytes`, hex. The same data give the same digest however the file was written.
    pub sha256: String,
    /// Exact sums of the economic columns, in the order of [`ECONOMIC`].
    pub sums: [DecimalSum; 5],
    /// Rows whose target is `yes`.
    pub yes: u64,
    /// Rows whose target is `no`.
    pub no: u64,
}

/// Why a file is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The file as the caller calls it.
    pub name: String,
    /// Line, counted from 1; `None` when the file as a whole is meant.
    pub line: Option<u64>,
    /// Column (which field of the line), counted from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub problem: DataProblem,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataProblem {
    /// Nothing in it.
    #[error("the file is empty; a header line with the 21 columns of the data set is expected")]
    Empty,
    /// No row.
    #[error("there is a header line and no row below it")]
    HeaderOnly,
    /// Compressed, or in another encoding.
    #[error("this is {0}, not plain text in UTF-8")]
    NotText(&'static str),
    /// A byte that is not UTF-8.
    #[error("the byte 0x{0:02x} is not UTF-8")]
    NotUtf8(u8),
    /// No separator in the header.
    #[error("the header line `{0}` has neither commas nor semicolons")]
    NoSeparator(String),
    /// Columns that are not there, by their published names.
    #[error("{} missing: {}", if .0.len() == 1 { "a column is" } else { "columns are" }, quoted(.0))]
    MissingColumns(Vec<String>),
    /// A column that the data set does not have.
    #[error("`{given}` is not a column of the data set{}", .nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    ExtraColumn {
        /// As the header has it.
        given: String,
        /// The published name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// A column that is there twice.
    #[error("the column `{0}` is there twice")]
    DuplicateColumn(String),
    /// Not as many fields as columns.
    #[error("{found} fields where the header has {expected} columns")]
    FieldCount {
        /// Columns of the header.
        expected: usize,
        /// Fields of the line.
        found: usize,
    },
    /// A quote that is not closed.
    #[error("a quote is opened and not closed on this line")]
    OpenQuote,
    /// A quote inside a value.
    #[error("a quote stands inside a value")]
    StrayQuote,
    /// A cell without content.
    #[error("`{column}` is empty; the data set writes `unknown` for what is not known")]
    EmptyCell {
        /// Column.
        column: &'static str,
    },
    /// A whole number was expected.
    #[error("`{column}` is `{given}`, which is not a whole number")]
    NotInteger {
        /// Column.
        column: &'static str,
        /// The cell, shortened.
        given: String,
    },
    /// A decimal number was expected.
    #[error("`{column}` is `{given}`, which is not a number")]
    NotDecimal {
        /// Column.
        column: &'static str,
        /// The cell, shortened.
        given: String,
    },
    /// A number that the column's type cannot hold.
    #[error("`{column}` is `{given}`, which does not fit {kind}")]
    OutOfRange {
        /// Column.
        column: &'static str,
        /// The cell, shortened.
        given: String,
        /// The type.
        kind: String,
    },
    /// The target is neither yes nor no.
    #[error("the target `{TARGET}` is `{given}`; it has to be `{POSITIVE}` or `{NEGATIVE}`")]
    UnknownTarget {
        /// The cell, shortened.
        given: String,
    },
    /// A text that cannot be kept in an unquoted CSV or in the column.
    #[error("`{column}` is `{given}`, which {reason}")]
    BadText {
        /// Column.
        column: &'static str,
        /// The cell, shortened.
        given: String,
        /// Why not.
        reason: &'static str,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for DataError {}

impl DataError {
    /// What to do about it, a sentence.
    pub fn fix(&self) -> String {
        match &self.problem {
            DataProblem::Empty | DataProblem::HeaderOnly => {
                "Give a CSV with rows, or `--set data.source=sample` for the generated data.".to_owned()
            }
            DataProblem::NotText(_) => "Unpack or convert the file to a plain CSV in UTF-8.".to_owned(),
            DataProblem::NotUtf8(_) => "Save the file as UTF-8.".to_owned(),
            DataProblem::NoSeparator(_)
            | DataProblem::MissingColumns(_)
            | DataProblem::ExtraColumn { .. }
            | DataProblem::DuplicateColumn(_) => {
                format!("The columns are, in any order: {}.", COLUMNS.map(|column| column.published).join(", "))
            }
            _ => "Correct that line and run again; nothing was created.".to_owned(),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A column's name as the warehouse has it: dots become underscores, `default` becomes `defaulted`, case and spaces do not count.
pub fn normalise(name: &str) -> String {
    let name = name.trim().to_lowercase().replace('.', "_");
    if name == "default" { "defaulted".to_owned() } else { name }
}

/// Reads a CSV with the columns of the data set, checks every cell, and writes it canonically. `name` is what errors call the file.
///
/// # Errors
/// The first thing that is wrong, with its line and column.
pub fn prepare(bytes: &[u8], name: &str) -> Result<PreparedCsv, DataError> {
    let fail = |line: Option<u64>, column: Option<usize>, problem| DataError { name: name.to_owned(), line, column, problem };
    let text = decode(bytes).map_err(|(line, column, problem)| fail(line, column, problem))?;
    let mut lines = lines(text);
    let Some((header_line, header)) = lines.next() else {
        return Err(fail(None, None, DataProblem::Empty));
    };
    let separator =
        Separator::of_header(header).ok_or_else(|| fail(Some(header_line), Some(1), DataProblem::NoSeparator(shortened(header))))?;
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(COLUMNS.len());
    split(header, separator, &mut fields).map_err(|error| fail(Some(header_line), Some(error.column), syntax(error)))?;
    let order = column_order(&fields).map_err(|(column, problem)| fail(Some(header_line), column, problem))?;

    let mut writer = Writer::new(text.len());
    for (number, line) in lines {
        split(line, separator, &mut fields).map_err(|error| fail(Some(number), Some(error.column), syntax(error)))?;
        if fields.len() != COLUMNS.len() {
            let column = fields.len().min(COLUMNS.len()) + usize::from(fields.len() > COLUMNS.len());
            let problem = DataProblem::FieldCount { expected: COLUMNS.len(), found: fields.len() };
            return Err(fail(Some(number), Some(column), problem));
        }
        for (column, position) in COLUMNS.iter().zip(order) {
            writer.cell(column, fields[position]).map_err(|problem| fail(Some(number), Some(position + 1), problem))?;
        }
        writer.end_of_row();
    }
    if writer.rows == 0 {
        return Err(fail(Some(header_line), None, DataProblem::HeaderOnly));
    }
    Ok(writer.finish())
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

/// For each of [`COLUMNS`], which field of a line it is.
fn column_order(header: &[Field<'_>]) -> Result<[usize; COLUMNS.len()], (Option<usize>, DataProblem)> {
    let mut order = [usize::MAX; COLUMNS.len()];
    for (position, given) in header.iter().enumerate() {
        let name = normalise(given);
        let Some(index) = COLUMNS.iter().position(|column| column.name == name) else {
            let nearest = COLUMNS
                .iter()
                .map(|column| (strsim::damerau_levenshtein(column.name, &name), column.published))
                .min()
                .filter(|(distance, _)| *distance <= 2)
                .map(|(_, published)| published);
            return Err((Some(position + 1), DataProblem::ExtraColumn { given: shortened(given), nearest }));
        };
        if order[index] != usize::MAX {
            return Err((Some(position + 1), DataProblem::DuplicateColumn(shortened(given))));
        }
        order[index] = position;
    }
    let missing: Vec<String> =
        COLUMNS.iter().zip(order).filter(|(_, position)| *position == usize::MAX).map(|(column, _)| column.published.to_owned()).collect();
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
struct Writer {
    bytes: Vec<u8>,
    rows: u64,
    sums: [i128; 5],
    decimals: usize,
    yes: u64,
}

impl Writer {
    fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + 64);
        for (index, column) in COLUMNS.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_slice(column.name.as_bytes());
        }
        bytes.push(b'\n');
        Writer { bytes, rows: 0, sums: [0; 5], decimals: 0, yes: 0 }
    }

    fn cell(&mut self, column: &DataColumn, given: &str) -> Result<(), DataProblem> {
        let name = column.name;
        if given.is_empty() {
            return Err(DataProblem::EmptyCell { column: name });
        }
        match column.kind {
            ColumnType::Integer => {
                let number = parse_decimal(given, 0).ok_or_else(|| DataProblem::NotInteger { column: name, given: shortened(given) })?;
                if i32::try_from(number).is_err() {
                    return Err(DataProblem::OutOfRange { column: name, given: shortened(given), kind: column.kind.sql() });
                }
                self.push_decimal(number, 0);
            }
            ColumnType::Decimal { precision } => {
                let number = parse_decimal(given, SCALE).ok_or_else(|| match given.parse::<f64>() {
                    Ok(value) if value.is_finite() => {
                        DataProblem::OutOfRange { column: name, given: shortened(given), kind: column.kind.sql() }
                    }
                    _ => DataProblem::NotDecimal { column: name, given: shortened(given) },
                })?;
                if number.unsigned_abs() >= 10_u64.pow(precision) {
                    return Err(DataProblem::OutOfRange { column: name, given: shortened(given), kind: column.kind.sql() });
                }
                self.sums[self.decimals] += i128::from(number);
                self.decimals += 1;
                self.push_decimal(number, SCALE);
            }
            ColumnType::Text => {
                if name == TARGET {
                    match given {
                        POSITIVE => self.yes += 1,
                        NEGATIVE => {}
                        _ => return Err(DataProblem::UnknownTarget { given: shortened(given) }),
                    }
                }
                let mut reason = None;
                if given.len() > MAX_TEXT {
                    reason = Some("is longer than 256 bytes");
                }
                for byte in given.bytes() {
                    if byte == b',' {
                        reason = Some("has a comma in it");
                    } else if byte < b' ' || byte == 0x7f {
                        reason = Some("has a control character in it");
                    }
                }
                if let Some(reason) = reason {
                    return Err(DataProblem::BadText { column: name, given: shortened(given), reason });
                }
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
        self.decimals = 0;
    }

    /// Writes a scaled number in its shortest form: `5191000` at scale 3 is `5191`, `-1800` is `-1.8`.
    fn push_decimal(&mut self, number: i64, scale: u32) {
        let mut magnitude = number.unsigned_abs();
        let mut decimals = scale;
        while decimals > 0 && magnitude.is_multiple_of(10) {
            magnitude /= 10;
            decimals -= 1;
        }
        let mut digits = [0_u8; 24];
        let mut at = digits.len();
        let mut written = 0;
        while magnitude > 0 || written <= decimals {
            if written == decimals && decimals > 0 {
                at -= 1;
                digits[at] = b'.';
            }
            at -= 1;
            // A remainder of ten fits a byte.
            digits[at] = b'0' + (magnitude % 10) as u8;
            magnitude /= 10;
            written += 1;
        }
        if number < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        self.bytes.extend_from_slice(&digits[at..]);
    }

    fn finish(self) -> PreparedCsv {
        let digest = Sha256::digest(&self.bytes);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sums = ECONOMIC.map(|column| DecimalSum { column, thousandths: 0 });
        for (sum, thousandths) in sums.iter_mut().zip(self.sums) {
            sum.thousandths = thousandths;
        }
        PreparedCsv { bytes: self.bytes, rows: self.rows, sha256, sums, yes: self.yes, no: self.rows - self.yes }
    }
}

/// Reads `-?digits[.digits]` as a whole number of `10^-scale`; `None` when it is not that, has more decimals, or is too long.
/// Decimals beyond the scale are accepted while they are zero, so that `5191.0` and `1.10000` are read.
fn parse_decimal(given: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = match given.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut number = 0_i64;
    let mut decimals: Option<u32> = None;
    let mut seen = 0;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                let digit = i64::from(byte - b'0');
                match &mut decimals {
                    Some(count) if *count == scale => {
                        if digit != 0 {
                            return None;
                        }
                    }
                    Some(count) => {
                        *count += 1;
                        number = number.checked_mul(10)?.checked_add(digit)?;
                    }
                    None => number = number.checked_mul(10)?.checked_add(digit)?,
                }
            }
            b'.' if decimals.is_none() && scale > 0 && seen > 0 => decimals = Some(0),
            _ => return None,
        }
    }
    if seen == 0 || digits.last() == Some(&b'.') {
        return None;
    }
    for _ in decimals.unwrap_or(0)..scale {
        number = number.checked_mul(10)?;
    }
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const HEADER: &str = "age,job,marital,education,default,housing,loan,contact,month,day_of_week,duration,campaign,pdays,previous,poutcome,emp.var.rate,cons.price.idx,cons.conf.idx,euribor3m,nr.employed,y";
    const ROW: &str = "44,nurse,single,basic.4y,no,yes,no,cellular,may,fri,120,2,999,0,nonexistent,-1.8,93.2,-42,0.634,5008.70,yes";

    fn error(text: &str) -> DataError {
        prepare(text.as_bytes(), "f.csv").unwrap_err()
    }

    #[test]
    fn every_way_of_writing_the_same_rows_gives_the_same_bytes() {
        let plain = prepare(format!("{HEADER}\n{ROW}\n").as_bytes(), "f").unwrap();
        let semicolons = format!("{HEADER}\n{ROW}\n").replace(',', ";").replace('.', "_").replace("basic_4y", "basic.4y");
        // Only the names have underscores; the numbers keep their dots.
        let (header, _) = semicolons.split_once('\n').unwrap();
        let quoted = |line: &str, by: char| line.split(by).map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(";");
        let other = format!("\u{feff}{}\r\n\r\n{}\r\n", quoted(&header.replace("default", "defaulted"), ';'), quoted(ROW, ','));
        assert_eq!(prepare(other.as_bytes(), "f").unwrap(), plain);
        let mut names: Vec<&str> = HEADER.split(',').collect();
        let mut cells: Vec<&str> = ROW.split(',').collect();
        names.reverse();
        cells.reverse();
        let reversed = format!("{}\n{}", names.join(","), cells.join(","));
        assert_eq!(prepare(reversed.as_bytes(), "f").unwrap(), plain);
        let text = String::from_utf8(plain.bytes).unwrap();
        assert!(text.starts_with("age,job,marital,education,defaulted,"), "{text}");
        assert!(text.ends_with(",-1.8,93.2,-42,0.634,5008.7,yes\n"), "{text}");
        assert_eq!((plain.rows, plain.yes, plain.no), (1, 1, 0));
    }

    #[test]
    fn sums_are_exact() {
        let other = ROW.replace("0.634", "4.001").replace(",yes", ",no");
        let prepared = prepare(format!("{HEADER}\n{ROW}\n{other}\n").as_bytes(), "f").unwrap();
        let sums = prepared.sums.map(|sum| sum.to_string());
        assert_eq!(sums, ["-3.600", "186.400", "-84.000", "4.635", "10017.400"]);
        assert_eq!(prepared.sums[4].column, "nr_employed");
    }

    #[test]
    fn a_bad_file_is_refused_with_its_place() {
        let at = |error: &DataError| (error.line, error.column);
        let bad = error("");
        assert_eq!((at(&bad), &bad.problem), ((None, None), &DataProblem::Empty));
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
        assert_eq!((at(&bad), bad.problem), ((Some(2), Some(2)), DataProblem::EmptyCell { column: "job" }));
        let bad = error(&format!("{HEADER}\n{}", ROW.replace("nurse", "\"nurse, head\"")));
        assert_eq!(bad.to_string(), "f.csv, line 2, column 2: `job` is `nurse, head`, which has a comma in it");
        let bad = error("just words\n");
        assert_eq!((at(&bad), bad.problem), ((Some(1), Some(1)), DataProblem::NoSeparator("just words".into())));
    }

    #[test]
    fn bytes_that_are_not_text_are_named() {
        let mut bytes = format!("{HEADER}\n{ROW}\n44,n").into_bytes();
        bytes.extend_from_slice(b"\xffrse");
        let bad = prepare(&bytes, "f.csv").unwrap_err();
        assert_eq!((bad.line, bad.column, bad.problem), (Some(3), Some(2), DataProblem::NotUtf8(0xff)));
        assert_eq!(prepare(b"\x1f\x8b\x08rest", "f").unwrap_err().problem, DataProblem::NotText("a gzip archive"));
    }

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(parse_decimal("-1.8", 3), Some(-1800));
        assert_eq!(parse_decimal("5191", 3), Some(5_191_000));
        assert_eq!(parse_decimal("5191.000000", 3), Some(5_191_000));
        for bad in ["", "-", ".", "1.", ".5", "1e3", "1.2345", "--1", "1-", "99999999999999999999", "NaN", "1,5"] {
            assert_eq!(parse_decimal(bad, 3), None, "{bad}");
        }
        assert_eq!(parse_decimal("1.0", 0), None);
    }

    #[test]
    fn numbers_are_written_short() {
        let written = |number, scale| {
            let mut writer = Writer::new(0);
            writer.bytes.clear();
            writer.push_decimal(number, scale);
            String::from_utf8(writer.bytes).unwrap()
        };
        assert_eq!(written(0, 3), "0");
        assert_eq!(written(-1800, 3), "-1.8");
        assert_eq!(written(34, 3), "0.034");
        assert_eq!(written(5_191_000, 3), "5191");
        assert_eq!(written(-7, 0), "-7");
        assert_eq!(written(100, 0), "100");
    }
}
