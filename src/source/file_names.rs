//! The names of files that are made: of posts and pages.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::model::{Digest, RelativePath};

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;
/// Bytes left for the suffix that distinguishes two files of one name.
const ROOM: usize = 24;
/// The number of names with a number; after them come those with a part of the identity's digest.
const NUMBERED: usize = 20;
/// Names that Windows keeps for devices.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The names that a file may have, the best first. Every file system accepts all of them.
#[derive(Debug)]
pub(super) struct Names {
    folder: String,
    stem: String,
    extension: String,
    identity: Digest,
    tried: usize,
}

impl Names {
    /// Names for a file in folders, the outermost first, by its title.
    pub(super) fn new(folders: &[String], title: &str, extension: &str, identity: Digest) -> Self {
        let stem = part(title, LONGEST - ROOM - extension.len());
        let stem = if stem.is_empty() { "untitled".to_owned() } else { stem };
        Self { folder: folder(folders), stem, extension: extension.to_owned(), identity, tried: 0 }
    }

    /// The same names, in a folder that no name of a category or a page can have.
    pub(super) fn below(mut self, folder: &str) -> Self {
        self.folder.insert_str(0, folder);
        self
    }

    /// The same names, with something after their stems.
    pub(super) fn with_suffix(mut self, suffix: &str) -> Self {
        self.stem.push_str(suffix);
        self
    }
}

impl Iterator for Names {
    type Item = RelativePath;

    fn next(&mut self) -> Option<RelativePath> {
        self.tried += 1;
        let (stem, extension) = (&self.stem, &self.extension);
        let file = match self.tried {
            1 => format!("{stem}.{extension}"),
            number if number <= NUMBERED => format!("{stem} {number}.{extension}"),
            number if number == NUMBERED + 1 => {
                format!("{stem} {}.{extension}", &self.identity.to_string()[..16])
            }
            _ => return None,
        };
        RelativePath::new(format!("{}{file}", self.folder)).ok()
    }
}

/// The folder within these: empty, or with a slash at its end.
fn folder(folders: &[String]) -> String {
    let parts = folders.iter().map(|folder| part(folder, LONGEST)).filter(|part| !part.is_empty());
    parts.fold(String::new(), |folder, part| folder + &part + "/")
}

/// Generators and shells ignore files whose names begin so: Hexo and Jekyll those with `_` and `.`, Hugo those with
/// `#`.
const HIDING: [char; 6] = ['.', '_', '~', '-', '#', ' '];

/// A text as one part of a path. Characters that some file system or generator refuses are replaced by `_`, blanks are
/// single, and no character at its ends would hide it or be dropped. Hexo decodes `%`, and fails if that is not
/// possible.
fn part(text: &str, longest: usize) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let allowed = composed.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' => '_',
        c if c.is_control() || c.is_whitespace() => ' ',
        c => c,
    });
    let line = allowed.collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut name = line.trim_start_matches(HIDING).to_owned();
    let base = name.split('.').next().unwrap_or_default();
    if DEVICES.contains(&base.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase().as_str()) {
        name.insert(base.len(), '_');
    }
    while name.len() > longest {
        name.pop();
    }
    name.trim_end_matches(['.', ' ']).to_owned()
}

/// Characters that are invisible, or turn the direction of others.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(categories: &[&str], title: &str) -> Names {
        let categories: Vec<_> = categories.iter().map(|name| (*name).to_owned()).collect();
        Names::new(&categories, title, "md", Digest::of(title.as_bytes()))
    }

    #[test]
    fn a_name_is_one_that_every_file_system_takes() {
        for (title, file) in [
            ("李强调研上汽集团：牢牢把握战略主动权", "李强调研上汽集团：牢牢把握战略主动权.md"),
            ("a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j.md"),
            (" .hidden\n ", "hidden.md"),
            ("..", "untitled.md"),
            ("a.\u{202e}. ", "a.md"),
            ("CON", "CON_.md"),
            ("com1.x", "com1_.x.md"),
            ("\"quoted\" title", "quoted_ title.md"),
            ("__init__ 100%", "init__ 100_.md"),
            ("#1", "1.md"),
            ("e\u{301}", "\u{e9}.md"),
            ("", "untitled.md"),
            ("console", "console.md"),
        ] {
            assert_eq!(names(&[], title).next().unwrap().as_str(), file, "{title:?}");
        }
        let long = names(&["新媒体", "../x", "", " "], &"字".repeat(200)).last().unwrap();
        let parts: Vec<_> = long.split('/').collect();
        assert_eq!(parts[..2], ["新媒体", "x"]);
        assert!(parts.len() == 3 && parts[2].len() <= LONGEST && parts[2].len() > 200, "{long}");
    }

    #[test]
    fn posts_of_one_title_have_different_names() {
        let names: Vec<_> = names(&["a"], "b").map(|name| name.to_string()).collect();
        assert_eq!(names[..2], ["a/b.md", "a/b 2.md"]);
        assert_eq!(names.len(), NUMBERED + 1);
    }
}
