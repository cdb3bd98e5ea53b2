//! A night, and what must hold after it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use offprint::Digest;
use serde_json::Value;

use super::Place;
use super::archive::{Archive, is_png};
use super::world::Weather;
use crate::sandbox::Ran;

impl Archive {
    /// A run, and all that must hold after it.
    pub(super) fn night(&mut self) {
        self.clock.advance();
        if self.is_away {
            self.night_without_archive();
        } else {
            self.night_with_archive();
        }
        self.clock.mend();
    }

    fn night_with_archive(&mut self) {
        let ran = self.run(&["--json", "run"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        self.no_good_image_is_lost();
        if self.mounted {
            self.unread.clear();
        }
        self.originals_come_back();
        let remote = self.mirrors_show_what_their_posts_show();
        self.the_run_says_how_it_went(&ran, &report, remote);
        self.damage_is_named();
        self.what_was_taken_down_stays_away();
    }

    /// Where mirrors say that there was an archive, nothing is written and the run says so. Nobody runs it in place where
    /// nothing says so: it would begin a new archive.
    fn night_without_archive(&self) {
        let links = |name: &String| {
            let text = std::fs::read_to_string(self.mirror(name)).unwrap_or_default();
            text.contains("/blobs/sha256/") || text.contains("/thumbnails/")
        };
        let says = self.mounted && !self.settings.output.is_empty() && self.present.iter().any(links);
        if !says && self.place == Place::InPlace {
            return;
        }
        let before = self.written_outside();
        let ran = self.run(&["run"]);
        assert!(matches!(ran.status, 0 | 1 | 3), "{ran:?}");
        if says {
            assert_eq!(ran.status, 1, "{ran:?}");
            assert!(ran.stderr.contains("there is no archive"), "{ran:?}");
            assert_eq!(self.written_outside(), before, "nothing is written");
        }
    }

    fn written_outside(&self) -> Vec<BTreeMap<std::path::PathBuf, Digest>> {
        let folders = ["posts", "out"].into_iter().filter(|folder| self.sandbox.path(folder).exists());
        folders.map(|folder| self.sandbox.digests(folder)).collect()
    }

    /// Every good image that was kept is there, as it was, but for those whose file somebody changed.
    fn no_good_image_is_lost(&mut self) {
        let lost: Vec<_> =
            self.kept.difference(&self.rotten).filter(|digest| !self.is_whole(digest)).copied().collect();
        for digest in lost {
            let number = self.world.image_with(&digest);
            assert!(self.adrift.remove(&digest), "a good image is gone: {digest}, a version of {number:?}");
            self.kept.remove(&digest);
        }
        let all = crate::corpus::files(&self.store("blobs")).into_iter().filter(|file| is_png(file));
        for file in all {
            let bytes = std::fs::read(&file).unwrap();
            let digest = Digest::of(&bytes);
            if self.world.image_of(&bytes).is_some() {
                self.kept.insert(digest);
            } else if !self.world.is_part_of_an_image(&bytes) {
                // What breaks off is kept as evidence, and shown by no mirror.
                let named = file.file_stem().unwrap().to_string_lossy().parse().unwrap();
                assert!(self.rotten.contains(&named), "{} is no image of any host", file.display());
            }
        }
    }

    fn is_whole(&self, digest: &Digest) -> bool {
        std::fs::read(self.blob(digest)).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
    }

    /// The exit status: 1 where the source could not be read, 3 where mirrors newly lack images, 0 where they lack none.
    fn the_run_says_how_it_went(&mut self, ran: &Ran, report: &Value, missing: BTreeSet<String>) {
        let failures = report["failures"].as_array().unwrap();
        for failure in failures {
            assert!(!failure["reason"].as_str().unwrap().is_empty(), "{failure}");
            assert!(!failure["detail"].as_str().unwrap().is_empty(), "{failure}");
        }
        let newly = missing.difference(&self.missing).next().is_some();
        let is_unsettled = std::mem::take(&mut self.is_unsettled);
        if !self.mounted {
            assert_eq!(ran.status, 1, "an unmounted source: {ran:?}");
            assert_eq!(report["sources"][0]["outcome"], "failed");
            // What is newly missing is reported now, and shown once the posts are back.
            self.is_unsettled = true;
        } else if !self.rotten.is_empty() {
            assert!([0, 1, 3, 4].contains(&ran.status), "{ran:?}");
        } else if newly && !is_unsettled {
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
        let posts: Vec<_> = self.posts.iter().filter(|(name, _)| !self.unread.contains(*name)).collect();
        let keys: Vec<_> = posts.iter().map(|(name, _)| Self::file(name)).collect();
        let arguments = ["restore", "--to", "restored"].into_iter().chain(keys.iter().map(String::as_str));
        let ran = self.run(&arguments.collect::<Vec<_>>());
        assert_eq!(ran.status, 0, "{ran:?}");
        for (name, post) in posts {
            let restored = self.sandbox.text(&format!("restored/{}", Self::file(name)));
            assert_eq!(restored, post.text, "the original of {name}");
        }
        std::fs::remove_dir_all(self.sandbox.path("restored")).unwrap();
    }

    /// A link leads to an image that the host once served there, or is the address of one that `status` says is missing,
    /// and why; nothing else of the post differs.
    /// Gives the addresses that are left, but for those that were taken down.
    fn mirrors_show_what_their_posts_show(&mut self) -> BTreeSet<String> {
        let mut remote = BTreeSet::new();
        if !self.mounted {
            return remote;
        }
        let mut missing = None;
        for name in self.present.clone() {
            let (images, height) = (self.posts[&name].images.clone(), self.posts[&name].text.lines().count());
            let mirror = self.mirror(&name);
            let text = std::fs::read_to_string(&mirror).unwrap_or_else(|cause| panic!("the mirror of {name}: {cause}"));
            let links: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("![](")?.strip_suffix(')')).collect();
            assert_eq!(links.len(), images.len(), "{name}: {text}");
            for (link, image) in links.into_iter().zip(images) {
                if link == self.world.url(image) {
                    let missing = missing.get_or_insert_with(|| self.missing_by_status());
                    assert!(missing.contains(link), "{name}: {link} is remote, and status does not say why");
                    remote.insert(link.to_owned());
                } else {
                    assert!(!self.taken_down.contains(&image), "{name}: {link} was taken down");
                    self.leads_to(&mirror, link, image);
                }
            }
            assert_eq!(text.lines().count(), height, "{name}: {text}");
        }
        remote.retain(|url| self.world.number_of(url).is_none_or(|image| !self.taken_down.contains(&image)));
        remote
    }

    /// The URLs that `status` lists as missing, each with its reason.
    fn missing_by_status(&self) -> BTreeSet<String> {
        let ran = self.run(&["--json", "status"]);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let missing = status["missing"].as_array().unwrap().iter();
        missing.filter(|url| url["reason"].is_string()).map(|url| url["url"].as_str().unwrap().to_owned()).collect()
    }

    fn leads_to(&mut self, mirror: &Path, link: &str, image: u8) {
        let file =
            link.strip_prefix("/media/").map_or_else(|| mirror.parent().unwrap().join(link), |rest| self.store(rest));
        let bytes = std::fs::read(&file).unwrap_or_else(|cause| panic!("{link} of {}: {cause}", mirror.display()));
        let named: Digest = file.file_stem().unwrap().to_string_lossy().parse().unwrap();
        let right = self.world.has_served(image, &bytes) || self.rotten.contains(&named);
        assert!(right, "{} shows {link}, which is not image {image}", mirror.display());
        // What a mirror shows is on record again.
        self.adrift.remove(&named);
    }

    /// `verify` ends with 4 where an image has rotted, and with 0 where all is well.
    fn damage_is_named(&self) {
        let ran = self.run(&["verify"]);
        let expected = if self.rotten.is_empty() { 0 } else { 4 };
        assert_eq!(ran.status, expected, "{:?} are rotten: {ran:?}", self.rotten);
    }

    fn what_was_taken_down_stays_away(&self) {
        for (name, text) in self.taken_down_posts.iter().filter(|_| self.mounted) {
            assert_eq!(self.sandbox.text(&Self::file(name)), *text, "the file of {name}");
            assert!(self.place == Place::InPlace || !self.mirror(name).exists(), "the mirror of {name}");
        }
    }

    /// The world heals, and the archive with it: nothing is missing, nothing damaged, and nothing is left to do.
    pub(super) fn heal(&mut self) {
        self.mount();
        self.mount_archive();
        self.world.set(Weather::Fair);
        self.settings.fetch = 0;
        self.write_settings();
        self.repair();
        self.night();
        self.night();
        let ran = self.run(&["--json", "run"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(ran.status, 0, "{ran:?}");
        let counts: BTreeMap<_, _> = ["fetched", "failed"].map(|what| (what, &report["urls"][what])).into();
        assert_eq!(counts, [("failed", &0.into()), ("fetched", &0.into())].into(), "{report:#}");
        assert_eq!(report["articles"]["unchanged"], self.present.len(), "{report:#}");
        assert_eq!(self.missing, BTreeSet::new());
        let checked = self.run(&["check"]);
        let shows_taken_down = self.posts.values().any(|post| post.images.iter().any(|n| self.taken_down.contains(n)));
        assert!(checked.status == 0 || shows_taken_down && checked.status == 3, "{checked:?}");
    }
}
