//! Decodes and notes where each character came from.

use std::ops::Range;

use encoding_rs::{DecoderResult, Encoding, ISO_2022_JP, UTF_8};

use super::run::Run;

/// Decodes the bytes after the byte order mark.
pub(super) fn decode(bytes: &[u8], mark: usize, encoding: &'static Encoding) -> (String, Vec<Run>) {
    let mut notes = Notes { text: String::with_capacity(bytes.len()), runs: Vec::new() };
    if encoding == UTF_8 {
        utf8(&bytes[mark..], mark, &mut notes);
    } else {
        by_steps(bytes, mark, encoding, &mut notes);
    }
    (notes.text, notes.runs)
}

/// The text so far, and its runs.
struct Notes {
    text: String,
    runs: Vec<Run>,
}

impl Notes {
    /// Adds characters that take `byte_size` bytes each, from `at` on.
    fn push(&mut self, text: &str, at: usize, byte_size: usize) {
        for c in text.chars() {
            let text_size = c.len_utf8();
            let next = (self.text.len(), text_size, byte_size);
            self.text.push(c);
            match self.runs.last_mut() {
                Some(run)
                    if (run.text + run.count * run.text_size, run.text_size, run.byte_size) == next
                        && run.bytes + run.count * run.byte_size == at =>
                {
                    run.count += 1;
                }
                _ => self.runs.push(Run { text: next.0, bytes: at, count: 1, text_size, byte_size }),
            }
        }
    }

    /// Adds characters of one byte each.
    fn push_ascii(&mut self, text: &str, at: usize) {
        if let Some(run) = self.runs.last_mut()
            && (run.text_size, run.byte_size) == (1, 1)
            && run.bytes + run.count == at
        {
            run.count += text.len();
        } else if !text.is_empty() {
            let run = Run { text: self.text.len(), bytes: at, count: text.len(), text_size: 1, byte_size: 1 };
            self.runs.push(run);
        }
        self.text.push_str(text);
    }
}

/// UTF-8 with bytes in it that are not.
fn utf8(bytes: &[u8], mark: usize, notes: &mut Notes) {
    let mut at = mark;
    for chunk in bytes.utf8_chunks() {
        for part in chunk.valid().split_inclusive(|c: char| !c.is_ascii()) {
            let ascii =
                part.len() - part.chars().next_back().map_or(0, |c| if c.is_ascii() { 0 } else { c.len_utf8() });
            notes.push_ascii(&part[..ascii], at);
            notes.push(&part[ascii..], at + ascii, part.len() - ascii);
            at += part.len();
        }
        if !chunk.invalid().is_empty() {
            notes.push("\u{fffd}", at, chunk.invalid().len());
            at += chunk.invalid().len();
        }
    }
}

/// Feeds a decoder one byte at a time, so that it is known which bytes each character came from. Stretches of ASCII
/// are taken as they are, where the encoding has no states.
fn by_steps(bytes: &[u8], mark: usize, encoding: &'static Encoding, notes: &mut Notes) {
    let ascii = encoding.is_ascii_compatible();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut at, mut start) = (mark, mark);
    while at < bytes.len() {
        if ascii && at == start {
            let length = Encoding::ascii_valid_up_to(&bytes[at..]);
            notes.push_ascii(str::from_utf8(&bytes[at..at + length]).unwrap_or_default(), at);
            at += length;
            start = at;
            if at == bytes.len() {
                return;
            }
        }
        let mut produced = [0; 16];
        let last = at + 1 == bytes.len();
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(&bytes[at..=at], &mut produced, last);
        at += read;
        let text = str::from_utf8(&produced[..written]).unwrap_or_default();
        start = note(notes, text, start..at, (encoding, &result));
        if matches!(result, DecoderResult::Malformed(..)) && encoding != ISO_2022_JP {
            // The decoder may have returned bytes to the input: a new one reads them again from the end of the error.
            decoder = encoding.new_decoder_without_bom_handling();
            at = start;
        }
    }
}

/// Records the result of the bytes read since the last character; returns where the next ones start.
fn note(
    notes: &mut Notes,
    text: &str,
    read: Range<usize>,
    (encoding, result): (&'static Encoding, &DecoderResult),
) -> usize {
    let DecoderResult::Malformed(length, extra) = *result else {
        notes.push(text, read.start, read.len());
        return if text.is_empty() { read.start } else { read.end };
    };
    let end = read.end.saturating_sub(extra.into()).max(read.start);
    let start = end.saturating_sub(length.into()).max(read.start);
    notes.push(text, read.start, start - read.start);
    notes.push("\u{fffd}", start, end - start);
    if encoding == ISO_2022_JP { read.end } else { end.max(read.start + 1) }
}
