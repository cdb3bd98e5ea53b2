//! `offprint serve`, as a user starts it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::origin::client;
use crate::sandbox::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "# A\n");
    sandbox.run(&["run"]).expect(0);
    sandbox
}

/// The program, and the URL that it prints.
pub(super) fn started(sandbox: &Sandbox, arguments: &[&str]) -> (Child, String) {
    let local = if arguments.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
    let mut command = sandbox.command(&[&["serve"], local, arguments].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://"));
    let url = url.unwrap_or_else(|| panic!("{line:?}")).to_owned();
    (child, url)
}

#[cfg(unix)]
pub(super) fn stop(mut child: Child) {
    let stopped = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success() && child.wait().unwrap().success());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_served_until_a_signal_and_a_run_goes_on_beside() {
    let sandbox = sandbox();
    let (child, url) = started(&sandbox, &[]);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    sandbox.write("posts/b.md", "# B\n");
    sandbox.run(&["run"]).expect(0);
    let page = client().get(format!("{url}articles")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("/article/posts/b.md"), "{page}");
    stop(child);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_keeps_others_out() {
    let sandbox = sandbox();
    sandbox.write("token", "0123456789abcdef0123\n");
    sandbox.settings("[serve]\ntoken_file = \"token\"\nhosts = [\"archive.example\"]\n");
    let (child, url) = started(&sandbox, &[]);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 401);
    let with = client().get(&url).basic_auth("", Some("0123456789abcdef0123")).header("Host", "archive.example");
    assert_eq!(with.send().await.unwrap().status(), 200);
    stop(child);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_url_that_is_printed_leads_to_the_pages_whatever_it_listens_at() {
    let sandbox = sandbox();
    for address in ["0.0.0.0:0", "[::]:0", "127.0.0.1:0"] {
        let (child, url) = started(&sandbox, &["--public", "--listen", address]);
        assert_eq!(client().get(&url).send().await.unwrap().status(), 200, "{address}: {url}");
        stop(child);
    }
}

#[test]
fn an_address_that_others_reach_takes_a_token_or_a_word() {
    let sandbox = sandbox();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8700"] {
        let ran = sandbox.run(&["serve", "--listen", address]).expect(2);
        assert!(ran.stderr.contains("token_file") && ran.stderr.contains("--public"), "{address}: {}", ran.stderr);
    }
    sandbox.write("token", "short\n");
    sandbox.settings("[serve]\ntoken_file = \"token\"\n");
    let short = sandbox.run(&["serve", "--listen", "127.0.0.1:0"]).expect(2);
    assert!(short.stderr.contains("16 characters"), "{}", short.stderr);
    sandbox.settings("[serve]\nhosts = [\"a b\"]\n");
    assert!(sandbox.run(&["serve"]).expect(2).stderr.contains("serve.hosts[0]"));
}

#[test]
fn where_there_is_no_archive_nothing_is_served() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1);
    assert!(ran.stderr.contains("there is no archive"), "{}", ran.stderr);
}
