//! What the steps of a plan did when it ran.
//!
//! The plan that runs is another tree than the one that is shown: sides of joins are turned round, steps are put together. A step is found
//! again by its kind and by the tables below it; of several such the outer ones come first in both trees.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;

use super::super::scan::ScanExec;
use super::{Measured, Node, Step};

/// A kind of step, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scan,
    Filter,
    Project,
    Aggregate,
    Join,
    Window,
    Sort,
    Limit,
    Append,
    Unnest,
    Values,
    Recursive,
}

/// A step that ran.
struct Ran {
    kind: Kind,
    tables: Vec<String>,
    measured: Measured,
    taken: bool,
}

/// Puts what was measured to the steps of a tree.
pub(super) fn measure(tree: &mut Node, plan: &Arc<dyn ExecutionPlan>) {
    let mut ran = Vec::new();
    collect(plan, &mut ran);
    assign(tree, &mut ran);
    settle(tree);
}

/// The kind of an operator, by what it is called.
fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "FilterExec" => Kind::Filter,
        "ProjectionExec" => Kind::Project,
        "AggregateExec" => Kind::Aggregate,
        "WindowAggExec" | "BoundedWindowAggExec" => Kind::Window,
        "SortExec" | "SortPreservingMergeExec" | "PartialSortExec" => Kind::Sort,
        "GlobalLimitExec" | "LocalLimitExec" => Kind::Limit,
        "UnnestExec" => Kind::Unnest,
        "RecursiveQueryExec" => Kind::Recursive,
        "Sequential" => Kind::Append,
        "PlaceholderRowExec" | "EmptyExec" => Kind::Values,
        name if name.contains("Join") => Kind::Join,
        _ => return None,
    })
}

/// The steps of a plan that ran, outer ones first; gives the tables below.
fn collect(plan: &Arc<dyn ExecutionPlan>, ran: &mut Vec<Ran>) -> Vec<String> {
    let place = ran.len();
    let mut tables = Vec::new();
    let kind = match plan.downcast_ref::<ScanExec>() {
        Some(scan) => {
            tables.push(scan.source().about().name.to_string());
            Some(Kind::Scan)
        }
        None => kind_of(plan.name()),
    };
    let metrics = plan.metrics();
    if let (Some(kind), Some(metrics)) = (kind, metrics) {
        let measured = Measured { rows: metrics.output_rows().unwrap_or(0) as u64, nanos: metrics.elapsed_compute().unwrap_or(0) as u64 };
        ran.push(Ran { kind, tables: Vec::new(), measured, taken: false });
    }
    let own = ran.len() > place;
    for child in plan.children() {
        tables.extend(collect(child, ran));
    }
    tables.sort();
    if own {
        ran[place].tables.clone_from(&tables);
    }
    tables
}

fn assign(node: &mut Node, ran: &mut [Ran]) -> Vec<String> {
    let mut tables = Vec::new();
    if let Step::Scan { about: Some(about), .. } = &node.step {
        tables.push(about.name.to_string());
    }
    let below: Vec<String> = node.inputs.iter().flat_map(tables_of).collect();
    let mut all: Vec<String> = tables.iter().cloned().chain(below).collect();
    all.sort();
    let filtered = matches!(&node.step, Step::Scan { filter, pruning, .. } if !filter.is_empty() || !pruning.is_empty());
    let kind = match &node.step {
        Step::Scan { .. } => Some(Kind::Scan),
        Step::Filter(_) => Some(Kind::Filter),
        Step::Project(_) => Some(Kind::Project),
        Step::Aggregate { .. } => Some(Kind::Aggregate),
        Step::Join(_) => Some(Kind::Join),
        Step::Window { .. } => Some(Kind::Window),
        Step::Sort(_) => Some(Kind::Sort),
        Step::Limit { .. } => Some(Kind::Limit),
        Step::Append => Some(Kind::Append),
        Step::Unnest(_) => Some(Kind::Unnest),
        Step::Values => Some(Kind::Values),
        Step::Recursive(_) => Some(Kind::Recursive),
        Step::Subquery(_) => None,
    };
    let mut take = |kind: Kind| {
        let found = ran.iter_mut().find(|step| !step.taken && step.kind == kind && step.tables == all)?;
        found.taken = true;
        Some(found.measured)
    };
    node.measured = kind.and_then(&mut take);
    if filtered && let Some(filter) = take(Kind::Filter) {
        let nanos = node.measured.map_or(0, |scan| scan.nanos) + filter.nanos;
        node.measured = Some(Measured { rows: filter.rows, nanos });
    }
    for input in node.inputs.iter_mut().chain(&mut node.scalars) {
        assign(input, ran);
    }
    all
}

fn tables_of(node: &Node) -> Vec<String> {
    match &node.step {
        Step::Scan { about: Some(about), .. } => vec![about.name.to_string()],
        _ => node.inputs.iter().flat_map(tables_of).collect(),
    }
}

/// A step that was put together with the one below gives as many rows as that: at most, for a limit, its number.
fn settle(node: &mut Node) {
    for input in node.inputs.iter_mut().chain(&mut node.scalars) {
        settle(input);
    }
    if node.measured.is_some() {
        return;
    }
    let below: Option<u64> = node.inputs.first().and_then(|input| input.measured).map(|measured| measured.rows);
    if let Some(rows) = below {
        let rows = match &node.step {
            Step::Limit { skip, fetch } => rows.saturating_sub(*skip).min(fetch.unwrap_or(u64::MAX)),
            _ => rows,
        };
        node.measured = Some(Measured { rows, nanos: 0 });
    }
}
