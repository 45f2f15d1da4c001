//! What a job costs: instance hours by the dated table of prices.

use std::sync::LazyLock;
use std::time::Duration;

use std::collections::BTreeMap;

use serde::Deserialize;

const PRICES: &str = include_str!("../../../assets/pipeline/prices.toml");

/// The prices of the data file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day on which they were true.
    pub as_of: String,
    /// The region that they are of; elsewhere they are somewhat higher.
    pub region: String,
    /// US dollars an hour of an instance that processes or trains, by type.
    pub usd_per_hour: BTreeMap<String, f64>,
}

/// The prices. A test makes sure that the file can be read; what is in it at build time cannot change later.
pub static PRICES_NOW: LazyLock<Option<Prices>> = LazyLock::new(|| toml::from_str(PRICES).ok());

/// US dollars for `instances` instances that worked for some time, billed by the second; `None` where no price is known.
pub fn usd(instance: &str, instances: u32, worked: Duration) -> Option<f64> {
    let hourly = PRICES_NOW.as_ref()?.usd_per_hour.get(instance)?;
    Some(hourly * f64::from(instances) * worked.as_secs_f64().ceil() / 3600.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_file_of_prices_can_be_read_and_has_the_default_instances() {
        let prices: Prices = toml::from_str(PRICES).unwrap();
        assert!(chrono::NaiveDate::parse_from_str(&prices.as_of, "%Y-%m-%d").is_ok());
        assert!(prices.usd_per_hour.values().all(|price| *price > 0.0));
        assert!(prices.usd_per_hour.contains_key("ml.m5.xlarge"));
    }

    #[test]
    fn seconds_are_billed() {
        let hour = usd("ml.m5.xlarge", 1, Duration::from_secs(3600)).unwrap();
        assert!((usd("ml.m5.xlarge", 2, Duration::from_millis(1_799_500)).unwrap() - hour).abs() < 1e-12);
        assert_eq!(usd("ml.nowhere.large", 1, Duration::from_secs(1)), None);
    }
}
