//! Every image of the corpus.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use offprint::testing::config::Fit;
use offprint::testing::media::{MediaError, Renditions, sniff};
use offprint::testing::model::{Asset, MediaType};

use super::{make, size};
use crate::corpus::{corpus, files, needs, say, some};

/// What offprint makes of one file.
struct Row {
    path: PathBuf,
    asset: Asset,
    made: Renditions,
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn every_image_of_the_corpus_gives_a_thumbnail_or_a_reason() {
    let folder = corpus("images");
    let rows: Vec<Row> = some(files(&folder), 4).into_iter().map(row).collect();
    say_table(&rows);
    let panicked = |row: &&Row| matches!(row.made.sizes[0], Err(MediaError::Panicked(_)));
    let panics: Vec<&PathBuf> = rows.iter().filter(panicked).map(|row| &row.path).collect();
    assert_eq!(panics, Vec::<&PathBuf>::new(), "decoders panicked");
}

fn row(path: PathBuf) -> Row {
    let bytes = std::fs::read(&path).expect("the corpus can be read");
    let (asset, mut made) = make(&bytes, &[size(480, 480, Fit::Inside), size(160, 160, Fit::Cover)]);
    // Only whether they are there counts here; a thousand thumbnails are not to be held in memory.
    for rendition in made.sizes.iter_mut().flatten() {
        assert!(!rendition.bytes.is_empty());
        rendition.bytes = Vec::new();
    }
    Row { path, asset, made }
}

/// How many of each type have a thumbnail, and why the others have none.
fn say_table(rows: &[Row]) {
    let mut table = BTreeMap::<MediaType, (u32, u32)>::new();
    for row in rows {
        let (seen, good) = table.entry(row.asset.media_type).or_default();
        *seen += 1;
        match &row.made.sizes[0] {
            Ok(_) => *good += 1,
            Err(error) => say(&format!("{:?}, no thumbnail: {error}: {}", row.asset.media_type, row.path.display())),
        }
    }
    for (kind, (seen, good)) in &table {
        say(&format!("{kind:?}: {good} of {seen} have a thumbnail"));
    }
}

/// No type that both know is taken for another one.
#[test]
#[ignore = "needs file(1) and the corpus (OFFPRINT_CORPUS)"]
fn types_of_the_corpus_are_those_of_file_1() {
    needs("file");
    let folder = corpus("images");
    let paths = files(&folder);
    let ran = Command::new("file").args(["--brief", "--mime-type", "--"]).args(&paths).output().expect("file runs");
    let theirs = String::from_utf8(ran.stdout).expect("types are ASCII");
    let ours = paths.iter().map(|path| sniff(&std::fs::read(path).expect("the corpus can be read")));
    let both = paths.iter().zip(ours).zip(theirs.lines());
    let differs: Vec<_> = both
        .filter(|((_, ours), theirs)| !same_type(*ours, theirs) && !is_known_to_one_only(*ours, theirs))
        .map(|((path, ours), theirs)| format!("{ours:?}, where file says {theirs}: {}", path.display()))
        .collect();
    assert!(paths.len() > 500, "{} files", paths.len());
    assert!(differs.is_empty(), "{differs:#?}");
}

/// Whether `file` means the same type. It has names for types that offprint does not distinguish.
fn same_type(ours: MediaType, theirs: &str) -> bool {
    match ours {
        MediaType::Bmp => matches!(theirs, "image/bmp" | "image/x-ms-bmp"),
        MediaType::Wav => theirs == "audio/x-wav",
        MediaType::Svgz => theirs == "application/gzip",
        MediaType::Jp2 => matches!(theirs, "image/jp2" | "image/x-jp2-codestream"),
        other => theirs == other.mime(),
    }
}

/// Whether one of the two has no name for the type, or `file` is known to be wrong: it takes a drawing with a comment
/// before its root for HTML, and an icon for a Targa.
fn is_known_to_one_only(ours: MediaType, theirs: &str) -> bool {
    const BOTH: [&str; 9] = [
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/tiff",
        "image/bmp",
        "image/svg+xml",
        "image/jxl",
    ];
    match ours {
        MediaType::Svg => theirs == "text/html",
        MediaType::Ico => theirs == "image/x-tga",
        other => !other.is_image() && !BOTH.contains(&theirs),
    }
}
