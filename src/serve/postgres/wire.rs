//! Messages to and from a client.

use std::io;

use bytes::{BufMut as _, BytesMut};
use pgwire::messages::response::{ErrorResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::{DecodeContext, PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion, SslNegotiationMetaMessage};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::failure::Failure;

/// Bytes that are collected before they are sent.
const PORTION: usize = 64 * 1024;
/// The code of a request to encrypt with TLS, and of one to encrypt with GSSAPI.
const TLS_REQUEST: u32 = 80_877_103;
const GSSAPI_REQUEST: u32 = 80_877_104;

/// What a connection goes over: the socket, or TLS on it.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection's two directions.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    input: BytesMut,
    output: BytesMut,
    context: DecodeContext,
}

impl Wire {
    /// Agrees with a client on whether the connection is encrypted: with TLS where it asks for that and there is a certificate, with nothing
    /// else.
    pub async fn open(mut socket: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        loop {
            // A request has no more bytes than these, so that nothing is read here that belongs behind the encryption.
            let mut start = [0; 8];
            socket.read_exact(&mut start).await?;
            let [.., a, b, c, d] = start;
            match (u32::from_be_bytes([a, b, c, d]), tls) {
                (TLS_REQUEST, Some(acceptor)) => {
                    socket.write_all(b"S").await?;
                    return Ok(Wire::over(Box::new(acceptor.accept(socket).await?), &[]));
                }
                (TLS_REQUEST, None) | (GSSAPI_REQUEST, _) => socket.write_all(b"N").await?,
                _ => return Ok(Wire::over(Box::new(socket), &start)),
            }
        }
    }

    fn over(stream: Box<dyn Duplex>, read: &[u8]) -> Self {
        let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
        Wire { stream, input: BytesMut::from(read), output: BytesMut::new(), context }
    }

    /// The first message that says something: the start of a session, or a request to cancel. No encryption is agreed on again.
    pub async fn first(&mut self) -> io::Result<Option<PgWireFrontendMessage>> {
        loop {
            match self.next().await? {
                Some(PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::None)) => self.context.awaiting_frontend_ssl = false,
                Some(PgWireFrontendMessage::SslNegotiation(_)) => {
                    self.output.put_u8(b'N');
                    self.flush().await?;
                }
                other => {
                    self.context.awaiting_frontend_startup = false;
                    return Ok(other);
                }
            }
        }
    }

    /// The next message; `None` when the client has gone.
    pub async fn next(&mut self) -> io::Result<Option<PgWireFrontendMessage>> {
        loop {
            if let Some(message) = PgWireFrontendMessage::decode(&mut self.input, &self.context)? {
                return Ok(Some(message));
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Sends a message, at the latest with the next [`Wire::flush`].
    pub async fn send(&mut self, message: PgWireBackendMessage) -> io::Result<()> {
        message.encode(&mut self.output)?;
        if self.output.len() < PORTION { Ok(()) } else { self.flush().await }
    }

    /// Tells of a failure.
    pub async fn refuse(&mut self, failure: Failure) -> io::Result<()> {
        self.send(PgWireBackendMessage::ErrorResponse(ErrorResponse::new(failure.fields()))).await
    }

    /// Says that the next statement may come.
    pub async fn ready(&mut self, status: TransactionStatus) -> io::Result<()> {
        self.send(PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(status))).await?;
        self.flush().await
    }

    /// Sends what has been collected.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        // What encrypts holds bytes of its own.
        self.stream.flush().await
    }
}
