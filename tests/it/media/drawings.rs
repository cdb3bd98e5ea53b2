//! Drawings of a few bytes that stand for hours of work or gigabytes are refused before the work begins.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use image::ExtendedColorType;
use offprint::testing::config::Fit;
use offprint::testing::media::{Fonts, MediaError, Rendition, probe, sniff, thumbnails_with};
use offprint::testing::model::MediaType;

use super::images::png;
use super::{limits, lossless, make, size};
use crate::corpus::{corpus, files};

fn svg(body: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='480' height='480'>{body}</svg>")
}

fn filtered(primitives: &str) -> String {
    svg(&format!(
        "<filter id='f' x='0' y='0' width='1' height='1'>{primitives}</filter><rect width='480' height='480' filter='url(#f)'/>"
    ))
}

fn repeated(count: u32, part: impl Fn(u32) -> String) -> String {
    (0..count).map(part).collect()
}

/// Refuses or draws within a few seconds.
#[track_caller]
fn outcome(svg: &str) -> Option<MediaError> {
    let start = Instant::now();
    let made = make(svg.as_bytes(), &[size(480, 480, Fit::Inside)]).1.sizes.remove(0).err();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    made
}

#[track_caller]
fn refused(svg: &str) {
    let made = outcome(svg);
    assert!(matches!(made, Some(MediaError::OverLimit { .. } | MediaError::Damaged(_))), "{made:?}");
}

#[test]
fn filters_are_judged_by_pixels_times_steps_times_kernel() {
    refused(&filtered("<feMorphology operator='dilate' radius='5000'/>"));
    refused(&filtered(&"<feTurbulence baseFrequency='0.1' numOctaves='32'/>".repeat(100)));
    let matrix = "1 ".repeat(100 * 100);
    refused(&filtered(&format!("<feConvolveMatrix order='100' kernelMatrix='{matrix}'/>")));
    refused(&filtered(&"<feGaussianBlur stdDeviation='0.5'/>".repeat(2000)));
    refused(&filtered(&"<feColorMatrix type='saturate' values='0.5'/>".repeat(5000)));
    for fine in [
        "<feMorphology radius='3'/>",
        "<feGaussianBlur stdDeviation='4'/><feOffset dx='2'/>",
        "<feTurbulence numOctaves='4' baseFrequency='.1'/>",
    ] {
        assert_eq!(outcome(&filtered(fine)), None, "{fine}");
    }
}

#[test]
fn layers_and_uses_are_counted_as_often_as_they_are_drawn() {
    let rect = "<rect width='480' height='480'/>";
    refused(&svg(&format!("<g opacity='.9'>{rect}</g>").repeat(20_000)));
    let uses = |id: &str, count: usize| format!("<use href='#{id}'/>").repeat(count);
    refused(&svg(&format!("<g id='a'><path id='p' d='M0 0h9v9'/>{}</g>{}", uses("p", 990), uses("a", 990))));
    let masks =
        format!("<mask id='m'>{rect}</mask>{}", "<rect width='480' height='480' mask='url(#m)'/>".repeat(3_000));
    refused(&svg(&masks));
    let clips = format!(
        "<clipPath id='c'>{rect}</clipPath>{}",
        "<g clip-path='url(#c)'><path d='M0 0h480v480'/></g>".repeat(5_000)
    );
    refused(&svg(&clips));
    let tile =
        "<pattern id='t' patternUnits='userSpaceOnUse' width='100000' height='100000'><path d='M0 0h9v9'/></pattern>";
    refused(&svg(&format!("{tile}<rect width='480' height='480' fill='url(#t)'/>")));
    assert_eq!(outcome(&svg(&format!("<g opacity='.9'>{rect}</g>").repeat(100))), None);
}

#[test]
fn styles_are_counted_by_rules_times_elements() {
    let rules: String = repeated(20_000, |n| format!(".a{n}{{fill:red}}"));
    let elements: String = repeated(20_000, |n| format!("<path class='b{n}' d='M0 0h1'/>"));
    refused(&svg(&format!("<style>{rules}</style>{elements}")));
    let (open, close) = ("<g>".repeat(150), "</g>".repeat(150));
    refused(&svg(&format!("<style>{}x{{fill:red}}</style>{open}<path d='M0 0h9v9'/>{close}", "g ".repeat(20))));
    assert_eq!(outcome(&svg("<style>.a .b{fill:red}</style><g class='a'><path class='b' d='M0 0h9v9'/></g>")), None);
}

/// A font of boxes.
fn fonts() -> Fonts {
    Fonts::new([
        include_bytes!("../../data/fonts/latin.ttf").to_vec(),
        include_bytes!("../../data/fonts/han.ttf").to_vec(),
    ])
}

fn with_fonts(svg: &str) -> Result<Rendition, MediaError> {
    let start = Instant::now();
    let asset = probe(svg.as_bytes(), &limits());
    let sizes = [lossless(480, 480, Fit::Inside)];
    let made = thumbnails_with(svg.as_bytes(), &asset, &sizes, &fonts(), &limits()).sizes.remove(0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    made
}

#[test]
fn text_shows_by_the_fonts_at_hand() {
    for (text, is_at, is_not_at) in [
        ("<text x='0' y='96' font-size='96'>a b</text>", (48, 60), (144, 60)),
        ("<text x='0' y='96' font-size='96'>\u{4e2d}</text>", (48, 60), (144, 60)),
        ("<text style='font:96px Brand' x='96' y='96'>a</text>", (144, 60), (48, 60)),
        (
            "<style>.a{font-size:96px}</style><text class='a' y='96'>a<tspan x='192'>\u{6587}</tspan></text>",
            (240, 60),
            (144, 60),
        ),
        (
            "<path id='p' d='M96 96h300'/><text font-size='96'><textPath href='#p'>a</textPath></text>",
            (144, 60),
            (48, 60),
        ),
        ("<text x='96' y='96' font-size='96' text-anchor='end'>a</text>", (48, 60), (144, 60)),
    ] {
        let made = with_fonts(&svg(text)).expect("it has letters that fonts have");
        let image = image::load_from_memory(&made.bytes).expect("it is a PNG").to_rgba8();
        let alpha = |(x, y)| image.get_pixel(x, y).0[3];
        assert_eq!((alpha(is_at), alpha(is_not_at)), (255, 0), "{text}");
    }
}

#[test]
fn text_that_no_font_has_is_no_reason_for_a_thumbnail_of_boxes() {
    let text = "<text x='9' y='99' font-size='90'>\u{1f600} \u{627}</text>";
    let error = with_fonts(&svg(text)).expect_err("no font has it").to_string();
    assert!(error.contains("no font for that text was found"), "{error}");
    assert!(with_fonts(&svg(&format!("<rect width='9' height='9'/>{text}"))).is_ok());
}

/// With fonts, what is refused is refused, and what is drawn is drawn in time.
#[test]
fn letters_are_counted_by_how_often_they_are_shaped_and_drawn() {
    let refused = |body: &str| {
        let made = with_fonts(&svg(body));
        assert!(matches!(made, Err(MediaError::OverLimit { .. })), "{:.100}", format!("{made:?}"));
    };
    refused(&format!("<text>{}</text>", "ab ".repeat(1 << 20)));
    refused(&format!("<text>{}</text>", "<tspan fill='red'>ab</tspan>".repeat(20_000)));
    refused(&format!("<text id='t'>{}</text>{}", "ab ".repeat(1000), "<use href='#t'/>".repeat(5000)));
    let hidden = "<tspan x='1' font-size='0'>a</tspan>b".repeat(5000);
    refused(&format!("<text>{hidden}</text>"));
    let far: String = repeated(50_000, |n| format!("L{} {}", n * 7919 % 480, n % 480));
    refused(&format!("<path id='p' d='M0 0{far}'/>{}", "<text><textPath href='#p'>a</textPath></text>".repeat(2000)));
    refused(&format!(
        "<g id='g'><desc>{}</desc></g><text>{}</text>",
        "ab ".repeat(9999),
        "<tref href='#g'/>".repeat(999)
    ));
    refused(&format!("<text font-family='{}'>a</text>", "a,".repeat(99_999)));
    refused(&format!("<text textLength='9'>{}</text>", "a\u{627}".repeat(99_999)));
    let (open, close) = ("<tspan>a".repeat(300), "</tspan>".repeat(300));
    refused(&format!("<text>{open}{close}</text>"));
}

/// The most that is let through of each kind is drawn in time.
#[test]
fn letters_within_the_limits_are_drawn_in_time() {
    let label = |n: u32| format!("<text x='{}' y='{}' font-size='8'>Label {n}</text>", n % 480, n / 480 * 9);
    assert!(with_fonts(&svg(&repeated(5000, label))).is_ok(), "as of a map");
    let placed = |n: u32| format!("<tspan x='{0}' y='{0}' style='font-size:9px'>line {n}</tspan>", n % 480);
    assert!(with_fonts(&svg(&format!("<text>{}</text>", repeated(1000, placed)))).is_ok(), "as of a page");
    let run = format!("<rect width='9' height='9'/><text y='9' font-size='.2'>{}</text>", "ab ".repeat(9000));
    assert!(with_fonts(&svg(&run)).is_ok(), "one run");
    for most in [
        format!("<text>{}</text>", "ab ".repeat(9000)),
        format!("<text>{}</text>", "<tspan>a\u{4e2d}\u{627}</tspan>".repeat(1000)),
        format!("<text textLength='9'>{}</text>", "a\u{4e2d}\u{627}".repeat(7000)),
        "<text font-size='1e30'>abc</text>".repeat(1000),
        "<text font-size='900' stroke='red' stroke-dasharray='.01'>abc</text>".repeat(100),
        format!("<text font-family='{}'>a</text>", "a,".repeat(249)).repeat(20_000),
        "<path id='p' transform='scale(1e20)' d='M0 0C9e11 0 0 9e11 0 0'/><text><textPath href='#p'>aaaa</textPath></text>"
            .repeat(2000),
        "<g transform='scale(1e15)'><path id='p' d='M0 0C90 0-90 0 0 0'/><text><textPath href='#p'>aaaa</textPath></text></g>"
            .repeat(2000),
    ] {
        // Whatever becomes of it: it does so in time.
        let _ = with_fonts(&svg(&most));
    }
}

#[test]
fn a_drawing_of_nothing_but_text_has_no_thumbnail_that_shows_nothing() {
    let text = "<text x='9' y='99' font-size='90'>\u{1f600}</text>";
    assert!(matches!(outcome(&svg(text)), Some(MediaError::Variant(_))));
    assert_eq!(outcome(&svg(&format!("<rect width='9' height='9'/>{text}"))), None);
}

#[test]
fn entities_are_counted_by_what_they_expand_to() {
    let document = |entity: &str, uses: usize| {
        format!("<!DOCTYPE svg [<!ENTITY a \"{entity}\">]>{}", svg(&format!("<text>{}</text>", "&a;".repeat(uses))))
    };
    refused(&document(&"x".repeat(60_000), 20_000));
    refused(&document(&"x".repeat(60_000), 100_000));
    let of_path = format!(
        "<!DOCTYPE svg [<!ENTITY a \"{}\">]>{}",
        "h1".repeat(30_000),
        svg(&format!("<path d='M0 0{}'/>", "&a;".repeat(20_000)))
    );
    refused(&of_path);
    refused(
        "<!DOCTYPE svg [<!ENTITY a 'xx'><!ENTITY b '&a;&a;'>]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>&b;</svg>",
    );
    let names = "<!DOCTYPE svg [<!ENTITY ns 'http://www.w3.org/2000/svg'>]><svg xmlns='&ns;' width='9' height='9'><path d='M0 0h9v9'/></svg>";
    assert_eq!(outcome(names), None);
}

#[test]
fn lines_that_cross_and_dashes_are_counted() {
    let lines: String = repeated(60_000, |n| format!("M{} 0L{} 480", n * 7919 % 480, n * 10_473 % 480));
    refused(&svg(&format!("<path stroke='red' d='{lines}'/>")));
    let dashed = "<path stroke='red' stroke-dasharray='.001' d='M0 0h480v480h-480z'/>";
    refused(&svg(&dashed.repeat(40)));
    let map: String = repeated(20_000, |n| format!("L{} {}", n % 480, n / 480 * 11));
    assert_eq!(outcome(&svg(&format!("<path stroke='red' stroke-dasharray='4 2' d='M0 0{map}'/>"))), None);
}

#[test]
fn embedded_images_are_counted_in_pixels_each_time_they_are_used() {
    let data = BASE64.encode(&png(2000, 2000, ExtendedColorType::L8, &vec![7; 4_000_000], None));
    let image = format!("<image id='i' width='480' height='480' href='data:image/png;base64,{data}'/>");
    assert_eq!(outcome(&svg(&image)), None);
    refused(&svg(&format!("{image}{}", "<use href='#i'/>".repeat(40))));
}

/// What people draw is drawn as before: of 204 drawings, one that is damaged and one of 20 MB have no thumbnail.
#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn drawings_of_the_corpus_are_within_the_limits() {
    let read = |path| std::fs::read(path).expect("the corpus can be read");
    let drawings = files(&corpus("images")).into_iter().filter(|path| sniff(&read(path.clone())) == MediaType::Svg);
    let failed = drawings.filter_map(|path| {
        let made = make(&read(path.clone()), &[size(480, 480, Fit::Inside)]).1.sizes.remove(0);
        made.err().map(|error| format!("{}: {error}", path.display()))
    });
    let failed: Vec<_> = failed.collect();
    assert!(failed.len() <= 2, "{failed:#?}");
}
