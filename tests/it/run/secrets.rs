//! Secrets of the settings and of addresses stand in nothing that is printed, logged, kept or sent to others.

use walkdir::WalkDir;

use crate::origin::image;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Origin, Site};

/// Part of every secret here.
const HUSH: &str = "hush";

fn settings(origin: &Origin) -> String {
    let (address, hook) = (origin.address(), origin.url("/hook-hush"));
    format!(
        "[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nretries = 0\n\
         [fetch.resolve]\n\"paid.example\" = \"{address}\"\n\
         [[fetch.host]]\nhost = \"http://paid.example\"\nheaders = [\"Cookie: session=hush\"]\n\
         [report]\nwebhook = \"{hook}\"\nping_start = \"{hook}\"\nping_success = \"{hook}\"\nping_failure = \"{hook}\"\n\
         [fallback]\ntemplates = [\"http://me:hush@paid.example/archive/{{url}}\"]\ndelay = \"0\"\n"
    )
}

/// Every place in a folder where the secret stands.
fn places(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let files = WalkDir::new(sandbox.path(folder)).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let holds = |entry: &walkdir::DirEntry| {
        let bytes = std::fs::read(entry.path()).expect("a file of the archive can be read");
        bytes.windows(HUSH.len()).any(|part| part == HUSH.as_bytes())
    };
    files.filter(holds).map(|entry| entry.path().display().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_neither_printed_nor_kept_nor_sent_to_others() {
    let site = Site::new()
        .at("paid.example", "/good.jpg", Behaviour::serve(image()).with_header("Set-Cookie", "token=hush"))
        .at("paid.example", "/page.jpg", Behaviour::status(403))
        .otherwise(|_| Some(Behaviour::status(404)));
    let origin = Origin::start(site).expect("a server starts");
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", settings(&origin));
    let own = origin.address();
    sandbox.write(
        "posts/a.md",
        format!(
            "![](http://paid.example/good.jpg) ![](http://paid.example/page.jpg) ![](http://me:hush@{own}/a.jpg) \
             ![](ftp://me:hush@{own}/b.jpg) ![](http://hush@paid.example/c.jpg)"
        ),
    );
    for arguments in [
        &["-vv", "run"][..],
        &["-v", "run"],
        &["--json", "run"],
        &["-v", "status"],
        &["--json", "status"],
        &["-v", "check"],
        &["--json", "check"],
        &["verify"],
        &["--json", "extract", "posts/a.md"],
    ] {
        let ran = sandbox.run(arguments);
        let raw = arguments.contains(&"extract");
        assert!(raw || !(ran.stdout + &ran.stderr).contains(HUSH), "{arguments:?}");
    }
    // The article itself is kept as it was written, and so is its mirror.
    let kept = places(&sandbox, "store");
    assert!(kept.iter().all(|file| file.contains("/blobs/") || file.contains("/articles/")), "{kept:#?}");
    for visit in origin.log().requests() {
        let headers: String = visit.request.headers.iter().map(|(_, value)| value.as_str()).collect();
        assert!(visit.request.host == "paid.example" || !headers.contains(HUSH), "{headers}");
    }
}
