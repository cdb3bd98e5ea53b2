//! The feeds of the news site, one for each section, and the list of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::post::Post;

/// Who serves the feeds.
pub(super) const HOST: &str = "news.gazette.example";

/// The posts of each section, which has the categories that its posts have.
pub(super) fn sections(posts: &[Post]) -> Vec<Section<'_>> {
    let mut sections: BTreeMap<Vec<&str>, Vec<&Post>> = BTreeMap::new();
    for post in posts {
        sections.entry(post.categories()).or_default().push(post);
    }
    let numbered = sections.into_iter().enumerate();
    numbered.map(|(number, (categories, posts))| Section { number, categories, posts }).collect()
}

/// A section of the news site.
pub(super) struct Section<'a> {
    number: usize,
    categories: Vec<&'a str>,
    posts: Vec<&'a Post>,
}

impl Section<'_> {
    /// The path of its feed.
    pub(super) fn path(&self) -> String {
        format!("/feeds/{}.xml", self.number + 1)
    }

    /// Its feed, as RSS 2.0.
    pub(super) fn rss(&self) -> String {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\">";
        let items: String = self.posts.iter().map(|post| item(post)).collect();
        format!("{head}\n<channel>\n<title>{}</title>\n{items}</channel>\n</rss>\n", self.categories.join(" / "))
    }
}

fn item(post: &Post) -> String {
    let field = |name: &str| post.field(name).replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<item>\n<title>{}</title>\n<guid isPermaLink=\"false\">{}</guid>\n<pubDate>{}</pubDate>\n\
         <dc:creator>{}</dc:creator>\n<media:thumbnail url=\"{}\"/>\n<description><![CDATA[{}]]></description>\n</item>\n",
        field("title"),
        field("title"),
        field("date"),
        field("author"),
        field("headimg"),
        post.body()
    )
}

/// The list of the feeds, as OPML 2.0: the categories are outlines around them.
pub(super) fn opml(sections: &[Section<'_>], port: u16) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<body>\n".to_owned();
    for section in sections {
        let Some((title, around)) = section.categories.split_last() else { continue };
        for category in around {
            writeln!(text, "<outline text=\"{category}\">").expect("a text takes any text");
        }
        let url = format!("http://{HOST}:{port}{}", section.path());
        writeln!(text, "<outline text=\"{title}\" type=\"rss\" xmlUrl=\"{url}\"/>").expect("a text takes any text");
        text.push_str(&"</outline>\n".repeat(around.len()));
    }
    text + "</body>\n</opml>\n"
}
