//! An HTTP/1.1 server: accepts connections, passes requests to a [`Handler`], and shuts down.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::response::Response;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request that is read.
const LARGEST_HEAD: usize = 64 * 1024;

/// How many connections there are at a time, unless the caller says otherwise. Further ones wait.
const MOST_CONNECTIONS: usize = 256;

/// How long [`Server::stop`] waits for responses under way.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A request whose body is not read yet.
pub type Request = hyper::Request<Incoming>;

/// The address that a connection came to, in the extensions of its requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalAddress(pub(super) SocketAddr);

/// Answers requests.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The response to a request. Errors are responses, too.
    async fn respond(&self, request: Request) -> Response;
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Ends accepting, and each connection after the response under way.
    closing: CancellationToken,
    /// Ends every connection at once.
    aborting: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    /// Listens at an address of this machine; port 0 is any free one.
    ///
    /// # Errors
    /// If the address is taken, or not of this machine.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(address: SocketAddr, handler: Arc<dyn Handler>) -> io::Result<Self> {
        Self::start_with(address, handler, MOST_CONNECTIONS)
    }

    /// The same, with at most so many connections at a time.
    pub(super) fn start_with(address: SocketAddr, handler: Arc<dyn Handler>, most: usize) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let server = Self {
            address: listener.local_addr()?,
            closing: CancellationToken::new(),
            aborting: CancellationToken::new(),
            connections: TaskTracker::new(),
        };
        server.connections.spawn(server.accept(TcpListener::from_std(listener)?, handler, most));
        Ok(server)
    }

    /// Accepts connections until the server closes.
    fn accept(
        &self,
        listener: TcpListener,
        handler: Arc<dyn Handler>,
        most: usize,
    ) -> impl Future<Output = ()> + use<> {
        let (closing, aborting, connections) = (self.closing.clone(), self.aborting.clone(), self.connections.clone());
        let places = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        let next = async move || {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        async move {
            while let Some((accepted, place)) = closing.run_until_cancelled(next()).await {
                // An accept fails if the client is gone already or descriptors run out; both are transient.
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let served = serve(stream, Arc::clone(&handler), closing.clone());
                let aborting = aborting.clone();
                connections.spawn(async move {
                    aborting.run_until_cancelled(served).await;
                    drop(place);
                });
            }
        }
    }

    /// The address that the server listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the server's root.
    pub fn url(&self) -> String {
        if self.address.ip().is_unspecified() {
            return format!("http://localhost:{}/", self.address.port());
        }
        format!("http://{}/", self.address)
    }

    /// Stops: accepts no more connections, waits a short time for responses under way, and aborts the rest.
    pub async fn stop(self) {
        self.closing.cancel();
        self.connections.close();
        // What has not ended by then ends when `self` is dropped.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, self.connections.wait()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.cancel();
        self.aborting.cancel();
    }
}

/// Serves one connection to its end. An error of the connection concerns only its client, and ends with it.
async fn serve(stream: TcpStream, handler: Arc<dyn Handler>, closing: CancellationToken) {
    let Ok(address) = stream.local_addr() else { return };
    let service = service_fn(move |mut request: Request| {
        let handler = Arc::clone(&handler);
        request.extensions_mut().insert(LocalAddress(address));
        async move { Ok::<_, Infallible>(handler.respond(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(LARGEST_HEAD);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = &mut connection => return,
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
