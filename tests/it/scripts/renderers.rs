//! What makes HTML of Markdown, as sites do it: with HTML in it let through.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// A program or a library that renders.
#[derive(Debug, Clone, Copy)]
pub(super) enum Renderer {
    /// The document is HTML already.
    None,
    /// pulldown-cmark.
    CommonMark,
    /// markdown-it, in the folder that `OFFPRINT_MARKDOWN_IT` names.
    MarkdownIt,
    /// Hugo.
    Hugo,
}

const MARKDOWN_IT: &str = "
    const render = require('markdown-it')({ html: true, linkify: true });
    const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    process.stdout.write(JSON.stringify(texts.map(text => render.render(text))));
";

impl Renderer {
    pub(super) fn render(self, texts: &[&str]) -> Vec<String> {
        match self {
            Self::None => texts.iter().map(ToString::to_string).collect(),
            Self::CommonMark => texts.iter().map(|text| common_mark(text)).collect(),
            Self::MarkdownIt => markdown_it(texts),
            Self::Hugo => hugo(texts),
        }
    }
}

fn common_mark(text: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(text));
    html
}

fn markdown_it(texts: &[&str]) -> Vec<String> {
    let folder = std::env::var_os("OFFPRINT_MARKDOWN_IT").expect("OFFPRINT_MARKDOWN_IT names a folder");
    let mut node = Command::new("node");
    node.args(["-e", MARKDOWN_IT]).current_dir(folder);
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node is installed");
    let mut input = node.stdin.take().unwrap();
    let texts = serde_json::to_vec(texts).unwrap();
    let writer = std::thread::spawn(move || input.write_all(&texts).unwrap());
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A site with a page for each text. A text cannot begin with front matter of its own, nor hold what Hugo takes for a
/// shortcode: neither is in these documents.
fn hugo(texts: &[&str]) -> Vec<String> {
    let site = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = site.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write(
        "hugo.toml",
        "disableKinds = ['home', 'section', 'taxonomy', 'term', 'rss', 'sitemap', '404']\n[markup.goldmark.renderer]\nunsafe = true\n",
    );
    for layout in ["layouts/_default/single.html", "layouts/single.html"] {
        write(layout, "{{ .Content }}");
    }
    for (number, text) in texts.iter().enumerate() {
        write(&format!("content/p{number}.md"), &format!("---\ntitle: p\n---\n{text}"));
    }
    let made = Command::new("hugo").args(["--quiet", "--source"]).arg(site.path()).status().expect("Hugo is installed");
    assert!(made.success());
    (0..texts.len())
        .map(|number| fs::read_to_string(site.path().join(format!("public/p{number}/index.html"))).unwrap())
        .collect()
}
