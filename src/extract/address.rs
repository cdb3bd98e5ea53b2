//! What a value can be: the URL of an image, or something inline.

use percent_encoding::percent_decode_str;

use super::template::looks_like_template;

/// Extensions that images have.
const IMAGE_EXTENSIONS: &[&str] = &[
    "apng", "arw", "avif", "bmp", "cr2", "cr3", "cur", "dng", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe",
    "jpeg", "jpg", "jxl", "nef", "orf", "pef", "pjpeg", "png", "psb", "psd", "raf", "rw2", "srw", "svg", "svgz", "tif",
    "tiff", "webp",
];

/// Schemes of values that name no image.
const NO_ADDRESS: &[&str] = &[
    "about",
    "blob",
    "chrome-extension",
    "cid",
    "data",
    "javascript",
    "mailto",
    "moz-extension",
    "safari-web-extension",
    "tel",
    "vbscript",
    "webkit-fake-url",
];
/// Extensions of files on the web that are no images.
const OTHER_EXTENSIONS: &[&str] = &[
    "asp", "aspx", "css", "htm", "html", "js", "json", "m3u8", "mjs", "mov", "mp3", "mp4", "ogg", "pdf", "shtml",
    "txt", "wav", "webm", "xhtml", "xml", "zip",
];
/// Extensions of fonts, and of what styles load besides.
const STYLE_EXTENSIONS: &[&str] = &["eot", "htc", "otf", "ttc", "ttf", "woff", "woff2"];
/// Extensions of programs, which may send anything.
const PROGRAMS: &[&str] = &["asp", "aspx"];

/// Whether a URL starts with a scheme (RFC 3986, section 3.1); `C:\\` is a drive.
pub(crate) fn has_scheme(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain)
}

/// Whether a scheme is that of the web, in either case.
pub(crate) fn is_web_scheme(scheme: &str) -> bool {
    ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme))
}

/// An address without what a browser takes off its ends: control characters and the space, and no other white space (URL
/// Standard, "basic URL parser").
pub(crate) fn without_space(address: &str) -> &str {
    address.trim_matches(|c| c <= ' ')
}

/// An address without its query and its fragment.
pub(crate) fn without_query(address: &str) -> &str {
    memchr::memchr2(b'?', b'#', address.as_bytes()).map_or(address, |end| &address[..end])
}

/// The address that a generator makes of one in its own notation (Docusaurus: `@site/static/a.png`, `pathname:///a.png`);
/// any other as it is.
pub(super) fn published(address: &str) -> &str {
    let from_root = |prefix: &str| address.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
    ["@site/static", "@site", "pathname://"].into_iter().find_map(from_root).unwrap_or(address)
}

/// Whether an address is a path from the root of the site, in whatever notation.
pub(crate) fn is_from_root(raw: &str) -> bool {
    let in_tag = |open: &str| raw.strip_prefix(open).map(|rest| rest.trim_start_matches('-').trim_start());
    let is_link = in_tag("{%").is_some_and(|rest| rest.starts_with("link"));
    is_link || in_tag("{{").is_some() || published(raw).starts_with(['/', '\\'])
}

/// Whether the path of a URL, absolute or not, ends like an image's. `File:a.jpg` is a page of a wiki about one.
pub(super) fn has_image_extension(url: &str) -> bool {
    let path = without_query(url.trim());
    let name = path.rsplit('/').next().unwrap_or_default();
    let decoded = if name.contains('%') { percent_decode_str(name).decode_utf8_lossy() } else { name.into() };
    let Some((_, extension)) = decoded.rsplit_once('.') else { return false };
    // Some hosts take a style or a size after it: `a.jpg!w300`, `a.jpg@s_2,w_820`.
    let extension = extension.split(['!', '@']).next().unwrap_or_default();
    // Browsers leave tabs and line feeds out of addresses.
    let letters = || extension.bytes().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    let is_it = |known: &&str| letters().map(|byte| byte.to_ascii_lowercase()).eq(known.bytes());
    IMAGE_EXTENSIONS.iter().any(is_it) && !is_wiki_page(name)
}

/// Whether a name is that of a wiki's page about a file. An escaped URL within a name makes none of it.
fn is_wiki_page(name: &str) -> bool {
    let mark = name.find(':').or_else(|| name.find("%3A")).or_else(|| name.find("%3a"));
    mark.is_some_and(|mark| {
        let rest = name[mark..].trim_start_matches(':').trim_start_matches("%3A").trim_start_matches("%3a");
        !rest.get(..6).is_some_and(|slashes| slashes.eq_ignore_ascii_case("%2F%2F"))
    })
}

/// Whether the path of a URL ends like an image's. Of `https://example.png` all is host.
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

/// Whether a value is one URL of an image on the web, and nothing else.
pub(super) fn is_image_url(value: &str) -> bool {
    names_host(value)
        && has_image_path(value)
        && !looks_like_template(value)
        && !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`'))
}

/// Whether a value is one URL of an image on the web in which white space is not escaped: browsers escape it. A list of
/// URLs is none, nor is a text that holds one.
pub(super) fn is_spaced_image_url(value: &str) -> bool {
    is_spaced_image(value) && names_host(value)
}

/// Whether a value with white space is one address of an image, and no list and no text that holds one.
pub(super) fn is_spaced_image(value: &str) -> bool {
    let words: Vec<_> = value.split_ascii_whitespace().collect();
    let Some((last, others)) = words.split_last().filter(|(_, others)| !others.is_empty()) else { return false };
    let ends = |word: &&str| has_image_extension(word) || word.ends_with([',', ';', '|']);
    let starts = |word: &&str| word.contains("://") || word.starts_with(['/', '[', '{']);
    !others.iter().any(ends)
        && !words[1..].iter().any(starts)
        && has_image_path(last)
        && !looks_like_template(value)
        && !value.contains(['"', '<', '>', '\\', '`', '{'])
}

/// Whether the query of a URL on the web says that it is an image's, such as `?wx_fmt=png`.
pub(super) fn is_image_by_query(value: &str) -> bool {
    let query = value.split_once('?').map_or("", |(_, query)| query);
    let says_image = |(key, value): (&str, &str)| {
        ["fm", "fmt", "format"].iter().any(|end| key.ends_with(end)) && IMAGE_EXTENSIONS.contains(&value)
    };
    query.split('&').filter_map(|part| part.split_once('=')).any(says_image) && may_be_image_url(value)
}

/// The extension of the file that a URL names.
fn extension(url: &str) -> &str {
    let path = without_query(url.trim());
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, end)| end)
}

fn is_one_of(extension: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Whether a URL names a font, or what else styles load that is no image.
pub(super) fn names_style_file(url: &str) -> bool {
    is_one_of(extension(url), STYLE_EXTENSIONS)
}

/// Whether a URL names a file that is no image: a page, a video, a script.
pub(super) fn names_other_file(url: &str) -> bool {
    let extension = extension(url);
    !extension.is_empty() && is_one_of(extension, OTHER_EXTENSIONS) && !is_one_of(extension, PROGRAMS)
}

/// Whether a value is one URL on the web that may be an image's: what names it decides.
pub(super) fn may_be_image_url(value: &str) -> bool {
    let extension = extension(value);
    names_host(value)
        && !is_one_of(extension, OTHER_EXTENSIONS)
        && !is_one_of(extension, STYLE_EXTENSIONS)
        && !looks_like_template(value)
        && !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`'))
        && !value.split(',').skip(1).any(names_host)
}

/// Whether a value can be the URL of an image: not only a fragment, not inline unless that is asked for, not a
/// script's, not a template's, not a resource of a notebook (`:/1f8a…`).
pub(super) fn can_be_address(value: &str, inline: bool) -> bool {
    let value = without_space(value);
    if is_inline_image(value) {
        return inline;
    }
    let scheme = value.split_once(':').map_or("", |(scheme, _)| scheme);
    !value.starts_with('#')
        && !is_notebook_resource(value)
        && !NO_ADDRESS.iter().any(|known| known.eq_ignore_ascii_case(scheme))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_the_end_of_the_path() {
        assert!(IMAGE_EXTENSIONS.is_sorted());
        for yes in [
            "a.jpg",
            "https://e.com/a.PNG?x=1.txt#y",
            "//e.com/a/b.webp",
            "../a b.svg",
            "https://e.com/q_auto:good/https%3A%2F%2Fb.example%2Fab.jpeg",
            "https://e.com/f_auto/https%3a%2f%2fb.example%2fab.png",
            "https://e.com/a.jpg!w300",
            "https://e.com/a.jpg@s_2,w_820,h_462",
        ] {
            assert!(has_image_path(yes), "{yes}");
        }
        for no in ["File:a.jpg", "https://e.com/wiki/Datei%3Aa.jpg", "https://e.com/a!b", "me@e.com"] {
            assert!(!has_image_path(no), "{no}");
        }
        for no in ["https://example.png", "https://e.com/a?b.jpg", "https://e.com/a.jpg/b", "a.jpg.html", "jpg", ""] {
            assert!(!has_image_path(no), "{no}");
        }
    }

    #[test]
    fn a_drive_and_a_name_are_no_scheme() {
        assert!(has_scheme("https://a") && has_scheme("data:x") && has_scheme("web+x:y"));
        for no in ["C:\\a.png", "a/b:c.png", "10:30.png", "a.png", ":", ""] {
            assert!(!has_scheme(no), "{no}");
        }
    }

    #[test]
    fn commas_within_a_url_make_no_list_of_it() {
        assert!(may_be_image_url("https://c.example/w_120,c_limit/a"));
        assert!(!may_be_image_url("https://c.example/a,https://c.example/b"));
        assert!(!may_be_image_url("//c.example/a,//c.example/b"));
    }

    #[test]
    fn white_space_that_nobody_escaped_is_part_of_one_url() {
        for yes in [
            "https://c.example/a b.jpg",
            "//c.example/x y/a b (1).png?v=2",
            "https://c.example/a\n  b.jpg",
            "https://c.example/Screen Shot 1.00.00 PM.png",
        ] {
            assert!(is_spaced_image_url(yes), "{yes}");
        }
        for no in [
            "https://c.example/a.jpg",
            "https://c.example/a.jpg https://c.example/b.jpg",
            "https://c.example/a.jpg /b.jpg",
            "https://c.example/a.jpg 2x",
            "https://c.example/a, b.jpg",
            "see https://c.example/a b.jpg",
            "https://c.example/a {b} c.jpg",
            "a b.jpg",
            "",
        ] {
            assert!(!is_spaced_image_url(no), "{no}");
        }
    }

    #[test]
    fn a_query_can_say_that_it_is_an_image() {
        assert!(is_image_by_query("https://c.example/640?wx_fmt=png"));
        assert!(is_image_by_query("//c.example/a?w=3&format=webp"));
        for no in [
            "https://c.example/a?format=json",
            "https://c.example/a.html?format=png",
            "/a?fm=png",
            "https://c.example/png",
        ] {
            assert!(!is_image_by_query(no), "{no}");
        }
    }

    #[test]
    fn files_that_are_no_images_are_known_by_their_extensions() {
        assert!(
            names_style_file("https://c.example/f.WOFF2?x#y") && names_style_file("x.ttf") && !names_style_file("ttf")
        );
        assert!(names_other_file("/p/5.html") && names_other_file("https://c.example/v.mp4"));
        assert!(!names_other_file("https://c.example/a.aspx?id=1") && !names_other_file("https://c.example/p/5"));
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
