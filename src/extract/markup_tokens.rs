//! The tokens of HTML, in memory that is bounded by the longest of them.
//!
//! The emitter of `html5gum` keeps what is wrong with a text until its next token: a text of zeros would take a hundred times
//! its length. It keeps every attribute of a tag, too.

use html5gum::{DefaultEmitter, Emitter, Error, ForwardingEmitter, SpanBound, Token, Tokenizer};

use super::markup_input::MarkupInput;

/// The attributes of a tag that are read. No page that was written to be read has as many.
const MOST_ATTRIBUTES: usize = 1000;

/// What text in some elements is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawText {
    /// Text, in those elements where HTML says so without a look at the tree, such as `script`.
    IsText,
    /// Markup, as in XML.
    IsMarkup,
}

/// The tokens of a text, but for errors.
pub(crate) fn markup_tokens<S: SpanBound>(html: &str, raw: RawText) -> impl Iterator<Item = Token<S>> {
    let mut inner = DefaultEmitter::new_with_span();
    inner.naively_switch_states(raw == RawText::IsText);
    let tokens = Tokenizer::new_with_emitter(MarkupInput::new(html), TokenEmitter { inner, attributes: 0 });
    tokens.filter_map(|token| match token {
        // The second of two attributes with one name is an error that comes by another way.
        Ok(Token::Error(_)) | Err(_) => None,
        Ok(token) => Some(token),
    })
}

/// The emitter of `html5gum` without errors.
struct TokenEmitter<S: SpanBound> {
    inner: DefaultEmitter<S>,
    /// How many attributes the tag has so far.
    attributes: usize,
}

impl<S: SpanBound> TokenEmitter<S> {
    fn is_read(&self) -> bool {
        self.attributes <= MOST_ATTRIBUTES
    }
}

impl<S: SpanBound> ForwardingEmitter for TokenEmitter<S> {
    type Token = Token<S>;

    fn inner(&mut self) -> &mut impl Emitter<Token = Token<S>> {
        &mut self.inner
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_error(&mut self, _error: Error) {}

    fn init_start_tag(&mut self) {
        self.attributes = 0;
        Emitter::init_start_tag(&mut self.inner);
    }

    fn init_end_tag(&mut self) {
        self.attributes = 0;
        Emitter::init_end_tag(&mut self.inner);
    }

    fn init_attribute(&mut self) {
        self.attributes += 1;
        if self.is_read() {
            Emitter::init_attribute(&mut self.inner);
        }
    }

    fn push_attribute_name(&mut self, part: &[u8]) {
        if self.is_read() {
            Emitter::push_attribute_name(&mut self.inner, part);
        }
    }

    fn init_attribute_value(&mut self) {
        if self.is_read() {
            Emitter::init_attribute_value(&mut self.inner);
        }
    }

    fn push_attribute_value(&mut self, part: &[u8]) {
        if self.is_read() {
            Emitter::push_attribute_value(&mut self.inner, part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(html: &str) -> Vec<Token<usize>> {
        markup_tokens(html, RawText::IsText).collect()
    }

    #[test]
    fn what_is_wrong_with_a_text_is_no_token() {
        let zeros = "\0".repeat(5000);
        assert_eq!(tokens(&zeros).len(), 1);
        let found = tokens(&format!("<p a a a=<b>{zeros}&#x0;{zeros}"));
        assert!(matches!(found[0], Token::StartTag(_)) && found.len() <= 3, "{}", found.len());
        let duplicates = format!("<p{}>", " a".repeat(5000));
        assert_eq!(tokens(&duplicates).len(), 1);
    }

    #[test]
    fn a_tag_has_its_first_attributes_and_the_next_one_its_own() {
        let many: Vec<_> = (0..3000).map(|number| format!(" a{number}='{number}'")).collect();
        let found = tokens(&format!("<p{}>text<img src=x>", many.concat()));
        let [Token::StartTag(first), Token::String(_), Token::StartTag(second)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(first.attributes.len(), MOST_ATTRIBUTES);
        assert_eq!(first.attributes[&b"a999"[..]].value, b"999");
        assert_eq!(second.attributes[&b"src"[..]].value, b"x");
    }

    #[test]
    fn scripts_hold_text_in_html_and_markup_in_xml() {
        let count = |raw| markup_tokens::<()>("<script><b>x</b></script>", raw).count();
        assert_eq!((count(RawText::IsText), count(RawText::IsMarkup)), (3, 5));
    }
}
