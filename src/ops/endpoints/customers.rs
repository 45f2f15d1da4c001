//! Customers ask one by one, so that a split can be seen in who answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use serde::Serialize;

use super::Report;
use crate::demo::figures;
use crate::ops::error::op;
use crate::ops::{Context, OpError, predict};

/// Requests under way at the same time.
const AT_ONCE: usize = 4;
/// Requests between two sentences.
const TOLD_EVERY: usize = 50;
/// What chooses the customers: always the same ones.
const SEED: u64 = 1;

/// How an endpoint answered customers that asked one by one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// Endpoint.
    pub endpoint: String,
    /// Requests, one customer each.
    pub requests: u64,
    /// How many of them each variant answered, by its name.
    pub variants: BTreeMap<String, u64>,
    /// Round trip that half of the requests were within, in milliseconds.
    pub median_milliseconds: f64,
    /// The longest round trip, in milliseconds.
    pub longest_milliseconds: f64,
}

impl Answered {
    /// What happened, in a sentence: `200 customers asked: v1 answered 181, v2 19; half within 1.2 ms`.
    pub fn sentence(&self) -> String {
        let mut shares = self.variants.iter().map(|(variant, requests)| format!("{variant} {}", figures::count(*requests)));
        let first = shares.next().unwrap_or_default().replacen(' ', " answered ", 1);
        let rest: String = shares.map(|share| format!(", {share}")).collect();
        format!(
            "{} asked: {first}{rest}; half within {:.1} ms, all within {:.1} ms",
            figures::counted(self.requests, "customer"),
            self.median_milliseconds,
            self.longest_milliseconds
        )
    }
}

/// Asks an endpoint about `customers` rows of the test split, each in a request of its own, with the weights deciding who answers.
pub async fn ask_customers(context: &Context, endpoint: &str, customers: usize, report: Report<'_>) -> Result<Answered, OpError> {
    let model = predict::at(context, endpoint).await?;
    let samples = predict::samples(context, &model, customers, SEED).await?;
    if samples.is_empty() {
        return Err(OpError::failed(endpoint, "could not ask the endpoint", "the test split of its model has no rows"));
    }
    let mut lines = Vec::with_capacity(samples.len());
    for sample in &samples {
        let mut line = Vec::with_capacity(160);
        let encoded = model.schema.encode_csv_line(&sample.row, &mut line);
        encoded.map_err(|error| OpError::failed(endpoint, "could not encode a row of the test split", error.to_string()))?;
        line.push(b'\n');
        // Digits, signs, points and commas.
        lines.push(String::from_utf8(line).map_err(|error| OpError::failed(endpoint, "could not encode a row", error.to_string()))?);
    }
    let all = lines.len();
    let gateway = &context.gateways.inference;
    let mut answers = futures::stream::iter(lines).map(|line| gateway.invoke_variant(endpoint, None, line)).buffer_unordered(AT_ONCE);
    let (mut variants, mut latencies) = (BTreeMap::<String, u64>::new(), Vec::with_capacity(all));
    while let Some(answer) = answers.next().await {
        context.proceed("asking the endpoint")?;
        let answer = answer.map_err(op(endpoint, "could not ask the endpoint"))?;
        *variants.entry(answer.variant.unwrap_or_else(|| "the endpoint".to_owned())).or_default() += 1;
        latencies.push(answer.latency);
        if latencies.len() % TOLD_EVERY == 0 {
            report(&format!("{} of {} customers have asked", latencies.len(), all));
        }
    }
    latencies.sort_unstable();
    let milliseconds = |latency: Option<&Duration>| latency.map_or(0.0, |latency| latency.as_secs_f64() * 1000.0);
    Ok(Answered {
        endpoint: endpoint.to_owned(),
        requests: latencies.len() as u64,
        variants,
        median_milliseconds: milliseconds(latencies.get(latencies.len() / 2)),
        longest_milliseconds: milliseconds(latencies.last()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_who_answered() {
        let mut answered = Answered {
            endpoint: "e".into(),
            requests: 1200,
            variants: [("v1".into(), 1081), ("v2".into(), 119)].into(),
            median_milliseconds: 1.24,
            longest_milliseconds: 8.0,
        };
        assert_eq!(answered.sentence(), "1,200 customers asked: v1 answered 1,081, v2 119; half within 1.2 ms, all within 8.0 ms");
        answered.variants.remove("v2");
        assert_eq!(answered.sentence(), "1,200 customers asked: v1 answered 1,081; half within 1.2 ms, all within 8.0 ms");
    }
}
