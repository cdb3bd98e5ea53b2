//! AVIF, by `re_rav1d`: dav1d translated to Rust, without its assembly, and in large part still `unsafe`. The decoder is
//! therefore a feature of the build, `avif`, that can be left out. The container is read here.
//!
//! An image is one item or a grid of them, and so is its alpha. Of a sequence it is the item that the file names, else the
//! first frame. Colors are those of the file's ICC profile, else Display P3 or BT.2020 where the file or the bitstream names
//! these primaries, else sRGB. HDR by the perceptual quantizer is tone-mapped, unless a profile says what colors are.

mod color;
mod frame;

use std::borrow::Cow;

use self::color::Coding;
use self::frame::Frame;
use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use super::wide_gamut;
use crate::config::MediaConfig;
use crate::media::boxes::{boxes, child, first_sample};
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::heif::coded::Grid;
use crate::media::heif::{Aperture, Items};
use crate::media::probe;
use crate::media::raster::{Channels, Raster, divide_by_alpha};
use crate::model::Asset;

/// Bytes of memory per pixel and channel: a plane of up to two bytes per sample, another for film grain, and the sample of
/// the raster.
const BYTES_PER_SAMPLE: u64 = 5;

/// The most tiles of a grid. Cameras write about fifty.
const MOST_TILES: usize = 1024;

/// The primary image, with its alpha.
pub(super) fn decode(bytes: &[u8], asset: &Asset, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let file = ByteReader(bytes);
    let items = Items::of(file).and_then(|items| Some((items, items.primary()?)));
    let (image, aperture) = match items {
        Some((items, primary)) => (Image::of_item(&items, primary)?, aperture(&items, primary)),
        None => (Image::of_track(file, asset)?, None),
    };
    check_size(image.color.width, image.color.height, limits)?;
    let channels = 3 + u64::from(image.alpha.is_some());
    let pixels = u64::from(image.color.width) * u64::from(image.color.height);
    check_memory(pixels * channels * BYTES_PER_SAMPLE, limits)?;
    let profile = probe::icc_of_heif(file).map(<[u8]>::to_vec);
    let (raster, primaries) = image.decode(profile.is_none())?;
    let profile = profile.or_else(|| wide_gamut::profile(primaries));
    let shown = match aperture {
        Some(part) => raster.cropped((part.left, part.top), (part.width, part.height))?,
        None => raster,
    };
    Ok(Decoded::interleaved(shown, profile))
}

fn aperture(items: &Items<'_>, item: u32) -> Option<Aperture> {
    Aperture::of(items.property(item, b"clap")?, items.size(item)?)
}

/// Tiles that make up an image of one or three channels. A single item is a tile of the same size.
struct Mosaic<'a> {
    width: u32,
    height: u32,
    columns: usize,
    tiles: Vec<Cow<'a, [u8]>>,
    /// What the container says of colors.
    coding: Option<Coding>,
}

impl<'a> Mosaic<'a> {
    fn of_item(items: &Items<'a>, item: u32) -> Result<Self, MediaError> {
        let (width, height) = items.size(item).ok_or_else(|| MediaError::damaged("an item has no size"))?;
        match items.kind(item) {
            Some(b"av01") => {
                let (tiles, coding) = (vec![items.data(item)?], coding(items, item));
                Ok(Self { width, height, columns: 1, tiles, coding })
            }
            Some(b"grid") => Self::of_grid(items, item, &items.parts(item)),
            other => {
                let other = String::from_utf8_lossy(other.unwrap_or_default()).into_owned();
                Err(MediaError::Variant(format!("AVIF with an item of the type {other:?}")))
            }
        }
    }

    /// A grid, of which these are the tiles.
    fn of_grid(items: &Items<'a>, grid: u32, parts: &[u32]) -> Result<Self, MediaError> {
        let of_data = Grid::of(&items.data(grid)?);
        let Grid { rows, columns, width, height } =
            of_data.ok_or_else(|| MediaError::damaged("the grid breaks off"))?;
        if rows * columns != parts.len() || parts.len() > MOST_TILES {
            return Err(MediaError::damaged("the grid has another number of tiles"));
        }
        let coding = coding(items, grid).or_else(|| coding(items, parts[0]));
        let tiles = Self::tiles(items, parts)?;
        Ok(Self { width, height, columns, tiles, coding })
    }

    /// The bytes of tiles. Together they are no more than the file, but for a tile that is shown more than once.
    fn tiles(items: &Items<'a>, parts: &[u32]) -> Result<Vec<Cow<'a, [u8]>>, MediaError> {
        let (mut tiles, mut room) = (Vec::new(), 2 * items.file_length());
        for part in parts {
            let tile = items.data(*part)?;
            room = room.checked_sub(tile.len()).ok_or_else(|| MediaError::damaged("the tiles overlap"))?;
            tiles.push(tile);
        }
        Ok(tiles)
    }

    /// Refuses a grid with tiles of which nothing shows: to decode them takes time for nothing.
    fn refuse_hidden_tiles(&self, width: usize, height: usize) -> Result<(), MediaError> {
        let rows = self.tiles.len() / self.columns;
        if (self.columns - 1) * width >= self.width as usize || (rows - 1) * height >= self.height as usize {
            return Err(MediaError::Variant("AVIF with tiles beyond its canvas".to_owned()));
        }
        Ok(())
    }

    /// Decodes tile after tile, and gives each with where it stands. All have the size of the first.
    fn each(&self, mut take: impl FnMut(&Frame, (usize, usize)) -> Result<(), MediaError>) -> Result<(), MediaError> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let mut first = None;
        for (at, tile) in self.tiles.iter().enumerate() {
            let frame = Frame::decode(tile.to_vec(), pixels)?;
            let (width, height) = *first.get_or_insert((frame.width, frame.height));
            if (frame.width, frame.height) != (width, height) {
                return Err(MediaError::Variant("AVIF with tiles of several sizes".to_owned()));
            }
            self.refuse_hidden_tiles(width, height)?;
            take(&frame, (at % self.columns * width, at / self.columns * height))?;
        }
        let (width, height) = first.unwrap_or_default();
        let (across, down) = (self.columns * width, self.tiles.len() / self.columns * height);
        let fits = |whole: usize, side: u32| {
            if self.tiles.len() == 1 { whole == side as usize } else { whole >= side as usize }
        };
        if fits(across, self.width) && fits(down, self.height) {
            return Ok(());
        }
        Err(MediaError::Variant("AVIF with a frame of another size than the file declares".to_owned()))
    }
}

/// The colors that the container names, which count more than those of the bitstream (AV1 Image File Format, section 2.1).
fn coding(items: &Items<'_>, item: u32) -> Option<Coding> {
    let mut properties = items.properties(item).into_iter();
    let named = properties.find(|found| found.box_type == b"colr" && found.body.has(0, b"nclx"));
    named.and_then(|found| Coding::of(found.body))
}

/// An image and its alpha.
struct Image<'a> {
    color: Mosaic<'a>,
    alpha: Option<Mosaic<'a>>,
    premultiplied: bool,
}

impl<'a> Image<'a> {
    fn of_item(items: &Items<'a>, item: u32) -> Result<Self, MediaError> {
        let color = Mosaic::of_item(items, item)?;
        let alpha = match items.alpha_of(item) {
            Some(alpha) => Some(Mosaic::of_item(items, alpha)?),
            None => Self::alpha_of_tiles(items, item).map(|parts| Mosaic::of_grid(items, item, &parts)).transpose()?,
        };
        if alpha.as_ref().is_some_and(|alpha| (alpha.width, alpha.height) != (color.width, color.height)) {
            return Err(MediaError::Variant("AVIF with an alpha of another size".to_owned()));
        }
        Ok(Self { color, alpha, premultiplied: items.is_premultiplied(item) })
    }

    /// The alpha of each tile, where all have one.
    fn alpha_of_tiles(items: &Items<'a>, item: u32) -> Option<Vec<u32>> {
        let parts = items.parts(item);
        let alpha = parts.iter().take(MOST_TILES).map(|part| items.alpha_of(*part)).collect::<Option<Vec<_>>>();
        alpha.filter(|alpha| !alpha.is_empty())
    }

    /// The first frame of the first track, of a file without items.
    fn of_track(file: ByteReader<'a>, asset: &Asset) -> Result<Self, MediaError> {
        let tracks = child(file, b"moov").into_iter().flat_map(boxes).filter(|found| found.box_type == b"trak");
        let frame = tracks.take(1).find_map(|track| first_sample(track.body));
        let frame = frame.and_then(|(start, length)| file.slice(start, length));
        let frame = frame.ok_or_else(|| MediaError::damaged("it has neither an image nor a track"))?;
        let tiles = vec![Cow::Borrowed(frame)];
        let color = Mosaic { width: asset.width, height: asset.height, columns: 1, tiles, coding: None };
        Ok(Self { color, alpha: None, premultiplied: false })
    }

    /// The pixels, where HDR is tone-mapped or left as it is, and the number of their primaries.
    fn decode(&self, maps_tones: bool) -> Result<(Raster, u16), MediaError> {
        let (width, height) = (self.color.width, self.color.height);
        let mut color = Canvas::new(width, height, 3);
        let mut primaries = 0;
        self.color.each(|frame, place| {
            let coding = self.color.coding.unwrap_or_else(|| Coding::of_frame(frame));
            let tones = maps_tones.then(|| coding.tones()).flatten();
            // What is mapped is in sRGB.
            primaries = if tones.is_some() { 1 } else { coding.primaries };
            color.place(frame, place, &coding.colors(frame, tones)?);
            Ok(())
        })?;
        let Some(alpha) = &self.alpha else {
            return Ok((Raster::new(width, height, Channels::Rgb, color.data)?, primaries));
        };
        let mut opacity = Canvas::new(width, height, 1);
        alpha.each(|frame, place| {
            opacity.place(frame, place, &Coding::of_frame(frame).opacity());
            Ok(())
        })?;
        let pixels = color.data.chunks_exact(3).zip(&opacity.data);
        let mut data: Vec<u8> = pixels.flat_map(|(rgb, alpha)| [rgb[0], rgb[1], rgb[2], *alpha]).collect();
        if self.premultiplied {
            data.chunks_exact_mut(4).for_each(divide_by_alpha);
        }
        Ok((Raster::new(width, height, Channels::Rgba, data)?, primaries))
    }
}

/// What tiles are put together on.
struct Canvas {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32, channels: usize) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, channels, data: vec![0; width * height * channels] }
    }

    /// Puts a frame in its place. What stands over is left out.
    fn place(&mut self, frame: &Frame, (left, top): (usize, usize), colors: &color::Colors) {
        let columns = frame.width.min(self.width.saturating_sub(left));
        let rows = frame.height.min(self.height.saturating_sub(top));
        for y in 0..rows {
            let start = ((top + y) * self.width + left) * self.channels;
            let Some(row) = self.data.get_mut(start..start + columns * self.channels) else { return };
            colors.write(frame, y, row);
        }
    }
}
