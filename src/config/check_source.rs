//! Settings of sources that cannot work, although each value has the right type.

use globset::Glob;

use super::checked::{A_URL, Checked, Invalid, ensure, home, is_web};
use super::source::{MirrorOutput, SourceConfig, SourceKind};

/// A key that only some kinds take: its name, whether it is set, and those kinds.
type KindKey = (&'static str, fn(&SourceConfig) -> bool, &'static [SourceKind]);

/// Keys that only some kinds take. They would have no effect for the others, and so are refused there.
const KIND_KEYS: [KindKey; 6] = [
    ("urls", |source| !source.urls.is_empty(), &[SourceKind::Page]),
    ("depth", |source| source.depth > 0, &[SourceKind::Page]),
    ("same_host", |source| !source.same_host, &[SourceKind::Page, SourceKind::Sitemap]),
    ("opml", |source| !source.opml.as_os_str().is_empty(), &[SourceKind::Feeds]),
    ("roots", |source| !source.roots.is_empty(), &[SourceKind::Folder]),
    ("since", |source| !source.since.is_empty(), &[SourceKind::Feed, SourceKind::Feeds, SourceKind::Sitemap]),
];

/// Refuses what cannot work.
pub(super) fn check_source(place: &str, source: &SourceConfig) -> Checked {
    let key = |name: &str| format!("{place}.{name}");
    check_place(place, source)?;
    check_kind_keys(place, source)?;
    home(&key("path"), &source.path)?;
    if let MirrorOutput::Folder(output) = &source.output {
        home(&key("output"), output)?;
    }
    let is_in_place = source.output == MirrorOutput::InPlace && source.kind != SourceKind::Folder;
    ensure(
        !is_in_place,
        || key("output"),
        || "only a folder is mirrored in place: name another folder, or leave it empty".to_owned(),
    )?;
    ensure(source.base_url.is_empty() || is_web(&source.base_url), || key("base_url"), || A_URL.to_owned())?;
    ensure(
        is_link_start(&source.links),
        || key("links"),
        || "local links start with a path such as \"/media/\", or with an http or https URL".to_owned(),
    )?;
    let is_crawled = matches!(source.kind, SourceKind::Page | SourceKind::Sitemap);
    for (name, patterns) in [("include", &source.include), ("exclude", &source.exclude)] {
        globs(&key(name), patterns)?;
        let wrong = patterns.iter().find(|pattern| is_crawled && !is_of_addresses(pattern));
        ensure(
            wrong.is_none(),
            || key(name),
            || {
                let wrong = wrong.map(String::as_str).unwrap_or_default();
                format!("no address of a page is like \"{wrong}\": write \"/blog/**\" or \"https://example.org/**\"")
            },
        )?;
    }
    Ok(())
}

/// Where it is: a path or a URL, whichever its kind takes.
fn check_place(place: &str, source: &SourceConfig) -> Checked {
    let key = |name: &str| format!("{place}.{name}");
    let is_listed = source.kind == SourceKind::Feeds;
    let has_list = is_listed && !(source.path.as_os_str().is_empty() && source.opml.as_os_str().is_empty());
    let wants_path = is_listed || matches!(source.kind, SourceKind::Folder | SourceKind::List);
    let kind = source.kind.as_str();
    let example = if source.kind == SourceKind::List { "urls.txt" } else { "posts" };
    ensure(
        !wants_path || has_list || !source.path.as_os_str().is_empty(),
        || key("path"),
        || format!("a {kind} needs its path, such as path = \"{example}\""),
    )?;
    ensure(
        !wants_path || source.url.is_empty(),
        || key("url"),
        || format!("a {kind} has no url: write its path, or another kind"),
    )?;
    let has_urls = source.kind == SourceKind::Page && source.url.is_empty() && !source.urls.is_empty();
    ensure(
        wants_path || has_urls || is_web(&source.url),
        || key("url"),
        || format!("a {kind} needs its URL: {A_URL}"),
    )?;
    for (at, url) in source.urls.iter().enumerate() {
        ensure(is_web(url), || format!("{place}.urls[{at}]"), || A_URL.to_owned())?;
    }
    Ok(())
}

fn check_kind_keys(place: &str, source: &SourceConfig) -> Checked {
    for (name, is_set, kinds) in KIND_KEYS {
        let names: Vec<_> = kinds.iter().map(|kind| format!("\"{}\"", kind.key())).collect();
        ensure(
            !is_set(source) || kinds.contains(&source.kind),
            || format!("{place}.{name}"),
            || {
                let kind = source.kind.as_str();
                format!("a {kind} has no {name}: remove it, or write kind = {}", names.join(" or "))
            },
        )?;
    }
    Ok(())
}

fn globs(key: &str, patterns: &[String]) -> Checked {
    for pattern in patterns {
        let message = |error: globset::Error| Invalid { key: key.to_owned(), message: error.to_string() };
        Glob::new(pattern).map_err(message)?;
    }
    Ok(())
}

/// Whether a glob can be one of addresses: it begins as a path does, or as a whole address, or with what stands for any
/// of them.
fn is_of_addresses(pattern: &str) -> bool {
    ["/", "http", "**", "*://", "{", "[", "?"].iter().any(|start| pattern.starts_with(start))
}

/// Whether local links that start with it lead to the archive from every article. What starts with neither a slash nor
/// a scheme would be relative to each of them.
fn is_link_start(links: &str) -> bool {
    let is_plain = !links.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>`()\\".contains(c));
    links.is_empty() || is_plain && (links.starts_with('/') || is_web(links))
}
