//! Waits that a test controls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Holds answers back until somebody lets them pass; clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets `count` waits pass: those that stand at the gate first, and then those that come.
    pub fn let_pass(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// What an answer, or the next piece of it, waits for.
#[derive(Debug, Clone)]
pub enum Wait {
    /// Time.
    For(Duration),
    /// A test.
    At(Gate),
}

impl Wait {
    pub(super) async fn pass(&self) {
        match self {
            Self::For(duration) => tokio::time::sleep(*duration).await,
            Self::At(gate) => gate.pass().await,
        }
    }
}

impl From<Duration> for Wait {
    fn from(duration: Duration) -> Self {
        Self::For(duration)
    }
}

impl From<&Gate> for Wait {
    fn from(gate: &Gate) -> Self {
        Self::At(gate.clone())
    }
}
