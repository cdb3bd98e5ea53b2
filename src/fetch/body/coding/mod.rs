//! Content codings that a server used although none was asked for (RFC 9110, section 8.4.1).

mod brotli;
mod deflate;
mod gzip;
mod piece;

use std::io;

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use brotli::Brotli;
use deflate::Deflate;
use gzip::Gzip;
pub(crate) use piece::PIECE;

/// Undoes the content coding of one response.
pub(crate) struct Decoder {
    coding: Coding,
    /// The coding by its name in the header, in lower case.
    name: String,
}

enum Coding {
    Identity,
    /// One that is not known. The bytes are taken as they are, and their content decides.
    Unknown,
    Gzip(Gzip),
    Deflate(Box<Deflate>),
    Brotli(Box<Brotli>),
}

impl Decoder {
    /// The decoder for a response.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let name = codings(headers).join(", ");
        let coding = match name.as_str() {
            "" => Coding::Identity,
            "gzip" | "x-gzip" => Coding::Gzip(Gzip::new()),
            "br" => Coding::Brotli(Box::new(Brotli::new())),
            "deflate" => Coding::Deflate(Box::default()),
            _ => Coding::Unknown,
        };
        Self { coding, name }
    }

    /// The coding that is undone; empty if there is none.
    pub(crate) fn undone(&self) -> &str {
        if self.is_identity() { "" } else { &self.name }
    }

    /// The coding that the header names and that was not undone, where there is one.
    pub(crate) fn ignored(&self) -> Option<&str> {
        (self.is_identity() && !self.name.is_empty()).then_some(&self.name)
    }

    /// Whether the bytes are taken as they are.
    pub(crate) const fn is_identity(&self) -> bool {
        match &self.coding {
            Coding::Identity | Coding::Unknown => true,
            Coding::Gzip(gzip) => gzip.is_not_coded(),
            Coding::Deflate(_) | Coding::Brotli(_) => false,
        }
    }

    /// Decodes some of the next bytes, takes them from `piece`, and returns whether more output is ready.
    pub(crate) fn decode(&mut self, piece: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        match &mut self.coding {
            Coding::Brotli(brotli) => brotli.decode(piece),
            Coding::Deflate(deflate) => deflate.decode(piece),
            Coding::Gzip(gzip) => gzip.decode(std::mem::take(piece)).map(|decoded| (decoded, false)),
            Coding::Identity | Coding::Unknown => Ok((std::mem::take(piece).to_vec(), false)),
        }
    }

    /// Decodes what is left at the end. Fails if the end of the coded bytes is missing.
    pub(crate) fn finish(&mut self) -> io::Result<Vec<u8>> {
        let is_whole = match &mut self.coding {
            Coding::Gzip(gzip) => return gzip.finish(),
            Coding::Deflate(deflate) => deflate.is_whole(),
            Coding::Brotli(brotli) => brotli.is_whole(),
            Coding::Identity | Coding::Unknown => true,
        };
        if is_whole { Ok(Vec::new()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The codings that the header names, in the order in which they were applied, without `identity`.
fn codings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let text: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()).collect();
    let names = text.iter().flat_map(|text| text.split(','));
    names.map(str::trim).filter(|name| !matches!(*name, "" | "identity")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::piece::OUTPUT;
    use super::*;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn decoder(coding: &str) -> Decoder {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        Decoder::of(&headers)
    }

    /// All that comes of a piece, and the most that came at a time.
    fn decode_piece(decoder: &mut Decoder, piece: &mut &[u8]) -> io::Result<(Vec<u8>, usize)> {
        let (mut whole, mut most) = (Vec::new(), 0);
        loop {
            let (bytes, more) = decoder.decode(piece)?;
            most = most.max(bytes.len());
            whole.extend(bytes);
            if piece.is_empty() && !more {
                return Ok((whole, most));
            }
        }
    }

    fn decode(coding: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoder = decoder(coding);
        let mut whole = Vec::new();
        for mut piece in bytes.chunks(7) {
            whole.extend(decode_piece(&mut decoder, &mut piece)?.0);
        }
        whole.extend(decoder.finish()?);
        Ok(whole)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        b"an offprint of an offprint of an offprint".repeat(50)
    }

    fn zlib() -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text()).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate() -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn coded_bytes_are_decoded() {
        let text = text();
        assert!(decode("gzip", &gzip(&text)).unwrap() == text);
        assert!(decode("X-GZip", &gzip(&text)).unwrap() == text);
        assert!(decode("deflate", &zlib()).unwrap() == text);
        assert!(decode("identity", &text).unwrap() == text);
        assert!(decode("deflate", &raw_deflate()).unwrap() == text, "DEFLATE without the header of zlib");
        assert_eq!((decoder("gzip").undone(), decoder("br, identity").undone()), ("gzip", "br"));
    }

    #[test]
    fn a_coding_that_is_unknown_or_not_there_is_ignored() {
        for coding in ["zstd", "utf-8", "gzip, br", "binary"] {
            assert_eq!((decoder(coding).undone(), decoder(coding).ignored()), ("", Some(coding)));
            assert!(decode(coding, b"as it is").unwrap() == b"as it is");
        }
        let mut plain = decoder("gzip");
        assert!(plain.decode(&mut &b"\x89PNG"[..]).unwrap().0 == b"\x89PNG");
        assert_eq!((plain.undone(), plain.ignored()), ("", Some("gzip")));
        assert_eq!(decoder("identity").ignored(), None);
    }

    #[test]
    fn bytes_after_the_end_are_ignored_and_further_members_are_not() {
        let text = text();
        assert!(decode("gzip", &[gzip(&text), b"\r\n<!-- cached -->".to_vec()].concat()).unwrap() == text);
        assert!(decode("gzip", &[gzip(&text), vec![0x1f]].concat()).unwrap() == text);
        assert!(decode("gzip", &[gzip(&text), gzip(b"more")].concat()).unwrap() == [&text[..], b"more"].concat());
        assert!(decode("deflate", &[zlib(), b"more".to_vec()].concat()).unwrap() == text);
        assert!(decode("deflate", &[raw_deflate(), b"more".to_vec()].concat()).unwrap() == text);
    }

    #[test]
    fn a_missing_end_is_noticed() {
        let coded = gzip(&b"whole".repeat(1000));
        assert!((0..coded.len()).all(|end| decode("gzip", &coded[..end]).is_err()));
        assert!((0..zlib().len() - 4).all(|end| decode("deflate", &zlib()[..end]).is_err()));
        assert!((0..raw_deflate().len()).all(|end| decode("deflate", &raw_deflate()[..end]).is_err()));
    }

    #[test]
    fn a_wrong_check_sum_is_noticed() {
        let mut coded = gzip(b"whole");
        let at = coded.len() - 8;
        coded[at] ^= 1;
        assert!(decode("gzip", &coded).is_err());
    }

    #[test]
    fn one_piece_of_a_bomb_is_small() {
        let bomb = gzip(&vec![0; 8 << 20]);
        let mut decoder = decoder("gzip");
        let largest =
            bomb.chunks(PIECE).map(|mut piece| decode_piece(&mut decoder, &mut piece).unwrap().1).max().unwrap();
        assert!(largest <= PIECE * 1032 + (64 << 10), "{largest}");
    }

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn brotli_comes_back_and_a_missing_end_is_noticed() {
        let coded = bytes("1b0108f88d94aac3bb0a7b4b3310b79c8518c352001c0cc2e5ffe8c903");
        assert!(decode("br", &coded).unwrap() == b"an offprint of an offprint of an offprint".repeat(50));
        assert!(decode("br", &[&coded[..], b"and more"].concat()).is_ok(), "what follows the end is passed over");
        assert!((0..coded.len()).all(|end| decode("br", &coded[..end]).is_err()));
        assert!(decode("br", b"<!DOCTYPE html>").is_err());
    }

    /// 64 MiB of zeros in 106 bytes.
    #[test]
    fn a_bomb_of_brotli_comes_in_small_pieces_and_a_large_window_not_at_all() {
        let bomb = bytes(
            "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500\
        baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffcbffff3ffc130071\
        5800a07bff07",
        );
        let (whole, most) = decode_piece(&mut decoder("br"), &mut bomb.as_slice()).unwrap();
        assert_eq!(whole.len(), 64 << 20);
        assert!(most <= OUTPUT, "{most}");
        let wide = bytes("5fffff8f7f02201e0b0472ef1f00");
        assert!(decode("br", &wide).unwrap_err().to_string().contains("4 MiB"));
    }
}
