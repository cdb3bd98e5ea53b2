//! HDR as a display of SDR shows it: colors that the perceptual quantizer codes (ITU-R BT.2100, table 4) become sRGB.
//!
//! Luminance is rolled off as section 5.4.1 of ITU-R BT.2390 says, from the 1,000 cd/m² that programs are graded for to the
//! 203 cd/m² of white (ITU-R BT.2408, section 2.1). Hybrid log-gamma needs none of this: it is made to be shown as SDR.

/// The number of the perceptual quantizer in ITU-T H.273, table 3.
const QUANTIZER: u16 = 16;

/// In cd/m²: what the quantizer reaches, what is expected of a program, and white.
const REACH: f32 = 10_000.0;
const BRIGHTEST: f32 = 1000.0;
const WHITE: f32 = 203.0;

/// Steps of coded values, and of light: as fine as bytes of sRGB need in the dark.
const CODES: u16 = 4096;
const LEVELS: u16 = 16_384;

/// How coded colors become bytes of sRGB.
#[derive(Debug, Clone)]
pub(super) struct ToneMap {
    /// The light of each code, where white is 1.
    light: Vec<f32>,
    /// What a color is multiplied by, for the code of its brightest component.
    gain: Vec<f32>,
    /// The byte of each level of light.
    bytes: Vec<u8>,
    /// From the primaries of the image to those of sRGB.
    primaries: [[f32; 3]; 3],
}

impl ToneMap {
    /// The map for colors of these primaries and this transfer function, by their numbers in ITU-T H.273; `None` where
    /// colors are no HDR that needs one.
    pub(super) fn of(primaries: u16, transfer: u16) -> Option<Self> {
        let codes = || (0..CODES).map(|code| f32::from(code) / f32::from(CODES - 1));
        let gain = |code: f32| if code > 0.0 { light(rolled_off(code)) / light(code) } else { 1.0 };
        let levels = (0..LEVELS).map(|level| f32::from(level) / f32::from(LEVELS - 1));
        (transfer == QUANTIZER).then(|| Self {
            light: codes().map(light).collect(),
            gain: codes().map(gain).collect(),
            bytes: levels.map(srgb).collect(),
            primaries: to_srgb(primaries),
        })
    }

    /// The bytes of red, green and blue.
    pub(super) fn bytes(&self, coded: [f32; 3]) -> [u8; 3] {
        let steps = coded.map(|code| step(code, CODES));
        let gain = self.gain[steps.into_iter().max().unwrap_or(0)];
        let [red, green, blue] = steps.map(|code| self.light[code] * gain);
        let light = self.primaries.map(|weights| weights[0] * red + weights[1] * green + weights[2] * blue);
        light.map(|light| self.bytes[step(light, LEVELS)])
    }
}

/// The nearest of so many steps from 0 to 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn step(value: f32, steps: u16) -> usize {
    (value.clamp(0.0, 1.0) * f32::from(steps - 1)).round() as usize
}

// The constants of the quantizer.
const M1: f32 = 2610.0 / 16_384.0;
const M2: f32 = 2523.0 / 4096.0 * 128.0;
const C1: f32 = 3424.0 / 4096.0;
const C2: f32 = 2413.0 / 4096.0 * 32.0;
const C3: f32 = 2392.0 / 4096.0 * 32.0;

/// The light of a code, where white is 1 (the EOTF).
fn light(code: f32) -> f32 {
    let root = code.powf(1.0 / M2);
    ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1) * REACH / WHITE
}

/// The code of a luminance in cd/m² (the inverse of the EOTF).
fn code(luminance: f32) -> f32 {
    let power = (luminance / REACH).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// The code of what is shown for a code: the same below a knee, then a spline that ends at white.
fn rolled_off(coded: f32) -> f32 {
    let (brightest, white) = (code(BRIGHTEST), code(WHITE) / code(BRIGHTEST));
    let knee = 1.5 * white - 0.5;
    let coded = (coded / brightest).min(1.0);
    if coded < knee {
        return coded * brightest;
    }
    let t = (coded - knee) / (1.0 - knee);
    let (square, cube) = (t * t, t * t * t);
    let of_knee = (2.0 * cube - 3.0 * square + 1.0) * knee + (cube - 2.0 * square + t) * (1.0 - knee);
    (of_knee + (3.0 * square - 2.0 * cube) * white) * brightest
}

/// The byte of a level of light (IEC 61966-2-1).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
fn srgb(light: f32) -> u8 {
    let value = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// What turns light of some primaries into that of sRGB: of BT.2020 and Display P3, which follow from their
/// chromaticities (ITU-T H.273, table 2). Others are taken for those of sRGB.
const fn to_srgb(primaries: u16) -> [[f32; 3]; 3] {
    match primaries {
        9 => [[1.6605, -0.5877, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
        12 => [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0196, -0.0786, 1.0983]],
        _ => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(primaries: u16, luminances: [f32; 3]) -> [u8; 3] {
        ToneMap::of(primaries, QUANTIZER).unwrap().bytes(luminances.map(code))
    }

    #[test]
    fn only_the_perceptual_quantizer_is_mapped() {
        for transfer in [1, 2, 6, 13, 14, 15, 18] {
            assert!(ToneMap::of(9, transfer).is_none(), "{transfer}");
        }
    }

    /// Values of ITU-R BT.2408, table 1: 203 cd/m² is 58 % of the signal, 1,000 cd/m² is 75 %.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (luminance, percent) in [(203.0, 58.1), (1000.0, 75.2), (100.0, 50.8), (10_000.0, 100.0)] {
            assert!((code(luminance) * 100.0 - percent).abs() < 0.1, "{luminance}");
            assert!((light(code(luminance)) * WHITE / luminance - 1.0).abs() < 0.01, "{luminance}");
        }
        assert!(light(0.0).abs() < 1e-6);
    }

    #[test]
    fn light_up_to_the_knee_is_as_in_sdr_and_the_brightest_is_white() {
        for (luminance, byte) in [(0.0, 0), (20.3, 89), (60.9, 149)] {
            let gray = shown(9, [luminance; 3]);
            assert!(gray.iter().all(|level| level.abs_diff(byte) <= 1), "{luminance}: {gray:?}");
        }
        let levels = [100.0, 203.0, 400.0, 700.0, 1000.0].map(|luminance| shown(9, [luminance; 3])[1]);
        assert!(levels.is_sorted() && levels[1] < levels[2], "{levels:?}");
        assert!((215..240).contains(&levels[1]), "white keeps most of its light: {levels:?}");
        assert_eq!((levels[4], shown(9, [10_000.0; 3])), (255, [255; 3]));
    }

    #[test]
    fn colors_keep_their_hue_and_take_the_primaries_of_srgb() {
        let [red, green, blue] = shown(1, [4000.0, 1000.0, 0.0]);
        assert_eq!((red, blue), (255, 0));
        assert!((100..150).contains(&green), "a quarter of the light: {green}");
        for primaries in [1, 9, 12] {
            let gray = shown(primaries, [50.0; 3]);
            assert!(gray.iter().all(|level| level.abs_diff(gray[0]) <= 1), "{gray:?}");
        }
        assert!(shown(9, [20.0, 60.0, 20.0])[0] < shown(1, [20.0, 60.0, 20.0])[0], "a purer green has less red");
        assert_eq!(ToneMap::of(9, QUANTIZER).unwrap().bytes([f32::NAN, -1.0, 2.0])[2], 255);
    }
}
