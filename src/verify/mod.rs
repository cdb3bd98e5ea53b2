//! Fixity: bytes and structure.
//!
//! Two passes, because neither finds what the other does. The first hashes every blob and thumbnail and compares it
//! with its name or row. The second follows every row to the file that it names. Damage is data: one [`Finding`] each.
//! A run may be under way meanwhile, so a finding is checked again before it is reported.

mod articles;
mod blobs;
mod configured;
mod error;
mod finding;
mod mirror_file;
mod misplaced;
mod pace;
mod progress;
mod repair;
mod repair_source;
mod subset;
mod untrusted;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use crate::archive::{Archive, UnrecordedMirrors};
use crate::clock;
use crate::model::SourceName;

use pace::Pace;
use progress::add;

pub use configured::ConfiguredRepairSource;
pub use error::VerifyError;
pub use finding::{Damage, Finding};
pub use mirror_file::{FindMirror, MirrorFile, find_mirror};
pub use misplaced::{misplaced, move_misplaced};
pub use progress::{VerifyCounts, VerifyProgress};
pub use repair::{Repair, repair};
pub use repair_source::RepairSource;
pub use subset::{NotASubset, Subset};
pub use untrusted::verify_untrusted;

/// How many files are read at a time.
const SIDE_BY_SIDE: usize = 8;

/// MiB of articles that are compared at a time, of all together. One that is larger is compared alone.
const MEMORY: u32 = 128;

/// How many articles have rows in memory at a time. Those of a catalog that came from somebody else may be long.
const ARTICLES_WITH_ROWS: usize = 2;

/// What is verified, and how fast.
pub struct VerifyOptions {
    /// The part of everything.
    pub subset: Subset,
    /// Bytes read per second, at most; `None` for no limit.
    pub rate: Option<u64>,
    /// Where mirrors are.
    pub find_mirror: Box<FindMirror>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Verification {
    /// What was verified.
    pub counts: VerifyCounts,
    /// Blobs without a row: a crash may leave them, and `gc` removes them.
    pub orphans: u64,
    /// Mirrors that are not in the archive, of sources that the settings do not know: nobody says where they are.
    pub elsewhere: u64,
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
    /// A permit for each article with rows in memory.
    rows: Semaphore,
    /// The sources that have a mirror in the archive.
    in_archive: BTreeSet<SourceName>,
    /// Mirrors that were not looked at.
    elsewhere: AtomicU64,
}

/// Verifies everything in the subset, and reports each damaged thing once.
pub async fn verify(
    archive: Arc<Archive>,
    options: VerifyOptions,
    progress: Arc<VerifyProgress>,
) -> Result<Verification, VerifyError> {
    let pace = Pace::new(options.rate);
    let UnrecordedMirrors { unknown, sources: in_archive, .. } = archive.unrecorded_mirrors::<VerifyError>().await?;
    let (memory, rows) = (Semaphore::new(MEMORY as usize), Semaphore::new(ARTICLES_WITH_ROWS));
    let elsewhere = AtomicU64::default();
    let verifier = Arc::new(Verifier { archive, options, pace, progress, memory, rows, in_archive, elsewhere });
    verifier.progress.expect(verifier.expected().await?);
    let integrity = verifier.archive.catalog.integrity().await?;
    let mut found = Verification::default();
    verifier.report(&mut found, integrity.into_iter().map(|detail| Finding::Catalog { detail }));
    let newer = verifier.archive.newer_runs::<VerifyError>(clock::now()).await?;
    verifier.report(&mut found, newer.into_iter().map(|newer| Finding::Catalog { detail: newer.to_string() }));
    let unreadable = verifier.archive.unreadable_takedowns().await?;
    verifier.report(&mut found, unreadable.into_iter().map(Finding::unreadable_takedown));
    for shard in (0..=u8::MAX).filter(|shard| verifier.options.subset.covers_shard(*shard)) {
        verifier.verify_shard(shard, &mut found).await?;
    }
    verifier.report(&mut found, unknown.into_iter().map(Finding::unrecorded));
    verifier.verify_articles(&mut found).await?;
    found.elsewhere = verifier.elsewhere.load(Ordering::Relaxed);
    found.counts = verifier.progress.counts();
    Ok(found)
}

impl Verifier {
    /// How much there is to verify. What of the catalog cannot be read is not counted here, and found later.
    async fn expected(&self) -> Result<VerifyCounts, VerifyError> {
        let (catalog, subset) = (&self.archive.catalog, self.options.subset);
        let mut counts =
            VerifyCounts { articles: subset.share(catalog.totals().await?.articles), ..VerifyCounts::default() };
        for shard in (0..=u8::MAX).filter(|shard| subset.covers_shard(*shard)) {
            let blobs = catalog.blobs_on_record(shard).await?.into_iter().flatten();
            counts.blobs += blobs.filter(|row| subset.covers(row.digest)).count() as u64;
            let thumbnails = catalog.thumbnails_on_record(shard..=shard).await?.into_iter().flatten();
            counts.thumbnails +=
                thumbnails.filter(|row| row.made.is_ok() && subset.covers(row.original)).count() as u64;
        }
        Ok(counts)
    }

    fn report(&self, found: &mut Verification, findings: impl IntoIterator<Item = Finding>) {
        let before = found.findings.len();
        found.findings.extend(findings);
        add(&self.progress.findings, found.findings.len() - before);
    }
}
