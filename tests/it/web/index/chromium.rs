//! The static pages in a browser, from the disk.

use std::time::Duration;

use url::Url;

use super::{Written, reached};
use crate::recall::browser::{self, Browser};

/// A browser ends after this time: a test that waits for it fails then.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn pages_from_the_disk_show_their_images_and_ask_nobody() {
    let archive = Written::new();
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let mut browser = Browser::start(program.as_os_str());
    archive.origin.log().clear();
    let (pages, _) = reached(&archive.sandbox);
    browser.within(LIMIT, |browser| {
        browser.watch_requests();
        browser.set_width(320);
        for page in pages {
            let name = page.display().to_string();
            browser.load(Url::from_file_path(&page).unwrap().as_str());
            browser.evaluate("[...document.images].forEach((image) => { image.loading = 'eager'; })");
            let all = "Promise.all([...document.images].map((image) => image.decode().then(() => true, () => false)))";
            let shown = browser.evaluate(&format!("{all}.then((shown) => shown.every(Boolean))"));
            assert_eq!(shown, true, "the images of {name} show");
            let styled = browser.evaluate("getComputedStyle(document.body).margin");
            assert_eq!(styled, "0px", "{name} has its style");
            let width = browser.evaluate("document.documentElement.scrollWidth");
            assert!(width.as_u64().is_some_and(|width| width <= 320), "{name} is {width} wide");
            let frames = browser.evaluate("[...document.querySelectorAll('iframe')].every((frame) => !frame.src)");
            assert_eq!(frames, true, "{name} loads no mirror before it is asked to");
        }
        assert!(browser.requested().iter().all(|url| url.starts_with("file:")), "{:?}", browser.requested());
    });
    assert_eq!(archive.origin.log().count(), 0);
}
