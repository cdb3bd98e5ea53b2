//! Compares an article with what may be its mirror, without a record of what was spliced.

use memchr::memmem;

use crate::model::{Reference, Reveal, Span};

/// How far after a replaced URL, if the replacement is no link to an object, the following text is searched for.
const RESYNC: usize = 4096;
/// How much of the text after such a URL must stand in the mirror.
const AFTER: usize = 12;

/// What is inserted with a link: before and after it.
const INSERTED: [(&[u8], &[u8]); 3] = [(b" src=\"", b"\""), (b"<a href=\"", b"\">"), (b"](", b")")];

/// Which reference of an article each of these links replaced, if the mirror is the article with links in place of
/// references and nothing else. Both are places in their texts, in order.
pub(super) fn align(
    original: &[u8],
    references: &[Reference],
    mirror: &[u8],
    links: &[Span],
) -> Option<Vec<(usize, usize)>> {
    let mut places: Vec<_> = references.iter().enumerate().flat_map(|(at, found)| places_of(at, found)).collect();
    places.sort_by_key(|place| place.span);
    let pairs = Vec::new();
    let mut walk = Walk { original, mirror, places: &places, links, at: (0, 0), next: (0, 0), closing: 0, pairs };
    while !walk.is_done() {
        if !walk.step() {
            return None;
        }
    }
    (walk.next.1 == links.len()).then_some(walk.pairs)
}

/// A place where a URL stands that a mirror can replace.
struct LinkPlace {
    span: Span,
    reference: usize,
    is_media: bool,
}

fn places_of(at: usize, found: &Reference) -> impl Iterator<Item = LinkPlace> {
    let is_media = found.kind.takes_link();
    let place = move |span| LinkPlace { span, reference: at, is_media };
    let revealed = match found.reveal {
        Some(Reveal::Replace(span)) => Some(span),
        _ => None,
    };
    [Some(found.span), revealed].into_iter().flatten().map(place)
}

/// How far both texts were read.
struct Walk<'a> {
    original: &'a [u8],
    mirror: &'a [u8],
    places: &'a [LinkPlace],
    links: &'a [Span],
    /// In the original and in the mirror.
    at: (usize, usize),
    /// The next place and the next link.
    next: (usize, usize),
    /// Links around images that are open.
    closing: usize,
    pairs: Vec<(usize, usize)>,
}

impl Walk<'_> {
    fn is_done(&self) -> bool {
        self.at == (self.original.len(), self.mirror.len())
    }

    /// Reads on in both; false if they part.
    fn step(&mut self) -> bool {
        while self.places.get(self.next.0).is_some_and(|place| place.span.start < self.at.0) {
            self.next.0 += 1;
        }
        let place = self.places.get(self.next.0).filter(|place| place.span.start == self.at.0);
        let link = self.links.get(self.next.1).filter(|link| link.start == self.at.1);
        if let (Some(place), Some(link)) = (place, link) {
            let place = self.replaced(link).unwrap_or(place);
            let (reference, end) = (place.reference, (place.span.end, link.end));
            self.pairs.push((reference, self.next.1));
            self.at = end;
            self.next.1 += 1;
            return true;
        }
        if self.skip_inserted() {
            return true;
        }
        if let Some(place) = place.filter(|place| !place.is_media && !self.stands(place.span)) {
            let Some(resumed) = self.resync(place.span) else { return false };
            self.at = (place.span.end, resumed);
            return true;
        }
        let (a, b) = (self.original.get(self.at.0), self.mirror.get(self.at.1));
        self.at = (self.at.0 + 1, self.at.1 + 1);
        a.is_some() && a == b
    }

    /// The place here that a link replaced. If several begin here, as a list of candidates begins where its first does,
    /// it is one after which both texts continue alike.
    fn replaced(&self, link: &Span) -> Option<&LinkPlace> {
        let here = self.places[self.next.0..].iter().take_while(|place| place.span.start == self.at.0);
        let mut goes_on = here.filter(|place| self.original.get(place.span.end) == self.mirror.get(link.end));
        goes_on.next()
    }

    fn stands(&self, span: Span) -> bool {
        self.mirror[self.at.1..].starts_with(span.of(self.original))
    }

    /// Where the mirror continues after a URL that was replaced by something other than a link to an object.
    fn resync(&self, span: Span) -> Option<usize> {
        let after = &self.original[span.end..self.original.len().min(span.end + AFTER)];
        let rest = &self.mirror[self.at.1..];
        memmem::find(&rest[..rest.len().min(RESYNC)], after).map(|length| self.at.1 + length)
    }

    /// Passes over what was inserted around a link.
    fn skip_inserted(&mut self) -> bool {
        let (original, mirror) = (&self.original[self.at.0..], &self.mirror[self.at.1..]);
        for (before, after) in INSERTED {
            let link = self.links.get(self.next.1).filter(|link| link.start == self.at.1 + before.len());
            if let Some(link) = link
                && mirror.starts_with(before)
                && !original.starts_with(before)
            {
                let end = link.end + after.len();
                let is_opening = before.starts_with(b"<a");
                let line_break = if is_opening { line_break(self.mirror.get(end..).unwrap_or_default()) } else { 0 };
                self.at.1 = end + line_break;
                self.next.1 += 1;
                self.closing += usize::from(is_opening);
                return self.at.1 <= self.mirror.len();
            }
        }
        let opens = mirror.starts_with(b"[![") && original.starts_with(b"![");
        let closes = self.closing > 0 && mirror.starts_with(b"</a>") && !original.starts_with(b"</a>");
        self.closing -= usize::from(closes);
        self.at.1 += usize::from(opens) + 4 * usize::from(closes);
        opens || closes
    }
}

/// The length of the line break that Markdown needs between a link and the tag of its image, with the prefix of the
/// line after it, such as that of a quotation.
fn line_break(mirror: &[u8]) -> usize {
    let is_prefix = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'>');
    let after = |length: usize| length + mirror[length..].iter().take_while(is_prefix).count();
    match mirror {
        [b'\r', b'\n', ..] => after(2),
        [b'\n' | b'\r', ..] => after(1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Lazy;
    use crate::extract::{ExtractOptions, extract};
    use crate::model::Format;
    use crate::rewrite::{Article, LocalLink, Target, plan, splice};

    /// The raw texts that the links of a mirror stand for; `None` if it is no mirror of the article.
    fn pairs(original: &str, mirror: &str) -> Option<Vec<String>> {
        let options = ExtractOptions::default();
        let references = extract(original.as_bytes(), Format::Markdown, &options).references;
        let links: Vec<_> = memmem::find_iter(mirror.as_bytes(), b"../m/").collect();
        let end = |start: usize| start + mirror[start..].find(".jpg").unwrap() + 4;
        let links: Vec<_> = links.into_iter().map(|start| Span::new(start, end(start))).collect();
        let found = align(original.as_bytes(), &references, mirror.as_bytes(), &links)?;
        Some(found.into_iter().map(|(reference, _)| references[reference].raw.clone()).collect())
    }

    /// What is written for the references of an article, all of them or every second.
    fn mirror(original: &str, lazy: Lazy, full: bool, each: usize) -> String {
        let options = ExtractOptions::default();
        let found = extract(original.as_bytes(), Format::Markdown, &options);
        let link = |at: usize| {
            let full = full.then(|| "../m/full.jpg".to_owned());
            at.is_multiple_of(each).then(|| LocalLink { shown: format!("../m/{at}.jpg"), full })
        };
        let targets: Vec<_> =
            found.references.iter().enumerate().map(|(at, found)| Target::new(found, link(at))).collect();
        let (bytes, encoding) = (original.as_bytes(), found.encoding);
        let article = Article { bytes, format: Format::Markdown, encoding, options: &options };
        String::from_utf8(splice(bytes, &plan(&article, lazy, &targets))).unwrap()
    }

    #[test]
    fn a_mirror_is_recognised_among_other_texts_whatever_was_written() {
        for original in [
            "text",
            "![x](http://a/1.jpg) and ![y](http://a/2.jpg)\n",
            "---\nimage: http://a/1.jpg\n---\n![x](http://a/2.jpg)\n\n<img src=http://a/3.jpg>\n",
            "<img data-src=\"http://a/1.jpg\">\n\n<img data-src=\"http://a/2.jpg\" src=\"data:,\" srcset=\"b.jpg 2x\">\n",
            "x ![A *b*](http://a/1.jpg 't') [![](http://a/2.jpg)](/page) y\n",
            "<p>x<img src=http://a/1.jpg></p><a href=/x><img src=http://a/2.jpg></a>\n",
            "> x\n>\n> <img src=http://a/1.jpg>\n> *x*\n\n- t\n\n  <img src=http://a/2.jpg>\n",
        ] {
            for (lazy, full, each) in [(Lazy::Reveal, false, 1), (Lazy::Keep, false, 2), (Lazy::Reveal, true, 1)] {
                let mirror = mirror(original, lazy, full, each);
                assert!(pairs(original, &mirror).is_some(), "{original:?} {mirror:?}");
                assert_eq!(pairs(&original.replacen(['x', 't'], "z", 1), &mirror), None, "{original:?} {mirror:?}");
                assert_eq!(pairs(original, &format!("{mirror} ")), None);
            }
        }
    }

    #[test]
    fn each_link_has_the_address_that_stood_there() {
        let found = pairs("![x](a.jpg) ![y](b.jpg) ![z](c.jpg)\n", "![x](a.jpg) ![y](../m/1.jpg) ![z](../m/2.jpg)\n");
        assert_eq!(found.unwrap(), ["b.jpg", "c.jpg"]);
        assert_eq!(pairs("![x](a.jpg)\n", "![x](../m/1.jpg)![x](../m/2.jpg)\n"), None);
    }
}
