//! Content codings that a server used although none was asked for.

use std::io::{self, Write};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// How many coded bytes are decoded at a time. Deflate yields at most 1032 times as many, so that a bomb is noticed
/// before it has grown.
pub(super) const PIECE: usize = 128;
/// How many decoded bytes of Brotli come at a time. It has no bound on what a few coded bytes yield.
const OUTPUT: usize = 64 << 10;

/// Undoes a content coding (RFC 9110, section 8.4.1).
pub(super) enum Decoder {
    /// There is none.
    Identity,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
    Brotli(Box<Brotli>),
}

/// The largest window of Brotli that is decoded, as a power of two: 4 MiB, which is what encoders use if nobody tells
/// them otherwise.
const WINDOW: u32 = 22;

/// Brotli (RFC 7932).
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    has_begun: bool,
    is_whole: bool,
}

impl Brotli {
    fn new() -> Self {
        let allocator = StandardAlloc::default;
        let mut state = BrotliState::new(allocator(), allocator(), allocator());
        state.large_window = false;
        Self { state, has_begun: false, is_whole: false }
    }

    /// Decodes what fits into one output, and takes it from the coded bytes. The first byte comes alone: it names the
    /// window, which is judged before room is made for it (section 9.1).
    fn decode(&mut self, coded: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        if self.is_whole || coded.is_empty() && !self.has_begun {
            // What follows the end belongs to nothing.
            *coded = &[];
            return Ok((Vec::new(), false));
        }
        let mut left = if self.has_begun { coded.len() } else { 1 };
        self.has_begun = true;
        let (mut read, mut room, mut written, mut total) = (0, OUTPUT, 0, 0);
        let mut output = vec![0; OUTPUT];
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            coded,
            &mut room,
            &mut written,
            &mut output,
            &mut total,
            &mut self.state,
        );
        *coded = &coded[read..];
        output.truncate(written);
        if self.state.window_bits > WINDOW {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its window is larger than 4 MiB"));
        }
        match result {
            BrotliResult::NeedsMoreInput => Ok((output, false)),
            BrotliResult::NeedsMoreOutput => Ok((output, true)),
            BrotliResult::ResultSuccess => {
                (*coded, self.is_whole) = (&[], true);
                Ok((output, false))
            }
            BrotliResult::ResultFailure => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not Brotli")),
        }
    }
}

impl Decoder {
    /// The decoder for an answer; the name of the coding where it is not known.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let coding = headers.get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
        match coding.as_deref().map(str::trim).map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            Some("br") => Ok(Self::Brotli(Box::new(Brotli::new()))),
            Some("deflate") => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Vec::new())))),
            Some(other) => Err(other.to_owned()),
        }
    }

    /// Whether the bytes are what they seem.
    pub(super) const fn is_identity(&self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Decodes some of the next piece, which it takes from it, and says whether more comes of what it took.
    pub(super) fn decode(&mut self, piece: &mut &[u8]) -> io::Result<(Vec<u8>, bool)> {
        let coded = *piece;
        if let Self::Brotli(decoder) = self {
            return decoder.decode(piece);
        }
        *piece = &[];
        let decoded = match self {
            Self::Identity | Self::Brotli(_) => Ok(coded.to_vec()),
            Self::Gzip(decoder) => decoder.write_all(coded).map(|()| std::mem::take(decoder.get_mut())),
            Self::Deflate(decoder) => decoder.write_all(coded).map(|()| std::mem::take(decoder.get_mut())),
        };
        decoded.map(|decoded| (decoded, false))
    }

    /// Decodes what is left at the end, which fails where the end is missing.
    pub(super) fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli(decoder) if !decoder.is_whole => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Identity | Self::Brotli(_) => Ok(Vec::new()),
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
        let mut decoder = decoder(coding).unwrap();
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

    #[test]
    fn what_was_coded_comes_back() {
        let text = b"an offprint of an offprint of an offprint".repeat(50);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        assert!(decode("gzip", &gzip(&text)).unwrap() == text);
        assert!(decode("X-GZip", &gzip(&text)).unwrap() == text);
        assert!(decode("deflate", &zlib.finish().unwrap()).unwrap() == text);
        assert!(decode("identity", &text).unwrap() == text);
        assert_eq!(decoder("zstd").err().as_deref(), Some("zstd"));
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
        let (whole, most) = decode_piece(&mut decoder("br").unwrap(), &mut bomb.as_slice()).unwrap();
        assert_eq!(whole.len(), 64 << 20);
        assert!(most <= OUTPUT, "{most}");
        let wide = bytes("5fffff8f7f02201e0b0472ef1f00");
        assert!(decode("br", &wide).unwrap_err().to_string().contains("4 MiB"));
    }
}
