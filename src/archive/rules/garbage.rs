//! What keeps a blob alive.

/// Who refers to a blob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a reference of its own kind, and any one is enough")]
pub struct BlobUses {
    /// An article's newest version is made from it.
    pub is_original: bool,
    /// An article's earlier version was.
    pub was_original: bool,
    /// It is the newest good capture of a URL.
    pub is_asset: bool,
    /// It was the newest good capture of a URL.
    pub was_asset: bool,
    /// An article goes on showing it although its URL has newer bytes.
    pub is_shown_first: bool,
    /// It is the newest body of a URL that was refused.
    pub is_refused: bool,
    /// An exchange keeps it as evidence of what a host sent.
    pub is_evidence: bool,
}

impl BlobUses {
    /// Whether nothing refers to it, so that it can go once it is old enough.
    pub fn is_garbage(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_use_keeps_a_blob() {
        let unused = BlobUses::default();
        assert!(unused.is_garbage());
        for used in [
            BlobUses { is_original: true, ..unused },
            BlobUses { was_original: true, ..unused },
            BlobUses { is_asset: true, ..unused },
            BlobUses { was_asset: true, ..unused },
            BlobUses { is_shown_first: true, ..unused },
            BlobUses { is_refused: true, ..unused },
            BlobUses { is_evidence: true, ..unused },
        ] {
            assert!(!used.is_garbage(), "{used:?}");
        }
    }
}
