//! The Glue catalog as Athena shows it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Athena, Input, page};
use crate::local::engine::{Dialect, TableInfo};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::without_nulls;

/// The only data catalog.
const CATALOG: &str = "AwsDataCatalog";

/// Refuses a catalog that does not exist.
pub(super) fn check(input: &Input, catalog: &str) -> ServiceResult<()> {
    if catalog.eq_ignore_ascii_case(CATALOG) { Ok(()) } else { Err(input.invalid(format!("DataCatalog {catalog} was not found"))) }
}

impl Athena {
    pub(super) fn list_data_catalogs(&self, input: &Input) -> ServiceResult {
        let (_, next) = page(input, "ListDataCatalogs", [CATALOG], |name| (*name).to_owned(), 50)?;
        Ok(without_nulls(json!({ "DataCatalogsSummary": [{ "CatalogName": CATALOG, "Type": "GLUE" }], "NextToken": next })))
    }

    pub(super) fn get_data_catalog(&self, input: &Input) -> ServiceResult {
        check(input, input.required_text("Name")?)?;
        Ok(json!({ "DataCatalog": { "Name": CATALOG, "Type": "GLUE", "Parameters": { "catalog-id": &*self.inner.account.id } } }))
    }

    pub(super) fn list_databases(&self, input: &Input) -> ServiceResult {
        check(input, input.required_text("CatalogName")?)?;
        let mut databases = self.inner.account.engine.databases(Dialect::Athena);
        databases.sort();
        let (databases, next) = page(input, "ListDatabases", databases, String::clone, 50)?;
        let databases: Vec<Value> = databases.into_iter().map(|name| json!({ "Name": name })).collect();
        Ok(without_nulls(json!({ "DatabaseList": databases, "NextToken": next })))
    }

    pub(super) fn get_database(&self, input: &Input) -> ServiceResult {
        check(input, input.required_text("CatalogName")?)?;
        let name = self.database(input)?;
        Ok(json!({ "Database": { "Name": name } }))
    }

    fn database<'i>(&self, input: &'i Input) -> ServiceResult<&'i str> {
        let name = input.required_text("DatabaseName")?;
        if self.inner.account.engine.databases(Dialect::Athena).iter().any(|known| known.eq_ignore_ascii_case(name)) {
            Ok(name)
        } else {
            Err(ServiceError::new("MetadataException", format!("Database {name} not found.")))
        }
    }

    pub(super) fn list_table_metadata(&self, input: &Input) -> ServiceResult {
        check(input, input.required_text("CatalogName")?)?;
        let database = self.database(input)?;
        let expression = input.text("Expression")?;
        let mut tables = self.inner.account.engine.tables(Dialect::Athena, database);
        tables.retain(|table| table.schema.eq_ignore_ascii_case(database) && expression.is_none_or(|it| matches(it, &table.name)));
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let scope = format!("ListTableMetadata {database} {expression:?}");
        let (tables, next) = page(input, &scope, tables, |table| table.name.clone(), 50)?;
        let tables: Vec<Value> = tables.iter().map(document).collect();
        Ok(without_nulls(json!({ "TableMetadataList": tables, "NextToken": next })))
    }

    pub(super) fn get_table_metadata(&self, input: &Input) -> ServiceResult {
        check(input, input.required_text("CatalogName")?)?;
        let (database, name) = (self.database(input)?, input.required_text("TableName")?);
        let tables = self.inner.account.engine.tables(Dialect::Athena, database);
        let table = tables.iter().find(|it| it.schema.eq_ignore_ascii_case(database) && it.name.eq_ignore_ascii_case(name));
        match table {
            Some(table) => Ok(json!({ "TableMetadata": document(table) })),
            None => Err(ServiceError::new("MetadataException", format!("Table {name} not found."))),
        }
    }
}

fn document(table: &TableInfo) -> Value {
    let mut columns: Vec<Value> = table
        .columns
        .iter()
        .map(|(name, kind)| {
            let kind = match kind.name.as_str() {
                "decimal" => format!("decimal({},{})", kind.precision, kind.scale),
                other => other.to_owned(),
            };
            json!({ "Name": name, "Type": kind })
        })
        .collect();
    let keys = columns.split_off(columns.len().saturating_sub(table.partition_columns));
    let mut parameters: BTreeMap<&str, &str> = table.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    if let Some(location) = &table.location {
        parameters.insert("location", location);
    }
    json!({
        "Name": table.name,
        "TableType": if table.kind == "VIEW" { "VIRTUAL_VIEW" } else { "EXTERNAL_TABLE" },
        "Columns": columns,
        "PartitionKeys": keys,
        "Parameters": parameters,
    })
}

/// A filter of table names as Hive's SHOW TABLES has it: `*` (or `.*`) is any text, `|` separates alternatives, case does not matter.
fn matches(expression: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    expression.to_lowercase().split('|').any(|alternative| {
        let alternative = alternative.trim().replace(".*", "*");
        let parts: Vec<&str> = alternative.split('*').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return alternative == name };
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        for part in middle {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_filters_are_hives() {
        for (expression, name, expected) in [
            ("*", "bankdm_glue", true),
            ("bank*", "bankdm_glue", true),
            (".*glue", "bankdm_glue", true),
            ("b*_*e", "bankdm_glue", true),
            ("other|bankdm_glue", "bankdm_glue", true),
            ("bank", "bankdm_glue", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(expression, name), expected, "{expression}");
        }
    }
}
