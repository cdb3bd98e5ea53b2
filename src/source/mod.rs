//! Where a source's articles are, where their mirrors go, and how those point at the archive.

mod folder;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::archive::{Archive, Output, OutputFolder};
use crate::config::{AdoptLocal, SourceConfig};

pub use folder::{Folder, FoundArticle, SourceError, fingerprint};

/// Everything but what a link may hold without being escaped in HTML, CSS, YAML or Markdown.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// A source with the paths it works on.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the config says.
    pub config: SourceConfig,
    /// Only these of its articles; all where `None`.
    pub only: Option<BTreeSet<String>>,
    root: PathBuf,
    output: PathBuf,
    store: PathBuf,
}

impl Source {
    /// A source whose mirror points at the archive in `store`.
    pub fn new(config: SourceConfig, store: &Path) -> std::io::Result<Self> {
        let (root, store) = (absolute(&config.path)?, absolute(store)?);
        let output = match config.output.as_str() {
            "" => store.join("articles").join(&config.name),
            output => absolute(&root.join(output))?,
        };
        Ok(Self { config, only: None, root, output, store })
    }

    /// Only some of its articles.
    #[must_use]
    pub fn only(mut self, paths: BTreeSet<String>) -> Self {
        self.only = Some(paths);
        self
    }

    /// Whether the mirror takes the place of the articles.
    pub fn is_in_place(&self) -> bool {
        self.output == self.root
    }

    /// Where an article is.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Where its mirror is.
    pub fn mirror(&self, path: &str) -> PathBuf {
        self.output.join(path)
    }

    /// Where its mirrors are written.
    pub fn destination(&self, archive: &Archive) -> Output {
        match self.config.output.as_str() {
            "" => archive.output(&self.config.name),
            _ => Output::Folder(OutputFolder::new(self.output.clone(), archive.objects.staging())),
        }
    }

    /// What relative addresses in an article are relative to: the configured address, or the file itself.
    pub fn base_url(&self, path: &str) -> Option<Url> {
        match self.config.base_url.as_str() {
            "" => Url::from_file_path(self.file(path)).ok(),
            base => Url::parse(base).and_then(|base| base.join(path)).ok(),
        }
    }

    /// Whether images beside the articles go into the archive.
    pub fn adopts(&self, adopt: AdoptLocal) -> bool {
        match adopt {
            AdoptLocal::Auto => !self.is_in_place(),
            AdoptLocal::Always => true,
            AdoptLocal::Never => false,
        }
    }

    /// The file that a `file:` URL names, where it lies within the source and no link leads out of it.
    pub fn local_file(&self, url: &Url) -> Option<PathBuf> {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let file = url.to_file_path().ok()?.canonicalize().ok()?;
        let within = file.starts_with(self.root.canonicalize().ok()?);
        (within && file.is_file()).then_some(file)
    }

    /// What the mirror of the article at `path` writes to point at a file of the archive. It holds only letters,
    /// digits and `/ . _ - %`, so that no splice needs escaping.
    pub fn link(&self, path: &str, in_store: &str) -> String {
        match self.config.links.as_str() {
            "" => {
                let mirror = self.mirror(path);
                let folder = mirror.parent().unwrap_or(&self.output);
                relative(folder, &self.store.join(in_store))
            }
            prefix => format!("{}/{in_store}", prefix.trim_end_matches('/')),
        }
    }
}

/// An absolute path without `.` and `..`; links are not resolved, so that it stays what the user wrote.
pub fn absolute(path: &Path) -> std::io::Result<PathBuf> {
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
fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| {
        let bytes = part.as_os_str().to_string_lossy();
        utf8_percent_encode(&bytes, ESCAPED).to_string()
    });
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn source(path: &str, output: &str, links: &str) -> Source {
        let shipped = Config::default().source[0].clone();
        let config = SourceConfig { path: path.into(), output: output.into(), links: links.into(), ..shipped };
        Source::new(config, Path::new("/site/store")).unwrap()
    }

    #[test]
    fn links_lead_from_the_mirrored_article_to_the_archive() {
        let check = |output: &str, links: &str, path: &str, expected: &str| {
            assert_eq!(source("/site/posts", output, links).link(path, "blobs/ab.jpg"), expected);
        };
        check("", "", "a.md", "../../blobs/ab.jpg");
        check("", "", "2021/04/a.md", "../../../../blobs/ab.jpg");
        check(".", "", "a.md", "../store/blobs/ab.jpg");
        check("../public", "", "x/a.md", "../../store/blobs/ab.jpg");
        check("", "/media/", "2021/a.md", "/media/blobs/ab.jpg");
        check("", "https://cdn.example.org/m", "a.md", "https://cdn.example.org/m/blobs/ab.jpg");
    }

    #[test]
    fn a_link_never_needs_escaping() {
        let shipped = Config::default().source[0].clone();
        let config = SourceConfig { path: "/site/posts".into(), output: ".".into(), ..shipped };
        let source = Source::new(config, Path::new("/site/my \"store\", (新)")).unwrap();
        let link = source.link("a.md", "blobs/ab.jpg");
        assert!(link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-%".contains(&byte)), "{link}");
    }

    #[test]
    fn in_place_is_an_output_of_a_dot() {
        assert!(source("/site/posts", ".", "").is_in_place());
        assert!(source("/site/posts/", "../posts", "").is_in_place());
        assert!(!source("/site/posts", "", "").is_in_place());
    }

    #[test]
    fn local_files_are_followed_only_within_the_source() {
        let folder = tempfile::tempdir().unwrap();
        let posts = folder.path().join("posts");
        std::fs::create_dir_all(posts.join("img")).unwrap();
        std::fs::write(posts.join("img/a.png"), "x").unwrap();
        std::fs::write(folder.path().join("secret.png"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret.png"), posts.join("out.png")).unwrap();
        let source = source(posts.to_str().unwrap(), "", "");
        let base = source.base_url("a.md").unwrap();
        let follow = |relative: &str| source.local_file(&base.join(relative).unwrap());
        assert!(follow("img/a.png").is_some());
        assert!(follow("img/a.png?v=1#top").is_some());
        for outside in ["../secret.png", "out.png", "/etc/passwd", "img", "missing.png", "file:///etc/passwd"] {
            assert_eq!(follow(outside), None, "{outside}");
        }
    }
}
