//! How the cost grows with the length of an article, and the memory that the program takes over eight at a time.

use std::fmt::Write;

use super::cost::seconds;
use super::forms::{Form, HONEST, hostile};
use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::watched::watch;

/// How much longer than an honest article of its format an article may take, for each byte.
const TIMES: f64 = 4.0;
/// The most memory of a whole run, in MiB.
const MEMORY: u64 = 300;

/// The lengths: up to the one in `OFFPRINT_SCALE`, in KiB.
fn lengths() -> Vec<usize> {
    let scale = std::env::var("OFFPRINT_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(256);
    [1, 16, 64, 256, 1024, 4096, 16 << 10, 64 << 10]
        .into_iter()
        .filter(|kib| *kib <= scale)
        .map(|kib| kib << 10)
        .collect()
}

/// The time for each byte, at the longest length and against the same of honest articles.
fn row(form: &Form, honest: f64) -> (f64, String) {
    let mut text = String::new();
    let mut worst: f64 = 0.0;
    for length in lengths() {
        let each = seconds(form, length) / length as f64 * 1e9;
        write!(text, " {each:8.0}").expect("a text takes all that is written");
        if length >= 64 << 10 {
            worst = worst.max(each / honest);
        }
    }
    (worst, format!("{text}  {}", form.name()))
}

#[test]
#[ignore = "measurement: ratios of times, on a machine with nothing else to do"]
fn measurement_of_time() {
    let longest = *lengths().last().unwrap_or(&1024);
    // As the slowest of the honest formats: what another format costs, an article of that format may cost.
    let honest = HONEST.iter().map(|form| {
        seconds(form, longest.min(1 << 20));
        let each = seconds(form, longest.min(1 << 20)) / longest.min(1 << 20) as f64 * 1e9;
        say(&format!("honest: {each:.0} ns a byte  {}", form.name()));
        each
    });
    let honest = honest.fold(0.0, f64::max);
    let mut rows: Vec<_> = hostile().map(|form| row(form, honest)).collect();
    rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    say(&format!("nanoseconds a byte at {:?} bytes, and times the slowest honest article", lengths()));
    rows.iter().take(25).for_each(|(times, text)| say(&format!("{times:6.2}{text}")));
    let too_slow = rows.iter().filter(|(times, _)| *times > TIMES).count();
    assert_eq!(too_slow, 0, "{too_slow} of {}", rows.len());
}

/// Articles of every form, as large as the default settings take them, by one run of the program.
#[test]
#[ignore = "measurement: it writes gigabytes and takes long"]
fn measurement_of_memory() {
    let length = *lengths().last().unwrap_or(&1024);
    let mut peaks = Vec::new();
    let forms: Vec<_> = hostile().collect();
    for (at, forms) in forms.chunks(16).enumerate() {
        let sandbox = Sandbox::new();
        for (number, form) in forms.iter().enumerate() {
            let ending = form.format.as_str().replace("markdown", "md");
            sandbox.write(&format!("posts/{number}.{ending}"), form.article(length));
        }
        let run = watch(sandbox.command(&["run"]));
        say(&format!("{at}: peak {} MiB in {:?}, {}", run.peak, run.took, run.ran.stdout.lines().last().unwrap_or("")));
        assert!(matches!(run.ran.status, 0 | 3), "{run:?}");
        peaks.push(run.peak);
    }
    let most = peaks.into_iter().max().unwrap_or_default();
    say(&format!("articles of {length} bytes, all forms: at most {most} MiB"));
    assert!(most < MEMORY, "{most} MiB");
}
