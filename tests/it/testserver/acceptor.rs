//! Accepting connections, and which protocol each speaks.

use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::state::State;
use super::wire::{Connection, Wire, Wrap};
use super::{http1, http2};

/// What a client sends first when it speaks HTTP/2 (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Accepts connections until the origin closes.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) wrap: Arc<dyn Wrap>,
    pub(super) state: Arc<State>,
    pub(super) closing: CancellationToken,
    pub(super) gone: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Acceptor {
    pub(super) async fn run(self) {
        while let Some(accepted) = self.closing.run_until_cancelled(self.listener.accept()).await {
            // An accept fails when the client is gone already or descriptors run out: both pass.
            let Ok((stream, _)) = accepted else {
                tokio::task::yield_now().await;
                continue;
            };
            self.state.log.connected();
            let connection = Connection { state: Arc::clone(&self.state), closing: self.closing.clone() };
            let served = serve(stream, Arc::clone(&self.wrap), connection);
            let gone = self.gone.clone();
            self.tasks.spawn(async move { gone.run_until_cancelled(served).await });
        }
    }
}

/// Serves one connection to its end. Its errors are the client's business and end with it.
async fn serve(stream: TcpStream, wrap: Arc<dyn Wrap>, connection: Connection) {
    let Ok((socket, stream)) = twice(stream) else { return };
    let Ok(stream) = wrap.wrap(stream).await else { return };
    let wire = Wire { stream, buffer: Vec::new(), socket };
    let _ = serve_http(wire, connection).await;
}

/// A second handle of a connection beside the first.
fn twice(stream: TcpStream) -> io::Result<(std::net::TcpStream, TcpStream)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    Ok((stream.try_clone()?, TcpStream::from_std(stream)?))
}

async fn serve_http(mut wire: Wire, connection: Connection) -> io::Result<()> {
    while PREFACE.starts_with(&wire.buffer) {
        if wire.buffer.len() == PREFACE.len() {
            break;
        }
        let more = connection.closing.run_until_cancelled(wire.read()).await;
        if !more.unwrap_or(Ok(false))? {
            return Ok(());
        }
    }
    if wire.buffer.starts_with(PREFACE) {
        http2::serve(wire, connection).await
    } else {
        http1::serve(wire, connection).await
    }
}
