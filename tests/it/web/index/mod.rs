//! The static pages: written by runs of the program, opened from the disk.

mod chromium;
mod links;
mod measurement;
mod nights;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use url::Url;

use super::html::Page;
use super::{TITLE, site};
use crate::sandbox::Sandbox;
use crate::testserver::Origin;

/// Names of articles that links have to be careful with.
const NAMES: [&str; 4] = ["雨 天.md", "a#b?c.md", "100%41.html", "deep & far/it's \"so\".html"];

/// A folder with articles in an archive, beside it and in place, and their origin. It was mirrored once.
struct Written {
    sandbox: Sandbox,
    origin: Origin,
}

impl Written {
    fn new() -> Self {
        let written = Self { sandbox: Sandbox::new(), origin: site() };
        let source = |name: &str, output: &str| format!("[[source]]\nname = \"{name}\"\npath = \"{name}\"\n{output}");
        let outside = source("outside", "output = \"made/here & there\"\n");
        let in_place = source("in-place", "output = \"in-place\"\n");
        written.sandbox.settings(&[source("posts", ""), outside, in_place].concat());
        for folder in ["posts", "outside", "in-place"] {
            for name in NAMES {
                written.article(&format!("{folder}/{name}"), TITLE);
            }
        }
        written.sandbox.run(&["run"]).expect(3);
        written
    }

    /// Writes an article with an image that is there and one that is not.
    fn article(&self, name: &str, title: &str) {
        let images = ["/1.jpg", "/gone.jpg"].map(|path| format!("<img src=\"{}\">", self.origin.url(path)));
        let text = match name.rsplit_once('.') {
            Some((_, "html")) => format!("<title>{title}</title>\n<meta charset=\"utf-8\">\n{}", images.concat()),
            _ => format!("---\ntitle: '{title}'\ndate: 2024-11-20 08:00:00\n---\n\n{}\n", images.concat()),
        };
        self.sandbox.write(name, text);
    }
}

/// Where the static pages begin.
fn start(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("store/index/index.html")
}

/// Every page that can be reached from the first by links, and the files that they show or lead to.
fn reached(sandbox: &Sandbox) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let index = sandbox.path("store/index");
    let (mut pages, mut files, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![start(sandbox)]);
    while let Some(page) = waiting.pop() {
        if !pages.insert(page.clone()) {
            continue;
        }
        for file in leads_to(&page) {
            assert!(file.is_file(), "{} leads to {}, which is not there", page.display(), file.display());
            if file.starts_with(&index) && file.extension().is_some_and(|ending| ending == "html") {
                waiting.push(file);
            } else {
                files.insert(file);
            }
        }
    }
    (pages, files)
}

/// The files that the relative links of a page lead to. Each is a link that a browser would follow from the disk.
fn leads_to(page: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(page).unwrap();
    assert!(!text.contains("<script"), "{}", page.display());
    let address = Url::from_file_path(page).unwrap();
    let links = Page::read(&page.display().to_string(), &text).links;
    let outside = |link: &String| link.starts_with("http://") || link.starts_with("https://");
    let follow = |link: String| {
        assert!(!link.starts_with('/') && !link.starts_with("file:"), "{}: {link} is not relative", page.display());
        let mut led = address.join(&link).unwrap();
        assert_eq!(led.query(), None, "{}: {link}", page.display());
        if let Some(fragment) = led.fragment().map(str::to_owned) {
            led.set_fragment(None);
            let there = std::fs::read_to_string(led.to_file_path().unwrap()).unwrap();
            assert!(there.contains(&format!("id=\"{fragment}\"")), "{}: {link}", page.display());
        }
        led.to_file_path().unwrap()
    };
    links.into_iter().filter(|link| !outside(link)).map(follow).collect()
}
