//! From the optimised plan of a query to the tree that is shown.
//!
//! In Redshift's words a column is what it is computed from, and steps that only compute columns are not shown; in Trino's each column has
//! a name, and what is computed is a step.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::catalog::MemTable;
use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, TableReference};
use datafusion::logical_expr::expr::GroupingSet;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, Expr, FetchType, LogicalPlan, Operator, SkipType, SubqueryAlias, TableScan, Unnest};

use super::super::Dialect;
use super::super::catalog::ColumnDef;
use super::super::dialect;
use super::super::scan::{Place, ScanTable};
use super::super::types::ColumnType;
use super::estimate;
use super::words::{self, Scope};
use super::{Domain, End, Join, JoinKind, Node, Step, Symbol};

/// What an item of an array is called that is unnested.
pub(super) const ITEM: &str = "item";

/// Builds the tree of one plan.
pub(super) struct Builder {
    dialect: Dialect,
    /// Names that are taken, in Trino's words.
    taken: HashSet<String>,
    scalars: RefCell<Vec<Arc<LogicalPlan>>>,
    derived: usize,
}

/// The tree of an optimised plan.
pub(super) fn build(dialect: Dialect, plan: &LogicalPlan) -> Node {
    Builder { dialect, taken: HashSet::new(), scalars: RefCell::default(), derived: 0 }.node(plan)
}

impl Builder {
    fn redshift(&self) -> bool {
        self.dialect == Dialect::Redshift
    }

    fn scope<'a>(&'a self, schema: &'a datafusion::common::DFSchema, symbols: &'a [Symbol]) -> Scope<'a> {
        Scope { dialect: self.dialect, schema, symbols, scalars: &self.scalars }
    }

    /// A name that no other column of the plan has.
    fn fresh(&mut self, wanted: &str) -> String {
        let plain: String = dialect::label(wanted).chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { ' ' }).collect();
        let plain =
            plain.split_whitespace().next().map_or("expr", |word| if word.starts_with("__") { "expr" } else { word }).to_lowercase();
        let free = (0_usize..).map(|n| if n == 0 { plain.clone() } else { format!("{plain}_{n}") }).find(|name| !self.taken.contains(name));
        // There is always a free number.
        let name = free.unwrap_or(plain);
        self.taken.insert(name.clone());
        name
    }

    fn type_of(&self, field: &Field) -> ColumnType {
        if dialect::semistructured::marked(field) { ColumnType::Super } else { ColumnType::of_arrow(self.dialect, field.data_type()) }
    }

    /// What an expression over a node is, as a column: the column itself, or something computed.
    fn symbol(&mut self, expr: &Expr, input: &Node, schema: &datafusion::common::DFSchema, field: &Field) -> Symbol {
        let scope = self.scope(schema, &input.columns);
        if let Some(symbol) = scope.symbol(expr) {
            return symbol.clone();
        }
        let (text, kind) = (scope.text(expr), self.type_of(field));
        let text = if self.redshift() { text } else { self.fresh(name_of(expr, field)) };
        Symbol { text, kind, origin: None }
    }

    fn node(&mut self, plan: &LogicalPlan) -> Node {
        let mut node = match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(projection) => self.project(&projection.expr, &projection.input, projection.schema.fields()),
            LogicalPlan::Filter(filter) => self.filter(&filter.predicate, &filter.input),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Distinct(distinct) => {
                let input = self.node(distinct.input());
                let keys = input.columns.iter().map(|column| column.text.clone()).collect();
                let rows = estimate::groups(input.rows, input.columns.iter().map(|column| &column.kind));
                over(Step::Aggregate { keys, calls: Vec::new(), splits: true }, input.columns.clone(), rows, vec![input])
            }
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Window(window) => self.window(window),
            LogicalPlan::Sort(sort) => {
                let input = self.node(&sort.input);
                let keys = self.scope(sort.input.schema(), &input.columns).keys(&sort.expr);
                let (columns, rows) = (input.columns.clone(), input.rows);
                let sorted = over(Step::Sort(keys), columns, rows, vec![input]);
                match sort.fetch {
                    Some(fetch) => limited(sorted, 0, Some(fetch)),
                    None => sorted,
                }
            }
            LogicalPlan::Limit(limit) => {
                let skip = match limit.get_skip_type() {
                    Ok(SkipType::Literal(skip)) => skip,
                    _ => 0,
                };
                let fetch = match limit.get_fetch_type() {
                    Ok(FetchType::Literal(fetch)) => fetch,
                    _ => None,
                };
                let mut input = self.node(&limit.input);
                // A sort that keeps the first rows does it for this.
                if let (Step::Limit { skip: 0, .. }, Some(_)) = (&input.step, fetch)
                    && let Some(inner) = input.inputs.pop()
                {
                    input = Node { columns: input.columns, ..inner };
                }
                limited(input, skip, fetch)
            }
            LogicalPlan::Union(union) => {
                let inputs: Vec<Node> = union.inputs.iter().map(|input| self.node(input)).collect();
                let first = inputs.first().map(|input| input.columns.clone()).unwrap_or_default();
                let fields = union.schema.fields();
                let columns = fields.iter().enumerate().map(|(index, field)| {
                    let kind = first.get(index).map_or_else(|| self.type_of(field), |symbol| symbol.kind.clone());
                    let text = if self.redshift() { dialect::label(field.name()).to_owned() } else { self.fresh(field.name()) };
                    Symbol { text, kind, origin: None }
                });
                let columns = columns.collect();
                let rows = inputs.iter().map(|input| input.rows).sum();
                over(Step::Append, columns, rows, inputs)
            }
            LogicalPlan::SubqueryAlias(alias) => self.named(alias),
            LogicalPlan::Subquery(subquery) => self.node(&subquery.subquery),
            LogicalPlan::Repartition(repartition) => self.node(&repartition.input),
            LogicalPlan::Unnest(unnest) => self.unnest(unnest),
            LogicalPlan::RecursiveQuery(query) => {
                let (first, again) = (self.node(&query.static_term), self.node(&query.recursive_term));
                let (columns, rows) = (first.columns.clone(), first.rows * 10.0);
                over(Step::Recursive(query.name.clone()), columns, rows, vec![first, again])
            }
            #[expect(clippy::cast_precision_loss, reason = "rows that are written are few")]
            LogicalPlan::Values(values) => self.leaf(plan, values.values.len() as f64),
            LogicalPlan::EmptyRelation(empty) => self.leaf(plan, f64::from(u8::from(empty.produce_one_row))),
            other => match other.inputs().as_slice() {
                [input] => self.node(input),
                _ => self.leaf(other, 1.0),
            },
        };
        node.scalars.extend(self.scalars_of(plan));
        node
    }

    fn leaf(&mut self, plan: &LogicalPlan, rows: f64) -> Node {
        let fields = plan.schema().fields();
        let columns =
            fields.iter().map(|field| Symbol { text: self.fresh(field.name()), kind: self.type_of(field), origin: None }).collect();
        over(Step::Values, columns, rows, Vec::new())
    }

    /// The queries for one value that the expressions of a step have in them.
    fn scalars_of(&mut self, plan: &LogicalPlan) -> Vec<Node> {
        let mut found: Vec<Arc<LogicalPlan>> = Vec::new();
        let collected = plan.apply_expressions(|expr| {
            expr.apply(|part| {
                match part {
                    Expr::ScalarSubquery(query) => found.push(Arc::clone(&query.subquery)),
                    Expr::Exists(exists) => found.push(Arc::clone(&exists.subquery.subquery)),
                    Expr::InSubquery(inner) => found.push(Arc::clone(&inner.subquery.subquery)),
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        });
        if collected.is_err() {
            return Vec::new();
        }
        found.iter().map(|query| self.node(query)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "estimates")]
    fn scan(&mut self, scan: &TableScan) -> Node {
        let provider = source_as_provider(&scan.source).ok();
        let about = provider.as_ref().and_then(|known| known.downcast_ref::<ScanTable>()).map(|table| table.source().about());
        let size = provider.as_ref().and_then(|known| known.statistics());
        let rows = size.as_ref().and_then(|size| size.num_rows.get_value().copied()).unwrap_or(1000) as f64;
        let bytes = size.as_ref().and_then(|size| size.total_byte_size.get_value().copied()).unwrap_or(0) as f64;
        let table = about.as_ref().map_or_else(|| scan.table_name.table().to_owned(), |about| about.name.table.clone());
        let qualifier = table.clone();
        let fields: Vec<Arc<Field>> = scan.projected_schema.fields().iter().cloned().collect();
        let read: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let columns: Vec<Symbol> = fields
            .iter()
            .map(|field| {
                let declared = about.as_ref().and_then(|about| about.columns.iter().find(|known: &&ColumnDef| known.name == *field.name()));
                let kind = declared.map_or_else(|| self.type_of(field), |column| column.column_type.clone());
                let text = if self.redshift() { field.name().clone() } else { self.fresh(field.name()) };
                Symbol { text, kind, origin: Some((qualifier.clone(), field.name().clone())) }
            })
            .collect();
        let leader = provider.as_ref().is_some_and(|known| known.is::<MemTable>());
        let step =
            Step::Scan { about, leader, table, alias: None, read, filter: Vec::new(), pruning: Vec::new(), domains: Vec::new(), bytes };
        over(step, columns, rows, Vec::new())
    }

    fn filter(&mut self, predicate: &Expr, input: &LogicalPlan) -> Node {
        let mut node = self.node(input);
        let parts = split_conjunction(predicate);
        let texts = self.scope(input.schema(), &node.columns).texts(parts.iter().copied());
        let rows = estimate::rows(node.rows * estimate::share(predicate));
        match &mut node.step {
            Step::Scan { about, filter, pruning, domains, .. } => {
                let partitions: &[String] = match about.as_ref().map(|about| &about.place) {
                    Some(Place::Lake { partitions, .. }) => partitions,
                    _ => &[],
                };
                for (part, text) in parts.iter().zip(texts) {
                    let columns = part.column_refs();
                    let prunes = !columns.is_empty() && columns.iter().all(|column| partitions.contains(&column.name));
                    if !prunes {
                        filter.push(text);
                        continue;
                    }
                    pruning.push(text);
                    let declared = about.iter().flat_map(|about| &about.columns);
                    if let Some((column, ranges)) = ranges(part)
                        && let Some(declared) = declared.into_iter().find(|known| known.name == column)
                    {
                        domains.push(Domain { column, kind: declared.column_type.clone(), ranges });
                    }
                }
                node.rows = rows;
                node
            }
            _ => over(Step::Filter(texts), node.columns.clone(), rows, vec![node]),
        }
    }

    fn project(&mut self, exprs: &[Expr], plan: &LogicalPlan, fields: &datafusion::arrow::datatypes::Fields) -> Node {
        let mut node = self.node(plan);
        let mut columns = Vec::with_capacity(exprs.len());
        let mut computed = Vec::new();
        for (expr, field) in exprs.iter().zip(fields) {
            let symbol = self.symbol(expr, &node, plan.schema(), field);
            let scope = self.scope(plan.schema(), &node.columns);
            if scope.symbol(expr).is_none() {
                computed.push((symbol.text.clone(), scope.text(expr)));
            }
            columns.push(symbol);
        }
        if self.redshift() || computed.is_empty() {
            node.columns = columns;
            return node;
        }
        let rows = node.rows;
        over(Step::Project(computed), columns, rows, vec![node])
    }

    /// A query in FROM, or a table under another name.
    fn named(&mut self, alias: &SubqueryAlias) -> Node {
        let mut node = self.node(&alias.input);
        // The sides of INTERSECT and EXCEPT have names that no query can give.
        let internal = alias.alias.table().starts_with("__") || matches!(alias.alias.table(), "left" | "right");
        let name = alias.alias.table().to_owned();
        let reads = |plan: &LogicalPlan| matches!(plan, LogicalPlan::TableScan(_));
        let table = match alias.input.as_ref() {
            LogicalPlan::Filter(filter) => reads(&filter.input),
            LogicalPlan::Projection(projection) => match projection.input.as_ref() {
                LogicalPlan::Filter(filter) => reads(&filter.input),
                other => reads(other),
            },
            other => reads(other),
        };
        if let Step::Scan { alias: known, table: own, .. } = &mut node.step
            && table
        {
            if internal {
                return node;
            }
            if *own != name {
                *known = Some(name.clone());
            }
            for column in &mut node.columns {
                if let Some((qualifier, _)) = &mut column.origin {
                    qualifier.clone_from(&name);
                }
            }
            return node;
        }
        let whole = matches!(node.step, Step::Aggregate { .. } | Step::Limit { .. } | Step::Window { .. } | Step::Append | Step::Sort(_));
        if !self.redshift() || !whole {
            return node;
        }
        let name = if internal {
            self.derived += 1;
            format!("derived_table{}", self.derived)
        } else {
            name
        };
        let columns = alias.schema.fields().iter().zip(&node.columns).map(|(field, symbol)| Symbol {
            text: dialect::label(field.name()).to_owned(),
            kind: symbol.kind.clone(),
            origin: symbol.origin.clone(),
        });
        let (columns, rows) = (columns.collect(), node.rows);
        over(Step::Subquery(name), columns, rows, vec![node])
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Node {
        let schema = aggregate.input.schema();
        let mut input = self.node(&aggregate.input);
        let sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
        let exprs: Vec<&Expr> = match aggregate.group_expr.as_slice() {
            [Expr::GroupingSet(sets)] => GroupingSet::distinct_expr(sets),
            exprs => exprs.iter().collect(),
        };
        let fields: Vec<Arc<Field>> = aggregate.schema.fields().iter().cloned().collect();
        let mut columns = Vec::with_capacity(fields.len());
        let mut computed = Vec::new();
        for (expr, field) in exprs.iter().zip(&fields) {
            let symbol = self.symbol(expr, &input, schema, field);
            let scope = self.scope(schema, &input.columns);
            if scope.symbol(expr).is_none() {
                computed.push((symbol.text.clone(), scope.text(expr)));
            }
            columns.push(symbol);
        }
        let keys: Vec<String> = if sets && self.redshift() {
            self.scope(schema, &input.columns).texts(&aggregate.group_expr)
        } else {
            columns.iter().map(|column| column.text.clone()).collect()
        };
        let rows = match keys.as_slice() {
            [] => 1.0,
            _ => estimate::groups(input.rows, columns.iter().map(|column| &column.kind)),
        };
        let (mut calls, mut splits) = (Vec::new(), true);
        let first = fields.len().saturating_sub(aggregate.aggr_expr.len());
        // Which set a row is of, between the keys and the aggregates.
        for field in fields.iter().take(first).skip(columns.len()) {
            let text = if self.redshift() { "grouping".to_owned() } else { self.fresh("groupid") };
            columns.push(Symbol { text, kind: self.type_of(field), origin: None });
        }
        for (expr, field) in aggregate.aggr_expr.iter().zip(fields.iter().skip(first)) {
            let call = self.scope(schema, &input.columns).text(expr);
            if let Expr::AggregateFunction(function) = plain(expr) {
                splits &= !function.params.distinct && function.params.order_by.is_empty();
            }
            let text = if self.redshift() { call.clone() } else { self.fresh(name_of(expr, field)) };
            columns.push(Symbol { text: text.clone(), kind: self.type_of(field), origin: None });
            calls.push((text, call));
        }
        // In Trino's plans keys are columns: what is computed is computed before.
        if !self.redshift() && !computed.is_empty() {
            let mut wider = input.columns.clone();
            wider.extend(columns.iter().filter(|column| computed.iter().any(|(name, _)| *name == column.text)).cloned());
            let rows = input.rows;
            input = over(Step::Project(computed), wider, rows, vec![input]);
        }
        over(Step::Aggregate { keys, calls, splits }, columns, rows, vec![input])
    }

    fn join(&mut self, join: &datafusion::logical_expr::Join) -> Node {
        let (mut left, mut right) = (self.node(&join.left), self.node(&join.right));
        let (mut kind, swapped) = match join.join_type {
            JoinType::Inner => (JoinKind::Inner, false),
            JoinType::Left => (JoinKind::Left, false),
            JoinType::Right => (JoinKind::Right, false),
            JoinType::Full => (JoinKind::Full, false),
            JoinType::LeftSemi | JoinType::LeftMark => (JoinKind::Semi, false),
            JoinType::RightSemi | JoinType::RightMark => (JoinKind::Semi, true),
            JoinType::LeftAnti => (JoinKind::Anti, false),
            JoinType::RightAnti => (JoinKind::Anti, true),
        };
        let mut columns: Vec<Symbol> = match join.join_type {
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left.columns.clone(),
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right.columns.clone(),
            _ => left.columns.iter().chain(&right.columns).cloned().collect(),
        };
        if matches!(join.join_type, JoinType::LeftMark | JoinType::RightMark) {
            let text = if self.redshift() { "exists".to_owned() } else { self.fresh("mark") };
            columns.push(Symbol { text, kind: ColumnType::Boolean, origin: None });
        }
        // The smaller side is kept in memory; of an outer join the side whose rows all stay is read through.
        let smaller = left.rows * left.width().max(1.0) < right.rows * right.width().max(1.0);
        let turn = swapped || (kind == JoinKind::Inner && smaller) || kind == JoinKind::Right;
        if kind == JoinKind::Right {
            kind = JoinKind::Left;
        }
        let sides = |symbols: &[Symbol], side: &str, mark: bool| -> Vec<Symbol> {
            let marked = |symbol: &Symbol| Symbol { text: format!("\"{side}\".{}", inner_name(&symbol.text)), ..symbol.clone() };
            symbols.iter().map(|symbol| if mark { marked(symbol) } else { symbol.clone() }).collect()
        };
        let (of_left, of_right) = if turn { ("inner", "outer") } else { ("outer", "inner") };
        let mark = self.redshift();
        let mut both = sides(&left.columns, of_left, mark);
        both.extend(sides(&right.columns, of_right, mark));
        let filter = match (&join.filter, join.left.schema().join(join.right.schema())) {
            (Some(filter), Ok(schema)) => self.scope(&schema, &both).texts(split_conjunction(filter)),
            _ => Vec::new(),
        };
        let on = join.on.iter().map(|(one, other)| {
            let side = |expr: &Expr, plan: &LogicalPlan, node: &Node| {
                let scope = self.scope(plan.schema(), &node.columns);
                scope.symbol(expr).cloned().unwrap_or_else(|| Symbol { text: scope.text(expr), kind: scope.kind(expr), origin: None })
            };
            let (one, other) = (side(one, &join.left, &left), side(other, &join.right, &right));
            if turn { (other, one) } else { (one, other) }
        });
        let on: Vec<(Symbol, Symbol)> = on.collect();
        let left_over = join.filter.as_ref().map_or(1.0, estimate::share);
        let matched = if on.is_empty() { left.rows * right.rows } else { left.rows.max(right.rows) } * left_over;
        let outer = if turn { right.rows } else { left.rows };
        let rows = estimate::rows(match kind {
            JoinKind::Inner => matched,
            JoinKind::Left | JoinKind::Right => matched.max(outer),
            JoinKind::Full => matched.max(left.rows).max(right.rows),
            JoinKind::Semi => outer / 2.0,
            JoinKind::Anti => outer / 2.0,
        });
        if turn {
            std::mem::swap(&mut left, &mut right);
        }
        over(Step::Join(Join { kind, on, filter }), columns, rows, vec![left, right])
    }

    fn window(&mut self, window: &datafusion::logical_expr::Window) -> Node {
        let input = self.node(&window.input);
        let schema = window.input.schema();
        let scope = self.scope(schema, &input.columns);
        let (partition, order) = match window.window_expr.first().map(plain) {
            Some(Expr::WindowFunction(call)) => (scope.texts(&call.params.partition_by), scope.keys(&call.params.order_by)),
            _ => (Vec::new(), Vec::new()),
        };
        let mut columns = input.columns.clone();
        let mut calls = Vec::new();
        let fields: Vec<Arc<Field>> = window.schema.fields().iter().cloned().collect();
        for (expr, field) in window.window_expr.iter().zip(fields.iter().skip(input.columns.len())) {
            let call = self.scope(schema, &input.columns).text(expr);
            let text = if self.redshift() { call.clone() } else { self.fresh(name_of(expr, field)) };
            columns.push(Symbol { text: text.clone(), kind: self.type_of(field), origin: None });
            calls.push((text, call));
        }
        let rows = input.rows;
        over(Step::Window { partition, order, calls }, columns, rows, vec![input])
    }

    fn unnest(&mut self, unnest: &Unnest) -> Node {
        /// Items of an array, when nothing is known of it.
        const ITEMS: f64 = 5.0;
        let input = self.node(&unnest.input);
        let items = {
            let scope = self.scope(unnest.input.schema(), &input.columns);
            unnest.exec_columns.iter().map(|column| scope.text(&Expr::Column(column.clone()))).collect()
        };
        let fields: Vec<(Option<TableReference>, Arc<Field>)> =
            unnest.schema.iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect();
        let mut columns = Vec::with_capacity(fields.len());
        for (qualifier, field) in &fields {
            let column = Expr::Column(datafusion::common::Column::new(qualifier.clone(), field.name()));
            let symbol = self.symbol(&column, &input, unnest.input.schema(), field);
            // What the engine calls the items is no name of the query.
            let text = if symbol.text.starts_with("__") { ITEM.to_owned() } else { symbol.text };
            columns.push(Symbol { text, ..symbol });
        }
        let rows = input.rows * ITEMS;
        over(Step::Unnest(items), columns, rows, vec![input])
    }
}

fn over(step: Step, columns: Vec<Symbol>, rows: f64, inputs: Vec<Node>) -> Node {
    Node { step, columns, rows, read: rows, inputs, scalars: Vec::new(), measured: None }
}

#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn limited(input: Node, skip: usize, fetch: Option<usize>) -> Node {
    let left = (input.rows - skip as f64).max(0.0);
    let rows = fetch.map_or(left, |fetch| left.min(fetch as f64));
    let step = Step::Limit { skip: skip as u64, fetch: fetch.map(|fetch| fetch as u64) };
    over(step, input.columns.clone(), rows, vec![input])
}

/// The values that a condition on one column leaves, where they are ranges between values that are written.
fn ranges(condition: &Expr) -> Option<(String, Vec<(End, End)>)> {
    let name = |expr: &Expr| match bare(expr) {
        Expr::Column(column) => Some(column.name.clone()),
        _ => None,
    };
    let value = |expr: &Expr| match bare(expr) {
        Expr::Literal(value, _) if !value.is_null() => {
            value.to_array().ok().and_then(|array| datafusion::arrow::util::display::array_value_to_string(&array, 0).ok())
        }
        _ => None,
    };
    let only = |value: String| (Some((value.clone(), true)), Some((value, true)));
    match condition {
        Expr::BinaryExpr(binary) => {
            let (column, value) = (name(&binary.left)?, value(&binary.right)?);
            let range = match binary.op {
                Operator::Eq => only(value),
                Operator::Lt => (None, Some((value, false))),
                Operator::LtEq => (None, Some((value, true))),
                Operator::Gt => (Some((value, false)), None),
                Operator::GtEq => (Some((value, true)), None),
                _ => return None,
            };
            Some((column, vec![range]))
        }
        Expr::Between(between) if !between.negated => {
            let range = (Some((value(&between.low)?, true)), Some((value(&between.high)?, true)));
            Some((name(&between.expr)?, vec![range]))
        }
        Expr::InList(list) if !list.negated => {
            let values: Option<Vec<String>> = list.list.iter().map(value).collect();
            Some((name(&list.expr)?, values?.into_iter().map(only).collect()))
        }
        _ => None,
    }
}

/// An expression without the casts around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => bare(&cast.expr),
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// An expression without its alias.
fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => plain(&alias.expr),
        other => other,
    }
}

/// What a computed column is called in Trino's plans: by the function, or `expr`.
fn name_of<'a>(expr: &'a Expr, field: &'a Field) -> &'a str {
    match plain(expr) {
        Expr::AggregateFunction(call) => call.func.name(),
        Expr::WindowFunction(call) => call.fun.name(),
        Expr::ScalarFunction(call) if call.name().starts_with(|c: char| c.is_alphabetic()) => call.name(),
        Expr::Column(_) => field.name(),
        _ => "expr",
    }
}

/// The name of a column beside `"outer"` and `"inner"`; what is computed has none.
pub(super) fn inner_name(text: &str) -> &str {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    if plain { text } else { "\"?column?\"" }
}

/// Conditions as one line.
pub(super) fn condition(texts: &[String]) -> String {
    words::all(texts)
}
