//! References of an original beside those of its mirror.

use crate::archive::{StoreKey, linked_files};
use crate::model::{Digest, Reference, ReferenceKind};

/// Comparisons that are made for one article, at most: beyond it, references are paired in their order.
const COMPARED: usize = 4 << 20;

/// What distinguishes a reference from others of its article: its kind and the attribute or key that holds it.
pub(super) type Slot<'a> = (ReferenceKind, &'a str);

/// The places of references that belong together: of an original, and of its mirror, in which links around images may
/// have been added.
pub(super) fn pairs(original: &[Slot<'_>], mirror: &[Slot<'_>]) -> Vec<(usize, usize)> {
    if original.len().saturating_mul(mirror.len()) > COMPARED || original == mirror {
        let both = original.iter().zip(mirror).enumerate();
        return both.filter(|(_, (one, other))| one == other).map(|(at, _)| (at, at)).collect();
    }
    // The longest common subsequence: `longest[i][j]` is its length from these places on.
    let mut longest = vec![vec![0_u32; mirror.len() + 1]; original.len() + 1];
    for (i, one) in original.iter().enumerate().rev() {
        for (j, other) in mirror.iter().enumerate().rev() {
            longest[i][j] =
                if one == other { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut found, mut i, mut j) = (Vec::new(), 0, 0);
    while i < original.len() && j < mirror.len() {
        if original[i] == mirror[j] {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// The asset that a reference of a mirror shows: the blob itself, or the one that its thumbnail was made from.
pub(super) fn shown_by(reference: &Reference) -> Option<Digest> {
    let file = linked_files(reference.raw.as_bytes()).into_iter().next()?;
    match StoreKey::parse(&file)? {
        StoreKey::Blob { digest, .. } => Some(digest),
        StoreKey::Thumbnail { original, .. } => Some(original),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_are_paired_past_links_that_were_added() {
        let (image, full, srcset) =
            ((ReferenceKind::Markdown, "image"), (ReferenceKind::FullSize, "href"), (ReferenceKind::Srcset, "srcset"));
        assert_eq!(pairs(&[image, image], &[image, image]), [(0, 0), (1, 1)]);
        assert_eq!(pairs(&[image, image], &[image, full, image, full]), [(0, 0), (1, 2)]);
        assert_eq!(pairs(&[full, image], &[full, full, image]), [(0, 0), (1, 2)]);
        assert_eq!(pairs(&[image, srcset, image], &[image, image]), [(0, 0), (2, 1)]);
        assert_eq!(pairs(&[], &[image]), []);
    }

    fn slots() -> impl Strategy<Value = Vec<Slot<'static>>> {
        let slot = prop::sample::select(vec![
            (ReferenceKind::Markdown, "image"),
            (ReferenceKind::FullSize, "href"),
            (ReferenceKind::Image, "src"),
        ]);
        prop::collection::vec(slot, 0..9)
    }

    /// The length of the longest common subsequence, by trying everything.
    fn longest(one: &[Slot<'_>], other: &[Slot<'_>]) -> usize {
        match (one, other) {
            ([a, one @ ..], [b, others @ ..]) if a == b => 1 + longest(one, others),
            ([_, rest @ ..], [_, others @ ..]) => longest(rest, other).max(longest(one, others)),
            _ => 0,
        }
    }

    proptest! {
        /// As many as possible are paired, each with one of its kind, in order.
        #[test]
        fn no_pairing_is_longer_and_none_crosses(original in slots(), mirror in slots()) {
            let found = pairs(&original, &mirror);
            prop_assert!(found.iter().all(|(one, other)| original[*one] == mirror[*other]));
            prop_assert!(found.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            if original != mirror {
                prop_assert_eq!(found.len(), longest(&original, &mirror));
            }
        }

        /// Links that were added around images take no image from its place.
        #[test]
        fn added_links_take_nothing_away(original in slots(), places in prop::collection::vec(any::<prop::sample::Index>(), 0..5)) {
            let mut mirror: Vec<_> = original.clone();
            for place in places {
                mirror.insert(place.index(mirror.len() + 1), (ReferenceKind::Poster, "poster"));
            }
            let found = pairs(&original, &mirror);
            prop_assert_eq!(found.len(), original.len());
        }
    }
}
