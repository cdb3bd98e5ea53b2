//! RSS 0.9x, 2.0 and 1.0 (RDF).

use std::time::Duration;

use url::Url;

use super::super::xml::{Element, Namespace};
use super::media::{self, web};
use super::model::{Entry, Feed};
use super::text;
use crate::extract::timestamp;

/// Hours that `skipHours` names, which some number from 1.
const HOURS: i8 = 24;

pub(super) fn read(root: &Element, url: &Url) -> Feed {
    let channel = root.child(Namespace::Core, "channel").unwrap_or(root);
    let base = base_of(channel, &base_of(root, url));
    let link = link_of(channel, &base);
    let image = channel.child(Namespace::Core, "image").or_else(|| root.child(Namespace::Core, "image"));
    let image = image.and_then(media::image_address).or_else(|| {
        channel.child(Namespace::Itunes, "image").and_then(|image| image.attribute("href")).map(str::to_owned)
    });
    // Those of RDF stand beside the channel.
    let items = channel
        .all(Namespace::Core, "item")
        .chain(root.all(Namespace::Core, "item").filter(|_| !std::ptr::eq(root, channel)));
    Feed {
        format: format_of(root),
        title: [Namespace::Core, Namespace::DublinCore]
            .iter()
            .find_map(|of| channel.child(*of, "title"))
            .map(text::title)
            .unwrap_or_default(),
        image: image.and_then(|address| web(&base, &address)),
        ttl: channel.text_of(Namespace::Core, "ttl").and_then(|ttl| minutes(&ttl)),
        skip_hours: skip_hours(channel),
        entries: items.filter(|item| item.is_whole).map(|item| entry(item, &base)).collect(),
        withdrawn: Vec::new(),
        link,
    }
}

fn format_of(root: &Element) -> String {
    if root.name.eq_ignore_ascii_case("rdf") {
        let is_old = root.elements().next().is_none_or(|first| first.attribute_in(Namespace::Rdf, "about").is_none());
        return if is_old { "rss 0.90" } else { "rss 1.0" }.to_owned();
    }
    format!("rss {}", root.attribute("version").unwrap_or("2.0"))
}

fn minutes(text: &str) -> Option<Duration> {
    Some(Duration::from_secs(text.parse::<u32>().ok()?.checked_mul(60)?.into()))
}

fn skip_hours(channel: &Element) -> Vec<i8> {
    let hours = channel.child(Namespace::Core, "skipHours");
    let hours = hours.into_iter().flat_map(|hours| hours.all(Namespace::Core, "hour"));
    hours.filter_map(|hour| hour.text().trim().parse::<i8>().ok()).map(|hour| hour.rem_euclid(HOURS)).collect()
}

/// What URLs in an element are relative to.
fn base_of(element: &Element, outer: &Url) -> Url {
    let own = element.attribute_in(Namespace::Xml, "base").and_then(|base| outer.join(base).ok());
    own.unwrap_or_else(|| outer.clone())
}

/// The URL of the page: `link`, or one of Atom in RSS.
fn link_of(element: &Element, base: &Url) -> Option<Url> {
    let own = element.text_of(Namespace::Core, "link").and_then(|link| web(base, &link));
    own.or_else(|| {
        let mut links = element.elements().filter(|link| link.name.eq_ignore_ascii_case("link"));
        let page = |link: &&Element| matches!(link.attribute("rel"), None | Some("alternate"));
        links.find(page).and_then(|link| link.attribute("href")).and_then(|link| web(base, link))
    })
}

fn entry(item: &Element, feed: &Url) -> Entry {
    let base = base_of(item, feed);
    let id = item.text_of(Namespace::Core, "guid").or_else(|| item.text_of(Namespace::DublinCore, "identifier"));
    let guid_is_link = || {
        let guid = item.child(Namespace::Core, "guid")?;
        let is_link = guid.attribute("isPermaLink").is_none_or(|value| value.eq_ignore_ascii_case("true"));
        Url::parse(guid.text().trim()).ok().filter(|url| is_link && url.has_host())
    };
    let link = link_of(item, &base).or_else(guid_is_link);
    let has_base = item.attribute_in(Namespace::Xml, "base").is_some();
    let title = item.child(Namespace::Core, "title").or_else(|| item.child(Namespace::DublinCore, "title"));
    let title = title.or_else(|| item.child(Namespace::Media, "title"));
    let (published, updated, date) = dates(item);
    Entry {
        id,
        title: title.map(text::title).unwrap_or_default(),
        authors: authors(item),
        published,
        updated,
        date,
        categories: categories(item),
        content: content(item),
        media: media::of_entry(item, &base),
        base: if has_base { Some(base) } else { link.clone().or(Some(base)) },
        link,
    }
}

/// When the item was published and changed; the raw text of a date that cannot be parsed.
fn dates(item: &Element) -> (Option<jiff::Timestamp>, Option<jiff::Timestamp>, Option<String>) {
    let first = |names: &[(Namespace, &str)]| names.iter().find_map(|(of, name)| item.text_of(*of, name));
    let published = first(&[
        (Namespace::Core, "pubDate"),
        (Namespace::DublinCore, "date"),
        (Namespace::DublinCore, "created"),
        (Namespace::DublinCore, "issued"),
        (Namespace::Atom, "published"),
        (Namespace::Core, "published"),
        (Namespace::Core, "date"),
    ]);
    let updated = first(&[
        (Namespace::DublinCore, "modified"),
        (Namespace::Atom, "updated"),
        (Namespace::Core, "updated"),
        (Namespace::Core, "lastBuildDate"),
    ]);
    let read = |text: &Option<String>| text.as_deref().and_then(timestamp);
    let (at, changed) = (read(&published), read(&updated));
    let unread = if at.is_none() { published } else { None };
    (at, changed, unread)
}

/// The full content, or else the description.
fn content(item: &Element) -> String {
    let candidates = [
        (Namespace::Content, "encoded"),
        (Namespace::Xhtml, "body"),
        (Namespace::Xhtml, "div"),
        (Namespace::Core, "fullContent"),
        (Namespace::Core, "fullitem"),
        (Namespace::Core, "body"),
        (Namespace::Core, "description"),
        (Namespace::Core, "content"),
        (Namespace::Atom, "summary"),
        (Namespace::Itunes, "summary"),
        (Namespace::DublinCore, "description"),
        (Namespace::Media, "description"),
    ];
    let html = candidates.iter().filter_map(|(of, name)| item.child(*of, name)).map(text::html);
    html.into_iter().find(|html| !html.trim().is_empty()).or_else(|| media_description(item)).unwrap_or_default()
}

fn media_description(item: &Element) -> Option<String> {
    let within = item.elements().filter(|element| element.namespace == Namespace::Media);
    within.filter_map(|element| element.child(Namespace::Media, "description")).map(text::html).next()
}

fn authors(item: &Element) -> Vec<String> {
    let creators: Vec<_> = named(item, Namespace::DublinCore, "creator");
    if !creators.is_empty() {
        return creators;
    }
    let authors = named(item, Namespace::Core, "author").into_iter().map(|author| person(&author)).collect::<Vec<_>>();
    if authors.is_empty() { named(item, Namespace::Itunes, "author") } else { authors }
}

fn named(item: &Element, namespace: Namespace, name: &str) -> Vec<String> {
    let texts = item.all(namespace, name).map(|element| text::line(&element.text()));
    texts.filter(|text| !text.is_empty()).collect()
}

/// The name in `mail@a.example (Name)` or `Name <mail@a.example>`; the text itself where it has no such form.
fn person(text: &str) -> String {
    let named = match (text.split_once('('), text.split_once('<')) {
        (Some((mail, name)), _) if mail.contains('@') => name.trim_end_matches(')'),
        (_, Some((name, mail))) if mail.contains('@') => name,
        _ => text,
    };
    let named = named.trim();
    if named.is_empty() { text.to_owned() } else { named.to_owned() }
}

fn categories(item: &Element) -> Vec<String> {
    [named(item, Namespace::Core, "category"), named(item, Namespace::DublinCore, "subject")].concat()
}
