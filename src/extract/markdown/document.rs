//! Bodies that are HTML, although their file is named Markdown.
//!
//! Posts that were saved from feeds have one `<div>` as their body. By CommonMark a blank line ends an HTML block, and
//! indented text after it is code. Nobody wrote such a body to be read so; therefore it is read as HTML as a whole. A
//! body that only starts with HTML, as a README with a centred logo does, is Markdown.

/// Elements that hold the whole of a body, or a large part.
const CONTAINERS: &[&str] = &[
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "details",
    "div",
    "dl",
    "figure",
    "footer",
    "header",
    "html",
    "main",
    "nav",
    "ol",
    "section",
    "table",
    "ul",
];

/// Elements without an end tag.
const VOID: &[&str] = &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];

/// What only Markdown has.
const MARKS: &[&str] = &["![", "](", "]:", "`", "~~~", "{{", "{%"];

/// How what is taken as it is starts and ends.
const VERBATIM: &[(&str, &str)] = &[
    ("<!--", "-->"),
    ("```", "```"),
    ("<pre", "</pre"),
    ("<code", "</code"),
    ("<script", "</script"),
    ("<style", "</style"),
    ("<textarea", "</textarea"),
];

/// Whether a body is HTML: it starts with a container, and after that come only elements, or nothing that has more
/// meaning in Markdown than in HTML.
pub(super) fn is_html(body: &str) -> bool {
    let mut at = body.len() - body.trim_start().len();
    if !name_at(body, at + 1).is_some_and(|name| is_one_of(CONTAINERS, name)) || !body[at..].starts_with('<') {
        return false;
    }
    if has_marked_text(body) {
        return false;
    }
    while at < body.len() {
        match after_node(body, at) {
            Node::Ends(end) => at = end + (body[end..].len() - body[end..].trim_start().len()),
            Node::Open(name) => return is_one_of(CONTAINERS, name),
            Node::Text => return !MARKS.iter().any(|mark| body[at..].contains(mark)),
        }
    }
    true
}

/// Whether a paragraph or list after a blank line has code or an image of Markdown: who wrote it had Markdown in mind.
/// Within comments, fences, and elements whose text is taken as it is, such lines mean nothing.
fn has_marked_text(body: &str) -> bool {
    let (mut after_blank, mut in_text, mut verbatim) = (false, false, None);
    for line in body.lines() {
        let text = line.trim().to_ascii_lowercase();
        let is_plain = verbatim.is_none() && !text.is_empty() && !text.starts_with("```");
        in_text = is_plain && (in_text || after_blank && !text.starts_with('<'));
        if in_text && (text.contains("![") || has_code_span(&text)) {
            return true;
        }
        after_blank = text.is_empty();
        let rest = verbatim.map(|end: &str| text.find(end).map(|at| &text[at + end.len()..]));
        verbatim = rest.unwrap_or(Some(&text)).map_or(verbatim, opened);
    }
    false
}

/// Whether a line has code between backticks, as many before it as after it (CommonMark 6.1).
fn has_code_span(line: &str) -> bool {
    let mut runs = line.split(|c| c != '`').map(str::len).filter(|length| *length > 0);
    let mut seen = Vec::new();
    runs.any(|length| {
        seen.contains(&length) || {
            seen.push(length);
            false
        }
    })
}

/// The end of what a line opens and does not close of [`VERBATIM`].
fn opened(line: &str) -> Option<&'static str> {
    let is_open = |(start, end): &(&str, &str)| match line.rfind(start) {
        Some(at) => !line[at + start.len()..].contains(end),
        None => false,
    };
    VERBATIM.iter().copied().find(is_open).map(|(_, end)| end)
}

enum Node<'a> {
    /// An element, comment or tag that ends here.
    Ends(usize),
    /// An element that never ends.
    Open(&'a str),
    /// Something else.
    Text,
}

fn after_node(body: &str, at: usize) -> Node<'_> {
    let rest = &body[at..];
    if rest.starts_with("<!--") {
        return Node::Ends(rest.find("-->").map_or(body.len(), |end| at + end + 3));
    }
    if rest.starts_with("</") || rest.starts_with("<!") {
        return Node::Ends(rest.find('>').map_or(body.len(), |end| at + end + 1));
    }
    let Some(name) = name_at(body, at + 1).filter(|_| rest.starts_with('<')) else { return Node::Text };
    if is_one_of(VOID, name) {
        return Node::Ends(rest.find('>').map_or(body.len(), |end| at + end + 1));
    }
    element_end(body, at, name).map_or(Node::Open(name), Node::Ends)
}

/// Where the element that starts at `at` ends: its end tag, counting elements of its name within it.
fn element_end(body: &str, at: usize, name: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for tag in memchr::memchr_iter(b'<', &body.as_bytes()[at..]) {
        let tag = at + tag;
        let closing = body.as_bytes().get(tag + 1) == Some(&b'/');
        if !name_at(body, tag + 1 + usize::from(closing)).is_some_and(|other| other.eq_ignore_ascii_case(name)) {
            continue;
        }
        if !closing {
            depth += 1;
            continue;
        }
        depth -= 1;
        if depth == 0 {
            return Some(body[tag..].find('>').map_or(body.len(), |end| tag + end + 1));
        }
    }
    None
}

/// The name of the tag whose name starts at `at`.
fn name_at(body: &str, at: usize) -> Option<&str> {
    let rest = body.get(at..)?;
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(rest.len());
    rest.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| &rest[..end])
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::is_html;

    #[test]
    fn a_body_of_elements_is_html() {
        for body in [
            "<div>   \n<p>a</p>\n\n    <img src=a>\n</div>\n            ",
            "\n<DIV>a</div><br>\n<!-- b --><p>c</p></div>",
            "<div><div>never closed ![",
            "<div>a</div>\ntext after an end tag too many</div>",
            "<table><tr><td>a</td></tr></table>",
            "<div>\n\n<p>Use `a` and ![b]</p>\n\n    <img src=a>\n</div>",
            "<div><pre>\n\nUse `a` here\n\n![b](c)\n</pre>\n\na text\n</div>",
            "<div>\n\nA text with one ` and no more.\n</div>",
            "<DIV>\n<PRE>\n\nx=`date` y=`ls`\n</PRE>\n\n    <img src=a.png>\n</DIV>",
            "<div><script>\nx\n</script><script>\n\nvar a = `b`;\n</script>\n\n    <img src=a.png>\n</div>",
            "<div>\n<p>\n\nHe said ``hello'' ` to us\n</p>\n\n    <img src=a.png>\n</div>",
            "<div>\n<!--\n\n![](a)\n\n-->\n\n```html\n\n![](b) `c`\n```\n\n</div>",
        ] {
            assert!(is_html(body), "{body}");
        }
    }

    #[test]
    fn a_body_that_only_starts_with_html_is_markdown() {
        for body in [
            "",
            "text <div>a</div>",
            "<p align=center><img src=a></p>\n\n<p>b</p>",
            "<div>a</div>\n\n# Title\n\n![](a.jpg)",
            "<div>a</div>\n\nUse `<img>`.",
            "<img src=a>",
            "< div>a</div>",
            "<https://e.com>",
            "<!-- a -->\n\ntext",
            "<details>\n\nOpen with `<!--` ![a](1.png) close with `-->`\n\n</details>\n",
            "<ul>\n<li>\n\n- a `<style>` b\n\n<img src=a>\n</li>\n</ul>",
            "<center>\n\n\\<!-- ![a](b) -->\n",
            "<div><pre>`a`</pre>\n\na text\nwith `code`</div>",
        ] {
            assert!(!is_html(body), "{body}");
        }
    }
}
