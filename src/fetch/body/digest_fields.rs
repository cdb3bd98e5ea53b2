//! Integrity fields: digests in a response's headers (RFC 9530).

use data_encoding::BASE64;
use reqwest::header::HeaderMap;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

use crate::model::Digest;

/// The digests that the received bytes, and the whole body, must have.
#[derive(Default)]
pub(crate) struct DigestFields {
    /// Of the bytes as received: a hasher with the digest that it must give.
    wire: Vec<(Box<dyn DynDigest + Send + Sync>, Vec<u8>)>,
    whole: Option<Digest>,
}

impl DigestFields {
    /// Reads the fields of a response. `Content-Digest` covers the content as it was sent, `Repr-Digest` the whole body that
    /// a partial response is part of. Unknown and unsafe algorithms are ignored.
    pub(crate) fn read(headers: &HeaderMap, partial: bool) -> Self {
        let mut wire = dictionary(headers, "content-digest");
        let whole = dictionary(headers, "repr-digest");
        if !partial {
            wire.extend(whole);
            return Self { wire: hashers(wire), whole: None };
        }
        let whole = whole.into_iter().find(|(name, _)| name == "sha-256");
        let whole = whole.and_then(|(_, bytes)| Some(Digest::from_bytes(bytes.try_into().ok()?)));
        Self { wire: hashers(wire), whole }
    }

    /// Hashes the next bytes, as received.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.wire.iter_mut().for_each(|(hasher, _)| hasher.update(bytes));
    }

    /// Whether every digest matches. `whole` is the digest of the whole body.
    pub(crate) fn matches(self, whole: Digest) -> bool {
        self.whole.is_none_or(|wanted| wanted == whole)
            && self.wire.into_iter().all(|(hasher, wanted)| *hasher.finalize() == *wanted)
    }
}

fn hashers(wanted: Vec<(String, Vec<u8>)>) -> Vec<(Box<dyn DynDigest + Send + Sync>, Vec<u8>)> {
    let hasher = |(name, bytes): (String, Vec<u8>)| match name.as_str() {
        "sha-256" => Some((Box::new(Sha256::default()) as Box<dyn DynDigest + Send + Sync>, bytes)),
        "sha-512" => Some((Box::new(Sha512::default()) as Box<dyn DynDigest + Send + Sync>, bytes)),
        _ => None,
    };
    wanted.into_iter().filter_map(hasher).collect()
}

/// The byte sequences of a dictionary field: `sha-256=:…:, sha-512=:…:` (RFC 9651, section 3.2).
fn dictionary(headers: &HeaderMap, name: &str) -> Vec<(String, Vec<u8>)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(member).collect()
}

fn member(text: &str) -> Option<(String, Vec<u8>)> {
    let (key, value) = text.split_once('=')?;
    let encoded = value.trim().strip_prefix(':')?.split_once(':')?.0;
    Some((key.trim().to_owned(), BASE64.decode(encoded.as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"{\"hello\": \"world\"}\n";
    // The examples of RFC 9530, appendix A and B.1.
    const SHA256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    const SHA512: &str = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCs\
                          yRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:";

    fn check(name: &'static str, value: &str, body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let mut fields = DigestFields::read(&headers, false);
        body.chunks(5).for_each(|piece| fields.update(piece));
        fields.matches(Digest::of(body))
    }

    #[test]
    fn the_published_examples_hold_and_one_flipped_bit_does_not() {
        for (name, value) in [("content-digest", SHA256), ("repr-digest", SHA256), ("repr-digest", SHA512)] {
            assert!(check(name, value, HELLO), "{name}: {value}");
            assert!(!check(name, value, b"{\"hello\": \"worle\"}\n"), "{name}: {value}");
        }
        assert!(!check("repr-digest", &format!("{SHA512}, {SHA256}"), b""));
    }

    proptest::proptest! {
        #[test]
        fn any_field_is_read(value in "[ -~]{0,60}") {
            let mut headers = HeaderMap::new();
            headers.insert("repr-digest", value.parse().unwrap());
            DigestFields::read(&headers, false).matches(Digest::of(b""));
        }
    }

    #[test]
    fn fields_that_cannot_be_checked_are_ignored() {
        for value in ["md5=:AAAA:", "sha-256=AAAA", "sha-256", "sha-256=:&:", "unixsum=:AAAA:, "] {
            assert!(check("content-digest", value, HELLO), "{value}");
        }
    }

    #[test]
    fn a_part_is_compared_as_a_part_and_the_whole_as_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert("repr-digest", SHA256.parse().unwrap());
        let mut fields = DigestFields::read(&headers, true);
        fields.update(&HELLO[5..]);
        assert!(fields.matches(Digest::of(HELLO)));
        assert!(!DigestFields::read(&headers, true).matches(Digest::of(&HELLO[5..])));
    }
}
