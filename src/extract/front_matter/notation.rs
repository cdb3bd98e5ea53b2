//! Images in values that are written in another notation: Markdown, HTML, CSS, or a list of URLs.

use std::ops::Range;

use super::entry::Entry;
use super::keys;
use crate::extract::address::{has_image_extension, has_image_path, is_image_url, names_host};
use crate::extract::options::ExtractOptions;
use crate::extract::sink::Sink;
use crate::extract::template::looks_like_template;
use crate::extract::{css, html, markdown, shortcode};

/// What stands between the URLs of a list.
const MARKS: [char; 3] = [',', ';', '|'];

/// The URLs that the value of an entry shows in another notation, and where each stands in the text.
pub(super) fn images(text: &str, entry: &Entry, options: &ExtractOptions) -> Vec<(Range<usize>, String)> {
    let shown = |address: &str| {
        let image = names_host(address) || has_image_extension(address);
        options.local_links.contains(address) || (image && !looks_like_template(address))
    };
    let found = written_in(entry, options).into_iter();
    let mut places = Places { raw: &text[entry.span.clone()], value: &entry.value, start: entry.span.start, at: 0 };
    found
        .filter(|(_, address)| shown(address))
        .filter_map(|(part, address)| Some((places.of(part)?, address)))
        .collect()
}

fn written_in(entry: &Entry, options: &ExtractOptions) -> Vec<(Range<usize>, String)> {
    let value = entry.value.as_str();
    if value.contains("![") && (value.contains("](") || value.contains("]]")) {
        return markdown::image_addresses(value);
    }
    if value.contains("{{<") || value.contains("{{%") || value.contains("{%") {
        let mut sink = Sink::default();
        shortcode::find(value, 0..value.len(), |_| true, |_| true, options, &mut sink);
        return in_order(sink);
    }
    let lower = value.to_ascii_lowercase();
    let is_css = lower.contains("url(") || lower.contains("image-set(");
    if is_css && !value.contains('<') {
        return css::parse(value).into_iter().map(|address| (address.span, address.value)).collect();
    }
    if value.contains('<') && (is_css || lower.contains("src") || lower.contains("poster")) {
        let mut sink = Sink::default();
        html::find(value, 0..value.len(), html::Rules::Html, options, &mut sink);
        return in_order(sink);
    }
    if value.starts_with(['[', '{']) && value.contains('"') {
        return quoted(value, options);
    }
    let linked = value.strip_prefix("[[").and_then(|value| value.strip_suffix("]]"));
    if let Some(file) = linked.filter(|file| keys::is_of_images(entry) && has_image_path(file)) {
        return vec![(2..2 + file.len(), file.to_owned())];
    }
    list(value, options, keys::is_of_images(entry))
}

/// What a notation reports, in order.
fn in_order(mut sink: Sink) -> Vec<(Range<usize>, String)> {
    sink.found.sort_by_key(|found| found.span.start);
    sink.found.into_iter().map(|found| (found.span, found.value)).collect()
}

/// The URLs between the quotes of some JSON.
fn quoted(value: &str, options: &ExtractOptions) -> Vec<(Range<usize>, String)> {
    let quotes: Vec<_> = value.match_indices('"').map(|(at, _)| at).collect();
    let strings = quotes.chunks_exact(2).map(|pair| pair[0] + 1..pair[1]);
    let counts = |part: &Range<usize>| is_address(&value[part.clone()], options);
    strings.filter(counts).map(|part| (part.clone(), value[part].to_owned())).collect()
}

fn is_address(value: &str, options: &ExtractOptions) -> bool {
    is_image_url(value) || options.local_links.contains(value)
}

/// Several URLs between marks or white space; nothing if one of the parts is none. Under a key of images, the
/// files of a list are images too.
fn list(value: &str, options: &ExtractOptions, of_images: bool) -> Vec<(Range<usize>, String)> {
    let parts = parts(value);
    let is_file = |value: &str| of_images && !value.contains(':') && has_image_path(value);
    let all = parts.iter().map(|part| &value[part.clone()]).all(|part| is_address(part, options) || is_file(part));
    if !all || parts.len() < 2 {
        return Vec::new();
    }
    parts.into_iter().map(|part| (part.clone(), value[part].to_owned())).collect()
}

/// The parts of a list: between white space, and before a mark that a URL follows. Other marks are part of a URL.
fn parts(value: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in 0..=value.len() {
        let rest = value.as_bytes().get(at..).unwrap_or_default();
        let marked = rest.first().is_some_and(|mark| MARKS.contains(&char::from(*mark)));
        let next = rest.get(1..).unwrap_or_default();
        let separates = marked && [&b"http"[..], b"../", b"./", b"/"].iter().any(|start| next.starts_with(start));
        if rest.first().is_none_or(u8::is_ascii_whitespace) || separates {
            let part = value.get(start..at).unwrap_or_default();
            let from = start + (part.len() - part.trim_start_matches(MARKS).len());
            parts.push(from..from + part.trim_matches(MARKS).len());
            start = at + 1;
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Finds parts of a value in the text that spells it, in order: quotes and escapes make the two differ.
struct Places<'a> {
    raw: &'a str,
    value: &'a str,
    start: usize,
    at: usize,
}

impl Places<'_> {
    fn of(&mut self, part: Range<usize>) -> Option<Range<usize>> {
        let wanted = self.value.get(part.clone())?;
        let at = if self.raw == self.value { part.start } else { self.at + self.raw.get(self.at..)?.find(wanted)? };
        self.at = at + wanted.len();
        Some(self.start + at..self.start + self.at)
    }
}
