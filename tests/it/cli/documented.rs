//! What the documentation says is what the program has, and the other way round.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use offprint::testing::config::{Config, DEFAULTS};
use offprint::testing::model::Reason;

use super::COMMANDS;
use crate::corpus::files;
use crate::sandbox::Sandbox;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The words between backticks in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of the rows of the table under a heading.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The long options that a help text offers, each at the start of its line.
fn options(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = lines.filter_map(|line| line.split([' ', '=', '[', ',']).find(|word| word.starts_with("--")));
    words.map(|word| word.trim_end_matches('.').to_owned()).collect()
}

#[test]
fn every_command_and_option_is_documented_and_nothing_else() {
    let (page, sandbox) = (read("docs/reference.md"), Sandbox::new());
    let global: BTreeSet<_> = table(&page, "Options of every command")
        .iter()
        .flat_map(|row| quoted(row[0]).filter(|word| word.starts_with("--")).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let documented: BTreeMap<String, BTreeSet<String>> = table(&page, "Commands")
        .iter()
        .map(|row| {
            let command = quoted(row[0]).next().unwrap().strip_prefix("offprint ").unwrap();
            let own = if row.len() == 3 { row[1] } else { "" };
            (command.to_owned(), quoted(own).map(str::to_owned).collect())
        })
        .collect();
    let offered: BTreeMap<String, BTreeSet<String>> = COMMANDS
        .iter()
        .map(|command| {
            let all = options(&sandbox.run(&[command, "--help"]).expect(0).stdout);
            assert!(all.is_superset(&global), "{command} lacks one of {global:?}");
            ((*command).to_owned(), all.difference(&global).cloned().collect())
        })
        .collect();
    assert_eq!(documented, offered);
}

/// The commands of `--help`, against the list that the tests go by.
#[test]
fn no_command_is_left_out_of_the_tests() {
    let help = Sandbox::new().run(&["--help"]).expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next());
    let listed: BTreeSet<_> = names.filter(|name| *name != "help").collect();
    let known: BTreeSet<_> = COMMANDS.into_iter().collect();
    assert_eq!(listed, known);
}

#[test]
fn every_reason_is_documented_and_nothing_else() {
    let known: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let page = read("docs/reference.md");
    let rows = table(&page, "Reasons");
    assert_eq!(rows.iter().flat_map(|row| quoted(row[0])).collect::<BTreeSet<_>>(), known);
    let readme = read("README.md");
    let rows = table(&readme, "How responses are validated");
    assert_eq!(rows.iter().flat_map(|row| quoted(row[0])).collect::<BTreeSet<_>>(), known, "README");
}

/// The settings of the shipped file, as `section.key`.
fn settings() -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in DEFAULTS.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_start_matches('[').split(']').next().unwrap();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            found.insert(if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") });
        }
    }
    found
}

/// Each key of the shipped file, alone with its default, is a setting of the program; without its last letter it is
/// none, and the right one is named.
#[test]
fn every_key_of_the_shipped_file_is_a_setting() {
    let all = settings();
    assert!(all.len() > 80, "{all:?}");
    let lists = ["source", "thumbnail", "fetch.host"];
    for name in &all {
        let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
        let header = match section {
            "" => String::new(),
            list if lists.contains(&list) => format!("[[{list}]]\n"),
            table => format!("[{table}]\n"),
        };
        let wrong = format!("{header}{key}x = 1\n");
        let refusal = Config::parse(&wrong, Path::new("a.toml")).unwrap_err().to_string();
        assert!(refusal.contains(&format!("did you mean `{key}`?")), "{name}: {refusal}");
    }
}

/// Where a document names a setting, it exists.
#[test]
fn every_setting_that_the_documents_name_exists() {
    let all = settings();
    let sections: BTreeSet<_> = all.iter().filter_map(|name| name.split('.').next()).collect();
    let mut count = 0;
    let docs = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs"));
    let docs = docs.iter().map(|file| std::fs::read_to_string(file).unwrap());
    for text in docs.chain(["README.md", "store/README.md"].map(read)) {
        for name in quoted(&text).filter_map(|word| word.split([' ', '=']).next()) {
            let Some((section, key)) = name.split_once('.') else { continue };
            let is_setting = sections.contains(section) && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let is_file = ["toml", "rs", "db", "md"].contains(&key);
            if is_setting && !is_file {
                assert!(all.contains(name), "`{name}` is no setting");
                count += 1;
            }
        }
    }
    assert!(count >= 8, "{count} settings are named");
}

#[test]
fn the_manual_page_of_the_settings_has_every_key() {
    let sandbox = Sandbox::new();
    sandbox.run(&["man", "--out", "man"]).expect(0);
    let page = sandbox.text("man/offprint.toml.5");
    for name in settings() {
        let key = name.rsplit('.').next().unwrap();
        assert!(page.contains(&format!("\\fB{key}\\fR")), "{name}");
    }
}

#[test]
fn local_links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/architecture.md",
        "docs/publishing.md",
        "docs/received.md",
        "docs/reference.md",
        "docs/report.md",
        "tests/README.md",
    ] {
        let text = read(name);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            assert!(root.join(name).parent().unwrap().join(link).exists(), "{name} links to {link}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} links");
}

/// Where the page about the code names a file of it, the file is there.
#[test]
fn the_architecture_names_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = read("docs/architecture.md");
    let named: Vec<_> =
        quoted(&page).filter(|word| word.contains('/') && word.rsplit('.').next() == Some("rs")).collect();
    for name in &named {
        assert!(root.join("src").join(name).exists() || root.join(name).exists(), "{name}");
    }
    assert!(named.len() > 30, "{} files are named", named.len());
}
