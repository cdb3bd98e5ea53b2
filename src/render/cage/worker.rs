//! The worker: decodes one image after another, and can do nothing else.

use std::io::{self, ErrorKind, Read, Write};

use super::confine::confine;
use super::protocol::{Claim, Hello, Reply, Request, Terms, VERSION, read, same_version, write};
use crate::config::{MediaConfig, ThumbnailConfig};
use crate::media::{self, Renditions};

/// Works for the program that started this process, over standard input and output, until that ends.
///
/// # Errors
/// The other side does not speak this protocol, or is gone.
pub fn work() -> io::Result<()> {
    work_with(|bytes, sizes, limits| {
        let asset = media::probe(bytes, limits);
        media::thumbnails(bytes, &asset, sizes, limits)
    })
}

/// The same, with another decoder.
pub fn work_with(decode: impl Fn(&[u8], &[ThumbnailConfig], &MediaConfig) -> Renditions) -> io::Result<()> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
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
    decode: &impl Fn(&[u8], &[ThumbnailConfig], &MediaConfig) -> Renditions,
) -> io::Result<()> {
    let Request { number, limits, sizes, length } = request;
    let mut bytes = Vec::new();
    let read = from.take(length).read_to_end(&mut bytes)?;
    if read as u64 != length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let Renditions { sizes, perceptual_hash } = decode(&bytes, &sizes, &limits.into());
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
