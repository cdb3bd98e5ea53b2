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
        let black_is_zero = page((8, 2), 1, 1, 1, compression, &[]);
        let page = page((8, 2), 1, 0, 1, compression, &[]);
        let mut expected = [255; 16];
        expected[4..8].fill(0);
        expected[12..].fill(0);
        assert_eq!(shown(&write(&page, &[bytes])).unwrap().data, expected, "compression {compression}");
        let reversed: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        let turned = [page, vec![(266, vec![2])]].concat();
        assert_eq!(shown(&write(&turned, &[&reversed])).unwrap().data, expected, "lowest bit first, {compression}");
        // The same bits are the other colors where black is zero (TIFF 6.0, section 10).
        let negative = expected.map(|gray| 255 - gray);
        assert_eq!(shown(&write(&black_is_zero, &[bytes])).unwrap().data, negative, "black is zero, {compression}");
        let black_is_zero = [black_is_zero, vec![(266, vec![2])]].concat();
        assert_eq!(shown(&write(&black_is_zero, &[&reversed])).unwrap().data, negative, "the same, {compression}");
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

/// The page with other numbers at a tag.
fn with(mut page: Vec<(u16, Vec<u16>)>, tag: u16, numbers: &[u16]) -> Vec<(u16, Vec<u16>)> {
    page.retain(|(other, _)| *other != tag);
    page.push((tag, numbers.to_vec()));
    page
}

/// Two pixels of four inks, compressed.
fn two_inks(compression: u16, piece: &[u8]) -> Vec<u8> {
    shown(&write(&page((2, 1), 8, 5, 4, compression, &[]), &[piece])).unwrap().data
}

#[test]
fn what_is_compressed_without_loss_comes_back() {
    let pixels = [5, 5, 5, 5, 1, 2, 3, 4];
    assert_eq!(two_inks(1, &pixels), pixels, "not compressed");
    assert_eq!(two_inks(32_773, &[0xfd, 5, 3, 1, 2, 3, 4]), pixels, "PackBits: a run and a literal");
    assert_eq!(two_inks(32_773, &[0x80, 0xfd, 5, 0x80, 3, 1, 2, 3, 4]), pixels, "PackBits: 128 does nothing");
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflated, &pixels).unwrap();
    let deflated = deflated.finish().unwrap();
    assert_eq!(two_inks(8, &deflated), pixels, "deflate");
    assert_eq!(two_inks(32_946, &deflated), pixels, "deflate by its old number");
    let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    assert_eq!(two_inks(5, &encoder.encode(&pixels).unwrap()), pixels, "LZW");
}

#[test]
fn what_breaks_off_is_zero_and_what_is_empty_is_damage() {
    assert_eq!(two_inks(1, &[9, 8, 7, 6]), [9, 8, 7, 6, 0, 0, 0, 0]);
    assert_eq!(two_inks(32_773, &[0xfd, 5, 3, 1]), [5, 5, 5, 5, 1, 0, 0, 0], "a literal that is cut");
    let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let whole = encoder.encode(&[7; 8]).unwrap();
    assert_eq!(two_inks(5, &whole[..3])[0], 7);
    for compression in [2, 3, 4, 5, 7, 8, 32_773] {
        let nothing = write(&page((2, 1), 8, 5, 4, compression, &[]), &[&[]]);
        assert!(shown(&nothing).is_err(), "compression {compression}");
    }
}

#[test]
fn a_prediction_from_the_left_is_undone() {
    let bytes = write(&page((2, 1), 8, 5, 4, 1, &[(317, &[2])]), &[&[9, 8, 7, 6, 1, 1, 255, 0]]);
    assert_eq!(shown(&bytes).unwrap().data, [9, 8, 7, 6, 10, 9, 6, 6]);
    let row: Vec<u8> =
        [0x8000_u16, 0x8000, 0, 0, 0x4000, 0x8000, 0xffff, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let words = write(&page((2, 1), 16, 5, 4, 1, &[(317, &[2])]), &[&row]);
    assert_eq!(shown(&words).unwrap().data, [128, 128, 0, 0, 191, 0, 255, 0], "numbers of two bytes, which wrap");
    let odd = write(&page((4, 1), 4, 3, 1, 1, &[(317, &[2]), (320, &[0; 48])]), &[&[0, 0]]);
    let why = shown(&odd).unwrap_err().to_string();
    assert!(why.contains("predictor 2 at 4 bits"), "{why}");
    let unknown = write(&page((2, 1), 8, 5, 4, 1, &[(317, &[9])]), &[&[0; 8]]);
    assert!(shown(&unknown).unwrap_err().to_string().contains("predictor 9"));
}

#[test]
fn floats_are_predicted_byte_by_byte() {
    // 1.0 is 0x3f800000 and 0.5 is 0x3f000000: all highest bytes come first, each as its distance from the one before.
    let planes: [u8; 16] = [0x3f, 0x3f, 0x3f, 0x3f, 0x80, 0x00, 0x80, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut stored = planes;
    for at in (4..16).rev() {
        stored[at] = planes[at].wrapping_sub(planes[at - 4]);
    }
    let page = page((1, 1), 32, 5, 4, 1, &[(317, &[3]), (339, &[3, 3, 3, 3])]);
    assert_eq!(shown(&write(&page, &[&stored])).unwrap().data, [255, 128, 255, 128]);
}

#[test]
fn strips_follow_each_other_and_the_last_may_be_short() {
    let tags = with(page((1, 3), 8, 5, 4, 1, &[]), 278, &[2]);
    let image = shown(&write(&tags, &[&[1, 1, 1, 1, 2, 2, 2, 2], &[3, 3, 3, 3]])).unwrap();
    assert_eq!((image.width, image.height), (1, 3));
    assert_eq!(image.data, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    let without = shown(&write(&tags, &[&[1, 1, 1, 1, 2, 2, 2, 2]]));
    assert!(without.is_ok_and(|image| image.data[8..] == [0; 4]), "a strip that is missing is zero");
}

#[test]
fn planes_are_joined_and_alpha_is_what_the_page_says() {
    let planes: [&[u8]; 4] = [&[64], &[32], &[128], &[128]];
    let of = |meaning: u16| {
        let tags = page((1, 1), 8, 2, 4, 1, &[(284, &[2]), (338, &[meaning])]);
        let image = shown(&write(&tags, &planes)).unwrap();
        (image.channels, image.data)
    };
    assert_eq!(of(1), (Channels::Rgba, vec![127, 63, 255, 128]), "multiplied by it");
    assert_eq!(of(2), (Channels::Rgba, vec![64, 32, 128, 128]), "as it is");
    assert_eq!(of(0), (Channels::Rgb, vec![64, 32, 128]), "for another purpose");
}

#[test]
fn chroma_without_sharing_has_the_primaries() {
    for (pixel, [red, green, blue]) in [
        ([76, 85, 255], [254, 0, 0]),
        ([150, 44, 21], [0, 255, 1]),
        ([29, 255, 107], [0, 0, 254]),
        ([255, 128, 128], [255, 255, 255]),
        ([0, 128, 128], [0, 0, 0]),
    ] {
        let bytes = write(&page((1, 1), 8, 6, 3, 1, &[(530, &[1, 1])]), &[&pixel]);
        let made = shown(&bytes).unwrap().data;
        let near = |at: usize, wanted: u8| made[at].abs_diff(wanted) <= 3;
        assert!(near(0, red) && near(1, green) && near(2, blue), "{pixel:?}: {made:?}");
    }
}

#[test]
fn chroma_is_shared_in_every_way_that_the_standard_has() {
    for (across, down) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)] {
        let luma = usize::from(across * down);
        let block: Vec<u8> = std::iter::repeat_n(90, luma).chain([128, 128]).collect();
        let bytes = write(&page((4, 4), 8, 6, 3, 1, &[(530, &[across, down])]), &[&block.repeat(16)]);
        let made = shown(&bytes).unwrap().data;
        assert_eq!(made, [90; 48], "{across} × {down}");
    }
    let three = write(&page((4, 4), 8, 6, 3, 1, &[(530, &[3, 1])]), &[&[0; 96]]);
    assert!(shown(&three).unwrap_err().to_string().contains("subsampled"));
}

#[test]
fn samples_of_several_depths_or_of_no_known_format_have_a_reason() {
    let depths = with(page((1, 1), 8, 5, 4, 1, &[]), 258, &[8, 8, 4, 8]);
    let why = shown(&write(&depths, &[&[0; 4]])).unwrap_err().to_string();
    assert!(why.contains("several depths"), "{why}");
    let format = write(&page((1, 1), 8, 5, 4, 1, &[(339, &[6])]), &[&[0; 4]]);
    let why = shown(&format).unwrap_err().to_string();
    assert!(why.contains("sample format 6"), "{why}");
    assert!(shown(b"II*\0").is_err(), "no directory");
}

#[test]
fn every_page_that_is_cut_or_changed_is_an_image_or_an_error() {
    let pages = [
        write(&page((8, 2), 1, 0, 1, 4, &[]), &[&[0b0011_0110, 0b1111_0000]]),
        write(&page((2, 1), 8, 5, 4, 32_773, &[]), &[&[0xfd, 5, 3, 1, 2, 3, 4]]),
        write(&page((4, 2), 8, 6, 3, 1, &[(530, &[2, 2])]), &[&[10, 20, 30, 40, 128, 128, 76, 76, 76, 76, 85, 255]]),
        write(&page((3, 2), 8, 2, 3, 1, &[(284, &[2]), (322, &[2]), (323, &[2])]), &[&[0_u8; 4][..]; 6]),
    ];
    let mut chance = fastrand::Rng::with_seed(6);
    for whole in pages {
        for _ in 0..200 {
            let mut bytes = whole.clone();
            let at = if chance.bool() { chance.usize(..200) } else { bytes.len() - 1 - chance.usize(..8) };
            bytes[at] = chance.u8(..);
            // It must not fail otherwise, nor take more than its limit.
            let _ = shown(&bytes);
            let _ = shown(&bytes[..chance.usize(..bytes.len())]);
        }
    }
}

/// A prediction from the left, as encoders make it.
fn predicted(row: &[u8], bytes: usize, samples: usize) -> Vec<u8> {
    let mut out = row.to_vec();
    let number =
        |at: usize| row[at * bytes..][..bytes].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    for at in samples..row.len() / bytes {
        let difference = number(at).wrapping_sub(number(at - samples)).to_le_bytes();
        out[at * bytes..][..bytes].copy_from_slice(&difference[..bytes]);
    }
    out
}

/// Runs as `PackBits` has them: one byte each, or a run where three are the same.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for group in bytes.chunk_by(|one, next| one == next) {
        for part in group.chunks(128) {
            match u8::try_from(part.len()).unwrap() {
                length @ 3.. => out.extend([(1_u8).wrapping_sub(length), part[0]]),
                length => out.extend([&[length - 1], part].concat()),
            }
        }
    }
    out
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_packed_comes_back(pixels in proptest::collection::vec(0_u8..3, 4..400)) {
        let width = u16::try_from(pixels.len() / 4).unwrap();
        let pixels = &pixels[..usize::from(width) * 4];
        let made = shown(&write(&page((width, 1), 8, 5, 4, 32_773, &[]), &[&packed(pixels)])).unwrap();
        proptest::prop_assert_eq!(made.data, pixels);
    }

    #[test]
    fn whatever_is_predicted_comes_back(
        row in proptest::collection::vec(proptest::prelude::any::<u8>(), 64),
        bytes in proptest::sample::select(vec![1_usize, 2, 4]),
    ) {
        let width = u16::try_from(row.len() / bytes / 4).unwrap();
        let bits = u16::try_from(bytes * 8).unwrap();
        let plain = shown(&write(&page((width, 1), bits, 5, 4, 1, &[]), &[&row])).unwrap();
        let tags = page((width, 1), bits, 5, 4, 1, &[(317, &[2])]);
        let undone = shown(&write(&tags, &[&predicted(&row, bytes, 4)])).unwrap();
        proptest::prop_assert_eq!(undone.data, plain.data);
    }

    /// Runs of lengths that need codes of every kind, also those that extend others.
    #[test]
    fn whatever_a_fax_machine_sends_comes_back(
        width in 1_u16..3000,
        ends in proptest::collection::vec(proptest::collection::vec(0_u16..3000, 0..12), 1..6),
    ) {
        let is_black = |ends: &[u16], at: u16| ends.iter().filter(|end| **end <= at).count() % 2 == 1;
        let rows: Vec<Vec<bool>> = ends.iter().map(|ends| (0..width).map(|at| is_black(ends, at)).collect()).collect();
        let mut encoder = ::fax::encoder::Encoder::new(::fax::VecWriter::new());
        for row in &rows {
            let colors = row.iter().map(|black| if *black { ::fax::Color::Black } else { ::fax::Color::White });
            encoder.encode_line(colors, width).unwrap();
        }
        let coded = encoder.finish().unwrap().finish();
        let height = u16::try_from(rows.len()).unwrap();
        let made = shown(&write(&page((width, height), 1, 0, 1, 4, &[]), &[&coded])).unwrap();
        let expected: Vec<u8> = rows.concat().iter().map(|black| if *black { 0 } else { 255 }).collect();
        proptest::prop_assert_eq!(made.data, expected);
    }
}
