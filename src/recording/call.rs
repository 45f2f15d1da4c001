//! What a recording has: calls with their answers, and where the steps of the walkthrough begin and end.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The first thing in a recording: what it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program that recorded.
    pub program: String,
    /// When it began.
    pub began: DateTime<Utc>,
    /// The target that was recorded (`local`, `aws`).
    pub target: String,
    /// The account number in it, which is that of no account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Name of the demonstration.
    pub demo: String,
    /// `serverless` or `provisioned`.
    pub warehouse: String,
    /// The data: `sample`, an `s3://` address, or the name of a file without its directories.
    pub data: String,
    /// The settings that decide what is asked of the account, in TOML.
    pub settings: String,
}

/// The last thing in a recording that was ended, rather than cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Calls in it.
    pub calls: u64,
    /// Calls that are missing because the disk was too slow or full.
    pub lost: u64,
    /// How long it lasted.
    pub lasted: Duration,
}

/// One HTTP request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub request: Request,
    /// What came of it.
    pub outcome: Outcome,
    /// When it was sent, since the recording began.
    pub start: Duration,
    /// How long it took, to the last byte of the answer.
    pub duration: Duration,
}

impl Exchange {
    /// When its answer was there, since the recording began.
    pub fn end(&self) -> Duration {
        self.start + self.duration
    }
}

/// A request, without the host, which is no matter to whoever plays it, and without its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The service, by the name that requests are signed for; `sagemaker-runtime` for what asks endpoints.
    pub service: String,
    /// The operation (`ExecuteStatement`).
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path, percent-encoded. A bucket is its first part, wherever the request had it.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
    /// The headers that say what is asked.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Content,
}

impl Request {
    /// A header that was kept, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// What was uploaded is known by its digest.
    Digest {
        /// Bytes.
        bytes: u64,
        /// SHA-256, hex.
        sha256: String,
    },
}

impl Content {
    /// The bytes, where they were kept.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Content::Whole(bytes) => bytes,
            Content::Digest { .. } => &[],
        }
    }
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service answered.
    Answer(Answer),
    /// It did not.
    Failure {
        /// What the SDK goes by when it decides whether to ask again.
        kind: FailureKind,
        /// Why.
        message: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers that matter.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

/// Kinds of failure without an answer, as the SDK tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// It took too long.
    Timeout,
    /// The connection failed.
    Io,
    /// The request could not be sent as it was.
    User,
    /// Anything else.
    Other,
}

/// Where a step of the walkthrough begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The step (`load`).
    pub step: String,
    /// Whether it begins there.
    pub begins: bool,
    /// When, since the recording began.
    pub at: Duration,
}

/// One thing of a recording, in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A call.
    Exchange(Box<Exchange>),
    /// A step begins or ends.
    Mark(Mark),
    /// So many calls are missing here.
    Lost(u64),
}
