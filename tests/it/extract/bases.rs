//! What relative addresses of a page are relative to.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use url::Url;

const SAVED: &str = "<!-- saved from url=(0030)https://saved.example/dir/page -->";
const CANONICAL: &str = "<link rel=canonical href=https://canonical.example/dir/page>";

/// Checks where an address of a page leads; nowhere where that is empty.
fn check(head: &str, setting: &str, address: &str, expected: &str) {
    let page = format!("{head}<img src=\"{address}\">");
    let options = ExtractOptions { base_url: Url::parse(setting).ok(), ..ExtractOptions::default() };
    let references = extract(page.as_bytes(), Format::Html, &options).references;
    let last = references.last().expect("the image is found");
    assert_eq!(last.url.as_ref().map_or("", Url::as_str), expected, "{page} {setting}");
}

#[test]
fn a_page_without_a_base_has_the_address_that_it_was_saved_from_or_states() {
    check(SAVED, "", "a.png", "https://saved.example/dir/a.png");
    check(CANONICAL, "", "a.png", "https://canonical.example/dir/a.png");
    check("<meta property=og:url content=https://og.example/x/y>", "", "a.png", "https://og.example/x/a.png");
    check(&format!("{SAVED}{CANONICAL}"), "", "/a.png", "https://saved.example/a.png");
    check(&format!("{SAVED}<base href=../b/>"), "", "a.png", "https://saved.example/b/a.png");
    check("<link rel=canonical href=/relative>", "", "a.png", "");
    check("", "", "a.png", "");
}

#[test]
fn the_base_comes_first_and_then_the_setting() {
    let setting = "https://setting.example/dir/page";
    check(&format!("<base href=https://base.example/>{SAVED}"), setting, "a.png", "https://base.example/a.png");
    check(&format!("{SAVED}{CANONICAL}"), setting, "a.png", "https://setting.example/dir/a.png");
    check(CANONICAL, setting, "/a.png", "https://setting.example/a.png");
}

#[test]
fn beside_a_saved_page_lies_what_its_folder_holds_and_the_root_is_its_sites() {
    let file = "file:///pages/page.html";
    check(SAVED, file, "a.png", "file:///pages/a.png");
    check(SAVED, file, "/a.png", "https://saved.example/a.png");
    check(SAVED, file, "//h.example/a.png", "https://h.example/a.png");
    check(CANONICAL, file, "/a.png", "file:///a.png");
}

#[test]
fn an_article_says_where_it_was_published() {
    let url = |page: &str| extract(page.as_bytes(), Format::Html, &ExtractOptions::default()).url.map(String::from);
    assert_eq!(url(SAVED).as_deref(), Some("https://saved.example/dir/page"));
    let both = format!("{SAVED}{CANONICAL}");
    assert_eq!(url(&both).as_deref(), Some("https://canonical.example/dir/page"));
}
