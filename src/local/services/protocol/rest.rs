//! restJson and restXml: the operation is in method and path, inputs are in the path, the query and the headers.

use crate::local::service::Request;

/// A request's path and query, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path segments between slashes, each percent-decoded; a slash at the end gives no empty segment.
    pub segments: Vec<String>,
    /// Query parameters in order; one without `=` has an empty value.
    pub query: Vec<(String, String)>,
}

impl Location {
    /// Decodes where a request goes.
    pub fn of(request: &Request) -> Self {
        let segments = request.path().split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let query = url::form_urlencoded::parse(request.query().as_bytes()).into_owned().collect();
        Location { segments, query }
    }

    /// The segments as texts, to match on: `match location.path().as_slice() { ["2015-03-31", "functions", name] => … }`.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter.
    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// Percent-decodes; a `%` that starts no escape stays. Bytes that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%').then(|| Some((hex(*bytes.get(at + 1)?)?, hex(*bytes.get(at + 2)?)?))).flatten();
        if let Some((high, low)) = escape {
            decoded.push((high << 4) | low);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A header as text, `None` when absent or not text.
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    #[test]
    fn path_and_query_are_decoded() {
        let request = Request {
            method: Method::GET,
            uri: "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/a%20b%2Fc/?Qualifier=%241&tagKeys=x&tagKeys=y&flag".into(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        let location = Location::of(&request);
        assert_eq!(location.path(), ["2015-03-31", "functions", "a b/c"]);
        assert_eq!(location.parameter("Qualifier"), Some("$1"));
        assert_eq!(location.parameter("flag"), Some(""));
        assert_eq!(location.parameters("tagKeys").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(decode("100%"), "100%");
    }
}
