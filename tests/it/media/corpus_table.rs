//! Every picture of the corpus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use offprint::config::Fit;
use offprint::media::{MediaError, Renditions};
use offprint::model::{Asset, MediaType};

use super::{make, size};
use crate::corpus::{corpus, files, say};

/// What offprint makes of one file.
struct Row {
    path: PathBuf,
    asset: Asset,
    made: Renditions,
}

#[test]
fn every_picture_of_the_corpus_gives_a_thumbnail_or_a_reason() {
    let Some(folder) = corpus("images") else { return };
    let rows: Vec<Row> = files(&folder).into_iter().map(row).collect();
    say_table(&rows);
    say_types(&rows, &folder);
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

/// The types that `file` sees differently.
fn say_types(rows: &[Row], folder: &Path) {
    let paths = rows.iter().map(|row| &row.path);
    let Ok(output) = Command::new("file").args(["--brief", "--mime-type", "--"]).args(paths).output() else {
        return say("not run: file(1) is not here to compare types with");
    };
    let theirs = String::from_utf8_lossy(&output.stdout);
    let differs = rows.iter().zip(theirs.lines()).filter(|(row, theirs)| !same_type(row.asset.media_type, theirs));
    let mut count = 0;
    for (row, theirs) in differs {
        count += 1;
        let name = row.path.strip_prefix(folder).unwrap_or(&row.path).display();
        say(&format!("{:?}, where file says {theirs}: {name}", row.asset.media_type));
    }
    say(&format!("{count} of {} types differ from file's", rows.len()));
}

/// Whether `file` means the same type. It has names for types that offprint does not tell apart.
fn same_type(ours: MediaType, theirs: &str) -> bool {
    match ours {
        MediaType::Bmp => matches!(theirs, "image/bmp" | "image/x-ms-bmp"),
        MediaType::Wav => theirs == "audio/x-wav",
        MediaType::Jp2 => matches!(theirs, "image/jp2" | "image/x-jp2-codestream"),
        other => theirs == other.mime(),
    }
}
