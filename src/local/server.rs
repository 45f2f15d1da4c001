//! The embedded AWS as an HTTP/1 server: on the Unix socket for other processes of the same user, and on a loopback port for other
//! people's tools.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use super::LocalError;
use super::service::{Request, Response, ServiceError};
use super::transport::Transport;

/// The path that tells a caller that the owner is alive; no service has it.
pub(super) const PING: &str = "/-/shiftdeck/ping";

/// Answers connections of the Unix socket until `stop`.
pub(super) async fn serve_socket(listener: UnixListener, transport: Arc<dyn Transport>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&transport), stop.clone()))),
            Err(error) => pause_after(&error).await,
        }
    }
}

/// A loopback server of an account.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on `address`, which must be a loopback address: the embedded services are for this machine alone.
    pub async fn bind(address: SocketAddr) -> Result<Self, LocalError> {
        if !address.ip().is_loopback() {
            return Err(LocalError::NotLoopback(address));
        }
        let failed = |source| LocalError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Server { listener, address })
    }

    /// The address with the port that was chosen for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`.
    pub async fn run(self, transport: Arc<dyn Transport>, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY");
                    }
                    drop(tokio::spawn(converse(stream, Arc::clone(&transport), stop.clone())));
                }
                Err(error) => pause_after(&error).await,
            }
        }
    }
}

/// Out of file descriptors and the like: trying again at once would only spin.
async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, transport: Arc<dyn Transport>, stop: CancellationToken) {
    let service = service_fn(move |request| {
        let transport = Arc::clone(&transport);
        async move { Ok::<_, Infallible>(answer(request, transport.as_ref()).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(request: http::Request<Incoming>, transport: &dyn Transport) -> http::Response<Full<Bytes>> {
    if request.uri().path() == PING {
        return http::Response::new(Full::new(Bytes::from_static(b"shiftdeck")));
    }
    let response = match receive(request).await {
        Ok(request) => match transport.send(request).await {
            Ok(response) => response,
            Err(error) => ServiceError::new("ServiceUnavailable", error.to_string()).with_status(503).json_response(),
        },
        Err(error) => ServiceError::new("RequestTimeout", format!("the request's body did not arrive: {error}")).json_response(),
    };
    reply(response)
}

async fn receive(request: http::Request<Incoming>) -> Result<Request, hyper::Error> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let uri = format!("http://{host}{path}");
    let body = body.collect().await?.to_bytes();
    Ok(Request { method: parts.method, uri, headers: parts.headers, body })
}

fn reply(response: Response) -> http::Response<Full<Bytes>> {
    let mut answer = http::Response::new(Full::new(response.body));
    *answer.status_mut() = http::StatusCode::from_u16(response.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *answer.headers_mut() = response.headers;
    answer
}
