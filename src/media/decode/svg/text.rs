//! Text is drawn with the fonts that were handed over, and with no other: no file is opened, and fonts within a drawing
//! are not used.

use resvg::usvg::fontdb::{self, Database, ID};
use resvg::usvg::roxmltree::Document;
use resvg::usvg::{Font, FontFamily, FontResolver, FontStretch, FontStyle, Group, Node, Tree};

use crate::media::error::MediaError;
use crate::media::fonts::select;

/// The most faces that one text is shaped with: the first, and those that have letters which the ones before lack.
const MOST_FACES: usize = 5;

/// How many of the families that a text names are looked for.
const MOST_FAMILIES: usize = 8;

/// Finds the faces of texts.
pub(super) fn resolver() -> FontResolver<'static> {
    let fallback = FontResolver::default_fallback_selector();
    FontResolver {
        select_font: Box::new(|font, database| face(font, database)),
        select_fallback: Box::new(
            move |letter, used, database| {
                if used.len() < MOST_FACES { fallback(letter, used, database) } else { None }
            },
        ),
    }
}

fn face(font: &Font, database: &Database) -> Option<ID> {
    let names = font.families().iter().take(MOST_FAMILIES).map(|family| match family {
        FontFamily::Serif => "serif",
        FontFamily::SansSerif => "sans-serif",
        FontFamily::Cursive => "cursive",
        FontFamily::Fantasy => "fantasy",
        FontFamily::Monospace => "monospace",
        FontFamily::Named(name) => name,
    });
    select(database, names, (fontdb::Weight(font.weight()), stretch(font.stretch()), style(font.style())))
}

const fn style(style: FontStyle) -> fontdb::Style {
    match style {
        FontStyle::Normal => fontdb::Style::Normal,
        FontStyle::Italic => fontdb::Style::Italic,
        FontStyle::Oblique => fontdb::Style::Oblique,
    }
}

const fn stretch(stretch: FontStretch) -> fontdb::Stretch {
    match stretch {
        FontStretch::UltraCondensed => fontdb::Stretch::UltraCondensed,
        FontStretch::ExtraCondensed => fontdb::Stretch::ExtraCondensed,
        FontStretch::Condensed => fontdb::Stretch::Condensed,
        FontStretch::SemiCondensed => fontdb::Stretch::SemiCondensed,
        FontStretch::Normal => fontdb::Stretch::Normal,
        FontStretch::SemiExpanded => fontdb::Stretch::SemiExpanded,
        FontStretch::Expanded => fontdb::Stretch::Expanded,
        FontStretch::ExtraExpanded => fontdb::Stretch::ExtraExpanded,
        FontStretch::UltraExpanded => fontdb::Stretch::UltraExpanded,
    }
}

/// Refuses a drawing that has text and shows nothing else, if there is no font for that text. `is_blank` says whether
/// all its pixels are transparent.
pub(super) fn check_shown(document: &Document<'_>, tree: &Tree, is_blank: bool) -> Result<(), MediaError> {
    let has_text = || document.descendants().any(|node| node.tag_name().name() == "text");
    if (is_blank || !shows_anything(tree.root())) && has_text() {
        return Err(MediaError::Variant("it shows nothing but text, and no font for that text was found".to_owned()));
    }
    Ok(())
}

/// Whether there is a shape, an image, or a letter that its font has. A letter that no font has is drawn as a box (glyph
/// 0, OpenType 1.9, "Recommendations for OpenType Fonts").
fn shows_anything(group: &Group) -> bool {
    group.children().iter().any(|node| match node {
        Node::Group(group) => shows_anything(group),
        Node::Path(_) | Node::Image(_) => true,
        Node::Text(text) => text.layouted().iter().flat_map(|span| &span.positioned_glyphs).any(|one| {
            // A space is in every font, and shows nothing.
            one.id.0 != 0 && !one.text.trim().is_empty()
        }),
    })
}
