//! Whatever stops a run, the archive is whole and the next run finishes the work.
//!
//! `strace` kills the program, or fails a call of it, at the n-th call of a kind. Where it is not installed, these
//! tests say so. It counts the calls of each thread, so the n-th call is that of the first thread to come to it. By
//! default n doubles; `OFFPRINT_THOROUGH=1` tries every n.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use offprint::archive::{self, Mode};
use offprint::demo::photo::Photo;
use offprint::model::Digest;
use offprint::verify::{self, MirrorFile, Options, Progress, Subset};

use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// More calls of one kind than a run over the small site makes.
const MOST: usize = 4096;

fn has_strace() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    if !works {
        say("not run: 1 crash test (strace is not installed, or may not trace)");
    }
    works
}

/// A small site: two pictures are the same, one is missing.
fn site() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()));
    let site = Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2)).on("/twin.jpg", photo(1));
    Origin::start(site).unwrap()
}

fn sandbox(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    // The disks that lose their power are small.
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    for (post, images) in [("a.md", ["/1.jpg", "/2.jpg"]), ("deep/b.md", ["/twin.jpg", "/gone.jpg"])] {
        let text = images.map(|image| format!("![]({})\n", origin.url(image))).concat();
        sandbox.write(&format!("posts/{post}"), text);
    }
    sandbox
}

/// Every file that a finished run leaves, but for the catalog and the reports.
fn tree(sandbox: &Sandbox) -> [BTreeMap<PathBuf, Digest>; 3] {
    ["blobs", "thumbnails", "articles"].map(|part| sandbox.digests(&format!("store/{part}")))
}

/// A run with a fault injected; only in calls about `file`, where one is named.
fn run_with(sandbox: &Sandbox, fault: &str, file: Option<&str>) -> Output {
    let program = sandbox.command(&["run"]);
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-o", "/dev/null", "-e"]).arg(format!("inject={fault}"));
    if let Some(file) = file {
        strace.args(["-P", file]).arg("-P").arg(sandbox.path(file));
    }
    strace.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path(""));
    strace.output().unwrap()
}

/// Nothing is damaged; blobs on no record are allowed.
async fn is_whole(sandbox: &Sandbox, when: &str) {
    let archive = Arc::new(archive::open(&sandbox.path("store"), Mode::Write).unwrap());
    let articles = archive.articles();
    let find_mirror = move |key: &offprint::model::ArticleKey| MirrorFile {
        path: articles.join(&key.source).join(&key.path),
        in_place: false,
    };
    let options = Options { subset: Subset::ALL, rate: None, find_mirror: Box::new(find_mirror) };
    let verified = verify::verify(archive, options, Arc::new(Progress::default())).await.unwrap();
    assert_eq!(verified.findings, [], "{when}");
}

/// What a fault left is whole, and the next run, ending with one of these statuses, makes of it what an undisturbed run
/// would have.
async fn recovers(sandbox: &Sandbox, expected: &[BTreeMap<PathBuf, Digest>; 3], ends: &[i32], when: &str) {
    is_whole(sandbox, when).await;
    let rest = sandbox.run(&["run"]);
    assert!(ends.contains(&rest.status), "{when}: {rest:?}");
    assert_eq!(tree(sandbox), *expected, "{when}");
    is_whole(sandbox, when).await;
}

fn is_thorough() -> bool {
    std::env::var_os("OFFPRINT_THOROUGH").is_some()
}

fn counts() -> Vec<usize> {
    if is_thorough() { (1..=MOST).collect() } else { (0..=MOST.ilog2()).map(|power| 1 << power).collect() }
}

/// Injects a fault at the n-th of some calls, for growing n, until a run does not come to it.
async fn survives(calls: &str, fault: &str) {
    if !has_strace() {
        return;
    }
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let expected = tree(&undisturbed);
    let mut faults = 0;
    for count in counts() {
        let sandbox = sandbox(&origin);
        let when = format!("{calls}:{fault}:when={count}");
        let ended = run_with(&sandbox, &when, None);
        let untouched = ended.status.code() == Some(3);
        recovers(&sandbox, &expected, &[0, 3], &when).await;
        if untouched && fault.starts_with("signal") {
            break;
        }
        assert!(!fault.starts_with("signal") || ended.status.signal().is_some() || ended.status.code() == Some(137));
        if untouched && count > 64 {
            break;
        }
        faults += 1;
    }
    say(&format!("{calls}: {faults} runs with {fault}"));
    assert!(faults > 0, "no run came to {calls}");
}

/// A larger site: forty pictures in twenty posts, some of them in two.
fn large() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()));
    Origin::start((0..40).fold(Site::new(), |site, at| site.on(&format!("/{at}.jpg"), photo(at)))).unwrap()
}

fn fill(sandbox: &Sandbox, origin: &Origin) {
    for post in 0..20 {
        let images =
            [post, post + 19, (post * 7) % 40].map(|at| format!("![]({})\n", origin.url(&format!("/{at}.jpg"))));
        sandbox.write(&format!("posts/{}/{post}.md", post % 3), images.concat());
    }
}

/// Kills at moments that are spread evenly over the time that an undisturbed run takes, none of them twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_time() {
    let origin = large();
    let undisturbed = Sandbox::new();
    fill(&undisturbed, &origin);
    let begin = std::time::Instant::now();
    undisturbed.run(&["run"]).expect(0);
    let (expected, mut takes) = (tree(&undisturbed), begin.elapsed());
    let wanted = if is_thorough() { 300 } else { 8 };
    let (mut round, mut killed) = (0, 0);
    while killed < wanted {
        round += 1;
        assert!(round < 20 * wanted, "only {killed} of {round} runs were killed before their end");
        let sandbox = Sandbox::new();
        fill(&sandbox, &origin);
        let mut running = sandbox.command(&["run"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // Not waiting for something, but choosing the moment: multiples of the golden ratio leave no part out.
        tokio::time::sleep(takes.mul_f64((f64::from(round) * 0.618_034).fract())).await;
        running.kill().unwrap();
        match running.wait().unwrap().signal() {
            Some(_) => killed += 1,
            // The machine has less to do than when the time was taken.
            None => takes = takes.mul_f64(0.95),
        }
        let when = format!("killed in round {round}");
        recovers(&sandbox, &expected, &[0], &when).await;
    }
    say(&format!("{killed} runs were killed before their end"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_saves_to_the_disk() {
    survives("fsync,fdatasync", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_names_a_file() {
    survives("rename,renameat,renameat2,link,linkat", "signal=SIGKILL").await;
}

/// Counting leaves most calls out where many threads make one each; every file has its name only once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_the_naming_of_every_file() {
    if !has_strace() {
        return;
    }
    let origin = site();
    let undisturbed = sandbox(&origin);
    undisturbed.run(&["run"]).expect(3);
    let expected = tree(&undisturbed);
    let named = ["blobs", "thumbnails", "articles"].into_iter().zip(&expected);
    let files: Vec<_> = named
        .flat_map(|(part, files)| files.keys().map(move |file| format!("store/{part}/{}", file.display())))
        .collect();
    assert!(files.len() >= 8, "{files:?}");
    for file in &files {
        let sandbox = sandbox(&origin);
        let fault = "rename,renameat,renameat2,link,linkat:signal=SIGKILL:when=1";
        let ended = run_with(&sandbox, fault, Some(file));
        assert!(ended.status.code() != Some(3), "{file} was not named by a call that was looked for");
        recovers(&sandbox, &expected, &[0, 3], file).await;
    }
    say(&format!("killed at the naming of each of {} files", files.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_makes_a_folder_or_removes_a_file() {
    survives("mkdir,mkdirat,unlink,unlinkat", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_writes_a_file() {
    survives("write,writev", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_writes_the_catalog() {
    survives("pwrite64,ftruncate", "signal=SIGKILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_by_a_disk_that_fails_to_save() {
    survives("fsync,fdatasync", "error=EIO").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_by_a_disk_that_is_full() {
    survives("pwrite64", "error=ENOSPC").await;
}

/// A small ext4 file system of its own that can lose its power. It is unmounted when it is dropped.
struct Disk {
    image: PathBuf,
    place: PathBuf,
}

fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

impl Disk {
    /// `None`, said plainly, where this process may not mount or the tools are missing.
    fn new(sandbox: &Sandbox) -> Option<Self> {
        let disk = Self { image: sandbox.path("disk.img"), place: sandbox.path("store") };
        std::fs::create_dir(&disk.place).unwrap();
        std::fs::File::create(&disk.image).unwrap().set_len(64 << 20).unwrap();
        let made = run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), disk.image.as_ref()])
            && run("xfs_io", &["-V".as_ref()])
            && disk.mount();
        if !made {
            say("not run: 1 power-loss test (it takes root, mkfs.ext4 and xfs_io)");
        }
        made.then_some(disk)
    }

    fn mount(&self) -> bool {
        run("mount", &["-o".as_ref(), "loop".as_ref(), self.image.as_ref(), self.place.as_ref()])
    }

    /// What the disk had not been told to save is gone (`FS_IOC_SHUTDOWN` without flushing the log).
    fn lose_power(&self) {
        assert!(run("xfs_io", &["-x".as_ref(), "-c".as_ref(), "shutdown".as_ref(), self.place.as_ref()]));
    }

    fn come_back(&self) {
        assert!(run("umount", &[self.place.as_ref()]) && self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[self.place.as_ref()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_lost_at_any_time() {
    let origin = site();
    let undisturbed = sandbox(&origin);
    let begin = std::time::Instant::now();
    undisturbed.run(&["run"]).expect(3);
    let (expected, takes) = (tree(&undisturbed), begin.elapsed());
    let rounds = if is_thorough() { 50 } else { 4 };
    for round in 0..rounds {
        let sandbox = sandbox(&origin);
        let Some(disk) = Disk::new(&sandbox) else { return };
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
