//! What a value can be: the address of an image, something inline, a template.

/// Extensions that images have.
const IMAGE_EXTENSIONS: &[&str] = &[
    "apng", "avif", "bmp", "cur", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "pjpeg",
    "png", "svg", "svgz", "tif", "tiff", "webp",
];

/// Schemes of values that name no image.
const NO_ADDRESS: &[&str] = &["about", "blob", "cid", "data", "javascript", "mailto", "tel", "vbscript"];

/// Whether the path of a URL, absolute or not, ends like an image's. `File:a.jpg` is a page of a wiki about one.
pub(super) fn has_image_extension(url: &str) -> bool {
    let path = url.trim().split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    IMAGE_EXTENSIONS.binary_search(&extension.as_str()).is_ok() && !name.contains(':')
}

/// Whether the path of an address ends like an image's. Of `https://example.png` all is host.
pub(super) fn has_image_path(address: &str) -> bool {
    let authority =
        if address.starts_with("//") { address.get(2..) } else { address.split_once("://").map(|(_, rest)| rest) };
    let path = authority.map_or(Some(address), |rest| rest.split_once('/').map(|(_, path)| path));
    path.is_some_and(has_image_extension)
}

/// Whether a value is an http(s) URL with a host.
pub(super) fn is_http(value: &str) -> bool {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    scheme.is_some_and(|scheme| has_host(&value[scheme.len()..]))
}

/// Whether a value names a host of the web: an http(s) URL, or one without its scheme.
pub(super) fn names_host(value: &str) -> bool {
    is_http(value) || value.strip_prefix("//").is_some_and(has_host)
}

fn has_host(rest: &str) -> bool {
    rest.starts_with(|first: char| first.is_alphanumeric() || first == '[')
}

/// Whether a value is one address of an image on the web, and nothing else.
pub(super) fn is_image_url(value: &str) -> bool {
    names_host(value)
        && has_image_path(value)
        && !looks_like_template(value)
        && !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`'))
}

/// Whether a value can be the address of an image: not only a fragment, not inline unless that is asked for, not a
/// script's, not a template's, not a resource of a notebook (`:/1f8a…`).
pub(super) fn can_be_address(value: &str, inline: bool) -> bool {
    let value = value.trim_matches(|c| c <= ' ');
    if is_inline_image(value) {
        return inline;
    }
    let scheme = value.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default();
    !value.starts_with('#')
        && !is_notebook_resource(value)
        && !NO_ADDRESS.contains(&scheme.as_str())
        && !looks_like_template(value)
}

/// Whether a value is a resource of a Joplin notebook: `:/` and 32 hexadecimal digits.
fn is_notebook_resource(value: &str) -> bool {
    value
        .strip_prefix(":/")
        .is_some_and(|id| id.len() >= 32 && id.bytes().take(32).all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a value is a `data:` URL that says it is an image (RFC 2397).
pub(super) fn is_inline_image(value: &str) -> bool {
    value.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("data:image/"))
}

/// Whether a value is a `data:` URL.
pub(super) fn is_inline(value: &str) -> bool {
    value.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// Whether a value is a template and not an address: `{{url}}`, `#{url}`, `${url}`, `<%= url %>`, `{width}`, `%width%`.
pub(super) fn looks_like_template(value: &str) -> bool {
    ["{{", "{%", "#{", "${", "<%"].iter().any(|opening| value.contains(opening))
        || has_field(value, '{', '}')
        || has_field(value, '%', '%')
}

/// Whether a word stands between two marks, as the name of a field does. `%fa%` can start an escaped byte, and a short
/// or mixed text in braces an identifier.
fn has_field(value: &str, open: char, close: char) -> bool {
    value.match_indices(open).any(|(at, _)| {
        let rest = &value[at + 1..];
        let length = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(rest.len());
        let escaped_byte = open == '%' && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
        let short = length == 1 && open == '{' && rest.starts_with(['w', 'h']);
        (length >= 2 || short) && rest[length..].starts_with(close) && !escaped_byte
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_the_end_of_the_path() {
        assert!(IMAGE_EXTENSIONS.is_sorted());
        for yes in ["a.jpg", "https://e.com/a.PNG?x=1.txt#y", "//e.com/a/b.webp", "../a b.svg"] {
            assert!(has_image_path(yes), "{yes}");
        }
        for no in ["https://example.png", "https://e.com/a?b.jpg", "https://e.com/a.jpg/b", "a.jpg.html", "jpg", ""] {
            assert!(!has_image_path(no), "{no}");
        }
    }

    #[test]
    fn templates_are_no_addresses() {
        let templates = [
            "https://c.example/a_{width}x.jpg",
            "https://c.example/{w_h}/a.jpg",
            "https://c.example/%width%/a.jpg",
            "https://c.example/a-%size%.jpg",
            "//c.example/{{url}}",
            "${url}",
            "#{img_src}",
            "<%= url %>",
            "{% link %}",
            "/img/{id}.png",
            "https://c.example/{w}x{h}/a.jpg",
        ];
        for template in templates {
            assert!(looks_like_template(template), "{template}");
        }
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
        ];
        for address in addresses {
            assert!(!looks_like_template(address), "{address}");
        }
    }

    #[test]
    fn one_address_of_an_image_is_nothing_else() {
        for yes in ["https://c.example/1.jpg", "//c.example/1.webp?w=1", "HTTP://c.example/a,b(c).PNG#x"] {
            assert!(is_image_url(yes), "{yes}");
        }
        for no in [
            "chart.jpg",
            "/1.jpg",
            "https://c.example/page",
            "https://c.example",
            "https://c.example/1.jpg https://c.example/2.jpg",
            "see https://c.example/1.jpg",
            "https://c.example/{width}.jpg",
            "//",
            "",
        ] {
            assert!(!is_image_url(no), "{no}");
        }
    }
}
