//! The profiles of wide gamuts that a bitstream names by a number.

use moxcms::ColorProfile;

/// The profile of these primaries (ITU-T H.273, table 2), where they are not those of sRGB.
pub(super) fn profile(primaries: u16) -> Option<Vec<u8>> {
    let profile = match primaries {
        9 => ColorProfile::new_bt2020(),
        12 => ColorProfile::new_display_p3(),
        _ => return None,
    };
    profile.encode().ok()
}
