//! The pages that are made here: Markdown articles to look at, and lists of files.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pulldown_cmark::{Options, Parser, html};

/// What stays as it is in a segment of a path (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

const STYLE: &str = "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 Georgia,serif;color:#222;\
                     background:#fdfcf9}img{max-width:100%;height:auto}h1{line-height:1.2}a{color:#1a5276}\
                     ul{list-style:none;padding:0}li{padding:.15rem 0}";

/// A Markdown article as a page: its front matter gives the title, the rest is the body. The HTML in it stays as it
/// is; what it may do is limited by the policy it is served with.
pub(super) fn article(text: &str) -> String {
    let (front_matter, body) = split(text);
    let title = front_matter.lines().find_map(title).unwrap_or_default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut rendered = String::new();
    if !title.is_empty() {
        rendered = format!("<h1>{}</h1>\n", escaped(&title));
    }
    html::push_html(&mut rendered, Parser::new_ext(body, options));
    page(&title, &rendered)
}

/// The names in a folder as links; those of folders end in `/`.
pub(super) fn list(names: impl Iterator<Item = String>, is_top: bool) -> String {
    let link = |name: String| {
        let address = utf8_percent_encode(&name, SEGMENT).to_string();
        format!("<li><a href=\"./{address}\">{}</a></li>\n", escaped(&name))
    };
    let up = if is_top { "" } else { "<li><a href=\"../\">../</a></li>\n" };
    let links: String = names.map(link).collect();
    page("offprint", &format!("<ul>\n{up}{links}</ul>\n"))
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// Front matter, which may follow blank lines, and what comes after it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start_matches(['\r', '\n', ' ', '\t']);
    let fence = &start[..start.find(['\r', '\n']).unwrap_or(0)];
    if !matches!(fence.trim_end(), "---" | "+++") {
        return ("", text);
    }
    let mut end = fence.len();
    for line in start[fence.len()..].split_inclusive('\n') {
        end += line.len();
        if end > fence.len() + 2 && line.trim_end() == fence.trim_end() {
            return (&start[fence.len()..end - line.len()], &start[end..]);
        }
    }
    ("", text)
}

/// The value of a `title` line. This is for a heading only, so the finer points of YAML do not matter.
fn title(line: &str) -> Option<String> {
    let value = line.strip_prefix("title")?.trim_start().strip_prefix([':', '='])?.trim();
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let single = quoted('\'').map(|inner| inner.replace("''", "'"));
    Some(single.unwrap_or_else(|| quoted('"').unwrap_or(value).to_owned()))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, front_matter: &str, body: &str) {
        assert_eq!(split(text), (front_matter, body), "{text:?}");
    }

    #[test]
    fn front_matter_is_no_part_of_the_body() {
        check("\n---\ntitle: 'a'\n---\n\n<div>", "\ntitle: 'a'\n", "\n<div>");
        check("---\r\ntitle: a\r\n---\r\nbody", "\r\ntitle: a\r\n", "body");
        check("\u{feff}+++\ntitle = \"a\"\n+++\nbody", "\ntitle = \"a\"\n", "body");
        check("---\n---\nbody", "\n", "body");
        check("---\nnever closed", "", "---\nnever closed");
        check("plain\n---\nmore", "", "plain\n---\nmore");
        check("", "", "");
    }

    #[test]
    fn titles_are_read_as_they_are_commonly_written() {
        for (line, expected) in [
            ("title: 'It''s late'", Some("It's late")),
            ("title: \"late\"", Some("late")),
            ("title: late: a story", Some("late: a story")),
            ("title = \"late\"", Some("late")),
            ("subtitle: x", None),
            ("titles: x", None),
        ] {
            assert_eq!(title(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn an_article_becomes_a_page_with_its_images() {
        let page =
            article("\n---\ntitle: 'A <b> & ''c'''\n---\n\n<div>\n<img src=\"../x.jpg\">\n</div>\n\n![a](y.png)\n");
        assert!(page.contains("<title>A &lt;b&gt; &amp; &#39;c&#39;</title>"), "{page}");
        assert!(page.contains("<img src=\"../x.jpg\">") && page.contains("<img src=\"y.png\" alt=\"a\""), "{page}");
        assert!(!page.contains("title:"), "{page}");
    }

    #[test]
    fn strange_names_stay_names() {
        let names = ["\"><script>.md", "javascript:x", "雨 1%.md"].map(str::to_owned);
        let page = list(names.into_iter(), true);
        assert!(!page.contains("<script>") && !page.contains("../"), "{page}");
        assert!(page.contains("href=\"./%E9%9B%A8%201%25.md\""), "{page}");
        assert!(page.contains("href=\"./javascript%3Ax\""), "{page}");
    }

    proptest! {
        /// Whatever the names of files, a list has one link for each, which leads to it and nowhere else.
        #[test]
        fn each_name_is_one_link_to_itself(names in prop::collection::vec("[a-z<>&\"'%#?:é雨 .-]{1,9}", 0..6), is_top in any::<bool>()) {
            // No file can be called so.
            prop_assume!(!names.iter().any(|name| matches!(name.as_str(), "." | "..")));
            let page = list(names.clone().into_iter(), is_top);
            let links: Vec<_> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let (up, links) = links.split_at(usize::from(!is_top));
            prop_assert!(up.iter().all(|link| *link == "../"));
            let base = url::Url::parse("http://localhost/folder/").unwrap();
            for (name, link) in names.iter().zip(links) {
                let led = base.join(link).unwrap();
                let path = percent_encoding::percent_decode_str(led.path()).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(path, format!("/folder/{name}"));
                prop_assert!(led.query().is_none() && led.fragment().is_none() && led.host_str() == Some("localhost"));
            }
            prop_assert_eq!(links.len(), names.len());
        }

        /// Front matter is cut off at its fences, and nothing of the article is lost or made up.
        #[test]
        fn front_matter_and_body_are_parts_of_the_article(text in "(---|\\+\\+\\+|)\n?[a-z:=\n-]{0,20}(---\n|)[a-z\n-]{0,9}") {
            let (front_matter, body) = split(&text);
            prop_assert!(text.ends_with(body));
            prop_assert!(front_matter.is_empty() || text.contains(front_matter));
            prop_assert!(front_matter.len() + body.len() <= text.len());
            prop_assert!(!front_matter.is_empty() || body == text || text.len() - body.len() >= 6, "{text:?}");
        }

        /// No title gets out of its heading.
        #[test]
        fn a_title_stays_text(title in "[a-z<>&\"' ]{0,12}") {
            let page = article(&format!("---\ntitle: {title}\n---\nbody\n"));
            let (_, after) = page.split_once("<title>").unwrap();
            let (shown, _) = after.split_once("</title>").unwrap();
            prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{shown}");
        }
    }
}
