//! The compression of fax machines: one-dimensional rows (TIFF 6.0, section 10), ITU-T T.4 and T.6. The code tables are
//! those of the crate `fax`; its own decoders take neither rows without an end-of-line code nor T.4 in two dimensions.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader as _, ByteReader};

/// How rows are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Each row by itself, from a whole byte on.
    Rows,
    /// T.4: an end-of-line code before each row; with `true`, a bit behind it says whether the row refers to the one above.
    Group3(bool),
    /// T.6: each row refers to the one above.
    Group4,
}

/// Decodes to one bit per pixel, 1 for black, rows padded to whole bytes. What breaks off stays white; `None` if that is all.
pub(super) fn decode(bytes: &[u8], coding: Coding, width: usize, height: usize) -> Option<Vec<u8>> {
    let stride = width.div_ceil(8);
    let mut out = vec![0; stride * height];
    let mut rows = Rows::new(bytes, coding, u32::try_from(width).ok()?)?;
    let mut decoded = 0;
    for row in out.chunks_exact_mut(stride) {
        let Some(changes) = rows.next() else { break };
        paint(row, changes, width);
        decoded += 1;
    }
    (decoded > 0).then_some(out)
}

/// Sets the bits of black runs: from each change at an even place to the next.
fn paint(row: &mut [u8], changes: &[u32], width: usize) {
    for run in changes.chunks(2) {
        let end = run.get(1).map_or(width, |&end| end as usize).min(width);
        for at in run[0] as usize..end {
            row[at / 8] |= 0x80 >> (at % 8);
        }
    }
}

/// The bytes of a slice, as the code tables take them. They look ahead, so zeros follow.
struct Input<'a>(&'a [u8], usize);

impl Iterator for Input<'_> {
    type Item = Result<u8, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let byte = self.0.get(self.1).copied().or((self.1 < self.0.len() + 4).then_some(0))?;
        self.1 += 1;
        Some(Ok(byte))
    }
}

/// Rows as the places where the color changes, beginning with white.
struct Rows<'a> {
    reader: ByteReader<Input<'a>>,
    coding: Coding,
    width: u32,
    above: Vec<u32>,
}

/// An end-of-line code has eleven zeros; no other code begins with more than seven (T.4, section 4.1.2).
const ZEROS_OF_NO_RUN: u8 = 9;

impl<'a> Rows<'a> {
    fn new(bytes: &'a [u8], coding: Coding, width: u32) -> Option<Self> {
        let reader = ByteReader::new(Input(bytes, 0)).ok()?;
        Some(Self { reader, coding, width, above: Vec::new() })
    }

    fn next(&mut self) -> Option<&[u32]> {
        let row = match self.coding {
            Coding::Rows => self.row_of_bytes(),
            Coding::Group3(two_dimensions) => self.row_after_end_of_line(two_dimensions),
            Coding::Group4 => self.two_dimensions(),
        }?;
        self.above = row;
        Some(&self.above)
    }

    fn bit(&mut self) -> Option<bool> {
        let bit = self.reader.peek(1)?;
        self.reader.consume(1).ok()?;
        Some(bit == 1)
    }

    fn row_after_end_of_line(&mut self, two_dimensions: bool) -> Option<Vec<u32>> {
        while self.reader.peek(ZEROS_OF_NO_RUN) == Some(0) {
            while !self.bit()? {}
        }
        if two_dimensions && !self.bit()? { self.two_dimensions() } else { self.one_dimension() }
    }

    /// A row from a whole byte on.
    fn row_of_bytes(&mut self) -> Option<Vec<u32>> {
        let row = self.one_dimension();
        let padding = self.reader.bits_to_byte_boundary() % 8;
        if padding > 0 {
            self.reader.consume(padding).ok()?;
        }
        row
    }

    /// Runs of white and black in turn, up to the width (T.4, section 4.1.1).
    fn one_dimension(&mut self) -> Option<Vec<u32>> {
        let (mut row, mut at, mut is_black) = (Vec::new(), 0, false);
        while at < self.width {
            at = (at + self.run(is_black)?).min(self.width);
            row.push(at);
            is_black = !is_black;
        }
        Some(row)
    }

    /// A run: make-up codes for multiples of 64, and a terminating code.
    fn run(&mut self, is_black: bool) -> Option<u32> {
        let mut length = 0;
        loop {
            let part = if is_black { black::decode(&mut self.reader) } else { white::decode(&mut self.reader) }?;
            length += u32::from(part);
            if part < 64 {
                return Some(length);
            }
            if length > self.width {
                return None;
            }
        }
    }

    /// A row that refers to the one above (T.6, section 2.2).
    fn two_dimensions(&mut self) -> Option<Vec<u32>> {
        let (mut row, mut at, mut is_black, mut begun) = (Vec::new(), 0, false, false);
        while at < self.width {
            let (b1, b2) = self.changes_above(at, is_black, begun);
            begun = true;
            match mode::decode(&mut self.reader)? {
                Mode::Pass => at = b2,
                Mode::Vertical(shift) => {
                    at = b1.checked_add_signed(i32::from(shift)).filter(|to| (at..=self.width).contains(to))?;
                    row.push(at);
                    is_black = !is_black;
                }
                Mode::Horizontal => {
                    for color in [is_black, !is_black] {
                        at = (at + self.run(color)?).min(self.width);
                        row.push(at);
                    }
                }
                Mode::Extension | Mode::EOF => return None,
            }
        }
        Some(row)
    }

    /// The first change above, right of here, to the other color, and the next one.
    fn changes_above(&self, at: u32, is_black: bool, begun: bool) -> (u32, u32) {
        let first = self.above.partition_point(|&change| if begun { change <= at } else { change < at });
        let first = first + usize::from(first % 2 != usize::from(is_black));
        let change = |index: usize| self.above.get(index).copied().unwrap_or(self.width);
        (change(first), change(first + 1))
    }
}
