//! The original of an article whose mirror is written.

use tokio::sync::OwnedSemaphorePermit;

use super::WriteStage;
use crate::archive::ArticleRow;
use crate::model::{ArticleVersion, ProblemReason};

/// The text of an article, with the memory that writing its mirror takes.
pub(super) struct Original {
    pub(super) bytes: Vec<u8>,
    _admitted: [OwnedSemaphorePermit; 2],
}

impl WriteStage {
    /// Reads the original once there is room for it, and for what is made of it: its rows, its mirror, and the proof of
    /// that. `None` where it is damaged; the report says so.
    pub(super) async fn original(&self, row: &ArticleRow) -> Option<Original> {
        let ArticleVersion { original, format, fingerprint, .. } = row.version;
        let text = self.memory.admit_text(fingerprint.size).await;
        match self.archive.read_verified(original, format.blob_type()).await {
            Ok(bytes) => {
                let mirror = self.memory.admit_mirror(&bytes, format).await;
                Some(Original { bytes, _admitted: [text, mirror] })
            }
            Err(error) => {
                self.report(row, ProblemReason::DamagedOriginal, error);
                None
            }
        }
    }
}
