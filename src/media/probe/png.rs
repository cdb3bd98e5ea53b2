//! PNG chunks (W3C PNG, third edition, sections 5 and 11).

use super::exif;
use crate::media::byte_reader::ByteReader;
use crate::media::png_chunks::Chunks;
use crate::media::png_pixels::inflate;
use crate::model::{Asset, Ending};

pub(super) fn probe(bytes: ByteReader<'_>, asset: &mut Asset) -> Option<Ending> {
    let mut pixels = Vec::new();
    for chunk in Chunks::of_file(bytes) {
        let body = chunk.body;
        if chunk.kind == b"IDAT" {
            pixels.push(body.0);
        }
        if !chunk.is_whole() {
            break;
        }
        match chunk.kind {
            b"IHDR" => header(body, asset)?,
            b"tRNS" => asset.alpha = true,
            b"acTL" => asset.frames = body.be32(0)?,
            b"eXIf" => exif::read(body, asset),
            b"iCCP" => asset.icc_name = profile_name(body),
            b"IEND" if bytes.slice(chunk.start, 4).is_some() => return Some(Ending::Whole),
            b"IEND" => break,
            _ => {}
        }
    }
    Some(ending_of(&pixels))
}

fn header(body: ByteReader<'_>, asset: &mut Asset) -> Option<()> {
    asset.width = body.be32(0)?;
    asset.height = body.be32(4)?;
    asset.bit_depth = body.u8(8)?;
    let (space, alpha) = match body.u8(9)? {
        0 => ("gray", false),
        2 => ("rgb", false),
        3 => ("indexed", false),
        4 => ("gray", true),
        6 => ("rgb", true),
        _ => ("", false),
    };
    space.clone_into(&mut asset.color_space);
    asset.alpha = alpha;
    Some(())
}

/// The name of the profile, in Latin-1 (section 11.3.2.3). The profile itself is compressed.
fn profile_name(body: ByteReader<'_>) -> Option<String> {
    let name = body.0.split(|&byte| byte == 0).next()?;
    (1..80).contains(&name.len()).then(|| name.iter().map(|&byte| char::from(byte)).collect())
}

/// The ending of a file without its IEND chunk.
fn ending_of(pixels: &[&[u8]]) -> Ending {
    if inflate(pixels.iter().copied(), |_| ()) { Ending::NoEndMarker } else { Ending::Truncated }
}
