//! Images that are made to do harm, or are just broken: each has its reason, and costs next to nothing.

use std::io::Write;
use std::time::{Duration, Instant};

use image::ExtendedColorType;
use offprint::testing::config::Fit;
use offprint::testing::media::{MediaError, probe, sniff, thumbnails};
use offprint::testing::model::{Ending, MediaType};
use proptest::prelude::*;

use super::images::{exif, jpeg, jpeg_with_exif, png, scene};
use super::{limits, make, size};
use crate::corpus::{corpus, files, say, some};

fn why(bytes: &[u8]) -> Option<MediaError> {
    make(bytes, &[size(100, 100, Fit::Inside)]).1.sizes.remove(0).err()
}

/// A PNG that declares a size; its pixels are zeros, compressed.
fn declaring(width: u32, height: u32, rows: usize) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let mut packed = flate(rows * (1 + 4 * width as usize));
    packed.truncate(1 << 20);
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &packed), &chunk(b"IEND", b"")].concat()
}

/// A chunk of a PNG.
pub(super) fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("it is short").to_be_bytes();
    let whole = [kind, body].concat();
    [&length[..], &whole, &crc(&whole).to_be_bytes()].concat()
}

/// `count` zeros in zlib's form (RFC 1950), stored in blocks of one repeated match would be smaller; this is enough.
fn flate(count: usize) -> Vec<u8> {
    let mut bytes = b"\x78\x01".to_vec();
    let mut left = count;
    while left > 0 {
        let block = left.min(0xffff);
        left -= block;
        let length = u16::try_from(block).expect("at most 0xffff");
        bytes.push(u8::from(left == 0));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&(!length).to_le_bytes());
        bytes.resize(bytes.len() + block, 0);
    }
    // Adler-32 of zeros: the high half counts the bytes.
    let sum = u32::try_from(count % 65521).expect("below 65521") << 16 | 1;
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

/// CRC-32 (ISO 3309), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_declared_size_beyond_the_limits_is_refused_with_figures() {
    let wide = declaring(70_000, 10, 1);
    assert_eq!(why(&wide), Some(MediaError::OverLimit { what: "side".into(), actual: 70_000, limit: 65_500 }));
    let many = declaring(16_384, 16_384, 1);
    assert_eq!(
        why(&many),
        Some(MediaError::OverLimit { what: "pixels".into(), actual: 268_435_456, limit: 100_000_000 })
    );
    let heavy = declaring(9_000, 9_000, 1);
    assert_eq!(
        why(&heavy),
        Some(MediaError::OverLimit { what: "bytes of memory".into(), actual: 648_000_000, limit: 200 << 20 })
    );
    assert!(why(&declaring(60, 60, 60)).is_none());
}

#[test]
fn a_jpeg_that_declares_gigapixels_is_refused() {
    let mut bytes = jpeg(&scene(64, 64, 1), 80);
    let frame = bytes.windows(2).position(|pair| pair == b"\xff\xc0").expect("it has a frame");
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xfa, 0xfa, 0xfa, 0xfa]);
    assert!(matches!(why(&bytes), Some(MediaError::OverLimit { what, .. }) if what == "pixels"));
}

#[test]
fn a_svg_that_amounts_to_billions_of_shapes_is_refused_at_once() {
    let level = |n: u32| format!("<g id='a{n}'>{}</g>", format!("<use href='#a{}'/>", n - 1).repeat(10));
    let levels: String = (1..12).map(level).collect();
    let svg =
        format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path id='a0' d='M0 0h9'/>{levels}</svg>");
    let start = Instant::now();
    assert!(matches!(why(svg.as_bytes()), Some(MediaError::OverLimit { what, .. }) if what == "elements drawn"));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_svg_whose_parts_refer_to_each_other_in_a_ring_is_refused() {
    let gradient = |id: &str, other: &str| format!("<linearGradient id='{id}' href='#{other}'/>");
    let ring = [gradient("a", "b"), gradient("b", "a"), gradient("c", "a")].concat();
    let frame = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>";
    let svg = format!("{frame}{ring}<path d='M0 0h9v9' fill='url(#c)'/></svg>");
    assert!(matches!(why(svg.as_bytes()), Some(MediaError::Damaged(reason)) if reason.contains("ring")));
    assert_eq!(why(format!("{frame}<path d='M0 0h9v9'/></svg>").as_bytes()), None);
}

#[test]
fn nested_layers_are_drawn_within_memory_or_refused() {
    let nested = |levels: usize| {
        let (open, close) = ("<g opacity='.99'>".repeat(levels), "</g>".repeat(levels));
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 900 900'>{open}<path d='M0 0h900v900'/>{close}</svg>"
        )
    };
    assert!(why(nested(150).as_bytes()).is_none());
    let large = make(nested(150).as_bytes(), &[size(900, 900, Fit::Inside)]).1.sizes.remove(0);
    assert!(matches!(large, Err(MediaError::OverLimit { what, .. }) if what == "bytes of memory"));
}

#[test]
fn a_svg_reaches_nothing_outside_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let secret = folder.path().join("secret.png");
    std::fs::write(&secret, png(8, 8, ExtendedColorType::Rgb8, &[255, 0, 0].repeat(64), None))
        .expect("it can be written");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    listener.set_nonblocking(true).expect("it can be set");
    let address = listener.local_addr().expect("it has an address");
    let svg = format!(
        "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file://{0}'>]><svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'>\
         <image href='file://{0}' width='40' height='40'/><image href='{0}' width='40' height='40'/>\
         <image href='http://{address}/a.png' width='40' height='40'/><style>@import url(http://{address}/b.css);</style>\
         <rect x='5' y='5' width='30' height='30' fill='blue'/></svg>",
        secret.display()
    );
    let (_, mut made) = make(svg.as_bytes(), &[super::lossless(40, 40, Fit::Inside)]);
    let shown = super::measure::pixels(&made.sizes.remove(0).expect("the rest of it is drawn"));
    assert_eq!(shown.get_pixel(20, 20).0, [0, 0, 255]);
    assert!(shown.pixels().all(|pixel| pixel.0[0] == 0 || pixel.0 == [255; 3] || pixel.0[2] > 0));
    assert!(listener.accept().is_err(), "something connected");
}

#[test]
fn an_image_without_its_end_is_known_to_be_truncated() {
    let image = scene(90, 60, 2);
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    encoder.encode(&image, 90, 60, ExtendedColorType::Rgb8).expect("it can be written");
    drop(encoder);
    let webp = webp::Encoder::from_rgb(&image, 90, 60).encode(80.0).to_vec();
    let mut bmp = Vec::new();
    let written = image::codecs::bmp::BmpEncoder::new(&mut bmp).encode(&image, 90, 60, ExtendedColorType::Rgb8);
    written.expect("it can be written");
    let mut tiff = std::io::Cursor::new(Vec::new());
    image.write_to(&mut tiff, image::ImageFormat::Tiff).expect("it can be written");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9'></path></svg>".to_vec();
    for whole in [
        jpeg_with_exif(&image, 3),
        png(90, 60, ExtendedColorType::Rgb8, &image, None),
        gif,
        webp,
        bmp,
        tiff.into_inner(),
        svg,
    ] {
        let asset = probe(&whole, &limits());
        assert!(asset.ending == Ending::Whole && asset.width > 0, "{:?}", asset.media_type);
        for cut in [whole.len() - 3, whole.len() * 3 / 4, whole.len() / 2] {
            assert_ne!(probe(&whole[..cut], &limits()).ending, Ending::Whole, "{:?} at {cut}", asset.media_type);
        }
    }
}

#[test]
fn a_frame_that_holds_an_image_of_another_size_is_damage() {
    let mut bytes = super::animation::with_alpha();
    let alpha = memchr::memmem::find(&bytes, b"ALPH").expect("a frame is transparent");
    let color = alpha + memchr::memmem::find(&bytes[alpha..], b"VP8 ").expect("it has colors too");
    assert_eq!(why(&bytes), None);
    // The width in the frame header of VP8.
    bytes[color + 14] += 1;
    assert!(matches!(why(&bytes), Some(MediaError::Damaged(reason)) if reason.contains("another size")));
}

#[test]
fn frames_of_what_is_no_animation_are_passed_over() {
    let mut bytes = super::animation::with_alpha();
    let extended = memchr::memmem::find(&bytes, b"VP8X").expect("what is animated is extended");
    assert_eq!(probe(&bytes, &limits()).frames, 2);
    // The flag of animation (RFC 9649, section 2.7.1).
    bytes[extended + 8] &= !0b10;
    assert_eq!(probe(&bytes, &limits()).frames, 1);
    assert!(matches!(why(&bytes), Some(MediaError::Damaged(_))), "{:?}", why(&bytes));
}

#[test]
fn ink_of_which_a_part_is_subsampled_is_not_decoded() {
    let image = scene(40, 30, 4);
    let ink: Vec<u8> = image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 9]).collect();
    let (format, subsampling) = (libjpeg_turbo_rs::PixelFormat::Cmyk, libjpeg_turbo_rs::Subsampling::S444);
    let mut bytes = libjpeg_turbo_rs::compress(&ink, 40, 30, format, 80, subsampling).expect("it can be written");
    assert_eq!(why(&bytes), None);
    // The sampling factors of the fourth component in the frame header: 10 bytes, then three for each component.
    let frame = memchr::memmem::find(&bytes, b"\xff\xc0").expect("a frame");
    bytes[frame + 10 + 3 * 3 + 1] = 0x23;
    assert!(matches!(why(&bytes), Some(MediaError::Variant(reason)) if reason.contains("subsampled")));
}

#[test]
fn what_is_no_image_is_unsupported() {
    for (bytes, kind) in
        [(&b"<!doctype html><p>Not found"[..], MediaType::Html), (b"", MediaType::Unknown), (b"hello", MediaType::Text)]
    {
        assert_eq!(sniff(bytes), kind);
        assert_eq!(why(bytes), Some(MediaError::Unsupported(kind)));
    }
}

/// Whole images of every type that is decoded, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let image = scene(40, 30, 3);
    let mut seeds = vec![
        jpeg_with_exif(&image, 6),
        png(40, 30, ExtendedColorType::Rgb8, &image, Some(vec![7; 300])),
        webp::Encoder::from_rgb(&image, 40, 30).encode(60.0).to_vec(),
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M0 0h9v9' fill='red'/></svg>".to_vec(),
        exif(5),
    ];
    for format in [image::ImageFormat::Gif, image::ImageFormat::Bmp, image::ImageFormat::Tiff, image::ImageFormat::Ico]
    {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("it can be written");
        seeds.push(bytes.into_inner());
    }
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damage_never_becomes_a_panic(
        seed in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = seed.get(&seeds()).clone();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let asset = probe(&bytes, &limits());
        for made in thumbnails(&bytes, &asset, &[size(20, 20, Fit::Cover)], &limits()).sizes {
            prop_assert!(!matches!(made, Err(MediaError::Panicked(_))), "{made:?}");
        }
    }

    #[test]
    fn anything_can_be_probed(mut bytes in prop::collection::vec(any::<u8>(), 0..600), start in any::<prop::sample::Index>()) {
        const STARTS: [&[u8]; 8] = [
            b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBP", b"\0\0\0\x18ftypavif", b"II*\0", b"\xff\x0a",
            b"\0\0\x01\0", b"GIF89a",
        ];
        let start = start.get(&STARTS);
        let length = start.len().min(bytes.len());
        bytes[..length].copy_from_slice(&start[..length]);
        let asset = probe(&bytes, &limits());
        prop_assert!((1..=8).contains(&asset.orientation) && asset.frames >= 1);
    }
}

#[test]
fn a_flood_of_text_in_a_png_is_not_unpacked() {
    let mut bytes = png(20, 20, ExtendedColorType::Rgb8, &[9; 1200], None);
    let mut body = b"Comment\0\0".to_vec();
    body.write_all(&flate(4 << 20)).expect("a vector takes all");
    bytes.splice(33..33, chunk(b"zTXt", &body));
    assert!(why(&bytes).is_none());
}

/// Overwrites, repeats, removes or cuts something.
fn damaged(random: &mut fastrand::Rng, original: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..random.usize(1..8) {
        if bytes.len() < 4 {
            break;
        }
        // Headers matter most, and are short.
        let reach = if random.bool() { bytes.len() } else { bytes.len().min(256) };
        let (at, length) = (random.usize(..reach), random.usize(1..32));
        let end = (at + length).min(bytes.len());
        match random.u8(..5) {
            0 => bytes[at] = random.u8(..),
            1 => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes[at..end].fill([0, 0x7f, 0xff][random.usize(..3)]),
            3 => drop(bytes.splice(at..at, original[..length.min(original.len())].to_vec())),
            _ => drop(bytes.drain(at..end)),
        }
    }
    bytes
}

/// `OFFPRINT_ROUNDS` says how often each image is damaged; one round takes about ten seconds.
#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn damaged_images_of_the_corpus_never_make_a_decoder_panic() {
    let folder = corpus("images");
    let rounds = std::env::var("OFFPRINT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1_u64);
    let small = |path: &std::path::PathBuf| path.metadata().is_ok_and(|data| data.len() < 20_000);
    let mut panics = Vec::new();
    let mut tried = 0;
    for path in some(files(&folder).into_iter().filter(small).collect(), 3) {
        let original = std::fs::read(&path).expect("the corpus can be read");
        for round in 0..rounds {
            let bytes = damaged(&mut fastrand::Rng::with_seed(round * 1_000_003 + tried), &original);
            let sizes = [size(40, 40, Fit::Inside), super::lossless(16, 9, Fit::Cover)];
            let asset = probe(&bytes, &limits());
            let kinds = [&sizes[..1], &sizes[1..]];
            let made = kinds.into_iter().flat_map(|sizes| thumbnails(&bytes, &asset, sizes, &limits()).sizes);
            panics.extend(
                made.filter_map(Result::err)
                    .filter(|error| matches!(error, MediaError::Panicked(_)))
                    .map(|error| (path.clone(), round, error)),
            );
            tried += 1;
        }
    }
    say(&format!("{tried} damaged images, {} panics inside decoders", panics.len()));
    assert!(panics.is_empty(), "{panics:#?}");
}
