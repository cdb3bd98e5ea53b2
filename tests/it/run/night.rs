//! Every night, unattended: budgets, retries, signals, the lock, notifications, and what is reported without a run.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::corpus::needs;
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Gate, LoggedRequest, Origin, Site};

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)))
}

/// An origin of `count` images, and a sandbox with a post for each.
pub(super) fn posts(count: u64) -> (Origin, Sandbox) {
    let site = (0..count).fold(Site::new(), |site, at| site.on(&format!("/{at}.png"), png(at)));
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    for at in 0..count {
        sandbox.write(&format!("posts/{at}.md"), format!("![]({})\n", origin.url(&format!("/{at}.png"))));
    }
    (origin, sandbox)
}

fn bodies(visits: &[LoggedRequest]) -> Vec<String> {
    visits.iter().map(|visit| String::from_utf8_lossy(&visit.request.body).into_owned()).collect()
}

/// A run with this budget stops cleanly and says so, and one without goes on to the end.
fn check_budget(budget: &str) {
    let (origin, sandbox) = posts(30);
    sandbox.settings(&format!("per_host = 1\n[run]\n{budget}\n"));
    let ran = sandbox.run(&["run"]).expect(3);
    let name = budget.split(' ').next().unwrap();
    assert!(ran.stdout.starts_with(&format!("stopped by run.{name}, ")), "{ran:?}");
    assert_eq!((ran.stdout.lines().count(), ran.stderr.lines().count()), (1, 1), "{ran:?}");
    assert!(ran.stderr.starts_with(&format!("stopped by run.{name}: ")), "{ran:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(sandbox.only("store/runs", ".json")).unwrap()).unwrap();
    assert_eq!((report["outcome"].as_str(), report["stopped_by"].as_str()), (Some("incomplete"), Some(name)));
    assert_eq!(sandbox.json(&["verify"])["findings"], Value::Array(Vec::new()));
    let asked = origin.log().count();
    assert!(asked < 30, "{asked}");
    sandbox.settings("");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["outcome"], &report["urls"]["left"]), (&"complete".into(), &0.into()), "{report}");
    assert_eq!(origin.log().count(), 30, "what was fetched is not fetched again");
    sandbox.run(&["check"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_requests_stops_cleanly_and_the_next_run_goes_on() {
    check_budget("max_requests = 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_bytes_stops_cleanly_and_the_next_run_goes_on() {
    check_budget("max_bytes = \"1 B\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_time_stops_cleanly_and_the_next_run_goes_on() {
    check_budget("max_time = \"1ms\"");
}

/// A body that never comes to its end holds no run beyond its time for long, and costs its URL nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_coming_when_the_time_is_up_stays_in_the_queue() {
    let gate = Gate::new();
    let site = Site::new().on("/slow.png", png(1).drips(20, &gate)).on("/quick.png", png(2));
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({}) ![]({})", origin.url("/slow.png"), origin.url("/quick.png")));
    sandbox.settings("read_timeout = \"10m\"\n[run]\nmax_time = \"4s\"\n");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["outcome"], &report["stopped_by"]), (&"incomplete".into(), &"max_time".into()), "{report:#}");
    assert_eq!((&report["urls"]["deferred"], &report["urls"]["failed"]), (&1.into(), &0.into()), "{report:#}");
    assert_eq!(sandbox.tree("store/tmp").len(), 0);
    gate.open();
    sandbox.settings("");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["outcome"], &report["urls"]["left"]), (&"complete".into(), &0.into()), "{report:#}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_with_too_little_room_stops_cleanly_and_the_next_run_goes_on() {
    check_budget("min_free = \"8000000 TiB\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_counted() {
    let (_origin, sandbox) = posts(30);
    sandbox.settings("per_host = 1\n[run]\nmax_bytes = \"1 B\"\n");
    let report = sandbox.json(&["run"]);
    let count = |pointer: &str| report.pointer(pointer).unwrap().as_u64().unwrap();
    assert!(count("/urls/left") > 0);
    assert_eq!(count("/urls/left") + count("/urls/fetched"), 30, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_what_a_run_would_do_and_changes_nothing() {
    let (origin, sandbox) = posts(3);
    for arguments in [&["run", "--dry-run"][..], &["mirror", "posts", "--dry-run"]] {
        let printed = sandbox.json(arguments);
        assert_eq!(
            (&printed["articles"]["new"], &printed["urls"], &printed["references"]),
            (&3.into(), &3.into(), &3.into())
        );
        assert_eq!(printed["fetch"][0], origin.url("/0.png"));
        assert_eq!(printed["write"][2], "posts/2.md");
    }
    assert!(!sandbox.path("store").exists(), "not even an archive is made");
    sandbox.run(&["run"]).expect(0);
    origin.log().clear();
    sandbox.write("posts/3.md", format!("![]({})![]({})", origin.url("/0.png"), origin.url("/new.png")));
    std::fs::remove_file(sandbox.path("posts/1.md")).unwrap();
    let before = sandbox.digests("store");
    let ran = sandbox.run(&["-v", "run", "--dry-run"]).expect(0);
    let expected = format!(
        "would fetch {}\nwould write posts/3.md\ndry run: 3 articles (1 new, 0 changed, 1 vanished); 2 references in \
         those, 1 URL to ask for\n",
        origin.url("/new.png")
    );
    assert_eq!(ran.stdout, expected);
    // A reader of the catalog maps its log, which comes and goes.
    let kept = |name: &Path| !name.to_string_lossy().starts_with("catalog.db-");
    let after = sandbox.digests("store");
    assert!(before.iter().filter(|(name, _)| kept(name)).eq(after.iter().filter(|(name, _)| kept(name))));
    assert_eq!(origin.log().count(), 0);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["new"], &report["articles"]["vanished"]), (&1.into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_go_where_the_settings_say() {
    let (origin, sandbox) = posts(2);
    let site = |path: &str| origin.set(path, Behaviour::status(200));
    ["/start", "/success", "/failure", "/hook"].into_iter().for_each(site);
    let url = |path: &str| origin.url(path);
    let settings = format!(
        "[report]\nwebhook = \"{}\"\nping_start = \"{}\"\nping_success = \"{}\"\nping_failure = \"{}\"\n",
        url("/hook"),
        url("/start"),
        url("/success"),
        url("/failure")
    );
    sandbox.settings(&settings);
    sandbox.write("posts/gone.md", format!("![]({})", url("/gone.png")));
    let ran = sandbox.run(&["run"]).expect(3);
    let log = origin.log();
    assert_eq!((log.of("/start").len(), log.of("/success").len(), log.of("/failure").len()), (1, 1, 0));
    assert_eq!(bodies(&log.of("/success")), [ran.stdout.trim_end()]);
    let hook = log.of("/hook").remove(0).request;
    assert_eq!((hook.method.as_str(), hook.header("content-type")), ("POST", Some("application/json")));
    let report: Value = serde_json::from_slice(&hook.body).unwrap();
    assert_eq!((&report["newly_missing"], &report["outcome"]), (&1.into(), &"complete".into()));
    let first = log.requests().into_iter().next().unwrap();
    assert_eq!(first.request.path(), "/start", "the start is reported before anything is done");

    log.clear();
    sandbox.run(&["mirror", "posts"]).expect(0);
    assert_eq!(log.count(), 0, "a mirror by hand is not the nightly job");
    std::fs::remove_dir_all(sandbox.path("posts")).unwrap();
    sandbox.run(&["run"]).expect(1);
    assert!(bodies(&log.of("/failure"))[0].contains("has no folder"));
    assert_eq!(log.of("/success").len(), 0);
    let hook: Value = serde_json::from_slice(&log.of("/hook")[0].request.body).unwrap();
    assert_eq!(hook["outcome"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_fails_is_a_warning_without_the_secret_address() {
    let (origin, sandbox) = posts(1);
    let settings = format!("[report]\nping_success = \"{}\"\n", origin.url("/secret-token"));
    sandbox.settings(&settings);
    let ran = sandbox.run(&["-q", "run"]).expect(0);
    assert_eq!(ran.stderr, "offprint: cannot notify `report.ping_success`: it answered 404 Not Found\n");
    sandbox
        .settings("[report]\nwebhook = \"http://127.0.0.1:1/secret-token\"\nprometheus = \"no/such/folder/a.prom\"\n");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("cannot notify `report.webhook`: ") && !ran.stderr.contains("secret"), "{ran:?}");
    assert!(ran.stderr.contains("cannot notify `report.prometheus`: "), "{ran:?}");
}

/// The samples of a Prometheus text file, where it is one (exposition format 0.0.4).
fn samples(text: &str) -> Vec<(String, f64)> {
    let mut described = Vec::new();
    let mut samples = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            assert!(kind == "HELP" || (kind == "TYPE" && rest == "gauge"), "{line}");
            described.push((kind.to_owned(), name.to_owned()));
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let family = name.split('{').next().unwrap();
        assert!(family.starts_with("offprint_") && family.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        for kind in ["HELP", "TYPE"] {
            let of_family = described.iter().filter(|(of, name)| of == kind && name == family);
            assert_eq!(of_family.count(), 1, "{kind} of {line}");
        }
        samples.push((name.to_owned(), value.parse().unwrap()));
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prometheus_file_parses_and_says_what_the_report_says() {
    let (origin, sandbox) = posts(2);
    sandbox.settings("[report]\nprometheus = \"offprint.prom\"\n");
    sandbox.write("posts/gone.md", format!("![]({})", origin.url("/gone.png")));
    sandbox.run(&["run"]).expect(3);
    let text = sandbox.text("offprint.prom");
    assert!(text.ends_with('\n'));
    let samples = samples(&text);
    let value = |name: &str| {
        let found: Vec<_> = samples.iter().filter(|(sample, _)| sample == &format!("offprint_{name}")).collect();
        assert_eq!(found.len(), 1, "{name} in {text}");
        found[0].1
    };
    for (name, expected) in [
        ("last_run_outcome{outcome=\"complete\"}", 1.0),
        ("last_run_outcome{outcome=\"incomplete\"}", 0.0),
        ("last_run_articles{state=\"new\"}", 3.0),
        ("last_run_urls{result=\"fetched\"}", 2.0),
        ("last_run_urls{result=\"failed\"}", 1.0),
        ("last_run_blobs{result=\"new\"}", 2.0),
        ("last_run_newly_missing_urls", 1.0),
        ("references{state=\"local\"}", 2.0),
        ("references{state=\"remote\"}", 1.0),
        ("missing_urls{reason=\"http_status\"}", 1.0),
    ] {
        assert!((value(name) - expected).abs() < f64::EPSILON, "{name}");
    }
    assert!(value("last_run_timestamp_seconds") > 1.7e9 && value("last_run_duration_seconds") > 0.0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(sandbox.path("offprint.prom")).unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "the collector runs as another user");
    }
}

/// Starts a run whose only image never comes, sends a signal, and gives how it ended and how soon.
#[cfg(unix)]
async fn interrupted(sandbox: &Sandbox, origin: &Origin, signal: &str) -> (Ran, Duration) {
    let mut command = sandbox.command(&["run"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    origin.log().wait_for_those(1, |visit| visit.request.path() == "/held.png").await.unwrap();
    let sent = Instant::now();
    kill(&child, signal);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    (Ran::of(&output), sent.elapsed())
}

#[cfg(unix)]
fn kill(child: &Child, signal: &str) {
    let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_run_in_five_seconds_at_a_point_from_which_the_next_goes_on() {
    for signal in ["TERM", "INT"] {
        let (origin, sandbox) = posts(2);
        let gate = Gate::new();
        origin.set("/held.png", png(9).held(&gate));
        sandbox.write("posts/held.md", format!("![]({})", origin.url("/held.png")));
        let (ran, took) = interrupted(&sandbox, &origin, signal).await;
        assert_eq!(ran.status, 130, "{signal}: {ran:?}");
        assert!(took < Duration::from_secs(5), "{signal}: {took:?}");
        assert!(ran.stdout.starts_with("interrupted; the next run goes on from here"), "{ran:?}");
        assert_eq!(sandbox.json(&["verify"])["findings"], Value::Array(Vec::new()));
        gate.open();
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["check"]).expect(0);
    }
}

#[cfg(unix)]
/// A command that only reads is done again and again while a run goes on. Gives what it did when it failed.
fn again_and_again(sandbox: &Sandbox, arguments: &[&str], running: &AtomicBool, rounds: &AtomicUsize) -> Option<Ran> {
    while running.load(Ordering::Relaxed) {
        let ran = sandbox.run(arguments);
        if ran.status != 0 {
            running.store(false, Ordering::Relaxed);
            return Some(ran);
        }
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_goes_on_beside_a_run_and_what_writes_waits_its_turn() {
    const READING: [&[&str]; 4] = [&["status"], &["verify"], &["gc", "--dry-run"], &["check"]];
    let (origin, sandbox) = posts(60);
    sandbox.run(&["run"]).expect(0);
    // The second night writes every mirror again, and waits for one image until each command was done twice.
    let gate = Gate::new();
    let held = Behaviour::serve(Content::new("image/png", tiny(99))).held(&gate);
    origin.change(|site| site.set("/held.png", held));
    for at in 0..60 {
        let text = format!("![]({})\n\nMore.\n", origin.url(&format!("/{at}.png")));
        sandbox.write(&format!("posts/{at}.md"), text);
    }
    sandbox.write("posts/held.md", format!("![]({})\n", origin.url("/held.png")));
    let (running, rounds) = (AtomicBool::new(true), READING.map(|_| AtomicUsize::new(0)));
    std::thread::scope(|scope| {
        let run = sandbox.command(&["--json", "run"]).stdout(Stdio::piped()).spawn().unwrap();
        let reading: Vec<_> = READING
            .iter()
            .zip(&rounds)
            .map(|(arguments, rounds)| scope.spawn(|| again_and_again(&sandbox, arguments, &running, rounds)))
            .collect();
        let is_read = || rounds.iter().all(|rounds| rounds.load(Ordering::Relaxed) >= 2);
        while running.load(Ordering::Relaxed) && !is_read() {
            std::thread::yield_now();
        }
        for writing in [&["run"][..], &["gc"]] {
            sandbox.run(writing).expect(75);
        }
        gate.open();
        let ran = Ran::of(&run.wait_with_output().unwrap()).expect(0);
        running.store(false, Ordering::Relaxed);
        for reading in reading {
            let failed = reading.join().unwrap();
            assert!(failed.is_none(), "{failed:?}");
        }
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&report["outcome"], &report["articles"]["changed"]), (&"complete".into(), &60.into()));
    });
    for writing in [&["gc"][..], &["verify", "--repair"], &["run"]] {
        sandbox.run(writing).expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_ends_with_75_while_the_first_goes_on_and_the_lock_dies_with_its_holder() {
    let (origin, sandbox) = posts(1);
    let gate = Gate::new();
    origin.set("/held.png", png(9).held(&gate));
    sandbox.write("posts/held.md", format!("![]({})", origin.url("/held.png")));
    let mut first = sandbox.command(&["run"]).stdout(Stdio::null()).spawn().unwrap();
    origin.log().wait_for_those(1, |visit| visit.request.path() == "/held.png").await.unwrap();
    let second = sandbox.run(&["run"]).expect(75);
    assert!(second.stderr.contains(&format!("(process {})", first.id())), "{second:?}");
    sandbox.run(&["status"]).expect(0);
    kill(&first, "KILL");
    first.wait().unwrap();
    gate.open();
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["check"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_wait_for_their_schedule_and_what_is_gone_for_good_is_retired_and_listed() {
    let (origin, sandbox) = posts(1);
    sandbox.settings("retries = 0\n[run]\nretry_schedule = [\"1ms\", \"1d\"]\n");
    origin.set("/gone.png", Behaviour::status(410));
    sandbox.write("posts/a.md", format!("![]({})![]({})", origin.url("/gone.png"), origin.url("/late.png")));
    for _ in 0..4 {
        sandbox.run(&["run"]);
    }
    assert_eq!(origin.log().of("/gone.png").len(), 1, "410 is not asked for again");
    assert_eq!(origin.log().of("/late.png").len(), 2, "the first wait is over at once, the second is a day");
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["retired"], &status["missing_by_reason"]["http_status"]), (&1.into(), &2.into()), "{status}");
    let retries: Vec<_> = status["retries"].as_object().unwrap().values().collect();
    assert_eq!(retries, [&Value::from(1)]);
    let printed = sandbox.run(&["status"]).expect(0).stdout;
    assert!(
        printed.contains("/gone.png (http_status 410, next try never)") && printed.contains("; 1 given up"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_article_is_kept_and_marked_and_comes_back() {
    let (_origin, sandbox) = posts(2);
    sandbox.run(&["run"]).expect(0);
    let text = sandbox.text("posts/1.md");
    std::fs::remove_file(sandbox.path("posts/1.md")).unwrap();
    assert_eq!(sandbox.json(&["run"])["articles"]["vanished"], 1);
    assert_eq!(sandbox.json(&["run"])["articles"]["vanished"], 0, "it vanishes once");
    assert_eq!(sandbox.json(&["status"])["vanished"], 1);
    assert!(sandbox.path("store/articles/posts/1.md").is_file());
    assert_eq!(sandbox.run(&["restore", "posts/1.md"]).expect(0).stdout, text);
    assert_eq!(sandbox.json(&["status", "--history", "posts/1.md"])["vanished"], true);
    sandbox.write("posts/1.md", &text);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.json(&["status"])["vanished"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_name_is_gone_is_given_up_after_so_many_nights() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nbreaker_wait = \"1ms\"\n[run]\nretry_schedule = [\"1ms\"]\nretire_after = 3\n");
    // RFC 6761, section 6.4: no name below `invalid` exists.
    sandbox.write("posts/a.md", "![](http://gone.invalid/a.png)\n");
    let nights: Vec<_> = (0..4).map(|_| sandbox.json(&["run"])).collect();
    let attempts: Vec<_> = nights.iter().map(|night| night["failures"][0]["attempts"].as_u64()).collect();
    assert_eq!(attempts, [Some(1), Some(2), Some(3), None]);
    assert_eq!(nights[2]["failures"][0]["next_attempt"], Value::Null);
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["retired"], &status["missing_by_reason"]["dns"]), (&1.into(), &1.into()), "{status}");
    assert_eq!(status["missing"][0]["next_attempt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_url_and_of_an_article_lists_every_version() {
    let (origin, sandbox) = posts(1);
    sandbox.settings("recheck = \"1ms\"\nretries = 0\n[run]\nretry_schedule = [\"1ms\"]\n");
    sandbox.run(&["run"]).expect(0);
    origin.set("/0.png", png(77));
    sandbox.run(&["run"]).expect(0);
    origin.set("/0.png", Behaviour::status(404));
    sandbox.run(&["run"]);
    let url = origin.url("/0.png");
    let history = sandbox.json(&["status", "--history", &url]);
    let captures = history["captures"].as_array().unwrap();
    let statuses: Vec<_> = captures.iter().map(|capture| capture["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 404]);
    assert_ne!(captures[0]["digest"], captures[1]["digest"]);
    assert_eq!(history["newest"], captures[1]["digest"], "a failure takes nothing away");
    let printed = sandbox.run(&["status", "--history", &url]).expect(0).stdout;
    assert!(printed.contains("404, http_status") && printed.contains("3 captures; kept: "), "{printed}");
    let status = sandbox.json(&["status"]);
    assert_eq!(status["changed_images"][0]["url"], url);
    assert_eq!((&status["rot"], status["rot_by_host"].as_object().unwrap().len()), (&1.into(), 1));

    sandbox.write("posts/0.md", "# Another\n");
    sandbox.run(&["run"]);
    for name in ["posts/0.md", "store/articles/posts/0.md"] {
        let history = sandbox.json(&["status", "--history", name]);
        assert_eq!(history["article"], "posts/0.md");
        assert_eq!(history["versions"].as_array().unwrap().len(), 2, "{history}");
    }
    sandbox.run(&["status", "--history", "http://nowhere.example/"]).expect(1);
    sandbox.run(&["status", "--history", "posts/none.md"]).expect(1);
}

#[test]
fn the_units_confine_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd");
    for word in
        ["ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "SuccessExitStatus=3", "ReadWritePaths="]
    {
        assert!(std::fs::read_to_string(folder.join("offprint.service")).unwrap().contains(word), "{word}");
    }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_finds_nothing_wrong_with_the_units() {
    needs("systemd-analyze");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd");
    // The program and its user are not installed here: those of this machine stand in for them.
    let sandbox = Sandbox::new();
    let unit = std::fs::read_to_string(folder.join("offprint.service")).unwrap();
    assert!(unit.contains("/usr/local/bin/offprint") && unit.contains("User=offprint"));
    let unit =
        unit.replace("/usr/local/bin/offprint", env!("CARGO_BIN_EXE_offprint")).replace("User=offprint", "User=root");
    sandbox.write("units/offprint.service", unit);
    sandbox.write("units/offprint.timer", std::fs::read(folder.join("offprint.timer")).unwrap());
    let units = ["units/offprint.service", "units/offprint.timer"].map(|unit| sandbox.path(unit));
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().unwrap();
    let said = Ran::of(&verified);
    let ours = said.stderr.lines().filter(|line| line.contains("offprint")).collect::<Vec<_>>();
    assert!(said.status == 0 && ours.is_empty(), "{said:?}");
}
