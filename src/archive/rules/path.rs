//! Which paths name one file.

use icu_normalizer::ComposingNormalizerBorrowed;

/// What two paths have in common that some file system takes for one: exFAT, NTFS and APFS do not distinguish upper from lower
/// case, and APFS not composed from decomposed letters.
pub fn path_key(path: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(path).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_a_file_system_takes_for_one_have_one_key() {
        assert_eq!(path_key("新闻/Éa.MD"), path_key("新闻/e\u{301}A.md"));
        assert_ne!(path_key("a.md"), path_key("b.md"));
    }
}
