//! The log lines of a step's job, as they come.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Streams of a function that are looked through: one for each of its instances.
const FUNCTION_STREAMS: i32 = 5;
/// What a service writes a little before or after the times that it tells.
const SLACK: Duration = Duration::seconds(2);

/// Where the lines of a job or a function are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSource {
    /// Log group.
    pub group: String,
    /// What the names of its streams begin with; empty for a function, whose streams hold the lines of many invocations.
    pub stream_prefix: String,
    /// Lines before this are somebody else's; only where streams are shared.
    pub from: Option<DateTime<Utc>>,
    /// Lines after this are somebody else's; only where streams are shared, and once the step has ended.
    pub until: Option<DateTime<Utc>>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Text.
    pub text: String,
}

/// Where the next page begins: the streams that are known, each with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogCursor {
    streams: Vec<(String, Option<String>)>,
}

/// A page of lines, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPage {
    /// Lines.
    pub lines: Vec<LogLine>,
    /// Where what comes later begins; `None` when nothing is there to read yet.
    pub next: Option<LogCursor>,
}

/// The lines of a source, from its beginning or from where an earlier page ended. A job that has not written yet has no lines.
///
/// # Errors
/// What the service says.
pub async fn log_lines(context: &Context, source: &LogSource, since: Option<LogCursor>) -> Result<LogPage, OpError> {
    let gateway = &context.gateways.logs;
    let what = "could not read the log";
    let found = if source.stream_prefix.is_empty() {
        gateway.newest_streams(&source.group, FUNCTION_STREAMS).await
    } else {
        gateway.streams(&source.group, &source.stream_prefix).await
    };
    let mut cursor = since.unwrap_or_default();
    for stream in found.map_err(op(&source.group, what))? {
        let old = source.from.zip(stream.last).is_some_and(|(from, last)| last < from - SLACK);
        if !old && !cursor.streams.iter().any(|(name, _)| *name == stream.name) {
            cursor.streams.push((stream.name, None));
        }
    }
    let between = (source.from.map(|from| from - SLACK), source.until.map(|until| until + SLACK));
    let mut lines = Vec::new();
    for (name, token) in &mut cursor.streams {
        loop {
            let page = gateway.events(&source.group, name, between, token.clone()).await.map_err(op(&source.group, what))?;
            lines.extend(page.events.into_iter().map(|event| LogLine { at: event.at, text: event.text }));
            // The service says that there is no more by giving the same place again.
            let same = page.forward == *token;
            *token = page.forward;
            if same {
                break;
            }
        }
    }
    // Stable: lines of one stream stay in its order.
    lines.sort_by_key(|line| line.at);
    let next = (!cursor.streams.is_empty()).then_some(cursor);
    Ok(LogPage { lines, next })
}
