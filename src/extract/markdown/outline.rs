//! What stands where in a Markdown text.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, OffsetIter, Options, Parser, Tag, TagEnd};

use super::destination;
use super::dialects::{Definitions, Prepared, directive_image, quote_marks};
use super::ranges::is_within;

/// The parts of a text that matter to the search for images; all ranges are of the whole file's text, and in order.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The images that are shown.
    pub(super) images: Vec<Image>,
    /// The links.
    pub(super) links: Vec<Link>,
    /// All links, also those whose destination could not be found.
    pub(super) linked: Vec<Range<usize>>,
    /// Raw HTML, block by block.
    pub(super) html: Vec<Vec<RawHtml>>,
    /// Code, of any kind.
    pub(super) code: Vec<Range<usize>>,
    /// Fenced code that has an end.
    pub(super) fenced: Vec<Range<usize>>,
}

/// A URL and the bytes that spell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) span: Range<usize>,
    pub(super) value: String,
}

/// An image whose destination could be found.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) place: Place,
    /// Where the image starts; its destination may be in a definition elsewhere.
    pub(super) start: usize,
    /// The whole image, where a link can be put around it.
    pub(super) link_wrap: Option<Range<usize>>,
}

/// A link whose destination could be found.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) place: Place,
    /// The whole link.
    pub(super) range: Range<usize>,
    /// The first of [`Outline::images`] that the link encloses.
    pub(super) image: Option<usize>,
}

/// A piece of raw HTML: a line of a block, or a tag or comment within a paragraph.
#[derive(Debug, Clone)]
pub(super) struct RawHtml {
    pub(super) range: Range<usize>,
    pub(super) inline: bool,
}

impl Outline {
    /// The outline of `text[range]`.
    pub(super) fn of(text: &str, range: Range<usize>) -> Self {
        let body = &text[range.clone()];
        let definitions = Definitions::of(body);
        let parser = Parser::new_with_broken_link_callback(body, extensions(), Some(&definitions));
        let mut events = parser.into_offset_iter();
        let (open, outline) = (Vec::new(), Self::default());
        let mut walk = Walk { body, definitions: &definitions, start: range.start, open, quotes: 0, outline };
        while let Some((event, range)) = events.next() {
            walk.take(event, range, &events);
        }
        walk.outline
    }

    /// Restores what the copy lacks: the tags, and the spaces of URLs.
    pub(super) fn restore(&mut self, text: &str, prepared: &Prepared<'_>) {
        let images = self.images.iter_mut().map(|image| &mut image.place);
        for place in images.chain(self.links.iter_mut().map(|link| &mut link.place)) {
            if prepared.spaced.binary_search_by_key(&place.span.start, |spaced| spaced.start).is_ok() {
                place.value = destination::meaning(&text[place.span.clone()]);
            }
        }
        for code in [&mut self.code, &mut self.fenced] {
            code.extend(prepared.hidden.iter().cloned());
            code.sort_by_key(|code| code.start);
        }
        // An element that comes whole is no tag within a paragraph.
        let is_whole =
            |tag: &[Range<usize>]| tag.iter().map(|piece| text[piece.clone()].matches('<').count()).sum::<usize>() > 1;
        let tags = prepared.tags.iter().map(|tag| html_of(tag, !is_whole(tag)));
        let blocks = prepared.blocks.iter().map(|block| html_of(block, false));
        self.add_html(tags.chain(blocks).filter(|block| !block.is_empty()).collect());
    }

    /// Adds HTML that the parser has not seen, unless it is in code or in other HTML.
    fn add_html(&mut self, added: Vec<Vec<RawHtml>>) {
        if added.is_empty() {
            return;
        }
        self.html.retain(|block| !block.is_empty());
        let apart = |block: &Vec<RawHtml>| {
            let start = block[0].range.start;
            let after = self.html.partition_point(|block| block[0].range.start <= start);
            let last = after.checked_sub(1).and_then(|before| self.html[before].last());
            last.is_none_or(|last| last.range.end <= start) && !is_within(start, &self.code)
        };
        let apart: Vec<_> = added.into_iter().filter(apart).collect();
        self.html.extend(apart);
        self.html.sort_by_key(|block| block[0].range.start);
    }
}

/// Raw HTML in pieces.
fn html_of(pieces: &[Range<usize>], inline: bool) -> Vec<RawHtml> {
    pieces.iter().map(|range| RawHtml { range: range.clone(), inline }).collect()
}

/// GFM without its autolinks, which name no images.
fn extensions() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// What the parser yields.
type Events<'a> = OffsetIter<'a, &'a Definitions>;

/// An image or link that is open.
struct Open<'a> {
    image: bool,
    link_type: LinkType,
    destination: CowStr<'a>,
    /// The label of its definition.
    label: CowStr<'a>,
    range: Range<usize>,
    /// Where what has been read of its text ends.
    content_end: usize,
    /// How many images came before.
    images: usize,
}

struct Walk<'a> {
    body: &'a str,
    definitions: &'a Definitions,
    /// Where the body starts in the file.
    start: usize,
    open: Vec<Open<'a>>,
    /// How many block quotes are open.
    quotes: usize,
    outline: Outline,
}

impl<'a> Walk<'a> {
    fn take(&mut self, event: Event<'a>, range: Range<usize>, events: &Events<'a>) {
        // The end of an image or link comes with the range of the whole.
        if let Some(open) = self.open.last_mut().filter(|open| range.end < open.range.end) {
            open.content_end = open.content_end.max(range.end);
        }
        match event {
            Event::Start(Tag::Image { link_type, dest_url, id, .. }) => {
                self.enter(true, link_type, dest_url, id, range);
            }
            Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
                self.enter(false, link_type, dest_url, id, range);
            }
            Event::End(TagEnd::Image | TagEnd::Link) => self.leave(events),
            Event::Start(Tag::CodeBlock(kind)) => self.code_block(&kind, range),
            Event::Code(_) => self.code(range),
            Event::Html(_) => self.html(&range, false),
            Event::InlineHtml(_) => self.inline_html(range),
            Event::Start(Tag::BlockQuote(_)) => self.quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => self.quotes -= 1,
            Event::Start(tag) if is_leaf(&tag) => self.outline.html.push(Vec::new()),
            _ => {}
        }
    }

    fn in_file(&self, range: &Range<usize>) -> Range<usize> {
        self.start + range.start..self.start + range.end
    }

    fn enter(&mut self, image: bool, link_type: LinkType, to: CowStr<'a>, label: CowStr<'a>, range: Range<usize>) {
        let content_end = range.start + 1 + usize::from(image);
        let images = self.outline.images.len();
        self.open.push(Open { image, link_type, destination: to, label, range, content_end, images });
    }

    fn leave(&mut self, events: &Events<'a>) {
        let Some(open) = self.open.pop() else { return };
        if let Some(outer) = self.open.last_mut() {
            outer.content_end = outer.content_end.max(open.range.end);
        }
        // The text of an image is its description: only the outermost image is shown.
        if self.open.iter().any(|outer| outer.image) {
            return;
        }
        if !open.image {
            self.outline.linked.push(self.in_file(&open.range));
        }
        let Some(span) = self.destination(&open, events) else { return };
        let link_wrap = takes_link(self.body, &open).then(|| self.in_file(&open.range));
        let place = Place { span: self.in_file(&span), value: open.destination.into_string() };
        if open.image {
            self.outline.images.push(Image { place, start: self.start + open.range.start, link_wrap });
        } else {
            let image = Some(open.images).filter(|first| *first < self.outline.images.len());
            self.outline.links.push(Link { place, range: self.in_file(&open.range), image });
        }
    }

    /// Where the destination of an image or link stands in the body.
    fn destination(&self, open: &Open, events: &Events<'a>) -> Option<Range<usize>> {
        match open.link_type {
            LinkType::Inline => destination::inline(self.body, open.content_end..open.range.end, &open.destination),
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut => {
                let definition = events.reference_definitions().get(&open.label)?;
                destination::definition(self.body, definition.span.clone(), &open.destination)
            }
            LinkType::ReferenceUnknown | LinkType::CollapsedUnknown | LinkType::ShortcutUnknown => {
                self.definitions.place(&open.label)
            }
            _ => None,
        }
    }

    /// Code within a paragraph, or what pandoc reads as HTML: `` `<br>`{=html} ``.
    fn code(&mut self, range: Range<usize>) {
        if self.body[range.end..].starts_with("{=html}") {
            let ticks = self.body[range.clone()].bytes().take_while(|byte| *byte == b'`').count();
            return self.html(&(range.start + ticks..range.end - ticks), true);
        }
        self.outline.code.push(self.in_file(&range));
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'a>, range: Range<usize>) {
        if let CodeBlockKind::Fenced(info) = kind {
            if matches!(info.trim(), "{=html}" | "=html") {
                self.outline.html.push(Vec::new());
                return self.html(&content(self.body, &range), false);
            }
            self.directive(info, &range);
        }
        let code = self.in_file(&range);
        if kind.is_fenced() && has_closing_fence(&self.body[range]) {
            self.outline.fenced.push(code.clone());
        }
        self.outline.code.push(code);
    }

    /// The image of a directive of `MyST`: `` ```{figure} a.jpg ``.
    fn directive(&mut self, info: &str, block: &Range<usize>) {
        let Some(address) = directive_image(info) else { return };
        let line = &self.body[block.clone()];
        let Some(at) = line[..line.find('\n').unwrap_or(line.len())].find(address) else { return };
        let span = block.start + at..block.start + at + address.len();
        let place = Place { span: self.in_file(&span), value: address.to_owned() };
        self.outline.images.push(Image { place, start: self.start + block.start, link_wrap: None });
    }

    /// A tag or comment within a paragraph. The marks of block quotes on its further lines are not part of it.
    fn inline_html(&mut self, range: Range<usize>) {
        let mut start = range.start;
        for line in self.body[range.clone()].split_inclusive('\n') {
            let further = start > range.start;
            let marks = if further { quote_marks(line.as_bytes(), self.quotes, usize::MAX).1 } else { 0 };
            self.html(&(start + marks..start + line.len()), true);
            start += line.len();
        }
    }

    fn html(&mut self, range: &Range<usize>, inline: bool) {
        let piece = RawHtml { range: self.in_file(range), inline };
        match self.outline.html.last_mut() {
            Some(block) => block.push(piece),
            None => self.outline.html.push(vec![piece]),
        }
    }
}

/// Whether `[` and `](…)` around an image make a link and nothing else. Text beside it must not become part of the
/// link, brackets in its text may be a link, and the destination of a definition may be used elsewhere.
fn takes_link(body: &str, image: &Open<'_>) -> bool {
    let (body, Range { start, end }) = (body.as_bytes(), image.range.clone());
    let inline = image.image && image.link_type == LinkType::Inline && body[start..].starts_with(b"![");
    let joins_before = start.checked_sub(1).is_some_and(|before| b"!^]\\".contains(&body[before]));
    let joins_after = body.get(end).is_some_and(|after| b"{([:".contains(after));
    inline && !joins_before && !joins_after && !body[start + 2..image.content_end].contains(&b'[')
}

/// Whether a block holds text or HTML of its own, so that a tag left open in it stays in it.
fn is_leaf(tag: &Tag) -> bool {
    matches!(tag, Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::TableCell | Tag::Item)
}

/// What a fenced block holds: its lines but for the fences.
fn content(body: &str, block: &Range<usize>) -> Range<usize> {
    let text = &body[block.clone()];
    let start = text.find('\n').map_or(text.len(), |at| at + 1);
    let end = if has_closing_fence(text) { text.trim_end().rfind('\n').map_or(start, |at| at + 1) } else { text.len() };
    block.start + start..block.start + end.max(start)
}

/// Whether the last line of a fenced code block is a fence: without one the block runs to the end of the article.
fn has_closing_fence(block: &str) -> bool {
    let mut lines = block.trim_end().lines();
    let last = lines.next_back().map(|line| line.trim_start_matches([' ', '\t', '>']));
    lines.next().is_some() && last.is_some_and(|line| line.starts_with("```") || line.starts_with("~~~"))
}
