//! Which paths name one file.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The common form of paths that some file system treats as one: exFAT, NTFS and APFS do not distinguish upper from
/// lower case, and APFS does not distinguish composed from decomposed letters.
pub fn path_key(path: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(path).chars().map(folded).collect()
}

/// A letter in one case. File systems compare letter by letter, by tables of single letters: `ς` and `σ` are equal,
/// since both are `Σ` in capitals, and `ß` is not `ss`.
fn folded(letter: char) -> char {
    let upper = only(letter.to_uppercase()).unwrap_or(letter);
    only(upper.to_lowercase()).unwrap_or(upper)
}

/// The letter of a mapping to one letter.
fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_a_file_system_takes_for_one_have_one_key() {
        assert_eq!(path_key("新闻/Éa.MD"), path_key("新闻/e\u{301}A.md"));
        assert_ne!(path_key("a.md"), path_key("b.md"));
        for (one, other) in [("STRASSE.md", "strasse.md"), ("ΣΑΣ.md", "σας.md"), ("σασ.md", "σας.md"), ("ǅ.md", "ǆ.md")]
        {
            assert_eq!(path_key(one), path_key(other), "{one}");
        }
        for (one, other) in [("ß.md", "ss.md"), ("ｆ.md", "f.md"), ("a/b.md", "ab.md")] {
            assert_ne!(path_key(one), path_key(other), "{one}: no file system takes these for one");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_key_is_its_own_key_and_that_of_every_spelling(path in "[a-zA-ZäÄéÉ\u{301}ßŁł漢/._-]{0,20}") {
            let key = path_key(&path);
            let decomposed = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&path).into_owned();
            proptest::prop_assert_eq!(&path_key(&key), &key);
            proptest::prop_assert_eq!(&path_key(&decomposed), &key);
            let other: String = path.chars().map(folded).collect();
            proptest::prop_assert_eq!(&path_key(&other), &key);
        }
    }
}
