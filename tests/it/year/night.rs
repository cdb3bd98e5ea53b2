//! An archive in its world, and what must hold of it after each night.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use offprint::Digest;
use serde_json::Value;

use super::Place;
use super::step::Step;
use super::world::{IMAGES, Post, Posts, Weather, World};
use crate::sandbox::{Ran, Sandbox};

/// An archive, its settings, and what is known of it from outside.
pub(super) struct Archive {
    world: World,
    sandbox: Sandbox,
    place: Place,
    /// Every post that is or was there.
    posts: Posts,
    /// Those that are there now.
    present: BTreeSet<String>,
    mounted: bool,
    settings: Settings,
    /// The good images that the archive has kept, and is to keep for good.
    kept: BTreeSet<Digest>,
    /// Of them, those whose file was changed, and that no repair has seen yet.
    rotten: BTreeSet<Digest>,
    /// URLs that the last night could not get.
    missing: BTreeSet<String>,
    /// A run was killed: what it found missing is not reported again.
    killed: bool,
    count: u32,
}

/// What of the settings changes.
struct Settings {
    store: String,
    output: &'static str,
    links: &'static str,
    width: u8,
}

impl Archive {
    pub(super) fn new(place: Place) -> Self {
        let output = if place == Place::InPlace { "." } else { "" };
        let settings = Settings { store: "store".to_owned(), output, links: "", width: 8 };
        let mut archive = Self {
            world: World::new(),
            sandbox: Sandbox::new(),
            place,
            posts: Posts::new(),
            present: BTreeSet::new(),
            mounted: true,
            settings,
            kept: BTreeSet::new(),
            rotten: BTreeSet::new(),
            missing: BTreeSet::new(),
            killed: false,
            count: 0,
        };
        archive.write_settings();
        archive.add(0);
        archive
    }

    fn write_settings(&self) {
        let Settings { store, output, links, width } = &self.settings;
        self.sandbox.write(
            "config.toml",
            format!(
                "store = \"{store}\"\n[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nretries = 0\n\
                 recheck = \"1ms\"\nbreaker_wait = \"1ms\"\n[run]\nretry_schedule = [\"1ms\"]\nretire_after = 1000\n\
                 [[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"{output}\"\nlinks = \"{links}\"\n\
                 [[thumbnail]]\nname = \"small\"\nwidth = {width}\n"
            ),
        );
    }

    fn file(name: &str) -> String {
        format!("posts/{name}.md")
    }

    fn add(&mut self, number: u8) {
        self.count += 1;
        let name = format!("post-{}", self.count);
        let post = Post::new(&self.world, number);
        self.sandbox.write(&Self::file(&name), &post.text);
        self.posts.insert(name.clone(), post);
        self.present.insert(name);
    }

    /// One of the posts that are there.
    fn chosen(&self, number: u8) -> Option<String> {
        let at = usize::from(number).checked_rem(self.present.len())?;
        self.present.iter().nth(at).cloned()
    }

    /// Lets something happen. What cannot happen as things are is passed over.
    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Add(_) | Step::Edit(_) | Step::Rename(_) | Step::Copy(_) | Step::Delete(_) => {
                if self.mounted {
                    self.write(step);
                }
            }
            Step::Unmount => self.unmount(),
            Step::Mount => self.mount(),
            Step::Change(number) => self.change(number),
            Step::Weather(weather) => self.world.set(weather),
            Step::Thumbnails(_) | Step::Links | Step::Output | Step::Move => self.configure(step),
            Step::Rot(number) => self.rot(number),
            Step::LoseThumbnail => self.lose_thumbnail(),
            Step::LoseCatalog => self.lose_catalog(),
            Step::Gc => self.gc(),
            Step::Repair => self.repair(),
            Step::Kill(after) => self.kill(after),
            Step::Nothing => {}
        }
    }

    /// What an author does. Edits of a mirror in place are made in the mirror.
    fn write(&mut self, step: Step) {
        match step {
            Step::Add(number) => self.add(number),
            Step::Edit(number) => self.edit(number),
            Step::Rename(number) | Step::Copy(number) => self.copy(number, matches!(step, Step::Rename(_))),
            Step::Delete(number) => {
                if let Some(name) = self.chosen(number).filter(|_| self.present.len() > 1) {
                    std::fs::remove_file(self.sandbox.path(&Self::file(&name))).unwrap();
                    self.present.remove(&name);
                }
            }
            _ => {}
        }
    }

    fn edit(&mut self, number: u8) {
        let Some(name) = self.chosen(number) else { return };
        self.count += 1;
        let (title, line) = (format!("title: Edit {}", self.count), format!("\n![]({})\n", self.world.url(number)));
        let edited = |text: &str| {
            let (start, rest) = text.split_once("title: ").unwrap();
            let (_, rest) = rest.split_once('\n').unwrap();
            format!("{start}{title}\n{rest}{line}")
        };
        let file = Self::file(&name);
        self.sandbox.write(&file, edited(&self.sandbox.text(&file)));
        let post = self.posts.get_mut(&name).unwrap();
        post.text = edited(&post.text);
        post.images.push(number % IMAGES);
    }

    fn copy(&mut self, number: u8, rename: bool) {
        let Some(name) = self.chosen(number) else { return };
        self.count += 1;
        let other = format!("post-{}", self.count);
        let (from, to) = (self.sandbox.path(&Self::file(&name)), self.sandbox.path(&Self::file(&other)));
        std::fs::copy(&from, to).unwrap();
        self.posts.insert(other.clone(), self.posts[&name].clone());
        self.present.insert(other);
        if rename {
            std::fs::remove_file(from).unwrap();
            self.present.remove(&name);
        }
    }

    fn unmount(&mut self) {
        if std::mem::take(&mut self.mounted) {
            std::fs::rename(self.sandbox.path("posts"), self.sandbox.path("away")).unwrap();
            std::fs::create_dir(self.sandbox.path("posts")).unwrap();
        }
    }

    fn mount(&mut self) {
        if !std::mem::replace(&mut self.mounted, true) {
            std::fs::remove_dir(self.sandbox.path("posts")).unwrap();
            std::fs::rename(self.sandbox.path("away"), self.sandbox.path("posts")).unwrap();
        }
    }

    /// New bytes of an image, but not while only its host could repair the old ones.
    fn change(&self, number: u8) {
        if !self.rotten.contains(&Digest::of(&self.world.current(number))) {
            self.world.change(number);
        }
    }

    fn configure(&mut self, step: Step) {
        match step {
            Step::Thumbnails(width) => self.settings.width = 5 + width % 8,
            Step::Links => self.settings.links = if self.settings.links.is_empty() { "/media/" } else { "" },
            Step::Output if self.place == Place::Apart => {
                self.settings.output = if self.settings.output.is_empty() { "out" } else { "" };
            }
            Step::Move => {
                self.count += 1;
                let store = format!("moved-{}", self.count);
                std::fs::rename(self.sandbox.path(&self.settings.store), self.sandbox.path(&store)).unwrap();
                self.settings.store = store;
            }
            _ => {}
        }
        self.write_settings();
    }

    fn store(&self, name: &str) -> PathBuf {
        self.sandbox.path(&self.settings.store).join(name)
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        let digest = digest.to_string();
        self.store("blobs/sha256").join(&digest[..2]).join(format!("{digest}.png"))
    }

    /// Damages an image that is kept and that its host still has.
    fn rot(&mut self, number: u8) {
        let bytes = self.world.current(number);
        let digest = Digest::of(&bytes);
        if self.kept.contains(&digest) && self.blob(&digest).exists() {
            let mut damaged = bytes;
            damaged[40] ^= 1;
            std::fs::write(self.blob(&digest), damaged).unwrap();
            self.rotten.insert(digest);
        }
    }

    fn lose_thumbnail(&self) {
        let thumbnails = crate::corpus::files(&self.store("thumbnails"));
        if let Some(first) = thumbnails.first() {
            std::fs::remove_file(first).unwrap();
            // Only `verify --repair` looks for what the catalog says is there.
            self.sandbox.run(&["verify", "--repair"]);
        }
    }

    /// Without its catalog an archive is left alone by every command that writes, until the catalog is back.
    fn lose_catalog(&self) {
        let away = self.sandbox.path("catalog.away");
        std::fs::rename(self.store("catalog.db"), &away).unwrap();
        let blobs = format!("{}/blobs", self.settings.store);
        let before = (self.sandbox.tree("posts"), self.sandbox.tree(&blobs));
        for arguments in [&["run"][..], &["gc"], &["verify", "--repair"]] {
            let ran = self.sandbox.run(arguments);
            assert!(matches!(ran.status, 1 | 4), "without a catalog {arguments:?} ended with {ran:?}");
            assert_eq!(before, (self.sandbox.tree("posts"), self.sandbox.tree(&blobs)), "{arguments:?}");
        }
        std::fs::rename(&away, self.store("catalog.db")).unwrap();
    }

    fn gc(&self) {
        let ran = self.sandbox.run(&["gc"]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }

    /// What a repair cannot get identical is put aside, and is to be fetched by the next run.
    fn repair(&mut self) {
        let ran = self.sandbox.run(&["verify", "--repair"]);
        let repairable = self.rotten.is_empty() || self.world.weather() == Weather::Fair;
        assert_eq!(ran.status, if repairable { 0 } else { 4 }, "{ran:?}");
        if repairable {
            for digest in &self.rotten {
                let bytes = std::fs::read(self.blob(digest)).unwrap_or_default();
                assert_eq!(Digest::of(&bytes), *digest, "a host that has the image repairs it: {ran:?}");
            }
        }
        for digest in std::mem::take(&mut self.rotten) {
            if !self.blob(&digest).exists() {
                self.kept.remove(&digest);
            }
        }
    }

    fn kill(&mut self, after: u8) {
        let mut running = self.sandbox.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Not waiting for something, but choosing the moment.
        std::thread::sleep(Duration::from_millis(after.into()));
        running.kill().unwrap();
        running.wait().unwrap();
        self.killed = true;
    }

    /// A run, and all that must hold after it.
    pub(super) fn night(&mut self) {
        let ran = self.sandbox.run(&["--json", "run"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        self.no_good_image_is_lost();
        self.originals_come_back();
        let remote = self.mirrors_show_what_their_posts_show(&report);
        self.the_run_says_how_it_went(&ran, &report, remote);
        self.damage_is_named();
    }

    /// Every good image that was kept is there, as it was, but for those whose file somebody changed.
    fn no_good_image_is_lost(&mut self) {
        for digest in self.kept.difference(&self.rotten) {
            let bytes = std::fs::read(self.blob(digest)).unwrap_or_default();
            assert_eq!(Digest::of(&bytes), *digest, "a good image is gone");
        }
        let all = crate::corpus::files(&self.store("blobs")).into_iter().filter(|file| is_png(file));
        for file in all {
            let bytes = std::fs::read(&file).unwrap();
            let digest = Digest::of(&bytes);
            if (0..IMAGES).any(|number| self.world.has_served(number, &bytes)) {
                self.kept.insert(digest);
            } else {
                let named = file.file_stem().unwrap().to_string_lossy().parse().unwrap();
                assert!(self.rotten.contains(&named), "{} is no image of any host", file.display());
            }
        }
    }

    /// The exit status: 1 where the source could not be read, 3 where mirrors newly lack images, 0 where they lack none.
    fn the_run_says_how_it_went(&mut self, ran: &Ran, report: &Value, missing: BTreeSet<String>) {
        let failures = report["failures"].as_array().unwrap();
        for failure in failures {
            assert!(!failure["reason"].as_str().unwrap().is_empty(), "{failure}");
            assert!(!failure["detail"].as_str().unwrap().is_empty(), "{failure}");
        }
        let newly = missing.difference(&self.missing).next().is_some();
        let killed = std::mem::take(&mut self.killed);
        if !self.mounted {
            assert_eq!(ran.status, 1, "an unmounted source: {ran:?}");
            assert_eq!(report["sources"][0]["outcome"], "failed");
        } else if !self.rotten.is_empty() {
            assert!([0, 1, 3, 4].contains(&ran.status), "{ran:?}");
        } else if newly && !killed {
            assert_eq!(ran.status, 3, "newly missing: {ran:?}");
        } else if missing.is_empty() {
            // Where no host answered at all, the work of the night is left.
            let expected = if report["offline"] == true { 3 } else { 0 };
            assert_eq!(ran.status, expected, "nothing is missing: {ran:?}");
        }
        if self.mounted {
            self.missing = missing;
        }
    }

    /// The original of every post, also of those that are gone, is given back as it was written last.
    fn originals_come_back(&self) {
        let keys: Vec<_> = self.posts.keys().map(|name| Self::file(name)).collect();
        let arguments = ["restore", "--to", "restored"].into_iter().chain(keys.iter().map(String::as_str));
        let ran = self.sandbox.run(&arguments.collect::<Vec<_>>());
        assert_eq!(ran.status, 0, "{ran:?}");
        for (name, post) in &self.posts {
            let restored = self.sandbox.text(&format!("restored/{}", Self::file(name)));
            assert_eq!(restored, post.text, "the original of {name}");
        }
        std::fs::remove_dir_all(self.sandbox.path("restored")).unwrap();
    }

    /// Where the mirror of a post is.
    fn mirror(&self, name: &str) -> PathBuf {
        match self.settings.output {
            "." => self.sandbox.path(&Self::file(name)),
            "out" => self.sandbox.path("out").join(format!("{name}.md")),
            _ => self.store("articles/posts").join(format!("{name}.md")),
        }
    }

    /// A link leads to an image that the host once served there, or is the address of one that the report says is
    /// missing; nothing else of the post differs.
    /// Gives the addresses that are left.
    fn mirrors_show_what_their_posts_show(&self, report: &Value) -> BTreeSet<String> {
        let (mut remote, failures) = (BTreeSet::new(), report["failures"].to_string());
        if !self.mounted {
            return remote;
        }
        for name in &self.present {
            let (post, mirror) = (&self.posts[name], self.mirror(name));
            let text = std::fs::read_to_string(&mirror).unwrap_or_else(|cause| panic!("the mirror of {name}: {cause}"));
            let links: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("![](")?.strip_suffix(')')).collect();
            assert_eq!(links.len(), post.images.len(), "{name}: {text}");
            for (link, image) in links.into_iter().zip(&post.images) {
                if link == self.world.url(*image) {
                    assert!(failures.contains(link), "{name}: {link} is remote, and no failure says why: {report:#}");
                    remote.insert(link.to_owned());
                } else {
                    self.leads_to(&mirror, link, *image);
                }
            }
            assert_eq!(text.lines().count(), post.text.lines().count(), "{name}: {text}");
        }
        remote
    }

    fn leads_to(&self, mirror: &Path, link: &str, image: u8) {
        let file =
            link.strip_prefix("/media/").map_or_else(|| mirror.parent().unwrap().join(link), |rest| self.store(rest));
        let bytes = std::fs::read(&file).unwrap_or_else(|cause| panic!("{link} of {}: {cause}", mirror.display()));
        let named: Digest = file.file_stem().unwrap().to_string_lossy().parse().unwrap();
        let right = self.world.has_served(image, &bytes) || self.rotten.contains(&named);
        assert!(right, "{} shows {link}, which is not image {image}", mirror.display());
    }

    /// `verify` ends with 4 where an image has rotted, and with 0 where all is well.
    fn damage_is_named(&self) {
        let ran = self.sandbox.run(&["verify"]);
        let expected = if self.rotten.is_empty() { 0 } else { 4 };
        assert_eq!(ran.status, expected, "{:?} are rotten: {ran:?}", self.rotten);
    }

    /// The world heals, and the archive with it: nothing is missing, nothing damaged, and nothing is left to do.
    pub(super) fn heal(&mut self) {
        self.mount();
        self.world.set(Weather::Fair);
        self.repair();
        self.night();
        self.night();
        let report = self.sandbox.json(&["run"]);
        let counts: BTreeMap<_, _> = ["fetched", "failed"].map(|what| (what, &report["urls"][what])).into();
        assert_eq!(counts, [("failed", &0.into()), ("fetched", &0.into())].into(), "{report:#}");
        assert_eq!(report["articles"]["unchanged"], self.present.len(), "{report:#}");
        let checked = self.sandbox.run(&["check"]);
        assert_eq!(checked.status, 0, "{checked:?}");
    }
}

fn is_png(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "png")
}
