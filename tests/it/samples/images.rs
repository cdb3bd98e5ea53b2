//! An image of each format, and hostile ones, against `tests/data/images.tsv`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;

use offprint::testing::config::{Config, ThumbnailConfig};
use offprint::testing::media::{probe, thumbnails};
use serde_json::Value;

use super::folder;
use crate::corpus::files;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

const TABLE: &str = include_str!("../../data/images.tsv");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().skip(1).map(|line| line.split('\t').collect())
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder("images").join(name)).unwrap()
}

/// Whether this build lacks the decoder that a feature adds.
fn is_left_out(feature: &str) -> bool {
    let left_out = [
        ("avif", cfg!(not(feature = "avif"))),
        ("heic", cfg!(not(feature = "heic"))),
        ("jxl-jp2", cfg!(not(feature = "jxl-jp2"))),
    ];
    left_out.contains(&(feature, true))
}

/// A thumbnail that every sample is larger than.
fn small() -> ThumbnailConfig {
    let config = Config::parse("[[thumbnail]]\nname = \"small\"\nwidth = 8\n", "offprint.toml".as_ref()).unwrap();
    config.thumbnail.into_iter().next().unwrap()
}

#[test]
fn the_table_has_every_image() {
    let files: Vec<_> = files(&folder("images"));
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, rows().map(|row| row[0]).collect::<Vec<_>>());
}

#[test]
fn images_are_what_the_table_says_and_have_thumbnails_where_it_says() {
    let (limits, size) = (Config::default().media, small());
    let mut found = String::new();
    for row in rows() {
        let bytes = read(row[0]);
        let asset = probe(&bytes, &limits);
        let made = thumbnails(&bytes, &asset, std::slice::from_ref(&size), &limits).sizes.remove(0);
        let thumbnail = match &made {
            Ok(_) if row[5] != "no" => row[5],
            Ok(_) => "yes",
            Err(_) if is_left_out(row[5]) => row[5],
            Err(_) => "no",
        };
        let (kind, frames, orientation) = (asset.media_type.as_str(), asset.frames, asset.orientation);
        let (width, height) = (asset.width, asset.height);
        writeln!(found, "{}\t{kind}\t{width}x{height}\t{frames}\t{orientation}\t{thumbnail}", row[0]).unwrap();
    }
    let expected: String = rows().map(|row| row[..6].join("\t") + "\n").collect();
    assert_eq!(found, expected);
}

/// Every image is kept as it came or refused for its reason, and what is not decoded never stops the article.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_each_image_or_gives_its_reason() {
    let site = rows().fold(Site::new(), |site, row| {
        site.on(&format!("/{}", row[0]), Behaviour::serve(Content::new("image/x-any", read(row[0]))))
    });
    let (origin, sandbox) = (Origin::start(site).unwrap(), Sandbox::new());
    sandbox.settings("retries = 0\n[[thumbnail]]\nname = \"small\"\nwidth = 8\n");
    let line = |row: Vec<&str>| format!("![]({})\n", origin.url(&format!("/{}", row[0])));
    sandbox.write("posts/a.md", rows().map(line).collect::<String>());
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["failed"], 0);
    let reason = |name: &str| {
        let failures = report["failures"].as_array().unwrap();
        let failure = failures.iter().find(|failure| failure["url"] == origin.url(&format!("/{name}")).as_str());
        failure.map_or("kept", |failure| failure["reason"].as_str().unwrap()).to_owned()
    };
    let found: Vec<_> = rows().map(|row| (row[0], reason(row[0]))).collect();
    let expected: Vec<_> = rows().map(|row| (row[0], row[6].to_owned())).collect();
    assert_eq!(found, expected);
    let kept = sandbox.digests("store/blobs/sha256").into_values().collect::<Vec<_>>();
    for row in rows().filter(|row| row[6] == "kept") {
        assert!(kept.contains(&offprint::Digest::of(&read(row[0]))), "{}", row[0]);
    }
    let thumbnails = rows().filter(|row| row[5] == "yes" && row[6] == "kept").count();
    assert!(report["thumbnails"]["made"].as_u64() >= Some(thumbnails as u64), "{report:#}");
    assert_eq!(sandbox.json(&["verify"])["findings"], Value::Array(Vec::new()));
}
