//! What the static pages of many articles cost.

use std::time::Instant;

use crate::corpus::say;
use crate::sandbox::Sandbox;

fn scale() -> usize {
    std::env::var("OFFPRINT_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

fn post(sandbox: &Sandbox, number: usize, text: &str) {
    let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
    let year = 2000 + number % 25;
    let post = format!("---\ntitle: Post {number}\ndate: {year}-{month:02}-{day:02} 08:00:00\n---\n\n{text}\n");
    sandbox.write(&format!("posts/{:03}/{number:07}.md", number % 500), post);
}

/// Makes a run, and says how long it took and how many files it wrote.
fn night(sandbox: &Sandbox, what: &str, with_pages: bool) {
    let before = sandbox.tree("store/index");
    sandbox.settings(&format!("[index]\nenabled = {with_pages}\n"));
    let began = Instant::now();
    sandbox.run(&["run"]).expect(0);
    let took = began.elapsed();
    let after = sandbox.tree("store/index");
    let written = after.iter().filter(|(name, file)| before.get(*name) != Some(file)).count();
    say(&format!("{what}: {took:.1?}, {written} files written of {}", after.len()));
}

#[test]
#[ignore = "measurement: static pages of OFFPRINT_SCALE articles"]
fn static_pages() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("store/index")).unwrap();
    for number in 0..scale() {
        post(&sandbox, number, "text");
    }
    night(&sandbox, "first run without pages", false);
    night(&sandbox, "nothing new, without pages", false);
    night(&sandbox, "all pages", true);
    night(&sandbox, "nothing new", true);
    for number in 0..10 {
        post(&sandbox, number * 37, "another text");
    }
    night(&sandbox, "ten changes", true);
    for number in 0..10 {
        post(&sandbox, scale() + number * 37, "new");
    }
    night(&sandbox, "ten new articles", true);
}
