//! GIF whose first frame ends early: the pixels that are there, and the background in place of the rest.

use weezl::{BitOrder, LzwStatus, decode::Decoder, encode::Encoder};

use super::byte_reader::ByteReader;
use super::gif_blocks::{after_sub_blocks, color_table};

/// The bytes of a sub-block (`GIF89a`, section 15).
const SUB_BLOCK: usize = 255;

/// The file with a first frame that is whole. `None` if no pixel of it is there, or if it has more than `most`; if its data
/// are there, because the first frame of an animation is shown wherever the others break off; and where its rows are
/// interlaced, because those that are missing lie between the others.
pub(super) fn filled_up(bytes: ByteReader<'_>, most: u64) -> Option<Vec<u8>> {
    let frame = Frame::first(bytes).filter(|frame| !frame.interlaced && frame.pixels as u64 <= most)?;
    if after_sub_blocks(bytes, frame.data).is_some() {
        return None;
    }
    let data = Encoder::new(BitOrder::Lsb, frame.code_size).encode(&frame.pixels(bytes)?).ok()?;
    let mut file = bytes.window(0, frame.data).0.to_vec();
    for block in data.chunks(SUB_BLOCK) {
        file.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
        file.extend_from_slice(block);
    }
    file.extend_from_slice(b"\0\x3b");
    Some(file)
}

/// What stands before the pixels of a frame.
struct Frame {
    pixels: usize,
    interlaced: bool,
    /// The color of pixels that are missing: the transparent one where there is one.
    background: u8,
    /// The bits of a pixel.
    code_size: u8,
    /// Where the sub-blocks of its data begin.
    data: usize,
}

impl Frame {
    fn first(bytes: ByteReader<'_>) -> Option<Self> {
        let mut background = bytes.u8(11)?;
        let mut at = 13 + color_table(bytes.u8(10)?);
        loop {
            match bytes.u8(at)? {
                0x21 => {
                    // A graphic control (section 23).
                    if bytes.u8(at + 1)? == 0xf9 && bytes.u8(at + 3)? & 1 == 1 {
                        background = bytes.u8(at + 6)?;
                    }
                    at = after_sub_blocks(bytes, at + 2)?;
                }
                0x2c => return Self::described(bytes, at, background),
                0 => at += 1,
                _ => return None,
            }
        }
    }

    /// The frame of an image descriptor (section 20).
    fn described(bytes: ByteReader<'_>, at: usize, background: u8) -> Option<Self> {
        let side = |field: usize| bytes.le16(at + field).map(usize::from);
        let pixels = side(5)?.checked_mul(side(7)?).filter(|pixels| *pixels > 0)?;
        let flags = bytes.u8(at + 9)?;
        let data = at + 11 + color_table(flags);
        let code_size = bytes.u8(data - 1).filter(|bits| (2..=8).contains(bits))?;
        // A color beyond the table cannot be coded.
        let background = if u16::from(background) < 1 << code_size { background } else { 0 };
        Some(Self { pixels, interlaced: flags & 0x40 != 0, background, code_size, data })
    }

    fn pixels(&self, bytes: ByteReader<'_>) -> Option<Vec<u8>> {
        let data = sub_blocks(bytes, self.data);
        let mut pixels = vec![self.background; self.pixels];
        let mut decoder = Decoder::new(BitOrder::Lsb, self.code_size);
        let (mut read, mut made) = (0, 0);
        loop {
            let step = decoder.decode_bytes(&data[read..], &mut pixels[made..]);
            (read, made) = (read + step.consumed_in, made + step.consumed_out);
            if !matches!(step.status, Ok(LzwStatus::Ok)) || step.consumed_in + step.consumed_out == 0 {
                return (made > 0).then_some(pixels);
            }
        }
    }
}

/// The data in a chain of sub-blocks, to where the file ends.
fn sub_blocks(bytes: ByteReader<'_>, mut at: usize) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(size @ 1..) = bytes.u8(at) {
        data.extend_from_slice(bytes.window(at + 1, usize::from(size)).0);
        at += 1 + usize::from(size);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::media::probe;

    const STILL: &[u8] = include_bytes!("../../tests/data/images/still.gif");

    #[test]
    fn a_cut_frame_keeps_its_first_pixels() {
        let frame = Frame::first(ByteReader(STILL)).unwrap();
        let whole = frame.pixels(ByteReader(STILL)).unwrap();
        let mut before = 1;
        for cut in [frame.data + 20, frame.data + 60, STILL.len() - 6] {
            let file = filled_up(ByteReader(&STILL[..cut]), u64::MAX).unwrap();
            let asset = probe(&file, &Config::default().media);
            assert_eq!((asset.frames, asset.ending), (1, crate::model::Ending::Whole), "{cut}");
            let found = Frame::first(ByteReader(&file)).unwrap().pixels(ByteReader(&file)).unwrap();
            assert_eq!(found.len(), whole.len());
            let same = whole.iter().zip(&found).take_while(|(a, b)| a == b).count();
            assert!(same >= before && found[same..].iter().all(|pixel| *pixel == frame.background), "{cut}: {same}");
            before = same;
        }
        assert!(before * 10 > whole.len() * 9, "{before} of {}", whole.len());
    }

    #[test]
    fn interlaced_rows_and_more_pixels_than_there_is_room_for_are_not_filled_up() {
        let frame = Frame::first(ByteReader(STILL)).unwrap();
        let mut file = STILL[..frame.data + 60].to_vec();
        assert!(filled_up(ByteReader(&file), frame.pixels as u64).is_some());
        assert_eq!(filled_up(ByteReader(&file), frame.pixels as u64 - 1), None);
        let descriptor = (0..frame.data).rfind(|at| file[*at] == 0x2c && file[at + 9] & 0x40 == 0).unwrap();
        file[descriptor + 9] |= 0x40;
        assert!(Frame::first(ByteReader(&file)).unwrap().interlaced);
        assert_eq!(filled_up(ByteReader(&file), u64::MAX), None);
    }

    #[test]
    fn a_file_without_a_pixel_stays_as_it_is() {
        let frame = Frame::first(ByteReader(STILL)).unwrap();
        for cut in [0, 6, 12, 20, frame.data - 1, frame.data, frame.data + 1] {
            assert_eq!(filled_up(ByteReader(&STILL[..cut]), u64::MAX), None, "{cut}");
        }
        assert_eq!(filled_up(ByteReader(STILL), u64::MAX), None);
        for wrong in [0, 1, 9, 12, 255] {
            let mut file = STILL.to_vec();
            file[frame.data - 1] = wrong;
            assert_eq!(filled_up(ByteReader(&file[..frame.data + 20]), u64::MAX), None, "{wrong}");
        }
    }
}
