//! Links into an archive, in the text of mirrors.

use super::key::StoreKey;

/// The files of the archive that a text links to, relative to the archive's folder, whatever comes before them in the
/// link. Links are spelled with `[0-9a-z/._-]` only, so nothing in them is escaped, save for UTF-16, which is looked at
/// without its zeros.
pub fn linked_files(text: &[u8]) -> Vec<String> {
    let text: String = text.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let starts = ["blobs/sha256/", "thumbnails/"].into_iter().flat_map(|folder| text.match_indices(folder));
    let in_link = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '.' | '_' | '-');
    starts
        .map(|(start, _)| {
            let rest = &text[start..];
            rest[..rest.find(|c| !in_link(c)).unwrap_or(rest.len())].to_owned()
        })
        .filter(|file| file.rsplit('/').next().is_some_and(|name| name.len() > 64))
        .collect()
}

/// Whether a text links to an object of the archive.
pub fn links_to(text: &[u8], key: &StoreKey) -> bool {
    linked_files(text).contains(&key.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_behind_links_are_found_however_links_begin() {
        let name = "ab/".to_owned() + &"ab".repeat(32) + ".jpg";
        let (blob, small) = (format!("blobs/sha256/{name}"), format!("thumbnails/small/{name}"));
        let check = |text: &str, expected: &[&String]| {
            assert_eq!(linked_files(text.as_bytes()).iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check(&format!("../../{blob}"), &[&blob]);
        check(&format!(" src=\"/media/{small}\""), &[&small]);
        check(&format!("../{blob} 2x, ../{blob}"), &[&blob, &blob]);
        check("https://example.org/blobs/sha256/", &[]);
        let wide: Vec<u8> = blob.bytes().flat_map(|byte| [byte, 0]).collect();
        assert_eq!(linked_files(&wide), [blob]);
    }
}
