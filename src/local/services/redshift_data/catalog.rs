//! Databases, schemas, tables and columns.

use serde_json::{Value, json};

use super::{Input, RedshiftData, page};
use crate::local::engine::{Dialect, SqlType};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::without_nulls;

/// Entries of a page at most, and when nothing is asked for.
const MOST: usize = 1000;

/// Where a table is looked for when no schema is given.
const DEFAULT_SCHEMA: &str = "public";

impl RedshiftData {
    pub(super) async fn list_databases(&self, input: &Input) -> ServiceResult {
        self.connect_now(input).await?;
        let mut databases = self.inner.account.engine.databases(Dialect::Redshift);
        databases.sort();
        let (databases, next) = page(input, "ListDatabases", databases, String::clone, MOST)?;
        Ok(without_nulls(json!({ "Databases": databases, "NextToken": next })))
    }

    pub(super) async fn list_schemas(&self, input: &Input) -> ServiceResult {
        let target = self.connect_now(input).await?;
        let pattern = input.text("SchemaPattern")?;
        let mut schemas = self.inner.account.engine.schemas(&target.database);
        schemas.retain(|schema| matches(pattern, schema));
        schemas.sort();
        let scope = format!("ListSchemas {} {pattern:?}", target.database);
        let (schemas, next) = page(input, &scope, schemas, String::clone, MOST)?;
        Ok(without_nulls(json!({ "Schemas": schemas, "NextToken": next })))
    }

    pub(super) async fn list_tables(&self, input: &Input) -> ServiceResult {
        let target = self.connect_now(input).await?;
        let (schemas, tables) = (input.text("SchemaPattern")?, input.text("TablePattern")?);
        let mut found = self.inner.account.engine.tables(Dialect::Redshift, &target.database);
        found.retain(|table| matches(schemas, &table.schema) && matches(tables, &table.name));
        found.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let scope = format!("ListTables {} {schemas:?} {tables:?}", target.database);
        // A name cannot hold the separator, so keys sort as the pairs do.
        let (found, next) = page(input, &scope, found, |table| format!("{}\u{0}{}", table.schema, table.name), MOST)?;
        let tables: Vec<Value> =
            found.iter().map(|table| json!({ "name": table.name, "schema": table.schema, "type": table.kind })).collect();
        Ok(without_nulls(json!({ "Tables": tables, "NextToken": next })))
    }

    pub(super) async fn describe_table(&self, input: &Input) -> ServiceResult {
        let target = self.connect_now(input).await?;
        let (schema, table) = (input.text("Schema")?.unwrap_or(DEFAULT_SCHEMA), input.required_text("Table")?);
        let tables = self.inner.account.engine.tables(Dialect::Redshift, &target.database);
        // A table that does not exist has no columns; the service does not call that an error.
        let columns: Vec<(usize, (String, SqlType))> = tables
            .into_iter()
            .find(|it| it.schema == schema && it.name == table)
            .map(|it| it.columns.into_iter().enumerate().collect())
            .unwrap_or_default();
        let scope = format!("DescribeTable {} {schema} {table}", target.database);
        let (columns, next) = page(input, &scope, columns, |(index, _)| format!("{index:06}"), MOST)?;
        let columns: Vec<Value> = columns.iter().map(|(_, (name, kind))| column(schema, table, name, kind)).collect();
        Ok(without_nulls(json!({ "TableName": table, "ColumnList": columns, "NextToken": next })))
    }
}

fn column(schema: &str, table: &str, name: &str, kind: &SqlType) -> Value {
    let text = kind.name.starts_with("varchar") || kind.name.starts_with("char") || kind.name == "bpchar";
    let number = ["int", "float", "numeric", "decimal", "double", "real", "bigint", "smallint"].iter().any(|it| kind.name.starts_with(it));
    json!({
        "name": name,
        "label": name,
        "typeName": kind.name,
        "precision": kind.precision,
        "scale": kind.scale,
        "length": kind.precision,
        "nullable": 1,
        "isCaseSensitive": text,
        "isCurrency": false,
        "isSigned": number,
        "schemaName": schema,
        "tableName": table,
    })
}

/// SQL's LIKE: `%` is any text, `_` one character, a backslash takes the next character as it is. No pattern matches everything.
fn matches(pattern: Option<&str>, text: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let pattern: Vec<Part> = parts(pattern);
    let text: Vec<char> = text.chars().collect();
    // Where the last `%` was and how much of the text it took, to come back to.
    let (mut at, mut here, mut any) = (0, 0, None);
    while here < text.len() {
        match pattern.get(at) {
            Some(Part::Any) => {
                any = Some((at + 1, here));
                at += 1;
            }
            Some(Part::One) => (at, here) = (at + 1, here + 1),
            Some(Part::Exactly(c)) if *c == text[here] => (at, here) = (at + 1, here + 1),
            _ => match any {
                Some((after, taken)) => {
                    any = Some((after, taken + 1));
                    (at, here) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|part| matches!(part, Part::Any))
}

enum Part {
    Any,
    One,
    Exactly(char),
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut characters = pattern.chars();
    let mut parts = Vec::new();
    while let Some(c) = characters.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Exactly(characters.next().unwrap_or('\\')),
            c => Part::Exactly(c),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, text, expected) in [
            ("%", "", true),
            ("d%", "data", true),
            ("d%", "bank", false),
            ("%a", "data", true),
            ("d_ta", "data", true),
            ("d_ta", "dta", false),
            ("%ab%ab", "xababab", true),
            ("%ab%ab", "xab", false),
            (r"a\_b", "a_b", true),
            (r"a\_b", "axb", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(Some(pattern), text), expected, "{pattern} {text}");
        }
        assert!(matches(None, "anything"));
    }
}
