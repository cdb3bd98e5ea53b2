//! The worker: decodes one image after another, and can do nothing else.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use super::confine::confine;
use super::protocol::{Claim, Hello, Reply, Request, Terms, VERSION, invalid, read, same_version, write};
use crate::config::{MediaConfig, ThumbnailConfig};
use crate::media::{self, Fonts, Renditions};

/// What is written at once, in bytes: the renditions of most images.
const SENT_AT_ONCE: usize = 256 << 10;
/// How many bytes of a body are allocated before they arrive.
const PREPARED: u64 = 16 << 20;

/// Works for the program that started this process, over standard input and output, until that ends.
///
/// # Errors
/// The other side does not speak this protocol, or is gone.
pub fn work() -> io::Result<()> {
    work_with(|bytes, sizes, fonts, limits| {
        let asset = media::probe(bytes, limits);
        media::thumbnails_with(bytes, &asset, sizes, fonts, limits)
    })
}

/// The same, with another decoder.
///
/// # Errors
/// As of [`work`].
pub fn work_with(decode: impl Fn(&[u8], &[ThumbnailConfig], &Fonts, &MediaConfig) -> Renditions) -> io::Result<()> {
    // Standard output alone is written up to each last end of a line, and images have bytes that look like one.
    let (mut from, mut to) = (io::stdin().lock(), BufWriter::with_capacity(SENT_AT_ONCE, io::stdout().lock()));
    let Some(terms) = read::<Terms>(&mut from)? else { return Ok(()) };
    same_version(terms.version)?;
    media::stay_on_this_thread();
    let confinement = confine(terms.memory, terms.seconds);
    write(&mut to, &Hello { version: VERSION, confinement }, [])?;
    while let Some(request) = read::<Request>(&mut from)? {
        answer(request, &mut from, &mut to, &decode)?;
    }
    Ok(())
}

fn answer(
    request: Request,
    from: &mut impl Read,
    to: &mut impl Write,
    decode: &impl Fn(&[u8], &[ThumbnailConfig], &Fonts, &MediaConfig) -> Renditions,
) -> io::Result<()> {
    let Request { number, limits, sizes, length, fonts } = request;
    let bytes = body(from, length)?;
    let fonts = read_fonts(from, &fonts)?;
    let Renditions { sizes, perceptual_hash } = decode(&bytes, &sizes, &fonts, &limits.into());
    let claim = |rendition: &media::Rendition| Claim {
        media_type: rendition.media_type,
        width: rendition.width,
        height: rendition.height,
        length: u32::try_from(rendition.bytes.len()).unwrap_or(u32::MAX),
    };
    let claims = sizes.iter().map(|made| made.as_ref().map(claim).map_err(Into::into)).collect();
    let bodies = sizes.iter().flatten().map(|rendition| rendition.bytes.as_slice());
    write(to, &Reply { number, sizes: claims, perceptual_hash }, bodies)
}

/// The bytes of so many that a header announced.
fn body(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(PREPARED)).unwrap_or_default());
    let read = from.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// The fonts that follow an image.
///
/// # Errors
/// They are more than a drawing gets.
fn read_fonts(from: &mut impl Read, lengths: &[u64]) -> io::Result<Fonts> {
    let bytes = lengths.iter().fold(0_u64, |sum, length| sum.saturating_add(*length));
    if lengths.len() > Fonts::MOST_FILES || bytes > Fonts::MOST_BYTES {
        return Err(invalid("the fonts are too many or too large"));
    }
    let files: io::Result<Vec<_>> = lengths.iter().map(|length| body(from, *length)).collect();
    files.map(Fonts::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_read_one_after_another_within_their_bounds() {
        let fonts = read_fonts(&mut &b"abcde"[..], &[3, 0, 2]).unwrap();
        assert_eq!(fonts.files().collect::<Vec<_>>(), [&b"abc"[..], b"", b"de"]);
        assert!(read_fonts(&mut &b"abcd"[..], &[3, 2]).is_err(), "they are cut");
        assert!(read_fonts(&mut io::repeat(0), &[Fonts::MOST_BYTES, 1]).is_err());
        assert!(read_fonts(&mut io::repeat(0), &[u64::MAX, u64::MAX]).is_err());
        assert!(read_fonts(&mut io::repeat(0), &[1; Fonts::MOST_FILES + 1]).is_err());
    }
}
