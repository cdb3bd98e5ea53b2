//! Pages that the decoder of the `image` crate refuses.

use super::*;
use crate::config::Config;
use crate::media::decode::decoded::Pixels;
use crate::media::raster::{Channels, Raster};

/// A little-endian file: tags of 16 or 32 bits with their numbers, then the strip or the tiles.
fn file(tags: &[(u16, &[u16])], pieces: &[&[u8]]) -> Vec<u8> {
    let count = u16::try_from(tags.len() + 2).unwrap();
    let mut values = Vec::new();
    let mut directory = count.to_le_bytes().to_vec();
    let behind = 8 + 2 + 12 * u32::from(count) + 4;
    let is_tiled = tags.iter().any(|tag| tag.0 == 322);
    let lengths: Vec<u32> = pieces.iter().map(|piece| u32::try_from(piece.len()).unwrap()).collect();
    let starts = 0..lengths.len();
    let starts: Vec<u32> = starts.map(|at| 0x8_0000 + lengths[..at].iter().sum::<u32>()).collect();
    let (start_tag, length_tag) = if is_tiled { (324, 325) } else { (273, 279) };
    let own = tags.iter().map(|(tag, numbers)| (*tag, 3_u16, numbers.iter().flat_map(|it| it.to_le_bytes()).collect()));
    let long = |numbers: &[u32]| numbers.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
    let made = [(start_tag, 4, long(&starts)), (length_tag, 4, long(&lengths))];
    for (tag, kind, mut bytes) in own.chain(made) {
        let number = u32::try_from(bytes.len()).unwrap() / if kind == 3 { 2 } else { 4 };
        directory.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        directory.extend(number.to_le_bytes());
        if bytes.len() > 4 {
            directory.extend((behind + u32::try_from(values.len()).unwrap()).to_le_bytes());
            values.append(&mut bytes);
        } else {
            bytes.resize(4, 0);
            directory.append(&mut bytes);
        }
    }
    let mut file = [&b"II*\0\x08\0\0\0"[..], &directory, &[0; 4], &values].concat();
    file.resize(0x8_0000, 0);
    file.extend(pieces.concat());
    file
}

fn shown(bytes: &[u8]) -> Result<Raster, MediaError> {
    match decode(bytes, &Config::default().media)?.pixels {
        Pixels::Interleaved(raster) => Ok(raster),
        Pixels::Planar(_) => Err(MediaError::damaged("planes")),
    }
}

/// A page of one strip: width, height, bits, photometric interpretation, samples, compression.
fn page(
    size: (u16, u16),
    bits: u16,
    photometric: u16,
    samples: u16,
    compression: u16,
    more: &[(u16, &[u16])],
) -> Vec<(u16, Vec<u16>)> {
    let usual = [(256, size.0), (257, size.1), (259, compression), (262, photometric), (277, samples), (278, size.1)];
    let usual = usual.map(|(tag, number)| (tag, vec![number]));
    let bits = (258, vec![bits; samples.into()]);
    let more = more.iter().map(|(tag, numbers)| (*tag, numbers.to_vec()));
    usual.into_iter().chain([bits]).chain(more).collect()
}

fn write(tags: &[(u16, Vec<u16>)], pieces: &[&[u8]]) -> Vec<u8> {
    let tags: Vec<_> = tags.iter().map(|(tag, numbers)| (*tag, numbers.as_slice())).collect();
    file(&tags, pieces)
}

#[test]
fn gray_of_every_depth_is_read() {
    for (bits, row, expected) in [
        (2, &[0b00_01_10_11][..], [0, 85, 170, 255]),
        (4, &[0x05, 0xaf], [0, 85, 170, 255]),
        (12, &[0x00, 0x05, 0x55, 0xaa, 0xaf, 0xff], [0, 85, 170, 255]),
        (24, &[0, 0, 0, 0x55, 0x55, 0x55, 0xaa, 0xaa, 0xaa, 0xff, 0xff, 0xff], [0, 85, 170, 255]),
    ] {
        let image = shown(&write(&page((4, 1), bits, 1, 1, 1, &[]), &[row])).unwrap();
        assert_eq!((image.channels, image.data.as_slice()), (Channels::Gray, &expected[..]), "{bits}");
    }
    let signed = write(&page((2, 1), 16, 1, 1, 1, &[(339, &[2])]), &[&[0xff, 0x7f, 0x00, 0x80]]);
    assert_eq!(shown(&signed).unwrap().data, [255, 0], "what is below zero is black");
    let half = write(&page((3, 1), 16, 1, 1, 1, &[(339, &[3])]), &[&[0x00, 0x3c, 0x00, 0x38, 0x00, 0xbc]]);
    assert_eq!(shown(&half).unwrap().data, [255, 128, 0], "1, 0.5 and -1");
}

#[test]
fn palettes_of_all_depths_are_looked_up() {
    for (bits, row) in
        [(1_u16, &[0b0100_0000][..]), (2, &[0b0001_0000]), (4, &[0x01]), (8, &[0, 1]), (16, &[0, 0, 1, 0])]
    {
        let count = 1_usize << bits;
        let mut map = vec![0_u16; 3 * count];
        (map[1], map[count], map[2 * count + 1]) = (0xffff, 0x8000, 0x4000);
        let image = shown(&write(&page((2, 1), bits, 3, 1, 1, &[(320, &map)]), &[row])).unwrap();
        assert_eq!((image.channels, image.data), (Channels::Rgb, vec![0, 128, 0, 255, 0, 64]), "{bits}");
    }
}

#[test]
fn a_palette_that_breaks_off_is_damage() {
    let short = write(&page((2, 1), 4, 3, 1, 1, &[(320, &[0; 9])]), &[&[0, 0]]);
    let why = shown(&short).unwrap_err();
    assert!(why.to_string().contains("palette is not whole"), "{why}");
}

#[test]
fn ink_keeps_its_profile_and_lab_becomes_rgb() {
    let ink = shown(&write(&page((1, 1), 8, 5, 4, 1, &[]), &[&[9, 8, 7, 6]])).unwrap();
    assert_eq!((ink.channels, ink.data), (Channels::Cmyk, vec![9, 8, 7, 6]));
    let lab = shown(&write(&page((2, 1), 8, 8, 3, 1, &[]), &[&[255, 0, 0, 138, 81, 70]])).unwrap();
    assert_eq!(lab.data[..3], [255; 3]);
    assert!(lab.data[3] > 250 && lab.data[4] < 10 && lab.data[5] < 10, "red: {:?}", lab.data);
    let icc = shown(&write(&page((1, 1), 8, 9, 3, 1, &[]), &[&[0, 128, 128]])).unwrap();
    assert_eq!(icc.data, [0; 3]);
}

#[test]
fn chroma_is_shared_as_the_page_says() {
    // Four luma samples, then Cb and Cr of all of them: gray but for the second block, which is red.
    let blocks = [10, 20, 30, 40, 128, 128, 76, 76, 76, 76, 85, 255];
    let image = shown(&write(&page((4, 2), 8, 6, 3, 1, &[(530, &[2, 2])]), &[&blocks])).unwrap();
    assert_eq!(image.data[..6], [10, 10, 10, 20, 20, 20]);
    assert_eq!(image.data[12..18], [30, 30, 30, 40, 40, 40]);
    assert!(image.data[6] > 250 && image.data[7] < 5, "{:?}", image.data);
}

#[test]
fn each_channel_may_have_tiles_of_its_own() {
    let tags = page((3, 2), 8, 2, 3, 1, &[(284, &[2]), (322, &[2]), (323, &[2])]);
    let tiles: [&[u8]; 6] =
        [&[1, 2, 4, 5], &[3, 0, 6, 0], &[11, 12, 14, 15], &[13, 0, 16, 0], &[21, 22, 24, 25], &[23, 0, 26, 0]];
    let image = shown(&write(&tags, &tiles)).unwrap();
    assert_eq!(image.data, [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24, 5, 15, 25, 6, 16, 26]);
}

#[test]
fn the_codes_of_fax_machines_are_read_in_all_kinds() {
    // A row of four white and four black pixels: white 4 is 1011, black 4 is 011. The end-of-line code is 000000000001.
    let rows = [0b1011_0110, 0b1011_0110];
    let group_3 = [0x00, 0b0001_1011, 0b0110_0000, 0b0000_0001, 0b1011_0110];
    // Horizontal 001 with both runs, then vertical 0 for both changes: 1, 1.
    let group_4 = [0b0011_0110, 0b1111_0000];
    for (compression, bytes) in [(2, &rows[..]), (3, &group_3), (4, &group_4)] {
        let page = page((8, 2), 1, 0, 1, compression, &[]);
        let mut expected = [255; 16];
        expected[4..8].fill(0);
        expected[12..].fill(0);
        assert_eq!(shown(&write(&page, &[bytes])).unwrap().data, expected, "compression {compression}");
        let reversed: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        let turned = [page, vec![(266, vec![2])]].concat();
        assert_eq!(shown(&write(&turned, &[&reversed])).unwrap().data, expected, "lowest bit first, {compression}");
    }
}

#[test]
fn jpeg_in_a_page_is_read_with_its_tables() {
    let pixels: Vec<u8> = (0..16 * 16).flat_map(|_| [200, 40, 90]).collect();
    let format = libjpeg_turbo_rs::PixelFormat::Rgb;
    let subsampling = libjpeg_turbo_rs::Subsampling::S420;
    let jpeg = libjpeg_turbo_rs::compress(&pixels, 16, 16, format, 95, subsampling).unwrap();
    let image = shown(&write(&page((16, 16), 8, 6, 3, 7, &[(530, &[2, 2])]), &[&jpeg])).unwrap();
    assert!(image.data.iter().zip(&pixels).all(|(made, given)| made.abs_diff(*given) < 6), "{:?}", &image.data[..3]);
}

#[test]
fn what_is_not_read_has_a_reason_and_nothing_is_taken_on_trust() {
    let why = |bytes: &[u8]| shown(bytes).unwrap_err().to_string();
    assert!(why(&write(&page((4, 1), 8, 1, 1, 50_000, &[]), &[&[0; 4]])).contains("Zstandard"));
    assert!(why(&write(&page((4, 1), 8, 1, 1, 6, &[]), &[&[0; 4]])).contains("before 1995"));
    assert!(why(&write(&page((4, 1), 8, 32_844, 1, 1, &[]), &[&[0; 4]])).contains("32844"));
    assert!(why(&write(&page((4, 1), 8, 2, 1, 1, &[]), &[&[0; 4]])).contains("1 samples"));
    assert!(why(&write(&page((4, 1), 33, 1, 1, 1, &[]), &[&[0; 4]])).contains("33 bits"));
    let huge = write(&page((65_000, 65_000), 4, 1, 1, 1, &[]), &[&[0; 4]]);
    assert!(matches!(shown(&huge), Err(MediaError::OverLimit { .. })), "{}", why(&huge));
    let tile = write(&page((4, 1), 4, 1, 1, 1, &[(322, &[65_000]), (323, &[60_000])]), &[&[0; 4]]);
    assert!(matches!(shown(&tile), Err(MediaError::OverLimit { .. })), "{}", why(&tile));
}
