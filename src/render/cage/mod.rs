//! Images are decoded in processes of their own, which can do nothing but compute.
//!
//! Every image comes from a stranger, and not all decoders promise memory safety. So the program starts workers: itself,
//! with another command, an empty environment and three pipes. A worker gives up every right that decoding does not need
//! before it sees an image, and the kernel holds it to that. What it sends back is a claim: lengths are bounded, and each
//! rendition is looked at again.
//!
//! The fonts that text is drawn with go along with the image that needs them, because a worker can open no file.
//!
//! A worker that ends, answers nothing in time or answers nonsense costs one image. A worker that has decoded others
//! before may suffer from one of them: then a new one tries once more, unless it was the time that ran out.

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

use tracing::{info, warn};

use self::process::{Fault, Worker};
use self::protocol::{Request, Terms, VERSION};
use crate::config::{MediaConfig, Sandbox, ThumbnailConfig};
use crate::locks::Mutex;
use crate::media::{Fonts, MediaError, Renditions};

pub use self::protocol::Confinement;
pub use self::worker::{work, work_with};

/// What a worker may use of its address space beyond `media.max_alloc`: the program itself, the image, and what is made
/// of it.
const BESIDE: u64 = 512 << 20;
/// How long a worker works before another takes its place, in processor seconds at most.
const WORKING_LIFE: Duration = Duration::from_secs(600);

/// No worker can be had. That is no fault of an image: it is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CageError {
    /// None can be started.
    #[error(
        "cannot start a process that decodes images: {cause}; `sandbox = \"off\"` in [media] decodes them in the program \
         itself"
    )]
    Start {
        /// Why.
        cause: io::Error,
    },
    /// Somebody ended it, and the one that took its place.
    #[error("the process that decodes images was ended from outside: {how}")]
    Killed {
        /// How.
        how: String,
    },
}

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

    /// Makes the renditions of an image, whose text is drawn with these fonts.
    ///
    /// # Errors
    /// No worker can be had. What a worker does is an error of the image.
    pub async fn thumbnails(
        &self,
        bytes: &[u8],
        sizes: &[ThumbnailConfig],
        fonts: &Fonts,
    ) -> Result<Renditions, CageError> {
        let mut killed = 0;
        let mut worker = self.worker().await?;
        loop {
            let request = self.request(bytes, sizes, fonts);
            let is_new = worker.is_new();
            match worker.renditions(&request, (bytes, fonts), &self.limits, self.give_up).await {
                Ok(renditions) => {
                    if worker.worked < WORKING_LIFE {
                        self.idle.lock().push(worker);
                    }
                    return Ok(renditions);
                }
                Err(Fault::Killed(how)) if killed > 0 => return Err(CageError::Killed { how }),
                Err(Fault::Killed(_)) => killed += 1,
                // What takes too long takes as long again.
                Err(Fault::Image(error)) if is_new || error == MediaError::OutOfTime => {
                    return Ok(Renditions::failed(error, sizes.len()));
                }
                Err(Fault::Image(error)) => info!(%error, "a worker failed that had decoded others; a new one tries"),
            }
            worker = self.start().await?;
        }
    }

    fn request(&self, bytes: &[u8], sizes: &[ThumbnailConfig], fonts: &Fonts) -> Request {
        Request {
            number: self.requests.fetch_add(1, Ordering::Relaxed),
            limits: (&self.limits).into(),
            sizes: sizes.to_vec(),
            length: bytes.len() as u64,
            fonts: fonts.files().map(|file| file.len() as u64).collect(),
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
        match idle {
            Some(worker) => Ok(worker),
            None => self.start().await,
        }
    }

    async fn start(&self) -> Result<Worker, CageError> {
        let started = Worker::start(&self.command, self.terms).await;
        let (worker, confinement) = started.map_err(|cause| CageError::Start { cause })?;
        self.confinement.get_or_init(|| said(confinement));
        Ok(worker)
    }
}

/// Logs what confines the workers: where the kernel of Linux lacks the most of it, as a warning.
fn said(confinement: Confinement) -> Confinement {
    let (in_force, lacking) = (confinement.in_force.join(", "), confinement.lacking.join("; "));
    if cfg!(target_os = "linux") && confinement.lacks_seccomp() {
        warn!(in_force, lacking, "images are decoded in a process of their own that could do more than compute");
    } else {
        info!(in_force, lacking, "images are decoded in a process of their own");
    }
    confinement
}
