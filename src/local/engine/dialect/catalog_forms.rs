//! What clients of PostgreSQL write about its catalog in forms that DataFusion has not: `ARRAY(query)`, subscripts and fields of what the
//! catalog's arrays hold, functions in FROM, casts to `regclass` and its relatives.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    GroupByExpr, Ident, JsonPathElem, ObjectName, ObjectNamePart, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Statement,
    TableAlias, TableFactor, UnaryOperator, Value,
};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use super::call;
use super::correlated;
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// Columns of the catalog that are arrays of numbers.
const NUMBERS: [&str; 7] = ["conkey", "confkey", "indkey", "indclass", "indoption", "proargtypes", "proallargtypes"];
/// Columns of the catalog that are arrays of texts.
const TEXTS: [&str; 5] = ["proargnames", "proargmodes", "reloptions", "datconfig", "rolconfig"];
/// Functions that give arrays of texts.
const ARRAYS: [&str; 4] = ["pg_array", "pg_array_each", "pg_array_both", "pg_schemas_of_path"];
/// Functions of the session that may stand in FROM.
const SESSION: [&str; 5] = ["current_database", "current_schema", "current_user", "session_user", "version"];

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    Numbers,
    Texts,
}

/// What an expression holds, when it is one of the catalog's arrays.
fn array(expr: &Expr) -> Option<Items> {
    match expr {
        Expr::Nested(inner) => array(inner),
        Expr::Identifier(name) => column(name),
        Expr::CompoundIdentifier(parts) => column(parts.last()?),
        Expr::Function(function) => {
            let name = function.name.to_string();
            if name == "coalesce" {
                let FunctionArguments::List(list) = &function.args else { return None };
                let FunctionArg::Unnamed(FunctionArgExpr::Expr(first)) = list.args.first()? else { return None };
                return array(first);
            }
            ARRAYS.contains(&name.as_str()).then_some(Items::Texts)
        }
        _ => None,
    }
}

fn column(name: &Ident) -> Option<Items> {
    let lower = name.value.to_lowercase();
    if NUMBERS.contains(&lower.as_str()) {
        return Some(Items::Numbers);
    }
    TEXTS.contains(&lower.as_str()).then_some(Items::Texts)
}

/// Rewrites one of the forms; `None` for any other expression.
pub(super) fn rewrite(expr: &Expr) -> Result<Option<Expr>, SqlError> {
    Ok(match expr {
        Expr::Function(Function { name, args: FunctionArguments::Subquery(query), .. }) if is(name, "array") => Some(array_of(query)?),
        // `array[1]`.
        Expr::JsonAccess { value, path } => match (array(value), path.path.as_slice()) {
            (Some(items), [JsonPathElem::Bracket { key }]) => Some(item(items, value, key)),
            _ => None,
        },
        // `(row).x`, of the rows that a key's columns are given in.
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.as_slice() {
            [AccessExpr::Dot(Expr::Identifier(field))] => {
                let position = ["x", "n"].iter().position(|known| field.value.eq_ignore_ascii_case(known));
                position.map(|index| call::function("pg_pair_field", vec![root.as_ref().clone(), call::number(index + 1)]))
            }
            _ => None,
        },
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } if array(left).or_else(|| array(right)).is_some() => {
            // NULL and an array are the array.
            let known = |side: &Expr| call::function("coalesce", vec![side.clone(), call::text("{}")]);
            Some(call::function("pg_array_both", vec![known(left), known(right)]))
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if array(right).is_some() => Some(has(right, left)),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } if array(right).is_some() => {
            Some(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(has(right, left)) })
        }
        Expr::Subquery(query) => correlated::one_row(query),
        Expr::Case { operand: Some(operand), .. } if is_truth(operand) => case_of_truth(expr),
        _ => None,
    })
}

/// Whether an expression is true or false by its form.
fn is_truth(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_truth(inner),
        Expr::BinaryOp { op, .. } => {
            use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
            matches!(op, And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, .. } | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::Exists { .. } => true,
        _ => false,
    }
}

/// `CASE a OR b WHEN 'false' THEN …`: a literal takes the type of what it is compared with, which DataFusion does not do for truth.
fn case_of_truth(expr: &Expr) -> Option<Expr> {
    let mut changed = expr.clone();
    let Expr::Case { conditions, .. } = &mut changed else { return None };
    let mut found = false;
    for when in conditions {
        let truth = match call::literal_text(&when.condition).map(str::to_lowercase).as_deref() {
            Some("true" | "t") => true,
            Some("false" | "f") => false,
            _ => continue,
        };
        when.condition = call::value(Value::Boolean(truth));
        found = true;
    }
    found.then_some(changed)
}

fn is(name: &ObjectName, text: &str) -> bool {
    let [part] = name.0.as_slice() else { return false };
    part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(text))
}

fn item(items: Items, array: &Expr, position: &Expr) -> Expr {
    let function = if items == Items::Numbers { "pg_array_number_at" } else { "pg_array_at" };
    call::function(function, vec![array.clone(), position.clone()])
}

fn has(array: &Expr, value: &Expr) -> Expr {
    call::function("pg_array_has", vec![array.clone(), call::function("to_text", vec![value.clone()])])
}

/// `ARRAY(SELECT x FROM … ORDER BY y)`: the values of a query of one column as an array of texts.
fn array_of(query: &Query) -> Result<Expr, SqlError> {
    let refused = || call::unsupported(Dialect::Redshift, Span::empty(), "ARRAY of such a query");
    let (SetExpr::Select(select), None, None) = (query.body.as_ref(), &query.with, &query.limit_clause) else { return Err(refused()) };
    let [item] = select.projection.as_slice() else { return Err(refused()) };
    let value = match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr,
        _ => return Err(refused()),
    };
    if let Some(each) = each_of(select, value) {
        return Ok(each);
    }
    let plain = matches!(&select.group_by, GroupByExpr::Expressions(grouped, _) if grouped.is_empty());
    if !plain || select.distinct.is_some() || select.having.is_some() {
        return Err(refused());
    }
    let order = match query.order_by.as_ref().map(|order| &order.kind) {
        None => Vec::new(),
        Some(OrderByKind::Expressions(exprs)) => exprs.iter().map(|order| in_place(order, value)).collect(),
        Some(OrderByKind::All(_)) => return Err(refused()),
    };
    let text = call::function("pg_array_item", vec![call::function("to_text", vec![value.clone()])]);
    let mut joined = call::function("string_agg", vec![call::function("coalesce", vec![text, call::text("NULL")]), call::text(",")]);
    if let (Expr::Function(Function { args: FunctionArguments::List(list), .. }), false) = (&mut joined, order.is_empty()) {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    let mut inner = query.clone();
    inner.order_by = None;
    if let SetExpr::Select(select) = inner.body.as_mut() {
        select.projection = vec![SelectItem::ExprWithAlias { expr: joined, alias: Ident::new("items") }];
    }
    let items = correlated::pulled(&inner).unwrap_or_else(|| Expr::Subquery(Box::new(inner)));
    Ok(call::function("pg_array", vec![call::function("coalesce", vec![items, call::text("")])]))
}

/// What a query is ordered by, where a position stands for its one column.
fn in_place(order: &OrderByExpr, value: &Expr) -> OrderByExpr {
    let mut order = order.clone();
    if matches!(&order.expr, Expr::Value(position) if matches!(position.value, Value::Number(..))) {
        order.expr = value.clone();
    }
    order
}

/// `ARRAY(SELECT 'before' || x FROM unnest(array) x)`: the array with something before and behind each item.
fn each_of(select: &Select, value: &Expr) -> Option<Expr> {
    let [from] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, alias: Some(alias), args: Some(args), .. } = &from.relation else { return None };
    let bare = name.0.last()?.as_ident()?.value.to_lowercase();
    if bare != "unnest" || !from.joins.is_empty() || select.selection.is_some() {
        return None;
    }
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))] = args.args.as_slice() else { return None };
    let column = alias.columns.first().map_or(&alias.name, |column| &column.name);
    let (before, after) = around(value, column)?;
    Some(call::function("pg_array_each", vec![array.clone(), call::text(&before), call::text(&after)]))
}

/// The texts before and behind a column in a concatenation.
fn around(expr: &Expr, column: &Ident) -> Option<(String, String)> {
    match expr {
        Expr::Nested(inner) => around(inner, column),
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case(&column.value) => Some((String::new(), String::new())),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => match (call::literal_text(left), call::literal_text(right)) {
            (Some(text), _) => around(right, column).map(|(before, after)| (format!("{text}{before}"), after)),
            (None, Some(text)) => around(left, column).map(|(before, after)| (before, format!("{after}{text}"))),
            (None, None) => None,
        },
        _ => None,
    }
}

/// A function in FROM: `generate_series` without its schema, a function of the session as a row of its value, a function of Redshift as the
/// view that has its rows.
pub(super) fn relation(factor: &mut TableFactor) -> Result<(), SqlError> {
    let TableFactor::Table { name, alias, args, .. } = factor else { return Ok(()) };
    let Some(given) = args else { return Ok(()) };
    if let [schema, _] = name.0.as_slice()
        && schema.as_ident().is_some_and(|schema| schema.value.eq_ignore_ascii_case("pg_catalog"))
    {
        name.0.remove(0);
    }
    let [part] = name.0.as_slice() else { return Ok(()) };
    let Some(bare) = part.as_ident().map(|ident| ident.value.to_lowercase()) else { return Ok(()) };
    if bare == "pg_get_late_binding_view_cols" {
        *args = None;
        name.0.insert(0, ObjectNamePart::Identifier(Ident::new("pg_catalog")));
        // The types that the caller writes are those that the columns have.
        alias.iter_mut().flat_map(|alias| &mut alias.columns).for_each(|column| column.data_type = None);
        return Ok(());
    }
    if SESSION.contains(&bare.as_str()) && given.args.is_empty() {
        let alias = alias.take().unwrap_or_else(|| TableAlias { explicit: true, name: Ident::new(&bare), columns: Vec::new(), at: None });
        *factor = TableFactor::Derived { lateral: false, subquery: value_of(&bare)?, alias: Some(alias), sample: None };
    }
    Ok(())
}

/// The query of the value of a function without arguments.
fn value_of(function: &str) -> Result<Box<Query>, SqlError> {
    let parsed = Parser::parse_sql(&datafusion::sql::sqlparser::dialect::GenericDialect {}, &format!("SELECT {function}() AS {function}"));
    match parsed.ok().and_then(|mut parsed| parsed.pop()) {
        Some(Statement::Query(query)) => Ok(query),
        _ => Err(call::error(Dialect::Redshift, Span::empty(), SqlErrorKind::Internal, &format!("{function} is no query"))),
    }
}

/// A cast to one of the types that stand for an object by its number, or away from one; `None` for any other cast.
pub(super) fn cast(expr: &Expr, to: &DataType) -> Option<Expr> {
    let name = match to {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_) => "text".to_owned(),
        DataType::Custom(name, _) => {
            let lower = name.to_string().to_lowercase();
            lower.strip_prefix("pg_catalog.").unwrap_or(&lower).to_owned()
        }
        _ => return None,
    };
    let literal = call::literal_text(expr);
    Some(match name.as_str() {
        "regclass" => call::function("pg_regclass", vec![expr.clone()]),
        "regtype" => call::function("pg_regtype", vec![expr.clone()]),
        // A function is held by its name where there is one, and is its number only where that is asked for.
        "regproc" | "regprocedure" => match literal {
            Some(text) => call::text(text.trim().trim_start_matches("pg_catalog.")),
            None => call::function("pg_regproc", vec![expr.clone()]),
        },
        "oid" if literal.is_some_and(|text| text.trim().parse::<i64>().is_err()) => {
            call::function("pg_function_number", vec![expr.clone()])
        }
        // The number of what was written as its name is shown as the name.
        "text" if by_name(expr) => match expr {
            Expr::Function(function) => call::function(&function.name.to_string(), vec![expr.clone()]),
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether an expression is the number of an object that is written by its name.
fn by_name(expr: &Expr) -> bool {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return false };
    let registered = matches!(name.to_string().as_str(), "pg_regclass" | "pg_regtype");
    let written = matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Expr(only))] if call::literal_text(only).is_some());
    registered && written
}
