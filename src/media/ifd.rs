//! Image file directories: the structure of TIFF 6.0 (section 2) and `BigTIFF`, which EXIF uses too.

use super::byte_reader::{ByteOrder, ByteReader};

/// One image file directory.
pub(super) struct Directory<'a> {
    file: ByteReader<'a>,
    order: ByteOrder,
    big: bool,
    at: usize,
    entries: usize,
}

/// The tag of the directories below one (TIFF, technical note 1).
pub(super) const SUB_IFDS: u16 = 330;

/// The largest number of entries. TIFF files in use have fewer than a hundred.
const MAX_ENTRIES: usize = 1024;

impl<'a> Directory<'a> {
    /// The first directory of a TIFF structure.
    pub(super) fn first(file: ByteReader<'a>) -> Option<Self> {
        let order = match file.slice(0, 2)? {
            b"II" => ByteOrder::Little,
            b"MM" => ByteOrder::Big,
            _ => return None,
        };
        let big = file.u16(2, order)? == 43;
        let at = if big { usize::try_from(file.u64(8, order)?).ok()? } else { file.u32(4, order)? as usize };
        Self::at(file, order, big, at)
    }

    fn at(file: ByteReader<'a>, order: ByteOrder, big: bool, at: usize) -> Option<Self> {
        let entries = if big { usize::try_from(file.u64(at, order)?).ok()? } else { file.u16(at, order)?.into() };
        let head = if big { 8 } else { 2 };
        (entries <= MAX_ENTRIES).then_some(Self { file, order, big, at: at.checked_add(head)?, entries })
    }

    /// A directory at an offset that a maker chose, of a part of a file.
    pub(super) fn at_offset(file: ByteReader<'a>, order: ByteOrder, at: usize) -> Option<Self> {
        Self::at(file, order, false, at)
    }

    /// The directory that a tag of this one points at.
    pub(super) fn sub(&self, tag: u16) -> Option<Self> {
        self.subs(tag).next()
    }

    /// All directories that a tag of this one points at.
    pub(super) fn subs(&self, tag: u16) -> impl Iterator<Item = Self> {
        let (file, order, big) = (self.file, self.order, self.big);
        self.numbers(tag).map_while(|at| usize::try_from(at).ok()).filter_map(move |at| Self::at(file, order, big, at))
    }

    /// The directory that follows this one.
    pub(super) fn next(&self) -> Option<Self> {
        let at = if self.big {
            usize::try_from(self.file.u64(self.end(), self.order)?).ok()?
        } else {
            self.file.u32(self.end(), self.order)? as usize
        };
        if at == 0 { None } else { Self::at(self.file, self.order, self.big, at) }
    }

    /// Whether the file holds all entries.
    pub(super) fn has_entries(&self) -> bool {
        self.end() <= self.file.len()
    }

    /// Whether the file holds the pointer to the next directory, behind the entries.
    pub(super) fn has_next_pointer(&self) -> bool {
        self.file.slice(self.end(), if self.big { 8 } else { 4 }).is_some()
    }

    /// The offset behind the entries.
    fn end(&self) -> usize {
        self.at.saturating_add(if self.big { 20 } else { 12 } * self.entries)
    }

    /// The offset of the entry of a tag.
    fn entry(&self, tag: u16) -> Option<usize> {
        let size = if self.big { 20 } else { 12 };
        let mut entries = (0..self.entries).map(|index| self.at + index * size);
        entries.find(|&at| self.file.u16(at, self.order) == Some(tag))
    }

    /// The bytes of a tag's value, inside the entry or elsewhere in the file.
    pub(super) fn bytes(&self, tag: u16) -> Option<ByteReader<'a>> {
        let (start, length) = self.place(tag)?;
        self.file.slice(start, length).map(ByteReader)
    }

    /// Where the bytes of a tag's value begin, and how many they are.
    pub(super) fn place(&self, tag: u16) -> Option<(usize, usize)> {
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
        Some((start, len))
    }

    /// The first number of a tag of any integer type.
    pub(super) fn number(&self, tag: u16) -> Option<u32> {
        self.numbers(tag).next().and_then(|number| u32::try_from(number).ok())
    }

    /// All numbers of a tag.
    pub(super) fn numbers(&self, tag: u16) -> impl Iterator<Item = u64> {
        let order = self.order;
        let field_type = self.entry(tag).and_then(|at| self.file.u16(at + 2, order));
        let value = self.bytes(tag).unwrap_or(ByteReader(&[]));
        (0..).map_while(move |index: usize| match field_type? {
            1 | 6 | 7 => value.u8(index).map(u64::from),
            3 | 8 => value.u16(2 * index, order).map(u64::from),
            4 | 9 | 13 => value.u32(4 * index, order).map(u64::from),
            16..=18 => value.u64(8 * index, order),
            _ => None,
        })
    }

    /// All fractions of a tag (type 5).
    pub(super) fn fractions(&self, tag: u16) -> impl Iterator<Item = f32> {
        let order = self.order;
        let is_fraction = self.entry(tag).and_then(|at| self.file.u16(at + 2, order)) == Some(5);
        let value = self.bytes(tag).filter(|_| is_fraction).unwrap_or(ByteReader(&[]));
        (0..).map_while(move |index: usize| {
            let (above, below) = (value.u32(8 * index, order)?, value.u32(8 * index + 4, order)?);
            (below > 0).then_some(above as f32 / below as f32)
        })
    }

    /// The byte order of the file.
    pub(super) fn order(&self) -> ByteOrder {
        self.order
    }

    /// A part of the file, shortened to what exists.
    pub(super) fn part(&self, start: u64, length: u64) -> ByteReader<'a> {
        let offset = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        self.file.window(offset(start), offset(length))
    }

    /// The text of a tag, up to its NUL.
    pub(super) fn text(&self, tag: u16) -> Option<String> {
        let value = self.bytes(tag)?.0;
        let text = value.split(|&byte| byte == 0).next()?.trim_ascii();
        let text = text.get(..text.len().min(64))?;
        (!text.is_empty() && text.is_ascii()).then(|| String::from_utf8_lossy(text).into_owned())
    }
}
