//! Finds the service that a request is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::service::{Request, Response, Service, ServiceError};
use super::services::protocol::rest::Location;

/// The services of an account, by the name that requests are signed for.
pub struct Router {
    services: BTreeMap<&'static str, Arc<dyn Service>>,
}

impl Router {
    /// A router over `services`.
    pub fn new(services: Vec<Arc<dyn Service>>) -> Self {
        Router { services: services.into_iter().map(|service| (service.signing_name(), service)).collect() }
    }

    /// The services.
    pub fn services(&self) -> impl Iterator<Item = &Arc<dyn Service>> {
        self.services.values()
    }

    /// Answers a request through the service that it is for.
    pub async fn handle(&self, request: Request) -> Response {
        let name = service_name(&request).unwrap_or_default();
        let mut response = match self.services.get(name.as_str()) {
            Some(service) => service.handle(request).await,
            None => self.unknown(&name).json_response(),
        };
        if let Ok(id) = http::HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
            response.headers.entry("x-amzn-requestid").or_insert(id);
        }
        response
    }

    fn unknown(&self, name: &str) -> ServiceError {
        let known: Vec<_> = self.services.keys().copied().collect();
        let message = match name {
            "" => "the request is not signed, so the service that it is for is not known".to_owned(),
            name => format!("the embedded AWS has no service `{name}`; it has {}", known.join(", ")),
        };
        ServiceError::new("UnknownService", message).with_status(404)
    }
}

/// The service of a request: from the scope of its signature, else from its host.
fn service_name(request: &Request) -> Option<String> {
    let name = signed_scope(request).or_else(|| old_url(request)).or_else(|| service_of_host(request))?;
    // The runtime is signed as `sagemaker` too; only its paths tell it from the control plane, which has none.
    let invocation = request.path().starts_with("/endpoints/");
    Some(if name == "sagemaker" && invocation { "sagemaker-runtime".to_owned() } else { name })
}

/// The service in `Credential=AKID/date/region/service/aws4_request`, of the header or of a presigned URL.
fn signed_scope(request: &Request) -> Option<String> {
    let header = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = match header.and_then(|header| header.split_once("Credential=")) {
        Some((_, rest)) => rest.split([',', ' ']).next()?.to_owned(),
        None => {
            let mut query = url::form_urlencoded::parse(request.query().as_bytes());
            query.find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.into_owned())?
        }
    };
    credential.split('/').rev().nth(1).map(ToOwned::to_owned)
}

/// S3, when a presigned URL is of the older version, which only S3 has and which has no scope.
fn old_url(request: &Request) -> Option<String> {
    let names = ["AWSAccessKeyId", "Signature", "Expires"];
    let location = Location::of(request);
    names.iter().all(|name| location.parameter(name).is_some()).then(|| "s3".to_owned())
}

/// The service in a host such as `athena.us-east-1.amazonaws.com`, `runtime.sagemaker.…` or `bucket.s3.…`.
fn service_of_host(request: &Request) -> Option<String> {
    let host = request.host()?;
    let host = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".localhost"))?;
    let mut labels = host.rsplit('.').peekable();
    // The region, which global services do not have.
    if labels.peek().is_some_and(|label| label.bytes().filter(|&byte| byte == b'-').count() == 2) {
        labels.next();
    }
    labels.next().map(|label| if label == "api" { "sagemaker".to_owned() } else { label.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use http::{HeaderMap, Method};

    use super::*;

    fn request(uri: &str, authorization: Option<&str>) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert("authorization", value.parse().unwrap());
        }
        Request { method: Method::POST, uri: uri.to_owned(), headers, body: bytes::Bytes::new() }
    }

    #[test]
    fn the_signature_names_the_service() {
        let signed = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/redshift-data/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(service_name(&request("http://127.0.0.1:4566/", Some(signed))).unwrap(), "redshift-data");
        let presigned = "http://127.0.0.1/b/k?X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(service_name(&request(presigned, None)).unwrap(), "s3");
        let older = "http://127.0.0.1/b/k?AWSAccessKeyId=AKID&Signature=0&Expires=1";
        assert_eq!(service_name(&request(older, None)).unwrap(), "s3");
    }

    #[test]
    fn invocations_go_to_the_runtime() {
        let signed = "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/sagemaker/aws4_request, Signature=0";
        let at = |path: &str| service_name(&request(&format!("https://x.amazonaws.com{path}"), Some(signed))).unwrap();
        assert_eq!((at("/").as_str(), at("/endpoints/e/invocations").as_str()), ("sagemaker", "sagemaker-runtime"));
    }

    #[test]
    fn an_unsigned_request_goes_by_its_host() {
        for (host, service) in [
            ("athena.us-east-1.amazonaws.com", Some("athena")),
            ("iam.amazonaws.com", Some("iam")),
            ("bucket.with.dots.s3.eu-west-1.amazonaws.com", Some("s3")),
            ("api.sagemaker.eu-west-1.amazonaws.com", Some("sagemaker")),
            ("127.0.0.1:4566", None),
        ] {
            assert_eq!(service_name(&request(&format!("https://{host}/"), None)).as_deref(), service, "{host}");
        }
    }

    #[tokio::test]
    async fn an_unknown_service_is_refused_by_name() {
        let response = Router::new(vec![]).handle(request("https://dynamodb.us-east-1.amazonaws.com/", None)).await;
        assert_eq!(response.status, 404);
        assert!(String::from_utf8_lossy(&response.body).contains("dynamodb"));
    }
}
