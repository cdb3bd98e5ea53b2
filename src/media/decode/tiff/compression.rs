//! Strips and tiles as their encoder got them: the compressions of TIFF 6.0 and its supplements.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use libjpeg_turbo_rs::{Decoder, PixelFormat};
use weezl::BitOrder;
use weezl::decode::Decoder as LzwDecoder;

use super::fax::{self, Coding};
use super::layout::{Layout, Photometric, Piece};
use crate::media::decode::pack_bits::unpacked;
use crate::media::error::MediaError;
use crate::media::ifd::Directory;

const T4_OPTIONS: u16 = 292;
const JPEG_TABLES: u16 = 347;
/// JPEG as of Adobe's supplement 2.
pub(super) const JPEG: u32 = 7;

/// The bytes of a piece, `expected` at most; what breaks off is zero.
pub(super) fn decompressed(
    piece: &Piece<'_>,
    layout: &Layout,
    page: &Directory<'_>,
    expected: usize,
) -> Result<Vec<u8>, MediaError> {
    let stored = in_order(piece.data.0, layout.reversed);
    // A bit of 1 is what the codes call black; which color it is, the page says.
    let fax = |coding| {
        let made = fax::decode(&stored, coding, piece.width, piece.height);
        made.ok_or_else(|| MediaError::damaged("no row of its fax codes is whole"))
    };
    let mut bytes = match layout.compression {
        1 => stored.iter().copied().take(expected).collect(),
        2 => fax(Coding::Rows)?,
        3 => fax(Coding::Group3(page.number(T4_OPTIONS).is_some_and(|options| options & 1 == 1)))?,
        4 => fax(Coding::Group4)?,
        5 => lzw(&stored, expected),
        JPEG => jpeg(piece, page, layout)?,
        8 | 32_946 => inflated(&stored, expected),
        32_773 => unpacked(&stored, expected),
        other => return Err(MediaError::Variant(format!("TIFF with {}", name(other)))),
    };
    if bytes.is_empty() {
        return Err(MediaError::damaged("a strip or a tile cannot be decompressed"));
    }
    bytes.resize(expected, 0);
    Ok(bytes)
}

fn name(compression: u32) -> String {
    let known = match compression {
        6 => "JPEG of the kind before 1995",
        32_809 => "the compression of ThunderScan",
        34_676 | 34_677 => "the compression of SGI",
        34_712 => "JPEG 2000",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP",
        50_002 => "JPEG XL",
        other => return format!("the compression {other}"),
    };
    format!("{known} in it")
}

/// Bytes with their highest bit first (section 8, `FillOrder`).
fn in_order(stored: &[u8], reversed: bool) -> std::borrow::Cow<'_, [u8]> {
    if reversed { stored.iter().map(|byte| byte.reverse_bits()).collect() } else { stored.into() }
}

/// Section 13. Files of old libtiff have the lowest bit of a code first, and begin with one that clears the table.
fn lzw(stored: &[u8], expected: usize) -> Vec<u8> {
    let is_old = stored.first() == Some(&0) && stored.get(1).is_some_and(|byte| byte & 1 == 1);
    let mut decoder =
        if is_old { LzwDecoder::new(BitOrder::Lsb, 8) } else { LzwDecoder::with_tiff_size_switch(BitOrder::Msb, 8) };
    let mut out = vec![0; expected];
    let (mut read, mut made) = (0, 0);
    while made < expected && !decoder.has_ended() {
        let step = decoder.decode_bytes(&stored[read..], &mut out[made..]);
        (read, made) = (read + step.consumed_in, made + step.consumed_out);
        if step.status.is_err() || step.consumed_in + step.consumed_out == 0 {
            break;
        }
    }
    out.truncate(made);
    out
}

/// Zlib streams; some writers leave out their header.
fn inflated(stored: &[u8], expected: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(expected);
    // What came before an error is kept.
    let _ = ZlibDecoder::new(stored).take(expected as u64).read_to_end(&mut out);
    if out.is_empty() {
        let _ = DeflateDecoder::new(stored).take(expected as u64).read_to_end(&mut out);
    }
    out
}

/// A piece in JPEG, of which the tables stand in a tag. The decoder gets one file of both, with Adobe's marker, which says
/// whether the colors are Y, Cb and Cr.
fn jpeg(piece: &Piece<'_>, page: &Directory<'_>, layout: &Layout) -> Result<Vec<u8>, MediaError> {
    let file = jpeg_file(piece.data.0, page, layout.photometric == Photometric::YCbCr);
    let mut decoder = Decoder::new(&file).map_err(MediaError::damaged)?;
    let header = decoder.header();
    let (width, height) = (usize::from(header.width), usize::from(header.height));
    if header.components.len() != piece.samples || width > piece.width + 16 || height > piece.height + 16 {
        return Err(MediaError::damaged("the JPEG in it is not of its size"));
    }
    decoder.set_output_format(match piece.samples {
        1 => PixelFormat::Grayscale,
        3 => PixelFormat::Rgb,
        4 => PixelFormat::Cmyk,
        count => return Err(MediaError::Variant(format!("TIFF with JPEG of {count} samples"))),
    });
    decoder.set_lenient(true);
    let image = decoder.decode_image().map_err(MediaError::damaged)?;
    Ok(rows_of(&image.data, image.width * piece.samples, piece.width * piece.samples, piece.height))
}

fn jpeg_file(body: &[u8], page: &Directory<'_>, ycc: bool) -> Vec<u8> {
    let adobe = [b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", &[u8::from(ycc)][..]].concat();
    let tables = page.bytes(JPEG_TABLES).map(|tables| tables.0).unwrap_or_default();
    let tables = tables.strip_prefix(b"\xff\xd8").unwrap_or(tables);
    let tables = tables.strip_suffix(b"\xff\xd9").unwrap_or(tables);
    [&adobe, tables, body.strip_prefix(b"\xff\xd8").unwrap_or(body)].concat()
}

/// Rows of another length.
fn rows_of(bytes: &[u8], from: usize, to: usize, height: usize) -> Vec<u8> {
    let mut out = vec![0; to * height];
    for (row, stored) in out.chunks_exact_mut(to).zip(bytes.chunks_exact(from.max(1))) {
        let length = to.min(from);
        row[..length].copy_from_slice(&stored[..length]);
    }
    out
}
