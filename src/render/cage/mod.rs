//! Images are decoded in processes of their own, which can do nothing but compute.
//!
//! Every image comes from a stranger, and not all decoders promise memory safety. So the program starts workers: itself,
//! with another command, an empty environment and three pipes. A worker gives up every right that decoding does not need
//! before it sees an image, and the kernel holds it to that. What it sends back is a claim: lengths are bounded, and each
//! rendition is looked at again.
//!
//! A worker that ends, answers nothing in time or answers nonsense costs one image. A worker that has decoded others
//! before may suffer from one of them: then a new one tries once more.

pub(crate) mod check;
mod confine;
mod process;
#[allow(unnameable_types, reason = "what is said to a worker is named by tests alone")]
pub(crate) mod protocol;
mod worker;

use std::ffi::OsString;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::info;

use self::process::{Fault, Worker};
use self::protocol::{Request, Terms, VERSION};
use crate::config::{MediaConfig, Sandbox, ThumbnailConfig};
use crate::locks::Mutex;
use crate::media::{MediaError, Renditions};

pub use self::protocol::Confinement;
pub use self::worker::{work, work_with};

/// What a worker may use of its address space beyond `media.max_alloc`: the program itself, the image, and what is made
/// of it.
const BESIDE: u64 = 512 << 20;
/// How long a worker works before another takes its place, in processor seconds at most.
const WORKING_LIFE: Duration = Duration::from_secs(600);

/// No worker can be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot start a process that decodes images: {0}; `sandbox = \"off\"` in [media] decodes them in the program itself"
)]
pub struct CageError(#[from] io::Error);

/// The workers. As many are started as are needed at a time, and each is used again.
#[derive(Debug)]
pub struct Cage {
    command: Vec<OsString>,
    terms: Terms,
    /// After so long an image is given up.
    give_up: Duration,
    limits: MediaConfig,
    idle: Mutex<Vec<Worker>>,
    requests: AtomicU64,
    confinement: OnceLock<Confinement>,
}

impl Cage {
    /// The workers that the settings ask for; `None` where images are decoded in this process.
    pub fn new(limits: &MediaConfig, give_up: Duration) -> Option<Self> {
        let command = limits.worker.clone().filter(|_| limits.sandbox == Sandbox::Process)?;
        let memory = if limits.max_alloc.0 == 0 { 0 } else { limits.max_alloc.0.saturating_add(BESIDE) };
        let seconds = WORKING_LIFE.saturating_add(give_up.min(WORKING_LIFE)).as_secs();
        Some(Self {
            command,
            terms: Terms { version: VERSION, memory, seconds },
            give_up,
            limits: limits.clone(),
            idle: Mutex::default(),
            requests: AtomicU64::new(fastrand::u64(..u64::MAX / 2)),
            confinement: OnceLock::new(),
        })
    }

    /// Makes the renditions of an image.
    ///
    /// # Errors
    /// No worker can be started. What a worker does is an error of the image.
    pub async fn thumbnails(&self, bytes: &[u8], sizes: &[ThumbnailConfig]) -> Result<Renditions, CageError> {
        loop {
            let mut worker = self.worker().await?;
            let request = Request {
                number: self.requests.fetch_add(1, Ordering::Relaxed),
                limits: (&self.limits).into(),
                sizes: sizes.to_vec(),
                length: bytes.len() as u64,
            };
            let is_new = worker.is_new();
            match worker.renditions(&request, bytes, &self.limits, self.give_up).await {
                Ok(renditions) => {
                    if worker.worked < WORKING_LIFE {
                        self.idle.lock().push(worker);
                    }
                    return Ok(renditions);
                }
                Err(Fault::Silent) => return Ok(failed(MediaError::OutOfTime, sizes)),
                Err(Fault::Ended(error)) if is_new => return Ok(failed(error, sizes)),
                Err(Fault::Ended(error)) => info!(%error, "a worker failed that had decoded others; a new one tries"),
            }
        }
    }

    /// What confines the workers. One is started to find out.
    ///
    /// # Errors
    /// No worker can be started.
    pub async fn confinement(&self) -> Result<&Confinement, CageError> {
        if self.confinement.get().is_none() {
            let worker = self.worker().await?;
            self.idle.lock().push(worker);
        }
        Ok(self.confinement.get_or_init(Confinement::default))
    }

    async fn worker(&self) -> Result<Worker, CageError> {
        let idle = self.idle.lock().pop();
        if let Some(worker) = idle {
            return Ok(worker);
        }
        let (worker, confinement) = Worker::start(&self.command, self.terms).await?;
        self.confinement.get_or_init(|| {
            let Confinement { in_force, lacking } = &confinement;
            info!(
                in_force = in_force.join(", "),
                lacking = lacking.join("; "),
                "images are decoded in a process of their own"
            );
            confinement
        });
        Ok(worker)
    }
}

fn failed(error: MediaError, sizes: &[ThumbnailConfig]) -> Renditions {
    Renditions { sizes: vec![Err(error); sizes.len()], perceptual_hash: None }
}
