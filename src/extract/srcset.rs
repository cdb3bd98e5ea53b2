//! `srcset` and `imagesrcset`, by the standard's algorithm (HTML, "parse a srcset attribute").

use std::ops::Range;

/// One image candidate of a `srcset`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// Where its URL stands in the value.
    pub(super) url: Range<usize>,
    /// How large it says it is: its width in pixels, or its density times a thousand, so that either sorts.
    pub(super) size: f64,
}

/// The candidates of a value whose character references are decoded. A browser does not request a candidate whose
/// descriptors are invalid, so that is none.
pub(super) fn parse(value: &str) -> Vec<Candidate> {
    let bytes = value.as_bytes();
    let mut candidates = Vec::new();
    let mut at = 0;
    loop {
        at += run(&bytes[at..], |byte| is_space(byte) || byte == b',');
        if at == bytes.len() {
            return candidates;
        }
        let start = at;
        at += run(&bytes[at..], |byte| !is_space(byte));
        let commas = bytes[start..at].iter().rev().take_while(|byte| **byte == b',').count();
        let url = start..at - commas;
        let mut size = Some(1000.0);
        if commas == 0 {
            let descriptors = at..at + descriptors_length(&bytes[at..]);
            at = descriptors.end;
            size = size_of(&value[descriptors]);
        }
        candidates.extend(size.map(|size| Candidate { url, size }));
    }
}

/// The candidates of lists with the media that each is for: `a.jpg [(max-width: 9em)] | b.jpg 2x` (lazysizes).
pub(super) fn parse_lists(value: &str) -> Vec<Candidate> {
    let (mut candidates, mut start) = (Vec::new(), 0);
    for list in value.split('|') {
        let of_list = parse(list.split('[').next().unwrap_or_default()).into_iter();
        let place = |url: Range<usize>| start + url.start..start + url.end;
        candidates.extend(of_list.map(|Candidate { url, size }| Candidate { url: place(url), size }));
        start += list.len() + 1;
    }
    candidates
}

/// The first of the candidates with the most pixels.
pub(super) fn largest(candidates: &[Candidate]) -> Option<usize> {
    let larger = |best: usize, at: usize| if candidates[at].size > candidates[best].size { at } else { best };
    (0..candidates.len()).reduce(larger)
}

/// ASCII white space as HTML counts it (Infra, "ASCII whitespace").
const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// How many leading bytes are of a sort.
fn run(bytes: &[u8], of_sort: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !of_sort(*byte)).unwrap_or(bytes.len())
}

/// The length of the descriptors: up to a comma outside parentheses.
fn descriptors_length(bytes: &[u8]) -> usize {
    let mut in_parentheses = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b',' if !in_parentheses => return at,
            b'(' => in_parentheses = true,
            b')' => in_parentheses = false,
            _ => {}
        }
    }
    bytes.len()
}

/// The size by the descriptors; `None` if the standard calls them an error.
fn size_of(descriptors: &str) -> Option<f64> {
    let (mut width, mut density, mut height) = (None, None, None);
    for descriptor in split(descriptors) {
        let number = &descriptor[..descriptor.len() - 1];
        match descriptor.as_bytes()[descriptor.len() - 1] {
            b'w' if width.is_none() && density.is_none() => width = Some(integer(number)?),
            b'x' if width.is_none() && density.is_none() && height.is_none() => density = Some(float(number)?),
            b'h' if height.is_none() && density.is_none() => height = Some(integer(number)?),
            _ => return None,
        }
    }
    match (width, density, height) {
        (None, None, Some(_)) => None,
        (Some(width), ..) => Some(width),
        (None, density, _) => Some(density.unwrap_or(1.0) * 1000.0),
    }
}

/// The descriptors one by one: what stands between white space outside parentheses.
fn split(descriptors: &str) -> Vec<&str> {
    let mut in_parentheses = false;
    let pieces = descriptors.split(|c: char| {
        in_parentheses = (in_parentheses || c == '(') && c != ')';
        !in_parentheses && u8::try_from(c).is_ok_and(is_space)
    });
    // The last byte of a descriptor is compared as a byte, so one that ends in another character is excluded here.
    pieces.filter(|piece| !piece.is_empty()).map(|piece| if piece.is_ascii() { piece } else { "?" }).collect()
}

/// A valid non-negative integer other than zero (HTML, "valid non-negative integer").
fn integer(digits: &str) -> Option<f64> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: f64 = valid.then(|| digits.parse().ok()).flatten()?;
    (value > 0.0).then_some(value)
}

/// A valid floating-point number that is not negative (HTML, "valid floating-point number"). Unlike Rust's numbers it
/// has neither a leading `+`, nor a dot at its end, nor a name.
fn float(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    if !plain || text.starts_with('+') || mantissa.ends_with('.') {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    (value >= 0.0 && value.is_finite()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &[(&str, f64)]) {
        let found: Vec<_> = parse(value).into_iter().map(|found| (value[found.url].to_owned(), found.size)).collect();
        let expected: Vec<_> = expected.iter().map(|(url, size)| ((*url).to_owned(), *size)).collect();
        assert_eq!(found, expected, "{value:?}");
    }

    #[test]
    fn candidates_are_split_as_browsers_split_them() {
        check("", &[]);
        check(" , ,, ", &[]);
        check("a.jpg", &[("a.jpg", 1000.0)]);
        check("a.jpg, b.jpg 2x", &[("a.jpg", 1000.0), ("b.jpg", 2000.0)]);
        check("a.jpg 630w,https://b/c.jpg 1.5x", &[("a.jpg", 630.0), ("https://b/c.jpg", 1500.0)]);
        check("a.jpg,b.jpg", &[("a.jpg,b.jpg", 1000.0)]);
        check("a.jpg,, b.jpg 10w 20h,", &[("a.jpg", 1000.0), ("b.jpg", 10.0)]);
        check(
            "w_120,c_limit/a.jpg 120w, fit:focal(1046x614:1047x615)/b.jpg 2x",
            &[("w_120,c_limit/a.jpg", 120.0), ("fit:focal(1046x614:1047x615)/b.jpg", 2000.0)],
        );
        check("\t\n\u{c}\r ü.jpg\n2x\t", &[("ü.jpg", 2000.0)]);
    }

    #[test]
    fn a_candidate_with_wrong_descriptors_is_none_but_its_neighbours_stay() {
        for wrong in
            ["1w 1x", "0w", "-1w", "+1x", "1.x", "1h", "1q", "x", "1x 1x", "-1x", "infx", "1x 1h", "2ü", "1e999x"]
        {
            check(&format!("a.jpg {wrong}, b.jpg 2x"), &[("b.jpg", 2000.0)]);
        }
        check("a.jpg (1x, b.jpg 2x), c.jpg 3x", &[("c.jpg", 3000.0)]);
        check("a.jpg ( , ", &[]);
    }

    #[test]
    fn the_largest_is_the_first_of_the_most_pixels() {
        assert_eq!(largest(&parse("a 100w, b 300w, c 300w, d 2w")), Some(1));
        assert_eq!(largest(&[]), None);
    }
}
