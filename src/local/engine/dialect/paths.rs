//! FROM items that are not tables, as what the planner knows: a path into a SUPER value, `generate_series`, a sample.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, TableAlias, TableAliasColumnDef, TableFactor, TableSampleKind,
    TableWithJoins,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::call;

/// `FROM t, t.s AS x [AT i]`: the items of an array in `t`, as `UNNEST` of it.
pub(super) fn unnest(from: &mut [TableWithJoins]) {
    let mut tables: Vec<String> = Vec::new();
    let mut items: Vec<String> = Vec::new();
    for part in from {
        one(&mut part.relation, &mut tables, &mut items);
        for join in &mut part.joins {
            one(&mut join.relation, &mut tables, &mut items);
        }
    }
}

/// Rewrites a factor whose name starts with one before it; else keeps the name that it goes by.
fn one(factor: &mut TableFactor, tables: &mut Vec<String>, items: &mut Vec<String>) {
    let TableFactor::Table { name, alias, args: None, json_path, .. } = factor else {
        let alias = match factor {
            TableFactor::Derived { alias: Some(alias), .. } => alias,
            _ => return,
        };
        tables.push(alias.name.value.to_lowercase());
        return;
    };
    let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
    let first = parts.first().map(|part| part.value.to_lowercase()).unwrap_or_default();
    let from_item = items.contains(&first);
    if !from_item && (!tables.contains(&first) || parts.len() < 2) {
        let known = alias.as_ref().map(|alias| &alias.name).or(parts.last());
        tables.extend(known.map(|known| known.value.to_lowercase()));
        return;
    }
    // Of a table the column comes next, an item is a column itself; the rest leads into the value.
    let column = if from_item { 1 } else { 2 };
    let root = if from_item { Expr::Identifier(parts[0].clone()) } else { Expr::CompoundIdentifier(parts[..2].to_vec()) };
    let mut steps: Vec<Expr> = parts[column.min(parts.len())..].iter().map(|part| call::text(&part.value)).collect();
    if let Some(path) = json_path {
        for step in &path.path {
            steps.push(match step {
                datafusion::sql::sqlparser::ast::JsonPathElem::Dot { key, .. } => call::text(key),
                datafusion::sql::sqlparser::ast::JsonPathElem::Bracket { key }
                | datafusion::sql::sqlparser::ast::JsonPathElem::ColonBracket { key } => key.clone(),
            });
        }
    }
    let value = if steps.is_empty() { root } else { call::function("super_get", std::iter::once(root).chain(steps).collect()) };
    let item = alias.as_ref().map(|alias| alias.name.clone()).or_else(|| parts.last().cloned()).unwrap_or_else(|| Ident::new("item"));
    let position = alias.as_ref().and_then(|alias| alias.at.clone());
    items.push(item.value.to_lowercase());
    let columns = std::iter::once(item.clone()).chain(position.clone());
    let columns = columns.map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    *factor = TableFactor::UNNEST {
        alias: Some(TableAlias { explicit: true, name: item, columns, at: None }),
        array_exprs: vec![call::function("super_items", vec![value])],
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: position.is_some(),
    };
}

/// `generate_series(…)` in FROM is an array of its numbers, unnested.
pub(super) fn series(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(args), .. } = factor else { return };
    if !name.to_string().eq_ignore_ascii_case("generate_series") {
        return;
    }
    let exprs = args.args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let array = call::function("generate_series", exprs.collect());
    let mut alias = alias.take().unwrap_or_else(|| named("generate_series"));
    if alias.columns.is_empty() {
        alias.columns = vec![TableAliasColumnDef { name: alias.name.clone(), data_type: None }];
    }
    *factor = TableFactor::UNNEST {
        alias: Some(alias),
        array_exprs: vec![array],
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    };
}

/// `generate_series(…)` in a select list gives a row for each of its numbers.
pub(super) fn rows_of_series(expr: &mut Expr) {
    if matches!(expr, Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("generate_series")) {
        let series = std::mem::replace(expr, call::null());
        *expr = call::function("unnest", vec![series]);
    }
}

fn named(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::new(name), columns: Vec::new(), at: None }
}

/// `t TABLESAMPLE BERNOULLI (p)`: each row with a probability of `p` per cent.
pub(super) fn sample(factor: &mut TableFactor) {
    let (taken, alias) = match factor {
        TableFactor::Table { sample, alias, name, .. } if sample.is_some() => {
            let own = name.0.last().and_then(|part| part.as_ident()).map(|ident| named(&ident.value));
            (sample.take(), alias.take().or(own))
        }
        TableFactor::Derived { sample, alias, .. } if sample.is_some() => (sample.take(), alias.take()),
        _ => return,
    };
    let Some(TableSampleKind::BeforeTableAlias(taken) | TableSampleKind::AfterTableAlias(taken)) = taken else { return };
    let share = taken.quantity.map_or_else(|| call::number(100), |quantity| quantity.value);
    // The one query that is built of text: everything in it is ours.
    let parsed = Parser::parse_sql(&datafusion::sql::sqlparser::dialect::GenericDialect {}, "SELECT * FROM sampled");
    let Some(datafusion::sql::sqlparser::ast::Statement::Query(mut query)) = parsed.ok().and_then(|mut parsed| parsed.pop()) else {
        return;
    };
    if let datafusion::sql::sqlparser::ast::SetExpr::Select(select) = query.body.as_mut() {
        if let TableFactor::Table { alias: place, .. } | TableFactor::Derived { alias: place, .. } = factor {
            place.clone_from(&alias);
        }
        let percent = call::binary(
            call::function("random", Vec::new()),
            BinaryOperator::Multiply,
            call::cast(call::number(100), datafusion::sql::sqlparser::ast::DataType::DoublePrecision),
        );
        select.selection =
            Some(call::binary(percent, BinaryOperator::Lt, call::cast(share, datafusion::sql::sqlparser::ast::DataType::DoublePrecision)));
        select.from = vec![TableWithJoins { relation: factor.clone(), joins: Vec::new() }];
        select.select_token = AttachedToken::empty();
    }
    *factor = TableFactor::Derived { lateral: false, subquery: query, alias, sample: None };
}
