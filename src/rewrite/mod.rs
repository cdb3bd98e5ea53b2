//! References and local links → the mirrored article, by splicing, and back.
//!
//! Nothing here depends on a format: extraction records which bytes spell each reference, and local links need no
//! escaping in any format, because their characters are syntax in none. Whether the rest of the article keeps its
//! meaning is checked: [`rewrite`] extracts the mirror again.

mod ascii;
mod delimiters;
mod edits;
mod markup;
mod plan;
mod splice;
mod surroundings;
mod target;
mod verified;
mod wrap;

pub use delimiters::closing_delimiter;
pub(crate) use delimiters::link_in;
pub use plan::plan;
pub use splice::{ChangedMirror, places, splice, unsplice};
pub(crate) use surroundings::names_its_host;
pub use target::{Article, LocalLink, Target};
pub use verified::{Rewritten, rewrite};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Lazy;
    use crate::extract::{ExtractOptions, extract};
    use crate::model::{Edit, Format, Reference, ReferenceKind};

    fn planned(original: &[u8], lazy: Lazy) -> Vec<Edit> {
        let mut number = 0;
        planned_with(original, lazy, |reference| {
            number += usize::from(reference.kind != ReferenceKind::Base);
            (!reference.raw.contains("gone")).then(|| format!("../m/{number}.jpg"))
        })
    }

    fn planned_with(original: &[u8], lazy: Lazy, mut link: impl FnMut(&Reference) -> Option<String>) -> Vec<Edit> {
        let options = ExtractOptions::default();
        let found = extract(original, Format::Html, &options);
        let link = |found: &Reference| Target::new(found, link(found).map(LocalLink::from));
        let targets: Vec<_> = found.references.iter().map(link).collect();
        let article = Article { bytes: original, format: Format::Html, encoding: found.encoding, options: &options };
        plan(&article, lazy, &targets)
    }

    fn check(original: &str, mirror: &str) {
        let edits = planned(original.as_bytes(), Lazy::Reveal);
        let spliced = splice(original.as_bytes(), &edits);
        assert_eq!(String::from_utf8_lossy(&spliced), mirror);
        assert_eq!(unsplice(&spliced, &edits).as_deref(), Ok(original.as_bytes()));
        for (edit, place) in edits.iter().zip(places(&edits)) {
            assert_eq!(place.of(&spliced), edit.replacement);
        }
    }

    #[test]
    fn links_take_the_place_of_references_and_of_nothing_else() {
        check("<p>a", "<p>a");
        check("<img src = ' a.jpg '>", "<img src = ' ../m/1.jpg '>");
        check("<img src=a.jpg><img src='b&amp;c'>", "<img src=../m/1.jpg><img src='../m/2.jpg'>");
        check("<img srcset='a 1x,b, c 3x'>", "<img srcset='../m/1.jpg 1x,../m/2.jpg, ../m/3.jpg 3x'>");
        check("<p style=a:url(b\\)c)>", "<p style=a:url(../m/1.jpg)>");
        check("<use href='a.svg#b'/><img src=gone.jpg>", "<use href='../m/1.jpg#b'/><img src=gone.jpg>");
    }

    #[test]
    fn one_url_that_starts_another_does_not_disturb_it() {
        check("<img src='a?h=5'><img src='a?h=5&r=1'>a?h=5", "<img src='../m/1.jpg'><img src='../m/2.jpg'>a?h=5");
    }

    #[test]
    fn lazy_images_show() {
        check("<img data-src=a.jpg>", "<img data-src=../m/1.jpg src=\"../m/1.jpg\">");
        check("<img data-src='a.jpg'alt>", "<img data-src='../m/1.jpg' src=\"../m/1.jpg\"alt>");
        check("<img src='' data-src=a.jpg>", "<img src='../m/1.jpg' data-src=../m/1.jpg>");
        check("<img src=spin.gif data-src=a.jpg>", "<img src=../m/2.jpg data-src=../m/2.jpg>");
        check("<img src=spin.gif data-src=gone.jpg>", "<img src=../m/1.jpg data-src=gone.jpg>");
        check("<img src data-src=a.jpg>", "<img  src=\"../m/1.jpg\"src data-src=../m/1.jpg>");
        check(
            "<img src=a.jpg srcset='x.gif 1x, y.gif 2x' data-srcset='b.jpg 2x'>",
            "<img src=../m/1.jpg srcset='../m/4.jpg' data-srcset='../m/4.jpg 2x'>",
        );
    }

    #[test]
    fn lazy_images_can_be_left_to_their_script() {
        let original = b"<img src='' data-src=a.jpg>";
        let mirror = splice(original, &planned(original, Lazy::Keep));
        assert_eq!(mirror, b"<img src='' data-src=../m/1.jpg>");
    }

    #[test]
    fn a_base_is_made_neutral_if_a_link_is_local() {
        check("<base href='https://a.example/b/'><img src=c>", "<base href='#'><img src=../m/1.jpg>");
        check("<base href='https://a.example/b/'><img src=gone>", "<base href='https://a.example/b/'><img src=gone>");
    }

    #[test]
    fn links_are_written_in_the_files_encoding() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let original = [b"\xfe\xff".as_slice(), &utf16("<p>下<img data-src='ü.jpg'>")].concat();
        let edits = planned(&original, Lazy::Reveal);
        let expected = [b"\xfe\xff".as_slice(), &utf16("<p>下<img data-src='../m/1.jpg' src=\"../m/1.jpg\">")].concat();
        assert_eq!(splice(&original, &edits), expected);
        assert_eq!(unsplice(&expected, &edits), Ok(original));

        let original = b"<meta charset=gbk>\xc4\xe3<img src=\xc4\xe3.jpg>\xc4\xe3";
        let mirror = splice(original, &planned(original, Lazy::Reveal));
        assert_eq!(mirror, b"<meta charset=gbk>\xc4\xe3<img src=../m/1.jpg>\xc4\xe3");
    }

    #[test]
    fn a_changed_mirror_is_not_taken_for_the_original() {
        let original = b"<img src=a.jpg><img src=b.jpg>";
        let edits = planned(original, Lazy::Reveal);
        let mirror = splice(original, &edits);
        let place = places(&edits)[1];
        let mut retouched = mirror.clone();
        retouched[place.start] = b'x';
        assert_eq!(unsplice(&retouched, &edits), Err(ChangedMirror { at: place.start }));
        assert!(unsplice(&mirror[1..], &edits).is_err());
        assert!(unsplice(&mirror[..place.end - 1], &edits).is_err());
        assert!(unsplice(b"", &edits).is_err());
    }

    #[test]
    fn links_that_would_need_escaping_are_not_written() {
        for link in ["", "a b", "a'", "ä", "a)", "a,", "a&b"] {
            assert_eq!(planned_with(b"<img src=a>", Lazy::Keep, |_| Some(link.into())), []);
        }
    }
}
