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
    /// The post with this text, at the path that a feed's entry of its title and categories has.
    pub(super) fn of(text: String) -> Self {
        let mut post = Self { path: String::new(), text };
        post.path = format!("{}/{}.md", post.categories().join("/"), post.field("title"));
        post
    }

    /// A field of its front matter, without quotes; empty if it has none.
    pub(super) fn field(&self, name: &str) -> &str {
        let value = self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_default().trim_matches('\'')
    }

    /// Its categories, the outermost first.
    pub(super) fn categories(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix(" - ")).collect()
    }

    /// The HTML in it.
    pub(super) fn body(&self) -> &str {
        let inner = self.text.split_once("<div>   \n").and_then(|(_, rest)| rest.rsplit_once("  \n</div>"));
        inner.map_or("", |(body, _)| body)
    }

    /// Writes the article below a folder, which is made if it does not exist.
    #[cfg(feature = "testing")]
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let file = folder.join(&self.path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, &self.text)
    }
}
