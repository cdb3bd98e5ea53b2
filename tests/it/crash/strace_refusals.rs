//! File systems that do less than others: external disks, network shares, file systems of user space. `strace` makes the
//! calls fail that such systems refuse. The archive is as it is elsewhere.

use std::process::Command;

use super::{recovers, sandbox, site, tree};
use crate::corpus::needs;
use crate::sandbox::Sandbox;

/// A run of which every one of some calls fails; only in calls about these places, where some are named. Gives whether
/// there was such a call.
async fn works_without(fault: &str, places: impl Fn(&Sandbox) -> Vec<String>) -> bool {
    needs("strace");
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
    let program = sandbox.command(&["run"]);
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-o"]).arg(sandbox.path("calls")).arg("-e").arg(format!("inject={fault}"));
    for place in places(&sandbox) {
        strace.args(["-P", &place]);
    }
    strace.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path(""));
    let ended = strace.output().unwrap();
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
    assert!(works_without("fsync,fdatasync:error=EINVAL", folders).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace"]
async fn a_file_system_without_extended_attributes() {
    assert!(works_without("flistxattr,fgetxattr,fsetxattr:error=EOPNOTSUPP", everywhere).await);
}
