//! The HTTP server that tests fetch from: it answers as a test says, also wrongly, and logs every request.
//!
//! HTTP/1.1 is written by hand, byte by byte, because most of the faults are ones that no proper library commits;
//! HTTP/2 is hyper's. The first bytes of a connection distinguish them (RFC 9113, section 3.4).

mod acceptor;
mod answer;
mod behaviour;
mod bomb;
pub mod bulk;
mod content;
mod gate;
mod http1;
mod http2;
mod log;
mod site;
mod state;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::answer::End;
pub use self::behaviour::{Behaviour, Condition, Portion};
pub use self::content::Content;
pub use self::gate::Gate;
pub use self::log::{Log, LoggedRequest, Request, Version};
pub use self::site::Site;
pub use self::wire::{Plain, Stream, Wrap};

use self::acceptor::Acceptor;
use self::state::State;

/// How long [`Origin::stop`] lets answers go on.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A running origin. It stops when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    state: Arc<State>,
    /// No new connections, and no further request on those there are.
    closing: CancellationToken,
    /// Nothing more at all.
    gone: CancellationToken,
    tasks: TaskTracker,
}

impl Origin {
    /// Serves the site on a free port of 127.0.0.1, in the clear: HTTP/1.1, and HTTP/2 with prior knowledge.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(site: Site) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(Plain), site)
    }

    /// Serves the site at an address, with every connection wrapped, in TLS for example.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start_at(address: SocketAddr, wrap: Arc<dyn Wrap>, site: Site) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let origin = Self {
            address: listener.local_addr()?,
            state: Arc::new(State::new(site)),
            closing: CancellationToken::new(),
            gone: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let acceptor = Acceptor {
            listener: tokio::net::TcpListener::from_std(listener)?,
            wrap,
            state: Arc::clone(&origin.state),
            closing: origin.closing.clone(),
            gone: origin.gone.clone(),
            tasks: origin.tasks.clone(),
        };
        origin.tasks.spawn(acceptor.run());
        Ok(origin)
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `http:` URL of a path, such as `/a.jpg`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests that it got.
    pub fn log(&self) -> &Log {
        &self.state.log
    }

    /// Changes how a path answers from now on.
    pub fn set(&self, path: &str, behaviour: Behaviour) {
        self.change(|site| site.set(path, behaviour));
    }

    /// Changes the site from now on.
    pub fn change(&self, change: impl FnOnce(&mut Site)) {
        change(&mut self.state.site.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Stops: takes no new connections, lets answers under way end for a short time, and then ends the rest.
    pub async fn stop(self) {
        self.closing.cancel();
        self.tasks.close();
        // What has not ended by itself ends when `self` is dropped.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, self.tasks.wait()).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.closing.cancel();
        self.gone.cancel();
    }
}
