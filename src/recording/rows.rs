//! Predictions row by row: rows that were asked together in the recording are answered one by one, and the other way round.

use std::collections::HashMap;
use std::time::Duration;

use super::call::{Answer, Exchange, Outcome, Request};

/// The header that says which variant answered.
const ANSWERED_BY: &str = "x-amzn-invoked-production-variant";
/// The header that names the variant that is to answer.
const TO_ANSWER: &str = "x-amzn-sagemaker-target-variant";

/// A row's answer.
struct Row {
    call: usize,
    at: Duration,
    variant: Option<String>,
    score: String,
}

/// The rows that endpoints were asked.
#[derive(Default)]
pub struct Rows {
    /// By endpoint and row.
    rows: HashMap<(String, String), Vec<Row>>,
}

impl Rows {
    /// The rows of a recording's calls.
    pub fn of(calls: &[Exchange]) -> Rows {
        let mut rows = Rows::default();
        for (at, exchange) in calls.iter().enumerate() {
            let (Some((endpoint, asked)), Outcome::Answer(answer)) = (asked(&exchange.request), &exchange.outcome) else { continue };
            let Some(scores) = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200).map(scores) else { continue };
            if scores.len() != asked.len() {
                continue;
            }
            let variant = answer.headers.iter().find(|(name, _)| name == ANSWERED_BY).map(|(_, variant)| variant.clone());
            for (row, score) in asked.into_iter().zip(scores) {
                let kept = rows.rows.entry((endpoint.clone(), row.to_owned())).or_default();
                kept.push(Row { call: at, at: exchange.start, variant: variant.clone(), score: score.to_owned() });
            }
        }
        rows
    }

    /// The answer to rows that are all known, though they were not asked together. Of rows that were asked several times it is the answer
    /// between the two times, of the last change of the endpoint and of the next, or the last one.
    pub fn answer(&self, calls: &[Exchange], request: &Request, between: (Option<Duration>, Option<Duration>)) -> Option<Answer> {
        let (endpoint, asked) = asked(request)?;
        let wanted = request.header(TO_ANSWER);
        let mut scores = String::new();
        let mut model: Option<&Row> = None;
        for row in asked {
            let known = self.rows.get(&(endpoint.clone(), row.to_owned()))?;
            let fits = |row: &&Row| wanted.is_none() || row.variant.as_deref() == wanted;
            let now = |row: &&Row| between.0.is_none_or(|made| row.at >= made) && between.1.is_none_or(|next| row.at < next);
            let found = known.iter().rev().filter(fits).find(now).or_else(|| known.iter().rev().find(fits))?;
            scores.push_str(&found.score);
            scores.push('\n');
            model = Some(found);
        }
        let Outcome::Answer(answer) = &calls.get(model?.call)?.outcome else { return None };
        Some(Answer { status: 200, headers: answer.headers.clone(), body: scores.into() })
    }

    /// The rows that an endpoint was asked in the recording.
    pub fn of_endpoint<'r>(&'r self, endpoint: &'r str) -> impl Iterator<Item = &'r str> {
        self.rows.keys().filter(move |(of, _)| of == endpoint).map(|(_, row)| row.as_str())
    }
}

/// The endpoint that a request asks, and its rows.
pub fn asked(request: &Request) -> Option<(String, Vec<&str>)> {
    if request.operation != "InvokeEndpoint" || !request.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")) {
        return None;
    }
    let endpoint = request.path.strip_prefix("/endpoints/")?.strip_suffix("/invocations")?;
    let text = std::str::from_utf8(request.body.bytes()).ok()?;
    Some((endpoint.to_owned(), text.lines().map(str::trim).filter(|row| !row.is_empty()).collect()))
}

/// The scores of an answer, which containers separate by line ends or by commas.
fn scores(body: &str) -> Vec<&str> {
    body.split([',', '\n', '\r']).map(str::trim).filter(|score| !score.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use bytes::Bytes;

    use super::*;
    use crate::recording::call::Content;

    fn request(body: &str, variant: Option<&str>) -> Request {
        let variant = variant.map(|variant| (TO_ANSWER.to_owned(), variant.to_owned()));
        Request {
            service: "sagemaker-runtime".into(),
            operation: "InvokeEndpoint".into(),
            method: "POST".into(),
            path: "/endpoints/e/invocations".into(),
            query: String::new(),
            headers: [("content-type".to_owned(), "text/csv".to_owned())].into_iter().chain(variant).collect(),
            body: Content::Whole(Bytes::from(body.to_owned())),
        }
    }

    fn call(second: u64, asked: &str, answered: &str, variant: &str) -> Exchange {
        Exchange {
            request: request(asked, None),
            outcome: Outcome::Answer(Answer {
                status: 200,
                headers: vec![(ANSWERED_BY.into(), variant.into())],
                body: Bytes::from(answered.to_owned()),
            }),
            start: Duration::from_secs(second),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn rows_are_answered_in_other_company_than_they_were_asked_in() {
        let calls = [call(1, "1,2\n3,4\n5,6\n", "0.1\n0.2\n0.3\n", "All"), call(9, "3,4\n", "0.9", "All")];
        let rows = Rows::of(&calls);
        let ask = |body: &str, between| rows.answer(&calls, &request(body, None), between).map(|answer| answer.body);
        assert_eq!(ask("5,6\n1,2\n", (None, None)), Some(Bytes::from_static(b"0.3\n0.1\n")));
        assert_eq!(ask("3,4", (None, None)), Some(Bytes::from_static(b"0.9\n")), "the last answer");
        assert_eq!(ask("3,4", (None, Some(Duration::from_secs(5)))), Some(Bytes::from_static(b"0.2\n")), "before another model came");
        assert_eq!(ask("1,2\n7,8\n", (None, None)), None, "one that was never asked");
        assert_eq!(rows.of_endpoint("e").count(), 3);
    }

    #[test]
    fn a_variant_that_is_named_answers_itself() {
        let calls = [call(1, "1,2", "0.1", "v1"), call(2, "1,2", "0.2", "v2")];
        let rows = Rows::of(&calls);
        let ask = |variant: Option<&str>| rows.answer(&calls, &request("1,2", variant), (None, None)).map(|answer| answer.body);
        assert_eq!(ask(Some("v1")), Some(Bytes::from_static(b"0.1\n")));
        assert_eq!(ask(None), Some(Bytes::from_static(b"0.2\n")));
        assert_eq!(ask(Some("v3")), None);
    }
}
