//! STS: who the caller is.

use std::sync::Arc;

use async_trait::async_trait;
use winterbaume_core::{MockRequest, MockService};
use winterbaume_sts::StsService;

use crate::local::service::{Request, Response, Service};
use crate::local::services::protocol::aws_query::{Form, Xml, respond};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The user that every caller of an embedded account is.
pub(super) fn caller_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:user/shiftdeck")
}

/// STS. What it gives (session credentials) is accepted by no check here, so nothing of it is kept.
pub struct Sts {
    backend: StsService,
    account: Arc<str>,
}

impl Sts {
    /// STS of an account.
    pub fn open(account: Arc<str>) -> Self {
        winterbaume_core::set_default_account_id(&*account);
        Sts { backend: StsService::new(), account }
    }
}

#[async_trait]
impl Service for Sts {
    fn signing_name(&self) -> &'static str {
        "sts"
    }

    async fn handle(&self, request: Request) -> Response {
        let action = Form::parse(&request, "InvalidParameterValue").map(|form| form.action).unwrap_or_default();
        if action == "GetCallerIdentity" {
            let mut identity = Xml::default();
            identity.text("Arn", caller_arn(&self.account)).text("UserId", "AIDASHIFTDECKLOCAL000").text("Account", &*self.account);
            return respond(NAMESPACE, &action, &uuid::Uuid::new_v4().to_string(), Ok(identity));
        }
        let uri = format!("https://sts.amazonaws.com{}", request.path());
        let request = MockRequest { method: request.method.to_string(), uri, headers: request.headers, body: request.body };
        super::received(self.backend.handle(request).await)
    }
}
