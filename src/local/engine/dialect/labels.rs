//! The names of columns that a query does not name: what the service shows, instead of what DataFusion makes of the rewritten expression.

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::{Expr, Ident, OrderByKind, Query, SelectItem, SetExpr};

use super::{call, functions};
use crate::local::engine::Dialect;

/// Stands between a label and what tells it from an equal one before it: DataFusion wants the columns of a query to differ, the services do
/// not. No identifier can hold it.
const APART: char = '\u{0}';

/// The label to show for a field of a query's schema.
pub fn label(field: &str) -> &str {
    field.split(APART).next().unwrap_or(field)
}

/// Gives each unnamed column of a query its label as an alias.
pub(super) fn name_columns(dialect: Dialect, query: &mut Query) {
    order_by_position(query);
    name_body(dialect, &mut query.body);
}

fn name_body(dialect: Dialect, body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            name_items(dialect, &mut select.projection);
            tell_apart(&mut select.projection);
        }
        // The names of the first branch are those of the whole; the other branches have to have any.
        SetExpr::SetOperation { left, right, .. } => {
            name_body(dialect, left);
            name_body(dialect, right);
        }
        _ => {}
    }
}

/// The column that a select item is, by the last part of its name.
fn plain(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

/// Tells columns apart that a query gives the same name: the same column again, and the same alias. Columns of one name that come from
/// several tables are told apart by their tables.
fn tell_apart(items: &mut [SelectItem]) {
    let wildcard = items.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    // Where all of a table is asked for twice, nothing tells its columns apart here.
    let mut columns: Vec<(String, bool, String)> = Vec::new();
    let mut aliases: HashMap<String, usize> = HashMap::new();
    for item in items.iter_mut() {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let Some(ident) = plain(expr) else { continue };
                let (name, qualified, written) =
                    (ident.value.to_lowercase(), matches!(expr, Expr::CompoundIdentifier(_)), expr.to_string().to_lowercase());
                let same = |(known, with_table, text): &&(String, bool, String)| {
                    *known == name && (*text == written || !(qualified && *with_table))
                };
                let before = columns.iter().filter(same).count() + usize::from(wildcard);
                columns.push((name.clone(), qualified, written));
                if before > 0 {
                    let expr = std::mem::replace(expr, call::null());
                    *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', format!("{name}{APART}{before}")) };
                }
            }
            SelectItem::ExprWithAlias { alias, .. } => {
                let name = alias.value.to_lowercase();
                let before = aliases.entry(name.clone()).or_default();
                if *before > 0 {
                    *alias = Ident::with_quote('"', format!("{name}{APART}{before}"));
                }
                *before += 1;
            }
            _ => {}
        }
    }
}

fn name_items(dialect: Dialect, items: &mut [SelectItem]) {
    let mut taken: HashMap<String, usize> = HashMap::new();
    for item in items.iter() {
        match item {
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => *taken.entry(ident.value.to_lowercase()).or_default() += 1,
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                if let Some(ident) = parts.last() {
                    *taken.entry(ident.value.to_lowercase()).or_default() += 1;
                }
            }
            SelectItem::ExprWithAlias { alias, .. } => *taken.entry(alias.value.to_lowercase()).or_default() += 1,
            _ => {}
        }
    }
    for (index, item) in items.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        // A word that stands for a value (`sysdate`, `current_user`) is no column, and needs a label.
        let value = |ident: &Ident| ident.quote_style.is_none() && functions::keyword(dialect, &ident.value).is_some();
        if matches!(expr, Expr::Identifier(ident) if !value(ident)) || matches!(expr, Expr::CompoundIdentifier(_)) {
            continue;
        }
        let shown = match dialect {
            Dialect::Redshift => redshift(expr),
            Dialect::Athena => format!("_col{index}"),
        };
        let before = taken.entry(shown.clone()).or_default();
        let name = if *before == 0 { shown } else { format!("{shown}{APART}{before}") };
        *before += 1;
        let expr = std::mem::replace(expr, call::null());
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
    }
}

/// What Redshift calls an expression: the function, the column or type of a cast, or `?column?`.
fn redshift(expr: &Expr) -> String {
    named(expr).unwrap_or_else(|| "?column?".to_owned())
}

fn named(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Identifier(ident) => ident.value.to_lowercase(),
        Expr::CompoundIdentifier(parts) => parts.last()?.value.to_lowercase(),
        Expr::Function(function) => match function.name.0.last()?.as_ident()?.value.to_lowercase() {
            name if name == "approx_distinct" => "count".to_owned(),
            name => name,
        },
        Expr::Nested(inner) => return named(inner),
        Expr::Cast { expr: inner, data_type, .. } => return named(inner).or_else(|| type_name(&data_type.to_string())),
        Expr::Convert { expr: inner, data_type: Some(data_type), .. } => return named(inner).or_else(|| type_name(&data_type.to_string())),
        Expr::TypedString(literal) => return type_name(&literal.data_type.to_string()),
        Expr::Case { else_result, .. } => else_result.as_deref().and_then(named).unwrap_or_else(|| "case".to_owned()),
        Expr::Extract { .. } => "date_part".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Trim { .. } => "btrim".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Interval(_) => "interval".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        Expr::Value(value) if matches!(value.value, datafusion::sql::sqlparser::ast::Value::Boolean(_)) => "bool".to_owned(),
        _ => return None,
    })
}

/// The internal name of a type, which a cast of a nameless value is called by.
fn type_name(written: &str) -> Option<String> {
    let bare = written.split('(').next().unwrap_or(written).trim().to_lowercase();
    let name = match bare.as_str() {
        "int" | "integer" | "int4" => "int4",
        "bigint" | "int8" => "int8",
        "smallint" | "int2" => "int2",
        "real" | "float4" => "float4",
        "double precision" | "float" | "float8" | "double" => "float8",
        "decimal" | "numeric" | "dec" => "numeric",
        "boolean" | "bool" => "bool",
        "varchar" | "character varying" | "text" | "nvarchar" => "varchar",
        "char" | "character" | "bpchar" => "bpchar",
        other => other,
    };
    Some(name.to_owned())
}

/// Turns what a query is ordered by into the position of the column that is the same expression: once the column has another name,
/// DataFusion would no longer see that they are the same.
fn order_by_position(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let plain = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if !select.projection.iter().all(plain) {
        return;
    }
    let unnamed: Vec<Option<String>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
            SelectItem::UnnamedExpr(expr) => Some(expr.to_string()),
            _ => None,
        })
        .collect();
    if let Some(order_by) = &mut query.order_by
        && let OrderByKind::Expressions(expressions) = &mut order_by.kind
    {
        for ordered in expressions {
            if matches!(ordered.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
                continue;
            }
            let text = ordered.expr.to_string();
            if let Some(position) = unnamed.iter().position(|item| item.as_deref() == Some(text.as_str())) {
                ordered.expr = call::number(position + 1);
            }
        }
    }
}
