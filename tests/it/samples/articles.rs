//! Every promise, kept for every article.
//!
//! Beside each article stands what it shows: `<name>.images`, with the kind and the URL of each reference, written by
//! hand. `http://blog.example/<path>` is the article's own address.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::Path;

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract, format_of};
use serde_json::Value;
use url::Url;

use super::folder;
use crate::corpus::files;
use crate::properties::promises::{keep_every_promise, refused};
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// One article, and what it shows.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    expected: String,
}

impl Sample {
    fn read(root: &Path, file: &Path) -> Self {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let expected = std::fs::read_to_string(format!("{}.images", file.display()));
        let expected = expected.unwrap_or_else(|cause| panic!("{name}.images: {cause}"));
        let lines = expected.lines().filter(|line| !line.starts_with('#'));
        Self { bytes: std::fs::read(file).unwrap(), expected: lines.collect::<Vec<_>>().join("\n"), name }
    }

    /// Its URLs that can be requested from the hosts of the samples.
    fn served(&self) -> impl Iterator<Item = Url> {
        let urls =
            self.expected.lines().filter(|line| !line.starts_with("base")).filter_map(|line| line.split_once('\t'));
        let urls = urls.filter_map(|(_, url)| Url::parse(url).ok());
        let at_home = |url: &Url| url.host_str().is_some_and(|host| host.ends_with(".example"));
        urls.filter(move |url| url.scheme() == "http" && at_home(url))
    }
}

fn samples() -> Vec<Sample> {
    let root = folder("articles");
    let articles = files(&root).into_iter().filter(|file| file.extension().is_none_or(|end| end != "images"));
    let samples: Vec<_> = articles.map(|file| Sample::read(&root, &file)).collect();
    assert!(samples.len() >= 27, "{} articles", samples.len());
    samples
}

#[test]
fn every_image_is_found_and_nothing_else() {
    for sample in samples() {
        let format = format_of(&sample.name, &sample.bytes);
        let base_url = Url::parse("http://blog.example/").unwrap().join(&sample.name).ok();
        let found = extract(&sample.bytes, format, &ExtractOptions { base_url, ..ExtractOptions::default() });
        let line = |url: Option<&Url>, kind: &str| format!("{kind}\t{}", url.map_or("-", Url::as_str));
        let found = found.references.iter().map(|found| line(found.url.as_ref().ok(), found.kind.as_str()));
        assert_eq!(found.collect::<Vec<_>>().join("\n"), sample.expected, "{}", sample.name);
    }
}

/// Spans, exact restoring and idempotence. A link is refused only where an address breaks out of its place on purpose.
#[test]
fn every_promise_is_kept_and_no_link_refused() {
    for Sample { name, bytes, .. } in samples() {
        let format = format_of(&name, &bytes);
        for lazy in [Lazy::Reveal, Lazy::Keep] {
            keep_every_promise(&bytes, format, lazy);
            let refused = refused(&bytes, format, lazy).1;
            assert_eq!(refused, usize::from(name == "hostile/breakout.md"), "{name}");
        }
    }
}

/// An origin that has an image of its own for every URL.
fn origin() -> Origin {
    let image = |url: &str| tiny(url.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
    let site = Site::new().otherwise(move |request| {
        let url = format!("{}{}", request.host_name(), request.target);
        Some(Behaviour::serve(Content::new("image/png", image(&url)).etagged()))
    });
    Origin::start(site).unwrap()
}

/// Posts that are the samples, and settings by which their hosts are the origin.
fn sandbox(origin: &Origin, samples: &[Sample], more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let hosts = ["blog", "cdn", "img"].map(|host| format!("\"{host}.example\" = \"{}\"\n", origin.address())).concat();
    sandbox.settings(&format!(
        "retries = 0\n[fetch.resolve]\n{hosts}[[source]]\nname = \"posts\"\npath = \"posts\"\n\
         include = [\"**\"]\nbase_url = \"http://blog.example/\"\n{more}"
    ));
    for sample in samples {
        sandbox.write(&format!("posts/{}", sample.name), &sample.bytes);
    }
    sandbox
}

/// The URLs that the origin was asked for.
fn requested(origin: &Origin) -> BTreeSet<String> {
    let requests = origin.log().requests();
    requests.iter().map(|asked| format!("http://{}{}", asked.request.host_name(), asked.request.target)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_mirrored_whole_left_alone_by_the_next_run_and_restored_to_the_bit() {
    let (origin, samples) = (origin(), samples());
    let sandbox = sandbox(&origin, &samples, "");
    let report = sandbox.json(&["run"]);
    let problems: Vec<_> = report["problems"].as_array().unwrap().iter().map(|problem| &problem["article"]).collect();
    assert_eq!(report["articles"]["seen"], samples.len());
    assert_eq!(problems, ["posts/hostile/breakout.md"], "{report:#}");
    let wanted: BTreeSet<_> = samples.iter().flat_map(Sample::served).map(String::from).collect();
    assert_eq!(requested(&origin), wanted);
    // What no host of the samples serves, and the link that would change what follows it.
    let remote = sandbox.json(&["check"])["remote"].clone();
    let remote: Vec<_> = remote.as_array().unwrap().iter().map(|left| left["raw"].as_str().unwrap()).collect();
    let left = ["http://127.0.0.1:1/inner.png", "ftp://img.example/x.png", "http://img.example/a```"];
    assert_eq!(remote, left, "{report:#}");

    origin.log().clear();
    let before = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"));
    let again = sandbox.json(&["run"]);
    assert_eq!((&again["urls"]["fetched"], &again["articles"]["unchanged"]), (&0.into(), &samples.len().into()));
    assert_eq!((origin.log().count(), before), (0, (sandbox.tree("store/articles"), sandbox.tree("store/blobs"))));

    let keys: Vec<_> = samples.iter().map(|sample| format!("posts/{}", sample.name)).collect();
    let arguments = ["restore", "--to", "out"].into_iter().chain(keys.iter().map(String::as_str));
    sandbox.run(&arguments.collect::<Vec<_>>()).expect(0);
    for Sample { name, bytes, .. } in &samples {
        assert_eq!(sandbox.read(&format!("out/posts/{name}")), *bytes, "{name}");
    }
    assert_eq!(sandbox.json(&["verify"])["findings"], Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_place_they_come_back_to_the_bit() {
    let (origin, samples) = (origin(), samples());
    let sandbox = sandbox(&origin, &samples, "output = \".\"\n");
    sandbox.json(&["run"]);
    let mirrored = sandbox.tree("posts");
    sandbox.json(&["run"]);
    assert_eq!(sandbox.tree("posts"), mirrored);
    let changed = samples.iter().filter(|sample| sandbox.read(&format!("posts/{}", sample.name)) != sample.bytes);
    assert!(changed.count() + 1 >= samples.len(), "all but the post without an image are mirrors");
    let keys: Vec<_> = samples.iter().map(|sample| format!("posts/{}", sample.name)).collect();
    let arguments = ["restore", "--in-place"].into_iter().chain(keys.iter().map(String::as_str));
    sandbox.run(&arguments.collect::<Vec<_>>()).expect(0);
    for Sample { name, bytes, .. } in &samples {
        assert_eq!(sandbox.read(&format!("posts/{name}")), *bytes, "{name}");
    }
}
