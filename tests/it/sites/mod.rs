//! Sources that are read page by page: sitemaps, pages and what they link to, lists of addresses.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod captures;
mod crawl;
mod holds;
mod hostile;
mod large;
mod list;
mod named;
mod page;
mod sheets;
mod sitemap;

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn page(body: &str) -> Behaviour {
    Behaviour::serve(html(body))
}

fn html(body: &str) -> Content {
    Content::new("text/html; charset=utf-8", format!("<!doctype html><title>t</title>{body}").into_bytes())
}

/// An origin with images `/1.png` to `/9.png` and these pages.
fn origin(pages: &[(&str, String)]) -> Origin {
    let images = (1..10).fold(Site::new(), |site, at| {
        site.on(&format!("/{at}.png"), Behaviour::serve(Content::new("image/png", tiny(at))))
    });
    Origin::start(pages.iter().fold(images, |site, (path, body)| site.on(path, page(body)))).unwrap()
}

/// The settings of one source named `site`, of this kind and with these keys.
fn source(sandbox: &Sandbox, kind: &str, more: &str) {
    sandbox.settings(&format!("[[source]]\nname = \"site\"\nkind = \"{kind}\"\n{more}\n"));
}

/// Paths that were asked for since the log was cleared, sorted, but for robots.txt.
fn asked(origin: &Origin) -> Vec<String> {
    let mut paths: Vec<_> = origin.log().requests().into_iter().map(|logged| logged.request.target.clone()).collect();
    origin.log().clear();
    paths.retain(|path| path != "/robots.txt");
    paths.sort();
    paths
}

/// How many articles a run found to be new, changed and unchanged.
fn counts(sandbox: &Sandbox) -> [u64; 3] {
    let report = sandbox.json(&["run"]);
    ["new", "changed", "unchanged"].map(|count| report["articles"][count].as_u64().unwrap())
}

/// The mirrors of the source, in order, without the folder of the origin's host.
fn mirrors(sandbox: &Sandbox) -> Vec<String> {
    let names = sandbox.tree("store/articles/site").into_keys();
    let name = |name: String| name.split_once('/').map_or(name.clone(), |(_, rest)| rest.to_owned());
    names.map(|path| name(path.to_string_lossy().into_owned())).collect()
}

/// The text of a mirror of the source, by its path without the folder of the origin's host.
fn mirror(sandbox: &Sandbox, origin: &Origin, path: &str) -> String {
    sandbox.text(&format!("store/articles/site/{}/{path}", host(origin)))
}

/// The folder of the origin's host.
fn host(origin: &Origin) -> String {
    format!("127.0.0.1_{}", origin.address().port())
}
