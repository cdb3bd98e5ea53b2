//! How the cost grows with the length of an article, and the memory that the program takes over eight at a time.

use std::fmt::Write;

use offprint::testing::model::Format;

use super::cost::seconds;
use super::forms::{Form, HONEST, hostile};
use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::watched::watch;

/// How much longer than an honest article of its format an article may take, for each byte.
const TIMES: f64 = 4.0;
/// How often each article is read for its time.
const TRIES: usize = 5;
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

/// The length of the honest articles that stand beside the others.
const BESIDE: usize = 64 << 10;

/// What an article of a form costs.
struct Cost {
    form: Form,
    /// The most time for each byte, against the same of an honest article that is read just before.
    times: f64,
    /// The seconds at the longest length.
    seconds: f64,
    /// The nanoseconds for each byte at each length.
    text: String,
}

impl Cost {
    fn of(form: &Form, honest: &Form) -> Self {
        let (mut text, mut times, mut last) = (String::new(), 0.0_f64, 0.0);
        for length in lengths() {
            // Side by side: the machine is faster at one moment than at another.
            let pairs: Vec<_> = (0..TRIES).map(|_| (each(honest, BESIDE), each(form, length))).collect();
            let typical = median(pairs.iter().map(|(_, each)| *each));
            last = typical * length as f64;
            write!(text, " {:8.0}", typical * 1e9).expect("a text takes all that is written");
            if length >= 64 << 10 {
                times = times.max(median(pairs.iter().map(|(honest, each)| each / honest)));
            }
        }
        Self { form: *form, times, seconds: last, text: format!("{text}  {}", form.name()) }
    }
}

/// The seconds that each byte takes.
fn each(form: &Form, length: usize) -> f64 {
    seconds(form, length) / length as f64
}

/// A single number may be of a moment in which the machine was slow.
fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<_> = numbers.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The costs of all forms, the worst first.
fn costs() -> Vec<Cost> {
    let honest = HONEST.iter().map(|form| {
        let typical = median((0..TRIES).map(|_| each(form, BESIDE)));
        say(&format!("honest: {:.0} ns a byte  {}", typical * 1e9, form.name()));
        (typical, form)
    });
    // The slowest of the honest formats: what another format costs, an article of that format may cost.
    let (_, honest) = honest.max_by(|(a, _), (b, _)| a.total_cmp(b)).expect("there are honest forms");
    let mut costs: Vec<_> = hostile().map(|form| Cost::of(form, honest)).collect();
    costs.sort_by(|a, b| b.times.total_cmp(&a.times));
    costs
}

#[test]
#[ignore = "measurement: ratios of times, on a machine with nothing else to do"]
fn measurement_of_time() {
    let costs = costs();
    say(&format!("nanoseconds a byte at {:?} bytes, and times the slowest honest article", lengths()));
    costs.iter().take(25).for_each(|cost| say(&format!("{:6.2}{}", cost.times, cost.text)));
    say("format, start | KiB | s | times honest | MiB of eight at a time");
    let longest = lengths().last().copied().unwrap_or_default();
    for Cost { form, times, seconds, .. } in costs.iter().filter(|cost| is_article(&cost.form)).take(10) {
        let run = eight(&[form; 8], longest);
        say(&format!("{} | {} | {seconds:.2} | {times:.2} | {}", form.name(), longest >> 10, run.peak));
        assert!(run.peak < MEMORY, "{}", run.text);
    }
    let too_slow = costs.iter().filter(|cost| cost.times > TIMES).count();
    assert_eq!(too_slow, 0, "{too_slow} of {}", costs.len());
}

/// Whether a source reads files of the form's format. A style sheet is none of its articles.
fn is_article(form: &Form) -> bool {
    form.format != Format::Css
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

/// The seconds that eight honest articles of a length take, of the format that takes longest.
fn honest_seconds(length: usize) -> f64 {
    HONEST.iter().filter(|form| is_article(form)).map(|form| eight(&[form; 8], length).seconds).fold(0.0, f64::max)
}

/// Articles of every form, eight at a time, at the lengths up to `OFFPRINT_SCALE`; those beyond what is read, of some
/// forms.
#[test]
#[ignore = "measurement: it writes gigabytes and takes long"]
fn measurement_of_memory() {
    let forms: Vec<_> = hostile().filter(|form| is_article(form)).collect();
    let mut rows = Vec::new();
    for length in lengths().into_iter().filter(|length| *length >= 256 << 10) {
        let honest = honest_seconds(length);
        for forms in forms.chunks(8).take(if length > BOUND { 2 } else { usize::MAX }) {
            let row = eight(forms, length);
            assert_eq!(row.mirrored + row.refused.len(), forms.len(), "{} {:?}", row.text, row.refused);
            assert!(length <= BOUND || row.refused.iter().all(|reason| reason == "too_large"), "{:?}", row.refused);
            assert!(length <= BOUND || row.mirrored == 0, "{}", row.text);
            rows.push((row.seconds / honest, row));
        }
    }
    let refused: usize = rows.iter().map(|(_, row)| row.refused.len()).sum();
    say(&format!("{} runs of eight articles, {refused} articles refused; the ten with the most memory:", rows.len()));
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.peak));
    rows.iter().take(10).for_each(|(_, row)| say(&row.text));
    rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    say("and the ten that took longest, against the slowest honest articles of their length:");
    rows.iter().take(10).for_each(|(times, row)| say(&format!("{times:.1} times; {}", row.text)));
    let most = rows.iter().map(|(_, row)| row.peak).max().unwrap_or_default();
    assert!(most < MEMORY, "{most} MiB");
}
