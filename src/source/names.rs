//! The files of a source by their names, for embeds of wikis, which name a file in any folder.

use std::collections::HashMap;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::archive::rules::path_key;

/// The files of a folder, by their names in lower case and composed form. Wikis do not distinguish these.
#[derive(Debug)]
pub(super) struct Names(HashMap<String, Vec<String>>);

impl Names {
    /// The names of files, by their paths within the folder.
    pub(super) fn of(paths: impl Iterator<Item = String>) -> Self {
        let mut names: HashMap<_, Vec<_>> = HashMap::new();
        for path in paths {
            names.entry(key(&path)).or_default().push(path);
        }
        Self(names)
    }

    /// The file that an embed in the article at `path` names: its last folders must be those of the embed. Of several,
    /// the one with the same spelling, then the nearest to the article, then the one with the shortest path.
    pub(super) fn find(&self, path: &str, embed: &str) -> Option<&str> {
        let wanted = path_key(embed);
        let ends = |found: &&String| {
            let found = path_key(found);
            found == wanted || found.ends_with(&format!("/{wanted}"))
        };
        let rank = |found: &&String| {
            let is_other = !composed(found).ends_with(&composed(embed));
            (is_other, std::cmp::Reverse(shared(path, found)), found.len(), (*found).clone())
        };
        self.0.get(&key(embed))?.iter().filter(ends).min_by_key(rank).map(String::as_str)
    }
}

/// What the last part of a path is known by.
fn key(path: &str) -> String {
    path_key(path.rsplit('/').next().unwrap_or(path))
}

/// How many folders two paths share from the start.
fn shared(one: &str, other: &str) -> usize {
    let folders = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (folders(one), folders(other));
    let within = one.len().min(other.len()).saturating_sub(1);
    one.iter().zip(&other).take(within).take_while(|(a, b)| a == b).count()
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
