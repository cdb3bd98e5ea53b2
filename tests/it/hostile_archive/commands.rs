//! Every command of the program that has to do with an archive.

/// Those that are tried on each archive in the sample: one of each kind.
pub(super) const SOME: [&[&str]; 4] =
    [&["run"], &["gc"], &["verify", "--repair"], &["status", "--history", "posts/a.md"]];

pub(super) const ALL: [&[&str]; 25] = [
    &["run"],
    &["run", "--dry-run"],
    &["run", "--retry"],
    &["mirror", "posts"],
    &["mirror", "--dry-run", "posts"],
    &["init"],
    &["status"],
    &["--json", "status"],
    &["-v", "status"],
    &["status", "--history", "posts/a.md"],
    &["status", "--similar"],
    &["check"],
    &["verify"],
    &["verify", "--subset", "1/2"],
    &["verify", "--repair"],
    &["verify", "--rebuild"],
    &["gc", "--dry-run"],
    &["gc"],
    &["forget", "--dry-run", "posts/a.md"],
    &["forget", "posts/a.md"],
    &["restore", "posts/a.md"],
    &["restore", "--all", "--to", "out"],
    &["restore", "--in-place", "posts/a.md"],
    &["extract", "posts/a.md"],
    &["import", "opml", "feeds.opml"],
];
