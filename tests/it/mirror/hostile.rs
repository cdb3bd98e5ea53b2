//! What the mirror shows of hosts that behave badly: the table of what was sent, what was recorded and what is shown.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;
use serde_json::Value;

use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Condition, Content, End, Origin, Portion, Site};

over_both_archives! {
    of_every_bad_behaviour_the_mirror_shows_the_image_or_what_was_there
    a_file_beside_an_article_has_the_limit_of_images
}

fn photo() -> Behaviour {
    nth(1)
}

fn nth(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 320, 240).jpeg()))
}

/// An image that a host sends in place of others.
fn placeholder() -> Behaviour {
    Behaviour::serve(Content::new("image/png", Photo::new(99, 320, 240).png()))
}

/// What is said of one host: how its images behave, and the reason recorded; `""` where they are shown.
struct Row {
    name: &'static str,
    images: Vec<Behaviour>,
    reason: &'static str,
}

fn row(name: &'static str, image: Behaviour, reason: &'static str) -> Row {
    Row { name, images: vec![image], reason }
}

/// A host with five different images that answers 200 with the placeholder where the condition does not hold.
fn five(name: &'static str, condition: &Condition, reason: &'static str) -> Row {
    let image = |seed| nth(seed).only_if(condition.clone(), placeholder());
    Row { name, images: (1..=5).map(image).collect(), reason }
}

fn rows() -> Vec<Row> {
    let refused = || Behaviour::status(403);
    let mut rows = vec![
        row("a Referer is wanted", photo().only_if(Condition::has("referer"), refused()), ""),
        row("no Referer is wanted", photo().only_if(!Condition::has("referer"), refused()), ""),
        row("no foreign Referer is wanted", photo().only_if(Condition::no_foreign_referer(), refused()), ""),
        row("a page for no Referer", photo().only_if(Condition::has("referer"), Behaviour::html_as("image/jpeg")), ""),
        five("a placeholder for no Referer", &Condition::has("referer"), ""),
        five("a placeholder for a Referer", &!Condition::has("referer"), ""),
        row("a known placeholder", placeholder(), "placeholder"),
        row("a page as JPEG", Behaviour::html_as("image/jpeg"), "not_an_image"),
        row("one pixel", Behaviour::tracking_pixel(), "tracking_pixel"),
        row("cut, and its length fits", photo().cut(Portion::Percent(50)), "truncated"),
        row("longer by its head", photo().claims_percent(150), "truncated"),
        row("reset half-way", photo().breaks_off(Portion::Percent(50), End::Reset), "truncated"),
        row("redirect to metadata", Behaviour::redirect(302, "http://169.254.169.254/a.jpg"), "forbidden_address"),
        row("redirect to private", Behaviour::redirect(302, "http://10.0.0.1/a.jpg"), "forbidden_address"),
        row("redirect to a file", Behaviour::redirect(302, "file:///etc/passwd"), "bad_url"),
        row("endless", Behaviour::endless("image/jpeg", Photo::new(1, 320, 240).jpeg()), "too_large"),
        row("gzip bomb", Behaviour::gzip_bomb(64), "too_large"),
    ];
    let statuses = [("404", 404), ("410", 410), ("500", 500)];
    rows.extend(statuses.map(|(name, status)| row(name, Behaviour::status(status), "http_status")));
    rows
}

impl Row {
    fn start(&self) -> Origin {
        let paths = self.images.iter().enumerate().map(|(at, image)| (format!("/{at}.jpg"), image.clone()));
        Origin::start(paths.fold(Site::new(), |site, (path, image)| site.on(&path, image))).unwrap()
    }

    fn urls<'a>(&self, origin: &'a Origin) -> impl Iterator<Item = String> + 'a {
        (0..self.images.len()).map(|at| origin.url(&format!("/{at}.jpg")))
    }
}

/// The host of the known placeholder is named in the settings, by its port; all others are found out.
fn settings(rows: &[Row], origins: &[Origin]) -> String {
    let at = rows.iter().position(|row| row.reason == "placeholder").unwrap();
    let digest = Digest::of(&Photo::new(99, 320, 240).png());
    let host = origins[at].address();
    format!(
        "retries = 0\nmax_bytes = \"1 MiB\"\n[[fetch.host]]\nhost = \"{host}\"\nplaceholders = [\"{digest}\"]\n[run]\ngrace = \"1ms\"\n"
    )
}

/// Each behaviour has a host of its own, so that what is learned of one says nothing of another.
fn of_every_bad_behaviour_the_mirror_shows_the_image_or_what_was_there(sandbox: &Sandbox) {
    let rows = rows();
    let origins: Vec<_> = rows.iter().map(Row::start).collect();
    sandbox.settings(&settings(&rows, &origins));
    for (at, (row, origin)) in rows.iter().zip(&origins).enumerate() {
        let images: Vec<_> = row.urls(origin).map(|url| format!("![a]({url})\n")).collect();
        sandbox.write(&format!("posts/{at:02}.md"), images.concat());
    }
    let report = sandbox.json(&["run"]);
    say("host                           sent                                 recorded           shown");
    let mut wrong = Vec::new();
    for (at, (row, origin)) in rows.iter().zip(&origins).enumerate() {
        let mirror = sandbox.text(&format!("store/articles/posts/{at:02}.md"));
        let seeds = 1..=row.images.len() as u64;
        let own = |seed| mirror.contains(&Digest::of(&Photo::new(seed, 320, 240).jpeg()).to_string());
        let is_shown = seeds.clone().all(own);
        let is_as_it_was = row.urls(origin).all(|url| mirror.contains(&url)) && !mirror.contains("/blobs/");
        let recorded = recorded(&report, &row.urls(origin).next().unwrap());
        let shown = if is_shown { "the image" } else { "the URL, as it was" };
        say(&format!("{:<30} {:<36} {recorded:<18} {shown}", row.name, sent(origin)));
        let (shown, kept) = (is_shown && recorded.is_empty(), is_as_it_was && !recorded.is_empty());
        if recorded != row.reason || !(shown || kept) {
            wrong.push(format!("{}: {recorded}, {mirror}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    evidence_is_kept(sandbox, &rows, &origins);
}

/// How many requests a host was sent, by their Referers.
fn sent(origin: &Origin) -> String {
    let visits = origin.log().requests();
    let without = visits.iter().filter(|visit| visit.request.header("referer").is_none()).count();
    let own = visits.iter().filter(|visit| visit.request.header("referer") == Some(&origin.url("/"))).count();
    assert_eq!(without + own, visits.len(), "articles without a URL of their own are not named");
    format!("{without} without a Referer, {own} with its own")
}

/// What was sent in place of an image is in the archive, and in none of its articles.
fn evidence_is_kept(sandbox: &Sandbox, rows: &[Row], origins: &[Origin]) {
    let names = [
        "a placeholder for no Referer",
        "a known placeholder",
        "a page as JPEG",
        "one pixel",
        "cut, and its length fits",
    ];
    let hosts = rows.iter().zip(origins).filter(|(row, _)| names.contains(&row.name));
    for (row, origin) in hosts {
        let printed = sandbox.json(&["status", "--history", &row.urls(origin).next().unwrap()]);
        let first = &printed["captures"][0];
        let file = first["kept"].as_str().unwrap_or_else(|| panic!("{}: {printed:#}", row.name));
        let bytes = sandbox.read(&format!("store/{file}"));
        assert_eq!(first["digest"], Digest::of(&bytes).to_string(), "{}", row.name);
    }
    assert_eq!(sandbox.json(&["gc", "--dry-run"])["removed"], 0);
    sandbox.run(&["verify"]).expect(0);
}

fn recorded(report: &Value, url: &str) -> String {
    let failures = report["failures"].as_array().unwrap();
    let failure = failures.iter().find(|failure| failure["url"] == url);
    failure.map_or_else(String::new, |failure| failure["reason"].as_str().unwrap().to_owned())
}

/// An image and a video of many megabytes beside an article are no more than any other: what is beyond the limit is
/// neither read nor copied whole, and the reason is on record.
fn a_file_beside_an_article_has_the_limit_of_images(sandbox: &Sandbox) {
    sandbox.settings("max_bytes = \"64 KiB\"\n");
    let small = Photo::new(1, 40, 30).png();
    sandbox.write("posts/small.png", &small);
    sandbox.write("posts/large.png", [small.clone(), vec![0; 64 << 10]].concat());
    // A file of gigabytes that takes no room on the disk.
    let video = std::fs::File::create(sandbox.path("posts/video.mp4")).unwrap();
    video.set_len(8 << 30).unwrap();
    sandbox.write("posts/a.html", "<img src=small.png><img src=large.png><img src=video.mp4>");
    let report = sandbox.json(&["run"]);
    let failures: Vec<_> = report["failures"].as_array().unwrap().iter().collect();
    assert_eq!(failures.len(), 2, "{report:#}");
    for failure in failures {
        assert_eq!(failure["reason"], "too_large", "{failure}");
        assert!(failure["detail"].as_str().unwrap().contains("fetch.max_bytes"), "{failure}");
    }
    let mirror = sandbox.text("store/articles/posts/a.html");
    assert!(!mirror.contains("=small.png") && mirror.contains("large.png") && mirror.contains("video.mp4"), "{mirror}");
    assert_eq!(std::fs::read_dir(sandbox.archive().objects.staging().folder()).unwrap().count(), 0);
}
