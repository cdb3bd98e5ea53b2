//! The files of a source by their names, for embeds of wikis, which name a file in any folder.

use std::collections::HashMap;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::archive::rules::path_key;

/// The files of a folder, by their names in lower case and composed form. Wikis do not distinguish these.
#[derive(Debug)]
pub(super) struct Names(HashMap<String, Vec<Named>>);

/// A file. Each embed of its name is compared with it, so what that takes is at hand.
#[derive(Debug)]
struct Named {
    path: String,
    key: String,
    composed: String,
}

impl Names {
    /// The names of files, by their paths within the folder.
    pub(super) fn of(paths: impl Iterator<Item = String>) -> Self {
        let mut names: HashMap<_, Vec<_>> = HashMap::new();
        for path in paths {
            let file = Named { key: path_key(&path), composed: composed(&path), path };
            names.entry(key(&file.path)).or_default().push(file);
        }
        Self(names)
    }

    /// The file that an embed in the article at `path` names: its last folders must be those of the embed. Of several,
    /// the one with the same spelling, then the nearest to the article, then the one with the shortest path.
    pub(super) fn find(&self, path: &str, embed: &str) -> Option<&str> {
        let (wanted, spelled) = (path_key(embed), composed(embed));
        let ends = |found: &&Named| {
            let folders = found.key.strip_suffix(&wanted);
            folders.is_some_and(|folders| folders.is_empty() || folders.ends_with('/'))
        };
        let rank = |Named { path: found, composed, .. }: &Named| {
            (!composed.ends_with(&spelled), std::cmp::Reverse(shared(path, found)), found.len())
        };
        let nearest = |one: &&Named, other: &&Named| (rank(one), &one.path).cmp(&(rank(other), &other.path));
        self.0.get(&key(embed))?.iter().filter(ends).min_by(nearest).map(|found| found.path.as_str())
    }
}

/// What the last part of a path is known by.
fn key(path: &str) -> String {
    path_key(path.rsplit('/').next().unwrap_or(path))
}

/// How many folders two paths share from the start.
fn shared(one: &str, other: &str) -> usize {
    let folders = |path: &str| path.bytes().filter(|byte| *byte == b'/').count();
    let within = folders(one).min(folders(other));
    one.split('/').zip(other.split('/')).take(within).take_while(|(a, b)| a == b).count()
}

/// Unicode's composed form.
pub fn composed(name: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(files: &[&str], path: &str, embed: &str) -> Option<String> {
        Names::of(files.iter().map(|file| (*file).to_owned())).find(path, embed).map(str::to_owned)
    }

    #[test]
    fn an_embed_finds_its_file_by_name_wherever_it_lies() {
        let files = ["img/deep/shot.png", "img/shot.png", "notes/a/Shot.PNG", "notes/b/shot.png", "x/caf\u{e9}.png"];
        for (path, embed, expected) in [
            ("a.md", "shot.png", Some("img/shot.png")),
            ("a.md", "deep/shot.png", Some("img/deep/shot.png")),
            ("a.md", "b/shot.png", Some("notes/b/shot.png")),
            ("notes/b/n.md", "shot.png", Some("notes/b/shot.png")),
            ("notes/a/n.md", "Shot.PNG", Some("notes/a/Shot.PNG")),
            ("a.md", "SHOT.png", Some("img/shot.png")),
            ("a.md", "cafe\u{301}.png", Some("x/caf\u{e9}.png")),
            ("a.md", "hot.png", None),
            ("a.md", "c/shot.png", None),
        ] {
            assert_eq!(find(&files, path, embed).as_deref(), expected, "{embed} in {path}");
        }
    }
}
