//! IAM: the crate's answers, with the parts that AWS also gives.

use std::collections::HashMap;

use async_trait::async_trait;
use winterbaume_iam::IamService;

use super::sts::caller_arn;
use super::{Backend, Generic, GenericError, reads_only};
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service};
use crate::local::services::protocol::aws_query::{Form, Xml, respond};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// IAM of an account.
pub struct Iam {
    inner: Generic<IamService>,
    caller: String,
}

impl Iam {
    /// Opens IAM with the state that was saved last.
    pub async fn open(account: &Account) -> Result<Self, GenericError> {
        // IAM has no regions; the crate keeps it under the one that global endpoints are in.
        let inner = Generic::open(IamService::new(), account.store.clone(), account.id.clone(), "us-east-1".into()).await?;
        Ok(Iam { inner, caller: caller_arn(&account.id) })
    }

    /// The caller owns the embedded account: whatever it asks about itself is allowed.
    fn simulate_caller(form: &Form) -> Response {
        let resources = match form.texts("ResourceArns", "member") {
            resources if resources.is_empty() => vec!["*".to_owned()],
            resources => resources,
        };
        let actions = form.texts("ActionNames", "member");
        let pairs = actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
        let mut results = Xml::default();
        results.value("IsTruncated", false).list("EvaluationResults", "member", pairs, |xml, (action, resource)| {
            xml.text("EvalActionName", action).text("EvalResourceName", resource).text("EvalDecision", "allowed");
        });
        respond(NAMESPACE, &form.action, &uuid::Uuid::new_v4().to_string(), Ok(results))
    }

    /// Adds what the crate leaves out of a role: its description and its tags.
    async fn complete_role(&self, response: &mut Response, role: &str) {
        let view = self.inner.view().await;
        let Some(role) = view.roles.get(role) else { return };
        let mut missing = Xml::default();
        if !role.description.is_empty() {
            missing.text("Description", &role.description);
        }
        write_tags(&mut missing, &role.tags);
        let text = String::from_utf8_lossy(&response.body);
        if let Some(end) = text.rfind("</Role>") {
            response.body = format!("{}{}{}", &text[..end], missing.into_text(), &text[end..]).into();
        }
    }
}

fn write_tags(xml: &mut Xml, tags: &HashMap<String, String>) {
    let mut tags: Vec<_> = tags.iter().collect();
    tags.sort();
    xml.list("Tags", "member", tags, |xml, (key, value)| {
        xml.text("Key", key).text("Value", value);
    });
}

#[async_trait]
impl Service for Iam {
    fn signing_name(&self) -> &'static str {
        IamService::NAME
    }

    async fn handle(&self, request: Request) -> Response {
        let form = match Form::parse(&request, "ValidationError") {
            Ok(form) => form,
            Err(error) => return respond(NAMESPACE, "Unknown", &uuid::Uuid::new_v4().to_string(), Err(error)),
        };
        if form.action == "SimulatePrincipalPolicy" && form.text("PolicySourceArn") == Some(&self.caller) {
            return Self::simulate_caller(&form);
        }
        let mut response = self.inner.call(request, !reads_only(&form.action)).await;
        if response.status < 300 {
            if matches!(form.action.as_str(), "CreateRole" | "GetRole") {
                self.complete_role(&mut response, form.text("RoleName").unwrap_or_default()).await;
            }
            mend_text(&mut response);
            encode_documents(&mut response);
        } else {
            mend_text(&mut response);
        }
        response
    }
}

/// AWS percent-encodes the policy documents in its answers; the crate gives them as they are.
fn encode_documents(response: &mut Response) {
    let Ok(text) = std::str::from_utf8(&response.body) else { return };
    let mut encoded = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = ["<AssumeRolePolicyDocument>", "<PolicyDocument>", "<Document>"]
        .iter()
        .filter_map(|tag| rest.find(tag).map(|at| at + tag.len()))
        .min()
        .map(|at| rest.split_at(at))
    {
        let (document, after) = after.split_at(after.find("</").unwrap_or(after.len()));
        encoded.push_str(before);
        match quick_xml::escape::unescape(document) {
            Ok(document) => {
                // `form_urlencoded` writes a blank as `+`, which this encoding does not know.
                let document: String = url::form_urlencoded::byte_serialize(document.as_bytes()).collect();
                encoded.push_str(&document.replace('+', "%20"));
            }
            Err(_) => encoded.push_str(document),
        }
        rest = after;
    }
    encoded.push_str(rest);
    response.body = encoded.into();
}

/// The crate reads a form byte by byte, so a text beyond ASCII comes back with one character for each of its UTF-8 bytes.
fn mend_text(response: &mut Response) {
    let Ok(text) = std::str::from_utf8(&response.body) else { return };
    if text.is_ascii() {
        return;
    }
    let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
    if let Some(mended) = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        response.body = mended.into();
    }
}
