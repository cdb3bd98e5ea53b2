//! What the program and a worker say to each other: frames of a short header, and the bytes that it announces.
//!
//! A header is encoded with `postcard`, after its length in four bytes, little-endian. The worker decodes what strangers
//! made, so what it says is taken for a claim: lengths are bounded before anything is read by them.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::{MediaConfig, Sandbox, Size, ThumbnailConfig};
use crate::media::MediaError;
use crate::model::MediaType;

/// The version of this protocol. Both sides are the same program, unless somebody replaced it while it ran.
pub const VERSION: u16 = 2;
/// The longest header, in bytes.
pub const LONGEST_HEADER: usize = 64 << 10;
/// The longest rendition, in bytes.
pub const LONGEST_RENDITION: u32 = 64 << 20;
/// The name of what bounds system calls.
pub(super) const SECCOMP: &str = "seccomp";
/// The longest text of an error, in characters.
const LONGEST_TEXT: usize = 300;

/// The first message to a worker: what its cage allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// That of the program.
    pub version: u16,
    /// Bytes of address space; 0 is no limit.
    pub memory: u64,
    /// Seconds of processor time, over all its images.
    pub seconds: u64,
}

/// What a worker says once it is confined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// That of the worker.
    pub version: u16,
    /// What keeps it.
    pub confinement: Confinement,
}

/// What keeps a worker from doing anything but compute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// What is in force, such as `seccomp`.
    pub in_force: Vec<String>,
    /// What the system lacks, each with the reason.
    pub lacking: Vec<String>,
}

impl Confinement {
    /// Whether the system calls of a worker have no bounds.
    pub fn lacks_seccomp(&self) -> bool {
        !self.in_force.iter().any(|what| what == SECCOMP)
    }
}

/// An image to decode. Its bytes follow, and then those of the fonts for its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Which request it is; the reply has the same number.
    pub number: u64,
    /// `[media]`.
    pub limits: Limits,
    /// What is to be made.
    pub sizes: Vec<ThumbnailConfig>,
    /// How many bytes the image has.
    pub length: u64,
    /// How many bytes each file of fonts has.
    pub fonts: Vec<u64>,
}

/// `[media]`, as far as decoding needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    max_pixels: u64,
    max_side: u32,
    max_alloc: u64,
    max_frames: u32,
    max_time: Duration,
}

impl Limits {
    /// The most bytes that all renditions of an image may have: no more than decoding it may take.
    pub(super) const fn most(&self) -> u64 {
        if self.max_alloc == 0 { u64::MAX } else { self.max_alloc }
    }
}

impl From<&MediaConfig> for Limits {
    fn from(config: &MediaConfig) -> Self {
        let MediaConfig { max_pixels, max_side, max_frames, max_time, .. } = *config;
        Self { max_pixels, max_side, max_alloc: config.max_alloc.0, max_frames, max_time }
    }
}

impl From<Limits> for MediaConfig {
    fn from(limits: Limits) -> Self {
        let Limits { max_pixels, max_side, max_alloc, max_frames, max_time } = limits;
        let (max_alloc, threads, min_side) = (Size(max_alloc), 1, 0);
        Self {
            max_pixels,
            max_side,
            max_alloc,
            max_frames,
            max_time,
            threads,
            min_side,
            sandbox: Sandbox::Off,
            worker: None,
        }
    }
}

/// What became of an image. The bytes of the renditions follow, one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// That of the request.
    pub number: u64,
    /// One for each size.
    pub sizes: Vec<Result<Claim, Refusal>>,
    /// That of the image, where it was decoded.
    pub perceptual_hash: Option<u64>,
}

/// A rendition, as the worker describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its type.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many bytes it has.
    pub length: u32,
}

/// Why there is no rendition: [`MediaError`] with what can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the error of that name")]
pub enum Refusal {
    Unsupported(MediaType),
    Variant(String),
    OverLimit { what: String, actual: u64, limit: u64 },
    Damaged(String),
    OutOfTime,
    Panicked(String),
    Encode(String),
    Other(String),
}

impl From<&MediaError> for Refusal {
    fn from(error: &MediaError) -> Self {
        match error {
            MediaError::Unsupported(media_type) => Self::Unsupported(*media_type),
            MediaError::Variant(text) => Self::Variant(shortened(text)),
            MediaError::OverLimit { what, actual, limit } => {
                Self::OverLimit { what: shortened(what), actual: *actual, limit: *limit }
            }
            MediaError::Damaged(text) => Self::Damaged(shortened(text)),
            MediaError::OutOfTime => Self::OutOfTime,
            MediaError::Panicked(text) => Self::Panicked(shortened(text)),
            MediaError::Encode(text) => Self::Encode(shortened(text)),
            other => Self::Other(shortened(&other.to_string())),
        }
    }
}

impl From<Refusal> for MediaError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unsupported(media_type) => Self::Unsupported(media_type),
            Refusal::Variant(text) => Self::Variant(shortened(&text)),
            Refusal::OverLimit { what, actual, limit } => {
                Self::OverLimit { what: shortened(&what).into(), actual, limit }
            }
            Refusal::Damaged(text) | Refusal::Other(text) => Self::Damaged(shortened(&text)),
            Refusal::OutOfTime => Self::OutOfTime,
            Refusal::Panicked(text) => Self::Panicked(shortened(&text)),
            Refusal::Encode(text) => Self::Encode(shortened(&text)),
        }
    }
}

/// A text of bounded length, without control characters.
fn shortened(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST_TEXT).collect()
}

/// A header as it is sent.
pub fn frame(header: &impl Serialize) -> io::Result<Vec<u8>> {
    let header = postcard::to_allocvec(header).map_err(io::Error::other)?;
    let length = u32::try_from(header.len()).ok().filter(|length| *length as usize <= LONGEST_HEADER);
    let length = length.ok_or_else(|| io::Error::other("the header is too long"))?;
    Ok([&length.to_le_bytes()[..], &header].concat())
}

/// The length of the header that these bytes announce.
pub fn header_length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length <= LONGEST_HEADER { Ok(length) } else { Err(invalid("the header is too long")) }
}

/// The header in these bytes, which are all of it.
pub fn header<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((header, [])) => Ok(header),
        Ok(_) => Err(invalid("more follows the header")),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

/// Reads a header; `None` where the other side has ended.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut bytes = vec![0; header_length(length)?];
    from.read_exact(&mut bytes)?;
    header(&bytes).map(Some)
}

/// Writes a header and what it announces.
pub fn write<'a>(
    to: &mut impl Write,
    header: &impl Serialize,
    bodies: impl IntoIterator<Item = &'a [u8]>,
) -> io::Result<()> {
    to.write_all(&frame(header)?)?;
    for body in bodies {
        to.write_all(body)?;
    }
    to.flush()
}

/// Refuses the other version of a program that was replaced while it ran.
pub(super) fn same_version(version: u16) -> io::Result<()> {
    if version == VERSION { Ok(()) } else { Err(invalid("it is another version of offprint")) }
}

/// The error where the other side does not speak this protocol.
pub(super) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;

    fn reply() -> Reply {
        let claim = Claim { media_type: MediaType::WebP, width: 3, height: 4, length: 5 };
        let refusals = [
            MediaError::Unsupported(MediaType::Heic),
            MediaError::Variant("12 bits".to_owned()),
            MediaError::OverLimit { what: "operations of drawing".into(), actual: u64::MAX, limit: 1 },
            MediaError::Damaged("cut".to_owned()),
            MediaError::OutOfTime,
            MediaError::Panicked("index".to_owned()),
            MediaError::Encode("too large".to_owned()),
        ];
        let refused = refusals.iter().map(|error| Err(Refusal::from(error)));
        Reply { number: 7, sizes: [Ok(claim)].into_iter().chain(refused).collect(), perceptual_hash: Some(9) }
    }

    #[test]
    fn what_is_written_is_read() {
        let limits = Limits::from(&Config::default().media);
        let request =
            Request { number: u64::MAX, limits, sizes: Config::default().thumbnail, length: 3, fonts: vec![2, 1] };
        let mut bytes = Vec::new();
        write(&mut bytes, &request, [&b"abc"[..], b"de", b"f"]).unwrap();
        write(&mut bytes, &reply(), []).unwrap();
        let mut rest = bytes.as_slice();
        assert_eq!(read::<Request>(&mut rest).unwrap().unwrap(), request);
        assert_eq!(rest.split_off(..6).unwrap(), b"abcdef");
        assert_eq!(read::<Reply>(&mut rest).unwrap().unwrap(), reply());
        assert_eq!(read::<Reply>(&mut rest).unwrap(), None);
    }

    #[test]
    fn errors_of_images_come_back_as_they_were() {
        for refusal in reply().sizes.into_iter().filter_map(Result::err) {
            let error = MediaError::from(refusal.clone());
            assert_eq!(Refusal::from(&error), refusal);
        }
    }

    #[test]
    fn what_a_worker_says_is_bounded_and_drives_no_terminal() {
        let text = "\u{1b}[2J".to_owned() + &"x".repeat(100_000);
        let MediaError::Damaged(text) = Refusal::Damaged(text).into() else { panic!("another error") };
        assert!(text.len() == LONGEST_TEXT && !text.contains('\u{1b}'));
        let over = Refusal::OverLimit { what: "si\u{7}ze".to_owned(), actual: 2, limit: 1 };
        assert_eq!(MediaError::from(over), MediaError::OverLimit { what: "size".into(), actual: 2, limit: 1 });
        assert!(header_length(u32::MAX.to_le_bytes()).is_err());
        assert!(frame(&"x".repeat(LONGEST_HEADER)).is_err());
    }

    proptest! {
        /// No bytes make the program fail or take more memory than a header may have.
        #[test]
        fn any_bytes_are_a_reply_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = header::<Reply>(&bytes);
            let _ = read::<Reply>(&mut bytes.as_slice());
        }

        #[test]
        fn a_reply_that_is_damaged_is_a_reply_or_an_error(at in 0_usize..200, byte: u8) {
            let mut bytes = postcard::to_allocvec(&reply()).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(reply) = header::<Reply>(&bytes) {
                prop_assert!(reply.sizes.len() <= bytes.len());
            }
            prop_assert!(header::<Reply>(&bytes[..at]).is_err());
        }
    }
}
