//! One connection: its wrapping, and which protocol is spoken on it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Desk, http1, http2};

/// What a client sends first when it speaks HTTP/2 (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

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

/// Who is at the other end, and who answers.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) peer: SocketAddr,
    pub(super) connection: u64,
    pub(super) desk: Arc<Desk>,
    pub(super) closing: CancellationToken,
}

/// A connection with the bytes that were read from it and not yet understood.
pub(super) struct Wire {
    pub(super) stream: Box<dyn Stream>,
    pub(super) buffer: Vec<u8>,
    /// The connection below all wrapping, to reset it.
    socket: std::net::TcpStream,
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

/// Serves one connection to its end. Its errors are the client's business and end with it.
pub(super) async fn talk(stream: TcpStream, wrap: Arc<dyn Wrap>, caller: Caller) {
    let log = caller.desk.log.clone();
    let Ok((socket, stream)) = twice(stream) else { return };
    let Ok(stream) = wrap.wrap(stream).await else { return log.handshake_failed() };
    let wire = Wire { stream, buffer: Vec::new(), socket };
    let _ = speak(wire, caller).await;
}

/// A second handle of a connection beside the first.
fn twice(stream: TcpStream) -> io::Result<(std::net::TcpStream, TcpStream)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    Ok((stream.try_clone()?, TcpStream::from_std(stream)?))
}

async fn speak(mut wire: Wire, caller: Caller) -> io::Result<()> {
    while PREFACE.starts_with(&wire.buffer) {
        if wire.buffer.len() == PREFACE.len() {
            break;
        }
        let more = caller.closing.run_until_cancelled(wire.read()).await;
        if !more.unwrap_or(Ok(false))? {
            return Ok(());
        }
    }
    if wire.buffer.starts_with(PREFACE) { http2::serve(wire, caller).await } else { http1::serve(wire, caller).await }
}
