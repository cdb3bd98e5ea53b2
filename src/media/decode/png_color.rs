//! The colors of a PNG without an ICC profile: its gamma and its primaries (W3C PNG, third edition, sections 11.3.2.1 and
//! 11.3.2.2), or the numbers of a coding, which rank above all others (section 11.3.2.6).

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, ToneReprCurve};

use crate::media::byte_reader::ByteReader;
use crate::media::png_chunks::Chunks;

/// The gamma of images that are made for sRGB, in hundred-thousandths. Its curve differs from that of sRGB by little, and
/// such images come from screens.
const USUAL_GAMMA: u32 = 45_455;
/// How far a gamma may be from the usual one to count as such.
const GAMMA_TOLERANCE: u32 = 700;
/// White point and primaries of sRGB, as the chunk holds them.
const SRGB: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
/// How far each may be from that of sRGB to count as such.
const PRIMARY_TOLERANCE: u32 = 300;

/// A coding by the numbers of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
}

/// The coding that a file names, of those that are known here: of red, green and blue in the full range, with primaries
/// of sRGB, BT.2020 or Display P3, and a curve of SDR close to that of sRGB, or one of HDR. Where it is another one, the
/// chunks of lower ranks say what the colors are.
pub(super) fn coding(bytes: &[u8]) -> Option<Coding> {
    let mut chunks = Chunks::of_file(ByteReader(bytes)).take_while(|chunk| chunk.kind != b"IDAT");
    let [primaries, transfer, 0, 1] = *chunks.find(|chunk| chunk.kind == b"cICP")?.body.slice(0, 4)? else {
        return None;
    };
    let is_known = matches!(primaries, 1 | 9 | 12) && matches!(transfer, 1 | 6 | 13 | 14 | 15 | 16 | 18);
    is_known.then(|| Coding { primaries: primaries.into(), transfer: transfer.into() })
}

/// The profile that gamma and primaries stand for; `None` if they are those of sRGB, not there, or overruled by a
/// chunk of a higher rank.
pub(super) fn profile(bytes: &[u8], gray: bool) -> Option<Vec<u8>> {
    let (gamma, primaries) = chunks(ByteReader(bytes))?;
    let gamma = gamma.filter(|gamma| gamma.abs_diff(USUAL_GAMMA) > GAMMA_TOLERANCE).map(exponent);
    let primaries = primaries.filter(|primaries| !gray && differs(primaries));
    if gamma.is_none() && primaries.is_none() {
        return None;
    }
    let mut profile = match (gray, gamma) {
        (true, Some(gamma)) => ColorProfile::new_gray_with_gamma(gamma),
        _ => ColorProfile::new_srgb(),
    };
    if let (false, Some(gamma)) = (gray, gamma) {
        let curve = ToneReprCurve::Parametric(vec![gamma]);
        (profile.red_trc, profile.green_trc) = (Some(curve.clone()), Some(curve.clone()));
        profile.blue_trc = Some(curve);
        profile.cicp = None;
    }
    if let Some(primaries) = primaries {
        let [white, red, green, blue] = [0, 2, 4, 6].map(|at| chromaticity(primaries[at], primaries[at + 1]));
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    }
    // What is called sRGB is taken for it.
    profile.description = None;
    profile.encode().ok()
}

/// Gamma and primaries as the file holds them; `None` if a chunk of a higher rank says what the colors are.
fn chunks(bytes: ByteReader<'_>) -> Option<(Option<u32>, Option<[u32; 8]>)> {
    let (mut gamma, mut primaries) = (None, None);
    for chunk in Chunks::of_file(bytes) {
        let value = |index: usize| chunk.body.be32(4 * index);
        match chunk.kind {
            b"iCCP" | b"sRGB" => return None,
            b"gAMA" if chunk.length == 4 => gamma = value(0).filter(|gamma| (1_000..=1_000_000).contains(gamma)),
            b"cHRM" if chunk.length == 32 => primaries = read_primaries(value),
            b"IDAT" => break,
            _ => {}
        }
    }
    Some((gamma, primaries))
}

/// The primaries, where each is a color: a fraction with something above 0 below it.
fn read_primaries(value: impl Fn(usize) -> Option<u32>) -> Option<[u32; 8]> {
    let mut primaries = [0; 8];
    for (at, primary) in primaries.iter_mut().enumerate() {
        *primary = value(at).filter(|value| *value <= 100_000)?;
    }
    let are_colors = primaries.chunks_exact(2).all(|pair| pair[1] > 0 && pair[0] + pair[1] <= 100_000);
    are_colors.then_some(primaries)
}

fn differs(primaries: &[u32; 8]) -> bool {
    primaries.iter().zip(SRGB).any(|(own, usual)| own.abs_diff(usual) > PRIMARY_TOLERANCE)
}

#[expect(clippy::cast_precision_loss, reason = "seven digits fit into an f32")]
fn exponent(gamma: u32) -> f32 {
    100_000.0 / gamma as f32
}

#[expect(clippy::cast_precision_loss, reason = "six digits fit into an f32")]
fn chromaticity(x: u32, y: u32) -> Chromaticity {
    Chromaticity::new(x as f32 / 100_000.0, y as f32 / 100_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(chunks: &[(&[u8; 4], &[u32])]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, values) in chunks {
            bytes.extend(u32::try_from(values.len() * 4).unwrap().to_be_bytes());
            bytes.extend(*name);
            bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
            bytes.extend([0; 4]);
        }
        bytes
    }

    #[test]
    fn only_what_differs_from_srgb_has_a_profile() {
        let is_made = |chunks: &[(&[u8; 4], &[u32])]| profile(&file(chunks), false).is_some();
        assert!(is_made(&[(b"gAMA", &[100_000])]));
        assert!(is_made(&[(b"cHRM", &[31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000])]));
        assert!(!is_made(&[(b"gAMA", &[45_455]), (b"cHRM", &SRGB)]));
        assert!(!is_made(&[(b"gAMA", &[100_000]), (b"sRGB", &[0])]), "sRGB overrules");
        assert!(!is_made(&[(b"iCCP", &[0]), (b"gAMA", &[100_000])]), "iCCP overrules");
        assert!(!is_made(&[(b"IDAT", &[0]), (b"gAMA", &[100_000])]), "it stands before the pixels");
        for broken in [[0; 8], [100_000; 8], [u32::MAX; 8]] {
            assert!(!is_made(&[(b"cHRM", &broken), (b"gAMA", &[0])]));
        }
        assert!(!is_made(&[]) && profile(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffgAMA", false).is_none());
    }

    #[test]
    fn a_coding_is_read_before_the_pixels_and_only_of_red_green_and_blue_in_full_range() {
        let of = |values: u32, before: &[u8; 4]| coding(&file(&[(before, &[0]), (b"cICP", &[values])]));
        assert_eq!(of(0x0910_0001, b"iCCP"), Some(Coding { primaries: 9, transfer: 16 }));
        for (values, before) in [
            (0x0910_0901, b"iCCP"),
            (0x0910_0000, b"iCCP"),
            (0x0910_0001, b"IDAT"),
            (0x0202_0001, b"iCCP"),
            (0x0108_0001, b"iCCP"),
            (0x0b0d_0001, b"iCCP"),
        ] {
            assert_eq!(of(values, before), None, "{values:x}");
        }
        assert_eq!(coding(&file(&[(b"cICP", &[])])), None);
    }
}
