//! Messages to and from a client.

use std::io;

use bytes::{BufMut as _, BytesMut};
use pgwire::messages::response::{ErrorResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::{DecodeContext, PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion, SslNegotiationMetaMessage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::failure::Failure;

/// Bytes that are collected before they are sent.
const PORTION: usize = 64 * 1024;

/// A connection's two directions.
pub(super) struct Wire {
    stream: TcpStream,
    input: BytesMut,
    output: BytesMut,
    context: DecodeContext,
}

impl Wire {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
        Ok(Wire { stream, input: BytesMut::new(), output: BytesMut::new(), context })
    }

    /// The first message that says something: the start of a session, or a request to cancel. Encryption is declined.
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
        Ok(())
    }
}
