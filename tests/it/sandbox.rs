//! A folder of one test's own, with posts, settings and the program to run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use offprint::testing::archive::{self, Archive, Mode};
use offprint::testing::model::Digest;
use walkdir::WalkDir;

use crate::in_memory::InMemory;

/// A folder that goes when the test ends.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    /// Where the archive is not in the folder `store`.
    in_memory: Option<InMemory>,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// An empty folder, with settings that let articles reach loopback and wait for nothing.
    pub(crate) fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), in_memory: None };
        std::fs::create_dir(sandbox.path("posts")).expect("a folder can be made");
        sandbox.settings("");
        sandbox
    }

    /// The same, with an archive in memory. What the program would do is done without it.
    pub(crate) fn in_memory() -> Self {
        Self { in_memory: Some(InMemory::new()), ..Self::new() }
    }

    /// Another one, whose archive is where this one has its own.
    pub(crate) fn another(&self) -> Self {
        if self.in_memory.is_some() { Self::in_memory() } else { Self::new() }
    }

    /// The archive in memory and the path there, where a file is in it.
    fn object<'a>(&self, name: &'a str) -> Option<(&InMemory, &'a str)> {
        Some((self.in_memory.as_ref()?, name.strip_prefix("store/")?))
    }

    /// Where a file of it is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes settings: the usual ones, and these. `[fetch]` goes on where `more` begins.
    pub(crate) fn settings(&self, more: &str) {
        let settings = format!("[fetch]\nallow_net = [\"127.0.0.0/8\"]\ndelay = \"0\"\nretry_wait = \"10ms\"\n{more}");
        self.write("config.toml", settings);
    }

    /// Writes a file, and the folders it lies in.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().expect("it lies in the sandbox")).expect("a folder can be made");
        std::fs::write(file, bytes).expect("a file can be written");
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        if let Some((archive, path)) = self.object(name) {
            return archive.read(path);
        }
        std::fs::read(self.path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }

    /// The text of a file.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("the file is UTF-8")
    }

    /// Its archive, to be read.
    pub(crate) fn archive(&self) -> Archive {
        match &self.in_memory {
            Some(archive) => archive.archive(),
            None => archive::open(&self.path("store"), Mode::Read).expect("the archive can be opened"),
        }
    }

    /// The bytes that a link of a mirrored article in the archive leads to.
    pub(crate) fn linked(&self, article: &str, link: &str) -> Vec<u8> {
        let mut parts: Vec<&str> = article.split('/').collect();
        parts.pop();
        for part in link.split('/') {
            match part {
                ".." => parts.truncate(parts.len() - 1),
                part => parts.push(part),
            }
        }
        self.read(&parts.join("/"))
    }

    /// The program, ready to run in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offprint"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1");
        // No test needs the authorities of the system, of which each run would read hundreds.
        command.env("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/authority.pem"));
        for variable in ["OFFPRINT_CONFIG", "OFFPRINT_STORE", "OFFPRINT_LOG"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs the program in this folder, without a terminal as cron does.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        if let Some(archive) = &self.in_memory {
            return archive.run(&self.path("config.toml"), arguments);
        }
        Ran::of(&self.command(arguments).output().expect("the program can be started"))
    }

    /// Runs the program and reads the JSON that it prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let mut with_json = vec!["--json"];
        with_json.extend(arguments);
        let ran = self.run(&with_json);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The names of all files below a folder, with their fingerprints.
    pub(crate) fn tree(&self, folder: &str) -> BTreeMap<PathBuf, (u64, SystemTime, u64)> {
        if let Some((archive, path)) = self.object(folder) {
            return archive.tree(path);
        }
        let root = self.path(folder);
        let files = WalkDir::new(&root).into_iter().map(|entry| entry.expect("the folder can be read"));
        let facts = files.filter(|entry| entry.file_type().is_file()).map(|entry| {
            let facts = entry.metadata().expect("the file is there");
            let modified = facts.modified().expect("the system keeps times");
            let name = entry.path().strip_prefix(&root).expect("it lies below").to_owned();
            (name, (facts.len(), modified, inode(&facts)))
        });
        facts.collect()
    }

    /// The digest of every file below a folder of the archive, by name: what an undisturbed archive is compared by.
    pub(crate) fn digests(&self, folder: &str) -> BTreeMap<PathBuf, Digest> {
        let digest = |name: PathBuf| {
            let bytes = self.read(&format!("{folder}/{}", name.display()));
            (name, Digest::of(&bytes))
        };
        self.tree(folder).into_keys().map(digest).collect()
    }

    /// The only file below a folder whose name ends so.
    pub(crate) fn only(&self, folder: &str, ending: &str) -> PathBuf {
        let root = self.path(folder);
        let mut found: Vec<_> =
            self.tree(folder).into_keys().filter(|name| name.to_string_lossy().ends_with(ending)).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        root.join(found.remove(0))
    }
}

impl Ran {
    /// What a finished process printed.
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same, where it ended with this status.
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

#[cfg(unix)]
fn inode(facts: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(facts)
}

#[cfg(not(unix))]
fn inode(_facts: &std::fs::Metadata) -> u64 {
    0
}

/// Where the local link of a mirrored article leads, from the article's folder.
pub(crate) fn follow(article: &Path, link: &str) -> PathBuf {
    article.parent().expect("an article lies in a folder").join(link)
}

/// Whether files of what is expected are to be written, and not compared with.
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("OFFPRINT_BLESS").is_some()
}

/// Whether tests are to try everything, and not only some of it.
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("OFFPRINT_THOROUGH").is_some()
}
