//! Articles → references with byte spans: one pure pass, nothing is re-serialised.
//!
//! A file is decoded to UTF-8 once, and every format is a module that reports what it finds to a `Sink` as spans of
//! that text. Here the spans are mapped back to the bytes on disk and the values resolved to URLs. A format is one
//! small module; an HTML attribute is one row of a table.

mod address;
mod attributes;
mod character_references;
mod css;
mod dates;
mod embedded;
mod encoding;
mod extraction;
mod format;
mod front_matter;
mod html;
mod json;
mod line_feeds;
mod link_wrap;
mod main_text;
mod markdown;
mod markup_input;
mod markup_tokens;
mod memory;
mod options;
mod page_links;
mod plain_text;
mod query;
mod resolve;
mod shortcode;
mod sink;
mod srcset;
mod style_sheet;
mod template;
mod terms;

pub(crate) use address::{has_scheme, is_from_root, is_web_scheme, without_query, without_space};
pub(crate) use dates::timestamp;
pub(crate) use encoding::{depends_on_encoding, early_declarations, ends_early};
pub use extraction::Extraction;
pub use format::format_of;
pub(crate) use front_matter::length as front_matter_length;
pub(crate) use main_text::{MainText, PageLimits, main_text};
pub(crate) use markup_tokens::{RawText, markup_tokens};
pub use memory::memory_estimate;
pub use options::ExtractOptions;
pub(crate) use page_links::{PageLinks, page_links};
pub(crate) use plain_text::plain_text;
pub(crate) use sink::EMBED;
pub use terms::Phrase;
pub(crate) use terms::{CUTTER, cut, terms};

use std::ops::Range;

use self::html::Rules;
use self::sink::Sink;
use crate::model::Format;

/// Finds every reference of an article. Any bytes are accepted: what cannot be parsed is skipped.
pub fn extract(bytes: &[u8], format: Format, options: &ExtractOptions) -> Extraction {
    let decoded = encoding::decode(bytes, format, options.charset);
    let mut sink = Sink::default();
    find(&decoded.text, format, options, &mut sink);
    link_wrap::unwrap_linked(&mut sink);
    resolve::resolve(bytes, &decoded, format, sink, options)
}

/// Passes the text to the module of its format; front matter stands before any body.
fn find(text: &str, format: Format, options: &ExtractOptions, sink: &mut Sink) {
    if format == Format::Css {
        return style_sheet::find(text, |part| part, options, sink);
    }
    let body = front_matter::find(text, options, sink)..text.len();
    match format {
        Format::Html => page(text, body, options, sink),
        Format::Xhtml => html::find(text, body, Rules::Xml, options, sink),
        Format::Mdx => markdown::find_mdx(text, body, options, sink),
        Format::Markdown | Format::Css => markdown::find(text, body, options, sink),
    }
}

/// A page with front matter is a template of a site generator.
fn page(text: &str, body: Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    html::find(text, body.clone(), Rules::Html, options, sink);
    if body.start > 0 {
        shortcode::find(text, body, |_| true, |_| true, options, sink);
    }
}
