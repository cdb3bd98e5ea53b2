//! OPML: lists of feeds that other readers export.

use url::Url;

use super::feed::decode;
use super::xml::{self, Element, Namespace, XmlLimits};

/// Far beyond what readers export.
const LIMITS: XmlLimits = XmlLimits { depth: 64, tag: 64 << 10 };

/// A feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its title; empty where it has none.
    pub title: String,
    /// Its address.
    pub url: Url,
    /// The titles of the outlines that it lies in, the outermost first, and its own.
    pub categories: Vec<String>,
}

/// The feeds of a list, in its order. An outline without a usable address is passed over.
///
/// # Errors
/// Why it is no OPML, as a sentence for a person.
pub fn feeds(bytes: &[u8]) -> Result<Vec<Outline>, String> {
    let root = xml::parse(&decode(bytes, None), LIMITS).map_err(|error| error.to_string())?;
    if !root.is(Namespace::Core, "opml") {
        return Err(format!("it is no OPML: its first element is <{}>", root.name));
    }
    let mut found = Vec::new();
    for body in root.all(Namespace::Core, "body") {
        collect(body, &mut Vec::new(), &mut found);
    }
    Ok(found)
}

fn collect(element: &Element, categories: &mut Vec<String>, found: &mut Vec<Outline>) {
    for outline in element.all(Namespace::Core, "outline") {
        let title = outline.attribute("title").or_else(|| outline.attribute("text")).unwrap_or_default();
        let url = outline.attribute("xmlUrl").and_then(|url| Url::parse(url).ok());
        if let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            found.push(Outline { title: title.to_owned(), url, categories: categories_of(outline, title, categories) });
        }
        categories.push(title.to_owned());
        collect(outline, categories, found);
        categories.pop();
    }
}

/// The outlines around it, or else what `category` lists (OPML 2.0): the first of its paths. Its title is the last: as
/// the newsrooms that offprint came from have it, a feed is a channel of a site.
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
            <outline text="No feed" xmlUrl="nowhere"/>
            </body></opml>"#;
        let feeds = feeds(opml.as_bytes()).unwrap();
        let listed: Vec<_> = feeds.iter().map(|feed| (feed.title.as_str(), feed.categories.join("/"))).collect();
        assert_eq!(listed, [("头条", "新媒体/观察者网/头条".to_owned()), ("Two", "Tech/Rust/Two".to_owned())]);
        assert!(super::feeds(b"<rss/>").unwrap_err().contains("<rss>"));
    }
}
