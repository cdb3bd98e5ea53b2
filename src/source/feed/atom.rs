//! Atom 0.3 and 1.0 (RFC 4287).

use data_encoding::BASE64;
use url::Url;

use super::super::xml::{Element, Namespace};
use super::media::{self, web};
use super::model::{Entry, Feed};
use super::text;
use crate::extract::timestamp;

pub(super) fn read(root: &Element, url: &Url) -> Feed {
    let base = base_of(root, url);
    let image = ["logo", "icon"].into_iter().find_map(|name| text_of(root, name)).and_then(|at| web(&base, &at));
    let feed_authors = authors(root);
    let entries = root.elements().filter(|element| element.name == "entry" && element.is_whole);
    let entries = entries.map(|element| {
        let mut entry = entry(element, &base);
        if entry.authors.is_empty() {
            entry.authors.clone_from(&feed_authors);
        }
        entry
    });
    let withdrawn = root.all(Namespace::Tombstone, "deleted-entry").filter_map(|gone| gone.attribute("ref"));
    Feed {
        format: format!("atom {}", root.attribute("version").unwrap_or("1.0")),
        title: child(root, "title").map(plain).unwrap_or_default(),
        link: link_of(root, &base),
        image,
        withdrawn: withdrawn.map(str::to_owned).collect(),
        entries: entries.collect(),
        ..Feed::default()
    }
}

fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.elements().find(|child| is_atom(child) && child.name.eq_ignore_ascii_case(name))
}

/// Feeds without a declared namespace are Atom by their root.
fn is_atom(element: &Element) -> bool {
    matches!(element.namespace, Namespace::Atom | Namespace::Core)
}

fn text_of(element: &Element, name: &str) -> Option<String> {
    let text = child(element, name)?.text();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn base_of(element: &Element, outer: &Url) -> Url {
    let own = element.attribute_in(Namespace::Xml, "base").and_then(|base| outer.join(base).ok());
    own.unwrap_or_else(|| outer.clone())
}

fn link_of(element: &Element, base: &Url) -> Option<Url> {
    let links = || element.elements().filter(|link| is_atom(link) && link.name == "link");
    let is_page = |link: &&Element| matches!(link.attribute("rel"), None | Some("alternate"));
    let link = links().find(is_page)?;
    link.attribute("href").and_then(|href| web(&base_of(link, base), href))
}

fn entry(element: &Element, feed: &Url) -> Entry {
    let base = base_of(element, feed);
    let link = link_of(element, &base);
    let content = content(element);
    let has_base =
        std::iter::once(element).chain(content).any(|part| part.attribute_in(Namespace::Xml, "base").is_some());
    let content_base = content.map_or_else(|| base.clone(), |content| base_of(content, &base));
    let dates = |names: [&str; 3]| names.into_iter().find_map(|name| text_of(element, name));
    let published = dates(["published", "issued", "created"]);
    let updated = dates(["updated", "modified", "published"]);
    let written = published.as_ref().or(updated.as_ref()).filter(|date| timestamp(date).is_none()).cloned();
    Entry {
        id: text_of(element, "id"),
        title: child(element, "title").map(plain).unwrap_or_default(),
        authors: authors(element),
        published: published.as_deref().and_then(timestamp),
        updated: updated.as_deref().and_then(timestamp),
        date: written,
        categories: categories(element),
        content: content.map_or_else(|| described(element), html),
        media: media::of_entry(element, &base),
        base: if has_base { Some(content_base) } else { link.clone().or(Some(content_base)) },
        link,
    }
}

/// The content, or else the summary, if that is not empty.
fn content(entry: &Element) -> Option<&Element> {
    let parts = ["content", "summary"].into_iter().filter_map(|name| child(entry, name));
    parts.into_iter().find(|part| part.has_elements() || !part.text().trim().is_empty())
}

/// The description that Media RSS gives of a video without content.
fn described(entry: &Element) -> String {
    let within = entry.elements().filter(|element| element.namespace == Namespace::Media);
    let text = within.into_iter().find_map(|media| media.text_of(Namespace::Media, "description"));
    text.map(|text| text::to_html(&text)).unwrap_or_default()
}

/// The type of a text: that of Atom 1.0, or the `mode` and media type of Atom 0.3.
fn kind(element: &Element) -> &'static str {
    let kind = element.attribute("type").unwrap_or("text").to_ascii_lowercase();
    match (kind.as_str(), element.attribute("mode")) {
        (_, Some("escaped")) | ("html" | "text/html", _) => "html",
        ("xhtml" | "application/xhtml+xml", _) | (_, Some("xml")) => "xhtml",
        ("text" | "text/plain", _) if !element.has_elements() => "text",
        _ if element.has_elements() => "xhtml",
        _ => "html",
    }
}

/// The text of an element whose `mode` is `base64`, as Atom 0.3 has it.
fn decoded(element: &Element) -> Option<String> {
    element.attribute("mode").filter(|mode| *mode == "base64")?;
    let text: String = element.text().split_whitespace().collect();
    String::from_utf8(BASE64.decode(text.as_bytes()).ok()?).ok()
}

fn html(element: &Element) -> String {
    if let Some(html) = decoded(element) {
        return html;
    }
    match kind(element) {
        "html" => element.text(),
        "text" => text::to_html(&element.text()),
        // The `div` around XHTML is not part of the content (RFC 4287, section 3.1.1.3).
        _ => {
            let mut elements = element.elements();
            match (elements.next(), elements.next()) {
                (Some(only), None) if only.is(Namespace::Xhtml, "div") => only.inner_html(),
                _ => element.inner_html(),
            }
        }
    }
}

fn plain(element: &Element) -> String {
    if let Some(html) = decoded(element) {
        return text::of_html(&html);
    }
    match kind(element) {
        "html" => text::of_html(&element.text()),
        _ => text::line(&element.text()),
    }
}

fn authors(element: &Element) -> Vec<String> {
    let people = element.elements().filter(|child| is_atom(child) && child.name == "author");
    let name = |person: &Element| {
        ["name", "email"].into_iter().find_map(|part| text_of(person, part)).or_else(|| {
            let text = text::line(&person.text());
            (!person.has_elements() && !text.is_empty()).then_some(text)
        })
    };
    let mut authors: Vec<_> = people.filter_map(name).map(|name| text::line(&name)).collect();
    if authors.is_empty() {
        authors.extend(element.text_of(Namespace::DublinCore, "creator"));
    }
    authors
}

fn categories(element: &Element) -> Vec<String> {
    let categories = element.elements().filter(|child| is_atom(child) && child.name == "category");
    let own = categories.filter_map(|category| category.attribute("label").or_else(|| category.attribute("term")));
    own.map(str::to_owned).chain(element.all(Namespace::DublinCore, "subject").map(Element::text)).collect()
}
