//! The whole job at size: 2,000 articles with 10,000 image URLs, a third of them with bytes that stand elsewhere too.
//!
//! Each figure stands beside that of a bare client that fetches the same URLs and keeps nothing, in the same run.
//! `cargo bench --bench bulk`
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use offprint::testing::model::Digest;
use walkdir::WalkDir;

use testserver::bulk::{Bulk, BulkOrigin};

#[allow(dead_code, unused_imports, reason = "the tests use the rest of it")]
#[path = "../tests/it/testserver/mod.rs"]
mod testserver;

const SIZE: Bulk = Bulk { articles: 2_000, urls: 10_000, images: 6_667, hosts: 10 };

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("no other provider is installed");
    let server = SIZE.open().expect("a server can be opened on loopback");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    server.write_posts(&folder.path().join("posts")).expect("posts can be written");

    let bare = bare_client(&server).await;
    println!("bare client, nothing kept: {:.2} s", bare.as_secs_f64());

    let first = run(folder.path(), &server, "first").await;
    first.print("first run", bare);
    let asked = server.origin().log().count();
    let before = tree(&folder.path().join("first"));
    let second = run(folder.path(), &server, "first").await;
    second.print("second run", bare);
    println!("second run: {} requests", server.origin().log().count() - asked);
    let changed = differing(&before, &tree(&folder.path().join("first")));
    println!("second run: files of blobs, thumbnails and articles that differ: {changed}");
    println!("blobs of images: {} for {} different images", images(&folder.path().join("first")), SIZE.images);

    let asked = server.origin().log().count();
    let child = start(folder.path(), &server, "cut");
    server.origin().log().wait_for(asked + SIZE.urls / 2).await.expect("the run gets half-way");
    signal(&child);
    let cut = wait(child, Instant::now());
    println!("interrupted half-way: ended {:.2} s after the signal with status {}", cut.wall.as_secs_f64(), cut.status);
    run(folder.path(), &server, "cut").await.print("run after it", bare);
    let same = digests(&folder.path().join("first")) == digests(&folder.path().join("cut"));
    println!("the archive equals one made without interruption: {same}");
}

/// All URLs fetched by a client that keeps nothing.
async fn bare_client(server: &BulkOrigin) -> Duration {
    let mut client = reqwest::Client::builder().no_proxy();
    for host in server.hosts() {
        client = client.resolve(&host, server.origin().address());
    }
    let client = client.build().expect("a client can be built");
    let urls: Vec<String> = server.posts().flat_map(|post| urls(&post.text)).collect();
    let began = Instant::now();
    let fetched = stream::iter(urls).map(|url| {
        let client = client.clone();
        async move { client.get(url).send().await?.bytes().await }
    });
    let mut fetched = fetched.buffer_unordered(32);
    while let Some(body) = fetched.next().await {
        body.expect("the server answers");
    }
    began.elapsed()
}

fn urls(text: &str) -> Vec<String> {
    let after = text.split("src=\"").skip(1);
    after.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

struct Figures {
    wall: Duration,
    peak_mib: u64,
    status: i32,
}

impl Figures {
    fn print(&self, what: &str, bare: Duration) {
        println!(
            "{what}: status {}, {:.2} s ({:.2} of the bare client), peak {} MiB",
            self.status,
            self.wall.as_secs_f64(),
            self.wall.as_secs_f64() / bare.as_secs_f64(),
            self.peak_mib
        );
    }
}

async fn run(folder: &Path, server: &BulkOrigin, store: &str) -> Figures {
    let began = Instant::now();
    let child = start(folder, server, store);
    tokio::task::spawn_blocking(move || wait(child, began)).await.expect("waiting does not panic")
}

fn start(folder: &Path, server: &BulkOrigin, store: &str) -> Child {
    let address = server.origin().address();
    let known =
        server.hosts().iter().fold(String::new(), |known, host| known + &format!("\"{host}\" = \"{address}\"\n"));
    let settings = format!(
        "[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nconcurrency = 32\nper_host = 8\n[fetch.resolve]\n{known}"
    );
    std::fs::write(folder.join("config.toml"), settings).expect("settings can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_offprint"));
    command.args(["run", "-q", "--store", store]).current_dir(folder).stdin(Stdio::null()).process_group(0);
    command.spawn().expect("the program can be started")
}

/// Waits for the end and reads the peak of resident memory from the system on the way.
fn wait(mut child: Child, began: Instant) -> Figures {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(peak);
        if let Some(ended) = child.try_wait().expect("the program can be waited for") {
            return Figures { wall: began.elapsed(), peak_mib: peak / 1024, status: ended.code().unwrap_or(-1) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

type Tree = BTreeMap<PathBuf, (u64, std::time::SystemTime)>;

fn tree(store: &Path) -> Tree {
    files(store)
        .map(|file| {
            let facts = file.metadata().expect("the file is there");
            (file, (facts.len(), facts.modified().expect("the system keeps times")))
        })
        .collect()
}

fn files(store: &Path) -> impl Iterator<Item = PathBuf> {
    let parts = ["blobs", "thumbnails", "articles"].map(|part| store.join(part));
    let entries = parts.into_iter().flat_map(WalkDir::new).map(|entry| entry.expect("the archive can be read"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path)
}

fn differing(before: &Tree, after: &Tree) -> usize {
    let new = after.iter().filter(|(name, facts)| before.get(*name) != Some(*facts)).count();
    new + before.keys().filter(|name| !after.contains_key(*name)).count()
}

fn images(store: &Path) -> usize {
    files(store)
        .filter(|file| file.starts_with(store.join("blobs")) && file.extension().is_some_and(|ending| ending == "png"))
        .count()
}

fn digests(store: &Path) -> BTreeMap<PathBuf, Digest> {
    files(store)
        .map(|file| {
            let name = file.strip_prefix(store).expect("it lies below").to_owned();
            (name, Digest::of(&std::fs::read(file).expect("the file can be read")))
        })
        .collect()
}
