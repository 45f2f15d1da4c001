//! Pictures of the data: how often each value of a column occurs, and how many of those customers said yes. Computed by SQL where the
//! data is; no table is pulled.

use std::collections::BTreeMap;

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::demo::dataset;
use crate::demo::scenario::Scenario;
use crate::demo::sql::{self, Quotes};
use crate::ops::OpError;
use crate::ops::query::{Cell, QueryEngine, QueryRequest, QueryResult};

/// Bars of a numeric column at most, about.
const BARS: f64 = 14.0;

/// Where the table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who answers.
    pub engine: QueryEngine,
    /// The table, quoted.
    pub table: String,
}

impl Source {
    /// The table in the warehouse.
    pub fn warehouse(scenario: &Scenario) -> Source {
        let table = format!("{}.{}", identifier(&scenario.schema), identifier(&scenario.table));
        Source { engine: QueryEngine::Redshift, table }
    }

    /// The table in the lake.
    pub fn lake(scenario: &Scenario) -> Source {
        let table = format!("{}.{}", identifier(&scenario.glue_database), identifier(&scenario.glue_table));
        Source { engine: QueryEngine::Athena, table }
    }
}

/// A column that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExploreColumn {
    /// Its name.
    pub name: String,
    /// Whether it is drawn as a histogram.
    pub numeric: bool,
}

/// The whole table in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Rows.
    pub rows: u64,
    /// Rows whose target is positive.
    pub yes: u64,
    /// Smallest and largest value of each numeric column.
    pub ranges: BTreeMap<String, (f64, f64)>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The value, or the range of values.
    pub label: String,
    /// Rows.
    pub count: u64,
    /// Rows whose target is positive.
    pub yes: u64,
}

impl Bar {
    /// The share of positive answers.
    pub fn rate(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.yes as f64 / self.count as f64 }
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The column.
    pub column: ExploreColumn,
    /// The bars, in order.
    pub bars: Vec<Bar>,
    /// The statement behind it.
    pub sql: String,
    /// Who answered it.
    pub engine: QueryEngine,
}

/// What an awaited answer is about.
#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Profile,
    Column(ExploreColumn, String),
}

/// The state of the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The columns.
    pub columns: Vec<ExploreColumn>,
    /// Selection.
    pub list: ListState,
    /// Where the table is, once there is one.
    pub source: Option<Source>,
    /// The whole table.
    pub profile: Option<Profile>,
    /// The pictures drawn so far.
    pub charts: BTreeMap<String, Chart>,
    /// The column on show.
    pub shown: Option<String>,
    /// Why there is no picture.
    pub error: Option<OpError>,
    /// What is awaited.
    pub query: Latest,
    asked: Option<Asked>,
}

/// What happens to the exploration.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A statement was answered.
    Answered(Ticket, Box<Result<QueryResult, OpError>>),
}

impl Default for State {
    fn default() -> Self {
        let columns = dataset::COLUMNS
            .iter()
            .filter(|column| column.name != dataset::TARGET)
            .map(|column| ExploreColumn { name: column.name.to_owned(), numeric: !matches!(column.kind, dataset::ColumnType::Text) })
            .collect();
        State {
            columns,
            list: ListState::default(),
            source: None,
            profile: None,
            charts: BTreeMap::new(),
            shown: None,
            error: None,
            query: Latest::default(),
            asked: None,
        }
    }
}

impl State {
    /// Sets where the table is. Another place means that everything is asked again.
    pub fn set_source(&mut self, source: Option<Source>) {
        if self.source != source {
            self.source = source;
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.profile = None;
        self.charts.clear();
        self.shown = None;
        self.error = None;
        self.query.abandon();
        self.asked = None;
    }

    /// Asks for what is missing to draw the selected column.
    pub fn want(&mut self) -> Vec<Effect> {
        if self.error.is_some() || self.query.pending() {
            return Vec::new();
        }
        let Some(source) = self.source.clone() else { return Vec::new() };
        let Some(profile) = &self.profile else {
            let sql = profile_sql(&source, &self.columns);
            return self.ask(Asked::Profile, &source, sql);
        };
        let Some(column) = self.columns.get(self.list.selected).cloned() else { return Vec::new() };
        if self.charts.contains_key(&column.name) {
            self.shown = Some(column.name);
            return Vec::new();
        }
        let sql = match profile.ranges.get(&column.name) {
            Some((min, max)) => histogram_sql(&source, &column.name, bucket(*min, *max)),
            None => frequencies_sql(&source, &column.name),
        };
        self.ask(Asked::Column(column, sql.clone()), &source, sql)
    }

    fn ask(&mut self, asked: Asked, source: &Source, sql: String) -> Vec<Effect> {
        self.asked = Some(asked);
        let request = QueryRequest { engine: source.engine, sql, parameters: Vec::new(), page_size: 1000 };
        vec![Effect::Explore { ticket: self.query.issue(), request }]
    }

    /// Asks for everything again.
    pub fn refresh(&mut self) -> Vec<Effect> {
        self.clear();
        self.want()
    }

    /// The picture on show.
    pub fn chart(&self) -> Option<&Chart> {
        self.charts.get(self.shown.as_ref()?)
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let Msg::Answered(ticket, answer) = msg;
        if !self.query.settle(ticket) {
            return Vec::new();
        }
        let asked = self.asked.take();
        match (*answer, asked) {
            (Ok(result), Some(Asked::Profile)) => {
                self.profile = Some(read_profile(&result, &self.columns));
                self.want()
            }
            (Ok(result), Some(Asked::Column(column, sql))) => {
                let width = self.profile.as_ref().and_then(|profile| profile.ranges.get(&column.name)).map(|(min, max)| bucket(*min, *max));
                let bars = read_bars(&result, width);
                self.shown = Some(column.name.clone());
                let engine = result.engine;
                self.charts.insert(column.name.clone(), Chart { column, bars, sql, engine });
                // Somebody may have gone on to another column meanwhile.
                self.want()
            }
            (Err(error), _) => {
                self.error = Some(error);
                Vec::new()
            }
            (Ok(_), None) => Vec::new(),
        }
    }
}

fn identifier(name: &str) -> String {
    sql::identifier(Quotes::Double, name)
}

fn positive() -> String {
    format!("sum(CASE WHEN {} = {} THEN 1 ELSE 0 END)", identifier(dataset::TARGET), sql::literal(dataset::POSITIVE))
}

fn profile_sql(source: &Source, columns: &[ExploreColumn]) -> String {
    let mut sql = format!("SELECT count(*) AS customers, {} AS subscribed", positive());
    for column in columns.iter().filter(|column| column.numeric) {
        let name = identifier(&column.name);
        sql.push_str(&format!(",\n       min({name}), max({name})"));
    }
    sql.push_str(&format!("\nFROM {}", source.table));
    sql
}

fn frequencies_sql(source: &Source, column: &str) -> String {
    format!(
        "SELECT {} AS value, count(*) AS customers, {} AS subscribed\nFROM {}\nGROUP BY 1\nORDER BY 2 DESC",
        identifier(column),
        positive(),
        source.table
    )
}

fn histogram_sql(source: &Source, column: &str, width: f64) -> String {
    format!(
        "SELECT floor({} / {width:?}) AS bucket, count(*) AS customers, {} AS subscribed\nFROM {}\nGROUP BY 1\nORDER BY 1",
        identifier(column),
        positive(),
        source.table
    )
}

/// A round width for about [`BARS`] buckets from `min` to `max`.
fn bucket(min: f64, max: f64) -> f64 {
    let raw = ((max - min) / BARS).max(1e-9);
    let magnitude = 10f64.powf(raw.log10().floor());
    let rounded = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| raw <= factor * magnitude * 1.000_001).unwrap_or(10.0);
    rounded * magnitude
}

fn number(cell: Option<&Cell>) -> Option<f64> {
    match cell? {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Float(number) => Some(*number),
        Cell::Text(text) => text.parse().ok(),
        Cell::Null | Cell::Boolean(_) => None,
    }
}

fn read_profile(result: &QueryResult, columns: &[ExploreColumn]) -> Profile {
    let row = result.page.rows.first();
    let at = |index: usize| number(row.and_then(|row| row.get(index)));
    let ranges = columns
        .iter()
        .filter(|column| column.numeric)
        .enumerate()
        .filter_map(|(index, column)| Some((column.name.clone(), (at(2 + 2 * index)?, at(3 + 2 * index)?))))
        .collect();
    Profile { rows: at(0).unwrap_or(0.0) as u64, yes: at(1).unwrap_or(0.0) as u64, ranges }
}

fn read_bars(result: &QueryResult, width: Option<f64>) -> Vec<Bar> {
    let mut bars: Vec<Bar> = result
        .page
        .rows
        .iter()
        .map(|row| {
            let label = match (row.first(), width) {
                (Some(Cell::Null) | None, _) => "NULL".to_owned(),
                (cell, Some(width)) => number(cell).map_or_else(String::new, |bucket| range_label(bucket, width)),
                (Some(cell), None) => cell.text(),
            };
            Bar { label, count: number(row.get(1)).unwrap_or(0.0) as u64, yes: number(row.get(2)).unwrap_or(0.0) as u64 }
        })
        .collect();
    if width.is_none() {
        in_calendar_order(&mut bars);
    }
    bars
}

fn range_label(bucket: f64, width: f64) -> String {
    let digits = if width >= 1.0 { 0 } else { (-width.log10()).ceil() as usize };
    let from = bucket * width;
    if (width - 1.0).abs() < f64::EPSILON {
        return format!("{from:.0}");
    }
    format!("{from:.digits$} – {:.digits$}", from + width)
}

/// Months and weekdays are read in the order of the calendar, other values by how often they occur.
fn in_calendar_order(bars: &mut [Bar]) {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    for calendar in [&MONTHS[..], &DAYS[..]] {
        let place = |bar: &Bar| calendar.iter().position(|name| *name == bar.label.to_lowercase());
        if bars.len() > 2 && bars.iter().all(|bar| place(bar).is_some()) {
            bars.sort_by_key(place);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::ops::query::{Page, QueryColumn};

    fn result(rows: Vec<Vec<Cell>>) -> QueryResult {
        let columns = vec![QueryColumn { name: "x".into(), type_name: "varchar".into(), numeric: false }];
        let page = Page { rows, next: None };
        QueryResult {
            id: "1".into(),
            engine: QueryEngine::Redshift,
            columns,
            page,
            total_rows: None,
            duration: Duration::ZERO,
            scanned_bytes: None,
            result_bytes: None,
        }
    }

    fn ticket(effects: &[Effect]) -> (Ticket, String) {
        match effects {
            [Effect::Explore { ticket, request }] => (*ticket, request.sql.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn buckets_are_round() {
        assert_eq!(bucket(17.0, 98.0), 10.0);
        assert_eq!(bucket(0.0, 999.0), 100.0);
        assert!((bucket(0.6, 5.1) - 0.5).abs() < 1e-9);
        assert!(bucket(1.0, 1.0) > 0.0);
    }

    #[test]
    fn months_are_in_the_order_of_the_year() {
        let row = |label: &str| vec![Cell::Text(label.into()), Cell::Integer(10), Cell::Integer(1)];
        let bars = read_bars(&result(vec![row("may"), row("dec"), row("apr")]), None);
        assert_eq!(bars.iter().map(|bar| bar.label.as_str()).collect::<Vec<_>>(), ["apr", "may", "dec"]);
    }

    #[test]
    fn the_profile_comes_first_then_the_column() {
        let mut state = State::default();
        assert!(state.want().is_empty(), "nothing to explore yet");
        state.set_source(Some(Source { engine: QueryEngine::Redshift, table: "\"dm\".\"data\"".into() }));
        let (profile, sql) = ticket(&state.want());
        assert!(sql.contains("count(*)") && sql.contains("min(age)"));
        let mut row = vec![Cell::Integer(41_188), Cell::Integer(4_640)];
        for column in state.columns.iter().filter(|column| column.numeric) {
            let low = if column.name == "age" { 17 } else { 0 };
            row.extend([Cell::Integer(low), Cell::Integer(98)]);
        }
        let (column, sql) = ticket(&state.update(Msg::Answered(profile, Box::new(Ok(result(vec![row]))))));
        assert!(sql.contains("floor(age / 10.0)"), "{sql}");
        let rows = vec![vec![Cell::Float(1.0), Cell::Integer(4), Cell::Integer(1)]];
        assert!(state.update(Msg::Answered(column, Box::new(Ok(result(rows))))).is_empty());
        let chart = state.chart().unwrap();
        assert_eq!(chart.bars[0].label, "10 – 20");
        assert!((chart.bars[0].rate() - 0.25).abs() < 1e-12);
    }
}
