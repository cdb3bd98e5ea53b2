//! Markdown articles as pages to read.

use pulldown_cmark::{Options, Parser, html};

use crate::extract::front_matter_length;

/// How such a page looks: one column to read, in the colours that the reader prefers.
const STYLE: &str = ":root{color-scheme:light dark}body{max-width:42rem;margin:2rem auto;padding:0 1rem;\
                     font:1.08rem/1.75 \"Iowan Old Style\",Charter,Georgia,\"Noto Serif CJK SC\",\"Songti SC\",serif;\
                     color:#23201c;background:#fff;overflow-wrap:anywhere;text-autospace:normal}\
                     img,video{max-width:100%;height:auto}h1,h2,h3{line-height:1.3;text-wrap:balance}a{color:#8f2d1c}\
                     pre{overflow-x:auto}table{border-collapse:collapse;display:block;overflow-x:auto}\
                     td,th{border:1px solid #999;padding:.2rem .5rem}blockquote{margin:1rem 0;padding-left:1rem;\
                     border-left:3px solid #bbb}@media(prefers-color-scheme:dark){body{color:#e9e4da;background:#1f1d1a}\
                     a{color:#eb9c86}}";

/// A Markdown article as a page under its title: the front matter is left out. The HTML in it stays as it is; what it may
/// do is limited by the policy it is served with.
pub(super) fn article(text: &str, title: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let body = text.get(front_matter_length(text)..).unwrap_or(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut rendered = String::new();
    if !title.is_empty() {
        rendered = format!("<h1>{}</h1>\n", escaped(title));
    }
    html::push_html(&mut rendered, Parser::new_ext(body, options));
    page(title, &rendered)
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
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

    #[test]
    fn front_matter_is_no_part_of_the_body() {
        for text in [
            "\n---\ntitle: 'a'\n---\n\n*b*",
            "---\r\ntitle: a\r\n---\r\n*b*",
            "\u{feff}+++\ntitle = \"a\"\n+++\n*b*",
            "*b*",
        ] {
            let page = article(text, "");
            assert!(page.contains("<body>\n<p><em>b</em></p>\n</body>"), "{text:?}: {page}");
        }
        let open = article("---\nnever closed", "");
        assert!(open.contains("never closed"), "{open}");
    }

    #[test]
    fn an_article_becomes_a_page_with_its_images() {
        let text = "\n---\ntitle: other\n---\n\n<div>\n<img src=\"../x.jpg\">\n</div>\n\n![a](y.png)\n";
        let page = article(text, "A <b> & 'c'");
        assert!(page.contains("<title>A &lt;b&gt; &amp; &#39;c&#39;</title>"), "{page}");
        assert!(page.contains("<img src=\"../x.jpg\">") && page.contains("<img src=\"y.png\" alt=\"a\""), "{page}");
        assert!(!page.contains("title:"), "{page}");
    }

    proptest! {
        /// No title gets out of its heading.
        #[test]
        fn a_title_stays_text(title in "[a-z<>&\"' ]{0,12}") {
            let page = article("---\ntitle: x\n---\nbody\n", &title);
            let (_, after) = page.split_once("<title>").unwrap();
            let (shown, _) = after.split_once("</title>").unwrap();
            prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{shown}");
        }
    }
}
