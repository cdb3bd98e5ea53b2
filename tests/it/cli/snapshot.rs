//! What the program prints, compared with files in `tests/data/cli`.
//!
//! A snapshot is a session: each command after `$`, then what it printed and how it ended. What differs from run to run
//! is replaced: the sandbox, the origin's address, moments, durations and digests. `OFFPRINT_BLESS=1 cargo test --test it snapshot`
//! writes the files; read their changes as you read code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::sandbox::{Ran, Sandbox, is_blessing};
use crate::testserver::Origin;

/// A session of commands in one sandbox.
pub(super) struct Session<'a> {
    sandbox: &'a Sandbox,
    origin: Option<&'a Origin>,
    text: String,
}

impl<'a> Session<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, origin: Option<&'a Origin>) -> Self {
        Self { sandbox, origin, text: String::new() }
    }

    /// Runs a command, and adds it with what it printed.
    pub(super) fn run(&mut self, arguments: &[&str]) -> &mut Self {
        let ran = self.sandbox.run(arguments);
        self.add(arguments, &ran);
        self
    }

    fn add(&mut self, arguments: &[&str], Ran { status, stdout, stderr }: &Ran) {
        let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
        let call = arguments.iter().map(quoted).collect::<Vec<_>>().join(" ");
        writeln!(self.text, "$ offprint {call}").expect("a text takes all");
        self.text.push_str(stdout);
        for line in stderr.lines() {
            writeln!(self.text, "! {line}").expect("a text takes all");
        }
        writeln!(self.text, "= {status}\n").expect("a text takes all");
    }

    /// Compares the session with the file of that name, or writes the file where `OFFPRINT_BLESS` is set.
    pub(super) fn expect(&self, name: &str) {
        let found = self.scrubbed();
        let file = file(name);
        if is_blessing() {
            std::fs::write(&file, &found).expect("the snapshot can be written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        let at = expected.lines().zip(found.lines()).take_while(|(expected, found)| expected == found).count();
        assert!(expected == found, "{name}:{}: OFFPRINT_BLESS=1 writes what is printed now:\n{found}", at + 1);
    }

    fn scrubbed(&self) -> String {
        let folder = self.sandbox.path("").canonicalize().expect("the sandbox is there");
        let folder = folder.to_str().expect("the name of a temporary folder is ASCII");
        let mut text = self.text.replace(folder, "/sandbox");
        if let Some(origin) = self.origin {
            text = text.replace(&origin.address().to_string(), "origin.example");
        }
        without_what_varies(&text)
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cli").join(format!("{name}.txt"))
}

/// What varies: what it looks like, with `0` for a digit and `x` for one of a digest, and what is written in place of it.
const VARYING: [(&str, &str); 6] = [
    ("0000-00-00 00:00 UTC", "<moment>"),
    ("0000-00-00T00:00:00", "<moment>"),
    ("00000000T000000Z", "<run>"),
    ("0000-00-00", "<day>"),
    (", 0.0 s", ", <duration>"),
    ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "<sha256>"),
];

/// The number after this is replaced.
const ELAPSED: &str = "\"elapsed_ms\": ";

/// What the system has and lacks: what stands before it, and what ends it.
const OF_THE_SYSTEM: [(&str, char); 4] =
    [("in_force=\"", '"'), ("lacking=\"", '"'), ("\"in_force\": [", ']'), ("\"lacking\": [", ']')];

fn without_what_varies(text: &str) -> String {
    let (mut rest, mut scrubbed) = (text, String::new());
    while let Some(first) = rest.chars().next() {
        if let Some((shape, name)) = VARYING.iter().find(|(shape, _)| has_shape(rest, shape)) {
            scrubbed.push_str(name);
            rest = &rest[shape.len()..];
            // Runs that begin in one second are numbered.
            if *name == "<run>" && has_shape(rest, "-0") {
                rest = &rest["-0".len()..];
            }
            if *name == "<moment>" {
                rest = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).trim_start_matches('Z');
            }
        } else if let Some(after) = rest.strip_prefix(ELAPSED) {
            scrubbed.push_str("\"elapsed_ms\": <duration>");
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if let Some((before, end)) = OF_THE_SYSTEM.iter().find(|(before, _)| rest.starts_with(before)) {
            scrubbed.push_str(before);
            scrubbed.push_str("<of the system>");
            rest = rest[before.len()..].trim_start_matches(|c| c != *end);
        } else {
            scrubbed.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    scrubbed
}

fn has_shape(text: &str, shape: &str) -> bool {
    let same = |(found, wanted): (u8, u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        b'x' => found.is_ascii_hexdigit(),
        _ => found == wanted,
    };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(same)
}

#[test]
fn what_varies_is_replaced_and_nothing_else() {
    let text =
        "at 2026-03-08T07:15:00.25Z, run 20260308T071500Z, on 2026-03-08, \"elapsed_ms\": 12345, 12 in 2026, 1.5 s";
    let scrubbed = "at <moment>, run <run>, on <day>, \"elapsed_ms\": <duration>, 12 in 2026, <duration>";
    assert_eq!(without_what_varies(text), scrubbed);
    let system = "in_force=\"a, b\" lacking=\"\" {\"in_force\": [\n\"a\"\n], \"lacking\": []}";
    let scrubbed = "in_force=\"<of the system>\" lacking=\"<of the system>\" \
        {\"in_force\": [<of the system>], \"lacking\": [<of the system>]}";
    assert_eq!(without_what_varies(system), scrubbed);
    assert_eq!(without_what_varies(&format!("a {} b", offprint::Digest::of(b""))), "a <sha256> b");
}
