//! Trino's form of a plan: fragments that run on workers, with exchanges between them.
//!
//! How a query is spread over workers follows Trino's planner for tables without statistics of their columns: groups are aggregated in
//! parts where they can be, a small side of a join goes to every worker, and what is sorted is merged at the end.

mod text;

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::scan::Place;
use super::build::condition;
use super::{Join, JoinKind, Key, Measured, Node, Step, Symbol};

/// Bytes up to which a side of a join is sent to every worker.
const BROADCAST: f64 = 100e6;
/// The catalog of the lake's tables.
const CATALOG: &str = "awsdatacatalog";

/// In which form a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// How long a statement took that was run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub planning: Duration,
    pub execution: Duration,
}

/// An operator of Trino's.
#[derive(Debug, Clone)]
struct Operator {
    name: &'static str,
    /// What stands in brackets: names and values.
    descriptor: Vec<(&'static str, String)>,
    layout: Vec<Symbol>,
    details: Vec<String>,
    rows: f64,
    cost: Cost,
    measured: Option<Measured>,
    below: Vec<Operator>,
    /// Where an exchange between workers is: how the fragment below it gives its rows.
    exchange: Option<Exchange>,
}

/// What an operator costs, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    cpu: f64,
    memory: f64,
    network: f64,
}

/// How rows go from one fragment to the next.
#[derive(Debug, Clone, PartialEq)]
enum Exchange {
    /// To one worker.
    Single,
    /// To one worker, which keeps their order.
    Merge,
    /// To the worker of the values of columns.
    Hash(Vec<String>),
    /// By turns.
    RoundRobin,
    /// To every worker.
    Broadcast,
}

/// Where the rows of an operator are.
#[derive(Debug, Clone, PartialEq)]
enum Spread {
    /// On the workers that read them.
    Source,
    /// On the workers of the values of columns.
    Hash(Vec<String>),
    /// By turns.
    RoundRobin,
    /// On one worker.
    Single,
}

/// A part of a plan that runs on the same workers.
struct Fragment {
    id: usize,
    kind: &'static str,
    layout: Vec<Symbol>,
    partitioning: String,
    root: Operator,
}

/// The lines (or the document) of a plan. `labels` are the names of the result's columns.
pub(super) fn lines(tree: &Node, labels: &[String], logical: bool, form: Form, times: Option<Times>) -> Vec<String> {
    let (root, spread) = lower(tree);
    let root = if spread == Spread::Single { root } else { exchanged(root, Exchange::Single) };
    let details = labels.iter().zip(&tree.columns).filter(|(label, symbol)| **label != symbol.text);
    let output = Operator {
        name: "Output",
        descriptor: vec![("columnNames", list(labels))],
        details: details.map(|(label, symbol)| format!("{label} := {}", symbol.text)).collect(),
        layout: tree.columns.clone(),
        rows: tree.rows,
        cost: Cost::default(),
        measured: tree.measured,
        below: vec![root],
        exchange: None,
    };
    if logical {
        return match form {
            Form::Text => text::operators(&output, 0),
            Form::Json => vec![pretty(&document(&output, &mut 0))],
        };
    }
    let fragments = cut(output);
    match form {
        Form::Text => text::fragments(&fragments, times),
        Form::Json => {
            let mut all = Map::new();
            let mut id = 0;
            for fragment in &fragments {
                all.insert(fragment.id.to_string(), document(&fragment.root, &mut id));
            }
            vec![pretty(&Value::Object(all))]
        }
    }
}

fn pretty(value: &Value) -> String {
    // A document of values that are all representable.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

fn names(layout: &[Symbol]) -> Vec<String> {
    layout.iter().map(|symbol| symbol.text.clone()).collect()
}

/// Cuts a plan at its exchanges, from the fragment that gives the result.
fn cut(root: Operator) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    cut_from(root, 0, "SINGLE []".to_owned(), &mut fragments, &mut 1);
    fragments.sort_by_key(|fragment| fragment.id);
    fragments
}

/// Cuts a fragment and those below it; the next fragment has the number `next`.
fn cut_from(mut root: Operator, id: usize, partitioning: String, fragments: &mut Vec<Fragment>, next: &mut usize) {
    let layout = root.layout.clone();
    let kind = kind_of(&root);
    let mut below = Vec::new();
    detach(&mut root, next, &mut below);
    fragments.push(Fragment { id, kind, layout, partitioning, root });
    for (id, exchange, operator) in below {
        cut_from(operator, id, partitioning_of(&exchange), fragments, next);
    }
}

fn partitioning_of(exchange: &Exchange) -> String {
    match exchange {
        Exchange::Single | Exchange::Merge => "SINGLE []".to_owned(),
        Exchange::Hash(keys) => format!("HASH {}", list(keys)),
        Exchange::RoundRobin => "ROUND_ROBIN []".to_owned(),
        Exchange::Broadcast => "BROADCAST []".to_owned(),
    }
}

/// Puts what reads another fragment in the place of each exchange, and gives what was below.
fn detach(operator: &mut Operator, next: &mut usize, below: &mut Vec<(usize, Exchange, Operator)>) {
    if let Some(exchange) = operator.exchange.take() {
        let id = *next;
        *next += 1;
        operator.name = if exchange == Exchange::Merge { "RemoteMerge" } else { "RemoteSource" };
        operator.descriptor = vec![("sourceFragmentIds", format!("[{id}]"))];
        if let Some(input) = operator.below.pop() {
            below.push((id, exchange, input));
        }
        return;
    }
    for input in &mut operator.below {
        detach(input, next, below);
    }
}

/// On which workers a fragment runs, from what it reads.
fn kind_of(root: &Operator) -> &'static str {
    if root.name == "Output" {
        return "SINGLE";
    }
    let mut kinds = Vec::new();
    reads(root, &mut kinds);
    ["SOURCE", "HASH", "ROUND_ROBIN", "SINGLE"].into_iter().find(|kind| kinds.contains(kind)).unwrap_or("SINGLE")
}

fn reads(operator: &Operator, kinds: &mut Vec<&'static str>) {
    match &operator.exchange {
        Some(Exchange::Single | Exchange::Merge) => return kinds.push("SINGLE"),
        Some(Exchange::Hash(_)) => return kinds.push("HASH"),
        Some(Exchange::RoundRobin) => return kinds.push("ROUND_ROBIN"),
        // What goes to every worker does not decide where they are.
        Some(Exchange::Broadcast) => return,
        None => {}
    }
    if operator.name.contains("Scan") {
        kinds.push("SOURCE");
    }
    operator.below.iter().for_each(|input| reads(input, kinds));
}

fn document(operator: &Operator, id: &mut usize) -> Value {
    let own = *id;
    *id += 1;
    let descriptor: Map<String, Value> =
        operator.descriptor.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    let outputs: Vec<Value> =
        operator.layout.iter().map(|symbol| json!({ "symbol": symbol.text, "type": symbol.kind.trino_text() })).collect();
    let mut document = json!({
        "id": own.to_string(),
        "name": operator.name,
        "descriptor": descriptor,
        "outputs": outputs,
        "details": operator.details,
        "estimates": [{
            "outputRowCount": operator.rows,
            "outputSizeInBytes": operator.bytes(),
            "cpuCost": operator.cost.cpu,
            "memoryCost": operator.cost.memory,
            "networkCost": operator.cost.network,
        }],
    });
    if let Some(measured) = operator.measured {
        document["stats"] = json!({ "outputRows": measured.rows, "cpuNanos": measured.nanos });
    }
    let below: Vec<Value> = operator.below.iter().map(|input| self::document(input, id)).collect();
    document["children"] = Value::from(below);
    document
}

impl Operator {
    fn bytes(&self) -> f64 {
        self.rows * self.layout.iter().map(|symbol| super::estimate::width(&symbol.kind)).sum::<f64>()
    }
}

/// An operator for a step, over `below`.
fn operator(name: &'static str, descriptor: Vec<(&'static str, String)>, node: &Node, below: Vec<Operator>) -> Operator {
    let cpu = below.iter().map(Operator::bytes).sum();
    Operator {
        name,
        descriptor,
        layout: node.columns.clone(),
        details: Vec::new(),
        rows: node.rows,
        cost: Cost { cpu, ..Cost::default() },
        measured: node.measured,
        below,
        exchange: None,
    }
}

/// An exchange between workers.
fn exchanged(below: Operator, exchange: Exchange) -> Operator {
    let (name, kind) = match &exchange {
        Exchange::Single => ("RemoteExchange", "GATHER"),
        Exchange::Merge => ("RemoteMerge", "GATHER"),
        Exchange::Hash(_) | Exchange::RoundRobin => ("RemoteExchange", "REPARTITION"),
        Exchange::Broadcast => ("RemoteExchange", "REPLICATE"),
    };
    let network = below.bytes();
    Operator {
        name,
        descriptor: vec![("type", kind.to_owned())],
        layout: below.layout.clone(),
        details: Vec::new(),
        rows: below.rows,
        cost: Cost { cpu: network, network, memory: 0.0 },
        measured: below.measured.map(|measured| Measured { nanos: 0, ..measured }),
        below: vec![below],
        exchange: Some(exchange),
    }
}

/// An exchange between the threads of a worker.
fn local(below: Vec<Operator>, partitioning: &str, keys: &[String]) -> Operator {
    let mut descriptor = vec![("partitioning", partitioning.to_owned())];
    if !keys.is_empty() {
        descriptor.push(("arguments", list(keys)));
    }
    let first = below.first();
    Operator {
        name: "LocalExchange",
        descriptor,
        layout: first.map(|input| input.layout.clone()).unwrap_or_default(),
        details: Vec::new(),
        rows: below.iter().map(|input| input.rows).sum(),
        cost: Cost { cpu: below.iter().map(Operator::bytes).sum(), ..Cost::default() },
        measured: first.and_then(|input| input.measured).map(|measured| Measured { nanos: 0, ..measured }),
        below,
        exchange: None,
    }
}

/// Rows on one worker, whatever they were on before.
fn single(below: Operator, spread: &Spread) -> Operator {
    if *spread == Spread::Single { below } else { local(vec![exchanged(below, Exchange::Single)], "SINGLE", &[]) }
}

/// Rows on the workers of the values of `keys`.
fn hashed(below: Operator, spread: &Spread, keys: &[String]) -> Operator {
    if *spread == Spread::Hash(keys.to_vec()) {
        return below;
    }
    local(vec![exchanged(below, Exchange::Hash(keys.to_vec()))], "HASH", keys)
}

fn below(node: &Node) -> (Operator, Spread) {
    node.inputs.first().map_or_else(|| (values(node), Spread::Single), lower)
}

fn values(node: &Node) -> Operator {
    operator("Values", Vec::new(), node, Vec::new())
}

fn assignments(pairs: &[(String, String)]) -> Vec<String> {
    pairs.iter().map(|(name, expr)| format!("{name} := {expr}")).collect()
}

fn orders(keys: &[Key]) -> String {
    let one = |key: &Key| {
        let (order, nulls) = (if key.ascending { "ASC" } else { "DESC" }, if key.nulls_first { "FIRST" } else { "LAST" });
        format!("{} {order} NULLS {nulls}", key.text)
    };
    list(&keys.iter().map(one).collect::<Vec<_>>())
}

/// The operators of a step, with where their rows are. Queries for one value come in by a join with their row.
fn lower(node: &Node) -> (Operator, Spread) {
    let (mut done, mut spread) = step(node);
    for scalar in &node.scalars {
        let (inner, _) = lower(scalar);
        let right = local(vec![exchanged(inner, Exchange::Broadcast)], "SINGLE", &[]);
        let layout = done.layout.clone();
        let (rows, measured) = (done.rows, done.measured);
        let cpu = done.bytes();
        done = Operator {
            name: "CrossJoin",
            descriptor: Vec::new(),
            layout,
            details: Vec::new(),
            rows,
            cost: Cost { cpu, ..Cost::default() },
            measured,
            below: vec![done, right],
            exchange: None,
        };
        if spread == Spread::Single {
            spread = Spread::RoundRobin;
        }
    }
    (done, spread)
}

fn step(node: &Node) -> (Operator, Spread) {
    match &node.step {
        Step::Scan { .. } => (scan(node), Spread::Source),
        Step::Values => (values(node), Spread::Single),
        Step::Filter(conditions) => {
            let (input, spread) = below(node);
            (operator("Filter", vec![("filterPredicate", condition(conditions))], node, vec![input]), spread)
        }
        Step::Project(computed) => {
            let (input, spread) = below(node);
            // Columns that are computed as they are read are part of the scan.
            if input.name.contains("Scan") && input.below.is_empty() {
                let name = if input.name.contains("Filter") { "ScanFilterProject" } else { "ScanProject" };
                let mut details = assignments(computed);
                details.extend(input.details);
                return (Operator { name, details, layout: node.columns.clone(), measured: input.measured, ..input }, spread);
            }
            let mut project = operator("Project", Vec::new(), node, vec![input]);
            project.details = assignments(computed);
            (project, spread)
        }
        Step::Aggregate { keys, calls, splits } => aggregate(node, keys, calls, *splits),
        Step::Join(join) => self::join(node, join),
        Step::Window { partition, order, calls } => {
            let (input, spread) = below(node);
            let (input, spread) = match partition.as_slice() {
                [] => (single(input, &spread), Spread::Single),
                keys => (hashed(input, &spread, keys), Spread::Hash(keys.to_vec())),
            };
            let mut descriptor = vec![("partitionBy", list(partition))];
            if !order.is_empty() {
                descriptor.push(("orderBy", orders(order)));
            }
            let mut window = operator("Window", descriptor, node, vec![input]);
            window.details = assignments(calls);
            (window, spread)
        }
        Step::Sort(keys) => sort(node, keys),
        Step::Limit { skip, fetch } => limit(node, *skip, *fetch),
        Step::Append => {
            let branches = node.inputs.iter().map(|branch| {
                let (input, spread) = lower(branch);
                if spread == Spread::Single { input } else { exchanged(input, Exchange::RoundRobin) }
            });
            let mut union = local(branches.collect(), "ROUND_ROBIN", &[]);
            union.layout.clone_from(&node.columns);
            union.measured = node.measured;
            (union, Spread::RoundRobin)
        }
        Step::Unnest(items) => {
            let (input, spread) = below(node);
            let kept: Vec<String> =
                names(&input.layout).into_iter().filter(|name| node.columns.iter().any(|column| column.text == *name)).collect();
            (operator("CrossJoin Unnest", vec![("replicate", list(&kept)), ("unnest", list(items))], node, vec![input]), spread)
        }
        Step::Subquery(_) => below(node),
        Step::Recursive(_) => {
            let branches = node.inputs.iter().map(|branch| {
                let (input, spread) = lower(branch);
                single(input, &spread)
            });
            let mut union = local(branches.collect(), "SINGLE", &[]);
            union.layout.clone_from(&node.columns);
            (union, Spread::Single)
        }
    }
}

fn scan(node: &Node) -> Operator {
    let Step::Scan { about, leader, table, read, filter, pruning, bytes, .. } = &node.step else { return values(node) };
    let name = match about {
        Some(about) => format!("{CATALOG}:{}:{}", about.name.schema, about.name.table),
        None if *leader => format!("{CATALOG}:information_schema:{table}"),
        None => table.clone(),
    };
    let mut descriptor = vec![("table", name)];
    if !filter.is_empty() {
        descriptor.push(("filterPredicate", condition(filter)));
    }
    let partitions: &[String] = match about.as_ref().map(|about| &about.place) {
        Some(Place::Lake { partitions, .. }) => partitions,
        _ => &[],
    };
    let mut scan = operator(if filter.is_empty() { "TableScan" } else { "ScanFilter" }, descriptor, node, Vec::new());
    for column in read {
        let declared = about.iter().flat_map(|about| &about.columns).find(|known| known.name == *column);
        let symbol = node.columns.iter().find(|symbol| symbol.origin.as_ref().is_some_and(|(_, name)| name == column));
        let shown = symbol.map_or(column, |symbol| &symbol.text);
        let kind = declared.map_or_else(|| "string".to_owned(), |column| column.column_type.hive_text());
        let role = if partitions.contains(column) { "PARTITION_KEY" } else { "REGULAR" };
        scan.details.push(format!("{shown} := {column}:{kind}:{role}"));
    }
    if !pruning.is_empty() {
        scan.details.push(format!(":: {}", condition(pruning)));
    }
    scan.cost.cpu = *bytes;
    scan
}

fn aggregate(node: &Node, keys: &[String], calls: &[(String, String)], splits: bool) -> (Operator, Spread) {
    let (input, spread) = below(node);
    let grouped = |kind: &str| {
        let mut descriptor = Vec::new();
        if !kind.is_empty() {
            descriptor.push(("type", kind.to_owned()));
        }
        if !keys.is_empty() {
            descriptor.push(("keys", list(keys)));
        }
        descriptor
    };
    let together = |input: Operator, spread: &Spread| if keys.is_empty() { single(input, spread) } else { hashed(input, spread, keys) };
    let after = if keys.is_empty() { Spread::Single } else { Spread::Hash(keys.to_vec()) };
    if !splits || spread == after {
        let input = together(input, &spread);
        let mut whole = operator("Aggregate", grouped(""), node, vec![input]);
        whole.details = assignments(calls);
        whole.cost.memory = whole.bytes();
        return (whole, after);
    }
    // A part of a group on each worker, then the group on one.
    let part = |name: &str| format!("{name}_0");
    let mut partial = operator("Aggregate", grouped("PARTIAL"), node, vec![input]);
    partial.details = calls.iter().map(|(name, call)| format!("{} := {call}", part(name))).collect();
    for symbol in &mut partial.layout {
        if calls.iter().any(|(name, _)| *name == symbol.text) {
            symbol.text = part(&symbol.text);
        }
    }
    let mut whole = operator("Aggregate", grouped("FINAL"), node, vec![together(partial, &spread)]);
    whole.details = calls
        .iter()
        .map(|(name, call)| {
            let function = call.split('(').next().unwrap_or(call);
            format!("{name} := {function}({})", part(name))
        })
        .collect();
    whole.cost.memory = whole.bytes();
    (whole, after)
}

fn join(node: &Node, join: &Join) -> (Operator, Spread) {
    let [outer, inner] = node.inputs.as_slice() else { return (values(node), Spread::Single) };
    let ((left, left_spread), (right, right_spread)) = (lower(outer), lower(inner));
    let size = right.bytes();
    let equal: Vec<String> = join.on.iter().map(|(one, other)| format!("{} = {}", one.text, other.text)).collect();
    let keep_all = join.kind == JoinKind::Full || join.kind == JoinKind::Right;
    let replicated = join.on.is_empty() || (size <= BROADCAST && !keep_all);
    let mut descriptor = Vec::new();
    if !equal.is_empty() {
        descriptor.push(("criteria", equal.join(" AND ")));
    }
    if !join.filter.is_empty() {
        descriptor.push(("filter", condition(&join.filter)));
    }
    descriptor.push(("distribution", if replicated { "REPLICATED" } else { "PARTITIONED" }.to_owned()));
    let (left, right, spread) = if replicated {
        let keys: Vec<String> = join.on.iter().map(|(_, other)| other.text.clone()).collect();
        let kind = if keys.is_empty() { "SINGLE" } else { "HASH" };
        (left, local(vec![exchanged(right, Exchange::Broadcast)], kind, &keys), left_spread)
    } else {
        let keys = |side: fn(&(Symbol, Symbol)) -> &Symbol| -> Vec<String> { join.on.iter().map(|pair| side(pair).text.clone()).collect() };
        let (one, other) = (keys(|pair| &pair.0), keys(|pair| &pair.1));
        let left = if left_spread == Spread::Hash(one.clone()) { left } else { exchanged(left, Exchange::Hash(one.clone())) };
        (left, hashed(right, &right_spread, &other), Spread::Hash(one))
    };
    let name = match join.kind {
        JoinKind::Inner if join.on.is_empty() => "CrossJoin",
        JoinKind::Inner => "InnerJoin",
        JoinKind::Left => "LeftJoin",
        JoinKind::Right => "RightJoin",
        JoinKind::Full => "FullJoin",
        JoinKind::Semi => "SemiJoin",
        JoinKind::Anti => "AntiJoin",
    };
    let mut joined = operator(name, descriptor, node, vec![left, right]);
    joined.details.push(format!("Distribution: {}", if replicated { "REPLICATED" } else { "PARTITIONED" }));
    joined.cost.memory = size;
    (joined, spread)
}

fn sort(node: &Node, keys: &[Key]) -> (Operator, Spread) {
    let (input, spread) = below(node);
    let by = || vec![("orderBy", orders(keys))];
    if spread == Spread::Single {
        return (operator("Sort", by(), node, vec![input]), Spread::Single);
    }
    let partial = operator("PartialSort", by(), node, vec![exchanged(input, Exchange::RoundRobin)]);
    let merged = operator("LocalMerge", by(), node, vec![partial]);
    let mut remote = exchanged(merged, Exchange::Merge);
    remote.descriptor = by();
    (remote, Spread::Single)
}

/// The first rows: of each worker, then of all. With an order before it, the first in that order.
fn limit(node: &Node, skip: u64, fetch: Option<u64>) -> (Operator, Spread) {
    let sorted = match node.inputs.first() {
        Some(Node { step: Step::Sort(keys), .. }) if fetch.is_some() => Some(keys),
        _ => None,
    };
    let wanted = fetch.map(|fetch| fetch.saturating_add(skip));
    let counted = |names: [&'static str; 2], node: &Node| -> (Operator, Spread) {
        let count = || {
            let mut descriptor = vec![("count", wanted.unwrap_or_default().to_string())];
            if let Some(keys) = sorted {
                descriptor.push(("orderBy", orders(keys)));
            }
            descriptor
        };
        let source = match (sorted, node.inputs.first()) {
            (Some(_), Some(sort)) => sort,
            _ => node,
        };
        let (input, spread) = below(source);
        if spread == Spread::Single {
            return (operator(names[1], count(), node, vec![input]), Spread::Single);
        }
        let partial = operator(names[0], count(), node, vec![input]);
        (operator(names[1], count(), node, vec![single(partial, &spread)]), Spread::Single)
    };
    let (limited, spread) = match (wanted, sorted) {
        (Some(_), Some(_)) => counted(["TopNPartial", "TopN"], node),
        (Some(_), None) => counted(["LimitPartial", "Limit"], node),
        (None, _) => {
            let (input, spread) = below(node);
            (single(input, &spread), Spread::Single)
        }
    };
    if skip == 0 {
        return (limited, spread);
    }
    (operator("Offset", vec![("count", skip.to_string())], node, vec![limited]), spread)
}
