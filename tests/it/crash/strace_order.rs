//! The order in which a run makes files durable, as `strace` sees it: bytes, then the name, and only then what shows them.

use std::collections::HashMap;
use std::process::Command;

use crate::corpus::needs;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// How many images the job has, ten to an article: many are kept at a time.
const IMAGES: u64 = 120;

/// A call of the system, with when it began and ended, in seconds.
#[derive(Debug)]
struct Call {
    name: String,
    arguments: String,
    begun: f64,
    ended: f64,
}

/// The calls of a log of `strace -f -y -ttt -T`, in which calls of several threads overlap.
fn calls(log: &str) -> Vec<Call> {
    let (mut calls, mut open) = (Vec::new(), HashMap::new());
    for line in log.lines() {
        // The number of the thread is padded.
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((time, rest)) = rest.trim_start().split_once(' ') else { continue };
        let Ok(time) = time.parse::<f64>() else { continue };
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(thread, (time, begun.to_owned()));
        } else if rest.starts_with("<... ") {
            let Some((begun, text)) = open.remove(&thread) else { continue };
            calls.extend(call(&text, begun, time));
        } else {
            let took = rest.rsplit_once('<').and_then(|(_, took)| took.trim_end_matches('>').parse::<f64>().ok());
            calls.extend(call(rest, time, time + took.unwrap_or(0.0)));
        }
    }
    calls
}

fn call(text: &str, begun: f64, ended: f64) -> Option<Call> {
    let (name, arguments) = text.split_once('(')?;
    Some(Call { name: name.to_owned(), arguments: arguments.to_owned(), begun, ended })
}

impl Call {
    /// The path of the descriptor that it begins with.
    fn path(&self) -> &str {
        let (_, path) = self.arguments.split_once('<').unwrap_or_default();
        path.split('>').next().unwrap_or_default().trim_end_matches(" (deleted)")
    }

    /// From where a file is renamed, and to where.
    fn renamed(&self) -> Option<(String, String)> {
        let quoted: Vec<_> = self.arguments.split('"').collect();
        let [_, from, folder, name, ..] = quoted[..] else { return None };
        let folder = folder.split_once('<')?.1.split('>').next()?;
        self.name.starts_with("rename").then(|| (from.to_owned(), format!("{folder}/{name}")))
    }

    /// Whether it makes a file or folder durable.
    fn saves(&self, path: &str) -> bool {
        self.name == "syncfs" || (self.name.starts_with("fsync") && self.path() == path)
    }
}

/// Asserts that something was saved between two moments.
#[track_caller]
fn is_saved(calls: &[Call], path: &str, (from, until): (f64, f64), why: &str) {
    let saves = |call: &&Call| call.saves(path) && call.begun >= from && call.ended <= until;
    assert!(calls.iter().any(|call| saves(&call)), "{path} is not durable: {why}");
}

/// A run over a site with many images, and the log of it.
fn traced() -> (Sandbox, Vec<Call>) {
    needs("strace");
    let image = |seed| Behaviour::serve(Content::new("image/png", tiny(seed)));
    let site = (0..IMAGES).fold(Site::new(), |site, number| site.on(&format!("/{number}.png"), image(number)));
    let origin = Origin::start(site).expect("loopback can be served on");
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    for (article, images) in (0..IMAGES).collect::<Vec<_>>().chunks(10).enumerate() {
        let line = |image: &u64| format!("![]({})\n", origin.url(&format!("/{image}.png")));
        sandbox.write(&format!("posts/{article}.md"), images.iter().map(line).collect::<Vec<_>>().concat());
    }
    let command = sandbox.command(&["run"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-ttt", "-T", "-e", "trace=write,rename,renameat,renameat2,fsync,fdatasync,syncfs", "-o"]);
    strace.arg(sandbox.path("calls")).arg(command.get_program()).args(command.get_args());
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = strace.current_dir(sandbox.path("")).output().expect("strace can be started");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let calls = calls(&sandbox.text("calls"));
    (sandbox, calls)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs strace"]
async fn bytes_are_durable_before_their_name_and_that_before_a_mirror_shows_it() {
    let (sandbox, calls) = traced();
    let renames: Vec<_> = calls.iter().filter_map(|call| Some((call, call.renamed()?))).collect();
    let store = sandbox.path("store").canonicalize().unwrap().display().to_string();
    let into = |part: &str| {
        let folder = format!("{store}/{part}/");
        renames.iter().filter(move |(_, (_, to))| to.starts_with(&folder)).collect::<Vec<_>>()
    };
    let (blobs, thumbnails, mirrors) = (into("blobs"), into("thumbnails"), into("articles"));
    let count = usize::try_from(IMAGES).unwrap();
    let counts = (blobs.len(), thumbnails.len(), mirrors.len());
    // The originals of the articles are blobs, too.
    assert_eq!(counts, (count + count / 10, count, count / 10));
    for (rename, (from, _)) in blobs.iter().chain(&thumbnails) {
        let written = calls.iter().filter(|call| call.name == "write" && call.path() == from).map(|call| call.ended);
        let written = written.fold(f64::NAN, f64::max);
        is_saved(&calls, from, (written, rename.begun), "it has its name before its bytes are saved");
    }
    let mut shown = 0;
    for (mirror, (_, path)) in &mirrors {
        let text = std::fs::read_to_string(path).unwrap();
        for (rename, (_, to)) in &blobs {
            let (folder, name) = to.rsplit_once('/').unwrap();
            if text.contains(name) {
                is_saved(&calls, folder, (rename.ended, mirror.begun), "a mirror shows what has no durable name");
                shown += 1;
            }
        }
    }
    assert_eq!(shown, count, "each image is shown by one mirror");
}
