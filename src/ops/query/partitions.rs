//! The partitions of a table of the lake: which one an object belongs to, and what Trino says that a query wants of them.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::reads::{PartitionValue, is_number_type};

/// What Hive writes for NULL.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// How the paths of a table say which partition an object belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The columns of the partitions: name in lower case, and whether it is compared as a number.
    columns: Vec<(String, bool)>,
    /// The directories below the table's location, where the table says how they are called (`storage.location.template`).
    template: Option<Vec<String>>,
}

impl Layout {
    /// The layout of a table: names and types of its partition columns, where it lies, and its template of locations, if it has one. `None`
    /// for a table without partitions.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, &'a str)>, location: &str, template: Option<&str>) -> Option<Layout> {
        let columns: Vec<(String, bool)> =
            columns.into_iter().map(|(name, type_name)| (name.to_lowercase(), is_number_type(type_name))).collect();
        if columns.is_empty() {
            return None;
        }
        let template = template.and_then(|template| {
            let below = template.strip_prefix(location.trim_end_matches('/'))?;
            Some(below.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect())
        });
        Some(Layout { columns, template })
    }

    /// The values of the partition that an object belongs to, by its path below the table's location. `None` when the path does not say
    /// all of them: then the object may belong to any.
    pub fn values(&self, path: &str) -> Option<Vec<PartitionValue>> {
        let directories: Vec<&str> = path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
        let found: Vec<(String, String)> = match &self.template {
            Some(template) => {
                template.iter().zip(&directories).filter_map(|(pattern, directory)| matched(pattern, directory)).flatten().collect()
            }
            None => directories
                .iter()
                .filter_map(|directory| directory.split_once('='))
                .map(|(name, value)| (name.to_lowercase(), percent_decode_str(value).decode_utf8_lossy().into_owned()))
                .collect(),
        };
        self.columns
            .iter()
            .map(|(column, numeric)| {
                let (_, value) = found.iter().find(|(name, _)| name == column)?;
                let value = (value != HIVE_NULL).then(|| value.clone());
                Some(PartitionValue { column: column.clone(), value, numeric: *numeric })
            })
            .collect()
    }
}

/// The values in a directory that a pattern names: `${year}-${month}` in `2024-03`. Every part between two names ends at the first place
/// where it can.
fn matched(pattern: &str, directory: &str) -> Option<Vec<(String, String)>> {
    let mut values = Vec::new();
    let (mut pattern, mut rest) = (pattern, directory);
    while let Some(at) = pattern.find("${") {
        rest = rest.strip_prefix(&pattern[..at])?;
        let (name, behind) = pattern[at + 2..].split_once('}')?;
        let until = behind.find("${").map_or(behind, |next| &behind[..next]);
        let end = match (until, behind) {
            ("", "") => rest.len(),
            ("", _) => return None,
            // The last part ends where the directory ends.
            (until, behind) if until == behind => rest.len().checked_sub(until.len()).filter(|end| rest.is_char_boundary(*end))?,
            (until, _) => rest.find(until)?,
        };
        values.push((name.to_lowercase(), rest[..end].to_owned()));
        (pattern, rest) = (behind, &rest[end..]);
    }
    (pattern == rest).then_some(values)
}

/// What a query wants of the partitions of its tables, as `EXPLAIN (TYPE IO, FORMAT JSON)` tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted(Vec<TableWanted>);

#[derive(Debug, Clone, PartialEq)]
struct TableWanted {
    schema: String,
    table: String,
    columns: Vec<ColumnWanted>,
}

#[derive(Debug, Clone, PartialEq)]
struct ColumnWanted {
    name: String,
    nulls: bool,
    ranges: Vec<(Option<Limit>, Option<Limit>)>,
}

/// The end of a range, and whether it is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    value: String,
    inclusive: bool,
}

impl Wanted {
    /// Reads the answer; `None` when it is not what Trino documents.
    pub fn read(answer: &str) -> Option<Wanted> {
        let document: Value = serde_json::from_str(&answer[answer.find('{')?..]).ok()?;
        let tables = document.get("inputTableColumnInfos")?.as_array()?;
        tables.iter().map(TableWanted::read).collect::<Option<Vec<_>>>().map(Wanted)
    }

    /// Whether a partition of a table may be read. A table that the answer does not speak of may be read everywhere.
    pub fn may_read(&self, schema: &str, table: &str, partition: &[PartitionValue]) -> bool {
        let mut about =
            self.0.iter().filter(|it| it.schema.eq_ignore_ascii_case(schema) && it.table.eq_ignore_ascii_case(table)).peekable();
        about.peek().is_none() || about.any(|it| it.columns.iter().all(|column| column.takes(partition)))
    }
}

impl TableWanted {
    fn read(of: &Value) -> Option<TableWanted> {
        let names = of.pointer("/table/schemaTable")?;
        let text = |key: &str| names.get(key).and_then(Value::as_str).map(str::to_owned);
        // It was called `constraint` with the columns inside before it became a list.
        let columns = of.get("columnConstraints").or_else(|| of.pointer("/constraint/columnConstraints"))?.as_array()?;
        let columns = columns.iter().map(ColumnWanted::read).collect::<Option<Vec<_>>>()?;
        Some(TableWanted { schema: text("schema")?, table: text("table")?, columns })
    }
}

impl ColumnWanted {
    fn read(of: &Value) -> Option<ColumnWanted> {
        let domain = of.get("domain")?;
        let limit = |range: &Value, end: &str| -> Option<Limit> {
            let limit = range.get(end)?;
            let value = limit.get("value").filter(|value| !value.is_null())?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(Limit { value, inclusive: limit.get("bound").and_then(Value::as_str) == Some("EXACTLY") })
        };
        let ranges = domain.get("ranges").and_then(Value::as_array)?;
        Some(ColumnWanted {
            name: of.get("columnName")?.as_str()?.to_lowercase(),
            nulls: domain.get("nullsAllowed").and_then(Value::as_bool).unwrap_or(true),
            ranges: ranges.iter().map(|range| (limit(range, "low"), limit(range, "high"))).collect(),
        })
    }

    fn takes(&self, partition: &[PartitionValue]) -> bool {
        // What is asked of other columns is not known of a partition.
        let Some(known) = partition.iter().find(|known| known.column == self.name) else { return true };
        let Some(value) = &known.value else { return self.nulls };
        let order = |limit: &Limit| match (value.parse::<f64>(), limit.value.parse::<f64>()) {
            (Ok(value), Ok(limit)) if known.numeric => value.partial_cmp(&limit),
            _ => Some(value.as_str().cmp(limit.value.as_str())),
        };
        self.ranges.iter().any(|(low, high)| {
            let above = low.as_ref().is_none_or(|low| order(low).is_none_or(|order| order.is_gt() || (low.inclusive && order.is_eq())));
            let below = high.as_ref().is_none_or(|high| order(high).is_none_or(|order| order.is_lt() || (high.inclusive && order.is_eq())));
            above && below
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn told(layout: &Layout, path: &str) -> Option<Vec<Option<String>>> {
        layout.values(path).map(|values| values.into_iter().map(|value| value.value).collect())
    }

    #[test]
    fn directories_say_which_partition_an_object_belongs_to() {
        let layout = Layout::new([("year", "int"), ("At", "string")], "s3://b/t/", None).unwrap();
        assert_eq!(told(&layout, "year=2024/at=10%3A30/part-0.gz"), Some(vec![Some("2024".into()), Some("10:30".into())]));
        assert_eq!(told(&layout, "year=2024/at=__HIVE_DEFAULT_PARTITION__/x"), Some(vec![Some("2024".into()), None]));
        assert_eq!(told(&layout, "year=2024/x"), None);
        assert_eq!(told(&layout, "2024/10/x"), None);
        assert!(Layout::new([], "s3://b/t", None).is_none());
    }

    #[test]
    fn a_template_says_it_where_directories_have_no_names() {
        let template = Some("s3://b/t/${year}/m-${month}-${day}/");
        let layout = Layout::new([("year", "int"), ("month", "int"), ("day", "int")], "s3://b/t/", template).unwrap();
        assert_eq!(told(&layout, "2024/m-03-07/x"), Some(vec![Some("2024".into()), Some("03".into()), Some("07".into())]));
        assert_eq!(told(&layout, "2024/03-07/x"), None);
        assert_eq!(matched("${a}${b}", "xy"), None, "nobody can tell where one ends");
    }

    const ANSWER: &str = r#"{
      "inputTableColumnInfos" : [ {
        "table" : { "catalog" : "awsdatacatalog", "schemaTable" : { "schema" : "lake", "table" : "t" } },
        "columnConstraints" : [ {
          "columnName" : "year", "type" : "integer",
          "domain" : { "nullsAllowed" : false, "ranges" : [
            { "low" : { "value" : "2023", "bound" : "ABOVE" }, "high" : { "value" : "2024", "bound" : "EXACTLY" } },
            { "low" : { "value" : "2030", "bound" : "EXACTLY" }, "high" : { "bound" : "BELOW" } } ] }
        } ],
        "estimate" : { "outputRowCount" : "NaN", "outputSizeInBytes" : "NaN" }
      } ],
      "estimate" : { "outputRowCount" : "NaN" }
    }"#;

    #[test]
    fn what_the_service_plans_to_read_is_understood() {
        let wanted = Wanted::read(&format!("Query Plan\n{ANSWER}")).unwrap();
        let may = |year: Option<&str>| {
            let value = PartitionValue { column: "year".into(), value: year.map(Into::into), numeric: true };
            wanted.may_read("Lake", "T", &[value])
        };
        assert_eq!(
            [may(Some("2023")), may(Some("2024")), may(Some("2025")), may(Some("2031")), may(None)],
            [false, true, false, true, false]
        );
        assert!(wanted.may_read("lake", "other", &[]));
        assert_eq!(Wanted::read("Fragment 0 [SINGLE]"), None);
        assert_eq!(Wanted::read("{\"plan\": 1}"), None);
    }
}
