//! Supplies what a file lacks at its end, because decoders insist on it.

use std::borrow::Cow;

use super::byte_reader::ByteReader;
use super::decode::check_size;
use super::png_chunks::{self, write_chunk};
use super::riff::Chunks;
use super::{cut_gif, cut_png};
use crate::config::MediaConfig;
use crate::model::{Asset, Ending, MediaType};

/// The bytes of an image; with its end, if that is missing ([`Ending::NoEndMarker`]), and with pixels in place of those that
/// are missing ([`Ending::Truncated`]), so that what is there is shown.
pub(super) fn closed<'a>(bytes: &'a [u8], asset: &Asset, limits: &MediaConfig) -> Cow<'a, [u8]> {
    match asset.ending {
        Ending::Whole => Cow::Borrowed(bytes),
        Ending::NoEndMarker => with_end(bytes, asset),
        Ending::Truncated => filled_up(bytes, asset, limits).map_or(Cow::Borrowed(bytes), Cow::Owned),
    }
}

/// With the pixels that are missing. Other decoders than these fill up what is missing themselves, or show nothing of it.
fn filled_up(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Option<Vec<u8>> {
    // What is too large for a decoder is left for it to refuse.
    check_size(asset.width, asset.height, limits).ok()?;
    // The pixels, and the same packed again, are held beside what decoding takes.
    let most = if limits.max_alloc.0 == 0 { u64::MAX } else { limits.max_alloc.0 / 3 };
    match asset.media_type {
        MediaType::Png => cut_png::filled_up(ByteReader(bytes), most),
        MediaType::Gif => cut_gif::filled_up(ByteReader(bytes), most),
        _ => None,
    }
}

fn with_end<'a>(bytes: &'a [u8], asset: &Asset) -> Cow<'a, [u8]> {
    match asset.media_type {
        MediaType::Jpeg => Cow::Owned([bytes.strip_suffix(b"\xff").unwrap_or(bytes), b"\xff\xd9"].concat()),
        MediaType::Png => Cow::Owned(closed_png(ByteReader(bytes))),
        MediaType::Gif => Cow::Owned([bytes, b"\x3b"].concat()),
        MediaType::WebP => Cow::Owned(closed_webp(bytes)),
        // Zeros for the last row, of at most four bytes per pixel, and for the pointer to the next page.
        MediaType::Bmp => Cow::Owned([bytes, &vec![0; 4 * asset.width.min(WIDEST) as usize]].concat()),
        MediaType::Tiff => Cow::Owned([bytes, &[0; 8]].concat()),
        _ => Cow::Borrowed(bytes),
    }
}

/// The widest bitmap of which the last row is filled up: what is declared costs no memory.
const WIDEST: u32 = 1 << 16;

/// The whole chunks of a PNG, then the pixels of a broken one, then the last chunk.
fn closed_png(bytes: ByteReader<'_>) -> Vec<u8> {
    let mut file = bytes.window(0, 8).0.to_vec();
    for chunk in png_chunks::Chunks::of_file(bytes) {
        // With its checksum.
        if let Some(whole) = bytes.slice(chunk.begin(), chunk.length.saturating_add(12)) {
            file.extend_from_slice(whole);
        } else if chunk.kind == b"IDAT" {
            write_chunk(&mut file, chunk.kind, chunk.body.0);
        }
    }
    write_chunk(&mut file, b"IEND", b"");
    file
}

/// The whole chunks of a WebP, under a header that counts no others.
fn closed_webp(bytes: &[u8]) -> Vec<u8> {
    let mut chunks = Chunks::of_file(ByteReader(bytes));
    let mut end = chunks.position();
    while chunks.next().is_some_and(|chunk| chunk.whole) {
        end = chunks.position();
    }
    let mut file = bytes[..end.min(bytes.len())].to_vec();
    // The padding of the last chunk may be what is missing.
    file.resize(end, 0);
    if let Some(size) = file.get_mut(4..8) {
        size.copy_from_slice(&u32::try_from(end.saturating_sub(8)).unwrap_or(u32::MAX).to_le_bytes());
    }
    file
}
