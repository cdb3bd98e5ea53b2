//! What fuzzing found, each as a test of its own. In all of them the address that a link replaces holds what decides
//! how the text after it is read.

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

use super::promises::{keep_every_promise, refused};

/// Checks every promise, and how many references there are and how many of them are left remote.
fn check(article: &[u8], format: Format, expected: (usize, usize)) {
    for lazy in [Lazy::Reveal, Lazy::Keep] {
        keep_every_promise(article, format, lazy);
        assert_eq!(refused(article, format, lazy), expected, "{}", article.escape_ascii());
    }
}

/// Two fences in two addresses make code of what stands between them.
#[test]
fn a_code_fence_in_an_address() {
    let fences = b"{% img /a``` %} then {% img /b``` %} and ![](c.jpg)\n";
    check(fences, Format::Markdown, (2, 1));
    let in_links = b"![](x`.jpg) then ![](y`.jpg) and ![](z.jpg)\n";
    keep_every_promise(in_links, Format::Markdown, Lazy::Reveal);
}

/// White space that is no space and no tab, around an address that has spaces: it ended in the middle of a character.
#[test]
fn white_space_of_other_kinds_around_an_address() {
    for white in ["\u{a0}", "\u{3000}", "\u{b}", "\u{85}", "\u{2003}", "\u{feff}", "\u{a0}\u{3000} \u{b}"] {
        for address in ["http://h/a 中", "http://h/a é", "my pic.jpg", "é a.png \"t\"", "中.jpg x=1", " a b.jpg"] {
            for text in [
                format!("[a]({white}{address})"),
                format!("![a]({address}{white})\n"),
                format!("![]({white}{address}{white})中![](b.jpg)\n"),
            ] {
                keep_every_promise(text.as_bytes(), Format::Markdown, Lazy::Reveal);
                keep_every_promise(text.as_bytes(), Format::Mdx, Lazy::Reveal);
            }
        }
    }
}

/// An address that makes front matter of no language hides the keys that another reading of it shows.
#[test]
fn an_address_that_breaks_front_matter() {
    let broken = b"---\nimage:\n  path: &x /a.jpg\n  feature: *y /b.jpg\ncolour: >-\n  https://e.com/c.jpg\nx: \"d\\\n  e\"\n---\n";
    check(broken, Format::Markdown, (2, 1));
}

/// An encoding that is guessed by the bytes of an address alone, and is another without them.
#[test]
fn the_only_bytes_that_show_the_encoding() {
    let guessed = b"<img srcset=\"https://e.com/\xca\xca\xca\xca.jpg 2x, https://e.com/b.jpg 3x\">";
    let before = extract(guessed, Format::Html, &ExtractOptions::default()).encoding;
    assert_ne!(before, encoding_rs::UTF_8);
    check(guessed, Format::Html, (2, 0));
    let two =
        b"<img srcset='https://e.com/\xca\xca\xca\xca.jpg 2x'><img srcset='https://e.com/\xff\xae.jpg'><p>\xff\0\xca";
    keep_every_promise(two, Format::Html, Lazy::Reveal);
}

/// An address that a base completes is written anew where the base becomes neutral. If its image stays remote, that is
/// not the link of the image.
#[test]
fn an_address_that_stays_remote_below_a_base() {
    let guessed = b"o\xff\xff<base href=/><img src=\xff><img src=\xff>";
    for lazy in [Lazy::Reveal, Lazy::Keep] {
        keep_every_promise(guessed, Format::Html, lazy);
        assert!(refused(guessed, Format::Html, lazy).1 < 2);
    }
    let tagged = "<img src=\"x<y.jpg\"><img src=a.jpg>\n";
    for base in ["/", "/of/", "sub/", "//cdn.example/", "https://cdn.example/of/"] {
        check(format!("<base href=\"{base}\">{tagged}").as_bytes(), Format::Markdown, (3, 1));
        let lazy = format!("<base href=\"{base}\"><img src=\"x<y.jpg\" data-src=a.jpg>\n<img src=b.jpg>\n");
        keep_every_promise(lazy.as_bytes(), Format::Markdown, Lazy::Reveal);
        assert_eq!(refused(lazy.as_bytes(), Format::Markdown, Lazy::Reveal), (4, 2));
    }
}

/// Whether the link around the copy for readers without scripts counts must not hang on what the copy's addresses are:
/// different images can turn out to be the same file.
#[test]
fn a_link_around_a_copy_of_an_image() {
    let image = "<img data-src=a.jpg><noscript><a href=full.jpg><img src=a.jpg></a></noscript>";
    check(image.as_bytes(), Format::Html, (3, 0));
    let chain = format!("<img data-src=x.jpg><noscript><img src=y.jpg></noscript>{image}");
    check(chain.as_bytes(), Format::Html, (5, 0));
}

/// The link of a lazy image takes the place of an address that would be left: it is not left then, nor replaced where it
/// may be read as a tag.
#[test]
fn a_placeholder_that_would_be_left_remote() {
    let tagged = b"<img src=\"x<y.jpg\" data-src=a.jpg>\n";
    keep_every_promise(tagged, Format::Markdown, Lazy::Reveal);
    assert_eq!(refused(tagged, Format::Markdown, Lazy::Reveal), (2, 2));
    assert_eq!(refused(tagged, Format::Markdown, Lazy::Keep), (2, 1));
    check(tagged, Format::Html, (2, 0));
    check(b"![](c.jpg)\n\n</div>\n<base href=<b...\"\">x</source>\n", Format::Markdown, (2, 1));
}

/// An address that some reader takes for markup hides what comes after it: without it that would run.
#[test]
fn an_address_that_hides_markup() {
    let html: [&[u8]; 5] = [
        b"<p>x<noscript><img src=\"http://h/1.png?</noscript><xmp>\"></noscript><img src=x onerror=\"hit(1)\"></xmp>",
        b"<frameset><style>a{background:url(http://h/4.png?<!--)}</style><frame src=\"javascript:hit(1)\"></frameset>-->",
        b"<math><annotation-xml><style>a{background:url('http://h/9.png?<!--')}</style><img src=x onerror=hit(1)>-->",
        b"<iframe srcdoc=\"<noscript><img src='http://h/2.png?</noscript><xmp>'></noscript><img src=x onerror=hit(1)>\">",
        b"<base href=\"x y/\"><img src=\"http://h/1.png\"><script src=\"s.js\"></script>",
    ];
    for article in html {
        keep_every_promise(article, Format::Html, Lazy::Reveal);
        assert!(refused(article, Format::Html, Lazy::Reveal).1 > 0, "{}", article.escape_ascii());
    }
    let open = b"x\n\n<div title=\"\n\n<img data-src=http://h/m1.png onfocus=hit(1) autofocus tabindex=0>\n\ny\n";
    keep_every_promise(open, Format::Markdown, Lazy::Reveal);
    assert_eq!(refused(open, Format::Markdown, Lazy::Reveal), (1, 1));
    let encoded =
        b"<iframe srcdoc=\"&lt;noscript>&lt;img src='http://h/2.png?&lt;/noscript>&lt;xmp>'>&lt;/noscript>\"></iframe>";
    check(encoded, Format::Markdown, (1, 1));
}

/// What is wrong with a page of XML ends it before the script after it.
#[test]
fn an_address_that_ends_the_page() {
    let page = |address: &str| {
        format!(
            "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body><img src=\"{address}\"/><script>hit(1)</script></body></html>"
        )
    };
    check(page("http://h/x.png?a=1&b=2").as_bytes(), Format::Xhtml, (1, 1));
    check(page("http://h/x.png?a=1&amp;b=2").as_bytes(), Format::Xhtml, (1, 0));
    let harmless = page("http://h/x.png?a=1&b=2").replace("<script>hit(1)</script>", "<p>x</p>");
    check(harmless.as_bytes(), Format::Xhtml, (1, 0));
}

/// What costs a pass over the rest of the article, or a copy of something long, must not do so at every turn. Each of
/// these takes minutes, or all memory, where the cost is not linear.
#[test]
fn the_cost_is_linear_in_the_length_of_the_article() {
    let many = 30_000;
    let long = "k".repeat(300_000);
    let candidates = "a.jpg 1w, ".repeat(many);
    let numbered: String = (0..many).flat_map(|number| [number.to_string(), ".jpg 1w, ".to_owned()]).collect();
    let cases = [
        (Format::Html, format!("<img srcset='{numbered}'><noscript><img srcset='{candidates}'></noscript>")),
        (Format::Html, format!("<img srcset='{candidates}' data-srcset='{numbered}'>")),
        (Format::Html, "<img data-src=a.jpg>".repeat(many)),
        (Format::Html, format!("{}{}", "<svg><desc>".repeat(many), "</math>".repeat(many))),
        (Format::Html, format!("<base href='https://e.com/{long}/'>{}", "<img src=a>".repeat(many))),
        (Format::Css, format!("a{{{long}:{}}}", "url(a)".repeat(many))),
        (Format::Markdown, "{% raw %}".repeat(many)),
        (Format::Markdown, format!("{{\"{long}\":[{}\"a.jpg\"", "[".repeat(many))),
        (Format::Markdown, format!("---\n{long}: [{}]\n---\n", "a.jpg, ".repeat(many))),
        (Format::Markdown, format!("+++\n{long} = [{}]\n+++\n", "'a.jpg', ".repeat(many))),
        (Format::Markdown, format!("{}\n\n[a]: {long}\n", "![a]".repeat(many))),
    ];
    for (format, article) in cases {
        let (found, _) = refused(article.as_bytes(), format, Lazy::Reveal);
        assert!(found <= 2 * many + 1, "{found}");
    }
}
