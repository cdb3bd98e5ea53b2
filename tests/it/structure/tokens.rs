//! Rust source as tokens: what is left of it without comments, the content of literals, and test code.

/// A token: an identifier, `::`, one character of punctuation, or `"` for a literal. A lifetime is `'`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(super) fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// The tokens of a source file.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1, found: Vec::new() };
    while !reader.rest.is_empty() {
        reader.step();
    }
    reader.found
}

struct Reader<'s> {
    rest: &'s str,
    line: usize,
    found: Vec<Token>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with(char::is_whitespace) {
            self.skip(rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()));
        } else if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(comment(rest));
        } else if let Some(length) = literal(rest) {
            self.take("\"", length);
        } else if let Some(length) = lifetime(rest) {
            self.take("'", length);
        } else if let Some(length) = name(rest) {
            self.take(&rest[..length], length);
        } else {
            let length = if rest.starts_with("::") { 2 } else { rest.chars().next().map_or(1, char::len_utf8) };
            self.take(&rest[..length], length);
        }
    }

    fn take(&mut self, text: &str, length: usize) {
        self.found.push(Token { text: text.trim_start_matches("r#").to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest[..length].matches('\n').count();
        self.rest = &self.rest[length..];
    }
}

/// The length of a block comment; they nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let Some(next) = text[at..].find(['/', '*']).map(|next| at + next) else { return text.len() };
        let (step, change) = match text.get(next..next + 2) {
            Some("/*") => (2, 1),
            Some("*/") => (2, -1),
            _ => (1, 0),
        };
        (at, depth) = (next + step, depth + change);
        if depth == 0 {
            return at;
        }
    }
}

/// The length of a string, character or number at the start of a text.
fn literal(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - body.len();
    if let Some(raw) = body.strip_prefix('r').filter(|raw| prefix <= 1 && raw.trim_start_matches('#').starts_with('"'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = &raw[hashes + 1..];
        return Some(prefix + 2 + hashes + inside.find(&end)? + end.len());
    }
    if prefix > 1 {
        return None;
    }
    match body.chars().next()? {
        '"' => Some(prefix + quoted(body, '"')?),
        '\'' if is_character(body) => Some(prefix + quoted(body, '\'')?),
        digit if digit.is_ascii_digit() && prefix == 0 => body.find(|c: char| !c.is_alphanumeric() && c != '_'),
        _ => None,
    }
}

/// Whether a text that starts with `'` starts with a character and not with a lifetime.
fn is_character(text: &str) -> bool {
    let mut next = text.chars().skip(1);
    matches!((next.next(), next.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

/// The length of a literal up to its closing quote.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == quote {
            return Some(at + 1);
        }
        escaped = !escaped && c == '\\';
    }
    None
}

fn lifetime(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    name(rest).map(|length| length + 1)
}

fn name(text: &str) -> Option<usize> {
    let body = text.strip_prefix("r#").unwrap_or(text);
    let length = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
    (length > 0 && !body.starts_with(|c: char| c.is_ascii_digit())).then(|| text.len() - body.len() + length)
}

/// The tokens without items that only tests have: what follows `#[cfg(test)]`, to its `;` or closing brace.
pub(super) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if is_for_tests(&tokens[at..]) {
            at = end_of_item(tokens, at + 7);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn is_for_tests(tokens: &[Token]) -> bool {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    tokens.len() >= attribute.len() && attribute.iter().zip(tokens).all(|(text, token)| token.is(text))
}

/// Behind the item that starts here.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn texts(source: &str) -> String {
    tokens(source).iter().map(|token| token.text.clone()).collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_what_literals_hold_are_left_out() {
    assert_eq!(texts("a::b // crate::c\n/* d /* e */ f */ g"), "a :: b g");
    assert_eq!(texts(r##"f("crate::a \" b", r#"c " d"#, 'e', b'\'', 1_0u8)"##), "f ( \" , \" , \" , \" , \" )");
    assert_eq!(texts("fn f<'a>(b: &'a r#type, br: crate::C) {}"), "fn f < ' > ( b : & ' type , br : crate :: C ) { }");
}

#[test]
fn lines_are_counted_within_comments_and_literals() {
    let lines: Vec<_> = tokens("a /*\n*/ b \"\n\" c").iter().map(|token| token.line).collect();
    assert_eq!(lines, [1, 2, 2, 3]);
}

#[test]
fn items_of_tests_are_left_out() {
    let source =
        "use a; #[cfg(test)] mod tests { fn f() { g([1; 2]) } } fn b() {} #[cfg(test)] use c; #[cfg(unix)] fn d() {}";
    let kept: Vec<_> = without_tests(&tokens(source)).into_iter().map(|token| token.text).collect();
    assert_eq!(kept.join(" "), "use a ; fn b ( ) { } # [ cfg ( unix ) ] fn d ( ) { }");
}
