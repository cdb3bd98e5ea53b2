//! What operators do: settings, repairs, backups, what is taken down.

use std::process::Command;

use offprint::Digest;

use super::Place;
use super::archive::Archive;
use super::step::Step;
use super::world::Weather;

impl Archive {
    pub(super) fn configure(&mut self, step: Step) {
        match step {
            Step::Thumbnails(width) => self.settings.width = 5 + width % 8,
            Step::Fetch(number) => self.settings.fetch = number,
            Step::Links => self.settings.links = if self.settings.links.is_empty() { "/media/" } else { "" },
            Step::Output if self.place == Place::Apart && self.mounted => {
                self.settings.output = if self.settings.output.is_empty() { "out" } else { "" };
            }
            Step::Move => self.move_archive(),
            _ => {}
        }
        self.write_settings();
    }

    fn move_archive(&mut self) {
        let name = format!("moved-{}", self.next());
        let store = self.volume.store(&name);
        std::fs::rename(self.sandbox.path(&self.settings.store), self.sandbox.path(&store)).unwrap();
        self.settings.store = store;
    }

    pub(super) fn operate(&mut self, step: Step) {
        match step {
            Step::Gc => self.gc(),
            Step::Repair => self.repair(),
            Step::Forget(number) if number % 2 == 0 => self.forget_article(number / 2),
            Step::Forget(number) => self.forget_url(number / 2),
            Step::Undo(number) => self.undo(number),
            Step::Backup => self.back_up(),
            Step::Restore => self.restore_backup(),
            _ => {}
        }
    }

    fn gc(&self) {
        let ran = self.run(&["gc"]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }

    /// What a repair cannot get identical is put aside, and is to be fetched by the next run.
    pub(super) fn repair(&mut self) {
        let ran = self.run(&["verify", "--repair"]);
        let is_open = self.world.weather() == Weather::Fair && self.settings.let_repairs_in();
        let repairable = self.rotten.is_empty() || is_open;
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

    /// Takes an article down. What other articles show or showed stays; the author's file is left alone from then on.
    fn forget_article(&mut self, number: u8) {
        let Some(name) = self.chosen(number).filter(|_| self.mounted && self.present.len() > 2) else { return };
        let file = Self::file(&name);
        let ran = self.run(&["forget", &file]);
        assert_eq!(ran.status, 0, "{ran:?}");
        if self.place == Place::Apart {
            assert!(!self.mirror(&name).exists(), "its mirror is gone: {ran:?}");
        }
        self.present.remove(&name);
        self.posts.remove(&name);
        self.taken_down_posts.insert(name, self.sandbox.text(&file));
        let shown: Vec<_> = self.posts.values().flat_map(|post| post.images.iter().copied()).collect();
        self.lose(|number| !shown.contains(&number));
    }

    fn forget_url(&mut self, number: u8) {
        let url = self.world.url(number);
        let Some(number) = self.world.number_of(&url) else { return };
        let is_known = self.posts.values().any(|post| post.images.contains(&number));
        let ran = self.run(&["forget", &url]);
        if is_known && ran.status == 0 {
            self.taken_down.insert(number);
            self.lose(|other| other == number);
            assert!(self.kept.iter().all(|kept| !self.is_of(number, kept)), "it is still there: {ran:?}");
        }
    }

    /// What was kept of some images may be gone.
    fn lose(&mut self, may_go: impl Fn(u8) -> bool) {
        let gone: Vec<_> = self.kept.iter().copied().filter(|digest| !self.blob(digest).exists()).collect();
        for digest in gone {
            let number = self.world.image_with(&digest).expect("only what a host served is kept");
            assert!(may_go(number), "image {number} is shown by others");
            self.kept.remove(&digest);
            self.rotten.remove(&digest);
        }
    }

    fn is_of(&self, number: u8, digest: &Digest) -> bool {
        self.world.image_with(digest) == Some(number)
    }

    /// A post in place becomes its original again, until the next run.
    fn undo(&mut self, number: u8) {
        let chosen = self.chosen(number).filter(|_| self.mounted && self.place == Place::InPlace);
        let Some(name) = chosen else { return };
        let file = Self::file(&name);
        let ran = self.run(&["restore", "--in-place", &file]);
        // A file that was changed since the last run is left alone.
        if ran.status == 0 {
            assert_eq!(self.sandbox.text(&file), self.posts[&name].text, "{ran:?}");
        }
    }

    fn back_up(&mut self) {
        self.copy_archive(&self.settings.store, "backup");
        let whole = self.kept.difference(&self.rotten).copied().collect();
        self.backup = Some((whole, self.rotten.clone()));
    }

    fn copy_archive(&self, from: &str, to: &str) {
        let (from, to) = (self.sandbox.path(from), self.sandbox.path(to));
        let _ = std::fs::remove_dir_all(&to);
        let copied = Command::new("cp").arg("-a").args([from, to]).status().expect("cp is there");
        assert!(copied.success());
    }

    /// The archive is what it was then. Articles in place, which link to what came since, do not go back with it.
    fn restore_backup(&mut self) {
        let is_possible = self.place == Place::Apart && self.taken_down.is_empty() && self.taken_down_posts.is_empty();
        let Some((kept, rotten)) = self.backup.clone().filter(|_| is_possible) else { return };
        self.copy_archive("backup", &self.settings.store);
        self.kept = kept;
        self.rotten = rotten;
        self.adrift.clear();
        self.is_unsettled = true;
        self.drop_unknown_posts();
    }

    /// Posts that are gone and that the archive does not know any more are lost for good.
    pub(super) fn drop_unknown_posts(&mut self) {
        let gone: Vec<_> = self.posts.keys().filter(|name| !self.present.contains(*name)).cloned().collect();
        for name in gone {
            if self.restored(&name).as_ref() != Some(&self.posts[&name].text) {
                self.posts.remove(&name);
            }
        }
    }

    /// Takes the archive away.
    pub(super) fn unmount_archive(&mut self) {
        self.volume.unmount(&self.sandbox.path(&self.settings.store));
        self.is_away = true;
    }

    pub(super) fn mount_archive(&mut self) {
        if std::mem::take(&mut self.is_away) {
            self.volume.mount(&self.sandbox.path(&self.settings.store));
            self.is_unsettled = true;
        }
    }
}
