//! Which file answers a path. No file outside of the folder ever does.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::page;
use crate::model::MediaType;
use crate::regular_file;

/// The folder that is served, with every symbolic link on the way to it resolved.
#[derive(Debug)]
pub(super) struct Tree(PathBuf);

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Resource {
    /// A page that is made here: a list, or a Markdown article.
    Page(String),
    /// A folder whose path lacks its last `/`.
    Elsewhere(String),
    /// A file, and what it is served as; `None` is for types that a browser should not try to show.
    File { file: File, length: u64, mime: Option<String> },
}

impl Tree {
    pub(super) fn at(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        if folder.is_dir() { Ok(Self(folder)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// What the path of a request leads to.
    pub(super) fn find(&self, target: &str) -> Option<Resource> {
        let path = self.resolve(target)?;
        if !path.is_dir() {
            return file(&path);
        }
        if !target.ends_with('/') {
            // Relative, so that it cannot lead to another host.
            let name = target.rsplit('/').next().unwrap_or_default();
            return Some(Resource::Elsewhere(format!("./{name}/")));
        }
        match self.resolve(&format!("{target}index.html")) {
            Some(index) if index.is_file() => file(&index),
            _ => list(&path, path == self.0),
        }
    }

    /// The file or folder of that path, if it exists and lies within this folder. Hidden names do not exist.
    fn resolve(&self, target: &str) -> Option<PathBuf> {
        let decoded = percent_decode_str(target).decode_utf8().ok()?;
        let mut path = self.0.clone();
        for part in decoded.split('/').filter(|part| !part.is_empty()) {
            path.push(plain(part)?);
        }
        // A link may lead anywhere, so what counts is where it leads.
        path.canonicalize().ok().filter(|path| path.starts_with(&self.0))
    }
}

/// A part of a path that is the name of something, and neither hidden nor a way up.
fn plain(part: &str) -> Option<&OsStr> {
    let mut components = Path::new(part).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(name)), None) if name == part && !part.starts_with('.') => Some(name),
        _ => None,
    }
}

fn file(path: &Path) -> Option<Resource> {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let media_type = media_type(&ending);
    if media_type == MediaType::Markdown {
        let text = String::from_utf8_lossy(&regular_file::read(path).ok()?).into_owned();
        return Some(Resource::Page(page::article(&text)));
    }
    let file = regular_file::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    Some(Resource::File { file, length, mime: mime(media_type) })
}

fn media_type(ending: &str) -> MediaType {
    let name = match ending {
        "jpeg" => "jpg",
        "tif" => "tiff",
        "htm" => "html",
        "markdown" => "md",
        "json" | "prom" => "txt",
        other => other,
    };
    MediaType::from_name(name).unwrap_or(MediaType::Unknown)
}

/// The content type of a file. That of an HTML article names no encoding: the article may not be UTF-8, and declares
/// its own.
fn mime(media_type: MediaType) -> Option<String> {
    match media_type {
        MediaType::Unknown => None,
        MediaType::Text | MediaType::Css | MediaType::Vtt => Some(format!("{}; charset=utf-8", media_type.mime())),
        _ => Some(media_type.mime().to_owned()),
    }
}

fn list(folder: &Path, is_top: bool) -> Option<Resource> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut names: Vec<_> = entries
        .filter_map(|entry| Some((!entry.path().is_dir(), entry.file_name().into_string().ok()?)))
        .filter(|(_, name)| !name.starts_with('.'))
        .collect();
    names.sort();
    let names = names.into_iter().map(|(is_file, name)| if is_file { name } else { name + "/" });
    Some(Resource::Page(page::list(names, is_top)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("store");
        fs::create_dir_all(folder.join("articles/.git")).unwrap();
        fs::create_dir(folder.join("with index")).unwrap();
        for (name, text) in [
            ("a.jpg", "jpeg"),
            ("page.htm", "<p>"),
            ("catalog.db", "SQL"),
            (".secret", "no"),
            ("articles/.git/config", "no"),
            ("articles/雨.md", "---\ntitle: 'Rain'\n---\n\n*wet*"),
            ("with index/index.html", "index"),
            ("../outside.txt", "no"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let tree = Tree::at(&folder).unwrap();
        (outside, tree)
    }

    fn check(tree: &Tree, target: &str, expected: &str) {
        let found = match tree.find(target) {
            None => "nothing".to_owned(),
            Some(Resource::Page(page)) if page.contains("<em>wet</em>") => "article".to_owned(),
            Some(Resource::Page(_)) => "list".to_owned(),
            Some(Resource::Elsewhere(to)) => to,
            Some(Resource::File { mime, .. }) => mime.unwrap_or_else(|| "attachment".to_owned()),
        };
        assert_eq!(found, expected, "{target}");
    }

    #[test]
    fn every_path_leads_where_it_should() {
        let (_keep, tree) = tree();
        for (target, expected) in [
            ("/", "list"),
            ("/a.jpg", "image/jpeg"),
            ("//a.jpg", "image/jpeg"),
            ("/page.htm", "text/html"),
            ("/catalog.db", "attachment"),
            ("/articles", "./articles/"),
            ("/articles/", "list"),
            ("/articles/%E9%9B%A8.md", "article"),
            ("/with%20index/", "text/html"),
            ("/with%20index", "./with%20index/"),
            ("/none", "nothing"),
        ] {
            check(&tree, target, expected);
        }
    }

    #[test]
    fn nothing_outside_is_found_and_nothing_hidden() {
        let (_keep, tree) = tree();
        for target in [
            "/../outside.txt",
            "/articles/../../outside.txt",
            "/%2e%2e/outside.txt",
            "/%2e%2e%2foutside.txt",
            "/articles/..",
            "/..",
            "/./a.jpg",
            "/.secret",
            "/articles/.git/config",
            "/a.jpg%00.txt",
            "/%ff",
            "/..%5coutside.txt",
            "//etc/passwd",
        ] {
            check(&tree, target, "nothing");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_only_to_what_lies_inside() {
        use std::os::unix::fs::symlink;
        let (_keep, tree) = tree();
        symlink("../outside.txt", tree.0.join("out.txt")).unwrap();
        symlink("..", tree.0.join("up")).unwrap();
        symlink("a.jpg", tree.0.join("b.jpg")).unwrap();
        symlink("../outside.txt", tree.0.join("articles/index.html")).unwrap();
        check(&tree, "/out.txt", "nothing");
        check(&tree, "/up/outside.txt", "nothing");
        check(&tree, "/b.jpg", "image/jpeg");
        check(&tree, "/articles/", "list");
    }

    #[test]
    fn a_list_shows_folders_first_and_nothing_hidden() {
        let (_keep, tree) = tree();
        let Some(Resource::Page(page)) = tree.find("/") else { panic!("no list") };
        let place = |name: &str| page.find(name).unwrap_or_else(|| panic!("{name} is not in {page}"));
        assert!(place("./with%20index/") < place("./a.jpg"));
        assert!(!page.contains("secret"));
    }

    proptest! {
        /// However a path is spelt, what answers lies within the folder and is not hidden.
        #[test]
        fn no_spelling_of_a_path_leads_out(parts in prop::collection::vec(
            prop::sample::select(vec!["..", ".", "", "%2e%2e", "%2E.", "articles", ".git", "a.jpg", "outside.txt", "%00", "..%2f", "\\"]),
            0..7,
        )) {
            let (_keep, tree) = tree();
            let target = format!("/{}", parts.join("/"));
            if let Some(path) = tree.resolve(&target) {
                prop_assert!(path.starts_with(&tree.0), "{target}: {path:?}");
                let below = path.strip_prefix(&tree.0).unwrap();
                let hidden = below.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
                prop_assert!(!hidden, "{target}: {path:?}");
            }
        }
    }

    #[test]
    fn every_kind_of_file_is_served_as_what_its_name_says() {
        for (ending, expected) in [
            ("jpg", Some("image/jpeg")),
            ("jpeg", Some("image/jpeg")),
            ("tif", Some("image/tiff")),
            ("html", Some("text/html")),
            ("txt", Some("text/plain; charset=utf-8")),
            ("json", Some("text/plain; charset=utf-8")),
            ("css", Some("text/css; charset=utf-8")),
            ("mp4", Some("video/mp4")),
            ("exe", None),
            ("bin", None),
            ("", None),
        ] {
            assert_eq!(mime(media_type(ending)).as_deref(), expected, "{ending}");
        }
    }
}
