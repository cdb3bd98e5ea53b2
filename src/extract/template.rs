//! Values that a template or a script completes before a browser requests anything.

/// Words that scripts replace by a number or a format in a URL.
const FIELDS: &[&str] =
    &["width", "height", "size", "quality", "ratio", "format", "dpr", "resolution", "dimensions", "crop", "w", "h"];

/// Whether a value is a template and not a URL: `{{url}}`, `#{url}`, `${url}`, `<%= url %>`, `{width}`, `%width%`,
/// `__WIDTH__`, `[width]`, `%7Bwidth%7D`.
pub(super) fn looks_like_template(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let rest = &bytes[at + 1..];
        match byte {
            b'{' => in_braces(&bytes[..at], rest),
            b'<' => rest.starts_with(b"%") || is_field(rest, b">"),
            b'%' => is_escaped_field(rest) || is_word(rest, b'%') || printed(rest),
            b'_' => rest.strip_prefix(b"_").is_some_and(is_capital_field),
            b'[' => is_field(rest, b"]"),
            b':' | b'$' | b'@' => is_field(rest, &[*byte]),
            _ => false,
        }
    })
}

/// Whether an opening brace starts a field: a word in braces, `{w=300}`, or the opening of a template engine. A short or
/// mixed text in braces is an identifier.
fn in_braces(before: &[u8], rest: &[u8]) -> bool {
    let opening = rest.starts_with(b"{") || rest.starts_with(b"%") || before.ends_with(b"#") || before.ends_with(b"$");
    let name = rest.strip_prefix(b":").unwrap_or(rest);
    let set = field(name).is_some_and(|length| matches!(name.get(length), Some(b'=' | b':' | b'}')));
    opening || set || is_word(rest, b'}')
}

/// Whether a word stands before a closing mark, as the name of a field does. `%fa%` can start an escaped byte.
fn is_word(rest: &[u8], close: u8) -> bool {
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'_').count();
    let escaped_byte = close == b'%' && rest.iter().take(2).all(u8::is_ascii_hexdigit);
    length >= 2 && rest.get(length) == Some(&close) && !escaped_byte
}

/// The length of a known word at the start, in either case.
fn field(rest: &[u8]) -> Option<usize> {
    // Most marks stand before something else, such as the colon of a scheme.
    rest.first().filter(|first| b"cdfhqrsw".contains(&first.to_ascii_lowercase()))?;
    let is_it = |word: &&&str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    FIELDS.iter().find(is_it).map(|word| word.len())
}

/// Whether a known word of more than a letter stands before a closing mark.
fn is_field(rest: &[u8], close: &[u8]) -> bool {
    field(rest).is_some_and(|length| length > 1 && rest[length..].starts_with(close))
}

/// A field between underscores, which is written in capitals: a local link has none.
fn is_capital_field(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_uppercase) && is_field(rest, b"__")
}

/// A field in escaped braces, after the percent sign.
fn is_escaped_field(rest: &[u8]) -> bool {
    let rest = rest.strip_prefix(b"7B").or(rest.strip_prefix(b"7b"));
    rest.is_some_and(|rest| is_field(rest, b"%7D") || is_field(rest, b"%7d") || rest.starts_with(b"%7B"))
}

/// `%(width)s`, after the percent sign.
fn printed(rest: &[u8]) -> bool {
    rest.strip_prefix(b"(").is_some_and(|rest| is_field(rest, b")"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_no_addresses() {
        let templates = [
            "https://c.example/a_{width}x.jpg",
            "https://c.example/{w_h}/a.jpg",
            "https://c.example/%width%/a.jpg",
            "https://c.example/%%size%%/a.jpg",
            "https://c.example/a-%size%.jpg",
        ];
        for template in templates {
            assert!(looks_like_template(template), "{template}");
        }
    }

    #[test]
    fn templates_of_engines_and_scripts_are_no_addresses() {
        for template in [
            "//c.example/{{url}}",
            "${url}",
            "#{img_src}",
            "<%= url %>",
            "{% link %}",
            "/img/{id}.png",
            "https://c.example/{w}x{h}/a.jpg",
            "https://c.example/a_%7Bwidth%7Dx.jpg",
            "https://c.example/a_%7bwidth%7d.jpg",
            "https://c.example/%7B%7Burl%7D%7D.jpg",
            "https://c.example/{:size}/a.jpg",
            "https://c.example/{w=300}/a.jpg",
            "https://c.example/{quality:80}/a.jpg",
            "https://c.example/__WIDTH__/a.jpg",
            "https://c.example/a-[width].jpg",
            "https://c.example/$width$/a.jpg",
            "https://c.example/@width@/a.jpg",
            "https://c.example/a_:size:.jpg",
            "https://c.example/<width>/a.jpg",
            "https://c.example/%(width)s/a.jpg",
        ] {
            assert!(looks_like_template(template), "{template}");
        }
    }

    #[test]
    fn addresses_are_no_templates() {
        let addresses = [
            "https://c.example/{6F9619FF-8B86-D011-B42D-00CF4FC964FF}.jpg",
            "https://c.example/{a}.jpg",
            "https://c.example/{1}.jpg",
            "https://c.example/%E4%B8%8B%E5%8D%88.png",
            "https://c.example/%fa%ce.png",
            "https://c.example/100%25%20off.png",
            "https://c.example/a%.png",
            "https://c.example/{.jpg",
            "https://c.example/a{b.jpg}",
            "https://c.example/%20abc%20.png",
            "https://c.example/a%7Bb%7D.png",
            "https://c.example/photo_[edited]_wide.png",
            "https://user@c.example:80/@width/size:a_:b.png",
            "https://[::1]:8080/w__h.png",
            "https://c.example/__init__.png",
            "../media/0__h__.png",
            "__size__/a.png",
            "https://c.example/a$b$.png",
            "https://c.example/?@h@",
        ];
        for address in addresses {
            assert!(!looks_like_template(address), "{address}");
        }
    }
}
