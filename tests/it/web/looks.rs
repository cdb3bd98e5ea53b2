//! The looks of the pages: contrast, nothing inline or from elsewhere in templates and styles, labels for what is filled in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const STYLE: &str = include_str!("../../../src/web/assets/style.css");
const KEYS: &str = include_str!("../../../src/web/assets/keys.js");

/// The colours of a scheme: those that are defined after a line of the style sheet.
fn colors(after: &str) -> BTreeMap<&'static str, [f64; 3]> {
    let start = STYLE.find(after).unwrap();
    let block = STYLE[start..].split('}').next().unwrap();
    let color = |line: &'static str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
        let hex = value.trim_end_matches(';');
        let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        Some((name, [channel(0), channel(2), channel(4)]))
    };
    block.lines().filter_map(color).collect()
}

/// The relative luminance of a colour (WCAG 2.2).
fn luminance(color: [f64; 3]) -> f64 {
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2])
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_stands_out_from_what_is_behind_it_in_both_schemes() {
    for scheme in ["\n:root {", "@media (prefers-color-scheme: dark) {"] {
        let colors = colors(scheme);
        for text in ["ink", "soft", "accent", "mark"] {
            for behind in ["paper", "sheet"] {
                let found = contrast(colors[text], colors[behind]);
                assert!(found >= 4.5, "{text} on {behind} of {scheme}: {found:.2}");
            }
        }
        for behind in ["old", "new"] {
            let found = contrast(colors["ink"], colors[behind]);
            assert!(found >= 4.5, "text on {behind} of {scheme}: {found:.2}");
        }
        let button = contrast(colors["sheet"], colors["accent"]);
        assert!(button >= 4.5, "a button of {scheme}: {button:.2}");
    }
}

#[test]
fn contrast_is_that_of_the_standard() {
    let (black, white, gray) = ([0.0; 3], [1.0; 3], [118.0 / 255.0; 3]);
    assert!((contrast(black, white) - 21.0).abs() < 0.01);
    assert!((contrast(white, gray) - 4.54).abs() < 0.01);
    assert!((contrast(gray, gray) - 1.0).abs() < 0.01);
}

#[test]
fn the_style_sheet_loads_nothing_and_serves_every_reader() {
    for never in ["url(", "@import", "http:", "https:", "expression("] {
        assert!(!STYLE.contains(never), "{never}");
    }
    for needed in [
        "prefers-color-scheme: dark",
        "prefers-reduced-motion",
        "forced-colors: active",
        "@media print",
        ":focus-visible",
        "max-width: 40rem",
        "Noto Serif CJK SC",
        "overflow-wrap: anywhere",
    ] {
        assert!(STYLE.contains(needed), "{needed}");
    }
    assert_eq!(STYLE.matches('{').count(), STYLE.matches('}').count());
}

#[test]
fn keys_only_follow_links() {
    for never in ["innerHTML", "eval(", "fetch(", "XMLHttpRequest", "document.write", "localStorage", "cookie"] {
        assert!(!KEYS.contains(never), "{never}");
    }
    for key in ["\"j\"", "\"k\"", "\"ArrowRight\"", "\"ArrowLeft\"", "\"Escape\"", "\"/\"", "\"?\""] {
        assert!(KEYS.contains(key), "{key}");
    }
    for modifier in ["ctrlKey", "metaKey", "altKey"] {
        assert!(KEYS.contains(modifier), "keys with {modifier} are the browser's");
    }
    assert!(KEYS.contains("input, select, textarea"), "fields keep their keys");
}

/// The templates, by name.
fn templates() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |file: std::path::PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(file).unwrap())
    };
    files.map(read).collect()
}

#[test]
fn templates_have_nothing_inline_and_leave_out_no_escape() {
    let all = templates();
    assert!(all.len() > 10);
    for (name, text) in all {
        for never in ["style=", " onclick", " onload", "<style", "javascript:", "{% raw", "target="] {
            // The frame of the same page, which may do nothing, is no other window.
            let text = text.replace("target=\"article\"", "");
            assert!(!text.contains(never), "{name}: {never}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/"), "{name}: {script}");
        }
        for (at, _) in text.match_indices("|safe") {
            let expression = text[..at].rsplit("{{").next().unwrap().trim();
            let is_moment = expression.ends_with(".html()") || expression.ends_with(".day()");
            assert!(is_moment, "{name}: only moments need no escape, and not {expression}");
        }
        for link in text.split("rel=\"noreferrer").skip(1) {
            assert!(link.starts_with(" noopener nofollow\""), "{name}: {link}");
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for (name, text) in templates() {
        for field in ["<input", "<select"] {
            for (at, _) in text.match_indices(field) {
                let before = &text[..at];
                let (opened, closed) = (before.rfind("<label"), before.rfind("</label"));
                assert!(opened > closed, "{name}: a field stands outside of a label: {}", &text[at..at + 40]);
            }
        }
        for (at, _) in text.match_indices("<nav") {
            let tag = text[at..].split('>').next().unwrap();
            assert!(tag.contains("aria-label="), "{name}: {tag}");
        }
        for (at, _) in text.match_indices("<iframe") {
            let tag = text[at..].split('>').next().unwrap();
            assert!(tag.contains(" sandbox tabindex=\"0\" title="), "{name}: {tag}");
            assert!(!tag.contains("allow-"), "{name}: a frame may do nothing: {tag}");
        }
    }
}
