//! Sitemaps: the protocol of sitemaps.org in XML and as plain text, indexes, and the extensions for images and news.

use jiff::Timestamp;
use url::Url;

use super::feed::decode;
use super::xml::{self, Element, Node, XmlError, XmlLimits};
use crate::extract::timestamp;
use crate::media;
use crate::model::{MediaType, is_web_address};

/// A sitemap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sitemap {
    /// The sitemaps that an index lists.
    pub(super) parts: Vec<Url>,
    /// The pages.
    pub(super) pages: Vec<SitemapPage>,
    /// How many entries have no usable URL.
    pub(super) unusable: usize,
}

/// A page of a sitemap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SitemapPage {
    pub(super) url: Url,
    /// When it was last changed, as it stands there.
    pub(super) lastmod: Option<String>,
    /// When it was published, as the extension for news says.
    pub(super) published: Option<Timestamp>,
    /// Its images, as the extension for images says.
    pub(super) images: Vec<Url>,
}

impl SitemapPage {
    /// When it was last changed, or else published.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        self.lastmod.as_deref().and_then(timestamp).or(self.published)
    }
}

/// Why a document is no sitemap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SitemapError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// The XML is refused.
    #[error("{0}{way}", way = .0.setting())]
    Xml(#[from] XmlError),
    /// It is a page.
    #[error("it is a page (HTML) and no sitemap: write the URL that the site's robots.txt names after `Sitemap:`")]
    Page,
    /// It is another kind of XML.
    #[error("it is XML and no sitemap: its first element is <{0}>")]
    Other(String),
    /// A line of its text is no URL.
    #[error("it is neither XML nor a text with a URL in each line: line {0} has none")]
    Line(usize),
}

/// Reads what a host sent for the URL `url`.
///
/// # Errors
/// Why it is no sitemap, or none within the limits.
pub(super) fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    limits: XmlLimits,
) -> Result<Sitemap, SitemapError> {
    let text = decode(bytes, content_type);
    let text = text.trim();
    if text.is_empty() {
        return Err(SitemapError::Empty);
    }
    if !text.starts_with('<') {
        return list(text);
    }
    let mut found = Sitemap::default();
    let root = xml::parse_each(text, limits, &mut |child| found.add(&child, url))?;
    match root.name.to_ascii_lowercase().as_str() {
        "urlset" | "sitemapindex" => Ok(found),
        "html" => Err(SitemapError::Page),
        _ if media::sniff(text.as_bytes()) == MediaType::Html => Err(SitemapError::Page),
        _ => Err(SitemapError::Other(root.name)),
    }
}

/// A text with a URL in each line.
fn list(text: &str) -> Result<Sitemap, SitemapError> {
    let mut found = Sitemap::default();
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    for (at, line) in lines {
        let url = address(line, None).ok_or(SitemapError::Line(at + 1))?;
        found.pages.push(SitemapPage { url, lastmod: None, published: None, images: Vec::new() });
    }
    Ok(found)
}

impl Sitemap {
    fn add(&mut self, child: &Node, base: &Url) {
        let Node::Element(element) = child else { return };
        let url = text_of(element, "loc").and_then(|loc| address(&loc, Some(base)));
        match (element.name.to_ascii_lowercase().as_str(), url) {
            ("sitemap", Some(url)) => self.parts.push(url),
            ("url", Some(url)) => self.pages.push(page(element, url, base)),
            ("sitemap" | "url", None) => self.unusable += 1,
            _ => {}
        }
    }
}

fn page(element: &Element, url: Url, base: &Url) -> SitemapPage {
    let images = named(element, "image").filter_map(|image| address(&text_of(image, "loc")?, Some(base)));
    let published = named(element, "news").find_map(|news| timestamp(&text_of(news, "publication_date")?));
    SitemapPage { url, lastmod: text_of(element, "lastmod"), published, images: images.collect() }
}

/// The elements of a name in an element, whatever their namespace.
fn named<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.elements().filter(move |child| child.name.eq_ignore_ascii_case(name))
}

fn text_of(element: &Element, name: &str) -> Option<String> {
    named(element, name).map(|child| child.text().trim().to_owned()).find(|text| !text.is_empty())
}

/// A URL on the web, without its fragment.
fn address(text: &str, base: Option<&Url>) -> Option<Url> {
    let mut url = Url::options().base_url(base).parse(text).ok()?;
    url.set_fragment(None);
    is_web_address(&url).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: XmlLimits = XmlLimits { depth: 20, tag: 1000, nodes: 1000 };

    fn of(bytes: &[u8]) -> Result<Sitemap, String> {
        let url = Url::parse("https://a.example/sitemap.xml").unwrap();
        read(bytes, None, &url, LIMITS).map_err(|error| error.to_string())
    }

    #[test]
    fn pages_have_their_dates_and_images() {
        let xml = "\u{feff} <?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'
            xmlns:image='http://www.google.com/schemas/sitemap-image/1.1' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>
            <url><loc> https://a.example/1?a=1&amp;b=2#x </loc><lastmod>2026-01-31</lastmod>
              <image:image><image:loc>https://b.example/1.jpg</image:loc></image:image>
              <image:image><image:loc>/2.jpg</image:loc><image:title>x</image:title></image:image></url>
            <url><loc>https://a.example/2</loc><news:news><news:publication_date>2026-02-01T00:00:00Z</news:publication_date></news:news></url>
            <url><loc>nowhere://</loc></url><url/><other><loc>https://a.example/3</loc></other></urlset>";
        let found = of(xml.as_bytes()).unwrap();
        let urls: Vec<_> = found.pages.iter().map(|page| page.url.as_str()).collect();
        assert_eq!(urls, ["https://a.example/1?a=1&b=2", "https://a.example/2"]);
        assert_eq!((found.parts.len(), found.unusable), (0, 2));
        assert_eq!(found.pages[0].lastmod.as_deref(), Some("2026-01-31"));
        let images: Vec<_> = found.pages[0].images.iter().map(Url::as_str).collect();
        assert_eq!(images, ["https://b.example/1.jpg", "https://a.example/2.jpg"]);
        let moments: Vec<_> = found.pages.iter().filter_map(SitemapPage::moment).map(|at| at.to_string()).collect();
        assert_eq!(moments, ["2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"]);
    }

    #[test]
    fn an_index_lists_sitemaps_and_a_text_pages() {
        let index = of(b"<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>/b.xml</s:loc></s:sitemap></s:sitemapindex>");
        assert_eq!(index.unwrap().parts[0].as_str(), "https://a.example/b.xml");
        let text = of(b"\xef\xbb\xbfhttps://a.example/1\r\n\r\nhttps://a.example/2\n").unwrap();
        assert_eq!(text.pages.len(), 2);
    }

    #[test]
    fn one_that_breaks_off_is_read_as_far_as_it_goes() {
        let found = of(b"<urlset><url><loc>https://a.example/1</loc></url><url><loc>https://a.example/2</lo").unwrap();
        assert_eq!(found.pages.len(), 2);
    }

    #[test]
    fn what_is_no_sitemap_is_refused_with_the_reason() {
        let deep = "<urlset>".repeat(30);
        let long = format!("<urlset a='{}'>", "x".repeat(2000));
        let bomb = "<!DOCTYPE urlset [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><urlset>&b;</urlset>";
        let outside = "<!DOCTYPE urlset [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><urlset>&a;</urlset>";
        for (text, why) in [
            ("<!doctype html><html><p>Not found", "it is a page (HTML)"),
            ("<rss/>", "its first element is <rss>"),
            ("  ", "it is empty"),
            ("https://a.example/1\nand more\n", "line 2 has none"),
            (deep.as_str(), "feed.max_depth"),
            (long.as_str(), "feed.max_tag"),
            (bomb, "grows without bound"),
            (outside, "outside of the document"),
        ] {
            let refused = of(text.as_bytes()).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
