//! Markdown as HTML, only as far as its text goes.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The text of a Markdown body as HTML: its blocks are paragraphs, and its own HTML stays as it is.
pub(super) fn as_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let (mut html, mut images) = (String::with_capacity(text.len()), 0_usize);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Image { .. }) => {
                html += if images == 0 { "<img alt=\"" } else { " " };
                images += 1;
            }
            Event::End(TagEnd::Image) => {
                images -= 1;
                html += if images == 0 { "\">" } else { " " };
            }
            Event::Text(text) | Event::Code(text) => escape(&text, &mut html),
            Event::SoftBreak => html.push('\n'),
            Event::HardBreak => html += if images == 0 { "<br>" } else { "\n" },
            Event::Html(raw) | Event::InlineHtml(raw) if images == 0 => html += &raw,
            Event::Start(tag) if !is_inline(tag.to_end()) => html += "<p>",
            Event::End(tag) if !is_inline(tag) => html += "<p>",
            Event::Rule => html += "<p>",
            _ => {}
        }
    }
    html
}

const fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}
