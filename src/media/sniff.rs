//! The type of bytes, by their content.
//!
//! Follows the WHATWG MIME Sniffing Standard (section 6, matching a media type pattern; section 7.1, identifying a
//! resource with an unknown MIME type), and goes beyond it where browsers show more than it names: the brands of ISO
//! base media files (ISO/IEC 14496-12, section 4.3), JPEG XL, JPEG 2000, TIFF and what cameras make of it, Photoshop,
//! and SVG as opposed to HTML.

use super::byte_reader::ByteReader;
use super::{camera_raw, markup, svgz};
use crate::model::MediaType;

/// The number of bytes that decide all types but those of text.
const WINDOW: usize = 4096;

/// The type of some bytes. Their first 512 decide, except for markup that begins with a long comment or doctype, which is
/// searched for its first element, and for the structure of TIFF, whose directories say whether it is camera raw.
pub fn sniff(bytes: &[u8]) -> MediaType {
    let head = &bytes[..bytes.len().min(WINDOW)];
    match signature(head).or_else(|| container(ByteReader(head))) {
        Some(MediaType::Tiff) => camera_raw::sniff(ByteReader(bytes)).unwrap_or(MediaType::Tiff),
        Some(found) => found,
        None if svgz::is_packed(head) => packed(bytes),
        None => markup::sniff(bytes),
    }
}

/// What gzip packs: SVG, or nothing that is known.
fn packed(bytes: &[u8]) -> MediaType {
    match markup::sniff(&svgz::unpacked(bytes, WINDOW).0) {
        MediaType::Svg => MediaType::Svgz,
        _ => MediaType::Unknown,
    }
}

/// Formats with a fixed signature.
fn signature(head: &[u8]) -> Option<MediaType> {
    const SIGNATURES: [(&[u8], MediaType); 24] = [
        (b"\xff\xd8\xff", MediaType::Jpeg),
        (b"\x89PNG\r\n\x1a\n", MediaType::Png),
        (b"GIF87a", MediaType::Gif),
        (b"GIF89a", MediaType::Gif),
        (b"\xff\x0a", MediaType::Jxl),
        (b"\0\0\0\x0cJXL \r\n\x87\n", MediaType::Jxl),
        (b"\0\0\0\x0cjP  \r\n\x87\n", MediaType::Jp2),
        (b"\xff\x4f\xff\x51", MediaType::Jp2),
        (b"II*\0", MediaType::Tiff),
        (b"MM\0*", MediaType::Tiff),
        (b"II+\0\x08\0\0\0", MediaType::Tiff),
        (b"MM\0+\0\x08\0\0", MediaType::Tiff),
        (b"8BPS\0\x01", MediaType::Psd),
        (b"8BPS\0\x02", MediaType::Psd),
        (b"FUJIFILMCCD-RAW ", MediaType::Raf),
        (b"IIRO\x08\0\0\0", MediaType::Orf),
        (b"IIRS\x08\0\0\0", MediaType::Orf),
        (b"MMOR\0\0\0\x08", MediaType::Orf),
        (b"IIU\0", MediaType::Rw2),
        (b"\x1aE\xdf\xa3", MediaType::WebM),
        (b"OggS\0", MediaType::Ogg),
        (b"ID3", MediaType::Mp3),
        (b"%PDF-", MediaType::Pdf),
        (b"WEBVTT", MediaType::Vtt),
    ];
    SIGNATURES.iter().find(|(start, _)| head.starts_with(start)).map(|&(_, found)| found)
}

/// Formats that a fixed signature does not identify.
fn container(head: ByteReader<'_>) -> Option<MediaType> {
    riff(head).or_else(|| brand(head)).or_else(|| windows(head)).or_else(|| mpeg_audio(head))
}

/// RIFF containers: WebP (RFC 9649, section 2.4) and WAVE.
fn riff(head: ByteReader<'_>) -> Option<MediaType> {
    if !head.has(0, b"RIFF") {
        return None;
    }
    match head.slice(8, 4)? {
        b"WEBP" => Some(MediaType::WebP),
        b"WAVE" => Some(MediaType::Wav),
        _ => None,
    }
}

/// ISO base media files, by the brands of their `ftyp` box. The brand of an image format counts as a compatible brand too,
/// because the major brand is often the general `mif1` or `msf1`.
fn brand(head: ByteReader<'_>) -> Option<MediaType> {
    if !head.has(4, b"ftyp") {
        return None;
    }
    let end = (head.be32(0)? as usize).clamp(16, 256);
    let brands = std::iter::once(8).chain((16..end).step_by(4)).map_while(|at| head.slice(at, 4));
    let mut general = MediaType::Mp4;
    for brand in brands {
        match brand {
            b"avif" | b"avis" => return Some(MediaType::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => return Some(MediaType::Heic),
            b"crx " => return Some(MediaType::Cr3),
            b"mif1" | b"msf1" => general = MediaType::Heic,
            _ => {}
        }
    }
    Some(general)
}

/// Windows bitmaps, icons and cursors. Their signatures are short, so the fields behind them must make sense too.
fn windows(head: ByteReader<'_>) -> Option<MediaType> {
    if head.has(0, b"BM") && matches!(head.le32(14)?, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124) {
        return Some(MediaType::Bmp);
    }
    match head.slice(0, 4)? {
        b"\0\0\x01\0" if is_icon_entry(head)? => Some(MediaType::Ico),
        b"\0\0\x02\0" if is_icon_entry(head)? => Some(MediaType::Cur),
        _ => None,
    }
}

/// Whether the first entry of an icon makes sense. Its reserved byte is 0, or the 255 of an encoder in wide use, whose
/// images follow the entries at once.
fn is_icon_entry(head: ByteReader<'_>) -> Option<bool> {
    let (count, reserved, offset) = (head.le16(4)?, head.u8(9)?, head.le32(18)?);
    let is_reserved = reserved == 0 || (reserved == 255 && offset == 6 + 16 * u32::from(count));
    Some(count > 0 && offset >= 22 && is_reserved)
}

/// An MPEG audio frame without an ID3 tag (WHATWG MIME Sniffing, section 6.2.4): the sync word, and a valid layer, bit rate
/// and sampling rate.
fn mpeg_audio(head: ByteReader<'_>) -> Option<MediaType> {
    let (first, second, third) = (head.u8(0)?, head.u8(1)?, head.u8(2)?);
    let synced = first == 0xff && second & 0xe0 == 0xe0 && second & 0x18 != 0x08 && second & 0x06 != 0;
    (synced && !matches!(third >> 4, 0 | 15) && third & 0x0c != 0x0c).then_some(MediaType::Mp3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: MediaType, heads: &[&[u8]]) {
        for head in heads {
            assert_eq!(sniff(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn signatures_are_known() {
        check(MediaType::Jpeg, &[b"\xff\xd8\xff\xe0\0\x10JFIF", b"\xff\xd8\xff\xdb"]);
        check(MediaType::Png, &[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]);
        check(MediaType::Gif, &[b"GIF87a\x01\0\x01\0", b"GIF89a"]);
        check(MediaType::WebP, &[b"RIFF\x24\0\0\0WEBPVP8 "]);
        check(MediaType::Wav, &[b"RIFF\x24\0\0\0WAVEfmt "]);
        check(MediaType::Jxl, &[b"\xff\x0a\xfa\x7f", b"\0\0\0\x0cJXL \r\n\x87\n"]);
        check(MediaType::Jp2, &[b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0\x2f"]);
        check(MediaType::Tiff, &[b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10"]);
        check(MediaType::Psd, &[b"8BPS\0\x01\0\0", b"8BPS\0\x02\0\0"]);
        check(MediaType::Raf, &[b"FUJIFILMCCD-RAW 0201FF383"]);
        check(MediaType::Orf, &[b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08"]);
        check(MediaType::Rw2, &[b"IIU\0\x18\0\0\0"]);
        check(MediaType::Cr2, &[b"II*\0\x10\0\0\0CR\x02\0"]);
        check(MediaType::WebM, &[b"\x1aE\xdf\xa3\x01"]);
        check(MediaType::Ogg, &[b"OggS\0\x02"]);
        check(MediaType::Pdf, &[b"%PDF-1.7\n"]);
        check(MediaType::Vtt, &[b"WEBVTT\n\n00:00"]);
        check(MediaType::Mp3, &[b"ID3\x04\0", b"\xff\xfb\x90\x64\0\0"]);
        check(MediaType::Unknown, &[b"", b"\0", b"RIFF\x24\0\0\0ACON", b"PK\x03\x04\x14\0", b"8BPS\0\x03\0\0"]);
    }

    #[test]
    fn brands_distinguish_images_from_videos() {
        check(MediaType::Avif, &[b"\0\0\0\x18ftypavif\0\0\0\0mif1", b"\0\0\0\x18ftypmif1\0\0\0\0miafavif"]);
        check(MediaType::Avif, &[b"\0\0\0\x18ftypavis\0\0\0\0msf1"]);
        check(MediaType::Heic, &[b"\0\0\0\x18ftypheic\0\0\0\0mif1", b"\0\0\0\x14ftypmif1\0\0\0\0miaf"]);
        check(MediaType::Cr3, &[b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom"]);
        check(MediaType::Mp4, &[b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1", b"\0\0\0\x14ftypqt  \0\0\0\0qt  "]);
        // The brand of another box further on does not count.
        check(MediaType::Mp4, &[b"\0\0\0\x10ftypisom\0\0\0\0avif"]);
    }

    #[test]
    fn short_signatures_need_sensible_fields() {
        let bitmap = [&b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"[..], &40_u32.to_le_bytes(), &[0; 36]].concat();
        check(MediaType::Bmp, &[&bitmap]);
        check(MediaType::Text, &[b"BMW has a new car, and this is the text about it."]);
        let icon = |kind: u8| [0, 0, kind, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 99, 0, 0, 0, 22, 0, 0, 0];
        check(MediaType::Ico, &[&icon(1)]);
        check(MediaType::Cur, &[&icon(2)]);
        let reserved = |byte: u8| {
            let mut icon = icon(1);
            icon[9] = byte;
            icon
        };
        check(MediaType::Ico, &[&reserved(255)]);
        check(MediaType::Unknown, &[&reserved(1), &reserved(254)]);
        // A video may begin with a box of 256 bytes.
        assert_ne!(sniff(&[&b"\0\0\x01\0free"[..], &[255; 248]].concat()), MediaType::Ico);
        check(MediaType::Unknown, &[&icon(3), &[0; 30]]);
    }
}
