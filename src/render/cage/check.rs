//! What a worker claims, compared with what was asked for and with what it sent.

use std::io;

use super::protocol::{Claim, LONGEST_RENDITION, Refusal, Reply, Request, invalid};
use crate::config::{Fit, MediaConfig, ThumbnailConfig};
use crate::media::{self, MediaError, Rendition, Renditions};
use crate::model::{Ending, MediaType};

/// What thumbnails are encoded as.
const ENCODED: [MediaType; 5] = [MediaType::Jpeg, MediaType::Png, MediaType::WebP, MediaType::Gif, MediaType::Avif];

/// The lengths of the renditions that follow a reply.
///
/// # Errors
/// It is no reply to the request, or one is too long.
pub fn bodies(reply: &Reply, request: &Request) -> io::Result<Vec<usize>> {
    if reply.number != request.number {
        return Err(invalid("it answers what was not asked"));
    }
    if reply.sizes.len() != request.sizes.len() {
        return Err(invalid("it answers for more or fewer sizes than were asked for"));
    }
    let lengths = || reply.sizes.iter().flatten().map(|claim| claim.length);
    if lengths().map(u64::from).sum::<u64>() > request.limits.most() {
        return Err(invalid("the renditions are too long"));
    }
    lengths().map(|length| within(length).ok_or_else(|| invalid("a rendition is too long"))).collect()
}

fn within(length: u32) -> Option<usize> {
    usize::try_from(length).ok().filter(|_| length <= LONGEST_RENDITION)
}

/// The renditions that came with a reply, each of which is what it is said to be.
///
/// # Errors
/// One is not.
pub fn checked(
    reply: Reply,
    bodies: Vec<Vec<u8>>,
    sizes: &[ThumbnailConfig],
    limits: &MediaConfig,
) -> io::Result<Renditions> {
    let mut bodies = bodies.into_iter();
    let one = |(claim, size): (Result<Claim, Refusal>, &ThumbnailConfig)| match claim {
        Ok(claim) => rendition(&claim, bodies.next().unwrap_or_default(), size, limits).map(Ok),
        Err(refusal) => Ok(Err(MediaError::from(refusal))),
    };
    let sizes = reply.sizes.into_iter().zip(sizes).map(one).collect::<io::Result<_>>()?;
    Ok(Renditions { sizes, perceptual_hash: reply.perceptual_hash })
}

fn rendition(claim: &Claim, bytes: Vec<u8>, size: &ThumbnailConfig, limits: &MediaConfig) -> io::Result<Rendition> {
    let Claim { media_type, width, height, .. } = *claim;
    let found = media::probe(&bytes, limits);
    if !ENCODED.contains(&media_type) || found.media_type != media_type || found.ending != Ending::Whole {
        return Err(invalid("a rendition is not of the type that it is said to be"));
    }
    let is_in_box = width <= size.width && (size.fit == Fit::Width || height <= size.height);
    if (found.width, found.height) != (width, height) || !is_in_box || width == 0 || height == 0 {
        return Err(invalid("a rendition has another size than it is said to have"));
    }
    Ok(Rendition { media_type, width, height, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};

    /// A GIF of one pixel.
    const DOT: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    fn claim() -> Claim {
        Claim { media_type: MediaType::Gif, width: 1, height: 1, length: 43 }
    }

    fn check(claim: Claim, bytes: &[u8]) -> io::Result<Renditions> {
        let reply = Reply { number: 1, sizes: vec![Ok(claim)], perceptual_hash: None };
        checked(reply, vec![bytes.to_vec()], &Config::default().thumbnail, &Config::default().media)
    }

    #[test]
    fn a_rendition_is_what_it_is_said_to_be() {
        let made = check(claim(), DOT).unwrap().sizes.pop().unwrap().unwrap();
        assert_eq!((made.width, made.height, made.media_type, made.bytes.as_slice()), (1, 1, MediaType::Gif, DOT));
        for wrong in [
            Claim { media_type: MediaType::Png, ..claim() },
            Claim { media_type: MediaType::Svg, ..claim() },
            Claim { width: 2, ..claim() },
            Claim { height: 0, ..claim() },
        ] {
            assert!(check(wrong.clone(), DOT).is_err(), "{wrong:?}");
        }
        assert!(check(claim(), b"<svg xmlns='http://www.w3.org/2000/svg'/>").is_err());
        assert!(check(claim(), &DOT[..20]).is_err(), "it is cut");
        let mut large = DOT.to_vec();
        (large[6], large[7]) = (0x01, 0x02);
        assert!(check(Claim { width: 513, ..claim() }, &large).is_err(), "it is larger than its box");
    }

    #[test]
    fn a_reply_is_one_to_the_request() {
        let sizes = Config::default().thumbnail;
        let request = Request { number: 4, limits: (&Config::default().media).into(), sizes, length: 0, fonts: vec![] };
        let reply = |number, sizes| Reply { number, sizes, perceptual_hash: None };
        assert_eq!(bodies(&reply(4, vec![Ok(claim())]), &request).unwrap(), [43]);
        let long = Claim { length: LONGEST_RENDITION + 1, ..claim() };
        let small = MediaConfig { max_alloc: Size(85), ..Config::default().media };
        let (limits, two) = ((&small).into(), [request.sizes.clone(), request.sizes.clone()].concat());
        let two = Request { number: 4, limits, sizes: two, length: 0, fonts: vec![] };
        assert!(bodies(&reply(4, vec![Ok(claim()), Ok(claim())]), &two).is_err(), "together they are too long");
        for wrong in [
            reply(3, vec![Ok(claim())]),
            reply(4, vec![]),
            reply(4, vec![Ok(claim()), Ok(claim())]),
            reply(4, vec![Ok(long)]),
        ] {
            assert!(bodies(&wrong, &request).is_err(), "{wrong:?}");
        }
    }
}
