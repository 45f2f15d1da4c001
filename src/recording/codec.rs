//! Entries as bytes in a frame: what describes a call as JSON, its bodies as they are.
//!
//! ```text
//! entry*:  kind  1 byte    1 call, 2 mark, 3 lost calls
//!          then one part (a call has three: what describes it, the request's body, the answer's body)
//! part:    length 4 bytes, little-endian, and so many bytes
//! ```

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::call::{Answer, Content, Entry, Exchange, FailureKind, Outcome, Request};

const CALL: u8 = 1;
const MARK: u8 = 2;
const LOST: u8 = 3;

/// What describes a call.
#[derive(Serialize, Deserialize)]
struct Described {
    service: String,
    operation: String,
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    /// Bytes and SHA-256 of an upload that is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<(u64, String)>,
    /// Microseconds since the recording began.
    start: u64,
    /// Microseconds.
    took: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answered: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<(FailureKind, String)>,
}

/// Adds an entry to the payload of a frame.
pub fn encode(entry: &Entry, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match entry {
        Entry::Mark(mark) => {
            out.push(MARK);
            part(&serde_json::to_vec(mark)?, out);
        }
        Entry::Lost(calls) => {
            out.push(LOST);
            part(&serde_json::to_vec(calls)?, out);
        }
        Entry::Exchange(exchange) => {
            let request = &exchange.request;
            let (answer, failure) = match &exchange.outcome {
                Outcome::Answer(answer) => (Some(answer), None),
                Outcome::Failure { kind, message } => (None, Some((*kind, message.clone()))),
            };
            let described = Described {
                service: request.service.clone(),
                operation: request.operation.clone(),
                method: request.method.clone(),
                path: request.path.clone(),
                query: request.query.clone(),
                headers: request.headers.clone(),
                upload: match &request.body {
                    Content::Whole(_) => None,
                    Content::Digest { bytes, sha256 } => Some((*bytes, sha256.clone())),
                },
                start: micros(exchange.start),
                took: micros(exchange.duration),
                status: answer.map(|answer| answer.status),
                answered: answer.map(|answer| answer.headers.clone()).unwrap_or_default(),
                failure,
            };
            out.push(CALL);
            part(&serde_json::to_vec(&described)?, out);
            part(request.body.bytes(), out);
            part(answer.map_or(&[][..], |answer| &answer.body), out);
        }
    }
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn part(bytes: &[u8], out: &mut Vec<u8>) {
    // A frame has at most a gigabyte, and the writer refuses more.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Reads the entries of a frame; `None` when they are not what [`encode`] writes.
pub fn decode(payload: Vec<u8>) -> Option<Vec<Entry>> {
    let mut rest = Bytes::from(payload);
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let kind = rest.split_to(1);
        let described = take(&mut rest)?;
        entries.push(match kind[0] {
            MARK => Entry::Mark(serde_json::from_slice(&described).ok()?),
            LOST => Entry::Lost(serde_json::from_slice(&described).ok()?),
            CALL => {
                let (sent, answered) = (take(&mut rest)?, take(&mut rest)?);
                Entry::Exchange(Box::new(exchange(serde_json::from_slice(&described).ok()?, sent, answered)?))
            }
            _ => return None,
        });
    }
    Some(entries)
}

fn exchange(described: Described, sent: Bytes, answered: Bytes) -> Option<Exchange> {
    let body = match described.upload {
        Some((bytes, sha256)) => Content::Digest { bytes, sha256 },
        None => Content::Whole(sent),
    };
    let outcome = match (described.status, described.failure) {
        (Some(status), None) => Outcome::Answer(Answer { status, headers: described.answered, body: answered }),
        (None, Some((kind, message))) => Outcome::Failure { kind, message },
        _ => return None,
    };
    let Described { service, operation, method, path, query, headers, start, took, .. } = described;
    Some(Exchange {
        request: Request { service, operation, method, path, query, headers, body },
        outcome,
        start: Duration::from_micros(start),
        duration: Duration::from_micros(took),
    })
}

fn take(rest: &mut Bytes) -> Option<Bytes> {
    let length = rest.get(..4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    if rest.len() - 4 < length {
        return None;
    }
    let mut part = rest.split_to(4 + length);
    Some(part.split_off(4))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::recording::call::Mark;

    fn call(body: Content, outcome: Outcome) -> Entry {
        Entry::Exchange(Box::new(Exchange {
            request: Request {
                service: "s3".into(),
                operation: "PutObject".into(),
                method: "PUT".into(),
                path: "/b/k%20k".into(),
                query: "x-id=PutObject".into(),
                headers: vec![("range".into(), "bytes=0-1".into())],
                body,
            },
            outcome,
            start: Duration::from_millis(1500),
            duration: Duration::from_micros(7),
        }))
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let answer = Answer { status: 200, headers: vec![("etag".into(), "\"1\"".into())], body: Bytes::from_static(&[0, 255, 10]) };
        let entries = [
            call(Content::Whole(Bytes::from_static(b"body")), Outcome::Answer(answer)),
            Entry::Mark(Mark { step: "load".into(), begins: true, at: Duration::from_secs(3) }),
            call(
                Content::Digest { bytes: 5_000_000, sha256: "ab".into() },
                Outcome::Failure { kind: FailureKind::Io, message: "reset".into() },
            ),
            Entry::Lost(2),
        ];
        let mut payload = Vec::new();
        entries.iter().for_each(|entry| encode(entry, &mut payload).unwrap());
        assert_eq!(decode(payload.clone()).unwrap(), entries);
        for cut in 1..payload.len() {
            let read = decode(payload[..cut].to_vec());
            assert!(read.is_none_or(|read| read.len() < entries.len()), "{cut}");
        }
    }
}
