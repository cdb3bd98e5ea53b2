//! Catalogs that are none of offprint's: other tables, triggers, views, versions, journals and bytes.

use std::fs;
use std::io::Write;

use super::canary::Canary;
use super::received::Received;

/// What is foreign about a catalog.
#[derive(Debug, Clone, Copy)]
pub(super) enum Foreign {
    /// It was changed by this SQL; `verify --untrusted` names this.
    Changed(&'static str, &'static str),
    /// A journal lies beside it that names a file to be removed.
    Journal(&'static str),
    /// Its bytes are these.
    Bytes(&'static [u8]),
    /// It is cut off after so many bytes.
    Cut(u64),
    /// Each of so many bytes in it is another.
    Noise(u64),
}

pub(super) const ALL: [Foreign; 21] = [
    Foreign::Changed("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM article; END", "trigger"),
    Foreign::Changed("CREATE TRIGGER t AFTER UPDATE ON url BEGIN UPDATE article SET path = '../../x'; END", "trigger"),
    Foreign::Changed("DROP TABLE total; CREATE VIEW total AS SELECT * FROM counted", "total"),
    Foreign::Changed(
        "DROP TABLE feed; CREATE VIEW feed AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS source FROM n",
        "feed",
    ),
    Foreign::Changed("DROP VIEW counted; CREATE VIEW counted AS SELECT readfile('/etc/passwd') AS articles", "counted"),
    Foreign::Changed("DROP TABLE edit; CREATE VIRTUAL TABLE edit USING fts5(article_id, ord)", "edit"),
    Foreign::Changed("ALTER TABLE article ADD COLUMN more TEXT DEFAULT 'x'", "article"),
    Foreign::Changed("ALTER TABLE article ADD COLUMN more BLOB AS (zeroblob(1000000000))", "article"),
    Foreign::Changed("CREATE INDEX i ON url (length(url))", "index"),
    Foreign::Changed("DROP INDEX url_due", "url_due"),
    Foreign::Changed("DROP TABLE thumbnail", "thumbnail"),
    Foreign::Changed("PRAGMA user_version = 4000000000000", "catalog.db"),
    Foreign::Changed("PRAGMA user_version = 3", "catalog.db"),
    Foreign::Changed("PRAGMA user_version = -1", "catalog.db"),
    Foreign::Journal("catalog.db"),
    Foreign::Journal("catalog.db.v8"),
    Foreign::Bytes(b"not a database, and long enough to be taken for one if nobody looks closely at what it is"),
    Foreign::Bytes(b""),
    Foreign::Cut(4097),
    Foreign::Noise(100),
    Foreign::Noise(10_000),
];

/// What a journal begins and ends with (SQLite's file format, section 3).
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

impl Foreign {
    pub(super) fn make(self, received: &Received, canary: &Canary) {
        let file = received.place("catalog.db");
        match self {
            // Parts of it may be refused here, as they are by whoever opens it.
            Self::Changed(sql, _) => {
                let _ = received.catalog().execute_batch(&format!("{sql}; PRAGMA wal_checkpoint(TRUNCATE)"));
            }
            Self::Journal(of) => {
                if of != "catalog.db" {
                    fs::copy(&file, received.place(of)).unwrap();
                }
                let pages = u32::try_from(fs::metadata(&file).unwrap().len() / 4096).unwrap();
                fs::write(received.place(&format!("{of}-journal")), journal(pages, canary)).unwrap();
            }
            Self::Bytes(bytes) => fs::write(&file, bytes).unwrap(),
            Self::Cut(length) => fs::File::options().write(true).open(&file).unwrap().set_len(length).unwrap(),
            Self::Noise(count) => {
                let (mut bytes, mut chance) = (fs::read(&file).unwrap(), fastrand::Rng::with_seed(count));
                for _ in 0..count {
                    let at = chance.usize(..bytes.len());
                    bytes[at] = chance.u8(..);
                }
                fs::write(&file, bytes).unwrap();
            }
        }
        let _ = fs::remove_file(received.place("catalog.db.sha256"));
    }

    /// What `verify --untrusted` must name of it.
    pub(super) fn is_named_by(&self) -> &str {
        match self {
            Self::Changed(_, name) => name,
            Self::Journal(_) => "-journal",
            Self::Bytes(_) | Self::Cut(_) | Self::Noise(_) => "catalog",
        }
    }
}

/// The journal of a transaction over several databases that was never finished. It changes no page. Who plays it back
/// removes the file that it names.
fn journal(pages: u32, canary: &Canary) -> Vec<u8> {
    let mut journal = MAGIC.to_vec();
    for number in [0, 1, pages, 512, 4096] {
        journal.write_all(&u32::to_be_bytes(number)).unwrap();
    }
    journal.resize(512, 0);
    let victim = canary.path("notes.txt");
    let name = victim.as_os_str().as_encoded_bytes();
    let sum = name.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    journal.write_all(&u32::to_be_bytes(0x4000_0000 / 4096 + 1)).unwrap();
    journal.write_all(name).unwrap();
    journal.write_all(&u32::to_be_bytes(u32::try_from(name.len()).unwrap())).unwrap();
    journal.write_all(&u32::to_be_bytes(sum)).unwrap();
    journal.write_all(&MAGIC).unwrap();
    journal
}
