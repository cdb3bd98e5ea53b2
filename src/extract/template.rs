//! Values that a template or a script completes before a browser requests anything.

/// Words that scripts replace by a number or a format in a URL.
const FIELDS: &[&str] =
    &["width", "height", "size", "quality", "ratio", "format", "dpr", "resolution", "dimensions", "crop", "w", "h"];

/// Whether a value is a template and not a URL: `{{url}}`, `#{url}`, `${url}`, `<%= url %>`, `{width}`, `%width%`,
/// `__WIDTH__`, `[width]`, `[[w]]`, `%7Bwidth%7D`.
pub(super) fn looks_like_template(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let rest = &bytes[at + 1..];
        match byte {
            b'{' => in_braces(&bytes[..at], rest),
            b'<' => rest.starts_with(b"%") || is_field(rest, b">"),
            b'%' => is_escaped_field(rest) || is_word(rest, b'%') || printed(rest),
            b'_' => rest.strip_prefix(b"_").is_some_and(is_capital_field),
            b'[' => is_field(rest, b"]") || is_doubled(rest, b"[", b"]"),
            b':' => is_field(rest, b":") || (bytes[..at].ends_with(b"/") && is_field(rest, b"/")),
            b'$' => is_field(rest, b"$") || is_variable(rest),
            b'@' => is_field(rest, b"@"),
            _ => false,
        }
    })
}

/// Whether an opening brace starts a field: a word in braces, `{w=300}`, or the opening of a template engine. A short or
/// mixed text in braces is an identifier.
fn in_braces(before: &[u8], rest: &[u8]) -> bool {
    let opening =
        rest.first().is_some_and(|byte| b"{%#".contains(byte)) || before.ends_with(b"#") || before.ends_with(b"$");
    let name = rest.strip_prefix(b":").unwrap_or(rest);
    let set = field(name).is_some_and(|length| matches!(name.get(length), Some(b'=' | b':' | b'}')));
    opening || set || is_word(rest, b'}') || has_field(rest, b"}")
}

/// Whether words stand before a closing mark, and one of them is known: `{max-width}`, `{ w, h }`, `{width|height}`.
fn has_field(rest: &[u8], close: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphabetic() || b" +,-./?_|".contains(byte);
    let length = rest.iter().take_while(|byte| is_plain(byte)).count();
    let mut words = rest[..length].split(|byte| !byte.is_ascii_alphabetic());
    rest[length..].starts_with(close) && words.any(|word| field(word) == Some(word.len()))
}

/// A word in doubled brackets, after the first: `[[w]]`.
fn is_doubled(rest: &[u8], open: &[u8], close: &[u8]) -> bool {
    rest.strip_prefix(open).is_some_and(|rest| {
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let closed = rest[length..].strip_prefix(close);
        length > 0 && closed.is_some_and(|rest| rest.starts_with(close))
    })
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

/// A variable in capitals, after the dollar sign: `$WIDTH`.
fn is_variable(rest: &[u8]) -> bool {
    let length = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let ends = rest.get(length).is_none_or(|next| !next.is_ascii_alphanumeric());
    length > 1 && ends && field(&rest[..length]) == Some(length)
}

/// A field in escaped braces or brackets, after the percent sign.
fn is_escaped_field(rest: &[u8]) -> bool {
    match rest {
        [b'7', b'B' | b'b', rest @ ..] => {
            has_field(rest, b"%7D") || has_field(rest, b"%7d") || rest.starts_with(b"%7B") || rest.starts_with(b"%7b")
        }
        [b'5', b'B' | b'b', rest @ ..] => is_field(rest, b"%5D") || is_doubled(rest, b"%5B", b"%5D"),
        _ => false,
    }
}

/// `%(width)s` or `%s`, after the percent sign. A `%` before another character may be one that nobody escaped.
fn printed(rest: &[u8]) -> bool {
    let alone = rest.first().is_some_and(|first| b"sd".contains(first))
        && rest.get(1).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'%');
    alone || rest.strip_prefix(b"(").is_some_and(|rest| is_field(rest, b")"))
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
            "http://c.example/{#a.png",
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
            "https://c.example/a_{max-width}x.jpg",
            "https://c.example/{ width }/a.jpg",
            "https://c.example/{w,h}/a.jpg",
            "https://c.example/{width|height}/a.jpg",
            "https://c.example/a{/size}.jpg",
            "https://c.example/a.jpg{?w,h}",
            "https://c.example/%7Bmax-width%7D/a.jpg",
            "https://c.example/a-[[w]].jpg",
            "https://c.example/%5Bwidth%5D/a.jpg",
            "https://c.example/%5B%5Bsize%5D%5D/a.jpg",
            "https://c.example/:size/a.jpg",
            "https://c.example/a-$WIDTH.jpg",
            "https://c.example/a-%s.jpg",
            "https://c.example/%d/a.jpg",
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
            "https://c.example/{a-b}.jpg",
            "https://c.example/[[1]].jpg",
            "https://c.example/a%5B1%5D.jpg",
            "https://c.example/$WIDER.jpg",
            "https://c.example/a_$1.jpg",
            "https://c.example/100%satisfied.jpg",
            "https://c.example/a%dF.jpg",
            "https://c.example/a:size.jpg",
            "https://c.example/photo(width).jpg",
        ];
        for address in addresses {
            assert!(!looks_like_template(address), "{address}");
        }
    }
}
