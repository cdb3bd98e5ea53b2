//! Sources that are feeds: from what a host sends to posts with local images, night after night.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod captures;
mod corpus;
mod full_text;
#[cfg(unix)]
mod generators;
mod hostile;
mod many;
mod nights;
mod post;
mod simulation;

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// An entry of RSS.
#[derive(Debug, Clone, Default)]
struct Item {
    id: String,
    title: String,
    date: String,
    body: String,
}

impl Item {
    fn new(id: &str, title: &str, body: &str) -> Self {
        let date = "Thu, 22 Apr 2021 19:27:36 GMT".to_owned();
        Self { id: id.to_owned(), title: title.to_owned(), date, body: body.to_owned() }
    }

    fn xml(&self) -> String {
        let Self { id, title, date, body } = self;
        format!(
            "<item><title><![CDATA[{title}]]></title><description><![CDATA[{body}]]></description>\
             <pubDate>{date}</pubDate><guid isPermaLink=\"false\">{id}</guid><author>观察者网</author></item>"
        )
    }
}

/// A feed as `RSSHub` writes it, with these items and these further elements of its channel.
fn rss(channel: &str, items: &[Item]) -> String {
    let items: String = items.iter().map(Item::xml).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss xmlns:atom=\"http://www.w3.org/2005/Atom\" version=\"2.0\">\
         <channel><title>观察者网 - 头条</title><link>https://www.guancha.cn/</link>{channel}{items}</channel></rss>"
    )
}

fn xml(body: &str) -> Content {
    Content::new("application/xml; charset=utf-8", body.as_bytes().to_vec())
}

fn serve(body: &str) -> Behaviour {
    Behaviour::serve(xml(body))
}

/// An origin with images `/1.png` to `/9.png` and these feeds.
fn origin(feeds: &[(&str, String)]) -> Origin {
    let images = (1..10).fold(Site::new(), |site, at| {
        site.on(&format!("/{at}.png"), Behaviour::serve(Content::new("image/png", tiny(at))))
    });
    Origin::start(feeds.iter().fold(images, |site, (path, body)| site.on(path, serve(body)))).unwrap()
}

/// A sandbox with one source: a feed at this address, with these further settings of the source.
fn sandbox(url: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    source(&sandbox, url, more);
    sandbox
}

fn source(sandbox: &Sandbox, url: &str, more: &str) {
    sandbox.settings(&format!("[[source]]\nname = \"news\"\nkind = \"feed\"\nurl = \"{url}\"\n{more}\n"));
}

/// The names of the posts of the source, in order.
fn posts(sandbox: &Sandbox) -> Vec<String> {
    let names = sandbox.tree("store/articles/news").into_keys();
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The original of a post, as `restore` gives it.
fn original(sandbox: &Sandbox, post: &str) -> String {
    sandbox.run(&["restore", &format!("news/{post}"), "--to", "out", "--overwrite"]).expect(0);
    sandbox.text(&format!("out/news/{post}"))
}
