//! ISO base media files (ISO/IEC 14496-12): AVIF, HEIF (ISO/IEC 23008-12), MP4, and JPEG 2000 (ISO/IEC 15444-1,
//! annex I), whose boxes have the same form.

use crate::media::boxes::{Box4, boxes, child, descendant};
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::model::{Asset, Ending, MediaType};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    if bytes.has(0, b"\xff\x4f\xff\x51") {
        return codestream(bytes, asset);
    }
    match asset.media_type {
        MediaType::Jp2 => jpeg_2000(bytes, asset)?,
        MediaType::Mp4 => movie(bytes, asset),
        _ => heif(bytes, asset)?,
    }
    Some(ending(bytes))
}

/// Whether the last box is whole. A box of padding or of private data holds no pixels.
pub(super) fn ending(bytes: ByteReader<'_>) -> Ending {
    match boxes(bytes).find(|found| !found.whole) {
        None => Ending::Whole,
        Some(last) if matches!(last.box_type, b"free" | b"skip" | b"wide" | b"uuid") => Ending::NoEndMarker,
        Some(_) => Ending::Truncated,
    }
}

/// A JPEG 2000 file: the header box, section I.5.3.
fn jpeg_2000(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    let header = child(bytes, b"jp2h")?;
    let image = child(header, b"ihdr")?;
    asset.height = image.be32(0)?;
    asset.width = image.be32(4)?;
    asset.alpha = matches!(image.be16(8)?, 2 | 4);
    asset.bit_depth = (image.u8(10)? & 0x7f).saturating_add(1);
    let color = child(header, b"colr")?;
    let space = match (color.u8(0)?, color.be32(3)) {
        (1, Some(16)) => "rgb",
        (1, Some(17)) => "gray",
        (1, Some(18)) => "ycbcr",
        _ => "",
    };
    space.clone_into(&mut asset.color_space);
    asset.icc_name = (color.u8(0)? == 2).then(|| icc::description(color.from(3)?.0)).flatten();
    Some(())
}

/// A bare JPEG 2000 codestream: the SIZ marker, section A.5.1.
fn codestream(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    asset.width = bytes.be32(8)?.checked_sub(bytes.be32(16)?)?;
    asset.height = bytes.be32(12)?.checked_sub(bytes.be32(20)?)?;
    asset.bit_depth = (bytes.u8(42)? & 0x7f).saturating_add(1);
    let has_end = memchr::memmem::rfind(bytes.0, b"\xff\xd9").is_some();
    Some(if has_end { Ending::Whole } else { Ending::Truncated })
}

/// Video: the size of the first track that has one (section 8.3.2).
fn movie(bytes: ByteReader<'_>, asset: &mut Asset) {
    // Fragments and streams may have no `moov` with sizes.
    let Some(movie) = child(bytes, b"moov") else { return };
    let sizes = boxes(movie).filter(|found| found.box_type == b"trak").filter_map(|track| {
        let header = child(track.body, b"tkhd")?;
        let at = if header.u8(0)? == 1 { 88 } else { 76 };
        Some((header.be32(at)? >> 16, header.be32(at + 4)? >> 16))
    });
    if let Some((width, height)) = sizes.into_iter().find(|&(width, height)| width > 0 && height > 0) {
        (asset.width, asset.height) = (width, height);
    }
}

/// A HEIF or AVIF image: the properties of its primary item.
fn heif(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    sequence(bytes, asset);
    for property in properties(bytes)? {
        apply(property, asset);
    }
    Some(())
}

/// The ICC profile of a HEIF or AVIF image.
#[cfg(any(feature = "avif", feature = "heic"))]
pub(in crate::media) fn icc_profile(bytes: ByteReader<'_>) -> Option<&[u8]> {
    properties(bytes)?.find_map(|property| profile(property))
}

/// The properties of the primary item, and the types of all auxiliary images.
fn properties(bytes: ByteReader<'_>) -> Option<impl Iterator<Item = Box4<'_>>> {
    let meta = child(bytes, b"meta")?.from(4)?;
    let primary = child(meta, b"pitm").and_then(item_of);
    let properties = child(meta, b"iprp")?;
    let container = child(properties, b"ipco")?;
    let chosen = child(properties, b"ipma").and_then(|map| associations(map, primary?));
    let of_primary = move |index: usize| chosen.as_ref().is_none_or(|chosen| chosen.contains(&(index + 1)));
    let all = boxes(container).enumerate();
    Some(all.filter_map(move |(index, found)| (of_primary(index) || found.box_type == b"auxC").then_some(found)))
}

/// The ICC profile in a `colr` box (ISO/IEC 14496-12, section 12.1.5).
fn profile(property: Box4<'_>) -> Option<&[u8]> {
    let is_profile = property.box_type == b"colr" && matches!(property.body.slice(0, 4)?, b"prof" | b"rICC");
    is_profile.then(|| property.body.from(4)).flatten().map(|profile| profile.0)
}

/// The primary item (ISO/IEC 14496-12, section 8.11.4).
fn item_of(pitm: ByteReader<'_>) -> Option<u32> {
    if pitm.u8(0)? == 0 { pitm.be16(4).map(u32::from) } else { pitm.be32(4) }
}

/// The indices, from 1, of the properties that belong to an item (ISO/IEC 23008-12, section 9.3).
fn associations(map: ByteReader<'_>, item: u32) -> Option<Vec<usize>> {
    let (version, wide) = (map.u8(0)?, map.u8(3)? & 1 == 1);
    let mut at = 8;
    for _ in 0..map.be32(4)? {
        let (id, after) = if version == 0 { (map.be16(at)?.into(), at + 2) } else { (map.be32(at)?, at + 4) };
        let count = usize::from(map.u8(after)?);
        let index = |number: usize| {
            if wide {
                map.be16(after + 1 + 2 * number).map(|index| usize::from(index & 0x7fff))
            } else {
                map.u8(after + 1 + number).map(|index| usize::from(index & 0x7f))
            }
        };
        if id == item {
            return Some((0..count).map_while(index).collect());
        }
        at = after + 1 + count * if wide { 2 } else { 1 };
    }
    None
}

/// Takes the facts of one property (ISO/IEC 23008-12, section 6.5).
fn apply(property: Box4<'_>, asset: &mut Asset) -> Option<()> {
    let body = property.body;
    match property.box_type {
        b"ispe" => (asset.width, asset.height) = (body.be32(4)?, body.be32(8)?),
        b"pixi" => {
            asset.bit_depth = body.u8(5)?;
            if body.u8(4)? == 1 { "gray" } else { "ycbcr" }.clone_into(&mut asset.color_space);
        }
        b"colr" => asset.icc_name = icc::description(profile(property)?),
        b"auxC" => asset.alpha |= memchr::memmem::find(body.0, b":alpha").is_some() || body.0.ends_with(b"auxid:1\0"),
        b"irot" => asset.orientation = rotated(asset.orientation, body.u8(0)? & 3),
        b"imir" => asset.orientation = mirrored(asset.orientation, body.u8(0)? & 1),
        _ => {}
    }
    Some(())
}

/// The EXIF orientation after a rotation by `quarters` × 90° anticlockwise.
fn rotated(orientation: u8, quarters: u8) -> u8 {
    // One more quarter anticlockwise takes each orientation to the next of its cycle.
    let cycle: [u8; 4] = if matches!(orientation, 1 | 3 | 6 | 8) { [1, 8, 3, 6] } else { [2, 5, 4, 7] };
    let at = cycle.iter().position(|&known| known == orientation).unwrap_or_default();
    cycle[(at + usize::from(quarters)) % 4]
}

/// The EXIF orientation after mirroring: axis 0 exchanges top and bottom, axis 1 left and right.
fn mirrored(orientation: u8, axis: u8) -> u8 {
    const LEFT_RIGHT: [u8; 8] = [2, 1, 4, 3, 6, 5, 8, 7];
    let flipped = LEFT_RIGHT[usize::from(orientation.clamp(1, 8) - 1)];
    if axis == 1 { flipped } else { rotated(flipped, 2) }
}

/// An image sequence: as many frames as its first track has samples.
fn sequence(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    if bytes.slice(8, 4)? != b"avis" && bytes.slice(8, 4)? != b"msf1" && bytes.slice(8, 4)? != b"hevc" {
        return None;
    }
    let track = child(child(bytes, b"moov")?, b"trak")?;
    let table = descendant(track, &[b"mdia", b"minf", b"stbl", b"stsz"])?;
    asset.frames = table.be32(8)?;
    let header = child(track, b"tkhd")?;
    let at = if header.u8(0)? == 1 { 88 } else { 76 };
    (asset.width, asset.height) = (header.be32(at)? >> 16, header.be32(at + 4)? >> 16);
    Some(())
}
