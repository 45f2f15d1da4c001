//! Redshift's form of a plan: `XN` steps with cost, rows and width, where rows go between the nodes (`DS_…`), and how the leader merges.
//!
//! Costs are in the units of PostgreSQL, from which Redshift has them, and follow one formula a step:
//!
//! | step | first row | last row |
//! |---|---|---|
//! | `Seq Scan` | 0 | 0.01 a row, and 0.0025 a row and condition |
//! | `S3 Query Scan` | 0 | 0.0225 a row |
//! | `Hash` | its input | its input |
//! | `Hash Join` | its hash | both inputs, 0.01 a row, and the network |
//! | `Merge Join` | 0 | both inputs and 0.01 a row |
//! | `Nested Loop` | its inputs' first rows | both inputs, 0.01 a pair of rows, and the network |
//! | `HashAggregate` | its input, and 0.0025 a row and aggregate | 0.0025 a group more |
//! | `Sort` | its input, 0.0025 a comparison, and 10¹² because it is to be avoided | 0.0025 a row more |
//! | `Window` | its input's first row | its input, and 0.0025 a row and function |
//! | `Limit` | its input's first row | the share of its input that is read |
//!
//! The network costs 0.02 a byte that is sent to every node, and 0.01 a byte that is spread.

use super::super::parse::DistStyle;
use super::super::scan::Place;
use super::build::{condition, inner_name};
use super::{Join, JoinKind, Key, Node, Step};

/// What makes a sort dear.
const SORT: f64 = 1e12;
/// What a row costs.
const ROW: f64 = 0.01;
/// What an operation on a row costs.
const OPERATION: f64 = 0.0025;
/// What a row of an external table costs.
const S3_ROW: f64 = 0.0225;
/// What a byte costs that goes to every node.
const BROADCAST: f64 = 0.02;
/// What a byte costs that goes to one node.
const SPREAD: f64 = 0.01;

/// A line of the plan with what stands below it.
struct Line {
    title: String,
    start: f64,
    end: f64,
    rows: f64,
    width: f64,
    details: Vec<String>,
    below: Vec<Line>,
    /// Names of its columns, for `VERBOSE`.
    output: Vec<String>,
    place: Spread,
    /// Columns that its rows are sorted by, when a table is read in the order of its sort key.
    sorted: Vec<String>,
}

/// Which node a row is on.
#[derive(Debug, Clone, PartialEq)]
enum Spread {
    /// On any.
    Even,
    /// On each.
    All,
    /// On that of the value of one of the columns (relation and name).
    Key(Vec<(String, String)>),
    /// On the leader.
    Leader,
}

/// The lines of a plan.
pub(super) fn lines(node: &Node, verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let line = line(node);
    write(&line, 0, verbose, &mut lines);
    if loops(node) {
        lines.push(NESTED_LOOP.to_owned());
    }
    lines
}

const NESTED_LOOP: &str = "----- Nested Loop Join in the query plan - review the join predicates to avoid Cartesian products -----";

fn loops(node: &Node) -> bool {
    matches!(&node.step, Step::Join(join) if join.on.is_empty()) || node.inputs.iter().chain(&node.scalars).any(loops)
}

fn write(line: &Line, column: usize, verbose: bool, lines: &mut Vec<String>) {
    let figures = format!("(cost={:.2}..{:.2} rows={:.0} width={:.0})", line.start, line.end, line.rows, line.width);
    let arrow = if column == 0 { String::new() } else { format!("{}->  ", " ".repeat(column - 4)) };
    lines.push(format!("{arrow}{}  {figures}", line.title));
    let indent = " ".repeat(column + 2);
    if verbose && !line.output.is_empty() {
        lines.push(format!("{indent}Output: {}", line.output.join(", ")));
    }
    lines.extend(line.details.iter().map(|detail| format!("{indent}{detail}")));
    for below in &line.below {
        write(below, column + 6, verbose, lines);
    }
}

fn line(node: &Node) -> Line {
    let mut shown = step(node);
    for scalar in &node.scalars {
        let scalar = line(scalar);
        shown.start += scalar.end;
        shown.end += scalar.end;
        if !shown.details.iter().any(|detail| detail == "InitPlan") {
            shown.details.push("InitPlan".to_owned());
        }
        shown.below.insert(0, scalar);
    }
    shown.output = node.columns.iter().map(|column| column.text.clone()).collect();
    shown
}

/// A step over one other.
fn over(title: impl Into<String>, node: &Node, (start, end): (f64, f64), details: Vec<String>, below: Line) -> Line {
    let place = below.place.clone();
    Line {
        title: title.into(),
        start,
        end,
        rows: node.rows,
        width: node.width(),
        details,
        below: vec![below],
        output: Vec::new(),
        place,
        sorted: Vec::new(),
    }
}

fn input(node: &Node) -> Line {
    node.inputs.first().map_or_else(|| result(node), line)
}

fn result(node: &Node) -> Line {
    Line {
        title: "XN Result".to_owned(),
        start: 0.0,
        end: ROW * node.rows,
        rows: node.rows,
        width: node.width(),
        details: Vec::new(),
        below: Vec::new(),
        output: Vec::new(),
        place: Spread::All,
        sorted: Vec::new(),
    }
}

fn step(node: &Node) -> Line {
    match &node.step {
        Step::Scan { .. } => scan(node),
        Step::Values => result(node),
        Step::Project(_) => input(node),
        Step::Filter(conditions) => {
            let mut below = input(node);
            below.details.push(format!("Filter: {}", condition(conditions)));
            below.end += below.rows * OPERATION * count(conditions.len());
            below.rows = node.rows;
            below
        }
        Step::Aggregate { keys, calls, .. } => {
            let below = input(node);
            let work = below.rows * OPERATION * count(calls.len().max(1));
            let (start, groups) = (below.end + work, node.rows * OPERATION);
            let leader = if below.place == Spread::Leader { "LD" } else { "XN" };
            if keys.is_empty() {
                return over(format!("{leader} Aggregate"), node, (start, start), Vec::new(), below);
            }
            over(format!("{leader} HashAggregate"), node, (start, start + groups), Vec::new(), below)
        }
        Step::Join(join) => self::join(node, join),
        Step::Window { partition, order, calls } => window(node, partition, order, calls.len()),
        Step::Sort(keys) => sort(node, keys),
        Step::Limit { fetch, .. } => {
            let below = input(node);
            let share = if fetch.is_some() && below.rows > 0.0 { (node.rows / below.rows).min(1.0) } else { 1.0 };
            let end = below.start + (below.end - below.start) * share;
            over("XN Limit", node, (below.start, end), Vec::new(), below)
        }
        Step::Append => {
            let below: Vec<Line> = node
                .inputs
                .iter()
                .enumerate()
                .map(|(index, branch)| {
                    let below = line(branch);
                    let end = below.end + branch.rows * ROW;
                    over(format!("XN Subquery Scan \"*SELECT* {}\"", index + 1), branch, (below.start, end), Vec::new(), below)
                })
                .collect();
            let end = below.iter().map(|line| line.end).sum();
            Line { title: "XN Append".to_owned(), end, below, place: Spread::Even, ..result(node) }
        }
        Step::Unnest(_) => {
            let below = input(node);
            let end = below.end + node.rows * ROW;
            over("XN Unnest", node, (below.start, end), Vec::new(), below)
        }
        Step::Subquery(name) => {
            let below = input(node);
            let end = below.end + node.rows * ROW;
            over(format!("XN Subquery Scan {name}"), node, (below.start, end), Vec::new(), below)
        }
        Step::Recursive(name) => {
            let below: Vec<Line> = node.inputs.iter().map(line).collect();
            let end = below.iter().map(|line| line.end).sum::<f64>() + node.rows * ROW;
            Line { title: format!("XN Recursive Union {name}"), end, below, place: Spread::Even, ..result(node) }
        }
    }
}

fn scan(node: &Node) -> Line {
    let Step::Scan { about, leader, table, alias, filter, pruning, .. } = &node.step else { return result(node) };
    let shown = alias.as_ref().map_or_else(|| table.clone(), |alias| format!("{table} {alias}"));
    let known = alias.as_ref().unwrap_or(table);
    let details: Vec<String> = if filter.is_empty() { Vec::new() } else { vec![format!("Filter: {}", condition(filter))] };
    // What is read is more than what the conditions leave; how much more is known of the warehouse's tables only by the share.
    let read = node.read.max(node.rows);
    match about.as_ref().map(|about| &about.place) {
        Some(Place::Warehouse { style, key, sort_key }) => {
            let place = match (style, key) {
                (Some(DistStyle::All), _) => Spread::All,
                (_, Some(key)) => Spread::Key(vec![(known.clone(), key.clone())]),
                _ => Spread::Even,
            };
            let end = read * (ROW + OPERATION * count(filter.len()));
            Line { title: format!("XN Seq Scan on {shown}"), end, details, place, sorted: sort_key.clone(), ..result(node) }
        }
        Some(Place::Lake { location, format, partitions }) => {
            let full = about.as_ref().map_or_else(|| table.clone(), |about| format!("{}.{}", about.name.schema, about.name.table));
            let seq = Line {
                title: format!("S3 Seq Scan {full} location:\"{location}\" format:{format}"),
                end: read * ROW,
                width: 0.0,
                details,
                ..result(node)
            };
            let query = Line {
                title: format!("XN S3 Query Scan {shown}"),
                end: read * S3_ROW,
                below: vec![seq],
                place: Spread::Even,
                ..result(node)
            };
            if partitions.is_empty() {
                return query;
            }
            let details = if pruning.is_empty() { Vec::new() } else { vec![format!("Filter: {}", condition(pruning))] };
            let info = Line {
                title: format!("XN Seq Scan PartitionInfo of {full}"),
                end: 10.0,
                rows: 1000.0,
                width: 0.0,
                details,
                ..result(node)
            };
            let end = info.end + query.end;
            Line { title: "XN Partition Loop".to_owned(), end, below: vec![info, query], place: Spread::Even, ..result(node) }
        }
        None => {
            let (node_kind, place) = if *leader { ("LD", Spread::Leader) } else { ("XN", Spread::Even) };
            Line { title: format!("{node_kind} Seq Scan on {shown}"), end: read * ROW, details, place, ..result(node) }
        }
    }
}

fn join(node: &Node, join: &Join) -> Line {
    let [outer, inner] = node.inputs.as_slice() else { return result(node) };
    let (outer_line, inner_line) = (line(outer), line(inner));
    let (name, network, place) = distribution(join, (outer, &outer_line), (inner, &inner_line));
    let equal: Vec<String> = join
        .on
        .iter()
        .map(|(one, other)| format!("(\"outer\".{} = \"inner\".{})", inner_name(&one.text), inner_name(&other.text)))
        .collect();
    let mut details = Vec::new();
    if join.on.is_empty() {
        if !join.filter.is_empty() {
            details.push(format!("Join Filter: {}", condition(&join.filter)));
        }
        let pairs = outer.rows * inner.rows;
        let (start, end) = (outer_line.start + inner_line.start, outer_line.end + inner_line.end + pairs * ROW + network);
        let kind = match join.kind {
            JoinKind::Inner => "",
            JoinKind::Left | JoinKind::Right => " Left Join",
            JoinKind::Full => " Full Join",
            JoinKind::Semi => " EXISTS Join",
            JoinKind::Anti => " NOT EXISTS Join",
        };
        return Line {
            title: label("Nested Loop", kind, name),
            start,
            end,
            details,
            below: vec![outer_line, inner_line],
            place,
            ..result(node)
        };
    }
    let kind = match join.kind {
        JoinKind::Inner => " Join",
        JoinKind::Left => " Left Join",
        JoinKind::Right => " Right Join",
        JoinKind::Full => " Full Join",
        JoinKind::Semi => " IN Join",
        JoinKind::Anti => " NOT IN Join",
    };
    // Both sides are on the same nodes and in the order of the columns that are compared.
    let first = |line: &Line| line.sorted.first().cloned();
    let merges = name == Some("DS_DIST_NONE")
        && matches!(join.kind, JoinKind::Inner | JoinKind::Left)
        && join.on.iter().any(|(one, other)| {
            let column = |symbol: &super::Symbol| symbol.origin.as_ref().map(|(_, column)| column.clone());
            column(one).is_some() && first(&outer_line) == column(one) && first(&inner_line) == column(other)
        });
    details.push(format!("{} Cond: {}", if merges { "Merge" } else { "Hash" }, condition(&equal)));
    if !join.filter.is_empty() {
        details.push(format!("Join Filter: {}", condition(&join.filter)));
    }
    let work = node.rows * ROW + network;
    let end = outer_line.end + inner_line.end + work;
    if merges {
        return Line { title: label("Merge", kind, name), end, details, below: vec![outer_line, inner_line], place, ..result(node) };
    }
    let start = inner_line.end;
    let prefix = if inner_line.place == Spread::Leader { "LD Hash" } else { "XN Hash" };
    let hash = Line {
        title: prefix.to_owned(),
        start,
        end: start,
        rows: inner_line.rows,
        width: inner_line.width,
        below: vec![inner_line],
        ..result(inner)
    };
    Line { title: label("Hash", kind, name), start, end, details, below: vec![outer_line, hash], place, ..result(node) }
}

fn label(step: &str, kind: &str, distribution: Option<&str>) -> String {
    match distribution {
        Some(distribution) => format!("XN {step}{kind} {distribution}"),
        None => format!("LD {step}{kind}"),
    }
}

/// How the rows of a join come together: its name, what it costs, and where the rows are then. On the leader nothing has to.
fn distribution(join: &Join, outer: (&Node, &Line), inner: (&Node, &Line)) -> (Option<&'static str>, f64, Spread) {
    let ((outer, outer_line), (inner, inner_line)) = (outer, inner);
    let bytes = |node: &Node, line: &Line| line.rows * node.width().max(1.0);
    let (outer_bytes, inner_bytes) = (bytes(outer, outer_line), bytes(inner, inner_line));
    if outer_line.place == Spread::Leader && inner_line.place == Spread::Leader {
        return (None, 0.0, Spread::Leader);
    }
    if inner_line.place == Spread::All {
        return (Some("DS_DIST_ALL_NONE"), 0.0, outer_line.place.clone());
    }
    if join.on.is_empty() {
        return (Some("DS_BCAST_INNER"), inner_bytes * BROADCAST, outer_line.place.clone());
    }
    let on_key = |line: &Line, side: fn(&(super::Symbol, super::Symbol)) -> &super::Symbol| -> Vec<usize> {
        let Spread::Key(keys) = &line.place else { return Vec::new() };
        let on = join.on.iter().enumerate();
        on.filter(|(_, pair)| side(pair).origin.as_ref().is_some_and(|origin| keys.contains(origin))).map(|(index, _)| index).collect()
    };
    let (outer_on, inner_on) = (on_key(outer_line, |pair| &pair.0), on_key(inner_line, |pair| &pair.1));
    if outer_on.iter().any(|index| inner_on.contains(index)) {
        return (Some("DS_DIST_NONE"), 0.0, outer_line.place.clone());
    }
    if outer_line.place == Spread::All {
        return (Some("DS_DIST_ALL_INNER"), inner_bytes * SPREAD, Spread::Even);
    }
    let small = inner_bytes * 10.0 < outer_bytes && join.kind != JoinKind::Full;
    if small {
        return (Some("DS_BCAST_INNER"), inner_bytes * BROADCAST, outer_line.place.clone());
    }
    if !outer_on.is_empty() {
        return (Some("DS_DIST_INNER"), inner_bytes * SPREAD, outer_line.place.clone());
    }
    if !inner_on.is_empty() {
        return (Some("DS_DIST_OUTER"), outer_bytes * SPREAD, inner_line.place.clone());
    }
    let keys = join.on.iter().flat_map(|(one, other)| [one, other]).filter_map(|symbol| symbol.origin.clone()).collect();
    (Some("DS_DIST_BOTH"), (outer_bytes + inner_bytes) * SPREAD, Spread::Key(keys))
}

fn key_text(keys: &[Key]) -> String {
    keys.iter().map(|key| key.text.as_str()).collect::<Vec<_>>().join(", ")
}

/// Sorting costs comparisons.
fn sorted(rows: f64, end: f64) -> (f64, f64) {
    let start = SORT + end + rows * rows.max(2.0).log2() * OPERATION;
    (start, start + rows * OPERATION)
}

/// Every node sorts its rows, and the leader merges them.
fn sort(node: &Node, keys: &[Key]) -> Line {
    let below = input(node);
    let costs = sorted(below.rows, below.end);
    if below.place == Spread::Leader {
        return over("LD Sort", node, costs, vec![format!("Sort Key: {}", key_text(keys))], below);
    }
    let sort = over("XN Sort", node, costs, vec![format!("Sort Key: {}", key_text(keys))], below);
    let network = over("XN Network", node, costs, vec!["Send to leader".to_owned()], sort);
    over("XN Merge", node, costs, vec![format!("Merge Key: {}", key_text(keys))], network)
}

/// The rows of a partition come together on one node and are sorted there.
fn window(node: &Node, partition: &[String], order: &[Key], calls: usize) -> Line {
    let mut below = input(node);
    let mut details = Vec::new();
    if !partition.is_empty() {
        details.push(format!("Partition: {}", partition.join(", ")));
    }
    if !order.is_empty() {
        details.push(format!("Order: {}", key_text(order)));
    }
    let inner = node.inputs.first().unwrap_or(node);
    let by: Vec<String> = partition.iter().cloned().chain(order.iter().map(|key| key.text.clone())).collect();
    if !by.is_empty() {
        if below.place != Spread::Leader {
            let costs = (below.start, below.end);
            let goes = if partition.is_empty() { "Send to slice 0" } else { "Distribute" };
            below = over("XN Network", inner, costs, vec![goes.to_owned()], below);
        }
        let costs = sorted(below.rows, below.end);
        below = over("XN Sort", inner, costs, vec![format!("Sort Key: {}", by.join(", "))], below);
    }
    let costs = (below.start, below.end + node.rows * OPERATION * count(calls.max(1)));
    over("XN Window", node, costs, details, below)
}

#[expect(clippy::cast_precision_loss, reason = "steps have few conditions")]
fn count(number: usize) -> f64 {
    number as f64
}
