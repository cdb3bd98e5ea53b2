//! Fixity: bytes and structure.
//!
//! Two passes, because neither sees what the other does. The first hashes every blob and thumbnail and compares it with
//! its name or row. The second follows every row to the file that it names. Damage is data: one [`Finding`] each.
//! A run may go on meanwhile, so a finding is looked up again before it is reported.

mod articles;
mod blobs;
mod configured;
mod error;
mod finding;
mod mirror_file;
mod pace;
mod repair;
mod repair_source;
mod subset;
mod untrusted;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use crate::archive::Archive;

use pace::Pace;

pub use configured::ConfiguredRepairSource;
pub use error::VerifyError;
pub use finding::{Damage, Finding};
pub use mirror_file::{FindMirror, MirrorFile, find_mirror};
pub use repair::{Repair, repair};
pub use repair_source::RepairSource;
pub use subset::{NotASubset, Subset};
pub use untrusted::verify_untrusted;

/// How many files are read at a time.
const SIDE_BY_SIDE: usize = 8;

/// MiB of articles that are compared at a time, of all together. One that is larger is compared alone.
const MEMORY: u32 = 128;

/// What is verified, and how fast.
pub struct VerifyOptions {
    /// The part of everything.
    pub subset: Subset,
    /// Bytes read per second, at most; `None` for as fast as it goes.
    pub rate: Option<u64>,
    /// Where mirrors are.
    pub find_mirror: Box<FindMirror>,
}

/// How far a verification is, for whoever displays it.
#[derive(Debug, Default)]
pub struct VerifyProgress {
    blobs: AtomicU64,
    bytes: AtomicU64,
    thumbnails: AtomicU64,
    articles: AtomicU64,
    findings: AtomicU64,
}

/// What was verified so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct VerifyCounts {
    /// Blobs hashed.
    pub blobs: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// Thumbnails hashed.
    pub thumbnails: u64,
    /// Mirrored articles compared with their originals and their links followed.
    pub articles: u64,
    /// Findings.
    pub findings: u64,
}

impl VerifyProgress {
    /// The counts at this moment.
    pub fn counts(&self) -> VerifyCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        VerifyCounts {
            blobs: get(&self.blobs),
            bytes: get(&self.bytes),
            thumbnails: get(&self.thumbnails),
            articles: get(&self.articles),
            findings: get(&self.findings),
        }
    }
}

fn add(count: &AtomicU64, by: usize) {
    count.fetch_add(by as u64, Ordering::Relaxed);
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Verification {
    /// What was verified.
    pub counts: VerifyCounts,
    /// Blobs without a row: a crash may leave them, and `gc` removes them.
    pub orphans: u64,
    /// What is damaged.
    pub findings: Vec<Finding>,
}

/// One verification under way.
struct Verifier {
    archive: Arc<Archive>,
    options: VerifyOptions,
    pace: Pace,
    progress: Arc<VerifyProgress>,
    /// A permit for each MiB of articles that are compared at a time.
    memory: Semaphore,
}

/// Verifies everything in the subset, and reports each damaged thing once.
pub async fn verify(
    archive: Arc<Archive>,
    options: VerifyOptions,
    progress: Arc<VerifyProgress>,
) -> Result<Verification, VerifyError> {
    let pace = Pace::new(options.rate);
    let verifier = Arc::new(Verifier { archive, options, pace, progress, memory: Semaphore::new(MEMORY as usize) });
    let integrity = verifier.archive.catalog.integrity().await?;
    let mut found = Verification::default();
    verifier.report(&mut found, integrity.into_iter().map(|detail| Finding::Catalog { detail }));
    for shard in (0..=u8::MAX).filter(|shard| verifier.options.subset.covers_shard(*shard)) {
        verifier.verify_shard(shard, &mut found).await?;
    }
    verifier.verify_articles(&mut found).await?;
    found.counts = verifier.progress.counts();
    Ok(found)
}

impl Verifier {
    fn report(&self, found: &mut Verification, findings: impl IntoIterator<Item = Finding>) {
        let before = found.findings.len();
        found.findings.extend(findings);
        add(&self.progress.findings, found.findings.len() - before);
    }
}
