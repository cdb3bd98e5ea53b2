//! A place that nobody may reach.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};

/// Listens at an address that the guard forbids, and counts who comes.
pub(crate) struct Canary {
    listener: TcpListener,
    came: Cell<usize>,
}

impl Canary {
    /// A canary at a free port of 127.0.0.1.
    pub(crate) fn new() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A canary at an address.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::try_at(address).unwrap()
    }

    /// A canary at an address, if this machine has it.
    pub(crate) fn try_at(address: SocketAddr) -> Option<Self> {
        let listener = TcpListener::bind(address).ok()?;
        listener.set_nonblocking(true).ok()?;
        Some(Self { listener, came: Cell::new(0) })
    }

    /// The address it listens at.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// How many connections were made to it so far. The system completes them without its doing, so none is missed
    /// that a client has seen succeed.
    pub(crate) fn connections(&self) -> usize {
        while self.listener.accept().is_ok() {
            self.came.set(self.came.get() + 1);
        }
        self.came.get()
    }
}

#[test]
fn a_canary_counts_every_connection() {
    use std::net::TcpStream;
    let canary = Canary::new();
    assert_eq!(canary.connections(), 0);
    let _first = TcpStream::connect(canary.address()).unwrap();
    assert_eq!(canary.connections(), 1);
    drop(TcpStream::connect(canary.address()).unwrap());
    assert_eq!(canary.connections(), 2);
}
