//! Posts in the form in which feeds become Markdown files: a blank line, YAML front matter, and a body of HTML.

use std::fs;
use std::io;
use std::path::Path;

/// An article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its path in the folder of the source.
    pub path: String,
    /// The whole file.
    pub text: String,
}

impl Post {
    /// Writes the article below a folder, which is made if it does not exist.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let file = folder.join(&self.path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, &self.text)
    }
}
