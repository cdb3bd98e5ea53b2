//! What disks, power and time do to an archive.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use offprint::Digest;

use super::archive::Archive;
use super::step::Step;

/// What of a catalog is there when it is found lost or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Removed,
    Emptied,
    Garbled,
    Halved,
    /// Some pages in its middle are other bytes.
    Spotted,
}

impl Archive {
    pub(super) fn spoil(&mut self, step: Step) {
        match step {
            Step::Rot(number) => self.rot(number),
            Step::RotOriginal(number) => self.rot_original(number),
            Step::LoseThumbnail => self.lose_thumbnail(),
            Step::LoseCatalog => self.lose_catalog(),
            Step::Rebuild(number) => self.rebuild(number),
            Step::OldCatalog(number) => self.take_old_catalog(number),
            Step::Kill(after) => self.kill(after),
            Step::PowerLoss(after) => self.lose_power(after),
            Step::DiskFull => self.fill_disk(),
            _ => {}
        }
    }

    /// Damages an image that is kept and that its host still has.
    fn rot(&mut self, number: u8) {
        let bytes = self.world.current(number);
        let digest = Digest::of(&bytes);
        if self.kept.contains(&digest) && self.blob(&digest).exists() {
            damage(&self.blob(&digest), 40);
            self.rotten.insert(digest);
        }
    }

    /// Damages the original of a post: it is not given back, no mirror is made of it, and a repair finds it again.
    fn rot_original(&mut self, number: u8) {
        let chosen = self.chosen(number).filter(|_| self.mounted && self.rotten.is_empty());
        let Some(name) = chosen else { return };
        let original = Digest::of(self.posts[&name].text.as_bytes());
        let file = self.blob_of(&original, "md");
        if !file.exists() || self.run(&["verify"]).status != 0 {
            return;
        }
        damage(&file, 5);
        let before = std::fs::read(self.mirror(&name)).unwrap();
        let ran = self.run(&["restore", &Self::file(&name)]);
        assert!(ran.status != 0 && ran.stderr.contains("damaged"), "{ran:?}");
        self.run(&["run"]);
        let after = std::fs::read(self.mirror(&name)).unwrap();
        assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(&before), "a mirror of a damaged original");
        if file_is(&file, &original) {
            return;
        }
        let ran = self.run(&["verify"]);
        assert_eq!(ran.status, 4, "{ran:?}");
        let ran = self.run(&["verify", "--repair"]);
        assert_eq!(ran.status, 0, "the file or the mirror has its bytes: {ran:?}");
        assert!(file_is(&file, &original), "{ran:?}");
        self.is_unsettled = true;
    }

    fn lose_thumbnail(&mut self) {
        let thumbnails = crate::corpus::files(&self.store("thumbnails"));
        if let Some(first) = thumbnails.first() {
            std::fs::remove_file(first).unwrap();
            // Only `verify --repair` looks for what the catalog says is there.
            self.repair();
        }
    }

    /// Without its catalog an archive is left alone by every command that writes, until the catalog is back.
    fn lose_catalog(&self) {
        let away = self.store("catalog.away");
        std::fs::rename(self.store("catalog.db"), &away).unwrap();
        self.is_refused();
        std::fs::rename(&away, self.store("catalog.db")).unwrap();
    }

    fn is_refused(&self) {
        let blobs = format!("{}/blobs", self.settings.store);
        let before = (self.sandbox.tree("posts"), self.sandbox.tree(&blobs));
        for arguments in [&["run"][..], &["gc"], &["verify", "--repair"], &["status"]] {
            let ran = self.run(arguments);
            assert!(matches!(ran.status, 1 | 4), "without a catalog {arguments:?} ended with {ran:?}");
            assert!(!ran.stderr.is_empty(), "{ran:?}");
            assert_eq!(before, (self.sandbox.tree("posts"), self.sandbox.tree(&blobs)), "{arguments:?}");
        }
    }

    /// The catalog is lost or damaged; what is kept has all of it that an archive needs.
    fn rebuild(&mut self, number: u8) {
        if !self.rotten.is_empty() || !self.mounted {
            return;
        }
        let loss = [Loss::Removed, Loss::Emptied, Loss::Garbled, Loss::Halved, Loss::Spotted][usize::from(number % 5)];
        let whole = self.lose_or_damage(loss);
        if loss == Loss::Spotted && self.run(&["verify"]).status == 0 {
            std::fs::write(self.store("catalog.db"), whole).unwrap();
            return;
        }
        if matches!(loss, Loss::Removed | Loss::Emptied | Loss::Garbled) {
            self.is_refused();
        }
        let ran = self.run(&["verify", "--rebuild"]);
        assert_eq!(ran.status, 0, "{loss:?}: {ran:?}");
        self.adrift.clone_from(&self.kept);
        self.is_unsettled = true;
    }

    /// Gives what it was.
    fn lose_or_damage(&self, loss: Loss) -> Vec<u8> {
        let catalog = self.store("catalog.db");
        let whole = std::fs::read(&catalog).unwrap();
        for rest in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.store(&format!("catalog.db{rest}")));
        }
        let mut bytes = whole.clone();
        match loss {
            Loss::Removed => return std::fs::remove_file(catalog).map(|()| whole).unwrap(),
            Loss::Emptied => bytes.clear(),
            Loss::Garbled => bytes[..4096].fill(0xa5),
            Loss::Halved => bytes.truncate(whole.len() / 2),
            Loss::Spotted => bytes[whole.len() / 2..whole.len() / 2 + 6000].fill(0x5a),
        }
        std::fs::write(catalog, bytes).unwrap();
        whole
    }

    /// The catalog goes back to one of its copies, and the rest of the archive does not.
    fn take_old_catalog(&mut self, number: u8) {
        let copies = crate::corpus::files(&self.store("catalog-copies"));
        let Some(at) = usize::from(number).checked_rem(copies.len()).filter(|_| self.rotten.is_empty()) else { return };
        for rest in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.store(&format!("catalog.db{rest}")));
        }
        std::fs::copy(&copies[at], self.store("catalog.db")).unwrap();
        // Mirrors, reports and newer copies show what the catalog lacks, which a rebuild takes up.
        if self.run(&["verify"]).stdout.contains("older than the archive") {
            let ran = self.run(&["gc"]);
            assert_eq!(ran.status, 4, "it does not know what is garbage: {ran:?}");
            let ran = self.run(&["verify", "--rebuild"]);
            assert_eq!(ran.status, 0, "{ran:?}");
        }
        self.adrift.clone_from(&self.kept);
        self.is_unsettled = true;
        self.drop_unknown_posts();
    }

    fn kill(&mut self, after: u8) {
        let commands = [&["run"][..], &["run"], &["verify", "--repair"], &["gc"]];
        let mut running = self.start(commands[usize::from(after % 4)]);
        std::thread::sleep(Duration::from_millis(after.into()));
        running.kill().unwrap();
        running.wait().unwrap();
        self.is_unsettled = true;
    }

    /// Not waiting for something, but choosing the moment.
    fn start(&self, arguments: &[&str]) -> std::process::Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn lose_power(&mut self, after: u8) {
        if !self.volume.is_disk() {
            return self.kill(after);
        }
        let mut running = self.start(&["run"]);
        std::thread::sleep(Duration::from_millis(after.into()));
        self.volume.lose_power();
        running.wait().unwrap();
        self.volume.come_back();
        self.is_unsettled = true;
    }

    /// One run finds no room: on the disk, or by what the settings want to be left.
    fn fill_disk(&mut self) {
        if self.volume.is_disk() {
            self.volume.fill();
            let ran = self.run(&["run"]);
            assert!([0, 1, 3].contains(&ran.status), "{ran:?}");
            assert!(ran.status == 0 || !ran.stderr.is_empty(), "{ran:?}");
            self.volume.clear();
        } else {
            self.settings.min_free = "900 TiB";
            self.write_settings();
            let ran = self.run(&["run"]);
            let stopped = ran.stdout.contains("run.min_free") || ran.stderr.contains("run.min_free");
            assert!(!stopped || [1, 3].contains(&ran.status), "{ran:?}");
            self.settings.min_free = "0";
            self.write_settings();
        }
        self.is_unsettled = true;
    }
}

fn damage(file: &PathBuf, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    // It may be read-only.
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

fn file_is(file: &PathBuf, digest: &Digest) -> bool {
    std::fs::read(file).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
}
