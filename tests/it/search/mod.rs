//! Search in the texts of articles: the index, the runs that write it, and the program and the pages that read it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

mod healing;
mod hostile;
mod index;
mod measurement;
mod pages;
mod program;

use crate::sandbox::Sandbox;

/// A post with its title, its day in November 2024 and its text.
fn post(title: &str, day: u32, text: &str) -> String {
    format!("---\ntitle: '{title}'\ndate: 2024-11-{day:02} 08:00:00\n---\n\n{text}\n")
}

/// The articles that a search finds, in order.
fn found(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let found = sandbox.json(&[&["search"], words].concat());
    let articles = found["articles"].as_array().unwrap();
    articles.iter().map(|article| article["path"].as_str().unwrap().to_owned()).collect()
}

/// Three posts in two languages.
fn three_posts() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "posts/harbour.md",
        post("The harbour", 20, "Rain over the *night* market.\n\n![A grey ferry](gone.jpg)"),
    );
    sandbox.write("posts/雨.md", post("雨天的集市", 21, "我们在操作**系统**上部署 gen-itgc。树"));
    sandbox.write(
        "posts/page.html",
        "<title>Snow</title><p>Night in the market&#x3002;<figcaption>Market hall</figcaption>",
    );
    sandbox
}
