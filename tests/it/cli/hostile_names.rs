//! Names, keys and URLs that a terminal would obey, or that show as something else: every command prints them harmlessly.
#![cfg(unix)]

use std::process::{Command, Stdio};

use crate::sandbox::{Ran, Sandbox};
use crate::testserver::{Behaviour, Origin, Site};

/// A name that clears the screen, sets the window's title, turns the text around, and looks like two lines.
const NAME: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}dm.exe\u{2066}\u{2028}\u{200b}\u{9b}31m";

/// Whether a terminal obeys the character, or shows nothing for it.
fn is_hostile(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn expect_harmless(ran: &Ran, arguments: &[&str]) {
    for text in [&ran.stdout, &ran.stderr] {
        let hostile: Vec<_> = text.chars().filter(|c| is_hostile(*c)).collect();
        assert!(hostile.is_empty(), "{arguments:?} prints {hostile:?}: {text:?}");
    }
}

/// A sandbox whose articles, keys, titles and images have hostile names, and one image is missing.
fn sandbox(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    let (good, gone) = (origin.url("/good.png"), origin.url(&format!("/{NAME}.jpg")));
    let article = format!(
        "---\ntitle: \"{}\"\n\"k\\e]0;x\\a\u{202e}\": {gone}\n---\n\n<img src=\"{good}\"><img src=\"{gone}\"><img src=\"{NAME}.png\">\n",
        NAME.replace('\u{1b}', "\\e").replace('\u{7}', "\\a")
    );
    sandbox.write(&format!("posts/{NAME}.md"), &article);
    sandbox.write(&format!("posts/{NAME}/b.md"), "text");
    sandbox.write(&format!("posts/{NAME}/large.md"), "x".repeat(3_000));
    sandbox.write("offprint.toml", settings("max_article = \"2 KiB\""));
    sandbox
}

fn settings(rewrite: &str) -> String {
    format!("[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nretries = 0\n[rewrite]\n{rewrite}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_hostile_names_harmlessly() {
    let photo = offprint::testing::demo::photo::Photo::new(1, 40, 30).png();
    let content = crate::testserver::Content::new("image/png", photo);
    let origin = Origin::start(Site::new().on("/good.png", Behaviour::serve(content))).expect("a server starts");
    let sandbox = sandbox(&origin);
    let post = format!("posts/{NAME}.md");
    let missing = format!("no/{NAME}");
    let run = |arguments: &[&str]| {
        let ran = sandbox.run(arguments);
        expect_harmless(&ran, arguments);
        ran
    };
    run(&["-v", "run", "--dry-run"]);
    run(&["-v", "run"]);
    sandbox.write(&format!("store/blobs/sha256/ab/{NAME}"), "not ours");
    for arguments in [
        &["-v", "mirror", &post][..],
        &["extract", &post],
        &["status"],
        &["-v", "status"],
        &["status", "--history", &post],
        &["status", "--history", &missing],
        &["status", "--history", &origin.url(&format!("/{NAME}.jpg"))],
        &["status", "--similar"],
        &["check"],
        &["verify"],
        &["verify", "--repair"],
        &["-v", "gc", "--dry-run"],
        &["-v", "gc"],
        &["restore", &post, "--to", &missing],
        &["restore", &missing],
        &["mirror", &missing],
        &["extract", &missing],
        &["--store", &missing, "status"],
        &["--config", &missing, "run"],
        &["--unknown", NAME],
        &[NAME],
        &["verify", "--subset", NAME],
        &["extract", &post, "--base-url", NAME],
    ] {
        run(arguments);
        let with_json = [&["--json"], arguments].concat();
        run(&with_json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_shown_and_json_says_the_same() {
    let origin = Origin::start(Site::new()).expect("a server starts");
    let sandbox = sandbox(&origin);
    let post = format!("posts/{NAME}.md");
    let listed = sandbox.run(&["extract", &post]).expect(0).stdout;
    assert!(listed.contains("\\u{202e}dm.exe\\u{2066}\\u{2028}\\u{200b}"), "{listed}");
    let article = sandbox.json(&["extract", &post])["article"].clone();
    assert_eq!(article, post.as_str());
}

#[test]
fn the_log_is_harmless() {
    let sandbox = Sandbox::new();
    sandbox.write(&format!("posts/{NAME}.md"), "text");
    let mut command = sandbox.command(&["run"]);
    let output = command.env("OFFPRINT_LOG", "trace").output().expect("the program can be started");
    expect_harmless(&Ran::of(&output), &["run"]);
}

/// `restore` gives the very bytes to a file or a pipe. A terminal gets them as text that it does not obey.
#[test]
#[ignore = "needs script(1)"]
fn a_restored_article_does_not_drive_the_terminal_that_script_1_makes() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "evil \u{1b}]0;x\u{7}\nline\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, "evil \u{1b}]0;x\u{7}\nline\n");
    let program = env!("CARGO_BIN_EXE_offprint");
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{program} restore posts/a.md"), "/dev/null"]).current_dir(sandbox.path(""));
    let output = script.stdin(Stdio::null()).output().expect("script can be started");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "evil \\u{1b}]0;x\\u{7}\r\nline\r\n");
}
