//! The shipped settings.

use toml::Table;

/// The shipped `config.toml`: every key at its default.
pub const DEFAULTS: &str = include_str!("../../config.toml");

/// The same, read.
pub(super) fn shipped() -> Table {
    DEFAULTS.parse().expect("the shipped config.toml is TOML: a test reads it")
}
