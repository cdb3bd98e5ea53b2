//! Drawings that an article opens as documents. From another site they act for that one; with a local link their scripts
//! would run with the rights of the site that shows the mirror.

use std::collections::HashSet;

use super::links::Rule;
use crate::archive::{Archive, AssetRow, ObjectError, ReadError, ReferenceRow};
use crate::media;
use crate::model::{Digest, MediaType};

/// The largest drawing that is read for it. Larger ones count as active.
const LARGEST: u64 = 8 << 20;

/// Drawings that stay remote where an article opens them.
#[derive(Default)]
pub(super) struct ActiveDrawings {
    /// Those that may run scripts, or of which that is not known.
    pub(super) digests: HashSet<Digest>,
    /// Why it is not known of one: it is missing or damaged.
    pub(super) unread: Option<ReadError>,
}

/// Those among the drawings that the references of an article open.
pub(super) async fn active_drawings(
    archive: &Archive,
    rule: &Rule<'_>,
    rows: &[ReferenceRow],
) -> Result<ActiveDrawings, ObjectError> {
    let mut active = ActiveDrawings::default();
    let mut seen = HashSet::new();
    for drawing in rule.opened(rows).filter(|opened| opened.asset.media_type.may_act()) {
        if !seen.insert(drawing.digest) {
            continue;
        }
        let is_active = match is_active(archive, drawing).await {
            Err(ReadError::Object(error)) => return Err(error),
            Err(unread) => {
                active.unread = Some(unread);
                true
            }
            Ok(is_active) => is_active,
        };
        if is_active {
            active.digests.insert(drawing.digest);
        }
    }
    Ok(active)
}

async fn is_active(archive: &Archive, AssetRow { digest, size, asset }: &AssetRow) -> Result<bool, ReadError> {
    // A compressed one is a drawing to some servers, and nothing to others.
    if *size > LARGEST || asset.media_type != MediaType::Svg {
        return Ok(true);
    }
    Ok(media::is_active(&archive.read_verified(*digest, asset.media_type).await?))
}
