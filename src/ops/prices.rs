//! What AWS charges: the dated table of `assets/prices.toml`, and nothing that is not in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

const TABLE: &str = include_str!("../../assets/prices.toml");

/// Seconds of an hour.
const HOUR: f64 = 3600.0;
/// Hours of a month, as AWS counts them.
const MONTH: f64 = 730.0;

/// The table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day on which the prices were true.
    pub as_of: String,
    /// The region that they are of; elsewhere they are somewhat higher.
    pub region: String,
    /// Of queries of the lake.
    pub athena: Athena,
    /// US dollars an hour of an instance that processes or trains, by type.
    pub jobs: BTreeMap<String, f64>,
    /// US dollars an hour of an instance behind an endpoint, by type.
    pub hosting: BTreeMap<String, f64>,
    /// Of the warehouse.
    pub redshift: Redshift,
    /// Of secrets.
    pub secrets: Secrets,
    /// Of objects.
    pub storage: Storage,
}

/// What Athena takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Athena {
    /// US dollars for 10^12 bytes.
    pub usd_per_terabyte: f64,
    /// Bytes of the smallest bill.
    pub minimum_bytes: u64,
    /// Bytes are rounded up to a multiple of this.
    pub rounded_to_bytes: u64,
}

/// What Redshift takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redshift {
    /// US dollars an hour for one RPU while statements run.
    pub usd_per_rpu_hour: f64,
    /// Seconds of the smallest bill.
    pub minimum_seconds: u32,
    /// US dollars an hour of a node, by type.
    pub nodes: BTreeMap<String, f64>,
}

/// What Secrets Manager takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// US dollars a month for one.
    pub usd_per_month: f64,
}

/// What S3 takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// US dollars for 10^9 bytes and a month.
    pub usd_per_gigabyte_month: f64,
}

/// The prices. A test makes sure that the file can be read; what is in it at build time cannot change later.
pub static PRICES: LazyLock<Option<Prices>> = LazyLock::new(|| toml::from_str(TABLE).ok());

/// The day on which the prices were true.
pub fn as_of() -> Option<&'static str> {
    PRICES.as_ref().map(|prices| prices.as_of.as_str())
}

/// US dollars for `instances` instances that processed or trained for some time, billed by the second; `None` where no price is known.
pub fn job(instance: &str, instances: u32, worked: Duration) -> Option<f64> {
    let hourly = PRICES.as_ref()?.jobs.get(instance)?;
    Some(hourly * f64::from(instances) * worked.as_secs_f64().ceil() / HOUR)
}

/// US dollars an hour of `instances` instances behind an endpoint; `None` where no price is known.
pub fn hosting(instance: &str, instances: u32) -> Option<f64> {
    Some(PRICES.as_ref()?.hosting.get(instance)? * f64::from(instances))
}

/// US dollars an hour of a workgroup while statements run.
pub fn workgroup(rpu: u32) -> Option<f64> {
    Some(PRICES.as_ref()?.redshift.usd_per_rpu_hour * f64::from(rpu))
}

/// US dollars an hour of a cluster; `None` where no price is known.
pub fn cluster(node_type: &str, nodes: u32) -> Option<f64> {
    Some(PRICES.as_ref()?.redshift.nodes.get(node_type)? * f64::from(nodes))
}

/// US dollars an hour of a secret.
pub fn secret() -> Option<f64> {
    Some(PRICES.as_ref()?.secrets.usd_per_month / MONTH)
}

/// US dollars an hour of objects.
pub fn storage(bytes: u64) -> Option<f64> {
    Some(PRICES.as_ref()?.storage.usd_per_gigabyte_month * bytes as f64 / 1e9 / MONTH)
}

/// US dollars for a query of Athena that reads `bytes`.
pub fn lake_query(bytes: u64) -> Option<f64> {
    let price = &PRICES.as_ref()?.athena;
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

/// What something costs an hour, for people: `$0.115`, `$1.50`. Three decimals, for prices by the hour have them.
pub fn rate(usd: f64) -> String {
    if usd < 0.01 {
        return money(usd);
    }
    let text = format!("${usd:.3}");
    text.strip_suffix('0').map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_table_can_be_read_and_has_what_the_settings_begin_with() {
        let prices: Prices = toml::from_str(TABLE).unwrap();
        assert!(chrono::NaiveDate::parse_from_str(&prices.as_of, "%Y-%m-%d").is_ok());
        let all = prices.jobs.values().chain(prices.hosting.values()).chain(prices.redshift.nodes.values());
        assert!(all.copied().all(|price| price > 0.0));
        let settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        assert!(job(&settings.mlops.processing_instance, 1, Duration::from_secs(1)).is_some());
        assert!(job(&settings.mlops.training_instance, 1, Duration::from_secs(1)).is_some());
        assert!(hosting(&settings.mlops.endpoint_instance, 1).is_some());
        assert!(cluster(&settings.warehouse.node_type, 1).is_some());
        assert_eq!(workgroup(4), Some(1.5), "as the service's own example has it");
    }

    #[test]
    fn seconds_are_billed() {
        let hour = job("ml.m5.xlarge", 1, Duration::from_secs(3600)).unwrap();
        assert!((job("ml.m5.xlarge", 2, Duration::from_millis(1_799_500)).unwrap() - hour).abs() < 1e-12);
        assert_eq!(job("ml.nowhere.large", 1, Duration::from_secs(1)), None);
    }

    #[test]
    fn ten_megabytes_are_the_least() {
        assert_eq!(lake_query(1), Some(0.00005));
        assert_eq!(lake_query(10_000_001), Some(0.000055));
        assert_eq!(lake_query(2_000_000_000_000), Some(10.0));
    }

    #[test]
    fn small_sums_keep_the_digits_that_count() {
        assert_eq!(money(0.00005), "$0.00005");
        assert_eq!(money(0.0000554), "$0.000055");
        assert_eq!(money(0.0), "$0.00");
        assert_eq!(money(12.345), "$12.35");
        assert_eq!(
            (rate(0.115), rate(1.5), rate(0.23), rate(0.00055)),
            ("$0.115".into(), "$1.50".into(), "$0.23".into(), "$0.00055".into())
        );
    }
}
