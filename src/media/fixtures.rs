//! Small files that unit tests put together.

use super::ifd::SUB_IFDS;

/// A JPEG of 24 × 16 pixels.
pub(super) const JPEG: &[u8] = include_bytes!("../../tests/data/images/baseline.jpg");

/// A box of an ISO base media file.
pub(super) fn boxed(kind: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&length[..], kind, &body].concat()
}

/// An entry of a directory.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    Short(u16, u16),
    Long(u16, u32),
    Text(u16, &'a str),
    Bytes(u16, &'a [u8]),
    /// Bytes elsewhere in the file: a tag of where they begin, and one of how many they are.
    Data(u16, u16, &'a [u8]),
}

/// A file of the structure of TIFF, little-endian: a directory, and those below it.
pub(super) fn tiff(entries: &[Entry<'_>], below: &[&[Entry<'_>]]) -> Vec<u8> {
    let mut file = b"II*\0\0\0\0\0".to_vec();
    let below: Vec<u32> = below.iter().map(|entries| directory(&mut file, entries, &[])).collect();
    let first = directory(&mut file, entries, &below);
    file[4..8].copy_from_slice(&first.to_le_bytes());
    file
}

fn here(file: &[u8]) -> u32 {
    u32::try_from(file.len()).unwrap()
}

/// Appends a directory, and what it names before it. Its last four bytes are the last of the file.
fn directory(file: &mut Vec<u8>, entries: &[Entry<'_>], below: &[u32]) -> u32 {
    let mut fields = Vec::new();
    for entry in entries {
        match *entry {
            Entry::Short(tag, value) => fields.push(field(tag, 3, 1, u32::from(value))),
            Entry::Long(tag, value) => fields.push(field(tag, 4, 1, value)),
            Entry::Text(tag, text) => fields.push(bytes(file, tag, 2, &[text.as_bytes(), b"\0"].concat())),
            Entry::Bytes(tag, value) => fields.push(bytes(file, tag, 7, value)),
            Entry::Data(start, length, value) => {
                fields.push(field(start, 4, 1, here(file)));
                fields.push(field(length, 4, 1, u32::try_from(value.len()).unwrap()));
                file.extend_from_slice(value);
            }
        }
    }
    if !below.is_empty() {
        let offsets: Vec<u8> = below.iter().flat_map(|at| at.to_le_bytes()).collect();
        let mut field = bytes(file, SUB_IFDS, 4, &offsets);
        field[4..8].copy_from_slice(&u32::try_from(below.len()).unwrap().to_le_bytes());
        fields.push(field);
    }
    let at = here(file);
    file.extend_from_slice(&u16::try_from(fields.len()).unwrap().to_le_bytes());
    file.extend_from_slice(&fields.concat());
    file.extend_from_slice(&[0; 4]);
    at
}

fn field(tag: u16, kind: u16, count: u32, value: u32) -> [u8; 12] {
    let parts = [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat();
    parts.try_into().unwrap()
}

fn bytes(file: &mut Vec<u8>, tag: u16, kind: u16, value: &[u8]) -> [u8; 12] {
    let count = u32::try_from(value.len()).unwrap();
    if value.len() <= 4 {
        let mut inline = [0; 4];
        inline[..value.len()].copy_from_slice(value);
        return field(tag, kind, count, u32::from_le_bytes(inline));
    }
    let at = here(file);
    file.extend_from_slice(value);
    field(tag, kind, count, at)
}

/// A Photoshop file of 2 × 2 pixels in three channels of eight bits, unless said otherwise.
pub(super) struct Photoshop<'a> {
    pub(super) large: bool,
    pub(super) channels: u16,
    pub(super) side: u32,
    pub(super) depth: u16,
    pub(super) mode: u16,
    pub(super) palette: &'a [u8],
    /// The number, the name and the data of each.
    pub(super) resources: &'a [(u16, &'a str, &'a [u8])],
    pub(super) compression: u16,
    pub(super) samples: &'a [u8],
}

impl Default for Photoshop<'_> {
    fn default() -> Self {
        let (palette, resources, samples) = (&[][..], &[][..], &[9; 12]);
        Self { large: false, channels: 3, side: 2, depth: 8, mode: 3, palette, resources, compression: 0, samples }
    }
}

impl Photoshop<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let counted = |bytes: &[u8]| [&here(bytes).to_be_bytes()[..], bytes].concat();
        let resource = |&(number, name, data): &(u16, &str, &[u8])| {
            let mut name = [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
            name.resize(name.len().next_multiple_of(2), 0);
            let padding = vec![0; data.len() % 2];
            [b"8BIM", &number.to_be_bytes()[..], &name, &counted(data), &padding].concat()
        };
        let resources: Vec<u8> = self.resources.iter().flat_map(resource).collect();
        let layers: &[u8] = if self.large { &[0; 8] } else { &[0; 4] };
        let side = self.side.to_be_bytes();
        let header = [b"8BPS\0", &[1 + u8::from(self.large)][..], &[0; 6], &self.channels.to_be_bytes(), &side, &side];
        let kind = [self.depth.to_be_bytes(), self.mode.to_be_bytes()].concat();
        let image = [&self.compression.to_be_bytes(), self.samples].concat();
        [header.concat(), kind, counted(self.palette), counted(&resources), layers.to_vec(), image].concat()
    }
}

/// A raw of Fujifilm's with a sensor of this height and width, and a few of its values.
pub(super) fn fuji_raw(jpeg: &[u8], (height, width): (u16, u16)) -> Vec<u8> {
    const HEAD: u32 = 108;
    let record = |tag: u16, data: &[u8]| [&tag.to_be_bytes()[..], &[0, 4], data].concat();
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    let records = [&2_u32.to_be_bytes()[..], &record(0x100, &[9; 4]), &record(0x111, &size)].concat();
    let mut file = b"FUJIFILMCCD-RAW 0201FF383501".to_vec();
    file.resize(84, 0);
    let mut at = HEAD;
    for length in [here(jpeg), here(&records), 20] {
        file.extend([at, length].iter().flat_map(|word| word.to_be_bytes()));
        at += length;
    }
    [&file, jpeg, &records, &[7; 20]].concat()
}
