//! Fifty nights of one year, printed as their operator sees them: to be read, and not only to pass.
//!
//! The site changes as sites do. What a night says of itself is checked here as far as it can be; the rest is for a reader.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use offprint::testing::demo::photo::Photo;

use super::clock::Clock;
use crate::corpus::say;
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::{Behaviour, Content, End, Origin, Request, Site};

const HOSTS: [&str; 3] = ["img.example.org", "cdn.example.net", "old.example.com"];

/// What goes wrong at the hosts, and which images have new bytes.
#[derive(Debug, Default)]
struct Web {
    down: BTreeSet<&'static str>,
    busy: BTreeSet<&'static str>,
    /// It sends one image in place of others to who names no page.
    protects: BTreeSet<&'static str>,
    replaced: BTreeSet<String>,
    gone: BTreeSet<String>,
}

impl Web {
    fn answer(&self, request: &Request) -> Behaviour {
        let (host, path) = (request.host_name(), request.path());
        let seed = path.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let seed = seed + u64::from(self.replaced.contains(path));
        let side = if path.contains("poster") { 900 } else { 320 };
        let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, side, 240).jpeg()).etagged());
        if self.down.contains(host) {
            Behaviour::stop(End::Reset)
        } else if self.busy.contains(host) {
            Behaviour::status(503).with_header("Retry-After", "7200")
        } else if self.gone.contains(path) || path.contains("never") {
            Behaviour::status(404)
        } else if path.contains("login") {
            Behaviour::html_as("image/jpeg")
        } else if self.protects.contains(host) && request.header("referer").is_none() {
            photo(1)
        } else {
            photo(seed)
        }
    }
}

struct Year {
    sandbox: Sandbox,
    web: Arc<Mutex<Web>>,
    clock: Clock,
    settings: String,
}

/// What is the same in the settings of every night.
fn fixed(origin: &Origin) -> String {
    let known = HOSTS.map(|host| format!("\"{host}\" = \"{}\"\n", origin.address()));
    format!(
        "[[source]]\nname = \"blog\"\npath = \"posts\"\n[fetch.resolve]\n{}[fetch]\nallow_net = [\"127.0.0.0/8\"]\n\
         delay = \"20ms\"\nretries = 0\nmax_wait = \"1s\"\nrecheck = \"6d\"\n",
        known.concat()
    )
}

const SMALL: &str = "[[thumbnail]]\nname = \"small\"\nwidth = 160\n";

impl Year {
    fn new(origin: &Origin, web: Arc<Mutex<Web>>) -> Self {
        let settings = fixed(origin);
        Self { sandbox: Sandbox::new(), web, clock: Clock::default(), settings }
    }

    fn set(&self, more: &str) {
        self.sandbox.write("config.toml", format!("{}{more}", self.settings));
    }

    fn web(&self, change: impl FnOnce(&mut Web)) {
        change(&mut self.web.lock().unwrap());
    }

    /// A post with images, each as `host/path`; a name without a host is a file beside the post.
    fn post(&self, name: &str, images: &[&str]) {
        let image = |image: &&str| {
            let scheme = if HOSTS.iter().any(|host| image.starts_with(host)) { "http://" } else { "" };
            format!("![]({scheme}{image})\n")
        };
        let text = format!("---\ntitle: {name}\n---\n\n{}", images.iter().map(image).collect::<Vec<_>>().concat());
        self.sandbox.write(&format!("posts/{name}.md"), text);
    }

    /// Runs the program at the time of the year, and prints what it says.
    fn command(&self, arguments: &[&str]) -> Ran {
        let mut command = self.sandbox.command(arguments);
        command.env("OFFPRINT_TEST_CLOCK", self.clock.seconds_ahead().to_string());
        let ran = Ran::of(&command.output().expect("the program can be started"));
        let folder = self.sandbox.path("").display().to_string();
        let stderr = ran.stderr.lines().map(|line| ["! ", line, "\n"].concat()).collect::<Vec<_>>().concat();
        let text = format!("$ offprint {}\n{}{stderr}= {}", arguments.join(" "), ran.stdout, ran.status);
        say(&text.replace(&folder, "/srv/blog/"));
        ran
    }

    fn damage_a_blob(&self) {
        let blobs = self.sandbox.tree("store/blobs/sha256").into_keys();
        let image = blobs.into_iter().find(|name| name.to_string_lossy().ends_with(".jpg")).unwrap();
        let file = self.sandbox.path("store/blobs/sha256").join(image);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[100] ^= 1;
        std::fs::remove_file(&file).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// What happens before a night; the status with which its run must end.
    fn prepare(&self, night: u32) -> (&'static str, i32) {
        match night {
            1..=10 => self.first_weeks(night),
            11..=24 => self.autumn(night),
            25..=30 => self.winter(night),
            31..=37 => self.new_year(night),
            38..=42 => self.spring(night),
            43..=45 => self.losses(night),
            _ => self.last_weeks(night),
        }
    }

    fn first_weeks(&self, night: u32) -> (&'static str, i32) {
        match night {
            1 => {
                self.set(SMALL);
                self.post("ferry", &["img.example.org/deck.jpg", "img.example.org/pier.jpg"]);
                self.post(
                    "bridge",
                    &["img.example.org/arch.jpg", "cdn.example.net/arch-2.jpg", "old.example.com/a.jpg"],
                );
                self.post("market", &["cdn.example.net/stall.jpg", "img.example.org/deck.jpg"]);
                ("six images in three posts", 0)
            }
            3 => {
                self.post("harbour", &["img.example.org/crane.jpg", "old.example.com/b.jpg"]);
                self.post("station", &["cdn.example.net/clock.jpg"]);
                ("two new posts", 0)
            }
            4 => {
                self.post(
                    "ferry",
                    &["img.example.org/deck.jpg", "img.example.org/pier.jpg", "img.example.org/bell.jpg"],
                );
                ("a post gets another image", 0)
            }
            5 => {
                std::fs::rename(self.sandbox.path("posts/market.md"), self.sandbox.path("posts/fair.md")).unwrap();
                ("a post is renamed", 0)
            }
            6 => {
                self.web(|web| web.replaced.extend(["/pier.jpg".to_owned()]));
                ("an image gets other bytes at its host", 0)
            }
            7 => {
                self.post("gate", &["img.example.org/never.jpg", "img.example.org/login.jpg"]);
                ("a post with a dead link, and one to a page", 3)
            }
            8 => ("the same two are missing still", 0),
            _ => ("nothing happens", 0),
        }
    }

    fn autumn(&self, night: u32) -> (&'static str, i32) {
        match night {
            11 => {
                self.web(|web| web.down.extend(["old.example.com"]));
                self.post("tower", &["old.example.com/c.jpg", "old.example.com/d.jpg", "img.example.org/door.jpg"]);
                ("a host is down; a new post shows two images of it", 3)
            }
            13 => {
                self.post("mill", &["old.example.com/e.jpg"]);
                ("the host is down still; another post needs it", 3)
            }
            12 | 14..=17 => ("the host is down still", 0),
            18 => {
                self.web(|web| web.down.clear());
                ("the host is back", 0)
            }
            19 => {
                std::fs::rename(self.sandbox.path("posts"), self.sandbox.path("away")).unwrap();
                std::fs::create_dir(self.sandbox.path("posts")).unwrap();
                ("the posts are not mounted", 1)
            }
            20 => ("the posts are not mounted still", 1),
            21 => {
                std::fs::remove_dir(self.sandbox.path("posts")).unwrap();
                std::fs::rename(self.sandbox.path("away"), self.sandbox.path("posts")).unwrap();
                ("the posts are mounted again", 0)
            }
            22 => {
                self.set(&format!("[run]\nmin_free = \"900 TiB\"\n{SMALL}"));
                self.post("canal", &["img.example.org/lock.jpg"]);
                ("the disk is nearly full; a new post", 3)
            }
            23 => ("the disk is nearly full still", 3),
            _ => {
                self.set(SMALL);
                ("there is room again", 0)
            }
        }
    }

    fn winter(&self, night: u32) -> (&'static str, i32) {
        match night {
            25 => {
                self.damage_a_blob();
                self.command(&["verify"]);
                ("a file on the disk has rotted", 0)
            }
            26 => {
                self.command(&["verify", "--repair"]);
                ("it is repaired", 0)
            }
            27 => {
                self.set(&SMALL.replace("160", "120"));
                ("thumbnails get another width", 0)
            }
            28 => {
                self.set(&format!("{SMALL}[[thumbnail]]\nname = \"large\"\nwidth = 300\n"));
                ("thumbnails get another size", 0)
            }
            29 => {
                self.settings_links();
                ("links get a prefix", 0)
            }
            _ => {
                std::fs::remove_file(self.sandbox.path("posts/station.md")).unwrap();
                ("a post is deleted", 0)
            }
        }
    }

    fn new_year(&self, night: u32) -> (&'static str, i32) {
        match night {
            31 => {
                self.web(|web| web.down.extend(HOSTS));
                self.post("quay", &["img.example.org/rope.jpg"]);
                ("no host answers; a new post", 3)
            }
            32 => {
                self.web(|web| web.down.clear());
                ("the network is back", 0)
            }
            33 => {
                self.web(|web| web.busy.extend(["cdn.example.net"]));
                self.post("square", &["cdn.example.net/tree.jpg", "cdn.example.net/bench.jpg"]);
                ("a host is overloaded, and asks to wait for two hours", 3)
            }
            34 => {
                self.web(|web| web.busy.clear());
                ("it is not any more", 0)
            }
            35 => {
                self.web(|web| web.protects.extend(["cdn.example.net"]));
                let images: Vec<_> = (1..=4).map(|at| format!("cdn.example.net/show-{at}.jpg")).collect();
                self.post("show", &images.iter().map(String::as_str).collect::<Vec<_>>());
                ("a host sends the same image in place of four", 0)
            }
            36 => {
                self.set(&format!("[fetch.nothing]\n{SMALL}"));
                ("a typing error in the settings", 2)
            }
            _ => {
                self.set(SMALL);
                ("the settings are mended", 0)
            }
        }
    }

    fn settings_links(&self) {
        let with_links = self.settings.replace("path = \"posts\"\n", "path = \"posts\"\nlinks = \"/archive/\"\n");
        self.sandbox.write("config.toml", format!("{with_links}{SMALL}"));
    }

    fn spring(&self, night: u32) -> (&'static str, i32) {
        match night {
            38 => {
                self.sandbox.write("config.toml", format!("{}max_bytes = \"9 KiB\"\n{SMALL}", self.settings));
                self.post("poster", &["img.example.org/poster.jpg"]);
                ("an image is larger than the settings allow", 3)
            }
            39 => {
                self.set(SMALL);
                ("the settings allow it", 0)
            }
            40 => {
                self.post("garden", &["rose.jpg", "img.example.org/pond.jpg"]);
                ("a file beside a post is missing", 3)
            }
            41 => {
                self.sandbox.write("posts/rose.jpg", Photo::new(99, 64, 48).jpeg());
                ("the file is there", 0)
            }
            _ => {
                self.sandbox.write("posts/huge.md", vec![b'x'; 9 << 20]);
                ("a post of 9 MiB", 3)
            }
        }
    }

    fn losses(&self, night: u32) -> (&'static str, i32) {
        match night {
            43 => {
                std::fs::remove_file(self.sandbox.path("posts/huge.md")).unwrap();
                self.command(&["forget", "http://old.example.com/a.jpg", "--reason", "its author asked for it"]);
                ("an image is taken down", 0)
            }
            44 => {
                std::fs::remove_file(self.sandbox.path("store/catalog.db")).unwrap();
                self.command(&["run"]);
                self.command(&["verify", "--rebuild"]);
                ("the catalog was lost, and is made anew", 0)
            }
            _ => {
                self.web(|web| web.gone.extend(["/crane.jpg".to_owned(), "/deck.jpg".to_owned()]));
                ("two kept images are gone at their host", 0)
            }
        }
    }

    fn last_weeks(&self, night: u32) -> (&'static str, i32) {
        match night {
            46 => {
                self.post("ferry", &["img.example.org/deck.jpg"]);
                ("a post loses two images", 0)
            }
            47 => {
                self.command(&["run", "--retry"]);
                ("somebody asks again by hand", 0)
            }
            48 => {
                self.command(&["gc"]);
                ("garbage is collected", 0)
            }
            49 => {
                self.command(&["mirror", "posts/gate.md"]);
                ("one post is mirrored by hand", 0)
            }
            _ => ("the last night", 0),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measurement: fifty nights, printed to be read"]
async fn measurement_of_fifty_nights() {
    let web = Arc::<Mutex<Web>>::default();
    let served = Arc::clone(&web);
    let site = Site::new().otherwise(move |request| Some(served.lock().unwrap().answer(request)));
    let origin = Origin::start(site).unwrap();
    let mut year = Year::new(&origin, web);
    let mut wrong = Vec::new();
    for night in 1..=50 {
        year.clock.advance();
        say(&format!("\n== night {night}"));
        let (what, expected) = year.prepare(night);
        say(&format!("-- {what}"));
        let ran = year.command(&["run"]);
        if ran.status != expected {
            wrong.push((night, what, expected, ran.status));
        }
        if night % 10 == 0 {
            year.command(&["status"]);
            year.command(&["check"]);
        }
    }
    assert_eq!(wrong, [], "nights that ended otherwise");
}
