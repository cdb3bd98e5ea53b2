//! The start of a text whose length somebody else decides.

use std::fmt::{self, Display, Write};

/// What a value begins with, up to so many characters, and `…` where that is not all of it. The rest is not even written:
/// a value may have been made to fill the memory.
pub fn start_of(value: impl Display, most: usize) -> String {
    let mut start = Start { text: String::new(), left: most };
    if write!(start, "{value}").is_err() {
        start.text.push('…');
    }
    start.text
}

/// Takes so many characters more, and refuses the next one.
struct Start {
    text: String,
    left: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = text.char_indices().nth(self.left).map_or(text, |(end, _)| &text[..end]);
        self.text.push_str(taken);
        self.left -= taken.chars().count();
        if taken.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints without end.
    struct Endless;

    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("新闻 ")?;
            }
        }
    }

    #[test]
    fn no_more_is_written_than_is_taken() {
        assert_eq!(start_of(Endless, 5), "新闻 新闻…");
        assert_eq!(start_of(Endless, 0), "…");
        assert_eq!((start_of("", 0), start_of("新闻", 2)), (String::new(), "新闻".to_owned()));
        assert_eq!(start_of("\u{1b}\u{1b}".escape_debug(), 5), r"\u{1b…");
    }
}
