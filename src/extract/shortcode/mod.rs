//! Shortcodes of Hugo and tags of Hexo that show an image.
//!
//! Hugo writes `{{< figure src="a.jpg" link="b.jpg" >}}` or `{{% img src=a.jpg %}}`, Hexo `{% img left /a.jpg 300 %}`.
//! Everything else between such braces is a template, and is skipped.

mod body;
mod names;
mod syntax;

use std::ops::Range;

use self::body::Bodies;
pub(super) use self::names::kind_by_name;
use self::names::{IMAGES, WORDS};
use self::syntax::{Argument, Shortcode, bracketed, shortcode};
use super::address::{
    has_image_extension, has_image_path, is_http, is_image_url, is_spaced_image_url, may_be_image_url, names_host,
};
use super::embedded;
use super::options::ExtractOptions;
use super::sink::{RawReference, Sink};
use crate::model::ReferenceKind;

/// Tags of Hexo and Jekyll that stand for the address of a file.
const ADDRESSES: &[&str] = &["asset_path", "link"];

/// Filters of Jekyll that complete an address.
const FILTERS: &[&str] = &["absolute_url", "relative_url"];

/// How far before a tag is looked for what it is the address of, in bytes.
const MAX_BEFORE: usize = 512;

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

/// Reports the images that shortcodes show. Those that do not start where `counts` are in code or in a comment; those that
/// start `in_html` are read as HTML, and the others as Markdown.
pub(super) fn find(
    text: &str,
    range: Range<usize>,
    counts: impl Fn(usize) -> bool,
    in_html: impl Fn(usize) -> bool,
    options: &ExtractOptions,
    sink: &mut Sink,
) {
    let mut at = range.start;
    let mut bodies = Bodies::default();
    let (mut raw_until, mut raw_ends) = (0, true);
    while let Some(next) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..range.end]) {
        at += next;
        if let Some((name, content)) = bodies.close(&text[..range.end], at)
            && at >= raw_until
            && counts(at)
            && counts(content)
        {
            body::report(name, text, content..at, options, sink);
        }
        let read = if text[at..].starts_with('{') { shortcode } else { bracketed };
        let Some(shortcode) = read(&text[..range.end], at) else {
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
            if let Some(found) = shortcode.address(text, at, &in_html) {
                let image_group = sink.image_group();
                sink.push(RawReference { image_group, ..found });
            } else {
                shortcode.report(text, options, sink);
            }
        }
        if !(shortcode.output || shortcode.name == "raw" || CONTROL.contains(&shortcode.name)) {
            bodies.open(shortcode.name, end);
        }
        at = end;
    }
}

/// Where the text ends that `{% raw %}` shows literally: nothing in it is a tag. `None` if it has no end: then it is
/// not such a text.
fn end_of_raw(text: &str, start: usize, end: usize) -> Option<usize> {
    memchr::memmem::find(&text.as_bytes()[start..end], b"endraw").map(|length| start + length)
}

impl Shortcode<'_> {
    /// The image whose address this stands for as a whole: `![a]({% asset_path b.jpg %})`,
    /// `<img src="{{ '/b.jpg' | relative_url }}">`.
    fn address(&self, text: &str, start: usize, in_html: impl Fn(usize) -> bool) -> Option<RawReference> {
        // A hyphen before the closing braces takes the white space after them away.
        let arguments =
            || self.arguments.iter().map(|argument| &text[argument.span.clone()]).filter(|part| *part != "-");
        let is_filtered = || self.output && arguments().any(|filter| FILTERS.contains(&filter));
        let is_address = self.tag && ADDRESSES.contains(&self.name) && arguments().count() == 1;
        let path = arguments().next().filter(|path| has_image_path(path) && !names_host(path))?;
        let counts = (is_address || is_filtered()) && is_address_of_image(text, start..self.end, in_html);
        let from_root = self.name != "asset_path" && !path.starts_with('/');
        let value = if from_root { format!("/{path}") } else { path.to_owned() };
        counts.then(|| RawReference::new(start..self.end, value, ReferenceKind::Shortcode, self.name, 0))
    }

    fn report(&self, text: &str, options: &ExtractOptions, sink: &mut Sink) {
        let shows_image = !self.output && IMAGES.binary_search(&self.name.to_ascii_lowercase().as_str()).is_ok();
        let mut image_group = None;
        let positional = if shows_image { self.positional(text) } else { None };
        for (index, argument) in self.arguments.iter().enumerate() {
            let known = address(&text[argument.span.clone()]).filter(|value| {
                if shows_image || !self.tag {
                    names_image(argument, value, shows_image, positional == Some(index))
                } else {
                    names_image_in_tag(self.name, argument, value)
                }
            });
            let found = match known {
                Some(value) => vec![(argument.span.clone(), value)],
                None if CONTROL.contains(&self.name) => Vec::new(),
                None => absolute(text, argument.span.clone(), options),
            };
            let name = if argument.key.is_empty() { self.name } else { argument.key };
            let kind = self.kind(argument);
            for (span, value) in found {
                let image_group = *image_group.get_or_insert_with(|| sink.image_group());
                sink.push(RawReference::new(span, value, kind, name, image_group));
            }
        }
    }

    /// The kind of what an argument names: where a click leads, an image, or what may be opened.
    fn kind(&self, argument: &Argument) -> ReferenceKind {
        let key = argument.key.to_ascii_lowercase();
        let leads = LINKS.iter().any(|word| key.contains(word));
        if leads { ReferenceKind::FullSize } else { kind_by_name(self.name, &key) }
    }

    /// The argument without a name that is the image: the first that looks like a URL.
    fn positional(&self, text: &str) -> Option<usize> {
        let is_address = |value: &str| is_http(value) || value.starts_with(['/', '.']) || has_image_extension(value);
        self.arguments.iter().position(|argument| argument.key.is_empty() && is_address(&text[argument.span.clone()]))
    }
}

/// The URLs of images on the web within an argument, whatever the shortcode is, and the local links that replaced them.
fn absolute(text: &str, argument: Range<usize>, options: &ExtractOptions) -> Vec<(Range<usize>, String)> {
    let start = argument.start;
    let counts = |address: &str| is_image_url(address) || options.local_links.contains(address);
    if is_spaced_image_url(&text[argument.clone()]) {
        let value = text[argument.clone()].to_owned();
        return vec![(argument, value)];
    }
    let found = embedded::addresses(&text[argument], counts).into_iter();
    let place = |part: Range<usize>| start + part.start..start + part.end;
    found.map(place).map(|span| (span.clone(), text[span].to_owned())).collect()
}

/// Whether what stands there is the address of an image of Markdown or HTML, and all of it.
fn is_address_of_image(text: &str, place: Range<usize>, in_html: impl Fn(usize) -> bool) -> bool {
    let Range { start, end } = place;
    let from = (start.saturating_sub(MAX_BEFORE)..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let before = text[from..start].rsplit('\n').next().unwrap_or_default();
    let label = before.strip_suffix("](").or(before.strip_suffix("](<"));
    let described = label.and_then(|label| label.rsplit_once('[')).is_some_and(|(before, _)| before.ends_with('!'));
    let shown = before.trim_end_matches(['"', '\'']).ends_with("src=");
    (if in_html(start) { shown } else { described }) && text[end..].starts_with([')', '"', '\'', ' ', '>', '\n'])
}

/// Whether an argument of a tag names an image: a path from the root of the site, of a parameter that promises an image, or,
/// to a template that is included, a file.
fn names_image_in_tag(tag: &str, argument: &Argument, value: &str) -> bool {
    let key = argument.key.to_ascii_lowercase();
    let is_file = tag.starts_with("include") && ["path", "file"].iter().any(|word| key.contains(word));
    let is_named = WORDS.iter().any(|word| key.contains(word));
    // A `src` may be anything's.
    let may_be_path = is_file || is_named || key.contains("src");
    let is_path = value.starts_with('/') && has_image_path(value) && may_be_path;
    is_path || (may_be_image_url(value) && is_named)
}

/// Whether an argument names an image, or where a click on the image leads.
fn names_image(argument: &Argument, value: &str, shows_image: bool, positional: bool) -> bool {
    let key = argument.key.to_ascii_lowercase();
    let file = has_image_extension(value);
    let source = key == "src" || key == "data-src";
    let image = is_source(&key) && (file || (!source && may_be_image_url(value)));
    let link = file && LINKS.contains(&key.as_str());
    positional || image || (shows_image && (source || link))
}

/// What an argument names; `None` if that is nothing.
fn address(raw: &str) -> Option<String> {
    let value = raw.trim();
    (!value.is_empty() && value != "/").then(|| value.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut sink = Sink::default();
        find(text, 0..text.len(), |_| true, |_| false, &ExtractOptions::default(), &mut sink);
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
            "{{/* image(src=\"https://e.com/a.jpg\") */}}",
            "{%/* img /a.jpg */%}",
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
            "{% figure(src=\"URL\") %}",
            "{% figure(alt=\"a b\", src=\"URL\") %}",
            "{%- note(image='URL') -%}",
            "{{ 'URL' | resize: 300 }}",
            "{{> figure src=\"URL\"}}",
            "{{ image \"URL\" }}",
            "{{- partial('URL') -}}",
        ] {
            let mut sink = Sink::default();
            let text = tag.replace("URL", u);
            find(&text, 0..text.len(), |_| true, |_| false, &ExtractOptions::default(), &mut sink);
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
        find(text, 0..text.len(), |at| at > 0, |_| false, &ExtractOptions::default(), &mut sink);
        assert_eq!(sink.found.len(), 1);
    }

    #[test]
    fn braces_that_never_close_cost_little() {
        for piece in ["{% img \"", "{{ \"", "{{ a "] {
            check(&piece.repeat(100_000), &[]);
        }
    }
}
