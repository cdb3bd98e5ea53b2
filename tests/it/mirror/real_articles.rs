//! Real posts and a real blog are kept whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use offprint::testing::demo::photo::Photo;
use serde_json::Value;

use super::splices_turn_back;
use crate::corpus::{corpus, files, say};
use crate::origin::tls::{Authority, Flaw};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// The project's first real input, mirrored as its host serves it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
async fn the_first_real_post_of_the_corpus_is_kept_whole() {
    let folder = corpus("articles/rsshub-page");
    let seed = files(&folder).into_iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with("seed"));
    let seed = seed.expect("the corpus has the seed");
    let original = std::fs::read(&seed).unwrap();
    let site = Site::new().otherwise(|request| {
        let seed = request.path().bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Some(Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 970, 374).jpeg())))
    });
    let authority = Authority::new();
    let origin = authority.origin(&["i.guancha.cn"], Flaw::None, site);
    let sandbox = Sandbox::new();
    sandbox.write("ca.pem", authority.pem());
    sandbox.settings(&format!("ca_file = \"ca.pem\"\n[fetch.resolve]\n\"i.guancha.cn\" = \"{}\"\n", origin.address()));
    sandbox.write("posts/seed.md", &original);
    sandbox.run(&["run"]).expect(0);

    let visits = origin.log().requests();
    let mut paths: Vec<_> = visits.iter().map(|visit| visit.request.path().to_owned()).collect();
    paths.sort();
    let asked = paths.len();
    paths.dedup();
    assert_eq!((asked, paths.len()), (4, 4));
    for visit in &visits {
        assert_eq!((visit.request.header("referer"), visit.request.header("cookie")), (None, None));
    }
    assert_eq!(sandbox.json(&["check"])["remote"], Value::Array(Vec::new()));
    let mirror = sandbox.text("store/articles/posts/seed.md");
    let field = |name: &str| mirror.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(field("thumbnail:").contains("/thumbnails/small/") && field("headimg:").contains("/blobs/sha256/"));
    sandbox.run(&["restore", "posts/seed.md", "--to", "out"]).expect(0);
    assert_eq!(sandbox.read("out/posts/seed.md"), original);
    say("read 1 file of articles/rsshub-page as the seed");
}

/// Every real post of feeds comes back, whatever becomes of its images.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
async fn every_real_post_of_the_corpus_is_mirrored_and_restored_to_the_bit() {
    let folder = corpus("articles");
    let sandbox = Sandbox::new();
    // Nothing of the real network is reached: every name leads to an origin that knows none of the images.
    let origin = Origin::start(Site::new()).unwrap();
    sandbox.settings(&format!("retries = 0\nproxy = \"http://{}\"\n", origin.address()));
    let posts = real_posts(&sandbox, &folder);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["seen"], posts.len());
    assert_eq!(report["articles"]["failed"], 0, "{report}");
    let remote = report["references"]["remote"].as_u64().unwrap();
    assert_eq!(report["references"]["local"], 0);
    restore_all(&sandbox, &folder, &posts);
    assert_eq!(splices_turn_back(&sandbox).await, posts.len());
    say(&format!("read {} files of articles: {remote} references, all missing at their origin", posts.len()));
}

/// A whole blog whose images are at hand: what is missing is missing at the origin, too.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
async fn a_real_blog_of_the_corpus_is_mirrored_with_the_images_its_site_has() {
    let (folder, images) = (corpus("blogs/spf13-hugo"), corpus("blogs/spf13-hugo-static"));
    let served = images.clone();
    let site = Site::new().otherwise(move |request| {
        // Nothing of the real network is reached: every name leads here, and only the blog's own host has images.
        let path = request.path().strip_prefix("http://blog.example")?;
        let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?.into_owned();
        let bytes = std::fs::read(served.join(path.trim_start_matches('/'))).ok()?;
        Some(Behaviour::serve(Content::new("image/jpeg", bytes)))
    });
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "retries = 0\nproxy = \"http://{}\"\n[run]\nmin_free = \"0\"\n\
         [[source]]\nname = \"posts\"\npath = \"posts\"\nbase_url = \"http://blog.example/\"\n",
        origin.address()
    ));
    let posts = real_posts(&sandbox, &folder);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["seen"], &report["articles"]["failed"]), (&posts.len().into(), &0.into()));
    for failure in report["failures"].as_array().unwrap() {
        let url = failure["url"].as_str().unwrap();
        let path = url.strip_prefix("http://blog.example/").unwrap_or("");
        let here = !path.is_empty() && images.join(percent_decoded(path)).is_file();
        assert!(!here || failure["reason"] == "not_an_image", "{failure}");
    }
    restore_all(&sandbox, &folder, &posts);
    assert_eq!(splices_turn_back(&sandbox).await, posts.len());
    let (references, urls, stopped) = (&report["references"], &report["urls"], &report["stopped_by"]);
    let read = format!("read {} files of blogs/spf13-hugo", posts.len());
    say(&format!("{read}: references {references}, urls {urls}, stopped by {stopped}"));
    assert!(references["local"].as_u64().unwrap() > 50, "{report}");
}

fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn real_posts(sandbox: &Sandbox, folder: &Path) -> Vec<std::path::PathBuf> {
    let is_post = |file: &std::path::PathBuf| file.extension().is_some_and(|ending| ending == "md");
    let posts: Vec<_> = files(folder).into_iter().filter(is_post).collect();
    for post in &posts {
        let name = post.strip_prefix(folder).unwrap().to_str().unwrap();
        sandbox.write(&format!("posts/{name}"), std::fs::read(post).unwrap());
    }
    posts
}

fn restore_all(sandbox: &Sandbox, folder: &Path, posts: &[std::path::PathBuf]) {
    let names: Vec<_> = posts.iter().map(|post| post.strip_prefix(folder).unwrap().to_str().unwrap()).collect();
    let keys: Vec<_> = names.iter().map(|name| format!("posts/{name}")).collect();
    let mut arguments = vec!["restore", "--to", "out"];
    arguments.extend(keys.iter().map(String::as_str));
    sandbox.run(&arguments).expect(0);
    for (name, post) in names.iter().zip(posts) {
        assert_eq!(sandbox.read(&format!("out/posts/{name}")), std::fs::read(post).unwrap(), "{name}");
    }
}
