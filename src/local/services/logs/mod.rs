//! CloudWatch Logs: groups, streams and events of what the embedded AWS does, readable as on the real service.

mod filter;
mod store;

use async_trait::async_trait;
use serde_json::{Value, json};

pub use self::store::{LogStore, LogWriter};

use self::filter::Pattern;
use self::store::{Event, Group, Stream};
use super::protocol::aws_json::{Call, Input, respond, without_nulls};
use super::protocol::pages;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};

/// Events of a page at most.
const MOST_EVENTS: i64 = 10_000;
/// Days that a retention policy may name, from the service's documentation.
const RETENTION_DAYS: [i64; 22] = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The service.
pub struct Logs {
    store: LogStore,
    /// `arn:aws:logs:REGION:ACCOUNT:log-group:`.
    arn_prefix: String,
}

impl Logs {
    /// The service over the logs of an account.
    pub fn open(store: LogStore, region: &str, account: &str) -> Self {
        Logs { store, arn_prefix: format!("arn:aws:logs:{region}:{account}:log-group:") }
    }

    fn dispatch(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, "InvalidParameterException")?;
        let input = &call.input;
        match call.operation {
            "CreateLogGroup" => self.create_group(input),
            "DeleteLogGroup" => self.delete_group(input),
            "DescribeLogGroups" => self.describe_groups(input),
            "PutRetentionPolicy" => self.put_retention(input),
            "DeleteRetentionPolicy" => self.change(input, |group| group.retention = None),
            "CreateLogStream" => self.create_stream(input),
            "DeleteLogStream" => self.delete_stream(input),
            "DescribeLogStreams" => self.describe_streams(input),
            "PutLogEvents" => self.put_events(input),
            "GetLogEvents" => self.get_events(input),
            "FilterLogEvents" => self.filter_events(input),
            "ListTagsForResource" => {
                let group = self.group_of_arn(input)?;
                Ok(json!({ "tags": group.tags }))
            }
            "TagResource" => {
                let tags = texts(input, "tags")?;
                let group = self.group_of_arn(input)?;
                self.store.change_group(&group.name, |group| group.tags.extend(tags))?;
                Ok(Value::Null)
            }
            "UntagResource" => {
                let keys = input.texts("tagKeys")?;
                let group = self.group_of_arn(input)?;
                self.store.change_group(&group.name, |group| group.tags.retain(|key, _| !keys.contains(key)))?;
                Ok(Value::Null)
            }
            _ => Err(call.unknown()),
        }
    }

    /// The group that a request names, by its name or its ARN.
    fn named<'a>(&self, input: &'a Input) -> ServiceResult<&'a str> {
        match input.text("logGroupIdentifier")? {
            Some(identifier) => Ok(identifier.strip_prefix(&self.arn_prefix).map_or(identifier, |name| name.trim_end_matches(":*"))),
            None => input.required_text("logGroupName"),
        }
    }

    fn group(&self, input: &Input) -> ServiceResult<Group> {
        let name = self.named(input)?;
        self.store.group(name).ok_or_else(no_group)
    }

    fn group_of_arn(&self, input: &Input) -> ServiceResult<Group> {
        let arn = input.required_text("resourceArn")?;
        let name = arn.strip_prefix(&self.arn_prefix).map(|name| name.trim_end_matches(":*"));
        name.and_then(|name| self.store.group(name)).ok_or_else(no_group)
    }

    fn create_group(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("logGroupName")?;
        let formed = name.len() <= 512 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte));
        if !formed {
            return Err(input.invalid(format!(
                "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular \
                 expression pattern: [\\.\\-_/#A-Za-z0-9]+"
            )));
        }
        if self.store.create_group(name, texts(input, "tags")?)? {
            Ok(Value::Null)
        } else {
            Err(ServiceError::new("ResourceAlreadyExistsException", "The specified log group already exists"))
        }
    }

    fn delete_group(&self, input: &Input) -> ServiceResult {
        if self.store.delete_group(self.named(input)?)? { Ok(Value::Null) } else { Err(no_group()) }
    }

    fn change(&self, input: &Input, change: impl FnOnce(&mut Group)) -> ServiceResult {
        if self.store.change_group(self.named(input)?, change)? { Ok(Value::Null) } else { Err(no_group()) }
    }

    fn put_retention(&self, input: &Input) -> ServiceResult {
        let days = input.integer("retentionInDays")?.ok_or_else(|| input.invalid("retentionInDays is required"))?;
        if !RETENTION_DAYS.contains(&days) {
            return Err(input.invalid(format!(
                "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value \
                 set: {RETENTION_DAYS:?}"
            )));
        }
        self.change(input, |group| group.retention = Some(days))
    }

    fn describe_groups(&self, input: &Input) -> ServiceResult {
        let prefix = input.text("logGroupNamePrefix")?.unwrap_or_default();
        let pattern = input.text("logGroupNamePattern")?.unwrap_or_default().to_lowercase();
        let fits = |group: &Group| group.name.starts_with(prefix) && group.name.to_lowercase().contains(&pattern);
        let size = input.integer_within("limit", 1, 50)?.unwrap_or(50);
        let groups = self.store.groups().into_iter().filter(fits);
        let (page, next) = pages::page("DescribeLogGroups", groups, |group| group.name.clone(), input.text("nextToken")?, size as usize)
            .map_err(|_| bad_token())?;
        let groups: Vec<Value> = page
            .iter()
            .map(|group| {
                let bytes: u64 = group.streams.values().map(|stream| stored(&self.store.events(stream))).sum();
                without_nulls(json!({
                    "logGroupName": group.name,
                    "creationTime": group.created.timestamp_millis(),
                    "retentionInDays": group.retention,
                    "metricFilterCount": 0,
                    "arn": format!("{}{}:*", self.arn_prefix, group.name),
                    "logGroupArn": format!("{}{}", self.arn_prefix, group.name),
                    "logGroupClass": "STANDARD",
                    "storedBytes": bytes,
                }))
            })
            .collect();
        Ok(without_nulls(json!({ "logGroups": groups, "nextToken": next })))
    }

    fn create_stream(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        let stream = stream_name(input)?;
        if self.store.create_stream(&group.name, stream)? {
            Ok(Value::Null)
        } else {
            Err(ServiceError::new("ResourceAlreadyExistsException", "The specified log stream already exists"))
        }
    }

    fn delete_stream(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        if self.store.delete_stream(&group.name, stream_name(input)?)? { Ok(Value::Null) } else { Err(no_stream()) }
    }

    fn describe_streams(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        let prefix = input.text("logStreamNamePrefix")?;
        let by_time = input.one_of("orderBy", &["LogStreamName", "LastEventTime"])? == Some("LastEventTime");
        if by_time && prefix.is_some() {
            return Err(input.invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let descending = input.boolean("descending")?.unwrap_or(false);
        let size = input.integer_within("limit", 1, 50)?.unwrap_or(50);
        let mut streams: Vec<(&String, &Stream, Vec<Event>)> = group
            .streams
            .iter()
            .filter(|(name, _)| name.starts_with(prefix.unwrap_or_default()))
            .map(|(name, stream)| (name, stream, self.store.events(stream)))
            .collect();
        if by_time {
            streams.sort_by_key(|(_, _, events)| events.last().map(|event| event.at));
        }
        if descending {
            streams.reverse();
        }
        let scope = format!("DescribeLogStreams/{}/{by_time}/{descending}/{}", group.name, prefix.unwrap_or_default());
        // Positions are counted, in a fixed width so that they sort as texts.
        let keyed = streams.into_iter().enumerate().map(|(at, stream)| (format!("{at:08}"), stream));
        let (page, next) =
            pages::page(&scope, keyed, |(key, _)| key.clone(), input.text("nextToken")?, size as usize).map_err(|_| bad_token())?;
        let streams: Vec<Value> = page
            .into_iter()
            .map(|(_, (name, stream, events))| {
                without_nulls(json!({
                    "logStreamName": name,
                    "creationTime": stream.created.timestamp_millis(),
                    "firstEventTimestamp": events.first().map(|event| event.at),
                    "lastEventTimestamp": events.last().map(|event| event.at),
                    "lastIngestionTime": events.last().map(|event| event.at),
                    "uploadSequenceToken": "0",
                    "arn": format!("{}{}:log-stream:{name}", self.arn_prefix, group.name),
                    "storedBytes": stored(&events),
                }))
            })
            .collect();
        Ok(without_nulls(json!({ "logStreams": streams, "nextToken": next })))
    }

    fn put_events(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        let stream = stream_name(input)?;
        if !group.streams.contains_key(stream) {
            return Err(no_stream());
        }
        let mut events = Vec::new();
        for event in input.objects("logEvents")? {
            let at = event.integer("timestamp")?.ok_or_else(|| event.invalid("timestamp is required"))?;
            events.push(Event { at, text: event.required_text("message")?.to_owned() });
        }
        if !events.is_sorted_by_key(|event| event.at) {
            return Err(input.invalid("Log events in a single PutLogEvents request must be in chronological order."));
        }
        self.store.append(&group.name, stream, &events)?;
        Ok(json!({ "nextSequenceToken": "0" }))
    }

    fn get_events(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        let stream = group.streams.get(stream_name(input)?).ok_or_else(no_stream)?;
        let events = self.store.events(stream);
        let limit = input.integer_within("limit", 1, MOST_EVENTS)?.unwrap_or(MOST_EVENTS) as usize;
        let from_head = input.boolean("startFromHead")?.unwrap_or(false);
        let wanted = window(input)?;
        // Places are counted in all events, so that a page that time leaves empty moves on, too.
        let fits = |index: &usize| wanted.contains(&events[*index].at);
        let token = input.text("nextToken")?.map(|token| place(token).ok_or_else(bad_token)).transpose()?;
        let mut chosen: Vec<usize> = match token {
            Some(Place::Forward(start)) => (start.min(events.len())..events.len()).filter(fits).take(limit).collect(),
            Some(Place::Backward(end)) => (0..end.min(events.len())).rev().filter(fits).take(limit).collect(),
            None if from_head => (0..events.len()).filter(fits).take(limit).collect(),
            None => (0..events.len()).rev().filter(fits).take(limit).collect(),
        };
        chosen.sort_unstable();
        // Without an event, both tokens lead back to where the request was.
        let rest = match token {
            Some(Place::Forward(place) | Place::Backward(place)) => place,
            None if from_head => 0,
            None => events.len(),
        };
        let forward = chosen.last().map_or(rest, |last| last + 1);
        let backward = chosen.first().copied().unwrap_or(rest);
        let ingested = self.store.clock().now().timestamp_millis();
        let page: Vec<Value> = chosen
            .iter()
            .map(|index| {
                let event = &events[*index];
                json!({ "timestamp": event.at, "message": event.text, "ingestionTime": event.at.min(ingested) })
            })
            .collect();
        Ok(json!({
            "events": page,
            "nextForwardToken": format!("f/{forward:056}/s"),
            "nextBackwardToken": format!("b/{backward:056}/s"),
        }))
    }

    fn filter_events(&self, input: &Input) -> ServiceResult {
        let group = self.group(input)?;
        let (names, prefix) = (input.texts("logStreamNames")?, input.text("logStreamNamePrefix")?);
        if !names.is_empty() && prefix.is_some() {
            return Err(input.invalid("logStreamNames and logStreamNamePrefix cannot be given together."));
        }
        if names.iter().any(|name| !group.streams.contains_key(name)) {
            return Err(no_stream());
        }
        let pattern = Pattern::parse(input.text("filterPattern")?.unwrap_or_default()).map_err(|why| input.invalid(why))?;
        let wanted = window(input)?;
        let limit = input.integer_within("limit", 1, MOST_EVENTS)?.unwrap_or(MOST_EVENTS) as usize;
        let chosen =
            |name: &str| names.is_empty() && name.starts_with(prefix.unwrap_or_default()) || names.iter().any(|known| known == name);
        let mut found: Vec<(i64, &String, usize, String)> = Vec::new();
        for (name, stream) in group.streams.iter().filter(|(name, _)| chosen(name)) {
            let events = self.store.events(stream).into_iter().enumerate();
            let events = events.filter(|(_, event)| wanted.contains(&event.at) && pattern.matches(&event.text));
            found.extend(events.map(|(index, event)| (event.at, name, index, event.text)));
        }
        found.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
        let keyed = found.into_iter().enumerate().map(|(at, event)| (format!("{at:010}"), event));
        let scope = format!("FilterLogEvents/{}", group.name);
        let (page, next) = pages::page(&scope, keyed, |(key, _)| key.clone(), input.text("nextToken")?, limit).map_err(|_| bad_token())?;
        let events: Vec<Value> = page
            .into_iter()
            .map(|(_, (at, stream, index, text))| {
                json!({ "logStreamName": stream, "timestamp": at, "message": text, "ingestionTime": at, "eventId": format!("{at:020}{index:036}") })
            })
            .collect();
        Ok(without_nulls(json!({ "events": events, "searchedLogStreams": [], "nextToken": next })))
    }
}

/// A place in a stream.
#[derive(Clone, Copy)]
enum Place {
    Forward(usize),
    Backward(usize),
}

fn place(token: &str) -> Option<Place> {
    let (kind, rest) = token.split_once('/')?;
    let at = rest.strip_suffix("/s")?.parse().ok()?;
    match kind {
        "f" => Some(Place::Forward(at)),
        "b" => Some(Place::Backward(at)),
        _ => None,
    }
}

/// The time that events have to be in, milliseconds since 1970; the end is not included.
fn window(input: &Input) -> ServiceResult<std::ops::Range<i64>> {
    Ok(input.integer("startTime")?.unwrap_or(i64::MIN)..input.integer("endTime")?.unwrap_or(i64::MAX))
}

fn stream_name(input: &Input) -> ServiceResult<&str> {
    let name = input.required_text("logStreamName")?;
    if name.contains([':', '*']) || name.len() > 512 {
        return Err(input.invalid(format!(
            "1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [^:*]*"
        )));
    }
    Ok(name)
}

fn texts(input: &Input, member: &str) -> ServiceResult<std::collections::BTreeMap<String, String>> {
    let Some(object) = input.object(member)? else { return Ok(Default::default()) };
    object.fields().keys().map(|key| Ok((key.clone(), object.text(key)?.unwrap_or_default().to_owned()))).collect()
}

/// Bytes as the service counts them: 26 for each event beside its text.
fn stored(events: &[Event]) -> u64 {
    events.iter().map(|event| event.text.len() as u64 + 26).sum()
}

fn no_group() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The specified log stream does not exist.")
}

fn bad_token() -> ServiceError {
    ServiceError::new("InvalidParameterException", "The specified nextToken is invalid.")
}

#[async_trait]
impl Service for Logs {
    fn signing_name(&self) -> &'static str {
        "logs"
    }

    async fn handle(&self, request: Request) -> Response {
        respond(self.dispatch(&request))
    }
}
