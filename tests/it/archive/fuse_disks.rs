//! Whole jobs on disks that are less than ext4: exFAT, and a file system that takes `a` and `A` for one. Neither is in the
//! kernel here, so both are mounted through FUSE, whose inodes do not outlast a mount.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::path::PathBuf;
use std::process::Command;

use offprint::testing::demo::photo::Photo;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// A kind of disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No permissions, no links, names in one case, inodes that a name has only while it is mounted.
    Exfat,
    /// NTFS as Windows shows it: names in one case.
    IgnoresCase,
}

/// A small file system of its own. It is unmounted when it is dropped.
struct Disk {
    kind: Kind,
    /// The image, or the loop device over it.
    device: PathBuf,
    place: PathBuf,
}

fn ran(program: &str, arguments: &[&std::ffi::OsStr]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Disk {
    /// An empty disk in a folder of the sandbox.
    fn new(sandbox: &Sandbox, kind: Kind, folder: &str) -> Self {
        let (image, place) = (sandbox.path("disk.img"), sandbox.path(folder));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let made = match kind {
            Kind::Exfat => ran("mkfs.exfat", &[image.as_ref()]),
            Kind::IgnoresCase => ran("mkfs.ntfs", &["-F".as_ref(), "-q".as_ref(), image.as_ref()]),
        };
        assert!(made.is_some(), "mkfs.exfat or mkfs.ntfs is not installed, which this test needs");
        let device = match kind {
            Kind::Exfat => ran("losetup", &["--show".as_ref(), "-f".as_ref(), image.as_ref()]).map(PathBuf::from),
            Kind::IgnoresCase => Some(image),
        };
        let disk = Self { kind, device: device.expect("this process may use a loop device"), place };
        disk.mount();
        disk
    }

    fn mount(&self) {
        let (device, place) = (self.device.as_ref(), self.place.as_ref());
        let mounted = match self.kind {
            Kind::Exfat => ran("mount.exfat-fuse", &[device, place]),
            Kind::IgnoresCase => ran("lowntfs-3g", &["-o".as_ref(), "ignore_case".as_ref(), device, place]),
        };
        assert!(mounted.is_some(), "this process may not mount through FUSE, which this test needs");
    }

    /// Takes the disk out, and puts it in again.
    fn come_back(&self) {
        assert!(ran("umount", &[self.place.as_ref()]).is_some());
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        ran("umount", &["-l".as_ref(), self.place.as_ref()]);
        if self.kind == Kind::Exfat {
            ran("losetup", &["-d".as_ref(), self.device.as_ref()]);
        }
    }
}

/// Two images whose names differ by case, and another.
fn origin() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()));
    Origin::start(Site::new().on("/A.jpg", photo(1)).on("/a.jpg", photo(2)).on("/b.jpg", photo(3))).unwrap()
}

/// Posts whose names differ only by case, or only by how their letters are composed. NTFS is mounted so that it lists all
/// names in small letters.
const CASES: [&str; 2] = ["posts/Case.md", "posts/case.md"];
const COMPOSED: [&str; 2] = ["posts/caf\u{e9}.md", "posts/cafe\u{301}.md"];
const POST: &str = "posts/one.md";
const DEEP: &str = "posts/新闻/éa.md";

fn write_posts(sandbox: &Sandbox, origin: &Origin, names: &[&str]) {
    let images = ["/A.jpg", "/a.jpg"].map(|image| format!("![]({})\n", origin.url(image)));
    sandbox.write(POST, images.concat());
    for name in [&[DEEP][..], names].concat() {
        sandbox.write(name, format!("this is {name} ![]({})\n", origin.url("/b.jpg")));
    }
}

/// A run that ends with a status, finds nothing new and makes no request.
fn is_silent(sandbox: &Sandbox, origin: &Origin, status: i32, when: &str) {
    let (asked, before) = (origin.log().count(), sandbox.digests("store/blobs"));
    let ran = sandbox.run(&["--json", "run"]);
    assert_eq!(ran.status, status, "{when}: {ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["articles"]["new"], &report["articles"]["changed"]),
        (&0.into(), &0.into()),
        "{when}: {report}"
    );
    assert_eq!((origin.log().count(), sandbox.digests("store/blobs")), (asked, before), "{when}");
}

/// Runs, runs again, takes the disk out and runs, edits, and does everything else that there is to do. Where one disk
/// takes two posts' names for one, exactly one of the two is mirrored and the other is reported.
fn whole_job(sandbox: &Sandbox, origin: &Origin, disk: &Disk, mirror: &str, names: &[&str], status: i32) {
    write_posts(sandbox, origin, names);
    let first = sandbox.run(&["run"]).expect(status);
    assert_eq!(first.stderr.contains("this disk takes their names for one"), status != 0, "{first:?}");
    is_silent(sandbox, origin, status, "the second run");
    disk.come_back();
    is_silent(sandbox, origin, status, "another mount");
    let edited = sandbox.text(POST) + "another line\n";
    let original = edited.clone();
    sandbox.write(POST, edited);
    assert_eq!(sandbox.run(&["run"]).status, status);
    let mirrored = sandbox.text(&format!("{mirror}/one.md"));
    assert!(mirrored.contains("another line") && !mirrored.contains("A.jpg"), "{mirrored}");
    let shown: Vec<_> = mirrored.matches("/blobs/sha256/").collect();
    assert_eq!(shown.len(), 2, "{mirrored}");
    let lines: Vec<_> = mirrored.lines().collect();
    assert_ne!(lines[0], lines[1], "each shows its own image");
    for command in [&["verify"][..], &["check"], &["gc"], &["verify"]] {
        sandbox.run(command).expect(0);
    }
    sandbox.run(&["restore", "--all", "--to", "back"]).expect(0);
    for name in [&[DEEP][..], names].concat() {
        let text = format!("this is {name} ![]({})\n", origin.url("/b.jpg"));
        assert_eq!(sandbox.text(&format!("back/{name}")), text);
    }
    if !mirror.starts_with("posts") {
        assert_eq!(sandbox.text("back/posts/one.md"), original);
    }
}

/// What the mirror of a post says that it is.
fn says(sandbox: &Sandbox, mirror: &str, name: &str) -> bool {
    let file = name.replace("posts", mirror);
    sandbox.text(&file).contains(&format!("this is {name} "))
}

/// One of two posts made way for the other. Once it is renamed, both are mirrored.
fn is_mended_by_a_new_name(sandbox: &Sandbox, mirror: &str) {
    let [upper, lower] = CASES.map(|name| says(sandbox, mirror, name));
    assert_ne!(upper, lower, "one of the two is mirrored");
    let (there, away) = if upper { (CASES[0], CASES[1]) } else { (CASES[1], CASES[0]) };
    std::fs::rename(sandbox.path(away), sandbox.path("posts/other.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert!(says(sandbox, mirror, there));
    assert!(sandbox.text(&format!("{mirror}/other.md")).contains(&format!("this is {away} ")));
    sandbox.run(&["verify"]).expect(0);
    // A name of which only the case changes is that of the same file.
    std::fs::rename(sandbox.path(POST), sandbox.path("posts/ONE.md")).unwrap();
    sandbox.run(&["run"]);
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/ONE.md", "now another text\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text(&format!("{mirror}/ONE.md")), "now another text\n");
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
}

fn archive_on(kind: Kind) {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    let disk = Disk::new(&sandbox, kind, "store");
    let mirror = "store/articles/posts";
    whole_job(&sandbox, &origin, &disk, mirror, &[CASES, COMPOSED].concat(), 3);
    is_mended_by_a_new_name(&sandbox, mirror);
}

fn output_on(kind: Kind) {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let source = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"out\"\n";
    sandbox.settings(&format!("[run]\nmin_free = \"0\"\n{source}"));
    let disk = Disk::new(&sandbox, kind, "out");
    whole_job(&sandbox, &origin, &disk, "out", &[CASES, COMPOSED].concat(), 3);
    is_mended_by_a_new_name(&sandbox, "out");
}

fn source_on(kind: Kind) {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    let disk = Disk::new(&sandbox, kind, "posts");
    whole_job(&sandbox, &origin, &disk, "store/articles/posts", &COMPOSED, 0);
}

fn source_in_place_on(kind: Kind) {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let source = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n";
    sandbox.settings(&format!("[run]\nmin_free = \"0\"\n{source}"));
    let disk = Disk::new(&sandbox, kind, "posts");
    whole_job(&sandbox, &origin, &disk, "posts", &COMPOSED, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, loop devices, exfat-fuse and ntfs-3g"]
async fn an_archive_on_a_loop_device_with_exfat() {
    archive_on(Kind::Exfat);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, exfat-fuse and ntfs-3g"]
async fn an_archive_on_a_disk_that_ignores_case() {
    archive_on(Kind::IgnoresCase);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, loop devices, exfat-fuse and ntfs-3g"]
async fn output_on_a_loop_device_with_exfat() {
    output_on(Kind::Exfat);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, exfat-fuse and ntfs-3g"]
async fn output_on_a_disk_that_ignores_case() {
    output_on(Kind::IgnoresCase);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, loop devices, exfat-fuse and ntfs-3g"]
async fn a_source_on_a_loop_device_with_exfat() {
    source_on(Kind::Exfat);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, exfat-fuse and ntfs-3g"]
async fn a_source_on_a_disk_that_ignores_case() {
    source_on(Kind::IgnoresCase);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, loop devices, exfat-fuse and ntfs-3g"]
async fn a_source_in_place_on_a_loop_device_with_exfat() {
    source_in_place_on(Kind::Exfat);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs FUSE, exfat-fuse and ntfs-3g"]
async fn a_source_in_place_on_a_disk_that_ignores_case() {
    source_in_place_on(Kind::IgnoresCase);
}
