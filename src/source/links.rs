//! Paths and the relative URLs between them.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except those that a link may hold without being escaped in HTML, CSS, YAML or Markdown.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// An absolute path without `.` and `..`. Links are not resolved, so that the path stays what the user wrote. An empty
/// path, which sources other than folders have, is the current folder.
///
/// # Errors
/// Where the current folder is not known.
pub fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut clean = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    Ok(clean)
}

/// The relative URL that leads from a folder to a file; both are absolute.
pub(super) fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| {
        let bytes = part.as_os_str().to_string_lossy();
        utf8_percent_encode(&bytes, ESCAPED).to_string()
    });
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn parts(least: usize) -> impl Strategy<Value = Vec<String>> {
        // A name such as `a:` is a drive: to a browser in the root, and to a parser of URLs anywhere.
        let part =
            "[a-c é%?#&()'\"雨:-]{1,4}".prop_filter("it is no drive", |part| !(part.len() == 2 && part.ends_with(':')));
        prop::collection::vec(part, least..5)
    }

    fn path(parts: &[String]) -> PathBuf {
        Path::new("/").join(parts.iter().collect::<PathBuf>())
    }

    proptest! {
        /// A browser that opens a file of the folder finds the other file, whatever both are called, and the link needs
        /// no escaping anywhere.
        #[test]
        fn a_relative_link_leads_to_its_file(folder in parts(0), file in parts(1)) {
            prop_assume!(folder != file);
            let link = relative(&path(&folder), &path(&file));
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".%/_-".contains(&byte);
            prop_assert!(link.bytes().all(is_plain), "{link}");
            let article = Url::from_file_path(path(&folder).join("article.html")).unwrap();
            let led = article.join(&link).unwrap().to_file_path().unwrap();
            // A folder links to itself or to one above by `..` parts alone, which a browser ends with a slash.
            let expected = path(&file);
            prop_assert_eq!(led.components().collect::<Vec<_>>(), expected.components().collect::<Vec<_>>());
        }

        #[test]
        fn an_absolute_path_has_no_way_up_and_stays_as_it_is(parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "..", "."]), 0..7)) {
            let clean = absolute(&parts.iter().collect::<PathBuf>()).unwrap();
            prop_assert!(clean.is_absolute());
            prop_assert!(!clean.components().any(|part| matches!(part, Component::ParentDir | Component::CurDir)));
            prop_assert_eq!(absolute(&clean).unwrap(), clean);
        }
    }

    #[test]
    fn no_path_is_the_current_folder() {
        assert_eq!(absolute(Path::new("")).unwrap(), std::env::current_dir().unwrap());
        assert_eq!(absolute(Path::new("/../../a/./b/../c")).unwrap(), Path::new("/a/c"));
    }
}
