//! Descriptions of data sets: TOML documents that name columns, types and the target. `docs/own-data.md` explains their keys to people.
//!
//! Everything that could go wrong later because of a description is refused here, with its line and its key.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{ColumnType, DataColumn, DataSet, SqlFlag, TargetClasses, Words, normalise};
use crate::demo::feature_schema::{Derived, DerivedRule};

/// Names that the demonstration's statements give to figures: a column of that name could not be told from them.
const TAKEN: [&str; 12] = [
    "actual",
    "answer",
    "bucket",
    "customers",
    "decision",
    "never_contacted",
    "predicted",
    "score",
    "subscribed",
    "total_rows",
    "value",
    "yes_rows",
];
/// The most digits of a decimal: as many as a whole number of 64 bits holds.
const MOST_DIGITS: u32 = 18;
/// The most columns: a statement names every pair of numbers.
const MOST_COLUMNS: usize = 200;
/// The most numbers that are compared in pairs: a statement of the Data API has at most 100,000 bytes.
pub const MOST_TOGETHER: usize = 16;
/// Columns that a first look shows when the description does not choose.
const LOOK_AT: usize = 5;

/// Why a description is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, `{key}`: {message}")]
pub struct DescriptionError {
    /// Line, counted from 1.
    pub line: usize,
    /// The key (`column.type`).
    pub key: String,
    /// What is wrong, and what is expected.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Spanned<String>,
    title: Option<String>,
    unknown: Option<String>,
    #[serde(default)]
    segments: Vec<Spanned<String>>,
    together: Option<Vec<Spanned<String>>>,
    look_at: Option<Vec<Spanned<String>>>,
    beside: Option<Vec<Spanned<String>>>,
    words: Option<WordsEntry>,
    target: TargetEntry,
    #[serde(default)]
    column: Vec<ColumnEntry>,
    #[serde(default)]
    derived: Vec<RuleEntry>,
    #[serde(default)]
    sql_flag: Vec<RuleEntry>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsEntry {
    row: Option<String>,
    positive: Option<String>,
    negative: Option<String>,
    sums: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetEntry {
    name: Spanned<String>,
    header: Option<String>,
    positive: Spanned<toml::Value>,
    negative: Spanned<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnEntry {
    name: Spanned<String>,
    header: Option<String>,
    #[serde(rename = "type")]
    kind: Spanned<String>,
    range: Option<Spanned<(f64, f64)>>,
    kept_out: Option<String>,
    sum: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: Spanned<String>,
    column: Spanned<String>,
    equals: Option<f64>,
    one_of: Option<Vec<String>>,
}

/// Reads a description.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &str) -> Result<DataSet, DescriptionError> {
    let place = Place { text };
    let document: Document =
        toml::from_str(text).map_err(|error| place.refused(error.span().unwrap_or(0..0), None, error.message().replace('\n', "; ")))?;
    let name = document.name.get_ref();
    if !(1..=40).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        let message = format!("`{name}` is not a name of at most 40 small letters, digits and hyphens");
        return Err(place.at(&document.name, "name", message));
    }
    printable(&place, &document)?;
    let mut columns = columns(&place, &document.column)?;
    let target = target(&place, &document.target, &columns)?;
    columns.push(DataColumn {
        name: target.name.clone(),
        header: document.target.header.clone().unwrap_or_else(|| target.name.clone()),
        kind: ColumnType::Text,
        range: None,
        kept_out: None,
        summed: false,
    });
    unambiguous(&place, &document, &columns)?;
    let (inputs, target_name) = (&columns[..columns.len() - 1], &target.name);
    let known = |wanted: &Spanned<String>, key: &str| {
        let found = inputs.iter().find(|column| column.name == *wanted.get_ref());
        found
            .ok_or_else(|| place.at(wanted, key, format!("there is no column `{}`{}", wanted.get_ref(), nearest(inputs, wanted.get_ref()))))
    };
    let listed = |given: &[Spanned<String>], key: &str| {
        given.iter().map(|wanted| known(wanted, key).map(|column| column.name.clone())).collect::<Result<Vec<String>, _>>()
    };
    let first = || inputs.iter().take(LOOK_AT).map(|column| column.name.clone()).collect::<Vec<String>>();
    let look_at = document.look_at.as_deref().map_or_else(|| Ok(first()), |given| listed(given, "look_at"))?;
    let beside = document.beside.as_deref().map_or_else(|| Ok(look_at.clone()), |given| listed(given, "beside"))?;
    let numbers: Vec<&DataColumn> = inputs.iter().filter(|column| column.kind.is_number()).collect();
    let together = match &document.together {
        Some(given) => {
            if let Some(text) =
                given.iter().find(|name| inputs.iter().any(|column| column.name == *name.get_ref() && !column.kind.is_number()))
            {
                return Err(place.at(text, "together", format!("`{}` is a text, and only numbers move together", text.get_ref())));
            }
            listed(given, "together")?
        }
        None => numbers.iter().take(MOST_TOGETHER).map(|column| column.name.clone()).collect(),
    };
    if together.len() > MOST_TOGETHER {
        return Err(place.refused(0..0, Some("together"), format!("at most {MOST_TOGETHER} columns are expected: every pair is compared")));
    }
    for (list, key) in [(&look_at, "look_at"), (&beside, "beside")] {
        if list.is_empty() {
            return Err(place.refused(0..0, Some(key), "at least one column is expected".to_owned()));
        }
    }

    let mut derived = Vec::with_capacity(document.derived.len());
    let mut taken: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    for entry in &document.derived {
        named(&place, &entry.name, "derived.name")?;
        if !taken.insert(entry.name.get_ref()) {
            let message = format!("`{}` is the name of something else already", entry.name.get_ref());
            return Err(place.at(&entry.name, "derived.name", message));
        }
        let source = known(&entry.column, "derived.column")?;
        derived.push(Derived { name: entry.name.get_ref().clone(), rule: rule(&place, entry, source, "derived")? });
    }
    let mut sql_flags = Vec::with_capacity(document.sql_flag.len());
    let mut taken: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    for entry in &document.sql_flag {
        named(&place, &entry.name, "sql_flag.name")?;
        if !taken.insert(entry.name.get_ref()) {
            let message = format!("`{}` is the name of something else already", entry.name.get_ref());
            return Err(place.at(&entry.name, "sql_flag.name", message));
        }
        let source = known(&entry.column, "sql_flag.column")?;
        match rule(&place, entry, source, "sql_flag")? {
            DerivedRule::OneOf { column, values } => sql_flags.push(SqlFlag { name: entry.name.get_ref().clone(), column, values }),
            DerivedRule::Equals { .. } => {
                return Err(place.at(&entry.column, "sql_flag.column", "a column of texts is expected; numbers need no flag".to_owned()));
            }
        }
    }
    let class = |value: &str| format!("have `{target_name}` = `{value}`");
    let given = document.words.unwrap_or_default();
    let words = Words {
        row: given.row.unwrap_or_else(|| "row".to_owned()),
        positive: given.positive.unwrap_or_else(|| class(&target.positive)),
        negative: given.negative.unwrap_or_else(|| class(&target.negative)),
        sums: given.sums.unwrap_or_else(|| "the decimals".to_owned()),
    };
    Ok(DataSet {
        name: name.clone(),
        title: document.title.unwrap_or_else(|| name.clone()),
        segments: listed(&document.segments, "segments")?,
        together,
        look_at,
        beside,
        derived,
        sql_flags,
        unknown: document.unknown,
        words,
        built_in: false,
        target,
        columns,
    })
}

fn columns(place: &Place<'_>, entries: &[ColumnEntry]) -> Result<Vec<DataColumn>, DescriptionError> {
    if entries.is_empty() {
        return Err(place.refused(0..0, Some("column"), "at least one `[[column]]` beside the target is expected".to_owned()));
    }
    if entries.len() > MOST_COLUMNS {
        return Err(place.refused(0..0, Some("column"), format!("there are {}; at most {MOST_COLUMNS} are expected", entries.len())));
    }
    let mut columns: Vec<DataColumn> = Vec::with_capacity(entries.len() + 1);
    for entry in entries {
        named(place, &entry.name, "column.name")?;
        let name = entry.name.get_ref();
        if columns.iter().any(|column| column.name == *name) {
            return Err(place.at(&entry.name, "column.name", format!("the column `{name}` is there twice")));
        }
        let kind = column_type(entry.kind.get_ref()).ok_or_else(|| {
            let message = format!(
                "`{}` is not a type; `integer`, `decimal(P,S)` with at most {MOST_DIGITS} digits P of which S are decimals, or `text` is expected",
                entry.kind.get_ref()
            );
            place.at(&entry.kind, "column.type", message)
        })?;
        if let Some(range) = &entry.range {
            let (least, most) = *range.get_ref();
            if !kind.is_number() {
                return Err(place.at(range, "column.range", format!("`{name}` is a text, and only numbers have a range")));
            }
            if !(least.is_finite() && most.is_finite() && least < most) {
                return Err(place.at(range, "column.range", "two numbers, the smaller first, are expected".to_owned()));
            }
        }
        if let Some(sum) = entry.sum.as_ref().filter(|sum| *sum.get_ref() && !kind.is_number()) {
            return Err(place.at(sum, "column.sum", format!("`{name}` is a text, and only numbers add up")));
        }
        columns.push(DataColumn {
            name: name.clone(),
            header: entry.header.clone().unwrap_or_else(|| name.clone()),
            kind,
            range: entry.range.as_ref().map(|range| *range.get_ref()),
            kept_out: entry.kept_out.clone(),
            summed: entry.sum.as_ref().map_or(matches!(kind, ColumnType::Decimal { .. }), |sum| *sum.get_ref()),
        });
    }
    if columns.iter().all(|column| column.kept_out.is_some()) {
        return Err(place.refused(0..0, Some("column.kept_out"), "every column is kept out, and a model needs at least one".to_owned()));
    }
    Ok(columns)
}

fn target(place: &Place<'_>, entry: &TargetEntry, columns: &[DataColumn]) -> Result<TargetClasses, DescriptionError> {
    named(place, &entry.name, "target.name")?;
    let name = entry.name.get_ref();
    if columns.iter().any(|column| column.name == *name) {
        let message = format!("`{name}` is a `[[column]]` too; the target stands only here");
        return Err(place.at(&entry.name, "target.name", message));
    }
    let class = |value: &Spanned<toml::Value>, key: &str| {
        let text = match value.get_ref() {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => String::new(),
        };
        let fits = !text.is_empty() && text.trim() == text && text.len() <= 64 && !text.chars().any(|c| c.is_control() || c == ',');
        if fits { Ok(text) } else { Err(place.at(value, key, "a short text, as the file has it, is expected".to_owned())) }
    };
    let (positive, negative) = (class(&entry.positive, "target.positive")?, class(&entry.negative, "target.negative")?);
    if positive == negative {
        let message = format!("both classes are `{positive}`; two different values are expected");
        return Err(place.at(&entry.negative, "target.negative", message));
    }
    Ok(TargetClasses { name: name.clone(), positive, negative })
}

/// What is shown to people must not move their cursor.
fn printable(place: &Place<'_>, document: &Document) -> Result<(), DescriptionError> {
    let words = document.words.iter().flat_map(|words| [&words.row, &words.positive, &words.negative, &words.sums]);
    let heads = [("title", &document.title), ("unknown", &document.unknown), ("target.header", &document.target.header)];
    let columns = document.column.iter().flat_map(|column| [("column.header", &column.header), ("column.kept_out", &column.kept_out)]);
    let mut texts = heads.into_iter().chain(words.map(|text| ("words", text))).chain(columns);
    match texts
        .find(|(_, text)| text.as_deref().is_some_and(|text| text.is_empty() || text.len() > 200 || text.chars().any(char::is_control)))
    {
        None => Ok(()),
        Some((key, _)) => Err(place.refused(0..0, Some(key), "a text of 1 to 200 bytes without control characters is expected".to_owned())),
    }
}

/// A header of the file must not mean two columns.
fn unambiguous(place: &Place<'_>, document: &Document, columns: &[DataColumn]) -> Result<(), DescriptionError> {
    let mut meant: Vec<(String, &str)> = Vec::new();
    let names = document.column.iter().map(|entry| &entry.name).chain([&document.target.name]);
    for (column, name) in columns.iter().zip(names) {
        let header = normalise(&column.header);
        for text in BTreeSet::from([column.name.clone(), header]) {
            if let Some((_, other)) = meant.iter().find(|(known, _)| *known == text) {
                let message = format!("`{text}` in the header of a file would mean `{other}` as well as `{}`", column.name);
                return Err(place.at(name, "header", message));
            }
            meant.push((text, &column.name));
        }
    }
    Ok(())
}

fn rule(place: &Place<'_>, entry: &RuleEntry, source: &DataColumn, section: &str) -> Result<DerivedRule, DescriptionError> {
    let column = source.name.clone();
    match (entry.equals, &entry.one_of) {
        (Some(value), None) if source.kind.is_number() && value.is_finite() => Ok(DerivedRule::Equals { column, value }),
        (None, Some(values)) if !source.kind.is_number() && !values.is_empty() => Ok(DerivedRule::OneOf { column, values: values.clone() }),
        _ => {
            let expected = if source.kind.is_number() { "`equals` with a number" } else { "`one_of` with a list of texts" };
            let message = format!("`{column}` is {}; exactly {expected} is expected", source.kind.sql());
            Err(place.at(&entry.column, &format!("{section}.column"), message))
        }
    }
}

/// `integer`, `decimal(P,S)`, `text`.
fn column_type(text: &str) -> Option<ColumnType> {
    match text {
        "integer" => Some(ColumnType::Integer),
        "text" => Some(ColumnType::Text),
        _ => {
            let (precision, scale) = text.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            ((1..=MOST_DIGITS).contains(&precision) && scale <= precision).then_some(ColumnType::Decimal { precision, scale })
        }
    }
}

/// Names reach SQL, policies and files: plain ones only.
fn named(place: &Place<'_>, name: &Spanned<String>, key: &str) -> Result<(), DescriptionError> {
    let text = name.get_ref();
    let plain = (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.contains("__");
    if !plain {
        let message = format!(
            "`{text}` is not a name of at most 63 small letters, digits and single underscores that begins with a letter; `header` is the name in the file"
        );
        return Err(place.at(name, key, message));
    }
    if normalise(text) != *text {
        let message = format!("`{text}` is a reserved word; `{}` is expected, and stands for it in the file", normalise(text));
        return Err(place.at(name, key, message));
    }
    if TAKEN.contains(&text.as_str()) {
        let message =
            format!("the statements of the demonstration call a figure `{text}`; another name, with `header = \"{text}\"`, is expected");
        return Err(place.at(name, key, message));
    }
    Ok(())
}

fn nearest(columns: &[DataColumn], given: &str) -> String {
    let likeness = |column: &&DataColumn| strsim::damerau_levenshtein(&column.name, given);
    let found = columns.iter().min_by_key(likeness).filter(|column| likeness(column) <= 2);
    found.map(|column| format!("; did you mean `{}`?", column.name)).unwrap_or_default()
}

/// Finds the line of a byte, and the key that is written there.
struct Place<'a> {
    text: &'a str,
}

impl Place<'_> {
    fn at<T>(&self, value: &Spanned<T>, key: &str, message: String) -> DescriptionError {
        self.refused(value.span(), Some(key), message)
    }

    fn refused(&self, span: Range<usize>, key: Option<&str>, message: String) -> DescriptionError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let key = key.map_or_else(|| self.key(line), str::to_owned);
        DescriptionError { line, key, message }
    }

    /// The key of a line with that of its section before it.
    fn key(&self, line: usize) -> String {
        let lines: Vec<&str> = self.text.lines().take(line).collect();
        let section = |text: &&&str| text.trim_start().starts_with('[');
        let section = lines.iter().rev().find(section).map(|text| text.trim().trim_matches(['[', ']']).to_owned());
        let key = lines.last().and_then(|text| text.split_once('=')).map(|(key, _)| key.trim().to_owned());
        match (section, key) {
            (Some(section), Some(key)) => format!("{section}.{key}"),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => "the document".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MACHINES: &str = r#"
name = "machines"

[target]
name = "failed"
positive = 1
negative = 0

[[column]]
name = "load_share"
header = "Load [%]"
type = "decimal(5,2)"
range = [0, 100]

[[column]]
name = "site"
type = "text"

[[derived]]
name = "at_sea"
column = "site"
one_of = ["rig"]
"#;

    fn refused(from: &str, to: &str) -> String {
        assert!(MACHINES.contains(from), "{from}");
        read(&MACHINES.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_description_is_that_of_the_bank() {
        let bank = DataSet::bank();
        assert_eq!((bank.columns.len(), bank.summed().count(), bank.numbers().count(), bank.categories().count()), (21, 5, 10, 10));
        assert!(bank.numbers().all(|column| column.range.is_some()));
        assert_eq!(bank.column("defaulted").unwrap().header, "default");
        let kept_out = bank.columns.iter().filter(|column| column.kept_out.is_some()).map(|column| column.name.as_str());
        let expected = ["duration", "emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"];
        assert_eq!(kept_out.collect::<Vec<_>>(), expected);
        assert_eq!((bank.table_version().as_str(), bank.story("the sample")), ("1", Ok(())));
    }

    #[test]
    fn what_is_not_said_follows() {
        let machines = read(MACHINES).unwrap();
        assert_eq!((machines.target.positive.as_str(), machines.target.negative.as_str()), ("1", "0"));
        assert_eq!((machines.title.as_str(), machines.look_at.join(" ").as_str()), ("machines", "load_share site"));
        assert_eq!(machines.words.positive, "have `failed` = `1`");
        assert_eq!(machines.columns.last().unwrap().name, "failed");
        assert!(machines.table_version().starts_with("1-"));
        let told = machines.story("the sample").unwrap_err();
        assert_eq!(told, "the sample is made for the Bank Marketing data, and `data.schema` describes machines");
    }

    #[test]
    fn a_bad_description_is_refused_with_line_and_key() {
        assert_eq!(
            refused("decimal(5,2)", "float"),
            "line 12, `column.type`: `float` is not a type; `integer`, `decimal(P,S)` with at most 18 digits P of which S are decimals, or `text` is expected"
        );
        assert!(refused("negative = 0", "negative = 1").starts_with("line 7, `target.negative`: both classes are `1`"));
        assert!(refused("type = \"text\"", "typ = \"text\"").starts_with("line 17, `column.typ`: unknown field `typ`"));
        assert!(refused("range = [0, 100]", "range = [100, 0]").starts_with("line 13, `column.range`: two numbers"));
        assert!(refused("name = \"site\"", "name = \"Site A\"").starts_with("line 16, `column.name`: `Site A` is not a name"));
        assert!(refused("name = \"site\"", "name = \"default\"").contains("`defaulted` is expected"));
        assert!(refused("name = \"site\"", "name = \"value\"").contains("call a figure `value`"));
        assert!(refused("name = \"site\"", "name = \"failed\"").contains("the target stands only here"));
        assert!(refused("column = \"site\"", "column = \"sit\"").ends_with("there is no column `sit`; did you mean `site`?"));
        assert!(refused("one_of = [\"rig\"]", "equals = 3").contains("`one_of` with a list of texts is expected"));
        assert!(refused("type = \"text\"", "type = \"text\"\nheader = \"load_share\"").contains("would mean `load_share`"));
        assert!(refused("header = \"Load [%]\"", "header = \"\\u001b[2J\"").contains("`column.header`: a text of 1 to 200 bytes"));
        assert!(refused("positive = 1", "").starts_with("line 4, `target"), "{}", refused("positive = 1", ""));
        assert!(refused("name = \"machines\"", "name = ").starts_with("line 2, `name`"));
    }
}
