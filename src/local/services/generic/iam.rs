//! IAM: the crate's answers, with the parts that AWS also gives.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use winterbaume_core::StatefulService;
use winterbaume_iam::IamService;

use super::sts::caller_arn;
use super::{Backend, Generic, GenericError, reads_only};
use crate::local::iam::{Authority, RoleDocuments};
use crate::local::service::{Request, Response, Service};
use crate::local::services::protocol::aws_query::{Form, Xml, respond};
use crate::local::store::Store;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

type View = <IamService as StatefulService>::StateView;

/// IAM of an account.
pub struct Iam {
    inner: Generic<IamService>,
    caller: String,
    /// What services ask about roles.
    authority: Authority,
    /// Held while a change is made and told to the authority, so that it never goes back to an older state.
    changing: Mutex<()>,
}

impl Iam {
    /// Opens IAM with the state that was saved last, and tells the authority of its roles.
    pub async fn open(store: Store, account: Arc<str>, authority: Authority) -> Result<Self, GenericError> {
        let caller = caller_arn(&account);
        // IAM has no regions; the crate keeps it under the one that global endpoints are in.
        let inner = Generic::open(IamService::new(), store, account, "us-east-1".into()).await?;
        let iam = Iam { inner, caller, authority, changing: Mutex::default() };
        iam.tell().await;
        Ok(iam)
    }

    /// Tells the authority of the roles as they are now.
    async fn tell(&self) {
        let view = self.inner.view().await;
        self.authority.replace(view.roles.values().map(|role| documents(&view, role)));
    }

    /// Sends a request to the crate's service. When it is answered, what it has changed counts for every role.
    async fn call(&self, request: Request, changes: bool) -> Response {
        if !changes {
            return self.inner.call(request, false).await;
        }
        let _turn = self.changing.lock().await;
        let response = self.inner.call(request, true).await;
        self.tell().await;
        response
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

/// What decides on what a role may do: its own policies, those that are attached, and its boundary. An attached policy that is not there
/// any more allows nothing.
fn documents(view: &View, role: &winterbaume_iam::views::RoleView) -> RoleDocuments {
    let text = |text: &String| mended(text).unwrap_or_else(|| text.clone());
    let managed = |arn: &String| (arn.clone(), view.policies.get(arn).map(|policy| text(&policy.document)).unwrap_or_default());
    let inline = role.inline_policies.iter().map(|policy| (policy.policy_name.clone(), text(&policy.policy_document)));
    let attached = role.attached_policies.iter().map(|attached| managed(&attached.policy_arn));
    RoleDocuments {
        arn: role.arn.clone(),
        name: role.name.clone(),
        id: role.role_id.clone(),
        trust: text(&role.assume_role_policy_document),
        policies: inline.chain(attached.filter(|(_, document)| !document.is_empty())).collect(),
        boundary: role.permissions_boundary.as_ref().map(managed),
        tags: role.tags.iter().map(|(key, value)| (text(key), text(value))).collect(),
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
        let mut response = self.call(request, !reads_only(&form.action)).await;
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

fn mend_text(response: &mut Response) {
    let mended = std::str::from_utf8(&response.body).ok().and_then(mended);
    if let Some(mended) = mended {
        response.body = mended.into();
    }
}

/// The crate reads a form byte by byte, so a text beyond ASCII comes back with one character for each of its UTF-8 bytes. This gives what it
/// was; `None` where it is as it was.
fn mended(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
    bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok())
}
