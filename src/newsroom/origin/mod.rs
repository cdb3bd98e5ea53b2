//! An HTTP server that does as it is told, also when that is wrong, and that writes down who asked for what and when.
//!
//! HTTP/1.1 is written by hand, byte by byte, because most of the faults are ones that no proper library commits;
//! HTTP/2 is hyper's. Which of them is spoken is told by the first bytes of a connection (RFC 9113, section 3.4).

mod answer;
mod behaviour;
mod bomb;
mod content;
mod gate;
mod http1;
mod http2;
mod log;
mod site;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::answer::End;
pub use self::behaviour::{Behaviour, Condition, Portion};
pub use self::content::Content;
pub use self::gate::{Gate, Wait};
pub use self::log::{Log, Request, TooFew, Version, Visit};
pub use self::site::Site;
pub use self::wire::{Plain, Stream, Wrap};

use self::answer::Answer;
use self::log::Ticket;

/// How long [`Origin::stop`] lets answers go on.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running origin. It stops when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    desk: Arc<Desk>,
    /// No new connections, and no further request on those there are.
    closing: CancellationToken,
    /// Nothing more at all.
    gone: CancellationToken,
    tasks: TaskTracker,
}

/// What all connections of an origin share.
#[derive(Debug)]
struct Desk {
    site: RwLock<Site>,
    log: Log,
}

impl Desk {
    /// Writes the request down and looks up what happens to it.
    fn receive(&self, request: &Request) -> (Answer, Ticket) {
        let ticket = self.log.arrived(request);
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        (site.answer(request), ticket)
    }
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
            desk: Arc::new(Desk { site: RwLock::new(site), log: Log::new() }),
            closing: CancellationToken::new(),
            gone: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let door = Door {
            listener: tokio::net::TcpListener::from_std(listener)?,
            wrap,
            desk: Arc::clone(&origin.desk),
            closing: origin.closing.clone(),
            gone: origin.gone.clone(),
            tasks: origin.tasks.clone(),
        };
        origin.tasks.spawn(door.open());
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

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.desk.log
    }

    /// Changes how a path answers from now on.
    pub fn set(&self, path: &str, behaviour: Behaviour) {
        self.change(|site| site.set(path, behaviour));
    }

    /// Changes the site from now on.
    pub fn change(&self, change: impl FnOnce(&mut Site)) {
        change(&mut self.desk.site.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Stops: takes no new connections, lets answers under way end for a short time, and then ends the rest.
    pub async fn stop(self) {
        self.closing.cancel();
        self.tasks.close();
        // What has not ended by itself ends when `self` is dropped.
        let _ = tokio::time::timeout(FAREWELL, self.tasks.wait()).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.closing.cancel();
        self.gone.cancel();
    }
}

/// Where connections come in.
struct Door {
    listener: tokio::net::TcpListener,
    wrap: Arc<dyn Wrap>,
    desk: Arc<Desk>,
    closing: CancellationToken,
    gone: CancellationToken,
    tasks: TaskTracker,
}

impl Door {
    async fn open(self) {
        while let Some(accepted) = self.closing.run_until_cancelled(self.listener.accept()).await {
            // An accept fails when the client is gone already or descriptors run out: both pass.
            let Ok((stream, peer)) = accepted else {
                tokio::task::yield_now().await;
                continue;
            };
            let caller = wire::Caller {
                peer,
                connection: self.desk.log.connected(),
                desk: Arc::clone(&self.desk),
                closing: self.closing.clone(),
            };
            let talk = wire::talk(stream, Arc::clone(&self.wrap), caller);
            let gone = self.gone.clone();
            self.tasks.spawn(async move { gone.run_until_cancelled(talk).await });
        }
    }
}
