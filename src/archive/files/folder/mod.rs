//! How everything below the store is reached: by folders that were opened so that no link leads elsewhere.

#[cfg(target_os = "linux")]
mod descriptor;
mod kind;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;

use std::io;

#[cfg(target_os = "linux")]
pub(in crate::archive) use descriptor::Folder;
#[cfg(not(target_os = "linux"))]
pub(in crate::archive) use portable::Folder;

pub(in crate::archive) use kind::Kind;

/// Whether symbolic links are followed below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum Links {
    /// They are: the user set the folder up.
    Followed,
    /// They are not: somebody else may have made the folder, as one that came with an archive.
    Refused,
}

/// Whether a file has further hard links: they may lie outside of the archive, and change with it.
#[cfg(unix)]
pub(in crate::archive) fn has_other_names(file: &std::fs::Metadata) -> bool {
    file.is_file() && std::os::unix::fs::MetadataExt::nlink(file) > 1
}

/// The same on systems that do not count hard links.
#[cfg(not(unix))]
pub(in crate::archive) fn has_other_names(_file: &std::fs::Metadata) -> bool {
    false
}

/// Something other than a folder or a regular file has its name.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
struct Obstacle(&'static str);

/// Whether an error is that something else has the name of a folder or of a regular file.
pub(in crate::archive) fn is_obstacle(cause: &io::Error) -> bool {
    cause.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Obstacle>)
}

fn is_link() -> io::Error {
    io::Error::other(Obstacle("it is a link, and offprint follows none within an archive"))
}

/// The error where something else has the name of a regular file.
pub(in crate::archive) fn is_no_file() -> io::Error {
    io::Error::other(Obstacle("it is not a regular file"))
}

fn is_no_folder() -> io::Error {
    io::Error::other(Obstacle("it is not a folder"))
}

/// Whether an error says that the file system cannot sync a folder (a folder of another system, an external disk, a
/// network share), rather than that the sync failed. On such a file system a loss of power can lose a file's name.
fn cannot_sync(cause: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(cause.kind(), InvalidInput | Unsupported | PermissionDenied | ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    macro_rules! suite {
        ($module:ident) => {
            mod $module {
                use std::time::{Duration, UNIX_EPOCH};

                use super::super::$module::Folder;
                use super::*;
                use crate::model::Fingerprint;

                #[test]
                fn files_are_made_read_renamed_and_removed() {
                    let place = tempfile::tempdir().unwrap();
                    let root = Folder::open(place.path(), Links::Refused).unwrap();
                    root.make("a").unwrap();
                    let a = root.enter("a").unwrap().unwrap();
                    a.create("new").unwrap().write_all(b"text").unwrap();
                    assert!(a.create("new").is_ok(), "it is opened where it is there");
                    let found = a.look("new").unwrap().unwrap();
                    assert_eq!(a.fingerprint("new").unwrap(), Some((Kind::File, Fingerprint::of(&found))));
                    assert_eq!((found.len(), a.fingerprint("none").unwrap()), (4, None));
                    let before_1970 = UNIX_EPOCH - Duration::from_millis(1500);
                    a.create("new").unwrap().set_modified(before_1970).unwrap();
                    let found = a.look("new").unwrap().unwrap();
                    assert_eq!(a.fingerprint("new").unwrap(), Some((Kind::File, Fingerprint::of(&found))));
                    assert_eq!(root.fingerprint("a").unwrap().unwrap().0, Kind::Folder);
                    fs::write(place.path().join("staged"), "moved").unwrap();
                    a.take(&place.path().join("staged"), "new").unwrap();
                    assert_eq!(fs::read(place.path().join("a/new")).unwrap(), b"moved");
                    a.rename("new", "newer").unwrap();
                    assert_eq!(a.names().unwrap(), ["newer"]);
                    assert_eq!(a.entries().unwrap(), ["newer"]);
                    assert_eq!(a.kinds().unwrap(), [("newer".to_owned(), Kind::File)]);
                    assert_eq!(root.kinds().unwrap(), [("a".to_owned(), Kind::Folder)]);
                    assert!(a.open_file("newer").unwrap().is_some());
                    assert!(a.remove("newer").unwrap());
                    assert!(!a.remove("newer").unwrap());
                    assert!(a.look("newer").unwrap().is_none() && a.open_file("newer").unwrap().is_none());
                    assert!(root.enter("none").unwrap().is_none());
                    assert!(root.descend("none/b").is_none() && root.descend("").is_none());
                    a.sync().unwrap();
                    assert!(a.metadata().unwrap().is_dir());
                    let changed = a.names_changed();
                    a.create("another").unwrap();
                    assert!(changed.is_none() || a.names_changed() >= changed);
                    assert!(a.device_saved_whole().is_none() || a.save_disk().is_ok());
                    assert_eq!(a.free_space().is_some(), cfg!(unix));
                }

                #[cfg(unix)]
                #[test]
                fn links_are_refused_where_they_are_not_followed() {
                    use std::os::unix::fs::symlink;
                    let (place, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                    fs::write(outside.path().join("precious"), "precious").unwrap();
                    symlink(outside.path(), place.path().join("folder")).unwrap();
                    symlink(outside.path().join("precious"), place.path().join("file")).unwrap();
                    let root = Folder::open(place.path(), Links::Refused).unwrap();
                    for error in [
                        root.enter("folder").err().unwrap(),
                        root.open_file("file").err().unwrap(),
                        root.create("file").err().unwrap(),
                    ] {
                        assert!(error.to_string().contains("link") || error.to_string().contains("regular"), "{error}");
                    }
                    assert!(root.look("file").unwrap().unwrap().is_symlink());
                    assert_eq!(root.fingerprint("file").unwrap().unwrap().0, Kind::Other);
                    assert!(root.kinds().unwrap().iter().all(|(_, kind)| *kind == Kind::Other));
                    fs::create_dir(outside.path().join("below")).unwrap();
                    for outside in ["folder", "folder/below", "..", "../..", "/"] {
                        assert!(root.descend(outside).is_none(), "{outside}");
                    }
                    let root = Folder::open(place.path(), Links::Followed).unwrap();
                    let inside = root.enter("folder").unwrap().unwrap();
                    assert!(inside.open_file("precious").unwrap().is_some());
                    let mut kinds = root.kinds().unwrap();
                    kinds.sort_by(|(a, _), (b, _)| a.cmp(b));
                    assert_eq!(kinds, [("file".to_owned(), Kind::File), ("folder".to_owned(), Kind::Folder)]);
                    assert!(root.open_file("file").unwrap().is_some());
                }

                #[cfg(unix)]
                #[test]
                fn a_pipe_is_no_file_and_holds_nothing_up() {
                    let place = tempfile::tempdir().unwrap();
                    let pipe = place.path().join("pipe");
                    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
                    let root = Folder::open(place.path(), Links::Refused).unwrap();
                    assert!(root.open_file("pipe").unwrap_err().to_string().contains("not a regular file"));
                    assert!(root.create("pipe").unwrap_err().to_string().contains("not a regular file"));
                    assert_eq!(root.kinds().unwrap(), [("pipe".to_owned(), Kind::Other)]);
                    assert!(root.enter("pipe").unwrap_err().to_string().contains("not a folder"));
                }
            }
        };
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_some_levels_below_is_opened_by_one_call() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("a/b/c")).unwrap();
        fs::write(place.path().join("a/b/c/file"), "text").unwrap();
        for links in [Links::Refused, Links::Followed] {
            let root = Folder::open(place.path(), links).unwrap();
            assert_eq!(root.descend("a/b/c").unwrap().names().unwrap(), ["file"]);
            assert!(root.descend("a/b/c/file").is_none());
        }
    }

    #[cfg(target_os = "linux")]
    suite!(descriptor);
    suite!(portable);
}
