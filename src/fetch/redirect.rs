//! Where redirects lead.

use std::fmt::Write;

use url::Url;

use crate::model::{Failure, Reason};

/// The URL that a `Location` names. Its bytes may be in any encoding: those beyond ASCII are percent-encoded as they are.
pub(crate) fn target(from: &Url, location: &[u8], max_url_length: usize) -> Result<Url, Failure> {
    if max_url_length > 0 && location.len() > max_url_length {
        let detail = format!("the redirect leads to a URL longer than fetch.max_url_length ({max_url_length})");
        return Err(Failure::new(Reason::BadUrl, detail));
    }
    let bad = |error| Failure::new(Reason::BadUrl, format!("the redirect does not lead to a URL: {error}"));
    let mut url = from.join(&ascii(location)).map_err(bad)?;
    url.set_fragment(None);
    Ok(url)
}

fn ascii(location: &[u8]) -> String {
    location.iter().fold(String::with_capacity(location.len()), |mut text, byte| {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// Refuses a URL that was requested before in this chain, and one redirect too many.
pub(crate) fn check_chain(url: &Url, before: &[Url], max_redirects: usize) -> Result<(), Failure> {
    let refuse = |detail: String| Err(Failure::new(Reason::TooManyRedirects, detail));
    if before.contains(url) {
        return refuse(format!("the redirects lead back to {url}"));
    }
    if before.len() > max_redirects {
        return refuse(format!("there are more redirects than fetch.max_redirects ({max_redirects})"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(location: &[u8]) -> Result<String, Reason> {
        let from = Url::parse("https://a.example/b/c.jpg?d#e").unwrap();
        target(&from, location, 100).map(|url| url.to_string()).map_err(|failure| failure.reason)
    }

    #[test]
    fn a_location_is_read_whatever_its_encoding() {
        assert_eq!(lead(b"d.jpg#part").as_deref(), Ok("https://a.example/b/d.jpg"));
        assert_eq!(lead("/caf\u{e9}.jpg".as_bytes()).as_deref(), Ok("https://a.example/caf%C3%A9.jpg"));
        assert_eq!(lead(b"/caf\xe9.jpg").as_deref(), Ok("https://a.example/caf%E9.jpg"), "Latin-1");
        assert_eq!(
            lead(b"/\x8e\x8e.jpg?q=\x82\xa0").as_deref(),
            Ok("https://a.example/%8E%8E.jpg?q=%82%A0"),
            "Shift_JIS"
        );
        assert_eq!(lead("//\u{e9}.example/".as_bytes()).as_deref(), Ok("https://xn--9ca.example/"));
        assert_eq!(lead(b"/a b").as_deref(), Ok("https://a.example/a%20b"));
        assert_eq!(lead(b"http://[::"), Err(Reason::BadUrl));
        assert_eq!(lead(&[b'x'; 101]), Err(Reason::BadUrl));
    }

    #[test]
    fn chains_end() {
        let urls: Vec<_> = (0..4).map(|n| Url::parse(&format!("http://a.example/{n}")).unwrap()).collect();
        let reason = |url, before| check_chain(url, before, 2).map_err(|failure| failure.reason);
        assert_eq!(reason(&urls[2], &urls[..2]), Ok(()));
        assert_eq!(reason(&urls[0], &urls[..2]), Err(Reason::TooManyRedirects));
        assert_eq!(reason(&urls[3], &urls[..3]), Err(Reason::TooManyRedirects));
    }
}
