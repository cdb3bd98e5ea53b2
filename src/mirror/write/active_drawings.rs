//! Drawings that an article opens as documents. From another site they act for that one; with a local link their scripts
//! would run with the rights of the site that shows the mirror.

use std::collections::HashSet;

use super::links::Rule;
use crate::archive::{Archive, AssetRow, ReferenceRow};
use crate::media;
use crate::model::{Digest, MediaType};

/// The largest drawing that is read for it. Larger ones count as active.
const LARGEST: u64 = 8 << 20;

/// Those of the drawings that the references of an article open which may run scripts, or of which that is not known.
pub(super) async fn active_drawings(archive: &Archive, rule: &Rule<'_>, rows: &[ReferenceRow]) -> HashSet<Digest> {
    let mut active = HashSet::new();
    let mut seen = HashSet::new();
    for drawing in rule.opened(rows).filter(|opened| opened.asset.media_type.is_svg()) {
        if seen.insert(drawing.digest) && is_active(archive, drawing).await {
            active.insert(drawing.digest);
        }
    }
    active
}

async fn is_active(archive: &Archive, AssetRow { digest, size, asset }: &AssetRow) -> bool {
    // A compressed one is a drawing to some servers, and nothing to others.
    if *size > LARGEST || asset.media_type != MediaType::Svg {
        return true;
    }
    let read = archive.read_verified(*digest, asset.media_type).await;
    read.map_or(true, |drawing| media::is_active(&drawing))
}
