//! Fragments and operators as lines of text.

use std::time::Duration;

use super::{Fragment, Operator, Symbol, Times, list, names};

/// The lines of a plan that is cut into fragments.
pub(super) fn fragments(fragments: &[Fragment], times: Option<Times>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut total = 0;
    if let Some(times) = times {
        lines.push(format!(
            "Queued: 0.00ns, Analysis: 0.00ns, Planning: {}, Execution: {}",
            duration(times.planning),
            duration(times.execution)
        ));
        total = fragments.iter().map(|fragment| nanos(&fragment.root)).sum();
    }
    for fragment in fragments {
        if !lines.is_empty() && times.is_none() {
            lines.push(String::new());
        }
        lines.push(format!("Fragment {} [{}]", fragment.id, fragment.kind));
        if times.is_some() {
            lines.push(format!("    {}", measured(fragment)));
        }
        lines.push(format!("    Output layout: {}", list(&names(&fragment.layout))));
        lines.push(format!("    Output partitioning: {}", fragment.partitioning));
        lines.extend(operators(&fragment.root, total).into_iter().map(|line| format!("    {line}")));
    }
    lines
}

fn nanos(operator: &Operator) -> u64 {
    operator.measured.map_or(0, |measured| measured.nanos) + operator.below.iter().map(nanos).sum::<u64>()
}

fn measured(fragment: &Fragment) -> String {
    let read = inputs(&fragment.root);
    let written = fragment.root.measured.map_or(0, |measured| measured.rows);
    format!("CPU: {}, Input: {read} rows, Output: {written} rows", duration(Duration::from_nanos(nanos(&fragment.root))))
}

/// Rows that come into a fragment.
fn inputs(operator: &Operator) -> u64 {
    match operator.below.as_slice() {
        [] => operator.measured.map_or(0, |measured| measured.rows),
        below => below.iter().map(inputs).sum(),
    }
}

/// The lines of operators, drawn as a tree. `total` is the time of all in nanoseconds, 0 when none was measured.
pub(super) fn operators(root: &Operator, total: u64) -> Vec<String> {
    let mut lines = Vec::new();
    draw(root, "", "", total, &mut lines);
    lines
}

fn draw(operator: &Operator, mark: &str, indent: &str, total: u64, lines: &mut Vec<String>) {
    lines.push(format!("{mark}{}", title(operator)));
    let lead = if operator.below.is_empty() { format!("{indent}    ") } else { format!("{indent}│   ") };
    lines.push(format!("{lead}Layout: {}", layout(&operator.layout)));
    if !operator.name.starts_with("Remote") || operator.descriptor.iter().any(|(name, _)| *name == "type") {
        lines.push(format!("{lead}Estimates: {}", estimates(operator)));
    }
    if let Some(measured) = operator.measured.filter(|_| total > 0) {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = measured.nanos as f64 / total as f64 * 100.0;
        let time = duration(Duration::from_nanos(measured.nanos));
        lines.push(format!("{lead}CPU: {time} ({share:.2}%), Output: {} rows", measured.rows));
    }
    lines.extend(operator.details.iter().map(|detail| format!("{lead}{detail}")));
    let last = operator.below.len().saturating_sub(1);
    for (index, below) in operator.below.iter().enumerate() {
        let (branch, deeper) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(below, &format!("{indent}{branch}"), &format!("{indent}{deeper}"), total, lines);
    }
}

/// An operator with what stands in its brackets. An aggregation has its part in parentheses and its keys in brackets.
fn title(operator: &Operator) -> String {
    let of = |wanted: &str| operator.descriptor.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    if operator.name == "Aggregate" {
        let part = of("type").map(|part| format!("({part})")).unwrap_or_default();
        return format!("Aggregate{part}{}", of("keys").unwrap_or_default());
    }
    let inner: Vec<String> = operator.descriptor.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{}[{}]", operator.name, inner.join(", "))
}

fn layout(symbols: &[Symbol]) -> String {
    let all: Vec<String> = symbols.iter().map(|symbol| format!("{}:{}", symbol.text, symbol.kind.trino_text())).collect();
    list(&all)
}

fn estimates(operator: &Operator) -> String {
    let cost = operator.cost;
    format!(
        "{{rows: {:.0} ({}), cpu: {}, memory: {}, network: {}}}",
        operator.rows,
        size(operator.bytes()),
        scaled(cost.cpu),
        size(cost.memory),
        size(cost.network)
    )
}

/// `4.83M`, `225`.
fn scaled(number: f64) -> String {
    for (scale, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")] {
        if number >= scale {
            return format!("{:.2}{unit}", number / scale);
        }
    }
    format!("{number:.0}")
}

/// `4.83MB`, `225B`.
fn size(bytes: f64) -> String {
    for (scale, unit) in [(f64::from(1 << 30), "GB"), (f64::from(1 << 20), "MB"), (1024.0, "kB")] {
        if bytes >= scale {
            return format!("{:.2}{unit}", bytes / scale);
        }
    }
    format!("{bytes:.0}B")
}

/// `1.25ms`, `3.00s`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s >= 60.0 => format!("{:.2}m", s / 60.0),
        s if s >= 1.0 => format!("{s:.2}s"),
        s if s >= 1e-3 => format!("{:.2}ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2}us", s * 1e6),
        s => format!("{:.2}ns", s * 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!([scaled(225.0), scaled(4_830_000.0)], ["225", "4.83M"]);
        assert_eq!([size(225.0), size(2048.0), size(5.0 * 1024.0 * 1024.0)], ["225B", "2.00kB", "5.00MB"]);
        assert_eq!([duration(Duration::from_micros(1250)), duration(Duration::from_secs(3))], ["1.25ms", "3.00s"]);
    }
}
