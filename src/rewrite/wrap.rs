//! Links to the full images, around smaller ones in the text.

use std::collections::HashSet;

use encoding_rs::Encoding;

use super::ascii::{needs_no_escape, written};
use super::edits::edit;
use super::target::Target;
use crate::model::{Edit, LinkWrap, Span};

/// The edits that put links to the full images around images that show smaller ones.
pub(super) fn links_to_full(original: &[u8], encoding: &'static Encoding, targets: &[Target]) -> Vec<Edit> {
    let mut wrapped = HashSet::new();
    let mut edits = Vec::new();
    for target in targets {
        let Some(LinkWrap::Html(element, _) | LinkWrap::Markdown(element)) = target.place.link_wrap else { continue };
        let full = target.link.as_ref().and_then(|link| link.full.as_deref());
        let Some(link) = full.filter(|link| needs_no_escape(link)) else { continue };
        let apart = ![element.start, element.end].iter().any(|at| is_within_one(targets, *at));
        if apart && wrapped.insert(element) {
            let (before, after) = around(original, target.place.link_wrap, link, encoding);
            edits.push(edit(original, Span::at(element.start), before));
            edits.push(edit(original, Span::at(element.end), after));
        }
    }
    edits
}

/// Whether a byte is within a reference, which are in order: where an image of Markdown is the value of a shortcode, the
/// value is one too.
fn is_within_one(targets: &[Target], at: usize) -> bool {
    let next = targets.partition_point(|target| target.place.span.end <= at);
    targets.get(next).is_some_and(|target| target.place.span.start < at)
}

/// What goes before and after an image so that it is in a link.
fn around(original: &[u8], link_wrap: Option<LinkWrap>, link: &str, encoding: &'static Encoding) -> (Vec<u8>, Vec<u8>) {
    match link_wrap {
        Some(LinkWrap::Markdown(_)) => (written("[", encoding), written(&format!("]({link})"), encoding)),
        Some(LinkWrap::Html(_, Some(start_of_line))) => {
            let opening = written(&format!("<a href=\"{link}\">\n"), encoding);
            ([&opening, start_of_line.of(original)].concat(), written("</a>", encoding))
        }
        _ => (written(&format!("<a href=\"{link}\">"), encoding), written("</a>", encoding)),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Lazy;
    use crate::extract::{ExtractOptions, extract};
    use crate::model::{Edit, Format, Reference};
    use crate::rewrite::{Article, LocalLink, Target, plan, splice, unsplice};

    fn edits(original: &[u8], format: Format) -> Vec<Edit> {
        let options = ExtractOptions::default();
        let found = extract(original, format, &options);
        let shown = |reference: &Reference| if reference.link_wrap.is_some() { "s.jpg" } else { "f.jpg" }.to_owned();
        let link = |reference: &Reference| LocalLink { shown: shown(reference), full: Some("f.jpg".to_owned()) };
        let targets: Vec<_> = found.references.iter().map(|found| Target::new(found, Some(link(found)))).collect();
        let article = Article { bytes: original, format, encoding: found.encoding, options: &options };
        plan(&article, Lazy::Reveal, &targets)
    }

    fn mirror(original: &str, format: Format) -> String {
        let edits = edits(original.as_bytes(), format);
        let mirror = splice(original.as_bytes(), &edits);
        assert_eq!(unsplice(&mirror, &edits).as_deref(), Ok(original.as_bytes()));
        String::from_utf8(mirror).unwrap()
    }

    fn html(original: &str, expected: &str) {
        assert_eq!(mirror(original, Format::Html), expected);
        // Everything is in a link now: a second pass finds no place for another.
        let again = mirror(expected, Format::Html);
        assert_eq!(again.matches("<a ").count(), expected.matches("<a ").count(), "{again}");
    }

    #[test]
    fn an_image_gets_a_link_around_it() {
        html("<p><img alt='>' src=a.jpg>", "<p><a href=\"f.jpg\"><img alt='>' src=s.jpg></a>");
        html(
            "<img src=a.jpg><IMG src=b.jpg/>",
            "<a href=\"f.jpg\"><img src=s.jpg></a><a href=\"f.jpg\"><IMG src=s.jpg></a>",
        );
        html("<img src=a.jpg alt='1' alt='2>'>", "<a href=\"f.jpg\"><img src=s.jpg alt='1' alt='2>'></a>");
        html(
            "<img src=a.jpg srcset='a.jpg 1x, b.jpg 2x'>",
            "<a href=\"f.jpg\"><img src=s.jpg srcset='s.jpg 1x, s.jpg 2x'></a>",
        );
        html("<img data-src=a.jpg>", "<a href=\"f.jpg\"><img data-src=s.jpg src=\"s.jpg\"></a>");
        html(
            "<picture><source srcset=a.webp><img src=a.jpg></picture>",
            "<a href=\"f.jpg\"><picture><source srcset=s.jpg><img src=s.jpg></picture></a>",
        );
    }

    #[test]
    fn an_image_in_a_link_shows_the_thumbnail_and_the_link_stays() {
        html("<a href=/page><img src=a.jpg></a>", "<a href=/page><img src=s.jpg></a>");
        html("<a href=full.jpg><b><img src=a.jpg></b></a>", "<a href=f.jpg><b><img src=s.jpg></b></a>");
        html("<a href=/page>x<p><img src=a.jpg>", "<a href=/page>x<p><img src=s.jpg>");
        html(
            "<a href=/1>x<a href=/2>y</a><img src=a.jpg>",
            "<a href=/1>x<a href=/2>y</a><a href=\"f.jpg\"><img src=s.jpg></a>",
        );
    }

    #[test]
    fn what_takes_no_link_stays_in_full() {
        html("<a name=top><img src=a.jpg></a>", "<a name=top><img src=f.jpg></a>");
        html("<img src=a.jpg usemap='#m'>", "<img src=f.jpg usemap='#m'>");
        html("<p style='background:url(a.jpg)'>", "<p style='background:url(f.jpg)'>");
        html(
            "<video poster=a.jpg></video><input type=image src=b.jpg>",
            "<video poster=f.jpg></video><input type=image src=f.jpg>",
        );
        html("<svg><image href=a.jpg /></svg>", "<svg><image href=f.jpg /></svg>");
    }

    #[test]
    fn links_are_written_in_the_files_encoding() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let original = [b"\xff\xfe".as_slice(), &utf16("<p>下<img src='ü.jpg'>")].concat();
        let edits = edits(&original, Format::Html);
        let expected = [b"\xff\xfe".as_slice(), &utf16("<p>下<a href=\"f.jpg\"><img src='s.jpg'></a>")].concat();
        assert_eq!(splice(&original, &edits), expected);
        assert_eq!(unsplice(&expected, &edits), Ok(original));
    }

    fn page(markdown: &str) -> String {
        let mut page = String::new();
        let options = pulldown_cmark::Options::ENABLE_TABLES;
        pulldown_cmark::html::push_html(&mut page, pulldown_cmark::Parser::new_ext(markdown, options));
        page
    }

    /// The mirror is `expected`, and its page is that of the original except for links and URLs.
    fn markdown(original: &str, expected: &str) {
        let mirror = mirror(original, Format::Markdown);
        assert_eq!(mirror, expected);
        let bare = |page: &str| {
            let unlinked = page.replace("<a href=\"f.jpg\">\n", "").replace("<a href=\"f.jpg\">", "");
            unlinked.replace("s.jpg", "f.jpg").replace("</a>", "")
        };
        let addresses = ["a.jpg", "b.jpg"].into_iter().fold(page(original), |page, name| page.replace(name, "f.jpg"));
        assert_eq!(bare(&page(&mirror)), bare(&addresses), "{mirror}");
    }

    #[test]
    fn an_image_of_markdown_gets_a_link_around_it() {
        markdown("x ![A *b*](a.jpg 't') y\n", "x [![A *b*](s.jpg 't')](f.jpg) y\n");
        markdown("- ![](<a.jpg>)![](b.jpg)\n", "- [![](<s.jpg>)](f.jpg)[![](s.jpg)](f.jpg)\n");
        markdown("|h|\n|-|\n|![](a.jpg)|\n", "|h|\n|-|\n|[![](s.jpg)](f.jpg)|\n");
        markdown("> # ![](a.jpg)\n", "> # [![](s.jpg)](f.jpg)\n");
        markdown("[![](a.jpg)](/page)\n", "[![](s.jpg)](/page)\n");
        markdown("[下](x) ![下](a.jpg)\n", "[下](x) [![下](s.jpg)](f.jpg)\n");
        markdown("[x ![](a.jpg)](b.jpg)\n", "[x ![](s.jpg)](f.jpg)\n");
    }

    #[test]
    fn where_markdown_would_be_read_otherwise_the_image_stays_in_full() {
        for (original, expected) in [
            ("wow!![](a.jpg)\n", "wow!![](f.jpg)\n"),
            ("![](a.jpg){width=9}\n", "![](f.jpg){width=9}\n"),
            ("![x [y](z)](a.jpg)\n", "![x [y](z)](f.jpg)\n"),
            ("![x][1] [y][1]\n\n[1]: a.jpg\n", "![x][1] [y][1]\n\n[1]: f.jpg\n"),
            ("- <img src=a.jpg>\n", "- <img src=f.jpg>\n"),
        ] {
            markdown(original, expected);
        }
    }

    #[test]
    fn a_block_of_html_in_markdown_stays_one() {
        markdown("<img src=a.jpg>\n*x*\n\n*y*\n", "<a href=\"f.jpg\">\n<img src=s.jpg></a>\n*x*\n\n*y*\n");
        markdown("> <img src=a.jpg>\n> *x*\n", "> <a href=\"f.jpg\">\n> <img src=s.jpg></a>\n> *x*\n");
        markdown("- x\n\n  <img src=a.jpg>\n  *x*\n", "- x\n\n  <a href=\"f.jpg\">\n  <img src=s.jpg></a>\n  *x*\n");
        markdown("*x* <img src=a.jpg> *y*\n", "*x* <a href=\"f.jpg\"><img src=s.jpg></a> *y*\n");
        markdown("<p>\n<img src=a.jpg>\n*x*\n", "<p>\n<a href=\"f.jpg\"><img src=s.jpg></a>\n*x*\n");
        markdown("[<img src=a.jpg>](/page) x\n", "[<img src=s.jpg>](/page) x\n");
        markdown("<a href=/page>![](a.jpg)</a> x\n", "<a href=/page>![](s.jpg)</a> x\n");
    }
}
