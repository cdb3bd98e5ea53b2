//! Images that a mirrored text shows and the catalog does not know: they come without a request.

use std::collections::HashMap;

use super::error::MirrorError;
use crate::archive::{Archive, NewReference, ObjectError, Prefix, StoreKey};
use crate::fetch::{Answer, Fetched};
use crate::model::{Digest, MediaType, Span, Validators};
use crate::source::Received;

/// Holds what a text `showed` in place of its references for the URLs that the catalog has no image of. The text leads to
/// what these URLs gave once.
pub(super) async fn hold(
    archive: &Archive,
    received: &Received,
    references: &[NewReference],
    showed: Vec<(Span, StoreKey)>,
) -> Result<(), MirrorError> {
    let showed: HashMap<Span, StoreKey> = showed.into_iter().collect();
    for reference in references {
        let Some((url, key)) = reference.url.as_ref().zip(showed.get(&reference.place.span)) else { continue };
        if archive.catalog.url(url).await?.is_some_and(|row| row.asset.is_some()) {
            continue;
        }
        let Some((digest, media_type)) = blob_of(archive, key).await? else { continue };
        let Ok(bytes) = archive.read_verified(digest, media_type).await else { continue };
        let staging = archive.objects.staging();
        let staged = staging.write(&bytes).map_err(ObjectError::unstaged(staging))?;
        let answer = Answer::Body { staged, validators: Validators::default(), accepted: None };
        received.hold(url.clone(), Fetched::without_request(Ok(answer)));
    }
    Ok(())
}

/// The blob that a link shows: itself, or the one that the thumbnail was made from.
async fn blob_of(archive: &Archive, key: &StoreKey) -> Result<Option<(Digest, MediaType)>, MirrorError> {
    match key {
        StoreKey::Blob { digest, media_type } => Ok(Some((*digest, *media_type))),
        StoreKey::Thumbnail { original, .. } => {
            let stored = archive.objects.list(Prefix::Blobs(original.as_bytes()[0])).await?;
            Ok(stored.into_iter().find_map(|(key, _)| match key {
                StoreKey::Blob { digest, media_type } if digest == *original => Some((digest, media_type)),
                _ => None,
            }))
        }
        _ => Ok(None),
    }
}
