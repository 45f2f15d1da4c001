//! What Lambda logs of an invocation: START, what the function failed with, END and REPORT.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::unload::Raised;
use crate::local::account::Account;
use crate::local::iam::Assumed;
use crate::local::services::logs::LogWriter;

/// An invocation that goes on.
pub(super) struct Invocation<'a> {
    account: &'a Account,
    writer: LogWriter,
    request: String,
    memory: i64,
    started: DateTime<Utc>,
}

impl<'a> Invocation<'a> {
    /// Writes the START line as the function's role. The group is the function's, the stream that of its instance: here one for each time the
    /// account was opened.
    pub(super) fn begin(account: &'a Account, role: &Assumed, function: &str, memory: i64) -> Self {
        let instance = Sha256::digest(format!("{function}/{}", account.opened.timestamp_millis()));
        let instance: String = instance.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let stream = format!("{}/[$LATEST]{instance}", account.opened.format("%Y/%m/%d"));
        let writer = account.logs.writer_of(role, &format!("/aws/lambda/{function}"), &stream, false);
        let request = uuid::Uuid::new_v4().to_string();
        writer.line(format!("START RequestId: {request} Version: $LATEST"));
        Invocation { account, writer, request, memory, started: account.clock.now() }
    }

    /// Writes how it ended.
    pub(super) fn end(self, outcome: &Result<Value, Raised>) {
        let Invocation { account, writer, request, memory, started } = self;
        let took = (account.clock.now() - started).num_microseconds().unwrap_or_default().max(0) as f64 / 1000.0;
        let mut lines = Vec::new();
        if let Err(Raised { kind, message }) = outcome {
            lines.push(format!("[ERROR] {kind}: {message}"));
        }
        lines.push(format!("END RequestId: {request}"));
        let billed = took.ceil();
        lines.push(format!("REPORT RequestId: {request}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory} MB"));
        writer.lines(lines);
    }
}
