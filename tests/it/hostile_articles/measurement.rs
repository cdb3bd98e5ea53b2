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

/// The default `rewrite.max_article`, in bytes.
const BOUND: usize = 8 << 20;

/// What a run over eight articles of one length took, with what became of them.
struct Eight {
    peak: u64,
    seconds: f64,
    /// How many articles have a mirror, and why the others have none.
    mirrored: usize,
    refused: Vec<String>,
    text: String,
}

/// Has the program mirror eight articles with default settings, which are read side by side.
fn eight(forms: &[&Form], length: usize) -> Eight {
    let sandbox = Sandbox::new();
    for (number, form) in forms.iter().enumerate() {
        let ending = form.format.as_str().replace("markdown", "md");
        sandbox.write(&format!("posts/{number}.{ending}"), form.article(length));
    }
    let run = watch(sandbox.command(&["--json", "run"]));
    assert!(matches!(run.ran.status, 0 | 3), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.ran.stdout).expect("it is a report");
    let problems = report["problems"].as_array().into_iter().flatten();
    let reasons = problems.map(|problem| problem["reason"].as_str().unwrap_or_default().to_owned());
    let refused: Vec<_> = reasons.filter(|reason| reason == "too_large" || reason == "too_much_markup").collect();
    let mirrored = report["articles"]["new"].as_u64().and_then(|count| usize::try_from(count).ok());
    let (mirrored, seconds) = (mirrored.unwrap_or_default(), run.took.as_secs_f64());
    let names: Vec<_> = forms.iter().map(|form| form.name()).collect();
    let text =
        format!("{} KiB: {} MiB, {seconds:.1} s, {mirrored} mirrored; {}", length >> 10, run.peak, names.join(" | "));
    Eight { peak: run.peak, seconds, mirrored, refused, text }
}

/// Articles of every form, eight at a time, at the lengths up to `OFFPRINT_SCALE`; those beyond what is read, of some
/// forms.
#[test]
#[ignore = "measurement: it writes gigabytes and takes long"]
fn measurement_of_memory() {
    let forms: Vec<_> = hostile().collect();
    let mut rows = Vec::new();
    for length in lengths().into_iter().filter(|length| *length >= 256 << 10) {
        for forms in forms.chunks(8).take(if length > BOUND { 2 } else { usize::MAX }) {
            let row = eight(forms, length);
            assert_eq!(row.mirrored + row.refused.len(), forms.len(), "{} {:?}", row.text, row.refused);
            assert!(length <= BOUND || row.refused.iter().all(|reason| reason == "too_large"), "{:?}", row.refused);
            assert!(length <= BOUND || row.mirrored == 0, "{}", row.text);
            rows.push(row);
        }
    }
    let refused: usize = rows.iter().map(|row| row.refused.len()).sum();
    say(&format!("{} runs of eight articles, {refused} articles refused; the ten with the most memory:", rows.len()));
    rows.sort_by_key(|row| std::cmp::Reverse(row.peak));
    rows.iter().take(10).for_each(|row| say(&row.text));
    rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    say("and the three that took longest:");
    rows.iter().take(3).for_each(|row| say(&row.text));
    let most = rows.iter().map(|row| row.peak).max().unwrap_or_default();
    assert!(most < MEMORY, "{most} MiB");
}
