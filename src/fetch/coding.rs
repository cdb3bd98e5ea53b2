//! Content codings that a server used although none was asked for.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// How many coded bytes are decoded at a time. Deflate yields at most 1032 times as many, so that a bomb is noticed
/// before it has grown.
pub(super) const PIECE: usize = 128;

/// Undoes a content coding (RFC 9110, section 8.4.1).
pub(super) enum Decoder {
    /// There is none.
    Identity,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
}

impl Decoder {
    /// The decoder for an answer; the name of the coding where it is not known.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let coding = headers.get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
        match coding.as_deref().map(str::trim).map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            Some("deflate") => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Vec::new())))),
            Some(other) => Err(other.to_owned()),
        }
    }

    /// Whether the bytes are what they seem.
    pub(super) const fn is_identity(&self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Decodes the next piece.
    pub(super) fn decode(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(piece.to_vec()),
            Self::Gzip(decoder) => decoder.write_all(piece).map(|()| std::mem::take(decoder.get_mut())),
            Self::Deflate(decoder) => decoder.write_all(piece).map(|()| std::mem::take(decoder.get_mut())),
        }
    }

    /// Decodes what is left at the end, which fails where the end is missing.
    pub(super) fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(Vec::new()),
            Self::Gzip(decoder) => decoder.try_finish().map(|()| std::mem::take(decoder.get_mut())),
            Self::Deflate(decoder) => decoder.try_finish().map(|()| std::mem::take(decoder.get_mut())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    fn decoder(coding: &str) -> Result<Decoder, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        Decoder::of(&headers)
    }

    fn decode(coding: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoder = decoder(coding).unwrap();
        let mut whole = Vec::new();
        for piece in bytes.chunks(7) {
            whole.extend(decoder.decode(piece)?);
        }
        whole.extend(decoder.finish()?);
        Ok(whole)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_coded_comes_back() {
        let text = b"an offprint of an offprint of an offprint".repeat(50);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        assert!(decode("gzip", &gzip(&text)).unwrap() == text);
        assert!(decode("X-GZip", &gzip(&text)).unwrap() == text);
        assert!(decode("deflate", &zlib.finish().unwrap()).unwrap() == text);
        assert!(decode("identity", &text).unwrap() == text);
        assert_eq!(decoder("br").err().as_deref(), Some("br"));
    }

    #[test]
    fn a_missing_end_is_noticed() {
        let coded = gzip(&b"whole".repeat(1000));
        assert!(decode("gzip", &coded[..coded.len() - 6]).is_err());
    }

    #[test]
    fn one_piece_of_a_bomb_is_small() {
        let bomb = gzip(&vec![0; 8 << 20]);
        let mut decoder = decoder("gzip").unwrap();
        let largest = bomb.chunks(PIECE).map(|piece| decoder.decode(piece).unwrap().len()).max().unwrap();
        assert!(largest <= PIECE * 1032 + (64 << 10), "{largest}");
    }
}
