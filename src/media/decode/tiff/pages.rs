//! The pixels of a page: its pieces decompressed, unpacked and put in their places.

use super::color;
use super::compression::{JPEG, decompressed};
use super::layout::{Layout, Photometric, Piece};
use super::samples::{bits_at, bytes_with_shared_chroma, level, row_bytes, unpredict, with_own_chroma};
use crate::config::MediaConfig;
use crate::media::decode::decoded::Decoded;
use crate::media::error::MediaError;
use crate::media::ifd::Directory;

const ICC_PROFILE: u16 = 34_675;

/// Decodes a page of any layout. A piece that is damaged stays blank unless all are.
pub(super) fn decode(page: &Directory<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let layout = Layout::of(page, limits)?;
    let palette = match layout.photometric {
        Photometric::Palette => Some(color::palette(page, layout.bits)?),
        _ => None,
    };
    let mut image = Image::new(layout, palette);
    let mut outcome = Err(MediaError::damaged("it has neither strips nor tiles"));
    let pieces: Vec<_> = image.layout.pieces(page).collect();
    for piece in pieces {
        match image.add(&piece, page) {
            Ok(()) => outcome = Ok(()),
            Err(error) => outcome = outcome.or(Err(error)),
        }
    }
    outcome?;
    let is_ycc = image.layout.compression != JPEG;
    let raster = color::raster(image.data, &image.layout, page, is_ycc)?;
    Ok(Decoded::interleaved(raster, page.bytes(ICC_PROFILE).map(|profile| profile.0.to_vec())))
}

/// An image that is being put together.
struct Image {
    layout: Layout,
    palette: Option<Vec<[u8; 3]>>,
    /// Samples of eight bits that are shown.
    data: Vec<u8>,
}

impl Image {
    fn new(layout: Layout, palette: Option<Vec<[u8; 3]>>) -> Self {
        let data = vec![0; layout.width * layout.height * layout.shown()];
        Self { layout, palette, data }
    }

    fn add(&mut self, piece: &Piece<'_>, page: &Directory<'_>) -> Result<(), MediaError> {
        let layout = &self.layout;
        let is_jpeg = layout.compression == JPEG;
        if layout.photometric == Photometric::YCbCr && !is_jpeg && !layout.planar && layout.subsampling != (1, 1) {
            let expected = bytes_with_shared_chroma(layout, piece.width, piece.height);
            let stored = decompressed(piece, layout, page, expected)?;
            let rows = with_own_chroma(&stored, layout, piece.width, piece.height);
            self.place_bytes(piece, &rows, 3);
            return Ok(());
        }
        let row = if is_jpeg { piece.width * piece.samples } else { row_bytes(layout, piece.samples, piece.width) };
        let mut stored = decompressed(piece, layout, page, row * piece.height)?;
        if is_jpeg {
            self.place_bytes(piece, &stored, piece.samples);
            return Ok(());
        }
        for (y, row) in stored.chunks_exact_mut(row).enumerate() {
            unpredict(row, layout, piece.samples)?;
            if let Some(palette) = &self.palette {
                place_colors(&mut self.data, layout, palette, (piece.left, piece.top + y), piece.width, row);
            } else {
                place_samples(&mut self.data, layout, piece, y, row);
            }
        }
        Ok(())
    }

    /// Puts samples of eight bits into their places.
    fn place_bytes(&mut self, piece: &Piece<'_>, rows: &[u8], samples: usize) {
        let shown = self.layout.shown();
        let (columns, count) = (piece.width.min(self.layout.width - piece.left), samples.min(shown - piece.first));
        for (y, row) in rows.chunks_exact(piece.width * samples).enumerate() {
            let start = ((piece.top + y) * self.layout.width + piece.left) * shown;
            let Some(to) = self.data.get_mut(start..start + columns * shown) else { break };
            for (pixel, stored) in to.chunks_exact_mut(shown).zip(row.chunks_exact(samples)) {
                pixel[piece.first..][..count].copy_from_slice(&stored[..count]);
            }
        }
    }
}

/// The pixels of one row of a piece, within the image.
fn pixels<'a>(
    data: &'a mut [u8],
    layout: &Layout,
    (x, y): (usize, usize),
    width: usize,
) -> impl Iterator<Item = &'a mut [u8]> {
    let shown = layout.shown();
    let start = (y * layout.width + x) * shown;
    let length = width.min(layout.width - x) * shown;
    let row = if y < layout.height { &mut data[start..start + length] } else { &mut [] };
    row.chunks_exact_mut(shown)
}

fn place_samples(data: &mut [u8], layout: &Layout, piece: &Piece<'_>, y: usize, row: &[u8]) {
    let count = piece.samples.min(layout.kept() - piece.first);
    for (x, pixel) in pixels(data, layout, (piece.left, piece.top + y), piece.width).enumerate() {
        for (sample, value) in pixel[piece.first..][..count].iter_mut().enumerate() {
            *value = level(bits_at(row, x * piece.samples + sample, layout), layout);
        }
    }
}

fn place_colors(
    data: &mut [u8],
    layout: &Layout,
    palette: &[[u8; 3]],
    place: (usize, usize),
    width: usize,
    row: &[u8],
) {
    let samples = if layout.planar { 1 } else { layout.samples };
    for (x, pixel) in pixels(data, layout, place, width).enumerate() {
        let index = usize::try_from(bits_at(row, x * samples, layout)).unwrap_or(usize::MAX);
        pixel.copy_from_slice(palette.get(index).unwrap_or(&[0; 3]));
    }
}
