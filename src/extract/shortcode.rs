//! Shortcodes of Hugo and tags of Hexo that show an image.
//!
//! Hugo writes `{{< figure src="a.jpg" link="b.jpg" >}}` or `{{% img src=a.jpg %}}`, Hexo `{% img left /a.jpg 300 %}`.
//! Everything else between such braces is a template, and left alone.

use std::ops::Range;

use super::address::{has_image_extension, is_http, is_image_url};
use super::options::ExtractOptions;
use super::sink::{RawReference, Sink};
use crate::model::ReferenceKind;

/// The longest shortcode that is read, in bytes: a brace that is never closed must not cost a pass over the article.
const MAX_LENGTH: usize = 4096;

/// Shortcodes and tags that show an image, and nothing else.
const IMAGES: &[&str] = &[
    "asset_img",
    "figure",
    "image",
    "img",
    "imgproc",
    "inlineimg",
    "lazyload",
    "lightbox",
    "photo",
    "picture",
    "responsive_image",
];

/// Tags that decide and show nothing.
const CONTROL: &[&str] = &["case", "elsif", "for", "if", "unless", "when"];

/// Parameters that hold the image of a shortcode which may show other things too.
const SOURCES: &[&str] =
    &["background", "bg", "cover", "data-src", "image", "img", "logo", "poster", "src", "thumb", "thumbnail"];

/// Parameters that hold where a click on the image leads.
const LINKS: &[&str] = &["full", "href", "large", "link", "target", "url"];

/// Whether a parameter of that name can hold an image.
pub(super) fn is_source(parameter: &str) -> bool {
    SOURCES.contains(&parameter)
}

/// Reports the images that shortcodes show. Those that do not start where `counts` are in code or in a comment.
pub(super) fn find(
    text: &str,
    range: Range<usize>,
    counts: impl Fn(usize) -> bool,
    options: &ExtractOptions,
    sink: &mut Sink,
) {
    let mut at = range.start;
    let (mut raw_until, mut raw_ends) = (0, true);
    while let Some(next) = memchr::memchr(b'{', &text.as_bytes()[at..range.end]) {
        at += next;
        let Some(shortcode) = shortcode(&text[..range.end], at) else {
            at += 1;
            continue;
        };
        let end = shortcode.end;
        if shortcode.name == "raw" && at >= raw_until && raw_ends {
            let raw_end = end_of_raw(text, end, range.end);
            raw_until = raw_end.unwrap_or(raw_until);
            raw_ends = raw_end.is_some();
        }
        if at >= raw_until && counts(at) {
            shortcode.report(text, options, sink);
        }
        at = end;
    }
}

/// Where the text that `{% raw %}` shows as it is ends: nothing in it is a tag. `None` where it has no end: it is no
/// such text then.
fn end_of_raw(text: &str, start: usize, end: usize) -> Option<usize> {
    memchr::memmem::find(&text.as_bytes()[start..end], b"endraw").map(|length| start + length)
}

/// A shortcode or tag.
#[derive(Debug)]
struct Shortcode<'a> {
    name: &'a str,
    arguments: Vec<Argument<'a>>,
    /// Whether it is a tag or an output, and no shortcode of Hugo.
    tag: bool,
    /// Whether it is an output, such as `{{ image(src="…") }}`.
    output: bool,
    end: usize,
}

#[derive(Debug)]
struct Argument<'a> {
    /// The parameter's name; empty where only its position counts.
    key: &'a str,
    /// The bytes inside its quotes.
    span: Range<usize>,
}

/// The shortcode whose `{` is at `start`.
fn shortcode(text: &str, start: usize) -> Option<Shortcode<'_>> {
    let rest = &text[start..];
    let delimiters = [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}"), ("{{", "}}")];
    let (open, close) = delimiters.into_iter().find(|(open, _)| rest.starts_with(open))?;
    let inside = start + open.len();
    let inside = inside + usize::from(text[inside..].starts_with('-'));
    let (arguments, end) = arguments(text, inside, close)?;
    // All that an output has is arguments.
    let (name, arguments) = if open == "{{" { ("output", arguments) } else { split_name(text, arguments)? };
    // `{{</* figure */>}}` shows the shortcode itself.
    let shown = !name.starts_with(['/', '*']);
    shown.then_some(Shortcode { name, arguments, tag: open.len() == 2, output: open == "{{", end })
}

fn split_name<'a>(text: &'a str, mut arguments: Vec<Argument<'a>>) -> Option<(&'a str, Vec<Argument<'a>>)> {
    let name = arguments.first().filter(|first| first.key.is_empty()).map(|first| &text[first.span.clone()])?;
    arguments.remove(0);
    Some((name, arguments))
}

/// What stands between `start` and `close`, and where that ends.
fn arguments<'a>(text: &'a str, start: usize, close: &str) -> Option<(Vec<Argument<'a>>, usize)> {
    let bytes = text.as_bytes();
    let limit = text.len().min(start + MAX_LENGTH);
    let mut arguments = Vec::new();
    let mut at = start;
    loop {
        while at < limit && bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        if at >= limit {
            return None;
        }
        if bytes[at..].starts_with(close.as_bytes()) {
            return Some((arguments, at + close.len()));
        }
        let (argument, end) = argument(text, at, limit, close)?;
        arguments.push(argument);
        at = end;
    }
}

/// `key=value`, `key="value"` or a value alone.
fn argument<'a>(text: &'a str, start: usize, limit: usize, close: &str) -> Option<(Argument<'a>, usize)> {
    let bytes = text.as_bytes();
    let key_end = (start..limit).find(|at| !is_key(bytes[*at])).unwrap_or(limit);
    let named = key_end > start && bytes.get(key_end) == Some(&b'=');
    let (key, at) = if named { (&text[start..key_end], key_end + 1) } else { ("", start) };
    let quote = bytes.get(at).copied().filter(|first| matches!(first, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let end = closing_quote(bytes, at + 1, limit, quote)?;
        return Some((Argument { key, span: at + 1..end }, end + 1));
    }
    let end = bare_end(bytes, at, limit, close.as_bytes())?;
    let comma = end > at && bytes[end - 1] == b',';
    // What is neither a key nor a value, such as a lone `=`, must still be passed over.
    Some((Argument { key, span: at..end - usize::from(comma) }, end.max(start + 1)))
}

/// Where a value without quotes ends; `None` where another shortcode starts or ends first, as they do not nest.
fn bare_end(bytes: &[u8], start: usize, limit: usize, close: &[u8]) -> Option<usize> {
    for at in start..limit {
        let rest = &bytes[at..];
        if rest[0].is_ascii_whitespace() || rest.starts_with(close) {
            return Some(at);
        }
        if rest.starts_with(b"{{") || rest.starts_with(b"{%") || rest.starts_with(b"}}") {
            return None;
        }
    }
    None
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Where a quoted value ends. Only the raw ones, in backticks, may go on after the end of a line.
fn closing_quote(bytes: &[u8], mut at: usize, limit: usize, quote: u8) -> Option<usize> {
    while at < limit {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            b'\n' | b'\r' if quote != b'`' => return None,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

impl Shortcode<'_> {
    fn report(&self, text: &str, options: &ExtractOptions, sink: &mut Sink) {
        let shows_image = !self.output && IMAGES.binary_search(&self.name.to_ascii_lowercase().as_str()).is_ok();
        let mut image_group = None;
        let positional = if shows_image { self.positional(text) } else { None };
        for (index, argument) in self.arguments.iter().enumerate() {
            let value = address(&text[argument.span.clone()]).filter(|_| shows_image || !self.tag);
            let known = value.and_then(|value| {
                let kind = kind(argument, &value, shows_image, positional == Some(index))?;
                Some((argument.span.clone(), value, kind))
            });
            let found = match known {
                Some(known) => vec![known],
                None if CONTROL.contains(&self.name) => Vec::new(),
                None => absolute(text, argument.span.clone(), options),
            };
            let name = if argument.key.is_empty() { self.name } else { argument.key };
            for (span, value, kind) in found {
                let image_group = *image_group.get_or_insert_with(|| sink.image_group());
                sink.push(RawReference::new(span, value, kind, name, image_group));
            }
        }
    }

    /// The argument without a name that is the image: the first that looks like an address.
    fn positional(&self, text: &str) -> Option<usize> {
        let is_address = |value: &str| is_http(value) || value.starts_with(['/', '.']) || has_image_extension(value);
        self.arguments.iter().position(|argument| argument.key.is_empty() && is_address(&text[argument.span.clone()]))
    }
}

/// The addresses of images on the web within an argument, whatever the shortcode is, and the local links in their place.
fn absolute(
    text: &str,
    argument: Range<usize>,
    options: &ExtractOptions,
) -> Vec<(Range<usize>, String, ReferenceKind)> {
    let delimiters = ['"', '\'', '`', ' ', '\t', '\n', '\r', '|', '[', ']', '{', '}', '<', '>'];
    let mut found = Vec::new();
    let mut at = argument.start;
    for word in text[argument].split_inclusive(delimiters) {
        let mut start = at;
        at += word.len();
        let word = word.trim_end_matches(delimiters);
        for part in parts(word) {
            let (from, address) = (start + part.len() - value_of(part).len(), value_of(part));
            if is_image_url(address) || options.local_links.contains(address) {
                found.push((from..from + address.len(), address.to_owned(), ReferenceKind::Shortcode));
            }
            start += part.len() + 1;
        }
    }
    found
}

/// The parts of a list within a word. A comma within an address ends no part.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((at, _)) = rest.match_indices(',').find(|(at, _)| {
        let after = &rest[at + 1..];
        !is_http(&rest[..*at]) || is_http(after) || after.starts_with('.')
    }) {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts
}

/// The value of `key:value` or `key=value`, where it is an address.
fn value_of(part: &str) -> &str {
    let split = part.split_once([':', '=']).filter(|(key, _)| key.bytes().all(is_key));
    split.map(|(_, value)| value).filter(|value| is_http(value)).unwrap_or(part)
}

fn kind(argument: &Argument, value: &str, shows_image: bool, positional: bool) -> Option<ReferenceKind> {
    let key = argument.key.to_ascii_lowercase();
    let file = has_image_extension(value);
    let source = key == "src" || key == "data-src";
    if positional || (shows_image && source) || (file && is_source(&key)) {
        Some(ReferenceKind::Shortcode)
    } else if shows_image && file && LINKS.contains(&key.as_str()) {
        Some(ReferenceKind::FullSize)
    } else {
        None
    }
}

/// What an argument names; `None` where that is nothing.
fn address(raw: &str) -> Option<String> {
    let value = raw.trim();
    (!value.is_empty() && value != "/").then(|| value.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut sink = Sink::default();
        find(text, 0..text.len(), |_| true, &ExtractOptions::default(), &mut sink);
        let found = sink.found.iter().map(|f| format!("{} {} {}", f.kind, f.name, &text[f.span.clone()]));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn the_table_is_sorted_as_the_search_needs() {
        assert!(IMAGES.is_sorted());
    }

    #[test]
    fn hugo_shortcodes() {
        check(r#"{{< figure src="https://e.com/a" title="T" >}}"#, &["shortcode src https://e.com/a"]);
        check(r#"{{%img src="/a.jpg" class="x" %}}"#, &["shortcode src /a.jpg"]);
        check("{{< figure\n  src=/a.jpg\n  link=`b.jpg` />}}", &["shortcode src /a.jpg", "full_size link b.jpg"]);
        check(r#"{{< figure src="a.jpg" link="/page" >}}"#, &["shortcode src a.jpg"]);
        check(r#"{{< img "a b.jpg" "alt" >}}"#, &["shortcode img a b.jpg"]);
        check(r#"{{< video src="a.mp4" poster="a.jpg" >}}"#, &["shortcode poster a.jpg"]);
    }

    #[test]
    fn hexo_tags() {
        check("{% img https://e.com/a %}", &["shortcode img https://e.com/a"]);
        check("{% img left big /a 320 200 \"t 'a'\" %}", &["shortcode img /a"]);
        check("{% asset_img right a.jpg A title %}", &["shortcode asset_img a.jpg"]);
        check("{%- image 'a.jpg', width=3 -%}", &["shortcode image a.jpg"]);
        check("{% image https://e.com/a, alt=b %}", &["shortcode image https://e.com/a"]);
        check(
            "{% lazyload data-src=\"/a.jpg\" src=\"/b.jpg\" %}",
            &["shortcode data-src /a.jpg", "shortcode src /b.jpg"],
        );
    }

    #[test]
    fn what_is_not_closed_is_no_value() {
        check("{{< figure src=\"a.jpg\nb: 'x'\" link=\"b.png\" >}}", &[]);
        check("{{< figure src=\"a.jpg\n >}} \"https://e.com/b.jpg\"", &[]);
        check("{{% img src= >}} https://e.com/b.jpg %}}", &[]);
        check("{{< figure src=`a.jpg` alt=`two\nlines` >}}", &["shortcode src a.jpg"]);
    }

    #[test]
    fn templates_are_left_alone() {
        for text in [
            "{{ site.url }}/a.jpg",
            "{% include a.html src=\"b.jpg\" %}",
            "{% post_url 2020-01-01-a.jpg %}",
            "{{</* figure src=\"a.jpg\" */>}}",
            "{{< /figure >}}",
            "{{< figure src=\"\" >}}",
            "{{< download file=a.jpg >}}",
            "{% raw %}{% img /a.jpg %}{% endraw %}",
            "{% img /a.jpg",
            "{% img '/a.jpg %}",
            "{%",
            "{%%}{{<>}}{{%=%}}",
            "{: .align-right src=a.jpg}",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn any_absolute_address_of_an_image_counts() {
        let u = "https://c.example/1.jpg";
        for tag in [
            "{% include figure image_path=\"URL\" alt=\"x\" %}",
            "{% include image.html url='URL' description='d' %}",
            "{% galleryGroup 'name' 'text' '/link/' URL %}",
            "{% banner Title | bg=URL %}",
            "{% gallery url,URL %}",
            "{% card {\"cover\":\"URL\"} %}",
            "{% image2 \"URL\", \"alt\" %}",
            "{{< blockimage \"URL\" >}}",
            "{{< card cover=\"URL\" title=\"t\" >}}",
            "{{% notice image=URL %}}",
            "{%- theme_tag src:URL -%}",
            "{{ image(src=\"URL\", alt=\"a b\") }}",
            "{{ 'URL' | resize: 300 }}",
            "{{> figure src=\"URL\"}}",
            "{{ image \"URL\" }}",
            "{{- partial('URL') -}}",
        ] {
            let mut sink = Sink::default();
            let text = tag.replace("URL", u);
            find(&text, 0..text.len(), |_| true, &ExtractOptions::default(), &mut sink);
            let found: Vec<_> = sink.found.iter().map(|found| &text[found.span.clone()]).collect();
            assert_eq!(found, [u], "{text}");
        }
        check("{% if page.image == 'https://c.example/1.jpg' %}", &[]);
        check("{% link_to https://c.example/page %}", &[]);
        check("{% embed /proxy?u=https://c.example/1.jpg %}", &[]);
        check(
            "{% gallery 'https://c.example/a,b.jpg,https://c.example/c.jpg' %}",
            &["shortcode gallery https://c.example/a,b.jpg", "shortcode gallery https://c.example/c.jpg"],
        );
    }

    #[test]
    fn code_and_comments_are_skipped() {
        let text = "{% img /a.jpg %}{% img /b.jpg %}";
        let mut sink = Sink::default();
        find(text, 0..text.len(), |at| at > 0, &ExtractOptions::default(), &mut sink);
        assert_eq!(sink.found.len(), 1);
    }

    #[test]
    fn braces_that_never_close_cost_little() {
        for piece in ["{% img \"", "{{ \"", "{{ a "] {
            check(&piece.repeat(100_000), &[]);
        }
    }
}
