//! One word for one thing: names and prose use the words of the design, or else the standard terms of the field.

use std::path::Path;

use crate::corpus::files;

/// Words that once stood for something, with what stands for it now; and the folders where they mean something else.
const REPLACED: [(&[&str], &str, &[&str]); 17] = [
    (&["told", "tell", "tells", "telling", "heard", "hear", "hears"], "print, report, say", &[]),
    (&["rung", "rungs", "ladder", "climb", "climbed"], "strategy, fallback order", &[]),
    (&["twin", "twins", "displacing", "displaced"], "URLs sharing a blob; placeholder", &[]),
    (&["inquire", "inquiry", "inquiries"], "probe", &[]),
    (&["rehearse", "rehearsal", "rehearsing", "foretold"], "dry run, plan", &[]),
    (&["settle", "settles", "settlement"], "complete, result", &[]),
    (&["workshop"], "decode pool", &[]),
    (&["kinship", "likeness"], "similarity, duplicate group", &[]),
    (&["healer", "healed", "remade"], "restored, regenerated", &[]),
    (&["localise", "localised"], "rewrite, mirror", &[]),
    (&["forestall", "forestalled"], "conflict", &[]),
    (&["conversation", "conversations"], "exchange", &[]),
    (&["gazette", "newsroom"], "demo", &["src/demo", "tests/it/web/demo_server.rs"]),
    (&["thumbnailer"], "thumbnail version", &[]),
    (&["decisive"], "request settings", &[]),
    (&["suspect", "suspects", "suspected"], "candidate", &[]),
    // The element, keys of front matter and shortcodes, and how the demo's articles are written.
    (
        &["picture", "pictures"],
        "image",
        &[
            "src/extract",
            "src/rewrite",
            "src/demo",
            "src/media/decode/avif",
            "tests/it/extract",
            "tests/it/hostile_articles",
            "tests/it/properties",
            "tests/it/recall",
            "README.md",
            "CONTRIBUTING.md",
        ],
    ),
];

/// The words of a text, in small letters; parts of names are words, too.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The replaced words in a text of this path, each with its line.
fn found(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in words(line) {
            let replaced = REPLACED.iter().find(|(words, _, _)| words.contains(&word.as_str()));
            let Some((_, instead, places)) = replaced else { continue };
            if !places.iter().any(|place| path.starts_with(place)) {
                found.push(format!("{path}:{}: {word:?}; write {instead}", number + 1));
            }
        }
    }
    found
}

/// The texts that the project is written in, by their paths.
fn texts() -> impl Iterator<Item = (String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = ["src", "tests/it", "docs", "examples", "benches"].into_iter();
    let below = below.flat_map(move |folder| files(&root.join(folder)));
    let alone = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "config.toml", "tests/README.md", "store/README.md"];
    let all = below.chain(alone.map(|name| root.join(name)));
    let is_text =
        |path: &Path| path.extension().is_some_and(|ending| ["rs", "md", "toml"].iter().any(|it| ending == *it));
    all.filter(move |path| {
        is_text(path) && !path.ends_with("structure/words.rs") && !path.starts_with(root.join("src/demo/posts"))
    })
    .map(move |path| {
        let name = path.strip_prefix(root).expect("it lies below").display().to_string();
        (name, std::fs::read_to_string(&path).expect("a text can be read"))
    })
}

#[test]
fn no_replaced_word_comes_back() {
    let mut read = 0;
    let wrong: Vec<_> = texts().inspect(|_| read += 1).flat_map(|(path, text)| found(&path, &text)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read > 500, "{read} texts were read");
}

#[test]
fn words_are_found_in_names_and_prose() {
    let of = |path: &str, text: &str| found(path, text).len();
    assert_eq!(of("src/a.rs", "fn what_is_told() {} // Nobody Tells."), 2);
    assert_eq!(of("src/a.rs", "tellurium, settled, retold"), 0, "parts of words are other words");
    assert_eq!((of("src/a.rs", "<picture>"), of("src/extract/a.rs", "<picture>")), (1, 0));
    assert!(found("src/a.rs", "x\ny rung")[0].starts_with("src/a.rs:2: \"rung\"; write strategy"));
}
