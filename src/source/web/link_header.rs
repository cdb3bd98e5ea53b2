//! The links that the head of a response names (RFC 8288).

use url::Url;

use super::head::values;
use crate::extract::PageLinks;
use crate::model::is_web_address;

/// The most links of one head that are read.
const MOST: usize = 100;

/// A link of a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeadLink {
    pub(super) url: Url,
    /// The words of its `rel`, in small letters.
    pub(super) relations: Vec<String>,
    /// Its `type`.
    pub(super) media_type: Option<String>,
}

/// The links that a head names for its own document, which came from `url`. Those with another context (`anchor`) say
/// nothing of it.
pub(super) fn head_links(head: &[u8], url: &Url) -> Vec<HeadLink> {
    let fields = values(head, "link");
    let links = fields.iter().flat_map(|value| split(value, ',')).filter_map(|link| head_link(link, url));
    links.take(MOST).collect()
}

/// Adds what the head says of a page to what the page itself says: that takes precedence where it names its own URL.
pub(super) fn add_head_links(links: &mut PageLinks, head: &[u8], url: &Url) {
    for HeadLink { url, relations, .. } in head_links(head, url) {
        let is = |name: &str| relations.iter().any(|relation| relation == name);
        if is("next") && !links.next.contains(&url) {
            links.next.push(url);
        } else if is("canonical") && links.canonical.is_none() {
            links.canonical = Some(url);
        }
    }
}

fn head_link(link: &str, base: &Url) -> Option<HeadLink> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let parameters: Vec<_> = split(parameters, ';').into_iter().filter_map(parameter).collect();
    // Of several parameters with one name the first counts (section 3).
    let value = |name: &str| parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    if value("anchor").is_some() {
        return None;
    }
    let mut url = base.join(target.trim()).ok().filter(is_web_address)?;
    url.set_fragment(None);
    let relations = value("rel")?.split_whitespace().map(str::to_ascii_lowercase).collect();
    Some(HeadLink { url, relations, media_type: value("type") })
}

fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim();
    let plain = value.strip_prefix('"').map_or(value, |rest| rest.strip_suffix('"').unwrap_or(rest));
    Some((name.trim().to_ascii_lowercase(), plain.replace("\\\"", "\"")))
}

/// The parts of a value between separators, except those within quotes and angle brackets.
fn split(value: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_target, mut is_escaped) = (false, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' if !is_target => is_quoted = !is_quoted,
            '<' if !is_quoted => is_target = true,
            '>' if !is_quoted => is_target = false,
            c if c == separator && !is_quoted && !is_target => {
                parts.push(&value[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(fields: &[&str]) -> Vec<(String, String)> {
        let head = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", fields.join("\r\n"));
        let found = head_links(head.as_bytes(), &Url::parse("https://a.example/b/c?p=1").unwrap());
        found.into_iter().map(|link| (link.url.to_string(), link.relations.join(" "))).collect()
    }

    #[test]
    fn links_of_a_head_are_read_as_the_standard_has_them() {
        let of = |url: &str, rel: &str| (url.to_owned(), rel.to_owned());
        for (field, expected) in [
            ("Link: <?p=2>; rel=next", vec![of("https://a.example/b/c?p=2", "next")]),
            (
                "link: </x,y;z>; rel=\"Next last\", <//b.example/#f>;REL=prev",
                vec![of("https://a.example/x,y;z", "next last"), of("https://b.example/", "prev")],
            ),
            ("Link: <a>; title=\"a, \\\"b\\\"; rel=x\"; rel=next; rel=prev", vec![of("https://a.example/b/a", "next")]),
            ("Link: <a>; rel=next; anchor=\"#foo\", <mailto:a@b>; rel=next, <b>, c; rel=next, <", vec![]),
            ("Linked: <a>; rel=next", vec![]),
        ] {
            assert_eq!(links(&[field]), expected, "{field}");
        }
        assert_eq!(links(&["Link: <a>; rel=next", "Link: <b>; rel=canonical"]).len(), 2);
        let many = format!("Link: {}", "<a>; rel=next,".repeat(1000));
        assert_eq!(links(&[&many]).len(), MOST);
    }

    #[test]
    fn what_a_page_says_of_its_own_url_counts_before_its_head() {
        let url = Url::parse("https://a.example/").unwrap();
        let head = b"HTTP/1.1 200 OK\r\nLink: </own>; rel=canonical, </2>; rel=next\r\n\r\n";
        let mut links = PageLinks { canonical: url.join("/page").ok(), ..PageLinks::default() };
        add_head_links(&mut links, head, &url);
        assert_eq!((links.canonical.unwrap().path(), links.next[0].path()), ("/page", "/2"));
        let mut links = PageLinks::default();
        add_head_links(&mut links, head, &url);
        assert_eq!(links.canonical.unwrap().path(), "/own");
    }
}
