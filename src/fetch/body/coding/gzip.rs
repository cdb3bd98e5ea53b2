//! The coding `gzip` (RFC 1952).

use std::io::{self, Write};

use flate2::write::GzDecoder;

/// What a member starts with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A decoder of one or more members. What follows the last one is ignored.
pub(super) struct Gzip {
    state: State,
}

enum State {
    /// Before a member: its first bytes, as far as they have come.
    Before { start: Vec<u8>, is_first: bool },
    /// In a member.
    In(Box<GzDecoder<Vec<u8>>>),
    /// After the last member.
    After,
    /// The first bytes are not those of a member: the bytes are not coded, whatever the header says.
    NotCoded,
}

impl Gzip {
    pub(super) const fn new() -> Self {
        Self { state: State::Before { start: Vec::new(), is_first: true } }
    }

    /// Whether the bytes have turned out not to be coded.
    pub(super) const fn is_not_coded(&self) -> bool {
        matches!(self.state, State::NotCoded)
    }

    /// Decodes the next bytes.
    pub(super) fn decode(&mut self, mut coded: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoded = Vec::new();
        while !coded.is_empty() {
            let (used, bytes) = self.step(coded)?;
            decoded.extend(bytes);
            coded = &coded[used..];
        }
        Ok(decoded)
    }

    /// Decodes some bytes, and returns how many.
    fn step(&mut self, coded: &[u8]) -> io::Result<(usize, Vec<u8>)> {
        match &mut self.state {
            State::After => Ok((coded.len(), Vec::new())),
            State::NotCoded => Ok((coded.len(), coded.to_vec())),
            State::In(member) => {
                let used = member.write(coded)?;
                let decoded = std::mem::take(member.get_mut());
                if used == 0 {
                    member.try_finish()?;
                    self.state = State::Before { start: Vec::new(), is_first: false };
                }
                Ok((used, decoded))
            }
            State::Before { start, is_first } => {
                start.push(coded[0]);
                let (start, is_first) = (std::mem::take(start), *is_first);
                self.begin(start, is_first).map(|decoded| (1, decoded))
            }
        }
    }

    fn begin(&mut self, start: Vec<u8>, is_first: bool) -> io::Result<Vec<u8>> {
        if start == MAGIC {
            let mut member = Box::new(GzDecoder::new(Vec::new()));
            member.write_all(&start)?;
            self.state = State::In(member);
        } else if MAGIC.starts_with(&start) {
            self.state = State::Before { start, is_first };
        } else if is_first {
            self.state = State::NotCoded;
            return Ok(start);
        } else {
            self.state = State::After;
        }
        Ok(Vec::new())
    }

    /// Decodes what is left at the end. Fails if the end of a member is missing.
    pub(super) fn finish(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.state {
            State::In(member) => member.try_finish().map(|()| std::mem::take(member.get_mut())),
            State::Before { is_first: true, .. } => Err(io::ErrorKind::UnexpectedEof.into()),
            State::Before { .. } | State::After | State::NotCoded => Ok(Vec::new()),
        }
    }
}
