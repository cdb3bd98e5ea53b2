//! How much a run asks of the system for each image. Times differ from machine to machine, counts hardly.

use std::collections::BTreeMap;

use crate::corpus::needs;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// How many images the job has, ten to an article.
const IMAGES: u64 = 240;

/// The most calls for each image, with the share of its article and of the folders that are new. A little more than there are.
const MOST: [(&str, u64); 6] =
    [("fsync", 11), ("fdatasync", 1), ("pwrite64", 24), ("renameat", 3), ("openat", 20), ("read", 40)];

fn job(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    // Static pages are listed once in each run, however many images there are.
    sandbox.settings("[run]\nmin_free = \"0\"\n[index]\nenabled = false\n");
    let numbers: Vec<_> = (0..IMAGES).collect();
    for (article, images) in numbers.chunks(10).enumerate() {
        let lines: Vec<_> =
            images.iter().map(|image| format!("![]({})\n", origin.url(&format!("/{image}.png")))).collect();
        sandbox.write(&format!("posts/{article}.md"), lines.concat());
    }
    sandbox
}

/// How often each call is made by a command and all its threads and processes.
fn counted(sandbox: &Sandbox, arguments: &[&str]) -> BTreeMap<String, u64> {
    needs("strace");
    let counts = sandbox.path("counts");
    let command = sandbox.command(arguments);
    let mut strace = std::process::Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(&counts).arg(command.get_program()).args(command.get_args());
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.current_dir(command.get_current_dir().expect("it runs in its folder"));
    let output = strace.output().expect("strace can be started");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let table = std::fs::read_to_string(counts).expect("strace wrote it");
    let row = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        Some((columns.last()?.to_string(), columns.get(3)?.parse().ok()?))
    };
    table.lines().filter_map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs strace"]
async fn an_image_costs_few_calls_of_the_system() {
    let image = |seed| Behaviour::serve(Content::new("image/png", tiny(seed)));
    let site = (0..IMAGES).fold(Site::new(), |site, number| site.on(&format!("/{number}.png"), image(number)));
    let origin = Origin::start(site).expect("loopback can be served on");
    let sandbox = job(&origin);
    let first = counted(&sandbox, &["run"]);
    let count = |name: &str| first.get(name).copied().unwrap_or(0);
    let over: Vec<_> = MOST.iter().filter(|(name, most)| count(name) > most * IMAGES).collect();
    assert!(over.is_empty(), "more than {over:?} for each of {IMAGES} images: {first:#?}");
    // In which order: `crash::strace_order`.
    let saved = count("fsync") + count("syncfs");
    assert!(saved >= IMAGES / 16, "blobs and their names are made durable, by {saved} calls");
    let log = "store/catalog.db-wal";
    assert!(!sandbox.path(log).exists(), "the log is in the catalog when a run ends");
    let again = counted(&sandbox, &["run"]);
    let again = |name: &str| again.get(name).copied().unwrap_or(0);
    assert!(again("fsync") + again("renameat") < IMAGES / 4, "a run with nothing new writes its own record alone");
    assert!(again("connect") == 0, "and asks nobody");
}
