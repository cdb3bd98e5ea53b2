//! Posts in the form in which feeds become Markdown files: a blank line, YAML front matter, and a body of HTML.

use std::fs;
use std::io;
use std::path::Path;

/// An article of the newsroom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its path in the folder of the source.
    pub path: String,
    /// The whole file.
    pub text: String,
}

/// Writes posts to a folder, which is made where it does not exist.
pub(super) fn write(posts: impl IntoIterator<Item = Post>, folder: &Path) -> io::Result<()> {
    for Post { path, text } in posts {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, text)?;
    }
    Ok(())
}
