//! Figures of endpoints (CloudWatch).

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "CloudWatch";
const NAMESPACE: &str = "AWS/SageMaker";

/// What a variant did within a window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VariantFigures {
    /// Invocations.
    pub invocations: f64,
    /// Invocations that failed by the caller's fault.
    pub client_errors: f64,
    /// Invocations that failed by the model's fault.
    pub server_errors: f64,
    /// The times that 50, 90 and 99 % of the model's answers stayed below, in microseconds; `None` without invocations.
    pub latency: [Option<f64>; 3],
}

/// The gateway.
pub struct Metrics {
    client: Lazy<aws_sdk_cloudwatch::Client>,
}

/// Metric and statistic, in the order of [`VariantFigures`].
const ASKED: [(&str, &str); 6] = [
    ("Invocations", "Sum"),
    ("Invocation4XXErrors", "Sum"),
    ("Invocation5XXErrors", "Sum"),
    ("ModelLatency", "p50"),
    ("ModelLatency", "p90"),
    ("ModelLatency", "p99"),
];

impl Metrics {
    pub(super) fn new(source: &Source) -> Self {
        Metrics { client: lazy_client!(source, aws_sdk_cloudwatch) }
    }

    /// What the variants of an endpoint did within the window that ends at `now`, in the order in which they are named.
    pub async fn of_endpoint(
        &self,
        endpoint: &str,
        variants: &[String],
        now: SystemTime,
        window: Duration,
    ) -> Result<Vec<VariantFigures>, AwsError> {
        let window = window.as_secs().div_ceil(60).max(1) * 60;
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        // The minute that is under way counts too.
        let end = (since_epoch / 60 + 1) * 60;
        // Counts come by the minute and are added. Percentiles cannot be: theirs is one point of the window's length, and points begin at
        // multiples of their length; the newest with values is taken.
        let begin = end.saturating_sub(window);
        let start = begin / window * window;
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let at = |at: u64| DateTime::from_secs(seconds(at));
        let mut figures = vec![VariantFigures::default(); variants.len()];
        // A request has at most 500 queries.
        for (chunk, variants) in variants.chunks(80).enumerate() {
            let mut queries = Vec::with_capacity(variants.len() * ASKED.len());
            for (at, variant) in variants.iter().enumerate() {
                let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
                for (index, (metric, stat)) in ASKED.iter().enumerate() {
                    let metric = Metric::builder()
                        .namespace(NAMESPACE)
                        .metric_name(*metric)
                        .dimensions(dimension("EndpointName", endpoint))
                        .dimensions(dimension("VariantName", variant))
                        .build();
                    let period = if stat.starts_with('p') { i32::try_from(window).unwrap_or(i32::MAX) } else { 60 };
                    let stat = MetricStat::builder().metric(metric).period(period).stat(*stat).build();
                    queries.push(MetricDataQuery::builder().id(format!("v{at}m{index}")).metric_stat(stat).build());
                }
            }
            let request =
                self.client.get().get_metric_data().set_metric_data_queries(Some(queries)).start_time(at(start)).end_time(at(end));
            let said = request.send().await.map_err(fault(SERVICE, "GetMetricData"))?;
            for result in said.metric_data_results() {
                let Some((at, index)) = result.id().and_then(|id| id.strip_prefix('v')?.split_once('m')) else { continue };
                let (Ok(at), Ok(index)) = (at.parse::<usize>(), index.parse::<usize>()) else { continue };
                let Some(figures) = figures.get_mut(chunk * 80 + at) else { continue };
                let counted = result.timestamps().iter().zip(result.values()).filter(|(at, _)| at.secs() >= seconds(begin));
                let sum = || counted.map(|(_, value)| *value).sum::<f64>();
                match index {
                    0 => figures.invocations = sum(),
                    1 => figures.client_errors = sum(),
                    2 => figures.server_errors = sum(),
                    // The newest value comes first.
                    index => {
                        if let Some(latency) = figures.latency.get_mut(index - 3) {
                            *latency = result.values().first().copied();
                        }
                    }
                }
            }
        }
        Ok(figures)
    }
}
