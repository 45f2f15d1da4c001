//! What `assets/containers/preprocess.py` does: the unload becomes training, validation and test data, and a feature schema.
//!
//! Both read the same arguments and have to give the same rows in the same splits: the shuffle orders row numbers by `SplitMix64` of the
//! seed, which every language can repeat, and numbers are written by one rule ([`write_number`]).

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::table::{Column, columns, read_parts};
use super::train::MlError;
use crate::demo::feature_schema::{
    CategoryValue, Column as SchemaColumn, ColumnKind, DIGEST_SEPARATOR, Derived, DerivedRule, FeatureSchema, Target, digest_text,
    write_number,
};

/// Shares of the distribution that the schema records of every number.
const QUANTILES: [f64; 11] = [0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0];
/// A column with more texts than this is no category: its one-hot columns would only name the rows.
const MAX_CATEGORIES: usize = 1000;
/// Rows that one task writes.
const CHUNK: usize = 4096;

/// The job's arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Target column.
    pub target: String,
    /// The target's positive value.
    pub positive: String,
    /// Columns that stay out of the vector.
    pub dropped: Vec<String>,
    /// Features made from columns.
    pub derived: Vec<Derived>,
    /// Seed of the shuffle.
    pub seed: u64,
    /// Share of the rows that train.
    pub train_share: f64,
    /// Share of the rows that validate; the rest tests.
    pub validation_share: f64,
}

/// What preprocessing writes.
#[derive(Debug)]
pub struct Preprocessed {
    /// `train/train.csv`: target first, no header.
    pub train: Vec<u8>,
    /// `validation/validation.csv`.
    pub validation: Vec<u8>,
    /// `test/test.csv`.
    pub test: Vec<u8>,
    /// `schema/feature_schema.json`.
    pub schema: FeatureSchema,
    /// `rows/test_rows.csv`: the raw rows of the test split with header and target, in test order.
    pub test_rows: Vec<u8>,
    /// `rows/splits.csv`: `row,digest,split,target` of every row of the unload, in its order.
    pub splits: Vec<u8>,
    /// Rows of the train, validation and test split.
    pub rows: [usize; 3],
}

impl Options {
    /// Reads the arguments as the script does.
    pub fn parse(arguments: &[String]) -> Result<Self, MlError> {
        let mut options = Options {
            target: String::new(),
            positive: String::new(),
            dropped: Vec::new(),
            derived: Vec::new(),
            seed: 42,
            train_share: 0.7,
            validation_share: 0.2,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let wrong = |why: &str| MlError::Parameter(format!("preprocess.py: error: argument {name}: {why}"));
            let value = rest.next().ok_or_else(|| wrong("expected one argument"))?;
            match name.as_str() {
                "--target" => options.target.clone_from(value),
                "--positive" => options.positive.clone_from(value),
                "--drop" => options.dropped.push(value.clone()),
                "--derive" => options.derived.push(serde_json::from_str(value).map_err(|error| wrong(&error.to_string()))?),
                "--seed" => options.seed = value.parse().map_err(|_| wrong("not a whole number"))?,
                "--train-share" => options.train_share = share(value).ok_or_else(|| wrong("not between 0 and 1"))?,
                "--validation-share" => options.validation_share = share(value).ok_or_else(|| wrong("not between 0 and 1"))?,
                _ => return Err(MlError::Parameter(format!("preprocess.py: error: unrecognized arguments: {name} {value}"))),
            }
        }
        if options.target.is_empty() || options.positive.is_empty() {
            return Err(MlError::Parameter("preprocess.py: error: the following arguments are required: --target, --positive".into()));
        }
        Ok(options)
    }
}

fn share(text: &str) -> Option<f64> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

/// Preprocesses the files of an unload (CSV with header, plain or gzip), given in the order of their keys.
pub fn preprocess<T: AsRef<[u8]> + Sync>(files: &[T], options: &Options) -> Result<Preprocessed, MlError> {
    let parts = read_parts(files)?;
    let columns = columns(&parts);
    let target = columns
        .iter()
        .position(|column| column.name == options.target)
        .ok_or_else(|| refused(format!("there is no target column `{}`", options.target)))?;
    for name in &options.dropped {
        if !columns.iter().any(|column| column.name == name) {
            return Err(refused(format!("there is no column `{name}` to drop")));
        }
    }
    let labels = Labels::of(&columns[target], &options.positive)?;
    let described: Vec<Described> = columns
        .par_iter()
        .enumerate()
        .filter(|(index, _)| *index != target)
        .map(|(_, column)| Described::of(column, options.dropped.iter().any(|name| name == column.name)))
        .collect::<Result<_, MlError>>()?;
    let segments = segments(&described, &options.derived)?;

    let rows = columns[target].codes.len();
    let order = shuffled(rows, options.seed);
    let splits = split(&order, options.train_share, options.validation_share)?;
    let [train, validation, test] = splits.map(|split| in_chunks(split, |row, out| write_vector(row as usize, &labels, &segments, out)));

    let mut schema = FeatureSchema {
        version: FeatureSchema::VERSION,
        target: Target { name: options.target.clone(), positive: options.positive.clone(), negative: labels.negative.clone() },
        columns: described.iter().map(|described| described.schema.clone()).collect(),
        derived: options.derived.clone(),
        features: Vec::new(),
    };
    schema.features = schema.feature_names();

    Ok(Preprocessed {
        train,
        validation,
        test,
        schema,
        test_rows: test_rows(&columns, splits[2]),
        splits: split_list(&described, &labels, &splits, rows),
        rows: splits.map(<[u32]>::len),
    })
}

fn refused(why: String) -> MlError {
    MlError::Data(format!("the data cannot be prepared: {why}"))
}

/// The target: which of its two texts is the positive one.
struct Labels<'a> {
    codes: &'a [u32],
    positive: u32,
    negative: String,
}

impl<'a> Labels<'a> {
    fn of(column: &'a Column<'_>, positive: &str) -> Result<Self, MlError> {
        let positive_code = column.values.iter().position(|value| *value == positive.as_bytes());
        match (column.values.as_slice(), positive_code) {
            ([first, second], Some(code)) => {
                let negative = if code == 0 { second } else { first };
                let negative = String::from_utf8_lossy(negative).into_owned();
                Ok(Labels { codes: &column.codes, positive: u32::from(code == 1), negative })
            }
            (values, _) => {
                let mut shown: Vec<_> = values.iter().take(12).map(|value| String::from_utf8_lossy(value)).collect();
                shown.sort();
                Err(refused(format!(
                    "the target `{}` has {} values ({}); it must have two, one of them `{positive}`",
                    column.name,
                    values.len(),
                    shown.join(", ")
                )))
            }
        }
    }

    fn text(&self, row: usize) -> &'static [u8] {
        if self.codes[row] == self.positive { b"1" } else { b"0" }
    }
}

/// A source column with what its texts mean.
struct Described<'a> {
    column: &'a Column<'a>,
    schema: SchemaColumn,
    /// The number of every distinct text (`None` for NULL); empty when the column is a category.
    numbers: Vec<Option<f64>>,
    /// The text of every distinct text in vectors and digests.
    canonical: Vec<Vec<u8>>,
}

impl<'a> Described<'a> {
    fn of(column: &'a Column<'a>, dropped: bool) -> Result<Self, MlError> {
        let name = column.name.to_owned();
        if let Some(numbers) = numbers(&column.values) {
            let canonical = numbers
                .iter()
                .map(|number| {
                    let mut text = Vec::new();
                    if let Some(number) = number {
                        write_number(*number, &mut text);
                    }
                    text
                })
                .collect();
            let kind = number_kind(&numbers, &column.counts);
            return Ok(Described { column, schema: SchemaColumn { name, dropped, kind }, numbers, canonical });
        }
        let mut values = Vec::with_capacity(column.values.len());
        for (value, &count) in column.values.iter().zip(&column.counts).filter(|(value, _)| !value.is_empty()) {
            let value = std::str::from_utf8(value)
                .map_err(|_| refused(format!("`{name}` has a text that is not UTF-8: {}", String::from_utf8_lossy(value))))?;
            values.push(CategoryValue { value: value.to_owned(), count });
        }
        if !dropped && values.len() > MAX_CATEGORIES {
            return Err(refused(format!("`{name}` has {} different texts; at most {MAX_CATEGORIES} can be made numeric", values.len())));
        }
        values.sort_by(|a, b| a.value.as_bytes().cmp(b.value.as_bytes()));
        let canonical = column.values.iter().map(|value| value.to_vec()).collect();
        Ok(Described {
            column,
            schema: SchemaColumn { name, dropped, kind: ColumnKind::Category { values } },
            numbers: Vec::new(),
            canonical,
        })
    }
}

/// The numbers of a column's texts, `None` for NULL, or `None` when a text is no number or all are NULL.
fn numbers(values: &[&[u8]]) -> Option<Vec<Option<f64>>> {
    let numbers: Option<Vec<Option<f64>>> = values
        .iter()
        .map(|value| {
            if value.is_empty() {
                return Some(None);
            }
            let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
            number.is_finite().then_some(Some(number))
        })
        .collect();
    numbers.filter(|numbers| numbers.iter().any(Option::is_some))
}

fn number_kind(numbers: &[Option<f64>], counts: &[u64]) -> ColumnKind {
    let mut sorted: Vec<(f64, u64)> = numbers.iter().zip(counts).filter_map(|(number, &count)| Some(((*number)?, count))).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let rows: u64 = sorted.iter().map(|(_, count)| count).sum();
    // Neumaier's summation: the mean does not depend on the order of the rows beyond its last digit.
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for &(number, count) in &sorted {
        let term = number * count as f64;
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    let at_rank = |rank: u64| {
        let mut before = 0;
        for &(number, count) in &sorted {
            before += count;
            if rank < before {
                return number;
            }
        }
        // `rank` is below the number of rows, so the loop has returned.
        f64::NAN
    };
    let quantiles = QUANTILES.iter().map(|share| quantile(*share, rows, &at_rank)).collect();
    ColumnKind::Number {
        integer: sorted.iter().all(|(number, _)| number.fract() == 0.0),
        min: sorted.first().map_or(0.0, |(number, _)| *number),
        max: sorted.last().map_or(0.0, |(number, _)| *number),
        mean: (sum + lost) / rows as f64,
        quantiles,
    }
}

/// The quantile by linear interpolation between ranks, computed as numpy does.
fn quantile(share: f64, rows: u64, at_rank: &dyn Fn(u64) -> f64) -> f64 {
    let place = (rows - 1) as f64 * share;
    let below = place.floor();
    let part = place - below;
    let low = at_rank(below as u64);
    let high = at_rank((below as u64 + 1).min(rows - 1));
    if part >= 0.5 { high - (high - low) * (1.0 - part) } else { low + (high - low) * part }
}

/// A stretch of the vector that depends on one column: its text for every distinct text of the column.
struct Segment<'a> {
    codes: &'a [u32],
    texts: Vec<Vec<u8>>,
}

/// The vector: numbers in table order, derived features, categories in table order. [`FeatureSchema::feature_names`] names them alike.
fn segments<'a>(described: &'a [Described<'a>], derived: &[Derived]) -> Result<Vec<Segment<'a>>, MlError> {
    let flag = |holds: bool| vec![b'0' + u8::from(holds)];
    let mut segments = Vec::new();
    for column in described.iter().filter(|column| !column.schema.dropped && !column.numbers.is_empty()) {
        segments.push(Segment { codes: &column.column.codes, texts: column.canonical.clone() });
    }
    for Derived { name, rule } in derived {
        let (DerivedRule::Equals { column, .. } | DerivedRule::OneOf { column, .. }) = rule;
        let source = described
            .iter()
            .find(|described| described.schema.name == *column)
            .ok_or_else(|| refused(format!("`{name}` is derived from `{column}`, which is no column")))?;
        let texts = match rule {
            DerivedRule::Equals { .. } if source.numbers.is_empty() => {
                return Err(refused(format!("`{name}` needs numbers, and `{column}` has none")));
            }
            DerivedRule::OneOf { .. } if !source.numbers.is_empty() => {
                return Err(refused(format!("`{name}` needs texts, and `{column}` has numbers")));
            }
            DerivedRule::Equals { value, .. } => source.numbers.iter().map(|number| flag(*number == Some(*value))).collect(),
            DerivedRule::OneOf { values, .. } => {
                source.canonical.iter().map(|text| flag(values.iter().any(|value| value.as_bytes() == text))).collect()
            }
        };
        segments.push(Segment { codes: &source.column.codes, texts });
    }
    for column in described.iter().filter(|column| !column.schema.dropped) {
        let ColumnKind::Category { values } = &column.schema.kind else { continue };
        // A column that is NULL in every row has no categories and no place in the vector.
        if values.is_empty() {
            continue;
        }
        let one_hot = |text: &Vec<u8>| {
            let flags = values.iter().map(|value| flag(value.value.as_bytes() == text));
            flags.collect::<Vec<_>>().join(&b',')
        };
        segments.push(Segment { codes: &column.column.codes, texts: column.canonical.iter().map(one_hot).collect() });
    }
    Ok(segments)
}

fn write_vector(row: usize, labels: &Labels<'_>, segments: &[Segment<'_>], out: &mut Vec<u8>) {
    out.extend_from_slice(labels.text(row));
    for segment in segments {
        out.push(b',');
        out.extend_from_slice(&segment.texts[segment.codes[row] as usize]);
    }
    out.push(b'\n');
}

/// Row numbers in the order of `SplitMix64` of seed and row number.
fn shuffled(rows: usize, seed: u64) -> Vec<u32> {
    let key = |row: u32| {
        let mut z = seed.wrapping_add((u64::from(row) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    // Cells are addressed by u32, so there are fewer rows than that.
    let mut keyed: Vec<(u64, u32)> = (0..rows as u32).map(|row| (key(row), row)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

fn split(order: &[u32], train_share: f64, validation_share: f64) -> Result<[&[u32]; 3], MlError> {
    // The tiny addition undoes the rounding of shares such as 0.7 + 0.2.
    let cut = |share: f64| ((share * order.len() as f64 + 1e-9) as usize).min(order.len());
    let (first, second) = (cut(train_share), cut(train_share + validation_share));
    let splits = [&order[..first], &order[first..second.max(first)], &order[second.max(first)..]];
    match SPLITS.iter().zip(splits).find(|(_, split)| split.is_empty()) {
        Some((name, _)) => Err(refused(format!("the {name} split has no rows; {} rows are too few for the shares", order.len()))),
        None => Ok(splits),
    }
}

const SPLITS: [&str; 3] = ["train", "validation", "test"];

fn in_chunks(rows: &[u32], write: impl Fn(u32, &mut Vec<u8>) + Sync) -> Vec<u8> {
    let chunks: Vec<Vec<u8>> = rows
        .par_chunks(CHUNK)
        .map(|rows| {
            let mut out = Vec::with_capacity(rows.len() * 128);
            for &row in rows {
                write(row, &mut out);
            }
            out
        })
        .collect();
    chunks.concat()
}

fn test_rows(columns: &[Column<'_>], rows: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    write_record(columns.iter().map(|column| column.name.as_bytes()), &mut out);
    out.extend(in_chunks(rows, |row, out| {
        write_record(columns.iter().map(|column| column.values[column.codes[row as usize] as usize]), out);
    }));
    out
}

/// A CSV record, quoted where a cell needs it.
fn write_record<'a>(cells: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            out.push(b'"');
            for &byte in cell {
                if byte == b'"' {
                    out.push(b'"');
                }
                out.push(byte);
            }
            out.push(b'"');
        } else {
            out.extend_from_slice(cell);
        }
    }
    out.push(b'\n');
}

fn split_list(described: &[Described<'_>], labels: &Labels<'_>, splits: &[&[u32]; 3], rows: usize) -> Vec<u8> {
    let mut split_of = vec![0_u8; rows];
    for (number, split) in splits.iter().enumerate() {
        for &row in *split {
            // There are three splits.
            split_of[row as usize] = number as u8;
        }
    }
    let order: Vec<u32> = (0..rows as u32).collect();
    let mut out = b"row,digest,split,target\n".to_vec();
    out.extend(in_chunks(&order, |row, out| {
        let at = row as usize;
        let mut content = Sha256::new();
        for column in described {
            content.update(&column.canonical[column.column.codes[at] as usize]);
            content.update([DIGEST_SEPARATOR]);
        }
        out.extend_from_slice(row.to_string().as_bytes());
        out.push(b',');
        out.extend_from_slice(digest_text(&content.finalize()).as_bytes());
        out.push(b',');
        out.extend_from_slice(SPLITS[split_of[at] as usize].as_bytes());
        out.push(b',');
        out.extend_from_slice(labels.text(at));
        out.push(b'\n');
    }));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::dataset::DataSet;
    use crate::demo::feature_schema::Row;
    use crate::demo::pipeline_definition::FeaturePlan;

    fn options() -> Options {
        let plan = FeaturePlan::of(&DataSet::bank());
        Options {
            target: plan.target,
            positive: plan.positive,
            dropped: vec!["duration".into()],
            derived: plan.derived,
            seed: 42,
            train_share: 0.7,
            validation_share: 0.2,
        }
    }

    /// A hundred made-up rows in two files.
    fn unload() -> [String; 2] {
        let jobs = ["admin.", "student", "retired", "blue-collar"];
        let row = |row: usize| {
            let pdays = if row.is_multiple_of(5) { 3 } else { 999 };
            let answer = if row.is_multiple_of(7) { "yes" } else { "no" };
            format!("{},{},{}.500,{pdays},{answer}\n", 20 + row % 60, jobs[row % 4], row * 3)
        };
        let header = "age,job,duration,pdays,y\n";
        let file = |rows: std::ops::Range<usize>| std::iter::once(header.to_owned()).chain(rows.map(row)).collect();
        [file(0..40), file(40..100)]
    }

    fn lines(text: &[u8]) -> Vec<&str> {
        std::str::from_utf8(text).unwrap().lines().collect()
    }

    #[test]
    fn splits_every_row_once_by_share() {
        let done = preprocess(&unload(), &options()).unwrap();
        assert_eq!(done.rows, [70, 20, 10]);
        assert_eq!((lines(&done.train).len(), lines(&done.validation).len(), lines(&done.test).len()), (70, 20, 10));
        let splits = lines(&done.splits);
        assert_eq!(splits.len(), 101);
        assert_eq!(splits.iter().filter(|line| line.contains(",test,")).count(), 10);
        assert_eq!(lines(&done.test_rows).len(), 11);
    }

    #[test]
    fn the_schema_encodes_the_very_lines_that_were_written() {
        let done = preprocess(&unload(), &options()).unwrap();
        done.schema.check().unwrap();
        assert_eq!(
            done.schema.features,
            ["age", "pdays", "no_previous_contact", "not_working", "job_admin.", "job_blue-collar", "job_retired", "job_student"]
        );
        let rows = lines(&done.test_rows);
        let header: Vec<&str> = rows[0].split(',').collect();
        let digests: Vec<&str> = lines(&done.splits)[1..].iter().map(|line| line.split(',').nth(1).unwrap()).collect();
        for (raw, written) in rows[1..].iter().zip(lines(&done.test)) {
            let row: Row = header.iter().map(|name| (*name).to_owned()).zip(raw.split(',').map(serde_json::Value::from)).collect();
            let mut line = vec![];
            done.schema.encode_csv_line(&row, &mut line).unwrap();
            let label = if raw.ends_with("yes") { "1" } else { "0" };
            assert_eq!(format!("{label},{}", String::from_utf8(line).unwrap()), written);
            assert!(digests.contains(&done.schema.row_digest(&row).unwrap().as_str()));
        }
    }

    #[test]
    fn the_seed_decides_the_shuffle() {
        let one = preprocess(&unload(), &options()).unwrap();
        let again = preprocess(&unload(), &options()).unwrap();
        let other = preprocess(&unload(), &Options { seed: 43, ..options() }).unwrap();
        assert_eq!((&one.train, &one.splits), (&again.train, &again.splits));
        assert_ne!(one.train, other.train);
        // The first keys of SplitMix64 from seed 0 order these rows so.
        assert_eq!(shuffled(5, 0), [2, 4, 1, 0, 3]);
    }

    #[test]
    fn the_figures_of_a_number_are_numpys() {
        // numpy.quantile([1, 2, 2, 10], 0.75) is 4.0, its mean 3.75.
        let ColumnKind::Number { integer, min, max, mean, quantiles } =
            number_kind(&[Some(10.0), Some(2.0), None, Some(1.0)], &[1, 2, 7, 1])
        else {
            panic!("a number")
        };
        assert_eq!((integer, min, max, mean), (true, 1.0, 10.0, 3.75));
        assert_eq!((quantiles[0], quantiles[5], quantiles[6], quantiles[10]), (1.0, 2.0, 4.0, 10.0));
    }

    #[test]
    fn null_is_an_empty_number_and_no_category() {
        let text = "n,c,y\n1,a,yes\n,b,no\n3,,no\n4,a,yes\n5,a,no\n6,b,no\n7,b,no\n8,b,no\n9,b,no\n10,b,yes\n";
        let options = Options { dropped: vec![], derived: vec![], ..options() };
        let done = preprocess(&[text], &options).unwrap();
        let all = [lines(&done.train), lines(&done.validation), lines(&done.test)].concat();
        assert_eq!(done.schema.features, ["n", "c_a", "c_b"]);
        assert!(all.contains(&"0,,0,1") && all.contains(&"0,3,0,0"), "{all:?}");
    }

    #[test]
    fn bad_data_is_refused_with_the_reason() {
        let message = |text: &str, options: Options| preprocess(&[text], &options).unwrap_err().to_string();
        let plain = || Options { dropped: vec![], derived: vec![], ..options() };
        assert!(message("a,z\n1,yes\n", plain()).contains("no target column `y`"));
        assert!(message("a,y\n1,yes\n2,no\n3,maybe\n", plain()).contains("has 3 values (maybe, no, yes)"));
        assert!(message("a,y\n1,no\n2,no\n", plain()).contains("has 1 values"));
        assert!(message("a,y\n1,yes\n2,no\n", plain()).contains("too few"));
        assert!(message("a,y\n1,yes\n2,no\n", options()).contains("no column `duration` to drop"));
        assert!(message("pdays,job,duration,y\nx,a,1,yes\nz,b,1,no\n", options()).contains("needs numbers"));
    }

    #[test]
    fn arguments_are_those_of_the_definition() {
        use crate::demo::{example, pipeline_definition};
        let definition = pipeline_definition::definition(&example::scenario(), &example::inputs()).unwrap();
        let arguments: Vec<String> =
            serde_json::from_value(definition["Steps"][2]["Arguments"]["AppSpecification"]["ContainerArguments"].clone()).unwrap();
        let parsed = Options::parse(&arguments).unwrap();
        assert_eq!(parsed, Options { dropped: FeaturePlan::of(&DataSet::bank()).dropped, ..options() });
        assert!(Options::parse(&["--target".into()]).unwrap_err().to_string().contains("expected one argument"));
        assert!(Options::parse(&["--colour".into(), "red".into()]).unwrap_err().to_string().contains("unrecognized"));
        assert!(Options::parse(&[]).unwrap_err().to_string().contains("required"));
    }
}
