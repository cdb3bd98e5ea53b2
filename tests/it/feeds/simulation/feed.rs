//! One feed of the simulation: what is in it, and how its host answers for it.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan};

/// The day on which the first entry was written.
const FIRST_DAY: &str = "2026-01-01T06:30:00Z";
/// Entries that a feed lists, the newest first.
pub(super) const WINDOW: usize = 20;

/// How a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Rss,
    Atom,
    Json,
}

/// What an entry is known by, as far as its feed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    Guid,
    Link,
    Nothing,
}

/// How the host answers for a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Fine,
    /// With an error.
    Status(u16),
    /// With a page that names no feed.
    Page,
    /// With a page that names the feed at another address.
    PageOfFeed,
    /// With XML that is no feed.
    OtherXml,
    /// With a part of the feed.
    Cut,
    /// Not at all: the connection breaks.
    Reset,
    /// With 410.
    Gone,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: usize,
    pub(super) identity: Identity,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) day: i64,
    pub(super) image: u64,
    /// Whether the feed lists it twice, the second time as it first was.
    pub(super) is_twice: bool,
}

/// One feed.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    pub(super) number: usize,
    pub(super) dialect: Dialect,
    pub(super) health: Health,
    /// Where it is served.
    pub(super) path: String,
    /// Addresses that lead there, each to the next, with the status.
    pub(super) moved: Vec<(String, u16)>,
    /// The next entry's number.
    pub(super) next: usize,
    /// What it has, the newest first.
    pub(super) entries: Vec<Entry>,
    /// Entries that it says are withdrawn.
    pub(super) withdrawn: Vec<Entry>,
    /// Entries that it no longer has and says nothing of.
    pub(super) dropped: Vec<Entry>,
    /// Grows with every change: what `Last-Modified` is made from.
    pub(super) changes: u32,
}

impl Entry {
    /// When it was written.
    pub(super) fn date(&self) -> Timestamp {
        let first: Timestamp = FIRST_DAY.parse().unwrap();
        // No two entries of a feed have one date, so that their order is never in doubt.
        first.checked_add((self.day * 24 * 60 + i64::try_from(self.number).unwrap()).minutes()).unwrap()
    }

    /// As HTTP writes dates, and posts in the seed's form.
    pub(super) fn http_date(&self) -> String {
        self.date().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn link(&self, feed: usize) -> String {
        format!("http://news.example/{feed}/{}", self.number)
    }

    /// What its feed knows it by.
    pub(super) fn key(&self) -> String {
        match self.identity {
            Identity::Guid | Identity::Link => self.number.to_string(),
            Identity::Nothing => format!("{}\n{}", self.title, self.http_date()),
        }
    }

    /// Its body, with the image at the origin.
    pub(super) fn body(&self, origin: &str) -> String {
        format!("<p>{}</p>\n<p><img src=\"{origin}/i/{}.png\"></p>", self.text, self.image)
    }
}

impl Feed {
    /// The channel's name, which is the last of its categories.
    pub(super) fn title(&self) -> String {
        format!("头条 {}", self.number)
    }

    /// What its posts are filed under.
    pub(super) fn categories(&self) -> [String; 3] {
        [format!("Group {}", self.number % 4), format!("站点{}", self.number % 12), self.title()]
    }

    /// The address in the settings.
    pub(super) fn first_path(&self) -> String {
        format!("/f/{}", self.number)
    }

    /// The entries that it lists, in order, with those that it has twice.
    pub(super) fn listed(&self) -> Vec<Entry> {
        let twice = |entry: &Entry| {
            let first = Entry { text: format!("{} as it was", entry.text), is_twice: false, ..entry.clone() };
            std::iter::once(entry.clone()).chain(entry.is_twice.then_some(first))
        };
        self.entries.iter().take(WINDOW).flat_map(twice).collect()
    }

    /// The document, and where each listed entry ends in it.
    pub(super) fn document(&self, origin: &str) -> (String, Vec<usize>) {
        let (mut text, separator, end) = match self.dialect {
            Dialect::Rss => {
                let title = self.title();
                let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel>";
                (format!("{head}<title>{title}</title><link>http://news.example/</link>"), "", "</channel></rss>")
            }
            Dialect::Atom => (self.atom_head(), "", "</feed>"),
            Dialect::Json => {
                let version = "https://jsonfeed.org/version/1.1";
                (format!("{{\"version\":\"{version}\",\"title\":\"{}\",\"items\":[", self.title()), ",", "]}")
            }
        };
        let mut ends = Vec::new();
        for (at, entry) in self.listed().iter().enumerate() {
            text.push_str(if at == 0 { "" } else { separator });
            text.push_str(&self.written(entry, origin));
            ends.push(text.len());
        }
        text.push_str(end);
        (text, ends)
    }

    fn atom_head(&self) -> String {
        let mut text = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:at=\"http://purl.org/atompub/tombstones/1.0\"><title>{}</title>",
            self.title()
        );
        for entry in &self.withdrawn {
            write!(text, "<at:deleted-entry ref=\"tag:{}\" when=\"2026-06-01T00:00:00Z\"/>", entry.number).unwrap();
        }
        text
    }

    fn written(&self, entry: &Entry, origin: &str) -> String {
        let (title, body, number) = (&entry.title, entry.body(origin), entry.number);
        let (author, link) = ("观察者", entry.link(self.number));
        let iso = entry.date().to_string();
        match self.dialect {
            Dialect::Rss => {
                let known = match entry.identity {
                    Identity::Guid => format!("<guid isPermaLink=\"false\">tag:{number}</guid>"),
                    Identity::Link => format!("<link>{link}</link>"),
                    Identity::Nothing => String::new(),
                };
                format!(
                    "<item><title><![CDATA[{title}]]></title><description><![CDATA[{body}]]></description>\
                     <pubDate>{}</pubDate>{known}<author>{author}</author></item>",
                    entry.http_date()
                )
            }
            Dialect::Atom => format!(
                "<entry><id>tag:{number}</id><title>{title}</title><published>{iso}</published><link href=\"{link}\"/>\
                 <author><name>{author}</name></author><content type=\"html\"><![CDATA[{body}]]></content></entry>"
            ),
            Dialect::Json => serde_json::json!({
                "id": format!("tag:{number}"), "title": title, "url": link, "date_published": iso,
                "authors": [{"name": author}], "content_html": body,
            })
            .to_string(),
        }
    }
}
