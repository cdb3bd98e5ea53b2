//! Whether a link can be put around an image.

use super::sink::{RawLinkWrap, Sink};

/// Marks the images that are within a link. It runs once all links are known, since a link of Markdown can enclose an
/// image of HTML and vice versa. An image in an `<a>` without `href` is not wrapped either: links do not nest.
pub(super) fn unwrap_linked(sink: &mut Sink) {
    let links = apart(std::mem::take(&mut sink.links));
    for found in &mut sink.found {
        let Some(RawLinkWrap::Html(range, _) | RawLinkWrap::Markdown(range)) = &found.link_wrap else { continue };
        let after = links.partition_point(|(link, _)| link.start < range.end);
        let around = links[..after].last().filter(|(link, _)| range.start < link.end);
        if let Some((link, leads)) = around {
            let within = link.start <= range.start && range.end <= link.end;
            found.link_wrap = (*leads && within).then_some(RawLinkWrap::Linked);
        }
    }
}

/// Links in order, those that overlap as one.
fn apart(mut links: Vec<(std::ops::Range<usize>, bool)>) -> Vec<(std::ops::Range<usize>, bool)> {
    links.sort_by_key(|(link, _)| (link.start, link.end));
    let mut merged: Vec<(std::ops::Range<usize>, bool)> = Vec::with_capacity(links.len());
    for (link, leads) in links {
        match merged.last_mut().filter(|(last, _)| link.start < last.end) {
            Some((last, leads_before)) => {
                last.end = last.end.max(link.end);
                *leads_before &= leads;
            }
            None => merged.push((link, leads)),
        }
    }
    merged
}
