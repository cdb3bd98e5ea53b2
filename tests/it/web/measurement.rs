//! How long the pages of large archives take, at any depth and beside a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;

use super::program::{started, stop};
use crate::corpus::say;
use crate::origin::client;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};
use crate::watched::peak_of;

/// Articles that each show an image of its own: a tenth of these is missing, a few of them for another reason. One host
/// has few images, one has many, the others the same share of the rest; and there are documents.
const ROWS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO host (id, key, asked) SELECT 100 + i, 'host-' || i || '.example', 1 FROM n;
    INSERT INTO host (id, key) VALUES (5000, 'rare.example'), (5001, 'many.example');
    CREATE TEMP TABLE number (i INTEGER PRIMARY KEY, digest BLOB);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
        INSERT INTO number SELECT i, unhex(printf('%08x%056x', i * 2654435761 % 4294967296, i)) FROM n;
    INSERT INTO blob (digest, media_type, size, created)
        SELECT digest, 'jpg', 90000, 1000000000000 + i * (700000000000 / COUNT) FROM number WHERE i % 10;
    INSERT INTO asset (digest, media_type, width, height, orientation, frames, alpha, bit_depth, color_space, truncated)
        SELECT digest, media_type, 900, 600, 1, 1, 0, 8, 'rgb', 0 FROM blob WHERE media_type = 'jpg';
    INSERT INTO url (id, url, host_id, state, reason, reported, digest, first_good, last_good)
        SELECT 1000 + i, 'https://host-' || (i % 1000 + 1) || '.example/2024/11/image-' || i || '.jpg',
               CASE WHEN i % (COUNT / 50) < 2 THEN 5000 WHEN i % 11 = 0 THEN 5001 ELSE 101 + i % 1000 END,
               iif(i % 10, 'good', 'failed'),
               CASE WHEN i % 10 THEN NULL WHEN i % (COUNT / 20) = 0 THEN 'dns' ELSE 'http_status' END, iif(i % 10, 0, 2),
               iif(i % 10, digest, NULL), iif(i % 10, 1, NULL), iif(i % 10, 1, NULL) FROM number;
    INSERT INTO url (url, host_id, state) SELECT 'https://many.example/' || i, 5001, 'document' FROM number WHERE i % 10 = 3;
    INSERT INTO article (id, source, path, original, size, modified, inode, format, settings, title, published, read_at, stale)
        SELECT 1000 + i, iif(i % 7, 'old', 'other'), printf('%03d/%07d.md', i % 365, i), zeroblob(32), 4000, 1, 1, 'md',
               zeroblob(32), 'Article ' || i || ' 标题', 1000000000000 + i * (700000000000 / COUNT), 1, 0
        FROM number;
    INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id)
        SELECT 1000 + i, 0, 0, 1, 'image', 'src', 0, 1000 + i FROM number;";

/// The lists, with the field of their rows in JSON.
const LISTS: [(&str, &str); 17] = [
    ("articles", "articles"),
    ("articles?source=other", "articles"),
    ("articles?month=2012-05", "articles"),
    ("articles?missing=1", "articles"),
    ("articles?host=host-501.example", "articles"),
    ("articles?host=rare.example", "articles"),
    ("articles?host=many.example", "articles"),
    ("images", "images"),
    ("images?month=2012-05", "images"),
    ("images?host=host-500.example", "images"),
    ("images?host=rare.example", "images"),
    ("images?host=many.example", "images"),
    ("missing", "urls"),
    ("missing?host=host-501.example", "urls"),
    ("missing?reason=dns", "urls"),
    ("hosts", "hosts"),
    ("runs", "runs"),
];

fn scale() -> u64 {
    std::env::var("OFFPRINT_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

/// The archive of one run, with many more rows, and settings by which a run leaves these alone.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "# A\n");
    let settings = "thumbnail = []\n[search]\nenabled = false\n[index]\nenabled = false\n\
        [fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\n";
    sandbox.write("config.toml", settings);
    sandbox.run(&["run"]).expect(0);
    let began = Instant::now();
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.execute_batch(&format!("BEGIN; {} COMMIT;", ROWS.replace("COUNT", &scale().to_string()))).unwrap();
    let size = std::fs::metadata(sandbox.path("store/catalog.db")).unwrap().len();
    say(&format!("{} articles and images, made in {:.1?}, {} MiB", scale(), began.elapsed(), size >> 20));
    sandbox
}

async fn get(client: &Client, url: &str) -> (Duration, String) {
    let began = Instant::now();
    let response = client.get(url).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{url}: {text}");
    (began.elapsed(), text)
}

fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * of_hundred / 100]
}

/// Goes through all pages of a list, and says how long some of them took; gives some of their addresses.
async fn walk(client: &Client, url: &str, path: &str, rows: &str) -> Vec<String> {
    let (mut next, mut times, mut some, mut pages) = (Some(path.to_owned()), Vec::new(), Vec::new(), 0);
    while let Some(path) = next {
        if pages % 97 == 0 || pages < 5 {
            some.push(path.clone());
        }
        if pages % 8 == 0 || pages < 5 {
            // Before its rows are read in another form, which would leave them in memory.
            times.push(get(client, &format!("{url}{path}")).await.0);
        }
        let (_, json) = get(client, &format!("{url}{}format=json", separated(&path))).await;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(pages > 0 || !json[rows].as_array().unwrap().is_empty(), "{path}: {json}");
        next = json["next"].as_str().map(|next| next[1..].replace("&format=json", "").replace("?format=json&", "?"));
        pages += 1;
    }
    let (first, last) = (times[0], times[times.len() - 1]);
    let [median, high, most] = [50, 99, 100].map(|percent| percentile(&mut times, percent));
    say(&format!(
        "/{path}: {pages} pages; the first {first:.1?}, the last {last:.1?}, median {median:.1?}, 99 % {high:.1?}, most {most:.1?}"
    ));
    some
}

fn separated(path: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}")
}

/// Reads pages, any of these, until it is to end.
async fn read(client: Client, url: String, paths: Arc<Vec<String>>, ends: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        times.push(get(&client, &format!("{url}{}", paths[fastrand::usize(..paths.len())])).await.0);
    }
    times
}

/// Makes runs that record new articles with ten images each, until a minute has passed.
fn write_for_a_minute(sandbox: &Sandbox) -> usize {
    let site = (0..1000_u64).fold(Site::new(), |site, number| {
        site.on(&format!("/{number}.png"), Behaviour::serve(Content::new("image/png", tiny(number))))
    });
    let origin = Origin::start(site).unwrap();
    let (began, mut articles) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(60) {
        for _ in 0..100 {
            let image = |at| format!("![]({})\n", origin.url(&format!("/{}.png", (articles * 10 + at) % 1000)));
            let images: Vec<_> = (0..10).map(image).collect();
            sandbox.write(&format!("posts/{articles}.md"), images.concat());
            articles += 1;
        }
        sandbox.run(&["run"]).expect(0);
    }
    articles
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measurement: lists of OFFPRINT_SCALE articles and images, and 200 readers of them beside runs"]
async fn measurement_of_lists_and_readers() {
    let sandbox = Arc::new(sandbox());
    let (child, url) = started(&sandbox, &[]);
    let client = client();
    let mut paths = Vec::new();
    for (path, rows) in LISTS {
        paths.extend(walk(&client, &url, path, rows).await);
        say(&format!("    peak memory {} MiB", peak_of(child.id()).unwrap()));
    }
    paths.push(String::new());
    let (paths, ends) = (Arc::new(paths), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..200)
        .map(|_| tokio::spawn(read(client.clone(), url.clone(), Arc::clone(&paths), Arc::clone(&ends))))
        .collect();
    let writing = Arc::clone(&sandbox);
    let articles = tokio::task::spawn_blocking(move || write_for_a_minute(&writing)).await.unwrap();
    ends.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for reader in readers {
        times.extend(reader.await.unwrap());
    }
    let [median, high, most] = [50, 99, 100].map(|percent| percentile(&mut times, percent));
    say(&format!(
        "200 readers beside runs of {articles} articles: {} pages, median {median:.1?}, 99 % {high:.1?}, most {most:.1?}; peak {} MiB",
        times.len(),
        peak_of(child.id()).unwrap()
    ));
    stop(child);
}
