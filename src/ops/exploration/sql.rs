//! The statements behind the pictures.

use super::Table;
use crate::demo::sql::{Quotes, identifier, literal};
use crate::ops::query::QueryEngine;

fn quoted(name: &str) -> String {
    identifier(Quotes::Double, name)
}

/// Rows that say yes.
fn yes(table: &Table) -> String {
    format!("sum(CASE WHEN {} = {} THEN 1 ELSE 0 END)", quoted(&table.target), literal(&table.positive))
}

/// A number as a double: sums and products of decimals and integers overflow or round on one of the engines.
fn double(name: &str) -> String {
    format!("CAST({} AS double precision)", quoted(name))
}

/// `double precision` is Redshift's name of the type, Athena's is `double`.
fn for_engine(table: &Table, sql: String) -> String {
    match table.engine {
        QueryEngine::Redshift => sql,
        QueryEngine::Athena => sql.replace("AS double precision)", "AS double)"),
    }
}

/// How often each value occurs.
pub(super) fn frequencies(table: &Table, column: &str) -> String {
    format!(
        "SELECT {} AS value, count(*) AS customers, {} AS subscribed\nFROM {}\nGROUP BY 1\nORDER BY 2 DESC, 1",
        quoted(column),
        yes(table),
        table.name
    )
}

/// How many rows are in each range of the width `step`.
pub(super) fn histogram(table: &Table, column: &str, step: f64) -> String {
    let sql = format!(
        "SELECT floor({} / {step:?}) AS bucket, count(*) AS customers, {} AS subscribed\nFROM {}\nGROUP BY 1\nORDER BY 1",
        double(column),
        yes(table),
        table.name
    );
    for_engine(table, sql)
}

/// A numeric column, the answers apart.
pub(super) fn by_class(table: &Table, column: &str) -> String {
    let value = double(column);
    let quantile = |share: f64| match table.engine {
        QueryEngine::Redshift => format!("percentile_cont({share}) WITHIN GROUP (ORDER BY {value})"),
        QueryEngine::Athena => format!("approx_percentile({value}, {share})"),
    };
    let sql = format!(
        "SELECT {} AS answer,\n  count({value}) AS customers,\n  avg({value}) AS mean,\n  stddev_samp({value}) AS deviation,\n  min({value}) AS least,\n  {} AS lower_quartile,\n  {} AS median,\n  {} AS upper_quartile,\n  max({value}) AS most\nFROM {}\nGROUP BY 1\nORDER BY 1",
        quoted(&table.target),
        quantile(0.25),
        quantile(0.5),
        quantile(0.75),
        table.name
    );
    for_engine(table, sql)
}

/// Smallest and largest value of columns.
pub(super) fn extremes(table: &Table, columns: &[&str]) -> String {
    let asked: Vec<String> = columns.iter().map(|column| format!("min({0}), max({0})", double(column))).collect();
    for_engine(table, format!("SELECT {}\nFROM {}", asked.join(",\n  "), table.name))
}

/// Pearson's coefficient of each pair, first column with second, first with third, … second with third, …
pub(super) fn correlations(table: &Table, columns: &[String]) -> String {
    let mut asked = Vec::new();
    for (at, one) in columns.iter().enumerate() {
        for other in &columns[at + 1..] {
            let (a, b) = (double(one), double(other));
            // Redshift has no corr().
            asked.push(format!(
                "(avg({a} * {b}) - avg({a}) * avg({b})) / nullif(stddev_pop({a}) * stddev_pop({b}), 0) AS {}",
                quoted(&format!("{one}__{other}"))
            ));
        }
    }
    for_engine(table, format!("SELECT\n  {}\nFROM {}", asked.join(",\n  "), table.name))
}

/// How many rows are in each cell.
pub(super) fn density(table: &Table, (x, x_step): (&str, f64), (y, y_step): (&str, f64)) -> String {
    let sql = format!(
        "SELECT floor({} / {x_step:?}) AS x, floor({} / {y_step:?}) AS y, count(*) AS customers, {} AS subscribed\nFROM {}\nGROUP BY 1, 2\nORDER BY 1, 2",
        double(x),
        double(y),
        yes(table),
        table.name
    );
    for_engine(table, sql)
}

/// What is true of the rows with a value.
pub(super) fn value_is(column: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{} = {}", quoted(column), literal(value)),
        None => format!("{} IS NULL", quoted(column)),
    }
}

/// What is true of the rows in a range of the width `step`: exactly those that the histogram counts there.
pub(super) fn range_is(table: &Table, column: &str, bucket: f64, step: f64) -> String {
    let name = quoted(column);
    if step.fract() == 0.0 {
        let from = bucket * step;
        return format!("{name} >= {from:.0} AND {name} < {:.0}", from + step);
    }
    // Divided as there: 0.3 / 0.1 is less than 3.
    for_engine(table, format!("floor({} / {step:?}) = {bucket:.0}", double(column)))
}

/// Every column at once: categories by value, numbers by range. Each row belongs to the one column that is not NULL.
pub(super) fn previews(table: &Table, steps: &[(&str, f64)]) -> String {
    let step_of = |name: &str| steps.iter().find(|(column, _)| *column == name).map(|(_, step)| *step);
    let drawn: Vec<&super::Column> = table.columns.iter().filter(|column| !column.numeric || step_of(&column.name).is_some()).collect();
    let values = drawn.iter().map(|column| match step_of(&column.name) {
        Some(step) => range_of(&column.name, step),
        None => quoted(&column.name),
    });
    let names: Vec<String> = drawn.iter().map(|column| quoted(&column.name)).collect();
    let sets: Vec<String> = names.iter().map(|name| format!("({name})")).collect();
    counted(table, &names, values.collect(), &sets)
}

/// Every pair of numeric columns at once, by range. Each row belongs to the two columns that are not NULL.
pub(super) fn pairs(table: &Table, steps: &[(&str, f64)]) -> String {
    let names: Vec<String> = steps.iter().map(|(name, _)| quoted(name)).collect();
    let sets = names.iter().enumerate().flat_map(|(at, x)| names[at + 1..].iter().map(move |y| format!("({x}, {y})")));
    counted(table, &names, steps.iter().map(|(name, step)| range_of(name, *step)).collect(), &sets.collect::<Vec<_>>())
}

/// The number of the range that a value is in, under the name of its column.
fn range_of(name: &str, step: f64) -> String {
    format!("floor({} / {step:?}) AS {}", double(name), quoted(name))
}

/// Rows and rows that say yes of each combination of values in each of the sets of columns.
fn counted(table: &Table, names: &[String], values: Vec<String>, sets: &[String]) -> String {
    let sql = format!(
        "SELECT\n  {},\n  count(*) AS customers,\n  sum(subscribed) AS subscribed\nFROM (\n  SELECT\n    {},\n    CASE WHEN {} = {} THEN 1 ELSE 0 END AS subscribed\n  FROM {}\n) AS ranges\nGROUP BY GROUPING SETS (\n  {}\n)",
        names.join(",\n  "),
        values.join(",\n    "),
        quoted(&table.target),
        literal(&table.positive),
        table.name,
        sets.join(",\n  ")
    );
    for_engine(table, sql)
}

/// Rows, rows that say yes, and the smallest and largest value of each numeric column.
pub(super) fn overview(table: &Table) -> String {
    let extremes: String = table.numeric().map(|column| format!(",\n  min({0}), max({0})", double(column))).collect();
    for_engine(table, format!("SELECT\n  count(*) AS customers,\n  {} AS subscribed{extremes}\nFROM {}", yes(table), table.name))
}

/// The months of the campaign: those of one name apart by how many people were employed.
pub(super) fn periods(table: &Table, month: &str, employed: &str) -> String {
    format!(
        "SELECT {0} AS month, {1} AS employed, count(*) AS customers, {2} AS subscribed\nFROM {3}\nWHERE {0} IS NOT NULL AND {1} IS NOT NULL\nGROUP BY 1, 2\nORDER BY 2 DESC, 1",
        quoted(month),
        quoted(employed),
        yes(table),
        table.name
    )
}

/// What is true of the rows of a month of the campaign.
pub(super) fn period_is(month: (&str, &str), employed: (&str, &str)) -> String {
    format!("{} = {} AND {} = {}", quoted(month.0), literal(month.1), quoted(employed.0), employed.1)
}

/// A round width for about `parts` parts from `least` to `most`.
pub(super) fn step(least: f64, most: f64, parts: f64) -> f64 {
    let raw = ((most - least) / parts).max(1e-9);
    let magnitude = 10f64.powf(raw.log10().floor());
    let rounded = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| raw <= factor * magnitude * 1.000_001).unwrap_or(10.0);
    rounded * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!((step(17.0, 98.0, 14.0), step(0.0, 999.0, 14.0)), (10.0, 100.0));
        assert!((step(0.6, 5.1, 14.0) - 0.5).abs() < 1e-9);
        assert!(step(1.0, 1.0, 14.0) > 0.0);
    }
}
