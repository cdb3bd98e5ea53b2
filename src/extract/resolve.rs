//! What the formats found → references: places in the file and URLs.

use encoding_rs::Encoding;
use url::{EncodingOverride, ParseError, Url};

use super::address::{can_be_address, without_space};
use super::encoding::Decoded;
use super::extraction::Extraction;
use super::options::ExtractOptions;
use super::query;
use super::sink::{RawLinkWrap, RawReference, RawReveal, Sink};
use crate::model::{Format, LinkWrap, Reference, ReferenceKind, Reveal, UrlProblem};

/// The longest `<base href>`, in bytes, that counts: it is copied to every relative URL.
const MAX_BASE: usize = 2048;

/// What the URLs of an article are resolved against.
#[derive(Clone, Copy)]
struct Base<'a> {
    url: Option<&'a Url>,
    /// The encoding of their queries.
    query: &'static Encoding,
}

/// Turns everything that was found into references, ordered and without overlap.
pub(super) fn resolve(
    bytes: &[u8],
    decoded: &Decoded<'_>,
    format: Format,
    sink: Sink,
    options: &ExtractOptions,
) -> Extraction {
    let query = query::encoding_of(format, decoded.encoding);
    let bases = Bases::new(&sink, options.base_url.as_ref(), query);
    let found = sink.found.into_iter();
    let found = found.filter(|found| !found.kind.takes_link() || can_be_address(&found.value, options.data_urls));
    let mut references: Vec<_> = found.filter_map(|found| reference(bytes, decoded, bases.of(&found), found)).collect();
    if sink.upgrade {
        references.iter_mut().filter(|reference| reference.kind.takes_link()).for_each(upgrade);
    }
    // Of several things in one place, the image counts, and of images the one that is opened: a definition of Markdown may
    // be that of an image and of a link.
    let rank = |kind: ReferenceKind| (!kind.takes_link(), !kind.opens_document());
    references.sort_by_key(|reference| (reference.span, rank(reference.kind)));
    let mut end = 0;
    references.retain(|reference| {
        let apart = reference.span.start >= end;
        end = end.max(reference.span.end);
        apart
    });
    Extraction {
        references,
        left_out: sink.left_out,
        encoding: decoded.encoding,
        title: sink.title,
        published: sink.published,
        url: bases.stated.map(without_user),
    }
}

/// What relative URLs are resolved against.
///
/// The document's `<base>` takes precedence, as in a browser, and then the user's setting. A page without either is
/// resolved against the URL that it was saved from: the requested one, or else the one that it states; its canonical
/// URL may be that of another edition. If the page is a file, a path from its folder means a file beside it, and a path
/// from the root means the site that it was saved from.
struct Bases {
    /// The base of the document.
    own: Option<Url>,
    /// Where the article is.
    outer: Option<Url>,
    /// Where a saved page was, if it is a file now.
    site: Option<Url>,
    /// Where the article says that it was published.
    stated: Option<Url>,
    query: &'static Encoding,
}

impl Bases {
    fn new(sink: &Sink, setting: Option<&Url>, query: &'static Encoding) -> Self {
        let web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let joined = |url: Option<&Url>, value: &str| join(Base { url, query }, value).ok();
        let saved_from = sink.saved_from.as_deref().and_then(|url| Url::parse(url).ok()).filter(web);
        let canonical = |base: Option<&Url>| sink.canonical.as_deref().and_then(|url| joined(base, url));
        let outer = setting.cloned().or_else(|| saved_from.clone()).or_else(|| canonical(None).filter(web));
        let base = sink.base.as_deref().filter(|base| base.len() <= MAX_BASE);
        // HTML, "set the frozen base URL": neither of these is a base.
        let counts = |base: &Url| !matches!(base.scheme(), "data" | "javascript");
        let own = base.and_then(|base| joined(outer.as_ref(), base)).filter(counts);
        let stated = canonical(own.as_ref().or(outer.as_ref())).or_else(|| saved_from.clone());
        let site = saved_from.filter(|_| outer.as_ref().is_some_and(|outer| outer.scheme() == "file"));
        Self { own, outer, site, stated, query }
    }

    fn of(&self, found: &RawReference) -> Base<'_> {
        let from_root = found.value.starts_with('/') && !found.value.starts_with("//");
        let outer = self.site.as_ref().filter(|_| from_root).or(self.outer.as_ref());
        let url = if found.kind == ReferenceKind::Base { outer } else { self.own.as_ref().or(outer) };
        Base { url, query: self.query }
    }
}

/// Makes an http URL https, as a page can request; the port stays unless it was the default.
fn upgrade(reference: &mut Reference) {
    if let Ok(url) = &mut reference.url
        && url.scheme() == "http"
        && url.port().is_none()
    {
        // Both schemes are special, so the change cannot fail.
        let _ = url.set_scheme("https");
    }
}

/// The reference at a place, if its value can be the URL of an image and the file can be spliced there.
fn reference(bytes: &[u8], decoded: &Decoded<'_>, base: Base<'_>, found: RawReference) -> Option<Reference> {
    let value = without_space(&found.value);
    if value.is_empty() {
        return None;
    }
    let mut part = found.span;
    if found.kind.takes_link() {
        part.end -= fragment_length(decoded.text.get(part.clone())?, value);
    }
    let span = decoded.span(bytes, part.clone()).filter(|span| !span.is_empty())?;
    let reveal = found.reveal.and_then(|reveal| place(decoded, reveal));
    let url = match found.kind {
        ReferenceKind::CrossOrigin | ReferenceKind::Policy => Err(UrlProblem::Malformed),
        _ => join(base, value).map(|mut url| {
            url.set_fragment(None);
            without_user(url)
        }),
    };
    let raw = decoded.text[part].to_owned();
    let link_wrap = found.link_wrap.and_then(|link_wrap| around(decoded, link_wrap));
    Some(Reference {
        span,
        raw,
        url,
        kind: found.kind,
        name: found.name,
        image_group: found.image_group,
        reveal,
        link_wrap,
    })
}

/// The URL without a user name and password: they are secrets, do not identify the image, and are not kept.
fn without_user(mut url: Url) -> Url {
    // Both fail only for URLs that hold neither.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url
}

/// The length of the fragment that a reference ends with. It keeps its place: it is not sent, and it means the same in
/// the local copy.
fn fragment_length(raw: &str, value: &str) -> usize {
    let fragment = value.find('#').map_or("", |at| &value[at..]);
    if raw.len() > fragment.len() && raw.ends_with(fragment) { fragment.len() } else { 0 }
}

/// The URL that a browser would request. One without a scheme, `//host/path`, is https if the page around it has no
/// origin, because that is unknown or a file. More slashes mean the same (URL Standard, "special authority ignore
/// slashes state"), which the parser ignores for relative URLs.
fn join(base: Base<'_>, value: &str) -> Result<Url, UrlProblem> {
    let value = value.trim_start_matches(|c| c <= ' ');
    let origin = base.url.filter(|base| base.scheme() != "file" || !names_host(value));
    let encode: EncodingOverride<'_> = Some(&|query| query::encode(query, base.query));
    let options = Url::options().encoding_override(encode);
    let parsed = if value.starts_with("//") && origin.is_none_or(|origin| origin.scheme() != "file") {
        options.parse(&format!("{}:{value}", origin.map_or("https", Url::scheme)))
    } else {
        options.base_url(base.url).parse(value)
    };
    parsed.map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase | ParseError::RelativeUrlWithCannotBeABaseBase => UrlProblem::NoBase,
        _ => UrlProblem::Malformed,
    })
}

/// Whether a value is `//host…`. `//C:/` is a drive to browsers.
fn names_host(value: &str) -> bool {
    let host = value.strip_prefix("//").unwrap_or_default();
    let drive =
        host.len() >= 2 && host.as_bytes()[0].is_ascii_alphabetic() && matches!(host.as_bytes()[1], b':' | b'|');
    !drive && host.starts_with(|first: char| first.is_alphanumeric() || first == '[')
}

fn around(decoded: &Decoded<'_>, link_wrap: RawLinkWrap) -> Option<LinkWrap> {
    match link_wrap {
        RawLinkWrap::Linked => Some(LinkWrap::Linked),
        RawLinkWrap::Html(part, None) => decoded.place(&part).map(|span| LinkWrap::Html(span, None)),
        RawLinkWrap::Html(part, Some(before)) => {
            Some(LinkWrap::Html(decoded.place(&part)?, Some(decoded.place(&before)?)))
        }
        RawLinkWrap::Markdown(part) => decoded.place(&part).map(LinkWrap::Markdown),
    }
}

fn place(decoded: &Decoded<'_>, reveal: RawReveal) -> Option<Reveal> {
    match reveal {
        RawReveal::Replace(part) => decoded.place(&part).map(Reveal::Replace),
        RawReveal::Insert(at) => decoded.place(&(at..at)).map(|span| Reveal::Insert(span.start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, value: &str, expected: Result<&str, UrlProblem>) {
        let base = Url::parse(base).ok();
        let base = Base { url: base.as_ref(), query: encoding_rs::UTF_8 };
        let joined = join(base, value);
        assert_eq!(joined.as_ref().map(Url::as_str).map_err(|problem| *problem), expected, "{value} at {:?}", base.url);
    }

    #[test]
    fn a_url_without_a_scheme_is_https_unless_the_page_was_fetched_otherwise() {
        for value in ["//h/a.jpg", " //h/a.jpg", "////h/a.jpg", "///h/a.jpg"] {
            check("", value, Ok("https://h/a.jpg"));
            check("https://e.com/p", value, Ok("https://h/a.jpg"));
            check("http://e.com/p", value, Ok("http://h/a.jpg"));
        }
        check("file:///posts/a.md", "//h/a.jpg", Ok("https://h/a.jpg"));
        check("file:///posts/a.md", "//[::1]/a.jpg", Ok("https://[::1]/a.jpg"));
        check("file:///posts/a.md", "///h/a.jpg", Ok("file:///h/a.jpg"));
        check("file:///posts/a.md", "//C:/a.jpg", Ok("file:///C:/a.jpg"));
    }

    #[test]
    fn what_has_no_url_says_why() {
        for value in ["/a.jpg", "a.jpg", "../a.jpg", "?a"] {
            check("", value, Err(UrlProblem::NoBase));
        }
        check("file:///posts/a.md", "/img/a.jpg", Ok("file:///img/a.jpg"));
        for value in
            ["http://exa mple.com/a.jpg", "http://h:99999/a.jpg", "https://h:x/a.jpg", "http://[::1/a", "//a b/c"]
        {
            check("", value, Err(UrlProblem::Malformed));
            check("https://e.com/p", value, Err(UrlProblem::Malformed));
        }
    }
}
