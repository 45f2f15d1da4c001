//! What a statement reads: every place where it names a table, with the conditions that its rows have to meet there. Partitions that cannot
//! meet them are not read.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, BinaryOperator, DataType, Expr, FromTable, JoinConstraint, JoinOperator, ObjectName, Query, Select, TableFactor, TableWithJoins,
    UnaryOperator, Value, Visit, Visitor,
};

use crate::syntax::Statement;

/// A table as a query reads it. A query that names a table twice reads it twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The parts of its name, in lower case.
    pub name: Vec<String>,
    /// What its columns are qualified with.
    alias: String,
    /// What holds for every row that comes of it.
    conditions: Vec<Expr>,
}

/// The value that all rows of a partition have in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionValue {
    /// The column, in lower case.
    pub column: String,
    /// The value as it is written; `None` for NULL.
    pub value: Option<String>,
    /// Whether it is compared as a number.
    pub numeric: bool,
}

/// The tables that a statement reads. What `WITH` defines, and a table that only new rows are written to, are none of them. `None` for a
/// statement that does not say it in its text (`EXECUTE`), or only in a way that is not read here (`MERGE`).
pub fn reads(statement: &Statement) -> Option<Vec<Read>> {
    let mut found = Found::default();
    if visit(statement, &mut found).is_break() {
        return None;
    }
    found.reads.retain(|read| read.name.len() > 1 || !found.own.contains(&read.name[0]));
    Some(found.reads)
}

#[derive(Default)]
struct Found {
    reads: Vec<Read>,
    own: BTreeSet<String>,
}

fn visit(statement: &Statement, found: &mut Found) -> ControlFlow<()> {
    match statement {
        Statement::Sql(statement) => {
            // Which rows go or change is read from the table itself.
            let mut conditions = Vec::new();
            match &**statement {
                ast::Statement::Delete(delete) => {
                    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
                    delete.selection.iter().for_each(|selection| conjuncts(selection, &mut conditions));
                    from.iter().chain(delete.using.iter().flatten()).for_each(|from| found.from(from, &conditions));
                }
                ast::Statement::Update(update) => {
                    update.selection.iter().for_each(|selection| conjuncts(selection, &mut conditions));
                    found.from(&update.table, &conditions);
                }
                ast::Statement::Merge(_) | ast::Statement::Execute { .. } => return ControlFlow::Break(()),
                _ => {}
            }
            statement.visit(found)
        }
        Statement::Explain { analyze: true, statement, .. } => visit(statement, found),
        Statement::CreateTable { create, .. } => create.query.visit(found),
        Statement::CreateTableAs(create) if create.data => create.query.visit(found),
        Statement::UnloadQuery(unload) => unload.query.visit(found),
        Statement::CreateMaterializedView(create) => create.query.visit(found),
        Statement::Merge { .. } | Statement::Execute(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.own.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let mut conditions = Vec::new();
        if let Some(selection) = &select.selection {
            conjuncts(selection, &mut conditions);
        }
        for from in &select.from {
            self.from(from, &conditions);
        }
        ControlFlow::Continue(())
    }
}

impl Found {
    fn from(&mut self, from: &TableWithJoins, outer: &[Expr]) {
        let mut conditions = outer.to_vec();
        for join in &from.joins {
            // Only what an inner join asks for is true of every row; an outer one makes rows where it is not.
            if let JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on)) = &join.join_operator {
                conjuncts(on, &mut conditions);
            }
        }
        for factor in std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)) {
            match factor {
                TableFactor::Table { name, alias, args: None, .. } => {
                    let name = lower(name);
                    let Some(last) = name.last() else { continue };
                    let alias = alias.as_ref().map_or_else(|| last.clone(), |alias| alias.name.value.to_lowercase());
                    self.reads.push(Read { name, alias, conditions: conditions.clone() });
                }
                // The outer conditions still hold of what comes out of the brackets.
                TableFactor::NestedJoin { table_with_joins, alias: None } => self.from(table_with_joins, &conditions),
                TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins, &[]),
                // A query of its own is visited by itself.
                _ => {}
            }
        }
    }
}

fn lower(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.to_lowercase()).collect()
}

/// The parts of a condition that all have to hold.
fn conjuncts(expr: &Expr, out: &mut Vec<Expr>) {
    match expr {
        Expr::Nested(inner) => conjuncts(inner, out),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, out);
            conjuncts(right, out);
        }
        other => out.push(other.clone()),
    }
}

impl Read {
    /// Whether rows of a partition may be read: whether no condition is known to fail for all of them.
    pub fn may_read(&self, partition: &[PartitionValue]) -> bool {
        let row = Row { alias: &self.alias, partition };
        self.conditions.iter().all(|condition| row.holds(condition) != Some(false))
    }
}

/// What is known of a row: the values of its partition.
struct Row<'a> {
    alias: &'a str,
    partition: &'a [PartitionValue],
}

/// A side of a comparison.
struct Side {
    /// `None` for NULL.
    value: Option<String>,
    numeric: bool,
}

impl Row<'_> {
    /// Whether a condition holds; `None` when that depends on more than the partition. NULL counts as not holding, as it does in WHERE; under
    /// a NOT that only keeps more.
    fn holds(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Nested(inner) => self.holds(inner),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.holds(expr).map(|holds| !holds),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => match (self.holds(left), self.holds(right)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => match (self.holds(left), self.holds(right)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Expr::BinaryOp { left, op, right } => {
                let allowed: fn(Ordering) -> bool = match op {
                    BinaryOperator::Eq => Ordering::is_eq,
                    BinaryOperator::NotEq => Ordering::is_ne,
                    BinaryOperator::Lt => Ordering::is_lt,
                    BinaryOperator::LtEq => Ordering::is_le,
                    BinaryOperator::Gt => Ordering::is_gt,
                    BinaryOperator::GtEq => Ordering::is_ge,
                    _ => return None,
                };
                compare(&self.side(left)?, &self.side(right)?).map(|order| order.is_some_and(allowed))
            }
            Expr::Between { expr, negated: false, low, high } => {
                let side = self.side(expr)?;
                let above = compare(&side, &self.side(low)?)?.is_some_and(Ordering::is_ge);
                let below = compare(&side, &self.side(high)?)?.is_some_and(Ordering::is_le);
                Some(above && below)
            }
            Expr::InList { expr, list, negated: false } => {
                let side = self.side(expr)?;
                let mut unknown = false;
                for one in list {
                    match self.side(one).and_then(|one| compare(&side, &one)) {
                        Some(Some(Ordering::Equal)) => return Some(true),
                        Some(_) => {}
                        None => unknown = true,
                    }
                }
                (!unknown).then_some(false)
            }
            Expr::Like { negated: false, any: false, expr, pattern, escape_char: None } => {
                let (side, pattern) = (self.side(expr)?, self.side(pattern)?);
                let (Some(text), Some(pattern)) = (side.value, pattern.value) else { return Some(false) };
                Some(like(&text, &pattern))
            }
            Expr::IsNull(inner) => Some(self.side(inner)?.value.is_none()),
            Expr::IsNotNull(inner) => Some(self.side(inner)?.value.is_some()),
            _ => None,
        }
    }

    /// A side of a comparison, when it is a value or a column of the partition.
    fn side(&self, expr: &Expr) -> Option<Side> {
        let column = |name: &str| {
            let found = self.partition.iter().find(|known| known.column.eq_ignore_ascii_case(name))?;
            Some(Side { value: found.value.clone(), numeric: found.numeric })
        };
        match expr {
            Expr::Nested(inner) => self.side(inner),
            Expr::Identifier(name) => column(&name.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] if table.value.eq_ignore_ascii_case(self.alias) => column(&name.value),
                _ => None,
            },
            Expr::Cast { expr, data_type, .. } => {
                let side = self.side(expr)?;
                let numeric = is_number(data_type);
                // A text that becomes a number is compared as one; a moment and its day are not the same.
                let same = numeric || matches!(data_type, DataType::Date | DataType::Varchar(_) | DataType::Char(_));
                same.then_some(Side { numeric, ..side })
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let side = self.side(expr)?;
                Some(Side { value: side.value.map(|value| format!("-{value}")), ..side })
            }
            Expr::TypedString(text) if text.data_type == DataType::Date => value(&text.value.value),
            Expr::Value(literal) => value(&literal.value),
            _ => None,
        }
    }
}

fn value(literal: &Value) -> Option<Side> {
    match literal {
        Value::Number(number, _) => Some(Side { value: Some(number.clone()), numeric: true }),
        Value::SingleQuotedString(text) => Some(Side { value: Some(text.clone()), numeric: false }),
        Value::Null => Some(Side { value: None, numeric: false }),
        _ => None,
    }
}

fn is_number(data_type: &DataType) -> bool {
    is_number_type(&data_type.to_string())
}

/// Whether a type of the lake has numbers.
pub fn is_number_type(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["tinyint", "smallint", "int", "bigint", "float", "real", "double", "decimal", "numeric"].iter().any(|number| name.starts_with(number))
        && !name.starts_with("interval")
}

/// How two values are ordered; inside `None` when one is NULL, `None` when it cannot be told.
fn compare(a: &Side, b: &Side) -> Option<Option<Ordering>> {
    let (Some(left), Some(right)) = (&a.value, &b.value) else { return Some(None) };
    if a.numeric || b.numeric {
        let (left, right): (f64, f64) = (left.trim().parse().ok()?, right.trim().parse().ok()?);
        return left.partial_cmp(&right).map(Some);
    }
    Some(Some(left.cmp(right)))
}

/// `LIKE` without an escape.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // Which beginnings of the pattern match the text so far.
    let mut fits = vec![false; pattern.len() + 1];
    fits[0] = true;
    for (at, sign) in pattern.iter().enumerate() {
        fits[at + 1] = fits[at] && *sign == '%';
    }
    for c in &text {
        let mut next = vec![false; pattern.len() + 1];
        for (at, sign) in pattern.iter().enumerate() {
            next[at + 1] = match sign {
                '%' => next[at] || fits[at + 1] || fits[at],
                '_' => fits[at],
                sign => fits[at] && sign == c,
            };
        }
        fits = next;
    }
    fits[pattern.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::{self, Dialect};

    fn of(sql: &str) -> Vec<Read> {
        reads(&syntax::parse(Dialect::Athena, sql, &[]).unwrap()).unwrap()
    }

    fn names(sql: &str) -> Vec<String> {
        of(sql).into_iter().map(|read| read.name.join(".")).collect()
    }

    #[test]
    fn a_table_is_read_as_often_as_it_is_named() {
        let sql =
            "WITH a AS (SELECT * FROM lake.t1) SELECT * FROM a JOIN \"T2\" x ON true JOIN t2 ON true WHERE y IN (SELECT y FROM other.t3)";
        let mut found = names(sql);
        found.sort_unstable();
        assert_eq!(found, ["lake.t1", "other.t3", "t2", "t2"]);
        assert_eq!(names("SELECT 1 UNION ALL SELECT a FROM (SELECT a FROM t) x"), ["t"]);
        assert_eq!(names("INSERT INTO target SELECT * FROM source"), ["source"], "what is written is not read");
        assert_eq!(names("CREATE TABLE made AS SELECT * FROM source"), ["source"]);
        assert_eq!(names("CREATE TABLE made WITH (format = 'PARQUET') AS SELECT * FROM source"), ["source"]);
        assert!(names("CREATE TABLE made AS SELECT * FROM source WITH NO DATA").is_empty());
        assert_eq!(names("UNLOAD (SELECT * FROM source) TO 's3://b/p/' WITH (format = 'PARQUET')"), ["source"]);
        assert_eq!(names("DELETE FROM t WHERE a IN (SELECT a FROM s)"), ["t", "s"]);
        assert_eq!(names("UPDATE t SET a = 1"), ["t"]);
        assert_eq!(reads(&syntax::parse(Dialect::Athena, "EXECUTE p", &[]).unwrap()), None, "nobody knows");
        assert!(names("SELECT * FROM UNNEST(ARRAY[1]) AS t(x)").is_empty());
    }

    /// Whether a partition `year=2024, month=03, day=NULL` may be read under a condition.
    fn may(condition: &str) -> bool {
        let value =
            |column: &str, value: Option<&str>, numeric| PartitionValue { column: column.into(), value: value.map(Into::into), numeric };
        let partition = [value("year", Some("2024"), true), value("month", Some("03"), false), value("day", None, false)];
        let found = of(&format!("SELECT * FROM db.t x JOIN other ON x.a = other.a AND x.year < 2100 WHERE {condition}"));
        found.iter().find(|read| read.name.last().unwrap() == "t").unwrap().may_read(&partition)
    }

    #[test]
    fn partitions_that_cannot_hold_the_rows_are_left_out() {
        for kept in [
            "year = 2024",
            "x.year = 2024 AND month = '03'",
            "cast(year AS varchar) = '2024'",
            "cast(month AS integer) = 3",
            "year BETWEEN 2020 AND 2024 AND month IN ('01', '03')",
            "month LIKE '0_' AND month LIKE '%3'",
            "day IS NULL",
            "year = 2023 OR age > 30",
            "NOT year = 2023",
            "year = age",
            "other.year = 2023",
            "age = 7",
            "year > (SELECT max(y) FROM z)",
            "year NOT IN (2024)",
            "month || '' = '04'",
        ] {
            assert!(may(kept), "{kept}");
        }
        for left_out in [
            "year = 2023",
            "2023 = year",
            "x.year <> 2024",
            "year < 2024 OR month = '04'",
            "(year = 2024 AND month = '04') OR (year = 2023 AND month = '03')",
            "year BETWEEN 2025 AND 2030",
            "month IN ('01', '02')",
            "month = '3'",
            "month LIKE '1%'",
            "day = '01'",
            "month IS NULL",
            "NOT (year = 2024)",
            "year = 2023 AND age > 30",
            "year = -2024",
        ] {
            assert!(!may(left_out), "{left_out}");
        }
    }

    #[test]
    fn what_an_outer_join_asks_for_leaves_nothing_out() {
        let partition = [PartitionValue { column: "year".into(), value: Some("2024".into()), numeric: true }];
        let all = |sql: &str| of(sql).iter().all(|read| read.may_read(&partition));
        assert!(all("SELECT * FROM t LEFT JOIN s ON t.year = 2023"));
        assert!(!all("SELECT * FROM t JOIN s ON t.year = 2023"));
        assert!(!all("SELECT * FROM (t JOIN s ON t.year = 2023)"));
    }

    #[test]
    fn patterns_are_those_of_sql() {
        for (text, pattern, fits) in
            [("", "%", true), ("", "_", false), ("abc", "a%c", true), ("abc", "%b%", true), ("abc", "ab", false), ("a%c", "a%%c", true)]
        {
            assert_eq!(like(text, pattern), fits, "{text} {pattern}");
        }
    }
}
