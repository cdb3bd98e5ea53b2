//! How many attributes one element has. Each is compared with all before it.

use crate::media::decode::limits::check as check_limit;
use crate::media::error::MediaError;

/// The most attributes. Drawings have a few dozen.
const MOST: u64 = 1000;

/// Refuses a document with a tag of too many attributes, before it is parsed. `<` stands in no value of an attribute (XML
/// 1.0, section 3.1), so that each part after one is a tag at most.
pub(super) fn check(text: &str) -> Result<(), MediaError> {
    let tags = text.split('<').skip(1).filter(|tag| !tag.starts_with(['!', '?', '/']));
    tags.map(count).try_for_each(|count| check_limit("attributes of an element", count, MOST))
}

/// The equals signs of a tag that stand outside of quotes.
fn count(tag: &str) -> u64 {
    let mut quote = None;
    let mut count = 0;
    for byte in tag.bytes() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => count += 1,
            (None, b'>') => break,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_bounds_and_texts_have_none() {
        let many = "a=\"\" ".repeat(1001);
        let few = "a='=\"=' ".repeat(1000);
        for no in
            [format!("<svg {many}/>"), format!("<svg><g/><g\n{many}></g></svg>"), format!("<!ENTITY e '<g {many}/>'>")]
        {
            assert!(matches!(check(&no), Err(MediaError::OverLimit { .. })), "{no:.20}");
        }
        let text = "x = 1 > 2; ".repeat(2000);
        for yes in
            [format!("<svg {few}/>"), format!("<svg><style>{text}</style></svg>"), format!("<!-- {text} --><svg/>")]
        {
            assert_eq!(check(&yes), Ok(()), "{yes:.20}");
        }
    }
}
