//! Names that become paths: none of them can lead out of its folder.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that cannot be used as a name or a path within the archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is not a plain name.
    #[error("\"{0}\" is not a name: use lower-case letters, digits, - and _")]
    NotPlain(String),
    /// It would lead out of its folder, or is not valid on every system.
    #[error(
        "\"{}\" is not a path within a folder: it has an empty part, a part . or .., a backslash or a NUL", .0.escape_debug()
    )]
    Escapes(String),
    /// No file system has such a name.
    #[error("a name or path of {0} bytes is too long")]
    TooLong(usize),
}

/// The most bytes of a name: those that a file may have on common file systems.
const LONGEST_NAME: usize = 255;
/// The most bytes of a path: those that Linux takes (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// Letters, digits, `-` and `_`: one part of a path, and the same on every file system.
fn plain(text: &str) -> Result<(), NameError> {
    if text.len() > LONGEST_NAME {
        return Err(NameError::TooLong(text.len()));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !text.is_empty() && text.chars().all(allowed) { Ok(()) } else { Err(NameError::NotPlain(text.to_owned())) }
}

/// Parts separated by `/`. None of them leads up or to a root.
fn relative(text: &str) -> Result<(), NameError> {
    if text.len() > LONGEST_PATH {
        return Err(NameError::TooLong(text.len()));
    }
    let allowed = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if text.split('/').all(allowed) { Ok(()) } else { Err(NameError::Escapes(text.to_owned())) }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $rule:ident;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            /// [`NameError`] for a text that breaks the rule of this type.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                $rule(&text).map(|()| Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<Path> for $name {
            fn as_ref(&self) -> &Path {
                Path::new(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    )+ };
}

names! {
    /// The name of a source: lower-case letters, digits, `-` and `_`.
    SourceName: plain;
    /// The name of a thumbnail's size: lower-case letters, digits, `-` and `_`.
    ThumbnailName: plain;
    /// A path below some folder, with `/` between its parts. It has no empty part, no `.` and no `..`, no backslash and
    /// no NUL, so that it leads nowhere else on any file system.
    RelativePath: relative;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_that_leads_out_of_its_folder_is_refused() {
        for text in ["", "/etc/passwd", "..", "../x", "a/../../x", "a/./b", "a//b", "a/", "a\\b", "a\0b", "./a", "a/.."]
        {
            assert_eq!(RelativePath::new(text), Err(NameError::Escapes(text.to_owned())), "{text:?}");
        }
        for text in ["a.md", "2026/新闻/a b.md", "..a", "a..", "...", "10:30.md", ".hidden"] {
            assert_eq!(RelativePath::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn no_name_and_no_path_is_longer_than_a_file_system_takes() {
        assert!(SourceName::new("a".repeat(LONGEST_NAME)).is_ok());
        assert_eq!(SourceName::new("a".repeat(LONGEST_NAME + 1)), Err(NameError::TooLong(LONGEST_NAME + 1)));
        assert!(RelativePath::new("a/".repeat(LONGEST_PATH / 2 - 1) + "ab").is_ok());
        assert_eq!(RelativePath::new("a/".repeat(LONGEST_PATH / 2) + "a"), Err(NameError::TooLong(LONGEST_PATH + 1)));
    }

    #[test]
    fn a_name_is_plain() {
        for text in ["", "Posts", "a/b", "..", "a b", "ä"] {
            assert_eq!(SourceName::new(text), Err(NameError::NotPlain(text.to_owned())), "{text:?}");
        }
        assert_eq!(ThumbnailName::new("small-2_x").unwrap().to_string(), "small-2_x");
    }

    #[test]
    fn a_name_prints_for_programmers_as_its_text_does() {
        assert_eq!(format!("{:?}", SourceName::new("posts").unwrap()), "\"posts\"");
    }

    proptest! {
        /// Whatever is accepted as a path stays below the folder that it is joined to, part by part.
        #[test]
        fn an_accepted_path_stays_below_its_folder(text in "[a./\\\\ \0é-]{0,12}") {
            let Ok(path) = RelativePath::new(text.clone()) else {
                let refuses = text.split('/').any(|part| matches!(part, "" | "." | "..") || part.contains(['\\', '\0']));
                prop_assert!(refuses, "{text:?} leads nowhere else");
                return Ok(());
            };
            let joined = Path::new("/folder").join(&path);
            let mut parts = joined.components().skip(2);
            prop_assert!(parts.all(|part| matches!(part, std::path::Component::Normal(_))), "{joined:?}");
            prop_assert!(joined.starts_with("/folder") && joined != Path::new("/folder"));
            prop_assert_eq!(path.as_str(), text);
        }

        /// A name is one part of a path and the same on every file system.
        #[test]
        fn an_accepted_name_is_one_part_of_a_path(text in "[a-cA-C0-9_./ é-]{0,6}") {
            let is_plain = !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
            prop_assert_eq!(SourceName::new(text.clone()).is_ok(), is_plain);
            prop_assert_eq!(ThumbnailName::new(text.clone()).is_ok(), is_plain);
            prop_assert!(!is_plain || RelativePath::new(text).is_ok());
        }
    }

    #[test]
    fn a_name_of_the_settings_is_checked_as_it_is_read() {
        let read = |json: &str| serde_json::from_str::<SourceName>(json);
        assert_eq!(read("\"posts\"").unwrap(), "posts");
        assert!(read("\"../x\"").unwrap_err().to_string().contains("is not a name"));
        assert!(read("7").is_err());
    }
}
