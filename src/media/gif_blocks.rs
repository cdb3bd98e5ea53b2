//! The blocks of a GIF file (`GIF89a` specification).

use super::byte_reader::ByteReader;

/// The size of a color table in bytes, from the packed field that declares it (sections 18 and 20).
pub(super) const fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// The offset behind a chain of sub-blocks (section 15).
pub(super) fn after_sub_blocks(bytes: ByteReader<'_>, mut at: usize) -> Option<usize> {
    loop {
        let size = usize::from(bytes.u8(at)?);
        at += 1 + size;
        if size == 0 {
            return Some(at);
        }
    }
}
