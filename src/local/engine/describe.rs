//! SHOW and DESCRIBE.

use std::sync::Arc;

use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{ColumnDef, ExternalTable, LakeRelation, TableDef, TableName};
use super::lake;
use super::listing;
use super::metadata;
use super::names::{self, Found};
use super::parse::{self, Name, Show};
use super::rows::Rows;
use super::settings;
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, Outcome, SqlError, SqlErrorKind};

/// `SHOW …` and `DESCRIBE`.
pub fn show(work: &mut Work<'_>, show: Show) -> Result<Outcome, SqlError> {
    match work.dialect() {
        Dialect::Athena => athena(work, show),
        Dialect::Redshift => redshift(work, show),
    }
}

fn athena(work: &Work<'_>, show: Show) -> Result<Outcome, SqlError> {
    let catalog = work.catalog();
    let rows = match show {
        Show::Databases { like } => {
            let mut rows = Rows::texts(["database_name"]);
            let names = catalog.lake.keys().filter(|name| hive_like(name, like.as_deref()));
            names.for_each(|name| rows.add([name]));
            rows
        }
        Show::Tables { within, like } | Show::Views { within, like } if work.dialect() == Dialect::Athena => {
            let only_views = matches!(work.sql.trim_start().get(..10), Some(start) if start.eq_ignore_ascii_case("show views"));
            let database = within.as_ref().map_or(work.session.database.as_str(), Name::last);
            let Some(known) = catalog.lake.get(database) else { return Err(no_database(database)) };
            let mut rows = Rows::texts([if only_views { "views" } else { "tab_name" }]);
            for (name, relation) in &known.tables {
                if hive_like(name, like.as_deref()) && (!only_views || matches!(relation, LakeRelation::View(_))) {
                    rows.add([name]);
                }
            }
            rows
        }
        Show::Functions { like } => {
            let mut rows = Rows::texts(["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"]);
            listing::functions()
                .filter(|row| sql_like(&row[0], like.as_deref()))
                .for_each(|row| rows.add(row.each_ref().map(String::as_str)));
            rows
        }
        Show::Columns { table, .. } => {
            let mut rows = Rows::texts(["field"]);
            // Hive pads names to a column of twenty characters.
            lake_columns(work, &table)?.iter().for_each(|column| rows.add([&format!("{:<20}", column.name)]));
            rows
        }
        Show::CreateTable { table } => {
            let mut rows = Rows::texts(["createtab_stmt"]);
            let (name, table) = external(work, &table)?;
            create_external_text(&name, &table).lines().for_each(|line| rows.add([line]));
            rows
        }
        Show::CreateView { view } => {
            let Some(Found::View(name, definition, _)) = names::find(work.session, work.transaction, &view) else {
                return Err(names::missing(work.text(), work.session, work.transaction, &view));
            };
            let mut rows = Rows::texts(["Create View"]);
            rows.add([&format!("CREATE VIEW {}.{}.{} AS\n{}", name.database, name.schema, name.table, definition.sql)]);
            rows
        }
        Show::Partitions { table: written } => {
            let (_, table) = external(work, &written)?;
            lake::partitioned(work, &table, &written)?;
            let mut rows = Rows::texts(["partition"]);
            for partition in &table.partitions {
                let parts: Vec<String> = table
                    .partition_columns
                    .iter()
                    .zip(&partition.values)
                    .map(|(column, value)| format!("{}={value}", column.name))
                    .collect();
                rows.add([&parts.join("/")]);
            }
            rows
        }
        Show::TableProperties { table, property } => {
            let (_, table) = external(work, &table)?;
            let mut rows = Rows::texts(["prpt_name", "prpt_value"]);
            let wanted = |name: &String| property.as_ref().is_none_or(|property| property.eq_ignore_ascii_case(name));
            table.properties.iter().filter(|(name, _)| wanted(name)).for_each(|(name, value)| rows.add([name, value]));
            rows
        }
        Show::Describe { table, extended: true, column: None } if external(work, &table).is_ok() => {
            let (name, definition) = external(work, &table)?;
            formatted(&name, &definition)
        }
        Show::Describe { table, column, .. } => {
            let columns = lake_columns(work, &table)?;
            let comments = external(work, &table).map(|(_, table)| table.comments.clone()).unwrap_or_default();
            let mut rows = Rows::texts(["col_name", "data_type", "comment"]);
            for known in columns.iter().filter(|known| column.as_ref().is_none_or(|column| *column == known.name)) {
                let comment = comments.get(&known.name).map_or("", String::as_str);
                rows.add([&known.name, &known.column_type.hive_text(), comment]);
            }
            if let (Ok((_, definition)), None) = (external(work, &table), &column) {
                partition_information(&mut rows, &definition);
            }
            rows
        }
        Show::Schemas { .. } | Show::Variable { .. } | Show::Tables { .. } | Show::Views { .. } => {
            return Err(work.text().unsupported("this form of SHOW"));
        }
    };
    rows.outcome(Dialect::Athena)
}

/// Hive's error for a database that does not exist.
fn no_database(database: &str) -> SqlError {
    SqlError::new(SqlErrorKind::Semantic, format!("FAILED: SemanticException [Error 10072]: Database does not exist: {database}"))
}

/// A name against Hive's pattern: `*` for anything, `|` between alternatives, case ignored.
fn hive_like(name: &str, pattern: Option<&str>) -> bool {
    let Some(pattern) = pattern else { return true };
    let name = name.to_lowercase();
    pattern.to_lowercase().split('|').any(|pattern| wildcard(&name, pattern.trim(), '*', None))
}

/// A name against SQL's pattern: `%` and `_`.
fn sql_like(name: &str, pattern: Option<&str>) -> bool {
    pattern.is_none_or(|pattern| wildcard(name, pattern, '%', Some('_')))
}

/// Whether `text` is what `pattern` says, in which `many` stands for any characters and `one` for one.
fn wildcard(text: &str, pattern: &str, many: char, one: Option<char>) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some(c) if c == many => {
            let rest = rest.as_str();
            std::iter::once(text.len()).chain(text.char_indices().map(|(at, _)| at)).any(|at| wildcard(&text[at..], rest, many, one))
        }
        Some(c) => {
            let mut chars = text.chars();
            chars.next().is_some_and(|first| (Some(c) == one || c == first) && wildcard(chars.as_str(), rest.as_str(), many, one))
        }
    }
}

/// The columns of a table or view of the lake.
fn lake_columns(work: &Work<'_>, name: &Name) -> Result<Vec<ColumnDef>, SqlError> {
    match names::find(work.session, work.transaction, name) {
        Some(Found::External(_, table)) => Ok(table.all_columns()),
        Some(Found::View(_, view, _)) => Ok(view.columns.clone()),
        _ => Err(no_table(name)),
    }
}

fn external(work: &Work<'_>, name: &Name) -> Result<(TableName, Arc<ExternalTable>), SqlError> {
    match names::find(work.session, work.transaction, name) {
        Some(Found::External(full, table)) => Ok((full, table)),
        _ => Err(no_table(name)),
    }
}

/// What Hive tells of partition columns once more below the columns.
fn partition_information(rows: &mut Rows, table: &ExternalTable) {
    if table.partition_columns.is_empty() {
        return;
    }
    rows.add(["", "", ""]);
    rows.add(["# Partition Information", "", ""]);
    rows.add(["# col_name", "data_type", "comment"]);
    for column in &table.partition_columns {
        let comment = table.comments.get(&column.name).map_or("", String::as_str);
        rows.add([&column.name, &column.column_type.hive_text(), comment]);
    }
}

/// `DESCRIBE FORMATTED`.
fn formatted(name: &TableName, table: &ExternalTable) -> Rows {
    let mut rows = Rows::texts(["col_name", "data_type", "comment"]);
    rows.add(["# col_name", "data_type", "comment"]);
    for column in &table.columns {
        let comment = table.comments.get(&column.name).map_or("", String::as_str);
        rows.add([&column.name, &column.column_type.hive_text(), comment]);
    }
    partition_information(&mut rows, table);
    let (input, output) = table.format.files();
    rows.add(["", "", ""]);
    rows.add(["# Detailed Table Information", "", ""]);
    rows.add(["Database:", &name.schema, ""]);
    rows.add(["Owner:", "hadoop", ""]);
    rows.add(["CreateTime:", &table.created.format("%a %b %d %H:%M:%S UTC %Y").to_string(), ""]);
    rows.add(["Location:", &table.location, ""]);
    rows.add(["Table Type:", "EXTERNAL_TABLE", ""]);
    rows.add(["Table Parameters:", "", ""]);
    rows.add(["", "EXTERNAL", "TRUE"]);
    for (key, value) in &table.properties {
        rows.add(["", key, value]);
    }
    rows.add(["", "", ""]);
    rows.add(["# Storage Information", "", ""]);
    rows.add(["SerDe Library:", table.format.serde(), ""]);
    rows.add(["InputFormat:", input, ""]);
    rows.add(["OutputFormat:", output, ""]);
    for (key, value) in table.format.serde_properties() {
        rows.add(["", key, value]);
    }
    rows
}

/// Hive's error for a table that does not exist.
fn no_table(name: &Name) -> SqlError {
    SqlError::new(SqlErrorKind::Semantic, format!("FAILED: SemanticException [Error 10001]: Table not found {name}"))
}

/// The statement that makes an external table.
fn create_external_text(name: &TableName, table: &ExternalTable) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let pairs = |pairs: &[(String, String)]| {
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("  '{}'='{}'", escaped(name), escaped(value))).collect();
        pairs.join(",\n")
    };
    let declared = |column: &ColumnDef| {
        let comment = table.comments.get(&column.name).map(|comment| format!(" COMMENT '{}'", escaped(comment))).unwrap_or_default();
        format!("  `{}` {}{comment}", column.name, column.column_type.hive_text())
    };
    let columns: Vec<String> = table.columns.iter().map(declared).collect();
    let mut text = format!("CREATE EXTERNAL TABLE `{}`.`{}`(\n{})", name.schema, name.table, columns.join(",\n"));
    if let Some(comment) = &table.comment {
        text.push_str(&format!("\nCOMMENT '{}'", escaped(comment)));
    }
    if !table.partition_columns.is_empty() {
        let partitions: Vec<String> = table.partition_columns.iter().map(declared).collect();
        text.push_str(&format!("\nPARTITIONED BY (\n{})", partitions.join(",\n")));
    }
    text.push_str(&format!("\nROW FORMAT SERDE\n  '{}'", table.format.serde()));
    if !table.format.serde_properties().is_empty() {
        text.push_str(&format!("\nWITH SERDEPROPERTIES (\n{})", pairs(table.format.serde_properties())));
    }
    let (input, output) = table.format.files();
    text.push_str(&format!("\nSTORED AS INPUTFORMAT\n  '{input}'\nOUTPUTFORMAT\n  '{output}'"));
    text.push_str(&format!("\nLOCATION\n  '{}'", table.location));
    if !table.properties.is_empty() {
        text.push_str(&format!("\nTBLPROPERTIES (\n{})", pairs(&table.properties)));
    }
    text
}

fn redshift(work: &Work<'_>, show: Show) -> Result<Outcome, SqlError> {
    let catalog = work.catalog();
    let (database, owner) = (work.session.database.clone(), work.session.user.clone());
    let rows = match show {
        Show::Databases { like } => {
            let mut rows =
                Rows::texts(["database_name", "database_owner", "database_type", "database_acl", "parameters", "database_isolation_level"]);
            for name in catalog.warehouse.keys().filter(|name| sql_like(name, like.as_deref())) {
                let texts = [name.as_str(), &owner, "local"].map(|text| Some(text.to_owned()));
                let [name, owner, kind] = texts;
                rows.push([name, owner, kind, None, None, Some("Snapshot Isolation".into())]);
            }
            rows
        }
        Show::Schemas { database, like } => {
            let Some(known) = catalog.database(&database) else {
                let message = format!("database \"{database}\" does not exist");
                return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
            };
            let mut rows = Rows::texts([
                "database_name",
                "schema_name",
                "schema_owner",
                "schema_type",
                "schema_acl",
                "source_database",
                "schema_option",
            ]);
            for (name, schema) in known.schemas.iter().filter(|(name, _)| sql_like(name, like.as_deref())) {
                let kind = if schema.external.is_some() { "external" } else { "local" };
                let [database, name, owner, kind] = [database.as_str(), name, &owner, kind].map(|text| Some(text.to_owned()));
                rows.push([database, name, owner, kind, None, schema.external.as_ref().map(|external| external.database.clone()), None]);
            }
            rows
        }
        Show::Tables { within, like } => {
            let (database, schema) = match within.as_ref().map(|name| name.parts.as_slice()) {
                Some([database, schema]) => (database.clone(), schema.clone()),
                Some([schema]) => (database, schema.clone()),
                _ => (database, work.session.default_schema().to_owned()),
            };
            if catalog.schema(&database, &schema).is_none() {
                return Err(super::error::no_schema(&schema));
            }
            let mut rows = Rows::texts(["database_name", "schema_name", "table_name", "table_type", "table_acl", "remarks"]);
            let tables = metadata::tables(catalog, Dialect::Redshift, &database);
            for table in tables.iter().filter(|table| table.schema == schema && sql_like(&table.name, like.as_deref())) {
                let [database, schema, name, kind] =
                    [database.as_str(), &table.schema, &table.name, table.kind].map(|text| Some(text.to_owned()));
                rows.push([database, schema, name, kind, None, None]);
            }
            rows
        }
        Show::Columns { table, like } => {
            let (name, columns) = described(work, &table)?;
            let mut rows = Rows::new([
                ("database_name", ColumnType::Varchar(None)),
                ("schema_name", ColumnType::Varchar(None)),
                ("table_name", ColumnType::Varchar(None)),
                ("column_name", ColumnType::Varchar(None)),
                ("ordinal_position", ColumnType::Int4),
                ("column_default", ColumnType::Varchar(None)),
                ("is_nullable", ColumnType::Varchar(None)),
                ("data_type", ColumnType::Varchar(None)),
            ]);
            for (index, column) in columns.iter().enumerate().filter(|(_, column)| sql_like(&column.name, like.as_deref())) {
                rows.push([
                    Some(name.database.clone()),
                    Some(name.schema.clone()),
                    Some(name.table.clone()),
                    Some(column.name.clone()),
                    Some((index + 1).to_string()),
                    column.default.clone(),
                    Some(if column.nullable { "YES" } else { "NO" }.to_owned()),
                    Some(column.column_type.redshift_text()),
                ]);
            }
            rows
        }
        Show::CreateTable { table } => {
            let mut rows = Rows::texts(["Show Table DDL statement"]);
            match names::find(work.session, work.transaction, &table) {
                Some(Found::Table(name, definition)) => rows.add([&create_table_text(&name, &definition)]),
                Some(Found::External(name, definition)) => rows.add([&create_external_text(&name, &definition).replace('`', "")]),
                _ => return Err(names::missing(work.text(), work.session, work.transaction, &table)),
            }
            rows
        }
        Show::CreateView { view } => {
            let mut rows = Rows::texts(["Show View DDL statement"]);
            match names::find(work.session, work.transaction, &view) {
                Some(Found::View(name, definition, _)) => {
                    let binding = if definition.late_binding { " WITH NO SCHEMA BINDING" } else { "" };
                    rows.add([&format!("CREATE OR REPLACE VIEW {name} AS {}{binding};", definition.sql)]);
                }
                Some(Found::Table(name, table)) if table.materialized.is_some() => {
                    let (sql, refresh) = table.materialized.as_ref().map_or(("", false), |view| (view.sql.as_str(), view.auto_refresh));
                    let refresh = if refresh { "YES" } else { "NO" };
                    rows.add([&format!("CREATE MATERIALIZED VIEW {name} AUTO REFRESH {refresh} AS {sql};")]);
                }
                _ => return Err(names::missing(work.text(), work.session, work.transaction, &view)),
            }
            rows
        }
        Show::Variable { name } => settings::show(work, &name)?,
        Show::Views { .. } | Show::Functions { .. } | Show::Partitions { .. } | Show::TableProperties { .. } | Show::Describe { .. } => {
            return Err(work.text().unsupported("this form of SHOW"));
        }
    };
    rows.outcome(Dialect::Redshift)
}

/// Name and columns of any relation.
fn described(work: &Work<'_>, name: &Name) -> Result<(TableName, Vec<ColumnDef>), SqlError> {
    match names::find(work.session, work.transaction, name) {
        Some(Found::Table(full, table)) => Ok((full, table.columns.clone())),
        Some(Found::View(full, view, _)) => Ok((full, view.columns.clone())),
        Some(Found::External(full, table)) => Ok((full, table.all_columns())),
        Some(Found::System(full)) => {
            let columns = super::system::columns(&full).unwrap_or_default();
            Ok((full, columns))
        }
        None => Err(names::missing(work.text(), work.session, work.transaction, name)),
    }
}

/// The statement that makes a table of the warehouse.
fn create_table_text(name: &TableName, table: &TableDef) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let attributes = table.attributes.columns.iter().find(|(known, _)| *known == column.name).map(|(_, attributes)| attributes);
            let default = column.default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
            let not_null = if column.nullable { "" } else { " NOT NULL" };
            let encode = attributes.and_then(|attributes| attributes.encode.as_ref()).map(|encode| format!(" ENCODE {encode}"));
            let identity = attributes.and_then(|attributes| attributes.identity.map(|numbers| (numbers, attributes.by_default)));
            let identity = identity.map(|((seed, step), by_default)| {
                let generated = if by_default { "GENERATED BY DEFAULT AS " } else { "" };
                format!(" {generated}IDENTITY({seed},{step})")
            });
            let (identity, encode) = (identity.unwrap_or_default(), encode.unwrap_or_default());
            format!("    {} {}{default}{identity}{not_null}{encode}", column.name, column.column_type.redshift_text())
        })
        .chain((!table.primary_key.is_empty()).then(|| format!("    PRIMARY KEY ({})", table.primary_key.join(", "))))
        .chain(table.constraints.iter().map(|key| match &key.references {
            Some(to) => format!("    FOREIGN KEY ({}) REFERENCES {to}", key.columns.join(", ")),
            None => format!("    UNIQUE ({})", key.columns.join(", ")),
        }))
        .collect();
    let mut text = format!("CREATE TABLE {name} (\n{}\n)", columns.join(",\n"));
    let attributes = &table.attributes;
    let style = attributes.dist_style.unwrap_or(if attributes.dist_key.is_some() { parse::DistStyle::Key } else { parse::DistStyle::Auto });
    text.push_str(&format!("\nDISTSTYLE {}", style.as_str()));
    if let Some(key) = &attributes.dist_key {
        text.push_str(&format!("\nDISTKEY ({key})"));
    }
    if !attributes.sort_key.is_empty() {
        let interleaved = if attributes.interleaved { "INTERLEAVED " } else { "" };
        text.push_str(&format!("\n{interleaved}SORTKEY ({})", attributes.sort_key.join(", ")));
    }
    text.push(';');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(hive_like("bankdm_glue", Some("bank*")) && hive_like("BankDM", Some("x|*DM")) && !hive_like("bankdm", Some("bank")));
        assert!(sql_like("data", Some("d_t%")) && !sql_like("data", Some("d_t")) && sql_like("data", None));
    }
}
