//! What a query of the lake costs, before and after; Redshift is paid by the hour whatever is asked of it.

use super::partitions::{Layout, Wanted};
use super::reads::{self, Read};
use super::{QueryEngine, parameters, rows_with};
use crate::aws::lake::LakeTable;
use crate::ops::error::op;
use crate::ops::{Context, OpError, prices};
use crate::syntax::{self, Dialect};

/// US dollars for a query of Athena that reads `bytes`; `None` where no price is known.
pub fn usd(engine: QueryEngine, bytes: u64) -> Option<f64> {
    if engine == QueryEngine::Athena { prices::lake_query(bytes) } else { None }
}

/// A table that a statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRead {
    /// Database and name.
    pub name: String,
    /// Bytes of the objects that may be read, when they are known.
    pub bytes: Option<u64>,
    /// Of a table with partitions: how many may be read, and how many there are.
    pub partitions: Option<(usize, usize)>,
}

/// What a statement may read at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Bytes, when all of them are known.
    pub bytes: Option<u64>,
    /// US dollars for them.
    pub usd: Option<f64>,
    /// The tables that it reads, one as often as it is read.
    pub tables: Vec<TableRead>,
}

impl Estimate {
    /// What two statements may read together.
    #[must_use]
    pub fn and(mut self, other: Estimate) -> Estimate {
        self.bytes = self.bytes.zip(other.bytes).map(|(a, b)| a + b);
        self.usd = match (self.usd, other.usd) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.tables.extend(other.tables);
        self
    }

    /// How many partitions may be read, of how many; `None` when no table has any.
    pub fn partitions(&self) -> Option<(usize, usize)> {
        let counts = self.tables.iter().filter_map(|table| table.partitions);
        counts.reduce(|(read, all), (more_read, more)| (read + more_read, all + more))
    }
}

/// The tables that a statement reads, as often as it names them; `None` when it cannot be read. `values` stand for its parameters.
pub fn tables(dialect: Dialect, sql: &str, values: &[(String, String)]) -> Option<Vec<Read>> {
    let statement = syntax::parse(dialect, &parameters::inlined(sql, values), &[]).ok()?;
    reads::reads(&statement)
}

/// What a query of the lake may read at most: the bytes of all objects of the tables that it names, partitions left out that cannot hold
/// rows of it. Columns that it leaves out make the true figure smaller. Nothing is run; where a table has partitions, the service is asked
/// for its plan, which reads no rows and costs nothing, and which knows more than the text of the query says.
///
/// # Errors
/// When the account does not say.
pub async fn estimate(context: &Context, sql: &str, values: &[(String, String)]) -> Result<Estimate, OpError> {
    let Some(reads) = tables(Dialect::Athena, sql, values) else {
        return Ok(Estimate { bytes: None, usd: None, tables: Vec::new() });
    };
    let mut described: Vec<(String, String, Read, Option<LakeTable>)> = Vec::new();
    for read in reads {
        let table = read.name.last().cloned().unwrap_or_default();
        let database = match read.name.len() {
            0 | 1 => context.scenario.glue_database.clone(),
            parts => read.name[parts - 2].clone(),
        };
        let known = described.iter().find(|(other, name, ..)| *other == database && *name == table).map(|(.., known)| known.clone());
        let known = match known {
            Some(known) => known,
            None => context.gateways.lake.described(&database, &table).await.map_err(op(&table, WHAT))?,
        };
        described.push((database, table, read, known));
    }
    let pruned = described.iter().any(|(.., known)| known.as_ref().is_some_and(|table| !table.partitions.is_empty()));
    let wanted = if pruned { planned(context, sql, values).await } else { None };
    let mut tables = Vec::new();
    for (database, table, read, known) in described {
        let (bytes, partitions) = match known {
            Some(known) => size(context, &database, &known, &read, wanted.as_ref()).await?,
            None => (None, None),
        };
        tables.push(TableRead { name: format!("{database}.{table}"), bytes, partitions });
    }
    let bytes = tables.iter().map(|table| table.bytes).sum::<Option<u64>>();
    Ok(Estimate { bytes, usd: bytes.and_then(|bytes| usd(QueryEngine::Athena, bytes)), tables })
}

const WHAT: &str = "could not estimate what the query reads";

/// What the service plans to read. A service that does not say, and a query that it cannot plan, are no mistake here: then the text of the
/// query has to do.
async fn planned(context: &Context, sql: &str, values: &[(String, String)]) -> Option<Wanted> {
    let explain = format!("EXPLAIN (TYPE IO, FORMAT JSON) {sql}");
    match rows_with(context, QueryEngine::Athena, explain, values.to_vec()).await {
        Ok(answer) => {
            let lines: Vec<String> = answer.page.rows.iter().filter_map(|row| row.first()).map(super::Cell::text).collect();
            Wanted::read(&lines.join("\n"))
        }
        Err(error) => {
            tracing::info!("the service does not say what the query reads: {error}");
            None
        }
    }
}

/// Bytes that may be read of a table, and how many of its partitions.
async fn size(
    context: &Context,
    database: &str,
    table: &LakeTable,
    read: &Read,
    wanted: Option<&Wanted>,
) -> Result<(Option<u64>, Option<(usize, usize)>), OpError> {
    let Some(location) = &table.location else { return Ok((None, None)) };
    let Some((bucket, prefix)) = bucket_and_prefix(location) else { return Ok((None, None)) };
    let objects = context.gateways.objects.list(bucket, &prefix).await.map_err(op(&table.name, WHAT))?;
    let columns = table.partitions.iter().map(|column| (column.name.as_str(), column.type_name.as_str()));
    let layout = Layout::new(columns, location, table.template.as_deref());
    let (mut bytes, mut seen) = (0, std::collections::BTreeMap::new());
    for object in objects {
        let path = object.key.strip_prefix(&prefix).unwrap_or(&object.key);
        // Athena does not look at hidden files.
        if path.rsplit('/').next().is_some_and(|name| name.starts_with(['_', '.'])) {
            continue;
        }
        let values = layout.as_ref().and_then(|layout| layout.values(path));
        let may_be = match &values {
            Some(values) => read.may_read(values) && wanted.is_none_or(|wanted| wanted.may_read(database, &table.name, values)),
            None => true,
        };
        if may_be {
            bytes += object.size;
        }
        if let Some(values) = values {
            seen.insert(values.into_iter().map(|value| value.value).collect::<Vec<_>>(), may_be);
        }
    }
    let partitions = layout.map(|_| (seen.values().filter(|may_be| **may_be).count(), seen.len())).filter(|(_, all)| *all > 0);
    Ok((Some(bytes), partitions))
}

/// `s3://bucket/prefix/` in its parts.
fn bucket_and_prefix(location: &str) -> Option<(&str, String)> {
    let rest = location.strip_prefix("s3://").or_else(|| location.strip_prefix("s3a://"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    Some((bucket, if prefix.is_empty() { String::new() } else { format!("{prefix}/") }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_the_lake_is_paid_by_what_is_read() {
        assert_eq!(usd(QueryEngine::Athena, 1), Some(0.00005));
        assert_eq!(usd(QueryEngine::Redshift, 1), None);
    }

    #[test]
    fn parameters_are_read_as_their_values() {
        let year = |year: &str| [("y".to_owned(), year.to_owned())];
        let partition = [reads::PartitionValue { column: "year".into(), value: Some("2024".into()), numeric: true }];
        let may = |values: &[(String, String)]| {
            tables(Dialect::Athena, "SELECT * FROM t WHERE year = :y", values).unwrap()[0].may_read(&partition)
        };
        assert!(may(&year("2024")) && !may(&year("2023")));
        assert_eq!(tables(Dialect::Athena, "SELECT FROM WHERE", &[]), None);
        assert_eq!(tables(Dialect::Athena, "SHOW TABLES", &[]).map(|found| found.len()), Some(0));
    }

    #[test]
    fn a_prefix_ends_with_a_slash_so_that_no_other_table_is_counted() {
        assert_eq!(bucket_and_prefix("s3://b/data/x"), Some(("b", "data/x/".into())));
        assert_eq!(bucket_and_prefix("s3://b"), Some(("b", String::new())));
        assert_eq!(bucket_and_prefix("file:///x"), None);
    }
}
