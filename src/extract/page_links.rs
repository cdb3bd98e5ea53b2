//! Where a page leads: its links, its next page, its canonical URL, its style sheets.

use encoding_rs::Encoding;
use html5gum::Token;
use url::{EncodingOverride, Url};

use super::css;
use super::encoding;
use super::markup_tokens::{RawText, markup_tokens};
use super::query;
use crate::model::{Format, is_web_address};

/// The most links of one page that are followed.
const MOST: usize = 20_000;
/// The most elements for readers without scripts that are read within one another.
const MOST_NESTED: usize = 8;

/// Where a page leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PageLinks {
    /// What its links lead to, without fragments, in its order.
    pub(crate) links: Vec<Url>,
    /// The pages that it says are its next ones (`rel=next`).
    pub(crate) next: Vec<Url>,
    /// The URL that it says is its own (RFC 6596).
    pub(crate) canonical: Option<Url>,
    /// Its style sheets.
    pub(crate) sheets: Vec<Url>,
    /// Whether it asks robots not to follow its links (`<meta name=robots content=nofollow>`).
    pub(crate) nofollow: bool,
    /// How many links it has beyond those that are followed.
    pub(crate) left_out: usize,
}

/// The links of a page, or of a style sheet, that came from `url`. `charset` is the encoding that the response named.
pub(crate) fn page_links(bytes: &[u8], format: Format, url: &Url, charset: Option<&'static Encoding>) -> PageLinks {
    let decoded = encoding::decode(bytes, format, charset);
    let query = query::encoding_of(format, decoded.encoding);
    let mut reader = Reader { base: url.clone(), has_base: false, query, found: PageLinks::default() };
    match format {
        Format::Css => reader.imports(&decoded.text),
        _ => reader.read(&decoded.text, 0),
    }
    reader.found
}

struct Reader {
    base: Url,
    has_base: bool,
    query: &'static Encoding,
    found: PageLinks,
}

impl Reader {
    fn read(&mut self, html: &str, nesting: usize) {
        let (mut is_for_readers_without_scripts, mut is_style) = (false, false);
        for token in markup_tokens::<()>(html, RawText::IsText) {
            match token {
                Token::StartTag(tag) => {
                    is_for_readers_without_scripts = &**tag.name == b"noscript" && !tag.self_closing;
                    is_style = &**tag.name == b"style";
                    let value = |name: &str| {
                        let value = tag.attributes.get(name.as_bytes())?;
                        Some(String::from_utf8_lossy(value).into_owned())
                    };
                    let document = value("srcdoc").filter(|_| &**tag.name == b"iframe");
                    match document.filter(|_| nesting < MOST_NESTED) {
                        Some(document) => self.document(&document, nesting + 1),
                        None => self.start_tag(&tag.name, value),
                    }
                }
                // Nobody runs scripts here, so that what stands there is markup.
                Token::String(text) if is_for_readers_without_scripts && nesting < MOST_NESTED => {
                    self.read(&String::from_utf8_lossy(&text), nesting + 1);
                }
                Token::String(text) if is_style => self.imports(&String::from_utf8_lossy(&text)),
                Token::EndTag(_) => (is_for_readers_without_scripts, is_style) = (false, false),
                _ => {}
            }
        }
    }

    /// Takes where the document within an `iframe` leads. What it says of itself is not said of the page (HTML, "the
    /// iframe element").
    fn document(&mut self, html: &str, nesting: usize) {
        let (base, found) = (self.base.clone(), PageLinks::default());
        let mut inner = Self { base, has_base: false, query: self.query, found };
        inner.read(html, nesting);
        let PageLinks { links, sheets, next, canonical: _, nofollow, left_out } = inner.found;
        self.found.sheets.extend(sheets);
        self.found.left_out += left_out;
        if !nofollow {
            links.into_iter().chain(next).for_each(|url| self.link(url, &[]));
        }
    }

    /// Takes the style sheets that a style sheet imports.
    fn imports(&mut self, css: &str) {
        let imports = css::parse_sheet(css).imports;
        let sheets: Vec<_> = imports.iter().filter_map(|sheet| self.joined(&sheet.value)).collect();
        self.found.sheets.extend(sheets);
    }

    fn start_tag(&mut self, name: &[u8], value: impl Fn(&str) -> Option<String>) {
        match name {
            b"base" if !self.has_base => {
                if let Some(base) = value("href").and_then(|href| self.joined(&href)) {
                    (self.base, self.has_base) = (base, true);
                }
            }
            b"a" | b"area" => {
                let href = value("href").or_else(|| value("xlink:href"));
                if let Some(url) = href.and_then(|href| self.joined(&href)) {
                    self.link(url, &relations(value("rel")));
                }
            }
            b"link" => {
                if let Some(url) = value("href").and_then(|href| self.joined(&href)) {
                    self.relation(url, &relations(value("rel")));
                }
            }
            b"iframe" | b"frame" => {
                if let Some(url) = value("src").and_then(|src| self.joined(&src)) {
                    self.link(url, &[]);
                }
            }
            b"meta" => self.meta(&value),
            _ => {}
        }
    }

    fn link(&mut self, url: Url, relations: &[String]) {
        if relations.iter().any(|relation| relation == "next") {
            self.found.next.push(url);
        } else if self.found.links.len() < MOST {
            self.found.links.push(url);
        } else {
            self.found.left_out += 1;
        }
    }

    fn relation(&mut self, url: Url, relations: &[String]) {
        let is = |name: &str| relations.iter().any(|relation| relation == name);
        if is("next") {
            self.found.next.push(url);
        } else if is("canonical") && self.found.canonical.is_none() {
            self.found.canonical = Some(url);
        } else if is("stylesheet") && !is("alternate") {
            self.found.sheets.push(url);
        }
    }

    fn meta(&mut self, value: &impl Fn(&str) -> Option<String>) {
        let is_robots = value("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("robots"));
        let content = value("content").unwrap_or_default().to_ascii_lowercase();
        if is_robots {
            self.found.nofollow |= content.split(',').any(|word| matches!(word.trim(), "nofollow" | "none"));
        }
    }

    /// What a URL leads to, without its fragment; `None` if that is not on the web.
    fn joined(&self, address: &str) -> Option<Url> {
        let encode: EncodingOverride<'_> = Some(&|text| query::encode(text, self.query));
        let mut url = Url::options()
            .base_url(Some(&self.base))
            .encoding_override(encode)
            .parse(address.trim_matches(|c: char| c <= ' '))
            .ok()?;
        url.set_fragment(None);
        is_web_address(&url).then_some(url)
    }
}

/// The words of a `rel`, in small letters.
fn relations(rel: Option<String>) -> Vec<String> {
    rel.unwrap_or_default().split_whitespace().map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &[u8]) -> PageLinks {
        page_links(html, Format::Html, &Url::parse("https://a.example/b/c?d=1#e").unwrap(), None)
    }

    fn texts(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn links_are_those_that_lead_somewhere_on_the_web() {
        let html = b"<a href=' x '>1</a><a href=#top>2</a><A HREF=/y#z>3</A><a href=mailto:me>4</a><a name=n>5</a>\
            <area href=//b.example/><a href='?q=1'>6</a><iframe src=frame></iframe><!-- <a href=no> --><script>'<a href=no>'</script>";
        let found = of(html);
        assert_eq!(
            texts(&found.links),
            [
                "https://a.example/b/x",
                "https://a.example/b/c?d=1",
                "https://a.example/y",
                "https://b.example/",
                "https://a.example/b/c?q=1",
                "https://a.example/b/frame"
            ]
        );
    }

    #[test]
    fn links_for_readers_without_scripts_and_of_svg_are_links() {
        let found = of(b"<noscript><a href=/n>1</a><noscript><a href=/m>2</a></noscript><a href=/o>3</a>\
            <svg><a xlink:href=/x><a href=/h xlink:href=/no></svg><template><a href=/t>4</a></template>");
        let paths: Vec<_> = found.links.iter().map(Url::path).collect();
        of("<noscript>".repeat(100_000).as_bytes());
        assert_eq!(paths, ["/n", "/m", "/o", "/x", "/h", "/t"]);
    }

    #[test]
    fn the_document_within_a_frame_leads_on_and_says_nothing_of_the_page() {
        let found = of(b"<base href=/z/><iframe src=no srcdoc=\"<a href=1>x</a><link rel=canonical href=c><base href='/y/'>\
            <a rel=next href=2>x</a><link rel=stylesheet href=s.css>\"></iframe><iframe srcdoc='<meta name=robots content=nofollow>\
            <a href=hidden>x</a>'></iframe><a href=3>x</a>");
        let expected = ["https://a.example/z/1", "https://a.example/y/2", "https://a.example/z/3"];
        let all: Vec<_> = found.links.iter().map(Url::as_str).collect();
        assert_eq!((all, texts(&found.sheets)), (expected.to_vec(), vec!["https://a.example/y/s.css"]));
        assert_eq!((found.canonical, found.nofollow), (None, false));
        let deep = (0..20).fold("<a href=x>x</a>".to_owned(), |inner, _| {
            format!("<iframe srcdoc='{}'></iframe>", inner.replace('&', "&amp;").replace('\'', "&#39;"))
        });
        assert!(of(deep.as_bytes()).links.is_empty(), "no deeper than a few");
    }

    #[test]
    fn each_relation_has_its_use() {
        let html =
            b"<link rel='Canonical' href=/own><link rel=canonical href=/other><link rel='stylesheet' href=s.css>\
            <link rel='alternate stylesheet' href=t.css><link rel=next href=?p=2><a rel='nofollow next' href=?p=3>x</a>\
            <link rel=icon href=i><meta name=Robots content='noindex, NOFOLLOW'>";
        let found = of(html);
        assert_eq!(found.canonical.as_ref().map(Url::as_str), Some("https://a.example/own"));
        assert_eq!(texts(&found.sheets), ["https://a.example/b/s.css"]);
        assert_eq!(texts(&found.next), ["https://a.example/b/c?p=2", "https://a.example/b/c?p=3"]);
        assert!(found.links.is_empty() && found.nofollow);
    }

    #[test]
    fn a_style_sheet_leads_to_those_that_it_imports() {
        let css =
            "@import 'a.css'; @import url(b.css) screen; @import url(\"c.css\") layer(x); p { background: url(d.png) }";
        let own = page_links(css.as_bytes(), Format::Css, &Url::parse("https://a.example/b/s.css").unwrap(), None);
        let expected = ["https://a.example/b/a.css", "https://a.example/b/b.css", "https://a.example/b/c.css"];
        assert_eq!(texts(&own.sheets), expected);
        assert_eq!(texts(&of(format!("<style>{css}</style><p>@import 'no.css'").as_bytes()).sheets), expected);
    }

    #[test]
    fn the_first_base_completes_what_follows_it() {
        let found = of(b"<a href=x>1</a><base href=/z/><base href=/q/><a href=x>2</a>");
        assert_eq!(texts(&found.links), ["https://a.example/b/x", "https://a.example/z/x"]);
    }

    #[test]
    fn a_query_is_written_in_the_encoding_of_the_page() {
        let gbk = Encoding::for_label(b"gbk").unwrap();
        let html = gbk.encode("<p>新闻新闻<a href='/\u{65b0}?q=\u{95fb}'>x</a>").0.into_owned();
        let found = page_links(&html, Format::Html, &Url::parse("https://a.example/").unwrap(), Some(gbk));
        assert_eq!(texts(&found.links), ["https://a.example/%E6%96%B0?q=%CE%C5"]);
    }
}
