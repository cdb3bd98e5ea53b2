//! Whether a JPEG without its end marker holds all of its pixels.
//!
//! The Huffman codes of a sequential JPEG are walked without storing a coefficient (ITU-T T.81, annex F). Of a progressive
//! JPEG it suffices that the scans have reached full precision (annex G): what the last one lacks cannot be seen.

use super::jpeg_segments::{SOS, is_frame, next_segment};
use crate::media::byte_reader::ByteReader;

/// Whether all pixels are there.
pub(super) fn is_complete(bytes: ByteReader<'_>) -> bool {
    let mut image = Image::default();
    image.read(bytes).is_some() && image.components.iter().all(|component| component.complete)
}

/// One component of the frame.
struct Component {
    id: u8,
    h_factor: u32,
    v_factor: u32,
    complete: bool,
    /// The coefficients that a progressive scan brought to full precision, one bit each.
    refined: u64,
}

/// What the segments so far say.
#[derive(Default)]
struct Image {
    progressive: bool,
    width: u32,
    height: u32,
    components: Vec<Component>,
    /// DC tables, then AC tables.
    tables: [Option<Table>; 8],
    restart_interval: u32,
}

impl Image {
    /// Walks all segments and scans; `None` if one breaks off, or is of a kind that is not read here.
    fn read(&mut self, bytes: ByteReader<'_>) -> Option<()> {
        let mut at = 2;
        while let Some((marker, body)) = next_segment(bytes, &mut at) {
            match marker {
                // Sequential and progressive with Huffman codes; not lossless, hierarchical or arithmetic.
                0xc0..=0xc2 => self.frame(body, marker == 0xc2)?,
                _ if is_frame(marker) => return None,
                0xc4 => self.huffman_tables(body)?,
                0xdd => self.restart_interval = body.be16(0)?.into(),
                SOS => at += self.scan(body, bytes.from(at)?)?,
                _ => {}
            }
            if self.components.iter().all(|component| component.complete) && !self.components.is_empty() {
                return Some(());
            }
        }
        None
    }

    /// `SOFn`: section B.2.2.
    fn frame(&mut self, body: ByteReader<'_>, progressive: bool) -> Option<()> {
        self.progressive = progressive;
        (self.height, self.width) = (body.be16(1)?.into(), body.be16(3)?.into());
        if self.height == 0 || self.width == 0 {
            return None;
        }
        for index in 0..usize::from(body.u8(5)?.min(4)) {
            let (id, factors) = (body.u8(6 + 3 * index)?, body.u8(7 + 3 * index)?);
            let (h_factor, v_factor) = (u32::from(factors >> 4), u32::from(factors & 15));
            if h_factor == 0 || v_factor == 0 {
                return None;
            }
            self.components.push(Component { id, h_factor, v_factor, complete: false, refined: 0 });
        }
        Some(())
    }

    /// `DHT`: section B.2.4.2.
    fn huffman_tables(&mut self, mut body: ByteReader<'_>) -> Option<()> {
        while body.len() > 0 {
            let (class, number) = (body.u8(0)? >> 4 & 1, body.u8(0)? & 3);
            let counts = body.slice(1, 16)?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            self.tables[usize::from(4 * class + number)] = Some(Table::new(counts, body.slice(17, total)?));
            body = body.from(17 + total)?;
        }
        Some(())
    }

    /// One scan: section B.2.3. Gives the length of its data.
    fn scan(&mut self, header: ByteReader<'_>, data: ByteReader<'_>) -> Option<usize> {
        let count = usize::from(header.u8(0)?);
        let mut members = Vec::with_capacity(count);
        for index in 0..count.min(4) {
            let id = header.u8(1 + 2 * index)?;
            let component = self.components.iter().position(|component| component.id == id)?;
            members.push((component, header.u8(2 + 2 * index)?));
        }
        if self.progressive {
            self.refine(&members, ByteReader(header.from(1 + 2 * count)?.0))?;
            return Some(0);
        }
        let length = self.walk(&members, data)?;
        for (component, _) in members {
            self.components[component].complete = true;
        }
        Some(length)
    }

    /// Notes which coefficients a progressive scan brings to full precision (section G.1.1.1).
    fn refine(&mut self, members: &[(usize, u8)], band: ByteReader<'_>) -> Option<()> {
        let (start, end, approximation) = (band.u8(0)?.min(63), band.u8(1)?.min(63), band.u8(2)?);
        let precision_left = approximation & 15;
        if precision_left == 0 {
            let coefficients = (start..=end).fold(0, |bits, at| bits | 1_u64 << at);
            for &(component, _) in members {
                let component = &mut self.components[component];
                component.refined |= coefficients;
                component.complete = component.refined == u64::MAX;
            }
        }
        Some(())
    }

    /// Walks the codes of a sequential scan. Gives their length.
    fn walk(&self, members: &[(usize, u8)], data: ByteReader<'_>) -> Option<usize> {
        let mut units = Vec::new();
        for &(component, tables) in members {
            let dc = self.tables[usize::from(tables >> 4 & 3)].as_ref()?;
            let ac = self.tables[usize::from(4 + (tables & 3))].as_ref()?;
            let component = &self.components[component];
            let blocks = if members.len() == 1 { 1 } else { component.h_factor * component.v_factor };
            units.push((dc, ac, blocks));
        }
        let mut bits = Bits { data, at: 0, buffer: 0, count: 0 };
        for number in 0..self.unit_count(members) {
            if number > 0 && self.restart_interval > 0 && number % self.restart_interval == 0 {
                bits.restart()?;
            }
            for (dc, ac, blocks) in &units {
                (0..*blocks).try_for_each(|_| block(&mut bits, dc, ac))?;
            }
        }
        Some(bits.at)
    }

    /// The number of minimum coded units of a scan (section A.2). A scan of one component codes its blocks alone.
    fn unit_count(&self, members: &[(usize, u8)]) -> u32 {
        let most = |factor: fn(&Component) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        let (h_factor, v_factor) = (most(|one| one.h_factor), most(|one| one.v_factor));
        match members {
            [(only, _)] => {
                let only = &self.components[*only];
                (self.width * only.h_factor).div_ceil(h_factor).div_ceil(8)
                    * (self.height * only.v_factor).div_ceil(v_factor).div_ceil(8)
            }
            _ => self.width.div_ceil(8 * h_factor) * self.height.div_ceil(8 * v_factor),
        }
    }
}

/// Skips the codes of one block (section F.2.2).
fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Option<()> {
    let category = dc.symbol(bits)?;
    bits.take(category.min(16))?;
    let mut at = 1;
    while at < 64 {
        let symbol = ac.symbol(bits)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => at += 16,
            (_, 0) => break,
            (run, size) => {
                at += usize::from(run) + 1;
                bits.take(size)?;
            }
        }
    }
    Some(())
}

/// A Huffman table (section F.2.2.3).
struct Table {
    /// For each length of a code, the first code, the number of codes, and the index of the first symbol.
    lengths: [(u32, u32, usize); 16],
    symbols: Vec<u8>,
}

impl Table {
    fn new(counts: &[u8], symbols: &[u8]) -> Self {
        let (mut code, mut index) = (0, 0);
        let mut lengths = [(0, 0, 0); 16];
        for (length, &count) in lengths.iter_mut().zip(counts) {
            *length = (code, count.into(), index);
            code = (code + u32::from(count)) << 1;
            index += usize::from(count);
        }
        Self { lengths, symbols: symbols.to_vec() }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let mut code = 0;
        for (first, count, index) in self.lengths {
            code = code << 1 | bits.take(1)?;
            if code < first + count && code >= first {
                return self.symbols.get(index + (code - first) as usize).copied();
            }
        }
        None
    }
}

/// The bits of entropy-coded data, up to the next marker (section B.1.1.5).
struct Bits<'a> {
    data: ByteReader<'a>,
    at: usize,
    buffer: u32,
    count: u8,
}

impl Bits<'_> {
    /// The next `count` bits, at most 16.
    fn take(&mut self, count: u8) -> Option<u32> {
        while self.count < count {
            let byte = self.data.u8(self.at)?;
            self.at += 1;
            if byte == 0xff {
                // A zero is stuffed behind a byte of ones; anything else is a marker.
                if self.data.u8(self.at)? != 0 {
                    return None;
                }
                self.at += 1;
            }
            self.buffer = self.buffer << 8 | u32::from(byte);
            self.count += 8;
        }
        self.count -= count;
        Some(self.buffer >> self.count & ((1 << count) - 1))
    }

    /// Drops the padding, and skips a restart marker.
    fn restart(&mut self) -> Option<()> {
        self.count = 0;
        let is_marker = self.data.u8(self.at)? == 0xff && matches!(self.data.u8(self.at + 1)?, 0xd0..=0xd7);
        self.at += 2;
        is_marker.then_some(())
    }
}
