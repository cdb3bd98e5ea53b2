//! File systems that do less than others: external disks, network shares, file systems of user space. `strace` makes the
//! calls fail that such systems refuse. The archive is as it is elsewhere.

use super::inject::inject;
use super::{recovers, sandbox, site, tree};
use crate::sandbox::Sandbox;

/// A run of which every one of some calls fails; only in calls about these places, where some are named. Gives whether
/// there was such a call.
async fn works_without(fault: &str, places: impl Fn(&Sandbox) -> Vec<String>) -> bool {
    let origin = site();
    let (undisturbed, sandbox) = (sandbox(&origin), sandbox(&origin));
    // The second run writes an article over what the first one left.
    for sandbox in [&undisturbed, &sandbox] {
        let text = sandbox.text("posts/a.md");
        sandbox.write("posts/a.md", "no image yet\n");
        sandbox.run(&["run"]).expect(3);
        sandbox.write("posts/a.md", text);
    }
    undisturbed.run(&["run"]).expect(0);
    let ended = inject(&sandbox, &["run"], fault, &places(&sandbox));
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    recovers(&sandbox, &tree(&undisturbed), &[0], fault).await;
    sandbox.text("calls").contains("(INJECTED)")
}

fn everywhere(_: &Sandbox) -> Vec<String> {
    Vec::new()
}

/// Every folder that a run may bring to the disk.
fn folders(sandbox: &Sandbox) -> Vec<String> {
    let place = |name: &str| sandbox.path(name).display().to_string();
    let shards = (0..=u8::MAX).flat_map(|shard| {
        ["blobs/sha256", "thumbnails/small", "thumbnails/large"].map(|folder| format!("store/{folder}/{shard:02x}"))
    });
    let others = ["store", "store/blobs", "store/blobs/sha256", "store/thumbnails", "store/thumbnails/small"];
    let articles = ["store/articles", "store/articles/posts", "store/articles/posts/deep", "store/runs", "store/tmp"];
    shards.map(|shard| place(&shard)).chain(others.into_iter().chain(articles).map(place)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_permissions() {
    assert!(works_without("chmod,fchmod,fchmodat,chown,fchown,fchownat:error=EPERM", everywhere).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_links_and_without_renames_that_replace_nothing() {
    let asked = works_without("link,linkat,symlink,symlinkat,renameat2:error=EINVAL", everywhere).await;
    assert!(!asked, "a run needs none of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_that_cannot_bring_folders_to_the_disk() {
    assert!(works_without("fsync,fdatasync,syncfs:error=EINVAL", folders).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_extended_attributes() {
    assert!(works_without("flistxattr,fgetxattr,fsetxattr:error=EOPNOTSUPP", everywhere).await);
}

/// A rename that does not replace what is there, as on some network shares.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_that_refuses_to_rename_says_so_and_keeps_what_there_is() {
    let origin = site();
    let sandbox = sandbox(&origin);
    sandbox.run(&["run"]).expect(3);
    let before = tree(&sandbox);
    let original = sandbox.text("posts/a.md");
    sandbox.write("posts/a.md", format!("another text\n\n{original}"));
    for fault in ["rename,renameat,renameat2:error=EPERM", "rename,renameat,renameat2:error=EACCES"] {
        let ended = inject(&sandbox, &["run"], fault, &[]);
        let printed = String::from_utf8_lossy(&ended.stderr).into_owned() + &String::from_utf8_lossy(&ended.stdout);
        assert!(matches!(ended.status.code(), Some(1 | 3)), "{fault}: {printed}");
        assert!(printed.contains("cannot") && printed.contains("store/"), "{fault}: {printed}");
        let after = tree(&sandbox);
        assert!(before[0].iter().all(|(name, digest)| after[0].get(name) == Some(digest)), "{fault}");
        super::is_whole(&sandbox, fault).await;
    }
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/a.md").starts_with("another text\n"));
    super::is_whole(&sandbox, "mended").await;
}
