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

/// Words in the names of parameters that hold an image. A `src` may be anything's.
pub(super) const WORDS: &[&str] =
    &["avatar", "background", "banner", "cover", "icon", "image", "img", "logo", "photo", "pic", "poster", "thumb"];

/// Further parts of names: of shortcodes and components that show an image.
const SHOWS: [&str; 4] = ["fig", "galler", "lightbox", "slide"];

/// Whether a shortcode, a component or a parameter of that name shows an image, so that a drawing in it does not act.
fn shows_image(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    IMAGES.contains(&name.as_str()) || WORDS.iter().chain(&SHOWS).any(|word| name.contains(word))
}

/// The kind of what one of that name holds: an image, or what it may open.
pub(in crate::extract) fn kind_by_name(shortcode: &str, parameter: &str) -> ReferenceKind {
    if shows_image(shortcode) || shows_image(parameter) { ReferenceKind::Shortcode } else { ReferenceKind::Embed }
}
