//! Conversion of decoded pixels to sRGB.

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};

use super::icc;
use super::raster::{Channels, Raster};

/// Converts an image to sRGB by its ICC profile. Without a profile, or with one that cannot be used, its colors are taken
/// as sRGB.
pub(super) fn to_srgb(image: Raster, profile: Option<&[u8]>) -> Raster {
    let converted = profile.and_then(|profile| convert(&image, profile));
    match (converted, image.channels) {
        (Some(converted), _) => converted,
        (None, Channels::Cmyk) => naive_cmyk(&image),
        (None, _) => image,
    }
}

/// CMYK without a profile: red is (1 - cyan) × (1 - black), and so on.
fn naive_cmyk(image: &Raster) -> Raster {
    let rgb = |ink: &[u8]| {
        let paper = 255 - u16::from(ink[3]);
        [0, 1, 2].map(|at: usize| u8::try_from((255 - u16::from(ink[at])) * paper / 255).unwrap_or(u8::MAX))
    };
    let data = image.data.chunks_exact(4).flat_map(rgb).collect();
    Raster { channels: Channels::Rgb, data, ..*image }
}

fn convert(image: &Raster, profile: &[u8]) -> Option<Raster> {
    if icc::description(profile).as_deref().is_some_and(icc::is_srgb) && image.channels != Channels::Cmyk {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (from, to, channels) = match (image.channels, profile.color_space) {
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
    let mut data = vec![0; image.width as usize * image.height as usize * channels.count()];
    transform.transform(&image.data, &mut data).ok()?;
    Some(Raster { channels, data, ..*image })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_without_a_profile_is_darkest_where_all_is_printed() {
        let ink = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 128, 0, 128];
        let image = Raster::new(4, 1, Channels::Cmyk, ink).unwrap();
        let shown = to_srgb(image, None);
        assert_eq!(shown.channels, Channels::Rgb);
        assert_eq!(shown.data, [255, 255, 255, 0, 255, 255, 0, 0, 0, 127, 63, 127]);
    }
}
