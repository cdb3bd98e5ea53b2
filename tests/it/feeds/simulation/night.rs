//! The host, the archive, and what they are compared by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use offprint::testing::model::Digest;
use serde_json::Value;

use super::super::xml;
use super::feed::{Dialect, Feed, Health};
use super::publisher::{IMAGES, Publisher};
use super::truth::{Night, Post, Truth, alternate, whole_entries};
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, End, LoggedRequest, Origin, Site};

/// Tables that say of a run that it was, and what it found to be as it was.
const OF_RUNS: [&str; 3] = ["run", "revisit", "compared"];

/// A simulation, and an archive of it.
pub(super) struct Simulation {
    pub(super) publisher: Publisher,
    pub(super) truth: Truth,
    origin: Origin,
    sandbox: Sandbox,
    nights: u32,
    slowest: Duration,
    slowest_quiet: Duration,
}

impl Simulation {
    pub(super) fn open(feeds: usize, seed: u64) -> Self {
        let images = (0..IMAGES).fold(Site::new(), |site, image| {
            site.on(&format!("/i/{image}.png"), Behaviour::serve(Content::new("image/png", tiny(image))))
        });
        let simulation = Self {
            publisher: Publisher::new(feeds, seed),
            truth: Truth::default(),
            origin: Origin::start(images).unwrap(),
            sandbox: Sandbox::new(),
            nights: 0,
            slowest: Duration::ZERO,
            slowest_quiet: Duration::ZERO,
        };
        simulation.sandbox.settings("[[source]]\nname = \"news\"\nkind = \"feeds\"\nopml = \"feeds.opml\"\n");
        simulation.sandbox.write("feeds.opml", simulation.opml());
        simulation
    }

    fn url(&self) -> String {
        self.origin.url("")
    }

    fn opml(&self) -> String {
        let outlines = self.publisher.feeds.iter().map(|feed| {
            let [group, site, title] = feed.categories();
            let url = self.origin.url(&feed.first_path());
            format!(
                "<outline text=\"{group}\"><outline text=\"{site}\"><outline text=\"{title}\" type=\"rss\" xmlUrl=\"{url}\"/>\
                 </outline></outline>"
            )
        });
        format!("<opml version=\"2.0\"><head/><body>{}</body></opml>", outlines.collect::<Vec<_>>().concat())
    }

    fn publish(&self) {
        for feed in &self.publisher.feeds {
            let ends = feed.moved.iter().skip(1).map(|(path, _)| path).chain([&feed.path]);
            for ((path, status), to) in feed.moved.iter().zip(ends) {
                self.origin.set(path, Behaviour::redirect(*status, to));
            }
            self.origin.set(&feed.path, self.behaviour(feed));
            if feed.health == Health::PageOfFeed {
                self.origin.set(&alternate(feed), Self::served(feed, &feed.document(&self.url()).0));
            }
        }
    }

    fn behaviour(&self, feed: &Feed) -> Behaviour {
        let page = |head: &str| {
            let page = format!("<!doctype html><title>Sorry</title>{head}<p>Sorry");
            Behaviour::serve(Content::new("text/html", page.into_bytes()))
        };
        let (document, ends) = feed.document(&self.url());
        match feed.health {
            Health::Fine => Self::served(feed, &document),
            Health::Status(status) => Behaviour::status(status),
            Health::Gone => Behaviour::status(410),
            Health::Reset => Behaviour::stop(End::Reset),
            Health::Page => page(""),
            Health::PageOfFeed => {
                page(&format!("<link rel=alternate type=application/rss+xml href=\"{}\">", alternate(feed)))
            }
            Health::OtherXml => Behaviour::serve(xml("<urlset/>")),
            Health::Cut => {
                let whole = whole_entries(feed);
                let end = if whole < ends.len() { ends[whole - 1] + 7 } else { document.len() - 3 };
                Self::served(feed, &document[..end])
            }
        }
    }

    fn served(feed: &Feed, document: &str) -> Behaviour {
        let mime = match feed.dialect {
            Dialect::Json => "application/feed+json",
            Dialect::Rss | Dialect::Atom => "application/xml; charset=utf-8",
        };
        let content = Content::new(mime, document.as_bytes().to_vec());
        let (hour, minute) = (feed.changes / 60, feed.changes % 60);
        Behaviour::serve(match feed.number % 3 {
            2 => content.modified(&format!("Thu, 01 Jan 2026 {hour:02}:{minute:02}:00 GMT")),
            _ => content.etagged(),
        })
    }

    /// A night: a run, after which the archive equals the truth.
    pub(super) async fn night(&mut self) {
        self.publish();
        let url = self.url();
        let expected = self.truth.night(&self.publisher.feeds, &url);
        self.origin.log().clear();
        let began = Instant::now();
        let report = self.sandbox.json(&["run"]);
        self.slowest = self.slowest.max(began.elapsed());
        self.compare_report(&report, &expected);
        self.compare_archive().await;
        self.compare_versions(&expected.touched).await;
        self.nights += 1;
    }

    fn compare_report(&self, report: &Value, expected: &Night) {
        let night = self.nights;
        let count = |name: &str| report["articles"][name].as_u64().unwrap();
        let failed: BTreeSet<_> = report["sources"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| {
                let detail = row["detail"].as_str().filter(|_| row["outcome"] == "failed")?;
                let url = detail.strip_prefix("the feed ")?.split_whitespace().next()?;
                Some(url.strip_prefix(&self.url()).unwrap().to_owned())
            })
            .collect();
        assert_eq!(failed, expected.failed, "night {night}: {:#}", report["sources"]);
        let found = [count("new"), count("changed"), count("vanished"), count("failed")];
        assert_eq!(found, [expected.new, expected.changed, expected.vanished, 0], "night {night}: {report:#}");
        let asked: BTreeSet<_> = self.feeds_asked().iter().map(|asked| asked.request.target.clone()).collect();
        assert_eq!(asked, expected.asked, "night {night}");
        assert_eq!((&report["problems"], &report["newly_missing"]), (&Value::Array(Vec::new()), &0.into()), "{night}");
    }

    /// The requests for feeds.
    fn feeds_asked(&self) -> Vec<LoggedRequest> {
        let requests = self.origin.log().requests();
        let is_feed = |path: &str| path != "/robots.txt" && !path.starts_with("/i/");
        requests.into_iter().filter(|asked| is_feed(asked.request.path())).collect()
    }

    async fn compare_archive(&self) {
        let archive = self.sandbox.archive();
        let rows = archive.catalog.articles(Some("news"), None, 1 << 20).await.unwrap();
        let known = rows.iter().map(|row| {
            let is_withdrawn = format!("{:?}", row.state) == "Vanished";
            (row.version.key.path.to_string(), (row.version.original, is_withdrawn))
        });
        let of = |post: &Post| (Digest::of(post.versions.last().unwrap().as_bytes()), post.is_withdrawn);
        let expected = self.truth.posts.iter().map(|(path, post)| (path.clone(), of(post)));
        assert_same(&known.collect(), &expected.collect(), self.nights);
        let files = self.sandbox.tree("store/articles/news").into_keys().map(|name| {
            let name = name.to_string_lossy().into_owned();
            let text = self.sandbox.text(&format!("store/articles/news/{name}"));
            (name, text)
        });
        let links = self.links();
        let mirror = |post: &Post| {
            let text = post.versions.last().unwrap().clone();
            let text = links.iter().fold(text, |text, (url, link)| text.replace(url, link));
            let (front, body) = text.rsplit_once("thumbnail: '../../../../../blobs/sha256/").unwrap();
            let (digest, body) = body.split_once(".png'").unwrap();
            format!("{front}thumbnail: '../../../../../thumbnails/small/{digest}.jpg'{body}")
        };
        let expected = self.truth.posts.iter().map(|(path, post)| (path.clone(), mirror(post)));
        assert_same(&files.collect(), &expected.collect(), self.nights);
    }

    /// The addresses of the images, and the links of posts three folders deep that stand for them.
    fn links(&self) -> Vec<(String, String)> {
        let link = |image: u64| {
            let digest = Digest::of(&tiny(image)).to_string();
            let link = format!("../../../../../blobs/sha256/{}/{digest}.png", &digest[..2]);
            (self.origin.url(&format!("/i/{image}.png")), link)
        };
        (0..IMAGES).map(link).collect()
    }

    async fn compare_versions(&self, paths: &[String]) {
        let archive = self.sandbox.archive();
        for path in paths {
            let key = format!("news/{path}");
            let (source, path_of) = key.split_once('/').unwrap();
            let key = offprint::testing::model::ArticleKey {
                source: source.parse().unwrap(),
                path: path_of.parse().unwrap(),
            };
            let row = archive.catalog.article(&key).await.unwrap().unwrap();
            let versions = archive.catalog.versions(row.id).await.unwrap();
            let versions: Vec<_> = versions.into_iter().map(|version| version.original).collect();
            let expected = self.truth.posts[path].versions.iter().map(|text| Digest::of(text.as_bytes()));
            assert_eq!(versions, expected.collect::<Vec<_>>(), "night {}: the versions of {path}", self.nights);
        }
    }

    /// Every version of every article, and the bytes of all of them.
    pub(super) async fn compare_histories(&self) {
        self.compare_versions(&self.truth.posts.keys().cloned().collect::<Vec<_>>()).await;
        let kept: BTreeSet<_> = self.sandbox.digests("store/blobs/sha256").into_values().collect();
        let versions = self.truth.posts.values().flat_map(|post| &post.versions);
        assert!(versions.map(|text| Digest::of(text.as_bytes())).all(|digest| kept.contains(&digest)));
        assert_eq!(self.sandbox.json(&["verify"])["findings"], Value::Array(Vec::new()));
    }

    /// A night with nothing new: one conditional request for each feed, and nothing is written but the run's own record.
    pub(super) fn quiet_night(&mut self) {
        self.origin.log().clear();
        let (before, revisits) = (self.state(), self.revisits());
        let began = Instant::now();
        let report = self.sandbox.json(&["run"]);
        self.slowest_quiet = self.slowest_quiet.max(began.elapsed());
        assert_eq!(report["articles"]["unchanged"], report["articles"]["seen"], "night {}", self.nights);
        let asked: Vec<_> = self.feeds_asked();
        let url = self.url();
        let expected = self.truth.night(&self.publisher.feeds, &url);
        let mut paths: Vec<_> = asked.iter().map(|asked| asked.request.target.clone()).collect();
        paths.sort();
        assert_eq!(paths, expected.asked.into_iter().collect::<Vec<_>>(), "night {}", self.nights);
        for feed in self.publisher.feeds.iter().filter(|feed| !self.truth.is_retired(feed)) {
            let last = asked.iter().find(|asked| asked.request.target == feed.path).unwrap();
            let is_conditional =
                ["if-none-match", "if-modified-since"].iter().any(|name| last.request.header(name).is_some());
            assert!(is_conditional && last.status == Some(304), "night {}: {last:?}", self.nights);
        }
        assert_same(&self.state(), &before, self.nights);
        // One row of numbers for each feed, and for robots.txt.
        let feeds = self.publisher.feeds.iter().filter(|feed| !self.truth.is_retired(feed)).count() as u64;
        assert_eq!(self.revisits() - revisits, feeds + 1, "night {}", self.nights);
        self.nights += 1;
    }

    /// How many requests are on record that gave what an earlier one had.
    fn revisits(&self) -> u64 {
        let catalog = rusqlite::Connection::open(self.sandbox.path("store/catalog.db")).unwrap();
        catalog.query_row("SELECT count(*) FROM revisit", [], |row| row.get(0)).unwrap()
    }

    /// What must not change in a quiet night: the files of the archive, and the rows of its catalog.
    fn state(&self) -> BTreeMap<String, String> {
        let files = ["store/articles", "store/blobs", "store/thumbnails"].into_iter().flat_map(|folder| {
            let files = self.sandbox.tree(folder).into_iter();
            files.map(move |(name, facts)| (format!("{folder}/{}", name.display()), format!("{facts:?}")))
        });
        files.chain(rows(&self.sandbox)).collect()
    }

    pub(super) fn summary(&self) -> String {
        let (posts, versions) = (self.truth.count(), self.truth.version_count());
        let retired = self.publisher.feeds.iter().filter(|feed| self.truth.is_retired(feed)).count();
        format!(
            "{} nights, {} feeds ({retired} retired), {posts} articles with {versions} versions; slowest run {:?}, slowest \
             quiet one {:?}",
            self.nights,
            self.publisher.feeds.len(),
            self.slowest,
            self.slowest_quiet
        )
    }
}

/// Every row of the catalog, by its table and itself.
fn rows(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    let mut tables = catalog.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = BTreeMap::new();
    for table in tables.iter().filter(|table| !OF_RUNS.contains(&table.as_str())) {
        let mut select = catalog.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = select.column_count();
        let mut found = select.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<rusqlite::types::Value> = (0..columns).map(|at| row.get(at).unwrap()).collect();
            rows.insert(format!("{table}: {values:?}"), String::new());
        }
    }
    rows
}

/// Fails with what differs, and no more.
fn assert_same<T: PartialEq + std::fmt::Debug>(
    found: &BTreeMap<String, T>,
    expected: &BTreeMap<String, T>,
    night: u32,
) {
    let differs = |name: &&String| found.get(*name) != expected.get(*name);
    let names: BTreeSet<_> = found.keys().chain(expected.keys()).filter(differs).collect();
    let differing: Vec<_> = names.iter().take(5).map(|name| (name, found.get(*name), expected.get(*name))).collect();
    assert!(differing.is_empty(), "night {night}: {} differ; name, found, expected: {differing:#?}", names.len());
}
