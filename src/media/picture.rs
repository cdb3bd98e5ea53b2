//! Decoded pixels.

use super::error::MediaError;

/// What one pixel consists of, eight bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// Luminance.
    Gray,
    /// Luminance and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha; not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow, black; 0 is no ink.
    Cmyk,
}

impl Channels {
    /// How many bytes a pixel has.
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether pixels can be transparent.
    pub(super) const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Pixels in rows from the top, without padding. `data` has exactly as many bytes as the other fields say.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: Channels,
    pub(super) data: Vec<u8>,
    /// How many columns the picture takes, and how many rows. A decoder that reduces a picture rounds its size up; the
    /// last column and row are then picture only in part.
    pub(super) covered: (f64, f64),
}

impl Picture {
    /// Puts pixels together; damaged where there are too few of them, or none.
    pub(super) fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Result<Self, MediaError> {
        let expected = width as usize * height as usize * channels.count();
        if expected == 0 || data.len() != expected {
            return Err(MediaError::damaged("the decoder gave no whole picture"));
        }
        Ok(Self { width, height, channels, data, covered: (width.into(), height.into()) })
    }

    /// Whether every pixel is the same, or nothing of it shows.
    pub(super) fn is_blank(&self) -> bool {
        let size = self.channels.count();
        let first = &self.data[..size];
        let invisible = |pixel: &[u8]| self.channels.has_alpha() && pixel[size - 1] == 0;
        self.data.chunks_exact(size).all(|pixel| pixel == first || invisible(pixel) && invisible(first))
    }

    /// Drops an alpha channel that hides nothing.
    pub(super) fn without_idle_alpha(self) -> Self {
        let size = self.channels.count();
        let opaque = || self.data.chunks_exact(size).all(|pixel| pixel[size - 1] == 255);
        if !self.channels.has_alpha() || !opaque() {
            return self;
        }
        let channels = if size == 2 { Channels::Gray } else { Channels::Rgb };
        let data = self.data.chunks_exact(size).flat_map(|pixel| &pixel[..size - 1]).copied().collect();
        Self { channels, data, ..self }
    }

    /// The picture on white, without transparency.
    pub(super) fn on_white(self) -> Self {
        if !self.channels.has_alpha() {
            return self;
        }
        let size = self.channels.count();
        let channels = if size == 2 { Channels::Gray } else { Channels::Rgb };
        let over = |pixel: &[u8]| {
            let alpha = u32::from(pixel[size - 1]);
            let mixed = pixel[..size - 1]
                .iter()
                .map(move |&value| (u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255);
            mixed.map(|value| u8::try_from(value).unwrap_or(u8::MAX)).collect::<Vec<_>>()
        };
        let data = self.data.chunks_exact(size).flat_map(over).collect();
        Self { channels, data, ..self }
    }

    /// The picture turned and mirrored the way an EXIF orientation asks for.
    pub(super) fn oriented(self, orientation: u8) -> Self {
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let swap = orientation >= 5;
        let (width, height) = if swap { (self.height, self.width) } else { (self.width, self.height) };
        let (last_x, last_y) = (self.width as usize - 1, self.height as usize - 1);
        let size = self.channels.count();
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (from_x, from_y) = match orientation {
                    2 => (last_x - x, y),
                    3 => (last_x - x, last_y - y),
                    4 => (x, last_y - y),
                    5 => (y, x),
                    6 => (y, last_y - x),
                    7 => (last_x - y, last_y - x),
                    _ => (last_x - y, x),
                };
                let at = (from_y * self.width as usize + from_x) * size;
                data.extend_from_slice(&self.data[at..at + size]);
            }
        }
        Self { width, height, data, covered: (width.into(), height.into()), ..self }
    }
}
