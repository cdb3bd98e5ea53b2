//! Paths and the relative URLs between them.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what a link may hold without being escaped in HTML, CSS, YAML or Markdown.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// An absolute path without `.` and `..`; links are not resolved, so that it stays what the user wrote. An empty one, which
/// the settings have for sources that are no folders, is the current folder.
///
/// # Errors
/// Where the current folder is not known.
pub fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut clean = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    Ok(clean)
}

/// The relative URL that leads from a folder to a file; both are absolute.
pub(super) fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| {
        let bytes = part.as_os_str().to_string_lossy();
        utf8_percent_encode(&bytes, ESCAPED).to_string()
    });
    up.chain(down).collect::<Vec<_>>().join("/")
}
