//! Fixity: bytes and structure.
//!
//! Two passes, as neither sees what the other does: every blob and thumbnail is hashed and compared with its name or
//! record, and every record is followed to the file it promises. What is wrong is data, one [`Finding`] each.
//! A run may go on meanwhile: what seems wrong is looked up again before it is told.

mod articles;
mod blobs;
mod finding;
mod origin;
mod pace;
mod repair;
mod subset;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::archive::{Archive, CatalogError, ObjectError, Output};
use crate::model::ArticleKey;

use pace::Pace;

pub use finding::{Damage, Finding};
pub use origin::{Settings, find_mirror};
pub use repair::{Origin, Repair, repair};
pub use subset::{NotASubset, Subset};

/// How many files are read side by side.
const SIDE_BY_SIDE: usize = 8;

/// Where an article's mirror is.
#[derive(Clone)]
pub struct MirrorFile {
    /// The mirrors of its source.
    pub output: Output,
    /// Whether people edit it there: then a file that was touched is no damage.
    pub in_place: bool,
}

/// Finds the mirror of an article.
pub type FindMirror = dyn Fn(&ArticleKey) -> MirrorFile + Send + Sync;

/// What is verified, and how fast.
pub struct Options {
    /// The part of everything.
    pub subset: Subset,
    /// Bytes read per second, at most; `None` for as fast as it goes.
    pub rate: Option<u64>,
    /// Where mirrors are.
    pub find_mirror: Box<FindMirror>,
}

/// A verification that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of objects cannot be read as a whole.
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

/// How far a verification is: to be looked at while it goes on.
#[derive(Debug, Default)]
pub struct Progress {
    blobs: AtomicU64,
    bytes: AtomicU64,
    thumbnails: AtomicU64,
    articles: AtomicU64,
    findings: AtomicU64,
}

/// What was looked at so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Blobs hashed.
    pub blobs: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// Thumbnails hashed.
    pub thumbnails: u64,
    /// Mirrored articles compared with their originals and their links followed.
    pub articles: u64,
    /// Things found damaged.
    pub findings: u64,
}

impl Progress {
    /// The counts at this moment.
    pub fn counts(&self) -> Counts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
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
pub struct Verification {
    /// What was looked at.
    pub counts: Counts,
    /// Blobs that are on no record, which a crash may leave and `gc` removes.
    pub orphans: u64,
    /// What is damaged.
    pub findings: Vec<Finding>,
}

/// One verification under way.
struct Verifier {
    archive: Arc<Archive>,
    options: Options,
    pace: Pace,
    progress: Arc<Progress>,
}

/// Looks at everything in the subset, and names each damaged thing once.
pub async fn verify(
    archive: Arc<Archive>,
    options: Options,
    progress: Arc<Progress>,
) -> Result<Verification, VerifyError> {
    let pace = Pace::new(options.rate);
    let verifier = Arc::new(Verifier { archive, options, pace, progress });
    let integrity = verifier.archive.catalog.integrity().await?;
    let mut found = Verification::default();
    verifier.tell(&mut found, integrity.into_iter().map(|detail| Finding::Catalog { detail }));
    for shard in (0..=u8::MAX).filter(|shard| verifier.options.subset.covers_shard(*shard)) {
        verifier.verify_shard(shard, &mut found).await?;
    }
    verifier.verify_articles(&mut found).await?;
    found.counts = verifier.progress.counts();
    Ok(found)
}

impl Verifier {
    fn tell(&self, found: &mut Verification, findings: impl IntoIterator<Item = Finding>) {
        let before = found.findings.len();
        found.findings.extend(findings);
        add(&self.progress.findings, found.findings.len() - before);
    }
}
