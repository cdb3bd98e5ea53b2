//! What follows a URL where CommonMark expects a title in quotes: attributes, quotes within quotes, curly quotes. The
//! URL ends before it.

use std::ops::Range;

use super::lines::Copy;
use super::spaces;
use crate::extract::address::{has_image_extension, is_http};

/// Writes blanks over it.
pub(super) fn blank(copy: &mut Copy<'_>) {
    let found: Vec<_> = spaces::inside_parentheses(copy.text(), copy.range.clone())
        .filter_map(|inside| after_address(copy.text(), inside))
        .map(|part| (part, b' '))
        .collect();
    copy.fill(found);
}

/// What follows the URL within the parentheses of an image or link.
fn after_address(text: &str, inside: Range<usize>) -> Option<Range<usize>> {
    let content = text[inside.clone()].trim();
    let end = spaces::blank(content)?;
    let (address, rest) = (&content[..end], &content[end + 1..]);
    let start = inside.end - (text[inside.clone()].trim_start().len() - address.len());
    let is_attribute = || rest.trim_start().split('=').next().is_some_and(is_name) && rest.contains('=');
    // A file can have spaces in its name.
    let is_file = has_image_extension(address) && !has_image_extension(spaces::without_title(content));
    let is_page = is_http(address) && is_attribute();
    (!address.starts_with('<') && !rest.trim_start().starts_with('=') && (is_file || is_page))
        .then_some(start..inside.end)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}
