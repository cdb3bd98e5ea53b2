//! JPEG markers (ITU-T T.81, annex B) up to the first scan, and the end-of-image marker.

use super::jpeg_segments::{EOI, SOS, is_frame, is_lossless, next_segment};
use super::{exif, jpeg_data};
use crate::media::byte_reader::ByteReader;
use crate::media::icc;
use crate::model::{Asset, Ending, MediaType};

/// What the markers before the first scan say, besides facts of the asset.
#[derive(Default)]
struct Header {
    components: u8,
    component_ids: [u8; 3],
    adobe_transform: Option<u8>,
    profile_start: Option<Vec<u8>>,
}

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let mut header = Header::default();
    let mut at = 2;
    loop {
        let (marker, body) = next_segment(bytes, &mut at)?;
        match marker {
            _ if is_frame(marker) => frame(body, asset, &mut header)?,
            0xe1 => application_1(body, asset),
            0xe2 => application_2(body, &mut header),
            0xee if body.has(0, b"Adobe") => header.adobe_transform = body.u8(11),
            SOS => break,
            EOI => return None,
            _ => {}
        }
    }
    finish(asset, &header);
    Some(if has_end(bytes, at) {
        Ending::Whole
    } else if jpeg_data::is_complete(bytes) {
        Ending::NoEndMarker
    } else {
        Ending::Truncated
    })
}

/// `SOFn`: section B.2.2.
fn frame(body: ByteReader<'_>, asset: &mut Asset, header: &mut Header) -> Option<()> {
    asset.bit_depth = body.u8(0)?;
    asset.height = body.be16(1)?.into();
    asset.width = body.be16(3)?.into();
    header.components = body.u8(5)?;
    for (index, id) in header.component_ids.iter_mut().enumerate() {
        *id = body.u8(6 + 3 * index).unwrap_or_default();
    }
    Some(())
}

/// APP1: EXIF (CIPA DC-008, section 4.7.2).
fn application_1(body: ByteReader<'_>, asset: &mut Asset) {
    if body.has(0, b"Exif\0") {
        exif::read(body.window(6, body.len()), asset);
    }
}

/// APP2: an ICC profile (ICC.1:2022, annex B.4). Its first segment holds the tag table and the description.
fn application_2(body: ByteReader<'_>, header: &mut Header) {
    if body.has(0, b"ICC_PROFILE\0") {
        let profile = header.profile_start.get_or_insert_default();
        profile.extend_from_slice(body.window(14, body.len()).0);
    }
}

/// Whether the image has Adobe's marker (APP14): its ink is then stored inverted.
pub(in crate::media) fn is_adobe(bytes: ByteReader<'_>) -> bool {
    let mut at = 2;
    std::iter::from_fn(|| next_segment(bytes, &mut at).filter(|(marker, _)| *marker != SOS))
        .any(|(marker, body)| marker == 0xee && body.has(0, b"Adobe"))
}

/// The size of a JPEG of eight bits that is not lossless. The values of a sensor may be kept in one that is.
pub(in crate::media) fn size_of_photograph(bytes: ByteReader<'_>) -> Option<(u32, u32)> {
    let mut at = 2;
    let mut segments = std::iter::from_fn(|| next_segment(bytes, &mut at)).take_while(|(marker, _)| *marker != SOS);
    let (marker, frame) = segments.find(|(marker, _)| is_frame(*marker))?;
    let is_shown = bytes.has(0, b"\xff\xd8\xff") && !is_lossless(marker) && frame.u8(0)? == 8;
    is_shown.then_some((frame.be16(3)?.into(), frame.be16(1)?.into()))
}

/// Whether the three components are red, green and blue.
pub(in crate::media) fn is_rgb(bytes: ByteReader<'_>) -> bool {
    let mut asset = Asset::of_type(MediaType::Jpeg);
    probe(bytes, &mut asset);
    asset.color_space == "rgb"
}

fn finish(asset: &mut Asset, header: &Header) {
    let space = match (header.components, header.adobe_transform) {
        (1 | 2, _) => "gray",
        (3, Some(0)) => "rgb",
        (3, None) if header.component_ids == *b"RGB" => "rgb",
        (3, _) => "ycbcr",
        (4, Some(2)) => "ycck",
        (4, _) => "cmyk",
        _ => "",
    };
    space.clone_into(&mut asset.color_space);
    asset.icc_name = header.profile_start.as_deref().and_then(icc::description);
}

/// Whether an EOI marker follows the scans. In entropy-coded data, 0 or a restart marker follows each 0xff (section
/// B.1.1.5), so any other marker is a real one.
fn has_end(bytes: ByteReader<'_>, mut at: usize) -> bool {
    loop {
        match next_segment(bytes, &mut at) {
            Some((EOI, _)) => return true,
            Some(_) => {}
            None => return false,
        }
    }
}
