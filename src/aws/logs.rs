//! Log groups, streams and their events (CloudWatch Logs).

use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "CloudWatch Logs";

/// A stream of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// Name.
    pub name: String,
    /// Time of its newest event.
    pub last: Option<DateTime<Utc>>,
}

/// A line of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Text.
    pub text: String,
}

/// A page of a stream's lines, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvents {
    /// Lines.
    pub events: Vec<LogEvent>,
    /// Where what comes later begins; the same as the one that was given when there was nothing more.
    pub forward: Option<String>,
}

/// The gateway.
pub struct Logs {
    client: Lazy<aws_sdk_cloudwatchlogs::Client>,
}

impl Logs {
    pub(super) fn new(source: &Source) -> Self {
        Logs { client: lazy_client!(source, aws_sdk_cloudwatchlogs) }
    }

    /// Names of the groups that begin with `prefix`.
    pub async fn groups(&self, prefix: &str) -> Result<Vec<String>, AwsError> {
        let mut groups = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().describe_log_groups().log_group_name_prefix(prefix).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "DescribeLogGroups"))?;
            groups.extend(said.log_groups().iter().filter_map(|group| group.log_group_name()).map(str::to_owned));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(groups);
            }
        }
    }

    /// Streams of a group whose names begin with `prefix`, by name; none when the group does not exist.
    pub async fn streams(&self, group: &str, prefix: &str) -> Result<Vec<LogStream>, AwsError> {
        let mut streams = Vec::new();
        let mut token = None;
        loop {
            let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
            let request = self.client.get().describe_log_streams().log_group_name(group).set_log_stream_name_prefix(prefix);
            let said = match request.set_next_token(token.take()).send().await.map_err(fault(SERVICE, "DescribeLogStreams")) {
                Ok(said) => said,
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            streams.extend(said.log_streams().iter().map(stream));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(streams);
            }
        }
    }

    /// The streams of a group with the newest events, at most `most`; none when the group does not exist.
    pub async fn newest_streams(&self, group: &str, most: i32) -> Result<Vec<LogStream>, AwsError> {
        let request = self.client.get().describe_log_streams().log_group_name(group);
        let request = request.order_by(aws_sdk_cloudwatchlogs::types::OrderBy::LastEventTime).descending(true).limit(most.clamp(1, 50));
        match request.send().await.map_err(fault(SERVICE, "DescribeLogStreams")) {
            Ok(said) => Ok(said.log_streams().iter().map(stream).collect()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Lines of a stream between two times, from its oldest or from where an earlier page ended. None when the stream does not exist.
    pub async fn events(
        &self,
        group: &str,
        stream: &str,
        between: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        token: Option<String>,
    ) -> Result<LogEvents, AwsError> {
        let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
        let request = self.client.get().get_log_events().log_group_name(group).log_stream_name(stream).start_from_head(true);
        let request = request.set_start_time(millis(between.0)).set_end_time(millis(between.1)).set_next_token(token.clone());
        match request.send().await.map_err(fault(SERVICE, "GetLogEvents")) {
            Ok(said) => Ok(LogEvents {
                events: said
                    .events()
                    .iter()
                    .map(|event| LogEvent {
                        at: event.timestamp().and_then(DateTime::from_timestamp_millis).unwrap_or_default(),
                        text: event.message().unwrap_or_default().to_owned(),
                    })
                    .collect(),
                forward: said.next_forward_token().map(str::to_owned),
            }),
            Err(error) if error.is_not_found() => Ok(LogEvents { events: Vec::new(), forward: token }),
            Err(error) => Err(error),
        }
    }

    /// Removes a group with all of its streams. Gives false when it was not there.
    pub async fn delete_group(&self, group: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_log_group().log_group_name(group);
        there(request.send().await.map(drop).map_err(fault(SERVICE, "DeleteLogGroup")))
    }

    /// Removes a stream. Gives false when it was not there.
    pub async fn delete_stream(&self, group: &str, stream: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_log_stream().log_group_name(group).log_stream_name(stream);
        there(request.send().await.map(drop).map_err(fault(SERVICE, "DeleteLogStream")))
    }
}

fn there(result: Result<(), AwsError>) -> Result<bool, AwsError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

fn stream(said: &aws_sdk_cloudwatchlogs::types::LogStream) -> LogStream {
    LogStream {
        name: said.log_stream_name().unwrap_or_default().to_owned(),
        last: said.last_event_timestamp().and_then(DateTime::from_timestamp_millis),
    }
}
