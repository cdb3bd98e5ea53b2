//! How much memory it takes to go through everything, the bombs included.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use futures_util::{StreamExt, stream};
use offprint::testing::config::{Config, Fit};
use offprint::testing::media::probe;
use offprint::testing::model::MediaType;
use offprint::testing::render::DecodePool;

use super::hostile::chunk;
use super::size;
use crate::corpus::{corpus, files, say, some};

/// Of a process that makes thumbnails of every image there is, with the default settings.
const PROMISED: u64 = 300_000_000;

/// Decoders of these take more memory than the headers say: the kernel holds the processes that decode to their limits
/// (tests/cage.rs), and nothing is promised where they decode in the program.
const TAKE_MORE: [MediaType; 4] = [MediaType::Avif, MediaType::Heic, MediaType::Jxl, MediaType::Jp2];

/// How many images wait for their turn at once, as they do in a run.
const WAITING: usize = 16;

/// Images of next to no bytes that take nearly all the memory there is, as many as would be decoded side by side.
const BOMBS: usize = 4;

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn all_images_of_the_corpus_are_gone_through_within_the_memory_that_is_promised() {
    let itself = std::env::current_exe().expect("a process has a file");
    let name = "media::memory::all_thumbnails_in_its_own_process";
    let child = Command::new(itself).args(["--exact", name, "--ignored", "--nocapture"]).output();
    let child = child.expect("a test can run another");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    let peak = said.lines().find_map(|line| line.strip_prefix("peak ")?.parse::<u64>().ok());
    let peak = peak.expect("Linux says in /proc how much memory a process had");
    let printed = said.lines().find(|line| line.contains("thumbnails")).unwrap_or_default();
    say(&format!(
        "the corpus and {BOMBS} bombs, with the default settings: {} MB at most, {printed}",
        peak / 1_000_000
    ));
    assert!(peak <= PROMISED, "{peak} bytes");
}

#[tokio::test]
#[ignore = "in its own process: the test above runs it"]
async fn all_thumbnails_in_its_own_process() {
    let folder = corpus("images");
    let limits = Config::default().media;
    let pool = Arc::new(DecodePool::new(&limits));
    let sizes = [size(480, 480, Fit::Inside), size(160, 160, Fit::Cover)];
    let bombs = tempfile::tempdir().expect("a temporary folder can be made");
    for number in 0..BOMBS {
        std::fs::write(bombs.path().join(number.to_string()), bomb(4800)).expect("it can be written");
    }
    let images = files(bombs.path()).into_iter().chain(some(files(&folder), 4));
    let made = stream::iter(images).map(|path| {
        let (pool, limits, sizes) = (Arc::clone(&pool), limits.clone(), sizes.to_vec());
        async move {
            let permit = pool.permit().await;
            let bytes = std::fs::read(path).expect("it can be read");
            let asset = probe(&bytes, &limits);
            if TAKE_MORE.contains(&asset.media_type) {
                return false;
            }
            permit.thumbnails(bytes.into(), asset, sizes).await.unwrap().sizes[0].is_ok()
        }
    });
    let made = made.buffer_unordered(WAITING).filter(|made| std::future::ready(*made)).count().await;
    say(&format!("{made} thumbnails"));
    if let Some(peak) = peak_memory() {
        say(&format!("peak {peak}"));
    }
}

/// A square PNG in which nothing can be seen.
fn bomb(side: u32) -> Vec<u8> {
    let mut row = vec![0; 1 + 4 * side as usize];
    row[1..].fill(9);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..side {
        packed.write_all(&row).expect("a vector takes all");
    }
    let packed = packed.finish().expect("a vector takes all");
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &packed), &chunk(b"IEND", b"")].concat()
}

/// The most memory this process ever had, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
