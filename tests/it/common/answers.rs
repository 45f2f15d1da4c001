//! An account whose answers are changed on their way, or do not come: what a client sees when the world moves between two of its calls.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_smithy_types::body::SdkBody;

type Change = dyn Fn(&str, String) -> String + Send + Sync;

#[derive(Clone)]
struct Changing {
    inner: SharedHttpConnector,
    change: Arc<Change>,
    cut: Option<Cut>,
    lost: Option<Arc<Mutex<HashSet<String>>>>,
}

/// A service that is out of reach, by the name that requests are signed for, and what the connection says.
#[derive(Clone, Copy)]
struct Cut {
    service: &'static str,
    says: &'static str,
}

/// The configuration with every JSON answer passed through `change`, which gets the operation and the body.
pub fn changed(config: &SdkConfig, change: impl Fn(&str, String) -> String + Send + Sync + 'static) -> SdkConfig {
    let inner = config.http_client().unwrap();
    let client = Client { inner, change: Arc::new(change), cut: None, lost: None };
    config.to_builder().http_client(client).build()
}

/// The configuration with one service, by the name that requests are signed for, out of reach. Nothing is tried again.
pub fn without(config: &SdkConfig, service: &'static str) -> SdkConfig {
    cut(config, Cut { service, says: "connection refused" })
}

/// The same where the name of the service's host has no address, as in a region that has no such service.
pub fn unresolved(config: &SdkConfig, service: &'static str) -> SdkConfig {
    cut(config, Cut { service, says: "dns error: failed to lookup address information: Name or service not known" })
}

fn cut(config: &SdkConfig, cut: Cut) -> SdkConfig {
    let inner = config.http_client().unwrap();
    let client = Client { inner, change: Arc::new(|_, body| body), cut: Some(cut), lost: None };
    config.to_builder().http_client(client).retry_config(RetryConfig::disabled()).build()
}

/// The configuration with the first answer of every operation lost on its way: the service has done what was asked, and the SDK asks again,
/// without waiting. Gives the operations too, as they come.
pub fn lost_once(config: &SdkConfig) -> (SdkConfig, Arc<Mutex<HashSet<String>>>) {
    let inner = config.http_client().unwrap();
    let lost = Arc::new(Mutex::new(HashSet::new()));
    let client = Client { inner, change: Arc::new(|_, body| body), cut: None, lost: Some(Arc::clone(&lost)) };
    let again = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    (config.to_builder().http_client(client).retry_config(again).build(), lost)
}

/// What a request asks for: the operation of the JSON and query protocols, else method and path.
fn operation(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.to_owned();
    }
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    match body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        Some(action) => action.to_owned(),
        None => format!("{} {}", request.method(), request.uri()),
    }
}

struct Client {
    inner: SharedHttpClient,
    change: Arc<Change>,
    cut: Option<Cut>,
    lost: Option<Arc<Mutex<HashSet<String>>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changing client")
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        Changing { inner, change: Arc::clone(&self.change), cut: self.cut, lost: self.lost.clone() }.into_shared()
    }
}

impl fmt::Debug for Changing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changing connector")
    }
}

impl HttpConnector for Changing {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap_or_default();
        if let Some(Cut { says, .. }) = self.cut.filter(|cut| signed.contains(&format!("/{}/aws4_request", cut.service))) {
            return HttpConnectorFuture::ready(Err(ConnectorError::io(says.into())));
        }
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let lost = this.lost.as_ref().is_some_and(|lost| lost.lock().unwrap().insert(operation(&request)));
            let operation =
                request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
            let mut response = this.inner.call(request).await?;
            if lost {
                return Err(ConnectorError::io("connection reset by peer".into()));
            }
            if let Some(body) = response.body().bytes().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
                *response.body_mut() = SdkBody::from((this.change)(&operation, body));
            }
            Ok(response)
        })
    }
}
