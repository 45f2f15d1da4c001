//! What `EXPLAIN` answers, as a tree.

/// A node of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanNode {
    /// How deep it is; a root is 0.
    pub depth: usize,
    /// What is done: `XN Seq Scan on data`.
    pub title: String,
    /// The planner's cost up to its end, in its own unit.
    pub cost: Option<f64>,
    /// Rows expected.
    pub rows: Option<f64>,
    /// Bytes of a row (Redshift), or of all of them (Athena).
    pub bytes: Option<f64>,
    /// Filters, conditions, keys: what stands below the title.
    pub details: Vec<String>,
}

/// A plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Nodes, each before its children.
    pub nodes: Vec<PlanNode>,
}

/// Reads the lines of a plan: Redshift's (`->  XN Seq Scan on data  (cost=0.00..1.00 rows=1 width=4)`), Trino's (`└─ TableScan[…]`), and
/// plans that only indent.
pub fn read(lines: &[String]) -> Plan {
    let mut plan = Plan::default();
    // The columns at which the ancestors of the present node begin.
    let mut columns: Vec<usize> = Vec::new();
    for line in lines.iter().flat_map(|line| line.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let (column, text, marked) = place(line);
        let starts_node = plan.nodes.is_empty() || marked || is_operator(text, column, &columns);
        if !starts_node {
            if let Some(node) = plan.nodes.last_mut() {
                note(node, text);
            }
            continue;
        }
        while columns.last().is_some_and(|last| *last >= column) {
            columns.pop();
        }
        let mut node = PlanNode { depth: columns.len(), title: String::new(), cost: None, rows: None, bytes: None, details: Vec::new() };
        columns.push(column);
        let (title, figures) = split_figures(text);
        node.title = title.to_owned();
        read_figures(&mut node, figures);
        plan.nodes.push(node);
    }
    plan
}

/// The column of what a line says, the text, and whether it is marked as a node.
fn place(line: &str) -> (usize, &str, bool) {
    let drawing = |c: char| matches!(c, ' ' | '│' | '└' | '├' | '─' | '\t');
    let lead = line.chars().take_while(|c| drawing(*c)).count();
    let text = line.trim_start_matches(drawing);
    let branch = line.chars().take(lead).any(|c| matches!(c, '└' | '├'));
    for mark in ["->", "- "] {
        if let Some(rest) = text.strip_prefix(mark) {
            let rest = rest.trim_start();
            return (lead, rest, true);
        }
    }
    (lead, text, branch)
}

/// A line without a mark is a node when it begins an operator: Trino's fragments, and plans that are drawn by indentation alone.
fn is_operator(text: &str, column: usize, columns: &[usize]) -> bool {
    if text.starts_with("Fragment ") {
        return true;
    }
    let name = text.split([':', '[', '(', ' ']).next().unwrap_or_default();
    let plain = text.strip_prefix(name).unwrap_or_default();
    let exec = name.ends_with("Exec") || matches!(name, "Projection" | "TableScan" | "Aggregate" | "Sort" | "Limit" | "SubqueryAlias");
    exec && (plain.is_empty() || plain.starts_with(':')) && columns.last().is_none_or(|last| column != last + 1)
}

fn split_figures(text: &str) -> (&str, &str) {
    match text.find("(cost=") {
        Some(at) => (text[..at].trim_end(), &text[at..]),
        None => (text.trim_end(), ""),
    }
}

fn read_figures(node: &mut PlanNode, figures: &str) {
    let after = |name: &str| figures.find(name).map(|at| &figures[at + name.len()..]);
    let number = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        text[..end].trim_end_matches('.').parse::<f64>().ok()
    };
    if let Some(cost) = after("cost=") {
        node.cost = cost.split_once("..").and_then(|(_, end)| number(end));
    }
    node.rows = after("rows=").and_then(number);
    node.bytes = after("width=").and_then(number);
}

/// A line below a title: Trino's estimates are figures, the rest is a detail.
fn note(node: &mut PlanNode, text: &str) {
    if let Some(estimates) = text.strip_prefix("Estimates: ") {
        // {rows: 41188 (4.83MB), cpu: 4.83M, memory: 0B, network: 0B}
        let rows = estimates.find("rows: ").map(|at| &estimates[at + 6..]);
        node.rows = rows.and_then(|rows| rows.split([' ', ',', '}']).next()).and_then(scaled);
        node.bytes = rows.and_then(|rows| rows.split_once('(')).and_then(|(_, rest)| rest.split(')').next()).and_then(scaled);
        return;
    }
    node.details.push(text.trim_end().to_owned());
}

/// `4.83M`, `12B`, `1.5kB`, `41188`.
fn scaled(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number = text[..end].parse::<f64>().ok()?;
    let scale = match text[end..].chars().next() {
        Some('k' | 'K') => 1e3,
        Some('M') => 1e6,
        Some('G') => 1e9,
        Some('T') => 1e12,
        _ => 1.0,
    };
    Some(number * scale)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_warehouse_says_cost_rows_and_width() {
        let plan = read(&lines(
            "XN HashAggregate  (cost=515.00..517.50 rows=1000 width=9)\n  ->  XN Hash Join DS_DIST_NONE  (cost=1.25..412.03 rows=20594 width=9)\n        Hash Cond: (\"outer\".id = \"inner\".id)\n        ->  XN Seq Scan on data  (cost=0.00..411.88 rows=41188 width=9)\n              Filter: (age > 30)\n        ->  XN Hash  (cost=1.00..1.00 rows=100 width=4)",
        ));
        let told: Vec<(usize, &str, Option<f64>)> = plan.nodes.iter().map(|node| (node.depth, node.title.as_str(), node.rows)).collect();
        assert_eq!(
            told,
            [
                (0, "XN HashAggregate", Some(1000.0)),
                (1, "XN Hash Join DS_DIST_NONE", Some(20594.0)),
                (2, "XN Seq Scan on data", Some(41188.0)),
                (2, "XN Hash", Some(100.0)),
            ]
        );
        assert_eq!(plan.nodes[0].cost, Some(517.5));
        assert_eq!(plan.nodes[1].details, ["Hash Cond: (\"outer\".id = \"inner\".id)"]);
        assert_eq!(plan.nodes[2].details, ["Filter: (age > 30)"]);
    }

    #[test]
    fn the_lake_draws_branches() {
        let plan = read(&lines(
            "Query Plan\nFragment 0 [SINGLE]\n    Output layout: [month, count]\n    Output[columnNames = [month, _col1]]\n    │   Layout: [month:varchar]\n    │   Estimates: {rows: 12 (1.2kB), cpu: 0, memory: 0B, network: 0B}\n    └─ RemoteSource[sourceFragmentIds = [1]]\n           Layout: [month:varchar]",
        ));
        let last = plan.nodes.last().unwrap();
        assert_eq!(last.title, "RemoteSource[sourceFragmentIds = [1]]");
        assert!(last.depth >= 1);
        assert_eq!(last.details, ["Layout: [month:varchar]"]);
        assert!(plan.nodes.iter().any(|node| node.rows == Some(12.0) && node.bytes == Some(1200.0)));
    }

    #[test]
    fn a_plan_that_only_indents_is_a_tree_too() {
        let plan = read(&lines("ProjectionExec: expr=[month]\n  FilterExec: age > 30\n    DataSourceExec: file_groups={1 group}"));
        assert_eq!(plan.nodes.iter().map(|node| node.depth).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn nothing_is_no_tree() {
        assert!(read(&[]).nodes.is_empty());
        assert_eq!(read(&["x".into()]).nodes.len(), 1);
    }
}
