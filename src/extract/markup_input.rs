//! The text of a tokenizer of HTML, read in a stack that is bounded.
//!
//! `html5gum` goes from one attribute in double quotes to the next by a call within a call, which a tag of many attributes
//! makes overflow the stack. A read that fails ends all those calls, and the tokenizer goes on from the state that it is in.

use html5gum::{Readable, Reader, StringReader};

/// After so many closing quotes the tokenizer is interrupted.
const CALLS: u8 = 32;

/// The text of a tokenizer, which interrupts it now and then: the tokenizer yields an error, and is to be asked again.
#[derive(Debug)]
pub(crate) struct MarkupInput<'a> {
    rest: StringReader<'a>,
    /// Whether the last byte that was read is a double quote.
    is_after_quote: bool,
    quotes: u8,
}

/// Nothing is wrong: the tokenizer is to be asked again.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer was interrupted")]
pub(crate) struct Interruption;

impl<'a> MarkupInput<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text.to_reader(), is_after_quote: false, quotes: 0 }
    }

    /// Whether to interrupt before the next byte. Only after a quote, and only where one byte is asked for: there the
    /// tokenizer is in the state in which it would read the byte, and has nothing else to do.
    fn interrupts(&mut self) -> bool {
        let is_after_quote = std::mem::take(&mut self.is_after_quote);
        self.quotes = (self.quotes + u8::from(is_after_quote)) % CALLS;
        is_after_quote && self.quotes == 0
    }
}

impl Reader for MarkupInput<'_> {
    type Error = Interruption;

    fn read_byte(&mut self) -> Result<Option<u8>, Interruption> {
        if self.interrupts() {
            return Err(Interruption);
        }
        let Ok(byte) = self.rest.read_byte();
        self.is_after_quote = byte == Some(b'"');
        Ok(byte)
    }

    fn try_read_string(&mut self, text: &[u8], case_sensitive: bool) -> Result<bool, Interruption> {
        let Ok(is_read) = self.rest.try_read_string(text, case_sensitive);
        self.is_after_quote &= !is_read;
        Ok(is_read)
    }

    fn read_until<'b>(&'b mut self, needle: &[u8], buffer: &'b mut [u8; 4]) -> Result<Option<&'b [u8]>, Interruption> {
        let Ok(read) = self.rest.read_until(needle, buffer);
        self.is_after_quote = read == Some(b"\"");
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use html5gum::{DefaultEmitter, Token, Tokenizer};
    use proptest::prelude::*;

    use super::*;

    fn emitter() -> DefaultEmitter<usize> {
        let mut emitter = DefaultEmitter::new_with_span();
        emitter.naively_switch_states(true);
        emitter
    }

    fn tokens(text: &str) -> Vec<Token<usize>> {
        Tokenizer::new_with_emitter(MarkupInput::new(text), emitter()).filter_map(Result::ok).collect()
    }

    fn is_read_alike(text: &str) -> bool {
        let Ok(whole) = Tokenizer::new_with_emitter(text, emitter()).collect::<Result<Vec<_>, _>>();
        // Each quote interrupts at the start of some text.
        (0..=CALLS).all(|quotes| {
            let input = MarkupInput { quotes: quotes % CALLS, ..MarkupInput::new(text) };
            Tokenizer::new_with_emitter(input, emitter()).filter_map(Result::ok).eq(whole.iter().cloned())
        })
    }

    #[test]
    fn a_tag_of_many_attributes_takes_little_stack() {
        for attribute in
            ["a=\"b\" ", "a=\"b\"/", "a=\"b\"c", "a=\"\"\n", "a='b' ", "a=b ", "a ", "a=\"&amp;\" ", "\"", "=\""]
        {
            let text = format!("<p {}>", attribute.repeat(100_000));
            let on_small_stack = std::thread::Builder::new().stack_size(256 << 10).spawn(move || tokens(&text).len());
            assert!(on_small_stack.unwrap().join().unwrap() > 0, "{attribute}");
        }
    }

    proptest! {
        #[test]
        fn what_is_interrupted_is_read_as_what_is_not(
            parts in proptest::collection::vec(
                prop::sample::select(vec![
                    "\"", "\"\"", "'", "<p ", "<p", "</p ", ">", "/>", "a", "=", " ", "\n", "\r\n", "\r", "\0", "&", "&quot;", "&quot",
                    "&#34;", "<!--", "--", "-->", "<!doctype a public \"", "system", "<script>", "</script>", "<!", "<![CDATA[", "]]>",
                    "<textarea>", "</textarea", "é", "=\"", "\" ", "\"\r\n", "<?", "<title>",
                ]),
                0..40,
            )
        ) {
            prop_assert!(is_read_alike(&parts.concat()));
        }
    }
}
