//! Files beside articles: which file a reference in an article names.
//!
//! The file of a reference is searched for beside its article, in the folder that is named after the article, in the
//! folders that stand for the root of the site, and in the source itself. Names are compared as the disk does, and in
//! Unicode's composed form: some systems write `é` as two characters.

use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::folder::{Folder, is_hidden, slashed};
use super::names::{Names, composed};
use super::paths::Source;
use crate::extract::{EMBED, has_scheme, is_from_root, without_space};
use crate::model::{Fingerprint, Reference};

/// The file that an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalFile {
    /// It is here.
    Found(PathBuf),
    /// It would be in one of these places, the likeliest first.
    Missing(Vec<PathBuf>),
}

impl Source {
    /// The file that a reference of the article at `path` names; `None` if it names none. It reads the file system, so
    /// it must not run on the runtime's threads.
    pub fn local(&self, path: &str, reference: &Reference) -> Option<LocalFile> {
        let folder = self.folder()?;
        let address = Address::of(folder, &self.config.base_url, path, reference)?;
        let places = address.places(folder, path);
        let found = places.iter().find_map(|place| folder.find(place));
        let found = found.or_else(|| folder.file_named(path, address.name(folder, path)?));
        Some(found.map_or(LocalFile::Missing(places), LocalFile::Found))
    }

    /// The file that a `file:` URL names, if it lies within the source or its roots and no link leads out of them. It
    /// reads the file system, so it must not run on the runtime's threads.
    pub fn local_file(&self, url: &Url) -> Option<PathBuf> {
        // A page that came over the network never names a file of this machine.
        self.folder()?.admitted(&url.to_file_path().ok()?)
    }

    /// Why what is in the place that a `file:` URL names is no file that an article can show; `None` where nothing is
    /// there. It asks the file system, so it is not for the runtime.
    pub fn why_not_admitted(&self, url: &Url) -> Option<&'static str> {
        let (folder, place) = (self.folder()?, url.to_file_path().ok()?);
        let found = place.symlink_metadata().ok()?;
        let target = place.metadata();
        Some(match target {
            Err(_) if found.is_symlink() => "it is a link to nothing: put the file there, or correct the article",
            Err(_) => "it cannot be looked at: give offprint the right to read it",
            Ok(target) if target.is_dir() => "it is a folder, and no image: correct the article",
            Ok(target) if !target.is_file() => {
                "it is neither a file nor a folder, and is not opened: put an image there"
            }
            Ok(_) if folder.leads_out(&place) => {
                "it is a link that leads out of its source: put a copy of the file there, or set the `roots` of the \
                 source to where it leads"
            }
            Ok(_) => "it is hidden, by its own name or that of a folder: rename it, or correct the article",
        })
    }

    /// Whether a `file:` URL names a place within the source or its roots, by its path alone.
    pub fn holds(&self, url: &Url) -> bool {
        let (Ok(file), Some(folder)) = (url.to_file_path(), self.folder()) else { return false };
        let mut folders = folder.roots.iter().map(|root| &root.path).chain([&folder.root, &folder.real_root]);
        folders.any(|folder| file.starts_with(folder))
    }
}

impl Folder {
    /// A file without links, if it lies within the source or its roots, and neither it nor a folder of its path is
    /// hidden there: a reference names no file that discovery ignores.
    fn admitted(&self, file: &Path) -> Option<PathBuf> {
        let file = file.canonicalize().ok()?;
        let mut folders = self.roots.iter().map(|root| &root.real).chain([&self.real_root]);
        let shows = |folder: &PathBuf| file.strip_prefix(folder).is_ok_and(|within| !is_hidden(within));
        (folders.any(shows) && file.is_file()).then_some(file)
    }

    /// Whether a place is a link, or in one, that leads out of the source and its roots.
    fn leads_out(&self, place: &Path) -> bool {
        let Ok(place) = place.canonicalize() else { return false };
        let mut folders = self.roots.iter().map(|root| &root.real).chain([&self.real_root]);
        !folders.any(|folder| place.starts_with(folder))
    }

    /// The file at a place, by the name that it has there.
    fn find(&self, place: &Path) -> Option<PathBuf> {
        let is_there = |place: &Path| self.admitted(place).map(|_| place.to_owned());
        is_there(place).or_else(|| is_there(&composed_otherwise(place)?))
    }

    /// Whether it is a vault of Obsidian: there, any link names a file by its path from the vault's root or by its name.
    fn is_vault(&self) -> bool {
        self.root.join(".obsidian").is_dir()
    }

    /// The file of that name anywhere in the source.
    fn file_named(&self, path: &str, name: &str) -> Option<PathBuf> {
        let names = self.names.get_or_init(|| Names::of(self.files()));
        let found = names.find(path, name)?;
        self.find(&self.root.join(found))
    }
}

/// The facts by which the file that was kept is recognised without reading it: its size, its times and its inode.
///
/// # Errors
/// Where the file system does not say.
pub fn file_tag(file: &Path) -> std::io::Result<String> {
    let found = Fingerprint::of_edited(&std::fs::metadata(file)?);
    Ok(format!("{}-{}-{:x}", found.size, found.modified, found.inode))
}

/// How a URL names a file.
enum Address {
    /// A path within the source.
    Within(String),
    /// A path from the root of the site, and the path within the source if the source has a part of the site.
    FromRoot(String, Option<String>),
    /// A path that leads out of the source, or a whole one.
    Elsewhere(PathBuf),
    /// The name of a file, with folders or without, and its path within the source.
    Embed(String, String),
}

impl Address {
    fn of(folder: &Folder, base_url: &str, path: &str, reference: &Reference) -> Option<Self> {
        let raw = without_space(&reference.raw);
        let from_root = is_from_root(raw);
        if raw.starts_with("//") || (has_scheme(raw) && !raw.starts_with("file:") && !from_root) {
            return None;
        }
        let url = reference.url.as_ref().ok()?;
        if url.scheme() == "file" {
            let file = url.to_file_path().ok()?;
            let within = file.strip_prefix(&folder.root).ok().and_then(slashed);
            return Some(match within {
                Some(within) if !from_root => Self::within(path, within, reference),
                _ if from_root => Self::FromRoot(slashed(file.strip_prefix("/").unwrap_or(&file))?, within),
                _ => Self::Elsewhere(file),
            });
        }
        let base = Url::parse(base_url).ok().filter(|base| base.origin() == url.origin())?;
        let decoded = |path: &str| percent_decode_str(path).decode_utf8().ok().map(std::borrow::Cow::into_owned);
        let (whole, folder) = (decoded(url.path())?, decoded(base.path())?);
        let folder = &folder[..=folder.rfind('/')?];
        let within = whole.strip_prefix(folder).map(str::to_owned);
        match within {
            Some(within) if !from_root => Some(Self::within(path, within, reference)),
            within => Some(Self::FromRoot(whole.trim_start_matches('/').to_owned(), within)),
        }
    }

    fn within(path: &str, within: String, reference: &Reference) -> Self {
        if reference.name != EMBED {
            return Self::Within(within);
        }
        let name = within.strip_prefix(folder_of(path)).unwrap_or(&within).to_owned();
        Self::Embed(name, within)
    }

    /// The last part of the file's path, where it can lie anywhere.
    fn name<'a>(&'a self, folder: &Folder, path: &str) -> Option<&'a str> {
        match self {
            Self::Embed(name, _) => Some(name.as_str()),
            Self::Within(within) if folder.is_vault() => Some(within.strip_prefix(folder_of(path)).unwrap_or(within)),
            _ => None,
        }
    }

    /// Where the file can be, the likeliest place first.
    fn places(&self, folder: &Folder, path: &str) -> Vec<PathBuf> {
        let root = &folder.root;
        let in_roots = |path: &str| folder.roots.iter().map(|root| root.path.join(path)).collect::<Vec<_>>();
        let mut places = match self {
            Self::Within(within) => beside(root, path, within),
            Self::Embed(name, within) => [beside(root, path, within), vec![root.join(name)], in_roots(name)].concat(),
            Self::FromRoot(whole, within) => {
                let within = within.iter().flat_map(|within| [in_roots(within), vec![root.join(within)]].concat());
                [in_roots(whole), within.collect(), vec![root.join(whole)]].concat()
            }
            Self::Elsewhere(file) => vec![file.clone()],
        };
        let other = places.iter().filter_map(|place| Some(PathBuf::from(place.to_str()?.replace('\\', "/"))));
        let other: Vec<_> = other.filter(|place| !places.contains(place)).collect();
        places.extend(other);
        places
    }
}

/// A path beside an article, and in the folder that is named after the article, as Hexo does.
fn beside(root: &Path, article: &str, within: &str) -> Vec<PathBuf> {
    let folder = folder_of(article);
    let stem = article.rsplit_once('.').map_or(article, |(stem, _)| stem);
    let assets = within.strip_prefix(folder).map(|rest| root.join(stem).join(rest));
    [root.join(within)].into_iter().chain(assets).collect()
}

/// The folder of a path, with its slash.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// The path with the names as the folders hold them, if one is composed in another way.
fn composed_otherwise(place: &Path) -> Option<PathBuf> {
    if place.to_str()?.is_ascii() {
        return None;
    }
    let mut found = PathBuf::new();
    for part in place.components() {
        let next = found.join(part);
        found = match part {
            Component::Normal(name) if next.symlink_metadata().is_err() => {
                let wanted = composed(name.to_str()?);
                let mut entries = found.read_dir().ok()?.filter_map(Result::ok);
                entries.find(|entry| entry.file_name().to_str().is_some_and(|name| composed(name) == wanted))?.path()
            }
            _ => next,
        };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SourceConfig};
    use crate::extract::{ExtractOptions, extract};
    use crate::model::Format;

    /// A site with these files, whose posts are in `posts` and whose root is `static`. Each file holds its own name.
    fn site(base_url: &str, files: &[&str]) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        for file in [&["posts/sub/a.md", "static/x"], files].concat() {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "text").unwrap();
        }
        let config = SourceConfig {
            path: folder.path().join("posts"),
            roots: vec![folder.path().join("static")],
            base_url: base_url.to_owned(),
            ..Config::default().source[0].clone()
        };
        let source = Source::new(config, Path::new("no/store")).unwrap();
        (folder, source)
    }

    /// Where the file of a reference in `posts/sub/a.md` is, relative to the site's folder.
    fn found(base_url: &str, file: &str, address: &str) -> Option<String> {
        found_in(base_url, file, &format!("<img src=\"{address}\">"), Format::Html)
    }

    /// The same of the first image of an article.
    fn found_in(base_url: &str, file: &str, text: &str, format: Format) -> Option<String> {
        found_among(base_url, &[file], text, format)
    }

    fn in_vault(base_url: &str, files: &[&str], text: &str) -> Option<String> {
        found_among(base_url, files, text, Format::Markdown)
    }

    fn found_among(base_url: &str, files: &[&str], text: &str, format: Format) -> Option<String> {
        let (folder, source) = site(base_url, files);
        let options = ExtractOptions { base_url: source.base_url("sub/a.md", None), ..ExtractOptions::default() };
        let references = extract(text.as_bytes(), format, &options).references;
        match source.local("sub/a.md", references.first()?)? {
            LocalFile::Found(file) => Some(file.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned()),
            LocalFile::Missing(places) => {
                assert!(!places.is_empty());
                Some("missing".to_owned())
            }
        }
    }

    #[test]
    fn an_address_is_looked_for_where_site_generators_look() {
        for base_url in ["", "https://news.example/", "https://news.example/blog/"] {
            for (file, address) in [
                ("posts/sub/x.png", "x.png"),
                ("posts/sub/x.png", "./x.png?v=1#top"),
                ("posts/sub/img/x y.png", "img/x%20y.png"),
                ("posts/sub/a/x.png", "x.png"),
                ("posts/sub/a/x.png", "a/x.png"),
                ("posts/sub/a/img/x.png", "img/x.png"),
                ("posts/x.png", "../x.png"),
                ("static/images/x.png", "/images/x.png"),
                ("posts/images/x.png", "/images/x.png"),
                ("posts/sub/img/x.png", "img%5Cx.png"),
                ("posts/sub/caf\u{e9}.png", "cafe\u{301}.png"),
                ("posts/sub/cafe\u{301}/\u{e9}.png", "caf\u{e9}/e\u{301}.png"),
                ("static/b\u{fc}.png", "/bu\u{308}.png"),
            ] {
                assert_eq!(found(base_url, file, address).as_deref(), Some(file), "{address} with {base_url:?}");
            }
            for address in ["x.png", "/x.png", "../../secret.png", "../../static/none.png", "a.png%00"] {
                assert_eq!(
                    found(base_url, "secret.png", address).as_deref(),
                    Some("missing"),
                    "{address}, {base_url:?}"
                );
            }
            for address in ["https://other.example/x.png", "//other.example/x.png", "data:image/png;base64,AAAA"] {
                assert_eq!(found(base_url, "posts/sub/x.png", address), None, "{address} with {base_url:?}");
            }
        }
    }

    #[test]
    fn an_address_in_the_notation_of_a_generator_is_looked_for_where_that_does() {
        for base_url in ["", "https://news.example/"] {
            for (file, text) in [
                ("static/img/x.png", "![a](@site/static/img/x.png)"),
                ("static/img/x.png", "![a](pathname:///img/x.png)"),
                ("static/x.png", "![a]({% link x.png %})"),
                ("posts/x.png", "![a]({%- link /x.png -%})"),
                ("static/img/x.png", "![a]({{ '/img/x.png' | relative_url }})"),
                ("static/img/x.png", "<img src=\"{{ 'img/x.png' | absolute_url }}\">"),
                ("posts/sub/a/x.png", "![a]({% asset_path x.png %})"),
                ("posts/sub/x.png", "<img src='{% asset_path x.png %}'>"),
                ("static/img/x.png", "{% include a.html path='/img/x.png' %}"),
                ("posts/other/x y.png", "---\ncover: '[[x y.png]]'\n---\n"),
                ("posts/other/x.png", "---\ncover: '![[x.png|100]]'\n---\n"),
            ] {
                let is = found_in(base_url, file, text, Format::Markdown);
                assert_eq!(is.as_deref(), Some(file), "{text} with {base_url:?}");
            }
        }
    }

    #[test]
    fn in_a_vault_a_link_names_a_file_by_its_path_or_its_name() {
        for base_url in ["", "https://news.example/"] {
            for (file, text) in [
                ("posts/att/x.png", "![a](att/x.png)"),
                ("posts/att/x y.png", "![a](att/x%20y.png)"),
                ("posts/att/x y.png", "![a](<att/x y.png>)"),
                ("posts/deep/att/x.png", "![a](att/x.png)"),
                ("posts/att/x.png", "![a](x.png)"),
                ("posts/att/X.PNG", "![a](x.png)"),
                ("posts/att/x.png", "![[x.png]]"),
                ("posts/att/x.png", "![[att/x.png|100]]"),
                ("posts/deep/att/x.png", "![[att/x.png#top]]"),
                ("posts/att/x.png", "![[../att/x.png]]"),
                ("posts/sub/x.png", "![[./x.png]]"),
                ("posts/att/x.png", "---\ncover: '[[x.png]]'\n---\n"),
            ] {
                let with = |kept: &str| in_vault(base_url, &[file, kept], text);
                assert_eq!(with("posts/.obsidian/app.json").as_deref(), Some(file), "{text} with {base_url:?}");
                let is_link = text.starts_with("![a]");
                let without = if is_link { "missing" } else { file };
                assert_eq!(with("posts/other.json").as_deref(), Some(without), "{text} with {base_url:?}");
            }
        }
    }

    #[test]
    fn the_sites_own_folder_within_its_address_is_the_source() {
        let base = "https://news.example/blog/";
        assert_eq!(found(base, "posts/x.png", "/blog/x.png").as_deref(), Some("posts/x.png"));
        assert_eq!(found(base, "static/x.png", "/blog/x.png").as_deref(), Some("static/x.png"));
        assert_eq!(found(base, "static/blog/x.png", "/blog/x.png").as_deref(), Some("static/blog/x.png"));
    }
}
