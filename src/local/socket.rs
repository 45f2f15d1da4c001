//! Lets a second process use the account that this one owns, over a Unix socket: the same requests to the same services.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::net::UnixStream;

use super::server::PING;
use super::service::{Request, Response};
use super::transport::{Transport, TransportError};

/// Longest path that every Unix accepts for a socket (macOS has 104 bytes with the final zero, Linux 108).
const LONGEST_PATH: usize = 100;

/// Longest name of a socket: a word and a process id.
const LONGEST_NAME: usize = 20;

/// The name of the owner's socket.
pub(super) const OWNER: &str = "socket";

/// Where a socket of a state directory is: in it, or, where that path would be too long for a socket, in a directory of the user under a
/// name made from the path. Names have at most 20 bytes.
///
/// # Errors
/// When the directory of the user cannot be made, or is not this user's alone.
pub fn place(state_dir: &Path, name: &str) -> io::Result<PathBuf> {
    // The same answer for every name, so that all sockets of a directory are beside each other.
    if state_dir.as_os_str().len() + 1 + LONGEST_NAME <= LONGEST_PATH {
        return Ok(state_dir.join(name));
    }
    let digest = Sha256::digest(state_dir.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let directory = match std::env::var_os("XDG_RUNTIME_DIR").filter(|directory| directory.len() < 60) {
        Some(directory) => PathBuf::from(directory).join("shiftdeck"),
        None => PathBuf::from(format!("/tmp/shiftdeck-{}", rustix::process::getuid().as_raw())),
    };
    private_directory(&directory)?;
    Ok(directory.join(format!("{digest}.{name}")))
}

/// Makes a directory that nobody else can have prepared.
fn private_directory(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let found = std::fs::symlink_metadata(directory)?;
    let ours = found.is_dir() && found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(io::Error::other(format!("{} is not private to this user", directory.display()))) }
}

/// Listens at `path`, replacing the socket of a process that is gone. The caller holds the lock of the state directory.
pub(super) fn listen(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The owner's services, from another process.
pub(super) struct Guest {
    path: PathBuf,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Guest {
    /// Connects to the owner at `path` and checks that it answers within `patience`.
    pub(super) async fn connect(path: PathBuf, patience: Duration) -> Result<Self, TransportError> {
        let guest = Guest { path, idle: Mutex::default() };
        let ping = Request {
            method: http::Method::GET,
            uri: format!("http://localhost{PING}"),
            headers: http::HeaderMap::new(),
            body: Bytes::new(),
        };
        match tokio::time::timeout(patience, guest.send(ping)).await {
            Ok(Ok(_)) => Ok(guest),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(TransportError::NotConnected(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        let stream = UnixStream::connect(&self.path).await.map_err(TransportError::NotConnected)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| TransportError::Lost(error.into()))?;
        drop(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the owner ended");
            }
        }));
        Ok(sender)
    }

    /// A connection that is idle and still open, or a new one.
    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        loop {
            let Some(mut idle) = self.idle.lock().pop() else { return self.open().await };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
    }
}

#[async_trait]
impl Transport for Guest {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let message = to_origin_form(request)?;
        let mut connection = self.connection().await?;
        let answer = connection.send_request(message).await.map_err(|error| TransportError::Lost(error.into()))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| TransportError::Lost(error.into()))?.to_bytes();
        self.idle.lock().push(connection);
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// A request as HTTP/1 sends it: the path in the request line, the authority in `Host`.
fn to_origin_form(request: Request) -> Result<http::Request<Full<Bytes>>, TransportError> {
    let uri: http::Uri = request.uri.parse().map_err(|error: http::uri::InvalidUri| TransportError::Unusable(error.into()))?;
    let authority = uri.authority().map_or("localhost", http::uri::Authority::as_str);
    let host = http::HeaderValue::from_str(authority).map_err(|error| TransportError::Unusable(error.into()))?;
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut message = http::Request::builder()
        .method(request.method)
        .uri(path)
        .body(Full::new(request.body))
        .map_err(|error| TransportError::Unusable(error.into()))?;
    *message.headers_mut() = request.headers;
    // The body is sent whole, its length is known.
    message.headers_mut().remove(http::header::TRANSFER_ENCODING);
    message.headers_mut().entry(http::header::HOST).or_insert(host);
    Ok(message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_long_state_directory_gets_a_short_socket_of_its_own() {
        let short = place(Path::new("/var/lib/shiftdeck"), OWNER).unwrap();
        assert_eq!(short, Path::new("/var/lib/shiftdeck/socket"));
        let long = |last: &str| place(&Path::new("/").join("x".repeat(120)).join(last), OWNER).unwrap();
        assert!(long("a").as_os_str().len() <= LONGEST_PATH);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn a_stale_socket_is_replaced_by_one_that_only_its_user_reaches() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        drop(listen(&path).unwrap());
        assert!(path.exists(), "a listener leaves its file, as a killed process does");
        let _again = listen(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_directory_that_others_may_write_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(private_directory(directory.path()).is_err());
    }
}
