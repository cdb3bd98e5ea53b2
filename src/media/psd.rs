//! The sections of a Photoshop file (Adobe Photoshop File Formats Specification), PSD and PSB: what their headers say.

use super::byte_reader::{ByteOrder, ByteReader};

/// The most resources that are looked at. Programs write about thirty.
const MOST_RESOURCES: usize = 1024;

/// What the samples of the merged image stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Gray,
    Indexed,
    Rgb,
    Cmyk,
    /// One that is not read: bits, several inks, L*a*b*.
    Other,
}

impl Mode {
    /// The channels that are shown; others hold transparency and selections.
    pub(super) const fn shown(self) -> usize {
        match self {
            Self::Gray | Self::Indexed => 1,
            Self::Rgb | Self::Other => 3,
            Self::Cmyk => 4,
        }
    }
}

/// A Photoshop file.
#[derive(Clone, Copy)]
pub(super) struct Sections<'a> {
    /// Whether it is a PSB, for large images.
    pub(super) large: bool,
    pub(super) width: u32,
    pub(super) height: u32,
    /// All channels of the merged image.
    pub(super) channels: u16,
    /// Bits per sample.
    pub(super) depth: u8,
    pub(super) mode: Mode,
    /// The palette: all reds, all greens, all blues.
    pub(super) palette: ByteReader<'a>,
    resources: ByteReader<'a>,
    /// The merged image: how it is compressed, and its samples.
    image: Option<ByteReader<'a>>,
}

impl<'a> Sections<'a> {
    /// The sections of a file; `None` where its header breaks off.
    pub(super) fn of(file: ByteReader<'a>) -> Option<Self> {
        let large = file.be16(4)? == 2;
        let mode = match file.be16(24)? {
            1 | 8 => Mode::Gray,
            2 => Mode::Indexed,
            3 => Mode::Rgb,
            4 => Mode::Cmyk,
            _ => Mode::Other,
        };
        let (palette, at) = section(file, 26)?;
        let (resources, at) = section(file, at)?;
        let layers = if large { file.u64(at, ByteOrder::Big) } else { file.be32(at).map(u64::from) };
        let image = layers.and_then(|length| {
            let behind = at.checked_add(if large { 8 } else { 4 })?.checked_add(usize::try_from(length).ok()?)?;
            file.from(behind)
        });
        let depth = u8::try_from(file.be16(22)?).ok()?;
        let (channels, height, width) = (file.be16(12)?, file.be32(14)?, file.be32(18)?);
        Some(Self { large, width, height, channels, depth, mode, palette, resources, image })
    }

    /// How the merged image is compressed, and its samples.
    pub(super) fn image(&self) -> Option<(u16, ByteReader<'a>)> {
        let image = self.image?;
        Some((image.be16(0)?, image.from(2)?))
    }

    /// The first resource of a number.
    pub(super) fn resource(&self, number: u16) -> Option<ByteReader<'a>> {
        let (all, mut at) = (self.resources, 0_usize);
        for _ in 0..MOST_RESOURCES {
            // A name of even length, its own length included, stands before the data.
            let name = usize::from(all.u8(at.checked_add(6)?)?) + 1;
            let start = at + 6 + name + name % 2;
            let length = all.be32(start)? as usize;
            if all.be16(at + 4)? == number {
                return all.slice(start + 4, length).map(ByteReader);
            }
            at = start.checked_add(4)?.checked_add(length)?.checked_add(length % 2)?;
        }
        None
    }

    /// Whether the merged image is what is shown: programs may leave it blank ("Version Info", resource 1057).
    pub(super) fn has_merged_image(&self) -> bool {
        self.resource(1057).and_then(|version| version.u8(4)) != Some(0)
    }

    /// Whether the merged image can be read.
    pub(super) fn is_plain(&self) -> bool {
        let is_known = match self.mode {
            Mode::Other => false,
            Mode::Indexed => self.depth == 8 && self.palette.len() >= 768,
            _ => matches!(self.depth, 8 | 16),
        };
        let has_channels = usize::from(self.channels) >= self.mode.shown();
        is_known
            && has_channels
            && self.image().is_some_and(|(compression, _)| compression < 2)
            && self.has_merged_image()
    }

    /// The bytes of one row of one channel.
    pub(super) fn row_bytes(&self) -> usize {
        (self.width as usize).saturating_mul(usize::from(self.depth)).div_ceil(8)
    }

    /// The lengths of the compressed rows of the merged image, all of a channel before those of the next.
    pub(super) fn row_lengths(&self, samples: ByteReader<'a>) -> impl Iterator<Item = usize> + use<'a> {
        let large = self.large;
        let of_row = move |row: usize| {
            if large { samples.be32(4 * row).map(|it| it as usize) } else { samples.be16(2 * row).map(usize::from) }
        };
        (0..self.rows()).map_while(of_row)
    }

    /// The rows of all channels.
    pub(super) fn rows(&self) -> usize {
        (self.height as usize).saturating_mul(self.channels.into())
    }

    /// The bytes of the table of lengths.
    pub(super) fn table_bytes(&self) -> usize {
        self.rows().saturating_mul(if self.large { 4 } else { 2 })
    }

    /// The JPEG that stands for the image ("Thumbnail Resource Format").
    pub(super) fn thumbnail(&self) -> Option<ByteReader<'a>> {
        let resource = self.resource(1036)?;
        if resource.be32(0)? == 1 { resource.from(28) } else { None }
    }
}

/// What a section holds, and where the next one begins.
fn section(file: ByteReader<'_>, at: usize) -> Option<(ByteReader<'_>, usize)> {
    let length = file.be32(at)? as usize;
    let start = at + 4;
    Some((file.window(start, length), start.checked_add(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fixtures::{JPEG, Photoshop};

    #[test]
    fn resources_are_found_behind_names_of_any_length() {
        let resources = [(1057, "", &[0, 0, 0, 1, 1][..]), (1, "odd", b"abc"), (2, "even", b"de")];
        let file = Photoshop { resources: &resources, ..Photoshop::default() }.bytes();
        let sections = Sections::of(ByteReader(&file)).unwrap();
        assert_eq!(sections.resource(1).unwrap().0, b"abc");
        assert_eq!(sections.resource(2).unwrap().0, b"de");
        assert!(sections.resource(3).is_none() && sections.has_merged_image());
    }

    #[test]
    fn the_thumbnail_is_a_jpeg_behind_its_own_header() {
        let of = |kind: u8| {
            let resource = [&[0, 0, 0, kind][..], &[0; 24], JPEG].concat();
            let file = Photoshop { resources: &[(1036, "", &resource)], ..Photoshop::default() }.bytes();
            Sections::of(ByteReader(&file)).unwrap().thumbnail().map(|jpeg| jpeg.0.to_vec())
        };
        assert_eq!(of(1).as_deref(), Some(JPEG));
        assert_eq!(of(0), None, "it is no JPEG");
    }

    #[test]
    fn a_merged_image_is_plain_where_its_mode_and_depth_and_compression_are_known() {
        let plain = |photoshop: Photoshop<'_>| Sections::of(ByteReader(&photoshop.bytes())).unwrap().is_plain();
        assert!(plain(Photoshop::default()));
        for (what, other) in [
            ("L*a*b*", Photoshop { mode: 9, ..Photoshop::default() }),
            ("32 bits", Photoshop { depth: 32, ..Photoshop::default() }),
            ("a lack of channels", Photoshop { channels: 2, ..Photoshop::default() }),
            ("a lack of a palette", Photoshop { mode: 2, ..Photoshop::default() }),
            ("ZIP", Photoshop { compression: 2, ..Photoshop::default() }),
            ("a blank image", Photoshop { resources: &[(1057, "", &[0, 0, 0, 1, 0])], ..Photoshop::default() }),
        ] {
            assert!(!plain(other), "{what}");
        }
    }

    #[test]
    fn lengths_that_lie_do_no_harm() {
        let file = Photoshop::default().bytes();
        for at in [26, 30, 34] {
            let mut lies = file.clone();
            lies[at..at + 4].copy_from_slice(&[0xff; 4]);
            assert!(Sections::of(ByteReader(&lies)).is_none_or(|sections| !sections.is_plain()), "{at}");
        }
        for end in 0..file.len() {
            let _ = Sections::of(ByteReader(&file[..end])).map(|sections| sections.is_plain());
        }
    }
}
