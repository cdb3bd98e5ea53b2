//! Entities of the document type declaration. Programs that draw write namespaces with them; an attacker writes text that
//! expands to gigabytes, which the XML parser holds (XML 1.0, section 4.4).

use crate::media::error::MediaError;

/// How many letters entities may expand to, besides the document itself.
const MAX_EXPANDED: u64 = 1 << 20;

/// Refuses a document whose entities use each other, or expand to too much text.
pub(super) fn check(text: &str) -> Result<(), MediaError> {
    let mut longest = 0;
    for declaration in text.split("<!ENTITY").skip(1) {
        let value = quoted(declaration);
        if value.match_indices('&').any(|(at, _)| !value[at + 1..].starts_with('#')) {
            return Err(MediaError::damaged("entities that use each other"));
        }
        longest = longest.max(value.len() as u64);
    }
    let expanded = longest.saturating_mul(memchr::memchr_iter(b'&', text.as_bytes()).count() as u64);
    if expanded > MAX_EXPANDED { Err(MediaError::over("letters of entities", expanded, MAX_EXPANDED)) } else { Ok(()) }
}

/// The first quoted text of a declaration: its value, or the name of a file that is never read.
fn quoted(declaration: &str) -> &str {
    let Some(start) = declaration.find(['"', '\'']) else { return "" };
    let (quote, value) = declaration[start..].split_at(1);
    value.split(quote).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_read_and_bombs_are_not() {
        let document = |value: &str, uses: usize| format!("<!DOCTYPE svg [<!ENTITY a {value}>]>{}", "&a;".repeat(uses));
        assert_eq!(check(&document("\"http://www.w3.org/2000/svg\"", 100)), Ok(()));
        assert_eq!(check(&document("'&#38;#60;'", 2)), Ok(()));
        assert_eq!(check("<svg>&amp;&lt;</svg>"), Ok(()));
        let long = format!("'{}'", "x".repeat(60_000));
        assert!(matches!(check(&document(&long, 20_000)), Err(MediaError::OverLimit { .. })));
        for value in ["'&b;&b;'", "'>&b;'", "\"'&#38;&b;\""] {
            assert!(matches!(check(&document(value, 1)), Err(MediaError::Damaged(_))), "{value}");
        }
    }
}
