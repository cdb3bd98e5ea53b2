//! Where something may lie in an archive.

use super::received::Received;

/// Names beside those that an archive has: some that it may get, and some that it never has.
const MORE: [&str; 29] = [
    "catalog.db-journal",
    "catalog.db-wal",
    "catalog.db-shm",
    "catalog.db.sha256",
    "catalog.db.v1",
    "catalog.db.v8-journal",
    "catalog.db.new",
    "catalog.db.new-journal",
    "catalog.db.damaged-20260101T000000Z",
    "search.db",
    "README.md",
    ".git",
    "blobs/sha256/zz",
    "blobs/sha256/00",
    "blobs/md5",
    "thumbnails/x",
    "thumbnails/small/00",
    "articles/x",
    "articles/posts/x.md",
    "articles/posts/2026/d.md",
    "runs/x.json",
    "runs/20200101T000000Z.json",
    "tmp/stage-x",
    "tmp/fetch-x",
    "tmp/notes.txt",
    "index/x.html",
    "quarantine/x",
    "catalog-copies/x.db",
    "catalog-copies/20270101T000000Z-0123456789abcdef.db",
];

/// Every place of an archive that has all there may be, and more.
pub(super) fn all() -> Vec<String> {
    Received::places().into_iter().chain(MORE.map(str::to_owned)).collect()
}
