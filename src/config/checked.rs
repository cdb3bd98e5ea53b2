//! What checks of settings are made of.

use std::path::Path;

use url::Url;

use super::home::unexpandable;
use crate::model::is_web_address;

/// A setting that cannot work.
pub(super) struct Invalid {
    /// Its key, such as `source[0].path`.
    pub(super) key: String,
    /// What is wrong, and the way out.
    pub(super) message: String,
}

pub(super) type Checked = Result<(), Invalid>;

pub(super) fn ensure(holds: bool, key: impl FnOnce() -> String, message: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Invalid { key: key(), message: message() }) }
}

pub(super) fn home(key: &str, path: &Path) -> Checked {
    unexpandable(path).map_or(Ok(()), |why| Err(Invalid { key: key.to_owned(), message: why.to_owned() }))
}

/// The form of a URL, for messages.
pub(super) const A_URL: &str = "write an http or https URL such as \"https://example.org/\"";

/// Whether it is an absolute URL that HTTP can ask for.
pub(super) fn is_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_web_address(&url))
}
