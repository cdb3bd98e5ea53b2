//! What stands between an opening and a closing tag, where that is a list of URLs or YAML, and no text: galleries, links
//! with portraits, slides.

use std::collections::HashMap;
use std::ops::Range;

use super::names::kind_by_name;
use crate::extract::address::{has_image_path, is_image_url};
use crate::extract::options::ExtractOptions;
use crate::extract::sink::{RawReference, Sink};

/// The longest key, in bytes.
const MAX_KEY: usize = 40;

/// Keys that say where a click leads.
const LINKS: &[&str] = &["href", "link", "site", "target", "website"];

const QUOTES: [char; 2] = ['"', '\''];
/// What a URL ends before.
const ENDS: [char; 6] = [' ', '\t', '|', ',', '"', '\''];

/// The tags that may be closed later.
#[derive(Default)]
pub(super) struct Bodies<'t>(HashMap<&'t str, usize>);

impl<'t> Bodies<'t> {
    /// Remembers where the content of a tag starts.
    pub(super) fn open(&mut self, name: &'t str, content: usize) {
        self.0.insert(name, content);
    }

    /// Takes the content that ends with a closing tag, if one is there: its name, and where the content starts.
    pub(super) fn close(&mut self, text: &'t str, at: usize) -> Option<(&'t str, usize)> {
        closed(&text[at..]).and_then(|name| Some((name, self.0.remove(name)?)))
    }
}

/// Reports the images of a content that is data.
pub(super) fn report(name: &str, text: &str, content: Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    for part in addresses(&text[content.clone()]).unwrap_or_default() {
        let span = content.start + part.start..content.start + part.end;
        let value = text[span.clone()].to_owned();
        if is_image_url(&value) || options.local_links.contains(&value) {
            let image_group = sink.image_group();
            sink.push(RawReference::new(span, value, kind_by_name(name, ""), name, image_group));
        }
    }
}

/// The name of the tag that ends here: `{% endgallery %}`, `{{< /gallery >}}`.
fn closed(rest: &str) -> Option<&str> {
    let shortcode = rest.strip_prefix("{{<").or_else(|| rest.strip_prefix("{{%"));
    let name = match shortcode {
        Some(inside) => inside.trim_start().strip_prefix('/')?.trim_start(),
        None => rest.strip_prefix("{%")?.trim_start_matches('-').trim_start().strip_prefix("end")?,
    };
    let end = name.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_')).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

/// What may be URLs in a body of data; `None` for text.
fn addresses(body: &str) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let content = line.trim();
        if !content.is_empty() {
            let (value, is_link) = value(content)?;
            let quoted = content[value..].trim_start_matches(QUOTES);
            let from = start + content.len() - quoted.len();
            let word = quoted.split(ENDS).next().unwrap_or_default();
            found.extend((!is_link).then_some(from..from + word.len()));
        }
    }
    Some(found)
}

/// Where the value of a line of data starts, and whether it is where a click leads; `None` for a line of text.
fn value(line: &str) -> Option<(usize, bool)> {
    let mut item = line;
    while let Some(rest) = item.strip_prefix("- ").or_else(|| item.strip_prefix("* ")) {
        item = rest.trim_start();
    }
    let is_address = |value: &str| value.contains('/') && has_image_path(value);
    if item.split(ENDS).next().is_some_and(is_address) {
        return Some((line.len() - item.len(), false));
    }
    let (key, value) = item.split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with([' ', '\t']))?;
    let is_key = !key.is_empty() && key.len() <= MAX_KEY && !key.contains(['.', '(', '[', '!', '<']);
    is_key.then(|| (line.len() - value.trim_start().len(), LINKS.contains(&key.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_data_has_addresses_and_a_text_has_none() {
        for (body, expected) in [
            ("\nhttps://c.example/1.jpg\n", &["https://c.example/1.jpg"][..]),
            ("https://c.example/1.jpg | a caption", &["https://c.example/1.jpg"]),
            (
                "\n- name: a\n  avatar: 'https://c.example/1.jpg'\n  link: https://c.example/2.jpg\n",
                &["a", "https://c.example/1.jpg"],
            ),
            ("\r\n* ../m/1.jpg\r\n* ../m/2.jpg\r\n", &["../m/1.jpg", "../m/2.jpg"]),
            ("", &[]),
        ] {
            let found = addresses(body).expect("data");
            assert_eq!(found.into_iter().map(|part| &body[part]).collect::<Vec<_>>(), expected, "{body}");
        }
        for text in
            ["\nSee https://c.example/1.jpg\n", "![a](https://c.example/1.jpg)", "a: b\ntext", "https://c.example/page"]
        {
            assert_eq!(addresses(text), None, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_closing_tag() {
        for (tag, expected) in [
            ("{% endgallery %}", Some("gallery")),
            ("{%- endflink -%}", Some("flink")),
            ("{{< /gallery >}}", Some("gallery")),
            ("{{%/x-y%}}", Some("x-y")),
            ("{% gallery %}", None),
            ("{% end %}", None),
            ("{{ end }}", None),
        ] {
            assert_eq!(closed(tag), expected, "{tag}");
        }
    }
}
