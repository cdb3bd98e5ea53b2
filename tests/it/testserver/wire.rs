//! One connection: its wrapping, and the bytes that were read from it.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::state::State;

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Makes a stream of an accepted connection, such as one that speaks TLS.
#[async_trait]
pub trait Wrap: Send + Sync {
    /// The stream to speak HTTP on.
    async fn wrap(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>>;
}

/// No wrapping.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

#[async_trait]
impl Wrap for Plain {
    async fn wrap(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(stream))
    }
}

/// What a connection shares with the others of its origin.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) state: Arc<State>,
    pub(super) closing: CancellationToken,
}

/// A connection with the bytes that were read from it and not yet understood.
pub(super) struct Wire {
    pub(super) stream: Box<dyn Stream>,
    pub(super) buffer: Vec<u8>,
    /// The connection below all wrapping, to reset it.
    pub(super) socket: std::net::TcpStream,
}

impl Wire {
    /// Reads some more; `false` at the end. Nothing is lost when this is cancelled.
    pub(super) async fn read(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// Closes the connection with RST instead of FIN.
    pub(super) fn reset(self) -> io::Result<()> {
        TcpStream::from_std(self.socket)?.set_zero_linger()
        // The option is the socket's own, so it is in force for the other descriptor, which closes here.
    }
}
