//! What is outside the archive: hosts with images that change, and posts that people write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use offprint::Digest;

use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, End, Origin, Portion, Request, Site};

/// How many images there are.
pub(super) const IMAGES: u8 = 6;

/// How the host of the images is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// It serves each image.
    Fair,
    /// It says that every image is gone.
    Gone,
    /// It says that something went wrong.
    Failing,
    /// It sends a page in place of every image, as an image.
    Lying,
    /// It sends half of each image.
    Cut,
    /// It sends half of each image, and then nothing more.
    Stalling,
    /// It closes every connection.
    Silent,
    /// It refuses whoever does not say that it reads.
    Picky,
}

impl Weather {
    pub(super) const ALL: [Self; 8] =
        [Self::Fair, Self::Gone, Self::Failing, Self::Lying, Self::Cut, Self::Stalling, Self::Silent, Self::Picky];
}

/// What a picky host wants to see in the User-Agent.
pub(super) const READER: &str = "reader";

/// The host, as it is now.
#[derive(Debug)]
struct Host {
    weather: Weather,
    versions: [u64; IMAGES as usize],
}

/// The host, and all that it has ever served.
pub(super) struct World {
    host: Arc<Mutex<Host>>,
    pub(super) origin: Origin,
}

fn image(number: u8, version: u64) -> Vec<u8> {
    tiny(u64::from(number) * 1000 + version)
}

impl World {
    pub(super) fn new() -> Self {
        let host = Arc::new(Mutex::new(Host { weather: Weather::Fair, versions: [0; IMAGES as usize] }));
        let served = Arc::clone(&host);
        let site = Site::new().otherwise(move |request| served.lock().unwrap().answer(request));
        Self { host, origin: Origin::start(site).unwrap() }
    }

    pub(super) fn url(&self, number: u8) -> String {
        self.origin.url(&format!("/{}.png", number % IMAGES))
    }

    pub(super) fn set(&self, weather: Weather) {
        self.host.lock().unwrap().weather = weather;
    }

    pub(super) fn weather(&self) -> Weather {
        self.host.lock().unwrap().weather
    }

    /// Gives an image new bytes.
    pub(super) fn change(&self, number: u8) {
        self.host.lock().unwrap().versions[usize::from(number % IMAGES)] += 1;
    }

    /// The image at an address.
    pub(super) fn number_of(&self, url: &str) -> Option<u8> {
        (0..IMAGES).find(|number| self.url(*number) == url)
    }

    /// The image that once had bytes of this digest.
    pub(super) fn image_with(&self, digest: &Digest) -> Option<u8> {
        let newest = |number: u8| self.host.lock().unwrap().versions[usize::from(number)];
        (0..IMAGES).find(|number| (0..=newest(*number)).any(|at| Digest::of(&image(*number, at)) == *digest))
    }

    /// The image that once had these bytes.
    pub(super) fn image_of(&self, bytes: &[u8]) -> Option<u8> {
        (0..IMAGES).find(|number| self.has_served(*number, bytes))
    }

    /// Whether an image once began with these bytes.
    pub(super) fn is_part_of_an_image(&self, bytes: &[u8]) -> bool {
        let newest = |number: u8| self.host.lock().unwrap().versions[usize::from(number)];
        (0..IMAGES).any(|number| (0..=newest(number)).any(|at| image(number, at).starts_with(bytes)))
    }

    /// The bytes that an image has now.
    pub(super) fn current(&self, number: u8) -> Vec<u8> {
        image(number % IMAGES, self.host.lock().unwrap().versions[usize::from(number % IMAGES)])
    }

    /// Whether an image ever had these bytes.
    pub(super) fn has_served(&self, number: u8, bytes: &[u8]) -> bool {
        let newest = self.host.lock().unwrap().versions[usize::from(number % IMAGES)];
        (0..=newest).any(|version| image(number % IMAGES, version) == bytes)
    }
}

impl Host {
    fn answer(&self, request: &Request) -> Option<Behaviour> {
        let number: u8 = request.path().strip_prefix('/')?.strip_suffix(".png")?.parse().ok()?;
        let bytes = image(number, *self.versions.get(usize::from(number))?);
        let good = Behaviour::serve(Content::new("image/png", bytes).etagged());
        Some(match self.weather {
            Weather::Fair => good,
            Weather::Gone => Behaviour::status(404),
            Weather::Failing => Behaviour::status(500),
            Weather::Lying => Behaviour::html_as("image/png"),
            Weather::Cut => good.cut(Portion::Percent(50)),
            Weather::Stalling => good.breaks_off(Portion::Percent(50), End::Hang),
            Weather::Silent => Behaviour::stop(End::Close),
            Weather::Picky if request.header("user-agent") == Some(READER) => good,
            Weather::Picky => Behaviour::status(403),
        })
    }
}

/// The posts as their authors wrote them: what every one of them must come back as.
pub(super) type Posts = BTreeMap<String, Post>;

/// A post, and the images that it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) text: String,
    pub(super) images: Vec<u8>,
}

impl Post {
    /// A post of two images, the first of which is its thumbnail, too.
    pub(super) fn new(world: &World, number: u8) -> Self {
        let (first, second) = (world.url(number), world.url(number + 1));
        let text =
            format!("---\ntitle: Post {number}\nthumbnail: {first}\n---\n\nText.\n\n![]({first})\n\n![]({second})\n");
        Self { text, images: vec![number % IMAGES, (number + 1) % IMAGES] }
    }
}
