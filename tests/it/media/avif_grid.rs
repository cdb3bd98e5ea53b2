//! AVIF whose image is put together, cut out, or described by its container.

use image::{RgbImage, imageops};
use memchr::memmem;
use offprint::testing::config::Fit;
use offprint::testing::media::{MediaError, probe};
use offprint::testing::model::{Asset, MediaType};

use super::avif::avif;
use super::images::scene;
use super::measure::{pixels, psnr};
use super::{limits, lossless, make, make_one};

/// The side of a tile.
const TILE: u32 = 96;

fn boxed(kind: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&long(body.len() + 8)[..], kind, &body].concat()
}

fn long(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("test files are small").to_be_bytes()
}

/// An AVIF: one tile, or a grid of them, and their alpha.
#[derive(Default)]
struct File {
    /// The coded frames, in rows.
    tiles: Vec<Vec<u8>>,
    /// As many frames of alpha.
    alpha: Vec<Vec<u8>>,
    /// How many tiles are in a row, and the width and height of the whole.
    grid: Option<(u8, u32, u32)>,
    /// Properties of the image besides its size.
    properties: Vec<Vec<u8>>,
}

impl File {
    /// Item 1 is the image, 2 its alpha, and tiles count from 3. The place of what is in `mdat` depends on what is before.
    fn bytes(&self) -> Vec<u8> {
        let head = self.head(0).len();
        let frames: Vec<u8> = self.frames().concat();
        [self.head(head + 8), boxed(b"mdat", &[&frames])].concat()
    }

    fn frames(&self) -> Vec<Vec<u8>> {
        self.tiles.iter().chain(&self.alpha).cloned().collect()
    }

    fn head(&self, data: usize) -> Vec<u8> {
        let primary = if self.grid.is_some() { 1 } else { 3 };
        let parts = [boxed(b"pitm", &[&[0, 0, 0, 0, 0, primary]]), self.kinds(), self.links(), self.described(primary)];
        let (places, grid) = (self.places(data), self.grid_fields());
        let meta = boxed(b"meta", &[&[0; 4], &parts.concat(), &boxed(b"idat", &[&grid]), &places]);
        [boxed(b"ftyp", &[b"avif\0\0\0\0mif1"]), meta].concat()
    }

    fn grid_fields(&self) -> Vec<u8> {
        let (columns, width, height) = self.grid.unwrap_or((1, TILE, TILE));
        let rows = u8::try_from(self.tiles.len()).expect("test files are small") / columns;
        [&[0, 1, rows - 1, columns - 1][..], &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    /// The numbers of the items that are coded.
    fn coded(&self) -> std::ops::Range<u8> {
        3..3 + u8::try_from(self.frames().len()).expect("test files are small")
    }

    fn kinds(&self) -> Vec<u8> {
        let entry = |id: u8, kind: &[u8]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind, b"\0"]);
        let coded: Vec<u8> = self.coded().flat_map(|id| entry(id, b"av01")).collect();
        boxed(b"iinf", &[&[0; 6], &entry(1, b"grid"), &entry(2, b"grid"), &coded])
    }

    fn links(&self) -> Vec<u8> {
        let link = |kind: &[u8], from: u8, to: &mut dyn Iterator<Item = u8>| {
            let to: Vec<u8> = to.flat_map(|id| [0, id]).collect();
            boxed(kind, &[&[0, from, 0, u8::try_from(to.len() / 2).expect("few")], &to])
        };
        let tiles = u8::try_from(self.tiles.len()).expect("few");
        let mut links = link(b"dimg", 1, &mut (3..3 + tiles));
        if !self.alpha.is_empty() {
            links.extend(link(b"dimg", 2, &mut (3 + tiles..self.coded().end)));
            links.extend(link(b"auxl", 2, &mut std::iter::once(1)));
        }
        boxed(b"iref", &[&[0; 4], &links])
    }

    /// Properties 1 and 2 are the size of the whole and of a tile, 3 is that of alpha.
    fn described(&self, primary: u8) -> Vec<u8> {
        let size = |width: u32, height: u32| boxed(b"ispe", &[&[0; 4], &width.to_be_bytes(), &height.to_be_bytes()]);
        let (_, width, height) = self.grid.unwrap_or((1, TILE, TILE));
        let alpha = boxed(b"auxC", &[&[0; 4], b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"]);
        let all = [size(width, height), size(TILE, TILE), alpha, self.properties.concat()].concat();
        let own: Vec<u8> = (4..).take(self.properties.len()).collect();
        let of = |id: u8, indices: &[u8]| [&[0, id, u8::try_from(indices.len()).expect("few")], indices].concat();
        let items = [1, 2].into_iter().chain(self.coded()).map(|id| match id {
            _ if id == primary => of(id, &[&[1][..], &own].concat()),
            2 => of(2, &[1, 3]),
            _ => of(id, &[2]),
        });
        let items: Vec<Vec<u8>> = items.collect();
        let map = boxed(b"ipma", &[&[0; 4], &long(items.len()), &items.concat()]);
        boxed(b"iprp", &[&boxed(b"ipco", &[&all]), &map])
    }

    fn places(&self, data: usize) -> Vec<u8> {
        let place = |id: u8, method: u8, at: usize, length: usize| {
            [&[0, id, 0, method, 0, 0, 0, 1][..], &long(at), &long(length)].concat()
        };
        let mut at = data;
        let coded = self.coded().zip(self.frames()).flat_map(|(id, frame)| {
            at += frame.len();
            place(id, 0, at - frame.len(), frame.len())
        });
        let all = [place(1, 1, 0, 12), place(2, 1, 0, 12), coded.collect()].concat();
        let count = u8::try_from(self.frames().len() + 2).expect("few");
        boxed(b"iloc", &[&[1, 0, 0, 0, 0x44, 0, 0, count], &all])
    }
}

/// The coded frame of an image, as our own encoder writes it.
fn frame(image: &RgbImage) -> Vec<u8> {
    let file = avif(image);
    file[memmem::find(&file, b"mdat").expect("it has data") + 4..].to_vec()
}

/// The tiles of an image, in rows.
fn tiles(image: &RgbImage) -> Vec<Vec<u8>> {
    let places = (0..image.height() / TILE).flat_map(|y| (0..image.width() / TILE).map(move |x| (x * TILE, y * TILE)));
    places.map(|(x, y)| frame(&imageops::crop_imm(image, x, y, TILE, TILE).to_image())).collect()
}

fn shown(file: &File) -> (Asset, RgbImage) {
    let bytes = file.bytes();
    let rendition = make_one(&bytes, lossless(400, 400, Fit::Inside));
    (probe(&bytes, &limits()), pixels(&rendition))
}

#[test]
fn tiles_are_put_together_and_what_stands_over_is_left_out() {
    let image = scene(2 * TILE, 3 * TILE, 31);
    let file = File { tiles: tiles(&image), grid: Some((2, 150, 280)), ..File::default() };
    let (asset, made) = shown(&file);
    assert_eq!((asset.media_type, asset.width, asset.height), (MediaType::Avif, 150, 280));
    let expected = imageops::crop_imm(&image, 0, 0, 150, 280).to_image();
    assert_eq!(made.dimensions(), (150, 280));
    assert!(psnr(&made, &expected) >= 30.0, "{}", psnr(&made, &expected));
}

#[test]
fn the_alpha_of_a_grid_is_a_grid() {
    let image = scene(2 * TILE, TILE, 32);
    let opaque_right = |x: u32| image::Rgb([if x < TILE { 0 } else { 255 }; 3]);
    let alpha = tiles(&RgbImage::from_fn(2 * TILE, TILE, |x, _| opaque_right(x)));
    let file = File { tiles: tiles(&image), alpha, grid: Some((2, 2 * TILE, TILE)), ..File::default() };
    let made = make_one(&file.bytes(), lossless(400, 400, Fit::Inside));
    let made = image::load_from_memory(&made.bytes).expect("it is a PNG").to_rgba8();
    assert!(made.get_pixel(20, 40).0[3] < 8 && made.get_pixel(2 * TILE - 20, 40).0[3] > 247);
    assert!(probe(&file.bytes(), &limits()).alpha);
}

#[test]
fn the_clean_aperture_is_cut_out_before_the_image_is_turned() {
    let image = scene(TILE, TILE, 33);
    let clap = |fields: [i32; 8]| boxed(b"clap", &[&fields.map(i32::to_be_bytes).concat()]);
    let part = clap([40, 1, 20, 1, -10, 1, 6, 1]);
    let properties = vec![part, boxed(b"irot", &[&[1]])];
    let (asset, made) = shown(&File { tiles: tiles(&image), properties, ..File::default() });
    assert_eq!((asset.width, asset.height, asset.orientation), (40, 20, 8));
    let expected = imageops::rotate270(&imageops::crop_imm(&image, 18, 44, 40, 20).to_image());
    assert_eq!(made.dimensions(), (20, 40));
    assert!(psnr(&made, &expected) >= 30.0, "{}", psnr(&made, &expected));
    // One that reaches beyond the image is none.
    let properties = vec![clap([40, 1, 20, 1, -30, 1, 6, 1])];
    assert_eq!(shown(&File { tiles: tiles(&image), properties, ..File::default() }).1.dimensions(), (TILE, TILE));
}

#[test]
fn colors_that_the_container_names_count_more_than_those_of_the_bitstream() {
    let image = RgbImage::from_pixel(TILE, TILE, image::Rgb([220, 60, 40]));
    let of = |properties: Vec<Vec<u8>>| {
        *shown(&File { tiles: tiles(&image), properties, ..File::default() }).1.get_pixel(9, 9)
    };
    let nclx = |matrix: u8| boxed(b"colr", &[b"nclx\0\x01\0\x0d\0", &[matrix, 0x80]]);
    let near = |one: image::Rgb<u8>, other: image::Rgb<u8>| one.0.iter().zip(other.0).all(|(a, b)| a.abs_diff(b) < 6);
    assert!(near(of(vec![]), *image.get_pixel(0, 0)));
    assert!(!near(of(vec![nclx(1)]), of(vec![nclx(6)])), "the matrix of BT.709 gives other colors");
    let bytes = File { tiles: tiles(&image), properties: vec![nclx(14)], ..File::default() }.bytes();
    assert!(matches!(make(&bytes, &[lossless(9, 9, Fit::Inside)]).1.sizes[0], Err(MediaError::Variant(_))));
}

#[test]
fn a_grid_that_lies_has_a_reason() {
    let all = tiles(&scene(2 * TILE, TILE, 34));
    let why = |file: &File| make(&file.bytes(), &[lossless(40, 40, Fit::Inside)]).1.sizes.remove(0).err();
    let grid =
        |columns, width, height| File { tiles: all.clone(), grid: Some((columns, width, height)), ..File::default() };
    assert_eq!(why(&grid(2, 2 * TILE, TILE)), None);
    assert!(matches!(why(&grid(2, 2 * TILE + 1, TILE)), Some(MediaError::Variant(_))), "the tiles do not cover it");
    assert!(matches!(why(&grid(2, TILE, TILE)), Some(MediaError::Variant(_))), "nothing of the second one shows");
    assert_eq!(why(&grid(2, TILE + 1, TILE)), None, "a column of it does");
    let repeated = File { tiles: vec![all[0].clone(), all[0].clone()], ..grid(2, 2 * TILE, TILE) };
    assert_eq!(why(&repeated), None, "tiles may be alike");
    assert!(matches!(why(&grid(2, 60_000, 60_000)), Some(MediaError::OverLimit { .. })));
    assert!(matches!(why(&grid(2, 0, TILE)), Some(MediaError::Damaged(_))));
    let bytes = grid(2, 2 * TILE, TILE).bytes();
    for cut in (40..bytes.len()).step_by(97) {
        assert!(make(&bytes[..cut], &[lossless(40, 40, Fit::Inside)]).1.sizes[0].is_err(), "{cut}");
    }
}

/// What is written without its length reaches to the end of the file.
#[test]
fn the_last_box_may_have_no_size() {
    let image = scene(TILE, TILE, 35);
    let mut bytes = File { tiles: tiles(&image), ..File::default() }.bytes();
    let at = memmem::find(&bytes, b"mdat").expect("it has data") - 4;
    bytes[at..at + 4].fill(0);
    assert!(make(&bytes, &[lossless(40, 40, Fit::Inside)]).1.sizes[0].is_ok());
}

/// What the perceptual quantizer codes as the white of SDR is shown near white, whatever stands beside it, and the same
/// file without that number shows what is coded.
#[test]
fn hdr_by_the_perceptual_quantizer_is_shown_as_sdr() {
    let level = |transfer: u8, coded: u8| {
        let image = RgbImage::from_pixel(TILE, TILE, image::Rgb([coded; 3]));
        let nclx = boxed(b"colr", &[b"nclx\0\x01\0", &[transfer, 0, 6, 0x80]]);
        shown(&File { tiles: tiles(&image), properties: vec![nclx], ..File::default() }).1.get_pixel(9, 9).0[1]
    };
    let (white, brightest) = (148, 192);
    assert!(level(13, white).abs_diff(white) < 6);
    assert!((210..245).contains(&level(16, white)), "{}", level(16, white));
    assert!(level(16, brightest) > 250);
    assert!(level(16, 0) < 3);
}
