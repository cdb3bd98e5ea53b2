//! Places in an article that name an image.

use url::Url;

use super::media_type::MediaType;
use super::named::named;

/// A half-open range of byte offsets into the file as it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// An empty span: the place before the byte at `at`.
    pub const fn at(at: usize) -> Self {
        Self::new(at, at)
    }

    /// How many bytes it covers.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes it covers.
    ///
    /// # Panics
    /// If it does not lie within `bytes`.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.end]
    }
}

named! {
    /// How an article is written, which decides how it is read for references.
    pub enum Format {
        /// CommonMark with front matter, and what site generators add to it; HTML inside it is HTML.
        Markdown = "md",
        /// Markdown with JSX and without indented code.
        Mdx = "mdx",
        /// HTML, with front matter where it starts with some.
        Html = "html",
        /// HTML that is read by XML's rules.
        Xhtml = "xhtml",
        /// A style sheet.
        Css = "css",
    }
}

impl Format {
    /// What the blob of an original in this format is.
    pub const fn blob_type(self) -> MediaType {
        match self {
            Self::Markdown | Self::Mdx => MediaType::Markdown,
            Self::Html | Self::Xhtml => MediaType::Html,
            Self::Css => MediaType::Css,
        }
    }
}

/// One place in an article that names an image or other media.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Reference {
    /// The bytes of the file that spell it.
    pub span: Span,
    /// Exactly those bytes, decoded from the file's encoding and from nothing else.
    pub raw: String,
    /// The URL that a browser would request, or why it cannot be determined.
    pub url: Result<Url, UrlProblem>,
    /// What kind of place it is.
    pub kind: ReferenceKind,
    /// The attribute, front-matter key or directive that holds it, such as `data-src` or `thumbnail`.
    pub name: String,
    /// References with the same number show the same image: its `src`, its `srcset` candidates, its lazy
    /// attributes, its `<noscript>` copy and the link to its full-size file.
    pub image_group: u32,
    /// For a lazily loaded image: where its URL must also stand for it to show without JavaScript.
    pub reveal: Option<Reveal>,
    /// For an image within the text: where a link to the full image can go around it; `None` if none can.
    pub link_wrap: Option<LinkWrap>,
}

/// Where a reference stands, and what can be written around it: all that writing a mirror needs besides its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ReferencePlace {
    /// [`Reference::span`].
    pub span: Span,
    /// [`Reference::kind`].
    pub kind: ReferenceKind,
    /// [`Reference::name`].
    pub name: String,
    /// [`Reference::image_group`].
    pub image_group: u32,
    /// [`Reference::reveal`].
    pub reveal: Option<Reveal>,
    /// [`Reference::link_wrap`].
    pub link_wrap: Option<LinkWrap>,
}

impl Reference {
    /// Where it stands.
    pub fn place(&self) -> ReferencePlace {
        let Self { span, kind, name, image_group, reveal, link_wrap, raw: _, url: _ } = self;
        ReferencePlace {
            span: *span,
            kind: *kind,
            name: name.clone(),
            image_group: *image_group,
            reveal: *reveal,
            link_wrap: *link_wrap,
        }
    }
}

/// Where a link to the full image goes around an image that shows a smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkWrap {
    /// The image is in a link already, which stays as it is.
    Linked,
    /// `<a href="…">` and `</a>` enclose these bytes. If the element starts an HTML block of Markdown, the start tag of
    /// the link must start it, on a line of its own after what the line starts with: these bytes.
    Html(Span, Option<Span>),
    /// `[` and `](…)` go around these bytes.
    Markdown(Span),
}

/// Where a lazily loaded image's URL goes so that it shows without JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Reveal {
    /// The element has an eager attribute with a placeholder in it: replace that value. If the value is a reference
    /// itself, this edit replaces its edit.
    Replace(Span),
    /// The element has none: write ` src="…"` at this byte.
    Insert(usize),
}

named! {
    /// Why a reference has no URL that can be requested.
    pub enum UrlProblem {
        /// It is relative, and nothing says to what.
        NoBase = "no_base",
        /// The URL Standard calls it a failure: a space in the host, a port that is no number.
        Malformed = "malformed",
        /// It holds its bytes itself (`data:`), and they are no image that is kept.
        Inline = "inline",
    }
}

impl UrlProblem {
    /// A sentence for a person, with the way out.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::NoBase => "it is relative, and nothing says to what: set `base_url` of its source",
            Self::Malformed => "it is no valid URL: correct it in the article",
            Self::Inline => "it is inline, and holds no image that is worth keeping",
        }
    }
}

named! {
    /// What kind of place a reference stands in.
    pub enum ReferenceKind {
        /// The URL of an image element: `img src`, `input type=image`, SVG `image`, `amp-img`.
        Image = "image",
        /// What a browser opens as a document of its own, or takes elements from: `object`, `embed`, `iframe`, `frame`,
        /// SVG `use`, what MDX imports, and what a shortcode or component may make one of these of.
        Embed = "embed",
        /// One candidate of a `srcset` or `imagesrcset`.
        Srcset = "srcset",
        /// An attribute that a script copies to `src` or `srcset` when the image comes into view.
        Lazy = "lazy",
        /// The still shown before a video plays.
        Poster = "poster",
        /// The video or audio itself, or its track.
        Media = "media",
        /// `url()` or `image-set()` in a style sheet, `<style>` or `style`.
        Css = "css",
        /// The obsolete `background` attribute.
        Background = "background",
        /// A link to an icon.
        Icon = "icon",
        /// A preloaded image or another `link` to one.
        Link = "link",
        /// `meta` such as `og:image`.
        Meta = "meta",
        /// A link around a thumbnail to its full-size image.
        FullSize = "full_size",
        /// An image in Markdown, inline or by reference definition.
        Markdown = "markdown",
        /// A shortcode or tag of a static-site generator.
        Shortcode = "shortcode",
        /// A value in the front matter.
        FrontMatter = "front_matter",
        /// A value in JSON-LD.
        JsonLd = "json_ld",
        /// `<base href>`: not an image, but relative links are resolved against it.
        Base = "base",
        /// A link, script or other URL that `<base>` completes: not an image, but it must still lead there when the
        /// mirror has another base.
        BaseRelative = "base_relative",
        /// `crossorigin` or `integrity` of an element that shows an image: a browser would not show a local one.
        CrossOrigin = "cross_origin",
        /// A directive of a content security policy in `<meta>` that would forbid local images.
        Policy = "policy",
        /// A style sheet of a page, or of another style sheet: it is no image, and is kept as an article.
        Sheet = "style_sheet",
    }
}

impl ReferenceKind {
    /// Whether it names an image or other media, so that it is fetched, counted and made local. The others are places
    /// that are rewritten so that local images show in the mirror.
    pub const fn is_media(self) -> bool {
        self.takes_link() && !matches!(self, Self::Sheet)
    }

    /// Whether a browser does more there with a drawing than to show it: it runs the scripts in it, with the rights of the site
    /// that the drawing is from (SVG 2, section 2.1 "SVG document fragments", and HTML Standard, "image/svg+xml").
    pub const fn opens_document(self) -> bool {
        matches!(self, Self::Embed | Self::FullSize)
    }

    /// Whether a local link takes its place where what it names is kept: media, and style sheets.
    pub const fn takes_link(self) -> bool {
        !matches!(self, Self::Base | Self::BaseRelative | Self::CrossOrigin | Self::Policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_is_found_by_it() {
        for kind in ReferenceKind::ALL {
            assert_eq!(ReferenceKind::from_name(kind.as_str()), Some(*kind));
        }
        assert_eq!(ReferenceKind::from_name("no such kind"), None);
    }

    #[test]
    fn a_span_covers_its_bytes() {
        assert_eq!(Span::new(1, 3).of(b"abcd"), b"bc");
        assert!(Span::at(2).is_empty());
    }
}
