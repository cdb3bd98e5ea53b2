//! A page that tries everything, in a browser: no script of it runs, nothing is asked of anybody else, its images show.

use std::time::Duration;

use crate::recall::browser::{self, Browser};
use crate::testserver::{Origin, Site};

use super::Shown;

/// A page with scripts, and with many ways to call out. Each names a host that the test would see asked.
pub(super) fn page(origin: &Origin) -> String {
    let (photo, drawing, gone) = (origin.url("/1.jpg"), origin.url("/drawing.svg"), origin.url("/gone-too.jpg"));
    format!(
        r#"<!DOCTYPE html><html><head><title>Page</title><meta charset="utf-8">
<base href="http://evil.example/base/">
<meta http-equiv="refresh" content="1;url=http://evil.example/refresh">
<link rel="stylesheet" href="http://evil.example/sheet.css">
<link rel="prefetch" href="http://evil.example/prefetch">
<link rel="preload" as="image" href="http://evil.example/preload.png">
<link rel="preconnect" href="http://evil.example/">
<link rel="dns-prefetch" href="//evil.example/">
<link rel="icon" href="http://evil.example/icon.png">
<link rel="manifest" href="http://evil.example/manifest.json">
<style>@import "http://evil.example/import.css"; body {{ background: url(http://evil.example/background.png) }}
@font-face {{ font-family: f; src: url(http://evil.example/font.woff2) }} p {{ font-family: f }}</style>
<script id="archived">document.title = "acted"; fetch("http://evil.example/fetch");</script>
<script src="http://evil.example/script.js"></script>
</head><body onload="document.title = 'acted'"><p>text</p>
<img src="{photo}" onload="document.title = 'acted'"><img src="{drawing}"><img src="{gone}">
<img src="x" onerror="document.title = 'acted'">
<object data="http://evil.example/object"></object><embed src="http://evil.example/embed">
<iframe src="http://evil.example/frame"></iframe><iframe srcdoc="<script>parent.document.title = 'acted'</script>"></iframe>
<video src="http://evil.example/video.mp4" poster="http://evil.example/poster.png" autoplay></video>
<audio src="http://evil.example/audio.mp3" autoplay></audio>
<svg><image href="http://evil.example/svg.png"/><script>document.title = 'acted'</script></svg>
<form action="http://evil.example/form" id="f"><input name="q"></form>
<input type="image" src="http://evil.example/input.png">
<a href="javascript:document.title = 'acted'" ping="http://evil.example/ping">link</a>
<svg onload="document.title = 'acted'"></svg>
</body></html>"#
    )
}

/// Longer than the page waits until it is another.
const REFRESHED: Duration = Duration::from_millis(1500);

/// A browser that finds the host of the page at this origin, and no other: whatever leaves is seen there.
fn browser(elsewhere: &Origin) -> Browser {
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let hosts = format!("MAP evil.example {} , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", elsewhere.address());
    Browser::start_with(program.as_os_str(), &hosts)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn chromium_runs_no_script_of_an_archived_page_and_asks_nobody_else() {
    let shown = Shown::new();
    let root = shown.server.url();
    let elsewhere = Origin::start(Site::new()).unwrap();
    let mut browser = browser(&elsewhere);
    shown.origin.log().clear();
    let requests = || (elsewhere.log().count(), shown.origin.log().count());
    for path in ["mirror/posts/page.html", "mirror/posts/rain.md"] {
        browser.load(&format!("{root}{path}"));
        let title = browser.evaluate("document.title");
        assert_ne!(title, "acted", "{path}");
        let shown = browser.evaluate("[...document.images].filter((image) => image.naturalWidth > 0).length");
        assert_eq!(shown, 2, "the images of {path} show");
        // The time in which the page would leave by itself. No timer of its own runs: it has no scripts.
        std::thread::sleep(REFRESHED);
        assert_eq!(browser.evaluate("location.pathname"), format!("/{path}"));
        assert_eq!(requests(), (0, 0), "{path}: {:?}", elsewhere.log().requests());
    }
    let drawing = shown.json("/images?type=svg&format=json").await;
    let page = shown.json(&format!("{}?format=json", drawing["images"][0]["href"].as_str().unwrap())).await;
    for path in [page["blob"].as_str().unwrap(), "/article/posts/page.html", "/article/posts/page.html?view=original"] {
        browser.load(&format!("{root}{}", &path[1..]));
        assert_eq!(browser.evaluate("window.acted === undefined && document.title !== 'acted'"), true, "{path}");
        assert_eq!(requests(), (0, 0), "{path}: {:?}", elsewhere.log().requests());
    }
    browser.load("http://evil.example/");
    assert!(elsewhere.log().count() > 0, "what leaves is seen");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn chromium_follows_keys_and_shows_every_page_at_320_pixels_without_scrolling_sideways() {
    let shown = Shown::new();
    let root = shown.server.url();
    let elsewhere = Origin::start(Site::new()).unwrap();
    let mut browser = browser(&elsewhere);
    browser.set_width(320);
    let image = shown.json("/images?format=json").await;
    let image = image["images"][0]["href"].as_str().unwrap().to_owned();
    for path in [
        "/",
        "/articles",
        "/images",
        "/missing",
        "/hosts",
        "/runs",
        &image,
        "/article/posts/rain.md",
        "/article/posts/rain.md?view=diff",
        "/article/posts/rain.md?view=images",
        "/none",
    ] {
        browser.load(&format!("{root}{}", &path[1..]));
        let width = browser.evaluate("document.documentElement.scrollWidth");
        assert!(width.as_u64().is_some_and(|width| width <= 320), "{path} is {width} wide");
    }
    let press = |key: &str| {
        format!("document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))")
    };
    browser.load(&format!("{root}article/posts/deep/%E9%9B%A8%20%E5%A4%A9.md"));
    browser.follow(&press("j"));
    assert_eq!(browser.evaluate("location.pathname"), "/article/posts/rain.md", "the next older one");
    browser.follow(&press("k"));
    assert_ne!(browser.evaluate("location.pathname"), "/article/posts/rain.md");
    browser.follow(&press("Escape"));
    assert_eq!(browser.evaluate("location.pathname"), "/articles");
}
