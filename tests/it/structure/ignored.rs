//! Why tests are ignored: each says so in one of three ways, and its path says it again, so that `.ci/run` can choose by
//! name. A test that cannot be run here is never reported as passed.

use std::path::Path;

use crate::corpus::files;

/// What a test may need, and the word of it in the test's path.
const NEEDS: [(&str, &str); 19] = [
    ("the corpus", "corpus"),
    ("Chromium", "chromium"),
    ("axe-core", "axe_core"),
    ("w3m", "w3m"),
    ("vnu", "vnu_html"),
    ("Hexo", "hexo"),
    ("Hugo", "hugo"),
    ("vips", "vips"),
    ("a font of Chinese, Japanese and Korean", "cjk_font"),
    ("file(1)", "file_1"),
    ("pywb", "pywb"),
    ("feedparser", "feedparser"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("script(1)", "script_1"),
    ("root", "as_root"),
    ("loop devices", "loop_device"),
    ("FUSE", "fuse_disk"),
    ("the generators", "generators"),
];

/// The other reasons, and their words.
const OTHERS: [(&str, &str); 2] = [("measurement: ", "measurement"), ("in its own process: ", "in_its_own_process")];

/// The words that the path of a test has to have; none where its reason is not one of the known ones.
fn words(reason: &str) -> Vec<&'static str> {
    if let Some(needed) = reason.strip_prefix("needs ") {
        return NEEDS.iter().filter(|(name, _)| needed.contains(name)).map(|(_, word)| *word).collect();
    }
    OTHERS.iter().filter(|(start, _)| reason.starts_with(start)).map(|(_, word)| *word).collect()
}

/// The ignored tests of a file: their reasons and paths.
fn ignored(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    let place = file.with_extension("").display().to_string();
    let parts = text.split("#[ignore").skip(1);
    let read = |part: &str| {
        let reason =
            part.strip_prefix(" = \"").and_then(|rest| rest.split_once("\"]")).map_or("", |(reason, _)| reason);
        let name = part.split_once("fn ").map_or("", |(_, rest)| rest.split('(').next().unwrap_or(""));
        (reason.to_owned(), format!("{place}/{name}"))
    };
    parts.map(read).collect()
}

fn sources() -> impl Iterator<Item = std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ["src", "tests/it"].into_iter().flat_map(|folder| files(&root.join(folder)));
    all.filter(|file| file.extension().is_some_and(|ending| ending == "rs") && !file.ends_with("ignored.rs"))
}

#[test]
fn every_ignored_test_has_a_known_reason_and_its_word_in_its_path() {
    let mut count = 0;
    for (reason, path) in sources().flat_map(|file| ignored(&file)) {
        let words = words(&reason);
        assert!(!words.is_empty(), "{path} is ignored because of {reason:?}, which is no known reason");
        for word in words {
            assert!(path.contains(word), "{path}: {reason:?} asks for the word {word:?} in its path");
        }
        count += 1;
    }
    assert!(count > 30, "{count} ignored tests were read");
}

#[test]
fn continuous_integration_knows_every_word() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
    let script = std::fs::read_to_string(script).expect("the script can be read");
    for (_, word) in NEEDS.iter().chain(&OTHERS) {
        let left_out = [format!("without {word} "), format!("--skip {word}")];
        assert!(left_out.iter().any(|text| script.contains(text)), "{word}");
    }
}
