//! URLs of pages: what identifies a page, which site it belongs to, and the name of its file.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::model::Digest;
use crate::source::file_names::Names;

/// Parameters of queries that identify readers, or where they came from, and not pages.
const SESSIONS: [&str; 14] = [
    "phpsessid",
    "jsessionid",
    "sessionid",
    "session_id",
    "aspsessionid",
    "cfid",
    "cftoken",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "gclid",
    "fbclid",
];
/// A parameter that is a session only by its value: also `sid=12`, the number of a story.
const SESSION_OR_STORY: &str = "sid";
/// Digits of a value that make it a session.
const SESSION_DIGITS: usize = 16;
/// A parameter of a path that holds a session, as servlets have it.
const PATH_SESSION: &str = ";jsessionid=";
/// Ends of the names of pages, which stay.
const ENDINGS: [&str; 4] = ["html", "htm", "xhtml", "shtml"];
/// The most folders of a file that is named after its page, and the most bytes of their names together.
const FOLDERS: usize = 30;
const LONGEST: usize = 700;

/// The URL without its fragment, and without parameters of sessions.
pub(super) fn normal(mut url: Url) -> Url {
    url.set_fragment(None);
    if let Some((path, _)) = url.path().to_ascii_lowercase().split_once(PATH_SESSION) {
        let kept = url.path()[..path.len()].to_owned();
        url.set_path(&kept);
    }
    let Some(query) = url.query() else { return url };
    let kept: Vec<_> = query.split('&').filter(|parameter| !is_session(parameter)).collect();
    let kept = kept.join("&");
    url.set_query(Some(kept.as_str()).filter(|query| !query.is_empty()));
    url
}

fn is_session(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let name = name.to_ascii_lowercase();
    let is_number = value.len() >= SESSION_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    SESSIONS.contains(&name.as_str()) || (name == SESSION_OR_STORY && is_number)
}

/// The site of a URL: its host without `www.`, and its port if that is not the default. Sites are the same over http
/// and https.
pub(super) fn site(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether two sites are of one domain: the same, or one within the other.
pub(super) fn is_same_domain(one: &str, other: &str) -> bool {
    let is_within = |inner: &str, outer: &str| {
        let is_name = outer.contains('.') && outer.contains(|c: char| c.is_ascii_alphabetic());
        is_name && inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other || is_within(one, other) || is_within(other, one)
}

/// An address without its query, which is what a query is asked of.
pub(super) fn without_query(url: &Url) -> &str {
    &url[..url::Position::AfterPath]
}

/// What identifies the article of a page within its source.
pub(super) fn identity(url: &Url) -> Digest {
    Digest::of(format!("page\n{url}").as_bytes())
}

/// The names that the file of a page may have: its host, its path and its query, as folders and a file.
pub(super) fn names(url: &Url, extension: &str) -> Names {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}_{port}"));
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut parts: Vec<String> = url.path_segments().map(|parts| parts.map(decoded).collect()).unwrap_or_default();
    let last = parts.pop().unwrap_or_default();
    let query = url.query().map(|query| format!("?{}", decoded(query))).unwrap_or_default();
    let (stem, extension) = stem(&last, extension);
    let title = format!("{}{query}", if stem.is_empty() { "index" } else { stem });
    let mut folders: Vec<String> = std::iter::once(host.clone()).chain(parts.into_iter().map(folder)).collect();
    if folders.len() > FOLDERS || folders.iter().map(String::len).sum::<usize>() > LONGEST {
        folders = vec![host, identity(url).to_string()[..16].to_owned()];
    }
    Names::new(&folders, &title, extension, identity(url))
}

/// The stem of a file's name, and its extension: its own, if that is one of a page.
fn stem<'a>(last: &'a str, extension: &'a str) -> (&'a str, &'a str) {
    match last.rsplit_once('.') {
        Some((stem, end)) if end.eq_ignore_ascii_case(extension) => (stem, extension),
        Some((stem, end)) if extension == "html" => {
            ENDINGS.iter().find(|ending| end.eq_ignore_ascii_case(ending)).map_or((last, extension), |end| (stem, *end))
        }
        _ => (last, extension),
    }
}

/// Whether the names of files that are made of pages, and of their style sheets, end so.
pub(in crate::source) fn is_page_ending(end: &str) -> bool {
    ENDINGS.contains(&end) || end == "css"
}

/// The name of a folder. It never has an extension of generated files, so that no file has the name of a folder.
fn folder(name: String) -> String {
    let end = name.trim_end_matches(['.', ' ']).rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    match end {
        Some(end) if is_page_ending(&end) => format!("{name}_"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_file_is_named_after_its_page() {
        for (page, file) in [
            ("https://a.example/", "a.example/index.html"),
            ("https://a.example:8443/x", "a.example_8443/x.html"),
            ("https://a.example/x/", "a.example/x/index.html"),
            ("https://a.example/%E6%96%B0%E9%97%BB/1.HTM", "a.example/新闻/1.htm"),
            ("https://a.example/a.php?id=3&x=%E6%96%B0", "a.example/a.php_id=3&x=新.html"),
            ("https://a.example/a.html/b", "a.example/a.html_/b.html"),
            ("https://a.example/%2E%2E%2Fx/.b", "a.example/x/b.html"),
            ("https://a.example/a%2Fb%5Cc%00d", "a.example/a_b_c d.html"),
            ("https://a.example/CON", "a.example/CON_.html"),
            ("https://a.example//x", "a.example/x.html"),
        ] {
            assert_eq!(names(&url(page), "html").next().unwrap().as_str(), file, "{page}");
        }
        let sheet = names(&url("https://a.example/s/main.css?v=2"), "css").next().unwrap();
        assert_eq!(sheet.as_str(), "a.example/s/main_v=2.css");
    }

    #[test]
    fn no_name_is_too_long() {
        let long = format!("https://a.example/{}x?{}", "字/".repeat(100), "q".repeat(4000));
        for name in names(&url(&long), "html") {
            assert!(name.len() < 400 && name.split('/').all(|part| part.len() <= 255), "{name}");
        }
    }

    #[test]
    fn what_names_a_session_is_no_part_of_an_address() {
        for (given, expected) in [
            ("https://a.example/x;jsessionid=AB12?a=1#f", "https://a.example/x?a=1"),
            ("https://a.example/x?PHPSESSID=ab", "https://a.example/x"),
            ("https://a.example/x?", "https://a.example/x"),
            ("https://a.example/x?a=1&utm_source=b&c", "https://a.example/x?a=1&c"),
            ("https://a.example/x?sid=0123456789abcdef0", "https://a.example/x"),
            ("https://a.example/x?sid=12&", "https://a.example/x?sid=12&"),
            ("https://a.example/x?b=2&a=1", "https://a.example/x?b=2&a=1"),
        ] {
            assert_eq!(normal(url(given)).as_str(), expected);
        }
    }

    #[test]
    fn a_domain_holds_what_is_within_it() {
        for (one, other, expected) in [
            ("a.example", "a.example", true),
            ("blog.a.example", "a.example", true),
            ("a.example", "docs.blog.a.example", true),
            ("a.example", "ba.example", false),
            ("old.a.example", "new.a.example", false),
            ("a.example", "example", false),
            ("a.example:8080", "a.example", false),
            ("127.0.0.1", "0.0.1", false),
            ("localhost", "127.0.0.1", false),
        ] {
            assert_eq!(is_same_domain(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_site_is_the_same_with_and_without_www() {
        assert_eq!(site(&url("https://www.a.example/")), site(&url("http://a.example/x")));
        assert_ne!(site(&url("https://b.a.example/")), site(&url("https://a.example/")));
        assert_ne!(site(&url("http://a.example:8080/")), site(&url("http://a.example/")));
    }
}
