//! Takes secrets out of calls before anything of them is written: passwords, keys, session tokens, signatures, and what SQL has of them.

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::HIDDEN;
use super::call::{Content, Exchange, Outcome};
use super::mask::Mask;
use crate::syntax::scrub;

/// Uploads of more bytes are kept as their length and digest.
const KEPT_UPLOAD: usize = 64 * 1024;

/// Members, parameters and elements whose value is a secret, in lower case without separators. `GetSecretValue` and `PutSecretValue` of
/// Secrets Manager, `CreateCluster`, `ModifyCluster` and `GetClusterCredentials` of Redshift, `CreateNamespace`, `UpdateNamespace` and
/// `GetCredentials` of Redshift Serverless, `AssumeRole` and its like of STS, `CreateAccessKey` of IAM.
const SECRET: [&str; 17] = [
    "accesskeyid",
    "adminuserpassword",
    "authorizationtoken",
    "authtoken",
    "clientsecret",
    "dbpassword",
    "masteruserpassword",
    "newpassword",
    "oldpassword",
    "password",
    "plaintext",
    "privatekey",
    "randompassword",
    "secretaccesskey",
    "secretbinary",
    "securitytoken",
    "sessiontoken",
];

/// The member with a secret of Secrets Manager, which is a document as a rule.
const SECRET_STRING: &str = "secretstring";

/// Members with SQL, in lower case.
const SQL: [&str; 4] = ["sql", "sqls", "querystring", "query"];

/// What stands before a part of a signed address that opens it.
const SIGNED: [&str; 5] = ["X-Amz-Signature=", "X-Amz-Security-Token=", "X-Amz-Credential=", "AWSAccessKeyId=", "Signature="];

/// A call as it may be written: without secrets, account number and names, and without large uploads.
pub fn clean(exchange: &mut Exchange, mask: &mut Mask) {
    let request = &mut exchange.request;
    // What is in objects is data; what goes to every other service, and comes from it, has members with names.
    let named = request.service != "s3";
    request.query = mask.text(&in_addresses(&request.query)).into_owned();
    request.path = mask.text(&request.path).into_owned();
    request.headers.iter_mut().for_each(|(_, value)| *value = mask.text(value).into_owned());
    if let Content::Whole(body) = &mut request.body {
        let cleaned = content(std::mem::take(body), named, mask);
        let upload = matches!(request.operation.as_str(), "PutObject" | "UploadPart") && cleaned.len() > KEPT_UPLOAD;
        request.body = if upload { digest(&cleaned) } else { Content::Whole(cleaned) };
    }
    match &mut exchange.outcome {
        Outcome::Answer(answer) => {
            answer.headers.iter_mut().for_each(|(_, value)| *value = mask.text(value).into_owned());
            answer.body = content(std::mem::take(&mut answer.body), named, mask);
            // The alias of an account says whose it is, and nothing else asks for it.
            if request.operation == "ListAccountAliases"
                && let Ok(text) = std::str::from_utf8(&answer.body)
            {
                answer.body = Bytes::from(without_elements(text, |name| name == "member", |_| {}));
            }
        }
        Outcome::Failure { message, .. } => *message = mask.text(&in_addresses(message)).into_owned(),
    }
}

/// A body by its length and SHA-256.
pub fn digest(body: &[u8]) -> Content {
    let sha256 = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    Content::Digest { bytes: body.len() as u64, sha256 }
}

fn content(body: Bytes, named: bool, mask: &mut Mask) -> Bytes {
    if body.is_empty() {
        return body;
    }
    let cleaned = if named { without_secrets(body, mask) } else { body };
    mask.bytes(cleaned)
}

fn without_secrets(body: Bytes, mask: &mut Mask) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    let mut cleaned = None;
    if let Some(mut document) = serde_json::from_str::<Value>(text).ok().filter(|document| document.is_object()) {
        let secret = in_document(&mut document, mask);
        // What is not changed is kept to the letter.
        if mask.encoded(&mut document) | secret {
            cleaned = Some(document.to_string());
        }
    } else if text.starts_with('<') {
        cleaned = Some(in_elements(text, mask));
    } else if text.contains("Action=") {
        cleaned = Some(in_form(text, mask));
    }
    let text = cleaned.as_deref().unwrap_or(text);
    if has_address(text) {
        cleaned = Some(in_addresses(text));
    }
    cleaned.map_or(body, Bytes::from)
}

/// Whether a member of this name is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = plain(name);
    name == SECRET_STRING || SECRET.contains(&name.as_str())
}

fn plain(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The secrets of a document, taken out and learned; gives whether there were any.
pub fn in_document(value: &mut Value, mask: &mut Mask) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| in_document(item, mask) | changed),
        Value::Object(members) => {
            let mut changed = false;
            // A parameter of a statement that is called after a secret.
            let named = ["name", "Name"].iter().find_map(|key| members.get(*key)?.as_str()).is_some_and(is_secret);
            for (name, value) in members.iter_mut() {
                let name = plain(name);
                changed |= match value {
                    Value::String(text) if name == SECRET_STRING => secret_string(text, mask),
                    Value::String(text) if SECRET.contains(&name.as_str()) || (named && name == "value") => hide(text, mask),
                    Value::String(text) if SQL.contains(&name.as_str()) => sql(text),
                    Value::Array(items) if SQL.contains(&name.as_str()) => items.iter_mut().fold(false, |changed, item| {
                        let found = match item {
                            Value::String(text) => sql(text),
                            other => in_document(other, mask),
                        };
                        found | changed
                    }),
                    other => in_document(other, mask),
                };
            }
            changed
        }
        _ => false,
    }
}

fn hide(text: &mut String, mask: &mut Mask) -> bool {
    if text.is_empty() || text == HIDDEN {
        return false;
    }
    mask.learn(text);
    HIDDEN.clone_into(text);
    true
}

/// The value of a secret. The login of a warehouse is a document that the program reads: it stays one, without its password.
fn secret_string(text: &mut String, mask: &mut Mask) -> bool {
    match serde_json::from_str::<Value>(text) {
        Ok(mut document) if document.is_object() => {
            let changed = in_document(&mut document, mask);
            if changed {
                *text = document.to_string();
            }
            changed
        }
        _ => hide(text, mask),
    }
}

fn sql(text: &mut String) -> bool {
    let scrubbed = scrub::scrub(text);
    let changed = scrubbed != *text;
    *text = scrubbed;
    changed
}

/// The secrets of a form (`Action=CreateCluster&MasterUserPassword=…`).
pub fn in_form(text: &str, mask: &mut Mask) -> String {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) && !value.is_empty() => {
            let decoded = percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
            mask.learn(&decoded);
            mask.learn(value);
            format!("{name}={HIDDEN}")
        }
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The secrets of an XML document, by the names of its elements.
pub fn in_elements(text: &str, mask: &mut Mask) -> String {
    without_elements(text, is_secret, |secret| mask.learn(secret))
}

/// An XML document without the texts of some elements, each of which is told.
fn without_elements(text: &str, hidden: impl Fn(&str) -> bool, mut tell: impl FnMut(&str)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>').map(|close| open + close) else { break };
        let name = &rest[open + 1..close];
        out.push_str(&rest[..=close]);
        rest = &rest[close + 1..];
        if !name.starts_with('/')
            && hidden(name)
            && let Some(end) = rest.find("</")
        {
            tell(&rest[..end]);
            out.push_str(HIDDEN);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

/// Signed addresses in a text, without what opens them.
pub fn in_addresses(text: &str) -> String {
    let mut out = text.to_owned();
    for sign in SIGNED {
        let mut from = 0;
        while let Some(found) = out[from..].find(sign) {
            let start = from + found + sign.len();
            let length =
                out[start..].find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '\\')).unwrap_or(out.len() - start);
            out.replace_range(start..start + length, HIDDEN);
            from = start + HIDDEN.len();
        }
    }
    out
}

/// Whether a text may have a signed address.
pub fn has_address(text: &str) -> bool {
    SIGNED.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    fn document(mut value: Value) -> (String, Mask) {
        let mut mask = Mask::default();
        in_document(&mut value, &mut mask);
        (value.to_string(), mask)
    }

    #[test]
    fn members_that_are_secret_are_hidden_and_known_from_then_on() {
        let (text, mask) = document(json!({ "namespaceName": "bankdm", "adminUserPassword": "Geheim-1234", "Credentials": {
            "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "abcdefgh", "SessionToken": "ijklmnopq" } }));
        for secret in ["Geheim", "ASIAEXAMPLE", "abcdefgh", "ijklmnopq"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("bankdm"));
        assert_eq!(mask.text("PASSWORD Geheim-1234"), "PASSWORD ***");
    }

    #[test]
    fn a_login_stays_a_document_without_its_password() {
        let login = json!({ "username": "bankdm", "password": "Geheim-1234", "host": "h" }).to_string();
        let (text, _) = document(json!({ "Name": "bankdm_redshift_login", "SecretString": login }));
        let kept: Value = serde_json::from_str(&text).unwrap();
        let login: Value = serde_json::from_str(kept["SecretString"].as_str().unwrap()).unwrap();
        assert_eq!(login, json!({ "username": "bankdm", "password": HIDDEN, "host": "h" }));
        assert_eq!(document(json!({ "SecretString": "Geheim-1234" })).0, r#"{"SecretString":"***"}"#);
    }

    #[test]
    fn statements_and_their_parameters_lose_their_secrets() {
        let (text, _) = document(json!({ "Sql": "create user bob password 'Geheim-1'", "Parameters": [
            { "name": "password", "value": "Geheim-2" }, { "name": "age", "value": "40" }] }));
        assert!(!text.contains("Geheim") && text.contains("create user bob password '***'") && text.contains("40"), "{text}");
        let (text, _) = document(json!({ "Sqls": ["select 1", "alter user bob password 'Geheim-1'"] }));
        assert!(!text.contains("Geheim") && text.contains("select 1"), "{text}");
    }

    #[test]
    fn forms_elements_and_addresses_lose_their_secrets() {
        let mut mask = Mask::default();
        let form = in_form("Action=CreateCluster&MasterUserPassword=Geheim%2B1234&ClusterIdentifier=bankdm", &mut mask);
        assert_eq!(form, "Action=CreateCluster&MasterUserPassword=***&ClusterIdentifier=bankdm");
        assert_eq!(mask.text("Geheim+1234"), "***");
        let xml = "<R><Credentials><SecretAccessKey>abcdefgh</SecretAccessKey><Expiration>x</Expiration></Credentials></R>";
        assert_eq!(
            in_elements(xml, &mut mask),
            "<R><Credentials><SecretAccessKey>***</SecretAccessKey><Expiration>x</Expiration></Credentials></R>"
        );
        let address = in_addresses("\"https://b.s3.amazonaws.com/k?X-Amz-Credential=AKID%2F1&X-Amz-Signature=00ff\"");
        assert_eq!(address, "\"https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***\"");
    }

    #[test]
    fn the_alias_of_an_account_is_hidden() {
        let request = crate::recording::call::Request {
            service: "iam".into(),
            operation: "ListAccountAliases".into(),
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![],
            body: Content::Whole(Bytes::from_static(b"Action=ListAccountAliases")),
        };
        let body = Bytes::from_static(b"<R><AccountAliases><member>acme-prod</member></AccountAliases></R>");
        let outcome = Outcome::Answer(crate::recording::call::Answer { status: 200, headers: vec![], body });
        let mut exchange = Exchange { request, outcome, start: Default::default(), duration: Default::default() };
        clean(&mut exchange, &mut Mask::default());
        let Outcome::Answer(answer) = exchange.outcome else { panic!("no answer") };
        assert_eq!(answer.body, "<R><AccountAliases><member>***</member></AccountAliases></R>");
    }

    #[test]
    fn tokens_of_pages_are_no_secrets() {
        for name in ["NextToken", "ContinuationToken", "ClientRequestToken"] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_secret("MasterUserPassword") && is_secret("Credentials.SecretAccessKey") && is_secret("SecretString"));
    }
}
