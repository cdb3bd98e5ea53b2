//! What other programs say of the pages: a checker of accessibility, a browser of text, a validator of HTML, a keyboard.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Shown;
use crate::recall::browser::{self, Browser};

/// A browser ends after this time: a test that waits for it fails then.
const LIMIT: Duration = Duration::from_secs(180);

/// A page of each kind, served and static, by its name.
async fn pages(shown: &Shown) -> BTreeMap<String, Url> {
    let images = shown.json("/images?format=json").await;
    let runs = shown.json("/runs?format=json").await;
    let of_rain = |view: &str| format!("/article/posts/rain.md?view={view}");
    let mut served: Vec<String> =
        ["/", "/articles", "/images", "/missing", "/hosts", "/runs", "/none"].map(str::to_owned).into();
    served.extend(["mirror", "original", "diff", "images", "history"].map(of_rain));
    served
        .extend([&images["images"][0]["href"], &runs["runs"][0]["href"]].map(|href| href.as_str().unwrap().to_owned()));
    let root = Url::parse(&shown.server.url()).unwrap();
    let mut pages: BTreeMap<_, _> = served.into_iter().map(|path| (path.clone(), root.join(&path).unwrap())).collect();
    let index = shown.sandbox.path("store/index");
    for name in shown.sandbox.tree("store/index").into_keys() {
        if name.extension().is_some_and(|ending| ending == "html") {
            pages.insert(name.display().to_string(), Url::from_file_path(index.join(&name)).unwrap());
        }
    }
    assert!(pages.len() > 20, "{pages:?}");
    pages
}

/// The text of a page, from the server or from the disk.
async fn text_of(url: &Url) -> String {
    match url.to_file_path() {
        Ok(file) => std::fs::read_to_string(file).unwrap(),
        Err(()) => crate::origin::client().get(url.clone()).send().await.unwrap().text().await.unwrap(),
    }
}

fn start() -> Browser {
    Browser::start(browser::installed().expect("Chromium is not installed, which this test needs").as_os_str())
}

/// A file that a variable of the environment names.
fn named(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set, which this test needs")).into()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and axe-core"]
async fn chromium_axe_core_finds_nothing_serious_in_any_page() {
    let shown = Shown::new();
    let axe = std::fs::read_to_string(named("OFFPRINT_AXE")).unwrap();
    let pages = pages(&shown).await;
    let found = start().within(LIMIT, |browser| {
        let mut found = Vec::new();
        for (name, url) in &pages {
            browser.load(url.as_str());
            browser.evaluate(&axe);
            let of = "axe.run(document, {iframes: false, resultTypes: ['violations']}).then((run) => run.violations.map((it) => \
                      [it.impact, it.id, it.nodes.slice(0, 3).map((node) => node.html).join(' ')].join(': ')))";
            let violations = browser.evaluate(of);
            found.extend(violations.as_array().unwrap().iter().map(|violation| format!("{name}: {violation}")));
        }
        found
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn chromium_reaches_all_that_can_be_used_of_a_page_by_its_keyboard() {
    let shown = Shown::new();
    let pages = pages(&shown).await;
    start().within(LIMIT, |browser| {
        for (name, url) in &pages {
            browser.load(url.as_str());
            let usable = "window.left = new Set([...document.querySelectorAll('a[href], button, input, select, summary, \
                          [tabindex=\"0\"]')].filter((it) => it.localName != 'iframe' && it.tabIndex >= 0 && it.checkVisibility())); window.left.size";
            let count = browser.evaluate(usable).as_u64().unwrap();
            assert!(count > 3, "{name}");
            for _ in 0..count + 20 {
                browser.press_tab();
                browser.evaluate("window.left.delete(document.activeElement)");
            }
            let left = browser.evaluate("[...window.left].map((it) => it.outerHTML)");
            assert_eq!(left, Value::Array(Vec::new()), "{name}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs w3m"]
async fn w3m_shows_the_pages_as_text() {
    let shown = Shown::new();
    for (name, url) in pages(&shown).await {
        let mut w3m = Command::new("w3m");
        w3m.args(["-dump", "-cols", "80", "-o", "display_charset=UTF-8", "-T", "text/html"]);
        let file = shown.sandbox.path("page.html");
        std::fs::write(&file, text_of(&url).await).unwrap();
        let text = String::from_utf8_lossy(&w3m.arg(&file).output().unwrap().stdout).into_owned();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert!(lines.len() > 4 && text.contains("offprint") && text.contains("Missing"), "{name}: {text}");
        assert!(!text.contains("{{") && !text.contains("<time") && !text.contains("&#"), "{name}: {text}");
        if name.contains("rain.md") || name == "index.html" {
            assert!(text.contains("Rain & <b>雨</b> \"today\""), "{name}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs vnu, the validator of HTML"]
async fn vnu_html_finds_no_error_in_any_page() {
    let shown = Shown::new();
    let folder = shown.sandbox.path("checked");
    std::fs::create_dir(&folder).unwrap();
    for (number, (name, url)) in pages(&shown).await.into_iter().enumerate() {
        let page = text_of(&url).await;
        std::fs::write(folder.join(format!("{number}.html")), format!("{page}<!-- {name} -->\n")).unwrap();
    }
    let mut java = Command::new("java");
    java.arg("-jar").arg(named("OFFPRINT_VNU")).args(["--errors-only", "--exit-zero-always", "--skip-non-html"]);
    let output = java.arg(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
