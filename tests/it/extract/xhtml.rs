//! XHTML by the rules of XML: namespaces, entities, character references in styles.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

fn references(page: &str) -> Vec<(String, Option<String>)> {
    let references = extract(page.as_bytes(), Format::Xhtml, &ExtractOptions::default()).references;
    references.into_iter().map(|found| (found.raw, found.url.ok().map(|url| url.to_string()))).collect()
}

/// Checks the raw texts of a page's references.
fn check(page: &str, expected: &[&str]) {
    let found: Vec<_> = references(page).into_iter().map(|(raw, _)| raw).collect();
    assert_eq!(found, expected, "{page}");
}

/// A page with something in its head and its body.
fn page(head: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head>{head}</head><body>{body}</body></html>"
    )
}

#[test]
fn only_elements_of_html_and_svg_show_images() {
    for (body, expected) in [
        ("<x:img xmlns:x='urn:other' src='a'/><img src='b'/>", &["b"][..]),
        ("<div xmlns='urn:other'><img src='a'/></div><img src='b'/>", &["b"]),
        ("<div xmlns='urn:other'><div/><div><img src='a'/></div></div><img src='b'/>", &["b"]),
        ("<d xmlns='urn:other'><h:img xmlns:h='http://www.w3.org/1999/xhtml' src='a'/><img src='c'/></d>", &["a"]),
        ("<d xmlns=''><img src='a'/></d><img src='b'/>", &["b"]),
        ("<x:template xmlns:x='urn:other'><img src='a'/></x:template><img src='b'/>", &["a", "b"]),
        ("<x:style xmlns:x='urn:other'>p{background:url(a)}</x:style>", &[]),
        ("<x:svg xmlns:x='urn:other'><x:image href='a'/></x:svg><img src='b'/>", &["b"]),
        (
            "<s:svg xmlns:s='http://www.w3.org/2000/svg' xmlns:l='http://www.w3.org/1999/xlink'><s:image l:href='a'/></s:svg>",
            &["a"],
        ),
        ("<undeclared:img src='a'/>", &["a"]),
        ("<x:a xmlns:x='urn:other' href='#'><img src='a'/></x:a>", &["a"]),
    ] {
        check(&page("", body), expected);
    }
    check(
        "<h:html xmlns:h='http://www.w3.org/1999/xhtml'><h:body><h:img src='a'/><img src='b'/></h:body></h:html>",
        &["a", "b"],
    );
    check("<html><body><img src='a'/></body></html>", &["a"]);
}

#[test]
fn styles_have_character_references() {
    for (style, raw, url) in [
        ("p{background:url(https://c.example/1?a&amp;b)}", "https://c.example/1?a&amp;b", "https://c.example/1?a&b"),
        ("p{background:url(&quot;https://c.example/1&quot;)}", "https://c.example/1", "https://c.example/1"),
        ("p{background:url(&#34;https://c.example/1&#x22;)}", "https://c.example/1", "https://c.example/1"),
        ("a&gt;b{background:url('https://c.example/1')}", "https://c.example/1", "https://c.example/1"),
        ("p{background:url(https:&#47;/c.example/1)}", "https:&#47;/c.example/1", "https://c.example/1"),
        ("p{content:\"&lt;\";background:url(https://c.example/1)}", "https://c.example/1", "https://c.example/1"),
        (
            "<![CDATA[p{background:url(https://c.example/1?a&amp;b)}]]>",
            "https://c.example/1?a&amp;b",
            "https://c.example/1?a&amp;b",
        ),
        ("/*<![CDATA[*/p{background:url(https://c.example/1)}/*]]>*/", "https://c.example/1", "https://c.example/1"),
    ] {
        let found = references(&page(&format!("<style>{style}</style>"), ""));
        assert_eq!(found, [(raw.to_owned(), Some(url.to_owned()))], "{style}");
    }
}

#[test]
fn a_document_can_declare_entities() {
    let declared = |subset: &str, body: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.1//EN\" \"x.dtd\" [{subset}]>\n{}",
            page("", body)
        )
    };
    for (subset, src, url) in [
        ("<!ENTITY u \"https://c.example/1.jpg\">", "&u;", "https://c.example/1.jpg"),
        ("<!ENTITY c 'https://c.example'>", "&c;/1.jpg", "https://c.example/1.jpg"),
        ("<!ENTITY c 'https://c.example'><!ENTITY u '&c;/1.jpg'>", "&u;", "https://c.example/1.jpg"),
        ("<!ENTITY u 'https://c.example/1?a&#38;b'>", "&u;", "https://c.example/1?a&b"),
        ("<!-- > ' --><!ENTITY u 'https://c.example/1'>", "&u;", "https://c.example/1"),
        ("<!ENTITY x '<b><img src=\"no\"/></b>'><!ENTITY u 'https://c.example/1'>", "&u;", "https://c.example/1"),
        ("<!ENTITY u 'no'>", "https://c.example/1?&amp;u;", "https://c.example/1?&u;"),
        ("<!ELEMENT img EMPTY>", "https://c.example/1", "https://c.example/1"),
    ] {
        let found = references(&declared(subset, &format!("<img src=\"{src}\"/>")));
        assert_eq!(found, [(src.to_owned(), Some(url.to_owned()))], "{subset}");
    }
    check("<!DOCTYPE html [<!ENTITY u 'x'><html><img src='a'/></html>", &["a"]);
    check(&declared("<!ENTITY u 'x'>", "<style>p{background:url(a)}</style><img srcset='b 2x'/>"), &["a", "b"]);
}
