//! ISO base media files (ISO/IEC 14496-12): AVIF, HEIF (ISO/IEC 23008-12), MP4, and JPEG 2000 (ISO/IEC 15444-1,
//! annex I), whose boxes have the same form.

use crate::media::boxes::{Box4, boxes, child, descendant};
use crate::media::byte_reader::ByteReader;
use crate::media::heif::{Aperture, Items, is_alpha};
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

/// A HEIF or AVIF image: the properties of its primary item, and whether an item is alpha.
fn heif(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    sequence(bytes, asset);
    let Some(items) = Items::of(bytes) else { return (asset.width > 0).then_some(()) };
    let (sizes, others): (Vec<_>, Vec<_>) =
        of_primary(&items)?.into_iter().partition(|found| found.box_type == b"ispe");
    for property in sizes.into_iter().chain(others) {
        apply(property, asset);
    }
    let mut auxiliary = items.all_properties().filter(|found| found.box_type == b"auxC");
    asset.alpha = auxiliary.any(|found| is_alpha(found.body));
    Some(())
}

/// The properties of the primary item, and for what a grid lacks, of its first tile.
fn of_primary<'a>(items: &Items<'a>) -> Option<Vec<Box4<'a>>> {
    let primary = items.primary()?;
    let own = items.properties(primary);
    let lacks = |box_type: &[u8]| own.iter().all(|found| found.box_type != box_type);
    let tile = items.parts(primary).first().map(|tile| items.properties(*tile)).unwrap_or_default();
    let of_tile = tile.into_iter().filter(|found| matches!(found.box_type, b"colr" | b"pixi") && lacks(found.box_type));
    Some(of_tile.chain(own.iter().copied()).collect())
}

/// The ICC profile of a HEIF or AVIF image.
#[cfg(any(feature = "avif", feature = "heic"))]
pub(in crate::media) fn icc_profile(bytes: ByteReader<'_>) -> Option<&[u8]> {
    of_primary(&Items::of(bytes)?)?.into_iter().find_map(profile)
}

/// The ICC profile in a `colr` box (ISO/IEC 14496-12, section 12.1.5).
fn profile(property: Box4<'_>) -> Option<&[u8]> {
    let is_profile = property.box_type == b"colr" && matches!(property.body.slice(0, 4)?, b"prof" | b"rICC");
    is_profile.then(|| property.body.from(4)).flatten().map(|profile| profile.0)
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
        // Of an image with the clean aperture, that is what there is to see.
        b"clap" => {
            let shown = Aperture::of(body, (asset.width, asset.height))?;
            (asset.width, asset.height) = (shown.width, shown.height);
        }
        b"colr" => asset.icc_name = icc::description(profile(property)?),
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
