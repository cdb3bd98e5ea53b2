//! Thousands of hosts, each bad in a way of its own, and honest ones between them: the program keeps every honest image,
//! within bounds of memory and descriptors, at the pace that the honest hosts have by themselves.
//!
//! Every address of `127.0.0.0/8` is a host.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::corpus::say;
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, End, Origin, Plain, Portion, Request, Site};
use crate::watched::{Watched, watch};

/// The most descriptors that the program may have.
const DESCRIPTORS: usize = 600;
/// The most memory, in MiB.
const MEMORY: u64 = 200;

/// How many hosts there are, and how many of them are honest.
#[derive(Debug, Clone, Copy)]
struct Size {
    hosts: u32,
    honest: u32,
    /// Images of each honest host. A bad one has one.
    images: u32,
    /// How long a host may be silent, in milliseconds.
    patience: u32,
}

/// The address of a host.
fn host(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x7f10_0000 + number)
}

fn number_of(request: &Request) -> Option<u32> {
    let address: Ipv4Addr = request.host_name().parse().ok()?;
    Some(u32::from(address) - 0x7f10_0000)
}

impl Size {
    /// Honest hosts lie evenly among the others.
    fn is_honest(self, host: u32) -> bool {
        host.is_multiple_of(self.hosts / self.honest) && host / (self.hosts / self.honest) < self.honest
    }

    /// Starts all hosts.
    fn start(self) -> Origin {
        let site = Site::new().otherwise(move |request| {
            let number = number_of(request)?;
            Some(if self.is_honest(number) { honest(number, request) } else { bad(number, request) })
        });
        Origin::start_at(SocketAddr::from(([0, 0, 0, 0], 0)), Arc::new(Plain), site).unwrap()
    }

    /// Articles that show one image of each host, or the images of the honest hosts alone, ten to an article.
    fn write(self, sandbox: &Sandbox, origin: &Origin, with_bad_ones: bool) {
        let port = origin.address().port();
        let mut images = Vec::new();
        for number in (0..self.hosts).filter(|number| with_bad_ones || self.is_honest(*number)) {
            let count = if self.is_honest(number) { self.images } else { 1 };
            images.extend((0..count).map(|image| format!("![](http://{}:{port}/{image}.png)\n\n", host(number))));
        }
        for (at, images) in images.chunks(10).enumerate() {
            sandbox.write(&format!("posts/{at:05}.md"), images.concat());
        }
    }

    /// Runs the program over these articles, with few descriptors.
    fn run(self, with_bad_ones: bool) -> (Sandbox, Watched, Duration) {
        let (origin, sandbox) = (self.start(), Sandbox::new());
        let (once, twice, four_times) = (self.patience, self.patience * 2, self.patience * 4);
        sandbox.settings(&format!(
            "delay = \"100ms\"\nconnect_timeout = \"{once}ms\"\nread_timeout = \"{once}ms\"\ntimeout = \"{twice}ms\"\n\
             url_timeout = \"{four_times}ms\"\nmax_wait = \"{once}ms\"\nmax_bytes = \"1 MiB\"\nretries = 1\n"
        ));
        sandbox.write("config.toml", sandbox.text("config.toml").replacen("delay = \"0\"\n", "", 1));
        self.write(&sandbox, &origin, with_bad_ones);
        let program = sandbox.command(&["run"]);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"")]).arg(program.get_program());
        limited.args(program.get_args()).current_dir(sandbox.path("")).env("NO_COLOR", "1");
        let begin = Instant::now();
        let watched = watch(limited);
        let last =
            origin.log().requests().into_iter().filter(|it| number_of(&it.request).is_some_and(|n| self.is_honest(n)));
        let last = last.map(|request| request.arrived.saturating_duration_since(begin)).max().unwrap_or_default();
        (sandbox, watched, last)
    }

    /// Runs the honest hosts alone and then all, and compares.
    fn check(self, pace: Option<f64>) {
        // Its files stay until the end: a file system may be slow to make new ones where thousands were just deleted.
        let (_kept, alone, pace_alone) = self.run(false);
        let (sandbox, all, pace_among) = self.run(true);
        say(&format!(
            "{self:?}: honest alone {pace_alone:.1?}, among all {pace_among:.1?} of {:.1?}; {} descriptors, {} MiB (alone {} MiB); {}",
            all.took,
            all.descriptors,
            all.peak,
            alone.peak,
            all.ran.stdout.trim()
        ));
        assert!(matches!(all.ran.status, 0 | 3), "{all:?}");
        assert!(all.descriptors <= DESCRIPTORS && all.peak <= MEMORY, "{all:?}");
        let kept = sandbox
            .tree("store/blobs")
            .into_keys()
            .filter(|name| name.extension().is_some_and(|it| it == "png"))
            .count();
        assert!(kept >= (self.honest * self.images) as usize, "{kept} images were kept");
        if let Some(times) = pace {
            assert!(pace_among <= pace_alone.mul_f64(times), "{pace_among:?} among all, {pace_alone:?} alone");
        }
    }
}

fn honest(number: u32, request: &Request) -> Behaviour {
    let image: u64 = request.path().trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_default();
    Behaviour::serve(Content::new("image/png", tiny(u64::from(number) << 16 | image)))
}

/// Made once: five hundred hosts have one.
static BOMB: LazyLock<Behaviour> = LazyLock::new(|| Behaviour::gzip_bomb(256));

/// What a host does that means harm, by its number.
fn bad(number: u32, request: &Request) -> Behaviour {
    let jpeg = || Behaviour::serve(Content::new("image/jpeg", vec![0xff; 4096]));
    let next = format!(
        "http://{}:{}/0.png",
        host(number + 1),
        request.header("host").and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port)
    );
    let second = Duration::from_secs(1);
    match number % 20 {
        0 => Behaviour::stop(End::Hang),
        1 => jpeg().after(5 * second),
        2 => jpeg().drips(1, second / 10),
        3 => jpeg().drips(100, second / 100),
        4 => Behaviour::endless("image/jpeg", vec![0xff, 0xd8, 0xff]),
        5 => Behaviour::endless("image/jpeg", vec![0xff, 0xd8, 0xff]).chunked(),
        6 => Behaviour::raw("SSH-2.0-OpenSSH_9.0\r\n"),
        7 => Behaviour::raw(vec![0; 100_000]),
        8 => Behaviour::raw("HTTP/1.1 200 OK\r\n".to_owned() + &"X-A: b\r\n".repeat(40_000)),
        9 => Behaviour::stop(End::Reset),
        10 => Behaviour::stop(End::Close),
        11 => Behaviour::redirect(302, request.path()),
        // A chain over hosts that are as bad.
        12 => Behaviour::redirect(302, &next),
        13 => Behaviour::redirect(301, "http://169.254.169.254/latest/meta-data"),
        14 => BOMB.clone(),
        15 => jpeg().claims(1 << 40),
        16 => jpeg().breaks_off(Portion::Percent(50), End::Hang),
        17 => Behaviour::status(503).with_header("Retry-After", "86400"),
        18 => Behaviour::status(429).with_header("Retry-After", "0"),
        _ => Behaviour::html_as("image/png"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_images_come_from_between_hosts_that_are_bad_in_every_way() {
    let size = Size { hosts: 60, honest: 6, images: 3, patience: 250 };
    tokio::task::spawn_blocking(move || size.check(None)).await.unwrap();
}

/// How many silent hosts there are beside one that is honest.
const SILENT: u32 = 2000;

/// Hosts that are silent, each in an article with nine others, and one that is honest, with `early` of its twenty images
/// in the article of the silent host 1000, and the others in the last one.
fn silent_hosts_and_an_honest_one(early: u32) -> (Origin, Sandbox) {
    let site = Site::new().otherwise(move |request| {
        let number = number_of(request)?;
        Some(if number == SILENT { honest(number, request) } else { Behaviour::stop(End::Hang) })
    });
    let origin = Origin::start_at(SocketAddr::from(([0, 0, 0, 0], 0)), Arc::new(Plain), site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("read_timeout = \"2s\"\ntimeout = \"2s\"\nurl_timeout = \"2s\"\nretries = 0\n");
    let port = origin.address().port();
    let image = |number, image| format!("![](http://{}:{port}/{image}.png)\n\n", host(number));
    let own = |images: std::ops::Range<u32>| images.map(|number| image(SILENT, number)).collect::<String>();
    for first in (0..SILENT).step_by(10) {
        let silent: String = (first..first + 10).map(|number| image(number, 0)).collect();
        let early = if first == 1000 { early } else { 0 };
        sandbox.write(&format!("posts/{first:05}.md"), silent + &own(0..early));
    }
    sandbox.write("posts/last.md", own(early..20));
    (origin, sandbox)
}

/// The host with the most images is asked before most others, because few hosts are asked before all articles are read.
fn check_that_the_honest_host_comes_early(early: u32) {
    let (origin, sandbox) = silent_hosts_and_an_honest_one(early);
    let ran = sandbox.run(&["run"]);
    let asked: Vec<_> = origin.log().requests().iter().filter_map(|it| number_of(&it.request)).collect();
    let before = asked.iter().position(|number| *number == SILENT).unwrap();
    assert!(before < SILENT as usize / 10, "{before} of {} requests came first: {ran:?}", asked.len());
    assert_eq!(asked.iter().filter(|number| **number == SILENT).count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_many_images_in_the_last_article_is_asked_before_most_others() {
    tokio::task::spawn_blocking(|| check_that_the_honest_host_comes_early(0)).await.unwrap();
}

/// What counts is how many images there are when all articles are read, and not when the host was leased.
#[tokio::test(flavor = "multi_thread")]
async fn so_is_a_host_with_one_image_in_an_earlier_article() {
    tokio::task::spawn_blocking(|| check_that_the_honest_host_comes_early(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measurement: ten thousand hosts, on a machine with nothing else to do"]
async fn measurement_of_ten_thousand_hosts() {
    let size = Size { hosts: 10_000, honest: 20, images: 50, patience: 2000 };
    tokio::task::spawn_blocking(move || size.check(Some(1.5))).await.unwrap();
}
