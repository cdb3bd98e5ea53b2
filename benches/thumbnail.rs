//! Thumbnails against vipsthumbnail: CPU time for the same files, in turns, on one core each.
//!
//! `cargo bench --bench thumbnail`, with `OFFPRINT_CORPUS` naming the corpus and vipsthumbnail (Debian: libvips-tools)
//! at hand. Prints one line a set: the CPU time of offprint as a share of vipsthumbnail's, which both read the files,
//! make thumbnails 320 pixels wide at quality 80, and write them. The share is what can be compared between machines.

#![expect(clippy::print_stdout, reason = "it is what a benchmark is for")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use offprint::testing::config::{Animation, Fit, MediaConfig, Size, ThumbnailConfig, ThumbnailFormat};
use offprint::testing::media::similar::{Index, NEAR};
use offprint::testing::media::{probe, thumbnails};
use offprint::testing::model::Ending;

/// One set: a name, the size of its images, how vipsthumbnail writes them, and the share that is aimed at.
const SETS: [(&str, &str, &str, f64); 7] = [
    ("jpeg 1000x667", "1000x667!", ".jpg[Q=89,strip,subsample-mode=on]", 0.26),
    ("jpeg 1000x667 progressive", "1000x667!", ".jpg[Q=89,strip,subsample-mode=on,interlace]", 0.70),
    ("jpeg 2400x1667", "2400x1667!", ".jpg[Q=88,strip,subsample-mode=on]", 0.46),
    ("jpeg 4000x3000", "4000x3000!", ".jpg[Q=88,strip,subsample-mode=on]", 0.73),
    ("png 1000x667", "1000x667!", ".png[strip]", 0.40),
    ("webp 1000x667", "1000x667!", ".webp[Q=80,strip]", 0.52),
    ("avif 1000x667", "1000x667!", ".avif[Q=60,strip]", 1.00),
];

const ROUNDS: usize = 7;

fn main() {
    look_up_among_ten_million();
    let photos = photos();
    let vips = Command::new("vipsthumbnail").arg("--vips-version").output().is_ok();
    if photos.is_empty() || !vips {
        println!("not run: it needs OFFPRINT_CORPUS and vipsthumbnail");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (name, size, format, aim) in SETS {
        if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            let set = prepare(&photos, folder.path(), name, size, format);
            compare(&set, folder.path(), name, aim);
        }
    }
    let set = prepare(&photos, folder.path(), "three sizes", "2400x1667!", ".jpg[Q=88,strip]");
    three_sizes(&set, folder.path());
}

/// Prints how long a lookup of near hashes takes.
fn look_up_among_ten_million() {
    let mut random = fastrand::Rng::with_seed(1);
    let hashes: Vec<u64> = (0..10_000_000).map(|_| random.u64(..)).collect();
    let start = Instant::now();
    let index = Index::new(&hashes);
    let built = start.elapsed();
    let copies: Vec<u64> =
        hashes.iter().step_by(50_000).enumerate().map(|(at, hash)| hash ^ 0b1001 << (at % 60)).collect();
    let mut times: Vec<f64> = copies
        .iter()
        .map(|&hash| {
            let start = Instant::now();
            assert!(!index.within(hash, NEAR).is_empty(), "the original is within reach");
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    let middle = median(&mut times);
    let slowest = times[times.len() - 1];
    println!(
        "lookup among ten million hashes {middle:.2} ms, at most {slowest:.2} ms, aim 10; index built in {built:.1?}"
    );
}

/// Photographs of the corpus that are large enough.
fn photos() -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os("OFFPRINT_CORPUS") else { return Vec::new() };
    let folders = ["cameras", "exif-samples", "exif-orientation", "sharp", "sklearn"];
    let walk = folders.iter().flat_map(|name| walkdir::WalkDir::new(Path::new(&corpus).join("images").join(name)));
    let mut found: Vec<_> =
        walk.filter_map(Result::ok).map(walkdir::DirEntry::into_path).filter(|path| is_photo(path)).collect();
    found.sort();
    found
}

fn is_photo(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default();
    let asset = probe(&bytes, &limits());
    asset.color_space == "ycbcr" && asset.width >= 1600 && asset.orientation == 1 && asset.ending == Ending::Whole
}

/// Writes the photographs at one size and in one format.
fn prepare(photos: &[PathBuf], folder: &Path, name: &str, size: &str, format: &str) -> Vec<PathBuf> {
    let folder = folder.join(name.replace(' ', "-"));
    std::fs::create_dir(&folder).expect("the temporary folder can be written");
    for (number, photo) in photos.iter().enumerate() {
        let output = format!("{}/{number}{format}", folder.display());
        let status = Command::new("vipsthumbnail").arg(photo).args(["--size", size, "-o", &output]).status();
        assert!(status.is_ok_and(|status| status.success()), "vipsthumbnail writes the set");
    }
    let mut files: Vec<_> = walkdir::WalkDir::new(&folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Prints the share for one set.
fn compare(set: &[PathBuf], folder: &Path, name: &str, aim: f64) {
    // Enough files that starting vipsthumbnail does not weigh, and that clock ticks are fine enough.
    let repeats = 120_usize.div_ceil(set.len());
    let many: Vec<&PathBuf> = set.iter().cycle().take(set.len() * repeats).collect();
    let sizes = [size(320)];
    let (mut shares, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turns, and in both orders, so that a machine that slows down harms both alike.
        let (own, vips) = if round % 2 == 0 {
            let own = offprint_seconds(&many, folder, &sizes);
            (own, vips_seconds(&many, folder))
        } else {
            let vips = vips_seconds(&many, folder);
            (offprint_seconds(&many, folder, &sizes), vips)
        };
        shares.push(own / vips);
        ours.push(own);
        theirs.push(vips);
    }
    let each = |seconds: &mut Vec<f64>| median(seconds) * 1000.0 / f64::from(u32::try_from(many.len()).unwrap_or(1));
    let (own, vips) = (each(&mut ours), each(&mut theirs));
    let share = median(&mut shares);
    let (low, high) = (shares[0], shares[shares.len() - 1]);
    let verdict = if share <= aim { "met" } else { "MISSED" };
    println!("{name:28} {own:6.2} ms / {vips:6.2} ms = {share:.3} [{low:.3}-{high:.3}], aim {aim:.2} {verdict}");
}

/// Prints what three sizes from one decode cost, as a multiple of the largest alone.
fn three_sizes(set: &[PathBuf], folder: &Path) {
    let many: Vec<&PathBuf> = set.iter().cycle().take(set.len() * 4).collect();
    let mut shares: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let one = offprint_seconds(&many, folder, &[size(640)]);
            offprint_seconds(&many, folder, &[size(640), size(320), size(160)]) / one
        })
        .collect();
    println!("{:28} {:.3} of the largest alone, aim 1.30", "three sizes 640, 320, 160", median(&mut shares));
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn size(width: u32) -> ThumbnailConfig {
    ThumbnailConfig {
        name: "bench".parse().expect("it is plain"),
        width,
        height: 0,
        fit: Fit::Width,
        format: ThumbnailFormat::Jpeg,
        quality: 80,
        animation: Animation::Still,
    }
}

fn limits() -> MediaConfig {
    MediaConfig {
        max_pixels: 100_000_000,
        max_side: 65_500,
        max_alloc: Size(512 << 20),
        max_frames: 1000,
        max_time: std::time::Duration::from_secs(20),
        threads: 1,
        min_side: 3,
        sandbox: offprint::testing::config::Sandbox::Off,
        worker: None,
    }
}

/// CPU time of this thread for thumbnails of all files.
fn offprint_seconds(files: &[&PathBuf], folder: &Path, sizes: &[ThumbnailConfig]) -> f64 {
    let before = thread_seconds();
    let output = folder.join("offprint.jpg");
    for file in files {
        let bytes = std::fs::read(file).expect("the set can be read");
        let asset = probe(&bytes, &limits());
        for made in thumbnails(&bytes, &asset, sizes, &limits()).sizes {
            let made = made.expect("photographs have thumbnails");
            std::fs::write(&output, made.bytes).expect("the temporary folder can be written");
        }
    }
    thread_seconds() - before
}

/// CPU time of one vipsthumbnail process for thumbnails of all files.
fn vips_seconds(files: &[&PathBuf], folder: &Path) -> f64 {
    let before = children_seconds();
    let output = format!("{}/vips.jpg[Q=80]", folder.display());
    let mut command = Command::new("vipsthumbnail");
    command.env("VIPS_CONCURRENCY", "1").args(["--size", "320x", "-o", &output]).args(files);
    assert!(command.status().is_ok_and(|status| status.success()), "vipsthumbnail makes thumbnails");
    children_seconds() - before
}

/// Nanoseconds on a CPU, the first figure of schedstat.
fn thread_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux accounts CPU time");
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("schedstat starts with a number") / 1e9
}

/// User and system time of children that were waited for, in ticks of 10 ms (fields 16 and 17 of proc's stat).
fn children_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux accounts CPU time");
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
