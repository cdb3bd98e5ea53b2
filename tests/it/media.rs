//! Pictures: what they are, and smaller renditions of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use offprint::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::media::{MediaError, Renditions, probe, thumbnails};
use offprint::model::{Asset, MediaType};

use crate::corpus::{corpus, files, say};

/// The limits that the memory figures are claimed for.
fn limits() -> MediaConfig {
    MediaConfig {
        max_pixels: 100_000_000,
        max_side: 65_500,
        max_alloc: Size(200 << 20),
        max_frames: 1000,
        max_time: std::time::Duration::from_secs(20),
        threads: 1,
        min_side: 3,
    }
}

fn size(width: u32, height: u32, fit: Fit) -> ThumbnailConfig {
    ThumbnailConfig {
        name: "test".to_owned(),
        width,
        height,
        fit,
        format: ThumbnailFormat::Auto,
        quality: 80,
        animation: Animation::Still,
    }
}

fn make(bytes: &[u8], sizes: &[ThumbnailConfig]) -> (Asset, Renditions) {
    let asset = probe(bytes, &limits());
    let made = thumbnails(bytes, &asset, sizes, &limits());
    (asset, made)
}

/// What `file` calls each type, where it has one name for it.
fn same_type(ours: MediaType, theirs: &str) -> bool {
    let ours = match ours {
        MediaType::Bmp => return matches!(theirs, "image/bmp" | "image/x-ms-bmp"),
        MediaType::Wav => "audio/x-wav",
        other => other.mime(),
    };
    ours == theirs
}

/// What `file` makes of many files, by name.
fn judged_by_file(paths: &[std::path::PathBuf]) -> Option<Vec<String>> {
    let output = Command::new("file").args(["--brief", "--mime-type", "--"]).args(paths).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

#[test]
fn every_picture_of_the_corpus_gives_a_thumbnail_or_a_reason() {
    let Some(folder) = corpus("images") else { return };
    let paths = files(&folder);
    let theirs = judged_by_file(&paths);
    let sizes = [size(480, 480, Fit::Inside), size(160, 160, Fit::Cover)];
    let (mut table, mut reasons, mut panics) =
        (BTreeMap::<_, (u32, u32)>::new(), BTreeMap::<_, u32>::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).expect("the corpus can be read");
        let (asset, made) = make(&bytes, &sizes);
        let row = table.entry(asset.media_type).or_default();
        row.0 += 1;
        match &made.sizes[0] {
            Ok(_) => row.1 += 1,
            Err(error) => {
                *reasons.entry(format!("{:?}: {error}", asset.media_type)).or_default() += 1;
                report(path, &folder, error);
                if matches!(error, MediaError::Panicked(_)) {
                    panics.push(path);
                }
            }
        }
        if let Some(theirs) =
            theirs.as_ref().map(|theirs| &theirs[index]).filter(|theirs| !same_type(asset.media_type, theirs))
        {
            say(&format!("type\t{:?}\t{theirs}\t{}", asset.media_type, path.strip_prefix(&folder).unwrap().display()));
        }
    }
    for (kind, (seen, good)) in &table {
        say(&format!("{kind:?}: {good} of {seen} have a thumbnail"));
    }
    assert_eq!(panics, Vec::<&std::path::PathBuf>::new());
    if let Some(peak) = peak_memory() {
        say(&format!("peak memory {} MB", peak / 1_000_000));
    }
}

fn report(path: &Path, folder: &Path, error: &MediaError) {
    say(&format!("no thumbnail\t{error}\t{}", path.strip_prefix(folder).unwrap_or(path).display()));
}

/// The most memory this process ever had, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
