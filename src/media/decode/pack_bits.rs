//! `PackBits`, in which TIFF and Photoshop compress rows (TIFF 6.0, section 9).

/// So many bytes at most, of which each run is a count and bytes, or a count and a byte to repeat.
pub(super) fn unpacked(stored: &[u8], expected: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(expected);
    let mut rest = stored;
    while let [head, tail @ ..] = rest
        && out.len() < expected
    {
        let used = match head.cast_signed() {
            -128 => 0,
            literal @ 0.. => {
                let length = (usize::from(literal.unsigned_abs()) + 1).min(tail.len());
                out.extend_from_slice(&tail[..length]);
                length
            }
            repeat => {
                let count = usize::from(repeat.unsigned_abs()) + 1;
                out.extend(tail.first().into_iter().flat_map(|byte| std::iter::repeat_n(*byte, count)));
                1
            }
        };
        rest = tail.get(used..).unwrap_or_default();
    }
    out.truncate(expected);
    out
}

#[cfg(test)]
mod tests {
    use super::unpacked;

    #[test]
    fn runs_are_bytes_or_one_byte_again_and_again() {
        assert_eq!(unpacked(&[2, 1, 2, 3, 0xfe, 9, 0x80, 0, 7], 99), [1, 2, 3, 9, 9, 9, 7]);
        assert_eq!(unpacked(&[0x81, 5], 100), [5; 100], "no more than was asked for");
        assert_eq!(unpacked(&[3, 1, 2], 4), [1, 2], "it breaks off");
        assert!(unpacked(&[0xff], 4).is_empty() && unpacked(&[], 4).is_empty());
    }
}
