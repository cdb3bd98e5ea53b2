//! `url()` and `image-set()` in style sheets and `style` attributes, by CSS Syntax Level 3.
//!
//! Only what decides where a URL begins and ends is tokenised: comments, strings, `url()`, and which at-rule and
//! property it stands in.

use std::borrow::Cow;
use std::ops::Range;

use super::address::names_style_file;

/// The longest name of a property, in bytes, that is reported: it is copied to every URL of its value.
const MAX_PROPERTY: usize = 128;

/// A URL in a style sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Where it stands, without its quotes.
    pub(super) span: Range<usize>,
    /// The URL, escapes decoded.
    pub(super) value: String,
    /// The property it is the value of; empty if that is unknown.
    pub(super) property: String,
}

/// The URLs of a style sheet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    /// Those of images.
    pub(super) images: Vec<Address>,
    /// Those of style sheets (`@import`).
    pub(super) imports: Vec<Address>,
}

/// The URLs of images in a style sheet or a list of declarations. `@import`, `@font-face` and the like name no image.
pub(super) fn parse(css: &str) -> Vec<Address> {
    parse_sheet(css).images
}

/// The URLs of images and of style sheets in a style sheet.
pub(super) fn parse_sheet(css: &str) -> Addresses {
    let (functions, context, found) = (Vec::new(), Context::default(), Addresses::default());
    let mut scanner = Scanner { css, at: 0, functions, context, found };
    scanner.run();
    scanner.found
}

/// What an at-rule without a block is.
#[derive(Clone, Copy, PartialEq)]
enum Statement {
    /// `@import`, of which the URL was not read yet.
    Import,
    /// Any other, and the rest of an `@import`.
    Other,
}

/// The context of a value, which decides whether it is an image.
#[derive(Default)]
struct Context {
    /// The last name, which is a property if a colon follows.
    name: Range<usize>,
    /// The property whose value this is.
    property: Range<usize>,
    /// The at-rule without a block that this is, such as `@import`.
    statement: Option<Statement>,
    /// How many blocks of `@font-face` are open, counting nested braces; `None` outside.
    font_face: Option<usize>,
}

/// Functions, by what their arguments are.
#[derive(Clone, Copy, PartialEq)]
enum Function {
    /// `image-set()`: its strings are images.
    ImageSet,
    /// Any other, such as `type()`: its strings are not.
    Other,
}

struct Scanner<'a> {
    css: &'a str,
    at: usize,
    functions: Vec<Function>,
    context: Context,
    found: Addresses,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'/' if self.css.as_bytes().get(self.at + 1) == Some(&b'*') => self.comment(),
                b'"' | b'\'' => self.string_token(byte),
                b'@' => self.at_rule(),
                b'\\' if self.newline_after_backslash() => self.at += 1,
                _ if is_name_start(byte) => self.name_token(),
                _ => self.punctuation(byte),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.css.as_bytes().get(self.at).copied()
    }

    fn comment(&mut self) {
        let rest = &self.css.as_bytes()[self.at + 2..];
        self.at += 2 + memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
    }

    fn punctuation(&mut self, byte: u8) {
        self.at += 1;
        match byte {
            b'(' => self.functions.push(Function::Other),
            b')' => drop(self.functions.pop()),
            b':' if self.context.property.is_empty() => self.context.property = self.context.name.clone(),
            b';' => self.end_statement(),
            b'#' | b'0'..=b'9' => drop(self.name()),
            b'{' => self.open_block(),
            b'}' => self.close_block(),
            _ => {}
        }
    }

    fn end_declaration(&mut self) {
        self.functions.clear();
        self.context.property = 0..0;
        self.context.statement = None;
    }

    fn end_statement(&mut self) {
        self.end_declaration();
        self.context.font_face = self.context.font_face.filter(|depth| *depth > 0);
    }

    fn open_block(&mut self) {
        self.end_declaration();
        self.context.font_face = self.context.font_face.map(|depth| depth + 1);
    }

    fn close_block(&mut self) {
        self.end_declaration();
        self.context.font_face = self.context.font_face.and_then(|depth| depth.checked_sub(2)).map(|depth| depth + 1);
    }

    fn at_rule(&mut self) {
        self.at += 1;
        let name = self.name();
        match self.css[name].to_ascii_lowercase().as_str() {
            "import" => self.context.statement = Some(Statement::Import),
            "namespace" | "charset" => self.context.statement = Some(Statement::Other),
            "font-face" | "font-feature-values" | "font-palette-values" => self.context.font_face = Some(0),
            _ => {}
        }
    }

    /// Moves over a name and gives its place (CSS Syntax, "consume an ident sequence").
    fn name(&mut self) -> Range<usize> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if !self.newline_after_backslash() => self.escape(),
                _ if is_name(byte) => self.at += 1,
                _ => break,
            }
        }
        start..self.at
    }

    fn name_token(&mut self) {
        let name = self.name();
        if self.peek() != Some(b'(') {
            self.context.name = name;
            return;
        }
        self.at += 1;
        match unescape(&self.css[name]).to_ascii_lowercase().as_str() {
            "url" | "src" => self.url_token(),
            "image-set" | "-webkit-image-set" => self.functions.push(Function::ImageSet),
            _ => self.functions.push(Function::Other),
        }
    }

    /// After `url(` (CSS Syntax, "consume a url token").
    fn url_token(&mut self) {
        self.spaces();
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            if let Some(span) = self.string(quote) {
                self.report(span);
            }
            self.functions.push(Function::Other);
            return;
        }
        let start = self.at;
        let valid = self.unquoted();
        let end = self.at;
        self.spaces();
        if valid && matches!(self.peek(), Some(b')') | None) {
            self.report(start..end);
        } else {
            self.bad_url();
        }
        self.at = self.css.len().min(self.at + 1);
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Moves over an unquoted URL, and says whether it is one so far.
    fn unquoted(&mut self) -> bool {
        while let Some(byte) = self.peek() {
            match byte {
                b')' => return true,
                b'\\' if self.newline_after_backslash() => return false,
                b'\\' => self.escape(),
                b'"' | b'\'' | b'(' | 1..=8 | 0x0B | 0x0E..=0x1F | 0x7F => return false,
                _ if is_space(byte) => return true,
                _ => self.at += 1,
            }
        }
        true
    }

    /// CSS Syntax, "consume the remnants of a bad url": up to the parenthesis.
    fn bad_url(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b')' => return,
                b'\\' => self.escape(),
                _ => self.at += 1,
            }
        }
    }

    fn string_token(&mut self, quote: u8) {
        let Some(span) = self.string(quote) else { return };
        if self.functions.last() == Some(&Function::ImageSet) || self.context.statement == Some(Statement::Import) {
            self.report(span);
        }
    }

    /// Moves over a string and gives the place of its content; `None` for a bad one (CSS Syntax, "consume a string
    /// token").
    fn string(&mut self, quote: u8) -> Option<Range<usize>> {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b'\r' | 0x0C => return None,
                b'\\' if self.at + 1 == self.css.len() => {
                    self.at += 1;
                    return Some(start..self.at - 1);
                }
                b'\\' => self.escape(),
                _ if byte == quote => {
                    self.at += 1;
                    return Some(start..self.at - 1);
                }
                _ => self.at += 1,
            }
        }
        Some(start..self.at)
    }

    /// Moves over a backslash and what it escapes. Of hexadecimal digits it takes the first; the others are plain
    /// characters.
    fn escape(&mut self) {
        self.at += 1;
        let rest = &self.css[self.at..];
        self.at += if rest.starts_with("\r\n") { 2 } else { rest.chars().next().map_or(0, char::len_utf8) };
        if rest.starts_with(|c: char| c.is_ascii_hexdigit()) {
            let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            self.at += digits - 1;
            let crlf = self.css[self.at..].starts_with("\r\n");
            self.at += usize::from(self.peek().is_some_and(is_space)) + usize::from(crlf);
        }
    }

    fn newline_after_backslash(&self) -> bool {
        matches!(self.css.as_bytes().get(self.at + 1), Some(b'\n' | b'\r' | 0x0C))
    }

    fn report(&mut self, span: Range<usize>) {
        let property = Some(&self.css[self.context.property.clone()]).filter(|name| name.len() <= MAX_PROPERTY);
        let property = unescape(property.unwrap_or_default()).to_ascii_lowercase();
        let no_image = matches!(property.as_str(), "behavior" | "-moz-binding");
        let value = unescape(&self.css[span.clone()]).into_owned();
        let is_image = self.context.font_face.is_none() && !no_image && !names_style_file(&value);
        let address = Address { span, value, property };
        match self.context.statement {
            Some(Statement::Import) if self.functions.is_empty() => {
                self.context.statement = Some(Statement::Other);
                self.found.imports.push(address);
            }
            None if is_image => self.found.images.push(address),
            _ => {}
        }
    }
}

/// CSS white space.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// Whether a byte can start a name; an escape can.
const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'\\' | 0x80..)
}

/// Whether a byte can stand within a name.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | 0x80..)
}

/// A string, name or URL with its escapes decoded (CSS Syntax, "consume an escaped code point").
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '\0']) {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escaped(rest, &mut decoded),
            '\0' => decoded.push(char::REPLACEMENT_CHARACTER),
            c => decoded.push(c),
        }
    }
    Cow::Owned(decoded)
}

/// Decodes what follows a backslash; returns the text after it.
fn escaped<'a>(text: &'a str, decoded: &mut String) -> &'a str {
    let digits = text.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    if digits > 0 {
        let code = u32::from_str_radix(&text[..digits], 16).unwrap_or(0);
        let c = char::from_u32(code).filter(|c| *c != '\0');
        decoded.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        let rest = &text[digits..];
        return rest
            .strip_prefix("\r\n")
            .or_else(|| rest.strip_prefix([' ', '\t', '\n', '\r', '\u{c}']))
            .unwrap_or(rest);
    }
    if let Some(rest) = text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\n', '\r', '\u{c}'])) {
        return rest;
    }
    let c = text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
    decoded.push(c);
    text.get(c.len_utf8()..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(css: &str, expected: &[(&str, &str)]) {
        let found = parse(css);
        let found: Vec<_> = found.iter().map(|found| (&css[found.span.clone()], found.value.as_str())).collect();
        assert_eq!(found, expected, "{css:?}");
    }

    fn check_same(css: &str, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(|url| (*url, *url)).collect();
        check(css, &expected);
    }

    #[test]
    fn urls_stand_bare_or_in_quotes() {
        check_same("a{b:url(x.png)}", &["x.png"]);
        check_same("b:url( x.png )", &["x.png"]);
        check_same("b:url(\n'x y.png' ) , URL(\"z\")", &["x y.png", "z"]);
        check_same("b:url(x.png", &["x.png"]);
        check_same("b:url('x.png", &["x.png"]);
        check_same("b:url()", &[""]);
        check_same("b:url(https://a.example/(x).png)", &[]);
        check_same("b:url(a b) url(c)", &["c"]);
        check_same("b:url(a'b) url(c)", &["c"]);
        check_same("b:url('a\nb) url(c)", &["c"]);
        check_same("b:xurl(a) -url(b) url (c)", &[]);
    }

    #[test]
    fn escapes_are_decoded() {
        check(r"b:url(a\)b.png)", &[(r"a\)b.png", "a)b.png")]);
        check(r"b:url('\26 x\000026y.png')", &[(r"\26 x\000026y.png", "&x&y.png")]);
        check("b:url('a\\\nb')", &[("a\\\nb", "ab")]);
        check(r"b:u\72l(x)", &[("x", "x")]);
        check(r"b:\75 rl(x)", &[("x", "x")]);
        check("b:ur\\6c\r\n(x) u\\\nrl(y)", &[("x", "x")]);
        check(r"b:url(\0 a)", &[(r"\0 a", "\u{fffd}a")]);
        check("b:url(a\\\nb) url(c)", &[("c", "c")]);
        check("b:url('a\\", &[("a", "a")]);
        check("b:url(a\\", &[("a\\", "a\u{fffd}")]);
    }

    #[test]
    fn comments_and_strings_hide_what_is_in_them() {
        check_same("/* url(a) */ b:url(c) /* url(d)", &["c"]);
        check_same("content:'url(a)'; b:url(c)", &["c"]);
        check_same("b:url(/*a*/c)", &["/*a*/c"]);
    }

    #[test]
    fn image_sets_hold_strings_but_their_types_do_not() {
        check_same("b:image-set('a' 1x type('image/png'), url(c) 2x, url('d') 3x, 'e' 4x)", &["a", "c", "d", "e"]);
        check_same("b:-webkit-image-set(\"a\" 1x); c:'d'", &["a"]);
    }

    #[test]
    fn style_sheets_and_fonts_are_no_images() {
        check_same("@import url(a); @import 'b'; b{c:url(d)}", &["d"]);
        check_same("@namespace svg url(http://www.w3.org/2000/svg);", &[]);
        check_same("@font-face{src:url(a)} b{c:url(d)}", &["d"]);
        check_same("@media print{@font-face{src:url(a)} b{c:url(d)}} e{f:url(g)}", &["d", "g"]);
        check_same("b{behavior:url(a)} c{-moz-binding:url(b)}", &[]);
    }

    #[test]
    fn the_property_is_named() {
        let found = parse("a:hover{BACKGROUND-image:url(x)} @media (min-width:1px){b{list-style:square url(y)}}");
        let properties: Vec<_> = found.iter().map(|found| found.property.as_str()).collect();
        assert_eq!(properties, ["background-image", "list-style"]);
    }
}
