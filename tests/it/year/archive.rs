//! An archive in its world: what is known of it from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use offprint::Digest;

use super::Place;
use super::clock::Clock;
use super::step::Step;
use super::volume::Volume;
use super::world::{Posts, READER, World};
use crate::sandbox::{Ran, Sandbox};

/// An archive, its settings, and what must hold of it.
pub(super) struct Archive {
    pub(super) world: World,
    pub(super) place: Place,
    pub(super) volume: Volume,
    pub(super) sandbox: Sandbox,
    pub(super) clock: Clock,
    /// Every post that is or was there, and was not taken down.
    pub(super) posts: Posts,
    /// Those that are there now.
    pub(super) present: BTreeSet<String>,
    /// Those that were written while the archive was away, and that it has not read since.
    pub(super) unread: BTreeSet<String>,
    /// The folder of posts is mounted.
    pub(super) mounted: bool,
    /// The archive is not mounted.
    pub(super) is_away: bool,
    pub(super) settings: Settings,
    /// The good images that the archive has kept, and is to keep for good.
    pub(super) kept: BTreeSet<Digest>,
    /// Of them, those that an older catalog may not know. What no mirror shows of them may be collected.
    pub(super) adrift: BTreeSet<Digest>,
    /// Of them, those whose file was changed, and that no repair has seen yet.
    pub(super) rotten: BTreeSet<Digest>,
    /// URLs that the last night could not get.
    pub(super) missing: BTreeSet<String>,
    /// What is missing may have been reported before, or may be reported again.
    pub(super) is_unsettled: bool,
    /// Images whose URL was taken down.
    pub(super) taken_down: BTreeSet<u8>,
    /// Posts that were taken down, with what their authors' files are to stay.
    pub(super) taken_down_posts: BTreeMap<String, String>,
    /// What a copy of the archive holds: its good images.
    pub(super) backup: Option<(BTreeSet<Digest>, BTreeSet<Digest>)>,
    count: u32,
}

/// What of the settings changes.
pub(super) struct Settings {
    pub(super) store: String,
    pub(super) output: &'static str,
    pub(super) links: &'static str,
    pub(super) width: u8,
    pub(super) fetch: u8,
    pub(super) min_free: &'static str,
}

impl Settings {
    /// Whether a repair gets what a host has: it takes an image of any size in pixels, but no more bytes than it may.
    pub(super) fn let_repairs_in(&self) -> bool {
        self.fetch % 4 != 1
    }

    fn fetch(&self) -> String {
        match self.fetch % 4 {
            1 => "max_bytes = \"100 B\"\n".to_owned(),
            2 => format!("user_agent = \"{READER}\"\n"),
            _ => String::new(),
        }
    }

    fn media(&self) -> &'static str {
        if self.fetch % 4 == 3 { "[media]\nmin_side = 100\n" } else { "" }
    }
}

impl Archive {
    pub(super) fn new(place: Place, on_disk: bool) -> Self {
        let sandbox = Sandbox::new();
        let volume = Volume::new(&sandbox, on_disk);
        let output = if place == Place::InPlace { "." } else { "" };
        let store = volume.store("store");
        let settings = Settings { store, output, links: "", width: 8, fetch: 0, min_free: "0" };
        let mut archive = Self {
            world: World::new(),
            place,
            volume,
            sandbox,
            clock: Clock::default(),
            posts: Posts::new(),
            present: BTreeSet::new(),
            unread: BTreeSet::new(),
            mounted: true,
            is_away: false,
            settings,
            kept: BTreeSet::new(),
            adrift: BTreeSet::new(),
            rotten: BTreeSet::new(),
            missing: BTreeSet::new(),
            is_unsettled: false,
            taken_down: BTreeSet::new(),
            taken_down_posts: BTreeMap::new(),
            backup: None,
            count: 0,
        };
        archive.write_settings();
        archive.write(Step::Add(0));
        archive
    }

    pub(super) fn write_settings(&self) {
        let Settings { store, output, links, width, min_free, .. } = &self.settings;
        let (fetch, media) = (self.settings.fetch(), self.settings.media());
        self.sandbox.write(
            "config.toml",
            format!(
                "store = \"{store}\"\n[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nretries = 0\n\
                 recheck = \"1d\"\nread_timeout = \"1500ms\"\n{fetch}[run]\nretire_after = 1000\n\
                 retry_schedule = [\"6h\", \"1d\"]\nmin_free = \"{min_free}\"\n{media}\
                 [[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"{output}\"\nlinks = \"{links}\"\n\
                 [[thumbnail]]\nname = \"small\"\nwidth = {width}\n"
            ),
        );
    }

    /// The program, at the time that the archive lives in.
    pub(super) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.sandbox.command(arguments);
        command.env("OFFPRINT_TEST_CLOCK", self.clock.seconds_ahead().to_string());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().expect("the program can be started"))
    }

    /// A number that was not given before.
    pub(super) fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// Lets something happen. What cannot happen as things are is passed over.
    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Add(_) | Step::Edit(_) | Step::Rename(_) | Step::MovePost(_) | Step::Copy(_) | Step::Delete(_) => {
                if self.mounted {
                    self.write(step);
                }
            }
            Step::Unmount => self.unmount(),
            Step::Mount => self.mount(),
            Step::Change(number) => self.change(number),
            Step::Weather(weather) => self.world.set(weather),
            Step::Clock(days) => self.clock.set_ahead(days),
            Step::MountArchive => self.mount_archive(),
            Step::Nothing => {}
            _ if self.is_away => {}
            Step::UnmountArchive => self.unmount_archive(),
            Step::Thumbnails(_) | Step::Fetch(_) | Step::Links | Step::Output | Step::Move => self.configure(step),
            Step::Gc | Step::Repair | Step::Forget(_) | Step::Undo(_) | Step::Backup | Step::Restore => {
                self.operate(step);
            }
            _ => self.spoil(step),
        }
    }

    /// New bytes of an image, but not while only its host could repair the old ones.
    fn change(&self, number: u8) {
        if !self.rotten.contains(&Digest::of(&self.world.current(number))) {
            self.world.change(number);
        }
    }

    pub(super) fn store(&self, name: &str) -> PathBuf {
        self.sandbox.path(&self.settings.store).join(name)
    }

    /// The file of an image.
    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blob_of(digest, "png")
    }

    pub(super) fn blob_of(&self, digest: &Digest, ending: &str) -> PathBuf {
        let digest = digest.to_string();
        self.store("blobs/sha256").join(&digest[..2]).join(format!("{digest}.{ending}"))
    }

    /// The file of a post.
    pub(super) fn file(name: &str) -> String {
        format!("posts/{name}.md")
    }

    /// Where the mirror of a post is.
    pub(super) fn mirror(&self, name: &str) -> PathBuf {
        match self.settings.output {
            "." => self.sandbox.path(&Self::file(name)),
            "out" => self.sandbox.path("out").join(format!("{name}.md")),
            _ => self.store("articles/posts").join(format!("{name}.md")),
        }
    }

    /// The original of a post, where the archive gives it.
    pub(super) fn restored(&self, name: &str) -> Option<String> {
        let ran = self.run(&["restore", &Self::file(name)]);
        (ran.status == 0).then_some(ran.stdout)
    }
}

pub(super) fn is_png(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "png")
}
