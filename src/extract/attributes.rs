//! Which attributes hold images: one row each.

use crate::config::MediaKind;
use crate::model::ReferenceKind;

/// How the value of an attribute is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// One URL.
    Url,
    /// Image candidates.
    Srcset,
    /// Declarations, or a value that may hold `url()`.
    Css,
}

/// When an attribute counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Always.
    Always,
    /// Where `type` is `image`.
    TypeImage,
    /// Where `type` is an image's, or the file has the extension of one.
    ImageFile,
}

/// An attribute that holds the URL of an image or other media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    element: &'static str,
    /// The attribute.
    pub(super) attribute: &'static str,
    /// What kind of reference it is.
    pub(super) kind: ReferenceKind,
    /// How its value is written.
    pub(super) syntax: Syntax,
    /// When it counts.
    pub(super) when: When,
}

const fn row(element: &'static str, attribute: &'static str, kind: ReferenceKind) -> Row {
    Row { element, attribute, kind, syntax: Syntax::Url, when: When::Always }
}

const fn srcset(element: &'static str, attribute: &'static str) -> Row {
    Row { syntax: Syntax::Srcset, ..row(element, attribute, ReferenceKind::Srcset) }
}

/// Sorted by element. The meaning of `link` and `meta` depends on more than their name, see `head`.
const ROWS: &[Row] = &[
    row("amp-anim", "src", ReferenceKind::Image),
    srcset("amp-anim", "srcset"),
    row("amp-audio", "artwork", ReferenceKind::Poster),
    row("amp-audio", "src", ReferenceKind::Media),
    row("amp-img", "src", ReferenceKind::Image),
    srcset("amp-img", "srcset"),
    row("amp-story", "poster-landscape-src", ReferenceKind::Poster),
    row("amp-story", "poster-portrait-src", ReferenceKind::Poster),
    row("amp-story", "poster-square-src", ReferenceKind::Poster),
    row("amp-story", "publisher-logo-src", ReferenceKind::Icon),
    row("amp-video", "artwork", ReferenceKind::Poster),
    row("amp-video", "poster", ReferenceKind::Poster),
    row("amp-video", "src", ReferenceKind::Media),
    row("amp-video-iframe", "poster", ReferenceKind::Poster),
    row("audio", "src", ReferenceKind::Media),
    row("body", "background", ReferenceKind::Background),
    Row { when: When::ImageFile, ..row("embed", "src", ReferenceKind::Embed) },
    row("feimage", "href", ReferenceKind::Image),
    row("feimage", "xlink:href", ReferenceKind::Image),
    Row { when: When::ImageFile, ..row("frame", "src", ReferenceKind::Embed) },
    Row { when: When::ImageFile, ..row("iframe", "src", ReferenceKind::Embed) },
    row("image", "href", ReferenceKind::Image),
    row("image", "src", ReferenceKind::Image),
    srcset("image", "srcset"),
    row("image", "xlink:href", ReferenceKind::Image),
    row("img", "src", ReferenceKind::Image),
    srcset("img", "srcset"),
    Row { when: When::TypeImage, ..row("input", "src", ReferenceKind::Image) },
    Row { when: When::ImageFile, ..row("object", "data", ReferenceKind::Embed) },
    srcset("source", "srcset"),
    row("table", "background", ReferenceKind::Background),
    row("tbody", "background", ReferenceKind::Background),
    row("td", "background", ReferenceKind::Background),
    row("tfoot", "background", ReferenceKind::Background),
    row("th", "background", ReferenceKind::Background),
    row("thead", "background", ReferenceKind::Background),
    row("tr", "background", ReferenceKind::Background),
    row("track", "src", ReferenceKind::Media),
    row("use", "href", ReferenceKind::Embed),
    row("use", "xlink:href", ReferenceKind::Embed),
    row("video", "poster", ReferenceKind::Poster),
    row("video", "src", ReferenceKind::Media),
];

/// The rows of an element.
pub(super) fn rows(element: &str) -> &'static [Row] {
    // Most elements have none, which their length and a few letters show.
    if !is_listed(element) {
        return &[];
    }
    let start = ROWS.partition_point(|row| row.element < element);
    let length = ROWS[start..].iter().take_while(|row| row.element == element).count();
    &ROWS[start..start + length]
}

/// Whether an element has rows.
fn is_listed(element: &str) -> bool {
    matches!(
        element,
        "amp-anim"
            | "amp-audio"
            | "amp-img"
            | "amp-story"
            | "amp-video"
            | "amp-video-iframe"
            | "audio"
            | "body"
            | "embed"
            | "feimage"
            | "frame"
            | "iframe"
            | "image"
            | "img"
            | "input"
            | "object"
            | "source"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "track"
            | "use"
            | "video"
    )
}

/// Attributes from which a script takes an image when it comes into view, the most reliable ones first.
const LAZY: &[(&str, Syntax)] = &[
    ("data-src", Syntax::Url),
    ("data-lazy-src", Syntax::Url),
    ("data-original", Syntax::Url),
    ("data-actualsrc", Syntax::Url),
    ("data-echo", Syntax::Url),
    ("data-lazy", Syntax::Url),
    ("data-lazyload", Syntax::Url),
    ("data-lazy-load", Syntax::Url),
    ("data-lazyload-src", Syntax::Url),
    ("data-lazysrc", Syntax::Url),
    ("data-ll-src", Syntax::Url),
    ("data-layzr", Syntax::Url),
    ("data-original-src", Syntax::Url),
    ("data-orig-src", Syntax::Url),
    ("data-origin-src", Syntax::Url),
    ("data-src-medium", Syntax::Url),
    ("data-src-large", Syntax::Url),
    ("data-delayed-url", Syntax::Url),
    ("data-defer-src", Syntax::Url),
    ("data-img-src", Syntax::Url),
    ("data-img-url", Syntax::Url),
    ("data-image-src", Syntax::Url),
    ("data-runner-src", Syntax::Url),
    ("data-real-src", Syntax::Url),
    ("real_src", Syntax::Url),
    ("data-ks-lazyload", Syntax::Url),
    ("data-url", Syntax::Url),
    ("data-retina", Syntax::Url),
    ("data-src-retina", Syntax::Url),
    ("data-hi-res-src", Syntax::Url),
    ("data-raw-src", Syntax::Url),
    ("file", Syntax::Url),
    ("zoomfile", Syntax::Url),
    ("lazyload", Syntax::Url),
    ("lazy-src", Syntax::Url),
    ("data-bg", Syntax::Css),
    ("data-bg-url", Syntax::Css),
    ("data-bg-src", Syntax::Css),
    ("data-background", Syntax::Css),
    ("data-background-image", Syntax::Css),
    ("data-poster", Syntax::Url),
    ("data-srcset", Syntax::Srcset),
    ("data-lazy-srcset", Syntax::Srcset),
    ("data-original-set", Syntax::Srcset),
    ("data-src-set", Syntax::Srcset),
    ("data-ll-srcset", Syntax::Srcset),
    ("data-bgset", Syntax::Srcset),
];

/// The rank of a lazy attribute, from 0 down, and how its value is written; `None` for one that is not lazy.
pub(super) fn lazy(attribute: &str, further: &[String]) -> Option<(usize, Syntax)> {
    let known = || LAZY.iter().position(|(name, _)| *name == attribute).map(|rank| (rank, LAZY[rank].1));
    let named =
        || further.iter().position(|name| name.eq_ignore_ascii_case(attribute)).map(|at| (at, syntax_of(attribute)));
    if attribute.starts_with("data-") || matches!(attribute, "file" | "zoomfile" | "lazyload" | "lazy-src") {
        return known().or_else(named);
    }
    named()
}

/// How the value of an attribute that the user names is written.
fn syntax_of(attribute: &str) -> Syntax {
    if attribute.ends_with("set") { Syntax::Srcset } else { Syntax::Url }
}

/// Whether a lazy attribute holds the background of an element, and so an image.
pub(super) fn is_background(attribute: &str) -> bool {
    matches!(
        attribute,
        "data-bg" | "data-bg-url" | "data-bg-src" | "data-bgset" | "data-background" | "data-background-image"
    )
}

/// Whether a lazy attribute may also hold the page that an image leads to.
pub(super) fn is_weak(attribute: &str) -> bool {
    matches!(attribute, "data-url" | "data-img-url" | "file")
}

/// Elements that open what they name as a document of its own, whatever attribute names it.
pub(super) fn opens_document(element: &str) -> bool {
    let is_called = || ["embed", "iframe", "object"].iter().any(|name| element.contains(name));
    rows(element).iter().any(|row| row.kind == ReferenceKind::Embed) || is_called()
}

/// Elements that show an image themselves: any URL in their lazy attributes is that of an image.
pub(super) fn shows_image(element: &str) -> bool {
    matches!(element, "img" | "image" | "source" | "input" | "amp-anim") || is_custom_image(element)
}

/// Whether a custom element is called an image (HTML, "valid custom element name": it has a hyphen).
pub(super) fn is_custom_image(element: &str) -> bool {
    // Few elements have a hyphen, and every element is checked.
    element.as_bytes().contains(&b'-')
        && element.rsplit_once('-').is_some_and(|(_, kind)| matches!(kind, "image" | "img" | "photo" | "picture"))
}

/// Whether a word in the name of a custom element means an image.
pub(super) fn has_image_word(element: &str) -> bool {
    element.contains('-') && element.split('-').any(|word| matches!(word, "image" | "img" | "photo" | "picture"))
}

/// Whether the name of an element ends with a word that means an image.
pub(super) fn is_called_image(element: &str) -> bool {
    ["image", "img", "photo", "picture"].iter().any(|word| element.ends_with(word))
}

/// Whether a reference of a kind is wanted. `element` distinguishes video, audio and track.
pub(super) fn wanted(kind: ReferenceKind, element: &str, media: &[MediaKind]) -> bool {
    let needed = match (kind, element) {
        (ReferenceKind::Base, _) => return true,
        (ReferenceKind::Poster, _) => MediaKind::Poster,
        (ReferenceKind::Media, "audio" | "amp-audio") => MediaKind::Audio,
        (ReferenceKind::Media, "track") => MediaKind::Track,
        (ReferenceKind::Media, _) => MediaKind::Video,
        _ => MediaKind::Image,
    };
    media.contains(&needed)
}

/// What `<link rel>` names: an icon, an image, or nothing of the sort.
pub(super) fn link(rel: &str, as_image: bool) -> Option<ReferenceKind> {
    let mut kinds = rel.split_ascii_whitespace().filter_map(|token| match token.to_ascii_lowercase().as_str() {
        "icon" | "apple-touch-icon" | "apple-touch-icon-precomposed" | "mask-icon" | "fluid-icon" => {
            Some(ReferenceKind::Icon)
        }
        "image_src" | "apple-touch-startup-image" => Some(ReferenceKind::Link),
        "preload" | "prefetch" if as_image => Some(ReferenceKind::Link),
        _ => None,
    });
    kinds.next()
}

/// Whether a `meta` of that name, property or itemprop holds the URL of an image.
pub(super) fn meta(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let name = name.as_str();
    let tile = name.strip_prefix("msapplication-").is_some_and(|rest| rest.ends_with("logo") || rest == "tileimage");
    tile || matches!(
        name,
        "og:image"
            | "og:image:url"
            | "og:image:secure_url"
            | "twitter:image"
            | "twitter:image:src"
            | "image"
            | "thumbnail"
            | "thumbnailurl"
            | "twitter:image0"
            | "twitter:image1"
            | "twitter:image2"
            | "twitter:image3"
            | "primaryimageofpage"
            | "sailthru.image.full"
            | "sailthru.image.thumb"
            | "sailthru.image"
            | "vk:image"
            | "parsely-image-url"
            | "thumbnail_url"
            | "image_src"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_can_be_searched() {
        assert!(ROWS.is_sorted_by_key(|row| (row.element, row.attribute)));
        assert!(ROWS.iter().all(|row| is_listed(row.element)));
        assert_eq!(rows("img").iter().map(|row| row.attribute).collect::<Vec<_>>(), ["src", "srcset"]);
        assert_eq!(rows("p"), []);
        assert_eq!(rows("zebra"), []);
    }

    #[test]
    fn lazy_attributes_can_be_added() {
        assert_eq!(lazy("data-src", &[]), Some((0, Syntax::Url)));
        assert_eq!(lazy("data-logo", &[]), None);
        assert_eq!(lazy("data-logo", &["Data-Logo".into()]), Some((0, Syntax::Url)));
        assert_eq!(lazy("x-srcset", &["x-srcset".into()]), Some((0, Syntax::Srcset)));
        assert_eq!(lazy("src", &[]), None);
    }

    #[test]
    fn links_and_meta_are_known_by_their_names() {
        assert_eq!(link("shortcut ICON", false), Some(ReferenceKind::Icon));
        assert_eq!(link("preload", true), Some(ReferenceKind::Link));
        assert_eq!(link("preload stylesheet", false), None);
        assert!(meta("og:image") && meta("msapplication-TileImage") && meta("msapplication-square70x70logo"));
        assert!(!meta("og:image:width") && !meta("msapplication-TileColor") && !meta("description"));
    }
}
