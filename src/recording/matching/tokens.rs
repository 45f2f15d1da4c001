//! Names with a random part: those that the services have given, which say what a request is about, and those that the program has made for
//! a request, which are others each time.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_json::Value;

use super::super::call::{Exchange, Outcome};
use super::Question;
use super::names::end_of_arn;

/// What stands in the place of a name that the program has made.
const OWN: &str = "#";
/// Answers of more bytes are rows or objects, not descriptions of things.
const LONGEST: usize = 1 << 20;
/// A shorter text is no name that a service has made.
const SHORTEST: usize = 8;

/// What is known of the names in a recording.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Random parts that came first in an answer.
    given: HashSet<String>,
    /// Random parts that came first in a request.
    own: HashSet<String>,
    /// Texts of requests.
    asked: HashSet<String>,
    /// Texts that came first in an answer, with the call that it was of.
    born: HashMap<String, usize>,
}

impl Tokens {
    /// Learns a request, before its answer.
    pub fn learn_request(&mut self, exchange: &Exchange) {
        let request = &exchange.request;
        for text in [&request.path, &request.query] {
            self.first_in_request(text);
        }
        if let Ok(text) = std::str::from_utf8(request.body.bytes()) {
            self.first_in_request(text);
        }
    }

    fn first_in_request(&mut self, text: &str) {
        for range in random_parts(text) {
            let part = &text[range];
            if !self.given.contains(part) {
                self.own.insert(part.to_owned());
            }
        }
    }

    /// Learns an answer, which is that of call `at`.
    pub fn learn_answer(&mut self, exchange: &Exchange, question: &Question, at: usize) {
        self.asked.extend(question.names.iter().cloned());
        let Outcome::Answer(answer) = &exchange.outcome else { return };
        let rows = matches!(exchange.request.operation.as_str(), "GetStatementResult" | "GetQueryResults" | "InvokeEndpoint");
        if rows || answer.body.len() > LONGEST {
            return;
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else { return };
        for range in random_parts(text) {
            let part = &text[range];
            if !self.own.contains(part) {
                self.given.insert(part.to_owned());
            }
        }
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            self.texts(&document, at);
        }
    }

    fn texts(&mut self, value: &Value, at: usize) {
        match value {
            Value::String(text) if text.len() >= SHORTEST && text.len() <= 512 => {
                for name in end_of_arn(text).into_iter().chain([text.clone()]) {
                    if !self.asked.contains(&name) {
                        self.born.entry(name).or_insert(at);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.texts(item, at)),
            Value::Object(members) => members.values().for_each(|item| self.texts(item, at)),
            _ => {}
        }
    }

    /// The call whose answer has given the name of what is asked about; nothing of things that the program has named.
    pub fn birth(&self, names: &[String]) -> Option<usize> {
        names.iter().filter_map(|name| self.born.get(name)).max().copied()
    }

    /// A text with the names that the program has made for it made alike.
    pub fn without_own(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for range in random_parts(text) {
            if !self.given.contains(&text[range.clone()]) {
                out.push_str(&text[copied..range.start]);
                out.push_str(OWN);
                copied = range.end;
            }
        }
        out.push_str(&text[copied..]);
        out
    }
}

/// Where a text has something that is made by chance: UUIDs with and without hyphens, and a time to the second with six hexadecimal digits,
/// as names of batches have them.
pub fn random_parts(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let length = if begins && bytes[at].is_ascii_hexdigit() { random(&bytes[at..]) } else { 0 };
        if length > 0 && !bytes.get(at + length).is_some_and(u8::is_ascii_alphanumeric) {
            found.push(at..at + length);
            at += length;
        } else {
            at += 1;
        }
    }
    found
}

/// Bytes of what is made by chance at the beginning of `bytes`; 0 without.
fn random(bytes: &[u8]) -> usize {
    let hex = |range: Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_hexdigit));
    let digits = |range: Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let hyphen = |at: usize| bytes.get(at) == Some(&b'-');
    if hex(0..8) && hyphen(8) && hex(9..13) && hyphen(13) && hex(14..18) && hyphen(18) && hex(19..23) && hyphen(23) && hex(24..36) {
        36
    } else if hex(0..32) {
        32
    } else if digits(0..14) && hyphen(14) && hex(15..21) {
        21
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_by_chance_is_found() {
        for (text, parts) in [
            ("id=0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab&", vec!["0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab"]),
            ("a/0123456789abcdef0123456789abcdef.csv", vec!["0123456789abcdef0123456789abcdef"]),
            ("s3://b/batch/BankDM-batch-v1-20260102030405-0a1b2c/rows/", vec!["20260102030405-0a1b2c"]),
            // A digest is longer, a date shorter.
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", vec![]),
            ("2026-01-02", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(random_parts(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>(), parts, "{text}");
        }
    }
}
