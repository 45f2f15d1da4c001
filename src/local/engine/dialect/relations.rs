//! What stands in FROM and is no table: `UNNEST` (with ordinality, of maps, of several arrays side by side), `PIVOT` and `UNPIVOT`.

use std::collections::HashSet;

use datafusion::common::{Column, DFSchema, Result, not_impl_err, plan_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::sql::sqlparser::ast::{self, ExprWithAlias, NullInclusion, PivotValueSource, TableFactor};

use super::functions::{self, unnest};
use crate::local::engine::Dialect;

/// Plans the relations of a dialect.
#[derive(Debug)]
pub(super) struct Relations {
    /// The dialect.
    pub dialect: Dialect,
}

/// The column that holds the rows to be unnested.
pub(super) const ROWS: &str = "__rows";

impl RelationPlanner for Relations {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        let (plan, alias) = match relation {
            TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
                (self.unnest(array_exprs, with_ordinality, context)?, alias)
            }
            TableFactor::Pivot { table, aggregate_functions, value_column, value_source, alias, .. } => {
                let input = context.plan(*table)?;
                (pivot(input, aggregate_functions, &value_column, value_source, context)?, alias)
            }
            TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
                let input = context.plan(*table)?;
                let keep_nulls = null_inclusion == Some(NullInclusion::IncludeNulls);
                (unpivot(input, &value, &name, columns, keep_nulls, context)?, alias)
            }
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

impl Relations {
    fn unnest(&self, exprs: Vec<ast::Expr>, ordinality: bool, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let schema = DFSchema::empty();
        let mut args = exprs.into_iter().map(|expr| context.sql_to_expr(expr, &schema)).collect::<Result<Vec<_>>>()?;
        let types = args.iter().map(|arg| arg.get_type(&schema)).collect::<Result<Vec<_>>>()?;
        let columns = unnest::columns(&types)?.len() + usize::from(ordinality);
        let name = if ordinality { unnest::COUNTED } else { unnest::PLAIN };
        if ordinality {
            // Positions count from 0 in Redshift and from 1 in Trino.
            args.push(lit(i64::from(self.dialect == Dialect::Athena)));
        }
        let Some(function) = functions::scalar(self.dialect).iter().find(|function| function.name() == name) else {
            return plan_err!("UNNEST has no function");
        };
        let rows = function.call(args).alias(ROWS);
        let item = || Expr::Column(Column::new_unqualified(ROWS));
        let fields = (0..columns).map(|index| get_field(item(), unnest::field(index)).alias(unnest::field(index)));
        LogicalPlanBuilder::empty(true).project([rows])?.unnest_column(Column::new_unqualified(ROWS))?.project(fields)?.build()
    }
}

/// `PIVOT (aggregates FOR column IN (values))`: a column a value and aggregate, grouped by all columns that it does not name.
fn pivot(
    input: LogicalPlan,
    aggregates: Vec<ExprWithAlias>,
    value_column: &[ast::Expr],
    source: PivotValueSource,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let schema = input.schema().as_ref().clone();
    let PivotValueSource::List(values) = source else { return not_impl_err!("PIVOT with anything but a list of values") };
    let [subject] = value_column else { return not_impl_err!("PIVOT by several columns") };
    let subject = context.sql_to_expr(subject.clone(), &schema)?;
    let mut named: Vec<(Expr, Option<String>)> = Vec::new();
    for aggregate in aggregates {
        let alias = aggregate.alias.map(|alias| context.normalize_ident(alias));
        named.push((context.sql_to_expr(aggregate.expr, &schema)?, alias));
    }
    if named.len() > 1 && named.iter().any(|(_, alias)| alias.is_none()) {
        return plan_err!("each of several aggregates of a PIVOT needs an alias");
    }
    let mut used: HashSet<String> = subject.column_refs().into_iter().map(|column| column.name.clone()).collect();
    used.extend(named.iter().flat_map(|(expr, _)| expr.column_refs()).map(|column| column.name.clone()));
    let groups: Vec<Expr> = schema
        .iter()
        .filter(|(_, field)| !used.contains(field.name()))
        .map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name())))
        .collect();
    let (mut computed, mut labels) = (Vec::new(), Vec::new());
    for value in values {
        let shown = match &value.alias {
            Some(alias) => context.normalize_ident(alias.clone()),
            None => match &value.expr {
                ast::Expr::Value(literal) => match &literal.value {
                    ast::Value::SingleQuotedString(text) => text.to_lowercase(),
                    other => other.to_string().to_lowercase(),
                },
                other => other.to_string().to_lowercase(),
            },
        };
        let literal = context.sql_to_expr(value.expr, &schema)?;
        let is_null = matches!(&literal, Expr::Literal(value, _) if value.is_null());
        let here = if is_null { subject.clone().is_null() } else { subject.clone().eq(literal) };
        for (expr, alias) in &named {
            let Expr::AggregateFunction(AggregateFunction { func, params }) = expr.clone().unalias() else {
                return plan_err!("PIVOT takes aggregates");
            };
            let mut params = params;
            params.filter = Some(Box::new(match params.filter.take() {
                Some(filter) => filter.and(here.clone()),
                None => here.clone(),
            }));
            computed.push(Expr::AggregateFunction(AggregateFunction { func, params }));
            labels.push(alias.as_ref().map_or_else(|| shown.clone(), |alias| format!("{shown}_{alias}")));
        }
    }
    let plan = LogicalPlanBuilder::from(input).aggregate(groups.clone(), computed)?.build()?;
    let named: Vec<Expr> = plan
        .schema()
        .iter()
        .enumerate()
        .map(|(index, (qualifier, field))| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match index.checked_sub(groups.len()).and_then(|index| labels.get(index)) {
                Some(label) => column.alias(label),
                None => column.alias(field.name()),
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(named)?.build()
}

/// `UNPIVOT (value FOR name IN (columns))`: a row a column.
fn unpivot(
    input: LogicalPlan,
    value: &ast::Expr,
    name: &ast::Ident,
    columns: Vec<ExprWithAlias>,
    keep_nulls: bool,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let schema = input.schema().as_ref().clone();
    let ast::Expr::Identifier(value) = value else { return not_impl_err!("UNPIVOT of several values") };
    let (value, name) = (context.normalize_ident(value.clone()), context.normalize_ident(name.clone()));
    let mut turned = Vec::new();
    for column in columns {
        let expr = context.sql_to_expr(column.expr, &schema)?;
        let Expr::Column(found) = &expr else { return plan_err!("UNPIVOT takes columns") };
        let label = column.alias.map_or_else(
            || found.name.clone(),
            |alias| match alias.quote_style {
                Some(_) => alias.value,
                None => context.normalize_ident(alias),
            },
        );
        turned.push((expr.clone(), found.name.clone(), label));
    }
    let kept: Vec<Expr> = schema
        .iter()
        .filter(|(_, field)| !turned.iter().any(|(_, name, _)| name == field.name()))
        .map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name())).alias(field.name()))
        .collect();
    let mut united: Option<LogicalPlanBuilder> = None;
    for (column, _, label) in turned {
        let mut branch = LogicalPlanBuilder::from(input.clone());
        if !keep_nulls {
            branch = branch.filter(column.clone().is_not_null())?;
        }
        let row = kept.iter().cloned().chain([lit(label).alias(&name), column.alias(&value)]);
        let branch = branch.project(row)?;
        united = Some(match united {
            Some(before) => before.union(branch.build()?)?,
            None => branch,
        });
    }
    match united {
        Some(united) => united.build(),
        None => plan_err!("UNPIVOT needs a column"),
    }
}
