//! Markdown articles as pages to read.

use pulldown_cmark::{Options, Parser, html};

/// How such a page looks: one column to read, in the colours that the reader prefers.
const STYLE: &str = ":root{color-scheme:light dark}body{max-width:42rem;margin:2rem auto;padding:0 1rem;\
                     font:1.08rem/1.75 \"Iowan Old Style\",Charter,Georgia,\"Noto Serif CJK SC\",\"Songti SC\",serif;\
                     color:#23201c;background:#fff;overflow-wrap:anywhere;text-autospace:normal}\
                     img,video{max-width:100%;height:auto}h1,h2,h3{line-height:1.3;text-wrap:balance}a{color:#8f2d1c}\
                     pre{overflow-x:auto}table{border-collapse:collapse;display:block;overflow-x:auto}\
                     td,th{border:1px solid #999;padding:.2rem .5rem}blockquote{margin:1rem 0;padding-left:1rem;\
                     border-left:3px solid #bbb}@media(prefers-color-scheme:dark){body{color:#e9e4da;background:#1f1d1a}\
                     a{color:#eb9c86}}";

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

    proptest! {
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
