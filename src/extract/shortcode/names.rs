//! Names of shortcodes, components and parameters that show an image.

use crate::model::ReferenceKind;

/// Shortcodes and tags that show an image, and nothing else.
pub(super) const IMAGES: &[&str] = &[
    "asset_img",
    "figure",
    "image",
    "img",
    "imgproc",
    "inlineimg",
    "lazyload",
    "lightbox",
    "photo",
    "picture",
    "responsive_image",
];

/// Words in the names of parameters that hold an image.
pub(super) const WORDS: &[&str] = &[
    "avatar",
    "background",
    "banner",
    "cover",
    "icon",
    "image",
    "img",
    "logo",
    "photo",
    "pic",
    "poster",
    "src",
    "thumb",
];

/// Further parts of names: of shortcodes and components that show an image.
const SHOWS: [&str; 4] = ["fig", "galler", "lightbox", "slide"];

/// Whether a shortcode, a component or a parameter of that name shows an image, so that a drawing in it does not act. A
/// `src` may be anything's.
pub(in crate::extract) fn names_image(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = WORDS.iter().filter(|word| **word != "src").chain(&SHOWS);
    IMAGES.contains(&name.as_str()) || words.into_iter().any(|word| name.contains(word))
}

/// The kind of what one of that name holds: an image, or what it may open.
pub(in crate::extract) fn kind_by_name(shortcode: &str, parameter: &str) -> ReferenceKind {
    if names_image(shortcode) || names_image(parameter) { ReferenceKind::Shortcode } else { ReferenceKind::Embed }
}
