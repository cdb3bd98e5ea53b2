//! EXIF (CIPA DC-008): the orientation and the moment a picture was taken.

use super::super::fields::{Fields, Order};
use crate::model::Asset;

/// One image file directory of a TIFF structure (TIFF 6.0, section 2), classic or `BigTIFF`.
pub(in crate::media) struct Directory<'a> {
    file: Fields<'a>,
    order: Order,
    big: bool,
    at: usize,
    entries: usize,
}

/// A directory with more entries than this is no directory. TIFF files in use have fewer than a hundred.
const MAX_ENTRIES: usize = 1024;

impl<'a> Directory<'a> {
    /// The first directory of a TIFF structure.
    pub(in crate::media) fn first(file: Fields<'a>) -> Option<Self> {
        let order = match file.slice(0, 2)? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        let big = file.u16(2, order)? == 43;
        let at = if big { usize::try_from(file.u64(8, order)?).ok()? } else { file.u32(4, order)? as usize };
        Self::at(file, order, big, at)
    }

    fn at(file: Fields<'a>, order: Order, big: bool, at: usize) -> Option<Self> {
        let entries = if big { usize::try_from(file.u64(at, order)?).ok()? } else { file.u16(at, order)?.into() };
        let head = if big { 8 } else { 2 };
        (entries <= MAX_ENTRIES).then_some(Self { file, order, big, at: at.checked_add(head)?, entries })
    }

    /// The directory that a tag of this one points at.
    fn sub(&self, tag: u16) -> Option<Self> {
        Self::at(self.file, self.order, self.big, self.number(tag)? as usize)
    }

    /// Whether all entries are there, and the pointer to the next directory behind them.
    pub(super) fn is_whole(&self) -> bool {
        let (entry, pointer) = if self.big { (20, 8) } else { (12, 4) };
        self.file.slice(self.at + entry * self.entries, pointer).is_some()
    }

    /// Where the entry of a tag stands.
    fn entry(&self, tag: u16) -> Option<usize> {
        let size = if self.big { 20 } else { 12 };
        let mut entries = (0..self.entries).map(|index| self.at + index * size);
        entries.find(|&at| self.file.u16(at, self.order) == Some(tag))
    }

    /// The bytes of a tag's value, wherever they stand.
    pub(super) fn bytes(&self, tag: u16) -> Option<Fields<'a>> {
        let at = self.entry(tag)?;
        let width = match self.file.u16(at + 2, self.order)? {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 1,
        };
        let (count, inline, room) = if self.big {
            (usize::try_from(self.file.u64(at + 4, self.order)?).ok()?, at + 12, 8)
        } else {
            (self.file.u32(at + 4, self.order)? as usize, at + 8, 4)
        };
        let len = count.checked_mul(width)?;
        let start = match (len <= room, self.big) {
            (true, _) => inline,
            (false, true) => usize::try_from(self.file.u64(inline, self.order)?).ok()?,
            (false, false) => self.file.u32(inline, self.order)? as usize,
        };
        self.file.slice(start, len).map(Fields)
    }

    /// The first number of a tag, of whatever integer type it has.
    pub(in crate::media) fn number(&self, tag: u16) -> Option<u32> {
        self.numbers(tag).next().and_then(|number| u32::try_from(number).ok())
    }

    /// All numbers of a tag.
    pub(in crate::media) fn numbers(&self, tag: u16) -> impl Iterator<Item = u64> {
        let order = self.order;
        let kind = self.entry(tag).and_then(|at| self.file.u16(at + 2, order));
        let value = self.bytes(tag).unwrap_or(Fields(&[]));
        (0..).map_while(move |index: usize| match kind? {
            1 | 6 | 7 => value.u8(index).map(u64::from),
            3 | 8 => value.u16(2 * index, order).map(u64::from),
            4 | 9 | 13 => value.u32(4 * index, order).map(u64::from),
            16..=18 => value.u64(8 * index, order),
            _ => None,
        })
    }

    /// The file with another number for a tag that has one of two bytes.
    pub(in crate::media) fn with_number(&self, tag: u16, number: u16) -> Option<Vec<u8>> {
        let at = self.entry(tag)?;
        let is_short = self.file.u16(at + 2, self.order)? == 3;
        let value = at + if self.big { 12 } else { 8 };
        let mut file = is_short.then(|| self.file.0.to_vec())?;
        let bytes = if self.order == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() };
        file.get_mut(value..value + 2)?.copy_from_slice(&bytes);
        Some(file)
    }

    /// The text of a tag, up to its NUL.
    fn text(&self, tag: u16) -> Option<String> {
        let value = self.bytes(tag)?.0;
        let text = value.split(|&byte| byte == 0).next()?.trim_ascii();
        let text = text.get(..text.len().min(64))?;
        (!text.is_empty() && text.is_ascii()).then(|| String::from_utf8_lossy(text).into_owned())
    }

    /// Tag 274: values that the standard does not have count as upright.
    pub(super) fn orientation(&self) -> u8 {
        self.number(274).and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=8).contains(value)).unwrap_or(1)
    }

    /// `DateTimeOriginal`, else `DateTimeDigitized`, else the directory's own `DateTime`.
    pub(super) fn taken(&self) -> Option<String> {
        let detail = self.sub(34665);
        let of_detail = |tag| detail.as_ref().and_then(|detail| detail.text(tag)).filter(|date| is_date(date));
        of_detail(36867).or_else(|| of_detail(36868)).or_else(|| self.text(306).filter(|date| is_date(date)))
    }
}

/// Whether some text has the form `YYYY:MM:DD HH:MM:SS` and names a moment (cameras without a clock write zeros).
fn is_date(text: &str) -> bool {
    let form = text.len() == 19
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 | 13 | 16 => byte == b':',
            10 => byte == b' ',
            _ => byte.is_ascii_digit(),
        });
    form && !text.starts_with("0000")
}

/// Takes orientation and date from an EXIF block.
pub(super) fn read(block: Fields<'_>, asset: &mut Asset) {
    if let Some(directory) = Directory::first(block) {
        asset.orientation = directory.orientation();
        asset.taken = directory.taken();
    }
}
