//! Takes the account's number and people's names out of what is recorded, the same way everywhere, so that what belonged together still does.

use std::borrow::Cow;

use base64::Engine as _;
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{ACCOUNT, HIDDEN, USER};

/// Fewer characters are no secret, but a word.
const SHORTEST_SECRET: usize = 8;

/// The name of the program, which is that of the embedded account's user.
const PROGRAM: &str = "shiftdeck";

/// How far behind the key of a tag its value is looked for.
const TAG_REACH: usize = 96;

/// Tag with the name of who made a resource.
const OWNER: &str = "shiftdeck:owner";

/// What must not be kept of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Private {
    /// The account's number.
    pub account: String,
    /// Names of the caller: the last part of the ARN, and the owner of the settings.
    pub names: Vec<String>,
}

/// Takes out what [`Private`] names, and secrets that were seen.
#[derive(Debug, Default)]
pub struct Mask {
    account: Option<String>,
    /// Names that are like no other word.
    distinct: Vec<String>,
    /// Names that may be words of anything else.
    plain: Vec<String>,
    /// Secrets that were seen, in each form that they may be written in.
    secrets: Vec<String>,
}

impl Mask {
    /// A mask for a session.
    pub fn new(private: &Private) -> Mask {
        let mut mask = Mask { account: Some(private.account.clone()).filter(|account| is_account(account)), ..Mask::default() };
        for name in private.names.iter().filter(|name| !name.is_empty() && *name != PROGRAM) {
            // Any other name may be a word of something else, and what is asked with it would not be found again.
            let distinct = name.contains(['@', '.']);
            if distinct { &mut mask.distinct } else { &mut mask.plain }.extend(forms(name));
        }
        // A name that is part of another is looked for after it.
        mask.distinct.sort_by_key(|name| std::cmp::Reverse(name.len()));
        mask
    }

    /// A secret that was seen: from now on it is taken out wherever it is.
    pub fn learn(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET && secret != HIDDEN && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.extend(forms(secret));
        }
    }

    /// A text without what must not be kept.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for secret in &self.secrets {
            if masked.contains(secret.as_str()) {
                masked = Cow::Owned(masked.replace(secret.as_str(), HIDDEN));
            }
        }
        for name in &self.distinct {
            replace(&mut masked, name, USER, |text, at| word(text, at, name.len()));
        }
        for name in &self.plain {
            replace(&mut masked, name, USER, |text, at| word(text, at, name.len()) && of_caller(text, at));
        }
        if let Some(account) = &self.account {
            replace(&mut masked, account, ACCOUNT, |text, at| number(text.as_bytes(), at, account.len()));
        }
        masked
    }

    /// Bytes without what must not be kept. Of what is no text only the account's number is looked for.
    pub fn bytes(&self, bytes: Bytes) -> Bytes {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            return match self.text(text) {
                Cow::Borrowed(_) => bytes,
                Cow::Owned(masked) => Bytes::from(masked),
            };
        }
        let Some(account) = &self.account else { return bytes };
        let found: Vec<usize> = memmem::find_iter(&bytes, account.as_bytes()).filter(|at| number(&bytes, *at, account.len())).collect();
        if found.is_empty() {
            return bytes;
        }
        let mut masked = bytes.to_vec();
        for at in found {
            masked[at..at + account.len()].copy_from_slice(ACCOUNT.as_bytes());
        }
        Bytes::from(masked)
    }

    /// The texts of a document that are Base64 of something that must not be kept; gives whether there were any.
    pub fn encoded(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let Some(inner) = decoded(text) else { return false };
                let masked = self.bytes(inner.clone());
                let changed = masked != inner;
                if changed {
                    *text = base64::engine::general_purpose::STANDARD.encode(&masked);
                }
                changed
            }
            Value::Array(items) => items.iter_mut().fold(false, |changed, item| self.encoded(item) | changed),
            Value::Object(members) => members.values_mut().fold(false, |changed, item| self.encoded(item) | changed),
            _ => false,
        }
    }
}

/// The bytes that a text stands for, when it is long enough to be Base64 of anything that matters.
fn decoded(text: &str) -> Option<Bytes> {
    if text.len() < 16
        || !text.len().is_multiple_of(4)
        || text.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)))
    {
        return None;
    }
    base64::engine::general_purpose::STANDARD.decode(text).ok().map(Bytes::from)
}

/// Twelve digits, and not those of the recordings.
fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT.len() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != ACCOUNT
}

/// A text as it is, as JSON writes it, and as addresses and forms write it.
fn forms(text: &str) -> Vec<String> {
    let quoted = Value::from(text).to_string();
    let mut forms = vec![
        text.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(text, UNRESERVED).to_string(),
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
    ];
    forms.sort();
    forms.dedup();
    forms
}

/// Everything but what RFC 3986 leaves unreserved.
const UNRESERVED: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn replace(text: &mut Cow<'_, str>, name: &str, by: &str, wanted: impl Fn(&str, usize) -> bool) {
    let found: Vec<usize> = memmem::find_iter(text.as_bytes(), name.as_bytes()).filter(|at| wanted(text, *at)).collect();
    if found.is_empty() {
        return;
    }
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for at in found {
        replaced.push_str(&text[copied..at]);
        replaced.push_str(by);
        copied = at + name.len();
    }
    replaced.push_str(&text[copied..]);
    *text = Cow::Owned(replaced);
}

/// Whether a number ends on both sides.
fn number(text: &[u8], at: usize, length: usize) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    !digit(at.checked_sub(1).and_then(|before| text.get(before))) && !digit(text.get(at + length))
}

/// Whether a word ends on both sides.
fn word(text: &str, at: usize, length: usize) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !part(text[..at].chars().next_back()) && !part(text[at + length..].chars().next())
}

/// Whether what stands before a name says that it is the caller's: an ARN of a user or a session, the id of a session, the tag of the owner.
fn of_caller(text: &str, at: usize) -> bool {
    let start = text[..at].rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ',' | '=')).map_or(0, |at| at + 1);
    let token = &text[start..at];
    let arn = [":user/", ":assumed-role/", ":federated-user/", "%3Auser%2F", "%3Aassumed-role%2F"].iter().any(|sign| token.contains(sign));
    let id =
        token.strip_suffix(':').is_some_and(|id| id.len() >= 16 && id.starts_with('A') && id.bytes().all(|b| b.is_ascii_alphanumeric()));
    let near = (0..=at.saturating_sub(TAG_REACH)).rev().find(|start| text.is_char_boundary(*start)).unwrap_or(0);
    let before = &text[near..at];
    let tagged = before.contains(OWNER) || before.contains("shiftdeck%3Aowner");
    (arn && token.ends_with(['/', 'F'])) || id || tagged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn mask(names: &[&str]) -> Mask {
        Mask::new(&Private { account: "210987654321".into(), names: names.iter().map(|name| (*name).to_owned()).collect() })
    }

    #[test]
    fn the_account_is_taken_out_of_every_place_but_not_out_of_longer_numbers() {
        let mask = mask(&[]);
        for (text, masked) in [
            ("arn:aws:iam::210987654321:role/r", "arn:aws:iam::000000000000:role/r"),
            ("s3://bankdm-210987654321-us-east-1/k", "s3://bankdm-000000000000-us-east-1/k"),
            ("arn%3Aaws%3Aiam%3A%3A210987654321%3Arole", "arn%3Aaws%3Aiam%3A%3A000000000000%3Arole"),
            ("1210987654321 2109876543210", "1210987654321 2109876543210"),
            ("210987654321 and 210987654321", "000000000000 and 000000000000"),
        ] {
            assert_eq!(mask.text(text), masked);
        }
        let binary = Bytes::from_static(b"\xff\x00arn:210987654321:\xfe");
        assert_eq!(mask.bytes(binary), Bytes::from_static(b"\xff\x00arn:000000000000:\xfe"));
    }

    #[test]
    fn an_address_is_taken_out_wherever_it_is() {
        let mask = mask(&["jane.doe@example.com"]);
        for (text, masked) in [
            ("by jane.doe@example.com.", "by presenter."),
            ("arn:aws:sts::1:assumed-role/Admin/jane.doe@example.com\"", "arn:aws:sts::1:assumed-role/Admin/presenter\""),
            ("Value=jane.doe%40example.com&", "Value=presenter&"),
            ("maryjane.doe@example.com", "maryjane.doe@example.com"),
        ] {
            assert_eq!(mask.text(text), masked);
        }
    }

    #[test]
    fn a_name_that_is_a_word_is_taken_out_only_where_it_is_the_callers() {
        let mask = mask(&["admin"]);
        for (text, masked) in [
            ("{\"Arn\":\"arn:aws:iam::1:user/admin\"}", "{\"Arn\":\"arn:aws:iam::1:user/presenter\"}"),
            ("<UserId>AROAEXAMPLEEXAMPLE12:admin</UserId>", "<UserId>AROAEXAMPLEEXAMPLE12:presenter</UserId>"),
            ("{\"Key\":\"shiftdeck:owner\",\"Value\":\"admin\"}", "{\"Key\":\"shiftdeck:owner\",\"Value\":\"presenter\"}"),
            ("select admin from t where job = 'admin.'", "select admin from t where job = 'admin.'"),
            ("{\"AdminUsername\":\"admin\"}", "{\"AdminUsername\":\"admin\"}"),
        ] {
            assert_eq!(mask.text(text), masked);
        }
    }

    #[test]
    fn a_secret_that_was_seen_is_taken_out_in_each_form() {
        let mut mask = mask(&[]);
        mask.learn("a+\"b\"=c~d1");
        assert_eq!(mask.text(r#"{"x":"a+\"b\"=c~d1"}"#), r#"{"x":"***"}"#);
        assert_eq!(mask.text("p=a%2B%22b%22%3Dc~d1&q"), "p=***&q");
        mask.learn("short");
        assert_eq!(mask.text("a short text"), "a short text");
    }

    #[test]
    fn what_is_encoded_is_looked_into() {
        let inner = "role = \"arn:aws:iam::210987654321:role/r\" # and so on";
        let encoded = base64::engine::general_purpose::STANDARD.encode(inner);
        let mut document = serde_json::json!({ "putFiles": [{ "fileContent": encoded, "path": "a" }] });
        assert!(mask(&[]).encoded(&mut document));
        let text = document["putFiles"][0]["fileContent"].as_str().unwrap();
        let inner = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap();
        assert!(inner.contains("::000000000000:"), "{inner}");
        assert!(!mask(&[]).encoded(&mut document), "nothing is left to change");
    }

    #[test]
    fn the_embedded_account_needs_no_mask() {
        let mask = Mask::new(&Private { account: ACCOUNT.into(), names: vec!["shiftdeck".into()] });
        assert!(matches!(mask.text("arn:aws:iam::000000000000:user/shiftdeck"), Cow::Borrowed(_)));
    }
}
