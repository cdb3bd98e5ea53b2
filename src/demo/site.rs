//! The feeds and images of the news site, and how each host serves them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, LOCATION, REFERER, RETRY_AFTER};
use url::Url;

use super::feeds;
use super::photo::Photo;
use crate::web::{self, Handler, Request, Response};

/// The host of most images.
const PHOTOS: &str = "photos.gazette.example";
const COPIES: &str = "cdn.gazette.example";
const OLD: &str = "old.gazette.example";
/// Refuses requests whose `Referer` names another host.
const STRICT: &str = "strict.example";
/// Refuses requests whose `Referer` does not name itself.
const MEMBERS: &str = "members.example";
const SLOW: &str = "slow.example";
const BUSY: &str = "busy.example";

/// The images at [`PHOTOS`] that are neither copied elsewhere nor of several sizes.
const IMAGES: [&str; 14] = [
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

/// Images with the same bytes at [`PHOTOS`] and at [`COPIES`].
const COPIED: [(&str, &str); 3] = [
    ("/bakery/oven.jpg", "/copies/oven.jpg"),
    ("/pier/lamp.jpg", "/copies/lamp.jpg"),
    ("/kites/fish.jpg", "/copies/fish.jpg"),
];

/// How long [`SLOW`] waits before it answers.
const DELAY: Duration = Duration::from_millis(1500);

/// Every image of the news site, by host and path, and its feeds by path.
#[derive(Debug)]
pub struct Site {
    feeds: HashMap<String, String>,
    routes: HashMap<(&'static str, String), Route>,
    requests: AtomicUsize,
}

/// An image, painted when it is first requested.
type Image = Arc<LazyLock<(&'static str, Bytes), Box<dyn FnOnce() -> (&'static str, Bytes) + Send>>>;

/// How the server answers one URL.
#[derive(Debug)]
enum Route {
    Image(Image),
    /// To a path at [`PHOTOS`], on the port of the request.
    Moved(&'static str),
    Delayed(Image),
    /// 503 for the first request.
    BusyOnce(AtomicBool, Image),
    /// 403 unless the check of the `Referer` passes.
    Protected(fn(Option<&str>) -> bool, Image),
}

impl Site {
    pub const HOSTS: [&str; 7] = [PHOTOS, COPIES, OLD, STRICT, MEMBERS, SLOW, BUSY];

    /// A site with these feeds, by their paths, in which URLs have no port.
    pub fn new(feeds: HashMap<String, String>) -> Self {
        let mut routes = photos();
        routes.extend(special());
        let routes = routes.into_iter().map(|(host, path, route)| ((host, path.to_owned()), route)).collect();
        Self { feeds, routes, requests: AtomicUsize::new(0) }
    }

    pub fn feed_count(&self) -> usize {
        self.feeds.len()
    }

    pub fn request_count(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn feed(&self, path: &str, port: Option<u16>) -> Response {
        let Some(feed) = self.feeds.get(path) else { return not_found() };
        let feed = with_port(feed, port.unwrap_or(80));
        web::whole(web::head(StatusCode::OK, "application/rss+xml; charset=utf-8"), feed)
    }

    fn route(&self, host: &str, path: &str) -> Option<&Route> {
        let host = Self::HOSTS.into_iter().find(|known| *known == host)?;
        self.routes.get(&(host, path.to_owned()))
    }
}

/// A text whose URLs name the server's port.
pub fn with_port(text: &str, port: u16) -> String {
    text.replace(".example/", &format!(".example:{port}/"))
}

#[async_trait]
impl Handler for Site {
    async fn respond(&self, request: Request) -> Response {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let Some(authority) = web::authority(&request) else { return not_found() };
        if authority.host() == feeds::HOST {
            return self.feed(request.uri().path(), authority.port_u16());
        }
        match self.route(authority.host(), request.uri().path()) {
            Some(route) => route.respond(authority.port_u16(), request.headers()).await,
            None => not_found(),
        }
    }
}

impl Route {
    async fn respond(&self, port: Option<u16>, headers: &HeaderMap) -> Response {
        match self {
            Self::Image(image) => serve(image),
            Self::Moved(path) => moved(port, path),
            Self::Delayed(image) => {
                tokio::time::sleep(DELAY).await;
                serve(image)
            }
            Self::BusyOnce(was_busy, image) if was_busy.swap(true, Ordering::Relaxed) => serve(image),
            Self::BusyOnce(..) => busy(),
            Self::Protected(allows, image) => {
                let referer = headers.get(REFERER).and_then(|referer| referer.to_str().ok());
                if allows(referer) { serve(image) } else { web::text(StatusCode::FORBIDDEN, "no hotlinks") }
            }
        }
    }
}

fn serve(image: &Image) -> Response {
    let (mime, bytes) = &***image;
    web::whole(web::head(StatusCode::OK, mime), bytes.clone())
}

fn moved(port: Option<u16>, path: &str) -> Response {
    let to = format!("http://{PHOTOS}:{}{path}", port.unwrap_or(80));
    web::whole(web::head(StatusCode::MOVED_PERMANENTLY, "text/plain").header(LOCATION, to), Bytes::new())
}

fn busy() -> Response {
    let mut response = web::text(StatusCode::SERVICE_UNAVAILABLE, "try again in a second");
    response.headers_mut().insert(RETRY_AFTER, 1.into());
    response
}

fn not_found() -> Response {
    web::text(StatusCode::NOT_FOUND, "there is no such thing")
}

type Entry = (&'static str, &'static str, Route);

/// What [`PHOTOS`] and [`COPIES`] serve at once.
fn photos() -> Vec<Entry> {
    let mut entries = vec![(PHOTOS, "/press/lever.gif", Route::Image(image("/press/lever.gif", 90)))];
    entries.extend((1..).zip(IMAGES).map(|(seed, path)| (PHOTOS, path, Route::Image(image(path, seed)))));
    for (seed, (path, copy)) in (50..).zip(COPIED) {
        let image = image(path, seed);
        entries.push((PHOTOS, path, Route::Image(Arc::clone(&image))));
        entries.push((COPIES, copy, Route::Image(image)));
    }
    let sizes = [(320, "/roof/beds-320.jpg"), (640, "/roof/beds-640.jpg"), (960, "/roof/beds-960.jpg")];
    entries.extend(sizes.map(|(width, path)| (PHOTOS, path, Route::Image(beds(width)))));
    entries
}

/// What the other hosts serve, each in its own way.
fn special() -> [Entry; 6] {
    let photo = |seed| image("a.jpg", seed);
    [
        (OLD, "/2019/bridge.jpg", Route::Moved("/bridge/2019.jpg")),
        (SLOW, "/bridge/span-wide.jpg", Route::Delayed(photo(70))),
        (BUSY, "/clocks/gears.jpg", Route::BusyOnce(AtomicBool::new(false), photo(71))),
        (
            MEMBERS,
            "/press/type.jpg",
            Route::Protected(|referer| host_of(referer) == Some(MEMBERS.to_owned()), photo(72)),
        ),
        (STRICT, "/train/platform.jpg", Route::Protected(is_not_foreign, photo(73))),
        (STRICT, "/train/window.jpg", Route::Protected(is_not_foreign, photo(74))),
    ]
}

/// Whether a `Referer` is absent or names [`STRICT`].
fn is_not_foreign(referer: Option<&str>) -> bool {
    referer.is_none() || host_of(referer).as_deref() == Some(STRICT)
}

fn host_of(referer: Option<&str>) -> Option<String> {
    Url::parse(referer?).ok()?.host_str().map(str::to_owned)
}

/// The image of a seed, in the format that the path's ending names.
fn image(path: &'static str, seed: u64) -> Image {
    lazy(move || {
        let photo = Photo::new(seed, 640, 427);
        match path.rsplit('.').next() {
            Some("png") => ("image/png", photo.png().into()),
            Some("webp") => ("image/webp", photo.webp().into()),
            Some("gif") => ("image/gif", Photo::new(seed, 240, 160).animated_gif(8).into()),
            _ => ("image/jpeg", photo.jpeg().into()),
        }
    })
}

/// One image in several widths.
fn beds(width: u16) -> Image {
    lazy(move || ("image/jpeg", Photo::new(60, width, width / 3 * 2).jpeg().into()))
}

fn lazy(paint: impl FnOnce() -> (&'static str, Bytes) + Send + 'static) -> Image {
    Arc::new(LazyLock::new(Box::new(paint)))
}
