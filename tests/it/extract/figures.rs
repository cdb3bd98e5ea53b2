//! Figures and items that name their image in an attribute, and what a script or a player shows.

use offprint::testing::config::MediaKind;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

fn check_with(page: &str, media: &[MediaKind], expected: &[&str]) {
    let options = ExtractOptions { media: media.to_vec(), ..ExtractOptions::default() };
    let references = extract(page.as_bytes(), Format::Html, &options).references;
    let found: Vec<_> = references.into_iter().map(|reference| reference.raw).collect();
    assert_eq!(found, expected, "{page}");
}

fn check(page: &str, expected: &[&str]) {
    check_with(page, &[MediaKind::Image, MediaKind::Poster], expected);
}

const IMAGE: &str = "itemtype=\"https://schema.org/ImageObject\"";

#[test]
fn an_item_that_is_an_image_is_shown_where_it_holds_none() {
    for (page, expected) in [
        ("<figure itemid='https://c.example/1.jpg'></figure>", "https://c.example/1.jpg"),
        ("<figure itemid='https://c.example/image/1' TYPE><div></div></figure>", "https://c.example/image/1"),
        ("<figure itemid='/i/1.jpg' TYPE></figure>", "/i/1.jpg"),
        ("<figure itemid='../1.png'></figure>", "../1.png"),
        ("<figure itemid='//c.example/1.webp?x=1' TYPE></figure>", "//c.example/1.webp?x=1"),
        ("<div itemid='https://c.example/1.jpg' itemscope TYPE></div>", "https://c.example/1.jpg"),
        ("<div itemid='https://c.example/1' TYPE><div>a</div><div>b</div></div><img src=x>", "https://c.example/1"),
        ("<figure itemid='https://c.example/1' TYPE><img src='data:,x'></figure>", "https://c.example/1"),
        ("<figure data-img='https://c.example/1.jpg'><div></div></figure>", "https://c.example/1.jpg"),
        (
            "<figure data-thumb='https://c.example/2.jpg' data-full='https://c.example/1.jpg'></figure>",
            "https://c.example/1.jpg",
        ),
    ] {
        let found = if page.contains("<img src=x>") { vec![expected, "x"] } else { vec![expected] };
        check(&page.replace("TYPE", IMAGE), &found);
    }
}

#[test]
fn an_item_of_another_kind_or_with_an_image_of_its_own_is_left_alone() {
    for (page, expected) in [
        ("<figure itemid='https://c.example/1.jpg'><img src=a.jpg></figure>", &["a.jpg"][..]),
        ("<figure data-img='https://c.example/1.jpg'><picture><img src=a.jpg></picture></figure>", &["a.jpg"]),
        ("<div itemid='https://c.example/1.jpg' TYPE><div><img src=a.jpg></div></div>", &["a.jpg"]),
        ("<div itemid='https://c.example/1.jpg'></div>", &[]),
        ("<div itemid='https://c.example/p/1' itemtype='http://schema.org/Article'></div>", &[]),
        ("<figure itemid='https://c.example/p.html' TYPE></figure>", &[]),
        ("<figure itemid='https://c.example/v.mp4' itemtype='http://schema.org/VideoObject'></figure>", &[]),
        ("<figure itemid='#f1' TYPE></figure>", &[]),
        ("<figure itemid='urn:isbn:1.jpg' TYPE></figure>", &[]),
        ("<figure itemid='https://c.example/{width}/1.jpg' TYPE></figure>", &[]),
        ("<figure data-share='https://c.example/page'></figure>", &[]),
    ] {
        check(&page.replace("TYPE", IMAGE), expected);
    }
}

#[test]
fn a_template_hides_what_it_holds_and_not_what_comes_after() {
    let shadow = "<template shadowrootmode=open>";
    for (page, expected) in [
        ("<template><template><img src=a></template><img src=b></template><img src=c>", &["c"][..]),
        ("<template>SHADOW<img src=a></template><img src=b></template><img src=c>", &["c"]),
        ("SHADOW<template><img src=a></template><img src=b></template><img src=c>", &["b", "c"]),
        ("SHADOW SHADOW<img src=a></template><img src=b></template>", &["a", "b"]),
        ("<template><svg><template></template></svg><img src=a></template><img src=b>", &["b"]),
        ("<template><svg><template/></svg><img src=a></template><img src=b>", &["b"]),
        ("<template><table><template><tr></template></table><img src=a></template><img src=b>", &["b"]),
        ("</template><img src=a><template></template><img src=b>", &["a", "b"]),
        ("<template><style>p{background:url(a)}</style></template><style>p{background:url(b)}</style>", &["b"]),
        ("<template><img src=a>", &[]),
    ] {
        check(&page.replace("SHADOW", shadow), expected);
    }
}

#[test]
fn players_of_amp_have_posters_and_videos() {
    let page = "<amp-video poster=p.jpg src=v.mp4 artwork=a.jpg><source src=w.mp4><source data-src=x.webm>\
                <amp-img src=i.jpg placeholder></amp-img></amp-video><amp-audio artwork=b.jpg src=s.mp3></amp-audio>\
                <amp-img src=j srcset='k 2x'></amp-img><source src=y.png>";
    check(page, &["p.jpg", "a.jpg", "i.jpg", "b.jpg", "j", "k", "y.png"]);
    check_with(page, &[MediaKind::Video], &["v.mp4", "w.mp4"]);
    check_with(page, &[MediaKind::Audio], &["s.mp3"]);
    check("<amp-video><source data-src='https://c.example/v'></amp-video><img src=a>", &["a"]);
    check("<amp-video-iframe poster=p src=v></amp-video-iframe>", &["p"]);
    check("<amp-story-page><amp-video poster=/p/1 layout=fill></amp-video></amp-story-page>", &["/p/1"]);
}

#[test]
fn fonts_and_bindings_are_no_images() {
    for style in [
        "font:url(f.woff2)",
        "src:url(f.ttf)",
        "src:url('f.eot?#iefix')",
        "--font:url(f.otf)",
        "behavior:url(x.htc)",
        "x:url(x.htc)",
        "src:url(\"f.WOFF\") format(\"woff\")",
        "font-family:x;src:local(x),url(https://c.example/f.ttc)",
    ] {
        check(&format!("<p style='{}'><style>p{{{style}}}</style>", style.replace('\'', "\"")), &[]);
    }
    check("<style>@font-face{src:url(f.svg)}p{mask:url(m.svg);background:url(ttf)}</style>", &["m.svg", "ttf"]);
}
