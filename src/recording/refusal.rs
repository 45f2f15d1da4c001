//! What is said of a request that the recording does not have: as an error of the service, with the code `NotRecorded`, in the protocol that
//! the SDK reads. It is status 400, which the SDK does not ask again for.

use bytes::Bytes;
use serde_json::json;

use super::address::title;
use super::call::{Answer, Request};
use super::matching::Question;
use super::rows::{self, Rows};
use super::script::Script;

/// The code of the error.
pub const CODE: &str = "NotRecorded";

/// How much of something is quoted.
const QUOTED: usize = 160;
/// How many things are named that the recording has.
const NAMED: usize = 3;
/// How much of two statements is compared to find the nearest.
const COMPARED: usize = 600;

/// The sentence: what was asked, that the recording does not have it, and what it has.
pub fn sentence(request: &Request, asked: &Question, script: &Script, rows: &Rows, file: &str) -> String {
    if let Some(statement) = asked.statements.first() {
        return of_statement(request, statement, script, file);
    }
    if let Some((endpoint, wanted)) = rows::asked(request) {
        return of_rows(&endpoint, &wanted, rows, file);
    }
    let about = asked.names.iter().filter(|name| !name.ends_with("/*")).max_by_key(|name| name.len());
    let about = about.map(|name| format!(" of `{}`", short(name))).unwrap_or_default();
    format!("the recording `{file}` does not have {} {}{about}", title(&request.service), request.operation)
}

fn of_statement(request: &Request, statement: &str, script: &Script, file: &str) -> String {
    let mut known: Vec<(f64, &str)> = script
        .statements(&request.service)
        .map(|known| (strsim::normalized_levenshtein(&cut(known, COMPARED), &cut(statement, COMPARED)), known))
        .collect();
    known.sort_by(|one, other| other.0.total_cmp(&one.0));
    let nearest: Vec<String> = known.iter().take(NAMED).map(|(_, statement)| format!("`{}`", short(statement))).collect();
    let has = match nearest.as_slice() {
        [] => "it has none".to_owned(),
        [one] => format!("it has one: {one}"),
        several => format!("the nearest that it has: {}", several.join("; ")),
    };
    let service = title(&request.service);
    format!("the recording `{file}` does not have this statement of {service}, `{}`; {has}", short(statement))
}

fn of_rows(endpoint: &str, wanted: &[&str], rows: &Rows, file: &str) -> String {
    let mut known: Vec<&str> = rows.of_endpoint(endpoint).collect();
    known.sort_unstable();
    let missing: Vec<&&str> = wanted.iter().filter(|row| !known.contains(*row)).collect();
    let which = match missing.as_slice() {
        [] => "these rows of this variant".to_owned(),
        [one] => format!("the row `{}`", short(one)),
        several => format!("{} of the rows, among them `{}`", several.len(), short(several[0])),
    };
    let has = match known.as_slice() {
        [] => "it has no prediction of this endpoint".to_owned(),
        known => {
            let some: Vec<String> = known.iter().take(NAMED).map(|row| format!("`{}`", short(row))).collect();
            format!("it has {} rows: {}{}", known.len(), some.join(", "), if known.len() > NAMED { ", …" } else { "" })
        }
    };
    format!("the recording `{file}` does not have the prediction of `{endpoint}` for {which}; {has}")
}

fn short(text: &str) -> String {
    let cut = cut(text, QUOTED);
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// The answer that carries a sentence to the SDK.
pub fn answer(request: &Request, protocol: Protocol, message: &str) -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // A header takes printable ASCII.
    let plain: String = message.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let code = [header("x-amzn-errortype", CODE), header("x-amz-error-code", CODE), header("x-amz-error-message", &plain)];
    let (kind, body) = match protocol {
        // The answer to HEAD has no body; the headers say it.
        _ if request.method == "HEAD" => ("application/xml", Bytes::new()),
        Protocol::Json => {
            ("application/x-amz-json-1.1", Bytes::from(json!({ "__type": CODE, "message": message, "Message": message }).to_string()))
        }
        Protocol::Form => {
            let text = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{CODE}</Code><Message>{}</Message></Error><RequestId>replay</RequestId></ErrorResponse>",
                escaped(message)
            );
            ("text/xml", Bytes::from(text))
        }
        Protocol::Xml => {
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{CODE}</Code><Message>{}</Message></Error>",
                escaped(message)
            );
            ("application/xml", Bytes::from(text))
        }
        Protocol::Cbor => ("application/cbor", Bytes::from(cbor(&[("__type", CODE), ("message", message)]))),
    };
    let mut headers = vec![header("content-type", kind)];
    if protocol == Protocol::Cbor {
        headers.push(header("smithy-protocol", "rpc-v2-cbor"));
    }
    headers.extend(code);
    Answer { status: 400, headers, body }
}

/// How a service is asked, and says what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, also of the services with paths.
    Json,
    /// A form, answered in XML.
    Form,
    /// XML, of S3.
    Xml,
    /// CBOR.
    Cbor,
}

impl Protocol {
    /// The protocol of a request.
    pub fn of(request: &Request) -> Protocol {
        let kind = request.header("content-type").unwrap_or_default();
        if request.service == "s3" {
            Protocol::Xml
        } else if kind.starts_with("application/cbor") {
            Protocol::Cbor
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            Protocol::Form
        } else {
            Protocol::Json
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A map of texts in CBOR (RFC 8949).
fn cbor(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![0xa0 | members.len() as u8];
    for text in members.iter().flat_map(|(name, value)| [name, value]) {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        out.push(0x7a);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::recording::call::{Content, Exchange, Outcome};
    use crate::recording::matching::question;
    use crate::recording::script::Rate;

    fn request(service: &str, operation: &str, body: &str) -> Request {
        Request {
            service: service.into(),
            operation: operation.into(),
            method: "POST".into(),
            path: if service == "sagemaker-runtime" { "/endpoints/e/invocations".into() } else { "/".into() },
            query: String::new(),
            headers: vec![("content-type".into(), if service == "sagemaker-runtime" { "text/csv".into() } else { String::new() })],
            body: Content::Whole(Bytes::from(body.to_owned())),
        }
    }

    fn say(recorded: &[(Request, &'static str)], wanted: &Request) -> String {
        let calls: Vec<Exchange> = recorded
            .iter()
            .map(|(request, answer)| Exchange {
                request: request.clone(),
                outcome: Outcome::Answer(Answer { status: 200, headers: vec![], body: Bytes::from_static(answer.as_bytes()) }),
                start: Duration::ZERO,
                duration: Duration::ZERO,
            })
            .collect();
        let script = Script::of(&calls, &[], Rate::Fast);
        let asked = question(wanted, script.tokens());
        sentence(wanted, &asked, &script, &Rows::of(&calls), "talk.rec")
    }

    fn statement(sql: &str) -> Request {
        request("redshift-data", "ExecuteStatement", &json!({ "Sql": sql }).to_string())
    }

    #[test]
    fn a_statement_is_told_with_the_nearest_ones() {
        let recorded: Vec<(Request, &str)> = ["select job from dm.data", "select age from dm.data", "show model dm01", "drop table x"]
            .map(|sql| (statement(sql), "{}"))
            .into();
        let said = say(&recorded, &statement("SELECT jobs FROM dm.data"));
        assert_eq!(
            said,
            "the recording `talk.rec` does not have this statement of Redshift Data, `select jobs from dm . data`; the nearest that it has: \
             `select job from dm . data`; `select age from dm . data`; `show model dm01`"
        );
        assert!(say(&[], &statement("select 1")).ends_with("it has none"));
    }

    #[test]
    fn a_row_is_told_with_those_there_are() {
        let asked = |body: &str| request("sagemaker-runtime", "InvokeEndpoint", body);
        let recorded = [(asked("1,2\n3,4\n"), "0.1\n0.2\n")];
        assert_eq!(
            say(&recorded, &asked("9,9")),
            "the recording `talk.rec` does not have the prediction of `e` for the row `9,9`; it has 2 rows: `1,2`, `3,4`"
        );
    }

    #[test]
    fn anything_else_is_told_by_its_operation() {
        let wanted = request("sagemaker", "DescribeEndpoint", &json!({ "EndpointName": "BankDM-prod" }).to_string());
        assert_eq!(say(&[], &wanted), "the recording `talk.rec` does not have SageMaker DescribeEndpoint of `BankDM-prod`");
    }

    #[test]
    fn each_protocol_has_its_form() {
        let mut form = request("iam", "GetRole", "Action=GetRole");
        form.headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        let mut cbor = request("monitoring", "GetMetricData", "");
        cbor.headers = vec![("content-type".into(), "application/cbor".into())];
        for (request, protocol, sign) in [
            (request("sagemaker", "DescribeEndpoint", "{}"), Protocol::Json, "\"__type\":\"NotRecorded\""),
            (form, Protocol::Form, "<Code>NotRecorded</Code>"),
            (request("s3", "GetObject", ""), Protocol::Xml, "<Message>a &amp; b</Message>"),
            (cbor, Protocol::Cbor, "__type"),
        ] {
            assert_eq!(Protocol::of(&request), protocol);
            let answer = answer(&request, protocol, "a & b");
            assert!(String::from_utf8_lossy(&answer.body).contains(sign), "{protocol:?}");
            assert_eq!(answer.status, 400);
        }
    }
}
