//! What all pages load.

/// Their style.
pub(super) const STYLE: &str = include_str!("assets/style.css");
/// The keys that follow links.
pub(super) const KEYS: &str = include_str!("assets/keys.js");
/// Their icon.
pub(super) const ICON: &str = include_str!("assets/icon.svg");
