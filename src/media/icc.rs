//! ICC profiles: their description, and the way from them to sRGB.

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};

use super::fields::Fields;
use super::picture::{Channels, Picture};
use super::riff::Chunks;

/// The description of a profile (ICC.1:2022, section 9.2.41), read without parsing the rest.
pub(super) fn description(profile: &[u8]) -> Option<String> {
    let profile = Fields(profile);
    let tags = profile.be32(128)?.min(200) as usize;
    let entry = (0..tags).map(|index| 132 + 12 * index).find(|&at| profile.has(at, b"desc"))?;
    let tag = profile.window(profile.be32(entry + 4)? as usize, profile.be32(entry + 8)? as usize);
    let name = match tag.slice(0, 4)? {
        b"desc" => ascii(tag.window(12, tag.be32(8)? as usize).0),
        b"mluc" => localized(tag)?,
        _ => return None,
    };
    let name = name.trim().trim_end_matches('\0').to_owned();
    (!name.is_empty()).then_some(name)
}

/// No description that is meant to be read is longer.
const MAX_NAME: usize = 256;

fn ascii(text: &[u8]) -> String {
    text.iter().take_while(|&&byte| byte != 0).take(MAX_NAME).map(|&byte| char::from(byte)).collect()
}

/// The first record of a multi-localized text, in UTF-16 (section 10.15).
fn localized(tag: Fields<'_>) -> Option<String> {
    let text = tag.window(tag.be32(24)? as usize, (tag.be32(20)? as usize).min(2 * MAX_NAME)).0;
    let units = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The profile in a WebP's ICCP chunk (RFC 9649, section 2.7.1.4).
pub(super) fn of_webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let profile = Chunks::of_file(Fields(bytes)).find(|chunk| chunk.kind == b"ICCP")?;
    profile.whole.then(|| profile.body.0.to_vec())
}

/// Whether a profile of this name is sRGB itself, as its many editions call it.
pub(super) fn is_srgb(name: &str) -> bool {
    name.starts_with("sRGB")
}

/// The colors of a picture as sRGB. Without a profile they are sRGB already; a profile that cannot be used is as none.
pub(super) fn to_srgb(picture: Picture, profile: Option<&[u8]>) -> Picture {
    let converted = profile.and_then(|profile| convert(&picture, profile));
    match (converted, picture.channels) {
        (Some(converted), _) => converted,
        (None, Channels::Cmyk) => without_profile(&picture),
        (None, _) => picture,
    }
}

/// CMYK by the simplest model of ink, where nothing says what its inks look like.
fn without_profile(picture: &Picture) -> Picture {
    let rgb = |ink: &[u8]| {
        let paper = 255 - u16::from(ink[3]);
        [0, 1, 2].map(|at: usize| u8::try_from((255 - u16::from(ink[at])) * paper / 255).unwrap_or(u8::MAX))
    };
    let data = picture.data.chunks_exact(4).flat_map(rgb).collect();
    Picture { channels: Channels::Rgb, data, ..*picture }
}

fn convert(picture: &Picture, profile: &[u8]) -> Option<Picture> {
    if description(profile).as_deref().is_some_and(is_srgb) && picture.channels != Channels::Cmyk {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (from, to, channels) = match (picture.channels, profile.color_space) {
        (Channels::Rgb, DataColorSpace::Rgb) => (Layout::Rgb, Layout::Rgb, Channels::Rgb),
        (Channels::Rgba, DataColorSpace::Rgb) => (Layout::Rgba, Layout::Rgba, Channels::Rgba),
        (Channels::Gray, DataColorSpace::Gray) => (Layout::Gray, Layout::Rgb, Channels::Rgb),
        (Channels::GrayAlpha, DataColorSpace::Gray) => (Layout::GrayAlpha, Layout::Rgba, Channels::Rgba),
        (Channels::Cmyk, DataColorSpace::Cmyk) => (Layout::Rgba, Layout::Rgb, Channels::Rgb),
        _ => return None,
    };
    let options =
        TransformOptions { rendering_intent: RenderingIntent::RelativeColorimetric, ..TransformOptions::default() };
    let transform = profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, options).ok()?;
    let mut data = vec![0; picture.width as usize * picture.height as usize * channels.count()];
    transform.transform(&picture.data, &mut data).ok()?;
    Some(Picture { channels, data, ..*picture })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_in_both_of_its_forms() {
        let name = |profile: ColorProfile| description(&profile.encode().unwrap());
        assert_eq!(name(ColorProfile::new_display_p3()).as_deref(), Some("Display P3"));
        // Version 2: a count, then ASCII.
        let tag = [&b"desc\0\0\0\0\0\0\0\x05"[..], b"Ink 7\0"].concat();
        let table = [&1_u32.to_be_bytes()[..], b"desc", &144_u32.to_be_bytes(), &17_u32.to_be_bytes()].concat();
        let profile = [&[0; 128][..], &table, &tag].concat();
        assert_eq!(description(&profile).as_deref(), Some("Ink 7"));
        assert_eq!(description(&profile[..150]), None);
    }

    #[test]
    fn ink_without_a_profile_is_darkest_where_all_is_printed() {
        let ink = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 128, 0, 128];
        let picture = Picture::new(4, 1, Channels::Cmyk, ink).unwrap();
        let shown = to_srgb(picture, None);
        assert_eq!(shown.channels, Channels::Rgb);
        assert_eq!(shown.data, [255, 255, 255, 0, 255, 255, 0, 0, 0, 127, 63, 127]);
    }
}
