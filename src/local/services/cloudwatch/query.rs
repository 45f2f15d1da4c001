//! Metrics of endpoints, as they are asked for: by name, dimensions, period and statistic.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::CloudWatch;
use super::histogram::Histogram;
use super::meters::Minute;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, without_nulls};
use crate::local::services::protocol::pages;

/// The namespace of endpoints' metrics.
const NAMESPACE: &str = "AWS/SageMaker";
/// The most queries of a request.
const MOST_QUERIES: usize = 500;
/// The most points that `GetMetricStatistics` gives.
const MOST_POINTS: usize = 1440;
/// Metrics of a page of `ListMetrics`.
const PAGE: usize = 500;

/// A metric of an endpoint's variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Invocations,
    Invocation4xxErrors,
    Invocation5xxErrors,
    InvocationModelErrors,
    ModelLatency,
    OverheadLatency,
}

impl Metric {
    const ALL: [Metric; 6] = [
        Metric::Invocations,
        Metric::Invocation4xxErrors,
        Metric::Invocation5xxErrors,
        Metric::InvocationModelErrors,
        Metric::ModelLatency,
        Metric::OverheadLatency,
    ];

    const fn name(self) -> &'static str {
        match self {
            Metric::Invocations => "Invocations",
            Metric::Invocation4xxErrors => "Invocation4XXErrors",
            Metric::Invocation5xxErrors => "Invocation5XXErrors",
            Metric::InvocationModelErrors => "InvocationModelErrors",
            Metric::ModelLatency => "ModelLatency",
            Metric::OverheadLatency => "OverheadLatency",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Metric::ModelLatency | Metric::OverheadLatency => "Microseconds",
            _ => "None",
        }
    }

    /// Adds a minute's values: a time for each invocation, or a 1 for one that counts and a 0 for one that does not.
    fn add(self, minute: &Minute, values: &mut Histogram) {
        let counted = match self {
            Metric::ModelLatency => return values.merge(&minute.model),
            Metric::OverheadLatency => return values.merge(&minute.overhead),
            Metric::Invocations => minute.invocations,
            Metric::Invocation4xxErrors => minute.client_errors,
            Metric::Invocation5xxErrors => minute.server_errors,
            Metric::InvocationModelErrors => minute.client_errors + minute.server_errors,
        };
        values.add(1, counted);
        values.add(0, minute.invocations - counted);
    }
}

/// A series that was asked for.
struct Series {
    /// Metric with endpoint and variant; `None` for one that nobody measures here.
    source: Option<(Metric, String, String)>,
    /// Length of a point, in seconds.
    period: i64,
}

/// Points by their time, in seconds since 1970.
type Points = BTreeMap<i64, Histogram>;

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidParameterValue", message)
}

impl Series {
    fn read(metric: &Input, period: Option<i64>) -> ServiceResult<Self> {
        let (namespace, name) = (metric.required_text("Namespace")?, metric.required_text("MetricName")?);
        let (mut endpoint, mut variant, mut other) = (None, None, false);
        for dimension in metric.objects("Dimensions")? {
            let value = dimension.required_text("Value")?.to_owned();
            match dimension.required_text("Name")? {
                "EndpointName" => endpoint = Some(value),
                "VariantName" => variant = Some(value),
                _ => other = true,
            }
        }
        let known = Metric::ALL.into_iter().find(|metric| metric.name() == name).filter(|_| namespace == NAMESPACE && !other);
        // A metric is its name with all its dimensions: one of them alone is another metric, that nobody measures.
        let source = known.zip(endpoint.zip(variant)).map(|(metric, (endpoint, variant))| (metric, endpoint, variant));
        let period = period.ok_or_else(|| invalid("Period must not be null"))?;
        if period < 60 || period % 60 != 0 {
            return Err(invalid(format!("The period {period} has to be a multiple of 60 seconds")));
        }
        Ok(Series { source, period })
    }

    /// The points from `start` to `end`, in seconds since 1970; each begins at a multiple of the period.
    fn points(&self, service: &CloudWatch, start: f64, end: f64) -> Points {
        let mut points = Points::new();
        let Some((metric, endpoint, variant)) = &self.source else { return points };
        // The first point begins at the multiple of the period at or before the start. Times are far below 2^53.
        let from = (start as i64).div_euclid(self.period) * self.period;
        let to = end.ceil() as i64;
        for (at, minute) in service.meters.minutes(endpoint, variant, from.div_euclid(60), (to + 59).div_euclid(60)) {
            let begins = (at * 60).div_euclid(self.period) * self.period;
            metric.add(&minute, points.entry(begins).or_default());
        }
        points
    }
}

/// A statistic by its name: `Sum`, `p99`, …
fn statistic(name: &str, values: &Histogram) -> ServiceResult<Option<f64>> {
    Ok(match name {
        "SampleCount" => Some(values.count() as f64),
        "Sum" => Some(values.sum()),
        "Average" => values.mean(),
        "Minimum" => values.least(),
        "Maximum" => values.most(),
        name => {
            let percent =
                name.strip_prefix('p').and_then(|number| number.parse::<f64>().ok()).filter(|percent| (0.0..=100.0).contains(percent));
            let percent = percent.ok_or_else(|| {
                invalid(format!(
                    "The statistic {name} is not supported by the embedded AWS: use SampleCount, Sum, Average, Minimum, Maximum or a \
                     percentile such as p99"
                ))
            })?;
            values.percentile(percent)
        }
    })
}

fn span(input: &Input) -> ServiceResult<(f64, f64)> {
    let bound = |name: &str| input.number(name)?.ok_or_else(|| invalid(format!("The parameter {name} is required.")));
    let (start, end) = (bound("StartTime")?, bound("EndTime")?);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    Ok((start, end))
}

impl CloudWatch {
    pub(super) fn get_metric_data(&self, input: &Input) -> ServiceResult {
        let (start, end) = span(input)?;
        let newest_first = input.one_of("ScanBy", &["TimestampDescending", "TimestampAscending"])? != Some("TimestampAscending");
        let queries = input.objects("MetricDataQueries")?;
        if queries.is_empty() || queries.len() > MOST_QUERIES {
            return Err(invalid(format!("MetricDataQueries must have between 1 and {MOST_QUERIES} members")));
        }
        let mut results = Vec::with_capacity(queries.len());
        for query in &queries {
            let id = query.required_text("Id")?;
            let Some(wanted) = query.object("MetricStat")? else {
                return Err(invalid(format!("The embedded AWS computes no expressions: give a MetricStat for {id}")));
            };
            if query.boolean("ReturnData")? == Some(false) {
                continue;
            }
            let metric = wanted.required_object("Metric")?;
            let stat = wanted.required_text("Stat")?;
            let series = Series::read(&metric, wanted.integer("Period")?)?;
            let unit = wanted.text("Unit")?;
            let measured = series.source.as_ref().is_some_and(|(metric, ..)| unit.is_none_or(|unit| unit == metric.unit()));
            let points = if measured { series.points(self, start, end) } else { Points::new() };
            let mut values = Vec::with_capacity(points.len());
            // An unknown statistic is refused even where there is nothing to measure.
            statistic(stat, &Histogram::default())?;
            for (at, point) in &points {
                if let Some(value) = statistic(stat, point)? {
                    values.push((*at, value));
                }
            }
            if newest_first {
                values.reverse();
            }
            results.push(json!({
                "Id": id,
                "Label": query.text("Label")?.unwrap_or(metric.required_text("MetricName")?),
                "Timestamps": values.iter().map(|(at, _)| *at).collect::<Vec<i64>>(),
                "Values": values.iter().map(|(_, value)| *value).collect::<Vec<f64>>(),
                "StatusCode": "Complete",
            }));
        }
        Ok(json!({ "MetricDataResults": results, "Messages": [] }))
    }

    pub(super) fn get_metric_statistics(&self, input: &Input) -> ServiceResult {
        let (start, end) = span(input)?;
        let (statistics, extended) = (input.texts("Statistics")?, input.texts("ExtendedStatistics")?);
        if statistics.is_empty() && extended.is_empty() {
            return Err(ServiceError::new("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics"));
        }
        let series = Series::read(input, input.integer("Period")?)?;
        let unit = series.source.as_ref().map_or("None", |(metric, ..)| metric.unit());
        let wanted = input.text("Unit")?.is_none_or(|wanted| wanted == unit);
        let points = if wanted { series.points(self, start, end) } else { Points::new() };
        if points.len() > MOST_POINTS {
            return Err(ServiceError::new(
                "InvalidParameterCombination",
                format!("You have requested up to {} datapoints, which exceeds the limit of {MOST_POINTS}.", points.len()),
            ));
        }
        for name in statistics.iter().chain(&extended) {
            statistic(name, &Histogram::default())?;
        }
        let mut datapoints = Vec::with_capacity(points.len());
        for (at, point) in &points {
            let mut datapoint = json!({ "Timestamp": at, "Unit": unit });
            for name in &statistics {
                datapoint[name.as_str()] = json!(statistic(name, point)?);
            }
            if !extended.is_empty() {
                let mut percentiles = json!({});
                for name in &extended {
                    percentiles[name.as_str()] = json!(statistic(name, point)?);
                }
                datapoint["ExtendedStatistics"] = percentiles;
            }
            datapoints.push(datapoint);
        }
        Ok(json!({ "Label": input.required_text("MetricName")?, "Datapoints": datapoints }))
    }

    pub(super) fn list_metrics(&self, input: &Input) -> ServiceResult {
        let (namespace, name) = (input.text("Namespace")?, input.text("MetricName")?);
        let filters = input.objects("Dimensions")?;
        let mut listed = Vec::new();
        if namespace.is_none_or(|namespace| namespace == NAMESPACE) {
            for (endpoint, variant) in self.meters.variants() {
                let mut fits = true;
                for filter in &filters {
                    let value = match filter.required_text("Name")? {
                        "EndpointName" => Some(&endpoint),
                        "VariantName" => Some(&variant),
                        _ => None,
                    };
                    fits &= value.is_some_and(|value| filter.text("Value").is_ok_and(|wanted| wanted.is_none_or(|wanted| wanted == value)));
                }
                let wanted = Metric::ALL.into_iter().filter(|metric| fits && name.is_none_or(|name| name == metric.name()));
                listed.extend(wanted.map(|metric| {
                    let dimensions = json!([{ "Name": "EndpointName", "Value": endpoint }, { "Name": "VariantName", "Value": variant }]);
                    let key = format!("{endpoint}/{variant}/{}", metric.name());
                    (key, json!({ "Namespace": NAMESPACE, "MetricName": metric.name(), "Dimensions": dimensions }))
                }));
            }
        }
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        let (page, next) = pages::page("ListMetrics", listed, |(key, _)| key.clone(), input.text("NextToken")?, PAGE)
            .map_err(|error| ServiceError::new("InvalidParameterValue", error.to_string()))?;
        let metrics: Vec<Value> = page.into_iter().map(|(_, metric)| metric).collect();
        Ok(without_nulls(json!({ "Metrics": metrics, "NextToken": next })))
    }
}
