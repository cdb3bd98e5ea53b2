//! What is known of an asset after its bytes were fetched again.

use crate::model::Asset;

/// What is known of an asset is renewed whenever its bytes are probed, except its media type: links in existing mirrors
/// end in its extension. A perceptual hash that was not computed this time stays as well.
#[must_use]
pub(super) fn renewed(known: Option<&Asset>, found: &Asset) -> Asset {
    Asset {
        media_type: known.map_or(found.media_type, |known| known.media_type),
        perceptual_hash: found.perceptual_hash.or_else(|| known?.perceptual_hash),
        ..found.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ending, MediaType};

    #[test]
    fn the_media_type_and_a_hash_stay_and_all_else_is_renewed() {
        let known = Asset { perceptual_hash: Some(7), width: 1, ..Asset::of_type(MediaType::Tiff) };
        let found = Asset { width: 2, ending: Ending::Truncated, ..Asset::of_type(MediaType::Jpeg) };
        let expected = Asset { width: 2, ending: Ending::Truncated, ..known.clone() };
        assert_eq!(renewed(Some(&known), &found), expected);
        assert_eq!(renewed(None, &found), found);
        let hashed = Asset { perceptual_hash: Some(8), ..found };
        assert_eq!(renewed(Some(&known), &hashed).perceptual_hash, Some(8));
    }
}
