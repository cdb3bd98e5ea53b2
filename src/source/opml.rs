//! OPML: lists of feeds that other readers export.

use url::Url;

use super::feed::decode;
use super::xml::{self, Element, Namespace, XmlLimits};
use crate::model::is_web_address;

/// The longest list that is read, in bytes.
pub const LONGEST: usize = 16 << 20;
/// Far beyond what readers export.
const LIMITS: XmlLimits = XmlLimits { depth: 64, tag: 64 << 10, nodes: 1_000_000 };

/// A feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its title; empty if it has none.
    pub title: String,
    /// Its URL.
    pub url: Url,
    /// The titles of the outlines that it lies in, the outermost first, and its own.
    pub categories: Vec<String>,
}

/// What a list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlines {
    /// Its feeds, in its order.
    pub feeds: Vec<Outline>,
    /// Texts in place of URLs, which name no feed.
    pub unusable: Vec<String>,
}

/// The feeds of a list.
///
/// # Errors
/// Why it is no OPML, or none with a feed, as a sentence for a person.
pub fn feeds(bytes: &[u8]) -> Result<Outlines, String> {
    if bytes.len() > LONGEST {
        return Err(format!("it has {} bytes, more than {LONGEST}", bytes.len()));
    }
    let root = xml::parse(&decode(bytes, None), LIMITS).map_err(|error| error.to_string())?;
    if !root.is(Namespace::Core, "opml") {
        return Err(format!("it is no OPML: its first element is <{}>", root.name));
    }
    let mut found = Outlines::default();
    for body in root.all(Namespace::Core, "body") {
        collect(body, &mut Vec::new(), &mut found);
    }
    match (found.feeds.as_slice(), found.unusable.first()) {
        ([], None) => Err("it lists no feed: none of its outlines has an xmlUrl".to_owned()),
        ([], Some(text)) => Err(format!("it lists no feed: \"{text}\" is no URL")),
        _ => Ok(found),
    }
}

fn collect(element: &Element, categories: &mut Vec<String>, found: &mut Outlines) {
    for outline in element.all(Namespace::Core, "outline") {
        let title = outline.attribute("title").or_else(|| outline.attribute("text")).unwrap_or_default();
        let written = outline.attribute("xmlUrl");
        match written.map(address) {
            Some(Some(url)) => {
                let categories = categories_of(outline, title, categories);
                found.feeds.push(Outline { title: title.to_owned(), url, categories });
            }
            Some(None) => found.unusable.extend(written.map(str::to_owned)),
            None => {}
        }
        categories.push(title.to_owned());
        collect(outline, categories, found);
        categories.pop();
    }
}

/// The URL of a feed. It may have the scheme `feed:`, in front of another scheme or in place of `http:`.
fn address(written: &str) -> Option<Url> {
    let scheme = written.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("feed:"));
    let written = match scheme.map(|_| &written[5..]) {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => written.to_owned(),
    };
    Url::parse(&written).ok().filter(is_web_address)
}

/// The outlines around it, or else the first path that `category` lists (OPML 2.0). Its title is the last part: a feed
/// is taken to be a channel of a site.
fn categories_of(outline: &Element, title: &str, around: &[String]) -> Vec<String> {
    let listed = outline.attribute("category").and_then(|listed| listed.split(',').next()).unwrap_or_default();
    let path: Vec<&str> =
        if around.is_empty() { listed.split('/').collect() } else { around.iter().map(String::as_str).collect() };
    path.into_iter().chain([title]).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_around_a_feed_and_its_title_are_its_categories() {
        let opml = r#"<?xml version="1.0"?><opml version="2.0"><body>
            <outline text="新媒体"><outline text="观察者网"><outline title="头条" text="x" xmlUrl="https://a.example/1"/></outline></outline>
            <outline text="Two" xmlUrl="https://a.example/2" category="/Tech/Rust,other"/>
            <outline text="No feed" xmlUrl="nowhere"/><outline text="No address"/>
            <outline text="3" XMLURL=" feed://a.example/3 "/><outline text="4" xmlUrl="feed:https://a.example/4"/>
            </body></opml>"#;
        let Outlines { mut feeds, unusable } = super::feeds(opml.as_bytes()).unwrap();
        assert_eq!(unusable, ["nowhere"]);
        let urls: Vec<_> = feeds.drain(2..).map(|feed| feed.url.to_string()).collect();
        assert_eq!(urls, ["http://a.example/3", "https://a.example/4"]);
        let listed: Vec<_> = feeds.iter().map(|feed| (feed.title.as_str(), feed.categories.join("/"))).collect();
        assert_eq!(listed, [("头条", "新媒体/观察者网/头条".to_owned()), ("Two", "Tech/Rust/Two".to_owned())]);
        let refused = |opml: &str| super::feeds(opml.as_bytes()).unwrap_err();
        assert!(refused("<rss/>").contains("<rss>"));
        assert!(refused("<opml><body><outline text='x'/></body></opml>").contains("xmlUrl"));
        assert!(refused("<opml><body><outline xmlUrl='/x'/></body></opml>").contains("\"/x\" is no URL"));
    }
}
