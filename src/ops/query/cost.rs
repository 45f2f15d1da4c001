//! What a query of the lake costs, before and after; Redshift is paid by the hour whatever is asked of it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use serde::Deserialize;
use sqlparser::ast::{ObjectName, Visit, Visitor};

use super::QueryEngine;
use crate::ops::error::op;
use crate::ops::{Context, OpError};
use crate::syntax::{self, Dialect, Parameter, Statement};

const PRICES: &str = include_str!("../../../assets/sql/prices.toml");

/// The prices of the data file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day on which they were true.
    pub as_of: String,
    /// Of Athena.
    pub athena: AthenaPrice,
}

/// What Athena takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AthenaPrice {
    /// US dollars for 10^12 bytes.
    pub usd_per_terabyte: f64,
    /// Bytes of the smallest bill.
    pub minimum_bytes: u64,
    /// Bytes are rounded up to a multiple of this.
    pub rounded_to_bytes: u64,
}

/// The prices. A test makes sure that the file can be read; what is in it at build time cannot change later.
pub static PRICES_NOW: LazyLock<Option<Prices>> = LazyLock::new(|| toml::from_str(PRICES).ok());

/// US dollars for a query of Athena that reads `bytes`; `None` where no price is known.
pub fn usd(engine: QueryEngine, bytes: u64) -> Option<f64> {
    if engine != QueryEngine::Athena {
        return None;
    }
    let price = &PRICES_NOW.as_ref()?.athena;
    let billed = bytes.max(price.minimum_bytes).div_ceil(price.rounded_to_bytes.max(1)) * price.rounded_to_bytes.max(1);
    Some(billed as f64 * price.usd_per_terabyte / 1e12)
}

/// Money for people: `$0.00005`, `$1.23`. Small sums keep two digits that count.
pub fn money(usd: f64) -> String {
    if usd >= 0.01 || usd == 0.0 {
        return format!("${usd:.2}");
    }
    let digits = (-usd.log10()).ceil().clamp(2.0, 12.0) as usize + 1;
    let text = format!("${usd:.digits$}");
    text.trim_end_matches('0').to_owned()
}

/// What a statement may read at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Bytes, when all of them are known.
    pub bytes: Option<u64>,
    /// US dollars for them.
    pub usd: Option<f64>,
    /// The tables that it reads, with the bytes of their objects.
    pub tables: Vec<(String, Option<u64>)>,
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
}

/// The relations that a statement reads, as it names them; `None` when it cannot be read. Names of its own `WITH` are left out.
pub fn relations(dialect: Dialect, sql: &str, parameters: &[String]) -> Option<Vec<Vec<String>>> {
    let parameters: Vec<Parameter> = parameters.iter().map(|name| Parameter { name: name.clone(), value: Some(String::new()) }).collect();
    let statement = syntax::parse(dialect, sql, &parameters).ok()?;
    let mut found = Found::default();
    if visit(&statement, &mut found).is_break() {
        return None;
    }
    found.names.retain(|name| name.len() > 1 || !found.own.contains(&name[0]));
    Some(found.names.into_iter().collect())
}

#[derive(Default)]
struct Found {
    names: BTreeSet<Vec<String>>,
    own: BTreeSet<String>,
}

fn visit(statement: &Statement, found: &mut Found) -> ControlFlow<()> {
    match statement {
        Statement::Sql(statement) => statement.visit(found),
        Statement::Explain { analyze: true, statement, .. } => visit(statement, found),
        Statement::CreateTable { create, .. } => create.query.visit(found),
        _ => ControlFlow::Continue(()),
    }
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let parts = relation.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.to_lowercase()).collect::<Vec<_>>();
        if !parts.is_empty() {
            self.names.insert(parts);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &sqlparser::ast::Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.own.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
        }
        ControlFlow::Continue(())
    }
}

/// What a query of the lake may read at most: the bytes of all objects of the tables that it names. Partitions and columns that it leaves
/// out make the true figure smaller. Nothing is run.
///
/// # Errors
/// When the account does not say.
pub async fn estimate(context: &Context, sql: &str, parameters: &[String]) -> Result<Estimate, OpError> {
    let Some(names) = relations(Dialect::Athena, sql, parameters) else {
        return Ok(Estimate { bytes: None, usd: None, tables: Vec::new() });
    };
    let mut tables = Vec::new();
    for name in names {
        let table = name.last().cloned().unwrap_or_default();
        let database = if name.len() > 1 { name[name.len() - 2].clone() } else { context.scenario.glue_database.clone() };
        let what = "could not estimate what the query reads";
        let location = context.gateways.lake.location(&database, &table).await.map_err(op(&table, what))?;
        let bytes = match location.as_deref().and_then(bucket_and_prefix) {
            Some((bucket, prefix)) => {
                let objects = context.gateways.objects.list(bucket, &prefix).await.map_err(op(&table, what))?;
                Some(objects.iter().map(|object| object.size).sum())
            }
            None => None,
        };
        tables.push((format!("{database}.{table}"), bytes));
    }
    let bytes = tables.iter().map(|(_, bytes)| *bytes).sum::<Option<u64>>();
    Ok(Estimate { bytes, usd: bytes.and_then(|bytes| usd(QueryEngine::Athena, bytes)), tables })
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
    fn the_file_of_prices_can_be_read() {
        let prices: Prices = toml::from_str(PRICES).unwrap();
        assert!(chrono::NaiveDate::parse_from_str(&prices.as_of, "%Y-%m-%d").is_ok());
        assert!(PRICES_NOW.is_some());
    }

    #[test]
    fn ten_megabytes_are_the_least() {
        assert_eq!(usd(QueryEngine::Athena, 1), Some(0.00005));
        assert_eq!(usd(QueryEngine::Athena, 10_000_001), Some(0.000055));
        assert_eq!(usd(QueryEngine::Athena, 2_000_000_000_000), Some(10.0));
        assert_eq!(usd(QueryEngine::Redshift, 1), None);
    }

    #[test]
    fn small_sums_keep_the_digits_that_count() {
        assert_eq!(money(0.00005), "$0.00005");
        assert_eq!(money(0.0000554), "$0.000055");
        assert_eq!(money(0.0), "$0.00");
        assert_eq!(money(12.345), "$12.35");
    }

    #[test]
    fn the_tables_of_a_query_are_found_wherever_they_stand() {
        let sql = "WITH a AS (SELECT * FROM lake.t1) SELECT * FROM a JOIN \"T2\" ON true WHERE x IN (SELECT y FROM other.t3)";
        let names = relations(Dialect::Athena, sql, &[]).unwrap();
        assert_eq!(names, [vec!["lake".to_owned(), "t1".into()], vec!["other".into(), "t3".into()], vec!["t2".into()]]);
        assert_eq!(relations(Dialect::Athena, "SELECT FROM WHERE", &[]), None);
        assert!(relations(Dialect::Athena, "SHOW TABLES", &[]).unwrap().is_empty());
    }

    #[test]
    fn a_prefix_ends_with_a_slash_so_that_no_other_table_is_counted() {
        assert_eq!(bucket_and_prefix("s3://b/data/x"), Some(("b", "data/x/".into())));
        assert_eq!(bucket_and_prefix("s3://b"), Some(("b", String::new())));
        assert_eq!(bucket_and_prefix("file:///x"), None);
    }
}
