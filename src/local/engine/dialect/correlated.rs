//! Queries in expressions that refer to the query around them, over the system's own tables: there clients write what PostgreSQL evaluates
//! row by row, while DataFusion turns such a query into a join, and for that wants an aggregate and conditions that are equalities.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};

use super::call;

/// A query of one value that refers to the query around it, as an expression that DataFusion can plan; `None` for a query that it plans as
/// it stands, and for one over other tables than the system's: that pattern Redshift does not support either.
pub(super) fn one_row(query: &Query) -> Option<Expr> {
    let select = plain_select(query)?;
    if !of_catalog(select) || references(query).1.is_empty() {
        return None;
    }
    let [SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. }] = select.projection.as_slice() else {
        return None;
    };
    if has_aggregate(value) {
        return None;
    }
    let parts = Parts::of(query, select);
    let value = parts.within(value)?;
    let of = |expr: Expr| {
        let mut inner = parts.query(query);
        if let SetExpr::Select(select) = inner.body.as_mut() {
            select.projection = vec![SelectItem::ExprWithAlias { expr, alias: Ident::new("value") }];
        }
        Expr::Subquery(Box::new(inner))
    };
    let rows = call::function("count", vec![call::number(1)]);
    let only = call::function("pg_only_row", vec![of(call::function("first_value", vec![value])), of(rows)]);
    Some(parts.guarded(only))
}

/// A query whose one value is an aggregate, with its conditions as DataFusion wants them; `None` when it does not refer to the query around it.
pub(super) fn pulled(query: &Query) -> Option<Expr> {
    let select = plain_select(query)?;
    if references(query).1.is_empty() {
        return None;
    }
    let parts = Parts::of(query, select);
    Some(parts.guarded(Expr::Subquery(Box::new(parts.query(query)))))
}

/// The SELECT of a query that has nothing else.
fn plain_select(query: &Query) -> Option<&Select> {
    let (SetExpr::Select(select), None, None, None) = (query.body.as_ref(), &query.with, &query.limit_clause, &query.fetch) else {
        return None;
    };
    let plain = matches!(&select.group_by, GroupByExpr::Expressions(grouped, _) if grouped.is_empty());
    (plain && select.distinct.is_none() && select.having.is_none()).then_some(select)
}

/// Whether a SELECT reads tables of the system only.
fn of_catalog(select: &Select) -> bool {
    let is = |factor: &TableFactor| {
        let TableFactor::Table { name, args: None, .. } = factor else { return false };
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.to_lowercase()).collect();
        match parts.as_slice() {
            [table] => table.starts_with("pg_"),
            [schema, _] => matches!(schema.as_str(), "pg_catalog" | "information_schema"),
            _ => false,
        }
    };
    let factors = select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    !select.from.is_empty() && factors.into_iter().all(is)
}

/// The names of the relations of a query, and those that its columns are qualified with beside them: of the query around it.
fn references(query: &Query) -> (BTreeSet<String>, BTreeSet<String>) {
    #[derive(Default)]
    struct Names {
        own: BTreeSet<String>,
        qualifiers: BTreeSet<String>,
    }

    impl Visitor for Names {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let name = match factor {
                TableFactor::Table { name, alias, .. } => alias
                    .as_ref()
                    .map(|alias| alias.name.value.clone())
                    .or_else(|| name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone())),
                TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
                    alias.as_ref().map(|alias| alias.name.value.clone())
                }
                _ => None,
            };
            self.own.extend(name.map(|name| name.to_lowercase()));
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(parts) = expr {
                self.qualifiers.extend(qualifier(parts));
            }
            ControlFlow::Continue(())
        }
    }

    let mut names = Names::default();
    // The visitor never breaks off.
    let _ = query.visit(&mut names);
    let outer = names.qualifiers.difference(&names.own).cloned().collect();
    (names.own, outer)
}

/// What a column is qualified with.
fn qualifier(parts: &[Ident]) -> Option<String> {
    let [.., relation, _] = parts else { return None };
    Some(relation.value.to_lowercase())
}

/// Whether an expression calls an aggregate.
fn has_aggregate(expr: &Expr) -> bool {
    struct Calls<'a> {
        names: &'a BTreeSet<String>,
        found: bool,
    }

    impl Visitor for Calls<'_> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::Function(function) = expr {
                self.found |= self.names.contains(&function.name.to_string().to_lowercase());
            }
            ControlFlow::Continue(())
        }
    }

    let mut calls = Calls { names: &AGGREGATES, found: false };
    // The visitor never breaks off.
    let _ = expr.visit(&mut calls);
    calls.found
}

/// The names of DataFusion's aggregates.
static AGGREGATES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let all = datafusion::functions_aggregate::all_default_aggregate_functions();
    all.iter()
        .flat_map(|known| std::iter::once(known.name()).chain(known.aliases().iter().map(String::as_str)))
        .map(str::to_owned)
        .collect()
});

/// The conditions of a query, by what they refer to.
struct Parts {
    /// Names of the query around.
    outer: BTreeSet<String>,
    /// Conditions on the query's own columns, and equalities of one of them with a column of the query around.
    inner: Vec<Expr>,
    /// Conditions on columns of the query around alone, under which the query is asked at all.
    guards: Vec<Expr>,
    /// The own column that a column of the query around has to equal, by how that is written.
    equal: BTreeMap<String, Expr>,
}

impl Parts {
    fn of(query: &Query, select: &Select) -> Self {
        let outer = references(query).1;
        let mut parts = Parts { outer, inner: Vec::new(), guards: Vec::new(), equal: BTreeMap::new() };
        let mut conditions = Vec::new();
        if let Some(selection) = &select.selection {
            conjuncts(selection, &mut conditions);
        }
        for condition in &conditions {
            if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition {
                for (own, other) in [(left, right), (right, left)] {
                    if parts.is_outer_column(other) && is_column(own) && !parts.is_outer_column(own) {
                        parts.equal.entry(written(other)).or_insert_with(|| own.as_ref().clone());
                    }
                }
            }
        }
        for condition in conditions {
            match parts.sides(&condition) {
                (false, true) => parts.guards.push(condition),
                (true, true) if !parts.is_equality(&condition) => {
                    // What has to equal an own column can be written as that.
                    let changed = parts.within(&condition).unwrap_or(condition);
                    parts.inner.push(changed);
                }
                _ => parts.inner.push(condition),
            }
        }
        parts
    }

    /// Whether an expression has own columns, and columns of the query around.
    fn sides(&self, expr: &Expr) -> (bool, bool) {
        struct Sides<'a> {
            outer: &'a BTreeSet<String>,
            found: (bool, bool),
        }

        impl Visitor for Sides<'_> {
            type Break = ();

            fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
                match expr {
                    Expr::CompoundIdentifier(parts) if qualifier(parts).is_some_and(|name| self.outer.contains(&name)) => {
                        self.found.1 = true
                    }
                    Expr::CompoundIdentifier(_) | Expr::Identifier(_) => self.found.0 = true,
                    _ => {}
                }
                ControlFlow::Continue(())
            }
        }

        let mut sides = Sides { outer: &self.outer, found: (false, false) };
        // The visitor never breaks off.
        let _ = expr.visit(&mut sides);
        sides.found
    }

    fn is_outer_column(&self, expr: &Expr) -> bool {
        is_column(expr) && self.sides(expr) == (false, true)
    }

    /// Whether a condition is an equality of an own column and one of the query around.
    fn is_equality(&self, condition: &Expr) -> bool {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return false };
        is_column(left) && is_column(right) && self.is_outer_column(left) != self.is_outer_column(right)
    }

    /// An expression with own columns in the place of those that they equal; `None` when columns of the query around are left.
    fn within(&self, expr: &Expr) -> Option<Expr> {
        struct Put<'a>(&'a BTreeMap<String, Expr>);

        impl VisitorMut for Put<'_> {
            type Break = ();

            fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                if let Expr::CompoundIdentifier(_) = expr
                    && let Some(own) = self.0.get(&written(expr))
                {
                    *expr = own.clone();
                }
                ControlFlow::Continue(())
            }
        }

        let mut changed = expr.clone();
        // The visitor never breaks off.
        let _ = VisitMut::visit(&mut changed, &mut Put(&self.equal));
        (!self.sides(&changed).1).then_some(changed)
    }

    /// The query with the conditions that stay in it.
    fn query(&self, query: &Query) -> Query {
        let mut query = query.clone();
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.selection = all(&self.inner);
        }
        query
    }

    /// A value under the conditions that are not of the query.
    fn guarded(&self, value: Expr) -> Expr {
        match all(&self.guards) {
            Some(guard) => call::case(vec![(guard, value)], None),
            None => value,
        }
    }
}

fn all(conditions: &[Expr]) -> Option<Expr> {
    conditions.iter().cloned().reduce(|left, right| call::binary(left, BinaryOperator::And, right))
}

fn conjuncts(expr: &Expr, into: &mut Vec<Expr>) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, into);
            conjuncts(right, into);
        }
        Expr::Nested(inner) if matches!(inner.as_ref(), Expr::BinaryOp { op: BinaryOperator::And, .. }) => conjuncts(inner, into),
        other => into.push(other.clone()),
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

fn written(expr: &Expr) -> String {
    expr.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use crate::local::engine::Dialect;
    use crate::local::engine::dialect::rewrite;
    use crate::syntax::{Statement, parse};

    fn rewritten(sql: &str) -> String {
        let Statement::Sql(mut statement) = parse(Dialect::Redshift, sql, &[]).unwrap() else { panic!("not sql") };
        rewrite(Dialect::Redshift, statement.as_mut()).unwrap();
        statement.to_string()
    }

    #[test]
    fn conditions_go_where_they_can_be_planned() {
        let sql = "SELECT (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t
            WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation AND a.attisdropped) FROM pg_attribute a";
        let inner = "FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE ((c.oid = a.attcollation AND t.oid = a.atttypid) AND c.oid <> t.typcollation)";
        let expected = format!(
            "SELECT CASE WHEN a.attisdropped THEN pg_only_row((SELECT first_value(c.collname) AS value {inner}), (SELECT count(1) AS value {inner})) END \
             AS \"?column?\" FROM pg_attribute a"
        );
        assert_eq!(rewritten(sql), expected);
    }

    #[test]
    fn what_can_be_planned_stays_as_it_is() {
        for sql in [
            "SELECT (SELECT max(c.relname) AS m FROM pg_class c WHERE c.oid = t.oid) AS x FROM pg_type t",
            "SELECT (SELECT c.relname FROM pg_class c WHERE c.oid = 1) AS x FROM pg_type t",
            "SELECT (SELECT y.b FROM dm.t y WHERE y.a = x.a) AS x FROM dm.t x",
        ] {
            assert!(!rewritten(sql).contains("pg_only_row"), "{sql}");
        }
    }
}
