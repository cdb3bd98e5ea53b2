//! Disks that run full, cannot be written to or lose their power: only root can make such.

use super::{is_thorough, recovers, sandbox, site, tree};
use crate::disk::Disk;
use crate::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, loop devices, mkfs.ext4 and xfs_io"]
async fn power_lost_at_any_time_on_a_loop_device() {
    let origin = site();
    let undisturbed = sandbox(&origin);
    let begin = std::time::Instant::now();
    undisturbed.run(&["run"]).expect(3);
    let (expected, takes) = (tree(&undisturbed), begin.elapsed());
    let rounds = if is_thorough() { 50 } else { 4 };
    for round in 0..rounds {
        let sandbox = sandbox(&origin);
        let disk = Disk::new(sandbox.path("disk.img"), sandbox.path("store"));
        let mut running = sandbox.command(&["run"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Not waiting for something, but choosing the moment: later in each round.
        tokio::time::sleep(takes * round / rounds).await;
        disk.lose_power();
        running.wait().unwrap();
        disk.come_back();
        let when = format!("power lost in round {round} of {rounds}");
        recovers(&sandbox, &expected, &[0, 3], &when).await;
    }
}

/// Small ext4 disks have blocks smaller than a page of memory: what SQLite maps there can have holes, and a write to one
/// on a full disk is a bus error.
#[test]
#[ignore = "needs root, loop devices, mkfs.ext4 and xfs_io"]
fn a_full_disk_of_small_blocks_ends_no_process_on_a_loop_device() {
    let sandbox = Sandbox::new();
    let disk = Disk::new(sandbox.path("disk.img"), sandbox.path("disk"));
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    for round in 0..6 {
        sandbox.write(&format!("posts/{round}.md"), "text");
        disk.fill();
        let ran = sandbox.run(&["--store", "disk/store", "run"]).expect(1);
        assert!(ran.stderr.to_lowercase().contains("no room") || ran.stderr.contains("No space"), "{ran:?}");
        let ran = sandbox.run(&["--store", "disk/store", "status"]);
        assert!([0, 1, 4].contains(&ran.status), "{ran:?}");
        disk.clear();
        sandbox.run(&["--store", "disk/store", "run"]).expect(0);
    }
}

/// A disk that cannot be written to any more ends a run with 1 and one line that says so; what is kept is whole, and once
/// the disk is `mended` the next run goes on.
fn check_disk(made: &str, spoilt: &str, mended: &str, says: &[&str]) {
    let sandbox = Sandbox::new();
    let disk = sandbox.path("disk");
    std::fs::create_dir(&disk).expect("a folder can be made");
    let mount = |options: &str| {
        let ran = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    assert!(mount(made), "this process may not mount a disk, which this test needs");
    let mounted = Mounted(disk.clone());
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    sandbox.write("posts/first.md", "text");
    sandbox.run(&["--store", "disk/store", "run"]).expect(0);
    assert!(mount(spoilt));
    for at in 0..40 {
        sandbox.write(&format!("posts/{at}.md"), vec![b'a' + u8::try_from(at % 20).expect("it is small"); 20_000 + at]);
    }
    let ran = sandbox.run(&["--store", "disk/store", "run"]).expect(1);
    let printed = ran.stderr.to_lowercase();
    assert!(printed.starts_with("offprint: ") && says.iter().any(|says| printed.contains(says)), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(mount(mended));
    sandbox.run(&["--store", "disk/store", "verify"]).expect(0);
    sandbox.run(&["--store", "disk/store", "run"]).expect(0);
    assert_eq!(sandbox.tree("disk/store/articles").len(), 41);
    sandbox.run(&["--store", "disk/store", "verify"]).expect(0);
    drop(mounted);
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_ends_with_1_and_the_next_run_goes_on() {
    check_disk("size=40m", "remount,size=680k", "remount,size=40m", &["no room", "no space"]);
}

#[test]
#[ignore = "needs root"]
fn a_disk_without_inodes_ends_with_1_and_the_next_run_goes_on() {
    check_disk("size=40m,nr_inodes=4k", "remount,nr_inodes=60", "remount,nr_inodes=4k", &["no room", "no space"]);
}

#[test]
#[ignore = "needs root"]
fn a_read_only_disk_ends_with_1_and_the_next_run_goes_on() {
    check_disk("size=40m", "remount,ro", "remount,rw", &["read-only"]);
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A user may not give a file to another one: who mirrors a post of somebody else in place becomes its owner, and the report says so.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn the_owner_of_a_post_in_place_stays_or_is_reported() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    let (author, nobody) = (1234, 65534);
    let origin = site();
    for (user, reasons) in [(None, serde_json::json!([])), (Some(nobody), serde_json::json!(["other_owner"]))] {
        let sandbox = Sandbox::new();
        sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
        sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
        for folder in ["", "posts"] {
            std::fs::set_permissions(sandbox.path(folder), std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        chown(sandbox.path("posts/a.md"), Some(author), Some(author)).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = sandbox.command(arguments);
            if let Some(user) = user {
                command.uid(user).gid(user);
            }
            crate::sandbox::Ran::of(&command.output().unwrap())
        };
        let ran = run(&["--json", "run"]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let found: Vec<_> = report["problems"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
        assert_eq!(serde_json::Value::Array(found), reasons, "{report:#}");
        assert!(sandbox.text("posts/a.md").contains("blobs/"), "{report:#}");
        let owner = std::fs::metadata(sandbox.path("posts/a.md")).unwrap().uid();
        assert_eq!(owner, user.unwrap_or(author));
        run(&["run"]).expect(0);
    }
}
