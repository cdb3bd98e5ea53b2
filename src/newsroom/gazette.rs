//! The *Harbour Gazette*: a dozen articles whose pictures stand on hosts of every temper.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::origin::{Behaviour, Condition, Content, Origin, Site};
use super::photo::Photo;
use super::posts::{self, Post};

/// Where most pictures are.
const PHOTOS: &str = "photos.gazette.example";

/// The articles. Their addresses have no port: it is known only when the origin runs.
const POSTS: [(&str, &str); 12] = [
    ("2026/ferry.md", include_str!("posts/ferry.md")),
    ("2026/bakery.md", include_str!("posts/bakery.md")),
    ("2026/老码头的灯.md", include_str!("posts/pier.md")),
    ("2026/roof.md", include_str!("posts/roof.md")),
    ("2026/雨后的集市.md", include_str!("posts/market.md")),
    ("2026/letters.md", include_str!("posts/letters.md")),
    ("2026/bridge.md", include_str!("posts/bridge.md")),
    ("2026/修钟表的人.md", include_str!("posts/clocks.md")),
    ("2026/tides.md", include_str!("posts/tides.md")),
    ("2026/train.md", include_str!("posts/train.md")),
    ("2026/press.md", include_str!("posts/press.md")),
    ("2026/风筝节.md", include_str!("posts/kites.md")),
];

/// The pictures at [`PHOTOS`] that are neither copied elsewhere nor of several sizes.
const PICTURES: [&str; 14] = [
    "/ferry/deck.jpg",
    "/ferry/fog.jpg",
    "/bakery/loaves.png",
    "/market/street.jpg",
    "/market/melon.webp",
    "/letters/bundle.jpg",
    "/bridge/span.jpg",
    "/bridge/2019.jpg",
    "/clocks/bench.jpg",
    "/tides/table.png",
    "/tides/pencil.jpg",
    "/press/shop.jpg",
    "/kites/fish.webp",
    "/kites/tail.jpg",
];

/// Pictures whose bytes stand at a second address, too.
const COPIES: [(&str, &str); 3] = [
    ("/bakery/oven.jpg", "/copies/oven.jpg"),
    ("/pier/lamp.jpg", "/copies/lamp.jpg"),
    ("/kites/fish.jpg", "/copies/fish.jpg"),
];

/// How long the slow host thinks.
const SLOW: Duration = Duration::from_millis(1500);

/// The newsroom of `offprint demo`: its articles, and the origin that serves their pictures.
#[derive(Debug)]
pub struct Gazette {
    origin: Origin,
}

impl Gazette {
    /// The hosts that the articles name. All of them are this newsroom's origin: `[fetch.resolve]` must say so.
    pub const HOSTS: [&str; 7] = [
        PHOTOS,
        "cdn.gazette.example",
        "old.gazette.example",
        "strict.example",
        "members.example",
        "slow.example",
        "busy.example",
    ];

    /// How many of the URLs in the articles lead to no picture: one is gone for good.
    pub const LOST: usize = 1;

    /// Opens the newsroom on a free port of loopback.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open() -> io::Result<Self> {
        let origin = Origin::start(Site::new())?;
        let port = origin.address().port();
        origin.change(|site| *site = temper(pictures(), port));
        Ok(Self { origin })
    }

    /// The origin, with the log of what it was asked.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The articles, with addresses that the origin answers.
    pub fn posts(&self) -> Vec<Post> {
        let host = format!(".example:{}/", self.origin.address().port());
        let post =
            |(path, text): &(&str, &str)| Post { path: (*path).to_owned(), text: text.replace(".example/", &host) };
        POSTS.iter().map(post).collect()
    }

    /// Writes the articles to a folder, which becomes a source.
    pub fn write_posts(&self, folder: &Path) -> io::Result<()> {
        posts::write(self.posts(), folder)
    }
}

/// What answers well and at once.
fn pictures() -> Site {
    let seeds = 1..;
    let mut site = Site::new().at(PHOTOS, "/press/lever.gif", serve("/press/lever.gif", 90));
    for (seed, path) in seeds.zip(PICTURES) {
        site.set_at(PHOTOS, path, serve(path, seed));
    }
    for (seed, (path, copy)) in (50..).zip(COPIES) {
        let picture = serve(path, seed);
        site.set_at(PHOTOS, path, picture.clone());
        site.set_at("cdn.gazette.example", copy, picture);
    }
    for width in [320, 640, 960] {
        let made = Behaviour::made(move || {
            let bytes = Photo::new(60, width, width / 3 * 2).jpeg();
            Behaviour::serve(Content::new("image/jpeg", bytes).etagged().ranged())
        });
        site.set_at(PHOTOS, &format!("/roof/beds-{width}.jpg"), made);
    }
    site
}

/// What has a temper.
fn temper(site: Site, port: u16) -> Site {
    let picture = |seed| serve("a.jpg", seed);
    let own = |host| Condition::referer_starts(&format!("http://{host}"));
    let moved = format!("http://{PHOTOS}:{port}/bridge/2019.jpg");
    let refused = || Behaviour::status(403);
    let busy = Behaviour::status(503).with_header("Retry-After", "1");
    site.at("old.gazette.example", "/2019/bridge.jpg", Behaviour::redirect(301, &moved))
        .at("slow.example", "/bridge/span-wide.jpg", picture(70).after(SLOW))
        .at("busy.example", "/clocks/gears.jpg", busy.then(1, picture(71)))
        .at("members.example", "/press/type.jpg", picture(72).only_if(own("members.example"), refused()))
        .at("strict.example", "/train/platform.jpg", picture(73).only_if(Condition::no_foreign_referer(), refused()))
        .at("strict.example", "/train/window.jpg", picture(74).only_if(Condition::no_foreign_referer(), refused()))
}

/// The picture of a seed, in the format that the path's ending names. It is painted when it is first asked for.
fn serve(path: &str, seed: u64) -> Behaviour {
    let ending = path.rsplit('.').next().unwrap_or_default().to_owned();
    Behaviour::made(move || {
        let photo = Photo::new(seed, 640, 427);
        let (mime, bytes) = match ending.as_str() {
            "png" => ("image/png", photo.png()),
            "webp" => ("image/webp", photo.webp()),
            "gif" => ("image/gif", Photo::new(seed, 240, 160).animated_gif(8)),
            _ => ("image/jpeg", photo.jpeg()),
        };
        Behaviour::serve(Content::new(mime, bytes).etagged().ranged())
    })
}
