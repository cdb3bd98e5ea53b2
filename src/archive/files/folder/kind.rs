//! What the entries of a folder are.

use std::fs::FileType;

/// What an entry of a folder is: a link itself, where links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, a pipe, a socket, a device.
    Other,
}

impl Kind {
    /// That of what was looked at.
    pub(in crate::archive) fn of(found: FileType) -> Self {
        match found {
            _ if found.is_file() => Self::File,
            _ if found.is_dir() => Self::Folder,
            _ => Self::Other,
        }
    }
}
