//! Style sheets of pages: kept as articles, and linked from the mirrors of pages.

use walkdir::WalkDir;

use super::{asked, counts, host, mirror, mirrors, origin, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content};

fn css(text: &str) -> Behaviour {
    Behaviour::serve(Content::new("text/css", text.as_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_links_to_its_style_sheets_and_these_to_those_that_they_import() {
    let head = "<link rel=stylesheet href='/css/s.css?v=1' integrity=sha256-x><style>@import url(/css/in.css);</style>";
    let origin = origin(&[("/deep/page", format!("{head}<p>text<img src=/1.png>"))]);
    origin.set("/css/s.css", css("@import \"more.css\" screen; p { background: url(/2.png) }"));
    origin.set("/css/more.css", css("@import 's.css?v=1'; i { background: url('/3.png') }"));
    origin.set("/css/in.css", css("b { color: red }"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/deep/page")));
    sandbox.run(&["run"]).expect(0);
    let page = mirror(&sandbox, &origin, "deep/page.html");
    let sheet = mirrors(&sandbox).into_iter().find(|name| name.starts_with("css/s")).unwrap();
    let named = sheet.strip_prefix("css/").unwrap();
    assert!(page.contains("<link rel=stylesheet href='../css/s"), "{page}");
    assert!(page.contains("data-integrity=sha256-x") && page.contains("@import url(../css/in.css)"), "{page}");
    assert!(sandbox.path(&format!("store/articles/site/{}/css/{named}", host(&origin))).is_file());
    let own = mirror(&sandbox, &origin, &sheet);
    assert!(own.contains("@import \"more.css\" screen") && own.contains("background: url(../../../../blobs/"), "{own}");
    assert!(mirror(&sandbox, &origin, "css/more.css").contains("blobs/"));
    sandbox.run(&["verify"]).expect(0);
    let original = sandbox.run(&["restore", &format!("site/{}/deep/page.html", host(&origin))]).expect(0).stdout;
    assert_eq!(original, format!("<!doctype html><title>t</title>{head}<p>text<img src=/1.png>"));
    let before = sandbox.tree("store/articles");
    assert_eq!(counts(&sandbox), [0, 0, 4]);
    assert_eq!(sandbox.tree("store/articles"), before, "nothing is written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn style_sheets_that_all_import_each_other_are_all_linked() {
    let names: Vec<String> = (0..12).map(|number| format!("/{number}.css")).collect();
    let links: Vec<_> = names.iter().map(|name| format!("<link rel=stylesheet href={name}>")).collect();
    let origin = origin(&[("/a", links.concat()), ("/b", links.concat())]);
    for name in &names {
        let others: Vec<_> =
            names.iter().filter(|other| *other != name).map(|other| format!("@import \"{other}\";")).collect();
        origin.set(name, css(&others.concat()));
    }
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("urls = [\"{}\", \"{}\"]", origin.url("/a"), origin.url("/b")));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.json(&["check"])["remote"].as_array().unwrap().len(), 0);
}

/// A page with so many style sheets, of which each imports the next one; the last one names another that cannot be had.
fn chain(length: usize) -> (crate::testserver::Origin, Sandbox) {
    let origin = origin(&[("/a", "<link rel=stylesheet href=/0.css>a".to_owned())]);
    for number in 0..length {
        origin.set(&format!("/{number}.css"), css(&format!("@import \"{}.css\";", number + 1)));
    }
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/a")));
    (origin, sandbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_style_sheets_is_linked_up_to_the_one_that_cannot_be_had() {
    let (origin, sandbox) = chain(40);
    sandbox.run(&["run"]);
    assert_eq!(mirrors(&sandbox).len(), 41, "{:?}", mirrors(&sandbox));
    assert!(mirror(&sandbox, &origin, "a.html").contains("<link rel=stylesheet href=0.css>"));
    assert_eq!(sandbox.json(&["check"])["remote"].as_array().unwrap().len(), 0);
}

/// The writing of what waits ends soon when the user says stop, and the next run goes on.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_writes_no_further_style_sheet() {
    let (_origin, sandbox) = chain(400);
    let mut child = sandbox.command(&["run", "-q"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let written = || {
        let files = WalkDir::new(sandbox.path("store/articles")).into_iter().filter_map(Result::ok);
        files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "css")).count()
    };
    while written() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        tokio::task::yield_now().await;
    }
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(written() < 400, "{} are written", written());
    sandbox.run(&["run"]);
    assert_eq!(written(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_style_sheet_that_cannot_be_had_stays_remote_is_reported_and_is_linked_when_it_comes() {
    let link = "<link rel=stylesheet href=/s.css>";
    let origin = origin(&[("/a", format!("{link}a")), ("/b", format!("{link}<base href=/x/>b"))]);
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("urls = [\"{}\", \"{}\"]", origin.url("/a"), origin.url("/b")));
    let report = sandbox.json(&["run"]);
    let note = "1 style sheet not kept, so that pages lead to the web for them (http_status 404)";
    assert!(report["sources"][0]["detail"].as_str().unwrap().contains(note), "{report}");
    assert!(mirror(&sandbox, &origin, "a.html").contains("href=/s.css"));
    assert_eq!(sandbox.json(&["check"])["remote"].as_array().unwrap().len(), 2);
    origin.set("/s.css", css("p { background: url(/1.png) }"));
    sandbox.run(&["run"]).expect(0);
    for page in ["a.html", "b.html"] {
        let page = mirror(&sandbox, &origin, page);
        assert!(page.contains("<link rel=stylesheet href=s.css>"), "{page}");
    }
    assert_eq!(sandbox.json(&["check"])["remote"].as_array().unwrap().len(), 0);
    asked(&origin);
    // Taken down, it is linked from no page.
    sandbox.run(&["forget", &format!("site/{}/s.css", host(&origin))]).expect(0);
    sandbox.run(&["run"]);
    assert_eq!(asked(&origin), ["/a", "/b"]);
    assert!(mirror(&sandbox, &origin, "a.html").contains("href=/s.css"));
    sandbox.run(&["verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn style_sheets_behind_redirects_and_within_frames_are_linked_and_alternates_are_not() {
    let head = "<link rel=stylesheet href=/old.css><link rel='alternate stylesheet' href=/alt.css>";
    let frame = "<iframe srcdoc=\"<link rel=stylesheet href=/in.css><p>x</p>\"></iframe>";
    let origin = origin(&[("/a", format!("{head}{frame}"))]);
    origin.set("/old.css", Behaviour::redirect(301, "/new.css"));
    origin.set("/new.css", css("p { color: red }"));
    origin.set("/in.css", css("i { color: red }"));
    origin.set("/alt.css", css("i { color: blue }"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/a")));
    sandbox.run(&["run"]).expect(0);
    let page = mirror(&sandbox, &origin, "a.html");
    assert!(
        page.contains("href=new.css>") && page.contains("href=in.css>") && page.contains("href=/alt.css"),
        "{page}"
    );
    assert_eq!(asked(&origin), ["/a", "/in.css", "/new.css", "/old.css"]);
}
