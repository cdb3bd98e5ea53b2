//! An image of tiles, decoded tile by tile: the decoder holds all of them, and the image that they make, in planes of four
//! bytes a sample. Here, one is held in that form, and the image in bytes.

use super::planes::{decoded, peak_memory, reason, shown};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::decode::limits::{check_memory, check_size};
use crate::media::error::MediaError;
use crate::media::heif::Items;
use crate::media::heif::associations::place_of_primary;
use crate::media::heif::coded::Grid;
use crate::media::raster::{Channels, Raster};

/// The most tiles. Cameras write about fifty to two hundred.
const MOST_TILES: usize = 1024;

const CHANNELS: usize = Channels::Rgb.count();

/// The pixels and the number of their primaries; `None` for an image that is not of tiles, or has an alpha.
pub(super) fn decode(
    bytes: &[u8],
    maps_tones: bool,
    limits: &MediaConfig,
) -> Result<Option<(Raster, u16)>, MediaError> {
    let Some((grid, tiles)) = grid_of(bytes) else { return Ok(None) };
    let Some(place) = place_of_primary(bytes) else { return Ok(None) };
    check_size(grid.width, grid.height, limits)?;
    let colors = heic_decoder::read_metadata(bytes).map_err(reason)?.color_info;
    let mut canvas = None;
    let mut file = bytes.to_vec();
    for (index, tile) in tiles.into_iter().enumerate() {
        // The same file, of which the tile is the image.
        let number = tile.to_be_bytes();
        file[place.clone()].copy_from_slice(&number[number.len() - place.len()..]);
        let own = peak_memory(&heic_decoder::probe(&file).map_err(reason)?);
        check_memory(bytes_of(grid).saturating_add(own), limits)?;
        let mut image = decoded(&file)?;
        image.color_info = colors.or(image.color_info);
        let (raster, primaries) = shown(&image, maps_tones)?;
        canvas.get_or_insert_with(|| Canvas::new(grid, &raster, primaries)).place(index, &raster)?;
    }
    let Canvas { data, primaries, .. } = canvas.ok_or_else(|| MediaError::damaged("a grid without tiles"))?;
    Ok(Some((Raster::new(grid.width, grid.height, Channels::Rgb, data)?, primaries)))
}

fn bytes_of(grid: Grid) -> u64 {
    u64::from(grid.width) * u64::from(grid.height) * CHANNELS as u64
}

/// The grid that is shown, and its tiles.
fn grid_of(bytes: &[u8]) -> Option<(Grid, Vec<u32>)> {
    let items = Items::of(ByteReader(bytes))?;
    let primary = items.primary()?;
    if items.kind(primary) != Some(b"grid") || items.alpha_of(primary).is_some() {
        return None;
    }
    let (grid, tiles) = (Grid::of(&items.data(primary).ok()?)?, items.parts(primary));
    let is_whole = tiles.len() == grid.rows * grid.columns && tiles.len() <= MOST_TILES;
    is_whole.then_some((grid, tiles))
}

/// What tiles are put together on.
struct Canvas {
    grid: Grid,
    /// The size of every tile.
    tile: (u32, u32),
    primaries: u16,
    data: Vec<u8>,
}

impl Canvas {
    fn new(grid: Grid, first: &Raster, primaries: u16) -> Self {
        let data = vec![0; grid.width as usize * grid.height as usize * CHANNELS];
        Self { grid, tile: (first.width, first.height), primaries, data }
    }

    /// Puts a tile in its place. What stands over is left out; a tile of which nothing shows is refused, because it takes
    /// time for nothing.
    fn place(&mut self, index: usize, tile: &Raster) -> Result<(), MediaError> {
        let (left, top) =
            (index % self.grid.columns * tile.width as usize, index / self.grid.columns * tile.height as usize);
        let (width, height) = (self.grid.width as usize, self.grid.height as usize);
        let is_known = tile.channels == Channels::Rgb && (tile.width, tile.height) == self.tile;
        if !is_known || left >= width || top >= height {
            return Err(MediaError::Variant("HEIC with tiles of several kinds, or beyond its canvas".to_owned()));
        }
        let columns = (tile.width as usize).min(width - left) * CHANNELS;
        let rows = tile.data.chunks_exact(tile.width as usize * CHANNELS);
        for (row, y) in rows.zip(top..height) {
            let start = (y * width + left) * CHANNELS;
            self.data[start..start + columns].copy_from_slice(&row[..columns]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};
    use crate::media::fixtures::boxed;

    const HEIC: &[u8] = include_bytes!("../../../../tests/data/images/image.heic");

    /// A file of the sample's image as both tiles of a grid, of which so much is the canvas.
    fn file(width: u16, height: u16) -> Vec<u8> {
        let items = Items::of(ByteReader(HEIC)).unwrap();
        let sample = items.primary().unwrap();
        let properties = items.properties(sample);
        let found = |kind: &[u8]| properties.iter().find(|one| one.box_type == kind).unwrap().body.0;
        let size = [u32::from(width), u32::from(height)].map(u32::to_be_bytes).concat();
        let all =
            [boxed(b"hvcC", &[found(b"hvcC")]), boxed(b"ispe", &[found(b"ispe")]), boxed(b"ispe", &[&[0; 4], &size])];
        let map = boxed(b"ipma", &[&[0; 4], &[0, 0, 0, 3], &[0, 1, 1, 3], &[0, 2, 2, 1, 2], &[0, 3, 2, 1, 2]]);
        let iprp = boxed(b"iprp", &[&boxed(b"ipco", &[&all.concat()]), &map]);
        let entry = |id: u8, kind: &[u8]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind, b"\0"]);
        let kinds = boxed(b"iinf", &[&[0; 5], &[3], &entry(1, b"grid"), &entry(2, b"hvc1"), &entry(3, b"hvc1")]);
        let links = boxed(b"iref", &[&[0; 4], &boxed(b"dimg", &[&[0, 1, 0, 2, 0, 2, 0, 3]])]);
        let grid = boxed(b"idat", &[&[0, 0, 0, 1], &width.to_be_bytes(), &height.to_be_bytes()]);
        let coded = items.data(sample).unwrap();
        let head = |start: u32| {
            let length = u32::try_from(coded.len()).unwrap();
            let place = |id: u8, method: u8, start: u32, length: u32| {
                [&[0, id, 0, method, 0, 0, 0, 1][..], &start.to_be_bytes(), &length.to_be_bytes()].concat()
            };
            let places = [place(1, 1, 0, 8), place(2, 0, start, length), place(3, 0, start, length)].concat();
            let places = boxed(b"iloc", &[&[1, 0, 0, 0, 0x44, 0, 0, 3], &places]);
            let handler = boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]);
            let primary = boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]);
            let meta = boxed(b"meta", &[&[0; 4], &handler, &primary, &kinds, &links, &iprp, &grid, &places]);
            [boxed(b"ftyp", &[b"heic\0\0\0\0mif1heic"]), meta].concat()
        };
        let start = u32::try_from(head(0).len() + 8).unwrap();
        [head(start), boxed(b"mdat", &[&coded])].concat()
    }

    /// Chroma is taken from the neighbours, which are others at the edges of tiles and of the canvas.
    fn differs_at_seams_alone(made: &Raster, whole: &Raster) -> bool {
        let (width, height) = (whole.width as usize, whole.height as usize);
        let is_seam = |x: usize, y: usize| (62..66).contains(&x) || x + 2 >= width || y + 2 >= height;
        let pixels = made.data.chunks_exact(3).zip(whole.data.chunks_exact(3)).enumerate();
        pixels.filter(|(_, (one, other))| one != other).all(|(at, _)| is_seam(at % width, at / width))
    }

    #[test]
    fn tile_by_tile_gives_what_the_whole_gives() {
        let limits = Config::default().media;
        for (width, height) in [(128, 64), (100, 50), (65, 64)] {
            let bytes = file(width, height);
            let (whole, _) = shown(&decoded(&bytes).unwrap(), true).unwrap();
            let (made, _) = decode(&bytes, true, &limits).unwrap().unwrap();
            assert_eq!((made.width, made.height), (width.into(), height.into()));
            assert!(differs_at_seams_alone(&made, &whole), "{width} × {height}");
        }
    }

    #[test]
    fn it_takes_less_memory_than_the_whole_and_has_its_limit() {
        let bytes = file(128, 64);
        let whole = peak_memory(&heic_decoder::probe(&bytes).unwrap());
        let with = |most: u64| decode(&bytes, true, &MediaConfig { max_alloc: Size(most), ..Config::default().media });
        assert!(with(whole).unwrap().is_some());
        assert!(matches!(with(whole / 4), Err(MediaError::OverLimit { .. })));
    }

    #[test]
    fn tiles_of_which_nothing_shows_are_refused_and_what_is_no_grid_is_none() {
        let limits = Config::default().media;
        assert!(matches!(decode(&file(64, 64), true, &limits), Err(MediaError::Variant(_))));
        assert!(decode(HEIC, true, &limits).unwrap().is_none());
        assert!(decode(b"no boxes", true, &limits).unwrap().is_none());
    }
}
