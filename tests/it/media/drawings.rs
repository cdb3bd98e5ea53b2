//! Drawings of a few bytes that stand for hours of work or gigabytes are refused before the work begins.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use image::ExtendedColorType;
use offprint::testing::config::Fit;
use offprint::testing::media::{MediaError, sniff};
use offprint::testing::model::MediaType;

use super::images::png;
use super::{make, size};
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
