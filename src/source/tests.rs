use std::path::Path;

use super::*;
use crate::config::{Config, MirrorOutput, SourceConfig, SourceKind};
use crate::model::SourceFailure;

fn config(path: &Path) -> SourceConfig {
    SourceConfig { path: path.to_owned(), ..Config::default().source[0].clone() }
}

fn source(path: &str, output: &str, links: &str) -> Source {
    let config = SourceConfig { output: output.into(), links: links.into(), ..config(Path::new(path)) };
    Source::new(config, Path::new("/site/store")).unwrap()
}

fn folder_with(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let file = folder.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "text").unwrap();
    }
    folder
}

async fn entries(source: &Source) -> Vec<Entry> {
    let (Listing::Complete(mut listed) | Listing::Partial(mut listed)) = source.list().unwrap();
    let mut entries = Vec::new();
    while let Some(entry) = listed.next().await {
        entries.push(entry);
    }
    entries
}

/// The articles that a source lists.
async fn listed(source: &Source) -> Vec<String> {
    let paths = entries(source).await.into_iter().filter_map(Entry::into_path);
    paths.map(|path| path.to_string()).collect()
}

/// What a source names as not read.
async fn skipped(source: &Source) -> Vec<(String, SkipReason)> {
    let skipped = entries(source).await.into_iter().filter_map(|entry| match entry {
        Entry::Skipped(Skipped { path, why }) => Some((path, why)),
        Entry::Article(_)
        | Entry::Withdrawn(_)
        | Entry::Note(_)
        | Entry::Problem(..)
        | Entry::Unread(_)
        | Entry::Unreadable(_) => None,
    });
    skipped.collect()
}

fn plain(config: SourceConfig) -> Source {
    Source::new(config, Path::new("no/store")).unwrap()
}

#[tokio::test]
async fn articles_come_in_the_order_of_their_whole_paths() {
    let folder = folder_with(&["a/b.md", "a-b.md", "a.md", "a/a.md", "a0.md"]);
    let found = listed(&plain(config(folder.path()))).await;
    let mut sorted = found.clone();
    sorted.sort();
    assert_eq!(found, sorted);
    assert_eq!(found.len(), 5);
}

#[tokio::test]
async fn globs_decide_what_is_an_article_and_hidden_folders_are_not_entered() {
    let folder = folder_with(&["a.md", "b.html", "c.jpg", "d/e.md", ".git/f.md", "drafts/g.md"]);
    let with = SourceConfig { exclude: vec!["drafts/**".to_owned()], ..config(folder.path()) };
    assert_eq!(listed(&plain(with)).await, ["a.md", "b.html", "d/e.md"]);
    let only = SourceConfig { include: vec!["*.md".to_owned()], ..config(folder.path()) };
    assert_eq!(listed(&plain(only)).await, ["a.md"]);
}

#[tokio::test]
async fn extensions_count_in_any_case_and_hidden_articles_are_named() {
    let folder = folder_with(&["A.MD", "B.Htm", "c.mdx", "d.mdown", "e.shtml", ".f.md", ".g.jpg"]);
    let source = plain(config(folder.path()));
    assert_eq!(listed(&source).await, ["A.MD", "B.Htm", "c.mdx", "d.mdown", "e.shtml"]);
    assert_eq!(skipped(&source).await, [(".f.md".to_owned(), SkipReason::Hidden)]);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_to_files_of_the_source_and_the_others_are_named() {
    use std::os::unix::fs::symlink;
    let outside = folder_with(&["secret.md"]);
    let folder = folder_with(&["a.md", ".annex/object", "real/b.md"]);
    let link = |to: &Path, name: &str| symlink(to, folder.path().join(name)).unwrap();
    link(outside.path(), "out");
    link(&outside.path().join("secret.md"), "s.md");
    link(Path::new("a.md"), "same.md");
    link(Path::new(".annex/object"), "annexed.md");
    link(Path::new("nowhere"), "none.md");
    link(Path::new("nowhere"), "none.jpg");
    link(Path::new("real"), "alias");
    let source = plain(config(folder.path()));
    assert_eq!(listed(&source).await, ["a.md", "annexed.md", "real/b.md", "same.md"]);
    let secret = outside.path().join("secret.md").canonicalize().unwrap();
    let expected = [
        ("alias", SkipReason::LinkToFolder),
        ("none.md", SkipReason::Dangling),
        ("out", SkipReason::LinkToFolder),
        ("s.md", SkipReason::LeadsOut { to: secret }),
    ];
    assert_eq!(skipped(&source).await, expected.map(|(path, why)| (path.to_owned(), why)));
    let in_place = plain(SourceConfig { output: MirrorOutput::InPlace, ..config(folder.path()) });
    assert_eq!(listed(&in_place).await, ["a.md", "real/b.md"], "a link is not replaced by a file");
}

#[tokio::test]
async fn a_folder_that_is_not_there_and_a_wrong_glob_are_named() {
    let missing = plain(config(Path::new("no/such/folder"))).list().unwrap_err();
    assert_eq!(missing.reason(), SourceFailure::Missing);
    let text = "the source \"posts\" has no folder no/such/folder: correct its `path` in the config file";
    assert_eq!(missing.to_string(), text);
    let folder = folder_with(&[]);
    let wrong = SourceConfig { include: vec!["[".to_owned()], ..config(folder.path()) };
    assert!(Source::new(wrong, Path::new("store")).unwrap_err().to_string().contains("glob"));
}

/// Settings over a folder, with sources of these names, paths and outputs.
fn settings(folder: &Path, sources: &[(&str, &str, &str)]) -> Config {
    let mut config = Config { store: folder.join("store"), ..Config::default() };
    let of = |(name, path, output): &(&str, &str, &str)| SourceConfig {
        name: name.parse().unwrap(),
        path: folder.join(path),
        output: match *output {
            "" | "." => (*output).into(),
            output => MirrorOutput::Folder(folder.join(output)),
        },
        ..Config::default().source[0].clone()
    };
    config.source = sources.iter().map(of).collect();
    config
}

#[tokio::test]
async fn the_archive_and_every_output_are_left_out_of_every_walk() {
    let files = ["a.md", "store/articles/s/a.md", "store/blobs/sha256/ab/x.md", "out/a.md", "other-out/b.md", "b/c.md"];
    let folder = folder_with(&files);
    let config = settings(folder.path(), &[("s", ".", "out"), ("b", "b", "other-out")]);
    let sources = configured(&config).unwrap();
    assert_eq!(listed(&sources[0]).await, ["a.md", "b/c.md"]);
    let in_place = configured(&settings(folder.path(), &[("s", ".", ".")])).unwrap();
    assert_eq!(listed(&in_place[0]).await, ["a.md", "b/c.md", "other-out/b.md", "out/a.md"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_archive_is_left_out_however_it_is_reached() {
    use std::os::unix::fs::symlink;
    let folder = folder_with(&["posts/a.md", "posts/kept/blobs/sha256/ab/x.md", "posts/disk/sha256/ab/y.md"]);
    symlink(folder.path().join("posts/kept"), folder.path().join("store")).unwrap();
    symlink(folder.path().join("posts/disk"), folder.path().join("posts/kept/more")).unwrap();
    symlink(Path::new("kept/blobs/sha256/ab/x.md"), folder.path().join("posts/link.md")).unwrap();
    symlink(folder.path().join("posts"), folder.path().join("alias")).unwrap();
    for path in ["posts", "alias"] {
        let sources = configured(&settings(folder.path(), &[("s", path, "")])).unwrap();
        assert_eq!(listed(&sources[0]).await, ["a.md"], "{path}");
    }
}

#[test]
fn sources_that_would_read_what_is_written_are_refused() {
    let folder = folder_with(&["posts/a.md", "posts/b/c.md", "store/articles/posts/a.md"]);
    let refused =
        |sources: &[(&str, &str, &str)]| configured(&settings(folder.path(), sources)).unwrap_err().to_string();
    assert!(refused(&[("s", "store/articles/posts", "")]).contains("part of the archive"));
    assert!(refused(&[("s", "posts", "store/blobs")]).contains("among the archive's own files"));
    assert!(refused(&[("s", "posts", "out"), ("t", "out", "")]).contains("the source \"t\" reads"));
    for (one, other) in [("posts", "posts"), ("posts", "posts/b"), ("posts/b", "posts")] {
        let message = refused(&[("one", one, "."), ("two", other, ".")]);
        assert!(message.contains("\"one\" and \"two\" both read"), "{message}");
        assert!(configured(&settings(folder.path(), &[("one", one, "."), ("two", other, "")])).is_ok());
    }
    let mut apart = settings(folder.path(), &[("one", "posts", "."), ("two", "posts/b", ".")]);
    apart.source[0].exclude = vec!["b/**".to_owned()];
    assert!(configured(&apart).is_ok());
    assert!(configured(&settings(folder.path(), &[("one", "posts", ""), ("two", "posts", "out")])).is_ok());
}

#[test]
fn links_lead_from_the_mirrored_article_to_the_archive() {
    let check = |output: &str, links: &str, path: &str, expected: &str| {
        assert_eq!(source("/site/posts", output, links).link(path, "blobs/ab.jpg"), expected);
    };
    check("", "", "a.md", "../../blobs/ab.jpg");
    check("", "", "2021/04/a.md", "../../../../blobs/ab.jpg");
    check(".", "", "a.md", "../store/blobs/ab.jpg");
    check("/site/public", "", "x/a.md", "../../store/blobs/ab.jpg");
    check("", "/media/", "2021/a.md", "/media/blobs/ab.jpg");
    check("", "https://cdn.example.org/m", "a.md", "https://cdn.example.org/m/blobs/ab.jpg");
}

#[test]
fn a_link_never_needs_escaping() {
    let config = SourceConfig { output: MirrorOutput::InPlace, ..config(Path::new("/site/posts")) };
    let source = Source::new(config, Path::new("/site/my \"store\", (新)")).unwrap();
    let link = source.link("a.md", "blobs/ab.jpg");
    assert!(link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-%".contains(&byte)), "{link}");
}

#[test]
fn in_place_is_an_output_of_a_dot_or_of_the_folder_itself() {
    assert!(source("/site/posts", ".", "").is_in_place());
    assert!(source("/site/posts/", "/site/posts", "").is_in_place());
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
    let base = source.base_url("a.md", None).unwrap();
    let follow = |relative: &str| source.local_file(&base.join(relative).unwrap());
    assert!(follow("img/a.png").is_some());
    assert!(follow("img/a.png?v=1#top").is_some());
    for outside in ["../secret.png", "out.png", "/etc/passwd", "img", "missing.png", "file:///etc/passwd"] {
        assert_eq!(follow(outside), None, "{outside}");
    }
}

#[test]
fn a_folder_can_have_what_is_in_it_and_a_feed_what_is_named_as_posts_and_pages_are() {
    let folder = folder_with(&["a.md", "b.php", ".hidden.md"]);
    let can_have = |source: &Source, path: &str| source.can_have(&path.parse().unwrap());
    let of_folder = Source::new(config(folder.path()), Path::new("/site/store")).unwrap();
    let expected = [("a.md", true), ("none.md", false), ("b.php", false), (".hidden.md", false)];
    assert_eq!(expected.map(|(path, _)| (path, can_have(&of_folder, path))), expected);
    let url = "https://a.example/feed".to_owned();
    let feed = SourceConfig { kind: SourceKind::Feed, url, ..Config::default().source[0].clone() };
    let feed = Source::new(feed, Path::new("/site/store")).unwrap();
    let expected =
        [("news/a.md", true), ("pages/a.html", true), ("x.php", false), (".htaccess", false), (".git/a.md", false)];
    assert_eq!(expected.map(|(path, _)| (path, can_have(&feed, path))), expected);
}
