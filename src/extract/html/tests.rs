//! Each table row is markup and what is found in it, as `kind name=value`, each value spelt at its span.

use super::*;
use crate::config::MediaKind;
use crate::extract::sink::RawReveal;

fn found_in(html: &str, options: &ExtractOptions) -> Sink {
    let mut sink = Sink::default();
    find(html, 0..html.len(), Rules::Html, options, &mut sink);
    sink.found.sort_by_key(|found| found.span.start);
    sink
}

fn check(html: &str, expected: &[&str]) {
    check_with(html, &ExtractOptions::default(), expected);
}

fn check_with(html: &str, options: &ExtractOptions, expected: &[&str]) {
    let found = found_in(html, options).found;
    let found: Vec<_> = found.iter().map(|found| format!("{} {}={}", found.kind, found.name, found.value)).collect();
    assert_eq!(found, expected, "{html}");
}

#[test]
fn every_place_that_shows_an_image_is_found() {
    check(
        "<img src=a.jpg srcset='b.jpg 2x, c.jpg 3x' longdesc=d.html>",
        &["image src=a.jpg", "srcset srcset=b.jpg", "srcset srcset=c.jpg"],
    );
    check("<picture><source srcset=a.webp><img src=b.jpg></picture>", &["srcset srcset=a.webp", "image src=b.jpg"]);
    check("<video poster=a.jpg src=b.mp4><source src=c.mp4><track src=d.vtt></video>", &["poster poster=a.jpg"]);
    check("<input type=IMAGE src=a.gif><input src=b.gif>", &["image src=a.gif"]);
    check(
        "<svg><image href=a.png /><use xlink:href='b.svg#c'/><feImage href=d.png></svg>",
        &["image href=a.png", "embed xlink:href=b.svg#c", "image href=d.png"],
    );
    check(
        "<body background=a.gif><table background=b.gif><td background='c.gif\n'>",
        &["background background=a.gif", "background background=b.gif", "background background=c.gif"],
    );
    check(
        "<object data=a.svg></object><object data=b.swf></object><object type=image/png data=c></object>",
        &["embed data=a.svg", "embed data=c"],
    );
    check("<embed src=a.svg><embed src=b.swf>", &["embed src=a.svg"]);
    check("<iframe src=a.svg></iframe><iframe data-src=b.svg></iframe>", &["embed src=a.svg", "embed data-src=b.svg"]);
    check("<amp-img src=a.jpg srcset='b.jpg 2x'></amp-img>", &["image src=a.jpg", "srcset srcset=b.jpg"]);
    check(
        "<p style='background:url(a.png)'><style>b{background:url(\"c.png\")}</style>",
        &["css style=a.png", "css background=c.png"],
    );
    check("<noscript><img src=a.jpg></noscript>", &["image src=a.jpg"]);
}

#[test]
fn a_page_can_ask_for_its_images_over_https() {
    let upgraded = |policy: &str| {
        let html = format!("<meta http-equiv=Content-Security-Policy content=\"{policy}\">");
        found_in(&html, &ExtractOptions::default()).upgrade
    };
    assert!(upgraded("default-src *; Upgrade-Insecure-Requests"));
    assert!(!upgraded("default-src upgrade-insecure-requests"));
}

#[test]
fn heads_name_icons_and_previews() {
    check(
        "<link rel='shortcut icon' href=a.ico><link rel=apple-touch-icon href=b.png><link rel=stylesheet href=c.css>",
        &["icon href=a.ico", "icon href=b.png"],
    );
    check(
        "<link rel=preload as=image href=a.jpg imagesrcset='b.jpg 2x'><link rel=preload as=font href=c.woff>",
        &["link href=a.jpg", "srcset imagesrcset=b.jpg"],
    );
    check(
        "<meta property=og:image content=a.jpg><meta property=og:image:width content=80><meta name=twitter:image content=b.jpg>",
        &["meta og:image=a.jpg", "meta twitter:image=b.jpg"],
    );
    check(
        "<meta itemprop=image content=a.jpg><link itemprop=image href=b.jpg>",
        &["meta image=a.jpg", "link href=b.jpg"],
    );
}

#[test]
fn json_ld_is_read_only_where_it_is_asked_for() {
    let html =
        "<script type=application/ld+json>{\"image\": \"a.jpg\"}</script><script>{\"image\": \"b.jpg\"}</script>";
    check(html, &[]);
    check_with(html, &ExtractOptions { json_ld: true, ..ExtractOptions::default() }, &["json_ld image=a.jpg"]);
}

#[test]
fn media_are_found_where_they_are_wanted() {
    let html =
        "<video poster=a.jpg src=b.mp4><source src=c.mp4><track src=d.vtt></video><audio><source src=e.mp3></audio>";
    let with = |media| ExtractOptions { media, ..ExtractOptions::default() };
    check_with(html, &with(vec![MediaKind::Video]), &["media src=b.mp4", "media src=c.mp4"]);
    check_with(html, &with(vec![MediaKind::Audio, MediaKind::Track]), &["media src=d.vtt", "media src=e.mp3"]);
    check_with(
        "<p style='b:url(x)'><img src=a data-src=b><a href=c.jpg><img src=d></a>",
        &with(vec![MediaKind::Poster]),
        &[],
    );
}

#[test]
fn what_is_not_markup_is_left_alone() {
    for hidden in ["script", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "template", "style"] {
        check(&format!("<{hidden}><img src=a.jpg></{hidden}><img src=b.jpg>"), &["image src=b.jpg"]);
    }
    check("<!-- <img src=a.jpg> --><img src=b.jpg>", &["image src=b.jpg"]);
    check("<svg><![CDATA[<img src=a.jpg>]]></svg><img src=b.jpg>", &["image src=b.jpg"]);
    check("<script>'<!--<script>' </script><img src=a>--></script><img src=b>", &["image src=b"]);
    check("<plaintext><img src=a.jpg>", &[]);
    check("<template><template></template><img src=a></template><img src=b>", &["image src=b"]);
    check("<template shadowrootmode=open><img src=a></template>", &["image src=a"]);
    check("<img src=a.jpg", &[]);
    check("</img src=a.jpg>", &[]);
}

#[test]
fn svg_and_math_read_style_and_title_as_elements() {
    check("<svg><title><img src=a></title></svg>", &["image src=a"]);
    check("<math><style><img src=a></style></math>", &["image src=a"]);
    check("<svg><style>a{fill:url(b.svg)}</style></svg>", &["css fill=b.svg"]);
    check(
        "<svg><rect mask='url(a.png)' filter='url(b.svg#c)' id=d /></svg>",
        &["css mask=a.png", "css filter=b.svg#c"],
    );
    check("<svg><rect mask=none fill='#fff'/></svg><p mask='url(a.png)'>", &[]);
    check("<svg><style><!-- a{b:url(c)} --> d{e:url(f)}</style></svg>", &["css e=f"]);
    check("<math><style>a{b:url(c)}<!--> d{e:url(f)} --></style></math>", &["css b=c", "css e=f"]);
    check("<style><!-- a{b:url(c)} --></style>", &["css b=c"]);
    check("<svg><image src=a href=b /></svg><image src=c>", &["image href=b", "image src=c"]);
    check("<svg><style>a{}</style><p><style><img src=a></style>", &[]);
}

#[test]
fn values_are_decoded_and_spans_are_not() {
    for (html, raw, value) in [
        ("<img src='a?b=1&amp;c'>", "a?b=1&amp;c", "a?b=1&c"),
        ("<img src=a&#038;b>", "a&#038;b", "a&b"),
        ("<img src=\"a&copy=1&copy\">", "a&copy=1&copy", "a&copy=1©"),
        ("<img src=' a b.jpg\n'>", "a b.jpg", "a b.jpg"),
        ("<img SRC = a.jpg src=b.jpg>", "a.jpg", "a.jpg"),
        ("<img src=a.jpg/>", "a.jpg/", "a.jpg/"),
        ("<img src='a'alt=b>", "a", "a"),
        ("<img/src=ä.jpg>", "ä.jpg", "ä.jpg"),
        ("<img a=\"b\" 黄蜂女\"x y=z src=c>", "c", "c"),
        ("<img srcset='a&amp;b 2x'>", "a&amp;b", "a&b"),
        ("<img srcset='&#32;a&comma;b&#x20;2x'>", "a&comma;b", "a,b"),
        ("<p style=\"a:url(&quot;b&amp;c&quot;)\">", "b&amp;c", "b&c"),
        ("<p style='a:url(&apos;b&#38;c&#39;)'>", "b&#38;c", "b&c"),
    ] {
        let found = &found_in(html, &ExtractOptions::default()).found[0];
        assert_eq!((&html[found.span.clone()], found.value.as_str()), (raw, value), "{html}");
    }
}

#[test]
fn spans_are_of_the_text_as_a_whole() {
    let text = "![](x)\n<img src='ü.jpg'>\n<img src=b>";
    let mut sink = Sink::default();
    find(text, 7..28, Rules::Html, &ExtractOptions::default(), &mut sink);
    assert_eq!(sink.found.iter().map(|found| &text[found.span.clone()]).collect::<Vec<_>>(), ["ü.jpg"]);
}

#[test]
fn lazy_attributes_are_found_if_they_hold_images() {
    check("<img data-original=a.jpg data-src=b>", &["lazy data-original=a.jpg"]);
    check("<img data-src=/b data-srcset='c.jpg 2x'>", &["lazy data-src=/b", "lazy data-srcset=c.jpg"]);
    check("<img file=a.jpg zoomfile=b.jpg><input file=true>", &["lazy file=a.jpg", "lazy zoomfile=b.jpg"]);
    check(
        "<div data-bg=a.jpg data-src=b.html></div><iframe data-src=https://c.example/></iframe>",
        &["lazy data-bg=a.jpg"],
    );
    check("<div data-bg='url(a.jpg)'></div><script data-src=b.js></script>", &["lazy data-bg=a.jpg"]);
    check("<div data-bg=https://e.com/a?w=8></div>", &["lazy data-bg=https://e.com/a?w=8"]);
    check("<p data-background-image='url(https://e.com/a)'>", &["lazy data-background-image=https://e.com/a"]);
    check(
        "<p data-bgset='https://e.com/1 100w, https://e.com/2 200w'>",
        &["lazy data-bgset=https://e.com/1", "lazy data-bgset=https://e.com/2"],
    );
    check("<p data-bg=dark data-background='rgba(0,0,0,.5)' data-bg-url=https://e.com/a.mp4>", &[]);
    check("<a data-logo=a.jpg href=/b></a><img data-src={{x.jpg}} data-lazy=true>", &[]);
    let options = ExtractOptions { lazy_attributes: vec!["data-logo".into()], ..ExtractOptions::default() };
    check_with("<a data-logo=a.jpg></a>", &options, &["lazy data-logo=a.jpg"]);
}

/// Marks the place where a lazy image's URL goes with `[…]` or `^`.
fn check_reveal(html: &str) {
    let place = html.find('[').map(|start| (start, html.find(']').expect("a bracket closes") - 1));
    let text = html.replace(['[', ']', '^'], "");
    let expected = match (place, html.find('^')) {
        (Some((start, end)), _) => vec![RawReveal::Replace(start..end)],
        (None, Some(at)) => vec![RawReveal::Insert(at)],
        (None, None) => vec![],
    };
    let found = found_in(&text, &ExtractOptions::default()).found;
    let reveals: Vec<_> = found.into_iter().filter_map(|found| found.reveal).collect();
    assert_eq!(reveals, expected, "{html}");
}

#[test]
fn lazy_images_have_a_place_to_show() {
    for html in [
        "<img src='[data:,x]' data-src=a.jpg>",
        "<img src='[]' data-src=a.jpg>",
        "<img src=\"[spinner.gif]\" data-original=a.jpg>",
        "<img data-src=a.jpg^ alt>",
        "<img data-src='a.jpg'^ alt>",
        "<img data-src='a.jpg'^>",
        "<img ^src data-src='a.jpg'>",
        "<img data-src='a.jpg' ^src=>",
        "<img data-src=a.jpg src=a.jpg>",
        "<img data-srcset='a.jpg 1x, b.jpg 2x'^>",
        "<img data-src=a.jpg^ data-srcset='a.jpg 1x, b.jpg 2x'>",
        "<img src=real.jpg srcset='[data:,x]'>",
        "<img src=x.gif srcset='[data:,x 1x]' data-srcset='a.jpg 1x'>",
        "<img src=x.gif srcset='a.jpg 1x' data-srcset='a.jpg 1x'>",
        "<img src=a.jpg>",
        "<picture><source data-srcset='a.jpg 2x'><img src='[data:,x]'></picture>",
        "<picture><source data-srcset='a.jpg 2x'><img^ alt></picture>",
        "<picture><source data-srcset='a.jpg 2x'><img src=b.jpg></picture>",
        "<picture><source srcset=a.jpg><source data-srcset=b.jpg><source srcset=c.jpg><img></picture>",
        "<div data-bg=a.jpg></div>",
    ] {
        check_reveal(html);
    }
}

#[test]
fn one_image_has_one_number() {
    for (html, expected) in [
        ("<img src=a srcset='b 2x' data-src=/c>", &[1, 1, 1][..]),
        ("<img src=a><img src=a>", &[1, 2]),
        ("<picture><source srcset=a><img src=b></picture><img src=c>", &[1, 1, 2]),
        ("<a href=a.jpg><img src=b><img src=c></a><img src=d>", &[1, 1, 2, 3]),
        ("<a href=a.jpg><picture><img src=b></picture></a>", &[1, 1]),
        ("<img data-src=/a><noscript><img src=/a></noscript><img src=/a>", &[1, 1, 2]),
        ("<noscript><img src=/a></noscript><img data-src=/a>", &[1, 1]),
        ("<img src=/x data-src=/a><noscript><img src=/b></noscript>", &[1, 1, 2]),
        ("<p style='a:url(b),url(c)'>", &[1, 2]),
    ] {
        let mut numbers: Vec<_> =
            found_in(html, &ExtractOptions::default()).found.iter().map(|found| found.image_group).collect();
        let mut seen = numbers.clone();
        seen.sort_unstable();
        seen.dedup();
        for number in &mut numbers {
            *number = u32::try_from(seen.partition_point(|known| known < number)).expect("few") + 1;
        }
        assert_eq!(numbers, expected, "{html}");
    }
}

#[test]
fn a_link_is_a_reference_only_around_an_image() {
    check("<a href=a.jpg><img src=b.jpg></a>", &["full_size href=a.jpg", "image src=b.jpg"]);
    check("<a href=a.jpg>text</a><img src=b.jpg>", &["image src=b.jpg"]);
    check("<a href=a.jpg><a href=c.html><img src=b.jpg></a>", &["image src=b.jpg"]);
    check("<a href=/wiki/File:a.jpg><img src=b.jpg></a>", &["image src=b.jpg"]);
    check("<a href=a.html><img src=b.jpg></a>", &["image src=b.jpg"]);
}

#[test]
fn what_is_open_stays_open_from_piece_to_piece() {
    let options = ExtractOptions::default();
    let text = "<a href=a.jpg>|<img src=b>|</a>|<template>|<img src=c>";
    let (mut scanner, mut sink, mut at) = (Scanner::new(Rules::Html, &options), Sink::default(), 0);
    for piece in text.split('|') {
        scanner.scan(text, at..at + piece.len(), &mut sink);
        at += piece.len() + 1;
    }
    let values: Vec<_> = sink.found.iter().map(|found| found.value.as_str()).collect();
    assert_eq!(values, ["a.jpg", "b"]);
    assert_eq!(sink.found[0].image_group, sink.found[1].image_group);
}

#[test]
fn a_document_says_what_it_is() {
    let sink = found_in(
        "<title> A &amp;\n B </title><link rel=canonical href=/a><meta property=og:url content=/b><base href=/c/><base href=/d>\
         <time datetime=2020-01-01>x</time><meta property=article:published_time content=2021-02-03T04:05:06Z>\
         <time datetime=2022-01-01>x</time>",
        &ExtractOptions::default(),
    );
    assert_eq!(sink.title.as_deref(), Some("A & B"));
    assert_eq!(sink.canonical.as_deref(), Some("/a"));
    assert_eq!(sink.base.as_deref(), Some("/c/"));
    assert_eq!(sink.published.map(|date| date.to_string()).as_deref(), Some("2021-02-03T04:05:06Z"));
    assert_eq!(sink.found.iter().map(|found| found.kind).collect::<Vec<_>>(), [ReferenceKind::Base]);
}

#[test]
fn many_attributes_take_no_longer_than_few() {
    let html = format!("<img {} src=a.jpg>", "a b c d e f g h ".repeat(30_000));
    check(&html, &["image src=a.jpg"]);
}
