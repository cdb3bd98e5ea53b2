//! Text → the terms by which it is found: one pure function for articles and for what is searched for.
//!
//! The text is normalised (NFKC), without case and without the accents of Latin and Greek. What is left of it are runs of
//! letters and digits. A run of Latin, Cyrillic, Arabic and the like is one term. Chinese, Japanese and Korean do not
//! separate words: a run of them becomes every pair of characters that follow each other, and the last character alone. So
//! whoever looks for terms that follow each other finds exactly the texts that hold the characters in that order.

use std::ops::Range;

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Which terms a text has may differ from one number to the next: what was made of texts by another one is made anew.
pub(crate) const CUTTER: u32 = 1;

/// A part of a text by which it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Normalised letters and digits, without spaces.
    pub(crate) text: String,
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    /// Where its first character ends there.
    first_end: usize,
    /// How it is part of its run.
    part: Part,
}

impl AsRef<str> for Term {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// How a term is part of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It is all of it.
    Word,
    /// Two characters.
    Pair,
    /// The last character of several.
    Last,
    /// The only character.
    Alone,
}

/// The terms of a text, with a space between each two.
pub(crate) fn cut(text: &str) -> String {
    let mut cut = String::with_capacity(text.len() * 2);
    each_term(text, |term| {
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(&term.text);
    });
    cut
}

/// The terms of a text, in order.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    each_term(text, |term| terms.push(term));
    terms
}

/// What is searched for: terms that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    terms: Vec<String>,
    /// Whether the last term is one character, with which a pair may begin as well.
    is_prefix: bool,
}

impl Phrase {
    /// The terms of a text that is searched for. `None` if it has no letter and no digit.
    pub fn new(text: &str) -> Option<Self> {
        let mut terms = terms(text);
        // More characters may follow the last one.
        terms.pop_if(|term| term.part == Part::Last);
        let is_prefix = terms.last()?.part == Part::Alone;
        Some(Self { terms: terms.into_iter().map(|term| term.text).collect(), is_prefix })
    }

    /// Its terms. None holds anything but letters, digits and their marks.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Whether the last term may also be the beginning of one.
    pub const fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// Whether these terms, or the first of them, are the phrase.
    pub(crate) fn begins<T: AsRef<str>>(&self, terms: &[T]) -> bool {
        let last = self.terms.len() - 1;
        let is_last =
            |term: &str| if self.is_prefix { term.starts_with(&self.terms[last]) } else { term == self.terms[last] };
        terms.len() > last
            && terms.iter().zip(&self.terms[..last]).all(|(term, wanted)| term.as_ref() == wanted)
            && is_last(terms[last].as_ref())
    }

    /// Where the phrase stands in the text of these terms, if it begins at the first of them.
    pub(crate) fn span(&self, terms: &[Term]) -> Option<Range<usize>> {
        let last = terms.get(self.terms.len() - 1).filter(|_| self.begins(terms))?;
        Some(terms[0].span.start..if self.is_prefix { last.first_end } else { last.span.end })
    }
}

/// What a normalised character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or a digit.
    Word,
    /// A character of Chinese, Japanese or Korean.
    Cjk,
    /// It belongs to the one before it.
    Mark,
    /// Anything else.
    Other,
}

fn each_term(text: &str, mut take: impl FnMut(Term)) {
    let mut run = Run::default();
    let mut normalised = String::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start + first.len_utf8()..];
        let length = first.len_utf8() + rest.find(|c| !continues(c)).unwrap_or(rest.len());
        normalised.clear();
        normalise(&text[start..start + length], &mut normalised);
        for c in normalised.chars() {
            run.push(c, start..start + length, &mut take);
        }
        start += length;
    }
    run.end(&mut take);
}

/// Characters of one class that follow each other.
#[derive(Default)]
struct Run {
    is_cjk: bool,
    text: String,
    /// Where each character begins in it, and where it stands in the text.
    characters: Vec<(usize, Range<usize>)>,
}

impl Run {
    fn push(&mut self, c: char, span: Range<usize>, take: &mut impl FnMut(Term)) {
        match class(c) {
            Class::Other => return self.end(take),
            // Nothing is before it that it could belong to.
            Class::Mark if self.text.is_empty() => return,
            Class::Mark => return self.text.push(c),
            Class::Word if self.is_cjk => self.end(take),
            Class::Cjk if !self.is_cjk => self.end(take),
            Class::Word | Class::Cjk => {}
        }
        self.is_cjk = class(c) == Class::Cjk;
        self.characters.push((self.text.len(), span));
        self.text.push(c);
    }

    /// Gives its terms, and begins anew.
    fn end(&mut self, take: &mut impl FnMut(Term)) {
        let last = self.characters.len().saturating_sub(1);
        if self.is_cjk {
            for first in 0..last {
                take(self.term(first, first + 1, Part::Pair));
            }
            take(self.term(last, last, if last == 0 { Part::Alone } else { Part::Last }));
        } else if !self.text.is_empty() {
            take(self.term(0, last, Part::Word));
        }
        self.text.clear();
        self.characters.clear();
        self.is_cjk = false;
    }

    /// The term from one character to another one.
    fn term(&self, first: usize, last: usize, part: Part) -> Term {
        let (start, first) = &self.characters[first];
        let end = self.characters.get(last + 1).map_or(self.text.len(), |(start, _)| *start);
        let span = first.start..self.characters[last].1.end;
        Term { text: self.text[*start..end].to_owned(), span, first_end: first.end, part }
    }
}

/// Whether a character is normalised together with those before it.
fn continues(c: char) -> bool {
    !c.is_ascii()
        && (matches!(c, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{ff9e}' | '\u{ff9f}')
            || is_ignored(c)
            || is_mark(c))
}

fn is_mark(c: char) -> bool {
    CanonicalCombiningClassMapBorrowed::new().get_u8(c) != 0
}

/// Whether nobody sees a character: hyphens that may be, joiners, and what selects the form of a character.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Appends a character with its marks in the form of NFKC, without case and without accents.
fn normalise(character: &str, into: &mut String) {
    let mut characters = character.chars();
    if let (Some(c), None) = (characters.next(), characters.next()) {
        if c.is_ascii() {
            return into.push(c.to_ascii_lowercase());
        }
        if matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
        {
            return into.push(c);
        }
    }
    let (mut folded, mut is_accented) = (String::new(), false);
    for c in DecomposingNormalizerBorrowed::new_nfkd().normalize(character).chars() {
        let is_accent = matches!(c, '\u{300}'..='\u{36f}') && is_accented;
        if !is_accent && !is_ignored(c) {
            is_accented = is_latin_or_greek(c) || (is_accented && is_mark(c));
            folded.extend(c.to_uppercase().flat_map(char::to_lowercase));
        }
    }
    into.push_str(&ComposingNormalizerBorrowed::new_nfc().normalize(&folded));
}

const fn is_latin_or_greek(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}')
}

fn class(c: char) -> Class {
    match c {
        _ if c.is_ascii() => {
            if c.is_ascii_alphanumeric() {
                Class::Word
            } else {
                Class::Other
            }
        }
        _ if is_cjk(c) => Class::Cjk,
        _ if is_mark(c) => Class::Mark,
        _ if c.is_alphanumeric() => Class::Word,
        _ => Class::Other,
    }
}

/// Han with 々 and 〇, Hiragana, Katakana with ー, Hangul and Bopomofo, as Unicode's blocks have them. The two characters
/// of the blocks that are punctuation are left out.
const fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3031}'..='\u{3035}' | '\u{3038}'..='\u{303c}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{3131}'..='\u{318e}'
        | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{1aff0}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
