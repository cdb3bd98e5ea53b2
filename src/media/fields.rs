//! Numbers and slices at offsets of untrusted bytes. Every read is checked; none can panic or allocate.

/// Bytes whose fields are read by offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// The order of a number's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Most significant first.
    Big,
    /// Least significant first.
    Little,
}

impl<'a> Fields<'a> {
    /// How many bytes there are.
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// `len` bytes from `at`, where all of them are there.
    pub(super) fn slice(self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(len)?)
    }

    /// All bytes from `at`.
    pub(super) fn from(self, at: usize) -> Option<Self> {
        self.0.get(at..).map(Self)
    }

    /// The bytes `start..start + len`, cut short where there are fewer.
    pub(super) fn window(self, start: usize, len: usize) -> Self {
        let start = start.min(self.len());
        let end = start.saturating_add(len).min(self.len());
        Self(self.0.get(start..end).unwrap_or_default())
    }

    /// Whether `text` stands at `at`.
    pub(super) fn has(self, at: usize, text: &[u8]) -> bool {
        self.slice(at, text.len()) == Some(text)
    }

    /// One byte.
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.slice(at, N)?.try_into().ok()
    }

    /// Two bytes.
    pub(super) fn u16(self, at: usize, order: Order) -> Option<u16> {
        self.array(at).map(|bytes| match order {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        })
    }

    /// Four bytes.
    pub(super) fn u32(self, at: usize, order: Order) -> Option<u32> {
        self.array(at).map(|bytes| match order {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        })
    }

    /// Eight bytes.
    pub(super) fn u64(self, at: usize, order: Order) -> Option<u64> {
        self.array(at).map(|bytes| match order {
            Order::Big => u64::from_be_bytes(bytes),
            Order::Little => u64::from_le_bytes(bytes),
        })
    }

    /// Two bytes, most significant first.
    pub(super) fn be16(self, at: usize) -> Option<u16> {
        self.u16(at, Order::Big)
    }

    /// Four bytes, most significant first.
    pub(super) fn be32(self, at: usize) -> Option<u32> {
        self.u32(at, Order::Big)
    }

    /// Two bytes, least significant first.
    pub(super) fn le16(self, at: usize) -> Option<u16> {
        self.u16(at, Order::Little)
    }

    /// Three bytes, least significant first.
    pub(super) fn le24(self, at: usize) -> Option<u32> {
        let [a, b, c] = self.array(at)?;
        Some(u32::from_le_bytes([a, b, c, 0]))
    }

    /// Four bytes, least significant first.
    pub(super) fn le32(self, at: usize) -> Option<u32> {
        self.u32(at, Order::Little)
    }
}
