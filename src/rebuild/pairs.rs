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
}
