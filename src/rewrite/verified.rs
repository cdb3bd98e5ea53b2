//! Rewrites an article and checks the mirror before it is written: extracted again, it must have the local links where
//! they were written, every other reference where it was, and nothing else.
//!
//! Replacing a URL can change how the following text parses, because the URL contains characters that are syntax there:
//! a code fence, a quote, a brace. Such a reference stays as it was. It is found by bisection: it is the last one of
//! the shortest run of links, from the start of the article, that fails the check.

use std::cell::OnceCell;
use std::collections::HashSet;

use encoding_rs::Encoding;

use super::delimiters::link_in;
use super::edits::is_filled;
use super::markup::TextAround;
use super::plan::{plan, revealed};
use super::splice::{places, splice};
use super::target::{Article, LocalLink, Target};
use super::{markup, surroundings};
use crate::config::Lazy;
use crate::extract::{ExtractOptions, Extraction, depends_on_encoding, early_declarations, ends_early, extract};
use crate::model::{Edit, Format, Reference, ReferenceKind, ReferencePlace, Reveal, Span};

/// How many such references of one article are found. Finding one takes as many extractions of the article as its
/// number of references has binary digits. An article with more of them stays unchanged.
const MAX_LEFT_REMOTE: usize = 4;

/// An article made local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The edits that were made: ordered, disjoint, none without effect.
    pub edits: Vec<Edit>,
    /// The mirror: the article with them.
    pub mirror: Vec<u8>,
    /// References with a link that stay as they were, in order: with the link, something else would be read
    /// differently.
    pub left_remote: Vec<Span>,
}

impl Rewritten {
    /// Whether something else stands in the place of a span of the original.
    pub fn writes_over(&self, span: Span) -> bool {
        is_filled(span, &self.edits)
    }
}

/// Writes local links into an article as [`plan`] does, except those that would change what else it shows.
///
/// `targets` are all references of the article in the order of their spans, as extraction found them or as they were
/// recorded then.
pub fn rewrite(article: &Article<'_>, lazy: Lazy, mut targets: Vec<Target>) -> Rewritten {
    let mut left_remote = leave_markup(article, lazy, &mut targets);
    let linked = (0..targets.len()).filter(|at| has_link(&targets[*at])).collect();
    let mut attempts =
        Attempts { article, lazy, targets, linked, left_out: OnceCell::new(), declarations: OnceCell::new() };
    let (mut proven, mut singled_out) = (0, 0);
    loop {
        let whole = attempts.with(attempts.linked.len());
        let proof = attempts.prove(&whole);
        if proof == Proof::Holds {
            // Where the link of a lazy image takes the place of another address, that one is not there any more.
            let shown = attempts.shown_over(&whole.edits);
            left_remote.retain(|span| !is_filled(*span, &shown));
            left_remote.sort_unstable();
            return Rewritten { left_remote, ..whole };
        }
        if proof == Proof::TooMany {
            attempts.leave_all(&mut left_remote);
            continue;
        }
        proven = attempts.first_wrong(proven);
        left_remote.push(attempts.leave(proven));
        singled_out += 1;
        if singled_out > MAX_LEFT_REMOTE {
            attempts.leave_all(&mut left_remote);
        }
    }
}

/// Takes the links off images that would be written over what may be read as markup, and all links of an article with a base
/// that cannot be made neutral. Returns where they are.
fn leave_markup(article: &Article<'_>, lazy: Lazy, targets: &mut [Target]) -> Vec<Span> {
    let text = TextAround::new(article);
    // Any link makes the base neutral, so that it leads nowhere else.
    let mut bases = targets.iter().filter(|target| target.place.kind == ReferenceKind::Base);
    let in_base = bases.any(|base| {
        let is_neutral = || surroundings::can_be_neutral(article.bytes, article.encoding, base, targets);
        text.depends_on(base.place.span) || !is_neutral()
    });
    let is_left = |place: &ReferencePlace| {
        let shown = place.reveal.filter(|_| lazy == Lazy::Reveal);
        let over = matches!(shown, Some(Reveal::Replace(value)) if text.depends_on(value));
        in_base || over || text.depends_on(place.span)
    };
    let links = targets.iter_mut().filter(|target| has_link(target));
    let left = links.filter(|target| is_left(&target.place));
    left.map(|target| {
        target.link = None;
        target.place.span
    })
    .collect()
}

/// Whether a link is to be written in the place of a reference.
fn has_link(target: &Target) -> bool {
    target.link.is_some() && target.place.kind.takes_link()
}

/// What came of checking a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// It shows what it should.
    Holds,
    /// It does not.
    Fails,
    /// It has more references than are read, other than the article: lazy images stand in two places. To search for
    /// those to blame would take long, and end with none of the links.
    TooMany,
}

/// The links that are tried, and the article that they are for.
struct Attempts<'a> {
    article: &'a Article<'a>,
    lazy: Lazy,
    targets: Vec<Target>,
    /// Which targets have a link.
    linked: Vec<usize>,
    /// How many references of the article were not read, once that was asked.
    left_out: OnceCell<usize>,
    /// The early declarations of the article's encoding, where its text depends on it, once that was asked.
    declarations: OnceCell<Option<Vec<Span>>>,
}

impl Attempts<'_> {
    /// Removes the link of the target with this index among those that have one.
    fn leave(&mut self, at: usize) -> Span {
        let target = &mut self.targets[self.linked.remove(at)];
        target.link = None;
        target.place.span
    }

    /// Removes all links.
    fn leave_all(&mut self, left_remote: &mut Vec<Span>) {
        while let Some(last) = self.linked.len().checked_sub(1) {
            left_remote.push(self.leave(last));
        }
    }

    /// The article with its first links.
    fn with(&self, count: usize) -> Rewritten {
        let mut targets = self.targets.clone();
        for at in &self.linked[count..] {
            targets[*at].link = None;
        }
        let edits = plan(self.article, self.lazy, &targets);
        let mirror = splice(self.article.bytes, &edits);
        Rewritten { edits, mirror, left_remote: Vec::new() }
    }

    /// The edits among those made that write the link of a lazy image over another address. The others that change an
    /// address only make it absolute.
    fn shown_over(&self, made: &[Edit]) -> Vec<Edit> {
        let mut revealed = revealed(self.article, self.lazy, &self.targets);
        revealed.retain(|edit| made.binary_search_by_key(&edit.span, |made| made.span).is_ok());
        revealed
    }

    /// Which link makes the mirror fail the check. All links together do, and the first `proven` ones do not.
    fn first_wrong(&self, proven: usize) -> usize {
        let (mut right, mut wrong) = (proven, self.linked.len());
        while wrong - right > 1 {
            let middle = right.midpoint(wrong);
            if self.prove(&self.with(middle)) == Proof::Holds { right = middle } else { wrong = middle }
        }
        right
    }

    /// Whether the mirror shows what it should: each remaining reference in its new place, each link where it was
    /// written, nothing else, and nothing that mirroring it again would change.
    fn prove(&self, attempt: &Rewritten) -> Proof {
        let Article { format, encoding, options, .. } = *self.article;
        let Rewritten { edits, mirror, .. } = attempt;
        if edits.is_empty() {
            return Proof::Holds;
        }
        let options = ExtractOptions { local_links: self.local_links(), ..options.clone() };
        let found = extract(mirror, format, &options);
        let expected = expected(&self.targets, edits, encoding);
        let is_local = |found: &&Reference| options.local_links.contains(&found.raw);
        let link = |found: &Reference| Some(found).filter(is_local).map(|found| LocalLink::from(found.raw.clone()));
        let again: Vec<_> = found.references.iter().map(|found| Target::new(found, link(found))).collect();
        let article = Article { bytes: mirror, format, encoding: found.encoding, options: &options };
        let holds = reads_alike(mirror, found.encoding, encoding)
            && again.iter().map(|target| target.place.span).eq(expected)
            && plan(&article, self.lazy, &again).is_empty()
            && !self.runs_more(attempt)
            && self.is_declared_alike(attempt);
        match holds {
            true => Proof::Holds,
            false if self.lacks(&found) => Proof::TooMany,
            false => Proof::Fails,
        }
    }

    /// Whether the links leave each declaration of the encoding where a browser looks for it as before, or bring none there: one
    /// that only the mirror obeys may make a tag of a text.
    fn is_declared_alike(&self, Rewritten { edits, mirror, .. }: &Rewritten) -> bool {
        let Article { bytes, format, .. } = *self.article;
        let matters = || format == Format::Html && depends_on_encoding(bytes);
        let declared = self.declarations.get_or_init(|| matters().then(|| early_declarations(bytes)));
        let Some(declared) = declared else { return true };
        let places = places(edits);
        let moved = |span: &Span| Some((shifted(*span, edits, &places)?, ends_early(*span)));
        let found = early_declarations(mirror).into_iter().map(|span| Some((span, ends_early(span))));
        declared.iter().map(moved).eq(found)
    }

    /// Whether a mirror of Markdown in which something was inserted runs what the article does not.
    fn runs_more(&self, Rewritten { edits, mirror, .. }: &Rewritten) -> bool {
        let Article { bytes, format, encoding, .. } = *self.article;
        let text = |bytes| encoding.decode_without_bom_handling(bytes).0;
        let is_read = format == Format::Markdown && edits.iter().any(|edit| edit.raw.is_empty());
        is_read && mirror.contains(&b'<') && markup::runs_more(&text(bytes), &text(mirror))
    }

    /// Whether more references of the mirror were not read than of the article.
    fn lacks(&self, found: &Extraction) -> bool {
        let Article { bytes, format, options, .. } = *self.article;
        let left_out = || *self.left_out.get_or_init(|| extract(bytes, format, options).left_out);
        found.left_out > 0 && found.left_out > left_out()
    }

    fn local_links(&self) -> HashSet<String> {
        let links = self.linked.iter().filter_map(|at| self.targets[*at].link.as_ref());
        links.flat_map(|link| [Some(&link.shown), link.full.as_ref()]).flatten().cloned().collect()
    }
}

/// Whether a mirror decodes to the same text in both encodings: an encoding that is declared nowhere is guessed, and a
/// URL can hold the only bytes by which it was guessed.
fn reads_alike(mirror: &[u8], one: &'static Encoding, other: &'static Encoding) -> bool {
    one == other || one.decode_without_bom_handling(mirror).0 == other.decode_without_bom_handling(mirror).0
}

/// Where references must stand in the mirror, in order.
fn expected(targets: &[Target], edits: &[Edit], encoding: &'static Encoding) -> Vec<Span> {
    let places = places(edits);
    let written = edits.iter().zip(&places).filter_map(|(edit, place)| {
        let link = link_in(&edit.replacement, edit.raw.is_empty(), encoding)?;
        Some(Span::new(place.start + link.start, place.start + link.end))
    });
    let left = targets.iter().filter_map(|target| shifted(target.place.span, edits, &places));
    let mut expected: Vec<_> = written.chain(left).collect();
    expected.sort_unstable();
    expected
}

/// Where a span of the original is in the mirror; `None` for one that an edit replaces.
fn shifted(span: Span, edits: &[Edit], places: &[Span]) -> Option<Span> {
    let before = edits.partition_point(|edit| edit.span.end <= span.start);
    if edits.get(before).is_some_and(|edit| edit.span.start < span.end) {
        return None;
    }
    let Some(last) = before.checked_sub(1) else { return Some(span) };
    let shift = |at: usize| places[last].end + (at - edits[last].span.end);
    Some(Span::new(shift(span.start), shift(span.end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(article: &str) -> Rewritten {
        let options = ExtractOptions::default();
        let found = extract(article.as_bytes(), Format::Markdown, &options);
        let article = Article {
            bytes: article.as_bytes(),
            format: Format::Markdown,
            encoding: found.encoding,
            options: &options,
        };
        let link = |found: &Reference| (found.raw != "gone.jpg").then(|| "../m/1.jpg".to_owned().into());
        rewrite(&article, Lazy::Reveal, found.references.iter().map(|found| Target::new(found, link(found))).collect())
    }

    /// A page in which the tag comes so many bytes after its start with the address, and so many with the link.
    fn declared(before: &str, tag: &str, text: &[u8], [with_address, with_link]: [usize; 2]) -> [Vec<u8>; 2] {
        let link = "../m/1.jpg";
        let rest = "=".repeat(with_link - before.len() - "<img src=''>".len() - link.len());
        let page = |url: &str| format!("{before}<img src='{url}'>{rest}{tag}").into_bytes();
        let address = format!("http://h/{}", "a".repeat(with_address - with_link + link.len() - 9));
        [page(&address), page(link)].map(|page| [&page, text].concat())
    }

    /// The mirror of a page of HTML in which every reference gets the same link.
    fn page_with_links(page: &[u8]) -> Vec<u8> {
        let options = ExtractOptions::default();
        let found = extract(page, Format::Html, &options);
        let article = Article { bytes: page, format: Format::Html, encoding: found.encoding, options: &options };
        let targets = found.references.iter().map(|found| Target::new(found, Some("../m/1.jpg".to_owned().into())));
        rewrite(&article, Lazy::Reveal, targets.collect()).mirror
    }

    #[test]
    fn no_link_moves_a_declaration_to_where_a_browser_obeys_it() {
        let shifted: &[u8] = b"<p title=\"\x1b$B\" onclick=alert(1) \x1b(B\">";
        let (tag, other) = ("<meta charset=iso-2022-jp>", "<style>/*<meta charset=utf-8>*/</style>");
        for (before, text, places, is_left) in [
            ("", shifted, [1100, 900], true),
            ("", shifted, [1020, 900], true),
            ("", shifted, [1300, 1100], false),
            ("", shifted, [900, 700], false),
            ("", b"<p>plain", [1100, 900], false),
            (other, shifted, [1100, 900], true),
            (other, shifted, [900, 700], false),
        ] {
            let [original, linked] = declared(before, tag, text, places);
            let expected = if is_left { &original } else { &linked };
            assert!(page_with_links(&original) == *expected, "{before} {places:?}");
        }
        let in_address = "<style>a{b:url('http://h/<meta charset=gbk>')}</style>";
        let alone = [in_address.as_bytes(), shifted].concat();
        assert!(page_with_links(&alone) == alone);
        let [exchanged, _] = declared(in_address, tag, shifted, [1100, 900]);
        assert!(page_with_links(&exchanged) == exchanged);
    }

    #[test]
    fn no_address_that_may_end_an_open_value_of_markdown_is_replaced() {
        let open = "<div title='\n\nIMAGE\n\ny <b title=' onfocus=hit() tabindex=0 autofocus '>\n";
        for image in ["![a](http://h/1.png?'x)", "![a][b]\n\n[b]: http://h/1.png?'x", "![a](http://h/1.png?&apos;x)"] {
            let article = open.replace("IMAGE", image);
            let Rewritten { mirror, left_remote, .. } = rewritten(&article);
            assert_eq!((String::from_utf8_lossy(&mirror).as_ref(), left_remote.len()), (article.as_str(), 1));
        }
        assert_eq!(rewritten("it's ![a](http://h/1.png?'x) <b onclick=x>").edits.len(), 1);
    }

    /// Paragraphs in which the fence at the end of a URL makes code of what follows, and an image.
    fn fenced(count: usize) -> String {
        "{% img /a``` %} x {% img /b``` %}\n\n".repeat(count) + "![](c.jpg)"
    }

    #[test]
    fn what_is_proven_is_written_whole() {
        let Rewritten { edits, mirror, left_remote } = rewritten("![](a.jpg) ![](gone.jpg) <img data-src=\"b.jpg\">");
        let shown = "![](../m/1.jpg) ![](gone.jpg) <img data-src=\"../m/1.jpg\" src=\"../m/1.jpg\">";
        assert_eq!((String::from_utf8_lossy(&mirror).as_ref(), edits.len()), (shown, 3));
        assert_eq!(left_remote, []);
    }

    #[test]
    fn the_references_that_change_what_is_shown_are_left_and_no_others() {
        let article = fenced(MAX_LEFT_REMOTE);
        let Rewritten { edits, mirror, left_remote } = rewritten(&article);
        assert_eq!(String::from_utf8_lossy(&mirror), article.replace("c.jpg", "../m/1.jpg"));
        assert_eq!((edits.len(), left_remote.len()), (1, MAX_LEFT_REMOTE));
        assert!(left_remote.iter().all(|span| span.of(article.as_bytes()) == b"/a```"), "{left_remote:?}");
    }

    /// Each part may end an element that holds text only, begin one, or carry a handler.
    #[test]
    fn no_address_that_may_be_read_as_a_tag_is_replaced() {
        const PARTS: [&str; 7] = ["a", "</xmp>", "<textarea>", "</title>", "<!--", "-->", "'\">"];
        let mut left = 0;
        for first in PARTS {
            for second in PARTS {
                let address = format!("http://h/1.png?{first}{second}");
                for (open, close) in [("<img src='", "'>"), ("<img src=\"", "\">"), ("![a](<", ">)"), ("![a](", ")")] {
                    let article =
                        format!("x <xmp> y {open}{address}{close} z <img alt='</xmp><img src=x onerror=alert(1)>'>\n");
                    let Rewritten { edits, left_remote, .. } = rewritten(&article);
                    let tag = edits.iter().find(|edit| edit.raw.contains(&b'<') || edit.raw.contains(&b'>'));
                    assert_eq!(tag, None, "{article}");
                    left += left_remote.len();
                }
            }
        }
        assert!(left > 50, "{left} were left remote");
        let seen = "x <xmp> y <img src='http://h/1.png?</xmp><textarea>' alt='</xmp><img src=x onerror=alert(1)>'>";
        assert!(rewritten(seen).mirror == seen.as_bytes());
        assert_eq!(rewritten("![](http://h/1.png?a&amp;b)").edits.len(), 1);
    }

    /// What a link is written over besides the address that it stands for may hold a tag as well.
    #[test]
    fn no_value_that_may_be_read_as_a_tag_is_written_over() {
        for (article, left) in [
            ("<img src='x<y.jpg' data-src=a.jpg>", 2),
            ("<img src='data:image/gif;base64,>' data-src=a.jpg>", 1),
            ("<img data-src=a.jpg src='>'>", 2),
            ("<img srcset='x.gif?< 1x, y.gif 2x' data-srcset='b.jpg 2x'>", 2),
            ("<img src=a.jpg srcset='data:,< 1x'>", 1),
            ("<picture><source data-srcset=a.webp><img src='data:,<b>'></picture>", 1),
            ("<base href='//h/<b>/'>\n\n![](a.jpg)", 1),
            ("![](a.jpg)\n</div>\n<base href=<b...\"\">c</source>", 1),
            ("<base href='<'><img src='>' data-src=a.jpg>\n\n![](b.jpg)", 3),
            ("---\nimage: a.jpg\n---\n<base href='>'>", 1),
        ] {
            let Rewritten { edits, mirror, left_remote } = rewritten(article);
            let of = |bytes: &[u8]| bytes.iter().filter(|byte| b"<>".contains(byte)).count();
            assert_eq!((of(&mirror), left_remote.len()), (of(article.as_bytes()), left), "{article}: {edits:?}");
        }
        assert_eq!(rewritten("<img src='x.jpg' data-src=a.jpg>").left_remote, []);
    }

    #[test]
    fn an_article_with_too_many_of_them_is_left_as_it_was() {
        let article = fenced(MAX_LEFT_REMOTE + 1);
        let Rewritten { edits, mirror, left_remote } = rewritten(&article);
        assert_eq!((edits, left_remote.len()), (Vec::new(), MAX_LEFT_REMOTE + 2));
        assert!(mirror == article.as_bytes());
    }

    #[test]
    fn an_article_whose_mirror_could_not_be_read_whole_is_left_as_it_was() {
        let article = (0..12_000).map(|number| format!("<img data-src={number}.jpg>\n\n")).collect::<Vec<_>>().concat();
        let Rewritten { edits, mirror, left_remote } = rewritten(&article);
        assert_eq!((edits, left_remote.len()), (Vec::new(), 12_000));
        assert!(mirror == article.as_bytes());
    }
}
