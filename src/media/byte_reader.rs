//! Integers and slices at offsets of untrusted bytes. Every read is checked; none panics or allocates.

/// Reads fields of a byte slice by offset. A read beyond the end gives `None`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteReader<'a>(pub(super) &'a [u8]);

/// The byte order of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl<'a> ByteReader<'a> {
    /// The number of bytes.
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// The `len` bytes at `at`; `None` if some of them are missing.
    pub(super) fn slice(self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(len)?)
    }

    /// All bytes from `at` on.
    pub(super) fn from(self, at: usize) -> Option<Self> {
        self.0.get(at..).map(Self)
    }

    /// The bytes `start..start + len`, shortened to what exists.
    pub(super) fn window(self, start: usize, len: usize) -> Self {
        let start = start.min(self.len());
        let end = start.saturating_add(len).min(self.len());
        Self(self.0.get(start..end).unwrap_or_default())
    }

    /// Whether the bytes at `at` equal `text`.
    pub(super) fn has(self, at: usize, text: &[u8]) -> bool {
        self.slice(at, text.len()) == Some(text)
    }

    /// The byte at `at`.
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.slice(at, N)?.try_into().ok()
    }

    /// A 16-bit integer.
    pub(super) fn u16(self, at: usize, order: ByteOrder) -> Option<u16> {
        self.array(at).map(|bytes| match order {
            ByteOrder::Big => u16::from_be_bytes(bytes),
            ByteOrder::Little => u16::from_le_bytes(bytes),
        })
    }

    /// A 32-bit integer.
    pub(super) fn u32(self, at: usize, order: ByteOrder) -> Option<u32> {
        self.array(at).map(|bytes| match order {
            ByteOrder::Big => u32::from_be_bytes(bytes),
            ByteOrder::Little => u32::from_le_bytes(bytes),
        })
    }

    /// A 64-bit integer.
    pub(super) fn u64(self, at: usize, order: ByteOrder) -> Option<u64> {
        self.array(at).map(|bytes| match order {
            ByteOrder::Big => u64::from_be_bytes(bytes),
            ByteOrder::Little => u64::from_le_bytes(bytes),
        })
    }

    /// A big-endian 16-bit integer.
    pub(super) fn be16(self, at: usize) -> Option<u16> {
        self.u16(at, ByteOrder::Big)
    }

    /// A big-endian 32-bit integer.
    pub(super) fn be32(self, at: usize) -> Option<u32> {
        self.u32(at, ByteOrder::Big)
    }

    /// A little-endian 16-bit integer.
    pub(super) fn le16(self, at: usize) -> Option<u16> {
        self.u16(at, ByteOrder::Little)
    }

    /// A little-endian 24-bit integer.
    pub(super) fn le24(self, at: usize) -> Option<u32> {
        let [a, b, c] = self.array(at)?;
        Some(u32::from_le_bytes([a, b, c, 0]))
    }

    /// A little-endian 32-bit integer.
    pub(super) fn le32(self, at: usize) -> Option<u32> {
        self.u32(at, ByteOrder::Little)
    }
}
