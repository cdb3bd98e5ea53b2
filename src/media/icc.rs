//! ICC profiles: reading their description, and finding them in a WebP.

use super::byte_reader::ByteReader;
use super::riff::Chunks;

/// The description of a profile (ICC.1:2022, section 9.2.41), read without parsing the rest.
pub(super) fn description(profile: &[u8]) -> Option<String> {
    let profile = ByteReader(profile);
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

/// Descriptions in use are shorter than this.
const MAX_NAME: usize = 256;

fn ascii(text: &[u8]) -> String {
    text.iter().take_while(|&&byte| byte != 0).take(MAX_NAME).map(|&byte| char::from(byte)).collect()
}

/// The first record of a multi-localized text, in UTF-16 (section 10.15).
fn localized(tag: ByteReader<'_>) -> Option<String> {
    let text = tag.window(tag.be32(24)? as usize, (tag.be32(20)? as usize).min(2 * MAX_NAME)).0;
    let units = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The profile in the ICCP chunk of a WebP (RFC 9649, section 2.7.1.4).
pub(super) fn of_webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let profile = Chunks::of_file(ByteReader(bytes)).find(|chunk| chunk.fourcc == b"ICCP")?;
    profile.whole.then(|| profile.body.0.to_vec())
}

/// Whether a profile of this description is sRGB. Its many editions all begin with that name.
pub(super) fn is_srgb(description: &str) -> bool {
    description.starts_with("sRGB")
}

#[cfg(test)]
mod tests {
    use moxcms::ColorProfile;

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
}
