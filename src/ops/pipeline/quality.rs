//! What the data quality step found.

use serde::{Deserialize, Serialize};

use crate::demo::data_quality::{ColumnProfile, Report};
use crate::ops::evaluation::fetch;
use crate::ops::{Context, OpError};

/// The report of the data quality step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataQuality {
    /// Rows of the unload.
    pub rows: u64,
    /// What was checked, in order.
    pub checks: Vec<QualityCheck>,
    /// What the data were compared with: the configured expectations, or these and the data of an approved model.
    #[serde(default)]
    pub baseline: String,
    /// Rows of the positive class over all rows.
    #[serde(default)]
    pub target_rate: Option<f64>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityCheck {
    /// What is checked (`range`, `drift`, …).
    pub name: String,
    /// The column; absent when the check is of the whole table.
    pub column: Option<String>,
    /// Whether it passed.
    pub ok: bool,
    /// What was found, in words.
    pub found: String,
    /// What is allowed, in words.
    pub allowed: String,
}

/// The report at an `s3://` address.
pub(super) async fn report(context: &Context, address: &str) -> Result<DataQuality, OpError> {
    let content = fetch(context, address).await?;
    serde_json::from_slice(&content).map_err(|error| OpError::failed(address, "could not read the report on the data", error.to_string()))
}

/// The distribution that the report at an address has.
pub(super) async fn profile(context: &Context, address: &str) -> Result<Vec<ColumnProfile>, OpError> {
    let content = fetch(context, address).await?;
    let report: Result<Report, _> = serde_json::from_slice(&content);
    report
        .map(|report| report.profile)
        .map_err(|error| OpError::failed(address, "could not read the report on the data", error.to_string()))
}
