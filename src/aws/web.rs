//! Files on the web, for a data source that is an `https://` address.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use url::Url;

use super::client::Source;

/// More is refused: the data set has five megabytes, and what is read is kept in memory.
const MOST_BYTES: usize = 512 * 1024 * 1024;
/// Redirections followed.
const MOST_HOPS: usize = 5;
/// How long a file may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// Not an `https://` address.
    #[error("`{0}` is not an https address")]
    Address(String),
    /// Answered, but not with the file.
    #[error("{address} answered with HTTP status {status}")]
    Status {
        /// The address.
        address: String,
        /// The status.
        status: u16,
    },
    /// The server was not reached, or the answer broke off.
    #[error("{address} could not be read: {reason}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// More than is sensible.
    #[error("{0} has more than 512 MB")]
    TooLarge(String),
}

/// The gateway.
pub struct Web {
    connector: OnceLock<Connector>,
}

impl Web {
    pub(super) fn new(_source: &Source) -> Self {
        Web { connector: OnceLock::new() }
    }

    /// The content behind an `https://` address.
    pub async fn get(&self, address: &str) -> Result<Bytes, WebError> {
        match tokio::time::timeout(PATIENCE, self.follow(address)).await {
            Ok(result) => result,
            Err(_) => Err(WebError::Unreachable { address: address.to_owned(), reason: format!("no end after {} s", PATIENCE.as_secs()) }),
        }
    }

    async fn follow(&self, address: &str) -> Result<Bytes, WebError> {
        let mut at = secure(address)?;
        for _ in 0..MOST_HOPS {
            let unreachable = |reason: String| WebError::Unreachable { address: at.to_string(), reason };
            let request = http::Request::builder()
                .uri(at.as_str())
                .header("user-agent", concat!("shiftdeck/", env!("CARGO_PKG_VERSION")))
                .header("accept", "*/*")
                .body(SdkBody::empty())
                .map_err(|error| unreachable(error.to_string()))?;
            let request = Request::try_from(request).map_err(|error| unreachable(error.to_string()))?;
            let connector = self
                .connector
                .get_or_init(|| Connector::builder().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build());
            let response = connector.call(request).await.map_err(|error| unreachable(root_cause(&error)))?;
            let status = response.status().as_u16();
            match status {
                200 => return read(at.as_str(), response.into_body()).await,
                301 | 302 | 303 | 307 | 308 => {
                    let place = response.headers().get("location").unwrap_or_default().to_owned();
                    let next = at.join(&place).map_err(|error| unreachable(error.to_string()))?;
                    at = secure(next.as_str())?;
                }
                _ => return Err(WebError::Status { address: at.to_string(), status }),
            }
        }
        Err(WebError::Unreachable { address: address.to_owned(), reason: "it redirects too often".into() })
    }
}

fn secure(address: &str) -> Result<Url, WebError> {
    match Url::parse(address) {
        Ok(url) if url.scheme() == "https" && url.host_str().is_some() => Ok(url),
        _ => Err(WebError::Address(address.to_owned())),
    }
}

async fn read(address: &str, mut body: SdkBody) -> Result<Bytes, WebError> {
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| WebError::Unreachable { address: address.to_owned(), reason: error.to_string() })?;
        if let Some(data) = frame.data_ref() {
            if content.len() + data.len() > MOST_BYTES {
                return Err(WebError::TooLarge(address.to_owned()));
            }
            content.extend_from_slice(data);
        }
    }
    Ok(content.into())
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_fetched() {
        assert!(secure("https://example.com/bank.csv").is_ok());
        for bad in ["http://example.com/bank.csv", "file:///etc/passwd", "example.com", ""] {
            assert_eq!(secure(bad), Err(WebError::Address(bad.to_owned())));
        }
    }
}
