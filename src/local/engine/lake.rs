//! Changes to external tables: partitions, columns, location, properties.

use std::sync::Arc;

use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{ExternalTable, LakeRelation, Partition, TableName};
use super::names::{self, Found};
use super::parse::{AlterExternalTable, LakeAction, Name, PartitionSpec, RepairTable};
use super::rows::Rows;
use super::work::Work;
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind, external, outside};
use crate::local::objects::split_s3_uri;

/// `ALTER TABLE` on an external table.
pub async fn alter(work: &mut Work<'_>, alter: AlterExternalTable) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (name, table) = find(work, &alter.table)?;
    let mut changed = ExternalTable::clone(&table);
    match alter.action {
        LakeAction::AddPartitions { if_not_exists, partitions } => {
            for (spec, location) in partitions {
                let values = values(work, &table, &spec)?;
                if changed.partitions.iter().any(|known| known.values == values) {
                    if if_not_exists {
                        continue;
                    }
                    return Err(hive(work, "AlreadyExistsException", "Partition already exists."));
                }
                let location = match location {
                    Some(location) => checked(work, &location)?,
                    None => external::folder(&table, &values),
                };
                changed.partitions.push(Partition { values, location });
            }
            changed.partitions.sort();
        }
        LakeAction::DropPartitions { if_exists, partitions } => {
            for spec in partitions {
                let before = changed.partitions.len();
                let wanted = positions(work, &table, &spec)?;
                changed.partitions.retain(|known| !wanted.iter().all(|(index, value)| known.values.get(*index) == Some(value)));
                if changed.partitions.len() == before && !if_exists {
                    return Err(hive(work, "NoSuchObjectException", &format!("Partition not found {}", shown(&spec))));
                }
            }
        }
        LakeAction::RenamePartition { from, to } => {
            let (from, to) = (values(work, &table, &from)?, values(work, &table, &to)?);
            let Some(known) = changed.partitions.iter_mut().find(|known| known.values == from) else {
                return Err(hive(work, "NoSuchObjectException", "Partition not found"));
            };
            known.values = to;
            changed.partitions.sort();
        }
        LakeAction::AddColumns(columns) => {
            let taken = table.all_columns();
            let added = external::declared(work.text(), columns, &taken, &mut changed.comments)?;
            changed.columns.extend(added);
        }
        LakeAction::ReplaceColumns(columns) => {
            let partition_columns = &table.partition_columns;
            changed.comments.retain(|name, _| partition_columns.iter().any(|column| column.name == *name));
            changed.columns = external::declared(work.text(), columns, &table.partition_columns, &mut changed.comments)?;
        }
        LakeAction::SetLocation { partition: None, location } => changed.location = checked(work, &location)?,
        LakeAction::SetLocation { partition: Some(spec), location } => {
            let (values, location) = (values(work, &table, &spec)?, checked(work, &location)?);
            let Some(known) = changed.partitions.iter_mut().find(|known| known.values == values) else {
                return Err(hive(work, "NoSuchObjectException", &format!("Partition not found {}", shown(&spec))));
            };
            known.location = location;
        }
        LakeAction::SetProperties(properties) => {
            for (name, value) in properties {
                changed.properties.retain(|(known, _)| *known != name);
                changed.properties.push((name, value));
            }
        }
    }
    put(work, &name, changed).await?;
    Ok(Outcome::done(StatementKind::Ddl, None))
}

/// `MSCK REPAIR TABLE`: the partitions that are found below the location, and what was done for them.
pub async fn repair(work: &mut Work<'_>, repair: RepairTable) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (name, table) = find(work, &repair.table)?;
    partitioned(work, &table, &repair.table)?;
    let found = on_s3(work, &table)?;
    let mut changed = ExternalTable::clone(&table);
    let label = |values: &[String]| {
        let parts: Vec<String> =
            table.partition_columns.iter().zip(values).map(|(column, value)| format!("{}={value}", column.name)).collect();
        format!("{}:{}", name.table, parts.join("/"))
    };
    let mut lines = Vec::new();
    if repair.add {
        let new: Vec<Vec<String>> =
            found.iter().filter(|values| !table.partitions.iter().any(|known| known.values == **values)).cloned().collect();
        if !new.is_empty() {
            let labels: Vec<String> = new.iter().map(|values| label(values)).collect();
            lines.push(format!("Partitions not in metastore:\t{}", labels.join("\t")));
            lines.extend(labels.iter().map(|label| format!("Repair: Added partition to metastore {label}")));
        }
        for values in new {
            changed.partitions.push(Partition { location: external::folder(&table, &values), values });
        }
        changed.partitions.sort();
    }
    if repair.drop {
        changed.partitions.retain(|known| {
            let there = found.contains(&known.values);
            if !there {
                lines.push(format!("Repair: Dropped partition from metastore {}", label(&known.values)));
            }
            there
        });
    }
    put(work, &name, changed).await?;
    let mut rows = Rows::texts(["Result"]);
    lines.iter().for_each(|line| rows.add([line]));
    rows.outcome(Dialect::Athena)
}

/// Values of partition columns that have a folder of their own below the location.
fn on_s3(work: &Work<'_>, table: &ExternalTable) -> Result<Vec<Vec<String>>, SqlError> {
    let (bucket, prefix) = split_s3_uri(&table.location).unwrap_or_default();
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let root = format!("{prefix}{slash}");
    let listed = work.objects().list(bucket, &root).map_err(|error| {
        let message = format!("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {error}");
        SqlError::new(SqlErrorKind::Execution, message)
    })?;
    let mut found: Vec<Vec<String>> = Vec::new();
    for (key, _) in listed {
        let rest = key.get(root.len()..).unwrap_or_default();
        let folders: Vec<&str> = rest.split('/').collect();
        // The last part is the object.
        if folders.len() <= table.partition_columns.len() {
            continue;
        }
        let values: Option<Vec<String>> = table
            .partition_columns
            .iter()
            .zip(&folders)
            .map(|(column, folder)| {
                let (name, value) = folder.split_once('=')?;
                name.eq_ignore_ascii_case(&column.name).then(|| value.to_owned())
            })
            .collect();
        if let Some(values) = values
            && !found.contains(&values)
        {
            found.push(values);
        }
    }
    Ok(found)
}

/// The external table that a statement names.
pub fn find(work: &Work<'_>, name: &Name) -> Result<(TableName, Arc<ExternalTable>), SqlError> {
    match names::find(work.session, work.transaction, name) {
        Some(Found::External(full, table)) => Ok((full, table)),
        Some(_) if work.dialect() == Dialect::Redshift => {
            let message = format!("\"{}\" is not an external table", name.last());
            Err(work.text().error(SqlErrorKind::Semantic, name.span.start, &message, &message))
        }
        _ if work.dialect() == Dialect::Athena => {
            Err(SqlError::new(SqlErrorKind::Semantic, format!("FAILED: SemanticException [Error 10001]: Table not found {name}")))
        }
        _ => Err(names::missing(work.text(), work.session, work.transaction, name)),
    }
}

/// Fails unless a table has partitions.
pub fn partitioned(work: &Work<'_>, table: &ExternalTable, name: &Name) -> Result<(), SqlError> {
    if !table.partition_columns.is_empty() {
        return Ok(());
    }
    let athena = format!("FAILED: SemanticException [Error 10001]: Table {} is not a partitioned table", name.last());
    let redshift = format!("table \"{}\" is not partitioned", name.last());
    Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &redshift, &athena))
}

/// Puts a changed table in its place in the lake.
pub async fn put(work: &mut Work<'_>, name: &TableName, table: ExternalTable) -> Result<(), SqlError> {
    let database = match work.dialect() {
        Dialect::Athena => name.schema.clone(),
        Dialect::Redshift => {
            let schema = work.catalog().schema(&name.database, &name.schema);
            schema.and_then(|schema| schema.external.as_ref()).map_or_else(|| name.schema.clone(), |external| external.database.clone())
        }
    };
    outside::catalog(&work.lake_identity(name)?, "glue:UpdateTable", &database, Some(&name.table))?;
    if let Some(known) = work.catalog_mut().await?.lake.get_mut(&database) {
        known.tables.insert(name.table.clone(), LakeRelation::External(Arc::new(table)));
    }
    Ok(())
}

/// Positions of partition columns with the values that a statement writes for them.
fn positions(work: &Work<'_>, table: &ExternalTable, spec: &PartitionSpec) -> Result<Vec<(usize, String)>, SqlError> {
    spec.iter()
        .map(|(name, value)| {
            let index = table.partition_columns.iter().position(|column| column.name == *name).ok_or_else(|| {
                let athena =
                    format!("FAILED: SemanticException [Error 10098]: Non-Partition column appears in the partition specification: {name}");
                work.text().error(SqlErrorKind::Semantic, Location::empty(), &format!("\"{name}\" is not a partition column"), &athena)
            })?;
            Ok((index, value.clone()))
        })
        .collect()
}

/// The values of all partition columns, in their order.
fn values(work: &Work<'_>, table: &ExternalTable, spec: &PartitionSpec) -> Result<Vec<String>, SqlError> {
    let mut written = positions(work, table, spec)?;
    written.sort();
    written.dedup_by_key(|(index, _)| *index);
    if written.len() != table.partition_columns.len() {
        let names: Vec<&str> = table.partition_columns.iter().map(|column| column.name.as_str()).collect();
        let message = format!("partition spec {} does not have a value for each of {}", shown(spec), names.join(", "));
        return Err(work.text().error(
            SqlErrorKind::Semantic,
            Location::empty(),
            &message,
            &format!("FAILED: SemanticException {message}"),
        ));
    }
    Ok(written.into_iter().map(|(_, value)| value).collect())
}

fn shown(spec: &PartitionSpec) -> String {
    let parts: Vec<String> = spec.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("({})", parts.join(", "))
}

fn checked(work: &Work<'_>, location: &str) -> Result<String, SqlError> {
    if split_s3_uri(location).is_some() {
        return Ok(location.to_owned());
    }
    let message = format!("the location '{location}' is not an s3:// location");
    Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &format!("INVALID_TABLE_PROPERTY: {message}")))
}

fn hive(work: &Work<'_>, exception: &str, message: &str) -> SqlError {
    let athena =
        format!("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {exception}(message:{message})");
    match work.dialect() {
        Dialect::Athena => SqlError::new(SqlErrorKind::Semantic, athena),
        Dialect::Redshift => SqlError::new(SqlErrorKind::Semantic, format!("ERROR: {message}")),
    }
}
