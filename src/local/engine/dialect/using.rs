//! `JOIN … USING`: which value a column has that two tables share. DataFusion takes the left table's everywhere, which is NULL where a RIGHT or
//! FULL join has no left row, and calls the column ambiguous in WHERE.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableFactor, VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use super::call;
use crate::local::engine::{Dialect, SqlError};

/// A column that tables share.
struct Shared {
    name: Ident,
    /// What its value is.
    value: Expr,
    /// The tables that have it.
    tables: Vec<Ident>,
}

/// Rewrites the references of a SELECT to columns that its tables share.
pub(super) fn rewrite(dialect: Dialect, select: &mut Select) -> Result<(), SqlError> {
    let [from] = select.from.as_mut_slice() else { return Ok(()) };
    let uses = |join: &JoinOperator| matches!(constraint(join), Some((JoinConstraint::Using(_), _)));
    if !from.joins.iter().any(|join| uses(&join.join_operator)) {
        return Ok(());
    }
    let outer = from.joins.iter().any(|join| {
        matches!(
            join.join_operator,
            JoinOperator::Right(JoinConstraint::Using(_))
                | JoinOperator::RightOuter(JoinConstraint::Using(_))
                | JoinOperator::FullOuter(JoinConstraint::Using(_))
        )
    });
    let refused = |what: &str| call::unsupported(dialect, select.select_token.0.span, what);
    let nameless = || refused("a RIGHT or FULL join with USING of a table without a name");
    let Some(first) = name(&from.relation) else { return if outer { Err(nameless()) } else { Ok(()) } };
    let (mut tables, mut shared): (Vec<Ident>, Vec<Shared>) = (vec![first], Vec::new());
    for join in &mut from.joins {
        let Some(own) = name(&join.relation) else { return if outer { Err(nameless()) } else { Ok(()) } };
        if let Some((JoinConstraint::Using(columns), side)) = constraint(&join.join_operator) {
            let mut conditions = Vec::new();
            for column in columns.clone() {
                let Some(column) = column.0.last().and_then(|part| part.as_ident().cloned()) else { continue };
                let right = of(&own, &column);
                let known = shared.iter().position(|known| known.name.value.eq_ignore_ascii_case(&column.value));
                let left = match (known, tables.as_slice()) {
                    (Some(known), _) => shared[known].value.clone(),
                    (None, [table]) => of(table, &column),
                    // Which of several tables has the column is not known here.
                    (None, _) if outer => return Err(refused("USING of a column after several tables in a RIGHT or FULL join")),
                    (None, _) if side == Side::Both => right.clone(),
                    (None, _) => continue,
                };
                conditions.push(call::binary(left.clone(), BinaryOperator::Eq, right.clone()));
                let value = match side {
                    Side::Both | Side::Left => left,
                    Side::Right => right,
                    Side::Either => call::function("coalesce", vec![left, right]),
                };
                match known {
                    Some(known) => {
                        shared[known].value = value;
                        shared[known].tables.push(own.clone());
                    }
                    None => shared.push(Shared {
                        name: column,
                        value,
                        tables: tables.first().cloned().into_iter().chain([own.clone()]).collect(),
                    }),
                }
            }
            if outer && let Some(condition) = conditions.into_iter().reduce(|all, next| call::binary(all, BinaryOperator::And, next)) {
                replace(&mut join.join_operator, JoinConstraint::On(condition));
            }
        }
        tables.push(own);
    }
    let mut replace = Values { shared: &shared, depth: 0 };
    // The visitor never breaks.
    let _: ControlFlow<()> = select.selection.visit(&mut replace);
    if outer {
        items(&mut select.projection, &shared, &tables);
        let mut replace = Values { shared: &shared, depth: 0 };
        let _: ControlFlow<()> = select.projection.visit(&mut replace);
        let _: ControlFlow<()> = select.group_by.visit(&mut replace);
        let _: ControlFlow<()> = select.having.visit(&mut replace);
        let _: ControlFlow<()> = select.qualify.visit(&mut replace);
    }
    Ok(())
}

/// Whose value a shared column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Left,
    Right,
    Either,
}

fn constraint(join: &JoinOperator) -> Option<(&JoinConstraint, Side)> {
    Some(match join {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (constraint, Side::Both),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (constraint, Side::Left),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (constraint, Side::Right),
        JoinOperator::FullOuter(constraint) => (constraint, Side::Either),
        _ => return None,
    })
}

fn replace(join: &mut JoinOperator, by: JoinConstraint) {
    match join {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => *constraint = by,
        _ => {}
    }
}

/// The name that a table goes by.
fn name(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => Some(alias.name.clone()),
        TableFactor::Table { name, alias: None, .. } => name.0.last()?.as_ident().cloned(),
        _ => None,
    }
}

fn of(table: &Ident, column: &Ident) -> Expr {
    Expr::CompoundIdentifier(vec![table.clone(), column.clone()])
}

/// `*` is the shared columns and then the others of each table; a shared column that is asked for keeps its name.
fn items(projection: &mut Vec<SelectItem>, shared: &[Shared], tables: &[Ident]) {
    let mut expanded = Vec::with_capacity(projection.len());
    for item in projection.drain(..) {
        match item {
            SelectItem::Wildcard(options) if options.opt_exclude.is_none() => {
                expanded.extend(
                    shared.iter().map(|shared| SelectItem::ExprWithAlias { expr: shared.value.clone(), alias: shared.name.clone() }),
                );
                expanded.extend(tables.iter().map(|table| {
                    let has = |shared: &&Shared| shared.tables.iter().any(|known| known.value.eq_ignore_ascii_case(&table.value));
                    let own: Vec<ObjectName> =
                        shared.iter().filter(has).map(|shared| ObjectName::from(vec![shared.name.clone()])).collect();
                    let exclude = (!own.is_empty()).then_some(ExcludeSelectItem::Multiple(own));
                    let options = WildcardAdditionalOptions { opt_exclude: exclude, ..WildcardAdditionalOptions::default() };
                    SelectItem::QualifiedWildcard(
                        SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![table.clone()])),
                        options,
                    )
                }));
            }
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => match find(shared, &ident) {
                Some(found) => expanded.push(SelectItem::ExprWithAlias { expr: found.value.clone(), alias: ident }),
                None => expanded.push(SelectItem::UnnamedExpr(Expr::Identifier(ident))),
            },
            other => expanded.push(other),
        }
    }
    *projection = expanded;
}

fn find<'a>(shared: &'a [Shared], ident: &Ident) -> Option<&'a Shared> {
    shared.iter().find(|shared| shared.name.value.eq_ignore_ascii_case(&ident.value))
}

/// Puts values in the place of shared columns that are named without a table. In a query of its own a name may mean another column.
struct Values<'a> {
    shared: &'a [Shared],
    depth: usize,
}

impl VisitorMut for Values<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0
            && let Expr::Identifier(ident) = expr
            && let Some(found) = find(self.shared, ident)
        {
            *expr = found.value.clone();
        }
        ControlFlow::Continue(())
    }
}
