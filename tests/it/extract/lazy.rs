//! Images that a script shows, whose address stands where no table lists it.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

const BLANK: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

/// The raw texts of a page's references.
fn found(page: &str) -> Vec<String> {
    let references = extract(page.as_bytes(), Format::Html, &ExtractOptions::default()).references;
    references.into_iter().map(|reference| reference.raw).collect()
}

fn check(page: &str, expected: &[&str]) {
    assert_eq!(found(page), expected, "{page}");
}

/// Checks one attribute of an `img` whose `src` is blank.
fn check_attribute(attribute: &str) {
    check(&format!("<img src=\"{BLANK}\" {attribute}=\"https://c.example/1.jpg\">"), &["https://c.example/1.jpg"]);
}

#[test]
fn any_attribute_can_hold_the_image_of_an_element_that_shows_none() {
    for attribute in [
        "data-cfsrc",
        "data-ezsrc",
        "data-pagespeed-lazy-src",
        "data-opt-src",
        "real_src",
        "data-ks-lazyload",
        "data-source-standard",
        "data-orig-file",
        "data-original-mos",
        "data-lsrc",
        "data-retina-src",
        "data-hero",
        "x-src",
        "_src",
        "loadsrc",
        "data-4k",
    ] {
        check_attribute(attribute);
    }
}

#[test]
fn an_element_shows_none_in_many_ways() {
    let image = "data-x=\"https://c.example/1.jpg\"";
    for src in [
        "",
        "src",
        "src=\"\"",
        "src=\"#\"",
        "src=\"about:blank\"",
        "src=\"{{image}}\"",
        "src=\"data:,\"",
        "srcset=\"data:,x 1x\"",
        "src=\"data:,\" srcset=\"\"",
    ] {
        for element in ["img", "amp-img", "lazy-image", "my-picture"] {
            check(&format!("<{element} {src} {image}>"), &["https://c.example/1.jpg"]);
        }
    }
    for src in ["/1x1.gif", "https://h.example/blank.png", "img/lazy-placeholder.svg", "spacer.gif?v=2"] {
        check(&format!("<img src=\"{src}\" {image}>"), &[src, "https://c.example/1.jpg"]);
    }
    check(&format!("<picture><source {image}><img></picture>"), &["https://c.example/1.jpg"]);
}

#[test]
fn an_element_that_shows_an_image_is_not_searched() {
    for page in [
        "<img src=\"/a.jpg\" data-orig-file=\"https://c.example/1.jpg\" data-large-file=\"https://c.example/2.jpg\">",
        "<img src=\"/a.jpg\" data-attrs=\"{&quot;src&quot;:&quot;https://c.example/1.jpg&quot;}\">",
        "<img src=\"data:,\" srcset=\"/a.jpg 1x\" data-x=\"https://c.example/1.jpg\">",
        "<picture><source srcset=\"/a.jpg\"><img data-x=\"https://c.example/1.jpg\"></picture>",
        "<img src=\"data:,\" data-src=\"/a.jpg\" data-x=\"https://c.example/1.jpg\">",
    ] {
        check(page, &["/a.jpg"]);
    }
}

#[test]
fn names_decide_where_several_addresses_compete() {
    for (attributes, expected) in [
        ("data-thumb=\"//c.example/s.jpg\" data-cfsrc=\"//c.example/1.jpg\"", "//c.example/1.jpg"),
        ("data-medium-file=\"//c.example/m.jpg\" data-orig-file=\"//c.example/1.jpg\"", "//c.example/1.jpg"),
        ("data-placeholder-src=\"//c.example/p.jpg\" data-img=\"//c.example/1.jpg\"", "//c.example/1.jpg"),
        ("data-pin-media=\"//c.example/p.jpg\" data-foo=\"//c.example/1.jpg\"", "//c.example/1.jpg"),
        ("data-foo=\"//c.example/1.jpg\" data-bar=\"//c.example/2.jpg\"", "//c.example/1.jpg"),
        ("data-link=\"//c.example/2.jpg\" data-full-url=\"//c.example/1.jpg\"", "//c.example/1.jpg"),
    ] {
        check(&format!("<img src=\"{BLANK}\" {attributes}>"), &[expected]);
    }
}

#[test]
fn candidates_and_paths_count_too() {
    check(
        &format!("<img src=\"{BLANK}\" data-cf-srcset=\"/a.jpg 1x, /b.jpg 2x\" data-cfsrc=\"/c.jpg\">"),
        &["/a.jpg", "/b.jpg", "/c.jpg"],
    );
    check("<img data-x=\"/img/1.jpg\">", &["/img/1.jpg"]);
    check("<img data-x=\"../img/1.webp?w=3\">", &["../img/1.webp?w=3"]);
    check("<img data-foo-src=\"1.jpg\">", &["1.jpg"]);
    check("<lazy-image src=\"/a\" srcset=\"b.jpg 2x\"></lazy-image>", &["/a", "b.jpg"]);
}

#[test]
fn what_is_no_address_of_an_image_is_not_asked_for() {
    for attribute in [
        "alt=\"chart.jpg\"",
        "title=\"https://c.example/1.jpg\"",
        "data-x=\"https://c.example/page\"",
        "data-x=\"https://c.example/a_{width}.jpg\"",
        "data-x=\"https://c.example/%size%/a.jpg\"",
        "data-x=\"chart.jpg\"",
        "data-x=\"see https://c.example/1.jpg\"",
        "data-lazy=\"true\"",
        "data-src=\"1\"",
        "data-widths=\"[180, 360]\"",
        "onerror=\"this.src='https://c.example/1.jpg'\"",
        "onclick=\"https://c.example/1.jpg\"",
        "data-x=\"https://c.example/1.jpg.html\"",
        "data-sizes=\"{}\"",
        "data-json=\"{&quot;name&quot;:&quot;1.jpg&quot;}\"",
    ] {
        check(&format!("<img src=\"{BLANK}\" {attribute}>"), &[]);
    }
    check("<div data-x=\"https://c.example/1.jpg\"></div><a data-x=\"https://c.example/1.jpg\">x</a>", &[]);
}

#[test]
fn json_in_an_attribute_names_the_image() {
    for json in [
        r#"{"src":"URL","alt":null}"#,
        r#"{"alt":"x","src": "URL", "thumb": "https://c.example/s.jpg"}"#,
        r#"{"image":{"url":"URL"}}"#,
        r#"[{"url":"URL"}]"#,
        r#"["URL"]"#,
        r#"{"thumbnail":"https://c.example/t.jpg","original":"URL"}"#,
        r#"{"sizes":{"small":"https://c.example/s.jpg","full":"URL"}}"#,
        r#" {"href":"https://c.example/page","src":"URL"}"#,
        r#"{"internalRedirect":"https://c.example/i/1?img=x","src":"URL"}"#,
        r#"{"a":{"b":{"c":["URL"]}}}"#,
    ] {
        let json = json.replace("URL", "https://c.example/1.png");
        let attribute = json.replace('"', "&quot;");
        check(&format!("<img src=\"data:,\" data-attrs=\"{attribute}\">"), &["https://c.example/1.png"]);
        check(&format!("<img src=\"data:,\" data-other='{json}'>"), &["https://c.example/1.png"]);
    }
    check(r#"<img data-attrs='{"src":"https:\/\/c.example\/a&amp;b.png"}'>"#, &[r"https:\/\/c.example\/a&amp;b.png"]);
    check(r#"<img data-attrs='{"src":"https://c.example/fetch/1"}'>"#, &["https://c.example/fetch/1"]);
    let page = br#"<img data-attrs='{"src":"https:\/\/c.example\/a&amp;b.png"}'>"#;
    let references = extract(page, Format::Html, &ExtractOptions::default()).references;
    assert_eq!(references[0].url.as_ref().map(url::Url::as_str), Ok("https://c.example/a&b.png"));
}

#[test]
fn a_figure_without_an_image_names_it() {
    let figure = "<figure itemid=\"https://c.example/1.jpg\" itemtype=\"http://schema.org/ImageObject\">";
    for (content, expected) in [
        ("<div class=ph></div></figure>", &["https://c.example/1.jpg"][..]),
        ("</figure><img src=/a.jpg>", &["https://c.example/1.jpg", "/a.jpg"]),
        ("<figcaption>x</figcaption></figure><figure></figure>", &["https://c.example/1.jpg"]),
        ("never closed", &["https://c.example/1.jpg"]),
        ("<img src=/a.jpg></figure>", &["/a.jpg"]),
        ("<picture><source srcset=/a.jpg></picture></figure>", &["/a.jpg"]),
        ("<noscript><img src=/a.jpg></noscript></figure>", &["/a.jpg"]),
        ("<div style=\"background:url(/a.jpg)\"></div></figure>", &["/a.jpg"]),
        ("<img data-x=/a.jpg></figure>", &["/a.jpg"]),
        ("<img alt=x></figure>", &["https://c.example/1.jpg"]),
    ] {
        check(&format!("{figure}{content}"), expected);
    }
    check("<figure itemid=\"https://c.example/page\"></figure><figure itemid=x.jpg></figure>", &[]);
}

#[test]
fn a_weak_attribute_beside_something_better_is_a_page() {
    for page in [
        "<img data-url=\"https://c.example/article/5\" src=\"/1.jpg\">",
        "<img data-url=\"/article/5\" data-src=\"/1.jpg\">",
        "<img file=\"/article/5\" src=\"/1.jpg\">",
        "<img data-url=\"https://c.example/a.html\" src=\"data:,\" data-original=\"/1.jpg\">",
    ] {
        check(page, &["/1.jpg"]);
    }
    check("<img data-url=\"/2.jpg\" src=\"/1.jpg\">", &["/2.jpg", "/1.jpg"]);
    check("<img data-url=\"https://c.example/image/5\" src=\"data:,\">", &["https://c.example/image/5"]);
}

#[test]
fn white_space_that_nobody_escaped_is_part_of_the_address() {
    for value in [
        "https://c.example/a b.jpg",
        "//c.example/x y/a (1).png",
        "https://c.example/a b c.webp?v=1",
        "https://c.example/Screen Shot 1.00.00 PM.png",
        "https://c.example/a\n  b.jpg",
        "https://c.example/图 片.jpg",
    ] {
        check(&format!("<img data-cfsrc=\"{value}\">"), &[value]);
        check(&format!("<img src=\"{BLANK}\" data-x=\" {value}\n\">"), &[value]);
        check(&format!("<img data-src='\n{value} '>"), &[value]);
        check(
            &format!("<img data-attrs='{{\"src\":\"{}\"}}'>", value.replace('\n', " ")),
            &[&value.replace('\n', " ")],
        );
    }
    check("<img data-lsrc='/x/a b.jpg'>", &["/x/a b.jpg"]);
    check("<img data-lsrc='a b.jpg'>", &["a b.jpg"]);
    for page in [
        "<img data-x='https://c.example/a.jpg https://c.example/b.jpg'>",
        "<img data-x='see https://c.example/a b.jpg'>",
        "<img data-x='x/a b.jpg'>",
        "<img data-caption='https://c.example says: a, b.jpg'>",
    ] {
        check(page, &[]);
    }
}

#[test]
fn json_can_hold_a_relative_address() {
    for (json, expected) in [
        (r#"{"src":"/1.png"}"#, "/1.png"),
        (r#"{"src":"a/1.png","alt":"x/2.png"}"#, "a/1.png"),
        (r#"{"src":"1.png"}"#, "1.png"),
        (r#"{"image":{"url":"../i/1.webp","width":3}}"#, "../i/1.webp"),
        (r#"{"img":"/x/1.jpg?v=2","link":"/x/2.html"}"#, "/x/1.jpg?v=2"),
        (r#"{"original":"./1.jpg","thumb":"./2.jpg"}"#, "./1.jpg"),
        (r#"[{"src":"i/1.avif"}]"#, "i/1.avif"),
        (r#"{"lazySrc":"/1.gif"}"#, "/1.gif"),
        (r#"{"photo":"/p/1.jpeg"}"#, "/p/1.jpeg"),
        (r#"{"pic":"/p/1.svg"}"#, "/p/1.svg"),
    ] {
        check(&format!("<img src=\"{BLANK}\" data-attrs='{json}'>"), &[expected]);
    }
    for json in [
        r#"{"title":"/x/1.png"}"#,
        r#"{"src":"true"}"#,
        r#"{"src":"File:1.png"}"#,
        r#"{"src":"/x/{width}.png"}"#,
        r#"{"file":"/x/1.png"}"#,
    ] {
        check(&format!("<img data-attrs='{json}'>"), &[]);
    }
    check("<img src='0.png' data-attrs='{\"src\":\"/1.png\"}'>", &["0.png"]);
}

#[test]
fn a_page_or_a_video_in_a_lazy_attribute_is_not_asked_for() {
    for value in
        ["/p/5.html", "https://c.example/p/5.htm", "/v/1.mp4", "x/y.pdf", "https://c.example/a.json", "/app.js"]
    {
        check(&format!("<img src=\"1.jpg\" data-src=\"{value}\">"), &["1.jpg"]);
        check(&format!("<img src=\"{BLANK}\" data-src=\"{value}\" data-x=\"/i/1.jpg\">"), &["/i/1.jpg"]);
    }
    check("<img src=\"1.jpg\" data-src=\"/show.aspx?id=1\">", &["1.jpg", "/show.aspx?id=1"]);
    check(
        "<img src='static/none.gif' file='forum.php?mod=image&amp;aid=1'>",
        &["static/none.gif", "forum.php?mod=image&amp;aid=1"],
    );
    check("<img src='1.jpg' file='forum.php?mod=page&amp;aid=1'>", &["1.jpg"]);
    check("<img src='' data-full-url='https://c.example/640?wx_fmt=png'>", &["https://c.example/640?wx_fmt=png"]);
    check("<img src='' data-full-url='https://c.example/640?wx_fmt=json'>", &[]);
}

#[test]
fn an_input_that_is_no_image_holds_data() {
    let json = r#"{"src":"x/a.png","icon":"https://c.example/1.png"}"#;
    for kind in ["hidden", "text", "checkbox", ""] {
        check(&format!("<input type='{kind}' value='{json}' data-x='https://c.example/2.png'>"), &[]);
    }
    check("<input type=' IMAGE' data-x='https://c.example/2.png'>", &["https://c.example/2.png"]);
}
