//! What `assets/containers/quality.py` does: the unload is checked before a model is trained on it.
//!
//! Both give the same checks with the same figures and words, and the same distribution of the data.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::table::{Column, columns, read_parts};
use super::train::MlError;
use crate::demo::data_quality::{Baseline, Check, ColumnProfile, ExpectedColumn, ExpectedKind, Limits, Report};
use crate::demo::feature_schema::{CategoryValue, write_number};
use crate::demo::metrics::stability_index;

/// A reason may be this long in bytes; the report has all of it.
const LONGEST_REASON: usize = 1000;
/// Values that a sentence names.
const NAMED: usize = 5;

/// The job's arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Target column.
    pub target: String,
    /// The target's positive value.
    pub positive: String,
    /// Where the line between good and bad runs.
    pub limits: Limits,
}

impl Options {
    /// Reads the arguments as the script does.
    pub fn parse(arguments: &[String]) -> Result<Self, MlError> {
        let mut options = Options {
            target: String::new(),
            positive: String::new(),
            limits: Limits {
                min_rows: 50,
                max_missing: 0.05,
                max_unseen: 0.01,
                max_absent: 0.02,
                max_outside: 0.01,
                max_duplicates: 0.01,
                min_target_rate: 0.02,
                max_target_rate: 0.5,
                max_drift: 0.25,
            },
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let wrong = |why: &str| MlError::Parameter(format!("quality.py: error: argument {name}: {why}"));
            let value = rest.next().ok_or_else(|| wrong("expected one argument"))?;
            let number = || value.parse::<f64>().map_err(|_| wrong(&format!("invalid float value: '{value}'")));
            let limits = &mut options.limits;
            match name.as_str() {
                "--target" => options.target.clone_from(value),
                "--positive" => options.positive.clone_from(value),
                "--min-rows" => limits.min_rows = value.parse().map_err(|_| wrong(&format!("invalid int value: '{value}'")))?,
                "--max-missing" => limits.max_missing = number()?,
                "--max-unseen" => limits.max_unseen = number()?,
                "--max-absent" => limits.max_absent = number()?,
                "--max-outside" => limits.max_outside = number()?,
                "--max-duplicates" => limits.max_duplicates = number()?,
                "--min-target-rate" => limits.min_target_rate = number()?,
                "--max-target-rate" => limits.max_target_rate = number()?,
                "--max-drift" => limits.max_drift = number()?,
                _ => return Err(MlError::Parameter(format!("quality.py: error: unrecognized arguments: {name} {value}"))),
            }
        }
        if options.target.is_empty() || options.positive.is_empty() {
            return Err(MlError::Parameter("quality.py: error: the following arguments are required: --target, --positive".into()));
        }
        Ok(options)
    }
}

/// Checks the files of an unload (CSV with header, plain or gzip) against a baseline document.
pub fn check<T: AsRef<[u8]> + Sync>(files: &[T], baseline: &[u8], options: &Options) -> Result<Report, MlError> {
    let baseline: Baseline =
        serde_json::from_slice(baseline).map_err(|error| MlError::Data(format!("the baseline cannot be read: {error}")))?;
    if baseline.version != Baseline::VERSION {
        return Err(MlError::Data(format!(
            "the baseline has version {}; this script reads version {}",
            baseline.version,
            Baseline::VERSION
        )));
    }
    let parts = read_parts(files).map_err(|error| match error {
        MlError::Data(why) => MlError::Data(why.replacen("cannot be prepared", "cannot be checked", 1)),
        other => other,
    })?;
    let columns = columns(&parts);
    // A table that was read has a row.
    let rows = columns.first().map_or(0, |column| column.codes.len());
    let mut checks = Checks::default();
    let limits = &options.limits;
    checks.add("rows", None, rows as u64 >= limits.min_rows, format!("{rows} rows"), format!("at least {}", limits.min_rows));
    check_columns(&mut checks, &columns, &baseline.columns);
    let repeated = rows - distinct_rows(&columns, rows);
    let share = repeated as f64 / rows as f64;
    checks.add(
        "duplicates",
        None,
        share <= limits.max_duplicates,
        format!("{repeated} rows ({}) occur before", percent(share)),
        format!("at most {}", percent(limits.max_duplicates)),
    );
    let looked: Vec<(&ExpectedColumn, Option<Looked<'_>>)> = baseline
        .columns
        .par_iter()
        .map(|expected| {
            (expected, columns.iter().find(|column| column.name == expected.name).map(|column| Looked::at(column, rows as u64)))
        })
        .collect();
    let (mut profile, mut target_rate) = (Vec::new(), None);
    for (expected, column) in looked {
        let Some(column) = column else { continue };
        check_expected(&mut checks, &column, &expected.kind, options);
        if expected.name == options.target {
            target_rate = Some(check_target(&mut checks, &column, options));
        }
        if let Some(before) = baseline.profile.iter().find(|before| before.name == expected.name) {
            check_against(&mut checks, &column, before, limits);
        }
        profile.push(column.profile(matches!(expected.kind, ExpectedKind::Number { .. })));
    }
    Ok(Report {
        version: 1,
        rows: rows as u64,
        ok: checks.0.iter().all(|check| check.ok),
        baseline: baseline.source,
        target_rate,
        checks: checks.0,
        profile,
    })
}

/// The line that the script prints for a check.
pub fn line(check: &Check) -> String {
    let column = check.column.as_deref().map(|column| format!(" {column}")).unwrap_or_default();
    let state = if check.ok { "ok" } else { "FAILED" };
    format!("{state} {}{column}: {} (allowed: {})", check.name, check.found, check.allowed)
}

/// Why the data are refused, in a sentence for each failed check; `None` when they are not.
pub fn reason(report: &Report) -> Option<String> {
    let failed: Vec<&Check> = report.checks.iter().filter(|check| !check.ok).collect();
    if failed.is_empty() {
        return None;
    }
    let mut text = format!("the data failed {} of {} checks against {}: ", failed.len(), report.checks.len(), report.baseline);
    let mut shown = 0;
    for check in &failed {
        let column = check.column.as_deref().map(|column| format!(" of `{column}`")).unwrap_or_default();
        let part = format!("{}{column}: {} (allowed: {})", check.name, check.found, check.allowed);
        let between = if shown > 0 { "; " } else { "" };
        if text.len() + between.len() + part.len() > LONGEST_REASON - 60 {
            break;
        }
        text.push_str(between);
        text.push_str(&part);
        shown += 1;
    }
    if shown < failed.len() {
        text.push_str(&format!("; and {} more in report.json", failed.len() - shown));
    }
    Some(text)
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &str, column: Option<&str>, ok: bool, found: impl Into<String>, allowed: impl Into<String>) {
        let column = column.map(str::to_owned);
        self.0.push(Check { name: name.to_owned(), column, ok, found: found.into(), allowed: allowed.into() });
    }
}

/// A column: its distinct texts, how many rows have each, and which of them are numbers.
struct Looked<'a> {
    name: &'a str,
    rows: u64,
    missing: u64,
    /// Text and rows, ordered by bytes; without NULL.
    counts: BTreeMap<String, u64>,
    /// The number of every text, `None` for one that is none; in the order of `counts`.
    numbers: Vec<Option<f64>>,
}

impl<'a> Looked<'a> {
    fn at(column: &'a Column<'_>, rows: u64) -> Self {
        let mut missing = 0;
        let mut counts = BTreeMap::new();
        for (value, &count) in column.values.iter().zip(&column.counts) {
            if value.is_empty() {
                missing = count;
            } else {
                counts.insert(String::from_utf8_lossy(value).into_owned(), count);
            }
        }
        let numbers = counts.keys().map(|text| text.parse::<f64>().ok().filter(|number| number.is_finite())).collect();
        Looked { name: column.name, rows, missing, counts, numbers }
    }

    /// Texts that are no numbers.
    fn texts(&self) -> Vec<&str> {
        self.counts.keys().zip(&self.numbers).filter(|(_, number)| number.is_none()).map(|(text, _)| text.as_str()).collect()
    }

    /// Numbers with their rows, ascending, each once.
    fn ordered(&self) -> Vec<(f64, u64)> {
        let mut all: Vec<(f64, u64)> =
            self.numbers.iter().zip(self.counts.values()).filter_map(|(number, count)| Some(((*number)?, *count))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged: Vec<(f64, u64)> = Vec::with_capacity(all.len());
        for (number, count) in all {
            match merged.last_mut() {
                Some((last, rows)) if *last == number => *rows += count,
                _ => merged.push((number, count)),
            }
        }
        merged
    }

    fn profile(&self, number: bool) -> ColumnProfile {
        let mut profile =
            ColumnProfile { name: self.name.to_owned(), rows: self.rows, missing: self.missing, edges: None, counts: None, values: None };
        if number {
            let ordered = self.ordered();
            let edges = deciles(&ordered);
            profile.counts = Some(binned(&ordered, &edges));
            profile.edges = Some(edges);
        } else {
            let values = self.counts.iter().map(|(value, &count)| CategoryValue { value: value.clone(), count });
            profile.values = Some(values.collect());
        }
        profile
    }
}

/// The values below and at which a tenth, two tenths, … of the rows lie; each once, and not the largest value of all.
fn deciles(ordered: &[(f64, u64)]) -> Vec<f64> {
    let rows: u64 = ordered.iter().map(|(_, count)| count).sum();
    let mut before = 0;
    let mut edges = Vec::new();
    for &(value, count) in ordered.split_last().map_or(&[][..], |(_, rest)| rest) {
        // A tenth ends at this value when the rows up to it pass a multiple of a tenth of all.
        if (before + count) * 10 / rows > before * 10 / rows {
            edges.push(value);
        }
        before += count;
    }
    match ordered {
        // Nearly all rows have the largest value: what is smaller still has a bin of its own.
        [.., (below, _), _] if edges.is_empty() => vec![*below],
        _ => edges,
    }
}

fn binned(ordered: &[(f64, u64)], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for (value, count) in ordered {
        counts[edges.iter().filter(|edge| *edge < value).count()] += count;
    }
    counts
}

/// How many different rows there are.
fn distinct_rows(columns: &[Column<'_>], rows: usize) -> usize {
    let width = columns.len();
    let mut codes = Vec::with_capacity(rows * width);
    for row in 0..rows {
        codes.extend(columns.iter().map(|column| column.codes[row]));
    }
    codes.chunks_exact(width.max(1)).collect::<HashSet<_>>().len()
}

fn check_columns(checks: &mut Checks, columns: &[Column<'_>], expected: &[ExpectedColumn]) {
    let missing: Vec<&str> =
        expected.iter().map(|wanted| wanted.name.as_str()).filter(|name| !columns.iter().any(|column| column.name == *name)).collect();
    let extra: Vec<&str> =
        columns.iter().map(|column| column.name).filter(|name| !expected.iter().any(|wanted| wanted.name == *name)).collect();
    let mut found = Vec::new();
    if !missing.is_empty() {
        found.push(format!("{} missing", quoted(&missing)));
    }
    if !extra.is_empty() {
        found.push(format!("{} not expected", quoted(&extra)));
    }
    let ok = found.is_empty();
    let words = if ok { format!("{} columns", columns.len()) } else { found.join("; ") };
    checks.add("columns", None, ok, words, format!("the {} columns of the data set", expected.len()));
}

/// What holds for a column without knowing other data.
fn check_expected(checks: &mut Checks, column: &Looked<'_>, kind: &ExpectedKind, options: &Options) {
    let limits = &options.limits;
    let share = column.missing as f64 / column.rows as f64;
    let allowed = format!("at most {}", percent(limits.max_missing));
    checks.add("missing", Some(column.name), share <= limits.max_missing, format!("{} without a value", percent(share)), allowed);
    if column.counts.is_empty() {
        return;
    }
    let texts = column.texts();
    let ExpectedKind::Number { integer, min, max } = kind else {
        let ok = column.name == options.target || !texts.is_empty();
        checks.add("type", Some(column.name), ok, if texts.is_empty() { "numbers only" } else { "texts" }, "texts");
        return;
    };
    let fraction = |number: &Option<f64>| number.is_some_and(|number| number != number.floor());
    let fractions: Vec<&str> = column
        .counts
        .keys()
        .zip(&column.numbers)
        .filter(|(_, number)| *integer && fraction(number))
        .map(|(text, _)| text.as_str())
        .collect();
    let kind = if *integer { "whole numbers" } else { "numbers" };
    let wrong = if texts.is_empty() { fractions } else { texts.clone() };
    let words = if wrong.is_empty() { kind.to_owned() } else { format!("{} among them", quoted(&wrong)) };
    checks.add("type", Some(column.name), wrong.is_empty(), words, kind);
    let (Some(low), Some(high)) = (min, max) else { return };
    if !texts.is_empty() {
        return;
    }
    let ordered = column.ordered();
    // The column has a text, and all of its texts are numbers.
    let (Some((least, _)), Some((most, _))) = (ordered.first(), ordered.last()) else { return };
    let outside: u64 = ordered.iter().filter(|(number, _)| !(low..=high).contains(&number)).map(|(_, count)| count).sum();
    let share = outside as f64 / column.rows as f64;
    checks.add(
        "range",
        Some(column.name),
        share <= limits.max_outside,
        format!("{} to {}, {} of the rows outside", number_text(*least), number_text(*most), percent(share)),
        format!("{} to {}, at most {} outside", number_text(*low), number_text(*high), percent(limits.max_outside)),
    );
}

/// What holds for a column against the data of the approved model.
fn check_against(checks: &mut Checks, column: &Looked<'_>, before: &ColumnProfile, limits: &Limits) {
    let index = if let Some(values) = &before.values {
        let known: BTreeMap<&str, u64> = values.iter().map(|value| (value.value.as_str(), value.count)).collect();
        let unseen: Vec<&str> = column.counts.keys().map(String::as_str).filter(|text| !known.contains_key(text)).collect();
        let share = unseen.iter().filter_map(|text| column.counts.get(*text)).sum::<u64>() as f64 / column.rows as f64;
        let found = if unseen.is_empty() { "none".to_owned() } else { format!("{} in {} of the rows", quoted(&unseen), percent(share)) };
        let allowed = format!("unknown values in at most {}", percent(limits.max_unseen));
        checks.add("unseen", Some(column.name), share <= limits.max_unseen, found, allowed);
        let total: u64 = known.values().sum();
        let absent: Vec<&str> = known
            .iter()
            .filter(|(text, count)| !column.counts.contains_key(**text) && total > 0 && **count as f64 / total as f64 > limits.max_absent)
            .map(|(text, _)| *text)
            .collect();
        let found = if absent.is_empty() { "none is gone".to_owned() } else { format!("{} no longer there", quoted(&absent)) };
        let allowed = format!("every value that more than {} had", percent(limits.max_absent));
        checks.add("absent", Some(column.name), absent.is_empty(), found, allowed);
        let all: std::collections::BTreeSet<&str> = known.keys().copied().chain(column.counts.keys().map(String::as_str)).collect();
        let mut old: Vec<u64> = all.iter().map(|value| known.get(value).copied().unwrap_or(0)).collect();
        let mut new: Vec<u64> = all.iter().map(|value| column.counts.get(*value).copied().unwrap_or(0)).collect();
        old.push(before.missing);
        new.push(column.missing);
        Some(stability_index(&old, &new))
    } else if let (Some(edges), Some(counts), true) = (&before.edges, &before.counts, column.texts().is_empty()) {
        let mut old = counts.clone();
        let mut new = binned(&column.ordered(), edges);
        old.push(before.missing);
        new.push(column.missing);
        Some(stability_index(&old, &new))
    } else {
        None
    };
    if let Some(index) = index {
        let allowed = format!("at most {}", number_text(limits.max_drift));
        checks.add("drift", Some(column.name), index <= limits.max_drift, format!("stability index {index:.4}"), allowed);
    }
}

fn check_target(checks: &mut Checks, column: &Looked<'_>, options: &Options) -> f64 {
    let limits = &options.limits;
    let positive = &options.positive;
    let rate = column.counts.get(positive).copied().unwrap_or(0) as f64 / column.rows as f64;
    let others: Vec<&str> = column.counts.keys().filter(|text| *text != positive).map(String::as_str).collect();
    let ok = (limits.min_target_rate..=limits.max_target_rate).contains(&rate);
    let allowed = format!("{} to {}", percent(limits.min_target_rate), percent(limits.max_target_rate));
    checks.add("target_rate", Some(column.name), ok, format!("{} `{positive}`", percent(rate)), allowed);
    let all: Vec<&str> = column.counts.keys().map(String::as_str).collect();
    let found = if all.is_empty() { "none".to_owned() } else { quoted(&all) };
    let ok = others.len() == 1 && column.counts.contains_key(positive) && column.missing == 0;
    checks.add("target_values", Some(column.name), ok, found, format!("`{positive}` and one other, in all rows"));
    rate
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A number as the script writes it.
fn number_text(number: f64) -> String {
    let mut text = Vec::new();
    write_number(number, &mut text);
    // Digits, a point and a sign.
    String::from_utf8(text).unwrap_or_default()
}

/// Names in a sentence: the first few of them, and how many more there are.
fn quoted(names: &[&str]) -> String {
    let text = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() <= NAMED { text } else { format!("{text} and {} more", names.len() - NAMED) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::data_quality::blames_the_data;
    use crate::demo::sample;
    use crate::demo::{example as demo, pipeline_definition};

    fn options() -> Options {
        Options { target: "y".into(), positive: "yes".into(), limits: demo::limits() }
    }

    fn table() -> String {
        String::from_utf8(sample::generate(3000, 5)).unwrap()
    }

    fn baseline(of: Option<&str>) -> Vec<u8> {
        let mut expected = Baseline::expected(&crate::demo::dataset::DataSet::bank());
        if let Some(of) = of {
            let report = check(&[of], &baseline(None), &options()).unwrap();
            expected = expected.with_profile("model version 1".into(), report.profile);
        }
        serde_json::to_vec(&expected).unwrap()
    }

    /// The failed checks as `name column`.
    fn failed(text: &str, baseline: &[u8]) -> Vec<String> {
        let report = check(&[text], baseline, &options()).unwrap();
        assert_eq!(report.ok, report.checks.iter().all(|check| check.ok));
        let failed = report.checks.iter().filter(|check| !check.ok);
        failed.map(|check| format!("{} {}", check.name, check.column.as_deref().unwrap_or("table"))).collect()
    }

    /// The table with the cells of a column changed.
    fn with(column: &str, change: impl Fn(usize, &str) -> String) -> String {
        let text = table();
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let at = header.split(',').position(|name| name == column).unwrap();
        let mut out = format!("{header}\n");
        for (row, line) in lines.enumerate() {
            let cells = line.split(',').enumerate().map(|(index, cell)| if index == at { change(row, cell) } else { cell.to_owned() });
            out.push_str(&cells.collect::<Vec<_>>().join(","));
            out.push('\n');
        }
        out
    }

    #[test]
    fn the_sample_passes_and_is_its_own_baseline() {
        let text = table();
        assert_eq!(failed(&text, &baseline(None)), [] as [&str; 0]);
        let against = baseline(Some(&text));
        assert_eq!(failed(&text, &against), [] as [&str; 0]);
        let report = check(&[&text], &against, &options()).unwrap();
        let drift: Vec<&Check> = report.checks.iter().filter(|check| check.name == "drift").collect();
        assert_eq!(drift.len(), 21);
        assert!(drift.iter().all(|check| check.found == "stability index 0.0000"), "{drift:?}");
        assert_eq!(reason(&report), None);
        assert!((0.08..0.15).contains(&report.target_rate.unwrap()));
    }

    #[test]
    fn each_defect_is_found_and_named() {
        let none = baseline(None);
        let every = |number: usize, wrong: &'static str| {
            move |row: usize, cell: &str| if row.is_multiple_of(number) { wrong.to_owned() } else { cell.to_owned() }
        };
        assert_eq!(failed(&with("age", every(10, "241")), &none), ["range age"]);
        assert_eq!(failed(&with("age", every(10, "old")), &none), ["type age"]);
        assert_eq!(failed(&with("campaign", every(10, "1.5")), &none), ["type campaign"]);
        assert_eq!(failed(&with("job", every(10, "")), &none), ["missing job"]);
        assert_eq!(failed(&with("job", |_, _| "7".into()), &none), ["type job"]);
        assert_eq!(failed(&with("y", |_, _| "no".into()), &none), ["target_rate y", "target_values y"]);
        assert_eq!(failed(&with("y", every(10, "maybe")), &none), ["target_values y"]);
        let text = table();
        assert_eq!(failed(&text.replacen("age,", "years,", 1), &none), ["columns table"]);
        let (header, rows) = text.split_once('\n').unwrap();
        assert_eq!(failed(&format!("{header}\n{rows}{rows}"), &none), ["duplicates table"]);
        let few: String = text.lines().take(31).map(|line| format!("{line}\n")).collect();
        assert!(failed(&few, &none).contains(&"rows table".to_owned()));
    }

    #[test]
    fn drift_and_unknown_values_are_seen_against_a_models_data() {
        let against = baseline(Some(&table()));
        let third = |row: usize| row.is_multiple_of(3);
        let astronauts = with("job", |row, cell| if third(row) { "astronaut".into() } else { cell.to_owned() });
        assert_eq!(failed(&astronauts, &against), ["unseen job", "drift job"]);
        let older = with("age", |row, cell| if third(row) { "88".into() } else { cell.to_owned() });
        assert_eq!(failed(&older, &against), ["drift age"]);
        let gone = with("contact", |_, _| "cellular".into());
        assert_eq!(failed(&gone, &against), ["absent contact", "drift contact"]);
        let report = check(&[&astronauts], &against, &options()).unwrap();
        let words = reason(&report).unwrap();
        assert!(words.starts_with("the data failed 2 of ") && blames_the_data(&words), "{words}");
        assert!(
            words.contains("unseen of `job`: `astronaut` in 33.33 % of the rows (allowed: unknown values in at most 1.00 %)"),
            "{words}"
        );
    }

    #[test]
    fn a_long_reason_is_cut_between_sentences() {
        let text = table();
        let report = check(&[with("age", |_, _| "x".into())], &baseline(Some(&text)), &options()).unwrap();
        let mut many = report.clone();
        many.checks = (0..40).map(|_| report.checks.iter().find(|check| !check.ok).unwrap().clone()).collect();
        let words = reason(&many).unwrap();
        assert!(words.len() <= LONGEST_REASON && words.ends_with(" more in report.json"), "{words}");
    }

    #[test]
    fn bins_hold_about_a_tenth_each() {
        let ordered: Vec<(f64, u64)> = (0..100).map(|value| (f64::from(value), 1)).collect();
        let edges = deciles(&ordered);
        assert_eq!(edges, [9.0, 19.0, 29.0, 39.0, 49.0, 59.0, 69.0, 79.0, 89.0]);
        assert_eq!(binned(&ordered, &edges), [10; 10]);
        // Nearly all rows share a value: it has a bin, and what is smaller another one.
        assert_eq!(deciles(&[(2.0, 1), (3.0, 3), (999.0, 96)]), [3.0]);
        assert_eq!(deciles(&[(2.0, 14), (3.0, 1), (999.0, 85)]), [2.0]);
        assert_eq!(deciles(&[(999.0, 85)]), [] as [f64; 0]);
        assert_eq!(deciles(&[]), [] as [f64; 0]);
    }

    #[test]
    fn arguments_are_those_of_the_definition() {
        let definition = pipeline_definition::definition(&demo::scenario(), &demo::inputs()).unwrap();
        let step = definition["Steps"].as_array().unwrap().iter().find(|step| step["Name"] == "Step-DataQuality").unwrap();
        let arguments: Vec<String> = serde_json::from_value(step["Arguments"]["AppSpecification"]["ContainerArguments"].clone()).unwrap();
        assert_eq!(Options::parse(&arguments).unwrap(), options());
        assert!(Options::parse(&["--target".into()]).unwrap_err().to_string().contains("expected one argument"));
        assert!(Options::parse(&[]).unwrap_err().to_string().contains("required"));
    }
}
