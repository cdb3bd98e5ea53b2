//! Recall on real posts against the renderers of the generators that blogs are made with.
//!
//! Each renders every post of the corpus's blogs, and each `<img>` of its page must be found in the post. What offprint
//! finds besides is listed in `tests/data/generators.tsv` with the reason.
//!
//! `OFFPRINT_GENERATORS` names a folder with `node_modules` (markdown-it and its plugins, marked) and `venv` (Python's
//! markdown and pymdownx); pandoc, Hugo and Ruby's kramdown with its parser for GFM are programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use html5gum::{Token, Tokenizer};
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, ReferenceKind};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::corpus::{corpus, files, say};

const EXPLAINED: &str = include_str!("../../data/generators.tsv");
/// Where the posts are published.
const BASE: &str = "https://news.example/a/post.html";

/// The pages of a generator, by the names of their posts.
type Pages = BTreeMap<String, String>;

/// The posts of the blogs without their front matter, each beside the name that it has in the folder of posts.
fn posts(blogs: &Path) -> Vec<(String, PathBuf, String)> {
    let files = files(blogs).into_iter().filter(|file| file.extension() == Some(OsStr::new("md")));
    let post = |(number, file): (usize, PathBuf)| {
        let text = std::fs::read_to_string(&file).ok()?;
        Some((format!("{number:04}.md"), file, body(&text).to_owned()))
    };
    files.enumerate().filter_map(post).collect()
}

fn body(post: &str) -> &str {
    let fence = ["---\n", "+++\n"].into_iter().find(|fence| post.starts_with(fence));
    let end = fence.and_then(|fence| Some(post[4..].find(&format!("\n{fence}"))? + 9));
    &post[end.unwrap_or(0)..]
}

/// What a program prints: the pages of one or more generators.
fn rendered(command: &mut Command) -> BTreeMap<String, Pages> {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("it prints the pages")
}

fn pandoc(folder: &Path, posts: &[(String, PathBuf, String)]) -> Pages {
    let page = |name: &String| {
        let ran = Command::new("pandoc").args(["-f", "markdown", "-t", "html"]).arg(folder.join(name)).output();
        let ran = ran.expect("pandoc is not installed, which this test needs");
        (name.clone(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    posts.iter().map(|(name, ..)| page(name)).collect()
}

/// Hugo knows no shortcodes but those of the themes, which are not here: it gets the posts without any.
fn hugo(posts: &[(String, PathBuf, String)]) -> Pages {
    let site = tempfile::tempdir().expect("a temporary folder");
    let write = |file: &str, text: &str| {
        let file = site.path().join(file);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("it can be made");
        std::fs::write(file, text).expect("it can be written");
    };
    write("hugo.toml", "baseURL = \"https://news.example/\"\n[markup.goldmark.renderer]\nunsafe = true\n");
    write("layouts/_default/single.html", "{{ .Content }}");
    write("layouts/_default/list.html", "");
    for (name, _, text) in posts {
        write(&format!("content/{name}"), &format!("---\ntitle: x\n---\n{}", without_shortcodes(text)));
    }
    let ran = Command::new("hugo").arg("--quiet").current_dir(&site).status();
    assert!(ran.is_ok_and(|ran| ran.success()), "hugo is not installed, which this test needs");
    let page = |name: &String| {
        let file = site.path().join("public").join(name.trim_end_matches(".md")).join("index.html");
        Some((name.clone(), std::fs::read_to_string(file).ok()?))
    };
    posts.iter().filter_map(|(name, ..)| page(name)).collect()
}

fn without_shortcodes(post: &str) -> String {
    let mut kept = String::new();
    let mut rest = post;
    while let Some(open) = rest.find("{{") {
        let end = ["{{<", "{{%"].iter().any(|start| rest[open..].starts_with(start)).then(|| rest[open..].find("}}"));
        kept.push_str(&rest[..open]);
        rest = &rest[open + end.flatten().map_or(2, |length| length + 2)..];
    }
    kept + rest
}

/// The images of a page, as they are written there.
fn images(page: &str) -> Vec<String> {
    let tags = Tokenizer::new(page).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) if &**tag.name == b"img" => Some(tag),
        _ => None,
    });
    let sources = tags.filter_map(|tag| tag.attributes.get(&b"src"[..]).map(|src| src.value.to_vec()));
    sources.map(|src| String::from_utf8_lossy(&src).into_owned()).collect()
}

/// A URL in the one spelling that generators and posts share; `None` for a template and what is inline.
fn spelling(src: &str) -> Option<String> {
    let is_template = ["{{", "{%", "{ {", "%7B%7B", "data:"].iter().any(|mark| src.contains(mark));
    let url = Url::parse(BASE).ok()?.join(src.trim()).ok().filter(|_| !is_template && !src.trim().is_empty())?;
    let text = percent_decode_str(url.as_str()).decode_utf8_lossy().into_owned();
    Some(text.split('#').next().unwrap_or_default().to_owned())
}

/// What offprint finds in a post: every image, and those of them that are no templates' or wikis'.
fn ours(post: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let options = ExtractOptions { base_url: Url::parse(BASE).ok(), ..ExtractOptions::default() };
    let references = extract(post.as_bytes(), Format::Markdown, &options).references;
    let urls = references.iter().filter_map(|found| Some((found, spelling(found.url.as_ref().ok()?.as_str())?)));
    let plain = urls.clone().filter(|(found, _)| {
        matches!(found.kind, ReferenceKind::Markdown | ReferenceKind::Image) && found.name != "embed"
    });
    let plain = plain.map(|(_, url)| url).collect();
    (urls.map(|(_, url)| url).collect(), plain)
}

#[test]
#[ignore = "needs the generators (OFFPRINT_GENERATORS) and the corpus (OFFPRINT_CORPUS)"]
fn every_image_that_generators_show_of_posts_of_the_corpus_is_found() {
    let tools = std::env::var_os("OFFPRINT_GENERATORS").map(PathBuf::from);
    let tools = tools.expect("OFFPRINT_GENERATORS names the folder of the generators, which this test needs");
    let blogs = corpus("blogs");
    let posts = posts(&blogs);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, _, text) in &posts {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/generators");
    let script = |program: &OsStr, name: &str| {
        let mut command = Command::new(program);
        command.arg(scripts.join(name)).arg(folder.path()).env("NODE_PATH", tools.join("node_modules"));
        command
    };
    let mut all = rendered(&mut script(OsStr::new("node"), "node.js"));
    all.extend(rendered(&mut script(OsStr::new("ruby"), "kramdown.rb")));
    all.extend(rendered(&mut script(tools.join("venv/bin/python").as_os_str(), "python.py")));
    all.insert("pandoc".into(), pandoc(folder.path(), &posts));
    all.insert("hugo".into(), hugo(&posts));
    let mut wrong = String::new();
    for (generator, pages) in &all {
        wrong += &compare(generator, pages, &posts, &blogs);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(all.len() >= 6 && posts.len() > 400, "{} generators, {} posts", all.len(), posts.len());
}

/// What a generator shows and offprint misses, beyond one of a thousand; and what only offprint finds without a reason.
fn compare(generator: &str, pages: &Pages, posts: &[(String, PathBuf, String)], blogs: &Path) -> String {
    let (mut shown, mut missed, mut extra) = (0_u32, Vec::new(), Vec::new());
    for (name, file, text) in posts {
        let Some(page) = pages.get(name) else { continue };
        let images: BTreeSet<_> = images(page).iter().filter_map(|src| spelling(src)).collect();
        let (ours, plain) = ours(text);
        shown += u32::try_from(images.len()).expect("few");
        let place = file.strip_prefix(blogs).expect("it is in there").display();
        let row = |url: &String| format!("{generator}\t{place}\t{url}");
        missed.extend(images.difference(&ours).map(row));
        extra.extend(plain.difference(&images).map(row));
    }
    let of_all = u32::try_from(missed.len()).map(f64::from).expect("few") / f64::from(shown.max(1));
    let recall = 100.0 * (1.0 - of_all);
    say(&format!(
        "{generator}: {shown} images in {} posts, recall {recall:.3} %, {} besides",
        pages.len(),
        extra.len()
    ));
    let explained: BTreeSet<_> =
        EXPLAINED.lines().filter_map(|row| row.rsplit_once('\t')).map(|(row, _)| row).collect();
    let mut wrong = String::new();
    for row in extra.iter().filter(|row| !explained.contains(row.as_str())) {
        let _ = writeln!(wrong, "besides: {row}");
    }
    if recall < 99.9 {
        let _ = writeln!(wrong, "missed:\n{}", missed.join("\n"));
    }
    wrong
}
