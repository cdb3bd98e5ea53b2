//! Articles → references with byte spans: one pure pass, nothing is re-serialised.
//!
//! A file is decoded to UTF-8 once, and every format is a module that reports what it finds to a `Sink` as spans of
//! that text. Here the spans are mapped back to the bytes on disk and the values resolved to URLs. A format is one
//! small module; an HTML attribute is one row of a table.

mod attributes;
mod css;
mod dates;
mod encoding;
mod front_matter;
mod html;
mod link_wrap;
mod markdown;
mod resolve;
mod shortcode;
mod srcset;

use std::collections::HashSet;
use std::ops::Range;

use encoding_rs::Encoding;
use jiff::Timestamp;
use url::Url;

use crate::config::{DataUrls, MediaKind, RewriteConfig};
use crate::model::{Format, Reference, ReferenceKind};

/// What extraction is told besides the bytes.
#[derive(Debug, Clone)]
pub struct ExtractOptions {
    /// What relative addresses are relative to, where the article does not say.
    pub base_url: Option<Url>,
    /// Front-matter keys that hold an image, besides the well-known ones.
    pub front_matter_keys: Vec<String>,
    /// Whether any front-matter value that is an http(s) URL ending in an image extension counts.
    pub front_matter_urls: bool,
    /// Attributes that hold a lazily loaded image, besides the well-known ones.
    pub lazy_attributes: Vec<String>,
    /// The kinds of media that are references.
    pub media: Vec<MediaKind>,
    /// Whether images named in JSON-LD are references.
    pub json_ld: bool,
    /// Whether `data:` URLs that say they are images are references.
    pub data_urls: bool,
    /// The local links of a mirror: in front matter they are references under any key, as the URLs that they took the
    /// place of were.
    pub local_links: HashSet<String>,
}

impl ExtractOptions {
    /// The options that a configuration asks for.
    pub fn new(config: &RewriteConfig, base_url: Option<Url>) -> Self {
        Self {
            base_url,
            front_matter_keys: config.front_matter_keys.clone(),
            front_matter_urls: config.front_matter_urls,
            lazy_attributes: config.lazy_attributes.clone(),
            media: config.media.clone(),
            json_ld: config.json_ld,
            data_urls: config.data_urls == DataUrls::Lift,
            local_links: HashSet::new(),
        }
    }
}

impl Default for ExtractOptions {
    /// The options of the default configuration.
    fn default() -> Self {
        Self {
            base_url: None,
            front_matter_keys: Vec::new(),
            front_matter_urls: true,
            lazy_attributes: Vec::new(),
            media: vec![MediaKind::Image, MediaKind::Poster],
            json_ld: false,
            data_urls: false,
            local_links: HashSet::new(),
        }
    }
}

/// What one pass over an article finds.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// Its references, ordered by their spans, which do not overlap.
    pub references: Vec<Reference>,
    /// The encoding the file is written in, and so the one that splices are written in.
    pub encoding: &'static Encoding,
    /// The title, of the front matter or the document.
    pub title: Option<String>,
    /// When it was published, where it says so.
    pub published: Option<Timestamp>,
    /// Where it was published: its canonical URL, where it says so.
    pub url: Option<Url>,
}

/// Finds every reference of an article. Any bytes will do: what cannot be understood is passed over.
pub fn extract(bytes: &[u8], format: Format, options: &ExtractOptions) -> Extraction {
    let decoded = encoding::decode(bytes, format);
    let mut sink = Sink::default();
    find(&decoded.text, format, options, &mut sink);
    link_wrap::settle(&mut sink);
    resolve::resolve(bytes, &decoded, sink, options)
}

/// Hands the text to the module of its format; front matter stands before any body.
fn find(text: &str, format: Format, options: &ExtractOptions, sink: &mut Sink) {
    if format == Format::Css {
        return stylesheet(text, options, sink);
    }
    let body = front_matter::find(text, options, sink)..text.len();
    match format {
        Format::Html | Format::Xhtml => html::find(text, body, options, sink),
        _ => markdown::find(text, body, options, sink),
    }
}

fn stylesheet(text: &str, options: &ExtractOptions, sink: &mut Sink) {
    if !attributes::wanted(ReferenceKind::Css, "style", &options.media) {
        return;
    }
    for address in css::parse(text) {
        let image_group = sink.image_group();
        sink.found.push(RawReference::new(
            address.span,
            address.value,
            ReferenceKind::Css,
            &address.property,
            image_group,
        ));
    }
}

/// The format that a file's name promises, or else its content: a document that starts with a tag is HTML, anything
/// else Markdown.
pub fn format_of(name: &str, bytes: &[u8]) -> Format {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "html" | "htm" | "shtml" => Format::Html,
        "xhtml" | "xht" => Format::Xhtml,
        "md" | "markdown" | "mkd" | "mkdn" | "mkdown" | "mdown" | "mdwn" => Format::Markdown,
        "mdx" => Format::Mdx,
        "css" => Format::Css,
        _ => {
            let start = encoding::decode(&bytes[..bytes.len().min(1024)], Format::Html);
            let tag =
                start.text.trim_start().as_bytes().get(..2).is_some_and(|tag| {
                    tag[0] == b'<' && (tag[1].is_ascii_alphabetic() || matches!(tag[1], b'!' | b'?'))
                });
            if tag { Format::Html } else { Format::Markdown }
        }
    }
}

/// Extensions that images have.
const IMAGE_EXTENSIONS: &[&str] = &[
    "apng", "avif", "bmp", "cur", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "pjpeg",
    "png", "svg", "svgz", "tif", "tiff", "webp",
];

/// Whether the path of a URL, absolute or not, ends like an image's. `File:a.jpg` is a page of a wiki about one.
pub(crate) fn has_image_extension(url: &str) -> bool {
    let path = url.trim().split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    IMAGE_EXTENSIONS.binary_search(&extension.as_str()).is_ok() && !name.contains(':')
}

/// Whether a value is a `data:` URL that says it is an image (RFC 2397).
pub(crate) fn is_inline_image(value: &str) -> bool {
    value.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("data:image/"))
}

/// Whether a value is a template's place-holder and not an address: `{{url}}`, `#{url}`, `${url}`, `<%= url %>`.
pub(crate) fn looks_like_template(value: &str) -> bool {
    ["{{", "{%", "#{", "${", "<%"].iter().any(|opening| value.contains(opening))
}

/// A reference as a format reports it: spans are of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawReference {
    /// Where its raw text stands.
    pub(crate) span: Range<usize>,
    /// What it names: entities, escapes and the like decoded, white space as a browser strips it; not yet resolved.
    pub(crate) value: String,
    /// What kind of place it is.
    pub(crate) kind: ReferenceKind,
    /// The attribute or key that holds it.
    pub(crate) name: String,
    /// Which references show the same picture: a number from [`Sink::image_group`].
    pub(crate) image_group: u32,
    /// Where a lazy image's URL must also stand.
    pub(crate) reveal: Option<RawReveal>,
    /// How a link gets around the image.
    pub(crate) link_wrap: Option<RawLinkWrap>,
}

impl RawReference {
    /// A reference of that span, value, kind, name and picture, which is not lazy.
    pub(crate) fn new(span: Range<usize>, value: String, kind: ReferenceKind, name: &str, image_group: u32) -> Self {
        Self { span, value, kind, name: name.to_owned(), image_group, reveal: None, link_wrap: None }
    }
}

/// [`crate::model::Reveal`], in spans of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawReveal {
    /// Replace this value.
    Replace(Range<usize>),
    /// Insert an attribute here.
    Insert(usize),
}

/// [`crate::model::LinkWrap`], in spans of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawLinkWrap {
    /// It is in a link.
    Linked,
    /// An HTML element, and what its line starts with where it starts an HTML block of Markdown.
    Html(Range<usize>, Option<Range<usize>>),
    /// An image of Markdown.
    Markdown(Range<usize>),
}

/// Takes what the formats find.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    /// In any order.
    pub(crate) found: Vec<RawReference>,
    /// The value of the first `<base href>` that counts.
    pub(crate) base: Option<String>,
    /// The title.
    pub(crate) title: Option<String>,
    /// When it was published.
    pub(crate) published: Option<Timestamp>,
    /// The canonical URL, not yet resolved.
    pub(crate) canonical: Option<String>,
    /// Whether the page asks for its images over https, whatever their URLs say.
    pub(crate) upgrade: bool,
    /// Elements and spans that take a link, and whether they lead somewhere: no other link can be put in them.
    pub(crate) links: Vec<(Range<usize>, bool)>,
    image_groups: u32,
}

impl Sink {
    /// A number for references that show a picture of their own.
    pub(crate) fn image_group(&mut self) -> u32 {
        self.image_groups += 1;
        self.image_groups
    }
}
